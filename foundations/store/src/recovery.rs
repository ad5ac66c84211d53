//! Opening: claim every partition, read what its log holds beyond the families, and believe it
//! only if it is whole (§6). Rows are images, so nothing is executed again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use parking_lot::Mutex;

use crate::engine::{Claim, Engine, EngineError, Layout, LogRecord, Sealed, Snapshot};
use crate::error::{OpenError, Unavailable};
use crate::id::is_partition_count;
use crate::lane::Lane;
use crate::options::Options;
use crate::partition::{Committed, Partition, Position};
use crate::probe;
use crate::record::{self, Anchor, Header};
use crate::shared::{Shared, Space, Watch, owner};
use crate::statistics::Counters;
use crate::table::Table;
use crate::witness::{Testimony, Witness};

/// Log records read at once.
const LOG_RECORDS: usize = 32;

pub(crate) fn recover(
    engine: Arc<dyn Engine>,
    host: host::Host,
    options: Options,
) -> Result<Shared, OpenError> {
    if !is_partition_count(options.partitions) {
        return Err(OpenError::Partitions(options.partitions));
    }
    let cluster = (u128::from(host.entropy()) << 64) | u128::from(host.entropy());
    let layout = engine.layout(Layout { cluster, partitions: options.partitions })?;
    let incarnation = host.entropy();
    let claims = claim_all(engine.as_ref(), &layout, &owner(&options.node, incarnation))?;
    let witness = engine.directory().map(|directory| Witness::open(directory, &layout));
    let witness = witness.transpose().map_err(OpenError::Witness)?;
    let counters = Counters::default();
    let mut partitions = Vec::with_capacity(claims.len());
    for claim in &claims {
        partitions.push(open_partition(engine.as_ref(), &layout, claim, witness.as_ref())?);
    }
    for partition in &partitions {
        counters.overlay_changed(0, partition.committed.read().overlay.bytes());
    }
    let shared = Shared {
        engine,
        host,
        layout,
        incarnation,
        partitions,
        lane: Lane::new(options.by_hand.clone()),
        options,
        watch: Watch::default(),
        witness,
        counters,
        batch_ids: AtomicU64::new(0),
        space: Space::default(),
        failed: Mutex::new(None),
        stopping: AtomicBool::new(false),
    };
    append_claims(&shared)?;
    Ok(shared)
}

fn claim_all(engine: &dyn Engine, layout: &Layout, owner: &str) -> Result<Vec<Claim>, OpenError> {
    let rows = engine.partitions()?;
    let expected = 0..layout.partitions;
    if !is_partition_count(layout.partitions) || !rows.iter().map(|row| row.partition).eq(expected)
    {
        let told = format!("{} partitions, but {} rows for them", layout.partitions, rows.len());
        return Err(EngineError::Damaged(told).into());
    }
    let wanted: Vec<_> = rows.iter().map(|row| (row.partition, row.epoch)).collect();
    let claims = engine.claim(&wanted, owner)?;
    let missing = rows.iter().find(|row| claims.iter().all(|c| c.partition != row.partition));
    match missing {
        Some(row) => Err(OpenError::Taken(row.partition)),
        None => Ok(claims),
    }
}

fn open_partition(
    engine: &dyn Engine,
    layout: &Layout,
    claim: &Claim,
    witness: Option<&Witness>,
) -> Result<Partition, OpenError> {
    let mut partition = Partition::new(claim.partition);
    let snapshot = engine.snapshot()?;
    let testimony = witness.and_then(|witness| witness.testimony(claim.partition));
    let replayed = replay(snapshot.as_ref(), layout, claim, testimony)?;
    match replayed {
        Ok(committed) => {
            partition.control.get_mut().id_mark = match probe::mutant("ids-reused") {
                true => 0,
                false => committed.position.last.id_mark,
            };
            if !committed.overlay.is_empty() {
                probe::sometimes("recovery with a log");
            }
            *partition.committed.get_mut() = committed;
        }
        Err(Evidence(mut evidence)) => {
            if let Some(witness) = witness.filter(|_| testimony.is_some()) {
                evidence += &format!("; the witness is `{}`", witness.path().display());
            }
            let refuse =
                Unavailable::Broken { partition: claim.partition, evidence: evidence.into() };
            tracing::error!("{refuse}");
            partition.refuse(refuse);
        }
    }
    Ok(partition)
}

