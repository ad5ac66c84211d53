//! Read-only connections, and snapshots on them.

use std::collections::BTreeSet;
use std::ops::{Deref, Range};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::engine::{EngineError, LogRecord, Order, PartitionId, Seq, Snapshot};

use crate::failure::{engine_error, is_no_table};
use crate::schema;

/// Connections kept open while nobody reads.
const IDLE_MAX: usize = 8;

pub(crate) struct Readers {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    families: Arc<RwLock<BTreeSet<String>>>,
}

impl Readers {
    pub(crate) fn new(file: PathBuf, families: Arc<RwLock<BTreeSet<String>>>) -> Readers {
        Readers { file, idle: Mutex::new(Vec::new()), families }
    }

    pub(crate) fn get(
        self: &Arc<Readers>,
        family: &str,
        key: &[u8],
    ) -> Result<Option<Bytes>, EngineError> {
        if !self.has(family) {
            return Ok(None);
        }
        let reader = self.take()?;
        get(&reader, family, key)
    }

    /// A read transaction: it sees what was committed before now, and no more.
    pub(crate) fn snapshot(self: &Arc<Readers>) -> Result<Read, EngineError> {
        let reader = self.take()?;
        let read = Read { reader };
        let begin = |reader: &Connection| {
            reader.prepare_cached("BEGIN")?.execute(())?;
            // A transaction begins to see with its first read.
            reader.prepare_cached("SELECT k FROM cluster LIMIT 1")?.query_row((), |_| Ok(()))
        };
        begin(&read.reader).map_err(engine_error)?;
        Ok(read)
    }

    fn has(&self, family: &str) -> bool {
        self.families.read().contains(family)
    }

    fn take(self: &Arc<Readers>) -> Result<Reader, EngineError> {
        let idle = self.idle.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => schema::open_reader(&self.file).map_err(engine_error)?,
        };
        Ok(Reader { connection: Some(connection), home: self.clone() })
    }
}

/// A connection on loan.
struct Reader {
    connection: Option<Connection>,
    home: Arc<Readers>,
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("taken only when dropped")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let mut idle = self.home.idle.lock();
        // One that is still in a transaction would pin the log.
        if idle.len() < IDLE_MAX && connection.is_autocommit() {
            idle.push(connection);
        }
    }
}

pub(crate) struct Read {
    reader: Reader,
}

impl Drop for Read {
    fn drop(&mut self) {
        let ended = self.reader.prepare_cached("COMMIT").and_then(|mut end| end.execute(()));
        if let Err(error) = ended {
            tracing::debug!("a read transaction did not end: {error}");
        }
    }
}

impl Snapshot for Read {
    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        if !self.reader.home.has(family) {
            return Ok(None);
        }
        get(&self.reader, family, key)
    }

    fn scan(
        &self,
        family: &str,
        range: &Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        if !self.reader.home.has(family) {
            return Ok(Vec::new());
        }
        let (bound, direction) = match (range.end.is_empty(), order) {
            (false, Order::Forward) => ("AND k < ?2", "ASC"),
            (false, Order::Backward) => ("AND k < ?2", "DESC"),
            (true, Order::Forward) => ("AND ?2 = x''", "ASC"),
            (true, Order::Backward) => ("AND ?2 = x''", "DESC"),
        };
        let select = format!(
            "SELECT k, v FROM \"{family}\" WHERE k >= ?1 {bound} ORDER BY k {direction} LIMIT ?3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = || {
            let mut select = self.reader.prepare_cached(&select)?;
            let pair = |row: &Row<'_>| Ok((bytes(row, 0)?, bytes(row, 1)?));
            let parameters = params![range.start.as_ref(), range.end.as_ref(), limit];
            select.query_map(parameters, pair)?.collect()
        };
        absent_as_default(read())
    }

    fn log(
        &self,
        partition: PartitionId,
        from: Seq,
        limit: usize,
    ) -> Result<Vec<LogRecord>, EngineError> {
        let read = || -> rusqlite::Result<Vec<LogRecord>> {
            let mut select = self.reader.prepare_cached(
                "SELECT seq, epoch, batch_id, body FROM log \
                 WHERE part = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3",
            )?;
            let record = |row: &Row<'_>| {
                Ok(LogRecord {
                    seq: row.get(0)?,
                    epoch: row.get(1)?,
                    batch_id: u128::from_be_bytes(row.get(2)?),
                    body: bytes(row, 3)?,
                })
            };
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            select.query_map(params![partition, from, limit], record)?.collect()
        };
        read().map_err(engine_error)
    }
}

fn get(reader: &Connection, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
    let read = || {
        let select = format!("SELECT v FROM \"{family}\" WHERE k = ?1");
        let mut select = reader.prepare_cached(&select)?;
        select.query_row([key], |row| bytes(row, 0)).optional()
    };
    absent_as_default(read())
}

/// A family dropped a moment ago has no rows.
fn absent_as_default<R: Default>(read: rusqlite::Result<R>) -> Result<R, EngineError> {
    match read {
        Err(error) if is_no_table(&error) => Ok(R::default()),
        other => other.map_err(engine_error),
    }
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?))
}
