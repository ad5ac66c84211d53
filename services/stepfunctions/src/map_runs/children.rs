//! The children of a run: executions like any other, whose names follow from the run and their
//! number (SFN-SEM-62, SFN-SEM-106).

use std::sync::Arc;

use resource::arn::execution::ExecutionArn;
use resource::arn::state_machine::StateMachineArn;
use store::Stage;
use store::error::Unavailable;
use tokio::sync::watch;
use workflow::event::Event;
use workflow::execution::{About, Execution, Head, Status};

use super::batches::Work;
use super::{Ended, Message};
use crate::definitions::Compiled;
use crate::driver::{Before, Live};
use crate::executions::Found;
use crate::express::Manner;
use crate::records::{self, ChildRecord, ExecutionId, MapRunId, StartRecord, Unreadable};
use crate::service::Service;

/// What became of a start.
#[derive(Debug)]
pub(crate) enum Start {
    /// It is durable.
    Done(ExecutionId),
    /// Its name was taken: it was started before.
    Before,
    /// Nothing is durable; try again.
    Not(Unavailable),
    /// It cannot be redriven (SFN-SEM-54).
    Never,
}

/// What is known of a child before its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// Nobody ever tried to start it: nothing is looked up.
    New,
    /// It may be there.
    Perhaps,
}

/// What all children of a run share.
pub(super) struct Children {
    pub(super) service: Service,
    pub(super) run: MapRunId,
    pub(super) map_run_arn: String,
    pub(super) label: String,
    /// From the definition's own machine to the Map.
    pub(super) path: Vec<String>,
    pub(super) batched: bool,
    pub(super) express: bool,
    /// Which redrive of the run this is.
    pub(super) redrive: u64,
    pub(super) machine: StateMachineArn,
    /// The parent's.
    pub(super) start: Arc<StartRecord>,
    /// The processor.
    pub(super) compiled: Compiled,
    /// Says that Express children are to end.
    pub(super) ending: watch::Sender<bool>,
}

impl Children {
    /// The two names of a child; only Express ones have a second.
    fn names(&self, index: u64) -> (String, String) {
        let digest = records::name_digest(&[&self.map_run_arn, &index.to_string()]);
        let (first, second) = digest.split_at(16);
        (to_uuid(first), to_uuid(second))
    }

    fn parts(&self, name: String) -> [String; 4] {
        let (account, region) = (self.start.account.clone(), self.start.region.clone());
        let machine = format!("{}/{}", self.start.about.state_machine_name, self.label);
        [account, region, machine, name]
    }

    /// Starts child number `index`, unless it was started before; the run is told.
    pub(super) fn start(&self, index: u64, work: Work, known: Known) -> Result<(), Unavailable> {
        let (name, _) = self.names(index);
        let parts = self.parts(name);
        let parts = parts.each_ref().map(String::as_str);
        let (key, slot) = (records::name_key(&parts), records::slot_of_name(&parts));
        let service = self.service.clone();
        let run = self.run;
        self.service.store.stage(self.service.store.partition_of(slot), |stage| {
            let taken = known == Known::Perhaps
                && !matches!(stage.get(&service.families.open, &key), Ok(None));
            let done = match taken {
                true => Start::Before,
                false => {
                    let now_ms = service.host.now_ms();
                    let id = stage.next_id(slot, now_ms);
                    let start = self.record(index, work, now_ms);
                    self.begin(stage, id, start);
                    Start::Done(id)
                }
            };
            let service = service.clone();
            stage.on_settled(move |settled| {
                let child = match settled {
                    Ok(()) => done,
                    Err(error) => Start::Not(error),
                };
                service.map_runs.tell(run, Message::Started { index, child });
            });
        })
    }

    fn begin(&self, stage: &mut Stage<'_>, id: ExecutionId, start: StartRecord) {
        if !self.express {
            self.service.begin(stage, id, start, self.compiled.clone());
            return;
        }
        let execution = Execution::new((*start.about).clone());
        let live = Live::new(start, execution, self.compiled.clone());
        self.service.record_start(stage, id, &live);
        self.service.record_head(stage, id, &live);
        let (runner, start) = (self.runner(), live.start);
        crate::driver::after_commit(stage, move || runner.run(id, start));
    }

