//! Cases about the engine alone.

use bytes::Bytes;

use super::{Reopen, family};
use crate::engine::{
    Applied, Claim, Engine, EngineError, Layout, Order, PartitionId, Row, Sealed, Seq, Slice,
};

const PARTITIONS: u16 = 4;

fn begin(engine: &dyn Engine) -> Vec<Claim> {
    let layout = engine.layout(Layout { cluster: 77, partitions: PARTITIONS });
    layout.expect("a layout is made");
    claim(engine)
}

fn claim(engine: &dyn Engine) -> Vec<Claim> {
    let rows = engine.partitions().expect("partitions are readable");
    let wanted: Vec<_> = rows.iter().map(|row| (row.partition, row.epoch)).collect();
    engine.claim(&wanted, "me").expect("claims are answered")
}

fn sealed(partition: PartitionId, epoch: u64, seq: Seq, body: &str) -> Sealed {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Sealed { partition, epoch, seq, batch_id: u128::MAX - u128::from(seq), body }
}

fn row(name: &str, key: &[u8], value: Option<&[u8]>) -> Row {
    let key = Bytes::copy_from_slice(key);
    Row { family: family(name), key, value: value.map(Bytes::copy_from_slice) }
}

fn slice(partition: PartitionId, epoch: u64, rows: Vec<Row>) -> Slice {
    Slice { partition, epoch, rows, applied: None }
}

fn applied(from: Seq, to: Seq) -> Option<Applied> {
    Some(Applied { from, to, anchor: Bytes::from_static(b"anchor") })
}

fn append(engine: &dyn Engine, batch: Sealed) -> bool {
    let partition = batch.partition;
    engine.append(&[batch]).expect("appends are answered") == [partition]
}

fn flush(engine: &dyn Engine, slice: Slice) -> bool {
    let partition = slice.partition;
    engine.flush(&[slice]).expect("flushes are answered") == [partition]
}

fn bodies(engine: &dyn Engine, partition: PartitionId, from: Seq) -> Vec<String> {
    let snapshot = engine.snapshot().expect("snapshots are made");
    let records = snapshot.log(partition, from, 100).expect("the log is readable");
    records.iter().map(|r| format!("{}/{} {}", r.seq, r.epoch, super::text(&r.body))).collect()
}

pub(super) fn layout_is_decided_once(reopen: &mut Reopen<'_>) {
    let wanted = Layout { cluster: 7, partitions: 8 };
    assert_eq!(reopen().layout(wanted), Ok(wanted));
    let other = Layout { cluster: 8, partitions: 64 };
    let engine = reopen();
    assert_eq!(engine.layout(other), Ok(wanted));
    let rows = engine.partitions().expect("partitions are readable");
    assert_eq!(rows, (0..8).map(Claim::first).collect::<Vec<_>>());
}

pub(super) fn claims_fence_earlier_owners(reopen: &mut Reopen<'_>) {
    let engine = reopen();
    assert!(begin(engine.as_ref()).iter().all(|c| c.epoch == 1 && c.owner == "me"));
    assert!(append(engine.as_ref(), sealed(0, 1, 1, "old")));
    drop(engine);

    let engine = reopen();
    let claims = engine.claim(&[(0, 1), (1, 0), (2, 1)], "you").expect("claims are answered");
    let told: Vec<_> = claims.iter().map(|c| (c.partition, c.epoch, c.tail, &*c.owner)).collect();
    assert_eq!(told, [(0, 2, 1, "you"), (2, 2, 0, "you")], "partition 1 was not at epoch 0");
    assert!(!append(engine.as_ref(), sealed(0, 1, 2, "late")));
    assert!(append(engine.as_ref(), sealed(0, 2, 2, "new")));
    assert_eq!(bodies(engine.as_ref(), 0, 1), ["1/1 old", "2/2 new"]);

    engine.release(&[(0, 1), (2, 2)]).expect("releases are answered");
    let owners = engine.partitions().expect("partitions are readable");
    let owners: Vec<_> = owners.iter().map(|row| &*row.owner).collect();
    assert_eq!(owners, ["you", "me", "", "me"], "only the owner of now can release");
}

