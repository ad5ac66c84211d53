//! The binaries: built by the stable compiler, whose code generator knows how to count coverage.

use std::path::PathBuf;

use anyhow::Context;

use crate::{process, tree};

const FOLDER: &str = "tools/fuzz";
/// What cargo-fuzz asks for too, but for its sanitizers, which want a nightly compiler.
const FLAGS: [&str; 9] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg fuzzing",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
    "-Cdebug-assertions",
    "-Ccodegen-units=1",
];

/// The names of all targets.
pub(super) fn targets() -> anyhow::Result<Vec<String>> {
    let folder = tree::root().join(FOLDER).join("fuzz_targets");
    let entries = std::fs::read_dir(&folder)
        .with_context(|| format!("failed to read {}", folder.display()))?;
    let files = entries.flatten().map(|entry| entry.path());
    let mut names: Vec<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// Builds binaries.
pub(super) fn run(names: &[String]) -> anyhow::Result<()> {
    let manifest = format!("{FOLDER}/Cargo.toml");
    let target = target()?;
    let mut cargo = process::cargo(&["build", "--release"]);
    cargo.args(["--manifest-path", &manifest, "--target", &target]);
    cargo.arg("--target-dir").arg(tree::target());
    for name in names {
        cargo.args(["--bin", name]);
    }
    // With a target of its own the flags do not reach build scripts.
    process::run(cargo.env("RUSTFLAGS", FLAGS.join(" ")))
}

/// A binary that was built.
pub(super) fn binary(name: &str) -> anyhow::Result<PathBuf> {
    Ok(tree::target().join(target()?).join("release").join(name))
}

/// This machine, as the compiler calls it.
fn target() -> anyhow::Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        std::process::Command::new(rustc).arg("-vV").output().context("failed to start rustc")?;
    let told = String::from_utf8_lossy(&output.stdout);
    let host = told.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not say what machine this is")
}

/// Words of the language that a target reads, if they were written down.
pub(super) fn dictionary(name: &str) -> Option<PathBuf> {
    let path = tree::root().join(FOLDER).join(format!("dictionaries/{name}.dict"));
    path.is_file().then_some(path)
}
