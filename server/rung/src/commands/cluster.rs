//! `rung cluster`: the nodes of a cluster and what they are doing; asks one to give the lead up.

use std::process::ExitCode;

use anyhow::Context as _;
use console::style;
use postgres::{Membership, Postgres};
use store::engine::{Claim, Engine as _};
use store::nodes::{Nodes as _, Seen};

use crate::cluster;
use crate::trouble::Trouble;
use crate::ui::screen::Screen;
use crate::ui::table::{Table, widths};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    act: Option<Act>,
    /// The database that the nodes share.
    #[arg(long, env = "RUNG_STORE", hide_env_values = true, global = true)]
    store: Option<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Act {
    /// Let a node lead no more: it gives way to another one, without a failed request.
    Drain { node: String },
    /// Let a node lead again.
    Undrain { node: String },
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let url = arguments.store.as_deref().ok_or_else(|| {
        Trouble::new("`rung cluster` was not told which database")
            .remedy("give --store postgres://…, as the nodes were given")
    })?;
    let database = url.parse().map_err(|error: postgres::OpenError| {
        Trouble::new(error.to_string()).remedy("write it as the nodes were given it")
    })?;
    let engine = cluster::find(&database).await?;
    let nodes = engine.membership(&database);
    tokio::task::block_in_place(|| match &arguments.act {
        None => show(&engine, &nodes),
        Some(Act::Drain { node }) => drain(&nodes, node, true),
        Some(Act::Undrain { node }) => drain(&nodes, node, false),
    })
}

fn drain(nodes: &Membership, name: &str, draining: bool) -> anyhow::Result<ExitCode> {
    if !nodes.drain(name, draining)? {
        return Err(Trouble::new(format!("the cluster has no node `{name}`"))
            .remedy("`rung cluster` shows their names")
            .into());
    }
    let told = if draining { "leads no more" } else { "may lead again" };
    Screen::out().line(format!("`{name}` {told}"));
    Ok(ExitCode::SUCCESS)
}

fn show(engine: &Postgres, nodes: &Membership) -> anyhow::Result<ExitCode> {
    let screen = Screen::out();
    let seen = nodes.look().context("cannot see the nodes")?;
    let mut table = Table::new(&["NODE", "ADDRESS", "VERSION", "ROLE", "LEASE"]);
    for one in &seen {
        table.row(vec![
            one.node.name.clone(),
            one.node.address.clone(),
            one.node.version.clone(),
            role(one),
            lease(one),
        ]);
    }
    let width = widths(std::slice::from_ref(&table));
    for line in table.lines(&width) {
        screen.line(line);
    }
    if seen.is_empty() {
        screen.line("no node has entered this cluster yet");
    }
    let partitions = engine.partitions().context("cannot see the partitions")?;
    screen.line("");
    screen.line(sum(&partitions));
    Ok(ExitCode::SUCCESS)
}

fn role(seen: &Seen) -> String {
    match (seen.is_live(), seen.leads, seen.draining) {
        (false, _, _) => style("gone").red().to_string(),
        (true, true, false) => style("leads").green().to_string(),
        (true, true, true) => style("gives way").yellow().to_string(),
        (true, false, true) => style("drained").yellow().to_string(),
        (true, false, false) => "follows".to_owned(),
    }
}

fn lease(seen: &Seen) -> String {
    let seconds = seen.lease_ms.unsigned_abs().div_ceil(1000);
    if seen.is_live() { format!("{seconds} s left") } else { format!("over for {seconds} s") }
}

/// Partitions, and how far their tables are behind their logs.
fn sum(partitions: &[Claim]) -> String {
    let held = partitions.iter().filter(|partition| !partition.owner.is_empty()).count();
    let behind: u64 = partitions.iter().map(|p| p.tail.saturating_sub(p.applied)).sum();
    let takeovers = partitions.iter().map(|partition| partition.epoch).max().unwrap_or_default();
    format!(
        "{held} of {} partitions are held; {behind} log records are not in the tables yet; \
         epoch {takeovers}",
        partitions.len()
    )
}
