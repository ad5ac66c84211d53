//! Executions started on `<stateMachineArn>#<TestCase>`: tasks that the test case mocks are
//! answered from a mock configuration, all others are performed. Only with such a configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rehearsal::mock_config::MockConfig;
use rehearsal::mocks::{self, Said, Task, Used};
use wire::fault::Fault;
use workflow::event::Event;
use workflow::execution::Execution;

use crate::records::{ExecutionId, StartRecord};
use crate::service::Service;

/// The configuration, and how far its answers are used up. That is kept in memory: answers begin
/// anew after a restart.
#[derive(Default)]
pub(crate) struct Mocked {
    config: Option<Arc<MockConfig>>,
    used: Mutex<BTreeMap<ExecutionId, Used>>,
}

impl Mocked {
    pub(crate) fn new(config: Option<Arc<MockConfig>>) -> Mocked {
        Mocked { config, used: Mutex::default() }
    }

    /// A machine's ARN and the test case behind it. Without a configuration `#` is part of the ARN.
    pub(crate) fn part(&self, arn: String) -> (String, Option<String>) {
        match arn.split_once('#').filter(|_| self.config.is_some()) {
            Some((machine, case)) => (machine.to_owned(), Some(case.to_owned())),
            None => (arn, None),
        }
    }

    /// Refuses a test case that the machine does not have.
    pub(crate) fn check(&self, machine: &str, case: Option<&str>) -> Result<(), Fault> {
        let (Some(config), Some(case)) = (&self.config, case) else { return Ok(()) };
        if config.mocks(machine, case).is_some() {
            return Ok(());
        }
        Err(Fault::new(
            "ValidationException",
            format!(
                "The mock configuration has no test case '{case}' of state machine '{machine}'"
            ),
        ))
    }

    /// What happens to a task that is mocked, in order; `None` when it is to be performed.
    pub(crate) fn events(
        &self,
        used: &mut Used,
        start: &StartRecord,
        execution: &Execution,
        task: &Task<'_>,
    ) -> Option<Vec<Event>> {
        let case = start.mock_case.as_deref()?;
        let mocks = self.config.as_ref()?.mocks(&start.about.state_machine_name, case)?;
        let (frame, attempt) = (task.frame, task.attempt);
        let state = &*execution.frames.get(&frame)?.visit.state;
        let end = match mocks.next(used, state, task.parameters.value()) {
            Said::NotMocked => return None,
            Said::Reply(reply) => mocks::end(&reply.answer, task),
            Said::NoAnswer { call } => Some(Event::TaskFailed {
                frame,
                attempt,
                error: Some("States.Runtime".to_owned()),
                cause: Some(format!(
                    "The test case '{case}' has no response for call {call} of the state '{state}'"
                )),
            }),
        };
        Some(mocks::begin(task).into_iter().chain(end).collect())
    }

    /// The same for an execution whose use of answers is kept here.
    pub(crate) fn events_of(
        &self,
        id: ExecutionId,
        start: &StartRecord,
        execution: &Execution,
        task: &Task<'_>,
    ) -> Option<Vec<Event>> {
        start.mock_case.as_ref()?;
        let mut all = self.used.lock();
        self.events(all.entry(id).or_default(), start, execution, task)
    }

    /// An execution closed.
    pub(crate) fn forget(&self, id: ExecutionId) {
        if self.config.is_some() {
            self.used.lock().remove(&id);
        }
    }
}

impl Service {
    /// Applies the events of a mocked task, one after the other.
    pub(crate) fn play(&self, id: ExecutionId, events: Vec<Event>) {
        let service = self.clone();
        self.runtime.spawn(async move {
            for event in events {
                if let Err(error) = service.dispatch(id, event).await {
                    tracing::warn!(execution = id, %error, "a mocked task waits for a restart");
                    return;
                }
            }
        });
    }
}
