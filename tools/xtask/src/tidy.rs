//! `cargo xtask tidy`: the rules a compiler does not know. Reads files, runs nothing, and says
//! each finding as `path:line: message`.

mod crates;
mod modules;
mod pure;
mod ratchet;
mod text;

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::tree;

/// What is wrong, and where. Line 0 means the whole file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: PathBuf,
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Finding {
    fn new(path: &Path, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: path.to_path_buf(), line, message: message.into() }
    }
}

/// A file with its text.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Source {
    fn has_extension(&self, extension: &str) -> bool {
        self.path.extension().is_some_and(|found| found == extension)
    }
}

/// Checks the whole tree; `--ratchet` writes the list of long functions anew instead.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let root = tree::root();
    let sources = read(&root);
    if arguments.iter().any(|argument| argument == "--ratchet") {
        return ratchet::write(&root, &sources);
    }
    let mut findings = Vec::new();
    crates::check(&sources, &mut findings);
    modules::check(&sources, &mut findings);
    pure::check(&sources, &mut findings);
    text::check(&sources, &mut findings);
    ratchet::check(&root, &sources, &mut findings);
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{}:{}: {}", finding.path.display(), finding.line, finding.message);
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    println!("tidy: {} files", sources.len());
    Ok(())
}

fn read(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for path in tree::files(root) {
        // What is not text has no lines to check.
        if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
            sources.push(Source { path, text });
        }
    }
    sources
}
