//! Closed and running executions as readers see them: committed rows, found by ARN.

use bytes::Bytes;
use identity::Caller;
use resource::arn::execution::ExecutionArn;
use store::engine::Order;
use wire::fault::Fault;
use workflow::history::HistoryEvent;

use crate::driver::is_long;
use crate::faults;
use crate::machines::MachineKey;
use crate::operations::is_own;
use crate::records::whole::{self, Rest};
use crate::records::{self, ExecutionId, HeadRecord, NameRecord, Row, StartRecord, Unreadable};
use crate::service::Service;

/// An execution's rows, and where they are.
pub(crate) struct Found {
    pub(crate) id: ExecutionId,
    pub(crate) family: String,
    pub(crate) start: StartRecord,
    pub(crate) head: HeadRecord,
    /// The history, when it is not in rows of its own.
    history: Option<Bytes>,
}

/// Most chunks that one page of history is read from.
const CHUNKS_PER_PAGE_MAX: usize = 1_001;
/// Chunks looked at before it is known how large they are.
const CHUNKS_FIRST: usize = 16;
/// Bytes of chunks, unpacked, after which a page of history ends.
const HISTORY_PAGE_BYTES_MAX: usize = 16 << 20;

impl Service {
    /// The standard execution of that ARN, or the fault that says why there is none.
    pub(crate) fn find_execution(&self, caller: &Caller, arn: &str) -> Result<Found, Fault> {
        let parsed = ExecutionArn::parse_standard(arn).map_err(faults::from_arn)?;
        self.find_parsed(caller, arn, &parsed)
    }

    /// The same, or the Express child of a map run (SFN-SEM-3).
    pub(crate) fn find_described(&self, caller: &Caller, arn: &str) -> Result<Found, Fault> {
        match ExecutionArn::parse(arn) {
            Ok(parsed) if parsed.is_express() && parsed.label.is_some() => {
                self.find_parsed(caller, arn, &parsed)
            }
            _ => self.find_execution(caller, arn),
        }
    }

    fn find_parsed(
        &self,
        caller: &Caller,
        arn: &str,
        parsed: &ExecutionArn,
    ) -> Result<Found, Fault> {
        let absent = || faults::execution_does_not_exist(arn);
        if !is_own(caller, &parsed.home) {
            return Err(absent());
        }
        let found = self.find_rows(parsed).map_err(faults::from_unreadable)?;
        let found = found.filter(|found| found.start.about.execution_arn == arn);
        let found = found.ok_or_else(absent)?;
        // Executions vanish with their machine (SFN-SM-53).
        let key = MachineKey::of(caller, &parsed.state_machine);
        let machine = self.machines.find(&self.store, &key).map_err(faults::from_unreadable)?;
        match machine {
            Some(machine) if machine.incarnation == found.start.incarnation => Ok(found),
            _ => Err(absent()),
        }
    }

    /// The standard execution of an ARN of this server, whoever's it is.
    pub(crate) fn find_by_arn(&self, arn: &str) -> Result<Option<Found>, Unreadable> {
        let parsed = ExecutionArn::parse_standard(arn).map_err(Unreadable::new)?;
        let found = self.find_rows(&parsed)?;
        Ok(found.filter(|found| found.start.about.execution_arn == arn))
    }

    fn find_rows(&self, arn: &ExecutionArn) -> Result<Option<Found>, Unreadable> {
        if let Some(id) = id_of_name(&arn.name)
            && let Some(found) = self.find_unnamed(id, &arn.name)?
        {
            return Ok(Some(found));
        }
        let machine = match &arn.label {
            Some(label) => format!("{}/{label}", arn.state_machine),
            None => arn.state_machine.clone(),
        };
        self.find_named(&[&*arn.home.account, &*arn.home.region, &machine, &*arn.name])
    }

    /// The execution that has taken a name.
    pub(crate) fn find_named(&self, parts: &[&str; 4]) -> Result<Option<Found>, Unreadable> {
        let (key, slot) = (records::name_key(parts), records::slot_of_name(parts));
        let partition = self.store.partition_of(slot);
        let row = self.store.get(partition, records::OPEN, &key).map_err(Unreadable::new)?;
        let Some(row) = row else { return Ok(None) };
        let name: NameRecord = records::from_row(Row::Name, &key, &row)?;
        let family = match name.closed_day {
            // Gone from the moment that its name is free, not only when it is dropped.
            Some(day) if self.is_past(day) => return Ok(None),
            Some(day) => records::day_family(day),
            None => records::OPEN.to_owned(),
        };
        match self.read_rows(name.id, family)? {
            Some(found) => Ok(Some(found)),
            // It closed between the two reads.
            None => self.find_by_id(name.id),
        }
    }

