//! Waits, retries' delays, deadlines.

use workflow::effect::{Effect, TimerKind};
use workflow::event::Event;
use workflow::execution::Status;

use crate::harness::{START_MS, World, failed, run};

fn wait(field: &str) -> String {
    format!(r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Wait", {field}, "End": true}}}}}}"#)
}

// SFN-WAIT-1…6
#[test]
fn waits_end_when_they_should() {
    let rows = [
        (r#""Seconds": 3"#, "{}", Ok(3_000)),
        (r#""Seconds": 0"#, "{}", Ok(0)),
        (r#""Timestamp": "2024-01-01T00:00:02.0005Z""#, "{}", Ok(2_001)),
        (r#""Timestamp": "2020-01-01T00:00:00Z""#, "{}", Ok(0)),
        (r#""SecondsPath": "$.s""#, r#"{"s": 4}"#, Ok(4_000)),
        (r#""SecondsPath": "$.s""#, r#"{"s": "4"}"#, Ok(4_000)),
        (r#""SecondsPath": "$$.Execution.Input.s""#, r#"{"s": 4}"#, Ok(4_000)),
        (r#""TimestampPath": "$.s""#, r#"{"s": "2024-01-01T01:00:05+01:00"}"#, Ok(5_000)),
        (
            r#""SecondsPath": "$.s""#,
            "{}",
            Err("The SecondsPath parameter does not reference an input value: $.s"),
        ),
        (
            r#""SecondsPath": "$.s""#,
            r#"{"s": -1}"#,
            Err("The SecondsPath parameter references a negative value: $.s == -1"),
        ),
        (
            r#""SecondsPath": "$.s""#,
            r#"{"s": 1.5}"#,
            Err("The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5"),
        ),
        (r#""SecondsPath": "$.s""#, r#"{"s": 2147483648}"#, Err("Wait state delay is too long.")),
        (
            r#""SecondsPath": "$.s.t""#,
            r#"{"s": {}}"#,
            Err("The SecondsPath parameter does not reference an input value: $.s.t"),
        ),
        (
            r#""SecondsPath": "$.s""#,
            r#"{"s": "x"}"#,
            Err("The SecondsPath parameter cannot be parsed as a long value: $.s == \"x\""),
        ),
        (
            r#""SecondsPath": "$.s""#,
            r#"{"s": null}"#,
            Err("The SecondsPath parameter cannot be parsed as a long value: $.s == null"),
        ),
        (
            r#""SecondsPath": "$.s""#,
            r#"{"s": [1]}"#,
            Err("The SecondsPath parameter cannot be parsed as a long value: $.s == [1]"),
        ),
        (
            r#""SecondsPath": "$.s""#,
            r#"{"s": "-1"}"#,
            Err("The SecondsPath parameter references a negative value: $.s == -1"),
        ),
        (
            r#""TimestampPath": "$.s""#,
            r#"{"s": 1}"#,
            Err("The TimestampPath parameter does not reference a valid ISO-8601 extended offset \
                 date-time format string: $.s == 1"),
        ),
        (
            r#""TimestampPath": "$.s""#,
            r#"{"s": "2024-01-01T00:00:05"}"#,
            Err("The TimestampPath parameter does not reference a valid ISO-8601 extended offset \
                 date-time format string: $.s == 2024-01-01T00:00:05"),
        ),
        (r#""TimestampPath": "$.s""#, r#"{"s": "2024-01-01T00:00:05.123456789Z"}"#, Ok(5_124)),
        (r#""TimestampPath": "$.s""#, r#"{"s": "1970-01-01T00:00:00Z"}"#, Ok(0)),
        (r#""TimestampPath": "$.s""#, r#"{"s": "2092-01-19T03:14:07Z"}"#, Ok(2_147_483_647_000)),
        (
            r#""TimestampPath": "$.s""#,
            r#"{"s": "2092-01-19T03:14:08Z"}"#,
            Err("Wait state delay is too long."),
        ),
        (
            r#""TimestampPath": "$.s""#,
            r#"{"s": "2024-01-01"}"#,
            Err("The TimestampPath parameter does not reference a valid ISO-8601 extended offset \
                 date-time format string: $.s == 2024-01-01"),
        ),
        (r#""Timestamp": "2092-01-20T00:00:00Z""#, "{}", Err("Wait state delay is too long.")),
    ];
    for (field, input, expected) in rows {
        if field.contains("$$") && asl_refuses(&wait(field)) {
            continue;
        }
        let world = run(&wait(field), input);
        match expected {
            Ok(delay_ms) => {
                assert_eq!(world.execution.head.status, Status::Succeeded, "{field} {input}");
                assert_eq!(world.now_ms - START_MS, delay_ms, "{field} {input}");
            }
            Err(told) => {
                let cause = world.execution.head.cause.unwrap();
                let prefix = "An error occurred while executing the state 'A' (entered at the \
                              event id #2). ";
                assert_eq!(cause, format!("{prefix}{told}"));
            }
        }
    }
}

fn asl_refuses(text: &str) -> bool {
    asl::parse(text, &asl::Options::default()).definition.is_none()
}

// SFN-RETRY-2, SFN-RETRY-3, SFN-RETRY-4: each retrier counts its own.
#[test]
fn retriers_count_for_themselves() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Retry": [
            {"ErrorEquals": ["X"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 3, "MaxDelaySeconds": 10},
            {"ErrorEquals": ["Y", "X"], "MaxAttempts": 1},
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}]}}}"#;
    let mut world = World::started(text, "{}");
    let mut delays = Vec::new();
    for (attempt, error) in (1..).zip(["X", "Y", "X", "X", "X"]) {
        let failed_ms = world.now_ms;
        world.feed(failed(0, attempt, error));
        if world.fire_next() {
            delays.push(world.now_ms - failed_ms);
        }
    }
    assert_eq!(delays, [2_000, 1_000, 6_000, 10_000]);
    assert_eq!(world.execution.head.error.as_deref(), Some("X"));
    assert_eq!(world.execution.head.status, Status::Failed);
}

#[test]
fn an_unmatched_error_is_not_retried() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
        "Retry": [{"ErrorEquals": ["State.ALL"]}]}}}"#;
    let mut world = World::started(text, "{}");
    world.feed(failed(0, 1, "E"));
    assert_eq!(world.execution.head.status, Status::Failed);
}

#[test]
fn jitter_comes_from_the_moment() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
        "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "Retry": [
            {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1000, "JitterStrategy": "FULL"}]}}}"#;
    let due = |seed: u64| {
        let mut world = World::started(text, "{}");
        world.seed = seed;
        let effects = world.feed(failed(0, 1, "E")).effects;
        effects.into_iter().find_map(|effect| match effect {
            Effect::SetTimer { due_ms, kind: TimerKind::Retry, .. } => Some(due_ms - START_MS),
            _ => None,
        })
    };
    assert_eq!(due(7), due(7));
    assert_ne!(due(7), due(8));
    assert!((0..100).filter_map(due).all(|delay_ms| (0..=1_000_000).contains(&delay_ms)));
}

