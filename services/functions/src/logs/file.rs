//! Log files, written by one thread so that nobody waits for the disk. A file that has grown to its
//! limit becomes `NAME.log.1`, and the one before that is gone.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender};

const FILE_BYTES_MAX: u64 = 10 << 20;
const FILES_OPEN_MAX: usize = 64;
/// Lines on their way to the disk; when it is slower than the functions, lines are dropped.
const QUEUE_LINES_MAX: usize = 8_192;

enum Order {
    Line { path: Arc<Path>, text: Arc<str> },
    Flush(SyncSender<()>),
}

pub(crate) struct FileWriter {
    orders: SyncSender<Order>,
}

impl FileWriter {
    pub(crate) fn start() -> io::Result<FileWriter> {
        let (orders, queue) = mpsc::sync_channel(QUEUE_LINES_MAX);
        std::thread::Builder::new()
            .name("function-logs".to_owned())
            .spawn(move || write(&queue))?;
        Ok(FileWriter { orders })
    }

    pub(crate) fn append(&self, path: Arc<Path>, text: Arc<str>) {
        // Memory has the line in any case; a full queue must not slow the functions down.
        let _ = self.orders.try_send(Order::Line { path, text });
    }

    /// Returns when everything appended so far is written.
    pub(crate) fn flush(&self) {
        let (done, wait) = mpsc::sync_channel(1);
        if self.orders.send(Order::Flush(done)).is_ok() {
            let _ = wait.recv();
        }
    }
}

struct Open {
    file: File,
    bytes: u64,
}

fn write(queue: &Receiver<Order>) {
    let mut files: HashMap<Arc<Path>, Open> = HashMap::new();
    while let Ok(order) = queue.recv() {
        match order {
            Order::Line { path, text } => {
                if let Err(error) = write_line(&mut files, &path, &text) {
                    files.remove(&path);
                    tracing::debug!(%error, path = %path.display(), "failed to write a log line");
                }
            }
            Order::Flush(done) => drop(done),
        }
    }
}

fn write_line(
    files: &mut HashMap<Arc<Path>, Open>,
    path: &Arc<Path>,
    text: &str,
) -> io::Result<()> {
    if files.get(path).is_some_and(|open| open.bytes >= FILE_BYTES_MAX) {
        files.remove(path);
        fs::rename(path, path.with_extension("log.1"))?;
    }
    if !files.contains_key(path) {
        if files.len() >= FILES_OPEN_MAX {
            files.clear();
        }
        files.insert(Arc::clone(path), open(path)?);
    }
    if let Some(open) = files.get_mut(path) {
        let line = [text.as_bytes(), b"\n"].concat();
        open.file.write_all(&line)?;
        open.bytes += line.len() as u64;
    }
    Ok(())
}

fn open(path: &Path) -> io::Result<Open> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let bytes = file.metadata()?.len();
    Ok(Open { file, bytes })
}
