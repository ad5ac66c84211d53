//! The lane: takes what is open in every partition, seals it, appends all of it in one commit,
//! and publishes. There is no timer in this loop: while an append is in flight the next batches
//! fill, so load makes batches.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::engine::{Claim, EngineError, PartitionId, Sealed};
use crate::error::Unavailable;
use crate::options::Wake;
use crate::partition::{Batch, Partition, Settle, settle_all};
use crate::probe;
use crate::record::{self, Header};
use crate::shared::{Shared, Stop};
use crate::statistics::add;

/// A refusal that may pass is repeated this often, then the batch is dropped.
const BUSY_REPEATS_MAX: u32 = 100;
const PAUSE_MS_MAX: u64 = 1000;

pub(crate) struct Lane {
    queue: Mutex<Queue>,
    wake: Condvar,
    by_hand: Option<Wake>,
}

#[derive(Default)]
struct Queue {
    dirty: Vec<PartitionId>,
    stop: Option<Stop>,
}

/// A batch on its way, with the name it keeps however often it is appended.
struct Taken<'a> {
    partition: &'a Partition,
    batch: Batch,
    batch_id: u128,
}

impl Lane {
    pub(crate) fn new(by_hand: Option<Wake>) -> Lane {
        Lane { queue: Mutex::default(), wake: Condvar::new(), by_hand }
    }

    /// Tells the lane that a partition has something open.
    pub(crate) fn offer(&self, partition: PartitionId) {
        let mut queue = self.queue.lock();
        queue.dirty.push(partition);
        if queue.dirty.len() > 1 {
            return;
        }
        drop(queue);
        match &self.by_hand {
            Some(wake) => wake(),
            None => {
                self.wake.notify_one();
            }
        }
    }

    pub(crate) fn stop(&self, how: Stop) {
        self.queue.lock().stop.get_or_insert(how);
        self.wake.notify_one();
    }

    /// Waits for work. `None` when the lane is to end.
    fn next(&self) -> Option<Vec<PartitionId>> {
        let mut queue = self.queue.lock();
        loop {
            if queue.stop == Some(Stop::Abandon) {
                return None;
            }
            if !queue.dirty.is_empty() {
                return Some(std::mem::take(&mut queue.dirty));
            }
            if queue.stop.is_some() {
                return None;
            }
            self.wake.wait(&mut queue);
        }
    }

    fn is_abandoned(&self) -> bool {
        self.queue.lock().stop == Some(Stop::Abandon)
    }
}

pub(crate) fn spawn(shared: &Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
    let shared = shared.clone();
    std::thread::Builder::new().name("store-lane".to_owned()).spawn(move || {
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&shared)));
        if ran.is_err() {
            shared.fail("the commit lane panicked");
        }
    })
}

fn run(shared: &Shared) {
    while let Some(dirty) = shared.lane.next() {
        turn(shared, &dirty);
    }
    // Whoever still waits is told; after a drain there is nobody.
    for partition in &shared.partitions {
        let settles = partition.drop_staged(Some(Unavailable::Stopping));
        settle_all(settles, &Err(Unavailable::Stopping));
    }
}

/// A turn, if there is something to commit.
pub(crate) fn turn_once(shared: &Shared) -> bool {
    let dirty = std::mem::take(&mut shared.lane.queue.lock().dirty);
    turn(shared, &dirty);
    !dirty.is_empty()
}

fn turn(shared: &Shared, dirty: &[PartitionId]) {
    // A partition may have been offered twice, but has one append in flight at most.
    let dirty: BTreeSet<PartitionId> = dirty.iter().copied().collect();
    let partitions: Vec<_> = dirty.iter().filter_map(|&id| shared.partition(id).ok()).collect();
    raise_epochs(shared, &partitions);
    let mut taken = Vec::with_capacity(dirty.len());
    for partition in partitions {
        let Some(mut batch) = take(shared, partition) else { continue };
        if batch.rows.is_empty() {
            // It only waited for those before it, and they are durable.
            settle_all(std::mem::take(&mut batch.settles), &Ok(()));
        } else {
            taken.push(Taken { partition, batch, batch_id: shared.next_batch_id() });
        }
    }
    commit(shared, taken);
}

