//! How much of each kind a region of an account has, counted in memory: taken from the rows at a
//! start (of executions there are rows of their numbers alone, see the driver's tallies), then
//! changed by what commits. A place is taken before the rows are staged, so that no two requests
//! take the last one, and given back when they do not become durable.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use store::Stage;

use crate::quotas::Quotas;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Running Standard executions, without the children of map runs.
    Execution,
    Machine,
    Activity,
}

/// As many as there may be exist already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Default)]
struct Counters {
    executions: AtomicU64,
    machines: AtomicU64,
    activities: AtomicU64,
}

impl Counters {
    fn of(&self, kind: Kind) -> &AtomicU64 {
        match kind {
            Kind::Execution => &self.executions,
            Kind::Machine => &self.machines,
            Kind::Activity => &self.activities,
        }
    }

    fn subtract(&self, kind: Kind) {
        let less = |count: u64| Some(count.saturating_sub(1));
        // The closure always gives a value.
        let _ = self.of(kind).fetch_update(Ordering::AcqRel, Ordering::Acquire, less);
    }
}

type Regions = HashMap<Arc<str>, Arc<Counters>>;

/// The counts of all accounts. Accounts without anything have none, so that callers alone make
/// nothing grow.
pub(crate) struct Counts {
    executions_max: u64,
    machines_max: u64,
    activities_max: u64,
    accounts: RwLock<HashMap<Arc<str>, Regions>>,
}

impl Counts {
    pub(crate) fn new(quotas: &Quotas) -> Counts {
        Counts {
            executions_max: quotas.open_executions_max,
            machines_max: quotas.state_machines_max,
            activities_max: quotas.activities_max,
            accounts: RwLock::default(),
        }
    }

    fn max(&self, kind: Kind) -> u64 {
        match kind {
            Kind::Execution => self.executions_max,
            Kind::Machine => self.machines_max,
            Kind::Activity => self.activities_max,
        }
    }

    fn counters(&self, account: &str, region: &str) -> Arc<Counters> {
        let known =
            self.accounts.read().get(account).and_then(|regions| regions.get(region)).cloned();
        if let Some(counters) = known {
            return counters;
        }
        let mut accounts = self.accounts.write();
        accounts.entry(account.into()).or_default().entry(region.into()).or_default().clone()
    }

    /// Takes a place for one more; without [`Reserved::keep_with`] it is given back.
    pub(crate) fn reserve(
        &self,
        account: &str,
        region: &str,
        kind: Kind,
    ) -> Result<Reserved, Full> {
        let (counters, max) = (self.counters(account, region), self.max(kind));
        let more = |count: u64| (count < max).then_some(count + 1);
        let taken = counters.of(kind).fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        match taken {
            Ok(_) => Ok(Reserved { counters: Some(counters), kind }),
            Err(_) => Err(Full),
        }
    }

    /// Counts what is there at a start, over the quota or not.
    pub(crate) fn add(&self, account: &str, region: &str, kind: Kind) {
        self.add_many(account, region, kind, 1);
    }

    /// The same for several at once.
    pub(crate) fn add_many(&self, account: &str, region: &str, kind: Kind, count: u64) {
        self.counters(account, region).of(kind).fetch_add(count, Ordering::AcqRel);
    }

    /// One is durably gone.
    pub(crate) fn release(&self, account: &str, region: &str, kind: Kind) {
        self.counters(account, region).subtract(kind);
    }
}

/// A place taken for what is not durable yet.
pub(crate) struct Reserved {
    counters: Option<Arc<Counters>>,
    kind: Kind,
}

impl Reserved {
    /// Counts for good once the stage is durable. It counts no more if the stage fails, is refused
    /// or panics: what is dropped is given back.
    pub(crate) fn keep_with(self, stage: &mut Stage<'_>) {
        stage.on_settled(move |settled| match settled {
            Ok(()) => self.keep(),
            Err(_) => drop(self),
        });
    }

    fn keep(mut self) {
        self.counters = None;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if let Some(counters) = &self.counters {
            counters.subtract(self.kind);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(max: u64) -> Counts {
        let quotas = Quotas { open_executions_max: max, ..Quotas::default() };
        Counts::new(&quotas)
    }

    fn reserve(counts: &Counts, region: &str) -> Result<Reserved, Full> {
        counts.reserve("1", region, Kind::Execution)
    }

    // SFN-EXEC-9
    #[test]
    fn what_is_dropped_is_given_back() {
        let counts = counts(1);
        let first = reserve(&counts, "a").ok().unwrap();
        assert!(reserve(&counts, "a").is_err());
        assert!(reserve(&counts, "b").is_ok(), "each region by itself");
        assert!(counts.reserve("1", "a", Kind::Machine).is_ok(), "each kind by itself");
        first.keep();
        assert!(reserve(&counts, "a").is_err(), "it was kept");
        counts.release("1", "a", Kind::Execution);
        drop(reserve(&counts, "a").ok().unwrap());
        assert!(reserve(&counts, "a").is_ok());
    }

    #[test]
    fn the_last_place_is_taken_once() {
        let counts = counts(100);
        let taken = std::thread::scope(|scope| {
            let many = || (0..100).filter_map(|_| reserve(&counts, "a").ok()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(many)).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(taken.len(), 100);
    }

    #[test]
    fn never_below_nothing_and_over_the_quota_at_a_start() {
        let counts = counts(1);
        counts.release("1", "a", Kind::Execution);
        counts.add("1", "a", Kind::Execution);
        counts.add("1", "a", Kind::Execution);
        counts.release("1", "a", Kind::Execution);
        assert!(reserve(&counts, "a").is_err());
        counts.release("1", "a", Kind::Execution);
        assert!(reserve(&counts, "a").is_ok());
    }
}
