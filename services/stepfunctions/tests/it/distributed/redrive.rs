//! Redrive of executions whose distributed Map was unsuccessful.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::world::{BUCKET, World};
use super::{arn, counts, machine, output, reader, wait};

/// Gives the item and how often the child was redriven; a negative item fails until it was
/// redriven so often.
fn stubborn() -> Value {
    json!({"P": {
        "Type": "Pass", "End": true, "QueryLanguage": "JSONata",
        "Output": "{% ($n := $states.context.Execution.RedriveCount; $i := $states.input; \
                   $i + $n < 0 ? $error('not yet') : [$i, $n]) %}",
    }})
}

fn redrive(world: &World, parent: &str) -> Value {
    world.call("RedriveExecution", json!({ "executionArn": parent }));
    world.closed(parent)
}

/// ARN, status and start of children by their input.
fn by_input(world: &World, run: &str) -> BTreeMap<String, Value> {
    let children = world.children(run, None).into_iter();
    children
        .map(|child| {
            let told = world.describe(arn(&child));
            let about = json!([told["executionArn"], told["status"], told["redriveCount"]]);
            (told["input"].as_str().unwrap().to_owned(), about)
        })
        .collect()
}

// SFN-SEM-50…53, SFN-HIST-98, SFN-EXEC-38
#[test]
fn what_failed_goes_on_and_the_rest_is_kept() {
    let mut world = World::new();
    let definition = machine(&json!({"MaxConcurrency": 1}), "STANDARD", &stubborn());
    let described = world.run(&definition, &json!([1, -1, 2, -2]));
    let parent = arn(&described);
    let run = world.map_runs(parent).remove(0);
    let told = world.map_run(&run);
    assert_eq!((&told["status"], &told["redriveCount"]), (&json!("FAILED"), &json!(0)));
    assert_eq!(
        counts(&told["itemCounts"]),
        json!({"succeeded": 1, "failed": 1, "pending": 2, "total": 4})
    );
    let before = by_input(&world, &run);
    let failed = before["-1"][0].as_str().unwrap();
    assert_eq!(world.describe(failed)["redriveStatus"], "REDRIVABLE_BY_MAP_RUN");
    let fault = world.answer("RedriveExecution", &json!({"executionArn": failed})).unwrap_err();
    assert_eq!(fault.code, "ValidationException");

    // Another item fails now.
    assert_eq!(redrive(&world, parent)["error"], "States.ExceedToleratedFailureThreshold");
    let told = world.map_run(&run);
    assert_eq!((&told["status"], &told["redriveCount"]), (&json!("FAILED"), &json!(1)));
    assert!(told["redriveDate"].as_f64() > told["startDate"].as_f64(), "{told}");
    assert_eq!(counts(&told["executionCounts"]), json!({"succeeded": 3, "failed": 1, "total": 4}));
    assert_eq!(redrive(&world, parent)["status"], "FAILED");
    let described = redrive(&world, parent);
    assert_eq!(output(&described), json!([[1, 0], [-1, 1], [2, 0], [-2, 2]]));
    let told = world.map_run(&run);
    assert_eq!((&told["status"], &told["redriveCount"]), (&json!("SUCCEEDED"), &json!(3)));
    let all = json!({"succeeded": 4, "total": 4, "resultsWritten": 4});
    assert_eq!((counts(&told["itemCounts"]), counts(&told["executionCounts"])), (all.clone(), all));
    assert_eq!(world.map_runs(parent), std::slice::from_ref(&run));

    let after = by_input(&world, &run);
    assert_eq!(after["1"], before["1"]);
    assert_eq!(after["-1"], json!([before["-1"][0], "SUCCEEDED", 1]));
    assert_eq!(after["-2"], json!([after["-2"][0], "SUCCEEDED", 2]));
    assert!(world.history(failed).ends_with(
        "4<3 ExecutionFailed; 5<4 ExecutionRedriven; 6<2 PassStateExited; 7<6 ExecutionSucceeded"
    ));
    let history = world.history(parent);
    assert!(
        history.starts_with(
            "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; 4<3 MapRunStarted; \
             5<4 MapRunFailed; 6<5 MapStateFailed; 7<6 ExecutionFailed; 8<7 ExecutionRedriven; \
             9<4 MapRunRedriven; 10<9 MapRunFailed; 11<10 MapStateFailed; 12<11 ExecutionFailed"
        ),
        "{history}"
    );
    let redriven = |filter: &str| {
        let body = json!({"mapRunArn": run, "redriveFilter": filter});
        world.call("ListExecutions", body)["executions"].as_array().unwrap().len()
    };
    assert_eq!((redriven("REDRIVEN"), redriven("NOT_REDRIVEN")), (2, 2));
}