/// Why a log is not believed.
struct Evidence(String);

/// Steps 2 to 4 of recovery: the log as the families do not have it yet.
fn replay(
    snapshot: &dyn Snapshot,
    layout: &Layout,
    claim: &Claim,
    testimony: Option<Testimony>,
) -> Result<Result<Committed, Evidence>, EngineError> {
    let anchor = match record::unseal_anchor(claim.partition, claim.applied, &claim.anchor) {
        Ok(anchor) => anchor,
        Err(evidence) => return Ok(Err(Evidence(evidence))),
    };
    let position = Position { epoch: 0, tail: claim.applied, applied: claim.applied, last: anchor };
    let committed = Committed { overlay: Table::default(), position, stopped: None };
    let mut replay = Replay { layout, claim, testimony, committed };
    loop {
        let records =
            snapshot.log(claim.partition, replay.committed.position.tail + 1, LOG_RECORDS)?;
        let last = records.len() < LOG_RECORDS;
        for record in records {
            if let Err(evidence) = replay.take(&record) {
                return Ok(Err(Evidence(format!("log record {}: {evidence}", record.seq))));
            }
        }
        if last {
            return Ok(replay.finish().map_err(Evidence));
        }
    }
}

/// Why the log beyond the families would not be believed.
pub(crate) fn doubt(
    snapshot: &dyn Snapshot,
    layout: &Layout,
    claim: &Claim,
    testimony: Option<Testimony>,
) -> Result<Option<String>, EngineError> {
    let replayed = replay(snapshot, layout, claim, testimony)?;
    Ok(replayed.err().map(|Evidence(evidence)| evidence))
}

struct Replay<'a> {
    layout: &'a Layout,
    claim: &'a Claim,
    testimony: Option<Testimony>,
    committed: Committed,
}

