//! `rung doctor`: what usually goes wrong on a machine, and how to mend it.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::config::PORT_DEFAULT;
use crate::folder::{self, Code};
use crate::site::DATA_FOLDER;
use crate::ui::screen::Screen;
use crate::ui::text;

const PROBE_MAX: Duration = Duration::from_secs(5);
/// Python's and Node's first versions that the bootstraps run on.
const PYTHON_MIN: (u32, u32) = (3, 8);
const NODE_MIN: (u32, u32) = (18, 0);
/// Below this the store begins to refuse work soon.
const FREE_BYTES_MIN: u64 = 1 << 30;
/// 2025-01-01: an earlier clock was never set.
const CLOCK_SECONDS_MIN: u64 = 1_735_689_600;
/// Signatures are refused beyond five minutes.
const SKEW_SECONDS_MAX: u64 = 240;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder that `rung dev` is to run.
    #[arg(default_value = ".")]
    folder: PathBuf,
    #[arg(long, env = "RUNG_PORT")]
    port: Option<u16>,
    /// The data directory [default: .rung in the folder].
    #[arg(long, env = "RUNG_DATA")]
    data: Option<PathBuf>,
}

/// One thing that was looked at.
struct Check {
    state: State,
    says: String,
    remedy: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Good,
    /// Only some uses suffer.
    Warning,
    Broken,
}

impl Check {
    fn good(says: impl Into<String>) -> Check {
        Check { state: State::Good, says: says.into(), remedy: None }
    }

    fn warning(says: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { state: State::Warning, says: says.into(), remedy: Some(remedy.into()) }
    }