// SFN-SEM-58
#[test]
fn express_children_begin_anew() {
    let mut world = World::new();
    let definition = machine(&json!({"ToleratedFailureCount": 1}), "EXPRESS", &stubborn());
    let described = world.run(&definition, &json!([1, -1, -1]));
    let parent = arn(&described);
    assert_eq!(described["status"], "FAILED");
    let run = world.map_runs(parent).remove(0);
    let child = world.children(&run, Some("FAILED")).remove(0);
    let before = world.describe(arn(&child));
    assert_eq!(before["redriveStatus"], "REDRIVABLE_BY_MAP_RUN");
    assert_eq!(output(&redrive(&world, parent)), json!([[1, 0], [-1, 1], [-1, 1]]));
    let after = world.describe(arn(&child));
    assert_eq!((&after["status"], &after["redriveCount"]), (&json!("SUCCEEDED"), &json!(1)));
    assert!(after["startDate"].as_f64() > before["startDate"].as_f64(), "{after}");
    assert!(after.get("redriveDate").is_none(), "{after}");
    let told = world.map_run(&run);
    let all = json!({"succeeded": 3, "total": 3, "resultsWritten": 3});
    assert_eq!(counts(&told["itemCounts"]), all);
}

// SFN-SEM-53, SFN-SEM-57, SFN-WRITER-2: batches of a file, and results written anew.
#[test]
fn batches_and_results() {
    let mut world = World::new();
    let lines: String = (0..7).map(|number| format!("{{\"n\":{number}}}\n")).collect();
    let mut fields = reader(
        "getObject",
        json!({"Bucket": BUCKET, "Key": "items.jsonl"}),
        json!({"InputType": "JSONL"}),
    );
    fields["ItemSelector"] = json!({"n.$": "$$.Map.Item.Value.n"});
    fields["ItemBatcher"] = json!({"MaxItemsPerBatch": 3});
    fields["MaxConcurrency"] = json!(1);
    fields["ResultWriter"] = json!({
        "Resource": "arn:aws:states:::s3:putObject",
        "Parameters": {"Bucket": BUCKET, "Prefix": "out"},
    });
    let states = json!({"P": {
        "Type": "Pass", "End": true, "QueryLanguage": "JSONata",
        "Output": "{% $states.input.Items[0].n = 3 and $states.context.Execution.RedriveCount = 0 \
                   ? $error('not yet') : $states.input.Items.n %}",
    }});
    let described = world.run(&machine(&fields, "STANDARD", &states), &json!({}));
    let parent = arn(&described);
    assert_eq!(described["error"], "States.ItemReaderFailed", "{described}");
    // The object is there now: it is read for the first time.
    world.put("items.jsonl", &lines);
    assert_eq!(redrive(&world, parent)["error"], "States.ExceedToleratedFailureThreshold");
    let run = world.map_runs(parent).remove(0);
    let folder = format!("out/{}", run.rsplit(':').next().unwrap());
    let files = |world: &World| {
        let files = world.get(&format!("{folder}/manifest.json"))["ResultFiles"].clone();
        let number = |kind: &str| {
            let files = files[kind].as_array().unwrap().iter();
            let records = files.map(|file| world.get(file["Key"].as_str().unwrap()));
            records.map(|records| records.as_array().unwrap().len()).sum::<usize>()
        };
        (number("SUCCEEDED"), number("FAILED"), number("PENDING"))
    };
    assert_eq!(files(&world), (1, 1, 1));
    let told = world.map_run(&run);
    assert_eq!(
        counts(&told["itemCounts"]),
        json!({"succeeded": 3, "failed": 3, "total": 6, "resultsWritten": 6})
    );
    let described = redrive(&world, parent);
    assert_eq!(output(&described)["MapRunArn"], run.as_str());
    assert_eq!(files(&world), (3, 0, 0));
    let records = world.get(&format!("{folder}/SUCCEEDED_0.json"));
    let told: Vec<Value> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|record| json!([record["Output"], record["RedriveCount"]]))
        .collect();
    assert_eq!(json!(told), json!([["[0,1,2]", 0], ["[3,4,5]", 1], ["6", 0]]));
    let told = world.map_run(&run);
    assert_eq!(
        counts(&told["itemCounts"]),
        json!({"succeeded": 7, "total": 7, "resultsWritten": 7})
    );
}

