//! The project's own commands: `cargo xtask ci` runs everything, the others are its parts.
//! Knows the tree and the built binary, none of our crates.

#![expect(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

mod bench;
mod ci;
mod conformance;
mod crashes;
mod fuzz;
mod process;
mod report;
mod requirements;
mod server;
mod setup;
mod shared;
mod simulate;
mod tidy;
mod tree;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask COMMAND

  ci                      everything below but bench; what the build machine runs
  tidy                    the rules a compiler does not know (--ratchet rewrites the list)
  setup                   a Python environment with the stock clients, in target/venv
  blackbox [ARGS]         the tests that drive the built binary; ARGS go to pytest
  conformance [--check]   replay the recorded cases; write docs/conformance.md, or compare with it
  requirements [--list] [PARTS]
                          how many requirements of the specification a test cites, and which not
  fuzz [TARGET…] [--seconds N]
                          feed parsers and the interpreter what nobody would write, 60 s a target
  crashes [--rounds N] [--seed S] [--seconds N] [--only FAULT,…]
                          kill and hurt a loaded server, and look for what it lost
  simulate [--seeds N] [--seed S] [--mutant M]
                          services and store on simulated time, disk and database
  bench [jsonata] [--write]
                          ratios against baselines of the same run; --write updates the page";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", [].as_slice()),
    };
    let outcome = match command {
        "ci" => ci::run(),
        "tidy" => tidy::run(rest),
        "setup" => setup::run(),
        "blackbox" => ci::blackbox_alone(rest),
        "conformance" => conformance::run(rest),
        "requirements" => requirements::run(rest),
        "bench" => bench::run(rest),
        "crashes" => crashes::run(rest),
        "fuzz" => fuzz::run(rest),
        "simulate" => simulate::run(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => Err(anyhow::anyhow!("no command `{other}`\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
