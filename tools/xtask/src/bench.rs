//! `cargo xtask bench`: builds the release binaries and lets `tools/bench` measure them.

use std::process::Command;

use crate::{process, tree};

const PAGE: &str = "docs/performance.md";

/// Builds and measures; `--write` updates the page, other arguments go to the bench.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    process::run(&mut process::cargo(&["build", "--release", "-p", "rung", "-p", "bench"]))?;
    let mut bench = Command::new(tree::built("release", "bench"));
    bench.arg("all").arg("--rung").arg(tree::built("release", "rung"));
    for argument in arguments {
        match argument.as_str() {
            "--write" => bench.arg("--page").arg(tree::root().join(PAGE)),
            other => bench.arg(other),
        };
    }
    process::run(&mut bench)
}
