//! What one process prints: read from its pipe, cut into lines, logged, and its last part kept for
//! the invocation that is running.

use std::io;

use parking_lot::Mutex;
use tokio::net::unix::pipe::Receiver;

use crate::logs::ProcessLog;

/// What `LogType: Tail` returns.
const TAIL_BYTES_MAX: usize = 4096;
/// A longer line is logged in parts.
const LINE_BYTES_MAX: usize = 64 << 10;
const READ_BYTES: usize = 16 << 10;

pub(crate) struct Output {
    pipe: Receiver,
    log: ProcessLog,
    text: Mutex<Text>,
}

#[derive(Default)]
struct Text {
    /// A line whose end has not come yet.
    partial: Vec<u8>,
    tail: Vec<u8>,
}

impl Output {
    pub(crate) fn new(pipe: Receiver, log: ProcessLog) -> Output {
        Output { pipe, log, text: Mutex::default() }
    }

    /// Reads until the process, and whoever inherited its output, is gone.
    pub(crate) async fn read_all(&self) {
        while self.pipe.readable().await.is_ok() {
            if self.drain() == Pipe::Closed {
                break;
            }
        }
        self.text.lock().end_line(&self.log);
    }

    /// Takes what has been printed so far.
    pub(crate) fn drain(&self) -> Pipe {
        let mut text = self.text.lock();
        let mut buffer = vec![0_u8; READ_BYTES];
        loop {
            match self.pipe.try_read(&mut buffer) {
                Ok(0) => return Pipe::Closed,
                Ok(count) => text.add(buffer.get(..count).unwrap_or_default(), &self.log),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Pipe::Open,
                Err(_) => return Pipe::Closed,
            }
        }
    }

    /// A line of the platform's own.
    pub(crate) fn line(&self, line: &str) {
        let mut text = self.text.lock();
        text.end_line(&self.log);
        text.whole_line(line, &self.log);
    }

    /// A new invocation begins.
    pub(crate) fn clear_tail(&self) {
        self.text.lock().tail.clear();
    }

    pub(crate) fn tail(&self) -> Vec<u8> {
        let text = self.text.lock();
        let begin = text.tail.len().saturating_sub(TAIL_BYTES_MAX);
        text.tail.get(begin..).unwrap_or_default().to_vec()
    }
}

/// Whether more can come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pipe {
    Open,
    Closed,
}

impl Text {
    fn add(&mut self, bytes: &[u8], log: &ProcessLog) {
        self.keep(bytes);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() >= LINE_BYTES_MAX {
                self.end_line(log);
            }
        }
    }

    fn end_line(&mut self, log: &ProcessLog) {
        if self.partial.is_empty() {
            return;
        }
        let line = std::mem::take(&mut self.partial);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        // Runtimes write a carriage return where a message of several lines has its breaks.
        for part in line.split(|byte| *byte == b'\r').filter(|part| !part.is_empty()) {
            log.append(&String::from_utf8_lossy(part));
        }
        if line.is_empty() {
            log.append("");
        }
    }

    fn whole_line(&mut self, line: &str, log: &ProcessLog) {
        if self.tail.last().is_some_and(|byte| *byte != b'\n') {
            self.keep(b"\n");
        }
        self.keep(line.as_bytes());
        self.keep(b"\n");
        log.append(line);
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 4 * TAIL_BYTES_MAX {
            let surplus = self.tail.len() - TAIL_BYTES_MAX;
            self.tail.drain(..surplus);
        }
    }
}
