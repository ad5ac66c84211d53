//! One process of a function, with its supervisor above it: started, given one piece of work at a
//! time, watched, ended.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use host::Host;
use parking_lot::Mutex;
use rustix::process::{Pid, Signal};
use tokio::net::TcpListener;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::code::CodeStore;
use crate::logs::Logs;
use crate::processes;
use crate::runner::command::{self, Place};
use crate::runner::finished::Outcome;
use crate::runner::launch::{Code, Launch};
use crate::runner::output::Output;
use crate::runner::runtime_api::{self, Desk, Event};
use crate::runner::{Limits, Slot, Work, deadline_ms};
use crate::runtimes::Interpreters;
use crate::settings::Credentials;

/// How often a working process's memory is looked at.
const MEMORY_EVERY: Duration = Duration::from_millis(50);
/// How long a warm process may take to fetch its next event.
const HANDOFF_MAX: Duration = Duration::from_secs(1);
/// An answer may still be on its way when the process that sent it has ended.
const LAST_WORDS: Duration = Duration::from_millis(50);
/// How long the supervisor may take to end everything before the whole group is killed.
const END_MAX: Duration = Duration::from_secs(2);
/// Output that is still in the pipe when the process has ended.
const OUTPUT_REST: Duration = Duration::from_millis(200);

/// Starts processes.
pub(crate) struct Spawner {
    pub(crate) host: Host,
    pub(crate) code: Arc<CodeStore>,
    pub(crate) logs: Arc<Logs>,
    pub(crate) interpreters: Interpreters,
    pub(crate) supervisor: Vec<std::ffi::OsString>,
    pub(crate) runtime_dir: PathBuf,
    pub(crate) endpoint_url: Option<String>,
    pub(crate) credentials: Option<Credentials>,
}

impl Spawner {
    /// Starts a process; the error says why it cannot be.
    pub(crate) async fn spawn(&self, launch: &Launch, slot: Slot) -> Result<Arc<Sandbox>, String> {
        let root = self.root(launch).await?;
        let arguments = command::arguments(self, launch, &root).await?;
        let system = |error: std::io::Error| format!("failed to start a process: {error}");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(system)?;
        let place = Place {
            runtime_api: listener.local_addr().map_err(system)?.to_string(),
            log_stream: log_stream(&self.host),
        };
        let (reader, writer) = std::io::pipe().map_err(system)?;
        let mut words = self.supervisor.iter().chain(&arguments);
        let mut command = Command::new(words.next().ok_or("no supervisor is configured")?);
        command
            .args(words)
            .env_clear()
            .envs(command::environment(self, launch, &root, &place))
            .current_dir(&root)
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().map_err(system)?)
            .stderr(writer)
            .process_group(0);
        let child = command.spawn().map_err(system)?;
        // The command holds the writing end of the pipe; while it lives the pipe has no end.
        drop(command);
        let pipe = Receiver::from_owned_fd(reader.into()).map_err(system)?;
        let output = Arc::new(Output::new(pipe, self.logs.of_process(launch, &place.log_stream)));
        Sandbox::begin(self.host.clone(), child, listener, output, slot)
            .ok_or_else(|| "failed to start a process: it ended at once".to_owned())
    }

    async fn root(&self, launch: &Launch) -> Result<PathBuf, String> {
        match &launch.code {
            Code::Archive(digest) => Arc::clone(&self.code).unpacked(digest).await,
            Code::Folder(folder) => folder
                .canonicalize()
                .map_err(|error| format!("failed to read `{}`: {error}", Path::display(folder))),
        }
    }
}

/// `2024/01/31/[$LATEST]` and a number of 128 bits, as Lambda names streams.
pub(crate) fn log_stream(host: &Host) -> String {
    let now = jiff::Timestamp::from_millisecond(host.now_ms()).unwrap_or_default();
    let day = now.strftime("%Y/%m/%d");
    format!("{day}/[$LATEST]{:016x}{:016x}", host.entropy(), host.entropy())
}

/// One process.
pub(crate) struct Sandbox {
    host: Host,
    /// The supervisor's, and of the process group.
    pid: u32,
    desk: Arc<Desk>,
    output: Arc<Output>,
    /// What keeps the process alive; `None` once it has been told to end.
    life: Mutex<Option<Life>>,
    ended: watch::Receiver<Option<ExitStatus>>,
    is_fresh: AtomicBool,
    started: Instant,
    memory_peak: AtomicU64,
}

