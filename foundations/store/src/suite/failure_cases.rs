//! Cases about the store when the engine fails, or what it kept was damaged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Reopen, commit, family, get, open, open_faulty, options, put, until};
use crate::engine::{Engine, Epoch, PartitionId, Row, Seq, Slice};
use crate::error::{ReadError, Unavailable};
use crate::failures::{Call, Failure, Failures, Faulty};
use crate::{Pressure, Store};

/// §4.3: after a lost answer the batch is published if it is there, and appended again if not.
pub(super) fn unknown_outcomes_are_settled(reopen: &mut Reopen<'_>) {
    let (store, failures) = open_faulty(reopen, 2);
    let scripts: [&[(Call, Failure)]; 5] = [
        &[(Call::Append, Failure::UnknownLanded)],
        &[(Call::Append, Failure::UnknownLost)],
        &[(Call::Append, Failure::UnknownLost), (Call::Append, Failure::UnknownLanded)],
        &[(Call::Append, Failure::UnknownLanded), (Call::Claim, Failure::UnknownLanded)],
        &[(Call::Append, Failure::UnknownLost), (Call::Claim, Failure::UnknownLost)],
    ];
    for (n, script) in scripts.iter().enumerate() {
        for &(call, failure) in *script {
            failures.next(call, failure);
        }
        put(&store, 0, &n.to_string(), "v").expect("it commits all the same");
        put(&store, 0, "after", &n.to_string()).expect("it goes on");
    }
    assert_eq!(store.statistics().unknown, 6);
    assert_eq!(store.statistics().dropped, 0);
    drop(store);
    let store = open(reopen, 2);
    for n in 0..scripts.len() {
        assert_eq!(get(&store, 0, &n.to_string()).as_deref(), Some("v"));
    }
    assert_eq!(get(&store, 0, "after").as_deref(), Some("4"));
}

pub(super) fn busy_is_repeated(reopen: &mut Reopen<'_>) {
    let (store, failures) = open_faulty(reopen, 1);
    for _ in 0..5 {
        failures.next(Call::Append, Failure::Busy);
    }
    put(&store, 0, "a", "1").expect("it commits in the end");
    assert_eq!(store.statistics().dropped, 0);
}

/// Invariant 3: staged state does not survive a failed append.
pub(super) fn a_full_disk_drops_and_resumes(reopen: &mut Reopen<'_>) {
    let (store, failures) = open_faulty(reopen, 2);
    put(&store, 0, "a", "1").expect("it commits");
    let full = |store: &Store| store.pressure() == Pressure::ReadOnly;
    failures.set_full(true);
    store.stage(1, |stage| *stage.local::<u32>() = 7).ok();
    assert_eq!(put(&store, 1, "x", "2"), Err(Unavailable::DiskFull));
    until("no space is seen", || full(&store));
    assert_eq!(put(&store, 0, "a", "2"), Err(Unavailable::DiskFull));
    assert_eq!(get(&store, 0, "a").as_deref(), Some("1"), "reading goes on");
    assert_eq!(get(&store, 1, "x"), None);

    failures.set_full(false);
    until("space is seen again", || !full(&store));
    put(&store, 1, "b", "3").expect("it commits");
    let staged = store.stage(1, |stage| (stage.get("open", b"x").ok(), *stage.local::<u32>()));
    assert_eq!(staged, Ok((Some(None), 0)), "nothing that was dropped is left");
    drop(store);
    let store = open(reopen, 2);
    assert_eq!(get(&store, 1, "x"), None);
    assert_eq!(get(&store, 1, "b").as_deref(), Some("3"));
}

