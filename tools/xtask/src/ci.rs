//! `cargo xtask ci`: every check, in the order in which a failure is cheapest to learn.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::process::{self, Tally};
use crate::{conformance, requirements, setup, tidy, tree};

type Step = (&'static str, fn(&mut Tally) -> anyhow::Result<()>);

const STEPS: [Step; 10] = [
    ("tidy", |_| tidy::run(&[])),
    ("requirements", |_| requirements::run(&[])),
    ("format", |_| process::run(&mut process::cargo(&["fmt", "--all", "--check"]))),
    ("setup", |_| setup::run()),
    ("clippy", |_| process::run(&mut process::cargo(&CLIPPY))),
    ("deny", |_| deny()),
    ("build", |_| process::run(&mut process::cargo(&["build", "-p", "rung", "-p", "faults"]))),
    ("unit tests", unit_tests),
    ("black-box tests", |tally| blackbox(&[], tally)),
    ("conformance", recorded_cases),
];
const CLIPPY: [&str; 6] = ["clippy", "--workspace", "--all-targets", "--quiet", "--", "-Dwarnings"];

/// Runs them all. A step that fails ends the run, once all that needs no mending has been told.
pub(crate) fn run() -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut tally = Tally::default();
    let mut times: Vec<(&str, Duration, bool)> = Vec::new();
    let mut failures = Vec::new();
    for (name, step) in STEPS {
        println!("\n── {name}");
        let step_begin = Instant::now();
        let outcome = step(&mut tally);
        times.push((name, step_begin.elapsed(), outcome.is_ok()));
        if let Err(error) = outcome {
            println!("── {name} failed: {error:#}");
            failures.push(name);
            // Nothing after it can be believed, or even be started.
            if matches!(name, "build" | "setup") {
                break;
            }
        }
    }
    print_times(&times, begin.elapsed());
    println!("{} passed, {} failed", tally.passed, tally.failed);
    if !failures.is_empty() {
        bail!("failed: {}", failures.join(", "));
    }
    Ok(())
}

/// The black-box tests alone, with arguments for pytest.
pub(crate) fn blackbox_alone(arguments: &[String]) -> anyhow::Result<()> {
    process::run(&mut process::cargo(&["build", "-p", "rung", "-p", "faults"]))?;
    blackbox(arguments, &mut Tally::default())
}

fn unit_tests(tally: &mut Tally) -> anyhow::Result<()> {
    let mut tests = process::cargo(&["test", "--workspace", "--no-fail-fast", "--quiet"]);
    counted(process::run_tests(&mut tests)?, tally)
}

fn blackbox(arguments: &[String], tally: &mut Tally) -> anyhow::Result<()> {
    let environment = setup::environment()?;
    let mut pytest = Command::new(setup::python(&environment));
    pytest
        .args(["-m", "pytest", "--durations=5", "-p", "no:cacheprovider"])
        .args(arguments)
        .current_dir(tree::root().join("tools/conformance"))
        .env("PATH", setup::search_path(&environment));
    if std::env::var_os("RUNG_BIN").is_none() {
        pytest.env("RUNG_BIN", tree::built("debug", "rung"));
    }
    if cfg!(target_os = "linux") {
        pytest.env("RUNG_FAULTS", tree::built("debug", "libfaults.so"));
    }
    counted(process::run_tests(&mut pytest)?, tally)
}

/// Replays the recorded cases. Cases that differ are listed with their reasons in
/// `docs/conformance.md`; the step fails when fewer are equal than that page says.
fn recorded_cases(tally: &mut Tally) -> anyhow::Result<()> {
    if let Some(replayed) = conformance::check()? {
        tally.add(replayed);
    }
    Ok(())
}

fn deny() -> anyhow::Result<()> {
    if !process::available(Path::new("cargo"), &["deny", "--version"]) {
        println!("skipped: cargo-deny is not installed");
        return Ok(());
    }
    process::run(&mut process::cargo(&[
        "deny",
        "--offline",
        "check",
        "bans",
        "licenses",
        "sources",
    ]))
}

fn counted((success, counted): (bool, Tally), tally: &mut Tally) -> anyhow::Result<()> {
    tally.add(counted);
    if !success {
        bail!("{} of {} tests failed", counted.failed, counted.passed + counted.failed);
    }
    Ok(())
}

fn print_times(times: &[(&str, Duration, bool)], total: Duration) {
    println!();
    for (name, time, success) in times {
        let mark = if *success { "ok" } else { "FAILED" };
        println!("{name:<18}{:>7.1} s  {mark}", time.as_secs_f64());
    }
    println!("{:<18}{:>7.1} s", "in all", total.as_secs_f64());
}
