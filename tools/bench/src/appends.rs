//! The baseline of durable work: the same bytes, appended to the same engine, and nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use sqlite::Sqlite;
use store::engine::{Applied, Engine, Layout, PartitionId, Sealed, Slice};

const PARTITIONS: u16 = 64;
/// The log is trimmed as often as the real server does it, so that it does not grow without end.
const TRIM_BYTES: usize = 32 << 20;
const RECORDS_READ: usize = 100_000;

/// Executions' worth of appends in a second: each commit carries one record for each client.
pub(crate) fn per_second(bytes: usize, clients: usize, duration: Duration) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let engine = Sqlite::open(folder.path()).context("cannot open the engine")?;
    engine.layout(Layout { cluster: 1, partitions: PARTITIONS })?;
    let wanted: Vec<(PartitionId, u64)> =
        engine.partitions()?.iter().map(|claim| (claim.partition, claim.epoch)).collect();
    let mut claims = engine.claim(&wanted, "bench")?;
    ensure!(claims.len() == usize::from(PARTITIONS), "not every partition could be claimed");
    let body = noise(bytes);
    let records = clients.min(claims.len());
    let begin = Instant::now();
    let (mut appended, mut unflushed) = (0_usize, 0_usize);
    while begin.elapsed() < duration {
        let mut batch = Vec::with_capacity(records);
        for claim in claims.iter_mut().take(records) {
            claim.tail += 1;
            batch.push(Sealed {
                partition: claim.partition,
                epoch: claim.epoch,
                seq: claim.tail,
                batch_id: u128::from(claim.tail),
                body: body.clone(),
            });
        }
        let landed = engine.append(&batch)?;
        ensure!(landed.len() == batch.len(), "an append was refused");
        appended += landed.len();
        unflushed += landed.len() * bytes;
        if unflushed > TRIM_BYTES {
            trim(&engine, &mut claims)?;
            unflushed = 0;
        }
    }
    Ok(appended as f64 / begin.elapsed().as_secs_f64())
}

fn trim(engine: &Sqlite, claims: &mut [store::engine::Claim]) -> anyhow::Result<()> {
    let slices: Vec<Slice> = claims
        .iter()
        .map(|claim| Slice {
            partition: claim.partition,
            epoch: claim.epoch,
            rows: Vec::new(),
            applied: Some(Applied { from: claim.applied, to: claim.tail, anchor: Bytes::new() }),
        })
        .collect();
    let landed = engine.flush(&slices)?;
    ensure!(landed.len() == slices.len(), "a flush was refused");
    for claim in claims {
        claim.applied = claim.tail;
    }
    Ok(())
}

/// The bytes of all records in the log of a server that has ended.
pub(crate) fn log_bytes(data: &Path) -> anyhow::Result<usize> {
    let engine = Sqlite::open(data).context("cannot open the server's data")?;
    let partitions = engine.partitions()?;
    let snapshot = engine.snapshot()?;
    let mut bytes = 0;
    for claim in partitions {
        let records = snapshot.log(claim.partition, claim.applied + 1, RECORDS_READ)?;
        bytes += records.iter().map(|record| record.body.len()).sum::<usize>();
    }
    Ok(bytes)
}

/// Bytes that do not shrink, as the compressed records of the real log do not.
fn noise(bytes: usize) -> Bytes {
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut noise = Vec::with_capacity(bytes);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.push(state.to_le_bytes()[0]);
    }
    Bytes::from(noise)
}
