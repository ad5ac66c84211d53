//! The table, on standard output and in `docs/performance.md`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;

/// One measurement.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) measured: String,
    /// Empty where there is none.
    pub(crate) baseline: String,
    pub(crate) ratio: Option<f64>,
    /// What it must reach.
    pub(crate) mark: Option<String>,
}

/// The lines between which a table stands.
pub(crate) struct Marks {
    begin: &'static str,
    end: &'static str,
}

pub(crate) const SERVER: Marks = Marks {
    begin: "<!-- written by `cargo xtask bench --write` -->",
    end: "<!-- end of what is written -->",
};

pub(crate) const JSONATA: Marks = Marks {
    begin: "<!-- written by `cargo xtask bench jsonata --write` -->",
    end: "<!-- end of what is written of JSONata -->",
};

pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from("| what | measured | baseline of the same run | ratio | mark |\n");
    table.push_str("|---|---:|---:|---:|---:|\n");
    for row in rows {
        let ratio = row.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default();
        let mark = row.mark.as_deref().unwrap_or_default();
        let Row { name, measured, baseline, .. } = row;
        writeln!(table, "| {name} | {measured} | {baseline} | {ratio} | {mark} |")
            .expect("writing to a string does not fail");
    }
    table
}

/// Replaces what stands between the two marks.
pub(crate) fn write(path: &Path, marks: &Marks, table: &str) -> anyhow::Result<()> {
    let page = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let Marks { begin, end } = marks;
    let (head, rest) = page.split_once(begin).context("the page has no place for the table")?;
    let (_, tail) = rest.split_once(end).context("the page's table does not end")?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let page = format!("{head}{begin}\n\nOn {cores} cores:\n\n{table}\n{end}{tail}");
    std::fs::write(path, page).with_context(|| format!("cannot write `{}`", path.display()))
}
