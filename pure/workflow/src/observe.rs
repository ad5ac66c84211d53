//! A window on one state that is tested: the stages of its data flow, the way of its failure, and
//! what stands in for its children. Nobody looks through it in a real execution.

use serde_json::Value;

use crate::execution::Outcome;
use crate::history::Failure;
use crate::payload::Payload;

/// A place in the data flow of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The effective input.
    InputPath,
    Parameters,
    Arguments,
    ItemsPath,
    ItemSelector,
    ItemBatcher,
    /// What the state's work gave.
    Result,
    ResultSelector,
    /// The raw input with the result in it.
    ResultPath,
}

/// How a Map would run its items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapped {
    /// How many iterations, or batches, there would be, where that is known.
    pub iterations: Option<u64>,
    pub max_concurrency: u64,
    pub tolerated_failure_count: Option<u64>,
    pub tolerated_failure_percentage: Option<f64>,
}

/// What a Map or a Parallel does instead of running its children.
#[derive(Clone, Debug)]
pub struct StandIn {
    pub outcome: Outcome,
    /// What the `ItemReader` of a Map would have read; its failure where it cannot be read.
    pub items: Option<Result<Payload, Failure>>,
    /// Iterations of a Map that failed.
    pub failed_iterations: Option<u64>,
}

/// Watches a state under test. What is called last of each kind counts.
pub trait Observer {
    /// The data flow came to `stage` with `value`.
    fn stage(&self, stage: Stage, value: &Payload);
    /// A Map worked out how it would run its items.
    fn mapped(&self, mapped: Mapped);
    /// The state failed, whatever becomes of it.
    fn failed(&self, failure: &Failure);
    /// A retrier matched; without a delay it is exhausted.
    fn retrier(&self, number: usize, delay_ms: Option<u64>);
    /// A catcher took the failure.
    fn catcher(&self, number: usize);
    /// The context object, in place of the execution's own.
    fn context(&self) -> &Value;
    /// What stands in for the children of a Map or a Parallel.
    fn stand_in(&self) -> Option<&StandIn>;
}
