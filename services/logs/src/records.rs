//! The schema on one page: every key and value that this service stores.
//!
//! A group is found by account, region and name; what belongs to it by its id, whose first ten bits
//! are its slot. A deleted group's rows are under an id that nobody finds any more.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::engine::Family;
use store::envelope;
use targets::logs::GroupAddress;

pub(crate) type GroupId = u64;
pub(crate) type StreamId = u64;

/// Groups by account, region and name.
pub(crate) const GROUPS: &str = "log_groups";
/// Streams by group and name.
pub(crate) const STREAMS: &str = "log_streams";
/// Chunks of events by group, stream and first event.
pub(crate) const EVENTS: &str = "log_events";
/// Groups and streams that were deleted and whose rows are still to go.
pub(crate) const GONE: &str = "log_gone";

const FORMAT: u16 = 1;

/// Kinds in the envelope; never used for anything else again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Row {
    Group = 0x70,
    Stream = 0x71,
    Chunk = 0x72,
    Gone = 0x73,
}

pub(crate) fn family(name: &str) -> Family {
    Arc::from(name)
}

/// A log group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GroupRecord {
    pub(crate) id: GroupId,
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) creation_ms: i64,
    pub(crate) retention_days: Option<u32>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) class: String,
    pub(crate) kms_key_id: Option<String>,
    pub(crate) deletion_protected: bool,
    pub(crate) stored_bytes: u64,
}

/// A log stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StreamRecord {
    pub(crate) id: StreamId,
    pub(crate) name: String,
    pub(crate) creation_ms: i64,
    pub(crate) first_event_ms: Option<i64>,
    pub(crate) last_event_ms: Option<i64>,
    pub(crate) last_ingestion_ms: Option<i64>,
    /// Number of the next event; numbers are not given twice.
    pub(crate) next_seq: u64,
}

/// An event as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Event {
    #[serde(rename = "t")]
    pub(crate) at_ms: i64,
    #[serde(rename = "s")]
    pub(crate) seq: u64,
    #[serde(rename = "i")]
    pub(crate) ingested_ms: i64,
    #[serde(rename = "m")]
    pub(crate) message: String,
}

/// A place between the events of a stream: just before the event of this time and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gap {
    pub(crate) at_ms: i64,
    pub(crate) seq: u64,
}

impl Gap {
    /// Before everything of this time.
    pub(crate) fn before(at_ms: i64) -> Gap {
        Gap { at_ms: at_ms.max(0), seq: 0 }
    }
}

impl Event {
    pub(crate) fn place(&self) -> Gap {
        Gap { at_ms: self.at_ms, seq: self.seq }
    }

    pub(crate) fn after(&self) -> Gap {
        Gap { at_ms: self.at_ms, seq: self.seq + 1 }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.message.len() + crate::limits::EVENT_OVERHEAD_BYTES
    }
}

/// Slot of a group that is found by its name.
pub(crate) fn slot_of_name(group: &GroupAddress) -> u16 {
    let mut hash = Sha256::new();
    for part in [&group.account, &group.region, &group.name] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let [one, two, ..]: [u8; 32] = hash.finalize().into();
    u16::from_be_bytes([one, two]) & (store::SLOTS - 1)
}

/// Slot of what has a group's id.
pub(crate) fn slot_of(group: GroupId) -> u16 {
    (group >> 54) as u16
}

/// `account\0region\0name`: groups are listed in this order.
pub(crate) fn group_key(group: &GroupAddress) -> Bytes {
    [&*group.account, &*group.region, &*group.name].join("\0").into()
}

/// All groups of an account in a region whose names begin with `prefix`.
pub(crate) fn groups_of(account: &str, region: &str, prefix: &str) -> Range<Bytes> {
    store::prefix([account, region, prefix].join("\0").as_bytes())
}

fn numbers(parts: &[u64]) -> Vec<u8> {
    let group = parts.first().copied().unwrap_or_default();
    let mut key = slot_of(group).to_be_bytes().to_vec();
    for part in parts {
        key.extend_from_slice(&part.to_be_bytes());
    }
    key
}

pub(crate) fn stream_key(group: GroupId, name: &str) -> Bytes {
    let mut key = numbers(&[group]);
    key.extend_from_slice(name.as_bytes());
    key.into()
}

/// All streams of a group whose names begin with `prefix`.
pub(crate) fn streams_of(group: GroupId, prefix: &str) -> Range<Bytes> {
    store::prefix(&stream_key(group, prefix))
}

pub(crate) fn chunk_key(group: GroupId, stream: StreamId, first: Gap) -> Bytes {
    numbers(&[group, stream, u64::try_from(first.at_ms).unwrap_or(0), first.seq]).into()
}

