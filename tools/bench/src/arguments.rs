//! The command line: `bench all --rung PATH …`, `bench map --rung PATH …` for that alone,
//! `bench jsonata …`, and `bench echo …`, which `all` starts by itself.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::jsonata;

const USAGE: &str = "usage: bench all --rung PATH [--page FILE] [--seconds N] [--clients N] \
                     [--items N]\n       bench map --rung PATH [--items N]\n       \
                     bench jsonata --suite DIR --reference DIR [--page FILE]";
const SECONDS_DEFAULT: u64 = 10;
const CLIENTS_DEFAULT: usize = 64;
const ITEMS_DEFAULT: u64 = 1_000_000;

pub(crate) enum Command {
    /// The baseline: answers every request with so many bytes.
    Echo {
        port: u16,
        bytes: usize,
    },
    All(Options),
    /// A distributed Map alone.
    Map(Options),
    Jsonata(jsonata::Options),
}

pub(crate) struct Options {
    pub(crate) rung: PathBuf,
    /// Where the table goes besides standard output.
    pub(crate) page: Option<PathBuf>,
    /// How long each load lasts.
    pub(crate) duration: Duration,
    pub(crate) clients: usize,
    /// Of the distributed Map.
    pub(crate) items: u64,
}

pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> anyhow::Result<Command> {
    let mut arguments = arguments;
    let command = arguments.next().context(USAGE)?;
    let mut options = Options {
        rung: PathBuf::new(),
        page: None,
        duration: Duration::from_secs(SECONDS_DEFAULT),
        clients: CLIENTS_DEFAULT,
        items: ITEMS_DEFAULT,
    };
    let (mut port, mut bytes) = (0, 0);
    let (mut suite, mut reference) = (PathBuf::new(), PathBuf::new());
    while let Some(name) = arguments.next() {
        let value = arguments.next().with_context(|| format!("`{name}` needs a value"))?;
        match name.as_str() {
            "--rung" => options.rung = value.into(),
            "--page" => options.page = Some(value.into()),
            "--seconds" => options.duration = Duration::from_secs(value.parse().context(name)?),
            "--clients" => options.clients = value.parse().context(name)?,
            "--items" => options.items = value.parse().context(name)?,
            "--suite" => suite = value.into(),
            "--reference" => reference = value.into(),
            "--port" => port = value.parse().context(name)?,
            "--bytes" => bytes = value.parse().context(name)?,
            _ => bail!("no option `{name}`\n{USAGE}"),
        }
    }
    match command.as_str() {
        "echo" => Ok(Command::Echo { port, bytes }),
        "all" if options.rung.is_file() => Ok(Command::All(options)),
        "map" if options.rung.is_file() => Ok(Command::Map(options)),
        "all" | "map" => bail!("no binary at `{}`\n{USAGE}", options.rung.display()),
        "jsonata" if suite.is_dir() && reference.is_dir() => {
            Ok(Command::Jsonata(jsonata::Options { suite, reference, page: options.page }))
        }
        "jsonata" => bail!("no suite or no reference\n{USAGE}"),
        _ => bail!("no command `{command}`\n{USAGE}"),
    }
}
