//! Depth, memory, time and panics (SFN-JA-11).

use jsonata::{DEPTH_MAX, EVALUATION_MS_MAX, SEQUENCE_ITEMS_MAX};

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
fn time() {
    let endless = "($f := function($n){ $f($n + 1) }; $f(1))";
    let said = format!(
        "error: threw an error during evaluation: Expression evaluation timeout: \
         {EVALUATION_MS_MAX}ms. Check for infinite loop"
    );
    assert_eq!(outcome(endless, 1), said);
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