// SFN-SEM-25, SFN-SEM-50: while it goes on.
#[test]
fn children_wait_for_their_redrive() {
    for kind in ["STANDARD", "EXPRESS"] {
        let mut world = World::new();
        let fields = json!({"MaxConcurrency": 2});
        let parent = world.start(&machine(&fields, kind, &wait(100)), &json!([1, 2, 3]));
        let run = world.map_runs(&parent).remove(0);
        let running = || world.children(&run, Some("RUNNING")).len();
        let told = || world.map_run(&run).to_string();
        world.until(|| (running() == 2).then_some(()), told);
        world.call("UpdateMapRun", json!({"mapRunArn": run, "maxConcurrency": 1}));
        // At once: its children are being ended still.
        world.call("StopExecution", json!({"executionArn": parent}));
        world.call("RedriveExecution", json!({"executionArn": parent}));
        let expected = json!({"running": 1, "pendingRedrive": 1, "pending": 1, "total": 3});
        let reached = || counts(&world.map_run(&run)["itemCounts"]) == expected;
        world.until(|| reached().then_some(()), told);
        let waiting = world.children(&run, Some("PENDING_REDRIVE"));
        assert_eq!((waiting.len(), world.children(&run, Some("ABORTED")).len()), (1, 0));
        let described = world.describe(arn(&waiting[0]));
        assert_eq!(described["status"], "PENDING_REDRIVE");
        assert_eq!(
            described["redriveStatusReason"],
            "Execution is PENDING_REDRIVE and cannot be redriven"
        );
        let told = world.map_run(&run);
        assert_eq!((&told["status"], &told["stopDate"]), (&json!("RUNNING"), &Value::Null));
        world.call("StopExecution", json!({"executionArn": parent}));
        let told = world.over(&run);
        assert_eq!(
            counts(&told["itemCounts"]),
            json!({"aborted": 2, "pending": 1, "total": 3}),
            "{told}"
        );
        assert_eq!(world.children(&run, Some("ABORTED")).len(), 2);
    }
}

// SFN-SEM-54
#[test]
fn a_child_without_room_stays_failed() {
    let mut world = World::new();
    let states = json!({
        "P": {"Type": "Choice", "Default": "End",
            "Choices": [{"Variable": "$", "NumericLessThan": 0, "Next": "Loop"}]},
        "Loop": {"Type": "Pass", "Next": "Loop"},
        "End": {"Type": "Pass", "End": true},
    });
    let described = world.run(&machine(&json!({}), "STANDARD", &states), &json!([1, -1]));
    let parent = arn(&described);
    assert_eq!(described["status"], "FAILED", "{described}");
    let run = world.map_runs(parent).remove(0);
    let left = json!({"succeeded": 1, "failed": 1, "total": 2, "failuresNotRedrivable": 1});
    assert_eq!(counts(&world.map_run(&run)["itemCounts"]), left);
    let child = world.children(&run, Some("FAILED")).remove(0);
    let told = world.describe(arn(&child));
    assert_eq!(
        (&told["redriveStatus"], &told["redriveStatusReason"]),
        (&json!("NOT_REDRIVABLE"), &json!("Execution history event limit exceeded"))
    );
    let described = redrive(&world, parent);
    assert_eq!(described["error"], "States.ExceedToleratedFailureThreshold");
    assert_eq!(counts(&world.map_run(&run)["itemCounts"]), left);
}

