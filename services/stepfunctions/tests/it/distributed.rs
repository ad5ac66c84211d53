//! Distributed Map on a whole server: runs, children, readers, writers, aborts and restarts.

mod parquet;
mod recorded;
mod redrive;
mod world;

use serde_json::{Value, json};
use world::{BUCKET, World};

/// A machine with one distributed Map of `fields` over `states`.
fn machine(fields: &Value, kind: &str, states: &Value) -> Value {
    let mut map = json!({
        "Type": "Map", "End": true,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind},
            "StartAt": "P", "States": states,
        },
    });
    for (name, value) in fields.as_object().unwrap() {
        map[name] = value.clone();
    }
    json!({"StartAt": "Map", "States": {"Map": map}})
}

fn pass() -> Value {
    json!({"P": {"Type": "Pass", "End": true}})
}

/// Fails for negative numbers.
fn picky() -> Value {
    json!({
        "P": {"Type": "Choice", "Default": "Good",
            "Choices": [{"Variable": "$", "NumericLessThan": 0, "Next": "Bad"}]},
        "Bad": {"Type": "Fail", "Error": "Negative", "Cause": "too small"},
        "Good": {"Type": "Pass", "End": true},
    })
}

fn wait(seconds: u64) -> Value {
    json!({"P": {"Type": "Wait", "Seconds": seconds, "End": true}})
}

fn output(described: &Value) -> Value {
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    serde_json::from_str(described["output"].as_str().unwrap()).unwrap()
}

fn arn(described: &Value) -> &str {
    described["executionArn"].as_str().unwrap()
}

/// Counts that are not zero.
fn counts(told: &Value) -> Value {
    let members = told.as_object().unwrap().iter();
    let told = members.filter(|(_, count)| **count != 0);
    Value::Object(told.map(|(name, count)| (name.clone(), count.clone())).collect())
}

// SFN-DMAP-3, SFN-HIST-80, SFN-HIST-86, SFN-MAPRUN-1…3, -10, SFN-EXEC-43, SFN-SEM-60, SFN-SEM-122
#[test]
fn a_run_and_its_children_are_told_of() {
    let mut world = World::new();
    let definition = machine(&json!({"Label": "Each", "MaxConcurrency": 2}), "STANDARD", &pass());
    let described = world.run(&definition, &json!([1, "two", {"three": 3}]));
    assert_eq!(output(&described), json!([1, "two", {"three": 3}]));
    assert_eq!(
        world.history(arn(&described)),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; 4<3 MapRunStarted; \
         5<4 MapRunSucceeded; 6<5 MapStateSucceeded; 7<4 MapStateExited; 8<7 ExecutionSucceeded"
    );
    let runs = world.map_runs(arn(&described));
    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    assert!(run.contains(":mapRun:M1/Each:"), "{run}");
    let told = world.map_run(run);
    assert_eq!(told["status"], "SUCCEEDED");
    assert_eq!(told["maxConcurrency"], 2);
    assert_eq!(told["toleratedFailurePercentage"], json!(0.0));
    let all = json!({"succeeded": 3, "total": 3, "resultsWritten": 3});
    assert_eq!(counts(&told["itemCounts"]), all);
    assert_eq!(counts(&told["executionCounts"]), all);
    let children = world.children(run, None);
    assert_eq!(children.len(), 3);
    for child in &children {
        assert_eq!(child["mapRunArn"], run.as_str());
        assert_eq!((&child["itemCount"], &child["status"]), (&json!(1), &json!("SUCCEEDED")));
        let child = arn(child);
        assert!(child.contains(":execution:M1/Each:"), "{child}");
        let described = world.describe(child);
        assert_eq!(described["mapRunArn"], run.as_str());
        assert!(world.history(child).ends_with("4<3 ExecutionSucceeded"));
        let machine =
            world.call("DescribeStateMachineForExecution", json!({"executionArn": child}));
        assert_eq!((&machine["label"], &machine["mapRunArn"]), (&json!("Each"), &json!(run)));
        let definition: Value =
            serde_json::from_str(machine["definition"].as_str().unwrap()).unwrap();
        assert_eq!(definition["States"], pass());
    }
    let machine = world.describe(arn(&described))["stateMachineArn"].clone();
    let listed = world.call("ListExecutions", json!({"stateMachineArn": machine}));
    assert_eq!(listed["executions"].as_array().unwrap().len(), 1, "children are not among them");
}

