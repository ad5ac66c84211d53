//! `rung check FILE…`: reads definitions as the server would and shows what is wrong with them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use asl::Severity;

use crate::config::{self, MachineKind};
use crate::definition::{self, Reading};
use crate::folder;
use crate::names::Names;
use crate::site::Site;
use crate::ui::screen::Screen;
use crate::ui::text;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Definitions, `*.asl.json` or `*.asl.yaml`.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Check them as definitions of Express machines.
    #[arg(long)]
    express: bool,
}

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let screen = Screen::out();
    let kind = if arguments.express { MachineKind::Express } else { MachineKind::Standard };
    let mut errors = 0;
    for file in &arguments.files {
        let reading = definition::read(file, kind, &names_around(file));
        errors += reading.errors();
        report(&screen, &reading);
    }
    if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The names of the folder that a definition lies in, when it is one that `rung dev` reads.
fn names_around(file: &Path) -> Names {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new("."));
    let is_project = folder.join(config::FILE_NAME).is_file() || folder.join("functions").is_dir();
    match folder::read(folder) {
        Ok(project) if is_project => Site::of(&project.config, &project.root).names(&project),
        _ => Names::anything(),
    }
}

/// Prints a reading with its findings.
pub(crate) fn report(screen: &Screen, reading: &Reading) {
    let file = text::short(&reading.file);
    if reading.findings.is_empty() {
        screen.line(format!("{} {file}", text::good()));
        return;
    }
    let errors = reading.errors();
    let warnings = reading.findings.len() - errors;
    let mark = if errors > 0 { text::bad() } else { text::warning() };
    screen.line(format!("{mark} {file}: {}", counted(errors, warnings)));
    for finding in &reading.findings {
        let mark = match finding.severity {
            Severity::Error => text::bad(),
            Severity::Warning => text::warning(),
        };
        for (number, line) in finding.text.lines().enumerate() {
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