fn take(shared: &Shared, partition: &Partition) -> Option<Batch> {
    let mut control = partition.control.lock();
    let batch = control.open.pop_front();
    control.queued = !control.open.is_empty();
    if control.queued {
        shared.lane.offer(partition.id);
    }
    batch
}

/// Claims what a flush of unknown outcome may still write to.
fn raise_epochs(shared: &Shared, partitions: &[&Partition]) {
    let outdated: Vec<_> =
        partitions.iter().copied().filter(|partition| partition.control.lock().outdated).collect();
    if outdated.is_empty() {
        return;
    }
    let claims = match claim_again(shared, &outdated) {
        Ok(claims) => claims,
        // The next flush asks again.
        Err(error) => return tracing::warn!("a late flush cannot be kept out yet: {error}"),
    };
    for partition in outdated {
        partition.control.lock().outdated = false;
        let claim = claims.iter().find(|claim| claim.partition == partition.id);
        let tail = partition.committed.read().position.tail;
        let Some(claim) = claim.filter(|claim| claim.tail == tail) else {
            shared.stop_partition(partition, Unavailable::Moved(partition.id));
            continue;
        };
        partition.committed.write().position.epoch = claim.epoch;
    }
}

/// Appends until every batch is published or dropped.
fn commit(shared: &Shared, mut taken: Vec<Taken<'_>>) {
    let mut busy = 0;
    while !taken.is_empty() {
        let sealed: Vec<Sealed> = taken.iter().map(|taken| seal(shared, taken)).collect();
        for taken in &mut taken {
            before_append(shared, taken);
        }
        taken = match shared.engine.append(&sealed) {
            Ok(landed) => return finish(shared, taken, &sealed, &landed),
            Err(EngineError::Busy(_)) if busy < BUSY_REPEATS_MAX => {
                busy += 1;
                pause(shared, busy);
                taken
            }
            Err(EngineError::Unknown(reason)) => {
                tracing::warn!("the outcome of a commit is unknown: {reason}");
                settle_unknown(shared, taken, &sealed)
            }
            Err(error) => return give_up(shared, taken, &error),
        };
    }
}

/// Nothing, unless a simulation asks for a mistake.
fn before_append(shared: &Shared, taken: &mut Taken<'_>) {
    if probe::mutant("early-ack") {
        settle_all(std::mem::take(&mut taken.batch.settles), &Ok(()));
    }
    if probe::mutant("publish-early") {
        let mut committed = taken.partition.committed.write();
        let (before, seq) = (committed.overlay.bytes(), committed.position.tail + 1);
        for (family, cells) in taken.batch.rows.families() {
            for (key, cell) in cells {
                committed.overlay.put(family, key.clone(), cell.value.clone(), seq);
            }
        }
        shared.counters.overlay_changed(before, committed.overlay.bytes());
    }
}

fn seal(shared: &Shared, taken: &Taken<'_>) -> Sealed {
    let position = taken.partition.committed.read().position;
    let header = Header {
        cluster: shared.layout.cluster,
        partition: taken.partition.id,
        epoch: position.epoch,
        seq: position.tail + 1,
        batch_id: taken.batch_id,
        moment_max: shared.host.now_ms(),
        id_mark: taken.batch.id_mark.max(position.last.id_mark),
        previous: position.hash(),
    };
    header.seal(&taken.batch.rows)
}

fn finish(shared: &Shared, taken: Vec<Taken<'_>>, sealed: &[Sealed], landed: &[PartitionId]) {
    let mut settles = Vec::new();
    let counters = &shared.counters;
    add(&counters.groups, 1);
    let landed: BTreeSet<PartitionId> = landed.iter().copied().collect();
    for (taken, sealed) in taken.into_iter().zip(sealed) {
        if landed.contains(&sealed.partition) || probe::mutant("refusal-unheard") {
            settles.extend(publish(shared, taken, sealed));
        } else {
            probe::sometimes("fenced by another node");
            drop_batch(shared, taken, Unavailable::Moved(sealed.partition), Lost::Partition);
        }
    }
    if let Some(witness) = &shared.witness {
        witness.write();
    }
    settle_all(settles, &Ok(()));
    add(&counters.told, 1);
    if counters.unflushed_bytes.load(Ordering::Relaxed) >= shared.options.flush_log_bytes as u64 {
        shared.want_flush();
    }
}

