//! The database as one node sees it: it refuses, answers late, twice or not at all, is full, and
//! the node dies before or after anything it asks for. What it acknowledged stays.

use std::ops::Range;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use store::engine::{
    Claim, Engine, EngineError, Epoch, Layout, LogRecord, Order, PartitionId, Sealed, Seq, Slice,
    Snapshot,
};
use store::probe;

use crate::node::{Life, Node};
use crate::world::World;

/// A message that is still on its way to the database.
pub(crate) struct Late {
    due_ms: u64,
    what: Message,
}

enum Message {
    Append(Vec<Sealed>),
    Flush(Vec<Slice>),
}

pub(crate) struct Disk {
    world: Weak<World>,
    life: Arc<Life>,
}

/// What befalls a call.
enum Fate {
    Fine,
    DeathBefore,
    DeathAfter,
    Busy,
    Full,
    Lost,
    Landed,
    Late,
    Twice,
    Usurped,
}

fn unknown<T>() -> Result<T, EngineError> {
    Err(EngineError::Unknown("the connection broke".to_owned()))
}

impl Disk {
    pub(crate) fn new(world: &Arc<World>, life: Arc<Life>) -> Disk {
        Disk { world: Arc::downgrade(world), life }
    }

    /// The world, for a node that lives; what was late may have come.
    fn world(&self) -> Result<Arc<World>, EngineError> {
        let world = self.world.upgrade().filter(|_| self.life.is_alive());
        let world = world.ok_or_else(|| EngineError::Device("the node is dead".to_owned()))?;
        deliver(&world);
        Ok(world)
    }

    fn die<T>(&self, world: &World) -> Result<T, EngineError> {
        world.note(format!("node {} dies", self.life.number));
        self.life.end();
        Err(EngineError::Device("the node is dead".to_owned()))
    }
}

fn fate(world: &World) -> Fate {
    if world.is_calm() {
        return Fate::Fine;
    }
    match world.below(1_000) {
        0..8 => Fate::DeathBefore,
        8..20 => Fate::DeathAfter,
        20..26 => Fate::Busy,
        26..32 => Fate::Full,
        32..42 => Fate::Lost,
        42..52 => Fate::Landed,
        52..62 => Fate::Late,
        62..72 => Fate::Twice,
        72..80 => Fate::Usurped,
        _ => Fate::Fine,
    }
}

fn post(world: &World, what: Message) {
    let due_ms = world.clock.elapsed_ms() + world.below(9_000);
    world.late.lock().push(Late { due_ms, what });
}

/// What was late arrives, whoever is in charge by now; its sender hears nothing.
fn deliver(world: &World) {
    let now_ms = world.clock.elapsed_ms();
    let due: Vec<Late> = world.late.lock().extract_if(.., |late| late.due_ms <= now_ms).collect();
    for late in due {
        let landed = match late.what {
            Message::Append(batches) => world.memory.append(&batches),
            Message::Flush(slices) => world.memory.flush(&slices),
        };
        world.note(format!("late {landed:?}"));
    }
}

impl Engine for Disk {
    fn layout(&self, wanted: Layout) -> Result<Layout, EngineError> {
        self.world()?.memory.layout(wanted)
    }

    fn partitions(&self) -> Result<Vec<Claim>, EngineError> {
        self.world()?.memory.partitions()
    }

    fn claim(
        &self,
        wanted: &[(PartitionId, Epoch)],
        node: &str,
    ) -> Result<Vec<Claim>, EngineError> {
        let world = self.world()?;
        world.note(format!("node {} claims {wanted:?}", self.life.number));
        if world.is_calm() {
            return world.memory.claim(wanted, node);
        }
        match world.below(30) {
            0 => unknown(),
            1 => world.memory.claim(wanted, node).and_then(|_| unknown()),
            2 => self.die(&world),
            _ => world.memory.claim(wanted, node),
        }
    }

    fn release(&self, held: &[(PartitionId, Epoch)]) -> Result<(), EngineError> {
        self.world()?.memory.release(held)
    }

