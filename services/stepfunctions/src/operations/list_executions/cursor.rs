//! Where a page of executions goes on, and what the pages before it have shown of the running ones:
//! an execution that closes between two pages moves from one part of the list to the other, and is
//! told once all the same (SFN-SEM-126).

use bytes::Bytes;
use moment::EpochMs;

use crate::records::{self, ListRecord};

/// The place of a list key's items within its list: what follows the list's own number.
type Within = [u8; WITHIN_BYTES];

const WITHIN_BYTES: usize = 16;
const KEY_BYTES: usize = 8 + WITHIN_BYTES;
const HEAD_BYTES: usize = 16 + KEY_BYTES;
const MARK_BYTES: usize = 4 + WITHIN_BYTES;
/// Pages of running executions that are remembered one by one; see [`Marks::add`].
const MARKS_MAX: usize = 100;

/// The value of [`Cursor::day`] while in the running ones.
pub(super) const RUNNING: i64 = i64::MAX;

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The day whose closed executions are listed.
    pub(super) day: i64,
    /// Empty at the beginning of a day, and of the running ones.
    pub(super) key: Bytes,
    pub(super) marks: Marks,
}

/// When the running executions were read, up to where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// When the first page was read.
    began_ms: EpochMs,
    pages: Vec<Mark>,
}

/// A page of running executions: it showed what ran at `began_ms + after_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    after_ms: u32,
    /// It ended before this one.
    until: Within,
}

/// Behind every item.
const END: Within = [u8::MAX; WITHIN_BYTES];

impl Marks {
    /// A page of what ran at `at_ms`, up to before `next`; without one, to the end.
    ///
    /// Tokens are bounded: of very many pages the two that were read in closest succession become
    /// one. What closed between just those two reads may then be missed, never told twice.
    pub(super) fn add(&mut self, at_ms: EpochMs, next: Option<&Bytes>) {
        if self.pages.is_empty() {
            self.began_ms = at_ms;
        }
        let after_ms = u32::try_from(at_ms.saturating_sub(self.began_ms).max(0));
        let until = next.and_then(|key| within(key)).unwrap_or(END);
        self.pages.push(Mark { after_ms: after_ms.unwrap_or(u32::MAX), until });
        if self.pages.len() > MARKS_MAX {
            self.join_the_closest();
        }
    }

    fn join_the_closest(&mut self) {
        let gaps = self.pages.windows(2).enumerate().filter_map(|(at, pair)| match pair {
            [one, next] => Some((next.after_ms.saturating_sub(one.after_ms), at)),
            _ => None,
        });
        let Some((_, at)) = gaps.min() else { return };
        let joined = self.pages.remove(at);
        if let Some(page) = self.pages.get_mut(at) {
            page.after_ms = joined.after_ms;
        }
    }

    /// Whether a closed execution was shown while it ran, or began only after the first page.
    pub(super) fn showed(&self, key: &[u8], record: &ListRecord) -> bool {
        let Some(running) = running_key(key, record) else { return false };
        let since_ms = record.redrive_ms.unwrap_or(record.start_ms);
        let (Some(place), false) = (within(&running), self.pages.is_empty()) else { return false };
        if since_ms > self.began_ms {
            return true;
        }
        let page = self.pages.iter().find(|page| place < page.until);
        let read_ms = page.map(|page| self.began_ms + i64::from(page.after_ms));
        read_ms.is_some_and(|read_ms| record.stop_ms.is_some_and(|stop_ms| stop_ms >= read_ms))
    }
}

/// The key that a closed execution's item had while it ran.
pub(super) fn running_key(key: &[u8], record: &ListRecord) -> Option<Bytes> {
    let (list, id) = (records::list_of_key(key)?, records::listed_of_key(key)?);
    let since_ms = record.redrive_ms.unwrap_or(record.start_ms);
    Some(records::list_key(list, since_ms, id))
}

fn within(key: &[u8]) -> Option<Within> {
    key.get(8..KEY_BYTES)?.try_into().ok()
}

impl Cursor {
    /// The beginning of the list.
    pub(super) fn first() -> Cursor {
        Cursor { day: RUNNING, key: Bytes::new(), marks: Marks::default() }
    }

