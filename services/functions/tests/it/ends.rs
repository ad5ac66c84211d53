//! When the server ends, however it ends, no process of a function is left.

use std::process::{Command, Stdio};

use crate::support::{World, eventually, is_running};

const SPAWNING: &str = r#"import os, subprocess, time
def handler(event, context):
    daemon = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    root = os.environ["LAMBDA_TASK_ROOT"]
    open(root + "/.pids", "w").write(f"{os.getpid()} {daemon.pid}")
    os.rename(root + "/.pids", root + "/pids")
    time.sleep(1000)
"#;

#[tokio::test]
async fn kill_9_leaves_nothing() {
    let world = World::new().await;
    let dir = world.write("f", "app.py", SPAWNING);
    // Never asks for an event, ignores what can be ignored, and leaves its group.
    let script = "#!/bin/sh\ntrap '' HUP INT TERM PIPE\n\
                  setsid sleep 1001 &\n\
                  echo $$ $! > .sh-pids; mv .sh-pids sh-pids\n\
                  while true; do sleep 1; done\n";
    world.write("f", "bootstrap", script);
    let mut server = Command::new(env!("CARGO_BIN_EXE_functions-host"))
        .arg(&dir)
        .arg(world.home.path().join("other"))
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    eventually("both functions run", || {
        world.read("f", "pids").is_some() && world.read("f", "sh-pids").is_some()
    })
    .await;
    let pids = [world.read("f", "pids").unwrap(), world.read("f", "sh-pids").unwrap()].join(" ");
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert_eq!(pids.len(), 4);
    assert!(pids.iter().all(|pid| is_running(pid)), "{pids:?}");
    server.kill().unwrap();
    server.wait().unwrap();
    eventually("all processes are gone", || !pids.iter().any(|pid| is_running(pid))).await;
}

#[tokio::test]
async fn shutdown_ends_running_and_idle_ones() {
    let mut world = World::new().await;
    world.python("busy", SPAWNING);
    world.python("idle", "import os\ndef handler(e, c):\n    return os.getpid()\n");
    let idle = world.value("idle", "{}").await.to_string();
    let call = world.call("busy", "{}");
    let ending = async {
        eventually("it runs", || world.read("busy", "pids").is_some()).await;
        world.functions.shutdown().await;
    };
    let invocation = crate::support::invocation("busy", "{}");
    drop(call);
    let (result, ()) = tokio::join!(world.invoke(invocation), ending);
    let reason = "the server is stopping".to_owned();
    assert_eq!(result.unwrap_err(), targets::lambda::InvokeError::Transport { reason });
    let pids = world.read("busy", "pids").unwrap();
    for pid in pids.split(' ').chain([idle.as_str()]) {
        assert!(!is_running(pid), "{pid}");
    }
    let again = world.invoke(crate::support::invocation("idle", "{}")).await;
    assert!(again.is_err());
}
