//! Functions: Lambda's API, and the processes that run the code. Functions come through the API,
//! from a development folder, or live behind an HTTP endpoint.
//! Knows no workflow. Start at [`Functions`]; `runner` runs, `door` speaks the API, `invoke` leads
//! from one to the other.

use std::sync::Arc;

use host::Host;
use tokio::sync::broadcast;

use crate::catalog::{Catalog, LoadError};
use crate::code::CodeStore;
use crate::door::LambdaDoor;
use crate::events::Events;
use crate::folder::{Folder, FolderError};
use crate::logs::{LogLine, Logs};
use crate::records::FunctionKey;
use crate::remote::Remotes;
use crate::runner::Runner;
use crate::runner::launch::Code;
use crate::settings::{FolderFunction, Settings};

mod catalog;
mod code;
mod door;
mod events;
pub mod folder;
mod invoke;
mod limits;
pub mod logs;
mod operations;
mod processes;
mod records;
mod remote;
mod runner;
mod runtimes;
pub mod settings;
pub mod supervise;

/// The service. One for a server; ends all processes when dropped.
pub struct Functions {
    pub(crate) host: Host,
    pub(crate) catalog: Catalog,
    pub(crate) code: Arc<CodeStore>,
    pub(crate) folder: Folder,
    pub(crate) remotes: Remotes,
    pub(crate) runner: Arc<Runner>,
    pub(crate) events: Events,
    logs: Arc<Logs>,
}

/// The service cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("failed to prepare the folder of functions: {0}")]
    Folder(#[from] std::io::Error),
    #[error("failed to read the stored functions: {0}")]
    Load(Box<dyn std::error::Error + Send + Sync>),
    #[error("failed to prepare calls to remote functions: {0}")]
    Client(#[from] reqwest::Error),
}

impl From<LoadError> for OpenError {
    fn from(error: LoadError) -> OpenError {
        OpenError::Load(Box::new(error))
    }
}

impl Functions {
    /// Reads what is stored, and takes up asynchronous invocations that were accepted before.
    pub async fn open(settings: Settings) -> Result<Arc<Functions>, OpenError> {
        let home = settings.data_dir.join("functions");
        let code = Arc::new(CodeStore::open(&home)?);
        let logs =
            Arc::new(Logs::new(settings.host.clone(), home.join("logs"), settings.logs.clone()));
        let runner = Runner::new(&settings, &home, Arc::clone(&code), Arc::clone(&logs))?;
        let (catalog, pending) = Catalog::load(settings.store.clone())?;
        code.collect(&catalog.digests())?;
        let functions = Arc::new(Functions {
            remotes: Remotes::new(settings.host.clone(), settings.remotes)?,
            host: settings.host,
            catalog,
            code,
            folder: Folder::default(),
            runner,
            events: Events::new(settings.event_retry_delays),
            logs,
        });
        functions.resume_events(pending);
        Ok(functions)
    }

    /// Lambda's API, for the server's router.
    pub fn door(self: &Arc<Self>) -> Arc<dyn wire::door::Door> {
        Arc::new(LambdaDoor::new(Arc::clone(self)))
    }

    /// The folder's functions from now on. Those that are wrong are left out and named; the others
    /// run. Invocations that have begun finish with the code they began with.
    pub fn set_folder(&self, functions: Vec<FolderFunction>) -> Vec<FolderError> {
        let errors = self.folder.set(functions);
        let names = self.folder.names();
        self.runner.retire(|launch| {
            matches!(launch.code, Code::Folder(_)) && !names.contains(&launch.name)
        });
        errors
    }

    /// The code of a folder's function has changed: the next invocation runs it in a new process.
    /// Whether there is such a function.
    pub fn reload(&self, name: &str) -> bool {
        let known = self.folder.touch(name);
        self.runner.retire(|launch| matches!(launch.code, Code::Folder(_)) && launch.name == name);
        known
    }

    /// The last lines that functions of this name have logged.
    pub fn logs(&self, name: &str) -> Vec<LogLine> {
        self.logs.lines(name)
    }

    /// Every line that functions log from now on.
    pub fn follow_logs(&self) -> broadcast::Receiver<LogLine> {
        self.logs.follow()
    }

    /// Ends every process, running ones too, and returns when they are gone. Asynchronous
    /// invocations that have not finished begin again when the service is opened next.
    pub async fn shutdown(&self) {
        self.runner.shutdown().await;
        let logs = Arc::clone(&self.logs);
        // Writing to a disk may block.
        let _ = tokio::task::spawn_blocking(move || logs.close()).await;
    }

    /// Ends the warm processes of a function.
    pub(crate) fn retire(&self, key: &FunctionKey) {
        self.runner.retire(|launch| {
            launch.account == key.account && launch.region == key.region && launch.name == key.name
        });
    }

    pub(crate) fn forget_logs(&self, key: &str) {
        self.logs.forget(key);
    }
}
