//! Depth, memory, steps and panics (SFN-JA-11).

use jsonata::{
    BRIEF_STEPS, Bound, DEPTH_MAX, EVALUATION_STEPS_MAX, Expression, SEQUENCE_ITEMS_MAX, Steps,
};
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

/// The same number on every machine, however busy it is: a clock would give another.
#[test]
fn steps_are_counted() {
    let rows = [
        ("$map([1..1000], function($x){ $map([1..10], function($y){ $x + $y }) })", 201018),
        ("($f := function($n){ $n = 0 ? 0 : $f($n - 1) }; $f(10000))", 150029),
        ("($f := function($n){ $n < 2 ? 1 : $f($n-1) + $f($n-2) }; $f(15))", 29608),
        ("$count([1..100].([1..1000][$ > 500]))", 1151111),
        ("$count($sort([1..1000], function($l, $r){ ($x := $l; $x > $r) }))", 86683),
        ("$count([1..1000][$ > 500].(($ * 2)))", 13511),
    ];
    let found = rows.map(|(text, _)| (text, counted(text).1));
    assert_eq!(found, rows);
}

/// Twice for each call would be 2¹⁶ times for the innermost.
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

/// So many steps are waited for; what needs more is taken to have no end.
const WAITED_STEPS: u64 = 2_000_000;
const ENDLESS: &str = "no end";

/// An evaluation's outcome and the steps it took.
fn counted(text: &str) -> (String, u64) {
    let expression = Expression::parse(text).unwrap();
    let moment = Moment { now_ms: 1_767_225_600_123, seed: 7 };
    let states = serde_json::json!({ "input": { "deep": [[[[1, 2], 3], 4], 5], "text": "x" } });
    let (states, steps) = (Bound::from(states), Steps::default());
    let variables = [("states", &states)];
    let outcome = match expression.evaluate_briefly(&variables, &moment, (&steps, WAITED_STEPS)) {
        Some(Ok(value)) => value.to_string(),
        Some(Err(error)) => format!("error: {error}"),
        None => ENDLESS.to_owned(),
    };
    (outcome, EVALUATION_STEPS_MAX - steps.left())
}

/// Whatever an expression does without an end, it ends by its steps or by the memory of a value.
#[test]
fn hostile_expressions_end() {
    let nested = |count: usize, call: &str, data: &str| {
        format!("{}{data}{}", call.repeat(count), ")".repeat(count))
    };
    let six = {
        let open = "$map([1..40], function($v){ ".repeat(6);
        format!("{open}1{}", "})".repeat(6))
    };
    let loops = "($f := function($n){ $f(";
    let rows = [
        ("($f := function(){ $f() }; $f())".to_owned(), ENDLESS),
        (format!("{loops}$n + 1) }}; $f(1))"), ENDLESS),
        (
            "($a := function(){ $b() }; $b := function(){ $c() }; $c := function(){ $a() }; $a())"
                .to_owned(),
            ENDLESS,
        ),
        (six, ENDLESS),
        (
            "$reduce([1..800000], function($a, $i){ $a + $count($states.input.**) }, 0)".to_owned(),
            ENDLESS,
        ),
        ("$map([1..100000], function($v){ [1..10000] })".to_owned(), ENDLESS),
        (
            "[[1..800000],[1..800000],[1..800000],[1..800000],[1..800000],[1..800000],[1..800000],\
          [1..800000],[1..800000],[1..800000]] ~> $map(function($v){ $sort($v) })"
                .to_owned(),
            ENDLESS,
        ),
        (
            "($l := [1..2000]; $map([1..100000], function($v){ $l = $reverse($reverse($l)) }))"
                .to_owned(),
            ENDLESS,
        ),
        ("($l := [1..200000]; $map([1..100000], function($v){ 0 in $l }))".to_owned(), ENDLESS),
        (
            "($l := [1..200000]; $map([1..100000], function($v){ $l[-1] > 5 ? $l[$ < 0] : 1 }))"
                .to_owned(),
            ENDLESS,
        ),
        ("$sort([1..800000], function($l, $r){ $l < $r })".to_owned(), ENDLESS),
        ("[1..800000]^(>$)".to_owned(), ENDLESS),
        (
            "($t := $pad('', 1000000, 'a'); \
             $map([1..100000], function($v){ $contains($t, /(a+)+$b/) }))"
                .to_owned(),
            ENDLESS,
        ),
        (
            "($t := $pad('', 1000000, 'a'); $map([1..100000], function($v){ $uppercase($t) }))"
                .to_owned(),
            ENDLESS,
        ),
        (
            "($t := $pad('', 1000000, 'a'); $map([1..100000], function($v){ $t = $t & 'b' }))"
                .to_owned(),
            ENDLESS,
        ),
        ("$length($pad('x', 7000000))".to_owned(), LARGE),
        ("$length($pad('x', -7000000, 'ab'))".to_owned(), LARGE),
        ("($p := $pad('x', 1000000); $join([$p, $p, $p, $p, $p, $p, $p]))".to_owned(), LARGE),
        ("$join($map([1..800000], function($v){ 'abcdefghi' }))".to_owned(), ENDLESS),
        ("$string($reduce([1..40], function($a, $i){ [[$a, $a]] }, 1))".to_owned(), ENDLESS),
        ("$reduce([1..40], function($a, $i){ {'a': $a, 'b': $a} }, 1)".to_owned(), ENDLESS),
        ("$reduce([1..1000], function($a, $i){ {'a': $a} }, 1)".to_owned(), LARGE),
        (
            "$reduce([1..1000], function($a, $i){ $append(function(){ $a }, [[$a]]) }, 1)"
                .to_owned(),
            LARGE,
        ),
        ("$keys($merge($map([1..800000], function($v){ {$string($v): $v} })))".to_owned(), ENDLESS),
        ("[1..800000]{$string($): $}".to_owned(), ENDLESS),
        ("$zip([1..800000], [1..800000], [1..800000])".to_owned(), ENDLESS),
        ("($l := [1..3000]; $l.($l.($l.$)))".to_owned(), ENDLESS),
        (nested(60, "$reverse(", "[1..800000]"), ENDLESS),
        ("$formatBase(1e308, 2) & $replace($pad('', 6000000, 'x'), 'x', 'xy')".to_owned(), ENDLESS),
    ];
    for (text, said) in rows {
        let (outcome, steps) = counted(&text);
        assert_eq!(outcome.chars().take(200).collect::<String>(), said, "{text}");
        assert!(outcome == ENDLESS || steps > 0, "{text}");
    }
}