impl Replay<'_> {
    fn take(&mut self, found: &LogRecord) -> Result<(), String> {
        let position = &mut self.committed.position;
        if found.seq != position.tail + 1 && !probe::mutant("believe-gaps") {
            return Err(format!("record {} is missing before it", position.tail + 1));
        }
        if found.epoch < position.epoch || found.epoch >= self.claim.epoch {
            return Err(format!("its epoch {} is out of order", found.epoch));
        }
        let (header, rows) = record::unseal(self.claim.partition, found)?;
        if header.cluster != self.layout.cluster {
            return Err("it is of another cluster".to_owned());
        }
        if header.previous != position.hash() && !probe::mutant("believe-gaps") {
            return Err("it does not follow the record before it".to_owned());
        }
        let hash = record::hash_of(&found.body);
        let doubted = |t: Testimony| t.tail == found.seq && t.hash != hash;
        if self.testimony.is_some_and(doubted) {
            return Err("the witness saw another record in its place".to_owned());
        }
        position.epoch = found.epoch;
        position.tail = found.seq;
        position.last = Anchor { hash, id_mark: header.id_mark.max(position.last.id_mark) };
        let forgotten = probe::mutant("forget-log-tail") && found.seq == self.claim.tail;
        for row in rows.into_iter().filter(|_| !forgotten) {
            self.committed.overlay.put(&row.family, row.key, row.value, found.seq);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Committed, String> {
        let Position { tail, applied, .. } = self.committed.position;
        if tail != self.claim.tail && !probe::mutant("believe-gaps") {
            return Err(format!("the log ends at record {tail}, not at {}", self.claim.tail));
        }
        if let Some(witness) = self.testimony {
            if witness.tail > tail {
                return Err(format!(
                    "acknowledged records are missing: the log ends at record {tail}, \
                     but the witness saw record {}",
                    witness.tail
                ));
            }
            if witness.tail == applied
                && tail == applied
                && witness.hash != self.committed.position.hash()
            {
                return Err(format!("the witness saw another record {tail}"));
            }
        }
        self.committed.position.epoch = self.claim.epoch;
        Ok(self.committed)
    }
}

/// The first record of each ownership: from now on every earlier epoch is visibly over.
fn append_claims(shared: &Shared) -> Result<(), OpenError> {
    let serving: Vec<&Partition> =
        shared.partitions.iter().filter(|p| p.committed.read().stopped.is_none()).collect();
    let sealed: Vec<Sealed> =
        serving.iter().map(|partition| claim_record(shared, partition)).collect();
    let landed = shared.engine.append(&sealed)?;
    for (partition, sealed) in serving.into_iter().zip(&sealed) {
        if !landed.contains(&partition.id) {
            return Err(OpenError::Taken(partition.id));
        }
        let mut committed = partition.committed.write();
        committed.position.tail = sealed.seq;
        committed.position.last.hash = record::hash_of(&sealed.body);
        if let Some(witness) = &shared.witness {
            witness.note(partition.id, &committed.position);
        }
    }
    if let Some(witness) = &shared.witness {
        witness.write();
    }
    Ok(())
}

fn claim_record(shared: &Shared, partition: &Partition) -> Sealed {
    let position = partition.committed.read().position;
    let header = Header {
        cluster: shared.layout.cluster,
        partition: partition.id,
        epoch: position.epoch,
        seq: position.tail + 1,
        batch_id: shared.next_batch_id(),
        moment_max: shared.host.now_ms(),
        id_mark: position.last.id_mark,
        previous: position.hash(),
    };
    header.seal(&Table::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    const LAYOUT: Layout = Layout { cluster: 9, partitions: 1 };

    /// A good log of three records of epochs 1, 1 and 2, after `change` had its way with the
    /// headers. What a recovery at epoch 3 finds wrong with it.
    fn evidence(testimony: Option<Testimony>, change: impl Fn(&mut Header)) -> Option<String> {
        let memory = Memory::new();
        memory.layout(LAYOUT).unwrap();
        memory.claim(&[(0, 0)], "a").unwrap();
        let mut previous = [0; 16];
        for seq in 1..=3 {
            let epoch = if seq == 3 { 2 } else { 1 };
            if seq == 3 {
                memory.claim(&[(0, 1)], "b").unwrap();
            }
            let mut header = Header {
                cluster: LAYOUT.cluster,
                partition: 0,
                epoch,
                seq,
                batch_id: seq.into(),
                moment_max: 0,
                id_mark: seq * 10,
                previous,
            };
            change(&mut header);
            let sealed = Sealed { partition: 0, epoch, seq, ..header.seal(&Table::default()) };
            previous = record::hash_of(&sealed.body);
            assert_eq!(memory.append(&[sealed]), Ok(vec![0]));
        }
        let claim = memory.claim(&[(0, 2)], "c").unwrap().remove(0);
        let snapshot = memory.snapshot().unwrap();
        match replay(snapshot.as_ref(), &LAYOUT, &claim, testimony).unwrap() {
            Ok(committed) => {
                assert_eq!(committed.position.last, Anchor { hash: previous, id_mark: 30 });
                assert_eq!((committed.position.tail, committed.position.epoch), (3, 3));
                None
            }
            Err(Evidence(evidence)) => Some(evidence),
        }
    }

    /// Invariant 1: epochs never fall, hashes chain.
    #[test]
    fn logs_are_believed_only_whole() {
        type Change = fn(&mut Header);
        let told = |change: Change| evidence(None, change).unwrap_or_default();
        assert_eq!(evidence(None, |_| ()), None);
        let cases: [(Change, &str); 5] = [
            (|h| h.previous[0] ^= u8::from(h.seq == 2), "record 2: it does not follow"),
            (|h| h.cluster += u128::from(h.seq == 3), "record 3: it is of another cluster"),
            (|h| h.seq += u64::from(h.seq == 2), "record 2"),
            (|h| h.epoch += u64::from(h.seq == 3), "record 3"),
            (|h| h.partition += u16::from(h.seq == 1), "record 1"),
        ];
        for (change, expected) in cases {
            let told = told(change);
            assert!(told.contains(expected), "{told:?} should name {expected:?}");
        }
    }

    #[test]
    fn the_witness_is_heard() {
        let told = |tail, hash| {
            let testimony = Testimony { epoch: 2, tail, hash };
            evidence(Some(testimony), |_| ()).unwrap_or_default()
        };
        assert!(told(4, [0; 16]).contains("acknowledged records are missing"));
        assert!(told(2, [0; 16]).contains("record 2: the witness saw another"));
        assert_eq!(told(0, [0; 16]), "", "it may lag");
    }
}