/// The pipe that the supervisor watches, and the sign for our own watcher. Dropping both ends the
/// process.
struct Life {
    _pipe: ChildStdin,
    _watched: oneshot::Sender<()>,
}

/// Whether the process took up the work.
pub(crate) enum Try {
    Done(Outcome),
    /// The work was not seen by the process and can be given to another one.
    NotTaken,
}

impl Sandbox {
    fn begin(
        host: Host,
        mut child: Child,
        listener: TcpListener,
        output: Arc<Output>,
        slot: Slot,
    ) -> Option<Arc<Sandbox>> {
        let pid = child.id()?;
        let pipe = child.stdin.take()?;
        let desk = Desk::new();
        let (watched, is_ending) = oneshot::channel();
        let (ended_sender, ended) = watch::channel(None);
        let reading = tokio::spawn({
            let output = Arc::clone(&output);
            async move { output.read_all().await }
        });
        let serving = tokio::spawn(runtime_api::serve(listener, Arc::clone(&desk)));
        tokio::spawn(async move {
            let status = wait(&mut child, pid, is_ending).await;
            finish_reading(reading).await;
            serving.abort();
            ended_sender.send_replace(Some(status));
            drop(slot);
        });
        Some(Arc::new(Sandbox {
            host,
            pid,
            desk,
            output,
            life: Mutex::new(Some(Life { _pipe: pipe, _watched: watched })),
            ended,
            is_fresh: AtomicBool::new(true),
            started: Instant::now(),
            memory_peak: AtomicU64::new(0),
        }))
    }

    /// Has the process do the work, and logs it.
    pub(crate) async fn run(&self, launch: &Launch, limits: &Limits, work: &Work) -> Try {
        self.output.drain();
        self.output.clear_tail();
        let is_fresh = self.is_fresh.swap(false, Ordering::AcqRel);
        let mut init = None;
        if is_fresh {
            // An initialisation over its limit goes on in the time of the invocation.
            match self.watched(limits.init_max, launch, self.desk.ready()).await {
                Ok(()) => init = Some(self.started.elapsed()),
                Err(Outcome::TimedOut) => {}
                Err(outcome) => {
                    self.output
                        .line(&format!("START RequestId: {} Version: $LATEST", work.request_id));
                    let outcome = self.desk.take_init_error().map_or(outcome, Outcome::InitError);
                    self.report(launch, work, Duration::ZERO, None, &outcome);
                    return Try::Done(outcome);
                }
            }
        }
        self.output.line(&format!("START RequestId: {} Version: $LATEST", work.request_id));
        let begin = Instant::now();
        match self.perform(launch, work, is_fresh).await {
            Try::NotTaken => Try::NotTaken,
            Try::Done(outcome) => {
                self.report(launch, work, begin.elapsed(), init, &outcome);
                Try::Done(outcome)
            }
        }
    }

    async fn perform(&self, launch: &Launch, work: &Work, is_fresh: bool) -> Try {
        let (taken, answered) = self.desk.offer(self.event(launch, work));
        let exchange = async {
            let is_late = !is_fresh && tokio::time::timeout(HANDOFF_MAX, taken).await.is_err();
            if is_late && self.desk.withdraw() {
                return Try::NotTaken;
            }
            match answered.await {
                Ok(outcome) => Try::Done(outcome),
                // Unreachable while the desk exists; if it were, the watcher decides.
                Err(_) => std::future::pending().await,
            }
        };
        match self.watched(launch.timeout, launch, exchange).await {
            Ok(result) => result,
            Err(Outcome::Exited(_)) if !is_fresh && self.desk.withdraw() => Try::NotTaken,
            Err(Outcome::Exited(status)) => Try::Done(
                self.desk.take_init_error().map_or(Outcome::Exited(status), Outcome::InitError),
            ),
            Err(outcome) => Try::Done(outcome),
        }
    }

    fn event(&self, launch: &Launch, work: &Work) -> Event {
        let seconds = u32::try_from(self.host.now_ms() / 1000).unwrap_or(0);
        let (one, two) = (self.host.entropy(), self.host.entropy());
        let trace_id = format!(
            "Root=1-{seconds:08x}-{:024x};Parent={two:016x};Sampled=0",
            (u128::from(one) << 32) | u128::from(two >> 32)
        );
        Event {
            request_id: work.request_id.clone(),
            payload: work.payload.clone(),
            deadline_ms: deadline_ms(&self.host, launch.timeout),
            arn: launch.arn.clone(),
            trace_id,
            client_context: work.client_context.clone(),
            idempotency_key: work.idempotency_key.clone(),
        }
    }

