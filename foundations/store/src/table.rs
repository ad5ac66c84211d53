//! Rows in memory, in key order, and the merge of several layers of them over the families.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::ops::{Bound, Range};

use bytes::Bytes;

use crate::engine::{EngineError, Family, LogRecord, Order, PartitionId, Seq, Snapshot};

/// What a row costs in memory beside its bytes.
const ROW_BYTES: usize = 96;

/// Rows asked of an engine at once.
const SCAN_ROWS: usize = 256;

/// A row image and the number (of a batch or record) that brought it.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) value: Option<Bytes>,
    pub(crate) mark: u64,
}

#[derive(Default)]
pub(crate) struct Table {
    families: BTreeMap<Family, BTreeMap<Bytes, Cell>>,
    bytes: usize,
}

impl Table {
    pub(crate) fn families(&self) -> &BTreeMap<Family, BTreeMap<Bytes, Cell>> {
        &self.families
    }

    pub(crate) fn into_families(self) -> BTreeMap<Family, BTreeMap<Bytes, Cell>> {
        self.families
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.families.is_empty()
    }

    pub(crate) fn rows(&self) -> usize {
        self.families.values().map(BTreeMap::len).sum()
    }

    pub(crate) fn get(&self, family: &str, key: &[u8]) -> Option<&Cell> {
        self.families.get(family)?.get(key)
    }

    pub(crate) fn put(&mut self, family: &Family, key: Bytes, value: Option<Bytes>, mark: u64) {
        self.bytes += row_bytes(&key, value.as_ref());
        let cells = match self.families.get_mut(&**family) {
            Some(cells) => cells,
            None => self.families.entry(family.clone()).or_default(),
        };
        let key_bytes = key.len();
        if let Some(old) = cells.insert(key, Cell { value, mark }) {
            self.bytes -= cell_bytes(key_bytes, old.value.as_ref());
        }
    }

    /// Removes a row if `mark` brought it.
    pub(crate) fn remove(&mut self, family: &str, key: &[u8], mark: u64) {
        let Some(cells) = self.families.get_mut(family) else { return };
        if cells.get(key).is_none_or(|cell| cell.mark != mark) {
            return;
        }
        if let Some(old) = cells.remove(key) {
            self.bytes -= cell_bytes(key.len(), old.value.as_ref());
        }
        if cells.is_empty() {
            self.families.remove(family);
        }
    }

    /// Removes all rows that came with marks up to `mark`.
    pub(crate) fn remove_through(&mut self, mark: u64) {
        let mut freed = 0;
        for cells in self.families.values_mut() {
            cells.retain(|key, cell| {
                let keep = cell.mark > mark;
                if !keep {
                    freed += row_bytes(key, cell.value.as_ref());
                }
                keep
            });
        }
        self.families.retain(|_, cells| !cells.is_empty());
        self.bytes -= freed;
    }

    pub(crate) fn remove_family(&mut self, family: &str) {
        let Some(cells) = self.families.remove(family) else { return };
        let freed: usize =
            cells.iter().map(|(key, cell)| row_bytes(key, cell.value.as_ref())).sum();
        self.bytes -= freed;
    }

    fn span<'a>(&'a self, span: &Span<'_>) -> Box<dyn Iterator<Item = (&'a Bytes, &'a Cell)> + 'a> {
        let Some(cells) = self.families.get(span.family) else {
            return Box::new(std::iter::empty());
        };
        let end = match span.range.end.is_empty() {
            true => Bound::Unbounded,
            false => Bound::Excluded(span.range.end.as_ref()),
        };
        let rows = cells.range::<[u8], _>((Bound::Included(span.range.start.as_ref()), end));
        match span.order {
            Order::Forward => Box::new(rows),
            Order::Backward => Box::new(rows.rev()),
        }
    }
}

fn row_bytes(key: &Bytes, value: Option<&Bytes>) -> usize {
    cell_bytes(key.len(), value)
}

fn cell_bytes(key_bytes: usize, value: Option<&Bytes>) -> usize {
    ROW_BYTES + key_bytes + value.map_or(0, Bytes::len)
}

/// What a scan asks for.
#[derive(Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) family: &'a str,
    pub(crate) range: &'a Range<Bytes>,
    pub(crate) order: Order,
    pub(crate) limit: usize,
}

impl Span<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        let Range { start, end } = self.range;
        self.limit == 0 || (!end.is_empty() && start >= end)
    }

    /// True if `a` comes before `b` in this scan.
    fn precedes(&self, a: &[u8], b: &[u8]) -> bool {
        match self.order {
            Order::Forward => a < b,
            Order::Backward => a > b,
        }
    }
}

type Layer<'a> = Peekable<Box<dyn Iterator<Item = (&'a Bytes, &'a Cell)> + 'a>>;
/// Rows and deletions in scan order.
pub(crate) type Front = Vec<(Bytes, Option<Bytes>)>;

/// The first rows of the layers, newest layer first, with the deletions among them: enough of them
/// that `span.limit` rows are known whatever lies below.
pub(crate) fn front(tables: &[&Table], span: &Span<'_>) -> Front {
    let mut found = Front::new();
    if span.is_empty() {
        return found;
    }
    let mut layers: Vec<Layer<'_>> = tables.iter().map(|t| t.span(span).peekable()).collect();
    let mut live = 0;
    while live < span.limit {
        let Some((key, cell)) = next_of(&mut layers, span) else { break };
        live += usize::from(cell.value.is_some());
        found.push((key, cell.value));
    }
    found
}