/// Staged becomes committed. Returns whom to tell.
fn publish(shared: &Shared, taken: Taken<'_>, sealed: &Sealed) -> Vec<Settle> {
    let Taken { partition, mut batch, .. } = taken;
    let counters = &shared.counters;
    add(&counters.records, 1);
    add(&counters.rows, batch.rows.rows());
    add(&counters.record_bytes, sealed.body.len());
    add(&counters.unflushed_bytes, sealed.body.len());
    let hash = record::hash_of(&sealed.body);

    let mut control = partition.control.lock();
    let mut committed = partition.committed.write();
    let before = committed.overlay.bytes();
    for (family, cells) in std::mem::take(&mut batch.rows).into_families() {
        for (key, cell) in cells {
            control.staged.remove(&family, &key, batch.number);
            committed.overlay.put(&family, key, cell.value, sealed.seq);
        }
    }
    counters.overlay_changed(before, committed.overlay.bytes());
    let position = &mut committed.position;
    position.tail = sealed.seq;
    position.last.hash = hash;
    position.last.id_mark = position.last.id_mark.max(batch.id_mark);
    if let Some(witness) = &shared.witness {
        witness.note(partition.id, position);
    }
    std::mem::take(&mut batch.settles)
}

/// What is lost with a batch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    Batch,
    Partition,
}

/// Drops a batch and all that was staged behind it.
fn drop_batch(shared: &Shared, mut taken: Taken<'_>, why: Unavailable, lost: Lost) {
    add(&shared.counters.dropped, 1);
    let refuse = (lost == Lost::Partition).then(|| why.clone());
    if refuse.is_some() {
        tracing::error!(partition = taken.partition.id, "partition stopped: {why}");
    }
    let mut settles = std::mem::take(&mut taken.batch.settles);
    settles.extend(taken.partition.drop_staged(refuse));
    settle_all(settles, &Err(why));
}

/// Nothing was written, and repeating does not help.
fn give_up(shared: &Shared, taken: Vec<Taken<'_>>, error: &EngineError) {
    let why = match error {
        EngineError::Full(_) => {
            probe::sometimes("append full");
            shared.space.full.store(true, Ordering::Relaxed);
            tracing::error!("nothing can be written: {error}");
            shared.want_flush();
            Unavailable::DiskFull
        }
        EngineError::Device(_) | EngineError::Damaged(_) => {
            shared.fail(&error.to_string());
            Unavailable::Failed(Arc::from(error.to_string()))
        }
        EngineError::Busy(_) | EngineError::Refused(_) | EngineError::Unknown(_) => {
            tracing::error!("a commit was dropped: {error}");
            Unavailable::Failed(Arc::from(error.to_string()))
        }
    };
    for taken in taken {
        drop_batch(shared, taken, why.clone(), Lost::Batch);
    }
}

