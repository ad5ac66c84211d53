//! Distributed Map: what a run is asked to do, and what its end does to the state.

use serde_json::json;
use workflow::event::Event;
use workflow::execution::{MapItem, Status};
use workflow::map_run::{Reader, Scope, Source};
use workflow::payload::Payload;

use crate::harness::World;

/// A machine with one distributed Map; `fields` are its own.
fn machine(fields: &str) -> String {
    format!(
        r#"{{"StartAt":"M","States":{{"M":{{"Type":"Map","End":true,{fields}
        "ItemProcessor":{{"ProcessorConfig":{{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}},
        "StartAt":"P","States":{{"P":{{"Type":"Pass","End":true}}}}}}}}}}}}"#
    )
}

fn reader(world: &World) -> Reader {
    match world.map_run().unwrap().source {
        Source::Reader(reader) => *reader,
        other => panic!("{other:?}"),
    }
}

fn failed(world: &World, error: &str, cause: &str) -> Event {
    let run = world.map_run().unwrap();
    let (error, cause) = (Some(error.into()), Some(cause.into()));
    Event::MapRunFailed { frame: run.frame, attempt: run.attempt, error, cause }
}

// SFN-HIST-80, SFN-HIST-139
#[test]
fn success_is_chained() {
    let mut world = World::started(&machine(""), "[1,2]");
    world.drive();
    assert_eq!(
        world.short(),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; 4<3 MapRunStarted; \
         5<4 MapRunSucceeded; 6<5 MapStateSucceeded; 7<4 MapStateExited; 8<7 ExecutionSucceeded"
    );
    assert_eq!(&**world.execution.head.output.as_ref().unwrap().text(), "[1,2]");
}

// SFN-HIST-81
#[test]
fn failure_is_chained() {
    let mut world = World::started(&machine(""), "[1,2]");
    let event = failed(&world, "States.ExceedToleratedFailureThreshold", "too many");
    world.feed(event);
    assert_eq!(
        world.short(),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; 4<3 MapRunStarted; \
         5<4 MapRunFailed; 6<5 MapStateFailed; 7<6 ExecutionFailed"
    );
    assert_eq!(world.execution.head.cause.as_deref(), Some("too many"));
}

// SFN-HIST-87
#[test]
fn a_retry_is_a_new_run() {
    let retry = r#""Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1}],"#;
    let mut world = World::started(&machine(retry), "[1]");
    let first = world.map_run().unwrap();
    let event = failed(&world, "States.ItemReaderFailed", "x");
    world.feed(event);
    assert!(world.fire_next());
    let second = world.map_run().unwrap();
    assert_ne!(first.map_run_arn, second.map_run_arn);
    assert_eq!(first.label, second.label);
    world.drive();
    assert_eq!(
        world.short(),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; 4<3 MapRunStarted; \
         5<4 MapRunFailed; 6<5 MapStateStarted; 7<6 MapRunStarted; 8<7 MapRunSucceeded; \
         9<8 MapStateSucceeded; 10<7 MapStateExited; 11<10 ExecutionSucceeded"
    );
}

// SFN-HIST-84: an end of the first run that comes after all is of no account.
#[test]
fn a_sibling_aborts_the_run() {
    let map = machine("");
    let text = format!(
        r#"{{"StartAt":"All","States":{{"All":{{"Type":"Parallel","End":true,"Branches":[{map},
        {{"StartAt":"W","States":{{"W":{{"Type":"Wait","Seconds":1,"Next":"F"}},"F":{{"Type":"Fail","Error":"E"}}}}}}]}}}}}}"#
    );
    let mut world = World::started(&text, "[1]");
    let run = world.map_run().unwrap();
    assert_eq!(run.path, ["All", "0", "M"]);
    assert!(world.fire_next());
    assert_eq!(world.execution.head.status, Status::Failed);
    let told = world.short();
    assert!(told.contains("MapRunAborted") && told.contains("MapStateAborted"), "{told}");
    let (frame, attempt) = (run.frame, run.attempt);
    let late = Event::MapRunSucceeded { frame, attempt, output: Some(Payload::empty_object()) };
    assert!(world.feed(late).history.is_empty());
}

