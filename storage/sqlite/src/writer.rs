//! The one connection that writes. Every method is one transaction, and every check of an epoch
//! is an update: it writes. What is acknowledged is synced; a flush only moves what the log has,
//! so it goes to the disk with the next commit that is.

use std::collections::BTreeSet;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use store::engine::{
    Claim, EngineError, Epoch, Layout, PartitionId, Sealed, Slice, is_family_name,
};

use crate::failure::engine_error;
use crate::schema;

/// The log of SQLite itself is checkpointed when about this much is in it.
const CHECKPOINT_BYTES: usize = 16 << 20;
/// And before the next commit when it was let grow to this.
const CHECKPOINT_BYTES_MAX: usize = 64 << 20;
const PAGE_BYTES: usize = 4096;
const SLOTS: u16 = store::SLOTS;

pub(crate) struct Writer {
    connection: Connection,
    /// Whether a commit waits for the disk.
    syncs: bool,
    /// An estimate of what was written since the last checkpoint.
    written_bytes: usize,
}

const CLAIM_COLUMNS: &str = "id, epoch, owner, tail, applied, anchor";

impl Writer {
    pub(crate) fn new(connection: Connection) -> Writer {
        // What an earlier process left in the log is checkpointed soon.
        Writer { connection, syncs: true, written_bytes: CHECKPOINT_BYTES }
    }

    pub(crate) fn layout(&mut self, wanted: Layout) -> Result<Layout, EngineError> {
        self.transact(|transaction, _| {
            if let Some(layout) = read_layout(transaction)? {
                return Ok(layout);
            }
            schema::put_setting(transaction, "cluster", &wanted.cluster.to_be_bytes())?;
            schema::put_setting(transaction, "partitions", &wanted.partitions.to_be_bytes())?;
            let mut insert = transaction
                .prepare_cached("INSERT INTO partition VALUES (?1, 0, '', 0, 0, x'', ?2, ?3)")?;
            let share = SLOTS / wanted.partitions;
            for id in 0..wanted.partitions {
                insert.execute((id, id * share, id * share + (share - 1)))?;
            }
            Ok(wanted)
        })
    }

    pub(crate) fn partitions(&self) -> Result<Vec<Claim>, EngineError> {
        let read = || -> rusqlite::Result<Vec<Claim>> {
            let select = format!("SELECT {CLAIM_COLUMNS} FROM partition ORDER BY id");
            let mut select = self.connection.prepare_cached(&select)?;
            select.query_map((), claim)?.collect()
        };
        read().map_err(engine_error)
    }

    pub(crate) fn claim(
        &mut self,
        wanted: &[(PartitionId, Epoch)],
        node: &str,
    ) -> Result<Vec<Claim>, EngineError> {
        self.transact(|transaction, _| {
            let mut update = transaction.prepare_cached(&format!(
                "UPDATE partition SET epoch = epoch + 1, owner = ?3 \
                 WHERE id = ?1 AND epoch = ?2 RETURNING {CLAIM_COLUMNS}"
            ))?;
            let mut claims = Vec::with_capacity(wanted.len());
            for (id, epoch) in wanted {
                claims.extend(update.query_row((id, epoch, node), claim).optional()?);
            }
            Ok(claims)
        })
    }

    pub(crate) fn release(&mut self, held: &[(PartitionId, Epoch)]) -> Result<(), EngineError> {
        self.transact(|transaction, _| {
            let mut update = transaction
                .prepare_cached("UPDATE partition SET owner = '' WHERE id = ?1 AND epoch = ?2")?;
            for place in held {
                update.execute(*place)?;
            }
            Ok(())
        })
    }

