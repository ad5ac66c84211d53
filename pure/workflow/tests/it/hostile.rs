//! Events at random: nothing panics, what must hold holds, equal inputs give equal results.

use proptest::prelude::*;
use workflow::effect::TimerKind;
use workflow::event::Event;
use workflow::execution::Status;

use crate::harness::{World, failed, leased, submitted, succeeded};

/// Everything that can wait, in one machine.
const BUSY: &str = r#"{"StartAt": "P", "States": {
    "P": {"Type": "Parallel", "Next": "Again", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Again"}],
      "Retry": [{"ErrorEquals": ["X"], "MaxAttempts": 1, "JitterStrategy": "FULL"}],
      "Branches": [
        {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": true,
            "Retry": [{"ErrorEquals": ["Y"], "MaxAttempts": 1}],
            "ItemProcessor": {"StartAt": "T", "States": {
                "T": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                    "TimeoutSeconds": 60, "HeartbeatSeconds": 5, "End": true,
                    "Parameters": {"QueueUrl": "q", "MessageBody.$": "States.UUID()"},
                    "Retry": [{"ErrorEquals": ["States.Timeout"], "MaxAttempts": 2}]}}}}}},
        {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3, "Next": "Act"},
            "Act": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:a",
                "HeartbeatSeconds": 7, "Assign": {"v.$": "$"}, "Next": "Q"},
            "Q": {"Type": "Pass", "Parameters": {"v.$": "$v"}, "End": true}}},
        {"StartAt": "L", "States": {"L": {"Type": "Task", "TimeoutSeconds": 4, "End": true,
            "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
            "Retry": [{"ErrorEquals": ["States.ALL"]}]}}}]},
    "Again": {"Type": "Pass", "Result": {"items": [1, 2]}, "Next": "More"},
    "More": {"Type": "Choice", "Default": "P",
        "Choices": [{"Variable": "$.enough", "IsPresent": true, "Next": "Done"}]},
    "Done": {"Type": "Succeed"}}}"#;

#[derive(Clone, Debug)]
enum Move {
    Feed(Event),
    Fire,
    Pass(i64),
}

fn moves() -> impl Strategy<Value = Move> {
    let errors = prop_oneof![Just("X"), Just("Y"), Just("Z"), Just("States.Runtime")];
    let task = (0u32..14, 1u32..4, 0u8..8, errors).prop_map(|(frame, attempt, kind, error)| {
        let error_text = Some(error.to_owned());
        match kind {
            0 | 1 => succeeded(frame, attempt, r#"{"items": [1, 2, 3]}"#),
            2 => failed(frame, attempt, if error == "States.Runtime" { "Z" } else { error }),
            3 => submitted(frame, attempt),
            4 => leased(frame, attempt),
            5 => Event::Heartbeat { frame, attempt },
            6 => Event::OutcomeLost { frame, attempt },
            _ => Event::CallbackFailed { frame, attempt, error: error_text, cause: None },
        }
    });
    let kinds = prop_oneof![
        Just(TimerKind::Wait),
        Just(TimerKind::Retry),
        Just(TimerKind::Timeout),
        Just(TimerKind::Heartbeat)
    ];
    let timer = (0u32..14, kinds).prop_map(|(frame, kind)| Event::Timer { frame, kind });
    prop_oneof![
        12 => task.prop_map(Move::Feed),
        2 => timer.prop_map(Move::Feed),
        3 => Just(Move::Fire),
        3 => (0i64..9_000).prop_map(Move::Pass),
        1 => Just(Move::Feed(Event::Continue)),
        1 => Just(Move::Feed(Event::Stop { error: None, cause: None })),
        4 => Just(Move::Feed(Event::Redrive)),
    ]
}

fn play(moves: &[Move], budget: usize, seed: u64) -> World {
    let mut world = World::new(BUSY, r#"{"items": [1, 2, 3, 4]}"#);
    world.limits.transitions_per_step_max = budget;
    world.limits.history_events_max = 150;
    world.seed = seed;
    world.feed(Event::Start);
    for one in moves {
        match one {
            Move::Feed(event) => {
                world.feed(event.clone());
            }
            Move::Fire => {
                world.fire_next();
            }
            Move::Pass(ms) => world.now_ms += ms,
        }
    }
    world
}

proptest! {
    // The harness checks after every transition.
    #[test]
    fn random_events_break_nothing(
        moves in prop::collection::vec(moves(), 0..120),
        budget in prop_oneof![Just(1usize), Just(2), Just(1000)],
        seed: u64,
    ) {
        let mut one = play(&moves, budget, seed);
        let two = play(&moves, budget, seed);
        prop_assert_eq!(&one.history, &two.history);
        prop_assert_eq!(&one.effects, &two.effects);
        prop_assert_eq!(&one.execution, &two.execution);
        if one.execution.head.status == Status::Running {
            one.feed(Event::Stop { error: None, cause: None });
        }
        prop_assert!(one.execution.waiting().is_empty());
        // Stored and read back, an execution is the same.
        let stored = serde_json::to_string(&two.execution.frames).unwrap();
        prop_assert_eq!(&two.execution.frames, &serde_json::from_str(&stored).unwrap());
        let stored = serde_json::to_string(&two.execution.head).unwrap();
        prop_assert_eq!(&two.execution.head, &serde_json::from_str(&stored).unwrap());
    }
}
