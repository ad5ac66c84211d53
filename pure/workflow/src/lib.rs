//! The interpreter: one event in, one transition out. No clock, no dice, no I/O.
//! It must never know where executions are kept or who performs their tasks.
//! Start at [`step`], then [`execution`] for what is kept and [`history`] for what is told.

mod chain;
mod children;
mod closing;
mod dataflow;
pub mod effect;
mod errors;
pub mod event;
pub mod execution;
mod failing;
mod flow;
pub mod history;
pub mod map_run;
pub mod observe;
mod outbox;
pub mod payload;
mod redrive;
mod run;
mod states;
mod tasks;
pub mod way;

use asl::model::Definition;
use jsonata::{Bound, EvaluationError, Expression, Steps};
use moment::Moment;
use serde_json::Value;

use crate::effect::Effect;
use crate::event::Event;
use crate::execution::{Execution, FrameId, Status};
use crate::history::HistoryEvent;
use crate::observe::Observer;
use crate::run::Run;
use crate::way::Way;

/// What a transition may look at besides the execution and the event.
pub struct Environment<'a> {
    pub definition: &'a Definition,
    pub moment: Moment,
    pub limits: &'a Limits,
    pub surroundings: &'a dyn Surroundings,
}

/// An expression, what it may look at, and the steps that it may take.
#[derive(Clone, Copy)]
pub struct Question<'q, 'v> {
    pub expression: &'q Expression,
    pub variables: &'q [(&'q str, &'q Bound<'v>)],
    pub moment: &'q Moment,
    pub steps: &'q Steps,
}

impl Question<'_, '_> {
    /// What the expression comes to, however long it takes.
    pub fn answer(&self) -> Result<Value, EvaluationError> {
        self.expression.evaluate(self.variables, self.moment, self.steps)
    }

    /// The same, unless it takes more steps than these.
    pub fn answer_briefly(&self, steps_max: u64) -> Option<Result<Value, EvaluationError>> {
        self.expression.evaluate_briefly(self.variables, self.moment, (self.steps, steps_max))
    }
}

/// Answers that belong to the server, looked up in values it already holds: never I/O.
pub trait Surroundings {
    /// Whether an activity of this ARN exists now (SFN-HIST-42).
    fn activity_exists(&self, arn: &str) -> bool;
    /// The token of an attempt (SFN-INT-140).
    fn task_token(&self, frame: FrameId, attempt: u32) -> String;
    /// Whether the context object tells of redrives; in a synchronous Express execution it does not
    /// (SFN-CTX-3).
    fn tells_redrives(&self) -> bool {
        true
    }
    /// What a JSONata expression comes to; for who must not wait for one that takes long.
    fn evaluate(&self, question: &Question<'_, '_>) -> Result<Value, EvaluationError> {
        question.answer()
    }
    /// Asked by whatever may take long; when it may not go on, the step comes to nothing that
    /// could be kept.
    fn may_go_on(&self) -> bool {
        true
    }
    /// Whether the step should end before the next state.
    fn is_tired(&self) -> bool {
        false
    }
    /// Who watches a state under test; nobody watches a real execution.
    fn observer(&self) -> Option<&dyn Observer> {
        None
    }
    /// Hears which ways are taken; for who measures what a suite of executions covers.
    fn took(&self, _way: Way<'_>) {}
    /// The last part of the ARN of a map run that begins. The default will do where runs are not
    /// kept: it tells the runs of one execution apart.
    fn map_run_id(&self, frame: FrameId, attempt: u32) -> String {
        format!("00000000-0000-8000-8000-{frame:06x}{attempt:06x}")
    }
}

/// Limits that mirror AWS's quotas.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Events in a history (SFN-HIST-16).
    pub history_events_max: u64,
    /// UTF-8 bytes of any payload (SFN-IO-6).
    pub payload_bytes_max: usize,
    /// A payload of this size or more is told in [`Transition::large`].
    pub payload_bytes_told: usize,
    /// Iterations of an inline Map open at once (SFN-SEM-93).
    pub inline_map_concurrency_max: usize,
    /// State transitions in one call of [`step`], fewer where inputs are large; the rest waits for
    /// [`Event::Continue`]. With none, a step only takes its event, and a Continue could never go
    /// on.
    pub transitions_per_step_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            history_events_max: 25_000,
            payload_bytes_max: 262_144,
            payload_bytes_told: usize::MAX,
            inline_map_concurrency_max: 40,
            transitions_per_step_max: 1_000,
        }
    }
}

/// What one event led to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transition {
    /// New history events, ids rising by one from the execution's last.
    pub history: Vec<HistoryEvent>,
    /// What the server must do once the transition is durable, in order.
    pub effects: Vec<Effect>,
    /// Frames that changed or are new.
    pub touched: Vec<FrameId>,
    /// Frames that are gone.
    pub removed: Vec<FrameId>,
    /// The budget ran out: come back with [`Event::Continue`].
    pub more: bool,
    /// The largest payload, if it reached [`Limits::payload_bytes_told`].
    pub large: Option<Large>,
}

/// A payload that is worth a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Large {
    pub bytes: usize,
    /// The state or task it is from.
    pub of: String,
}

/// Applies one event. Events that no longer fit (a late answer, a fired timer of a past attempt)
/// change nothing and give an empty transition.
pub fn step(environment: &Environment<'_>, execution: &mut Execution, event: Event) -> Transition {
    let fits = match event {
        Event::Redrive => execution.resumable(environment.limits.history_events_max),
        _ => execution.head.status == Status::Running,
    };
    if !fits {
        return Transition { more: !execution.head.ready.is_empty(), ..Transition::default() };
    }
    Run::new(environment, execution).step(event)
}
