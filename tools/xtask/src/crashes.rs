//! `cargo xtask crashes`: builds the server and lets `tools/conformance/crashes` hurt it.

use crate::{process, setup, tree};

/// Builds and runs; arguments go to the harness.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    process::run(&mut process::cargo(&["build", "-p", "rung", "-p", "faults"]))?;
    let environment = setup::environment()?;
    let mut harness = std::process::Command::new(setup::python(&environment));
    harness
        .args(["-m", "crashes"])
        .args(arguments)
        .current_dir(tree::root().join("tools/conformance"));
    if std::env::var_os("RUNG_BIN").is_none() {
        harness.env("RUNG_BIN", tree::built("debug", "rung"));
    }
    if cfg!(target_os = "linux") {
        harness.env("RUNG_FAULTS", tree::built("debug", "libfaults.so"));
    }
    process::run(&mut harness)
}
