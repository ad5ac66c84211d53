//! What handlers get, and what becomes of what they return, in each language.

use expect_test::expect;
use serde_json::json;

use crate::support::{World, invocation, text};

// SFN-INT-41: any JSON value comes back as it was returned.
#[tokio::test]
async fn values_go_in_and_out() {
    let mut world = World::new().await;
    world.python("py", "def handler(event, context):\n    return event\n");
    world.add("esm", "nodejs22.x", "app.mjs", "export const handler = async (event) => event;\n");
    world.add("cjs", "nodejs22.x", "app.js", "exports.handler = (e, c, done) => done(null, e);\n");
    world.add("sync", "nodejs22.x", "app.js", "exports.handler = (event) => event;\n");
    for function in ["py", "esm", "cjs", "sync"] {
        for payload in [r#"{"a": [1, 2.5, null, true]}"#, "[]", "\"é\\n\"", "12", "null", "false"]
        {
            let expected: serde_json::Value = serde_json::from_str(payload).unwrap();
            assert_eq!(world.value(function, payload).await, expected, "{function} {payload}");
        }
        // SFN-INT-42: no payload is an empty object.
        assert_eq!(world.value(function, "").await, json!({}), "{function}");
    }
}

// The managed runtimes print a result with these spaces; recordings depend on it.
#[tokio::test]
async fn python_prints_as_the_managed_runtime_does() {
    let mut world = World::new().await;
    world.python(
        "f",
        "from decimal import Decimal\n\
         def handler(event, context):\n\
         \x20   if event == 1: return b'\"HelloWorld!\"'\n\
         \x20   return {'a': [1, 'é'], 'd': Decimal('1.5')}\n",
    );
    let invoked = world.call("f", "0").await;
    assert_eq!(text(&invoked.payload), r#"{"a": [1, "é"], "d": 1.5}"#);
    let invoked = world.call("f", "1").await;
    assert_eq!(text(&invoked.payload), "\"HelloWorld!\"");
    world.adjust("f", |function| function.runtime = "python3.11".to_owned());
    let invoked = world.call("f", "0").await;
    assert_eq!(text(&invoked.payload), r#"{"a": [1, "\u00e9"], "d": 1.5}"#);
}

#[tokio::test]
async fn node_handlers_in_every_style() {
    let mut world = World::new().await;
    let cases = [
        ("callback", "exports.handler = (e, c, done) => setTimeout(() => done(null, 1), 5);", "1"),
        ("succeed", "exports.handler = (e, c) => { c.succeed(2); };", "2"),
        ("nothing", "exports.handler = () => {};", "null"),
        ("undefined", "exports.handler = async () => undefined;", "null"),
        ("never", "exports.handler = () => new Promise(() => {});", "null"),
        (
            "eager",
            "exports.handler = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false;\n\
             setTimeout(() => {}, 600000); done(null, 3); };",
            "3",
        ),
        ("nested", "exports.handler = { inner: async () => 4 };", "4"),
    ];
    for (name, source, expected) in cases {
        world.add(name, "nodejs20.x", "app.js", source);
        if name == "nested" {
            world.adjust(name, |function| function.handler = "app.handler.inner".to_owned());
        }
        // Twice, so that the first call is seen to leave the process usable.
        for _ in 0..2 {
            let invoked = world.call(name, "{}").await;
            assert_eq!(text(&invoked.payload), expected, "{name}");
        }
    }
}

#[tokio::test]
async fn executables_are_provided_runtimes() {
    let mut world = World::new().await;
    let source = r#"#!/bin/sh
base="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  event=$(curl -sS -D "$LAMBDA_TASK_ROOT/headers" "$base/next") || exit 1
  id=$(grep -i '^lambda-runtime-aws-request-id:' "$LAMBDA_TASK_ROOT/headers" | tr -d '\r' | cut -d' ' -f2)
  echo "hello from sh"
  curl -sS "$base/$id/response" -d "{\"got\": $event}" > /dev/null
done
"#;
    world.add("sh", "provided.al2023", "bootstrap", source);
    assert_eq!(world.value("sh", "[1]").await, json!({"got": [1]}));
    let invoked = world.call("sh", "[2]").await;
    assert!(text(&invoked.log_tail.unwrap()).contains("hello from sh\n"));
}

#[tokio::test]
async fn contexts_tell_what_lambda_tells() {
    let mut world = World::new().await;
    world.python(
        "py",
        "def handler(event, c):\n\
         \x20   left = c.get_remaining_time_in_millis()\n\
         \x20   return [c.function_name, c.function_version, c.memory_limit_in_mb,\n\
         \x20       c.invoked_function_arn, c.log_group_name, 8000 < left <= 10000,\n\
         \x20       c.aws_request_id, c.client_context.custom, c.idempotency_key]\n",
    );
    world.add(
        "js",
        "nodejs22.x",
        "app.mjs",
        "export const handler = async (event, c) => {\n\
         \x20 const left = c.getRemainingTimeInMillis();\n\
         \x20 return [c.functionName, c.functionVersion, c.memoryLimitInMB,\n\
         \x20   c.invokedFunctionArn, c.logGroupName, 8000 < left && left <= 10000,\n\
         \x20   c.awsRequestId, c.clientContext.custom, c.idempotencyKey];\n\
         };\n",
    );
    for name in ["py", "js"] {
        let mut call =
            invocation(&format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}"), "{}");
        call.client_context = Some(r#"{"custom": {"a": "b"}}"#.to_owned());
        call.idempotency_key = Some("key-1".to_owned());
        let invoked = world.invoke(call).await.unwrap();
        let value: serde_json::Value = serde_json::from_slice(&invoked.payload).unwrap();
        let arn = format!("arn:aws:lambda:eu-west-1:123456789012:function:{name}");
        let group = format!("/aws/lambda/{name}");
        let expected = json!([
            name, "$LATEST", "512", arn, group, true, invoked.request_id, {"a": "b"}, "key-1"
        ]);
        assert_eq!(value, expected);
    }
}

#[tokio::test]
async fn nothing_of_the_servers_environment_leaks() {
    let mut world = World::with(|settings| {
        settings.endpoint_url = Some("http://127.0.0.1:4566".to_owned());
    })
    .await;
    world.python(
        "env",
        "import os\nENV = dict(os.environ)\ndef handler(event, context):\n    return ENV\n",
    );
    world.adjust("env", |function| {
        function.environment.insert("COLOUR".to_owned(), "red".to_owned());
    });
    let value = world.value("env", "{}").await;
    let mut lines = String::new();
    for (name, value) in value.as_object().unwrap() {
        let shown = match name.as_str() {
            "PATH"
            | "LAMBDA_TASK_ROOT"
            | "LAMBDA_RUNTIME_DIR"
            | "AWS_LAMBDA_RUNTIME_API"
            | "AWS_LAMBDA_LOG_STREAM_NAME" => "…",
            _ => value.as_str().unwrap(),
        };
        // Python itself adds this one.
        if name != "LC_CTYPE" {
            lines += &format!("{name}={shown}\n");
        }
    }
    let mut sorted: Vec<&str> = lines.lines().collect();
    sorted.sort_unstable();
    expect![[r#"
        AWS_ACCESS_KEY_ID=000000000000
        AWS_DEFAULT_REGION=us-east-1
        AWS_ENDPOINT_URL=http://127.0.0.1:4566
        AWS_EXECUTION_ENV=AWS_Lambda_python3.12
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512
        AWS_LAMBDA_FUNCTION_NAME=env
        AWS_LAMBDA_FUNCTION_VERSION=$LATEST
        AWS_LAMBDA_INITIALIZATION_TYPE=on-demand
        AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/env
        AWS_LAMBDA_LOG_STREAM_NAME=…
        AWS_LAMBDA_RUNTIME_API=…
        AWS_REGION=us-east-1
        AWS_SECRET_ACCESS_KEY=test
        AWS_SESSION_TOKEN=test
        COLOUR=red
        LAMBDA_RUNTIME_DIR=…
        LAMBDA_TASK_ROOT=…
        LANG=en_US.UTF-8
        PATH=…
        TZ=:UTC
        _HANDLER=app.handler"#]]
    .assert_eq(&sorted.join("\n"));
}

#[tokio::test]
async fn what_is_printed_is_logged() {
    let mut world = World::new().await;
    world.python(
        "py",
        "import logging, sys\n\
         logging.getLogger().setLevel('INFO')\n\
         def handler(event, context):\n\
         \x20   print('one')\n\
         \x20   sys.stderr.write('two\\n')\n\
         \x20   logging.info('three')\n\
         \x20   print('x' * event)\n",
    );
    let invoked = world.call("py", "1").await;
    let tail = text(&invoked.log_tail.unwrap()).replace(&invoked.request_id, "R");
    let lines: Vec<&str> = tail.lines().collect();
    assert_eq!(&lines[..3], ["START RequestId: R Version: $LATEST", "one", "two"]);
    assert!(
        lines[3].starts_with("[INFO]\t20") && lines[3].ends_with("Z\tR\tthree"),
        "{}",
        lines[3]
    );
    assert_eq!(&lines[4..6], ["x", "END RequestId: R"]);
    assert!(lines[6].starts_with("REPORT RequestId: R\tDuration: "), "{}", lines[6]);
    assert!(lines[6].contains("\tMemory Size: 512 MB\tMax Memory Used: "), "{}", lines[6]);
    assert!(lines[6].contains("\tInit Duration: "), "{}", lines[6]);
    assert_eq!(lines.len(), 7);

    let invoked = world.call("py", "10000").await;
    assert_eq!(invoked.log_tail.unwrap().len(), 4096);
    let logged: Vec<String> =
        world.functions.logs("py").iter().map(|line| line.text.to_string()).collect();
    assert!(logged.contains(&"x".repeat(10_000)));
    assert!(logged.contains(&"two".to_owned()));
    world.functions.shutdown().await;
    let file = world.home.path().join("data/functions/logs/py.log");
    assert_eq!(std::fs::read_to_string(file).unwrap().lines().count(), logged.len());
}
