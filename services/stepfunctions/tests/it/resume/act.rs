//! Sequences of operations by chance, as requests.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::HEAD;

/// One thing that clients do, or time that passes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    Create { machine: u8, definition: u8, publish: bool },
    Update { machine: u8, definition: Option<u8>, role: Option<u8>, publish: bool },
    Publish { machine: u8, described: bool, stale: bool },
    DeleteVersion { machine: u8, version: u64 },
    CreateAlias { machine: u8, alias: u8, routes: Routes },
    UpdateAlias { machine: u8, alias: u8, routes: Option<Routes>, described: bool },
    DeleteAlias { machine: u8, alias: u8 },
    Start { machine: u8, target: Target, name: Option<u8>, number: u8 },
    Stop { execution: u8 },
    Redrive { execution: u8, token: bool },
    Tag { machine: u8, key: u8, value: u8 },
    Untag { machine: u8, key: u8 },
    DeleteMachine { machine: u8 },
    UpdateMapRun { execution: u8, concurrency: u8 },
    Pass { seconds: i64 },
}

impl Act {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Act::Create { .. } => "create",
            Act::Update { .. } => "update",
            Act::Publish { .. } => "publish",
            Act::DeleteVersion { .. } => "delete version",
            Act::CreateAlias { .. } => "create alias",
            Act::UpdateAlias { .. } => "update alias",
            Act::DeleteAlias { .. } => "delete alias",
            Act::Start { .. } => "start",
            Act::Stop { .. } => "stop",
            Act::Redrive { .. } => "redrive",
            Act::Tag { .. } => "tag",
            Act::Untag { .. } => "untag",
            Act::DeleteMachine { .. } => "delete machine",
            Act::UpdateMapRun { .. } => "update map run",
            Act::Pass { .. } => "pass",
        }
    }
}

/// Which versions an alias leads to, with weights.
pub(super) type Routes = Vec<(u64, u64)>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    Machine,
    Version(u64),
    Alias(u8),
}

/// Instead of an execution's number: the last one.
pub(super) const LAST: u8 = u8::MAX;

/// The execution of a number among those that were started.
pub(super) fn pick<T>(executions: &[T], at: u8) -> Option<&T> {
    match at {
        LAST => executions.last(),
        at => executions.get(usize::from(at)),
    }
}

/// Definitions that there are.
pub(super) const DEFINITIONS: u8 = 6;
/// The one whose executions are map runs.
pub(super) const MAP: u8 = 5;

pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    // It begins with something to work on.
    let begin = (some_definition(), any::<bool>()).prop_map(|(definition, publish)| Act::Create {
        machine: 0,
        definition,
        publish,
    });
    let rest = vec(prop_oneof![5 => act().prop_map(|act| vec![act]), 2 => together()], 6..16);
    (begin, rest).prop_map(|(begin, rest)| std::iter::once(begin).chain(rest.concat()).collect())
}

/// Those that fail and those that take long come more often: more can be done to them.
fn some_definition() -> impl Strategy<Value = u8> {
    prop_oneof![1 => 0..DEFINITIONS, 2 => Just(1u8), 2 => Just(2), 1 => Just(4), 2 => Just(MAP)]
}

