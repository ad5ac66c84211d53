//! What a simulation puts into the code and asks of it: deliberate mistakes that a test must
//! catch, and places that a run must reach. Without the feature `probes` all of it is nothing.

/// A deliberate mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutant {
    pub name: &'static str,
    pub told: &'static str,
}

macro_rules! mutants {
    ($($name:literal: $told:literal),* $(,)?) => {
        /// Every mistake that the code can be told to make.
        pub const MUTANTS: &[Mutant] = &[$(Mutant { name: $name, told: $told }),*];
    };
}

mutants! {
    "early-ack": "callers are told before the append",
    "publish-early": "readers see rows before the append",
    "refusal-unheard": "a batch that lost its epoch is published",
    "replaced-is-landed": "an unknown append of a node that was replaced counts as done",
    "unknown-is-landed": "an unknown append counts as done",
    "staged-survives": "staged rows stay after a failed append",
    "locals-survive": "what is cached of staged rows stays after a failed append",
    "key-only": "the log's key is the only fence of an append",
    "epoch-only": "the epoch is the only fence of an append",
    "unfenced-flush": "a flush checks neither epoch nor position",
    "forget-log-tail": "recovery leaves out the last record",
    "ids-reused": "recovery forgets which ids were given out",
    "believe-gaps": "recovery does not miss records",
    "trim-too-far": "a flush trims the last record unwritten",
    "flush-forgets-deletes": "a flush writes no deletions",
    "dispatch-early": "a call leaves before its commit",
    "effect-twice": "a started call is sent again",
    "forget-effects": "recovery leaves out open calls",
    "forget-timers": "recovery leaves out timers",
    "forget-continue": "an interrupted execution leaves no row",
    "forget-jobs": "recovery leaves out watched jobs",
    "forget-tasks": "recovery leaves out offered tasks",
    "second-result": "a token takes a second result",
    "result-early": "a result is acknowledged before its commit",
    "start-early": "a start is acknowledged before its commit",
    "name-unwritten": "a chosen name leaves no row",
    "chunk-overwritten": "each chunk of a history takes the place of the first",
    "express-unwritten": "an asynchronous Express start leaves no row",
    "express-stays": "an Express execution that ended keeps its row",
    "sync-express-row": "a synchronous Express start leaves a row",
    "index-forgotten": "a closed execution is in no list",
    "index-stays": "a closed execution stays in the list of running ones",
    "timer-row-stays": "a timer that was cleared keeps its row",
    "lease-unwritten": "a leased task counts as unleased after a restart",
    "retention-too-soon": "retention drops the day that is open",
}

/// Places that a run of some length must come to.
pub const PLACES: &[&str] = &[
    "append full",
    "append unknown, absent",
    "append unknown, landed",
    "fenced by another node",
    "flush cut short",
    "log damage told",
    "outcome lost",
    "recovery with a log",
    "redrive",
    "repeated start",
    "result refused",
    "task offered again",
];

#[cfg(feature = "probes")]
mod on {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    thread_local! {
        static CHOSEN: Cell<Option<&'static str>> = const { Cell::new(None) };
        static REACHED: RefCell<BTreeMap<&'static str, u64>> =
            const { RefCell::new(BTreeMap::new()) };
    }

    /// Makes one mistake, or none, on this thread from now on. False if there is no such mistake.
    pub fn choose(name: Option<&str>) -> bool {
        let found = super::MUTANTS.iter().find(|mutant| Some(mutant.name) == name);
        CHOSEN.set(found.map(|mutant| mutant.name));
        found.is_some() || name.is_none()
    }

    /// Whether the code is to make this mistake.
    pub fn mutant(name: &str) -> bool {
        CHOSEN.get() == Some(name)
    }

    /// Notes that a place was reached.
    pub fn sometimes(place: &'static str) {
        REACHED.with_borrow_mut(|reached| *reached.entry(place).or_default() += 1);
    }

    /// How often each place was reached on this thread, since this was asked last.
    pub fn reached() -> BTreeMap<&'static str, u64> {
        REACHED.take()
    }
}

#[cfg(not(feature = "probes"))]
mod on {
    use std::collections::BTreeMap;

    /// False: mistakes are not built in.
    pub fn choose(name: Option<&str>) -> bool {
        name.is_none()
    }

    /// Never.
    #[inline]
    pub const fn mutant(_: &str) -> bool {
        false
    }

    /// Nothing.
    #[inline]
    pub const fn sometimes(_: &'static str) {}

    /// Nothing.
    pub fn reached() -> BTreeMap<&'static str, u64> {
        BTreeMap::new()
    }
}

pub use on::{choose, mutant, reached, sometimes};
