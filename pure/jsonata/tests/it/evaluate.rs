//! Results and errors (SFN-JA-1 to SFN-JA-13, SFN-VEC-11, SFN-VEC-20).

use expect_test::{Expect, expect};
use jsonata::{Bound, Expression, Steps};
use moment::Moment;
use serde_json::json;

pub(crate) fn outcome(text: &str, seed: u64) -> String {
    let states = json!({
        "input": {
            "n": 1.5, "big": 12345678901234567_u64, "huge": 18446744073709551615_u64, "nil": null,
            "one": [1], "empty": [], "list": [{ "a": 1 }, { "a": 2 }],
            "text": "x", "nested": { "a": { "b": true } },
            "parse": "[1, 2, \"HelloWorld\"]"
        }
    });
    let (states, tally) = (Bound::from(states), Bound::from(json!(3)));
    let variables: [(&str, &Bound<'_>); 2] = [("states", &states), ("tally", &tally)];
    let moment = Moment { now_ms: 1_767_225_600_123, seed };
    match Expression::parse(text) {
        Err(error) => format!("parse: {error}"),
        Ok(expression) => match expression.evaluate(&variables, &moment, &Steps::default()) {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {error}"),
        },
    }
}

fn check(texts: &[&str], expected: Expect) {
    let lines = texts.iter().map(|text| format!("{text} => {}\n", outcome(text, 7)));
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn values() {
    check(
        &[
            "1 + 1",
            "$states.input.n * 2",
            "$states.input.nested.a.b",
            "$states.input.one",
            "$states.input.empty",
            "$states.input.list",
            "$states.input.list.a",
            "$states.input.list[0].a",
            "$states.input.nil",
            "{'v': $states.input.nil, 'w': $states.input.no}",
            "[$states.input.no, null]",
            "$count(null)",
            "$type(null)",
            "$tally + 1",
            "$tally",
            "$sum($states.input.list.a)",
            "{'a': 1, 'b': [1..3]}",
            "'a' & 1 & null & true & $states.input.list",
            "$states.input.text ~> $uppercase",
            "$map($states.input.list, function($v, $i){ $v.a * $i })",
            "0.1 + 0.2",
            "1e20",
            "1e21",
            "$string(1e21)",
            "$string(1e20)",
            "-0",
            "10 / 4",
            "$states.input.big",
            "{'id': $states.input.big, 'huge': [$states.input.huge]}",
            "$states.input.big + 1",
            "1/0",
            "[-1/0, {'k': 0/0}]",
            "$parseInteger('abc', '0')",
            "[$x := 1, $x + 1]",
            "[1.0, 2, $states.input.n] ~> $map(function($v){ $v })[]",
            "$string($states.input.big)",
        ],
        expect![[r#"
            1 + 1 => 2
            $states.input.n * 2 => 3
            $states.input.nested.a.b => true
            $states.input.one => [1]
            $states.input.empty => []
            $states.input.list => [{"a":1},{"a":2}]
            $states.input.list.a => [1,2]
            $states.input.list[0].a => 1
            $states.input.nil => null
            {'v': $states.input.nil, 'w': $states.input.no} => {"v":null}
            [$states.input.no, null] => [null]
            $count(null) => 1
            $type(null) => "null"
            $tally + 1 => 4
            $tally => 3
            $sum($states.input.list.a) => 3
            {'a': 1, 'b': [1..3]} => {"a":1,"b":[1,2,3]}
            'a' & 1 & null & true & $states.input.list => "a1nulltrue[{\"a\":1},{\"a\":2}]"
            $states.input.text ~> $uppercase => "X"
            $map($states.input.list, function($v, $i){ $v.a * $i }) => [0,2]
            0.1 + 0.2 => 0.30000000000000004
            1e20 => 1e+20
            1e21 => 1e+21
            $string(1e21) => "1e+21"
            $string(1e20) => "100000000000000000000"
            -0 => 0
            10 / 4 => 2.5
            $states.input.big => 12345678901234567
            {'id': $states.input.big, 'huge': [$states.input.huge]} => {"id":12345678901234567,"huge":[18446744073709551615]}
            $states.input.big + 1 => 12345678901234568
            1/0 => "Infinity"
            [-1/0, {'k': 0/0}] => ["-Infinity",{"k":"NaN"}]
            $parseInteger('abc', '0') => "NaN"
            [$x := 1, $x + 1] => [1,2]
            [1.0, 2, $states.input.n] ~> $map(function($v){ $v })[] => [1,2,1.5]
            $string($states.input.big) => "12345678901234567"
        "#]],
    );
}

// SFN-JA-5
#[test]
fn no_values() {
    check(
        &[
            "$states.input.no",
            "$states.input.no.deeper",
            "$states.input.text.deeper",
            "$unknown",
            "$",
            "a",
            "$sum",
            "/a/",
            "function($x){$x}",
            "$fn := function($x){$x}",
            "[1, function($x){$x}]",
            "{'f': $sum}",
        ],
        expect![[r#"
            $states.input.no => error: returned nothing (undefined)
            $states.input.no.deeper => error: returned nothing (undefined)
            $states.input.text.deeper => error: returned nothing (undefined)
            $unknown => error: returned nothing (undefined)
            $ => error: returned nothing (undefined)
            a => error: returned nothing (undefined)
            $sum => error: returned an unsupported result type
            /a/ => error: returned an unsupported result type
            function($x){$x} => error: returned an unsupported result type
            $fn := function($x){$x} => error: returned an unsupported result type
            [1, function($x){$x}] => error: returned an unsupported result type
            {'f': $sum} => error: returned an unsupported result type
        "#]],
    );
}

// SFN-JA-8
#[test]
fn messages() {
    check(
        &[
            "\"a\" + 1",
            "1 - 'a'",
            "$nofn(1)",
            "$randomSeeded('x')",
            "$eval('1')",
            "($e := $eval; $e('1'))",
            "$map(['1'], $eval)",
            "$abs('x')",
            "$abs($length('abc') & '')",
            "$sum(['a'])",
            "$join([1])",
            "$length(1)",
            "$substring()",
            "$substring('a', 'b')",
            "$map([1], 1)",
            "sum([1])",
            "$f(?)",
            "1 ~> 2",
            "[1..'a']",
            "1 < 'a'",
            "true < 1",
            "-'a'",
            "{1: 2}",
            "{'a': 1, 'a': 2}",
            "$error('boom')",
            "$error('X: boom')",
            "$error()",
            "$assert(false, 'no')",
            "$number('x')",
            "$sqrt(-1)",
            "$formatBase(1, 100)",
            "$formatNumber(1, 'x')",
            "$single([1, 2])",
            "$sort([1, 'a'])",
            "$fromMillis(0, '[q]')",
            "$fromMillis(0, '[Y')",
            "$toMillis('x')",
            "$replace('a', '', 'b')",
            "[{'a':1},{'a':'x'}]^(a)",
        ],
        expect![[r#"
            "a" + 1 => error: threw an error during evaluation. T2001: The left side of the "+" operator must evaluate to a number
            1 - 'a' => error: threw an error during evaluation. T2002: The right side of the "-" operator must evaluate to a number
            $nofn(1) => error: threw an error during evaluation. T1006: Attempted to invoke a non-function
            $randomSeeded('x') => error: threw an error during evaluation. T1006: Attempted to invoke a non-function
            $eval('1') => error: threw an error during evaluation. T1006: Attempted to invoke a non-function
            ($e := $eval; $e('1')) => error: threw an error during evaluation. T1006: Attempted to invoke a non-function
            $map(['1'], $eval) => error: threw an error during evaluation. T1006: Attempted to invoke a non-function
            $abs('x') => error: threw an error during evaluation. T0410: Argument 1 of function "abs" does not match function signature
            $abs($length('abc') & '') => error: threw an error during evaluation. T0410: Argument 1 of function "abs" does not match function signature
            $sum(['a']) => error: threw an error during evaluation. T0412: Argument 1 of function "sum" must be an array of "numbers"
            $join([1]) => error: threw an error during evaluation. T0412: Argument 1 of function "join" must be an array of "strings"
            $length(1) => error: threw an error during evaluation. T0410: Argument 1 of function "length" does not match function signature
            $substring() => error: threw an error during evaluation. T0410: Argument 1 of function "substring" does not match function signature
            $substring('a', 'b') => error: threw an error during evaluation. T0410: Argument 2 of function "substring" does not match function signature
            $map([1], 1) => error: threw an error during evaluation. T0410: Argument 2 of function "map" does not match function signature
            sum([1]) => error: threw an error during evaluation. T1005: Attempted to invoke a non-function. Did you mean $sum?
            $f(?) => error: threw an error during evaluation. T1008: Attempted to partially apply a non-function
            1 ~> 2 => error: threw an error during evaluation. T2006: The right side of the function application operator ~> must be a function
            [1..'a'] => error: threw an error during evaluation. T2004: The right side of the range operator (..) must evaluate to an integer
            1 < 'a' => error: threw an error during evaluation. T2009: The values 1 and "a" either side of operator "<" must be of the same data type
            true < 1 => error: threw an error during evaluation. T2010: The expressions either side of operator "<" must evaluate to numeric or string values
            -'a' => error: threw an error during evaluation. D1002: Cannot negate a non-numeric value: "a"
            {1: 2} => error: threw an error during evaluation. T1003: Key in object structure must evaluate to a string; got: 1
            {'a': 1, 'a': 2} => error: threw an error during evaluation. D1009: Multiple key definitions evaluate to same key: "a"
            $error('boom') => error: threw an error during evaluation. D3137: boom
            $error('X: boom') => error: threw an error during evaluation. D3137: X: boom
            $error() => error: threw an error during evaluation. D3137: $error() function evaluated
            $assert(false, 'no') => error: threw an error during evaluation. D3141: no
            $number('x') => error: threw an error during evaluation. D3030: Unable to cast value to a number: "x"
            $sqrt(-1) => error: threw an error during evaluation. D3060: The sqrt function cannot be applied to a negative number: -1
            $formatBase(1, 100) => error: threw an error during evaluation. D3100: The radix of the formatBase function must be between 2 and 36.  It was given 100
            $formatNumber(1, 'x') => error: threw an error during evaluation. D3086: The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character
            $single([1, 2]) => error: threw an error during evaluation. D3138: The $single() function expected exactly 1 matching result.  Instead it matched more.
            $sort([1, 'a']) => error: threw an error during evaluation. D3070: The single argument form of the sort function can only be applied to an array of strings or an array of numbers.  Use the second argument to specify a comparison function
            $fromMillis(0, '[q]') => error: threw an error during evaluation. D3132: Unknown component specifier "q" in date/time picture string
            $fromMillis(0, '[Y') => error: threw an error during evaluation. D3135: No matching closing bracket ']' in date/time picture string
            $toMillis('x') => error: threw an error during evaluation. D3110: The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "x"
            $replace('a', '', 'b') => error: threw an error during evaluation. D3010: Second argument of replace function cannot be an empty string
            [{'a':1},{'a':'x'}]^(a) => error: threw an error during evaluation. T2007: Type mismatch when comparing values 1 and "x" in order-by clause
        "#]],
    );
}

// SFN-JA-10, SFN-VEC-11, SFN-VEC-20
#[test]
fn added_functions() {
    check(
        &[
            "$partition([0], 1)",
            "$partition([0,1,2], 2)",
            "$partition([0,1,2], 2.9)",
            "$partition([0,1], 5)",
            "$partition([0,1], 1e300)",
            "$partition([0,1], 0)",
            "$partition([0,1], -1)",
            "$partition([], 2)",
            "$partition([0,1])",
            "$partition([0,1], 'a')",
            "$range(0, 9, 3)",
            "$range(0, 10, 3)",
            "$range(1, 9, 9)",
            "$range(1, 9, 2)",
            "$range(5, 1, -2)",
            "$range(-1.7, 2, 1)",
            "$range(1, 9)",
            "$range(1, 9, 0)",
            "$range(1, 9, -1)",
            "$count($range(1, 360145, 1))",
            "$count($range(1, 360146, 1))",
            "$range('a', 1, 1)",
            "$hash('input data', 'MD5')",
            "$hash('input data', 'SHA-1')",
            "$hash('input data', 'SHA-256')",
            "$hash('input data', 'SHA-384') & $hash('input data', 'SHA-512')",
            "$hash({'a':1}, 'MD5')",
            "$hash('input data')",
            "$hash('input data', 'md5')",
            "$map(['input data'], function($v){ $hash($v, 'MD5') })",
            "'input data' ~> $hash('MD5')",
            "$parse('-0')",
            "$parse('1.1')",
            "$parse($states.input.parse)",
            "$parse('{\"a\": [1, null]}')",
            "$parse('{')",
            "$parse(1)",
            "$parse($states.input.no)",
        ],
        expect![[r#"
            $partition([0], 1) => [[0]]
            $partition([0,1,2], 2) => [[0,1],[2]]
            $partition([0,1,2], 2.9) => [[0,1],[2]]
            $partition([0,1], 5) => [[0,1]]
            $partition([0,1], 1e300) => [[0,1]]
            $partition([0,1], 0) => error: returned nothing (undefined)
            $partition([0,1], -1) => error: returned nothing (undefined)
            $partition([], 2) => error: returned nothing (undefined)
            $partition([0,1]) => error: returned nothing (undefined)
            $partition([0,1], 'a') => error: threw an error during evaluation. T0410: Argument 2 of function "partition" does not match function signature
            $range(0, 9, 3) => [0,3,6,9]
            $range(0, 10, 3) => [0,3,6,9]
            $range(1, 9, 9) => 1
            $range(1, 9, 2) => [1,3,5,7,9]
            $range(5, 1, -2) => [5,3,1]
            $range(-1.7, 2, 1) => [-1,0,1,2]
            $range(1, 9) => error: returned nothing (undefined)
            $range(1, 9, 0) => error: returned nothing (undefined)
            $range(1, 9, -1) => error: returned nothing (undefined)
            $count($range(1, 360145, 1)) => 360145
            $count($range(1, 360146, 1)) => error: threw an error during evaluation: Expression evaluation memory limit exceeded
            $range('a', 1, 1) => error: threw an error during evaluation. T0410: Argument 1 of function "range" does not match function signature
            $hash('input data', 'MD5') => "812f45842bc6d66ee14572ce20db8e86"
            $hash('input data', 'SHA-1') => "aaff4a450a104cd177d28d18d74485e8cae074b7"
            $hash('input data', 'SHA-256') => "b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"
            $hash('input data', 'SHA-384') & $hash('input data', 'SHA-512') => "d28a7d5cf25a74f11a50a18452b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a155626ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4"
            $hash({'a':1}, 'MD5') => "bb6cb5c68df4652941caf652a366f2d8"
            $hash('input data') => error: returned nothing (undefined)
            $hash('input data', 'md5') => error: threw an error during evaluation. T0410: Argument 2 of function "hash" does not match function signature
            $map(['input data'], function($v){ $hash($v, 'MD5') }) => "812f45842bc6d66ee14572ce20db8e86"
            'input data' ~> $hash('MD5') => "812f45842bc6d66ee14572ce20db8e86"
            $parse('-0') => 0
            $parse('1.1') => 1.1
            $parse($states.input.parse) => [1,2,"HelloWorld"]
            $parse('{"a": [1, null]}') => {"a":[1,null]}
            $parse('{') => error: threw an error during evaluation: Unable to parse JSON: EOF while parsing an object at line 1 column 1
            $parse(1) => error: threw an error during evaluation. T0410: Argument 1 of function "parse" does not match function signature
            $parse($states.input.no) => error: returned nothing (undefined)
        "#]],
    );
}

#[test]
fn time_comes_from_the_moment() {
    check(
        &[
            "$now()",
            "$millis()",
            "$now('[Y0001]/[M01]/[D01]')",
            "$now('[H01]:[m01]', '+0200')",
            "($n := $now; $n())",
            "$fromMillis($toMillis('13:45', '[H]:[m]'))",
            "'13:45' ~> $toMillis('[H]:[m]') ~> $fromMillis()",
            "$fromMillis($toMillis('05-06', '[M]-[D]'))",
            "$fromMillis($toMillis('06', '[D]'))",
            "$fromMillis($toMillis('2020-01-02', '[Y]-[M]-[D]'))",
            "$toMillis('2020-01-02')",
            "$toMillis($states.input.no, '[Y]')",
        ],
        expect![[r#"
            $now() => "2026-01-01T00:00:00.123Z"
            $millis() => 1767225600123
            $now('[Y0001]/[M01]/[D01]') => "2026/01/01"
            $now('[H01]:[m01]', '+0200') => "02:00"
            ($n := $now; $n()) => "2026-01-01T00:00:00.123Z"
            $fromMillis($toMillis('13:45', '[H]:[m]')) => "2026-01-01T13:45:00.000Z"
            '13:45' ~> $toMillis('[H]:[m]') ~> $fromMillis() => "2026-01-01T13:45:00.000Z"
            $fromMillis($toMillis('05-06', '[M]-[D]')) => "2026-05-06T00:00:00.000Z"
            $fromMillis($toMillis('06', '[D]')) => "2026-01-06T00:00:00.000Z"
            $fromMillis($toMillis('2020-01-02', '[Y]-[M]-[D]')) => "2020-01-02T00:00:00.000Z"
            $toMillis('2020-01-02') => 1577923200000
            $toMillis($states.input.no, '[Y]') => error: returned nothing (undefined)
        "#]],
    );
}

#[test]
fn chance_comes_from_the_moment() {
    for text in ["$random()", "$uuid()", "$shuffle([1..50])", "[$random(), $random()]"] {
        assert_eq!(outcome(text, 1), outcome(text, 1), "{text}");
        assert_ne!(outcome(text, 1), outcome(text, 2), "{text}");
    }
    assert_eq!(outcome("$random(5)", 1), outcome("$random(5)", 2));
    assert_ne!(outcome("$random(5)", 1), outcome("$random(6)", 1));
    assert_eq!(outcome("$random() = $random()", 1), "false");
    assert_eq!(outcome("$uuid() = $uuid()", 1), "false");
    assert_eq!(outcome("$length($uuid())", 1), "36");
    assert_eq!(outcome("$sort($shuffle([1..9])) = [1..9]", 1), "true");
    assert_eq!(outcome("$random() >= 0 and $random() < 1", 1), "true");
}

/// The short cut for plain paths must not be seen: a block around a path takes the long way.
#[test]
fn plain_paths_give_what_the_evaluator_gives() {
    for path in [
        "$states",
        "$states.input",
        "$states.input.one",
        "$states.input.empty",
        "$states.input.list",
        "$states.input.list.a",
        "$states.input.no",
        "$states.input.nil.x",
        "$states.input.text.x",
        "$states.input.nested.a",
        "$unknown.a",
        "$states.input.big",
        "$states.input.n",
    ] {
        assert_eq!(outcome(path, 1), outcome(&format!("({path})"), 1), "{path}");
    }
}
