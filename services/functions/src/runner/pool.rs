//! The processes of one version of one function.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::runner::finished::Outcome;
use crate::runner::launch::Launch;
use crate::runner::sandbox::{Sandbox, Try, log_stream};
use crate::runner::{Finished, Refused, Runner, SpawnError, Work};

/// Warm processes that turn out to be dead before a fresh one is started.
const STALE_TRIES_MAX: usize = 16;

pub(crate) struct Pool {
    pub(crate) launch: Arc<Launch>,
    permits: Semaphore,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Idle>>,
    retired: AtomicBool,
    processes_max: usize,
}

struct Idle {
    sandbox: Arc<Sandbox>,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(launch: Arc<Launch>, processes_max: usize) -> Pool {
        Pool {
            launch,
            permits: Semaphore::new(processes_max),
            waiting: AtomicUsize::new(0),
            idle: Mutex::default(),
            retired: AtomicBool::new(false),
            processes_max,
        }
    }

    /// Waits for a process, warm if there is one, and has it do the work.
    pub(crate) async fn run(&self, runner: &Runner, work: Work) -> Result<Finished, Refused> {
        let _permit = self.permit(runner.limits.waiting_per_function_max).await?;
        for _ in 0..STALE_TRIES_MAX {
            let Some(sandbox) = self.warm() else { break };
            match sandbox.run(&self.launch, &runner.limits, &work).await {
                Try::Done(outcome) => return Ok(self.finish(&sandbox, outcome, &work)),
                Try::NotTaken => sandbox.end(),
            }
        }
        let sandbox = match runner.spawn(&self.launch).await {
            Ok(sandbox) => sandbox,
            Err(SpawnError::NoRoom) => return Err(Refused::Throttled),
            Err(SpawnError::Start(reason)) => return Ok(self.not_started(runner, reason, &work)),
        };
        match sandbox.run(&self.launch, &runner.limits, &work).await {
            Try::Done(outcome) => Ok(self.finish(&sandbox, outcome, &work)),
            Try::NotTaken => {
                sandbox.end();
                Ok(self.finish(&sandbox, Outcome::TimedOut, &work))
            }
        }
    }

    async fn permit(
        &self,
        waiting_max: usize,
    ) -> Result<tokio::sync::SemaphorePermit<'_>, Refused> {
        if let Ok(permit) = self.permits.try_acquire() {
            return Ok(permit);
        }
        let _place = WaitingPlace::take(&self.waiting, waiting_max).ok_or(Refused::Throttled)?;
        self.permits.acquire().await.map_err(|_| Refused::Closed)
    }

    /// The process used last, so that those which are not needed grow old.
    fn warm(&self) -> Option<Arc<Sandbox>> {
        let mut idle = self.idle.lock();
        while let Some(entry) = idle.pop() {
            if !entry.sandbox.is_ended() {
                return Some(entry.sandbox);
            }
        }
        None
    }

    /// Writes the last lines of the log and keeps the process or ends it.
    fn finish(&self, sandbox: &Arc<Sandbox>, outcome: Outcome, work: &Work) -> Finished {
        let keeps = outcome.leaves_process_usable();
        let (payload, is_error) = outcome.into_payload(&work.request_id, self.launch.timeout);
        let log_tail = Bytes::from(sandbox.tail());
        if keeps {
            let entry = Idle { sandbox: Arc::clone(sandbox), since: Instant::now() };
            self.idle.lock().push(entry);
        } else {
            sandbox.end();
        }
        // Looked at after the push: whoever retires the pool meanwhile sees the process there.
        if self.retired.load(Ordering::Acquire) {
            self.end_idle();
        }
        Finished { payload, is_error, log_tail }
    }

    fn not_started(&self, runner: &Runner, reason: String, work: &Work) -> Finished {
        let line = format!("RequestId: {} Error: {reason}", work.request_id);
        let stream = log_stream(&runner.spawner.host);
        runner.spawner.logs.of_process(&self.launch, &stream).append(&line);
        let outcome = Outcome::NotStarted(reason);
        let (payload, is_error) = outcome.into_payload(&work.request_id, self.launch.timeout);
        Finished { payload, is_error, log_tail: Bytes::from(format!("{line}\n")) }
    }

    /// No process of this pool takes up work that begins after this; running work finishes.
    pub(crate) fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        self.end_idle();
    }

    fn end_idle(&self) {
        for entry in std::mem::take(&mut *self.idle.lock()) {
            entry.sandbox.end();
        }
    }

    /// Ends processes that had no work for long, or that have ended by themselves.
    pub(crate) fn reap(&self, idle_max: Duration) {
        self.idle.lock().retain(|entry| {
            let keeps = entry.since.elapsed() < idle_max && !entry.sandbox.is_ended();
            if !keeps {
                entry.sandbox.end();
            }
            keeps
        });
    }

    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.idle.lock().first().map(|entry| entry.since)
    }

    pub(crate) fn end_oldest(&self) {
        let mut idle = self.idle.lock();
        if !idle.is_empty() {
            idle.remove(0).sandbox.end();
        }
    }

    /// Whether there is a process or work.
    pub(crate) fn is_used(&self) -> bool {
        !self.idle.lock().is_empty()
            || self.permits.available_permits() < self.processes_max
            || self.waiting.load(Ordering::Acquire) > 0
    }
}

/// A place in the bounded queue for a process.
struct WaitingPlace<'a>(&'a AtomicUsize);

impl<'a> WaitingPlace<'a> {
    fn take(waiting: &'a AtomicUsize, max: usize) -> Option<WaitingPlace<'a>> {
        let more = |count: usize| (count < max).then_some(count + 1);
        waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        Some(WaitingPlace(waiting))
    }
}

impl Drop for WaitingPlace<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
