//! The small process between the server and a function: it starts the function, waits for it, and
//! ends everything the function has started when either the function or the server is gone. The
//! server's end of its standard input closes however the server dies, `kill -9` included.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use rustix::process::{Pid, Signal};

/// Rounds of looking for descendants: each ends one more generation of a tree that still forks.
const SWEEP_ROUNDS_MAX: usize = 64;

/// Runs `arguments` (a program and what it is given) until it, or the server, ends. What the
/// binary does for the hidden command `__supervise`.
pub fn supervise_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    match supervise(arguments) {
        Ok(status) => mirror(status),
        Err(error) => {
            let _ = writeln!(io::stderr(), "failed to start the function: {error}");
            ExitCode::from(127)
        }
    }
}

fn supervise(mut arguments: impl Iterator<Item = OsString>) -> io::Result<ExitStatus> {
    let program = arguments
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no program was named"))?;
    adopt_orphans();
    let mut child = Command::new(program).args(arguments).stdin(Stdio::null()).spawn()?;
    std::thread::Builder::new().name("server-watch".to_owned()).spawn(end_with_server)?;
    let status = child.wait()?;
    sweep();
    Ok(status)
}

/// Waits for the server's end of the pipe to close, then ends the whole group, this process
/// included.
fn end_with_server() {
    let mut byte = [0_u8; 1];
    let mut input = io::stdin().lock();
    loop {
        match input.read(&mut byte) {
            Ok(1) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
    sweep();
    let _ = rustix::process::kill_current_process_group(Signal::KILL);
    std::process::exit(137);
}

/// Descendants that lose their parent, daemons too, become children of this process, where
/// [`sweep`] finds them. Also: a crash leaves no core file.
fn adopt_orphans() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let none = rustix::process::Rlimit { current: Some(0), maximum: Some(0) };
    let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
}

fn sweep() {
    for _ in 0..SWEEP_ROUNDS_MAX {
        let alive: Vec<u32> = crate::processes::descendants(std::process::id())
            .into_iter()
            .filter(|pid| !crate::processes::is_ended(*pid))
            .collect();
        if alive.is_empty() {
            return;
        }
        for pid in alive {
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                let _ = rustix::process::kill_process(pid, Signal::KILL);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Ends as the function ended, by the same exit code or the same signal.
fn mirror(status: ExitStatus) -> ExitCode {
    if let Some(code) = status.code() {
        return ExitCode::from(u8::try_from(code).unwrap_or(255));
    }
    let number = status.signal().unwrap_or(9);
    if let Some(signal) = Signal::from_named_raw(number) {
        // The first one may be spent on a handler of the language runtime, which then uninstalls
        // itself.
        for _ in 0..2 {
            let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
        }
    }
    ExitCode::from(u8::try_from(128 + number).unwrap_or(255))
}
