//! Wiring: the store, the services on it, and the port in front of them.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use functions::Functions;
use functions::logs::LogLine;
use functions::settings::{FolderFunction, Remote};
use host::Host;
use identity::Caller;
pub(crate) use identity::Mode;
use rehearsal::mock_config::MockConfig;
use stepfunctions::notices::Notice;
use store::Store;
use targets::objects::folder::Folder;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::listener::{BindError, Listener};
use wire::operation::JsonService;
use wire::router::Router;
use wire::tls::Tls;

use crate::api::{Api, Local};
use crate::config::{self, Limits};
use crate::folder::{Code, FunctionSource};
use crate::names::Names;
use crate::site::Site;
use crate::trouble::Trouble;

/// How long a stop waits for requests and calls under way.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// How long a stop waits for the last log events.
const LOGS_DRAIN_MAX: Duration = Duration::from_secs(5);
/// Folder of the buckets that distributed Maps read and write, within the data.
const OBJECTS: &str = "objects";
/// How long a closed execution is kept: as long as AWS keeps it.
const RETENTION_DAYS: u16 = 90;
/// The longest call of a function behind an endpoint: Lambda's own.
const REMOTE_MAX: Duration = Duration::from_secs(900);

/// What a server is told.
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) address: IpAddr,
    pub(crate) port: u16,
    pub(crate) data: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) tls: Option<config::Tls>,
    pub(crate) functions: Vec<FunctionSource>,
    /// Test cases that executions may be started with.
    pub(crate) mocks: Option<MockConfig>,
}

/// The services on an open store.
pub(crate) struct Inside {
    store: Store,
    functions: Arc<Functions>,
    states: stepfunctions::Service,
    logs: logs::Service,
    host: Host,
}

impl Inside {
    /// Resumes what was running.
    pub(crate) async fn open(
        settings: &Settings,
        store: Store,
        host: Host,
        port: u16,
    ) -> anyhow::Result<Inside> {
        let logs = logs::Service::open(store.clone(), host.clone());
        let functions = open_functions(settings, (&store, &logs), &host, port).await?;
        let states = stepfunctions::Service::open(
            store.clone(),
            host.clone(),
            stepfunctions::Settings {
                limits: settings.limits.of_executions(),
                quotas: settings.limits.quotas(),
                lambda: functions.clone(),
                logs: Some(Arc::new(logs.clone())),
                objects: Arc::new(Folder::new(settings.data.join(OBJECTS))),
                mocks: settings.mocks.clone().map(Arc::new),
                drain_max: DRAIN_MAX,
                retention_days: RETENTION_DAYS,
            },
        )
        .await?;
        if matches!(settings.mode, Mode::Serve(_)) {
            log_notices(&states);
        }
        Ok(Inside { store, functions, states, logs, host })
    }

    /// What answers requests.
    pub(crate) fn router(&self, mode: Mode) -> Router {
        Router::new(mode, self.host.clone())
            .with_limits(wire_limits())
            .json(Arc::new(self.states.clone()))
            .json(Arc::new(self.logs.clone()))
            .door(self.functions.door())
    }

    /// The functions with code in folders, in place of those there were; what is wrong with some.
    pub(crate) fn set_functions(
        &self,
        functions: &[FunctionSource],
        names: &Names,
    ) -> anyhow::Result<Vec<String>> {
        let mut folders = Vec::new();
        for function in functions {
            folders.extend(folder_function(function, names)?);
        }
        let errors = self.functions.set_folder(folders);
        Ok(errors.iter().map(ToString::to_string).collect())
    }

    /// Waits for a moment without calls under way, while requests are still answered.
    pub(crate) async fn settle(&self, wait_max: Duration) {
        self.states.settle(wait_max).await;
    }

    /// Lets calls finish within [`DRAIN_MAX`].
    pub(crate) async fn drain(&self) {
        self.states.drain().await;
    }

    /// Brings the families up to date, so that there is little left to do at the end.
    pub(crate) async fn flush(&self) {
        let store = self.store.clone();
        let flushed = tokio::task::spawn_blocking(move || store.flush()).await;
        if let Ok(Err(error)) = flushed {
            tracing::warn!("a flush did not finish: {error}");
        }
    }

