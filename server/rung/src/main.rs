//! `rung`: one binary for the server and for its clients. Arguments come in here and become a
//! command; what can go wrong before one begins leaves with exit code 2 and a remedy.

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

use crate::trouble::{CANNOT_BEGIN, Trouble};

mod api;
mod assemble;
mod check;
mod client;
mod cluster;
mod commands;
mod config;
mod definition;
mod demo;
mod deploy;
mod folder;
mod follow;
mod keys;
mod limits;
mod logging;
mod names;
mod site;
mod stop;
mod trouble;
mod ui;
mod watch;
mod workers;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The hidden command under which functions and workers run.
const SUPERVISE: &str = "__supervise";

/// AWS Step Functions in one binary.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
struct Line {
    #[command(subcommand)]
    command: Command,
    /// How log lines are written; RUST_LOG says which.
    #[arg(long, global = true, value_enum, default_value_t)]
    log: logging::Format,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring a folder up and follow its changes; listens on this machine only
    Dev(commands::dev::Arguments),
    /// Run the production server: signatures are verified, unknown keys refused
    Serve(commands::serve::Arguments),
    /// Start an execution on a running server and follow it to its end
    Run(commands::run::Arguments),
    /// Check definitions and templates and show what is wrong with them
    Check(commands::check::Arguments),
    /// Run workflow tests, with mocked tasks and in virtual time
    Test(commands::test::Arguments),
    /// Check what usually goes wrong on a machine, and say how to mend it
    Doctor(commands::doctor::Arguments),
    /// Show the events of a log group, and follow it
    Logs(commands::logs::Arguments),
    /// Show the nodes on one database, and let one give way
    Cluster(commands::cluster::Arguments),
    /// Check what is stored, or move it to another place
    Store(commands::store::Arguments),
    /// Make access keys for `rung serve`
    Key(commands::key::Arguments),
}

fn main() -> ExitCode {
    let began = Instant::now();
    let mut arguments = std::env::args_os().skip(1).peekable();
    if arguments.peek().is_some_and(|first| first == SUPERVISE) {
        return functions::supervise::supervise_main(arguments.skip(1));
    }
    let line = Line::parse();
    logging::begin(line.log, matches!(line.command, Command::Serve(_)));
    match run(&line.command, began) {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

fn run(command: &Command, began: Instant) -> anyhow::Result<ExitCode> {
    match command {
        Command::Check(arguments) => return Ok(commands::check::run(arguments)),
        Command::Test(arguments) => return commands::test::run(arguments),
        Command::Store(arguments) => return commands::store::run(arguments),
        Command::Key(arguments) => return commands::key::run(arguments),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        match command {
            Command::Dev(arguments) => commands::dev::run(arguments, began).await,
            Command::Serve(arguments) => commands::serve::run(arguments, began).await,
            Command::Run(arguments) => commands::run::run(arguments).await,
            Command::Logs(arguments) => commands::logs::run(arguments).await,
            Command::Cluster(arguments) => commands::cluster::run(arguments).await,
            Command::Doctor(arguments) => commands::doctor::run(arguments).await,
            Command::Check(_) | Command::Test(_) | Command::Key(_) | Command::Store(_) => {
                Ok(ExitCode::SUCCESS)
            }
        }
    });
    // What still runs was asked to end already; a blocked thread must not hold the process.
    runtime.shutdown_background();
    outcome
}

/// One clear message, and what to do next.
fn report(error: &anyhow::Error) -> ExitCode {
    let screen = ui::screen::Screen::err();
    screen.line(format!("{} {error:#}", console::style("error:").red().bold()));
    match error.downcast_ref::<Trouble>() {
        Some(trouble) => {
            if let Some(next) = trouble.next() {
                screen.line(format!(" {} {next}", console::style("next:").bold()));
            }
            ExitCode::from(CANNOT_BEGIN)
        }
        None => ExitCode::FAILURE,
    }
}