// SFN-SEM-3: Express children are described, their histories are not told.
#[test]
fn express_children() {
    let mut world = World::new();
    let selector =
        json!({"ItemSelector": {"n.$": "$$.Map.Item.Value", "i.$": "$$.Map.Item.Index"}});
    let described = world.run(&machine(&selector, "EXPRESS", &pass()), &json!([7, 8]));
    assert_eq!(output(&described), json!([{"n": 7, "i": 0}, {"n": 8, "i": 1}]));
    let run = world.map_runs(arn(&described)).remove(0);
    let children = world.children(&run, Some("SUCCEEDED"));
    assert_eq!(children.len(), 2);
    let child = arn(&children[0]);
    assert!(child.contains(":express:M1/"), "{child}");
    let told = world.describe(child);
    assert_eq!((&told["name"], &told["status"]), (&children[0]["name"], &json!("SUCCEEDED")));
    let refused = world.answer("GetExecutionHistory", &json!({"executionArn": child}));
    assert_eq!(refused.unwrap_err().code, "InvalidArn");
}

// SFN-DMAP-10, SFN-DMAP-11, SFN-HIST-81, SFN-SEM-61
#[test]
fn tolerance_decides() {
    let rows = [
        (json!({}), vec![1, -1, 2], None),
        (json!({"ToleratedFailureCount": 1}), vec![1, -1, 2], Some(json!([1, 2]))),
        (json!({"ToleratedFailureCount": 1}), vec![-1, -1, 2], None),
        (json!({"ToleratedFailurePercentage": 50}), vec![1, -1], Some(json!([1]))),
        (json!({"ToleratedFailurePercentage": 49.9}), vec![1, -1], None),
        (json!({"ToleratedFailurePercentage": 100}), vec![-1, -1], Some(json!([]))),
    ];
    let mut world = World::new();
    for (fields, items, expected) in rows {
        for kind in ["STANDARD", "EXPRESS"] {
            let described = world.run(&machine(&fields, kind, &picky()), &json!(items));
            let run = world.map_run(&world.map_runs(arn(&described))[0]);
            match &expected {
                Some(expected) => assert_eq!(output(&described), *expected, "{fields}"),
                None => {
                    assert_eq!(described["error"], "States.ExceedToleratedFailureThreshold");
                    assert_eq!(
                        described["cause"],
                        "The specified tolerated failure threshold was exceeded"
                    );
                    assert_eq!(run["status"], "FAILED");
                    let history = world.history(arn(&described));
                    assert!(
                        history
                            .ends_with("5<4 MapRunFailed; 6<5 MapStateFailed; 7<6 ExecutionFailed"),
                        "{history}"
                    );
                }
            }
            let failed = items.iter().filter(|item| **item < 0).count();
            assert!(run["itemCounts"]["failed"].as_u64().unwrap() <= failed as u64);
        }
    }
}

// SFN-BATCH-1, SFN-BATCH-2, SFN-MAPRUN-3
#[test]
fn batches() {
    let mut world = World::new();
    let fields = json!({
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"k": "v"}}, "ItemsPath": "$.i",
    });
    let described = world.run(&machine(&fields, "STANDARD", &pass()), &json!({"i": [1, 2, 3]}));
    assert_eq!(
        described["output"],
        r#"[{"BatchInput":{"k":"v"},"Items":[1,2]},{"BatchInput":{"k":"v"},"Items":[3]}]"#
    );
    let run = world.map_run(&world.map_runs(arn(&described))[0]);
    assert_eq!(
        counts(&run["itemCounts"]),
        json!({"succeeded": 3, "total": 3, "resultsWritten": 3})
    );
    assert_eq!(
        counts(&run["executionCounts"]),
        json!({"succeeded": 2, "total": 2, "resultsWritten": 2})
    );
    // By bytes: two of these items fit, three do not.
    let item = "x".repeat(40);
    let fields = json!({"ItemBatcher": {"MaxInputBytesPerBatch": 100}});
    let items = json!([item, item, item]);
    let described = world.run(&machine(&fields, "STANDARD", &pass()), &items);
    assert_eq!(output(&described), json!([{"Items": [item, item]}, {"Items": [item]}]));
    let fields = json!({"ItemBatcher": {"MaxInputBytesPerBatch": 50}});
    let described = world.run(&machine(&fields, "STANDARD", &pass()), &items);
    assert_eq!(described["error"], "States.DataLimitExceeded");
}

