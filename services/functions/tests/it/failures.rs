//! Functions that fail, in every way there is, and the words that callers get.

use std::time::{Duration, Instant};

use crate::support::{World, is_running, text};

// SFN-INT-44, SFN-INT-45
#[tokio::test]
async fn exceptions_look_as_recorded() {
    let mut world = World::new().await;
    world.add(
        "raises",
        "python3.12",
        "handler.py",
        "def handler(event, context):\n    raise Exception(\"Some exception was raised.\")\n",
    );
    world.adjust("raises", |function| function.handler = "handler.handler".to_owned());
    let expected = concat!(
        r#"{"errorMessage": "Some exception was raised.", "errorType": "Exception", "#,
        r#""requestId": "R", "stackTrace": ["  File \"/var/task/handler.py\", line 2, in handler\n"#,
        r#"    raise Exception(\"Some exception was raised.\")\n"]}"#
    );
    assert_eq!(world.failure("raises", "{}").await, expected);
    // A process whose handler has raised takes the next event.
    assert_eq!(world.failure("raises", "{}").await, expected);
}

#[tokio::test]
async fn node_errors_have_a_trace() {
    let mut world = World::new().await;
    let source = r#"class PaymentError extends Error {
  get name() { return 'PaymentError'; }
}
export const handler = async () => { throw new PaymentError('declined'); };
"#;
    world.add("throws", "nodejs22.x", "app.mjs", source);
    let failure = world.failure("throws", "{}").await;
    let value: serde_json::Value = serde_json::from_str(&failure).unwrap();
    assert_eq!(value["errorType"], "PaymentError");
    assert_eq!(value["errorMessage"], "declined");
    assert_eq!(value["trace"][0], "PaymentError: declined");
    assert_eq!(value["trace"][1], "    at handler (file:///var/task/app.mjs:4:44)");
    world.add("says", "nodejs22.x", "app.js", "exports.handler = (e, c, done) => done('no');");
    let expected = r#"{"errorType":"string","errorMessage":"no","trace":[]}"#;
    assert_eq!(world.failure("says", "{}").await, expected);
}