// SFN-DMAP-12, SFN-HIST-83
#[test]
fn bad_tolerances_end_the_execution() {
    let rows = [
        ("Count", "-1", "ToleratedFailureCount cannot be negative."),
        (
            "Count",
            "\"x\"",
            "The ToleratedFailureCountPath field refers to value \"x\" which is not a valid \
             integer: $.n",
        ),
        ("Percentage", "100.1", "ToleratedFailurePercentage must be between 0 and 100."),
        (
            "Percentage",
            "\"x\"",
            "The ToleratedFailurePercentagePath field refers to value \"x\" which is not a valid \
             float: $.n",
        ),
    ];
    for (kind, value, cause) in rows {
        let fields = format!(r#""ItemsPath":"$.i","ToleratedFailure{kind}Path":"$.n","#);
        let world = World::started(&machine(&fields), &format!(r#"{{"i":[1],"n":{value}}}"#));
        let (_, said) = world.execution.head.cause.as_deref().unwrap().split_once("). ").unwrap();
        assert_eq!(said, cause);
        assert!(world.short().ends_with("3<2 MapStateStarted; 4<3 ExecutionFailed"));
    }
}

// SFN-READER-1, SFN-READER-2, SFN-DMAP-4, SFN-HIST-80: with a reader the length is 0, and nobody
// looks at ItemsPath.
#[test]
fn readers_are_resolved() {
    let fields = r#""ItemsPath":"$.not.there","ItemReader":{"Resource":"arn:aws:states:::s3:getObject",
        "Parameters":{"Bucket.$":"$.b","Key":"k"},
        "ReaderConfig":{"InputType":"CSV","CSVHeaderLocation":"GIVEN","CSVHeaders":["a","b"],
        "CSVDelimiter":"PIPE","MaxItemsPath":"$.n"}},"#;
    let world = World::started(&machine(fields), r#"{"b":"bucket","n":"-1"}"#);
    let reader = reader(&world);
    assert_eq!(reader.parameters.value(), &json!({"Key": "k", "Bucket": "bucket"}));
    assert_eq!((reader.max_items, reader.csv_delimiter), (Some(-1), Some('|')));
    assert!(world.chain().contains(r#"MapStateStarted {"length":0}"#));
}

// SFN-CTX-4, SFN-CTX-5, SFN-MAP-4
#[test]
fn items_are_selected_in_the_parents_scope() {
    let fields = r#""ItemSelector":{"a.$":"$.x","i.$":"$$.Map.Item.Index",
        "v.$":"$$.Map.Item.Value","s.$":"$$.Map.Item.Source"},"ItemsPath":"$.items","#;
    let world = World::started(&machine(fields), r#"{"x":7,"items":[1]}"#);
    let run = world.map_run().unwrap();
    assert!(run.selects);
    let mut scope = Scope::new(&world.execution, run.frame);
    let item = MapItem { index: 4, value: Payload::parse("\"v\"").unwrap(), key: None };
    let moment = moment::Moment { now_ms: 0, seed: 0 };
    let input =
        scope.item_input(&world.definition, &world.limits, moment, &item, "s3://b/k").unwrap();
    assert_eq!(input.value(), &json!({"a": 7, "i": 4, "v": "v", "s": "s3://b/k"}));
}

/// The machine is redriven, and its run ends well.
fn redriven(world: &mut World) -> String {
    world.now_ms += 60_000;
    world.feed(Event::Redrive);
    let run = world.map_run().unwrap();
    let (frame, attempt) = (run.frame, run.attempt);
    let output = Some(Payload::from_value(json!([7])));
    world.feed(Event::MapRunSucceeded { frame, attempt, output });
    world.short()
}

// SFN-SEM-50, SFN-HIST-85, SFN-HIST-98
#[test]
fn a_redrive_goes_on_with_the_run() {
    let mut world = World::started(&machine(""), "[1,2]");
    let event = failed(&world, "States.ExceedToleratedFailureThreshold", "too many");
    world.feed(event);
    assert_eq!(
        redriven(&mut world),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; 4<3 MapRunStarted; \
         5<4 MapRunFailed; 6<5 MapStateFailed; 7<6 ExecutionFailed; 8<7 ExecutionRedriven; \
         9<4 MapRunRedriven; 10<9 MapRunSucceeded; 11<10 MapStateSucceeded; 12<9 MapStateExited; \
         13<12 ExecutionSucceeded"
    );
    assert!(world.chain().contains(r#""redriveCount":1"#), "{}", world.chain());
    assert_eq!(&**world.execution.head.output.as_ref().unwrap().text(), "[7]");
}

// SFN-SEM-50: also one that was aborted with the execution, twice.
#[test]
fn a_stopped_run_is_redriven() {
    let mut world = World::started(&machine(""), "[1,2]");
    for _ in 0..2 {
        world.feed(Event::Stop { error: None, cause: None });
        world.feed(Event::Redrive);
    }
    let told = world.short();
    assert!(told.ends_with(
        "5<0 ExecutionAborted; 6<5 ExecutionRedriven; 7<4 MapRunRedriven; 8<0 ExecutionAborted; \
         9<8 ExecutionRedriven; 10<4 MapRunRedriven"
    ), "{told}");
}

// semantics.md section 5: what failed after the run succeeded is done again without it.
#[test]
fn what_came_after_the_run_is_done_again() {
    let selector = r#""ResultSelector":{"x.$":"$.none"},"#;
    let mut world = World::started(&machine(selector), "[1]");
    world.drive();
    assert_eq!(world.execution.head.status, Status::Failed);
    world.feed(Event::Redrive);
    assert_eq!(world.execution.head.status, Status::Failed);
    let told = world.short();
    assert!(
        told.ends_with("7<6 ExecutionFailed; 8<7 ExecutionRedriven; 9<4 ExecutionFailed"),
        "{told}"
    );
}

// SFN-SEM-56
#[test]
fn redrives_of_a_run_have_a_limit() {
    let mut world = World::started(&machine(""), "[1]");
    world.limits.history_events_max = 1_000_000;
    for _ in 0..1_000 {
        world.feed(Event::Stop { error: None, cause: None });
        world.feed(Event::Redrive);
    }
    assert_eq!(world.execution.head.status, Status::Running);
    world.feed(Event::Stop { error: None, cause: None });
    world.feed(Event::Redrive);
    assert_eq!(world.execution.head.error.as_deref(), Some("States.Runtime"));
}
