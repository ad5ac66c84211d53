//! `rung check FILE…`: reads definitions as the server would, templates too, and shows what is
//! wrong with them.

mod json;
mod sarif;

use std::path::PathBuf;
use std::process::ExitCode;

use asl::Severity;
use clap::ValueEnum;

use crate::check::{self, Checked, Outcome};
use crate::config::MachineKind;
use crate::definition::Reading;
use crate::trouble::CANNOT_BEGIN;
use crate::ui::screen::{self, Screen};
use crate::ui::text;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Definitions (*.asl.json, *.asl.yaml) and CloudFormation or SAM templates.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The type of machine that definitions are for; a template says it itself.
    #[arg(long = "type", value_enum, default_value_t)]
    kind: Kind,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
#[value(rename_all = "UPPER")]
enum Kind {
    #[default]
    Standard,
    Express,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
    Sarif,
}

/// 0 without errors, 1 with some, 2 when a file cannot be read.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let kind = match arguments.kind {
        Kind::Standard => MachineKind::Standard,
        Kind::Express => MachineKind::Express,
    };
    let checked: Vec<Checked> =
        arguments.files.iter().flat_map(|file| check::file(file, kind)).collect();
    match arguments.format {
        Format::Text => {
            let screen = Screen::out();
            checked.iter().for_each(|checked| tell(&screen, checked));
        }
        Format::Json => screen::result(&json::document(&checked)),
        Format::Sarif => screen::result(&sarif::document(&checked)),
    }
    let unreadable = |checked: &Checked| matches!(checked.outcome, Outcome::Unreadable(_));
    if checked.iter().any(unreadable) {
        ExitCode::from(CANNOT_BEGIN)
    } else if checked.iter().any(|checked| checked.count(Severity::Error) > 0) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints what came of a file.
fn tell(screen: &Screen, checked: &Checked) {
    let file = text::short(&checked.file);
    let name = match &checked.machine {
        Some(machine) => format!("{file} ({machine})"),
        None => file,
    };
    match &checked.outcome {
        Outcome::Findings(found) => {
            let lines = found.iter().map(|found| (found.severity, found.text.as_str()));
            tell_findings(screen, &name, lines.collect());
        }
        Outcome::Computed(why) => {
            screen.line(format!("{} {name}: not checked, {why}", text::warning()));
        }
        Outcome::Unreadable(reason) => {
            screen.line(format!("{} {name}: cannot be read: {reason}", text::bad()));
        }
    }
}

/// Prints a reading with its findings.
pub(crate) fn report(screen: &Screen, reading: &Reading) {
    let found = reading.findings.iter().map(|shown| (shown.severity, shown.text.as_str()));
    tell_findings(screen, &text::short(&reading.file), found.collect());
}

fn tell_findings(screen: &Screen, name: &str, found: Vec<(Severity, &str)>) {
    let errors = found.iter().filter(|(severity, _)| *severity == Severity::Error).count();
    let warnings = found.len() - errors;
    let mark = match (errors, warnings) {
        (0, 0) => {
            screen.line(format!("{} {name}", text::good()));
            return;
        }
        (0, _) => text::warning(),
        _ => text::bad(),
    };
    screen.line(format!("{mark} {name}: {}", counted(errors, warnings)));
    for (severity, text) in found {
        let mark = match severity {
            Severity::Error => text::bad(),
            Severity::Warning => text::warning(),
        };
        for (number, line) in text.lines().enumerate() {
            let head = if number == 0 { mark.as_str() } else { " " };
            screen.line(format!("  {head} {line}"));
        }
    }
}

fn counted(errors: usize, warnings: usize) -> String {
    let plural = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    match (errors, warnings) {
        (0, _) => plural(warnings, "warning"),
        (_, 0) => plural(errors, "error"),
        _ => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
    }
}
