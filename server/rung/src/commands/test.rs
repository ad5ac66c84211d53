//! `rung test [FILE|DIR…]`: workflow tests in virtual time. Test files are `*.test.yaml`,
//! `*.test.json`, and AWS's own `MockConfigFile.json`.

mod coverage;
mod discover;
mod junit;
mod plan;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rehearsal::Rehearsal;

use crate::trouble::{CANNOT_BEGIN, Trouble};
use crate::ui::screen::Screen;
use crate::ui::text;
use coverage::Ledger;
use plan::{Case, File};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Test files, mock configurations, and folders to look for them in.
    #[arg(default_value = ".")]
    places: Vec<PathBuf>,
    /// Run only tests whose name has this in it.
    #[arg(long)]
    only: Option<String>,
    /// Write the results as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Tell which states, branches, retriers and catchers no test takes.
    #[arg(long)]
    coverage: bool,
    /// Write the coverage as JSON.
    #[arg(long, value_name = "FILE")]
    coverage_json: Option<PathBuf>,
    /// The input of test cases of a mock configuration, a JSON text or @FILE.
    #[arg(long, default_value = "{}")]
    input: String,
}

/// How a test ended.
struct Verdict {
    name: String,
    /// What is not as expected; empty when it passed.
    lines: Vec<String>,
    took: Duration,
    virtual_ms: i64,
}

/// The tests of one file.
struct Group {
    file: PathBuf,
    verdicts: Vec<Verdict>,
    /// Why the file could not be run at all.
    mistake: Option<String>,
}

/// 0 when all pass, 1 when one does not, 2 when there is nothing to run.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let screen = Screen::out();
    let began = Instant::now();
    let input = input_of(&arguments.input)?;
    let files = discover::files(&arguments.places)?;
    let mut ledger = Ledger::default();
    let mut groups = Vec::new();
    for file in files {
        let planned = plan::read(&file, &input);
        let group = run_file(file, planned, arguments.only.as_deref(), &mut ledger);
        tell(&screen, &group);
        groups.push(group);
    }
    let verdicts = || groups.iter().flat_map(|group| &group.verdicts);
    let failed = verdicts().filter(|verdict| !verdict.lines.is_empty()).count();
    let broken = groups.iter().filter(|group| group.mistake.is_some()).count();
    let count = verdicts().count();
    if arguments.coverage {
        ledger.lines().into_iter().for_each(|line| screen.line(line));
    }
    summary(&screen, count, failed, broken, began.elapsed());
    if let Some(file) = &arguments.junit {
        write(file, &junit::document(&groups))?;
    }
    if let Some(file) = &arguments.coverage_json {
        write(file, &ledger.json())?;
    }
    if failed > 0 || broken > 0 {
        return Ok(ExitCode::FAILURE);
    }
    if count == 0 {
        screen.line("  no test has a name like that");
        return Ok(ExitCode::from(CANNOT_BEGIN));
    }
    Ok(ExitCode::SUCCESS)
}

fn run_file(
    file: PathBuf,
    planned: Result<File, String>,
    only: Option<&str>,
    ledger: &mut Ledger,
) -> Group {
    let planned = match planned {
        Ok(planned) => planned,
        Err(mistake) => return Group { file, verdicts: Vec::new(), mistake: Some(mistake) },
    };
    for machine in planned.machines.values() {
        ledger.know(machine);
    }
    let chosen =
        planned.cases.iter().filter(|case| only.is_none_or(|only| case.name.contains(only)));
    let verdicts = chosen.map(|case| run_case(&planned, case, ledger)).collect();
    Group { file, verdicts, mistake: None }
}

fn run_case(planned: &File, case: &Case, ledger: &mut Ledger) -> Verdict {
    let began = Instant::now();
    let run: Rehearsal = planned.rehearse(case);
    let took = began.elapsed();
    if let Some(machine) = planned.machines.get(&case.machine) {
        ledger.add(machine, &run.spots);
    }
    Verdict {
        name: case.name.clone(),
        lines: case.expect.differences(&run),
        took,
        virtual_ms: run.elapsed_ms,
    }
}

fn tell(screen: &Screen, group: &Group) {
    screen.line(text::short(&group.file));
    if let Some(mistake) = &group.mistake {
        for (number, line) in mistake.lines().enumerate() {
            let head = if number == 0 { text::bad() } else { " ".to_owned() };
            screen.line(format!("  {head} {line}"));
        }
    }
    for verdict in &group.verdicts {
        let passed = verdict.lines.is_empty();
        let mark = if passed { text::good() } else { text::bad() };
        let length = Duration::from_millis(u64::try_from(verdict.virtual_ms).unwrap_or(0));
        let virtually = match length.is_zero() {
            true => String::new(),
            false => format!(", {} in the workflow", text::duration(length)),
        };
        let times = console::style(format!("({}{virtually})", text::duration(verdict.took))).dim();
        screen.line(format!("  {mark} {} {times}", verdict.name));
        for line in &verdict.lines {
            screen.line(format!("      {line}"));
        }
    }
}

fn summary(screen: &Screen, count: usize, failed: usize, broken: usize, took: Duration) {
    let mut parts = vec![format!("{} passed", count - failed)];
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if broken > 0 {
        parts.push(format!("{broken} files cannot be run"));
    }
    let mark = if failed + broken > 0 { text::bad() } else { text::good() };
    screen.line(format!("{mark} {} ({})", parts.join(", "), text::duration(took)));
}

fn input_of(text: &str) -> anyhow::Result<serde_json::Value> {
    let (text, from) = match text.strip_prefix('@') {
        Some(file) => (
            std::fs::read_to_string(file).map_err(|error| {
                Trouble::new(format!("cannot read the input `{file}`: {error}"))
            })?,
            file,
        ),
        None => (text.to_owned(), "--input"),
    };
    Ok(serde_json::from_str(&text)
        .map_err(|error| Trouble::new(format!("{from} is not JSON: {error}")))?)
}

fn write(file: &PathBuf, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text)
        .map_err(|error| Trouble::new(format!("cannot write `{}`: {error}", file.display())).into())
}
