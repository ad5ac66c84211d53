//! The `pure` room has no clock, randomness, file, thread or socket: its `clippy.toml` refuses
//! them by name, and no crate in it depends on one that brings them.

use std::path::Path;

use super::{Finding, Source, crates};

const ROOM_SETTINGS: &str = "pure/clippy.toml";
const ROOT_SETTINGS: &str = "clippy.toml";

/// What the room's settings must refuse, whatever else they refuse.
const REFUSED: [&str; 10] = [
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::thread::spawn",
    "std::fs::read",
    "std::fs::File",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::process::Command",
    "std::collections::HashMap",
    "std::env::var",
];

/// Crates that bring what the room has not.
const DEPENDENCIES_REFUSED: [&str; 16] = [
    "async-trait",
    "axum",
    "futures-util",
    "getrandom",
    "hyper",
    "hyper-util",
    "notify",
    "parking_lot",
    "rand",
    "reqwest",
    "rusqlite",
    "tokio",
    "tokio-util",
    "tracing",
    "uuid",
    "fastrand",
];

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let path = Path::new(ROOM_SETTINGS);
    match text(sources, path) {
        None => findings.push(Finding::new(path, 0, "missing: the room has no rules")),
        Some(settings) => {
            let root = text(sources, Path::new(ROOT_SETTINGS)).unwrap_or_default();
            repeats_the_root(root, settings, findings);
            refuses(settings, findings);
        }
    }
    for source in sources.iter().filter(|source| is_pure_manifest(&source.path)) {
        for (line, dependency) in crates::dependencies(&source.text) {
            if DEPENDENCIES_REFUSED.contains(&dependency) {
                let message = format!("`{dependency}` brings what `pure` has not");
                findings.push(Finding::new(&source.path, line, message));
            }
        }
    }
}

fn repeats_the_root(root: &str, settings: &str, findings: &mut Vec<Finding>) {
    for setting in root.lines().map(str::trim) {
        let is_setting = !setting.is_empty() && !setting.starts_with('#');
        if is_setting && !settings.lines().any(|line| line.trim() == setting) {
            let message = format!("does not repeat the root's `{setting}`");
            findings.push(Finding::new(Path::new(ROOM_SETTINGS), 0, message));
        }
    }
}

fn refuses(settings: &str, findings: &mut Vec<Finding>) {
    let path = Path::new(ROOM_SETTINGS);
    for name in REFUSED {
        if !settings.contains(&format!("path = \"{name}\"")) {
            findings.push(Finding::new(path, 0, format!("does not refuse `{name}`")));
        }
    }
    for (index, line) in settings.lines().enumerate() {
        if line.contains("path = \"") && !line.contains("reason = \"") {
            let message = "a refusal needs a reason that names the replacement";
            findings.push(Finding::new(path, index + 1, message));
        }
    }
}

fn text<'a>(sources: &'a [Source], path: &Path) -> Option<&'a str> {
    sources.iter().find(|source| source.path == path).map(|source| source.text.as_str())
}

fn is_pure_manifest(path: &Path) -> bool {
    path.starts_with("pure") && path.file_name().is_some_and(|name| name == "Cargo.toml")
}
