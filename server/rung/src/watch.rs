//! Tells what changed in a folder, soon after the last write of a save.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// Editors write a file in several steps; this long without another step is the end of a save.
const QUIET: Duration = Duration::from_millis(50);
/// A folder that never rests is reported anyway.
const QUIET_WAIT_MAX: Duration = Duration::from_millis(500);
const PATHS_MAX: usize = 10_000;
/// Folders whose changes mean nothing: our own, and what tools write while they run.
const IGNORED: [&str; 6] = [".rung", ".git", "__pycache__", "node_modules", ".venv", "target"];

/// A folder under watch; dropping it ends the watch.
pub(crate) struct Watch {
    _watcher: RecommendedWatcher,
    root: PathBuf,
    data: PathBuf,
    changed: mpsc::Receiver<PathBuf>,
}

impl Watch {
    /// Watches `root`, except for the data directory.
    pub(crate) fn begin(root: &Path, data: &Path) -> notify::Result<Watch> {
        let (sender, changed) = mpsc::channel(PATHS_MAX);
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                let Ok(event) = event else { return };
                if event.kind.is_access() {
                    return;
                }
                for path in event.paths {
                    // When the queue is full, a change in it brings the reader here anyway.
                    let _ = sender.try_send(path);
                }
            })?;
        watcher.watch(root, RecursiveMode::Recursive)?;
        Ok(Watch { _watcher: watcher, root: root.to_owned(), data: data.to_owned(), changed })
    }

    /// The next save: every path that changed in it. `None` when the watch ended.
    pub(crate) async fn next(&mut self) -> Option<BTreeSet<PathBuf>> {
        let mut paths = BTreeSet::new();
        while paths.is_empty() {
            let path = self.changed.recv().await?;
            self.keep(path, &mut paths);
        }
        let begin = tokio::time::Instant::now();
        while begin.elapsed() < QUIET_WAIT_MAX {
            match tokio::time::timeout(QUIET, self.changed.recv()).await {
                Ok(Some(path)) => self.keep(path, &mut paths),
                Ok(None) | Err(_) => break,
            }
        }
        Some(paths)
    }

    fn keep(&self, path: PathBuf, paths: &mut BTreeSet<PathBuf>) {
        if !path.starts_with(&self.data) && is_meant(&self.root, &path) {
            paths.insert(path);
        }
    }
}

/// Whether a change of this path may concern a user: no tool's folder, no editor's leftovers.
fn is_meant(root: &Path, path: &Path) -> bool {
    let Ok(inside) = path.strip_prefix(root) else { return false };
    let ignored = inside.iter().any(|part| IGNORED.iter().any(|name| part == *name));
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let leftover = name.ends_with('~')
        || name.ends_with(".swp")
        || name.ends_with(".tmp")
        || name.ends_with(".pyc")
        || name.starts_with(".#");
    !ignored && !leftover
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_not_meant() {
        let root = Path::new("/w");
        for (path, expected) in [
            ("/w/a.asl.json", true),
            ("/w/functions/f/handler.py", true),
            ("/w/functions/f/__pycache__/handler.cpython-311.pyc", false),
            ("/w/.rung/x.db", false),
            ("/w/a.asl.json~", false),
            ("/w/.a.asl.json.swp", false),
            ("/elsewhere/a.asl.json", false),
        ] {
            assert_eq!(is_meant(root, Path::new(path)), expected, "{path}");
        }
    }

    #[tokio::test]
    async fn a_save_is_told_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().canonicalize().expect("a real path");
        let data = root.join("data");
        std::fs::create_dir(&data).expect("made");
        let mut watch = Watch::begin(&root, &data).expect("watched");
        std::fs::write(data.join("ignored"), "1").expect("written");
        let file = root.join("a.asl.json");
        std::fs::write(&file, "1").expect("written");
        std::fs::write(&file, "2").expect("written");
        let paths = tokio::time::timeout(Duration::from_secs(10), watch.next())
            .await
            .expect("told in time")
            .expect("the watch goes on");
        assert_eq!(paths.into_iter().collect::<Vec<_>>(), [file]);
    }
}
