//! Connections that read, and snapshots on them.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use store::engine::{EngineError, LogRecord, Order, PartitionId, Seq, Snapshot};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::{Error, Row};

use crate::failure::{Broke, engine_error, is_no_table};
use crate::schema::Names;
use crate::session::{ANSWER_MAX, Dialer, Parameters, Session, in_time};
use crate::writer::{signed, unsigned};

/// Connections that read at once; more reads wait.
const READERS_MAX: usize = 16;

/// Above every key: they begin with a slot, which is at most 1,023.
const KEY_MAX: [u8; 64] = [u8::MAX; 64];

pub(crate) struct Readers {
    dialer: Arc<Dialer>,
    names: Names,
    /// Families known to have a table. One that is not here may have one: another node made it.
    families: Arc<RwLock<BTreeSet<String>>>,
    idle: Mutex<Vec<Session>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(
        dialer: Arc<Dialer>,
        names: Names,
        families: Arc<RwLock<BTreeSet<String>>>,
    ) -> Readers {
        let places = Arc::new(Semaphore::new(READERS_MAX));
        Readers { dialer, names, families, idle: Mutex::default(), places }
    }

    pub(crate) fn get(
        self: &Arc<Readers>,
        family: &str,
        key: &[u8],
    ) -> Result<Option<Bytes>, EngineError> {
        self.dialer.wait(in_time(ANSWER_MAX, Broke::Harmless, async {
            let reader = self.take().await?;
            if !self.has(&reader, family).await? {
                return Ok(None);
            }
            let select = self.select(family);
            match reader.query(&select, &[&key]).await {
                // Dropped a moment ago, and read outside a transaction.
                Err(error) if is_no_table(&error) => {
                    self.families.write().remove(family);
                    Ok(None)
                }
                rows => Ok(rows.map_err(read_error)?.first().map(|row| bytes(row, 0))),
            }
        }))
    }

    /// A read transaction: it sees what was committed before now, and no more.
    pub(crate) fn snapshot(self: &Arc<Readers>) -> Result<Read, EngineError> {
        self.dialer.wait(in_time(ANSWER_MAX, Broke::Harmless, async {
            let reader = self.take().await?;
            // A transaction begins to see with its first read.
            let begin = format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SELECT k FROM {} LIMIT 1",
                self.names.table("cluster")
            );
            reader.session().run(&begin).await.map_err(read_error)?;
            Ok(Read { reader })
        }))
    }

    /// Names of the families that have a table, asked of the database.
    pub(crate) fn families(self: &Arc<Readers>) -> Result<Vec<String>, EngineError> {
        self.dialer.wait(in_time(ANSWER_MAX, Broke::Harmless, async {
            let reader = self.take().await?;
            let select = "SELECT table_name::text FROM information_schema.tables \
                          WHERE table_schema = $1::text ORDER BY 1";
            let schema = self.names.schema();
            let rows = reader.query(select, &[&schema]).await.map_err(read_error)?;
            let names = rows.iter().map(|row| row.get::<_, String>(0));
            let mut names: Vec<String> =
                names.filter(|name| store::engine::is_family_name(name)).collect();
            names.sort();
            Ok(names)
        }))
    }

    async fn has(&self, reader: &Reader, family: &str) -> Result<bool, EngineError> {
        if self.families.read().contains(family) {
            return Ok(true);
        }
        if !store::engine::is_family_name(family) {
            return Ok(false);
        }
        let table = self.names.table(family);
        let select = "SELECT to_regclass($1::text) IS NOT NULL";
        let rows = reader.query(select, &[&table]).await.map_err(read_error)?;
        let has = rows.first().is_some_and(|row| row.get::<_, bool>(0));
        if has {
            self.families.write().insert(family.to_owned());
        }
        Ok(has)
    }

    fn select(&self, family: &str) -> String {
        format!("SELECT v FROM {} WHERE k = $1::bytea", self.names.table(family))
    }

    async fn take(self: &Arc<Readers>) -> Result<Reader, EngineError> {
        let place = self.places.clone().acquire_owned().await;
        let place = place.map_err(|_| EngineError::Busy("readers are closed".to_owned()))?;
        let idle = loop {
            match self.idle.lock().pop() {
                Some(session) if session.is_closed() => {}
                other => break other,
            }
        };
        let session = match idle {
            Some(session) => session,
            None => self.dialer.connect().await?,
        };
        Ok(Reader {
            session: Some(session),
            home: self.clone(),
            _place: place,
            clean: Cell::new(true),
        })
    }
}

fn read_error(error: Error) -> EngineError {
    engine_error(&error, Broke::Harmless)
}

/// A connection on loan.
struct Reader {
    session: Option<Session>,
    home: Arc<Readers>,
    _place: OwnedSemaphorePermit,
    /// Not in the midst of a call: it may be lent again.
    clean: Cell<bool>,
}

impl Reader {
    fn session(&self) -> &Session {
        self.session.as_ref().expect("taken only when dropped")
    }