    /// What a child starts with.
    fn record(&self, index: u64, work: Work, now_ms: i64) -> StartRecord {
        let parent = &self.start.about;
        let (name, second) = self.names(index);
        let arn = match self.express {
            true => ExecutionArn::express(&self.machine, &*name, &*second),
            false => ExecutionArn::standard(&self.machine, &*name),
        };
        let machine = arn.state_machine_arn();
        let about = About {
            execution_arn: arn.child_of(&*self.label).to_string(),
            name: if self.express { format!("{name}:{second}") } else { name },
            state_machine_arn: format!("{machine}/{}", self.label),
            state_machine_name: parent.state_machine_name.clone(),
            role_arn: parent.role_arn.clone(),
            start_ms: now_ms,
            input: work.input,
            state_machine_version_arn: None,
            state_machine_alias_arn: None,
        };
        StartRecord {
            about: Arc::new(about),
            revision: self.start.revision.clone(),
            incarnation: self.start.incarnation,
            account: self.start.account.clone(),
            region: self.start.region.clone(),
            named: true,
            trace_header: self.start.trace_header.clone(),
            mock_case: self.start.mock_case.clone(),
            child: Some(ChildRecord {
                run: self.run,
                map_run_arn: self.map_run_arn.clone(),
                label: self.label.clone(),
                path: self.path.clone(),
                index,
                items: work.items,
                batched: self.batched,
                express: self.express,
                redrive: self.redrive,
                was: None,
                restarts: 0,
            }),
        }
    }

    /// What a child's name is kept under.
    pub(super) fn name_parts(&self, index: u64) -> [String; 4] {
        self.parts(self.names(index).0)
    }

    /// A child that was started.
    pub(super) fn find(&self, index: u64) -> Result<Option<Found>, Unreadable> {
        let parts = self.name_parts(index);
        self.service.find_named(&parts.each_ref().map(String::as_str))
    }

    /// Takes a child back that was started before a restart.
    pub(super) fn adopt(&self, found: Found, index: u64) {
        if found.head.status != Status::Running {
            let ended = self.ended(found, index);
            self.service.map_runs.tell(self.run, Message::Ended(ended));
        } else if self.express {
            // What was in memory is gone: it begins anew.
            self.runner().run(found.id, Arc::new(found.start));
        }
    }

    /// How a closed child ended.
    pub(super) fn ended(&self, found: Found, index: u64) -> Ended {
        let redrivable = self.express || found.head.resumable;
        Ended { index, status: found.head.status, output: found.head.output, redrivable }
    }

    /// Ends a child that runs (SFN-SEM-35).
    pub(super) fn stop(&self, id: ExecutionId) {
        if !self.express {
            self.service.dispatch_soon(id, Event::Stop { error: None, cause: None });
        }
    }

    pub(super) fn runner(&self) -> Runner {
        let (service, compiled) = (self.service.clone(), self.compiled.clone());
        Runner { service, compiled, ending: self.ending.subscribe() }
    }
}

/// What an Express child needs to run.
#[derive(Clone)]
pub(super) struct Runner {
    service: Service,
    compiled: Compiled,
    /// Says that its run ends.
    ending: watch::Receiver<bool>,
}

impl Runner {
    /// Runs a child in memory, to its end or that of its run.
    pub(super) fn run(self, id: ExecutionId, start: Arc<StartRecord>) {
        let Runner { service, compiled, mut ending } = self;
        let running = (id, start.child.as_ref().map_or(0, |child| child.redrive));
        if !service.map_runs.express.lock().insert(running) {
            // It runs already: its run rested meanwhile.
            return;
        }
        let runtime = service.runtime.clone();
        runtime.spawn(async move {
            let run = service.run_express(start.clone(), &compiled, Manner::Asynchronous);
            let head = tokio::select! {
                head = run => head,
                Ok(_) = ending.wait_for(|ending| *ending) => aborted(&service, &start),
            };
            service.close_express_child(id, start, compiled, head).await;
            service.map_runs.express.lock().remove(&running);
        });
    }
}

fn aborted(service: &Service, start: &StartRecord) -> Head {
    let mut head = Execution::new((*start.about).clone()).head;
    head.redrive_count = start.restarts();
    head.status = Status::Aborted;
    head.stop_ms = Some(service.host.now_ms());
    head
}

impl Service {
    /// Records the end of an Express child, again and again while the store is unavailable.
    async fn close_express_child(
        &self,
        id: ExecutionId,
        start: Arc<StartRecord>,
        compiled: Compiled,
        head: Head,
    ) {
        let mut execution = Execution::new((*start.about).clone());
        execution.head = head;
        let live = Live::new((*start).clone(), execution, compiled);
        for pause_ms in [10_u64, 100, 1_000, 5_000, 15_000, 60_000] {
            let (service, live) = (self.clone(), &live);
            let closed = self.store.commit(self.partition_of(id), move |stage| {
                service.close(stage, id, live, &[], Before::ANYTHING);
            });
            match closed.await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(execution = id, %error, "an Express child waits for the store");
                    tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
                }
            }
        }
        tracing::error!(execution = id, "an Express child ended unrecorded; it will run again");
    }
}

/// The shape of a version 5 UUID: made of a name.
fn to_uuid(bytes: &[u8]) -> String {
    let mut digest = [0; 16];
    for (to, from) in digest.iter_mut().zip(bytes) {
        *to = *from;
    }
    uuid::Builder::from_bytes(digest)
        .with_version(uuid::Version::Sha1)
        .with_variant(uuid::Variant::RFC4122)
        .into_uuid()
        .to_string()
}