/// Functions in functions, which see each other's scopes: as many as the steps allow, and nothing
/// is too deep to be dropped.
#[test]
fn long_chains_of_scopes_are_dropped() {
    let text = "($f := $reduce([1..20000], function($prev, $i){ \
                  ($a := function(){ $x }; $w := [$a]; $x := $prev; $w) }, 1); $type($f))";
    assert_eq!(counted(text).0, "\"array\"");
    let text = "($f := $reduce([1..20000], function($f, $i){ function(){ $f } }, 1); $type($f))";
    assert_eq!(counted(text).0, "\"function\"");
}

#[test]
fn texts_of_any_shape_are_read() {
    let nests = [("(", ")"), ("[", "]"), ("{\"a\":", "}"), ("$f(", ")"), ("-", ""), ("1+", "1")];
    for (open, close) in nests {
        let text = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let told = Expression::parse(&text).unwrap_err().message;
        assert_eq!(told, "Expression nests more than 250 levels", "{open}");
    }
    for rest in
        ["[1][1]".repeat(10_000), "+1".repeat(200), ".a".repeat(20_000), "[0]".repeat(20_000)]
    {
        let _ = Expression::parse(&format!("$a{rest}"));
    }
    for piece in
        ["%.", "a.%.", "(%).", "a@$b#$c.", "$a", "^(", "|a|", "~>", "?:", "λ($x)<s", "/a[/"]
    {
        let _ = Expression::parse(&piece.repeat(20_000));
        let _ = Expression::parse(&format!("a.{}", piece.repeat(500)));
    }
}

/// A pattern needs more steps the larger it is, and one that needs more than linear time is none.
#[test]
fn patterns_are_bounded() {
    assert!(Expression::parse("$contains('a', /(?=a)/)").is_err());
    assert!(Expression::parse("$contains('a', /(a)\\1/)").is_err());
    assert!(Expression::parse("$contains('a', /((a{1,100}){1,100}){1,100}/)").is_err());
    let small = counted("$contains($pad('', 10000, 'a'), /b/)").1;
    let large = counted("$contains($pad('', 10000, 'a'), /(a{1,300}b){1,3}/)").1;
    assert!(large > 2 * small, "{small} {large}");
    // Each match looks through all of the rest.
    let far = counted("$count($match($pad('', 5000, 'a'), /a(.*b)?/))");
    assert_eq!(far.0, "5000");
    assert!(far.1 > 5_000 * 5_000 / 2 / 64, "{}", far.1);
}

/// Giving up early uses no steps.
#[test]
fn brief_evaluations_give_up() {
    let moment = Moment { now_ms: 1_767_225_600_123, seed: 7 };
    let steps = Steps::default();
    let long = Expression::parse("$sum([1..100000])").unwrap();
    assert_eq!(long.evaluate_briefly(&[], &moment, (&steps, BRIEF_STEPS)), None);
    assert_eq!(steps.left(), EVALUATION_STEPS_MAX);
    let short = Expression::parse("$sum([1..100])").unwrap();
    let found = short.evaluate_briefly(&[], &moment, (&steps, BRIEF_STEPS));
    assert_eq!(found, Some(Ok(serde_json::json!(5050))));
    assert!(steps.left() < EVALUATION_STEPS_MAX);
}
