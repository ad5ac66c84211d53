//! Steps that take long. A step is tried under the partition's control with little patience; when
//! it needs longer, nothing of it is kept. It is then taken once more beside the partition, on a
//! copy and with all the time it may have. The next try under control records what came of it if
//! the execution is as it was, and otherwise has at least its expressions' answers to look up. So
//! nobody waits for another's expressions and paths.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use jsonata::{Bound, EvaluationError};
use moment::Moment;
use serde_json::Value;
use sha2::{Digest, Sha256};
use store::Stage;
use store::error::Unavailable;
use tokio::runtime::RuntimeFlavor;
use workflow::effect::Effect;
use workflow::event::Event;
use workflow::execution::Execution;
use workflow::{Environment, Question, Transition};

use super::live::Local;
use super::{Around, Live};
use crate::records::ExecutionId;
use crate::service::Service;

/// How long the expressions of one step may keep a partition, or a thread that serves others:
/// the steps that they may take, and the time after which no other state follows.
const PATIENCE_STEPS: u64 = jsonata::BRIEF_STEPS;
const PATIENCE: Duration = Duration::from_millis(5);
/// How long the whole step may.
const STEP_PATIENCE: Duration = Duration::from_millis(15);
/// An execution that changes meanwhile may ask something else; after so many tries its step takes
/// the time it takes.
const ROUNDS_MAX: u32 = 4;
/// Minds kept in a partition: each waits only for the next try of its event.
const MINDS_MAX: usize = 1_024;

type Answer = Result<Value, EvaluationError>;
type Key = [u8; 32];

/// What is known of a step that was gone through beside its partition.
pub(crate) struct Mind {
    /// The moment of the step, so that all tries draw the same numbers.
    moment: Moment,
    answers: HashMap<Key, Answer>,
    taken: Option<Box<Taken>>,
    rounds: u32,
}

/// A step that was taken on a copy.
struct Taken {
    event: Event,
    before: Execution,
    after: Execution,
    transition: Transition,
}

impl Mind {
    pub(crate) fn new(moment: Moment) -> Mind {
        Mind { moment, answers: HashMap::new(), taken: None, rounds: 0 }
    }

    /// What the event comes to, if that is known already.
    pub(crate) fn recall(&mut self, live: &mut Live, event: &Event) -> Option<Transition> {
        let taken = self.taken.take()?;
        if taken.event != *event || taken.before != live.execution {
            return None;
        }
        live.execution = taken.after;
        Some(taken.transition)
    }
}

/// A step to be gone through beside its partition.
pub(crate) struct Thought {
    pub(crate) id: ExecutionId,
    /// As it was before the step.
    pub(crate) live: Live,
    pub(crate) event: Event,
    pub(crate) mind: Mind,
}

impl std::fmt::Debug for Thought {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "a step of execution {} that takes long", self.id)
    }
}

/// How long a step's expressions may take.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The step gives up at the first that takes long.
    Little,
    /// The step ends after a state that took long, and remembers all answers.
    Beside,
    /// Nobody can take the step another time.
    All,
    /// Time is simulated: how long a step takes on the machine must make no difference.
    Untimed,
}

/// The expressions of one step.
pub(crate) struct Thinking {
    patience: Patience,
    mind: RefCell<Mind>,
    /// Answers looked up.
    used: Cell<usize>,
    spent: Cell<u64>,
    start: Instant,
    gave_up: Cell<bool>,
}

impl Thinking {
    pub(crate) fn new(patience: Patience, mind: Mind) -> Thinking {
        let patience = match patience {
            Patience::Little if mind.rounds >= ROUNDS_MAX => Patience::All,
            patience => patience,
        };
        Thinking {
            patience,
            mind: RefCell::new(mind),
            used: Cell::default(),
            spent: Cell::default(),
            start: Instant::now(),
            gave_up: Cell::default(),
        }
    }

    pub(crate) fn moment(&self) -> Moment {
        self.mind.borrow().moment
    }

    /// Whether nothing of the step may be kept.
    pub(crate) fn gave_up(&self) -> bool {
        self.gave_up.get()
    }

    pub(crate) fn into_mind(self) -> Mind {
        self.mind.into_inner()
    }

    /// False when the step has taken too long to be waited for.
    pub(crate) fn may_go_on(&self) -> bool {
        if self.patience == Patience::Little && self.start.elapsed() >= STEP_PATIENCE {
            self.gave_up.set(true);
        }
        !self.gave_up()
    }

    /// With answers, the step ends where the one beside the partition ended.
    pub(crate) fn is_tired(&self) -> bool {
        if self.patience == Patience::Untimed {
            return false;
        }
        let answers = self.mind.borrow().answers.len();
        let replayed =
            self.patience == Patience::Little && answers > 0 && self.used.get() >= answers;
        replayed || self.spent.get() >= PATIENCE_STEPS || self.start.elapsed() >= PATIENCE
    }

    pub(crate) fn evaluate(&self, question: &Question<'_, '_>) -> Answer {
        if self.gave_up() {
            return Err(EvaluationError::Internal);
        }
        let before = question.steps.left();
        let answer = match self.patience {
            Patience::Little => self.evaluate_briefly(question),
            Patience::All | Patience::Untimed => question.answer(),
            Patience::Beside => {
                let answer = question.answer();
                self.mind.borrow_mut().answers.insert(key(question), answer.clone());
                answer
            }
        };
        let taken = before.saturating_sub(question.steps.left());
        self.spent.set(self.spent.get().saturating_add(taken));
        answer
    }

