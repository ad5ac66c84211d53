//! The service and what it holds; every operation and the driver work on this.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use host::Host;
use store::Store;
use store::engine::Family;
use targets::lambda::Lambda;
use targets::logs::Logs;
use targets::objects::Objects;
use tokio::runtime::Handle;
use wire::operation::{Answer, JsonService};
use workflow::Limits;

use crate::activities::Activities;
use crate::counts::Counts;
use crate::definitions::Definitions;
use crate::driver::TimerKey;
use crate::driver::thinkers::Thinkers;
use crate::machines::Machines;
use crate::notices::Notices;
use crate::operations::OPERATIONS;
use crate::quotas::Quotas;
use crate::records::{self, Row, Unreadable};
use crate::tokens::Tokens;

/// What the server decides about this service.
pub struct Settings {
    /// Limits of an execution that mirror AWS's quotas.
    pub limits: Limits,
    /// Limits of everything else.
    pub quotas: Quotas,
    /// Where functions run.
    pub lambda: Arc<dyn Lambda>,
    /// Where executions log; without one every log destination is unknown.
    pub logs: Option<Arc<dyn Logs>>,
    /// Where distributed Maps read items and write results.
    pub objects: Arc<dyn Objects>,
    /// Test cases that executions may be started with; without them `#` names nothing.
    pub mocks: Option<Arc<rehearsal::mock_config::MockConfig>>,
    /// How long a stop waits for calls under way.
    pub drain_max: Duration,
    /// Days that closed executions and their names are kept; AWS keeps them 90.
    pub retention_days: u16,
}

/// The service could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("failed to open Step Functions: {reason}")]
pub struct OpenError {
    reason: String,
}

impl From<Unreadable> for OpenError {
    fn from(error: Unreadable) -> OpenError {
        OpenError { reason: error.to_string() }
    }
}

/// AWS Step Functions. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

/// Families that are written all the time.
pub(crate) struct Families {
    pub(crate) open: Family,
    pub(crate) index_open: Family,
    pub(crate) offers: Family,
    pub(crate) counts: Family,
}

pub struct Inner {
    pub(crate) store: Store,
    pub(crate) host: Host,
    pub(crate) limits: Limits,
    pub(crate) quotas: Quotas,
    pub(crate) counts: Arc<Counts>,
    pub(crate) notices: Notices,
    pub(crate) lambda: Arc<dyn Lambda>,
    pub(crate) logs: Option<Arc<dyn Logs>>,
    pub(crate) objects: Arc<dyn Objects>,
    pub(crate) map_runs: crate::map_runs::MapRuns,
    pub(crate) mocked: crate::mocked::Mocked,
    pub(crate) tokens: Tokens,
    pub(crate) definitions: Definitions,
    pub(crate) machines: Arc<Machines>,
    pub(crate) activities: Activities,
    pub(crate) timers: events::TimerQueue<TimerKey>,
    pub(crate) horizons: crate::driver::timers::Horizons,
    pub(crate) clocks: crate::driver::clocks::Clocks,
    pub(crate) families: Families,
    pub(crate) runtime: Handle,
    pub(crate) calls: crate::calls::Calls,
    /// Threads for steps that take long.
    pub(crate) thinkers: Thinkers,
    /// True from the moment that the server stops: parked polls end.
    stopping: tokio::sync::watch::Sender<bool>,
    /// Told whenever an execution closed.
    pub(crate) closings: tokio::sync::Notify,
    pub(crate) retention_days: u16,
    drain_max: Duration,
}

