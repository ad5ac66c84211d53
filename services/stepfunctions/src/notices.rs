//! What a server with relaxed quotas tells of an execution that AWS would soon refuse: at 80% of
//! AWS's quota, once for each execution and quota.

use std::fmt;

use serde::{Deserialize, Serialize};
use store::Stage;
use tokio::sync::broadcast;
use workflow::execution::About;
use workflow::{Large, Transition};

use crate::driver::{Live, after_commit};
use crate::service::Service;

/// Notices held for a listener that is behind.
const HELD_MAX: usize = 256;

/// The share of AWS's quota from which on a notice is given.
fn soon(quota: u64) -> u64 {
    quota / 5 * 4
}

/// The quotas of an execution, with a word about those that AWS's clients would reach.
pub fn with_notices(limits: workflow::Limits) -> workflow::Limits {
    let aws = workflow::Limits::default();
    let payload_bytes_told = match limits.payload_bytes_max > aws.payload_bytes_max {
        true => soon(aws.payload_bytes_max as u64) as usize,
        false => usize::MAX,
    };
    workflow::Limits { payload_bytes_told, ..limits }
}

/// An execution comes near to one of AWS's quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub execution_arn: String,
    pub state_machine: String,
    pub nears: Quota,
}

/// Which quota, and how near.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quota {
    Payload { bytes: usize, of: String },
    History { events: u64 },
}

impl Notice {
    pub(crate) fn large(about: &About, large: Large) -> Notice {
        Notice::of(about, Quota::Payload { bytes: large.bytes, of: large.of })
    }

    fn of(about: &About, nears: Quota) -> Notice {
        Notice {
            execution_arn: about.execution_arn.clone(),
            state_machine: about.state_machine_name.clone(),
            nears,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (machine, arn) = (&self.state_machine, &self.execution_arn);
        let aws = workflow::Limits::default();
        match &self.nears {
            Quota::Payload { bytes, of } => write!(
                out,
                "{machine}: a payload of {bytes} bytes at `{of}`; AWS allows {}. Keep large data \
                 in S3 and pass its address. ({arn})",
                aws.payload_bytes_max
            ),
            Quota::History { events } => write!(
                out,
                "{machine}: a history of {events} events; AWS ends an execution at {}. Give parts \
                 of the work to executions of their own, by states:startExecution or a \
                 distributed Map. ({arn})",
                aws.history_events_max
            ),
        }
    }
}

/// What an execution was told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Told {
    payload: bool,
    history: bool,
}

impl Told {
    pub(crate) fn nothing(&self) -> bool {
        *self == Told::default()
    }
}

/// Where notices go.
pub(crate) struct Notices(broadcast::Sender<Notice>);

impl Notices {
    pub(crate) fn new() -> Notices {
        Notices(broadcast::Sender::new(HELD_MAX))
    }
}

impl Service {
    /// Every notice from now on.
    pub fn follow_notices(&self) -> broadcast::Receiver<Notice> {
        self.notices.0.subscribe()
    }

    pub(crate) fn tell(&self, notice: Notice) {
        // Whoever wants to know listens.
        let _ = self.notices.0.send(notice);
    }

    /// Tells what a transition brought near to a quota, once it is durable.
    pub(crate) fn notice(
        &self,
        stage: &mut Stage<'_>,
        live: &mut Live,
        transition: &mut Transition,
    ) {
        let about = live.start.about.clone();
        if let Some(large) = transition.large.take()
            && !live.told.payload
        {
            live.told.payload = true;
            self.tell_later(stage, Notice::large(&about, large));
        }
        let (events, aws) = (live.execution.head.last_event_id, workflow::Limits::default());
        let lifted = self.limits.history_events_max > aws.history_events_max;
        if lifted && !live.told.history && events >= soon(aws.history_events_max) {
            live.told.history = true;
            self.tell_later(stage, Notice::of(&about, Quota::History { events }));
        }
    }

    fn tell_later(&self, stage: &mut Stage<'_>, notice: Notice) {
        let service = self.clone();
        after_commit(stage, move || service.tell(notice));
    }
}