pub(super) fn a_failed_device_is_fatal(reopen: &mut Reopen<'_>) {
    let failures = Arc::new(Failures::default());
    let engine = Arc::new(Faulty::new(reopen(), failures.clone()));
    let called = Arc::new(AtomicU32::new(0));
    let count = called.clone();
    let mut options = options(2);
    options.fatal = Arc::new(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let store = Store::open(engine, host::Host::real(), options).expect("the store opens");
    put(&store, 0, "a", "1").expect("it commits");
    failures.next(Call::Append, Failure::Device);
    assert!(matches!(put(&store, 0, "a", "2"), Err(Unavailable::Failed(_))));
    assert_eq!(called.load(Ordering::SeqCst), 1, "the process was to end");
    assert!(matches!(put(&store, 1, "b", "1"), Err(Unavailable::Failed(_))), "nothing goes on");
    assert!(store.flush().is_err());
    drop(store);
    let store = open(reopen, 2);
    assert_eq!(get(&store, 0, "a").as_deref(), Some("1"));
    assert_eq!(get(&store, 1, "b"), None);
}

/// Invariant 4: a flush, whole or cut short, changes nothing a reader sees.
pub(super) fn flushes_that_fail_are_repeated(reopen: &mut Reopen<'_>) {
    let (store, failures) = open_faulty(reopen, 1);
    let rows = 1000;
    let check = |store: &Store, value: &str| {
        for n in 0..rows {
            let expected = (n % 2 == 0).then(|| value.to_owned());
            assert_eq!(get(store, 0, &format!("{n:04}")), expected);
        }
    };
    let write = |store: &Store, value: &'static str| {
        let written = commit(store, 0, |stage| {
            for n in 0..rows {
                match n % 2 {
                    0 => stage.put(&family("open"), format!("{n:04}"), value),
                    _ => stage.delete(&family("open"), format!("{n:04}")),
                }
            }
        });
        written.expect("it commits");
    };
    write(&store, "1");
    for failure in [Failure::UnknownLanded, Failure::UnknownLost, Failure::Busy] {
        failures.next(Call::Flush, failure);
        assert!(store.flush().is_err());
        check(&store, "1");
        until("it flushes", || store.flush().is_ok());
        write(&store, "1");
    }
    store.flush().expect("it flushes");
    write(&store, "2");
    // The last slice lands, but nobody hears of it: 1000 rows are five slices, then the end.
    let flushes = store.statistics().flushes;
    failures.next(Call::Flush, Failure::UnknownLanded);
    while store.flush().is_err() {
        check(&store, "2");
    }
    assert!(store.statistics().flushes >= flushes);
    write(&store, "3");
    failures.next(Call::Flush, Failure::UnknownLanded);
    assert!(store.flush().is_err());
    drop(store);
    // Killed in the middle: the families are partly ahead, and the log covers it.
    let store = open(reopen, 1);
    check(&store, "3");
    store.flush().expect("it flushes");
    check(&store, "3");
    assert_eq!(store.broken(), []);
}

/// A flush that nobody heard of may still arrive, after others of its writer.
pub(super) fn a_late_flush_is_refused(reopen: &mut Reopen<'_>) {
    let (store, failures) = open_faulty(reopen, 1);
    let engine = store.handle.shared.engine.clone();
    let epoch = |engine: &dyn Engine| -> Epoch {
        let partitions = engine.partitions().expect("it answers");
        partitions.first().expect("there is one partition").epoch
    };
    put(&store, 0, "a", "1").expect("it commits");
    let before = epoch(&*engine);
    failures.next(Call::Flush, Failure::UnknownLost);
    assert!(store.flush().is_err());
    until("the epoch rises", || epoch(&*engine) > before);
    put(&store, 0, "a", "2").expect("it commits");
    until("it flushes", || store.flush().is_ok());
    let row = Row { family: family("open"), key: "a".into(), value: Some("1".into()) };
    let late = Slice { partition: 0, epoch: before, rows: vec![row], applied: None };
    assert_eq!(engine.flush(&[late]).expect("it answers"), []);
    assert_eq!(get(&store, 0, "a").as_deref(), Some("2"));
}

pub(super) fn damage_is_found(reopen: &mut Reopen<'_>, damage: &mut dyn FnMut(PartitionId, Seq)) {
    let store = open(reopen, 2);
    put(&store, 0, "a", "1").expect("it commits");
    put(&store, 1, "a", "1").expect("it commits");
    put(&store, 1, "a", "2").expect("it commits");
    drop(store);
    // Record 1 is the claim, 2 and 3 are the commits.
    damage(1, 2);
    let store = open(reopen, 2);
    let [(1, Unavailable::Broken { partition: 1, evidence })] = &*store.broken() else {
        unreachable!("partition 1 is broken: {:?}", store.broken());
    };
    assert!(evidence.contains("log record 2"), "{evidence}");
    assert!(matches!(put(&store, 1, "a", "3"), Err(Unavailable::Broken { .. })));
    let read = store.get(1, "open", b"a");
    assert!(matches!(read, Err(ReadError::Unavailable(Unavailable::Broken { .. }))));
    put(&store, 0, "a", "2").expect("the other serves");
    store.shutdown();
    drop(store);
    let store = open(reopen, 2);
    assert_eq!(get(&store, 0, "a").as_deref(), Some("2"));
    assert_eq!(store.broken().len(), 1, "a restart heals nothing");
}