    fn broken(says: impl Into<String>, remedy: impl Into<String>) -> Check {
        Check { state: State::Broken, says: says.into(), remedy: Some(remedy.into()) }
    }
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let screen = Screen::out();
    let (folder, project) = folder_check(&arguments.folder);
    let config = project.as_ref().map(|project| project.config.clone()).unwrap_or_default();
    let port = arguments.port.or(config.port).unwrap_or(PORT_DEFAULT);
    let data = arguments.data.clone().unwrap_or_else(|| {
        arguments.folder.join(config.data.as_deref().unwrap_or(Path::new(DATA_FOLDER)))
    });
    let needs = |language: &str| {
        project.iter().flat_map(|project| &project.functions).any(|function| match &function.code {
            Code::Folder { runtime, .. } => runtime.starts_with(language),
            Code::Url(_) => false,
        })
    };
    let needs_python = needs("python") || !config.workers.is_empty();
    let (listening, date) = port_check(port).await;
    let mut checks = vec![folder, listening, name_check(port).await];
    checks.extend(data_checks(&data));
    checks.push(interpreter("python3", PYTHON_MIN, needs_python, "python.org").await);
    checks.push(interpreter("node", NODE_MIN, needs("nodejs"), "nodejs.org").await);
    checks.push(clock_check(date));
    let broken = checks.iter().filter(|check| check.state == State::Broken).count();
    for check in checks {
        show(&screen, &check);
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(screen: &Screen, check: &Check) {
    let mark = match check.state {
        State::Good => text::good(),
        State::Warning => text::warning(),
        State::Broken => text::bad(),
    };
    screen.line(format!("{mark} {}", check.says));
    if let Some(remedy) = &check.remedy {
        screen.line(format!("    {remedy}"));
    }
}

fn folder_check(folder: &Path) -> (Check, Option<folder::Project>) {
    match folder::read(folder) {
        Ok(project) => {
            let says = format!(
                "folder {}: machines: {}, functions: {}",
                folder.display(),
                project.machines.len(),
                project.functions.len()
            );
            (Check::good(says), Some(project))
        }
        Err(trouble) => {
            let remedy = trouble.next().unwrap_or("mend it, then ask again").to_owned();
            (Check::broken(trouble.to_string(), remedy), None)
        }
    }
}

/// Whether the port can be had, and the time of the server that has it.
async fn port_check(port: u16) -> (Check, Option<SystemTime>) {
    if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
        return (Check::good(format!("port {port} is free")), None);
    }
    match crate::client::health(port).await {
        Some(date) => (Check::good(format!("port {port}: a rung server answers")), date),
        None => {
            let says = format!("port {port} is taken by another program");
            let remedy = format!(
                "end it (`lsof -i :{port}` names it), or give `rung dev --port` another one"
            );
            (Check::broken(says, remedy), None)
        }
    }
}

/// SFN-WIRE-20: SDKs put `sync-` before the host for StartSyncExecution and TestState.
async fn name_check(port: u16) -> Check {
    let found = tokio::time::timeout(PROBE_MAX, tokio::net::lookup_host(("sync-localhost", port)));
    let is_loopback = match found.await {
        Ok(Ok(mut addresses)) => addresses.any(|address| is_loopback(address.ip())),
        _ => false,
    };
    if is_loopback {
        return Check::good("sync-localhost is this machine");
    }
    Check::warning(
        "sync-localhost is not this machine: SDKs cannot call StartSyncExecution and TestState",
        "add the line `127.0.0.1 sync-localhost` to /etc/hosts, or set \
         AWS_DISABLE_HOST_PREFIX_INJECTION=true",
    )
}

fn is_loopback(address: IpAddr) -> bool {
    address.is_loopback()
}

fn data_checks(data: &Path) -> Vec<Check> {
    let shown = data.display();
    let existing = data.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let probe = existing.join(format!(".rung-doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"1");
    let _ = std::fs::remove_file(&probe);
    if let Err(error) = written {
        return vec![Check::broken(
            format!("data directory {shown}: cannot write to {}: {error}", existing.display()),
            "give it to this user (chown), or choose another one with --data",
        )];
    }
    let mut checks = vec![match crate::assemble::inspect_data(data) {
        Ok(()) => Check::good(format!("data directory {shown} can be written")),
        Err(trouble) => Check::broken(
            trouble.to_string(),
            trouble.next().unwrap_or("choose another one with --data").to_owned(),
        ),
    }];
    if let Some(free) = free_bytes(existing) {
        let gigabytes = free as f64 / (1u64 << 30) as f64;
        let says = format!("{gigabytes:.1} GiB are free there");
        checks.push(if free < FREE_BYTES_MIN {
            Check::warning(says, "make room: executions are refused when the disk is full")
        } else {
            Check::good(says)
        });
    }
    checks
}

fn free_bytes(folder: &Path) -> Option<u64> {
    let about = rustix::fs::statvfs(folder).ok()?;
    Some(about.f_bavail.saturating_mul(about.f_frsize))
}

async fn interpreter(program: &str, least: (u32, u32), is_needed: bool, site: &str) -> Check {
    let missing = |says: String| {
        let remedy = format!("install it from {site} or with the system's package manager");
        if is_needed { Check::broken(says, remedy) } else { Check::warning(says, remedy) }
    };
    let mut ask = tokio::process::Command::new(program);
    ask.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
    let answer = match tokio::time::timeout(PROBE_MAX, ask.output()).await {
        Ok(Ok(output)) if output.status.success() => output,
        _ => return missing(format!("{program} cannot be run: its functions will fail")),
    };
    let said = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    match version(&said) {
        Some(found) if found >= least => Check::good(format!("{program}: {said}")),
        _ => missing(format!("{program} is too old: {said}; {}.{} is needed", least.0, least.1)),
    }
}

/// Major and minor of `Python 3.11.7` or `v20.20.2`.
fn version(text: &str) -> Option<(u32, u32)> {
    let from = text.find(|letter: char| letter.is_ascii_digit())?;
    let mut parts = text.get(from..)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn clock_check(server: Option<SystemTime>) -> Check {
    let now = SystemTime::now();
    let seconds =
        |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if seconds(now) < CLOCK_SECONDS_MIN {
        return Check::broken("the clock was never set", "set it, or start a time service (NTP)");
    }
    let skew = server.map_or(0, |server| seconds(server).abs_diff(seconds(now)));
    if skew > SKEW_SECONDS_MAX {
        return Check::broken(
            format!("the clock is {skew} seconds off the server's: signatures will be refused"),
            "start a time service (NTP) on both",
        );
    }
    Check::good("the clock is set")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        for (text, expected) in
            [("Python 3.11.7", Some((3, 11))), ("v20.20.2", Some((20, 20))), ("none", None)]
        {
            assert_eq!(version(text), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn a_missing_interpreter_matters_only_when_needed() {
        for (is_needed, expected) in [(true, State::Broken), (false, State::Warning)] {
            let check = interpreter("rung-no-such-program", (1, 0), is_needed, "x").await;
            assert!(check.state == expected && check.remedy.is_some());
        }
    }

    #[tokio::test]
    async fn a_port_of_another_program_is_broken() {
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bound");
        let port = other.local_addr().expect("bound").port();
        // It accepts and never answers, as a program of another protocol would.
        let (check, _) = port_check(port).await;
        assert!(check.state == State::Broken && check.says.contains(&port.to_string()));
    }

    #[test]
    fn a_clock_off_the_servers_is_broken() {
        let early = SystemTime::now() - Duration::from_secs(1_000);
        assert!(clock_check(Some(early)).state == State::Broken);
        assert!(clock_check(None).state == State::Good);
    }

    #[test]
    fn unwritable_data_is_broken() {
        // A file where a folder should be refuses everybody, root too.
        let file = tempfile::NamedTempFile::new().expect("a file");
        let data = Path::new("/proc/rung-cannot-be-here/data");
        assert!(data_checks(data)[0].state == State::Broken);
        assert!(free_bytes(file.path().parent().expect("a folder")).is_some());
    }
}
