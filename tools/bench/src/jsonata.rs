//! JSONata against its reference implementation under Node.js: every case of the reference suite
//! that gives a value, compiled and evaluated by both in the same run, warm, the best of several.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use jsonata::{Bound, Expression};
use moment::Moment;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::page;

const SCRIPT: &str = include_str!("jsonata.mjs");

/// How many times faster at the median, and how much slower at most on one case.
const FASTER_MIN: f64 = 5.0;
const SLOWER_MAX: f64 = 2.0;
/// Cases that take the reference less are too short to be told apart from noise.
const SHORT_NS: f64 = 10_000.0;
/// Rounds of which the best counts, and how long one is.
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(4);
const BOTH: &str = "Compiling and evaluating";

pub(crate) struct Options {
    /// The reference suite: `datasets` and `groups`.
    pub(crate) suite: PathBuf,
    /// The reference implementation: the package's folder.
    pub(crate) reference: PathBuf,
    pub(crate) page: Option<PathBuf>,
}

#[derive(Serialize)]
struct Case {
    name: String,
    text: String,
    /// The data's file, or the data.
    dataset: Option<PathBuf>,
    data: Option<Value>,
    bindings: Map<String, Value>,
}

/// Nanoseconds.
#[derive(Clone, Copy, Deserialize)]
struct Timed {
    compile: f64,
    evaluate: f64,
}

struct Compared {
    name: String,
    ours: Timed,
    theirs: Timed,
}

impl Compared {
    fn compiled(&self) -> f64 {
        self.theirs.compile / self.ours.compile
    }

    fn evaluated(&self) -> f64 {
        self.theirs.evaluate / self.ours.evaluate
    }

    fn both(&self) -> f64 {
        (self.theirs.compile + self.theirs.evaluate) / (self.ours.compile + self.ours.evaluate)
    }
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let cases = cases(&options.suite)?;
    println!("{} cases under Node.js …", cases.len());
    let theirs = reference(&options.reference, &cases)?;
    println!("and here …");
    let mut compared = Vec::new();
    for (case, theirs) in cases.iter().zip(theirs) {
        // A case that fails in one of them compares nothing.
        if let (Some(ours), Some(theirs)) = (time(case)?, theirs) {
            compared.push(Compared { name: case.name.clone(), ours, theirs });
        }
    }
    ensure!(compared.len() * 2 > cases.len(), "only {} cases compare", compared.len());
    let table = table(&compared);
    for case in compared.iter().filter(|case| case.both() < 1.0) {
        let Compared { name, ours, theirs } = case;
        let shown = [ours.compile, ours.evaluate, theirs.compile, theirs.evaluate];
        let [a, b, c, d] = shown.map(|ns| ns / 1_000.0);
        println!("slower: {name}: here {a:.1} + {b:.1} µs, there {c:.1} + {d:.1} µs");
    }
    println!("\n{table}");
    match &options.page {
        Some(path) => page::write(path, &page::JSONATA, &table),
        None => Ok(()),
    }
}

fn cases(suite: &Path) -> anyhow::Result<Vec<Case>> {
    let mut files = Vec::new();
    for group in std::fs::read_dir(suite.join("groups")).context("no suite")? {
        for file in std::fs::read_dir(group?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    let mut cases = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "json")) {
        // Half of a surrogate pair is no text here.
        let Ok(content) = serde_json::from_str(&std::fs::read_to_string(file)?) else { continue };
        let parts = match content {
            Value::Array(parts) => parts,
            part => vec![part],
        };
        for (place, part) in parts.iter().enumerate() {
            cases.extend(case(suite, file, place, part)?);
        }
    }
    Ok(cases)
}

/// A case that gives a value.
fn case(suite: &Path, file: &Path, place: usize, part: &Value) -> anyhow::Result<Option<Case>> {
    if part.get("result").is_none() {
        return Ok(None);
    }
    let member = |name: &str| part.get(name).and_then(Value::as_str);
    let folder = file.parent().context("a file is in a folder")?;
    let text = match (member("expr-file"), member("expr")) {
        (Some(name), _) => std::fs::read_to_string(folder.join(name))?,
        (None, Some(text)) => text.to_owned(),
        (None, None) => return Ok(None),
    };
    let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let dataset = member("dataset").map(|set| suite.join("datasets").join(format!("{set}.json")));
    Ok(Some(Case {
        name: format!("{}/{}[{place}]", name(folder), name(file)),
        text,
        dataset,
        data: part.get("data").cloned(),
        bindings: part.get("bindings").and_then(Value::as_object).cloned().unwrap_or_default(),
    }))
}

