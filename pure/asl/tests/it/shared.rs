//! Where the recordings and the corpus lie, when they are there.

use std::path::PathBuf;

/// `$RUNG_SHARED`, or `shared` beside the workspace; `None`, with a line, when there is none.
pub(crate) fn folder(part: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("RUNG_SHARED") {
        Some(root) => PathBuf::from(root),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let folder = root.join(part);
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}
