//! `cargo xtask simulate`: runs seeds, one after the other, and shows how far it is.

#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

/// Runs services and store on simulated time, disk and database.
#[derive(Parser)]
#[command(name = "simulate", bin_name = "cargo xtask simulate")]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The deliberate mistake to make, or `all`: each must be caught within the seeds.
    #[arg(long)]
    mutant: Option<String>,
    /// Print what happened.
    #[arg(long)]
    trace: bool,
    /// List the deliberate mistakes.
    #[arg(long)]
    list: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.list {
        for mutant in simulator::MUTANTS {
            println!("{:24} {}", mutant.name, mutant.told);
        }
        return Ok(ExitCode::SUCCESS);
    }
    match arguments.mutant.as_deref() {
        Some("all") => hunt(&arguments),
        _ => seeds(&arguments),
    }
}

fn bar(seeds: u64) -> ProgressBar {
    let bar = ProgressBar::new(seeds);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {per_sec}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}

fn seeds(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let begin = Instant::now();
    let bar = bar(arguments.seeds);
    let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in (arguments.seed..).take(usize::try_from(arguments.seeds)?) {
        let report = simulator::run(seed, arguments.mutant.as_deref())?;
        bar.inc(1);
        if arguments.trace {
            report.trace.iter().for_each(|line| println!("{line}"));
        }
        for (place, times) in report.reached {
            *reached.entry(place).or_default() += times;
        }
        if report.violations.is_empty() {
            continue;
        }
        bar.finish_and_clear();
        println!("seed {seed} violates:");
        report.violations.iter().for_each(|told| println!("  {told}"));
        let mutant = arguments.mutant.as_ref().map(|name| format!(" --mutant {name}"));
        println!(
            "again: cargo xtask simulate --seed {seed} --seeds 1{} --trace",
            mutant.unwrap_or_default()
        );
        return Ok(ExitCode::FAILURE);
    }
    bar.finish_and_clear();
    let seconds = begin.elapsed().as_secs_f64();
    let pace = arguments.seeds as f64 / seconds.max(0.001);
    println!("{} seeds without a violation, {pace:.1} a second", arguments.seeds);
    for place in simulator::PLACES {
        let times = reached.get(place).copied().unwrap_or_default();
        println!("{times:>8}  {place}{}", if times == 0 { "  (never reached)" } else { "" });
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes every mistake in turn until it is caught.
fn hunt(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut missed = 0;
    for mutant in simulator::MUTANTS {
        let mut caught = None;
        for seed in (arguments.seed..).take(usize::try_from(arguments.seeds)?) {
            let report = simulator::run(seed, Some(mutant.name))?;
            if let Some(told) = report.violations.first() {
                caught = Some((seed, told.clone()));
                break;
            }
        }
        match caught {
            Some((seed, told)) => println!("{:24} seed {seed}: {told:.120}", mutant.name),
            None => {
                missed += 1;
                println!("{:24} NOT CAUGHT", mutant.name);
            }
        }
    }
    Ok(if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
