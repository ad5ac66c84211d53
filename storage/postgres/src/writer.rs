//! Everything that writes. Every call is one statement or one transaction, and every check of an
//! epoch is an update: it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use store::engine::{
    Applied, Claim, EngineError, Epoch, Layout, PartitionId, Sealed, Slice, is_family_name,
};
use tokio_postgres::{Error, Row};

use crate::failure::{Broke, engine_error};
use crate::schema::{self, Names};
use crate::session::{ANSWER_MAX, Dialer, Session, in_time};

/// What writes never thinks inside a transaction. One that stands still belongs to a node that is
/// paused or cut off, and whoever takes over waits for its locks.
const BRIEF: &str = "SET idle_in_transaction_session_timeout = '2s';";

const SLOTS: u16 = store::SLOTS;
const CLAIM_COLUMNS: &str = "p.id, p.epoch, p.owner, p.tail, p.applied, p.anchor";

/// One connection that writes, made when it is needed.
pub(crate) struct Writer {
    names: Names,
    session: Option<Session>,
    append: String,
    /// Longest wait for an answer.
    patience: Duration,
    /// Said on each new connection, after [`BRIEF`].
    greeting: &'static str,
}

impl Writer {
    pub(crate) fn new(names: Names) -> Writer {
        let append = append_statement(&names);
        Writer { names, session: None, append, patience: ANSWER_MAX, greeting: "" }
    }

    /// The same with another patience, and something to say on each new connection.
    pub(crate) fn with(self, patience: Duration, greeting: &'static str) -> Writer {
        Writer { patience, greeting, ..self }
    }

    /// Runs `work` on the connection. After an error that leaves it in doubt the connection goes.
    pub(crate) async fn on<R>(
        &mut self,
        dialer: &Dialer,
        broke: Broke,
        work: impl AsyncFnOnce(&Session, &Names) -> Result<R, Error>,
    ) -> Result<R, EngineError> {
        if self.session.as_ref().is_none_or(Session::is_closed) {
            let session = dialer.connect().await?;
            let said = session.run(&format!("{BRIEF}{}", self.greeting)).await;
            said.map_err(|error| engine_error(&error, Broke::Harmless))?;
            self.session = Some(session);
        }
        let session = self.session.as_ref().expect("made above when there was none");
        let names = &self.names;
        let done = in_time(self.patience, broke, async {
            work(session, names).await.map_err(|error| engine_error(&error, broke))
        })
        .await;
        if done.is_err() {
            self.session = None;
        }
        done
    }

    pub(crate) async fn layout(
        &mut self,
        dialer: &Dialer,
        wanted: Layout,
    ) -> Result<Layout, EngineError> {
        let found = self.on(dialer, Broke::Unknown, async |session, names| {
            decide_layout(session, names, wanted).await
        });
        found.await?.ok_or_else(|| EngineError::Damaged("the layout is not readable".to_owned()))
    }

    pub(crate) async fn partitions(&mut self, dialer: &Dialer) -> Result<Vec<Claim>, EngineError> {
        self.on(dialer, Broke::Harmless, async |session, names| {
            let table = names.table("partition");
            let select = format!("SELECT {CLAIM_COLUMNS} FROM {table} AS p ORDER BY p.id");
            Ok(session.query(&select, &[]).await?.iter().map(claim).collect())
        })
        .await
    }

    pub(crate) async fn claim(
        &mut self,
        dialer: &Dialer,
        wanted: &[(PartitionId, Epoch)],
        node: &str,
    ) -> Result<Vec<Claim>, EngineError> {
        let (ids, epochs) = places(wanted);
        self.on(dialer, Broke::Unknown, async |session, names| {
            let update = format!(
                "UPDATE {} AS p SET epoch = p.epoch + 1, owner = $3 \
                 FROM UNNEST($1::int4[], $2::int8[]) AS w(id, epoch) \
                 WHERE p.id = w.id AND p.epoch = w.epoch RETURNING {CLAIM_COLUMNS}",
                names.table("partition")
            );
            let rows = session.query(&update, &[&ids, &epochs, &node]).await?;
            let mut claims: Vec<Claim> = rows.iter().map(claim).collect();
            claims.sort_by_key(|claim| claim.partition);
            Ok(claims)
        })
        .await
    }

