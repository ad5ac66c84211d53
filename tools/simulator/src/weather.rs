//! What happens to nodes by itself: they die, start, flush, are replaced, and their clocks jump.

use std::sync::Arc;

use moment::Random;
use store::engine::{Engine, PartitionId};
use store::error::Unavailable;
use store::probe;

use crate::disk::Damaged;
use crate::node::Node;
use crate::world::World;

/// Records of a log that one drill looks at.
const RECORDS_MAX: usize = 1_000;

/// Keeps one node leading, until the end.
pub(crate) async fn supervise(world: Arc<World>) {
    loop {
        let Some(node) = world.leader() else {
            world.rest(100, 4_000).await;
            // Another may have taken over meanwhile.
            if world.leader().is_none()
                && let Ok(node) = Node::claim(&world)
            {
                world.crown(node.clone());
                node.serve(&world).await;
            }
            continue;
        };
        tokio::select! {
            biased;
            () = node.ended() => {}
            () = world.rest(500, 1_500) => look(&world, &node),
        }
    }
}

/// What a node does about itself: one that was replaced gives way.
fn look(world: &World, node: &Node) {
    node.store.watch();
    let moved = |(_, why): &(PartitionId, Unavailable)| matches!(why, Unavailable::Moved(_));
    if node.store.broken().iter().any(moved) {
        world.note(format!("node {} gives way", node.number));
        node.life.end();
    }
}

/// Bad weather, until it is calm.
pub(crate) async fn storm(world: Arc<World>) {
    loop {
        world.rest(200, 3_000).await;
        if world.is_calm() {
            return;
        }
        let Some(node) = world.leader() else { continue };
        match world.below(12) {
            0..5 => flush(&world, &node),
            5..7 => {
                world.note(format!("node {} is killed", node.number));
                node.life.end();
            }
            7 => take_over(&world).await,
            8 => {
                let by_ms = i64::try_from(world.below(40_000)).unwrap_or(0) - 20_000;
                world.note(format!("the clock jumps by {by_ms} ms"));
                world.clock.jump(by_ms);
                if by_ms < 0 {
                    node.life.end();
                }
            }
            9 => end_zombies(&world),
            _ => drill(&world),
        }
    }
}

pub(crate) fn flush(world: &World, node: &Node) {
    let flushed = node.store.flush();
    world.note(format!("node {} flushed: {}", node.number, flushed.is_ok()));
    for zombie in world.zombies.lock().clone() {
        if zombie.is_alive() && world.one_in(2) {
            // Its rows are old; the database has to refuse them.
            let _ = zombie.store.flush();
        }
    }
}

/// Another node believes that this one is gone.
async fn take_over(world: &Arc<World>) {
    if let Ok(node) = Node::claim(world) {
        world.crown(node.clone());
        node.serve(world).await;
    }
}

pub(crate) fn end_zombies(world: &World) {
    for zombie in world.zombies.lock().drain(..) {
        zombie.life.end();
    }
}

/// A copy of the database loses a record or a bit of its log: no recovery believes that.
fn drill(world: &World) {
    let copy = world.memory.fork();
    let (Ok(claims), Ok(snapshot)) = (copy.partitions(), copy.snapshot()) else { return };
    for claim in claims {
        let records = snapshot.log(claim.partition, claim.applied + 1, RECORDS_MAX);
        let Ok(records) = records else { continue };
        if records.is_empty() {
            continue;
        }
        let mut chance = Random::new(world.below(u64::MAX));
        let at = usize::try_from(chance.next_u64()).unwrap_or(0) % records.len();
        let Some(seq) = records.get(at).map(|record| record.seq) else { continue };
        let bit = usize::try_from(chance.next_u64() >> 8).unwrap_or(0);
        let bit = (chance.next_u64().is_multiple_of(2)).then_some(bit);
        let inner = match copy.snapshot() {
            Ok(inner) => inner,
            Err(_) => return,
        };
        let damaged = Damaged::new(inner, (claim.partition, seq), bit);
        match store::check::log(&damaged, &copy, claim.partition) {
            Ok(Some(_)) => probe::sometimes("log damage told"),
            Ok(None) => world.violation(format!("damage to record {seq} was not noticed: {bit:?}")),
            Err(error) => world.note(format!("drill: {error}")),
        }
    }
}