    fn append(&self, batches: &[Sealed]) -> Result<Vec<PartitionId>, EngineError> {
        let world = self.world()?;
        for batch in batches {
            let place = (batch.partition, batch.epoch, batch.seq, batch.body.len());
            world.note(format!("node {} appends {place:?}", self.life.number));
        }
        match fate(&world) {
            Fate::Fine => world.memory.append(batches),
            Fate::DeathBefore => self.die(&world),
            Fate::DeathAfter => world.memory.append(batches).and_then(|_| self.die(&world)),
            Fate::Busy => Err(EngineError::Busy("busy".to_owned())),
            Fate::Full => Err(EngineError::Full("full".to_owned())),
            Fate::Lost => unknown(),
            Fate::Landed => world.memory.append(batches).and_then(|_| unknown()),
            Fate::Late => {
                post(&world, Message::Append(batches.to_vec()));
                if world.one_in(2) {
                    Node::usurp(&world);
                }
                unknown()
            }
            Fate::Twice => {
                post(&world, Message::Append(batches.to_vec()));
                world.memory.append(batches)
            }
            Fate::Usurped => {
                Node::usurp(&world);
                world.memory.append(batches)
            }
        }
    }

    fn flush(&self, slices: &[Slice]) -> Result<Vec<PartitionId>, EngineError> {
        let world = self.world()?;
        let rows: usize = slices.iter().map(|slice| slice.rows.len()).sum();
        world.note(format!(
            "node {} flushes {} slices, {rows} rows",
            self.life.number,
            slices.len()
        ));
        // Old rows that come late are what a fence is for: they come often.
        let late = !world.is_calm() && world.one_in(4);
        match if late { Fate::Late } else { fate(&world) } {
            Fate::Fine | Fate::Busy => world.memory.flush(slices),
            Fate::DeathBefore => self.die(&world),
            Fate::DeathAfter | Fate::Usurped => {
                // Some rows got there; `applied` did not move.
                probe::sometimes("flush cut short");
                let cut = slices.iter().map(|slice| {
                    let rows = slice.rows.iter().take(slice.rows.len() / 2).cloned().collect();
                    Slice { rows, applied: None, ..slice.clone() }
                });
                world.memory.flush(&cut.collect::<Vec<_>>()).and_then(|_| self.die(&world))
            }
            Fate::Full => Err(EngineError::Full("full".to_owned())),
            Fate::Lost => unknown(),
            Fate::Landed => world.memory.flush(slices).and_then(|_| unknown()),
            Fate::Late => {
                post(&world, Message::Flush(slices.to_vec()));
                unknown()
            }
            Fate::Twice => {
                post(&world, Message::Flush(slices.to_vec()));
                world.memory.flush(slices)
            }
        }
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        self.world()?.memory.snapshot()
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.world()?.memory.get(family, key)
    }

    fn families(&self) -> Result<Vec<String>, EngineError> {
        self.world()?.memory.families()
    }

    fn drop_family(&self, family: &str) -> Result<(), EngineError> {
        self.world()?.memory.drop_family(family)
    }
}

/// A log with one record gone or one bit turned: what every recovery has to notice.
pub(crate) struct Damaged {
    inner: Box<dyn Snapshot>,
    place: (PartitionId, Seq),
    /// Which bit is turned; without one the record is gone.
    bit: Option<usize>,
}

impl Damaged {
    pub(crate) fn new(
        inner: Box<dyn Snapshot>,
        place: (PartitionId, Seq),
        bit: Option<usize>,
    ) -> Damaged {
        Damaged { inner, place, bit }
    }
}

impl Snapshot for Damaged {
    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.inner.get(family, key)
    }

    fn scan(
        &self,
        family: &str,
        range: &Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        self.inner.scan(family, range, order, limit)
    }

    fn log(
        &self,
        partition: PartitionId,
        from: Seq,
        limit: usize,
    ) -> Result<Vec<LogRecord>, EngineError> {
        let mut records = self.inner.log(partition, from, limit)?;
        if partition != self.place.0 {
            return Ok(records);
        }
        let Some(bit) = self.bit else {
            records.retain(|record| record.seq != self.place.1);
            return Ok(records);
        };
        for record in records.iter_mut().filter(|record| record.seq == self.place.1) {
            let mut body = record.body.to_vec();
            let at = bit / 8 % body.len().max(1);
            if let Some(byte) = body.get_mut(at) {
                *byte ^= 1 << (bit % 8);
            }
            record.body = Bytes::from(body);
        }
        Ok(records)
    }
}