    fn evaluate_briefly(&self, question: &Question<'_, '_>) -> Answer {
        let mind = self.mind.borrow();
        if !mind.answers.is_empty()
            && let Some(answer) = mind.answers.get(&key(question))
        {
            self.used.set(self.used.get() + 1);
            return answer.clone();
        }
        let left = PATIENCE_STEPS.saturating_sub(self.spent.get());
        let answer = question.answer_briefly(left);
        answer.unwrap_or_else(|| {
            self.gave_up.set(true);
            Err(EvaluationError::Internal)
        })
    }
}

fn key(question: &Question<'_, '_>) -> Key {
    let Question { expression, variables, moment, .. } = question;
    let mut hasher = Sha256::new();
    hasher.update(moment.now_ms.to_be_bytes());
    hasher.update(moment.seed.to_be_bytes());
    for text in [expression.text()].into_iter().chain(variables.iter().map(|(name, _)| *name)) {
        hasher.update(text.len().to_be_bytes());
        hasher.update(text);
    }
    for (_, value) in *variables {
        hasher.update(value.digest());
    }
    hasher.finalize().into()
}

impl Service {
    pub(super) fn thinking(&self, patience: Patience, mind: Mind) -> Thinking {
        match self.host.is_single_threaded() {
            true => Thinking::new(Patience::Untimed, mind),
            false => Thinking::new(patience, mind),
        }
    }

    /// What an earlier try of an event of this execution left.
    pub(super) fn take_mind(&self, stage: &mut Stage<'_>, id: ExecutionId) -> Option<Mind> {
        stage.local::<Local>().minds.remove(&id)
    }

    /// Goes through a step beside its partition. There is little room for that: what takes long
    /// waits for others that take long, and for nothing else.
    pub(super) async fn think(&self, thought: Thought) -> Result<(), Unavailable> {
        let (service, id) = (self.clone(), thought.id);
        let thinking = self.thinkers.ask(move || service.think_now(thought));
        // Without an answer the next try knows no more than this one.
        let Ok(mind) = thinking.await else { return Ok(()) };
        self.store.stage(self.partition_of(id), |stage| {
            let minds = &mut stage.local::<Local>().minds;
            if minds.len() >= MINDS_MAX {
                let some = minds.keys().next().copied();
                some.map(|id| minds.remove(&id));
            }
            minds.insert(id, mind);
        })
    }

    fn think_now(&self, thought: Thought) -> Mind {
        let Thought { id, mut live, event, mut mind } = thought;
        mind.rounds += 1;
        let moment = mind.moment;
        let thinking = Thinking::new(Patience::Beside, mind);
        let start = &live.start;
        let around = Around { service: self, start, id, stage: None, thinking: &thinking };
        let environment = Environment {
            definition: &live.compiled.definition,
            moment,
            limits: &self.limits,
            surroundings: &around,
        };
        let (before, again) = (live.execution.clone(), event.clone());
        let transition = workflow::step(&environment, &mut live.execution, event);
        let mut mind = thinking.into_mind();
        // The number of a map run is given out under the partition's control only.
        if !transition.effects.iter().any(|effect| matches!(effect, Effect::MapRun(_))) {
            let after = live.execution;
            mind.taken = Some(Box::new(Taken { event: again, before, after, transition }));
        }
        mind
    }

    /// An expression of an execution that has no partition: it takes the time it needs, yet the
    /// thread goes on serving others.
    pub(crate) fn evaluate_alone(&self, question: &Question<'_, '_>) -> Answer {
        let brief = question.answer_briefly(PATIENCE_STEPS);
        brief.unwrap_or_else(|| self.evaluate_beside(question))
    }

    fn evaluate_beside(&self, question: &Question<'_, '_>) -> Answer {
        let Question { expression, variables, moment, steps } = *question;
        let (expression, moment, rest) = (expression.clone(), *moment, steps.rest());
        let own = |(name, bound): &(&str, &Bound<'_>)| (String::from(*name), bound.value().clone());
        let variables: Vec<(String, Value)> = variables.iter().map(own).collect();
        let (answer, answered) = mpsc::channel();
        let evaluate = move || {
            let bound: Vec<_> =
                variables.into_iter().map(|(name, value)| (name, Bound::from(value))).collect();
            let variables: Vec<_> =
                bound.iter().map(|(name, bound)| (name.as_str(), bound)).collect();
            let (variables, moment, steps) = (&variables[..], &moment, &rest);
            let found = Question { expression: &expression, variables, moment, steps }.answer();
            // Whoever asked waits for it.
            let _ = answer.send((found, rest));
        };
        drop(self.thinkers.ask(evaluate));
        let answer = match self.runtime.runtime_flavor() {
            RuntimeFlavor::MultiThread => tokio::task::block_in_place(|| answered.recv()),
            _ => answered.recv(),
        };
        let Ok((answer, rest)) = answer else { return Err(EvaluationError::Internal) };
        steps.resume(&rest);
        answer
    }
}
