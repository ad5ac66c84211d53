//! What an engine must do, as cases that every engine runs in its tests:
//!
//! ```text
//! for (name, case) in store::suite::CASES { /* fresh data */ case(&mut reopen); }
//! ```
//!
//! `reopen` opens the same data again. A case lets go of everything it opened before it calls it,
//! without shutting down unless it says so: as if the process had been killed in between.

mod engine_cases;
mod failure_cases;
mod model;
mod store_cases;
mod transfer_cases;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::engine::{Engine, Family, PartitionId, Seq};
use crate::error::Unavailable;
use crate::failures::{Failures, Faulty};
use crate::{Options, Stage, Store};

/// Opens the same data once more.
pub type Reopen<'a> = dyn FnMut() -> Arc<dyn Engine> + 'a;

/// A case; it panics where the engine is wrong.
pub type Case = fn(&mut Reopen<'_>);

/// Every case, by name. Each expects data that nothing was written to.
pub const CASES: &[(&str, Case)] = &[
    ("layout_is_decided_once", engine_cases::layout_is_decided_once),
    ("claims_fence_earlier_owners", engine_cases::claims_fence_earlier_owners),
    ("appends_need_their_place", engine_cases::appends_need_their_place),
    ("appends_of_a_group_land_one_by_one", engine_cases::appends_of_a_group_land_one_by_one),
    ("flushes_are_fenced_and_trim", engine_cases::flushes_are_fenced_and_trim),
    ("scans_go_both_ways", engine_cases::scans_go_both_ways),
    ("snapshots_do_not_change", engine_cases::snapshots_do_not_change),
    ("families_are_dropped", engine_cases::families_are_dropped),
    ("commits_survive_a_kill", store_cases::commits_survive_a_kill),
    ("staged_rows_are_not_shown", store_cases::staged_rows_are_not_shown),
    ("settled_in_order", store_cases::settled_in_order),
    ("pressure_follows_what_is_held", store_cases::pressure_follows_what_is_held),
    ("panicking_work_leaves_nothing", store_cases::panicking_work_leaves_nothing),
    ("large_and_many_rows", store_cases::large_and_many_rows),
    ("ids_are_never_reused", store_cases::ids_are_never_reused),
    ("scans_merge_partitions", store_cases::scans_merge_partitions),
    ("scans_of_many_ranges_at_once", store_cases::scans_of_many_ranges_at_once),
    ("everything_moves_to_another_engine", transfer_cases::everything_moves_to_another_engine),
    ("dropped_families_stay_away", store_cases::dropped_families_stay_away),
    ("shutdown_keeps_what_was_staged", store_cases::shutdown_keeps_what_was_staged),
    ("flushes_beside_commits", store_cases::flushes_beside_commits),
    ("a_second_owner_fences_the_first", store_cases::a_second_owner_fences_the_first),
    ("unknown_outcomes_are_settled", failure_cases::unknown_outcomes_are_settled),
    ("busy_is_repeated", failure_cases::busy_is_repeated),
    ("a_full_disk_drops_and_resumes", failure_cases::a_full_disk_drops_and_resumes),
    ("a_failed_device_is_fatal", failure_cases::a_failed_device_is_fatal),
    ("flushes_that_fail_are_repeated", failure_cases::flushes_that_fail_are_repeated),
    ("a_late_flush_is_refused", failure_cases::a_late_flush_is_refused),
    ("readers_see_the_model", model::readers_see_the_model),
];

/// Damage to the log is found, named, and stops only the partition that has it. `damage` changes
/// the body of a stored record.
pub fn damage_is_found(reopen: &mut Reopen<'_>, damage: &mut dyn FnMut(PartitionId, Seq)) {
    failure_cases::damage_is_found(reopen, damage);
}

/// How long anything may take before a case calls it hung.
const PATIENCE: Duration = Duration::from_secs(60);

fn options(partitions: u16) -> Options {
    Options {
        partitions,
        // Flushes happen when a case asks for them.
        flush_interval: Duration::from_secs(3600),
        watch_interval: Duration::from_millis(10),
        fatal: Arc::new(|_| {}),
        ..Options::default()
    }
}

fn open(reopen: &mut Reopen<'_>, partitions: u16) -> Store {
    open_engine(reopen(), partitions)
}

fn open_engine(engine: Arc<dyn Engine>, partitions: u16) -> Store {
    Store::open(engine, host::Host::real(), options(partitions)).expect("the store opens")
}

fn open_faulty(reopen: &mut Reopen<'_>, partitions: u16) -> (Store, Arc<Failures>) {
    let failures = Arc::new(Failures::default());
    let engine = Arc::new(Faulty::new(reopen(), failures.clone()));
    (open_engine(engine, partitions), failures)
}

fn family(name: &str) -> Family {
    Family::from(name)
}

/// Commits on this thread.
fn commit<R: Send>(
    store: &Store,
    partition: PartitionId,
    work: impl FnOnce(&mut Stage<'_>) -> R + Send,
) -> Result<R, Unavailable> {
    wait(store.commit(partition, work))
}

fn put(store: &Store, partition: PartitionId, key: &str, value: &str) -> Result<(), Unavailable> {
    let (key, value) = (key.to_owned(), value.to_owned());
    commit(store, partition, |stage| stage.put(&family("open"), key, value))
}

fn get(store: &Store, partition: PartitionId, key: &str) -> Option<String> {
    let found = store.get(partition, "open", key.as_bytes()).expect("the row is readable");
    found.map(|value| text(&value))
}

fn text(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime needs nothing but memory");
    let patient = async { tokio::time::timeout(PATIENCE, future).await };
    runtime.block_on(patient).expect("it ends in time")
}

/// Looks again and again until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !so() {
        assert!(begin.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