/// Acts that lead somewhere only one after the other.
fn together() -> impl Strategy<Value = Vec<Act>> {
    let start = |target| Act::Start { machine: 0, target, name: None, number: 0 };
    let redrive = |(execution, token)| Act::Redrive { execution, token };
    prop_oneof![
        3 => any::<bool>().prop_map(move |token| vec![
            start(Target::Machine),
            Act::Stop { execution: LAST },
            redrive((LAST, token)),
        ]),
        3 => any::<bool>().prop_map(move |token| vec![
            Act::Update { machine: 0, definition: Some(1), role: None, publish: false },
            start(Target::Machine),
            Act::Pass { seconds: 31 },
            redrive((LAST, token)),
        ]),
        3 => (0..2u8, 1..3u64).prop_map(move |(alias, version)| vec![
            Act::Publish { machine: 0, described: true, stale: false },
            Act::CreateAlias { machine: 0, alias, routes: vec![(version, 100)] },
            start(Target::Alias(alias)),
        ]),
        2 => (some_definition(), 0..2u8).prop_map(move |(definition, role)| vec![
            start(Target::Machine),
            Act::Update {
                machine: 0,
                definition: Some(definition),
                role: Some(role),
                publish: true,
            },
            start(Target::Version(1)),
        ]),
        2 => (1..5u8, 1..40i64).prop_map(move |(concurrency, seconds)| vec![
            Act::Update { machine: 0, definition: Some(MAP), role: None, publish: false },
            start(Target::Machine),
            Act::UpdateMapRun { execution: LAST, concurrency },
            Act::Pass { seconds },
            Act::Stop { execution: LAST },
            redrive((LAST, true)),
        ]),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let machine = || prop_oneof![8 => Just(0u8), 1 => Just(1)];
    let version = || prop_oneof![3 => Just(1u64), 2 => Just(2), 1 => Just(3)];
    let routes = move || {
        prop_oneof![
            3 => version().prop_map(|version| vec![(version, 100)]),
            1 => Just(vec![(1, 100), (2, 0)]),
            1 => Just(vec![(1, 30), (2, 70)]),
        ]
    };
    let target = prop_oneof![
        4 => Just(Target::Machine),
        2 => version().prop_map(Target::Version),
        3 => (0..2u8).prop_map(Target::Alias),
    ];
    let create = (machine(), some_definition(), any::<bool>())
        .prop_map(|(machine, definition, publish)| Act::Create { machine, definition, publish });
    let update = (machine(), option::of(some_definition()), option::of(0..2u8), any::<bool>());
    let update = update.prop_map(|(machine, definition, role, publish)| Act::Update {
        machine,
        definition,
        role,
        publish,
    });
    let publish = (machine(), any::<bool>(), prop::bool::weighted(0.2))
        .prop_map(|(machine, described, stale)| Act::Publish { machine, described, stale });
    let start = (machine(), target, option::of(0..3u8), 0..2u8)
        .prop_map(|(machine, target, name, number)| Act::Start { machine, target, name, number });
    let alias = (machine(), 0..2u8, routes())
        .prop_map(|(machine, alias, routes)| Act::CreateAlias { machine, alias, routes });
    let realias = (machine(), 0..2u8, option::of(routes()), any::<bool>()).prop_map(
        |(machine, alias, routes, described)| Act::UpdateAlias {
            machine,
            alias,
            described: described || routes.is_none(),
            routes,
        },
    );
    let tag = (machine(), 0..3u8, 0..3u8).prop_map(|(machine, key, value)| Act::Tag {
        machine,
        key,
        value,
    });
    prop_oneof![
        2 => create,
        3 => update,
        3 => publish,
        2 => (machine(), version())
            .prop_map(|(machine, version)| Act::DeleteVersion { machine, version }),
        3 => alias,
        2 => realias,
        1 => (machine(), 0..2u8).prop_map(|(machine, alias)| Act::DeleteAlias { machine, alias }),
        8 => start,
        3 => (0..3u8).prop_map(|execution| Act::Stop { execution }),
        6 => (0..3u8, any::<bool>())
            .prop_map(|(execution, token)| Act::Redrive { execution, token }),
        1 => tag,
        1 => (machine(), 0..3u8).prop_map(|(machine, key)| Act::Untag { machine, key }),
        1 => machine().prop_map(|machine| Act::DeleteMachine { machine }),
        2 => (0..3u8, 0..5u8).prop_map(|(execution, concurrency)| Act::UpdateMapRun {
            execution,
            concurrency,
        }),
        5 => prop_oneof![Just(1i64), Just(31), Just(31), Just(65)]
            .prop_map(|seconds| Act::Pass { seconds }),
    ]
}

pub(super) fn machine_arn(machine: u8) -> String {
    format!("{HEAD}stateMachine:M{machine}")
}

pub(super) fn role_arn(role: u8) -> String {
    format!("arn:aws:iam::000000000000:role/r{role}")
}

/// How long the first state of a definition waits.
pub(super) fn waits_ms(definition: u8) -> i64 {
    match definition {
        0 | 1 | MAP => 30_000,
        2 => 60_000,
        _ => 0,
    }
}

/// Whether its executions fail.
pub(super) fn fails(definition: u8) -> bool {
    matches!(definition, 1 | 4)
}

pub(super) fn definition_text(definition: u8) -> String {
    let end = match fails(definition) {
        true => json!({ "Type": "Fail", "Error": "E", "Cause": definition.to_string() }),
        false => json!({ "Type": "Pass", "Result": { "d": definition }, "End": true }),
    };
    let wait = json!({ "Type": "Wait", "Seconds": waits_ms(definition) / 1_000, "Next": "End" });
    let machine = match definition {
        MAP => json!({ "StartAt": "Each", "States": { "End": end, "Each": { "Type": "Map",
            "ItemsPath": "$.items", "MaxConcurrency": 1, "ToleratedFailureCount": 1,
            "Next": "End", "ItemProcessor": {
                "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                "StartAt": "Wait", "States": { "Wait": { "Type": "Wait",
                    "Seconds": waits_ms(MAP) / 1_000, "End": true } } } } } }),
        _ if waits_ms(definition) == 0 => json!({ "StartAt": "End", "States": { "End": end } }),
        _ => json!({ "StartAt": "Wait", "States": { "Wait": wait, "End": end } }),
    };
    machine.to_string()
}

pub(super) fn input_text(number: u8) -> String {
    json!({ "i": number, "items": [1, 2] }).to_string()
}