    pub(crate) async fn release(
        &mut self,
        dialer: &Dialer,
        held: &[(PartitionId, Epoch)],
    ) -> Result<(), EngineError> {
        let (ids, epochs) = places(held);
        self.on(dialer, Broke::Unknown, async |session, names| {
            let update = format!(
                "UPDATE {} AS p SET owner = '' FROM UNNEST($1::int4[], $2::int8[]) AS w(id, epoch) \
                 WHERE p.id = w.id AND p.epoch = w.epoch",
                names.table("partition")
            );
            session.query(&update, &[&ids, &epochs]).await?;
            Ok(())
        })
        .await
    }

    pub(crate) async fn append(
        &mut self,
        dialer: &Dialer,
        batches: &[Sealed],
    ) -> Result<Vec<PartitionId>, EngineError> {
        let mut order: Vec<&Sealed> = batches.iter().collect();
        // Rows are locked in one order, whoever writes.
        order.sort_by_key(|batch| batch.partition);
        let ids: Vec<i32> = order.iter().map(|b| i32::from(b.partition)).collect();
        let epochs: Vec<i64> = order.iter().map(|b| signed(b.epoch)).collect();
        let seqs: Vec<i64> = order.iter().map(|b| signed(b.seq)).collect();
        let batch_ids: Vec<Vec<u8>> =
            order.iter().map(|b| b.batch_id.to_be_bytes().to_vec()).collect();
        let bodies: Vec<&[u8]> = order.iter().map(|b| b.body.as_ref()).collect();
        let statement = self.append.clone();
        self.on(dialer, Broke::Unknown, async |session, _| {
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                [&ids, &epochs, &seqs, &batch_ids, &bodies];
            let rows = session.query(&statement, &parameters).await?;
            let mut landed: Vec<PartitionId> = rows.iter().map(|row| partition(row, 0)).collect();
            landed.sort_unstable();
            Ok(landed)
        })
        .await
    }

    /// Makes the tables of families that have none yet, outside of any transaction.
    pub(crate) async fn create_families(
        &mut self,
        dialer: &Dialer,
        families: &BTreeSet<String>,
    ) -> Result<(), EngineError> {
        for family in families {
            // To create again is harmless.
            self.on(dialer, Broke::Harmless, async |session, names| {
                schema::make(session, &names.create_family(family)).await
            })
            .await?;
        }
        Ok(())
    }

    pub(crate) async fn flush(
        &mut self,
        dialer: &Dialer,
        slices: &[Slice],
    ) -> Result<Vec<PartitionId>, EngineError> {
        let shares = merge(slices);
        self.on(dialer, Broke::Unknown, async |session, names| {
            session.run("BEGIN").await?;
            let landed = fence(session, names, &shares).await?;
            let won: Vec<&Share<'_>> =
                shares.iter().filter(|share| landed.contains(&share.partition)).collect();
            write_rows(session, names, &won).await?;
            trim(session, names, &won).await?;
            session.run("COMMIT").await?;
            Ok(landed.into_iter().collect())
        })
        .await
    }

    pub(crate) async fn drop_family(
        &mut self,
        dialer: &Dialer,
        family: &str,
    ) -> Result<(), EngineError> {
        if !is_family_name(family) {
            return Err(EngineError::Refused(format!("`{family}` cannot name a family")));
        }
        // To drop again is harmless.
        self.on(dialer, Broke::Harmless, async |session, names| {
            session.run(&format!("DROP TABLE IF EXISTS {}", names.table(family))).await
        })
        .await
    }
}