#[tokio::test]
async fn code_that_cannot_be_loaded_says_why() {
    let mut world = World::new().await;
    let rows = [
        (
            "absent",
            "import nothing_like_it\n",
            "Runtime.ImportModuleError",
            "Unable to import module 'app': No module named 'nothing_like_it'",
        ),
        (
            "syntax",
            "def handler(:\n",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'app'",
        ),
        (
            "nameless",
            "x = 1\n",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'app'",
        ),
        ("raising", "raise ValueError('at import')\n", "ValueError", "at import"),
        (
            "unprintable",
            "def handler(e, c):\n    return {1, 2}\n",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
    ];
    for (name, source, kind, message) in rows {
        world.python(name, source);
        check(&world, name, kind, message).await;
    }
    let rows = [
        (
            "js-absent",
            "import 'nothing-like-it';\n",
            "Runtime.ImportModuleError",
            "Error: Cannot find package 'nothing-like-it'",
        ),
        (
            "js-syntax",
            "export const handler = (;\n",
            "Runtime.UserCodeSyntaxError",
            "SyntaxError: ",
        ),
        (
            "js-nameless",
            "export const x = 1;\n",
            "Runtime.HandlerNotFound",
            "app.handler is undefined or not exported",
        ),
        ("js-raising", "throw new TypeError('at import');\n", "TypeError", "at import"),
        (
            "js-rejects",
            "export const handler = async () => { Promise.reject(new Error('lost'));\n\
            await new Promise((done) => setTimeout(done, 5000)); };\n",
            "Runtime.UnhandledPromiseRejection",
            "Error: lost",
        ),
        (
            "js-uncaught",
            "export const handler = () => new Promise(() => {\n\
            setTimeout(() => { throw new RangeError('late'); }, 5); });\n",
            "RangeError",
            "late",
        ),
    ];
    for (name, source, kind, message) in rows {
        world.add(name, "nodejs22.x", "app.mjs", source);
        check(&world, name, kind, message).await;
    }
    world.python("malformed", "");
    world.adjust("malformed", |function| function.handler = "handler".to_owned());
    check(&world, "malformed", "Runtime.MalformedHandlerName", "Bad handler 'handler'").await;
}

async fn check(world: &World, name: &str, kind: &str, message: &str) {
    let failure = world.failure(name, "{}").await;
    let value: serde_json::Value = serde_json::from_str(&failure).unwrap();
    assert_eq!(value["errorType"], kind, "{name}: {failure}");
    assert!(value["errorMessage"].as_str().unwrap().starts_with(message), "{name}: {failure}");
}

#[tokio::test]
async fn processes_that_end_are_told_by_how_they_ended() {
    let mut world = World::new().await;
    world.python(
        "ends",
        "import os, signal, sys\n\
         def handler(event, context):\n\
         \x20   if event == 'abort': os.kill(os.getpid(), signal.SIGABRT)\n\
         \x20   if event == 'segv': os.kill(os.getpid(), signal.SIGSEGV)\n\
         \x20   if event == 'loud': print('last words', flush=True)\n\
         \x20   os._exit(0 if event == 'zero' else 3)\n",
    );
    let error = r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: R Error: "#;
    for (payload, reason) in [
        ("1", "Runtime exited with error: exit status 3"),
        ("\"zero\"", "Runtime exited without providing a reason"),
        ("\"abort\"", "Runtime exited with error: signal: aborted"),
        ("\"segv\"", "Runtime exited with error: signal: segmentation fault"),
    ] {
        assert_eq!(world.failure("ends", payload).await, format!("{error}{reason}\"}}"));
    }
    let invoked = world.call("ends", "\"loud\"").await;
    let tail = text(&invoked.log_tail.unwrap());
    assert!(tail.contains("last words\n"), "{tail}");
    assert!(tail.contains("Error: Runtime exited with error: exit status 3\n"), "{tail}");

    world.python("early", "import sys\nsys.exit(1)\n");
    let expected = format!("{error}Runtime exited with error: exit status 1\"}}");
    assert_eq!(world.failure("early", "{}").await, expected);
}

// SFN-RETRY-8: a function's own time limit is a function's error, not States.Timeout.
#[tokio::test]
async fn a_function_that_hangs_is_ended_with_all_it_started() {
    let mut world = World::new().await;
    world.python(
        "hangs",
        "import os, subprocess, time\n\
         def handler(event, context):\n\
         \x20   daemon = subprocess.Popen(['sleep', '1000'], start_new_session=True)\n\
         \x20   root = os.environ['LAMBDA_TASK_ROOT']\n\
         \x20   open(root + '/pids', 'w').write(f'{os.getpid()} {daemon.pid}')\n\
         \x20   time.sleep(1000)\n",
    );
    world.adjust("hangs", |function| function.timeout = 1);
    let begin = Instant::now();
    let expected = concat!(
        r#"{"errorType":"Sandbox.Timedout","#,
        r#""errorMessage":"RequestId: R Error: Task timed out after 1.00 seconds"}"#
    );
    assert_eq!(world.failure("hangs", "{}").await, expected);
    assert!(begin.elapsed() >= Duration::from_secs(1));
    let pids = world.read("hangs", "pids").unwrap();
    for pid in pids.split(' ') {
        crate::support::eventually("the processes are gone", || !is_running(pid)).await;
    }
}

#[tokio::test]
async fn a_function_that_never_gets_ready_is_ended() {
    let mut world = World::with(|settings| settings.init_max = Duration::from_millis(200)).await;
    world.python("slow", "import time\ntime.sleep(1000)\n");
    world.adjust("slow", |function| function.timeout = 1);
    let begin = Instant::now();
    let failure = world.failure("slow", "{}").await;
    assert!(failure.contains("Sandbox.Timedout"), "{failure}");
    assert!(begin.elapsed() >= Duration::from_millis(1200));
    // Slow, but within both limits together.
    world.python("late", "import time\ntime.sleep(0.4)\ndef handler(e, c):\n    return 1\n");
    assert_eq!(world.value("late", "{}").await, 1);
}

#[tokio::test]
async fn memory_has_a_limit() {
    let mut world = World::new().await;
    world.python(
        "greedy",
        "import time\n\
         def handler(event, context):\n\
         \x20   block = bytearray(event << 20)\n\
         \x20   for i in range(0, len(block), 4096): block[i] = 1\n\
         \x20   time.sleep(0.3)\n\
         \x20   return len(block)\n",
    );
    world.adjust("greedy", |function| function.memory = 128);
    let expected = concat!(
        r#"{"errorType":"Runtime.OutOfMemory","#,
        r#""errorMessage":"RequestId: R Error: Runtime exited with error: signal: killed"}"#
    );
    assert_eq!(world.failure("greedy", "400").await, expected);
    assert_eq!(world.value("greedy", "64").await, 64 << 20);
}

#[tokio::test]
async fn answers_have_a_limit() {
    let mut world = World::new().await;
    world.python("py", "def handler(event, context):\n    return 'x' * event\n");
    let js = "export const handler = async (event) => 'x'.repeat(event);\n";
    world.add("js", "nodejs22.x", "app.mjs", js);
    let expected = concat!(
        r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size "#,
        r#"exceeded maximum allowed payload size (6291556 bytes)."}"#
    );
    for name in ["py", "js"] {
        assert_eq!(world.failure(name, &(10 << 20).to_string()).await, expected, "{name}");
        let value = world.value(name, "6291554").await;
        assert_eq!(value.as_str().unwrap().len(), 6_291_554, "{name}");
    }
}

#[tokio::test]
async fn garbage_harms_nobody() {
    let mut world = World::new().await;
    let source = r#"#!/usr/bin/env python3
import os, socket, sys
sys.stdout.buffer.write(bytes(range(256)) * 400)
sys.stdout.flush()
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
for junk in [b"\x00\xff" * 5000, b"POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\r\n\r\n",
             b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n"]:
    s = socket.create_connection((host, int(port)))
    try:
        s.sendall(junk)
        s.shutdown(socket.SHUT_WR)
        s.recv(1000)
    except OSError:
        pass
sys.exit(7)
"#;
    world.add("junk", "provided.al2023", "bootstrap", source);
    let failure = world.failure("junk", "{}").await;
    assert!(failure.contains("exit status 7"), "{failure}");
    world.python("fine", "def handler(event, context):\n    return 1\n");
    assert_eq!(world.value("fine", "{}").await, 1);
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let mut world = World::with(|settings| {
        settings.node = Some("/nowhere/node".into());
    })
    .await;
    world.add("empty", "provided.al2023", "other", "");
    let start = r#"{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: R Error: "#;
    let reason = "fork/exec /var/task/bootstrap: no such file or directory";
    assert_eq!(world.failure("empty", "{}").await, format!("{start}{reason}\"}}"));
    world.add("js", "nodejs22.x", "app.js", "");
    let reason = "no interpreter for nodejs22.x was found: tried `/nowhere/node`";
    assert_eq!(world.failure("js", "{}").await, format!("{start}{reason}\"}}"));
}
