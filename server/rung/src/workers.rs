//! Processes that `dev` starts beside the server: activity workers. Python ones get an
//! environment with their requirements, made on first use.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

use crate::config::Worker;
use crate::ui::screen::Screen;
use crate::ui::text;

/// A worker that ends is started again after this, doubled each time it ends at once.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(10);
/// A worker that ran this long did not end at once.
const STEADY: Duration = Duration::from_secs(10);
const INSTALL_MAX: Duration = Duration::from_secs(300);
/// Says which requirements an environment has.
const MARK: &str = "requirements.txt";

/// What a worker needs to run.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) worker: Worker,
    /// The folder that its command is relative to.
    pub(crate) root: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
    /// For its environment and its log.
    pub(crate) data: PathBuf,
}

impl Plan {
    pub(crate) fn log(&self) -> PathBuf {
        self.data.join("logs").join(format!("worker-{}.log", self.name))
    }

    fn venv(&self) -> PathBuf {
        self.data.join("workers").join(&self.name).join("venv")
    }
}

/// A running worker; dropping it ends the process.
pub(crate) struct Running {
    restart: watch::Sender<u64>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Starts it anew, with its changed code.
    pub(crate) fn restart(&self) {
        self.restart.send_modify(|count| *count += 1);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Prepares and starts a worker.
pub(crate) async fn start(plan: Plan, screen: &Screen) -> anyhow::Result<Running> {
    let python = prepare(&plan, screen).await?;
    let (restart, restarted) = watch::channel(0);
    let screen = screen.clone();
    let task = tokio::spawn(async move { keep_running(plan, python, restarted, screen).await });
    Ok(Running { restart, task })
}

/// The interpreter that has the worker's requirements, or `None` when it has none.
async fn prepare(plan: &Plan, screen: &Screen) -> anyhow::Result<Option<PathBuf>> {
    let requirements = &plan.worker.python_requirements;
    if requirements.is_empty() {
        return Ok(None);
    }
    if has_installed(requirements).await {
        return Ok(Some(PathBuf::from("python3")));
    }
    let venv = plan.venv();
    let python = venv.join("bin/python");
    let wanted = requirements.join("\n");
    let is_ready = std::fs::read_to_string(venv.join(MARK)).is_ok_and(|had| had == wanted);
    if is_ready && python.exists() {
        return Ok(Some(python));
    }
    let spinner = screen.spinner();
    let list = requirements.join(", ");
    spinner.say(format!("worker {}: installing {list} for Python", plan.name));
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&venv);
    finish(make).await.context(
        "failed to make a Python environment (Debian and Ubuntu: `apt-get install python3-venv`)",
    )?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--"]);
    install.args(requirements);
    finish(install).await.with_context(|| format!("failed to install {list}"))?;
    std::fs::write(venv.join(MARK), wanted).context("failed to note what is installed")?;
    drop(spinner);
    screen.line(format!("  {} installed {list} for worker {}", text::good(), plan.name));
    Ok(Some(python))
}

/// Whether the machine's own Python has them; a requirement with a version is always installed.
async fn has_installed(requirements: &[String]) -> bool {
    let is_plain = |name: &String| {
        name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter))
    };
    if !requirements.iter().all(is_plain) {
        return false;
    }
    let mut ask = Command::new("python3");
    ask.arg("-c").arg(
        "import sys; from importlib.metadata import version; [version(n) for n in sys.argv[1:]]",
    );
    ask.args(requirements).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    ask.status().await.is_ok_and(|status| status.success())
}

/// Runs a command to its end; what it said is the error when it fails.
async fn finish(mut command: Command) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(INSTALL_MAX, command.output())
        .await
        .context("it took too long")?
        .context("it could not be started")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said =
            if said.trim().is_empty() { String::from_utf8_lossy(&output.stdout) } else { said };
        bail!("{}", said.trim());
    }
    Ok(())
}

async fn keep_running(
    plan: Plan,
    python: Option<PathBuf>,
    mut restarted: watch::Receiver<u64>,
    screen: Screen,
) {
    let mut pause = PAUSE_MIN;
    loop {
        restarted.mark_unchanged();
        let begin = tokio::time::Instant::now();
        let ended = match spawn(&plan, python.as_deref()) {
            Ok((mut child, lifeline)) => tokio::select! {
                status = child.wait() => match status {
                    Ok(status) => format!("ended ({status})"),
                    Err(error) => format!("is lost: {error}"),
                },
                changed = restarted.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    drop(lifeline);
                    let _ = child.wait().await;
                    screen.line(format!("  {} worker {} started anew", text::good(), plan.name));
                    continue;
                }
            },
            Err(error) => format!("cannot be started: {error:#}"),
        };
        if begin.elapsed() > STEADY {
            pause = PAUSE_MIN;
        }
        screen.line(format!(
            "  {} worker {} {ended}; its log: {}",
            text::warning(),
            plan.name,
            plan.log().display()
        ));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            changed = restarted.changed() => if changed.is_err() { return },
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Starts the process under a supervisor of ours, which ends it when its standard input closes:
/// with the second value here, or with this server, however it ends.
fn spawn(plan: &Plan, python: Option<&Path>) -> anyhow::Result<(Child, ChildStdin)> {
    let log_path = plan.log();
    if let Some(folder) = log_path.parent() {
        std::fs::create_dir_all(folder).context("failed to make the folder for logs")?;
    }
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&log_path)
        .context("failed to open its log")?;
    let supervisor = std::env::current_exe().context("failed to find this program")?;
    let mut command = Command::new(supervisor);
    command
        .arg("__supervise")
        .args(command_line(&plan.worker.command, python))
        .current_dir(&plan.root)
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_SESSION_TOKEN")
        .envs(&plan.environment)
        .env("PYTHONUNBUFFERED", "1")
        .stdin(Stdio::piped())
        .stdout(log.try_clone().context("failed to open its log")?)
        .stderr(log)
        .kill_on_drop(false)
        .process_group(0);
    let mut child = command.spawn().context("failed to start it")?;
    // Waiting for a child closes its standard input unless it is taken out.
    let lifeline = child.stdin.take().context("failed to hold its standard input")?;
    Ok((child, lifeline))
}

/// The command, with the interpreter that has the requirements in place of `python3`.
fn command_line(command: &[String], python: Option<&Path>) -> Vec<OsString> {
    let mut line: Vec<OsString> = command.iter().map(OsString::from).collect();
    if let (Some(python), Some(first)) = (python, line.first_mut())
        && (first == "python3" || first == "python")
    {
        *first = python.as_os_str().to_owned();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_python_is_replaced() {
        let venv = Path::new("/v/bin/python");
        for (command, expected) in [
            (["python3", "w.py"], ["/v/bin/python", "w.py"]),
            (["./run", "w.py"], ["./run", "w.py"]),
        ] {
            let line = command_line(&command.map(str::to_owned), Some(venv));
            assert_eq!(line, expected);
        }
    }

    #[tokio::test]
    async fn what_a_failed_command_said_is_the_error() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo told >&2; exit 3"]);
        let error = finish(command).await.expect_err("it fails");
        assert_eq!(error.to_string(), "told");
    }
}
