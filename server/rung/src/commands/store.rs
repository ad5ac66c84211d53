//! `rung store check`, `repair-report` and `move`: looks at everything that is stored, or moves it
//! between a data directory and a database. No server may be running on either.

mod report;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use console::style;
use postgres::Postgres;
use sqlite::Sqlite;
use store::check::Findings;
use store::engine::{Engine, Layout};
use store::nodes::Nodes as _;
use store::transfer::{TransferError, transfer};
use store::{Options, Store};

use crate::assemble::refused_data;
use crate::trouble::Trouble;
use crate::ui::screen::{Screen, Spinner};
use crate::ui::table::{Table, widths};
use crate::ui::text;

/// Damaged rows that are shown of each family.
const SHOWN_MAX: usize = 10;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Read every row and every log record, and name what is damaged; changes nothing.
    Check {
        /// A data directory, or postgres://user@host/database.
        place: String,
    },
    /// The same, and say whose every damaged row is, what is lost, and what to do.
    RepairReport {
        /// A data directory, or postgres://user@host/database.
        place: String,
        /// For programs.
        #[arg(long)]
        json: bool,
    },
    /// Copy everything to an empty place, compare both, and leave the source as it is.
    Move {
        /// A data directory, or postgres://user@host/database.
        from: String,
        /// The same; nothing may be in it.
        to: String,
    },
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.act {
        Act::Check { place } => look(place, |_, findings| Ok(shown(findings))),
        Act::RepairReport { place, json } => look(place, |engine, findings| {
            let entries = report::entries(engine, findings).context("cannot name the damage")?;
            Ok(if *json {
                vec![report::json(&entries, findings).to_string()]
            } else {
                report::lines(&entries, findings)
            })
        }),
        Act::Move { from, to } => move_all(from, to),
    }
}

/// Reads everything and says what was found; damage is exit code 1.
fn look(
    place: &str,
    say: impl FnOnce(&dyn Engine, &Findings) -> anyhow::Result<Vec<String>>,
) -> anyhow::Result<ExitCode> {
    let engine = open(place, false)?;
    let layout = layout(engine.as_ref(), place)?;
    let screen = Screen::out();
    let findings = {
        let spinner = screen.spinner();
        store::check::check(engine.as_ref(), &layout, &mut told(&spinner, "reading"))
            .with_context(|| format!("cannot read `{place}`"))?
    };
    for line in say(engine.as_ref(), &findings)? {
        screen.line(line);
    }
    Ok(if findings.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn shown(findings: &Findings) -> Vec<String> {
    let mut table = Table::new(&["FAMILY", "ROWS", "BYTES", "DAMAGED"]);
    for family in &findings.families {
        table.row(vec![
            family.name.clone(),
            family.rows.to_string(),
            family.bytes.to_string(),
            family.damaged.to_string(),
        ]);
    }
    let mut lines = table.lines(&widths(std::slice::from_ref(&table)));
    for family in &findings.families {
        for (key, damage) in family.named.iter().take(SHOWN_MAX) {
            let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            lines.push(format!("  {} {} {key}: {damage}", text::bad(), family.name));
        }
    }
    for log in &findings.logs {
        if let Some(evidence) = &log.evidence {
            lines.push(format!("  {} log of partition {}: {evidence}", text::bad(), log.partition));
        }
    }
    let records: u64 = findings.logs.iter().map(|log| log.records).sum();
    let verdict = if findings.is_sound() {
        format!("{} {} rows and {records} log records are sound", text::good(), findings.rows())
    } else {
        let next = "`rung store repair-report` says whose it is; rows that are not named are sound";
        format!("{} damage was found\n {} {next}", text::bad(), style("next:").bold())
    };
    lines.push(verdict);
    lines
}

fn move_all(from: &str, to: &str) -> anyhow::Result<ExitCode> {
    let screen = Screen::out();
    let source = open(from, false)?;
    let layout = layout(source.as_ref(), from)?;
    flush(source.clone(), from)?;
    let target = open(to, true)?;
    let moved = {
        let spinner = screen.spinner();
        transfer(source.as_ref(), target.as_ref(), layout, &mut told(&spinner, "copying"))
    };
    let moved = moved.map_err(|error| {
        let next = match &error {
            TransferError::NotEmpty => "name a new directory, or another schema with ?schema=",
            TransferError::Damaged { .. } => "`rung store check` names the damage",
            _ => "the source is as it was: remove what was copied, and begin again",
        };
        anyhow::Error::from(Trouble::new(format!("nothing was moved: {error}")).remedy(next))
    })?;
    screen.line(format!(
        "{} {} rows in {} families copied and compared, {} bytes",
        text::good(),
        moved.rows,
        moved.families,
        moved.bytes
    ));
    screen.line(format!(
        " {} start the server there; code of functions and buckets stay where they are, in --data",
        style("next:").bold()
    ));
    Ok(ExitCode::SUCCESS)
}

fn told<'a>(spinner: &'a Spinner, doing: &'a str) -> impl FnMut(&str, u64) + 'a {
    move |family, rows| spinner.say(format!("{doing} {family}: {rows} rows"))
}

/// Opens and shuts down, so that everything is in the families.
fn flush(engine: Arc<dyn Engine>, place: &str) -> anyhow::Result<()> {
    let opened = Store::open(engine, host::Host::real(), Options::default());
    let store = opened.with_context(|| format!("cannot open the data in `{place}`"))?;
    if let Some((partition, evidence)) = store.broken().first() {
        return Err(Trouble::new(format!("partition {partition} is stopped: {evidence}"))
            .remedy("`rung store check` names the damage")
            .into());
    }
    store.shutdown();
    Ok(())
}

/// A place is asked for its layout; it is not given one.
fn layout(engine: &dyn Engine, place: &str) -> anyhow::Result<Layout> {
    let partitions = engine.partitions().with_context(|| format!("cannot read `{place}`"))?;
    if partitions.is_empty() {
        return Err(Trouble::new(format!("there is nothing in `{place}`"))
            .remedy("name the --data or --store that the server was given")
            .into());
    }
    let partitions = u16::try_from(partitions.len()).context("too many partitions")?;
    engine.layout(Layout { cluster: 0, partitions }).context("cannot read the layout")
}

fn open(place: &str, create: bool) -> anyhow::Result<Arc<dyn Engine>> {
    if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        return open_database(place, create);
    }
    let directory = Path::new(place);
    if !create && !Sqlite::exists(directory) {
        return Err(Trouble::new(format!("there is no data in `{place}`"))
            .remedy("name the --data that the server was given")
            .into());
    }
    Ok(Arc::new(Sqlite::open(directory).map_err(|error| refused_data(&error))?))
}

fn open_database(url: &str, create: bool) -> anyhow::Result<Arc<dyn Engine>> {
    let address = url.parse().map_err(|error: postgres::OpenError| {
        Trouble::new(error.to_string()).remedy("write it as the nodes were given it")
    })?;
    let opened = if create { Postgres::open(&address) } else { Postgres::find(&address) };
    let engine = opened.map_err(|error| {
        Trouble::new(format!("cannot open `{address}`: {error}"))
            .remedy("look at the address, the schema and the password")
    })?;
    let nodes = engine.membership(&address).look().context("cannot see the nodes")?;
    if let Some(live) = nodes.iter().find(|seen| seen.is_live()) {
        return Err(Trouble::new(format!("the node `{}` is running on it", live.node.name))
            .remedy("stop every node first")
            .into());
    }
    Ok(Arc::new(engine))
}