    pub(crate) fn append(&mut self, batches: &[Sealed]) -> Result<Vec<PartitionId>, EngineError> {
        if self.written_bytes >= CHECKPOINT_BYTES_MAX {
            self.checkpoint()?;
        }
        self.transact(|transaction, written| {
            let mut update = transaction.prepare_cached(
                "UPDATE partition SET tail = ?3 WHERE id = ?1 AND epoch = ?2 AND tail = ?3 - 1",
            )?;
            let mut insert = transaction.prepare_cached(
                "INSERT INTO log (part, seq, epoch, batch_id, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let mut landed = Vec::with_capacity(batches.len());
            for batch in batches {
                let Sealed { partition, epoch, seq, batch_id, body } = batch;
                if update.execute((partition, epoch, seq))? == 0 {
                    continue;
                }
                let batch_id = batch_id.to_be_bytes();
                insert.execute(params![partition, seq, epoch, batch_id, body.as_ref()])?;
                *written += PAGE_BYTES + body.len();
                landed.push(*partition);
            }
            Ok(landed)
        })
    }

    pub(crate) fn flush(
        &mut self,
        slices: &[Slice],
        known: &BTreeSet<String>,
        created: &mut BTreeSet<String>,
    ) -> Result<Vec<PartitionId>, EngineError> {
        self.sync_commits(false)?;
        self.act(|transaction, written| {
            let mut landed = Vec::with_capacity(slices.len());
            for slice in slices {
                if !fence(transaction, slice)? {
                    continue;
                }
                create_families(transaction, slice, known, created)?;
                *written += write_rows(transaction, slice)?;
                landed.push(slice.partition);
            }
            Ok(landed)
        })
    }

    pub(crate) fn drop_family(&mut self, family: &str) -> Result<(), EngineError> {
        if !is_family_name(family) {
            return Err(EngineError::Refused(format!("`{family}` cannot name a family")));
        }
        self.transact(|transaction, _| {
            transaction.execute_batch(&format!("DROP TABLE IF EXISTS \"{family}\""))
        })
    }

    pub(crate) fn is_checkpoint_due(&self) -> bool {
        self.written_bytes >= CHECKPOINT_BYTES
    }

    /// A checkpoint that nothing is written beside: after it SQLite's log begins anew.
    pub(crate) fn checkpoint(&mut self) -> Result<(), EngineError> {
        self.written_bytes = 0;
        schema::checkpoint(&self.connection).map_err(engine_error)
    }

    /// One transaction that is on the disk when it is done.
    fn transact<R>(
        &mut self,
        act: impl FnOnce(&Transaction<'_>, &mut usize) -> rusqlite::Result<R>,
    ) -> Result<R, EngineError> {
        self.sync_commits(true)?;
        self.act(act)
    }

    fn sync_commits(&mut self, syncs: bool) -> Result<(), EngineError> {
        if self.syncs != syncs {
            let synchronous = if syncs { schema::SYNCED } else { schema::NOT_SYNCED };
            self.connection.execute_batch(synchronous).map_err(engine_error)?;
            self.syncs = syncs;
        }
        Ok(())
    }

    /// One transaction; it counts the bytes it writes.
    fn act<R>(
        &mut self,
        act: impl FnOnce(&Transaction<'_>, &mut usize) -> rusqlite::Result<R>,
    ) -> Result<R, EngineError> {
        let mut written = 0;
        let done = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .and_then(|transaction| {
                let value = act(&transaction, &mut written)?;
                transaction.commit()?;
                Ok(value)
            });
        self.written_bytes += written;
        done.map_err(engine_error)
    }

    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn read_layout(transaction: &Transaction<'_>) -> rusqlite::Result<Option<Layout>> {
    let cluster = schema::setting(transaction, "cluster")?.and_then(|v| v.try_into().ok());
    let partitions = schema::setting(transaction, "partitions")?.and_then(|v| v.try_into().ok());
    let (Some(cluster), Some(partitions)) = (cluster, partitions) else { return Ok(None) };
    let (cluster, partitions) = (u128::from_be_bytes(cluster), u16::from_be_bytes(partitions));
    Ok(Some(Layout { cluster, partitions }))
}

fn claim(row: &Row<'_>) -> rusqlite::Result<Claim> {
    Ok(Claim {
        partition: row.get(0)?,
        epoch: row.get(1)?,
        owner: row.get(2)?,
        tail: row.get(3)?,
        applied: row.get(4)?,
        anchor: Bytes::from(row.get::<_, Vec<u8>>(5)?),
    })
}

/// True if the slice's writer still owns the partition. With the last slice, `applied` moves and
/// the log is trimmed.
fn fence(transaction: &Transaction<'_>, slice: &Slice) -> rusqlite::Result<bool> {
    let (id, epoch) = (slice.partition, slice.epoch);
    let Some(applied) = &slice.applied else {
        let mut update = transaction
            .prepare_cached("UPDATE partition SET epoch = epoch WHERE id = ?1 AND epoch = ?2")?;
        return Ok(update.execute((id, epoch))? == 1);
    };
    let mut update = transaction.prepare_cached(
        "UPDATE partition SET applied = ?4, anchor = ?5 \
         WHERE id = ?1 AND epoch = ?2 AND applied = ?3 AND tail >= ?4",
    )?;
    let moved =
        update.execute(params![id, epoch, applied.from, applied.to, applied.anchor.as_ref()])?;
    if moved == 1 {
        let mut trim =
            transaction.prepare_cached("DELETE FROM log WHERE part = ?1 AND seq <= ?2")?;
        trim.execute((id, applied.to))?;
    }
    Ok(moved == 1)
}

fn create_families(
    transaction: &Transaction<'_>,
    slice: &Slice,
    known: &BTreeSet<String>,
    created: &mut BTreeSet<String>,
) -> rusqlite::Result<()> {
    let mut last = "";
    for row in &slice.rows {
        let family: &str = &row.family;
        if family != last && !known.contains(family) && created.insert(family.to_owned()) {
            transaction.execute_batch(&schema::create_family(family))?;
        }
        last = family;
    }
    Ok(())
}

fn write_rows(transaction: &Transaction<'_>, slice: &Slice) -> rusqlite::Result<usize> {
    let mut written = 0;
    for run in slice.rows.chunk_by(|a, b| a.family == b.family) {
        let Some(first) = run.first() else { continue };
        let family = &first.family;
        let mut put = transaction.prepare_cached(&format!(
            "INSERT OR REPLACE INTO \"{family}\" (k, v) VALUES (?1, ?2)"
        ))?;
        let mut delete =
            transaction.prepare_cached(&format!("DELETE FROM \"{family}\" WHERE k = ?1"))?;
        for row in run {
            match &row.value {
                Some(value) => put.execute((row.key.as_ref(), value.as_ref()))?,
                None => delete.execute([row.key.as_ref()])?,
            };
            written += PAGE_BYTES + row.value.as_ref().map_or(0, Bytes::len);
        }
    }
    Ok(written)
}
