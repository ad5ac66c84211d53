//! Depth, memory, steps and panics (SFN-JA-11).

use jsonata::{DEPTH_MAX, Expression, SEQUENCE_ITEMS_MAX, Steps};
use moment::Moment;

use crate::evaluate::outcome;

const DEEP: &str = "error: threw an error during evaluation: Stack overflow error: Check for \
                    non-terminating recursive function.  Consider rewriting as tail-recursive. \
                    Depth=101 max=100";
const LARGE: &str =
    "error: threw an error during evaluation: Expression evaluation memory limit exceeded";

#[test]
fn depth() {
    let terms = |count: usize| outcome(&vec!["1"; count].join("+"), 1);
    assert_eq!(terms(DEPTH_MAX), "100");
    assert_eq!(terms(DEPTH_MAX + 1), DEEP);
    let nested = |count: usize| outcome(&("(".repeat(count) + "1" + &")".repeat(count)), 1);
    assert_eq!(nested(DEPTH_MAX - 1), "1");
    assert_eq!(nested(DEPTH_MAX), DEEP);
    let recursive = |count: usize| {
        outcome(&format!("($f := function($n){{ $n = 0 ? 0 : 1 + $f($n - 1) }}; $f({count}))"), 1)
    };
    assert_eq!(recursive(31), "31");
    assert_eq!(recursive(32), DEEP);
    assert_eq!(outcome("($f := function($n){ 1 + $f($n) }; $f(1))", 1), DEEP);
}

#[test]
fn tail_calls_need_no_depth() {
    let text = "($f := function($n){ $n = 0 ? 'done' : $f($n - 1) }; $f(10000))";
    assert_eq!(outcome(text, 1), "\"done\"");
}

#[test]
fn steps_end_what_would_not_end() {
    let said = "error: threw an error during evaluation: Expression evaluation timeout: 5000ms. \
                Check for infinite loop";
    for text in [
        "($f := function($n){ $f($n + 1) }; $f(1))",
        "($f := function(){ $f() }; $f())",
        "($a := function(){ $b() }; $b := function(){ $a() }; $a())",
        "$count([1..800000][$ in [1..800000]])",
        "($f := function($n){ $n < 1 ? 1 : $f($n-1) + $f($n-1) + $f($n-1) }; $f(20))",
    ] {
        assert_eq!(outcome(text, 1), said, "{text}");
    }
}

/// How many evaluations the steps of one suffice for.
fn evaluations(text: &str) -> usize {
    let expression = Expression::parse(text).unwrap();
    let moment = Moment { now_ms: 1_767_225_600_123, seed: 7 };
    let steps = Steps::default();
    let ends = || expression.evaluate(&[], &moment, &steps).is_err();
    std::iter::repeat_with(ends).take(1_000).position(|ended| ended).unwrap_or(1_000)
}

/// The same number on every machine, however busy it is: a clock would give another.
#[test]
fn steps_are_counted() {
    let rows = [
        ("$map([1..1000], function($x){ $map([1..100], function($y){ $x + $y }) })", 11),
        ("($f := function($n){ $n = 0 ? 0 : $f($n - 1) }; $f(100000))", 13),
        ("($f := function($n){ $n < 2 ? 1 : $f($n-1) + $f($n-2) }; $f(20))", 60),
        ("$count([1..1000].([1..1000][$ > 500]))", 1),
        ("$count($sort([1..1000], function($l, $r){ ($x := $l; $x > $r) }))", 230),
        // Nothing in it can run away.
        ("$count([1..1000][$ > 500].(($ * 2)))", 1_000),
    ];
    let found = rows.map(|(text, _)| (text, evaluations(text)));
    assert_eq!(found, rows);
}

/// The evaluator would evaluate the innermost array 2¹⁶ times.
#[test]
fn arguments_are_evaluated_once() {
    let text = format!("{}[1..3]{}", "$map(".repeat(16), ", function($x){ $x + 1 })".repeat(16));
    assert_eq!(outcome(&text, 1), "[17,18,19]");
    assert_eq!(outcome("[1..3] ~> $map(function($x){ $x + 1 })", 1), "[2,3,4]");
    assert_eq!(
        outcome("$filter([1..9], function($x){ $x > 3 }) ~> $map(function($x){ $x })[0]", 1),
        "4"
    );
}

#[test]
fn memory() {
    assert_eq!(SEQUENCE_ITEMS_MAX, 873_782);
    assert_eq!(outcome("$count([1..873782])", 1), "873782");
    for text in [
        "$count([1..873783])",
        "[1..20000000]",
        // 22 doublings are 2^22 characters, 23 exceed the bound.
        "$length($reduce([1..23], function($a, $i){ $a & $a }, 'x'))",
        "$length($reduce([1..60], function($a, $i){ $a & $a }, 'x'))",
        "$length($reduce([1..60], function($a, $i){ $join([$a, $a]) }, 'x'))",
        "$length($reduce([1..60], function($a, $i){ $replace($a, 'x', 'xx') }, 'x'))",
        "$length($string($reduce([1..60], function($a, $i){ [[$a, $a]] }, 'x')))",
        "$reduce([1..60], function($a, $i){ [[$a, $a]] }, 'x')",
        "$count($reduce([1..60], function($a, $i){ $append($a, $a) }, [1, 2]))",
        "$reduce([1..1000], function($a, $i){ [[$a]] }, 'x')",
        "$pad('x', 1e12)",
        "$pad('x', -1e12)",
        "($f := function($a){ $f($a & $a) }; $f('x'))",
    ] {
        assert_eq!(outcome(text, 1), LARGE, "{text}");
    }
    let doublings = "$length($reduce([1..22], function($a, $i){ $a & $a }, 'x'))";
    assert_eq!(outcome(doublings, 1), (1 << 22).to_string());
}

#[test]
fn doublings_without_functions() {
    let mut text = "($a0 := $states.input.text;".to_owned();
    for step in 0..40 {
        text.push_str(&format!("$a{} := $a{step} & $a{step};", step + 1));
    }
    assert_eq!(outcome(&(text + "$a40)"), 1), LARGE);
}

/// The evaluator's known panics are an internal error and nothing worse.
#[test]
fn no_panic_gets_out() {
    for text in
        ["$parseInteger('١٢٣', '###١')", "$fromMillis(0, '[F,D]')", "$fromMillis(0, '[FNn,1-]')"]
    {
        let outcome = outcome(text, 1);
        assert!(!outcome.is_empty(), "{text}");
    }
}

#[test]
fn distinct_of_many_and_of_the_deep() {
    assert_eq!(outcome("$count($distinct($append([1..20000], [1..20000])))", 1), "20000");
    let mixed = "$distinct([1, '1', true, null, 1, {'a': 1, 'b': 2}, {'b': 2, 'a': 1}, [1], [1]])";
    assert_eq!(outcome(mixed, 1), "[1,\"1\",true,null,{\"a\":1,\"b\":2},[1]]");
    let deep = "$reduce([1..200], function($a, $i){ [[$a]] }, 'x')";
    assert_eq!(outcome(&format!("$count($distinct([{deep}, 1, {deep}]))"), 1), "2");
}