    /// Waits for `work`, but no longer than the limit, the process and its memory allow.
    async fn watched<T>(
        &self,
        limit: Duration,
        launch: &Launch,
        work: impl Future<Output = T>,
    ) -> Result<T, Outcome> {
        let mut work = pin!(work);
        let mut limit = pin!(tokio::time::sleep(limit));
        let mut ended = self.ended.clone();
        let mut ended = pin!(async move { until_ended(&mut ended).await });
        let start = tokio::time::Instant::now() + MEMORY_EVERY;
        let mut clock = tokio::time::interval_at(start, MEMORY_EVERY);
        loop {
            tokio::select! {
                biased;
                value = &mut work => return Ok(value),
                status = &mut ended => {
                    let last = tokio::time::timeout(LAST_WORDS, work).await;
                    return last.map_err(|_| Outcome::Exited(status));
                }
                () = &mut limit => return Err(Outcome::TimedOut),
                _ = clock.tick() => {
                    let bytes = processes::tree_memory(self.pid);
                    self.memory_peak.fetch_max(bytes, Ordering::AcqRel);
                    if bytes > launch.memory_bytes() {
                        return Err(Outcome::OutOfMemory);
                    }
                }
            }
        }
    }

    /// The lines that end an invocation in the log.
    fn report(
        &self,
        launch: &Launch,
        work: &Work,
        took: Duration,
        init: Option<Duration>,
        outcome: &Outcome,
    ) {
        self.output.drain();
        self.memory_peak.fetch_max(processes::tree_memory_peak(self.pid), Ordering::AcqRel);
        let id = &work.request_id;
        if matches!(outcome, Outcome::TimedOut) {
            let limit = launch.timeout.as_secs_f64();
            self.output.line(&format!("{id} Task timed out after {limit:.2} seconds"));
        } else if !outcome.leaves_process_usable() {
            self.output.line(&format!("RequestId: {id} Error: {}", outcome.summary()));
        }
        let took_ms = took.as_secs_f64() * 1000.0;
        let init_text = init.map(|init| init.as_secs_f64() * 1000.0);
        let init_text = init_text.map(|ms| format!("\tInit Duration: {ms:.2} ms"));
        self.output.line(&format!("END RequestId: {id}"));
        self.output.line(&format!(
            "REPORT RequestId: {id}\tDuration: {took_ms:.2} ms\tBilled Duration: {:.0} ms\t\
             Memory Size: {} MB\tMax Memory Used: {} MB{}",
            took_ms.ceil(),
            launch.memory_mib,
            self.memory_peak.load(Ordering::Acquire).div_ceil(1 << 20),
            init_text.unwrap_or_default(),
        ));
    }

    pub(crate) fn tail(&self) -> Vec<u8> {
        self.output.tail()
    }

    /// Whether it has ended or was told to.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended.borrow().is_some() || self.life.lock().is_none()
    }

    /// Ends the process and everything it has started. Returns at once.
    pub(crate) fn end(&self) {
        self.life.lock().take();
    }
}

async fn until_ended(ended: &mut watch::Receiver<Option<ExitStatus>>) -> ExitStatus {
    match ended.wait_for(Option::is_some).await {
        Ok(status) => status.unwrap_or_default(),
        // The watcher is gone without a word: the runtime is shutting down.
        Err(_) => ExitStatus::default(),
    }
}

/// Waits for the supervisor to end; once told to end, it must do so soon.
async fn wait(child: &mut Child, pid: u32, is_ending: oneshot::Receiver<()>) -> ExitStatus {
    tokio::select! {
        status = child.wait() => return status.unwrap_or_default(),
        _ = is_ending => {}
    }
    if let Ok(status) = tokio::time::timeout(END_MAX, child.wait()).await {
        return status.unwrap_or_default();
    }
    if let Some(group) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
    child.wait().await.unwrap_or_default()
}

async fn finish_reading(mut reading: JoinHandle<()>) {
    if tokio::time::timeout(OUTPUT_REST, &mut reading).await.is_err() {
        reading.abort();
    }
}