/// Finds out by claiming again whether the batches are in the log (§4.3). Publishes those that
/// are; returns those that have to be appended again.
fn settle_unknown<'a>(shared: &Shared, taken: Vec<Taken<'a>>, sealed: &[Sealed]) -> Vec<Taken<'a>> {
    add(&shared.counters.unknown, 1);
    for taken in &taken {
        let settling = Unavailable::Settling(taken.partition.id);
        taken.partition.control.lock().refuse.get_or_insert(settling);
    }
    let partitions: Vec<_> = taken.iter().map(|taken| taken.partition).collect();
    let claims = match claim_again(shared, &partitions) {
        Ok(claims) => claims,
        Err(error) => {
            give_up(shared, taken, &error);
            return Vec::new();
        }
    };
    let mut again = Vec::new();
    for (taken, sealed) in taken.into_iter().zip(sealed) {
        let claim = claims.iter().find(|claim| claim.partition == sealed.partition);
        let Some(claim) = claim else {
            if probe::mutant("replaced-is-landed") {
                settle_all(publish(shared, taken, sealed), &Ok(()));
                continue;
            }
            drop_batch(shared, taken, Unavailable::Moved(sealed.partition), Lost::Partition);
            continue;
        };
        match find(shared, claim, sealed) {
            Ok(found) => {
                let partition = taken.partition;
                partition.committed.write().position.epoch = claim.epoch;
                let settles = match found {
                    Found::Landed => {
                        probe::sometimes("append unknown, landed");
                        publish(shared, taken, sealed)
                    }
                    Found::Absent => {
                        probe::sometimes("append unknown, absent");
                        again.push(taken);
                        Vec::new()
                    }
                };
                partition.settled();
                settle_all(settles, &Ok(()));
            }
            Err(evidence) => {
                let why = Unavailable::Broken { partition: sealed.partition, evidence };
                drop_batch(shared, taken, why, Lost::Partition);
            }
        }
    }
    again
}

/// Claims until the engine answers. The claim waits for the stuck append, or kills its chance.
fn claim_again(shared: &Shared, partitions: &[&Partition]) -> Result<Vec<Claim>, EngineError> {
    let owner = shared.owner();
    let mut wanted: Vec<_> = partitions
        .iter()
        .map(|partition| (partition.id, partition.committed.read().position.epoch))
        .collect();
    let mut tries = 0;
    loop {
        let error = match shared.engine.claim(&wanted, &owner) {
            Ok(claims) => return Ok(claims),
            Err(error @ (EngineError::Unknown(_) | EngineError::Busy(_))) => error,
            Err(error) => return Err(error),
        };
        if shared.lane.is_abandoned() {
            return Err(error);
        }
        tries += 1;
        pause(shared, tries);
        // That claim may have happened: then the epoch to raise is our own.
        for row in shared.engine.partitions().unwrap_or_default() {
            let ours = wanted.iter_mut().find(|(id, _)| *id == row.partition);
            if let Some((_, epoch)) = ours
                && row.owner == owner
            {
                *epoch = row.epoch;
            }
        }
    }
}

enum Found {
    Landed,
    Absent,
}

fn find(shared: &Shared, claim: &Claim, sealed: &Sealed) -> Result<Found, Arc<str>> {
    if probe::mutant("unknown-is-landed") {
        return Ok(Found::Landed);
    }
    if claim.tail + 1 == sealed.seq {
        return Ok(Found::Absent);
    }
    let records = shared
        .engine
        .snapshot()
        .and_then(|snapshot| snapshot.log(claim.partition, sealed.seq, 1))
        .map_err(|error| Arc::from(error.to_string()))?;
    let ours = |id: u128| id == sealed.batch_id;
    match records.first() {
        Some(record) if claim.tail == sealed.seq && ours(record.batch_id) => Ok(Found::Landed),
        _ => Err(Arc::from(format!(
            "the log ends at record {}, and record {} is not what was appended",
            claim.tail, sealed.seq
        ))),
    }
}

fn pause(shared: &Shared, tries: u32) {
    if shared.options.by_hand.is_some() {
        return;
    }
    let ms = u64::from(tries).saturating_mul(2).min(PAUSE_MS_MAX);
    std::thread::sleep(Duration::from_millis(ms));
}

#[cfg(test)]
mod tests {
    use crate::memory::Memory;
    use crate::{Options, Store};

    #[tokio::test]
    async fn published_rows_are_staged_no_more() {
        let options = Options { partitions: 1, ..Options::default() };
        let store =
            Store::open(std::sync::Arc::new(Memory::new()), host::Host::real(), options).unwrap();
        for n in 0..100 {
            store.stage(0, |stage| stage.put(&"open".into(), n.to_string(), "v")).unwrap();
        }
        store.commit(0, |_| ()).await.unwrap();
        let partition = &store.handle.shared.partitions[0];
        assert_eq!(partition.control.lock().staged.rows(), 0);
        assert_eq!(store.statistics().rows, 100);
    }
}