    /// An unnamed execution has its id in its name, and no row for the name.
    fn find_unnamed(&self, id: ExecutionId, name: &str) -> Result<Option<Found>, Unreadable> {
        Ok(self.find_by_id(id)?.filter(|found| found.start.about.name == name))
    }

    /// Looks in the open family, then in the days since the execution's start.
    pub(crate) fn find_by_id(&self, id: ExecutionId) -> Result<Option<Found>, Unreadable> {
        if let Some(found) = self.read_rows(id, records::OPEN.to_owned())? {
            return Ok(Some(found));
        }
        // What an id made up says of its start must not make this a long search.
        // Ids rise though the clock falls, so that one may say of its start more than the clock.
        let first = (records::day_of(started_ms(id)) - 1).max(self.first_day_kept());
        let today = records::day_of(self.host.now_ms());
        for day in first..=today.max(first) + 1 {
            if let Some(found) = self.read_rows(id, records::day_family(day))? {
                return Ok(Some(found));
            }
        }
        // It was redriven between two of these reads.
        self.read_rows(id, records::OPEN.to_owned())
    }

    fn read_rows(&self, id: ExecutionId, family: String) -> Result<Option<Found>, Unreadable> {
        let partition = self.partition_of(id);
        let start_key = records::start_key(id);
        let Some(row) = self.store.get(partition, &family, &start_key).map_err(Unreadable::new)?
        else {
            return Ok(None);
        };
        let (start, rest) = whole::from_row(&start_key, &row)?;
        if let Some(Rest { head, history }) = rest {
            return Ok(Some(Found { id, family, start, head, history: Some(history) }));
        }
        let head_key = records::head_key(id);
        let Some(row) = self.store.get(partition, &family, &head_key).map_err(Unreadable::new)?
        else {
            return Ok(None);
        };
        let head = records::from_row(Row::Head, &head_key, &row)?;
        Ok(Some(Found { id, family, start, head, history: None }))
    }

    /// Up to `limit` events of a history, from event `from` on, in either direction; fewer, but two
    /// at least, where they are large.
    pub(crate) fn read_history(
        &self,
        found: &Found,
        from: u64,
        order: Order,
        limit: usize,
    ) -> Result<Vec<HistoryEvent>, Unreadable> {
        let mut reading = Reading { events: Vec::new(), limit, chunks: 0, bytes: 0 };
        if let Some(history) = &found.history {
            reading.add((from, order), history)?;
            reading.events.truncate(limit);
            return Ok(reading.events);
        }
        let mut families = vec![found.family.as_str()];
        if found.family != records::OPEN && is_long(found.head.chunk_bytes) {
            // The last chunk alone went with the day.
            families.insert(0, records::OPEN);
        }
        if order == Order::Backward {
            families.reverse();
        }
        for family in families {
            if !reading.is_over() {
                self.read_chunks(found.id, family, (from, order), &mut reading)?;
            }
        }
        reading.events.truncate(limit);
        Ok(reading.events)
    }

    fn read_chunks(
        &self,
        id: ExecutionId,
        family: &str,
        (from, order): (u64, Order),
        reading: &mut Reading,
    ) -> Result<(), Unreadable> {
        let partition = self.partition_of(id);
        let mut range = self.chunks_around(id, family, from, order)?;
        while !reading.is_over() {
            let chunks = self
                .store
                .scan(partition, family, range.clone(), order, reading.chunks_next())
                .map_err(Unreadable::new)?;
            let Some((last, _)) = chunks.last() else { return Ok(()) };
            let last = last.clone();
            for (key, row) in chunks {
                let body = records::row_to_bytes(Row::Chunk, &key, &row)?;
                reading.add((from, order), &body)?;
                if reading.is_over() {
                    return Ok(());
                }
            }
            match order {
                Order::Forward => range.start = after(&last),
                Order::Backward => range.end = last,
            }
        }
        Ok(())
    }

