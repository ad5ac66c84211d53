//! `cargo xtask conformance`: replays the recorded cases and the corpus of definitions against a
//! fresh `rung dev`, and writes `docs/conformance.md` or compares with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::process::Tally;
use crate::report::{CaseOutcome, Definition, Report};
use crate::server::Server;
use crate::{process, requirements, setup, shared, tree};

const PAGE: &str = "docs/conformance.md";
/// Services that the cases may need and this server has.
const NEEDS_SERVED: &str = "lambda,logs,states";
const JOBS: &str = "4";

/// Replays everything; `--check` compares with the page instead of writing it.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    if arguments.iter().any(|argument| argument == "--check") {
        return check().map(drop);
    }
    process::run(&mut process::cargo(&["build", "-p", "rung"]))?;
    let Some(report) = replay()? else { return Ok(()) };
    std::fs::write(tree::root().join(PAGE), report.page())
        .with_context(|| format!("failed to write {PAGE}"))?;
    println!("{}", report.summary());
    Ok(())
}

/// Fails when fewer cases or definitions pass than the page says. `None` without recorded cases.
pub(crate) fn check() -> anyhow::Result<Option<Tally>> {
    let page = std::fs::read_to_string(tree::root().join(PAGE)).unwrap_or_default();
    let Some(report) = replay()? else { return Ok(None) };
    println!("{}", report.summary());
    let losses = report.losses(&page);
    if !losses.is_empty() {
        bail!("fewer than {PAGE} says: {}", losses.join("; "));
    }
    Ok(Some(report.tally()))
}

fn replay() -> anyhow::Result<Option<Report>> {
    let Some(shared) = shared::folder()? else { return Ok(None) };
    let environment = setup::environment()?;
    let binary = match std::env::var_os("RUNG_BIN") {
        Some(binary) => PathBuf::from(binary),
        None => tree::built("debug", "rung"),
    };
    let work = tree::target().join("conformance");
    std::fs::create_dir_all(&work).context("failed to make the folder for results")?;
    let run = Run {
        python: setup::python(&environment),
        path: setup::search_path(&environment),
        binary,
        cases: shared.join("conformance/step-functions"),
        work,
    };
    let cases = run.recorded_cases()?;
    let definitions = run.corpus(&shared.join("corpus/asl"))?;
    let requirements = requirements::read(&shared)?;
    Ok(Some(Report { cases, definitions, requirements }))
}

struct Run {
    python: PathBuf,
    path: std::ffi::OsString,
    binary: PathBuf,
    cases: PathBuf,
    work: PathBuf,
}

/// What the runner writes of a case.
#[derive(Deserialize)]
struct Answer {
    result: String,
    why: String,
}

impl Run {
    /// All cases, and once more, one at a time, those that failed: the second word counts, since
    /// cases with time limits are unfair on a busy machine.
    fn recorded_cases(&self) -> anyhow::Result<Vec<CaseOutcome>> {
        let recorded = read_cases(&self.cases)?;
        let mut answers = self.runner(&self.cases, JOBS)?;
        let failed: Vec<&Value> = recorded
            .iter()
            .filter(|case| answers.get(id(case)).is_some_and(|answer| answer.result == "fail"))
            .collect();
        if !failed.is_empty() {
            let again = self.work.join("again.json");
            std::fs::write(&again, serde_json::to_string(&failed)?)?;
            answers.extend(self.runner(&again, "1")?);
        }
        Ok(recorded.iter().map(|case| outcome(case, answers.get(id(case)))).collect())
    }

    fn runner(&self, cases: &Path, jobs: &str) -> anyhow::Result<BTreeMap<String, Answer>> {
        let server = Server::start(&self.binary, &self.path)?;
        let out = self.work.join("cases.json");
        // A stale answer would count for this run.
        let _ = std::fs::remove_file(&out);
        let status = Command::new(&self.python)
            .arg(self.cases.join("run_sfn_cases.py"))
            .args(["--endpoint-url", &server.url(), "--needs", NEEDS_SERVED])
            .args(["--jobs", jobs, "--show", "0", "--json"])
            .arg(&out)
            .arg(cases)
            // Its closing line counts known differences as failures; the summary tells them apart.
            .stdout(Stdio::null())
            .status()
            .context("failed to start the runner of the recorded cases")?;
        let text = std::fs::read_to_string(&out).with_context(|| {
            format!("the runner ended with {status} and no results:\n{}", server.log())
        })?;
        serde_json::from_str(&text).context("failed to read the runner's results")
    }

    fn corpus(&self, folder: &Path) -> anyhow::Result<Vec<Definition>> {
        let server = Server::start(&self.binary, &self.path)?;
        let out = self.work.join("corpus.json");
        let mut command = Command::new(&self.python);
        command
            .arg(tree::root().join("tools/conformance/corpus.py"))
            .args(["--endpoint-url", &server.url(), "--json"])
            .arg(&out)
            .arg(folder);
        process::run(&mut command)?;
        let text = std::fs::read_to_string(&out).context("failed to read the corpus results")?;
        serde_json::from_str(&text).context("failed to read the corpus results")
    }
}

fn read_cases(folder: &Path) -> anyhow::Result<Vec<Value>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("failed to list {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("failed to read {}", file.display()))?;
        let listed: Vec<Value> = serde_json::from_str(&text)
            .with_context(|| format!("failed to parse {}", file.display()))?;
        cases.extend(listed);
    }
    Ok(cases)
}

fn id(case: &Value) -> &str {
    text(case, "id")
}

fn text<'a>(case: &'a Value, member: &str) -> &'a str {
    case.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// A case is of JSONata when any definition in it says so or has an expression.
fn mentions_jsonata(case: &Value) -> bool {
    let whole = case.to_string();
    whole.contains("\"JSONata\"") || whole.contains("\\\"JSONata\\\"") || whole.contains("{%")
}

fn outcome(case: &Value, answer: Option<&Answer>) -> CaseOutcome {
    let needs = case.get("needs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let needs: Vec<String> = needs.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    CaseOutcome {
        id: id(case).to_owned(),
        group: text(case, "group").to_owned(),
        jsonata: mentions_jsonata(case),
        distributed: case.to_string().contains("DISTRIBUTED"),
        result: answer.map_or_else(|| "skip".to_owned(), |answer| answer.result.clone()),
        why: answer.map_or_else(String::new, |answer| answer.why.clone()),
        needs,
    }
}
