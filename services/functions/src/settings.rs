//! What the service is told when it is opened, and when a development folder changes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use host::Host;
use store::Store;
use targets::logs::Logs;

/// Everything the service needs to know. [`Settings::new`] has defaults for all but two fields.
#[derive(Clone)]
pub struct Settings {
    /// Code, logs and bootstraps live under `<data_dir>/functions`.
    pub data_dir: PathBuf,
    /// Where functions made through the API are kept. Without one there are only the folder's.
    pub store: Option<Store>,
    pub host: Host,
    /// Where the functions' lines go beside their own files.
    pub logs: Option<Arc<dyn Logs>>,
    /// `AWS_ENDPOINT_URL` of the functions, so that their SDK calls come back to this server.
    pub endpoint_url: Option<String>,
    /// `AWS_ACCESS_KEY_ID` and so on of the functions. Default: the account's number and `test`.
    pub credentials: Option<Credentials>,
    /// The command that runs [`crate::supervise::supervise_main`]; the function's own command
    /// line is appended. Default: this binary with `__supervise`.
    pub supervisor: Vec<OsString>,
    /// Interpreters; default: `python3` and `node` of `PATH`.
    pub python: Option<PathBuf>,
    pub node: Option<PathBuf>,
    /// Processes of one function at a time.
    pub processes_per_function_max: usize,
    /// Processes of all functions at a time, warm ones included.
    pub processes_max: usize,
    /// Invocations that wait for a process of one function.
    pub waiting_per_function_max: usize,
    /// A warm process without work ends after this.
    pub idle_max: Duration,
    /// How long a process may take until it asks for its first event, beside the function's own
    /// time-out.
    pub init_max: Duration,
    /// Pauses before the second and third attempt of an asynchronous invocation.
    pub event_retry_delays: Vec<Duration>,
    /// Functions that run elsewhere.
    pub remotes: Vec<Remote>,
}

impl Settings {
    pub fn new(data_dir: impl Into<PathBuf>, host: Host) -> Settings {
        Settings {
            data_dir: data_dir.into(),
            store: None,
            host,
            logs: None,
            endpoint_url: None,
            credentials: None,
            supervisor: Vec::new(),
            python: None,
            node: None,
            processes_per_function_max: 10,
            processes_max: 256,
            waiting_per_function_max: 1000,
            idle_max: Duration::from_secs(600),
            init_max: Duration::from_secs(10),
            event_retry_delays: vec![Duration::from_secs(60), Duration::from_secs(120)],
            remotes: Vec::new(),
        }
    }
}

/// An access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

/// Functions behind an endpoint that accepts Lambda's Invoke.
#[derive(Clone)]
pub struct Remote {
    /// A function name in which `*` stands for anything.
    pub pattern: String,
    /// `https://lambda.eu-west-1.amazonaws.com`, `http://127.0.0.1:9001`.
    pub endpoint: String,
    /// The region to sign for; default: the caller's.
    pub region: Option<String>,
    /// Default: the caller's account number as access key, which emulators read as the account.
    pub credentials: Option<Credentials>,
    /// How long one call may take.
    pub time_max: Duration,
}

/// A function whose code is a folder; every account and region sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderFunction {
    pub name: String,
    pub dir: PathBuf,
    /// `python3.12`, `nodejs22.x`, `provided.al2023`.
    pub runtime: String,
    /// `module.function`; `provided` ignores it.
    pub handler: String,
    /// Seconds, 1 to 900.
    pub timeout: u32,
    /// MiB, 128 to 10240.
    pub memory: u32,
    pub environment: BTreeMap<String, String>,
}
