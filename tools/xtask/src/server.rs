//! A `rung dev` of our own: an empty folder, a new data directory, a free port.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

const READY_MAX: Duration = Duration::from_secs(20);

/// A running server; ends when dropped.
pub(crate) struct Server {
    child: Child,
    folder: PathBuf,
    pub(crate) port: u16,
}

impl Server {
    /// Starts one and waits until it accepts connections.
    pub(crate) fn start(
        binary: &std::path::Path,
        path: &std::ffi::OsStr,
    ) -> anyhow::Result<Server> {
        let port = free_port()?;
        let name = format!("rung-xtask-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let project = folder.join("project");
        std::fs::create_dir_all(&project).context("failed to make the server's folder")?;
        let log = std::fs::File::create(folder.join("log")).context("failed to make its log")?;
        let child = Command::new(binary)
            .arg("dev")
            .arg(&project)
            .args(["--port", &port.to_string(), "--data"])
            .arg(folder.join("data"))
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", binary.display()))?;
        let mut server = Server { child, folder, port };
        server.wait_until_ready()?;
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while begin.elapsed() < READY_MAX {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}:\n{}", self.log());
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("the server was not ready after {READY_MAX:?}:\n{}", self.log());
    }

    /// What it printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that has ended already cannot be killed again, and that is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to find a free port")?;
    Ok(listener.local_addr()?.port())
}
