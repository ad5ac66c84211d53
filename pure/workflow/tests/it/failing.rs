//! Catchers, and what they make of errors.

use workflow::event::Event;

use crate::harness::{World, failed, leased, run};

fn lambda(catch: &str) -> String {
    format!(
        r#"{{"StartAt": "A", "States": {{
            "A": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
                "TimeoutSeconds": 9, "Catch": [{catch}], "OutputPath": "$.no", "End": true}},
            "B": {{"Type": "Pass", "End": true}}}}}}"#
    )
}

fn output(world: &World) -> String {
    let head = &world.execution.head;
    head.output.as_ref().map_or(format!("{head:?}"), |output| output.text().to_string())
}

// SFN-CATCH-1, SFN-CATCH-2, SFN-ERRN-1
#[test]
fn catchers_output() {
    let all = r#"{"ErrorEquals": ["States.ALL"], "Next": "B""#;
    let rows = [
        (format!("{all}}}"), r#"{"Error":"E","Cause":"because"}"#),
        (
            format!(r#"{all}, "ResultPath": "$.e"}}"#),
            r#"{"in":1,"e":{"Error":"E","Cause":"because"}}"#,
        ),
        (format!(r#"{all}, "ResultPath": null}}"#), r#"{"in": 1}"#),
        (
            format!(r#"{{"ErrorEquals": ["X"], "Next": "A"}}, {all}, "ResultPath": null}}"#),
            r#"{"in": 1}"#,
        ),
        (
            r#"{"ErrorEquals": ["States.TaskFailed"], "Next": "B", "Assign": {"v.$": "$.Error"}}"#
                .into(),
            r#"{"Error":"E","Cause":"because"}"#,
        ),
    ];
    for (catch, expected) in rows {
        let mut world = World::started(&lambda(&catch), r#"{"in": 1}"#);
        world.feed(failed(0, 1, "E"));
        assert_eq!(output(&world), expected, "{catch}");
    }
}

// SFN-INT-37, SFN-INT-142, SFN-TASK-3
#[test]
fn timeouts_and_silence() {
    let text = lambda(r#"{"ErrorEquals": ["States.Timeout"], "Next": "B"}"#);
    let mut world = World::started(&text, "{}");
    world.fire_next();
    assert_eq!(output(&world), r#"{"Error":"States.Timeout","Cause":""}"#);
    let text = lambda(r#"{"ErrorEquals": ["States.TaskFailed"], "Next": "B"}"#);
    let mut world = World::started(&text, "{}");
    world.fire_next();
    assert_eq!(world.execution.head.error.as_deref(), Some("States.Timeout"));
    let mut world = World::started(&text, "{}");
    world.feed(Event::TaskFailed { frame: 0, attempt: 1, error: None, cause: None });
    assert_eq!(output(&world), r#"{"Error":null,"Cause":null}"#);
}

#[test]
fn a_missed_heartbeat_has_its_own_name() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "HeartbeatSeconds": 5,
        "Resource": "arn:aws:states:us-east-1:111111111111:activity:a", "End": true,
        "Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "B"}]},
        "B": {"Type": "Pass", "End": true}}}"#;
    let mut world = World::started(text, "{}");
    world.feed(leased(0, 1));
    world.fire_next();
    assert_eq!(output(&world), r#"{"Error":"States.Timeout","Cause":""}"#);
}

// SFN-PAR-2: the branch's own error, not States.BranchFailed.
#[test]
fn a_branch_error_is_the_states() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true,
        "Branches": [{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}}],
        "Catch": [{"ErrorEquals": ["States.BranchFailed"], "Next": "B"},
            {"ErrorEquals": ["E"], "Next": "B", "ResultPath": "$.e"}]},
        "B": {"Type": "Pass", "End": true}}}"#;
    assert_eq!(output(&run(text, "{}")), r#"{"e":{"Error":"E","Cause":"c"}}"#);
}

// SFN-ERRN-2: a state's output over the limit is documented as not caught by States.ALL.
#[test]
fn too_long_outputs() {
    let branches = r#"[{"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}},
        {"StartAt": "Y", "States": {"Y": {"Type": "Pass", "End": true}}}]"#;
    let text = |name: &str| {
        format!(
            r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Parallel", "Branches": {branches}, "End": true,
                "Catch": [{{"ErrorEquals": ["{name}"], "Next": "B"}}]}}, "B": {{"Type": "Succeed"}}}}}}"#
        )
    };
    let input = format!("\"{}\"", "x".repeat(150_000));
    let world = run(&text("States.ALL"), &input);
    assert_eq!(world.execution.head.error.as_deref(), Some("States.DataLimitExceeded"));
    assert!(world.short().contains("ParallelStateSucceeded"), "{}", world.short());
    let world = run(&text("States.DataLimitExceeded"), &input);
    assert!(
        output(&world)
            .starts_with(r#"{"Error":"States.DataLimitExceeded","Cause":"The state/task 'A'"#)
    );
}

// SFN-CATCH-3: it fails once more, and no catcher takes that.
#[test]
fn a_catcher_that_fails() {
    let catch = r#"{"ErrorEquals": ["States.ALL"], "Next": "B", "Assign": {"v.$": "$.no"}}"#;
    let mut world = World::started(&lambda(catch), "{}");
    world.feed(failed(0, 1, "E"));
    assert_eq!(world.execution.head.error.as_deref(), Some("States.Runtime"));
    assert!(world.short().ends_with("5<4 LambdaFunctionFailed; 6<5 ExecutionFailed"));
}
