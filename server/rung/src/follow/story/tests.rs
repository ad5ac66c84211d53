//! Recorded shapes of histories, and the lines they become.

use serde_json::json;

use super::*;

/// Tells a history and gives its lines, without colour.
fn check(events: Value) -> (Vec<String>, Story) {
    let mut story = Story::default();
    let lines = events
        .as_array()
        .expect("a list")
        .iter()
        .map(|value| Event::read(value).expect("an event"))
        .flat_map(|event| story.tell(event))
        .map(|line| {
            let plain = console::strip_ansi_codes(&line).into_owned();
            plain.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    (lines, story)
}

fn event(id: u64, previous: u64, at: f64, kind: &str, details: Value) -> Value {
    json!({
        "id": id, "previousEventId": previous, "timestamp": at, "type": kind,
        "someEventDetails": details
    })
}

// SFN-HIST-39
#[test]
fn a_retry_is_told_once() {
    let failure = json!({"error": "Busy", "cause": "{\"errorMessage\":\"no answer\"}"});
    let (lines, story) = check(json!([
        event(1, 0, 100.0, "ExecutionStarted", json!({})),
        event(2, 0, 100.0, "TaskStateEntered", json!({"name": "Charge"})),
        event(3, 2, 100.0, "TaskScheduled", json!({})),
        event(4, 3, 100.0, "TaskStarted", json!({})),
        event(5, 4, 100.2, "TaskFailed", failure),
        event(6, 5, 101.2, "TaskScheduled", json!({})),
        event(7, 6, 101.2, "TaskStarted", json!({})),
        event(8, 7, 101.3, "TaskSucceeded", json!({})),
        event(9, 8, 101.3, "TaskStateExited", json!({"name": "Charge"})),
        event(10, 9, 101.3, "ExecutionSucceeded", json!({"output": "1"})),
    ]));
    assert_eq!(lines, ["↻ Charge attempt 1 failed: Busy: no answer", "✓ Charge 1.3 s 2 attempts"]);
    assert!(story.retried("Charge"));
    assert_eq!(story.ending(), Some(&Ending::Succeeded { output: Some("1".to_owned()) }));
    assert_eq!(text::duration(story.length()), "1.3 s");
}

// SFN-HIST-71
#[test]
fn iterations_of_equal_names_are_told_apart() {
    let (lines, _) = check(json!([
        event(1, 0, 0.0, "ExecutionStarted", json!({})),
        event(2, 0, 0.0, "MapStateEntered", json!({"name": "Lines"})),
        event(3, 2, 0.0, "MapStateStarted", json!({"length": 2})),
        event(4, 3, 0.0, "MapIterationStarted", json!({"name": "Lines", "index": 0})),
        event(5, 4, 0.0, "PassStateEntered", json!({"name": "Line"})),
        event(6, 3, 0.0, "MapIterationStarted", json!({"name": "Lines", "index": 1})),
        event(7, 6, 0.0, "PassStateEntered", json!({"name": "Line"})),
        event(8, 7, 0.1, "PassStateExited", json!({"name": "Line"})),
        event(9, 8, 0.1, "MapIterationSucceeded", json!({"name": "Lines", "index": 1})),
        event(10, 5, 0.3, "PassStateExited", json!({"name": "Line"})),
        event(11, 10, 0.3, "MapIterationSucceeded", json!({"name": "Lines", "index": 0})),
        event(12, 11, 0.3, "MapStateSucceeded", json!({})),
        event(13, 11, 0.3, "MapStateExited", json!({"name": "Lines"})),
        event(14, 13, 0.3, "ExecutionSucceeded", json!({})),
    ]));
    assert_eq!(
        lines,
        ["✓ Lines[1] / Line 100 ms", "✓ Lines[0] / Line 300 ms", "✓ Lines 300 ms 2 items"]
    );
}

// SFN-HIST-40, SFN-HIST-63
#[test]
fn a_caught_branch_ends_what_it_cut_off() {
    let (lines, story) = check(json!([
        event(1, 0, 0.0, "ExecutionStarted", json!({})),
        event(2, 0, 0.0, "ParallelStateEntered", json!({"name": "Both"})),
        event(3, 2, 0.0, "ParallelStateStarted", json!({})),
        event(4, 3, 0.0, "TaskStateEntered", json!({"name": "Pack"})),
        event(5, 4, 0.0, "ActivityScheduled", json!({})),
        event(6, 3, 0.0, "TaskStateEntered", json!({"name": "Mail"})),
        event(7, 6, 0.0, "LambdaFunctionScheduled", json!({})),
        event(8, 7, 0.5, "LambdaFunctionFailed", json!({"error": "Bounced"})),
        event(9, 8, 0.5, "TaskStateAborted", json!({})),
        event(10, 8, 0.5, "TaskStateAborted", json!({})),
        event(11, 8, 0.5, "ParallelStateFailed", json!({})),
        event(12, 11, 0.5, "ParallelStateExited", json!({"name": "Both"})),
        event(13, 12, 0.5, "PassStateEntered", json!({"name": "Sorry"})),
    ]));
    assert_eq!(lines, ["✗ Both / Mail 500 ms Bounced", "! Both 500 ms caught Bounced"]);
    assert_eq!(story.waiting(0.7), "Sorry runs (200 ms)");
}

#[test]
fn the_failing_state_has_error_and_cause() {
    let failure = json!({"error": "CardDeclined", "cause": "no money"});
    let (lines, story) = check(json!([
        event(1, 0, 0.0, "ExecutionStarted", json!({})),
        event(2, 0, 0.0, "TaskStateEntered", json!({"name": "Charge"})),
        event(3, 2, 0.0, "TaskScheduled", json!({})),
        event(4, 3, 0.0, "TaskStarted", json!({})),
        event(5, 4, 0.2, "TaskFailed", failure.clone()),
        event(6, 5, 0.2, "ExecutionFailed", failure),
    ]));
    assert_eq!(lines, ["✗ Charge 200 ms CardDeclined: no money"]);
    assert_eq!(story.ending().map(Ending::status), Some("FAILED"));
}

// SFN-HIST-138
#[test]
fn a_parallel_that_is_tried_again() {
    let (lines, story) = check(json!([
        event(1, 0, 0.0, "ExecutionStarted", json!({})),
        event(2, 0, 0.0, "ParallelStateEntered", json!({"name": "P"})),
        event(3, 2, 0.0, "ParallelStateStarted", json!({})),
        event(4, 3, 0.0, "FailStateEntered", json!({"name": "F"})),
        event(5, 4, 1.0, "ParallelStateStarted", json!({})),
        event(6, 5, 1.0, "FailStateEntered", json!({"name": "F"})),
        event(7, 6, 1.0, "ParallelStateFailed", json!({})),
        event(8, 7, 1.0, "ExecutionFailed", json!({"error": "E"})),
    ]));
    assert_eq!(lines, ["✗ P / F 1.0 s failed", "✗ P / F 0 ms failed", "✗ P 1.0 s E"]);
    assert!(story.retried("P"));
}

#[test]
fn an_answer_is_a_story() {
    let answer = json!({
        "status": "FAILED", "error": "E", "cause": "c", "startDate": 1.0, "stopDate": 1.5
    });
    let story = Story::of_answer(&answer);
    assert_eq!(story.ending().map(Ending::status), Some("FAILED"));
    assert_eq!(story.length(), Duration::from_millis(500));
}

// SFN-HIST-13
#[test]
fn an_abort_ends_without_a_failing_state() {
    let (lines, story) = check(json!([
        event(1, 0, 0.0, "ExecutionStarted", json!({})),
        event(2, 0, 0.0, "WaitStateEntered", json!({"name": "Sleep"})),
        event(3, 0, 2.0, "ExecutionAborted", json!({})),
    ]));
    assert!(lines.is_empty());
    assert_eq!(story.ending().map(Ending::status), Some("ABORTED"));
}

#[test]
fn waiting_says_for_what() {
    let (_, story) = check(json!([
        event(1, 0, 0.0, "ExecutionStarted", json!({})),
        event(2, 0, 0.0, "TaskStateEntered", json!({"name": "Ask"})),
        event(3, 2, 0.0, "TaskScheduled", json!({})),
        event(4, 3, 0.0, "TaskStarted", json!({})),
        event(5, 4, 0.0, "TaskSubmitted", json!({"resource": "invoke.waitForTaskToken"})),
    ]));
    assert_eq!(story.waiting(90.0), "Ask waits for its task token (1 min 30 s)");
}