fn append_statement(names: &Names) -> String {
    let (partition, log) = (names.table("partition"), names.table("log"));
    format!(
        "WITH b AS (SELECT * FROM \
           UNNEST($1::int4[], $2::int8[], $3::int8[], $4::bytea[], $5::bytea[]) \
           AS b(id, epoch, seq, batch_id, body)), \
         won AS (UPDATE {partition} AS p SET tail = b.seq FROM b \
           WHERE p.id = b.id AND p.epoch = b.epoch AND p.tail = b.seq - 1 RETURNING p.id) \
         INSERT INTO {log} (part, seq, epoch, batch_id, body) \
         SELECT b.id, b.seq, b.epoch, b.batch_id, b.body FROM won JOIN b ON b.id = won.id \
         RETURNING part"
    )
}

async fn decide_layout(
    session: &Session,
    names: &Names,
    wanted: Layout,
) -> Result<Option<Layout>, Error> {
    let table = names.table("cluster");
    let value = [&wanted.cluster.to_be_bytes()[..], &wanted.partitions.to_be_bytes()].concat();
    let insert = format!("INSERT INTO {table} (k, v) VALUES ('layout', $1) ON CONFLICT DO NOTHING");
    session.query(&insert, &[&value]).await?;
    let select = format!("SELECT v FROM {table} WHERE k = 'layout'");
    let rows = session.query(&select, &[]).await?;
    let Some(layout) = rows.first().and_then(|row| read_layout(row.get(0))) else {
        return Ok(None);
    };
    let share = SLOTS / layout.partitions.max(1);
    let ids: Vec<i32> = (0..layout.partitions).map(i32::from).collect();
    let firsts: Vec<i32> = (0..layout.partitions).map(|id| i32::from(id * share)).collect();
    let lasts: Vec<i32> =
        (0..layout.partitions).map(|id| i32::from(id * share + (share - 1))).collect();
    let insert = format!(
        "INSERT INTO {} (id, epoch, owner, tail, applied, anchor, first_slot, last_slot) \
         SELECT w.id, 0, '', 0, 0, ''::bytea, w.first, w.last \
         FROM UNNEST($1::int4[], $2::int4[], $3::int4[]) AS w(id, first, last) \
         ON CONFLICT DO NOTHING",
        names.table("partition")
    );
    session.query(&insert, &[&ids, &firsts, &lasts]).await?;
    Ok(Some(layout))
}

fn read_layout(value: &[u8]) -> Option<Layout> {
    let (cluster, partitions) = value.split_first_chunk::<16>()?;
    let partitions = u16::from_be_bytes(partitions.try_into().ok()?);
    Some(Layout { cluster: u128::from_be_bytes(*cluster), partitions })
}

/// What one partition writes in one commit.
struct Share<'a> {
    partition: PartitionId,
    epoch: Epoch,
    slices: Vec<&'a Slice>,
    applied: Option<&'a Applied>,
}

/// One share for each partition, in order.
fn merge(slices: &[Slice]) -> Vec<Share<'_>> {
    let mut shares: BTreeMap<PartitionId, Share<'_>> = BTreeMap::new();
    for slice in slices {
        let share = shares.entry(slice.partition).or_insert_with(|| Share {
            partition: slice.partition,
            epoch: slice.epoch,
            slices: Vec::new(),
            applied: None,
        });
        share.slices.push(slice);
        share.applied = slice.applied.as_ref().or(share.applied);
    }
    shares.into_values().collect()
}