    /// The cursor for a page that begins at `key`.
    pub(super) fn to_bytes(&self, key: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.marks.pages.len() * MARK_BYTES);
        bytes.extend_from_slice(&self.day.to_be_bytes());
        bytes.extend_from_slice(&self.marks.began_ms.to_be_bytes());
        bytes.extend_from_slice(key);
        for page in &self.marks.pages {
            bytes.extend_from_slice(&page.after_ms.to_be_bytes());
            bytes.extend_from_slice(&page.until);
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &Bytes) -> Option<Cursor> {
        let day = i64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
        let began_ms = i64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?);
        let key = bytes.slice_ref(bytes.get(16..HEAD_BYTES)?);
        let (pages, rest) = bytes.get(HEAD_BYTES..)?.as_chunks::<MARK_BYTES>();
        if !rest.is_empty() || pages.len() > MARKS_MAX {
            return None;
        }
        let to_mark = |page: &[u8; MARK_BYTES]| {
            let (after_ms, until) = page.split_first_chunk::<4>()?;
            let until = until.try_into().ok()?;
            Some(Mark { after_ms: u32::from_be_bytes(*after_ms), until })
        };
        let pages = pages.iter().map(to_mark).collect::<Option<_>>()?;
        Some(Cursor { day, key, marks: Marks { began_ms, pages } })
    }
}

#[cfg(test)]
mod tests {
    use resource::page_token::LONG_CURSOR_BYTES_MAX;
    use workflow::execution::Status;

    use super::*;

    fn key(since_ms: i64) -> Bytes {
        records::list_key(7, since_ms, since_ms.unsigned_abs())
    }

    fn closed(since_ms: i64, stop_ms: i64) -> (Bytes, ListRecord) {
        let record = ListRecord {
            name: String::new(),
            status: Status::Succeeded,
            start_ms: since_ms,
            stop_ms: Some(stop_ms),
            version: None,
            alias: None,
            redrive_count: 0,
            redrive_ms: None,
            item_count: None,
            run_redrive: 0,
            express_run: None,
        };
        (records::list_key(7, stop_ms, since_ms.unsigned_abs()), record)
    }

    /// Pages at 1000, 1010 and 1020, newest first: down to 500, to 300, to the end.
    fn marks() -> Marks {
        let mut marks = Marks::default();
        marks.add(1_000, Some(&key(500)));
        marks.add(1_010, Some(&key(300)));
        marks.add(1_020, None);
        marks
    }

    // SFN-SEM-126
    #[test]
    fn what_closes_between_pages_is_told_once() {
        let marks = marks();
        for (since_ms, stop_ms, showed) in [
            (600, 999, false),
            (600, 1_000, true),
            (500, 1_000, false),
            (500, 1_009, false),
            (500, 1_010, true),
            (300, 1_010, false),
            (300, 1_020, true),
            (1, 1_019, false),
            (1_000, 1_001, true),
            (1_001, 1_002, true),
        ] {
            let (key, record) = closed(since_ms, stop_ms);
            assert_eq!(marks.showed(&key, &record), showed, "{since_ms} to {stop_ms}");
        }
        let (key, record) = closed(600, 2_000);
        assert!(!Marks::default().showed(&key, &record), "nothing was read of the running ones");
    }

    #[test]
    fn cursors_come_back_and_are_bounded() {
        let mut cursor = Cursor { day: 20_000, key: key(5), marks: marks() };
        let bytes = Bytes::from(cursor.to_bytes(&cursor.key));
        assert_eq!(Cursor::from_bytes(&bytes), Some(cursor.clone()));
        assert_eq!(Cursor::from_bytes(&bytes.slice(..bytes.len() - 1)), None);
        for page in 0..10_000 {
            cursor.marks.add(2_000 + page, Some(&key(20_000 - page)));
        }
        let bytes = cursor.to_bytes(&cursor.key);
        assert!(bytes.len() <= LONG_CURSOR_BYTES_MAX, "{}", bytes.len());
        assert!(Cursor::from_bytes(&bytes.into()).is_some());
    }

    // Two pages that became one never tell an item twice.
    #[test]
    fn joined_pages_count_as_read_early() {
        let mut marks = marks();
        marks.join_the_closest();
        assert_eq!(marks.pages.len(), 2);
        let (key, record) = closed(400, 1_010);
        assert!(marks.showed(&key, &record));
    }
}
