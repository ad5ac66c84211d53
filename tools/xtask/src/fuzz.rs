//! `cargo xtask fuzz`: builds the fuzz targets with the compiler that is here, gives each the seeds
//! that there are, lets it run for a while, and ends with a table. Fails when something broke.

mod build;
mod corpus;
mod run;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::tree;

const SECONDS: u64 = 60;

/// Where a target's inputs lie; nothing is written into the tree.
struct Place {
    name: String,
    corpus: PathBuf,
    crashes: PathBuf,
}

impl Place {
    fn new(name: &str) -> anyhow::Result<Place> {
        let folder = tree::target().join("fuzz");
        let (corpus, crashes) =
            (folder.join("corpus").join(name), folder.join("crashes").join(name));
        for folder in [&corpus, &crashes] {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("failed to make {}", folder.display()))?;
        }
        Ok(Place { name: name.to_owned(), corpus, crashes })
    }
}

struct Asked {
    targets: Vec<String>,
    time: Duration,
}

/// Builds and runs the targets that are named, or all of them.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let asked = asked(arguments)?;
    build::run(&asked.targets)?;
    let seeds = corpus::Found::look()?;
    let mut results = Vec::new();
    for name in &asked.targets {
        let place = Place::new(name)?;
        let count = corpus::fill(&place, &seeds)?;
        println!("\n── {name}: {} s, {count} seeds", asked.time.as_secs());
        results.push(run::run(&place, asked.time)?);
    }
    table::print(&results);
    let broken: usize = results.iter().map(|result| result.crashes.len()).sum();
    if broken > 0 {
        bail!("{broken} inputs broke something; docs/how-to/fuzz.md says what to do with them");
    }
    Ok(())
}

fn asked(arguments: &[String]) -> anyhow::Result<Asked> {
    let known = build::targets()?;
    let mut asked = Asked { targets: Vec::new(), time: Duration::from_secs(SECONDS) };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let seconds = rest.next().and_then(|seconds| seconds.parse().ok());
            asked.time = Duration::from_secs(seconds.context("--seconds needs a number")?);
        } else if known.contains(argument) {
            asked.targets.push(argument.clone());
        } else {
            bail!("no target `{argument}`; there are {}", known.join(", "));
        }
    }
    if asked.targets.is_empty() {
        asked.targets = known;
    }
    Ok(asked)
}
