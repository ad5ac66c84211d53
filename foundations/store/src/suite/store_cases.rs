//! Cases about the store on the engine, when nothing fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Reopen, commit, family, get, open, open_engine, put, text};
use crate::engine::Order;
use crate::error::Unavailable;
use crate::{Pressure, SLOTS, STAGE_BYTES_MAX, Store, prefix};

pub(super) fn commits_survive_a_kill(reopen: &mut Reopen<'_>) {
    for round in 0..3 {
        let store = open(reopen, 4);
        for earlier in 0..round {
            assert_eq!(get(&store, 1, &format!("k{earlier}")), Some("v".to_owned()));
        }
        assert_eq!(get(&store, 1, "gone"), (round > 0).then(|| format!("{}", round - 1)));
        put(&store, 1, &format!("k{round}"), "v").expect("it commits");
        put(&store, 1, "gone", &round.to_string()).expect("it commits");
        assert_eq!(store.broken(), []);
        if round == 1 {
            store.flush().expect("it flushes");
            assert_eq!(store.statistics().overlay_bytes, 0, "what is flushed is not in memory");
        }
    }
}

/// Invariant 3: staged state is never read by a request.
pub(super) fn staged_rows_are_not_shown(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 2);
    let open = family("open");
    put(&store, 0, "a", "1").expect("it commits");
    store.flush().expect("it flushes");
    let seen = store.stage(0, |stage| {
        stage.put(&open, "a", "2");
        stage.put(&open, "b", "2");
        stage.delete(&open, "c");
        let own = stage.get("open", b"a").expect("it is readable").map(|v| text(&v));
        let all = stage.scan("open", prefix(b""), Order::Backward, 9).expect("it is readable");
        (own, all.iter().map(|(k, v)| text(k) + &text(v)).collect::<Vec<_>>(), get(&store, 0, "a"))
    });
    let (own, all, outside) = seen.expect("it stages");
    assert_eq!(own.as_deref(), Some("2"));
    assert_eq!(all, ["b2", "a2"]);
    assert_eq!(outside.as_deref(), Some("1"), "a reader beside it sees what is committed");
    let behind = store.stage(0, |stage| stage.get("open", b"b").expect("it is readable"));
    assert_eq!(behind, Ok(Some(Bytes::from("2"))), "work behind it sees what is staged");
    // Read-only work waits for what it may have read.
    commit(&store, 0, |_| ()).expect("it commits");
    assert_eq!(get(&store, 0, "a").as_deref(), Some("2"));
}

pub(super) fn settled_in_order(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 1);
    let told = Arc::new(Mutex::new(Vec::new()));
    for n in 0..1000_u32 {
        let (told, reader) = (told.clone(), store.clone());
        let staged = store.stage(0, move |stage| {
            let key = format!("k{n}");
            stage.put(&family("open"), key.clone(), n.to_string());
            stage.on_settled(move |outcome| {
                assert_eq!(outcome, Ok(()));
                told.lock().push((n, get(&reader, 0, &key)));
            });
        });
        staged.expect("it stages");
    }
    // Work that writes is told after all of them; what only reads need not wait for their turn.
    put(&store, 0, "last", "v").expect("it commits");
    let told = told.lock();
    let expected: Vec<_> = (0..1000).map(|n| (n, Some(n.to_string()))).collect();
    assert_eq!(*told, expected, "each in its turn, when its rows were there to read");
    let statistics = store.statistics();
    assert_eq!(statistics.rows, 1001);
    assert!(statistics.groups < 1000, "work staged together is committed together");
}

/// §8, §11: starts are slowed at three quarters of a limit and refused at it.
pub(super) fn pressure_follows_what_is_held(reopen: &mut Reopen<'_>) {
    let mut options = super::options(1);
    options.overlay_bytes_max = 100_000;
    let store = Store::open(reopen(), host::Host::real(), options).expect("the store opens");
    let mut seen = Vec::new();
    for n in 0..10_u32 {
        let written = commit(&store, 0, |stage| {
            stage.put(&family("open"), n.to_string(), vec![b'x'; 10_000]);
        });
        written.expect("it commits under any pressure");
        seen.push(store.pressure());
    }
    let mut expected = vec![Pressure::Easy; 7];
    expected.extend([Pressure::Slow, Pressure::Slow, Pressure::RefuseStarts]);
    assert_eq!(seen, expected);
    store.flush().expect("it flushes");
    assert_eq!(store.pressure(), Pressure::Easy);
    assert_eq!(store.statistics().waiting, 0);
}