/// Takes the first row of all layers; where two have it, the newer wins.
fn next_of(layers: &mut [Layer<'_>], span: &Span<'_>) -> Option<(Bytes, Cell)> {
    let mut best: Option<(&Bytes, &Cell)> = None;
    for layer in layers.iter_mut() {
        if let Some(&(key, cell)) = layer.peek()
            && best.is_none_or(|(first, _)| span.precedes(key, first))
        {
            best = Some((key, cell));
        }
    }
    let (key, cell) = best?;
    for layer in layers.iter_mut() {
        layer.next_if(|(other, _)| *other == key);
    }
    Some((key.clone(), cell.clone()))
}

/// Lays the front over the families.
pub(crate) fn merge(
    front: Front,
    below: &dyn Snapshot,
    span: &Span<'_>,
) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
    let mut out = Vec::new();
    if span.is_empty() {
        return Ok(out);
    }
    let mut above = front.into_iter().peekable();
    let mut pages =
        Pages { below, span, rest: span.range.clone(), page: Vec::new().into_iter(), more: true };
    let mut low = pages.next()?;
    while out.len() < span.limit {
        let high_first = match (above.peek(), &low) {
            (None, None) => break,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some((high, _)), Some((low, _))) => !span.precedes(low, high),
        };
        if !high_first {
            out.extend(low);
            low = pages.next()?;
            continue;
        }
        let Some((key, value)) = above.next() else { break };
        if low.as_ref().is_some_and(|(low, _)| *low == key) {
            low = pages.next()?;
        }
        out.extend(value.map(|value| (key, value)));
    }
    Ok(out)
}

/// Rows of a family, read a page at a time.
struct Pages<'a> {
    below: &'a dyn Snapshot,
    span: &'a Span<'a>,
    rest: Range<Bytes>,
    page: std::vec::IntoIter<(Bytes, Bytes)>,
    more: bool,
}

impl Pages<'_> {
    fn next(&mut self) -> Result<Option<(Bytes, Bytes)>, EngineError> {
        if self.page.len() == 0 && self.more {
            self.load()?;
        }
        Ok(self.page.next())
    }

    fn load(&mut self) -> Result<(), EngineError> {
        let limit = self.span.limit.min(SCAN_ROWS);
        let rows = self.below.scan(self.span.family, &self.rest, self.span.order, limit)?;
        self.more = rows.len() == limit;
        if let Some((last, _)) = rows.last() {
            match self.span.order {
                Order::Forward => self.rest.start = after(last),
                Order::Backward => self.rest.end = last.clone(),
            }
        }
        // Going backwards past the empty key, an empty end would mean "to the last".
        self.more &= self.span.order == Order::Forward || !self.rest.end.is_empty();
        self.page = rows.into_iter();
        Ok(())
    }
}

/// Rows of one range that were read already; what is beyond them is asked of the view they are of.
pub(crate) struct Fetched<'a> {
    pub(crate) rows: Vec<(Bytes, Bytes)>,
    /// How many were asked for: fewer are all there are.
    pub(crate) limit: usize,
    pub(crate) below: &'a dyn Snapshot,
}

impl Snapshot for Fetched<'_> {
    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.below.get(family, key)
    }

    fn scan(
        &self,
        family: &str,
        range: &Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        let from = self.rows.partition_point(|(key, _)| *key < range.start);
        let rest = self.rows.get(from..).unwrap_or_default();
        let whole = self.rows.len() < self.limit || rest.len() >= limit;
        if order == Order::Forward && whole {
            return Ok(rest.iter().take(limit).cloned().collect());
        }
        self.below.scan(family, range, order, limit)
    }

    fn log(
        &self,
        partition: PartitionId,
        from: Seq,
        limit: usize,
    ) -> Result<Vec<LogRecord>, EngineError> {
        self.below.log(partition, from, limit)
    }
}

/// The least key after `key`.
pub(crate) fn after(key: &Bytes) -> Bytes {
    let mut next = Vec::with_capacity(key.len() + 1);
    next.extend_from_slice(key);
    next.push(0);
    Bytes::from(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::default();
        for (key, mark) in [("a", 1), ("b", 2), ("c", 3), ("a", 4)] {
            table.put(&Family::from("open"), Bytes::from(key), Some(Bytes::from("value")), mark);
        }
        table.put(&Family::from("day_1"), Bytes::from("a"), None, 2);
        table
    }

    #[test]
    fn rows_go_by_the_mark_that_brought_them_last() {
        let mut table = table();
        table.remove_through(2);
        let left: Vec<_> =
            table.families().values().flatten().map(|(key, _)| key.clone()).collect();
        assert_eq!(left, ["a", "c"], "`a` was written again since");
        table.remove("open", b"a", 3);
        assert!(table.get("open", b"a").is_some());
        table.remove("open", b"a", 4);
        assert!(table.get("open", b"a").is_none());
        table.remove_through(3);
        assert!(table.is_empty());
        assert_eq!(table.bytes(), 0);
    }

    #[test]
    fn bytes_are_those_of_the_rows_held() {
        let mut table = table();
        assert_eq!((table.rows(), table.bytes()), (4, 4 * ROW_BYTES + 4 + 3 * 5));
        table.remove_family("open");
        assert_eq!((table.rows(), table.bytes()), (1, ROW_BYTES + 1));
    }
}