// SFN-SEM-49…51: in a branch, aborted with it; a run within a child of a run.
#[test]
fn runs_in_branches_and_within_runs() {
    let mut world = World::new();
    let mut inner = machine(&json!({}), "STANDARD", &stubborn()).to_string();
    inner = inner.replace("\"P\"", "\"Inner\"");
    let inner: Value = serde_json::from_str(&inner).unwrap();
    let states = json!({"P": inner["States"]["Map"]});
    let outer = machine(&json!({}), "STANDARD", &states);
    let definition = json!({"StartAt": "All", "States": {"All": {
        "Type": "Parallel", "End": true, "Branches": [outer, {
            "StartAt": "Q", "States": {"Q": {"Type": "Pass", "End": true}},
        }],
    }}});
    let described = world.run(&definition, &json!([[1, -1], [2]]));
    assert_eq!(described["status"], "FAILED");
    let parent = arn(&described);
    let runs = world.map_runs(parent);
    assert_eq!(output(&redrive(&world, parent))[0], json!([[[1, 0], [-1, 1]], [[2, 0]]]));
    assert_eq!(world.map_runs(parent), runs);
}

// SFN-SEM-106: a server that dies during a redrive redrives no child twice, and loses none.
#[test]
fn a_redrive_outlasts_its_server() {
    for kind in ["STANDARD", "EXPRESS"] {
        const NUMBER: i64 = 900;
        let mut world = World::new();
        let fields = json!({"MaxConcurrency": 20, "ToleratedFailureCount": 299});
        // Every third fails the first time; the last of them ends the run.
        let items: Vec<i64> =
            (0..NUMBER).map(|number| if number % 3 == 2 { -1 } else { number }).collect();
        let mut states = stubborn();
        states["P"]["Next"] = "W".into();
        states["P"].as_object_mut().unwrap().remove("End");
        states["W"] = json!({"Type": "Wait", "Seconds": 0, "End": true});
        let described = world.run(&machine(&fields, kind, &states), &json!(items));
        assert_eq!(described["status"], "FAILED", "{described}");
        let parent = arn(&described).to_owned();
        world.call("RedriveExecution", json!({"executionArn": parent}));
        let mut crashes = 0;
        while world.describe(&parent)["status"] == "RUNNING" && crashes < 6 {
            std::thread::sleep(std::time::Duration::from_millis(60 + 40 * crashes));
            world.crash();
            crashes += 1;
        }
        let expected: Vec<Value> =
            items.iter().map(|item| json!([item, i64::from(*item < 0)])).collect();
        assert_eq!(output(&world.closed(&parent)), json!(expected));
        let run = world.map_runs(&parent).remove(0);
        let told = world.map_run(&run);
        let all = json!({"succeeded": NUMBER, "total": NUMBER, "resultsWritten": NUMBER});
        assert_eq!(counts(&told["itemCounts"]), all);
        assert_eq!(counts(&told["executionCounts"]), all);
        println!("{kind}: {crashes} crashes");
    }
}

// SFN-DMAP-10: the same tolerance again.
#[test]
fn tolerance_is_judged_anew() {
    let mut world = World::new();
    let fields = json!({"ToleratedFailureCount": 1});
    let described = world.run(&machine(&fields, "STANDARD", &stubborn()), &json!([-1, -9, 2]));
    let parent = arn(&described);
    assert_eq!(described["error"], "States.ExceedToleratedFailureThreshold");
    let told = output(&redrive(&world, parent));
    assert_eq!((&told[0], &told[1][0], &told[2]), (&json!([-1, 1]), &json!(2), &Value::Null));
    let run = world.map_runs(parent).remove(0);
    let told = world.map_run(&run);
    assert_eq!(
        counts(&told["itemCounts"]),
        json!({"succeeded": 2, "failed": 1, "total": 3, "resultsWritten": 2})
    );
}