pub(super) fn appends_need_their_place(reopen: &mut Reopen<'_>) {
    let engine = reopen();
    begin(engine.as_ref());
    assert!(!append(engine.as_ref(), sealed(1, 1, 2, "gap")));
    assert!(append(engine.as_ref(), sealed(1, 1, 1, "a")));
    assert!(!append(engine.as_ref(), sealed(1, 1, 1, "again")));
    assert!(append(engine.as_ref(), sealed(1, 1, 2, "b")));
    assert!(flush(engine.as_ref(), Slice { applied: applied(0, 2), ..slice(1, 1, vec![]) }));
    assert_eq!(bodies(engine.as_ref(), 1, 0), [""; 0], "the log is trimmed");
    assert!(!append(engine.as_ref(), sealed(1, 1, 1, "late")), "though its place is free");
    assert!(append(engine.as_ref(), sealed(1, 1, 3, "c")));
    drop(engine);
    assert_eq!(bodies(reopen().as_ref(), 1, 0), ["3/1 c"]);
}

pub(super) fn appends_of_a_group_land_one_by_one(reopen: &mut Reopen<'_>) {
    let engine = reopen();
    begin(engine.as_ref());
    engine.claim(&[(2, 1)], "you").expect("claims are answered");
    let group = [sealed(1, 1, 1, "one"), sealed(2, 1, 1, "fenced"), sealed(3, 1, 1, "three")];
    assert_eq!(engine.append(&group), Ok(vec![1, 3]));
    assert_eq!(bodies(engine.as_ref(), 1, 0), ["1/1 one"]);
    assert_eq!(bodies(engine.as_ref(), 2, 0), [""; 0]);
    let tails = engine.partitions().expect("partitions are readable");
    assert_eq!(tails.iter().map(|row| row.tail).collect::<Vec<_>>(), [0, 1, 0, 1]);
}

pub(super) fn flushes_are_fenced_and_trim(reopen: &mut Reopen<'_>) {
    let engine = reopen();
    begin(engine.as_ref());
    for seq in 1..=3 {
        assert!(append(engine.as_ref(), sealed(0, 1, seq, "x")));
    }
    let rows = || vec![row("open", b"k", Some(b"v")), row("day_1", b"d", Some(b"w"))];
    assert!(!flush(engine.as_ref(), slice(0, 0, rows())), "an old epoch");
    assert_eq!(engine.get("open", b"k"), Ok(None));
    assert!(flush(engine.as_ref(), slice(0, 1, rows())));
    assert_eq!(bodies(engine.as_ref(), 0, 0).len(), 3, "only the last slice trims");

    let last = |from, to| Slice {
        applied: applied(from, to),
        ..slice(0, 1, vec![row("open", b"k", None)])
    };
    assert!(!flush(engine.as_ref(), last(1, 2)), "`applied` is 0");
    assert!(!flush(engine.as_ref(), last(0, 4)), "beyond the tail");
    assert_eq!(
        engine.get("open", b"k"),
        Ok(Some(Bytes::from("v"))),
        "refused slices write nothing"
    );
    assert!(flush(engine.as_ref(), last(0, 2)));
    drop(engine);

    let engine = reopen();
    assert_eq!(engine.get("open", b"k"), Ok(None));
    assert_eq!(engine.get("day_1", b"d"), Ok(Some(Bytes::from("w"))));
    assert_eq!(bodies(engine.as_ref(), 0, 0), ["3/1 x"]);
    let row = engine.partitions().expect("partitions are readable").swap_remove(0);
    assert_eq!((row.applied, row.tail, row.anchor), (2, 3, Bytes::from("anchor")));
}

