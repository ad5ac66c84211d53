//! Running other programs: with the output passed through, and counted where it is a test's.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// Tests that passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// `cargo` with arguments, as the cargo that runs us.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.args(arguments).current_dir(crate::tree::root());
    command
}

/// Runs it with its output passed through; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = name_of(command);
    let status = command.status().with_context(|| format!("failed to start {name}"))?;
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

/// Runs tests: passes their output through and adds up what their closing lines say.
pub(crate) fn run_tests(command: &mut Command) -> anyhow::Result<(bool, Tally)> {
    let name = name_of(command);
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("failed to start {name}"))?;
    let stdout = child.stdout.take().context("standard output was asked for")?;
    let mut tally = Tally::default();
    for line in BufReader::new(stdout).lines() {
        let line = line.with_context(|| format!("failed to read from {name}"))?;
        println!("{line}");
        if let Some(counted) = count(&line) {
            tally.add(counted);
        }
    }
    let status = child.wait().with_context(|| format!("failed to wait for {name}"))?;
    Ok((status.success(), tally))
}

/// Whether a program can be started at all.
pub(crate) fn available(program: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What one line of output says was passed and failed, if it is a closing line.
fn count(line: &str) -> Option<Tally> {
    let cargo = line.strip_prefix("test result: ");
    let pytest = line.starts_with('=').then(|| line.trim_matches(['=', ' ']));
    let text = cargo.or(pytest.filter(|text| text.contains(" in ")))?;
    let mut tally = Tally::default();
    let mut previous: Option<u64> = None;
    for word in text.split([' ', ';', ',', '.']).filter(|word| !word.is_empty()) {
        match (previous, word) {
            (Some(number), "passed") => tally.passed += number,
            (Some(number), "failed" | "error" | "errors") => tally.failed += number,
            _ => {}
        }
        previous = word.parse().ok();
    }
    Some(tally)
}

fn name_of(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut name = program.file_name().unwrap_or(program.as_os_str()).display().to_string();
    for argument in command.get_args().take(3) {
        name.push(' ');
        name.push_str(&argument.to_string_lossy());
    }
    format!("`{name}`")
}

#[cfg(test)]
mod tests {
    use super::{Tally, count};

    #[test]
    fn closing_lines_are_counted() {
        let rows = [
            ("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured", Some((12, 0))),
            ("test result: FAILED. 3 passed; 2 failed; 0 ignored; finished in 0.1s", Some((3, 2))),
            ("======= 2 failed, 41 passed, 1 skipped in 12.30s =======", Some((41, 2))),
            ("======= 7 passed, 1 error in 3.00s =======", Some((7, 1))),
            ("======= test session starts =======", None),
            ("41 passed somewhere else", None),
        ];
        for (line, expected) in rows {
            let expected = expected.map(|(passed, failed)| Tally { passed, failed });
            assert_eq!(count(line), expected, "{line}");
        }
    }
}
