//! Runs functions as processes: kept warm, several at a time, watched, and none left behind.
//! Start at [`Runner::run`]; one process is a [`sandbox::Sandbox`], those of one function a
//! [`pool::Pool`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use host::Host;
use parking_lot::Mutex;

use crate::code::CodeStore;
use crate::logs::Logs;
use crate::runner::launch::Launch;
use crate::runner::pool::Pool;
use crate::runner::sandbox::{Sandbox, Spawner};
use crate::runtimes::Interpreters;
use crate::settings::Settings;

pub(crate) mod command;
pub(crate) mod finished;
pub(crate) mod launch;
mod output;
mod pool;
mod runtime_api;
mod sandbox;

pub(crate) use finished::Finished;

const PYTHON_BOOTSTRAP: &str = include_str!("runner/bootstrap.py");
const NODE_BOOTSTRAP: &str = include_str!("runner/bootstrap.mjs");

/// How often warm processes are looked over.
const REAP_EVERY: Duration = Duration::from_secs(5);

/// What a process is asked to do once.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) client_context: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// The invocation was not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many are running and waiting already.
    Throttled,
    /// The server is ending.
    Closed,
}

/// The processes of all functions.
pub(crate) struct Runner {
    pub(crate) limits: Limits,
    pub(crate) spawner: Spawner,
    pools: Mutex<HashMap<String, Arc<Pool>>>,
    /// Every process that has not ended, for the end of the server.
    sandboxes: Mutex<Vec<Weak<Sandbox>>>,
    processes: Arc<AtomicUsize>,
    closed: AtomicBool,
}

pub(crate) struct Limits {
    pub(crate) processes_per_function_max: usize,
    pub(crate) processes_max: usize,
    pub(crate) waiting_per_function_max: usize,
    pub(crate) idle_max: Duration,
    pub(crate) init_max: Duration,
}

impl Runner {
    pub(crate) fn new(
        settings: &Settings,
        home: &Path,
        code: Arc<CodeStore>,
        logs: Arc<Logs>,
    ) -> std::io::Result<Arc<Runner>> {
        let spawner = Spawner {
            host: settings.host.clone(),
            code,
            logs,
            interpreters: Interpreters::new(settings.python.clone(), settings.node.clone()),
            supervisor: command::supervisor(settings),
            runtime_dir: write_bootstraps(home)?,
            endpoint_url: settings.endpoint_url.clone(),
            credentials: settings.credentials.clone(),
        };
        let limits = Limits {
            processes_per_function_max: settings.processes_per_function_max.max(1),
            processes_max: settings.processes_max.max(1),
            waiting_per_function_max: settings.waiting_per_function_max,
            idle_max: settings.idle_max,
            init_max: settings.init_max,
        };
        let runner = Arc::new(Runner {
            limits,
            spawner,
            pools: Mutex::default(),
            sandboxes: Mutex::default(),
            processes: Arc::default(),
            closed: AtomicBool::new(false),
        });
        tokio::spawn(reap(Arc::downgrade(&runner)));
        Ok(runner)
    }

    /// Runs a function once. The work goes on when the caller stops waiting.
    pub(crate) async fn run(
        self: &Arc<Self>,
        launch: Arc<Launch>,
        work: Work,
    ) -> Result<Finished, Refused> {
        if self.is_closed() {
            return Err(Refused::Closed);
        }
        let pool = self.pool(launch);
        let runner = Arc::clone(self);
        let task = tokio::spawn(async move { pool.run(&runner, work).await });
        match task.await.unwrap_or(Err(Refused::Closed)) {
            // The end of the server is not the function's failure.
            Ok(finished) if finished.is_error && self.is_closed() => Err(Refused::Closed),
            result => result,
        }
    }

    /// The pool of this very version; one of an older version is retired.
    fn pool(&self, launch: Arc<Launch>) -> Arc<Pool> {
        let mut pools = self.pools.lock();
        let key = launch.key();
        if let Some(pool) = pools.get(&key) {
            if pool.launch.revision == launch.revision {
                return Arc::clone(pool);
            }
            pool.retire();
        }
        let pool = Arc::new(Pool::new(launch, self.limits.processes_per_function_max));
        pools.insert(key, Arc::clone(&pool));
        pool
    }