/// Times every case under Node.js.
fn reference(package: &Path, cases: &[Case]) -> anyhow::Result<Vec<Option<Timed>>> {
    let mut node = Command::new("node")
        .args(["--input-type=module", "--eval", SCRIPT, "--"])
        .arg(std::path::absolute(package)?)
        .args([ROUNDS.to_string(), ROUND.as_millis().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start `node`")?;
    let mut input = node.stdin.take().context("a pipe was asked for")?;
    let sent = serde_json::to_vec(cases)?;
    let writer = std::thread::spawn(move || input.write_all(&sent));
    let output = node.wait_with_output()?;
    ensure!(output.status.success(), "the reference ended with {}", output.status);
    ensure!(matches!(writer.join(), Ok(Ok(()))), "the reference did not read all cases");
    let timed: Vec<Option<Timed>> = serde_json::from_slice(&output.stdout)?;
    ensure!(timed.len() == cases.len(), "the reference answered {} cases", timed.len());
    Ok(timed)
}

fn time(case: &Case) -> anyhow::Result<Option<Timed>> {
    let document = match &case.dataset {
        Some(file) => Some(serde_json::from_str(&std::fs::read_to_string(file)?)?),
        None => case.data.clone(),
    };
    let document = document.map(Bound::from);
    let bound: Vec<(&str, Bound<'_>)> =
        case.bindings.iter().map(|(name, value)| (name.as_str(), Bound::new(value))).collect();
    let variables: Vec<_> = bound.iter().map(|(name, bound)| (*name, bound)).collect();
    let moment = Moment { now_ms: 1_767_225_600_000, seed: 7 };
    let Ok(expression) = Expression::parse(&case.text) else { return Ok(None) };
    let evaluate = || expression.evaluate_on(document.as_ref(), &variables, &moment);
    if evaluate().is_err() {
        return Ok(None);
    }
    Ok(Some(Timed {
        compile: best(|| std::hint::black_box(Expression::parse(&case.text)).is_ok()),
        evaluate: best(|| std::hint::black_box(evaluate()).is_ok()),
    }))
}

/// Nanoseconds of one call, of the best round.
fn best(mut call: impl FnMut() -> bool) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let (mut calls, start) = (0_u32, Instant::now());
        while calls == 0 || start.elapsed() < ROUND {
            std::hint::black_box(call());
            calls += 1;
        }
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    best
}

fn table(compared: &[Compared]) -> String {
    let mut table = format!(
        "{} cases of the reference suite that give a value in both.\n\n\
         | what | times faster: slowest case | tenth percentile | median | mark |\n\
         |---|---:|---:|---:|---:|\n",
        compared.len()
    );
    let long = |case: &&Compared| case.theirs.compile + case.theirs.evaluate >= SHORT_NS;
    type Ratio = fn(&Compared) -> f64;
    let rows: [(&str, Ratio, bool); 4] = [
        ("Compiling", Compared::compiled, false),
        ("Evaluating, compiled before", Compared::evaluated, false),
        (BOTH, Compared::both, false),
        ("The same, cases over 10 µs", Compared::both, true),
    ];
    for (name, ratio, only_long) in rows {
        let chosen = compared.iter().filter(|case| !only_long || long(case));
        let mut ratios: Vec<f64> = chosen.map(ratio).collect();
        ratios.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (ratios.len() as f64 * share) as usize;
            ratios.get(place).copied().unwrap_or(f64::NAN)
        };
        let mark = match (name, only_long) {
            (BOTH, _) => format!("median at least {FASTER_MIN}"),
            (_, true) => format!("no case under {:.1}", 1.0 / SLOWER_MAX),
            _ => String::new(),
        };
        writeln!(table, "| {name} | {:.2} | {:.1} | {:.1} | {mark} |", at(0.0), at(0.1), at(0.5))
            .expect("writing to a string does not fail");
    }
    table.push_str("\nUnder that are, by group of the suite: ");
    table.push_str(&slow_groups(compared.iter().filter(long)));
    table.push_str(".\n");
    table
}

/// Groups with cases that take longer than they may, and how many of how many.
fn slow_groups<'c>(cases: impl Iterator<Item = &'c Compared>) -> String {
    let mut groups: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in cases {
        let group = case.name.split('/').next().unwrap_or_default();
        let (slow, all) = groups.entry(group).or_default();
        *slow += usize::from(case.both() < 1.0 / SLOWER_MAX);
        *all += 1;
    }
    let slow = groups.into_iter().filter(|(_, (slow, _))| *slow > 0);
    let told = slow.map(|(group, (slow, all))| format!("`{group}` {slow} of {all}"));
    told.collect::<Vec<_>>().join(", ")
}
