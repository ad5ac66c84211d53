//! Threads for what takes long. They are few and have little claim to a processor, so that whoever
//! waits for something short goes first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};

use parking_lot::Mutex;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// How much less than others these threads ask of a processor, in the system's own measure.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Gone when the last handle is.
#[derive(Clone)]
pub(crate) struct Thinkers {
    jobs: mpsc::Sender<Job>,
}

impl Thinkers {
    /// As many as there are processors, less one for everybody else.
    pub(crate) fn start() -> std::io::Result<Thinkers> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let (jobs, waiting) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..processors.saturating_sub(1).max(1) {
            let waiting = waiting.clone();
            std::thread::Builder::new()
                .name("thinker".to_owned())
                .spawn(move || think(&waiting))?;
        }
        Ok(Thinkers { jobs })
    }

    /// The answer comes when a thread has had the time; none, if the work panicked.
    pub(crate) fn ask<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> oneshot::Receiver<R> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            // Whoever asked may have gone.
            let _ = answer.send(work());
        };
        // Without threads the sender of the answer is dropped, and that is the answer.
        let _ = self.jobs.send(Box::new(job));
        answered
    }
}

fn think(waiting: &Mutex<mpsc::Receiver<Job>>) {
    // On other systems this would be asked for the whole process.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "thinking goes on with the priority of everything else");
    }
    loop {
        let job = waiting.lock().recv();
        let Ok(job) = job else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a step that takes long panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_no_answer_and_no_end() {
        let thinkers = Thinkers::start().unwrap();
        let broken = thinkers.ask(|| -> u8 { panic!("on purpose") });
        assert!(broken.blocking_recv().is_err());
        let answers: Vec<_> = (0..50_u8).map(|number| thinkers.ask(move || number)).collect();
        for (number, answer) in (0..50).zip(answers) {
            assert_eq!(answer.blocking_recv(), Ok(number));
        }
    }
}