    /// Makes everything durable.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.functions.shutdown().await;
        self.logs.drain(LOGS_DRAIN_MAX).await;
        let store = self.store;
        tokio::task::spawn_blocking(move || store.shutdown())
            .await
            .context("failed to close the store")
    }
}

/// A server that runs.
pub(crate) struct Server {
    address: SocketAddr,
    inside: Inside,
    shutdown: CancellationToken,
    serving: Vec<JoinHandle<()>>,
}

impl Server {
    /// Takes the port, opens the data, resumes what was running, and answers from then on.
    pub(crate) async fn open(settings: Settings) -> anyhow::Result<Server> {
        let listeners = bind(&settings).await?;
        let address = listeners.first().context("no address was bound")?.address();
        let host = Host::real();
        let store = open_store(settings.data.clone(), host.clone()).await?;
        let tls = certificate(&settings)?;
        let inside = Inside::open(&settings, store, host, address.port()).await?;
        let router = inside.router(settings.mode);
        let shutdown = CancellationToken::new();
        let serving = serve(listeners, &router, &tls, &shutdown);
        Ok(Server { address, inside, shutdown, serving })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Step Functions, asked from this process in the name of a site's account.
    pub(crate) fn api(&self, site: &Site) -> Arc<dyn Api> {
        Arc::new(Local {
            service: Arc::new(self.inside.states.clone()) as Arc<dyn JsonService>,
            caller: Caller {
                account: site.account.as_str().into(),
                region: site.region.as_str().into(),
                access_key_id: site.account.as_str().into(),
                request_id: self.inside.host.uuid().into(),
                trace_id: None,
            },
        })
    }

    /// The functions with code in folders, in place of those there were; what is wrong with some.
    pub(crate) fn set_functions(
        &self,
        functions: &[FunctionSource],
        names: &Names,
    ) -> anyhow::Result<Vec<String>> {
        self.inside.set_functions(functions, names)
    }

    /// Every line that functions log from now on.
    pub(crate) fn follow_logs(&self) -> broadcast::Receiver<LogLine> {
        self.inside.functions.follow_logs()
    }

    /// Every word about an execution that comes near to a quota of AWS's.
    pub(crate) fn follow_notices(&self) -> broadcast::Receiver<Notice> {
        self.inside.states.follow_notices()
    }

    /// The code of a function changed.
    pub(crate) fn reload_function(&self, name: &str) {
        self.inside.functions.reload(name);
    }

    /// Lets requests and calls finish within [`DRAIN_MAX`], then makes everything durable.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.inside.drain().await;
        for serving in self.serving {
            serving.await.context("failed to end the listener")?;
        }
        self.inside.stop().await
    }
}

/// Answers on every listener until `shutdown`.
pub(crate) fn serve(
    listeners: Vec<Listener>,
    router: &Router,
    tls: &Tls,
    shutdown: &CancellationToken,
) -> Vec<JoinHandle<()>> {
    let one = |listener: Listener| {
        let stop = shutdown.clone().cancelled_owned();
        tokio::spawn(listener.serve(router.clone(), Some(tls.clone()), stop))
    };
    listeners.into_iter().map(one).collect()
}

pub(crate) fn wire_limits() -> wire::limits::Limits {
    wire::limits::Limits { drain_timeout: DRAIN_MAX, ..Default::default() }
}

/// Logs which executions come near to a quota of AWS's that this server lifts, to its end.
fn log_notices(states: &stepfunctions::Service) {
    let mut notices = states.follow_notices();
    tokio::spawn(async move {
        loop {
            match notices.recv().await {
                Ok(notice) => tracing::warn!("{notice}"),
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "more executions near AWS's limits");
                }
                Err(RecvError::Closed) => return,
            }
        }
    });
}

/// The port on the address, and for loopback on both of its forms where the machine has both.
pub(crate) async fn bind(settings: &Settings) -> anyhow::Result<Vec<Listener>> {
    let first = Listener::bind(SocketAddr::new(settings.address, settings.port)).await;
    let first = first.map_err(|error| refused_port(error, settings.port))?;
    let port = first.address().port();
    let mut listeners = vec![first];
    if settings.address.is_loopback() {
        match Listener::bind(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port)).await {
            Ok(second) => listeners.push(second),
            Err(error @ BindError::InUse { .. }) => return Err(refused_port(error, port)),
            // No IPv6 on this machine: clients find the other form.
            Err(error) => tracing::debug!(%error, "listens on IPv4 only"),
        }
    }
    Ok(listeners)
}