pub(super) fn panicking_work_leaves_nothing(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 1);
    put(&store, 0, "a", "1").expect("it commits");
    store.stage(0, |stage| *stage.local::<u32>() = 7).expect("it stages");
    assert_eq!(store.stage(0, |stage| *stage.local::<u32>()), Ok(7));
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.stage(0, |stage| {
            stage.put(&family("open"), "a", "2");
            stage.on_settled(|_| unreachable!("the work never was"));
            assert!(stage.partition() > 0, "on purpose");
        })
    }));
    std::panic::set_hook(quiet);
    assert!(panicked.is_err());
    let seen = store.stage(0, |stage| (stage.get("open", b"a").ok(), *stage.local::<u32>()));
    assert_eq!(seen, Ok((Some(Some(Bytes::from("1"))), 0)), "the caches are gone too");
    put(&store, 0, "b", "1").expect("it goes on");
    drop(store);
    assert_eq!(get(&open(reopen, 1), 0, "a").as_deref(), Some("1"));
}

pub(super) fn large_and_many_rows(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 1);
    let big = vec![b'x'; STAGE_BYTES_MAX + 1];
    let refused = commit(&store, 0, |stage| stage.put(&family("open"), "big", big));
    assert!(matches!(refused, Err(Unavailable::TooLarge { .. })), "{refused:?}");
    // Several batches' worth, staged at once, and incompressible.
    let noise = |n: u64| -> Vec<u8> {
        (0..300_000_u64)
            .map(|i| ((i + n).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8)
            .collect()
    };
    for n in 0..12 {
        let staged =
            store.stage(0, |stage| stage.put(&family("open"), format!("n{n:02}"), noise(n)));
        staged.expect("it stages");
    }
    let staged = store.stage(0, |stage| {
        for n in 0..1500 {
            stage.put(&family("index_open"), format!("{n:04}"), "x");
        }
    });
    staged.expect("it stages");
    commit(&store, 0, |_| ()).expect("it commits");
    for flushed in [false, true] {
        if flushed {
            store.flush().expect("it flushes");
        }
        let rows = store.scan(0, "open", prefix(b"n"), Order::Forward, 99).expect("it is readable");
        assert_eq!(rows.len(), 12);
        assert!(rows.iter().zip(0..).all(|((_, value), n)| *value == noise(n)));
        let index = store.scan(0, "index_open", prefix(b""), Order::Backward, 9999);
        assert_eq!(index.expect("it is readable").len(), 1500);
    }
    assert_eq!(store.statistics().flushed_rows, 1512);
}

/// Invariant 10.
pub(super) fn ids_are_never_reused(reopen: &mut Reopen<'_>) {
    let mut last = 0;
    for round in 0..4 {
        let store = open(reopen, 2);
        for _ in 0..10 {
            // The clock stands still, and then falls back.
            let now_ms = 1_800_000_000_000 - i64::from(round);
            let id = commit(&store, 1, |stage| {
                let id = stage.next_id(SLOTS - 1, now_ms);
                stage.put(&family("open"), format!("{id}"), "");
                id
            });
            let id = id.expect("it commits");
            assert!(id > last, "{id} after {last}");
            last = id;
        }
        if round == 2 {
            // Then the mark is in the anchor, not in the log.
            store.shutdown();
        }
    }
}

pub(super) fn scans_merge_partitions(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 4);
    let index = family("index_open");
    let mut expected = Vec::new();
    for n in 0..600_u32 {
        let partition = u16::try_from(n * 7 % 4).expect("it is small");
        let staged = store.stage(partition, |stage| {
            stage.put(&index, format!("{n:03}"), partition.to_string());
            if n >= 300 && n % 3 == 0 {
                stage.delete(&index, format!("{:03}", n - 300));
            }
        });
        staged.expect("it stages");
        expected.push(format!("{n:03}"));
        if n == 299 {
            for partition in 0..4 {
                commit(&store, partition, |_| ()).expect("it commits");
            }
            store.flush().expect("it flushes");
        }
    }
    for partition in 0..4 {
        commit(&store, partition, |_| ()).expect("it commits");
    }
    for n in (300..600).filter(|n| n % 3 == 0) {
        expected.retain(|key| *key != format!("{:03}", n - 300));
    }
    let keys = |order, limit| {
        let rows = store.scan_all("index_open", prefix(b""), order, limit);
        rows.expect("it is readable").iter().map(|(key, _)| text(key)).collect::<Vec<_>>()
    };
    assert_eq!(keys(Order::Forward, 9999), expected);
    assert_eq!(keys(Order::Forward, 123), expected.iter().take(123).cloned().collect::<Vec<_>>());
    expected.reverse();
    assert_eq!(keys(Order::Backward, 9999), expected);
    assert_eq!(keys(Order::Backward, 450), expected.iter().take(450).cloned().collect::<Vec<_>>());
}

