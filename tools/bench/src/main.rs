//! Measures the built server against baselines of the same run, so that the figures are ratios
//! and survive a change of machine. Start at [`measure`].

#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

mod appends;
mod arguments;
mod client;
mod echo;
mod jsonata;
mod map;
mod measure;
mod page;
mod server;

use std::process::ExitCode;

use arguments::Command;

/// The server's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let outcome = arguments::parse(std::env::args().skip(1)).and_then(|command| match command {
        Command::Echo { port, bytes } => echo::run(port, bytes),
        Command::Jsonata(options) => jsonata::run(&options),
        Command::All(options) => measure::all(&options),
        Command::Map(options) => map::alone(&options),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
