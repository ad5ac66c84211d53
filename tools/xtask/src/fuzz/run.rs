//! One target for a while: the fuzzer is started again after an input that broke something, and its
//! lines are read for how far it is.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::{Place, build, corpus};

/// Longest time for one input; an evaluation's own bound is below it.
const ONE_INPUT_SECONDS_MAX: u64 = 30;
const MEMORY_MB_MAX: u64 = 4_096;
/// A target is not started again after that many inputs broke it.
const CRASHES_MAX: usize = 10;
/// Between two lines of progress where there is no terminal.
const QUIET: Duration = Duration::from_secs(30);
const BROKEN: [&str; 4] = ["crash-", "timeout-", "oom-", "leak-"];

/// What came of a target.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) name: String,
    pub(super) time: Duration,
    pub(super) executions: u64,
    pub(super) coverage: u64,
    pub(super) corpus: u64,
    pub(super) crashes: Vec<Crash>,
}

/// An input that broke something.
#[derive(Debug)]
pub(super) struct Crash {
    pub(super) file: PathBuf,
    pub(super) message: String,
}

/// What a line of the fuzzer says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Pulse {
    executions: u64,
    coverage: u64,
    corpus: u64,
}

/// Runs until the time is over, or too much is broken.
pub(super) fn run(place: &Place, time: Duration) -> anyhow::Result<Outcome> {
    let begin = Instant::now();
    let mut outcome = Outcome { name: place.name.clone(), ..Outcome::default() };
    while outcome.crashes.len() < CRASHES_MAX {
        let Some(left) = time.checked_sub(begin.elapsed()) else { break };
        if left < Duration::from_secs(1) {
            break;
        }
        let known = broken(&place.crashes);
        let message = once(place, left, begin, &mut outcome)?;
        let found: Vec<PathBuf> = broken(&place.crashes).difference(&known).cloned().collect();
        if found.is_empty() && message.is_some() && outcome.executions == 0 {
            anyhow::bail!("{} does not run: {}", place.name, message.unwrap_or_default());
        }
        outcome.crashes.extend(found.into_iter().map(|file| {
            let message = message.clone().unwrap_or_default();
            Crash { file, message }
        }));
    }
    outcome.time = begin.elapsed();
    Ok(outcome)
}

/// Runs the fuzzer until it ends by itself; what it said when something broke.
fn once(
    place: &Place,
    time: Duration,
    begin: Instant,
    outcome: &mut Outcome,
) -> anyhow::Result<Option<String>> {
    let before = outcome.executions;
    let mut child = command(place, time)?.spawn().context("failed to start the fuzzer")?;
    let stderr = child.stderr.take().context("standard error was asked for")?;
    let mut message = None;
    let mut progress = Progress::default();
    for line in BufReader::new(stderr).split(b'\n') {
        let line = line.context("failed to read from the fuzzer")?;
        let line = String::from_utf8_lossy(&line);
        if let Some(pulse) = pulse(&line) {
            outcome.executions = before + pulse.executions;
            // Started again, it first reads what it had.
            outcome.coverage = outcome.coverage.max(pulse.coverage);
            outcome.corpus = outcome.corpus.max(pulse.corpus);
            progress.tell(outcome, begin);
        } else if let Some(count) = line.strip_prefix("stat::number_of_executed_units:") {
            outcome.executions = before + count.trim().parse().unwrap_or(0);
        } else if line.starts_with("a panic left") || line.contains("ERROR: libFuzzer") {
            println!("\n{line}");
            message.get_or_insert(line.into_owned());
        }
    }
    progress.end();
    let status = child.wait().context("failed to wait for the fuzzer")?;
    if !status.success() && message.is_none() {
        message = Some(format!("it ended with {status}"));
    }
    Ok(message.filter(|_| !status.success()))
}

fn command(place: &Place, time: Duration) -> anyhow::Result<Command> {
    let mut command = Command::new(build::binary(&place.name)?);
    command
        .arg(format!("-max_total_time={}", time.as_secs()))
        .arg(format!("-timeout={ONE_INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MB_MAX}"))
        .arg(format!("-max_len={}", corpus::bytes_max(&place.name)))
        .arg(format!("-artifact_prefix={}/", place.crashes.display()))
        .args(["-print_final_stats=1", "-reload=0", "-report_slow_units=60"]);
    if let Some(dictionary) = build::dictionary(&place.name) {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    command.arg(&place.corpus).stdout(Stdio::null()).stderr(Stdio::piped());
    Ok(command)
}

/// The inputs that broke something so far.
fn broken(folder: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeSet::new() };
    let is_broken = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        BROKEN.iter().any(|prefix| name.starts_with(prefix))
    };
    entries.flatten().map(|entry| entry.path()).filter(is_broken).collect()
}

/// `#8192 pulse cov: 310 ft: 422 corp: 17/1031b lim: 86 exec/s: 2730 rss: 31Mb`
fn pulse(line: &str) -> Option<Pulse> {
    let mut words = line.strip_prefix('#')?.split_whitespace();
    let mut pulse = Pulse { executions: words.next()?.parse().ok()?, ..Pulse::default() };
    while let Some(word) = words.next() {
        match word {
            "cov:" => pulse.coverage = words.next()?.parse().ok()?,
            "corp:" => pulse.corpus = words.next()?.split('/').next()?.parse().ok()?,
            _ => {}
        }
    }
    // The first line is about nothing yet.
    (pulse.corpus > 0).then_some(pulse)
}

/// One line that is written over, or a line now and then where nobody sees it move.
#[derive(Default)]
struct Progress {
    told: Option<Instant>,
}

impl Progress {
    fn tell(&mut self, outcome: &Outcome, begin: Instant) {
        let moves = std::io::stdout().is_terminal();
        let between = if moves { Duration::from_millis(200) } else { QUIET };
        if self.told.is_some_and(|told| told.elapsed() < between) {
            return;
        }
        self.told = Some(Instant::now());
        let seconds = begin.elapsed().as_secs_f64();
        let line = format!(
            "{:>5.0} s  {:>10} executions  {:>7.0}/s  {:>6} places  {:>5} inputs  {} broken",
            seconds,
            outcome.executions,
            outcome.executions as f64 / seconds.max(0.001),
            outcome.coverage,
            outcome.corpus,
            outcome.crashes.len()
        );
        if moves {
            print!("\r{line}");
            // Nothing depends on when it is seen.
            let _ = std::io::stdout().flush();
        } else {
            println!("{line}");
        }
    }

    fn end(&self) {
        if self.told.is_some() && std::io::stdout().is_terminal() {
            println!();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Pulse, pulse};

    #[test]
    fn lines_of_the_fuzzer_are_read() {
        let pulse_of = |executions, coverage, corpus| Some(Pulse { executions, coverage, corpus });
        let rows = [
            (
                "#8192\tpulse  cov: 310 ft: 422 corp: 17/1031b lim: 86 exec/s: 2730 rss: 31Mb",
                pulse_of(8192, 310, 17),
            ),
            ("#65\tINITED cov: 5 ft: 6 corp: 1/1b exec/s: 0 rss: 28Mb", pulse_of(65, 5, 1)),
            ("#2\tREAD units: 1", None),
            ("INFO: seed corpus: files: 65", None),
        ];
        for (line, expected) in rows {
            assert_eq!(pulse(line), expected, "{line}");
        }
    }
}
