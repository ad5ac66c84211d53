//! The real services and engine code on simulated time, network and database, driven by a seed:
//! the same seed is the same run. Start at [`run`].
//!
//! First a safety phase, in which everything fails; then all is calm, and everything that was
//! begun must come to an end, agree with what clients were told, and be the same after a restart.

mod check;
mod clients;
mod definitions;
mod disk;
mod facts;
mod functions;
mod node;
mod weather;
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use store::probe;
use tokio::runtime::Builder;

use crate::world::World;

pub use store::probe::{MUTANTS, PLACES};

/// How long things fail.
const STORM: Duration = Duration::from_secs(50);
/// How long everything may take to come to an end afterwards.
const LOOKS_MAX: usize = 40;
const LOOK_EVERY: Duration = Duration::from_secs(5);
const CLIENTS: u64 = 3;
const WORKERS: u64 = 2;
const SETTLERS: u64 = 2;

/// What came of one run.
#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    pub violations: Vec<String>,
    /// Of everything that happened, in order.
    pub digest: u64,
    /// What happened, its beginning.
    pub trace: Vec<String>,
    /// How often each place was reached.
    pub reached: BTreeMap<&'static str, u64>,
}

/// Runs one seed, with a deliberate mistake or none.
pub fn run(seed: u64, mutant: Option<&str>) -> anyhow::Result<Report> {
    anyhow::ensure!(probe::choose(mutant), "no mutant {mutant:?}, or built without `probes`");
    // What another run left.
    probe::reached();
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let world = runtime.block_on(async {
        let world = World::new(seed);
        live(&world).await;
        world
    });
    drop(runtime);
    probe::choose(None);
    Ok(Report {
        seed,
        violations: world.violations(),
        digest: world.digest(),
        trace: world.lines(),
        reached: probe::reached(),
    })
}

async fn live(world: &std::sync::Arc<World>) {
    tokio::spawn(weather::supervise(world.clone()));
    for (operation, body) in definitions::preparations() {
        world.insist(operation, &body, true).await;
    }
    for number in 0..CLIENTS {
        tokio::spawn(clients::client(world.clone(), number));
    }
    for _ in 0..WORKERS {
        tokio::spawn(clients::worker(world.clone()));
    }
    for _ in 0..SETTLERS {
        tokio::spawn(clients::settler(world.clone()));
    }
    tokio::spawn(weather::storm(world.clone()));
    tokio::time::sleep(STORM).await;
    world.be_calm();
    weather::end_zombies(world);
    restart(world).await;
    if !world.violations().is_empty() {
        return;
    }
    end_of_all(world).await;
    if !world.violations().is_empty() {
        return;
    }
    check::agree(world).await;
    if let Some(node) = world.leader() {
        weather::flush(world, &node);
    }
    check::agree(world).await;
    restart(world).await;
    check::agree(world).await;
}

/// Ends whoever leads, and waits for another.
async fn restart(world: &World) {
    if let Some(node) = world.leader() {
        node.life.end();
    }
    tokio::time::sleep(LOOK_EVERY).await;
}

async fn end_of_all(world: &World) {
    for _ in 0..LOOKS_MAX {
        tokio::time::sleep(LOOK_EVERY).await;
        if check::all_ended(world).await || !world.violations().is_empty() {
            return;
        }
    }
    check::tell_unended(world).await;
}
