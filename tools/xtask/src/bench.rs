//! `cargo xtask bench`: builds the release binaries and lets `tools/bench` measure them.
//! `cargo xtask bench jsonata` compares one language with its reference implementation.

use std::process::Command;

use anyhow::Context;

use crate::{process, shared, tree};

const PAGE: &str = "docs/performance.md";
/// The reference implementation of JSONata, from the npm registry.
const REFERENCE: &str = "jsonata@2.2.2";

/// Builds and measures; `--write` updates the page, other arguments go to the bench.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    if let Some(("jsonata", rest)) =
        arguments.split_first().map(|(first, rest)| (first.as_str(), rest))
    {
        return jsonata(rest);
    }
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

fn jsonata(arguments: &[String]) -> anyhow::Result<()> {
    let shared = shared::folder()?.context("the reference suite lies in the shared folder")?;
    process::run(&mut process::cargo(&["build", "--release", "-p", "bench"]))?;
    let node = tree::target().join("node");
    std::fs::create_dir_all(&node)?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-save", "--silent", "--prefix"]).arg(&node).arg(REFERENCE);
    process::run(&mut install)?;
    let mut bench = Command::new(tree::built("release", "bench"));
    bench.arg("jsonata").arg("--suite").arg(shared.join("conformance/jsonata"));
    bench.arg("--reference").arg(node.join("node_modules/jsonata"));
    for argument in arguments {
        match argument.as_str() {
            "--write" => bench.arg("--page").arg(tree::root().join(PAGE)),
            other => bench.arg(other),
        };
    }
    process::run(&mut bench)
}
