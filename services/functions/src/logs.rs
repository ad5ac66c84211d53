//! What functions print: the last lines of each in memory, everything in bounded files, and a live
//! stream for whoever watches.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use host::Host;
use parking_lot::Mutex;
use targets::logs::{GroupAddress, IfMissing, LogBatch, LogEvent};
use tokio::sync::broadcast;

use crate::logs::file::FileWriter;
use crate::runner::launch::Launch;

mod file;

/// Lines and bytes of one function that stay in memory.
const LINES_MAX: usize = 2_000;
const BYTES_MAX: usize = 1 << 20;
/// How long the lines of a group that was made for a function are kept. Whoever wants them longer
/// sets the group's retention.
const RETENTION_DAYS: u32 = 14;
/// Lines that a slow watcher may be behind.
const STREAM_LINES_MAX: usize = 1_024;

/// One line of a function's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The function's name.
    pub function: Arc<str>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    pub text: Arc<str>,
}

/// The logs of all functions.
pub(crate) struct Logs {
    host: Host,
    rings: Mutex<HashMap<String, Arc<FunctionLog>>>,
    stream: broadcast::Sender<LogLine>,
    files: Option<Arc<FileWriter>>,
    directory: PathBuf,
    groups: Option<Arc<dyn targets::logs::Logs>>,
}

impl Logs {
    pub(crate) fn new(
        host: Host,
        directory: PathBuf,
        groups: Option<Arc<dyn targets::logs::Logs>>,
    ) -> Logs {
        let files = match FileWriter::start() {
            Ok(writer) => Some(Arc::new(writer)),
            Err(error) => {
                tracing::warn!(%error, "failed to start the writer of function logs");
                None
            }
        };
        let (stream, _) = broadcast::channel(STREAM_LINES_MAX);
        Logs { host, rings: Mutex::default(), stream, files, directory, groups }
    }

    /// The log of one function; `key` is its name, or `account/region/name`.
    pub(crate) fn of(&self, key: &str) -> Arc<FunctionLog> {
        let mut rings = self.rings.lock();
        let log = rings.entry(key.to_owned()).or_insert_with(|| Arc::new(self.open(key)));
        Arc::clone(log)
    }

    /// The log of one process, whose lines also go to the function's log group.
    pub(crate) fn of_process(&self, launch: &Launch, stream: &str) -> ProcessLog {
        let address = GroupAddress {
            account: launch.account.as_str().into(),
            region: launch.region.as_str().into(),
            name: launch.log_group.as_str().into(),
        };
        ProcessLog {
            log: self.of(&launch.log_key()),
            groups: self.groups.clone(),
            group: Arc::new(address),
            stream: stream.into(),
        }
    }

    fn open(&self, key: &str) -> FunctionLog {
        let name = key.rsplit('/').next().unwrap_or(key);
        FunctionLog {
            function: Arc::from(name),
            host: self.host.clone(),
            lines: Mutex::default(),
            stream: self.stream.clone(),
            file: self.files.clone(),
            path: Arc::from(self.directory.join(format!("{key}.log"))),
        }
    }

    /// The lines in memory of every function of that name.
    pub(crate) fn lines(&self, name: &str) -> Vec<LogLine> {
        let rings = self.rings.lock();
        let mut lines: Vec<LogLine> = rings
            .values()
            .filter(|log| log.function.as_ref() == name)
            .flat_map(|log| log.lines.lock().lines.iter().cloned().collect::<Vec<_>>())
            .collect();
        lines.sort_by_key(|line| line.at_ms);
        lines
    }

    pub(crate) fn follow(&self) -> broadcast::Receiver<LogLine> {
        self.stream.subscribe()
    }

    pub(crate) fn forget(&self, key: &str) {
        self.rings.lock().remove(key);
    }

    /// Writes out what is still on its way to the files.
    pub(crate) fn close(&self) {
        if let Some(files) = &self.files {
            files.flush();
        }
    }
}

/// The log of one process: the function's log, and a stream in its log group.
pub(crate) struct ProcessLog {
    log: Arc<FunctionLog>,
    groups: Option<Arc<dyn targets::logs::Logs>>,
    group: Arc<GroupAddress>,
    stream: Arc<str>,
}

impl ProcessLog {
    pub(crate) fn append(&self, text: &str) {
        self.log.append(text);
        let Some(groups) = &self.groups else { return };
        // An event has a message; an empty line has none.
        if !text.is_empty() {
            let event = LogEvent { at_ms: self.log.host.now_ms(), message: text.to_owned() };
            groups.deliver(LogBatch {
                group: Arc::clone(&self.group),
                stream: Arc::clone(&self.stream),
                events: vec![event],
                if_missing: IfMissing::Create { retention_days: RETENTION_DAYS },
            });
        }
    }
}

/// The log of one function.
pub(crate) struct FunctionLog {
    function: Arc<str>,
    host: Host,
    lines: Mutex<Lines>,
    stream: broadcast::Sender<LogLine>,
    file: Option<Arc<FileWriter>>,
    path: Arc<std::path::Path>,
}

#[derive(Default)]
struct Lines {
    lines: VecDeque<LogLine>,
    bytes: usize,
}

impl FunctionLog {
    pub(crate) fn append(&self, text: &str) {
        let line = LogLine {
            function: Arc::clone(&self.function),
            at_ms: self.host.now_ms(),
            text: Arc::from(text),
        };
        self.lines.lock().push(line.clone());
        if let Some(file) = &self.file {
            file.append(Arc::clone(&self.path), Arc::clone(&line.text));
        }
        // Nobody watching is no error.
        let _ = self.stream.send(line);
    }
}

impl Lines {
    fn push(&mut self, line: LogLine) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > LINES_MAX || (self.bytes > BYTES_MAX && self.lines.len() > 1) {
            if let Some(old) = self.lines.pop_front() {
                self.bytes -= old.text.len();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_keeps_the_last_lines_within_both_bounds() {
        let directory = tempfile::tempdir().unwrap();
        let logs = Logs::new(Host::real(), directory.path().to_owned(), None);
        let log = logs.of("a/b/f");
        for number in 0..LINES_MAX + 5 {
            log.append(&number.to_string());
        }
        assert_eq!(logs.lines("f").len(), LINES_MAX);
        assert_eq!(logs.lines("f")[0].text.as_ref(), "5");
        for _ in 0..5 {
            log.append(&"x".repeat(BYTES_MAX / 2));
        }
        assert_eq!(logs.lines("f").len(), 2);
        logs.close();
        let text = std::fs::read_to_string(directory.path().join("a/b/f.log")).unwrap();
        assert!(text.starts_with("0\n1\n2\n"));
    }
}