fn routing(machine: u8, routes: &Routes) -> Value {
    let route = |(version, weight): &(u64, u64)| {
        json!({ "stateMachineVersionArn": format!("{}:{version}", machine_arn(machine)),
            "weight": weight })
    };
    routes.iter().map(route).collect()
}

/// The request of an act; `number` is its place in the sequence. `executions` are the ARNs of
/// those that were started. `None` when there is nothing to ask for.
pub(super) fn request(
    act: &Act,
    number: usize,
    executions: &[String],
    map_run: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, Value)> {
    let execution = |at: &u8| pick(executions, *at).cloned();
    let alias_arn = |machine: &u8, alias: &u8| format!("{}:alias{alias}", machine_arn(*machine));
    Some(match act {
        Act::Pass { .. } => return None,
        Act::Create { machine, definition, publish } => (
            "CreateStateMachine",
            json!({ "name": format!("M{machine}"), "definition": definition_text(*definition),
                "roleArn": role_arn(0), "publish": publish }),
        ),
        Act::Update { machine, definition, role, publish } => {
            let mut body = json!({ "stateMachineArn": machine_arn(*machine), "publish": publish });
            if let Some(definition) = definition {
                body["definition"] = definition_text(*definition).into();
            }
            if let Some(role) = role {
                body["roleArn"] = role_arn(*role).into();
            }
            ("UpdateStateMachine", body)
        }
        Act::Publish { machine, described, stale } => {
            let mut body = json!({ "stateMachineArn": machine_arn(*machine) });
            if *described {
                body["description"] = format!("version of {number}").into();
            }
            if *stale {
                body["revisionId"] = "00000000-0000-4000-8000-000000000000".into();
            }
            ("PublishStateMachineVersion", body)
        }
        Act::DeleteVersion { machine, version } => {
            let arn = format!("{}:{version}", machine_arn(*machine));
            ("DeleteStateMachineVersion", json!({ "stateMachineVersionArn": arn }))
        }
        Act::CreateAlias { machine, alias, routes } => (
            "CreateStateMachineAlias",
            json!({ "name": format!("alias{alias}"),
                "routingConfiguration": routing(*machine, routes) }),
        ),
        Act::UpdateAlias { machine, alias, routes, described } => {
            let mut body = json!({ "stateMachineAliasArn": alias_arn(machine, alias) });
            if let Some(routes) = routes {
                body["routingConfiguration"] = routing(*machine, routes);
            }
            if *described {
                body["description"] = format!("alias of {number}").into();
            }
            ("UpdateStateMachineAlias", body)
        }
        Act::DeleteAlias { machine, alias } => (
            "DeleteStateMachineAlias",
            json!({ "stateMachineAliasArn": alias_arn(machine, alias) }),
        ),
        Act::Start { machine, target, name, number } => {
            let arn = match target {
                Target::Machine => machine_arn(*machine),
                Target::Version(version) => format!("{}:{version}", machine_arn(*machine)),
                Target::Alias(alias) => alias_arn(machine, alias),
            };
            let mut body = json!({ "stateMachineArn": arn, "input": input_text(*number) });
            if let Some(name) = name {
                body["name"] = format!("e{name}").into();
            }
            ("StartExecution", body)
        }
        Act::Stop { execution: at } => {
            ("StopExecution", json!({ "executionArn": execution(at)?, "error": "Stopped" }))
        }
        Act::Redrive { execution: at, token } => {
            let mut body = json!({ "executionArn": execution(at)? });
            if *token {
                body["clientToken"] = format!("token-{number}").into();
            }
            ("RedriveExecution", body)
        }
        Act::Tag { machine, key, value } => (
            "TagResource",
            json!({ "resourceArn": machine_arn(*machine),
                "tags": [{ "key": format!("k{key}"), "value": format!("v{value}") }] }),
        ),
        Act::Untag { machine, key } => (
            "UntagResource",
            json!({ "resourceArn": machine_arn(*machine), "tagKeys": [format!("k{key}")] }),
        ),
        Act::DeleteMachine { machine } => {
            ("DeleteStateMachine", json!({ "stateMachineArn": machine_arn(*machine) }))
        }
        Act::UpdateMapRun { execution: at, concurrency } => {
            let run = map_run(&execution(at)?)?;
            ("UpdateMapRun", json!({ "mapRunArn": run, "maxConcurrency": concurrency }))
        }
    })
}

/// Whether the same request twice is the same as once, answer included, as long as what it is about
/// `stays`.
pub(super) fn may_repeat(act: &Act, stays: bool) -> bool {
    match act {
        Act::Start { name, .. } => name.is_some() && stays,
        Act::Stop { .. } => stays,
        Act::Redrive { token, .. } => *token,
        Act::UpdateAlias { .. } | Act::Pass { .. } => false,
        _ => true,
    }
}