fn reader(action: &str, parameters: Value, config: Value) -> Value {
    json!({
        "ItemReader": {
            "Resource": format!("arn:aws:states:::s3:{action}"),
            "Parameters": parameters, "ReaderConfig": config,
        },
        "ItemSelector": {"v.$": "$$.Map.Item.Value", "s.$": "$$.Map.Item.Source"},
    })
}

// SFN-READER-1…11, SFN-CTX-4, SFN-HIST-82
#[test]
fn readers() {
    let mut world = World::new();
    world.put("a.csv", "h,i\n1,2\n3,4\n");
    world.put("odd.csv", "h,i\n1\n2,3,4\n\n\"5,\",\"6\"\"\"\n");
    world.put("tabs.csv", "1\t2\t3\n4\n");
    world.put("b.json", r#"{"x":{"y":[1,2,3]}}"#);
    world.put("o.json", r#"{"k":1,"l":[2]}"#);
    world.put("c/1.jsonl", "{\"n\":1}\n{\"n\":2}\n");
    world.put("c/2.jsonl", "{\"n\":3}\n");
    world.put(
        "inv/manifest.json",
        &json!({"destinationBucket": "arn:aws:s3:::bucket", "fileFormat": "CSV",
            "fileSchema": "Bucket, Key", "files": [{"key": "inv/data.csv"}]})
        .to_string(),
    );
    world.put("inv/data.csv", "\"b\",\"k1\"\n\"b\",\"k2\"\n");
    world.put("unload.csv", "s3://bucket/c/2.jsonl\ns3://bucket/c/1.jsonl\n");
    let at = |key: &str| json!({"Bucket": BUCKET, "Key": key});
    let from = |key: &str, values: Value| {
        let source = format!("s3://{BUCKET}/{key}");
        let values = values.as_array().unwrap().clone();
        Value::from_iter(values.iter().map(|value| json!({"v": value, "s": source})))
    };
    let rows = [
        (
            reader(
                "getObject",
                at("a.csv"),
                json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
            ),
            from("a.csv", json!([{"h": "1", "i": "2"}, {"h": "3", "i": "4"}])),
        ),
        // Missing cells are empty, cells without a header are dropped.
        (
            reader(
                "getObject",
                at("odd.csv"),
                json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 0}),
            ),
            from(
                "odd.csv",
                json!([
                    {"h": "1", "i": ""},
                    {"h": "2", "i": "3"},
                    {"h": "5,", "i": "6\""},
                ]),
            ),
        ),
        // The same with given headers.
        (
            reader(
                "getObject",
                at("tabs.csv"),
                json!({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"],
                    "CSVDelimiter": "TAB"}),
            ),
            from("tabs.csv", json!([{"a": "1", "b": "2"}, {"a": "4", "b": ""}])),
        ),
        (
            reader("getObject", at("o.json"), json!({"InputType": "JSON"})),
            from("o.json", json!([1, [2]])),
        ),
        (
            reader(
                "getObject",
                at("b.json"),
                json!({"InputType": "JSON", "ItemsPointer": "/x/y", "MaxItems": 2}),
            ),
            from("b.json", json!([1, 2])),
        ),
        (
            reader("getObject", at("c/1.jsonl"), json!({"InputType": "JSONL"})),
            from("c/1.jsonl", json!([{"n": 1}, {"n": 2}])),
        ),
        (
            reader(
                "listObjectsV2",
                json!({"Bucket": BUCKET, "Prefix": "c/"}),
                json!({"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"}),
            ),
            json!([
                {"v": {"n": 1}, "s": "s3://bucket/c/1.jsonl"},
                {"v": {"n": 2}, "s": "s3://bucket/c/1.jsonl"},
                {"v": {"n": 3}, "s": "s3://bucket/c/2.jsonl"},
            ]),
        ),
        (
            reader("getObject", at("inv/manifest.json"), json!({"InputType": "MANIFEST"})),
            from(
                "inv/data.csv",
                json!([{"Bucket": "b", "Key": "k1"}, {"Bucket": "b", "Key": "k2"}]),
            ),
        ),
        (
            reader(
                "getObject",
                at("unload.csv"),
                json!({"InputType": "JSONL", "ManifestType": "ATHENA_DATA", "MaxItems": 2}),
            ),
            json!([
                {"v": {"n": 3}, "s": "s3://bucket/c/2.jsonl"},
                {"v": {"n": 1}, "s": "s3://bucket/c/1.jsonl"},
            ]),
        ),
        (
            reader("listObjectsV2", json!({"Bucket": BUCKET, "Prefix": "none"}), json!({})),
            json!([]),
        ),
    ];
    for (fields, expected) in rows {
        let described = world.run(&machine(&fields, "STANDARD", &pass()), &json!({}));
        let mut told = output(&described);
        // Columns of an inventory come in the order of their names' hashes.
        assert_eq!(told.take(), expected, "{fields}");
    }
    let fields = reader("listObjectsV2", json!({"Bucket": BUCKET, "Prefix": "c/1"}), json!({}));
    let told = output(&world.run(&machine(&fields, "EXPRESS", &pass()), &json!({})));
    assert_eq!((&told[0]["s"], &told[0]["v"]["Key"]), (&json!("s3://bucket"), &json!("c/1.jsonl")));
    assert_eq!(told[0]["v"]["Size"], 16);
}