/// Partitions whose writer still owns them; `applied` moves where it is to.
async fn fence(
    session: &Session,
    names: &Names,
    shares: &[Share<'_>],
) -> Result<BTreeSet<PartitionId>, Error> {
    let ids: Vec<i32> = shares.iter().map(|s| i32::from(s.partition)).collect();
    let epochs: Vec<i64> = shares.iter().map(|s| signed(s.epoch)).collect();
    let froms: Vec<Option<i64>> = shares.iter().map(|s| Some(signed(s.applied?.from))).collect();
    let tos: Vec<Option<i64>> = shares.iter().map(|s| Some(signed(s.applied?.to))).collect();
    let anchors: Vec<Option<&[u8]>> =
        shares.iter().map(|s| Some(s.applied?.anchor.as_ref())).collect();
    let update = format!(
        "UPDATE {} AS p SET epoch = p.epoch, applied = COALESCE(w.upto, p.applied), \
         anchor = COALESCE(w.anchor, p.anchor) \
         FROM UNNEST($1::int4[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[]) \
         AS w(id, epoch, since, upto, anchor) \
         WHERE p.id = w.id AND p.epoch = w.epoch \
         AND (w.upto IS NULL OR (p.applied = w.since AND p.tail >= w.upto)) RETURNING p.id",
        names.table("partition")
    );
    let rows = session.query(&update, &[&ids, &epochs, &froms, &tos, &anchors]).await?;
    Ok(rows.iter().map(|row| partition(row, 0)).collect())
}

/// Rows of one family on their way: the last of each key.
#[derive(Default)]
struct Changes<'a> {
    rows: BTreeMap<&'a [u8], Option<&'a [u8]>>,
}

async fn write_rows(session: &Session, names: &Names, shares: &[&Share<'_>]) -> Result<(), Error> {
    let mut families: BTreeMap<&str, Changes<'_>> = BTreeMap::new();
    for row in shares.iter().flat_map(|s| &s.slices).flat_map(|slice| &slice.rows) {
        let changes = families.entry(&row.family).or_default();
        changes.rows.insert(&row.key, row.value.as_deref());
    }
    for (family, changes) in families {
        let table = names.table(family);
        let (mut keys, mut values, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in changes.rows {
            match value {
                Some(value) => {
                    keys.push(key);
                    values.push(value);
                }
                None => gone.push(key),
            }
        }
        if !keys.is_empty() {
            let put = format!(
                "INSERT INTO {table} (k, v) SELECT * FROM UNNEST($1::bytea[], $2::bytea[]) \
                 ON CONFLICT (k) DO UPDATE SET v = excluded.v"
            );
            session.query(&put, &[&keys, &values]).await?;
        }
        if !gone.is_empty() {
            let delete = format!("DELETE FROM {table} WHERE k = ANY($1::bytea[])");
            session.query(&delete, &[&gone]).await?;
        }
    }
    Ok(())
}

async fn trim(session: &Session, names: &Names, shares: &[&Share<'_>]) -> Result<(), Error> {
    let moved: Vec<(i32, i64)> = shares
        .iter()
        .filter_map(|share| Some((i32::from(share.partition), signed(share.applied?.to))))
        .collect();
    if moved.is_empty() {
        return Ok(());
    }
    let (ids, tos): (Vec<i32>, Vec<i64>) = moved.into_iter().unzip();
    let delete = format!(
        "DELETE FROM {} AS l USING UNNEST($1::int4[], $2::int8[]) AS w(part, upto) \
         WHERE l.part = w.part AND l.seq <= w.upto",
        names.table("log")
    );
    session.query(&delete, &[&ids, &tos]).await?;
    Ok(())
}

fn places(places: &[(PartitionId, Epoch)]) -> (Vec<i32>, Vec<i64>) {
    places.iter().map(|&(id, epoch)| (i32::from(id), signed(epoch))).unzip()
}

fn claim(row: &Row) -> Claim {
    Claim {
        partition: partition(row, 0),
        epoch: unsigned(row.get(1)),
        owner: row.get(2),
        tail: unsigned(row.get(3)),
        applied: unsigned(row.get(4)),
        anchor: Bytes::from(row.get::<_, Vec<u8>>(5)),
    }
}

fn partition(row: &Row, column: usize) -> PartitionId {
    PartitionId::try_from(row.get::<_, i32>(column)).unwrap_or(PartitionId::MAX)
}

/// Epochs and places stay far below 2^63.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
