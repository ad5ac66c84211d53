//! Watches the state while the interpreter runs it, and says what stands in for the rest.

use std::cell::RefCell;
use std::collections::BTreeMap;

use jsonata::EvaluationError;
use serde_json::Value;
use workflow::execution::FrameId;
use workflow::history::Failure;
use workflow::observe::{Mapped, Observer, Stage, StandIn};
use workflow::payload::Payload;
use workflow::{Question, Surroundings};

use crate::service::Service;

pub(super) struct Probe {
    pub(super) context: Value,
    pub(super) token: String,
    pub(super) stand_in: Option<StandIn>,
    service: Service,
    seen: RefCell<Seen>,
}

/// What was seen of the state.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) stages: BTreeMap<Stage, Payload>,
    pub(super) mapped: Option<Mapped>,
    pub(super) failure: Failure,
    /// The retrier that matched, and its delay when it is not exhausted.
    pub(super) retrier: Option<(usize, Option<u64>)>,
    pub(super) catcher: Option<usize>,
}

impl Probe {
    pub(super) fn new(
        service: Service,
        context: Value,
        token: String,
        stand_in: Option<StandIn>,
    ) -> Probe {
        Probe { context, token, stand_in, service, seen: RefCell::default() }
    }

    pub(super) fn into_seen(self) -> Seen {
        self.seen.into_inner()
    }
}

impl Observer for Probe {
    fn stage(&self, stage: Stage, value: &Payload) {
        self.seen.borrow_mut().stages.insert(stage, value.clone());
    }

    fn mapped(&self, mapped: Mapped) {
        self.seen.borrow_mut().mapped = Some(mapped);
    }

    fn failed(&self, failure: &Failure) {
        self.seen.borrow_mut().failure.clone_from(failure);
    }

    fn retrier(&self, number: usize, delay_ms: Option<u64>) {
        self.seen.borrow_mut().retrier = Some((number, delay_ms));
    }

    fn catcher(&self, number: usize) {
        self.seen.borrow_mut().catcher = Some(number);
    }

    fn context(&self) -> &Value {
        &self.context
    }

    fn stand_in(&self) -> Option<&StandIn> {
        self.stand_in.as_ref()
    }
}

impl Surroundings for Probe {
    fn evaluate(&self, question: &Question<'_, '_>) -> Result<Value, EvaluationError> {
        self.service.evaluate_alone(question)
    }

    /// Only a mocked activity is ever asked for.
    fn activity_exists(&self, _: &str) -> bool {
        true
    }

    fn task_token(&self, _: FrameId, _: u32) -> String {
        self.token.clone()
    }

    fn observer(&self) -> Option<&dyn Observer> {
        Some(self)
    }
}