// SFN-READER-5, SFN-READER-11, SFN-HIST-82
#[test]
fn readers_fail_the_run() {
    let mut world = World::new();
    world.put("n.json", "7");
    world.put("d.csv", "h,h\n1,2\n");
    let at = |key: &str| json!({"Bucket": BUCKET, "Key": key});
    let csv = json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"});
    let versioned = json!({"Bucket": BUCKET, "Key": "p", "VersionId": "v"});
    let rows = [
        (at("n.json"), json!({"InputType": "JSON"}), "Attempting to map over non-iterable node."),
        (at("d.csv"), csv, "CSV headers cannot contain duplicates."),
        (at("gone"), json!({"InputType": "JSONL"}), "The specified key does not exist."),
        (
            json!({"Bucket": "nowhere", "Key": "k"}),
            json!({"InputType": "JSON"}),
            "The specified bucket does not exist",
        ),
        (
            versioned,
            json!({"InputType": "PARQUET"}),
            "S3 Version ID selection is not currently supported for PARQUET files",
        ),
    ];
    for (parameters, config, cause) in rows {
        let fields = reader("getObject", parameters, config);
        let described = world.run(&machine(&fields, "STANDARD", &pass()), &json!({}));
        assert_eq!(described["error"], "States.ItemReaderFailed", "{described}");
        assert!(described["cause"].as_str().unwrap().starts_with(cause), "{described}");
        assert!(world.history(arn(&described)).contains("5<4 MapRunFailed"));
    }
}