    /// Ends the warm processes of functions whose key fits; running ones finish.
    pub(crate) fn retire(&self, fits: impl Fn(&Launch) -> bool) {
        self.pools.lock().retain(|_, pool| {
            let goes = fits(&pool.launch);
            if goes {
                pool.retire();
            }
            !goes
        });
    }

    /// Starts a process, having made room for it if need be.
    async fn spawn(&self, launch: &Arc<Launch>) -> Result<Arc<Sandbox>, SpawnError> {
        let slot = self.slot().ok_or(SpawnError::NoRoom)?;
        let sandbox = self.spawner.spawn(launch, slot).await.map_err(SpawnError::Start)?;
        let mut sandboxes = self.sandboxes.lock();
        sandboxes.retain(|sandbox| sandbox.strong_count() > 0);
        sandboxes.push(Arc::downgrade(&sandbox));
        drop(sandboxes);
        if self.is_closed() {
            sandbox.end();
        }
        Ok(sandbox)
    }

    fn slot(&self) -> Option<Slot> {
        if let Some(slot) = Slot::take(&self.processes, self.limits.processes_max) {
            return Some(slot);
        }
        // A warm process of a function that is not in use makes room. It may take a moment to be
        // gone, in which one process more than the limit exists.
        let pools: Vec<Arc<Pool>> = self.pools.lock().values().cloned().collect();
        let oldest = pools.into_iter().filter_map(|pool| Some((pool.idle_since()?, pool)));
        let (_, pool) = oldest.min_by_key(|(since, _)| *since)?;
        pool.end_oldest();
        Slot::take(&self.processes, self.limits.processes_max + 1)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Ends every process and waits until all are gone.
    pub(crate) async fn shutdown(&self) {
        self.closed.store(true, Ordering::Release);
        self.retire(|_| true);
        let sandboxes: Vec<Weak<Sandbox>> = std::mem::take(&mut *self.sandboxes.lock());
        for sandbox in sandboxes.iter().filter_map(Weak::upgrade) {
            sandbox.end();
        }
        while self.processes.load(Ordering::Acquire) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

enum SpawnError {
    NoRoom,
    /// The function cannot be started; the text says why.
    Start(String),
}

/// One of the processes that may exist at a time; given back when the process is gone.
pub(crate) struct Slot {
    processes: Arc<AtomicUsize>,
}

impl Slot {
    fn take(processes: &Arc<AtomicUsize>, max: usize) -> Option<Slot> {
        let more = |count: usize| (count < max).then_some(count + 1);
        processes.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(Slot { processes: Arc::clone(processes) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.processes.fetch_sub(1, Ordering::AcqRel);
    }
}

async fn reap(runner: Weak<Runner>) {
    loop {
        let every = match runner.upgrade() {
            Some(runner) if !runner.is_closed() => {
                let pools: Vec<Arc<Pool>> = runner.pools.lock().values().cloned().collect();
                pools.iter().for_each(|pool| pool.reap(runner.limits.idle_max));
                runner.pools.lock().retain(|_, pool| Arc::strong_count(pool) > 2 || pool.is_used());
                REAP_EVERY.min(runner.limits.idle_max.max(Duration::from_millis(10)))
            }
            _ => return,
        };
        tokio::time::sleep(every).await;
    }
}

/// Puts our own runtimes where interpreters can read them.
fn write_bootstraps(home: &Path) -> std::io::Result<PathBuf> {
    let folder = home.join("runtime");
    std::fs::create_dir_all(&folder)?;
    for (name, text) in [("bootstrap.py", PYTHON_BOOTSTRAP), ("bootstrap.mjs", NODE_BOOTSTRAP)] {
        let path = folder.join(name);
        if std::fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            let fresh = folder.join(format!(".{name}.{}", std::process::id()));
            std::fs::write(&fresh, text)?;
            std::fs::rename(&fresh, &path)?;
        }
    }
    folder.canonicalize()
}

/// Milliseconds of the wall clock at which something with this limit must have ended.
fn deadline_ms(host: &Host, limit: Duration) -> i64 {
    host.now_ms().saturating_add(i64::try_from(limit.as_millis()).unwrap_or(i64::MAX))
}
