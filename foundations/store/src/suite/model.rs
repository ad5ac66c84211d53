//! Random work against a model in memory: whatever is flushed, cut short or recovered in between,
//! readers see the committed rows, and staged work sees the staged ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::{Reopen, commit, family, open_engine, until};
use crate::Store;
use crate::engine::Order;
use crate::failures::{Call, Failure, Failures, Faulty};

const PARTITIONS: u16 = 2;
const ROUNDS: usize = 1200;
const KEYS: u64 = 60;
const FAMILIES: [&str; 2] = ["open", "day_7"];

type Model = BTreeMap<(usize, u16, String), String>;

/// A small generator: the same numbers every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

pub(super) fn readers_see_the_model(reopen: &mut Reopen<'_>) {
    let mut dice = Dice(42);
    let mut model = Model::new();
    let failures = Arc::new(Failures::default());
    let mut open = || {
        failures.clear();
        open_engine(Arc::new(Faulty::new(reopen(), failures.clone())), PARTITIONS)
    };
    let mut store = open();
    for round in 0..ROUNDS {
        let partition = u16::try_from(dice.roll(2)).expect("it is small");
        match dice.roll(100) {
            0..70 => work(&store, partition, &mut dice, &mut model),
            70..75 => until("it flushes", || store.flush().is_ok()),
            75..78 => {
                failures.next(Call::Flush, pick(&mut dice));
                // It fails, unless there was nothing to flush.
                let _ = store.flush();
                failures.clear();
            }
            78..81 => failures.next(Call::Append, pick(&mut dice)),
            81..83 => {
                drop(store);
                store = open();
            }
            83..84 => {
                store.shutdown();
                drop(store);
                store = open();
            }
            _ => look(&store, partition, &mut dice, &model),
        }
        assert_eq!(store.broken(), [], "round {round}");
    }
}

fn pick(dice: &mut Dice) -> Failure {
    if dice.roll(2) == 0 { Failure::UnknownLanded } else { Failure::UnknownLost }
}

fn key_of(partition: u16, n: u64) -> String {
    format!("{partition}/{n:02}")
}

fn work(store: &Store, partition: u16, dice: &mut Dice, model: &mut Model) {
    let mut changes = Vec::new();
    for _ in 0..=dice.roll(8) {
        let at = usize::from(dice.roll(2) == 1);
        let value = (dice.roll(3) > 0).then(|| dice.roll(1000).to_string());
        changes.push((at, key_of(partition, dice.roll(KEYS)), value));
    }
    for (at, key, value) in &changes {
        let place = (*at, partition, key.clone());
        match value {
            Some(value) => model.insert(place, value.clone()),
            None => model.remove(&place),
        };
    }
    let expected = expect(model, 0, Some(partition), 0..KEYS, Order::Forward, 7);
    let staged = commit(store, partition, |stage| {
        for (at, key, value) in changes {
            let family = family(FAMILIES.get(at).expect("there are two"));
            match value {
                Some(value) => stage.put(&family, key, value),
                None => stage.delete(&family, key),
            }
        }
        stage.scan("open", range(Some(partition), 0..KEYS), Order::Forward, 7)
    });
    assert_eq!(staged.expect("it commits").ok(), Some(expected));
}

fn look(store: &Store, partition: u16, dice: &mut Dice, model: &Model) {
    let (a, b) = (dice.roll(KEYS), dice.roll(KEYS + 1));
    let span = a.min(b)..a.max(b);
    let limit = usize::try_from(dice.roll(20)).expect("it is small");
    let at = usize::from(dice.roll(2) == 1);
    let name = FAMILIES.get(at).expect("there are two");
    for order in [Order::Forward, Order::Backward] {
        let seen = store.scan(partition, name, range(Some(partition), span.clone()), order, limit);
        let expected = expect(model, at, Some(partition), span.clone(), order, limit);
        assert_eq!(seen.ok(), Some(expected));
        let seen = store.scan_all(name, range(None, 0..KEYS), order, 9999);
        assert_eq!(seen.ok(), Some(expect(model, at, None, 0..KEYS, order, 9999)));
    }
    let key = key_of(partition, a);
    let seen = store.get(partition, name, key.as_bytes()).expect("it is readable");
    let expected = model.get(&(at, partition, key)).map(|value| Bytes::from(value.clone()));
    assert_eq!(seen, expected);
}

fn range(partition: Option<u16>, span: std::ops::Range<u64>) -> std::ops::Range<Bytes> {
    match partition {
        None => Bytes::new()..Bytes::new(),
        Some(p) => Bytes::from(key_of(p, span.start))..Bytes::from(key_of(p, span.end)),
    }
}

fn expect(
    model: &Model,
    at: usize,
    partition: Option<u16>,
    span: std::ops::Range<u64>,
    order: Order,
    limit: usize,
) -> Vec<(Bytes, Bytes)> {
    let bounds = range(partition, span);
    let within = |key: &str| {
        partition.is_none() || (bounds.start <= key.as_bytes() && key.as_bytes() < &bounds.end[..])
    };
    let rows = model.iter().filter(|((family, owner, key), _)| {
        *family == at && partition.is_none_or(|p| p == *owner) && within(key)
    });
    let rows =
        rows.map(|((_, _, key), value)| (Bytes::from(key.clone()), Bytes::from(value.clone())));
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    if order == Order::Backward {
        rows.reverse();
    }
    rows.truncate(limit);
    rows
}
