//! Parquet: the whole input is the file.

use std::sync::Arc;

use bytes::Bytes;
use parquet_rows::{Rows, Source};

/// Rows that are looked at.
const ROWS_MAX: usize = 2_000;

pub(crate) fn run(data: &[u8]) {
    let rows = match Rows::open(Arc::new(File(Bytes::copy_from_slice(data)))) {
        Ok(rows) => rows,
        Err(unreadable) => {
            assert!(!unreadable.to_string().is_empty());
            return;
        }
    };
    let mut failed = false;
    for row in rows.take(ROWS_MAX) {
        assert!(!failed, "a row after a fault");
        match row {
            Ok(row) => assert!(row.is_object(), "{row}"),
            Err(_) => failed = true,
        }
    }
}

struct File(Bytes);

impl Source for File {
    fn length(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, from: u64, length: usize) -> Result<Bytes, String> {
        let from = usize::try_from(from).expect("within the file");
        assert!(from.saturating_add(length) <= self.0.len(), "asked for what is not there");
        Ok(self.0.slice(from..from + length))
    }
}
