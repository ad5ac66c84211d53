//! A closed execution in one row, under its start's key: start, head and history, one after the
//! other. Only of what began and closed in one commit and left nothing to go on with; most short
//! executions do.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{HeadRecord, Row, StartRecord, Unreadable};

/// Longest history that is kept so: whoever asks for the head reads it too.
pub(crate) const HISTORY_BYTES_MAX: usize = 64 * 1024;

/// What follows the start in that row.
pub(crate) struct Rest {
    pub(crate) head: HeadRecord,
    /// The body of a chunk.
    pub(crate) history: Bytes,
}

/// The one row of an execution whose history is `history`, the body of a chunk.
pub(crate) fn to_row(key: &[u8], start: &StartRecord, head: &HeadRecord, history: &[u8]) -> Bytes {
    let mut body = Vec::with_capacity(1_024 + history.len());
    append(&mut body, start);
    append(&mut body, head);
    body.extend_from_slice(history);
    super::bytes_to_row(Row::Whole, key, &body)
}

/// What lies under the key of a start: the start, and the rest if that is there too. Otherwise
/// head, frames and history have rows of their own.
pub(crate) fn from_row(key: &[u8], row: &Bytes) -> Result<(StartRecord, Option<Rest>), Unreadable> {
    let decoded = super::decode(key, row)?;
    if decoded.kind == Row::Start as u8 {
        let start = rmp_serde::from_slice(&decoded.body).map_err(Unreadable::new)?;
        return Ok((start, None));
    }
    if decoded.kind != Row::Whole as u8 {
        return Err(Unreadable::new(format!("kind {} where a start belongs", decoded.kind)));
    }
    let mut rest: &[u8] = &decoded.body;
    let (start, head) = (take(&mut rest)?, take(&mut rest)?);
    let history = decoded.body.slice_ref(rest);
    Ok((start, Some(Rest { head, history })))
}

fn append<T: Serialize>(body: &mut Vec<u8>, value: &T) {
    rmp_serde::encode::write_named(body, value).expect("records have no unserialisable members");
}

fn take<T: DeserializeOwned>(rest: &mut &[u8]) -> Result<T, Unreadable> {
    rmp_serde::from_read(rest).map_err(Unreadable::new)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use workflow::execution::{About, Status};
    use workflow::payload::Payload;

    use super::*;
    use crate::records::Revision;

    #[test]
    fn comes_back_from_under_the_key_of_a_start() {
        let (start, head) = (start(), head());
        let row = to_row(b"key", &start, &head, b"history");
        let (found, rest) = from_row(b"key", &row).unwrap();
        let rest = rest.unwrap();
        assert_eq!(found.about.input.text(), start.about.input.text());
        assert_eq!((found.named, rest.head.status), (true, Status::Succeeded));
        assert_eq!((rest.head.stop_ms, rest.history), (Some(7), Bytes::from("history")));
        let row = crate::records::to_row(Row::Start, b"key", &start);
        assert!(from_row(b"key", &row).unwrap().1.is_none());
        let row = crate::records::to_row(Row::Head, b"key", &head);
        assert!(from_row(b"key", &row).is_err());
    }

    fn start() -> StartRecord {
        let about = About {
            execution_arn: "arn:aws:states:us-east-1:000000000000:execution:m:e".into(),
            name: "e".into(),
            state_machine_arn: "arn:aws:states:us-east-1:000000000000:stateMachine:m".into(),
            state_machine_name: "m".into(),
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            start_ms: 1,
            input: Payload::from_valid_text("{ }"),
            state_machine_version_arn: None,
            state_machine_alias_arn: None,
        };
        let revision = Revision {
            id: None,
            definition: [7; 32],
            role_arn: about.role_arn.clone(),
            logging: serde_json::json!({ "level": "OFF" }),
            tracing: serde_json::json!({ "enabled": false }),
            encryption: serde_json::json!({ "type": "AWS_OWNED_KEY" }),
            update_ms: 1,
            variable_references: Default::default(),
        };
        StartRecord {
            about: Arc::new(about),
            revision: Arc::new(revision),
            incarnation: 3,
            account: "000000000000".into(),
            region: "us-east-1".into(),
            named: true,
            trace_header: None,
            child: None,
            mock_case: None,
        }
    }

    fn head() -> HeadRecord {
        serde_json::from_value(serde_json::json!({
            "status": "Succeeded", "stop_ms": 7, "last_event_id": 3, "last_event_ms": 7,
            "next_frame": 1,
        }))
        .unwrap()
    }
}
