//! `cargo xtask simulate`: builds the simulator with its deliberate mistakes, and runs it.

use std::process::Command;

use crate::{process, tree};

const BUILD: [&str; 6] = ["build", "--quiet", "-p", "simulator", "--features", "probes"];

/// Arguments go to the simulator.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    process::run(&mut process::cargo(&BUILD))?;
    process::run(Command::new(tree::built("debug", "simulator")).args(arguments))
}