// SFN-SEM-1: a year is the longest; without TimeoutSeconds it is the deadline.
#[test]
fn a_year_is_the_deadline() {
    for (field, seconds) in [
        ("", 31_536_000),
        (r#""TimeoutSeconds": 99999999,"#, 31_536_000),
        (r#""TimeoutSeconds": 9,"#, 9),
    ] {
        let text = format!(
            r#"{{"StartAt": "A", {field} "States": {{"A": {{"Type": "Wait", "Seconds": 9, "End": true}}}}}}"#
        );
        let world = World::started(&text, "{}");
        let due_ms = START_MS + seconds * 1000;
        let timer = Effect::SetTimer { frame: 0, kind: TimerKind::Execution, due_ms };
        assert!(world.effects.contains(&timer), "{:?}", world.effects);
    }
}

#[test]
fn a_timer_that_is_not_due_is_set_again() {
    let mut world = World::started(&wait(r#""Seconds": 9"#), "{}");
    world.now_ms += 8_999;
    let transition = world.feed(Event::Timer { frame: 0, kind: TimerKind::Wait });
    let due_ms = START_MS + 9_000;
    assert_eq!(transition.effects, [Effect::SetTimer { frame: 0, kind: TimerKind::Wait, due_ms }]);
    assert!(transition.history.is_empty());
}

// SFN-HIST-16
#[test]
fn an_endless_loop_ends_at_the_quota() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "C"}], "Default": "A"},
        "C": {"Type": "Succeed"}}}"#;
    let mut world = World::started(text, "{}");
    assert_eq!(world.history.len(), 2_001, "the budget of one step is 1,000 transitions");
    let mut steps = 1;
    while world.execution.head.status == Status::Running {
        // Checking what the harness checks on every step would take long here.
        world.feed(Event::Continue);
        steps += 1;
    }
    assert_eq!(steps, 13);
    let last = world.history.last().unwrap();
    assert_eq!((last.id, last.previous_id, last.type_name()), (25_000, 24_999, "ExecutionFailed"));
    let head = &world.execution.head;
    assert_eq!(head.error.as_deref(), Some("States.Runtime"));
    let told = "The execution reached the maximum number of history events (25000).";
    assert_eq!(head.cause.as_deref(), Some(told));
}

// A budget changes where a step ends and nothing else.
#[test]
fn small_steps_lead_to_the_same_history() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Map", "MaxConcurrency": 2, "Next": "B", "Iterator":
        {"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "Y"}, "Y": {"Type": "Wait", "Seconds": 1, "End": true}}}},
        "B": {"Type": "Pass", "End": true}}}"#;
    let whole = run(text, "[1, 2, 3]");
    let mut small = World::new(text, "[1, 2, 3]");
    small.limits.transitions_per_step_max = 1;
    small.feed(Event::Start);
    small.drive();
    assert_eq!(whole.short(), small.short());
}