fn refused_port(error: BindError, port: u16) -> anyhow::Error {
    let remedy = match error {
        BindError::InUse { .. } => {
            format!("`rung doctor --port {port}` tells more; `--port 0` takes any free port")
        }
        _ => "choose another one with --port".to_owned(),
    };
    Trouble::new(error.to_string()).remedy(remedy).into()
}

pub(crate) fn certificate(settings: &Settings) -> anyhow::Result<Tls> {
    let made = match &settings.tls {
        Some(files) => Tls::from_files(&files.certificate, &files.key),
        None => Tls::self_signed(&settings.data.join("tls"), &[]),
    };
    made.map_err(|error| {
        let reason = format!("{:#}", anyhow::Error::from(error));
        let remedy = match &settings.tls {
            Some(_) => "give PEM files with the certificate chain and its key under [tls]",
            None => "give the data directory to this user, or choose another one with --data",
        };
        Trouble::new(format!("cannot set up TLS in `{}`: {reason}", settings.data.display()))
            .remedy(remedy)
            .into()
    })
}

/// Opening blocks: it reads what the last run left in the log.
async fn open_store(data: PathBuf, host: Host) -> anyhow::Result<Store> {
    let opened = tokio::task::spawn_blocking(move || {
        let engine = sqlite::Sqlite::open(&data).map_err(|error| refused_data(&error))?;
        Store::open(Arc::new(engine), host, store::Options::default()).map_err(|error| {
            Trouble::new(format!("cannot open the data in `{}`: {error}", data.display()))
                .remedy("`rung doctor` looks at the directory; --data chooses another one")
        })
    });
    let store = opened.await.context("failed to open the store")??;
    for (partition, evidence) in store.broken() {
        tracing::error!(partition, %evidence, "a partition of the data is stopped");
    }
    Ok(store)
}

pub(crate) fn refused_data(error: &sqlite::OpenError) -> Trouble {
    use sqlite::OpenError;

    let remedy = match error {
        OpenError::Unusable { .. } => "give it to this user (chown), or choose another with --data",
        OpenError::Locked { .. } => "stop that server, or choose another directory with --data",
        OpenError::NewerFormat { .. } => "nothing in it was changed",
        OpenError::Foreign { .. } => "choose another directory with --data",
        OpenError::Database { .. } => "`rung doctor` looks at it; --data chooses another directory",
    };
    Trouble::new(error.to_string()).remedy(remedy)
}

/// Whether this version reads the data in a directory; a look that locks and changes nothing.
pub(crate) fn inspect_data(data: &Path) -> Result<(), Trouble> {
    sqlite::Sqlite::inspect(data).map_err(|error| refused_data(&error))
}

async fn open_functions(
    settings: &Settings,
    (store, logs): (&Store, &logs::Service),
    host: &Host,
    port: u16,
) -> anyhow::Result<Arc<Functions>> {
    let mut told = functions::settings::Settings::new(&settings.data, host.clone());
    told.store = Some(store.clone());
    told.logs = Some(Arc::new(logs.clone()));
    told.endpoint_url = Some(format!("http://localhost:{port}"));
    told.remotes = settings.functions.iter().filter_map(remote).collect();
    Functions::open(told).await.context("failed to open the functions")
}

fn remote(function: &FunctionSource) -> Option<Remote> {
    let Code::Url(endpoint) = &function.code else { return None };
    Some(Remote {
        pattern: function.name.clone(),
        endpoint: endpoint.clone(),
        region: None,
        credentials: None,
        time_max: REMOTE_MAX,
    })
}

fn folder_function(
    function: &FunctionSource,
    names: &Names,
) -> anyhow::Result<Option<FolderFunction>> {
    let Code::Folder { dir, runtime, handler } = &function.code else { return Ok(None) };
    let mut environment = std::collections::BTreeMap::new();
    for (key, value) in &function.environment {
        environment.insert(key.clone(), names.fill_configured(value)?);
    }
    Ok(Some(FolderFunction {
        name: function.name.clone(),
        dir: dir.clone(),
        runtime: runtime.clone(),
        handler: handler.clone(),
        timeout: function.timeout_seconds,
        memory: function.memory_mb,
        environment,
    }))
}
