//! The processes that are measured: the built server, and the echo.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tempfile::TempDir;

const READY_MAX: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(2);

/// A process that listens; ends when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
    /// From the start of the process to the first connection.
    pub(crate) ready: Duration,
    folder: TempDir,
}

impl Server {
    /// `rung dev` on an empty folder and a new data directory.
    pub(crate) fn rung(binary: &Path) -> anyhow::Result<Server> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let project = folder.path().join("project");
        std::fs::create_dir(&project).context("cannot make a folder")?;
        let port = free_port()?;
        let mut command = Command::new(binary);
        command.arg("dev").arg(project).args(["--port", &port.to_string(), "--data"]);
        command.arg(folder.path().join("data"));
        start(command, port, folder)
    }

    /// This binary as the baseline.
    pub(crate) fn echo(bytes: usize) -> anyhow::Result<Server> {
        let port = free_port()?;
        let mut command = Command::new(std::env::current_exe().context("no name of its own")?);
        command.args(["echo", "--port", &port.to_string(), "--bytes", &bytes.to_string()]);
        start(command, port, tempfile::tempdir().context("cannot make a folder")?)
    }

    /// Where its data are.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Kilobytes in memory now.
    pub(crate) fn resident_kib(&self) -> anyhow::Result<u64> {
        self.status_kib("VmRSS:")
    }

    /// Most kilobytes that were in memory so far.
    pub(crate) fn peak_kib(&self) -> anyhow::Result<u64> {
        self.status_kib("VmHWM:")
    }

    fn status_kib(&self, name: &str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .context("cannot read the memory of the server (Linux only)")?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next());
        number
            .and_then(|number| number.parse().ok())
            .with_context(|| format!("no {name} in its status"))
    }

    /// Ends it at once and answers where its data are, which live as long as the folder.
    pub(crate) fn kill(mut self) -> anyhow::Result<(PathBuf, Server)> {
        self.child.kill().context("cannot end the server")?;
        self.child.wait().context("cannot end the server")?;
        Ok((self.folder.path().join("data"), self))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already cannot be killed again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(mut command: Command, port: u16, folder: TempDir) -> anyhow::Result<Server> {
    let begin = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().context("cannot start the server")?;
    let mut server = Server { child, port, ready: Duration::ZERO, folder };
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if let Some(status) = server.child.try_wait().context("cannot watch the server")? {
            bail!("the server ended with {status}");
        }
        if begin.elapsed() > READY_MAX {
            bail!("the server is not ready after {READY_MAX:?}");
        }
        std::thread::sleep(POLL);
    }
    server.ready = begin.elapsed();
    Ok(server)
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