// SFN-WRITER-1…3, SFN-WRITER-5
#[test]
fn results_are_written() {
    let mut world = World::new();
    let writer = |config: Value| {
        json!({"ToleratedFailurePercentage": 100, "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": BUCKET, "Prefix": "out/"}, "WriterConfig": config,
        }})
    };
    let states = json!({
        "P": {"Type": "Choice", "Default": "Good",
            "Choices": [{"Variable": "$[0]", "NumericLessThan": 0, "Next": "Bad"}]},
        "Bad": {"Type": "Fail", "Error": "Negative", "Cause": "too small"},
        "Good": {"Type": "Pass", "End": true},
    });
    let items = json!([[1, 2], [-1], [3]]);
    let described = world.run(&machine(&writer(json!({})), "STANDARD", &states), &items);
    let told = output(&described);
    let run = told["MapRunArn"].as_str().unwrap();
    let folder = format!("out/{}/", run.rsplit(':').next().unwrap());
    let details = json!({"Bucket": BUCKET, "Key": format!("{folder}manifest.json")});
    assert_eq!(told["ResultWriterDetails"], details);
    let manifest = world.get(&format!("{folder}manifest.json"));
    assert_eq!(
        (&manifest["DestinationBucket"], &manifest["MapRunArn"]),
        (&json!(BUCKET), &json!(run))
    );
    let files = &manifest["ResultFiles"];
    assert_eq!(files["PENDING"], json!([]));
    let key = files["SUCCEEDED"][0]["Key"].as_str().unwrap();
    assert_eq!(key, format!("{folder}SUCCEEDED_0.json"));
    let records = world.get(key);
    assert_eq!(records.as_array().unwrap().len(), 2);
    assert_eq!((&records[0]["Output"], &records[0]["Input"]), (&json!("[1,2]"), &json!("[1,2]")));
    assert_eq!(records[1]["OutputDetails"], json!({"Included": true}));
    let failures = world.get(files["FAILED"][0]["Key"].as_str().unwrap());
    assert_eq!(
        (&failures[0]["Error"], &failures[0]["Status"]),
        (&json!("Negative"), &json!("FAILED"))
    );
    let counts = &world.map_run(run)["itemCounts"];
    assert_eq!((&counts["resultsWritten"], &counts["failed"]), (&json!(3), &json!(1)));

    for (form, expected) in [("COMPACT", json!([[1, 2], [3]])), ("FLATTEN", json!([1, 2, 3]))] {
        let fields = writer(json!({"Transformation": form, "OutputType": "JSON"}));
        let told = output(&world.run(&machine(&fields, "STANDARD", &states), &items));
        let manifest = world.get(told["ResultWriterDetails"]["Key"].as_str().unwrap());
        let key = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap();
        assert_eq!(world.get(key), expected);
    }
    let mut fields = writer(json!({}));
    fields["ResultWriter"]["Parameters"]["Bucket"] = "nowhere".into();
    let described = world.run(&machine(&fields, "STANDARD", &states), &items);
    assert_eq!(described["error"], "States.ResultWriterFailed");
}

// SFN-WRITER-4
#[test]
fn a_writer_shapes_the_output() {
    let mut world = World::new();
    let fields = json!({"ResultWriter": {"WriterConfig": {"Transformation": "FLATTEN"}}});
    let described = world.run(&machine(&fields, "STANDARD", &pass()), &json!([[1, 2], 3]));
    assert_eq!(output(&described), json!([1, 2, 3]));
    let fields = json!({"ResultWriter": {"WriterConfig": {"Transformation": "NONE"}}});
    let told = output(&world.run(&machine(&fields, "STANDARD", &pass()), &json!([[1, 2]])));
    assert_eq!((&told[0]["Status"], &told[0]["Output"]), (&json!("SUCCEEDED"), &json!("[1,2]")));
}

// SFN-DMAP-14
#[test]
fn outputs_that_are_too_long_fail_the_state() {
    let mut world = World::new();
    let states = json!({"P": {"Type": "Pass", "Parameters": {
        "x.$": "States.Format('{}{}{}{}{}{}{}{}', $, $, $, $, $, $, $, $)"}, "End": true}});
    let items: Vec<String> = (0..40).map(|_| "y".repeat(1_000)).collect();
    let described = world.run(&machine(&json!({}), "STANDARD", &states), &json!(items));
    assert_eq!(described["error"], "States.DataLimitExceeded", "{described}");
    let run = world.map_run(&world.map_runs(arn(&described))[0]);
    assert_eq!(
        (&run["status"], &run["itemCounts"]["succeeded"]),
        (&json!("SUCCEEDED"), &json!(40))
    );
}

// SFN-SEM-35, SFN-SEM-38
#[test]
fn a_stop_ends_run_and_children() {
    for kind in ["STANDARD", "EXPRESS"] {
        let mut world = World::new();
        let fields = json!({"MaxConcurrency": 3});
        let parent = world.start(&machine(&fields, kind, &wait(200)), &json!([1, 2, 3, 4, 5]));
        let run = world.map_runs(&parent).remove(0);
        let running = || world.children(&run, Some("RUNNING")).len();
        world.until(|| (running() == 3).then_some(()), || world.map_run(&run).to_string());
        world.call("StopExecution", json!({"executionArn": parent}));
        let told = world.over(&run);
        assert_eq!(told["status"], "ABORTED");
        let expected = json!({"aborted": 3, "pending": 2, "total": 5});
        assert_eq!(counts(&told["itemCounts"]), expected);
        assert_eq!(world.children(&run, Some("ABORTED")).len(), 3);
        assert_eq!(world.map_runs(&parent), [run]);
        assert!(world.history(&parent).ends_with("4<3 MapRunStarted; 5<0 ExecutionAborted"));
    }
}