impl Deref for Service {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Service {
    /// Opens the service on a store and resumes every running execution.
    pub async fn open(store: Store, host: Host, settings: Settings) -> Result<Service, OpenError> {
        let tokens = Tokens::new(secret(&store, &host).await?);
        let counts = Arc::new(Counts::new(&settings.quotas));
        let activities = Activities::load(&store, settings.quotas.pollers_max, &counts)?;
        let inner = Inner {
            mocked: crate::mocked::Mocked::new(settings.mocks),
            tokens,
            activities,
            definitions: Definitions::default(),
            machines: Arc::new(Machines::new(counts.clone())),
            timers: events::TimerQueue::new(),
            horizons: crate::driver::timers::Horizons::new(),
            clocks: crate::driver::clocks::Clocks::default(),
            families: Families {
                open: records::OPEN.into(),
                index_open: records::INDEX_OPEN.into(),
                offers: records::OFFERS.into(),
                counts: records::COUNTS.into(),
            },
            runtime: Handle::current(),
            calls: crate::calls::Calls::default(),
            thinkers: Thinkers::start().map_err(Unreadable::new)?,
            stopping: tokio::sync::watch::Sender::new(false),
            closings: tokio::sync::Notify::new(),
            drain_max: settings.drain_max,
            retention_days: settings.retention_days,
            limits: settings.limits,
            counts,
            notices: Notices::new(),
            lambda: settings.lambda,
            logs: settings.logs,
            objects: settings.objects,
            map_runs: crate::map_runs::MapRuns::new(settings.quotas.open_map_runs_max),
            quotas: settings.quotas,
            store,
            host,
        };
        let service = Service { inner: Arc::new(inner) };
        let recovering = service.clone();
        let deletions = service.aside(move || -> Result<_, Unreadable> {
            // Before anything moves again.
            recovering.upgrade()?;
            let deletions = recovering.count_what_is_there()?;
            recovering.recover().map(|()| deletions)
        });
        let deletions =
            deletions.await.map_err(|error| OpenError { reason: error.to_string() })??;
        tokio::spawn(service.clone().run_clocks());
        tokio::spawn(service.clone().run_timers());
        tokio::spawn(service.clone().run_timer_window());
        tokio::spawn(service.clone().run_retention());
        for machine in deletions {
            service.finish_deletion_soon(machine);
        }
        Ok(service)
    }

    /// Runs what takes a while where it holds nobody up.
    pub(crate) async fn aside<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, tokio::task::JoinError> {
        match self.host.is_single_threaded() {
            true => Ok(work()),
            false => tokio::task::spawn_blocking(work).await,
        }
    }

    /// Returns when the server stops.
    pub(crate) async fn stopped(&self) {
        // The sender lives as long as the service, so that this cannot fail.
        let _ = self.stopping.subscribe().wait_for(|stops| *stops).await;
    }

    /// Waits for a moment without calls under way, at most `wait_max`, while all else goes on.
    pub async fn settle(&self, wait_max: Duration) {
        let _ = tokio::time::timeout(wait_max, self.calls.idle()).await;
    }

    /// Ends parked polls and waits for calls under way, as long as the settings allow; what is
    /// left is recorded as lost at the next start.
    pub async fn drain(&self) {
        self.stopping.send_replace(true);
        self.calls.drain(self.drain_max).await;
    }
}

impl JsonService for Service {
    fn target_prefix(&self) -> &'static str {
        "AWSStepFunctions"
    }

    fn signing_name(&self) -> &'static str {
        "states"
    }

    fn name(&self) -> &'static str {
        "stepfunctions"
    }

    fn json_version(&self) -> &'static str {
        "1.0"
    }

    fn body_bytes_max(&self) -> usize {
        self.quotas.request_bytes_max
    }

    fn call<'a>(
        &'a self,
        operation: &str,
        caller: &'a identity::Caller,
        body: &'a [u8],
    ) -> Option<Answer<'a>> {
        let at = OPERATIONS.binary_search_by_key(&operation, |entry| entry.name).ok()?;
        let entry = OPERATIONS.get(at)?;
        Some((entry.run)(self, caller, body))
    }
}

/// The secret behind this server's tokens, made at the first start.
async fn secret(store: &Store, host: &Host) -> Result<[u8; 32], OpenError> {
    let key = bytes::Bytes::from_static(b"token-secret-1");
    let mut fresh = Vec::with_capacity(32);
    for _ in 0..4 {
        fresh.extend_from_slice(&host.entropy().to_be_bytes());
    }
    let family: Family = records::KEYS.into();
    let secret = store
        .commit(store.partition_of(0), move |stage| -> Result<Vec<u8>, Unreadable> {
            match stage.get(&family, &key).map_err(Unreadable::new)? {
                Some(row) => Ok(records::row_to_bytes(Row::Secret, &key, &row)?.to_vec()),
                None => {
                    let row = records::bytes_to_row(Row::Secret, &key, &fresh);
                    stage.put(&family, key, row);
                    crate::driver::mark_upgraded(stage);
                    Ok(fresh)
                }
            }
        })
        .await
        .map_err(|error| OpenError { reason: error.to_string() })??;
    secret.try_into().map_err(|_| OpenError { reason: "the token secret is damaged".into() })
}
