//! What this service stores: functions, and asynchronous invocations that were accepted and not
//! finished. All rows are in the family `functions`; a key begins with the slot of its function.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::engine::Family;
use store::envelope::{self, Damaged};

/// Kinds in the envelope; never used for anything else again.
const KIND_FUNCTION: u8 = 0x60;
const KIND_EVENT: u8 = 0x61;
const FORMAT: u16 = 1;

pub(crate) fn family() -> Family {
    Arc::from("functions")
}

/// Which function: the owner and the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct FunctionKey {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
}

impl FunctionKey {
    /// The slot that a function and everything of it lives in.
    pub(crate) fn slot(&self) -> u16 {
        let mut hash = Sha256::new();
        for part in [&self.account, &self.region, &self.name] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let [one, two, ..] = digest;
        u16::from_be_bytes([one, two]) & (store::SLOTS - 1)
    }

    pub(crate) fn row(&self) -> Bytes {
        let mut key = self.slot().to_be_bytes().to_vec();
        key.push(b'f');
        for part in [&self.account, &self.region] {
            key.extend_from_slice(part.as_bytes());
            key.push(0);
        }
        key.extend_from_slice(self.name.as_bytes());
        key.into()
    }

    pub(crate) fn arn(&self) -> String {
        let FunctionKey { account, region, name } = self;
        format!("arn:aws:lambda:{region}:{account}:function:{name}")
    }
}

/// A function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FunctionRecord {
    pub(crate) key: FunctionKey,
    pub(crate) role: String,
    pub(crate) runtime: String,
    pub(crate) handler: String,
    pub(crate) description: String,
    pub(crate) timeout_s: u32,
    pub(crate) memory_mib: u32,
    pub(crate) environment: Option<BTreeMap<String, String>>,
    /// Of the archive, in hexadecimal.
    pub(crate) code_digest: String,
    pub(crate) code_bytes: u64,
    pub(crate) revision_id: String,
    pub(crate) modified_ms: i64,
    pub(crate) architecture: String,
    pub(crate) ephemeral_mib: u32,
    pub(crate) tracing_mode: String,
    pub(crate) log_group: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// An asynchronous invocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventRecord {
    pub(crate) key: FunctionKey,
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) client_context: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) accepted_ms: i64,
    /// Attempts that have ended in an error.
    pub(crate) failures: u32,
    /// Not before this.
    pub(crate) due_ms: i64,
}

impl EventRecord {
    pub(crate) fn row(&self) -> Bytes {
        let mut key = self.key.slot().to_be_bytes().to_vec();
        key.push(b'e');
        key.extend_from_slice(self.request_id.as_bytes());
        key.into()
    }

    pub(crate) fn encode(&self) -> Bytes {
        encode(KIND_EVENT, &self.row(), self)
    }
}

impl FunctionRecord {
    pub(crate) fn encode(&self) -> Bytes {
        encode(KIND_FUNCTION, &self.key.row(), self)
    }
}

/// A row of the family.
#[derive(Debug)]
pub(crate) enum Row {
    Function(FunctionRecord),
    Event(EventRecord),
}

/// What is wrong with a stored row.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    #[error(transparent)]
    Damaged(#[from] Damaged),
    #[error("a row is of kind {kind}, format {format}, which this version does not know")]
    Unknown { kind: u8, format: u16 },
    #[error("a row cannot be read: {0}")]
    Body(#[from] rmp_serde::decode::Error),
}

pub(crate) fn decode(key: &[u8], value: Bytes) -> Result<Row, RowError> {
    let row = envelope::decode(key, &value)?;
    match (row.kind, row.format) {
        (KIND_FUNCTION, FORMAT) => Ok(Row::Function(body(&row.body)?)),
        (KIND_EVENT, FORMAT) => Ok(Row::Event(body(&row.body)?)),
        (kind, format) => Err(RowError::Unknown { kind, format }),
    }
}

fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RowError> {
    Ok(rmp_serde::from_slice(bytes)?)
}

fn encode<T: Serialize>(kind: u8, key: &[u8], record: &T) -> Bytes {
    let body = rmp_serde::to_vec_named(record).expect("records hold only texts, numbers and maps");
    envelope::encode(kind, FORMAT, key, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> FunctionKey {
        FunctionKey {
            account: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            name: "charge".to_owned(),
        }
    }

    // A row that was written must be found again by every later version.
    #[test]
    fn slots_and_keys_never_change() {
        assert_eq!(key().slot(), 319);
        assert_eq!(
            hex::encode(key().row()),
            "013f663030303030303030303030300075732d656173742d3100636861726765"
        );
    }

    #[test]
    fn rows_come_back_as_they_were() {
        let event = EventRecord {
            key: key(),
            request_id: "r".to_owned(),
            payload: Bytes::from_static(b"{\"a\":1}"),
            client_context: None,
            idempotency_key: Some("k".to_owned()),
            accepted_ms: 1,
            failures: 2,
            due_ms: 3,
        };
        let row = decode(&event.row(), event.encode()).unwrap();
        assert!(matches!(row, Row::Event(read) if read == event));
        assert!(matches!(decode(b"other", event.encode()), Err(RowError::Damaged(Damaged::Check))));
    }
}
