//! Cases by chance: definitions of every kind of state in both query languages, with an input and
//! what happens around them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// What is run.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// Decides what functions and workers answer, and when.
    pub(super) answers: u64,
    /// Whether the definition as a whole is in JSONata.
    pub(super) jsonata: bool,
    pub(super) nodes: Vec<Node>,
    pub(super) input: (u8, u8),
    pub(super) timeout: Option<u8>,
    /// Transitions in one turn.
    pub(super) turn: usize,
    /// When somebody stops it.
    pub(super) stop: Option<u8>,
    pub(super) redrives: u64,
    /// How long the server is away after a crash.
    pub(super) downtime: u8,
    /// Whether the families are brought up to date on the way.
    pub(super) flushes: bool,
}

/// A state, or a few that belong together.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Pass { jsonata: bool, form: u8 },
    Task(Box<Task>),
    Wait { jsonata: bool, form: u8, seconds: u8 },
    Choice { jsonata: bool, rules: Vec<Rule>, otherwise: Vec<Node> },
    Parallel { jsonata: bool, branches: Vec<Vec<Node>>, rescue: Rescue },
    Map { jsonata: bool, items: u8, concurrency: u8, body: Vec<Node>, rescue: Rescue },
    Loop { times: u8, body: Vec<Node> },
    Fail { jsonata: bool },
    Succeed,
}

/// Of a Choice: its condition, whether it assigns, and what it leads to.
pub(super) type Rule = (u8, bool, Vec<Node>);

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) jsonata: bool,
    pub(super) kind: Kind,
    pub(super) assigns: bool,
    pub(super) timeout: Option<u8>,
    pub(super) heartbeat: bool,
    pub(super) rescue: Rescue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    Invoke,
    Callback,
    Activity,
    /// An execution of another machine, waited for.
    Child,
}

/// Retry and Catch.
#[derive(Clone, Debug)]
pub(super) struct Rescue {
    pub(super) retry: Option<Retry>,
    pub(super) catch: Option<Vec<Node>>,
}

#[derive(Clone, Debug)]
pub(super) struct Retry {
    pub(super) errors: u8,
    pub(super) interval: u8,
    pub(super) max: u8,
    pub(super) doubles: bool,
}

const DEPTH: u32 = 2;

pub(super) fn case() -> impl Strategy<Value = Case> {
    let around = (
        option::weighted(0.15, 3..20u8),
        prop_oneof![4 => Just(1_000usize), 1 => Just(1), 1 => Just(2), 1 => Just(5)],
        option::weighted(0.15, 0..12u8),
        prop_oneof![2 => Just(0u64), 1 => Just(1), 1 => Just(2)],
        prop_oneof![3 => Just(0u8), 1 => 1..40u8],
        prop::bool::weighted(0.3),
    );
    let what = (any::<u64>(), prop::bool::weighted(0.25), nodes(DEPTH, 4), (0..10u8, 0..4u8));
    (what, around).prop_map(
        |((answers, jsonata, nodes, input), (timeout, turn, stop, redrives, downtime, flushes))| {
            Case {
                answers,
                jsonata,
                nodes,
                input,
                timeout,
                turn,
                stop,
                redrives,
                downtime,
                flushes,
            }
        },
    )
}

fn nodes(depth: u32, max: usize) -> BoxedStrategy<Vec<Node>> {
    vec(node(depth), 1..=max).boxed()
}

fn node(depth: u32) -> BoxedStrategy<Node> {
    let pass = (any::<bool>(), 0..5u8).prop_map(|(jsonata, form)| Node::Pass { jsonata, form });
    let wait = (any::<bool>(), 0..3u8, 0..6u8).prop_map(|(jsonata, form, seconds)| Node::Wait {
        jsonata,
        form,
        seconds,
    });
    let task = task(depth).prop_map(|task| Node::Task(Box::new(task)));
    if depth == 0 {
        return prop_oneof![2 => pass, 1 => wait, 5 => task].boxed();
    }
    let inner = depth - 1;
    let choice = (any::<bool>(), vec((0..5u8, any::<bool>(), rule(inner)), 1..3), nodes(inner, 2))
        .prop_map(|(jsonata, rules, otherwise)| Node::Choice { jsonata, rules, otherwise });
    let parallel = (any::<bool>(), vec(nodes(inner, 2), 1..4), rescue(inner))
        .prop_map(|(jsonata, branches, rescue)| Node::Parallel { jsonata, branches, rescue });
    let map = (any::<bool>(), 0..4u8, 0..3u8, nodes(inner, 2), rescue(inner)).prop_map(
        |(jsonata, items, concurrency, body, rescue)| Node::Map {
            jsonata,
            items,
            concurrency,
            body,
            rescue,
        },
    );
    let again = (1..3u8, nodes(inner, 2)).prop_map(|(times, body)| Node::Loop { times, body });
    prop_oneof![
        2 => pass,
        2 => wait,
        5 => task,
        2 => choice,
        2 => parallel,
        2 => map,
        1 => again,
    ]
    .boxed()
}

/// What a rule of a Choice leads to; the only place where everything may end.
fn rule(depth: u32) -> BoxedStrategy<Vec<Node>> {
    let fail = any::<bool>().prop_map(|jsonata| vec![Node::Fail { jsonata }]);
    prop_oneof![5 => nodes(depth, 2), 1 => fail, 1 => Just(vec![Node::Succeed])].boxed()
}

fn task(depth: u32) -> impl Strategy<Value = Task> {
    let kind = prop_oneof![
        Just(Kind::Function),
        Just(Kind::Invoke),
        Just(Kind::Callback),
        Just(Kind::Activity),
        Just(Kind::Child)
    ];
    let timeout = option::weighted(0.3, 2..6u8);
    (any::<bool>(), kind, any::<bool>(), timeout, prop::bool::weighted(0.2), rescue(depth))
        .prop_map(|(jsonata, kind, assigns, timeout, heartbeat, rescue)| Task {
            jsonata,
            kind,
            assigns,
            timeout,
            heartbeat: heartbeat && matches!(kind, Kind::Callback | Kind::Activity),
            rescue,
        })
}

fn rescue(depth: u32) -> impl Strategy<Value = Rescue> {
    let retry = (0..5u8, 1..4u8, 0..3u8, any::<bool>())
        .prop_map(|(errors, interval, max, doubles)| Retry { errors, interval, max, doubles });
    let handler = match depth {
        0 => vec((any::<bool>(), 0..4u8), 1..2)
            .prop_map(|passes| {
                let pass = |(jsonata, form)| Node::Pass { jsonata, form };
                passes.into_iter().map(pass).collect()
            })
            .boxed(),
        _ => nodes(0, 1),
    };
    (option::weighted(0.5, retry), option::weighted(0.4, handler))
        .prop_map(|(retry, catch)| Rescue { retry, catch })
}