/// What many scans find one by one, one question finds at once, flushed or not.
pub(super) fn scans_of_many_ranges_at_once(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 2);
    let slots = [0_u16, 1, 511, 512, 1023];
    let put_all = |number: u16| {
        for slot in slots {
            let partition = store.partition_of(slot);
            let key = [&slot.to_be_bytes()[..], &number.to_be_bytes()].concat();
            commit(&store, partition, |stage| stage.put(&family("open"), key, "v"))
                .expect("it commits");
        }
    };
    put_all(1);
    put_all(3);
    store.flush().expect("it flushes");
    put_all(2);
    commit(&store, 0, |stage| stage.delete(&family("open"), [0, 0, 0, 1].to_vec()))
        .expect("it commits");
    let ranges: Vec<_> = slots
        .iter()
        .map(|slot| (store.partition_of(*slot), crate::prefix(&slot.to_be_bytes())))
        .collect();
    for limit in [1, 2, 9] {
        let mut one_by_one = Vec::new();
        for (partition, range) in &ranges {
            let rows = store.scan(*partition, "open", range.clone(), Order::Forward, limit);
            one_by_one.extend(rows.expect("it is readable"));
        }
        let at_once = store.scan_each("open", &ranges, limit).expect("it is readable");
        assert_eq!(at_once, one_by_one, "at most {limit}");
    }
    let none = store.scan_each("absent", &ranges, 9).expect("it is readable");
    assert_eq!(none, []);
}

pub(super) fn dropped_families_stay_away(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 2);
    for (partition, name) in [(0, "day_1"), (1, "day_1"), (1, "day_2")] {
        commit(&store, partition, |stage| stage.put(&family(name), "k", "v")).expect("it commits");
    }
    assert_eq!(store.families().ok(), Some(vec!["day_1".to_owned(), "day_2".to_owned()]));
    store.drop_family("day_1").expect("it drops");
    commit(&store, 0, |stage| stage.put(&family("day_3"), "k", "v")).expect("it commits");
    let expected = vec!["day_2".to_owned(), "day_3".to_owned()];
    assert_eq!(store.families().ok(), Some(expected.clone()));
    drop(store);
    let store = open(reopen, 2);
    assert_eq!(store.families().ok(), Some(expected));
    assert_eq!(store.get(1, "day_1", b"k").ok(), Some(None));
}

pub(super) fn shutdown_keeps_what_was_staged(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 4);
    for n in 0..2000_u16 {
        let staged = store.stage(n % 4, |stage| stage.put(&family("open"), n.to_string(), "v"));
        staged.expect("it stages");
    }
    store.shutdown();
    assert_eq!(store.stage(0, |_| ()), Err(Unavailable::Stopping));
    assert_eq!(store.statistics().overlay_bytes, 0);
    drop(store);
    let store = open(reopen, 4);
    assert_eq!(store.statistics().overlay_bytes, 0, "nothing is left to replay");
    for n in 0..2000_u16 {
        assert_eq!(get(&store, n % 4, &n.to_string()).as_deref(), Some("v"));
    }
}

/// Invariant 4 while work goes on: what is committed during a flush stays in sight.
pub(super) fn flushes_beside_commits(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 2);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                store.flush().expect("it flushes");
            }
        });
        for n in 0..400_u32 {
            let partition = u16::try_from(n % 2).expect("it is small");
            let key = format!("{}", n % 6);
            put(&store, partition, &key, &n.to_string()).expect("it commits");
            assert_eq!(get(&store, partition, &key), Some(n.to_string()));
        }
        done.store(true, Ordering::Release);
    });
    assert!(store.statistics().flushes > 0);
}

pub(super) fn a_second_owner_fences_the_first(reopen: &mut Reopen<'_>) {
    let engine = reopen();
    let first = open_engine(engine.clone(), 2);
    put(&first, 0, "a", "first").expect("it commits");
    let second = open_engine(engine, 2);
    assert_eq!(get(&second, 0, "a").as_deref(), Some("first"));
    put(&second, 0, "a", "second").expect("it commits");
    assert_eq!(put(&first, 0, "a", "late"), Err(Unavailable::Moved(0)));
    assert!(first.get(0, "open", b"a").is_err(), "what it has may be old");
    assert_eq!(put(&first, 0, "a", "later"), Err(Unavailable::Moved(0)));
    first.shutdown();
    second.flush().expect("it flushes");
    assert_eq!(get(&second, 0, "a").as_deref(), Some("second"));
    put(&second, 1, "b", "second").expect("the first released nothing that is not its own");
}