/// All chunks of a stream.
pub(crate) fn chunks_of(group: GroupId, stream: StreamId) -> Range<Bytes> {
    store::prefix(&numbers(&[group, stream]))
}

/// All chunks of a group.
pub(crate) fn chunks_of_group(group: GroupId) -> Range<Bytes> {
    store::prefix(&numbers(&[group]))
}

/// Where a chunk begins, from its key.
pub(crate) fn first_of_key(key: &[u8]) -> Option<Gap> {
    let at_ms = i64::from_be_bytes(key.get(18..26)?.try_into().ok()?);
    let seq = u64::from_be_bytes(key.get(26..34)?.try_into().ok()?);
    Some(Gap { at_ms, seq })
}

/// A deleted group (without stream) or stream.
pub(crate) fn gone_key(group: GroupId, stream: Option<StreamId>) -> Bytes {
    match stream {
        Some(stream) => numbers(&[group, stream]).into(),
        None => numbers(&[group]).into(),
    }
}

/// Group and stream of a key made by [`gone_key`].
pub(crate) fn gone_of_key(key: &[u8]) -> Option<(GroupId, Option<StreamId>)> {
    let group = u64::from_be_bytes(key.get(2..10)?.try_into().ok()?);
    let stream = match key.get(10..18) {
        Some(stream) => Some(u64::from_be_bytes(stream.try_into().ok()?)),
        None => None,
    };
    Some((group, stream))
}

/// A stored row cannot be read: damaged, or of a format this build does not know.
#[derive(Clone, Debug, thiserror::Error)]
#[error("failed to read a stored row: {reason}")]
pub(crate) struct Unreadable {
    reason: String,
}

impl Unreadable {
    pub(crate) fn new(reason: impl std::fmt::Display) -> Unreadable {
        Unreadable { reason: reason.to_string() }
    }
}

impl From<store::error::ReadError> for Unreadable {
    fn from(error: store::error::ReadError) -> Unreadable {
        Unreadable::new(error)
    }
}

/// A value to its stored form.
pub(crate) fn to_row<T: Serialize>(kind: Row, key: &[u8], value: &T) -> Bytes {
    let body = rmp_serde::to_vec_named(value).expect("records hold only texts, numbers and maps");
    envelope::encode(kind as u8, FORMAT, key, &body)
}

/// The stored form back to a value.
pub(crate) fn from_row<T: DeserializeOwned>(
    kind: Row,
    key: &[u8],
    row: &Bytes,
) -> Result<T, Unreadable> {
    let decoded = envelope::decode(key, row).map_err(Unreadable::new)?;
    if decoded.kind != kind as u8 || decoded.format != FORMAT {
        let (found, format) = (decoded.kind, decoded.format);
        return Err(Unreadable::new(format!("kind {found} format {format} is not known here")));
    }
    rmp_serde::from_slice(&decoded.body).map_err(Unreadable::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    // A row that was written must be found again by every later version.
    #[test]
    fn slots_and_keys_never_change() {
        let group = GroupAddress {
            account: "000000000000".into(),
            region: "us-east-1".into(),
            name: "/aws/x".into(),
        };
        let slot = slot_of_name(&group);
        assert_eq!(slot, 224);
        assert_eq!(group_key(&group), "000000000000\0us-east-1\0/aws/x");
        let id = (u64::from(slot) << 54) | 5;
        let key = chunk_key(id, 2, Gap { at_ms: 3, seq: 4 });
        assert_eq!(key.len(), 34);
        assert_eq!(first_of_key(&key), Some(Gap { at_ms: 3, seq: 4 }));
        assert_eq!(gone_of_key(&gone_key(id, None)), Some((id, None)));
        assert_eq!(gone_of_key(&gone_key(id, Some(7))), Some((id, Some(7))));
        assert!(streams_of(id, "a").contains(&stream_key(id, "ab")));
        assert!(!streams_of(id, "a").contains(&stream_key(id, "b")));
        assert!(chunks_of(id, 2).contains(&key) && chunks_of_group(id).contains(&key));
        assert!(!chunks_of(id, 3).contains(&key));
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let event = Event { at_ms: 1, seq: 2, ingested_ms: 3, message: "é".to_owned() };
        let row = to_row(Row::Chunk, b"k", &[&event]);
        let read: Vec<Event> = from_row(Row::Chunk, b"k", &row).unwrap();
        assert_eq!(read, [event]);
        assert!(from_row::<Vec<Event>>(Row::Stream, b"k", &row).is_err());
        assert!(from_row::<Vec<Event>>(Row::Chunk, b"other", &row).is_err());
    }
}