// SFN-HIST-84
#[test]
fn a_sibling_aborts_the_run() {
    let mut world = World::new();
    let map = machine(&json!({}), "STANDARD", &wait(200));
    let text = json!({"StartAt": "All", "States": {"All": {"Type": "Parallel", "End": true,
        "Branches": [map, {"StartAt": "W", "States": {
            "W": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail"}}}]}}});
    let described = world.run(&text, &json!([1]));
    assert_eq!(described["status"], "FAILED");
    assert!(world.history(arn(&described)).contains("MapRunAborted"));
    let run = world.map_runs(arn(&described)).remove(0);
    assert_eq!(world.over(&run)["itemCounts"]["aborted"], 1);
}

// SFN-SEM-63, SFN-MAPRUN-20…22
#[test]
fn limits_change_while_it_runs() {
    let mut world = World::new();
    let fields = json!({"MaxConcurrency": 1, "ToleratedFailureCount": 0});
    let parent = world.start(&machine(&fields, "STANDARD", &wait(3)), &json!([1, 2, 3, 4]));
    let run = world.map_runs(&parent).remove(0);
    let reason = |body: Value| {
        let fault = world.answer("UpdateMapRun", &body).unwrap_err();
        assert_eq!(fault.code, "ValidationException");
        fault.members.iter().find(|member| member.0 == "reason").unwrap().1.clone()
    };
    assert_eq!(reason(json!({"mapRunArn": run})), "MISSING_REQUIRED_PARAMETER");
    world.call("UpdateMapRun", json!({"mapRunArn": run, "maxConcurrency": 4}));
    let running = || world.children(&run, Some("RUNNING")).len();
    world.until(|| (running() == 4).then_some(()), || world.map_run(&run).to_string());
    assert_eq!(world.map_run(&run)["maxConcurrency"], 4);
    assert_eq!(world.closed(&parent)["status"], "SUCCEEDED");
    let body = json!({"mapRunArn": run, "maxConcurrency": 4});
    assert_eq!(reason(body), "CANNOT_UPDATE_COMPLETED_MAP_RUN");
    let unknown = run.replace("M1/", "M9/");
    let fault = world.answer("DescribeMapRun", &json!({"mapRunArn": unknown})).unwrap_err();
    assert_eq!(fault.code, "ResourceNotFound");
}

// SFN-ARN-3, SFN-SM-36, SFN-SM-42, SFN-MAPRUN-10: labels that were made lead everywhere.
#[test]
fn labels_are_made() {
    let mut world = World::new();
    let rename =
        |machine: Value, name: &str| machine.to_string().replace("\"P\"", &format!("\"{name}\""));
    let inner: Value =
        serde_json::from_str(&rename(machine(&json!({}), "STANDARD", &pass()), "Inner")).unwrap();
    let states = json!({"P": inner["States"]["Map"]});
    let branch = machine(&json!({}), "STANDARD", &states);
    let definition = json!({"StartAt": "All", "States": {
        "All": {"Type": "Parallel", "End": true, "Branches": [branch]}}});
    let described = world.run(&definition, &json!([[1]]));
    assert_eq!(described["status"], "SUCCEEDED", "{described}");
    let machine_arn = described["stateMachineArn"].as_str().unwrap();
    let mut parent = arn(&described).to_owned();
    for expected in [&states, &json!({"Inner": {"Type": "Pass", "End": true}})] {
        let told = world.call("ListMapRuns", json!({"executionArn": parent}))["mapRuns"][0].clone();
        let run = told["mapRunArn"].as_str().unwrap();
        let label = run.rsplit('/').next().unwrap().split(':').next().unwrap();
        assert_eq!(told["stateMachineArn"], format!("{machine_arn}/{label}"));
        let labelled =
            world.call("DescribeStateMachine", json!({"stateMachineArn": told["stateMachineArn"]}));
        assert_eq!(labelled["label"], label);
        let child = arn(&world.children(run, None)[0]).to_owned();
        assert!(child.contains(&format!("/{label}:")), "{child}");
        let own = world.call("DescribeStateMachineForExecution", json!({"executionArn": child}));
        assert_eq!((&own["label"], &own["mapRunArn"]), (&json!(label), &json!(run)));
        assert_eq!(own["definition"], labelled["definition"]);
        let text: Value = serde_json::from_str(own["definition"].as_str().unwrap()).unwrap();
        assert_eq!(text["States"], *expected);
        parent = child;
    }
}

#[test]
fn runs_within_runs() {
    let mut world = World::new();
    let inner = machine(&json!({"ItemsPath": "$"}), "EXPRESS", &pass());
    let inner: Value =
        serde_json::from_str(&inner.to_string().replace("\"P\"", "\"Inner\"")).unwrap();
    let states = json!({"P": inner["States"]["Map"]});
    let described = world.run(&machine(&json!({}), "STANDARD", &states), &json!([[1, 2], [], [3]]));
    assert_eq!(output(&described), json!([[1, 2], [], [3]]));
    let run = world.map_runs(arn(&described)).remove(0);
    for child in world.children(&run, None) {
        assert_eq!(world.map_runs(arn(&child)).len(), 1);
    }
}

// SFN-SEM-106: a server that dies again and again starts no child twice, and loses none.
#[test]
fn a_run_outlasts_its_server() {
    let mut world = World::new();
    let lines: String = (0..3_000).map(|number| format!("{{\"n\":{number}}}\n")).collect();
    world.put("items.jsonl", &lines);
    let mut fields = reader(
        "getObject",
        json!({"Bucket": BUCKET, "Key": "items.jsonl"}),
        json!({"InputType": "JSONL"}),
    );
    fields["ItemSelector"] = json!({"n.$": "$$.Map.Item.Value.n"});
    fields["MaxConcurrency"] = json!(50);
    fields["ToleratedFailurePercentage"] = json!(50);
    let states = json!({
        "P": {"Type": "Pass", "Next": "W"}, "W": {"Type": "Wait", "Seconds": 0, "End": true},
    });
    let parent = world.start(&machine(&fields, "STANDARD", &states), &json!({}));
    let mut crashes = 0;
    while world.describe(&parent)["status"] == "RUNNING" && crashes < 8 {
        std::thread::sleep(std::time::Duration::from_millis(60 + 40 * crashes));
        world.crash();
        crashes += 1;
    }
    let described = world.closed(&parent);
    let told = output(&described);
    let numbers: Vec<u64> =
        told.as_array().unwrap().iter().map(|it| it["n"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..3_000).collect::<Vec<u64>>());
    let run = world.map_runs(&parent).remove(0);
    let counted = world.map_run(&run);
    let all = json!({"succeeded": 3000, "total": 3000, "resultsWritten": 3000});
    assert_eq!(counts(&counted["itemCounts"]), all);
    assert_eq!(counts(&counted["executionCounts"]), all);
    assert_eq!(listed(&world, &run), 3_000);
    println!("{crashes} crashes");
}

/// Children on all pages.
fn listed(world: &World, run: &str) -> usize {
    let (mut number, mut token) = (0, Value::Null);
    loop {
        let mut body = json!({"mapRunArn": run, "maxResults": 1000});
        if !token.is_null() {
            body["nextToken"] = token;
        }
        let page = world.call("ListExecutions", body);
        number += page["executions"].as_array().unwrap().len();
        token = page["nextToken"].clone();
        if token.is_null() {
            return number;
        }
    }
}

// SFN-SEM-35, SFN-SEM-106: what a stop began goes on after a restart.
#[test]
fn an_abort_outlasts_the_server() {
    let mut world = World::new();
    let parent = world.start(&machine(&json!({}), "STANDARD", &wait(500)), &json!([1, 2, 3]));
    let run = world.map_runs(&parent).remove(0);
    let running = || world.children(&run, Some("RUNNING")).len();
    world.until(|| (running() == 3).then_some(()), || world.map_run(&run).to_string());
    world.crash();
    assert_eq!(world.describe(&parent)["status"], "RUNNING");
    world.call("StopExecution", json!({"executionArn": parent}));
    world.crash();
    let told = world.over(&run);
    assert_eq!((&told["status"], &told["itemCounts"]["aborted"]), (&json!("ABORTED"), &json!(3)));
}
