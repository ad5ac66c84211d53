//! A PostgreSQL of the tests' own, in a directory that goes with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(super) struct Server {
    directory: tempfile::TempDir,
    port: u16,
}

impl Server {
    /// Starts it; panics, saying what to install, when there is none.
    pub(super) fn start() -> Server {
        let directory = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Server { directory, port };
        if rustix::process::geteuid().is_root() {
            // It refuses to run as root.
            let owner = run(Command::new("id").args(["-u", "postgres"]));
            let chown = ["-R", owner.trim()];
            run(Command::new("chown").args(chown).arg(server.directory.path()));
        }
        let data = server.data();
        let init = ["--auth=trust", "--username=postgres", "--no-sync", "-D"];
        run(server.tool("initdb").args(init).arg(&data));
        let mut settings =
            std::fs::OpenOptions::new().append(true).open(data.join("postgresql.conf")).unwrap();
        writeln!(
            settings,
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''"
        )
        .unwrap();
        server.control(&["start"]);
        server
    }

    pub(super) fn url(&self, schema: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?schema={schema}", self.port)
    }

    pub(super) fn restart(&self, how: &str) {
        self.control(&["restart", "-m", how]);
    }

    pub(super) fn run(&self, sql: &str) {
        let told = run(self.psql().args(["-v", "ON_ERROR_STOP=1", "-c", sql]));
        assert!(!told.contains("ERROR"), "{told}");
    }

    /// A session that stays open.
    pub(super) fn session(&self) -> Psql {
        let piped = || Stdio::piped();
        let mut child = self.psql().stdin(piped()).stdout(piped()).spawn().unwrap();
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        Psql { child, input, output }
    }

    fn psql(&self) -> Command {
        let mut psql = self.tool("psql");
        psql.args(["-q", "-h", "127.0.0.1", "-U", "postgres", "-p"]).arg(self.port.to_string());
        psql
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn control(&self, arguments: &[&str]) {
        let mut control = self.tool("pg_ctl");
        control.args(["-w", "-D"]).arg(self.data());
        control.arg("-l").arg(self.directory.path().join("log")).args(arguments);
        run(control.stdin(Stdio::null()));
    }

    fn tool(&self, name: &str) -> Command {
        let mut command = Command::new(find(name));
        command.current_dir(self.directory.path());
        if rustix::process::geteuid().is_root() {
            let id = |flag| run(Command::new("id").args([flag, "postgres"]));
            command.uid(id("-u").trim().parse().unwrap());
            command.gid(id("-g").trim().parse().unwrap());
        }
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.control(&["stop", "-m", "immediate"]);
    }
}

/// Where Debian keeps it, newest first; else wherever the path leads.
fn find(name: &str) -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    versions.sort();
    let found = versions.iter().rev().map(|version| version.join("bin").join(name));
    found.into_iter().find(|path| path.exists()).unwrap_or_else(|| Path::new(name).to_owned())
}

fn run(command: &mut Command) -> String {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| {
        panic!("{shown}: {error}; the package `postgresql` has it (`cargo xtask setup`)")
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{shown}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

pub(super) struct Psql {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Psql {
    /// Says something, and waits until it was done.
    pub(super) fn run(&mut self, sql: &str) {
        let mut input = self.input.as_ref().unwrap();
        writeln!(input, "{sql};\n\\echo done").unwrap();
        let mut line = String::new();
        while line.trim() != "done" {
            line.clear();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the session ended");
        }
    }
}

impl Drop for Psql {
    fn drop(&mut self) {
        self.input = None;
        self.child.wait().ok();
    }
}
