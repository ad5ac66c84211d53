//! Log lines: on standard error, so that they never mix with results.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

/// Starts logging. `RUST_LOG` decides; without it a production server tells what it does, and
/// every other command only what is wrong.
pub(crate) fn begin(format: Format, is_server: bool) {
    // What a client's TLS library logs is in the error that the command prints.
    let usual = if is_server { "info" } else { "warn,rustls_platform_verifier=off" };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        Format::Json => lines.json().init(),
        Format::Text => lines.with_ansi(std::io::stderr().is_terminal()).init(),
    }
}