    /// The chunks that may hold events from `from` on.
    fn chunks_around(
        &self,
        id: ExecutionId,
        family: &str,
        from: u64,
        order: Order,
    ) -> Result<std::ops::Range<Bytes>, Unreadable> {
        let all = records::rows_of(Row::Chunk, id);
        let until = after(&records::chunk_key(id, from));
        if order == Order::Backward {
            return Ok(all.start..until);
        }
        let before = self
            .store
            .scan(self.partition_of(id), family, all.start.clone()..until, Order::Backward, 1)
            .map_err(Unreadable::new)?;
        let start = before.into_iter().next().map_or(all.start, |(key, _)| key);
        Ok(start..all.end)
    }
}

/// A page of history in the making.
struct Reading {
    events: Vec<HistoryEvent>,
    limit: usize,
    chunks: usize,
    bytes: usize,
}

impl Reading {
    /// Adds the events of a chunk that lie from event `from` on in that order.
    fn add(&mut self, (from, order): (u64, Order), body: &[u8]) -> Result<(), Unreadable> {
        let mut chunk = events_of(body)?;
        match order {
            Order::Forward => chunk.retain(|event| event.id >= from),
            Order::Backward => {
                chunk.retain(|event| event.id <= from);
                chunk.reverse();
            }
        }
        self.events.extend(chunk);
        self.chunks += 1;
        self.bytes += body.len();
        Ok(())
    }

    fn is_over(&self) -> bool {
        let full = self.events.len() >= self.limit;
        full || (self.bytes >= HISTORY_PAGE_BYTES_MAX && self.events.len() >= 2)
    }

    /// Chunks to read at once: as many as will fit, going by those that were read.
    fn chunks_next(&self) -> usize {
        let left = HISTORY_PAGE_BYTES_MAX.saturating_sub(self.bytes);
        match self.bytes / self.chunks.max(1) {
            0 => CHUNKS_FIRST,
            each => (left / each).clamp(1, CHUNKS_PER_PAGE_MAX),
        }
    }
}

/// The key right after this one.
fn after(key: &[u8]) -> Bytes {
    let mut next = key.to_vec();
    next.push(0);
    next.into()
}

/// The events in the body of a chunk.
fn events_of(body: &[u8]) -> Result<Vec<HistoryEvent>, Unreadable> {
    let mut rest = body;
    let mut events = Vec::new();
    while !rest.is_empty() {
        let event: HistoryEvent = rmp_serde::from_read(&mut rest).map_err(Unreadable::new)?;
        events.push(event);
    }
    Ok(events)
}

/// Milliseconds of 2024-01-01T00:00:00Z, where the time in an id begins.
const ID_EPOCH_MS: i64 = 1_704_067_200_000;

pub(crate) fn started_ms(id: ExecutionId) -> i64 {
    let since = (id >> 12) & ((1 << 42) - 1);
    ID_EPOCH_MS + i64::try_from(since).unwrap_or(0)
}

/// A version 8 UUID around an execution's id: unique without a row for the name.
pub(crate) fn name_of_id(id: ExecutionId, random: u64) -> String {
    let high = (id & 0xFFFF_FFFF_FFFF_0000) | 0x8000 | ((id >> 4) & 0x0FFF);
    let low = 0x8000_0000_0000_0000 | ((id & 0xF) << 58) | (random >> 6);
    moment::uuid_text(high, low)
}

/// The id in a name made by [`name_of_id`]; a chosen name that looks the same is found out later.
pub(crate) fn id_of_name(name: &str) -> Option<ExecutionId> {
    let uuid = uuid::Uuid::try_parse(name).ok()?;
    if name.len() != 36 || uuid.get_version_num() != 8 {
        return None;
    }
    let (high, low) = uuid.as_u64_pair();
    Some((high & 0xFFFF_FFFF_FFFF_0000) | ((high & 0x0FFF) << 4) | ((low >> 58) & 0xF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_hold_their_ids() {
        for id in [0, 1, 0xFFFF, 0x1234_5678_9ABC_DEF0, u64::MAX] {
            let name = name_of_id(id, 0xDEAD_BEEF_DEAD_BEEF);
            assert_eq!(id_of_name(&name), Some(id), "{name}");
        }
        assert_eq!(id_of_name("7c2f1a5e-7f8e-4a53-9d5e-2c0a6f6d1b11"), None, "version 4");
        assert_eq!(id_of_name("order-1"), None);
    }
}