pub(super) fn scans_go_both_ways(reopen: &mut Reopen<'_>) {
    let engine = reopen();
    begin(engine.as_ref());
    let keys: [&[u8]; 6] = [b"", b"\0", b"a", b"a\0", b"b", b"\xff\xff"];
    let rows = keys.iter().map(|key| row("open", key, Some(key))).collect();
    assert!(flush(engine.as_ref(), slice(0, 1, rows)));
    let snapshot = engine.snapshot().expect("snapshots are made");
    let scan = |start: &'static [u8], end: &'static [u8], order, limit| {
        let range = Bytes::from_static(start)..Bytes::from_static(end);
        let rows = snapshot.scan("open", &range, order, limit).expect("families are readable");
        rows.into_iter()
            .map(|(key, value)| {
                assert_eq!(key, value);
                key.to_vec()
            })
            .collect::<Vec<_>>()
    };
    let mut backward = keys;
    backward.reverse();
    assert_eq!(scan(b"", b"", Order::Forward, 99), keys);
    assert_eq!(scan(b"", b"", Order::Backward, 99), backward);
    assert_eq!(scan(b"a", b"b", Order::Forward, 99), [&b"a"[..], b"a\0"]);
    assert_eq!(scan(b"a", b"b", Order::Backward, 99), [&b"a\0"[..], b"a"]);
    assert_eq!(scan(b"\0", b"", Order::Forward, 2), [&b"\0"[..], b"a"]);
    assert_eq!(scan(b"\0", b"\xff\xff", Order::Backward, 2), [&b"b"[..], b"a\0"]);
    let none: [&[u8]; 0] = [];
    assert_eq!(scan(b"b", b"a", Order::Forward, 99), none);
    assert_eq!(scan(b"a", b"a", Order::Backward, 99), none);
    assert_eq!(scan(b"", b"", Order::Forward, 0), none);
    let all = Bytes::new()..Bytes::new();
    assert_eq!(snapshot.scan("absent", &all, Order::Forward, 9), Ok(vec![]));
}

pub(super) fn snapshots_do_not_change(reopen: &mut Reopen<'_>) {
    let engine = reopen();
    begin(engine.as_ref());
    assert!(append(engine.as_ref(), sealed(0, 1, 1, "x")));
    assert!(flush(engine.as_ref(), slice(0, 1, vec![row("open", b"k", Some(b"1"))])));
    let snapshot = engine.snapshot().expect("snapshots are made");
    let change = vec![row("open", b"k", Some(b"2")), row("open", b"l", Some(b"2"))];
    assert!(flush(engine.as_ref(), Slice { applied: applied(0, 1), ..slice(0, 1, change) }));
    let all = Bytes::new()..Bytes::new();
    let old = vec![(Bytes::from("k"), Bytes::from("1"))];
    assert_eq!(snapshot.scan("open", &all, Order::Forward, 9), Ok(old));
    assert_eq!(snapshot.get("open", b"l"), Ok(None));
    assert_eq!(snapshot.log(0, 1, 9).expect("the log is readable").len(), 1);
    assert_eq!(engine.get("open", b"k"), Ok(Some(Bytes::from("2"))));
}

pub(super) fn families_are_dropped(reopen: &mut Reopen<'_>) {
    let engine = reopen();
    begin(engine.as_ref());
    let rows = vec![row("day_1", b"k", Some(b"1")), row("day_2", b"k", Some(b"2"))];
    assert!(flush(engine.as_ref(), slice(0, 1, rows)));
    assert_eq!(engine.families(), Ok(vec!["day_1".to_owned(), "day_2".to_owned()]));
    assert_eq!(engine.drop_family("day_1"), Ok(()));
    assert_eq!(engine.drop_family("never"), Ok::<(), EngineError>(()));
    assert_eq!(engine.get("day_1", b"k"), Ok(None));
    drop(engine);
    let engine = reopen();
    assert_eq!(engine.families(), Ok(vec!["day_2".to_owned()]));
    let again = vec![row("day_1", b"k", Some(b"3"))];
    let epoch = engine.partitions().expect("partitions are readable").swap_remove(0).epoch;
    assert!(flush(engine.as_ref(), slice(0, epoch, again)));
    assert_eq!(engine.get("day_1", b"k"), Ok(Some(Bytes::from("3"))));
}