    async fn query(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, Error> {
        self.clean.set(false);
        let rows = self.session().query(sql, parameters).await?;
        self.clean.set(true);
        Ok(rows)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(session) = self.session.take() else { return };
        if self.clean.get() && !session.is_closed() {
            self.home.idle.lock().push(session);
        }
    }
}

pub(crate) struct Read {
    reader: Reader,
}

impl Drop for Read {
    fn drop(&mut self) {
        let Some(session) = self.reader.session.take() else { return };
        if !self.reader.clean.get() {
            return;
        }
        let home = self.reader.home.clone();
        self.reader.home.dialer.spawn(async move {
            match session.run("COMMIT").await {
                Ok(()) => home.idle.lock().push(session),
                Err(error) => tracing::debug!("a read transaction did not end: {error}"),
            }
        });
    }
}

impl Read {
    fn query(&self, sql: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, EngineError> {
        let home = &self.reader.home;
        home.dialer.wait(in_time(ANSWER_MAX, Broke::Harmless, async {
            self.reader.query(sql, parameters).await.map_err(read_error)
        }))
    }

    fn has(&self, family: &str) -> Result<bool, EngineError> {
        let home = &self.reader.home;
        home.dialer.wait(in_time(ANSWER_MAX, Broke::Harmless, home.has(&self.reader, family)))
    }
}

impl Snapshot for Read {
    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        if !self.has(family)? {
            return Ok(None);
        }
        let rows = self.query(&self.reader.home.select(family), &[&key])?;
        Ok(rows.first().map(|row| bytes(row, 0)))
    }

    fn scan(
        &self,
        family: &str,
        range: &Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        if !self.has(family)? {
            return Ok(Vec::new());
        }
        let bound = if range.end.is_empty() { "$2 = ''::bytea" } else { "k < $2::bytea" };
        let direction = match order {
            Order::Forward => "ASC",
            Order::Backward => "DESC",
        };
        let select = format!(
            "SELECT k, v FROM {} WHERE k >= $1::bytea AND {bound} ORDER BY k {direction} \
             LIMIT $3::int8",
            self.reader.home.names.table(family)
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.query(&select, &[&range.start.as_ref(), &range.end.as_ref(), &limit])?;
        Ok(rows.iter().map(|row| (bytes(row, 0), bytes(row, 1))).collect())
    }

    fn scan_each(
        &self,
        family: &str,
        ranges: &[Range<Bytes>],
        limit: usize,
    ) -> Result<Vec<Vec<(Bytes, Bytes)>>, EngineError> {
        let mut found = vec![Vec::new(); ranges.len()];
        if !self.has(family)? {
            return Ok(found);
        }
        let select = format!(
            "SELECT w.at, r.k, r.v \
             FROM UNNEST($1::int4[], $2::bytea[], $3::bytea[]) AS w(at, since, upto) \
             CROSS JOIN LATERAL (SELECT k, v FROM {} WHERE k >= w.since \
               AND k < w.upto ORDER BY k LIMIT $4::int8) AS r \
             ORDER BY w.at, r.k",
            self.reader.home.names.table(family)
        );
        let places: Vec<i32> = (0..).take(ranges.len()).collect();
        let froms: Vec<&[u8]> = ranges.iter().map(|range| range.start.as_ref()).collect();
        // With `OR` in the condition every range would be read to the end of the table.
        let end = |range: &Range<Bytes>| {
            if range.end.is_empty() { KEY_MAX.to_vec() } else { range.end.to_vec() }
        };
        let ends: Vec<Vec<u8>> = ranges.iter().map(end).collect();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        for row in self.query(&select, &[&places, &froms, &ends, &limit])? {
            let at = usize::try_from(row.get::<_, i32>(0)).unwrap_or(usize::MAX);
            if let Some(rows) = found.get_mut(at) {
                rows.push((bytes(&row, 1), bytes(&row, 2)));
            }
        }
        Ok(found)
    }

    fn log(
        &self,
        partition: PartitionId,
        from: Seq,
        limit: usize,
    ) -> Result<Vec<LogRecord>, EngineError> {
        let select = format!(
            "SELECT seq, epoch, batch_id, body FROM {} \
             WHERE part = $1::int4 AND seq >= $2::int8 ORDER BY seq LIMIT $3::int8",
            self.reader.home.names.table("log")
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.query(&select, &[&i32::from(partition), &signed(from), &limit])?;
        rows.iter().map(record).collect()
    }
}

fn record(row: &Row) -> Result<LogRecord, EngineError> {
    let batch_id: &[u8] = row.get(2);
    let batch_id = batch_id
        .try_into()
        .map_err(|_| EngineError::Damaged("a log record does not name its batch".to_owned()))?;
    Ok(LogRecord {
        seq: unsigned(row.get(0)),
        epoch: unsigned(row.get(1)),
        batch_id: u128::from_be_bytes(batch_id),
        body: bytes(row, 3),
    })
}

fn bytes(row: &Row, column: usize) -> Bytes {
    Bytes::copy_from_slice(row.get::<_, &[u8]>(column))
}
