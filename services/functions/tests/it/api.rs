//! Lambda's API through its door.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use expect_test::expect;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::support::{ROLE, Reply, World, archive, text};

const FUNCTIONS: &str = "/2015-03-31/functions";
const ECHO: &str = "def handler(event, context):\n    return event\n";

fn zip(entries: &[(&str, &str)]) -> String {
    STANDARD.encode(archive(entries))
}

fn creation(name: &str) -> Value {
    json!({
        "FunctionName": name, "Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE,
        "Code": {"ZipFile": zip(&[("app.py", ECHO)])},
    })
}

async fn create(world: &World, name: &str) {
    let reply = world.http(Method::POST, FUNCTIONS, &creation(name)).await;
    assert_eq!(reply.status, 201, "{}", text(&reply.body));
}

async fn call(world: &World, name: &str, headers: &[(&str, &str)], payload: &str) -> Reply {
    let uri = format!("{FUNCTIONS}/{name}/invocations");
    let mut request = Request::builder().method(Method::POST).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Bytes::copy_from_slice(payload.as_bytes());
    world.request(request.body(body).unwrap()).await
}

#[tokio::test]
async fn a_function_from_first_to_last() {
    let world = World::new().await;
    let mut body = creation("f");
    body["Environment"] = json!({"Variables": {"COLOUR": "red"}});
    body["Tags"] = json!({"team": "shop"});
    body["Timeout"] = json!(30);
    let reply = world.http(Method::POST, FUNCTIONS, &body).await;
    assert_eq!(reply.status, 201, "{}", text(&reply.body));
    let mut view = reply.json();
    for (member, shape) in [("RevisionId", 36), ("CodeSha256", 44), ("LastModified", 28)] {
        assert_eq!(view[member].as_str().unwrap().len(), shape, "{member}");
        view[member] = json!("…");
    }
    assert!(view["CodeSize"].as_u64().unwrap() > 100);
    view["CodeSize"] = json!(1);
    expect![[r#"
        {
          "FunctionName": "f",
          "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
          "Runtime": "python3.12",
          "Role": "arn:aws:iam::000000000000:role/r",
          "Handler": "app.handler",
          "CodeSize": 1,
          "Description": "",
          "Timeout": 30,
          "MemorySize": 128,
          "LastModified": "…",
          "CodeSha256": "…",
          "Version": "$LATEST",
          "TracingConfig": {
            "Mode": "PassThrough"
          },
          "RevisionId": "…",
          "State": "Active",
          "LastUpdateStatus": "Successful",
          "PackageType": "Zip",
          "Architectures": [
            "x86_64"
          ],
          "EphemeralStorage": {
            "Size": 512
          },
          "SnapStart": {
            "ApplyOn": "None",
            "OptimizationStatus": "Off"
          },
          "LoggingConfig": {
            "LogFormat": "Text",
            "LogGroup": "/aws/lambda/f"
          },
          "Environment": {
            "Variables": {
              "COLOUR": "red"
            }
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&view).unwrap());

    let reply =
        world.http(Method::GET, &format!("{FUNCTIONS}/f/configuration"), &Value::Null).await;
    assert_eq!(reply.json()["FunctionName"], "f");
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Af";
    let reply = world.http(Method::GET, &format!("{FUNCTIONS}/{arn}"), &Value::Null).await;
    assert_eq!(reply.json()["Tags"], json!({"team": "shop"}));
    assert_eq!(reply.json()["Configuration"]["Timeout"], 30);

    let tags = format!("/2017-03-31/tags/{arn}");
    let reply = world.http(Method::POST, &tags, &json!({"Tags": {"stage": "dev"}})).await;
    assert_eq!(reply.status, 204);
    let reply = world.http(Method::DELETE, &format!("{tags}?tagKeys=team"), &Value::Null).await;
    assert_eq!(reply.status, 204);
    let reply = world.http(Method::GET, &tags, &Value::Null).await;
    assert_eq!(reply.json(), json!({"Tags": {"stage": "dev"}}));

    let reply = world.http(Method::DELETE, &format!("{FUNCTIONS}/f"), &Value::Null).await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let reply = world.http(Method::GET, &format!("{FUNCTIONS}/f"), &Value::Null).await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let expected = format!("404 ResourceNotFoundException: Function not found: {arn}");
    assert_eq!(reply.error(), expected);
    assert_eq!(
        reply.json(),
        json!({"Type": "User", "Message": format!("Function not found: {arn}")})
    );
}

#[tokio::test]
async fn updates_take_effect_with_the_next_call() {
    let world = World::new().await;
    create(&world, "f").await;
    assert_eq!(text(&call(&world, "f", &[], "1").await.body), "1");
    let new = "import os\ndef handler(event, context):\n    return os.environ.get('COLOUR')\n";
    let body = json!({"ZipFile": zip(&[("app.py", new)])});
    let before =
        world.http(Method::GET, &format!("{FUNCTIONS}/f/configuration"), &Value::Null).await;
    let reply = world.http(Method::PUT, &format!("{FUNCTIONS}/f/code"), &body).await;
    assert_eq!(reply.status, 200);
    assert_ne!(reply.json()["CodeSha256"], before.json()["CodeSha256"]);
    assert_ne!(reply.json()["RevisionId"], before.json()["RevisionId"]);
    assert_eq!(text(&call(&world, "f", &[], "1").await.body), "null");
    let body = json!({"Environment": {"Variables": {"COLOUR": "blue"}}, "MemorySize": 256});
    let path = format!("{FUNCTIONS}/f/configuration");
    let reply = world.http(Method::PUT, &path, &body).await;
    assert_eq!(reply.json()["MemorySize"], 256);
    assert_eq!(reply.json()["Runtime"], "python3.12");
    assert_eq!(text(&call(&world, "f", &[], "1").await.body), "\"blue\"");

    let stale = json!({"RevisionId": before.json()["RevisionId"], "Timeout": 5});
    let reply = world.http(Method::PUT, &path, &stale).await;
    assert!(reply.error().starts_with("412 PreconditionFailedException: "), "{}", reply.error());
    let dry = json!({"ZipFile": zip(&[("app.py", ECHO)]), "DryRun": true});
    let reply = world.http(Method::PUT, &format!("{FUNCTIONS}/f/code"), &dry).await;
    assert_eq!(reply.json()["CodeSha256"], before.json()["CodeSha256"]);
    assert_eq!(text(&call(&world, "f", &[], "1").await.body), "\"blue\"");
}

#[tokio::test]
async fn invoke_over_http() {
    let world = World::new().await;
    create(&world, "f").await;
    let reply = call(&world, "f", &[("x-amz-log-type", "Tail")], "{\"a\":1}").await;
    assert_eq!((reply.status, text(&reply.body)), (200, "{\"a\": 1}".to_owned()));
    assert_eq!(reply.header("x-amz-executed-version"), "$LATEST");
    assert_eq!(reply.header("x-amz-function-error"), "");
    assert_eq!(reply.header("x-amzn-requestid").len(), 36);
    let tail = text(&STANDARD.decode(reply.header("x-amz-log-result")).unwrap());
    assert!(tail.starts_with("START RequestId: "), "{tail}");
    let reply = call(&world, "f", &[("x-amz-invocation-type", "DryRun")], "{}").await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let reply = call(&world, "f", &[("x-amz-invocation-type", "Event")], "{}").await;
    assert_eq!((reply.status, reply.body.len()), (202, 0));
    let reply = call(&world, "f:$LATEST", &[], "2").await;
    assert_eq!(text(&reply.body), "2");
}

#[tokio::test]
async fn bad_invocations() {
    let world = World::new().await;
    create(&world, "f").await;
    let large = format!("\"{}\"", "x".repeat(6 << 20));
    let medium = format!("\"{}\"", "x".repeat(1 << 20));
    let event = ("x-amz-invocation-type", "Event");
    let later = ("x-amz-invocation-type", "Later");
    let context = ("x-amz-client-context", "{}");
    let none = ("x-none", "");
    let abroad = "arn:aws:lambda:eu-west-1:000000000000:function:f";
    let calls = [
        ("g", none, "{}"),
        ("f:7", none, "{}"),
        ("f", none, "{"),
        ("f", none, &large),
        ("f", event, &medium),
        ("f", context, "{}"),
        ("f", later, "{}"),
        ("123456789012:function:f", none, "{}"),
        (abroad, none, "{}"),
    ];
    let mut errors = String::new();
    for (name, header, payload) in calls {
        errors += &call(&world, name, &[header], payload).await.error();
        errors.push('\n');
    }
    expect![[r#"
        404 ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:g:$LATEST
        404 ResourceNotFoundException: Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7
        400 InvalidRequestContentException: Could not parse request body into json: EOF while parsing an object at line 1 column 1
        413 RequestTooLargeException: Request must be smaller than 6291456 bytes for the InvokeFunction operation
        413 RequestTooLargeException: Request must be smaller than 1048576 bytes for the InvokeFunction operation
        400 InvalidRequestContentException: Client context must be a valid Base64-encoded JSON object.
        400 ValidationException: 1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]
        403 AccessDeniedException: User: arn:aws:iam::000000000000:root is not authorized to perform this action on resource: arn:aws:lambda:us-east-1:123456789012:function:f because no resource-based policy allows it
        404 ResourceNotFoundException: Functions from 'eu-west-1' are not reachable in this region ('us-east-1')
    "#]]
    .assert_eq(&errors);
    let path = format!("{FUNCTIONS}/f:1/invocations?Qualifier=2");
    let reply = world.http(Method::POST, &path, &json!({})).await;
    assert!(reply.error().contains("The derived qualifier"), "{}", reply.error());
    let reply = world.http(Method::POST, "/2014-11-13/functions/f/invoke-async", &json!({})).await;
    assert!(reply.error().starts_with("404 UnknownOperationException"), "{}", reply.error());
}

#[tokio::test]
async fn bad_creations() {
    let world = World::new().await;
    create(&world, "taken").await;
    let variables = |name: &str, value: &str| json!({"Variables": {name: value}});
    let layer = "arn:aws:lambda:us-east-1:000000000000:layer:l:1";
    let escaping = zip(&[("../evil.py", "x")]);
    let changes = [
        json!({"FunctionName": "taken"}),
        json!({"FunctionName": "a b"}),
        json!({"Role": null}),
        json!({"Role": "me"}),
        json!({"Timeout": 901}),
        json!({"Timeout": 0, "MemorySize": 64}),
        json!({"Runtime": "java21"}),
        json!({"Environment": variables("AWS_REGION", "x")}),
        json!({"Environment": variables("1x", "x")}),
        json!({"Layers": [layer]}),
        json!({"Publish": true}),
        json!({"Code": {"S3Bucket": "b", "S3Key": "k"}}),
        json!({"Code": {}}),
        json!({"Code": {"ZipFile": STANDARD.encode("no zip")}}),
        json!({"Code": {"ZipFile": escaping}}),
        json!({"Code": {"ZipFile": "***"}}),
        json!({"Handler": null}),
    ];
    let mut errors = String::new();
    for change in changes {
        errors += &refused(&world, &change).await;
        errors.push('\n');
    }
    expect![[r#"
        409 ResourceConflictException: Function already exist: taken
        400 ValidationException: 1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?
        400 ValidationException: 1 validation error detected: Value null at 'role' failed to satisfy constraint: Member must not be null
        400 ValidationException: 1 validation error detected: Value 'me' at 'role' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+
        400 ValidationException: 1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value less than or equal to 900
        400 ValidationException: 2 validation errors detected: Value '0' at 'timeout' failed to satisfy constraint: Member must have value greater than or equal to 1; Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128
        400 InvalidParameterValueException: The runtime parameter of java21 is not supported by this server, which runs python3.x, nodejsN.x, provided.al2 and provided.al2023.
        400 InvalidParameterValueException: Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: AWS_REGION
        400 ValidationException: 1 validation error detected: Value '1x' at 'environment.variables' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+
        400 InvalidParameterValueException: Layers is not supported by this server.
        400 InvalidParameterValueException: Publish is not supported by this server.
        400 InvalidParameterValueException: Code from S3 is not supported by this server.
        400 InvalidParameterValueException: Please provide a source for function code.
        400 InvalidParameterValueException: Could not unzip uploaded file. Please check your file, then try to upload again.
        400 InvalidParameterValueException: The archive holds an entry that is not a file below its root: ../evil.py
        400 SerializationException: The zip file in the request is not valid base64
        400 InvalidParameterValueException: Runtime and Handler are mandatory parameters for functions created with deployment packages.
    "#]].assert_eq(&errors);
    let large = json!({"Environment": variables("XX", &"x".repeat(4096))});
    let error = refused(&world, &large).await;
    assert!(error.contains("exceeded the 4KB limit. String measured: {\"XX\":\"xxx"), "{error}");
    let error = refused(&world, &json!({"Runtime": "cobol"})).await;
    let begin = "400 InvalidParameterValueException: Value cobol at 'runtime' failed to satisfy";
    assert!(error.starts_with(begin), "{error}");
    let error = refused(&world, &json!({"Timeout": "soon"})).await;
    assert!(error.starts_with("400 SerializationException: "), "{error}");
    let data = world.home.path().join("data");
    let found: Vec<_> = std::fs::read_dir(&data).unwrap().flatten().collect();
    assert_eq!(found.len(), 1, "nothing escaped: {found:?}");
}

/// The error for a request that is right but for this change.
async fn refused(world: &World, change: &Value) -> String {
    let mut body = creation("f");
    let members = body.as_object_mut().unwrap();
    for (name, value) in change.as_object().unwrap() {
        members.insert(name.clone(), value.clone());
    }
    members.retain(|_, value| !value.is_null());
    world.http(Method::POST, FUNCTIONS, &body).await.error()
}

#[tokio::test]
async fn lists_come_in_pages() {
    let world = World::new().await;
    for number in 0..5 {
        create(&world, &format!("f{number}")).await;
    }
    let mut names: Vec<String> = Vec::new();
    let mut path = format!("{FUNCTIONS}/?MaxItems=2");
    let mut pages = 0;
    loop {
        let document = world.http(Method::GET, &path, &Value::Null).await.json();
        pages += 1;
        for function in document["Functions"].as_array().unwrap() {
            names.push(function["FunctionName"].as_str().unwrap().to_owned());
        }
        let Some(marker) = document["NextMarker"].as_str() else { break };
        path = format!("{FUNCTIONS}/?MaxItems=2&Marker={marker}");
    }
    assert_eq!(names, ["f0", "f1", "f2", "f3", "f4"]);
    assert_eq!(pages, 3);
    let reply = world.http(Method::GET, &format!("{FUNCTIONS}?Marker=x"), &Value::Null).await;
    assert_eq!(reply.error(), "400 InvalidParameterValueException: The Marker is not valid");
    let reply = world.http(Method::GET, &format!("{FUNCTIONS}?MaxItems=0"), &Value::Null).await;
    assert!(reply.error().starts_with("400 ValidationException"), "{}", reply.error());
}

#[tokio::test]
async fn the_folders_functions_are_seen_and_not_changed() {
    let mut world = World::new().await;
    world.python("mine", ECHO);
    let reply = world.http(Method::GET, &format!("{FUNCTIONS}/mine"), &Value::Null).await;
    assert_eq!(reply.json()["Configuration"]["Handler"], "app.handler");
    let reply = world.http(Method::GET, FUNCTIONS, &Value::Null).await;
    assert_eq!(reply.json()["Functions"][0]["FunctionName"], "mine");
    let reply = world.http(Method::POST, FUNCTIONS, &creation("mine")).await;
    assert!(reply.error().starts_with("409 ResourceConflictException"), "{}", reply.error());
    let reply = world.http(Method::DELETE, &format!("{FUNCTIONS}/mine"), &Value::Null).await;
    assert!(reply.error().starts_with("409 ResourceConflictException"), "{}", reply.error());
}
