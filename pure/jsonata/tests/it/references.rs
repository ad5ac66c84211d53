//! What expressions refer to (SFN-JA-20, SFN-JA-21, SFN-VALID-6).

use expect_test::{Expect, expect};
use jsonata::{Expression, Reference};

fn check(texts: &[&str], expected: Expect) {
    let lines = texts.iter().map(|text| {
        let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found = expression.references().into_iter().map(|reference| match reference {
            Reference::Variable(name) => format!(" ${name}"),
            Reference::Root => " $$".to_owned(),
            Reference::TopLevel(name) => format!(" bare:{name}"),
            Reference::States(member) => format!(" states:{member}"),
        });
        format!("{text} =>{}\n", found.collect::<String>())
    });
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn references() {
    check(
        &[
            "1 + 2",
            "$x",
            "$x.a.b[c = $y]",
            "$",
            "$$",
            "$$.a",
            "$states",
            "$states.input.a",
            "$states.result & $states.errorOutput.Cause",
            "$states.\"input\"",
            "$states[0].input",
            "a",
            "a.b.c",
            "[a, {b: c}]",
            "$x.(a; b)",
            "$x[a = b]",
            "$x^(a, >b)",
            "$x{a: b}",
            "$x.{'a': b}",
            "$x ~> |a|{b: c}|",
            "$count(a)",
            "sum(a)",
            "$x.sum(a)",
            "$y := 1",
            "($y := $x; $y + $z)",
            "($y := 1; ($z := $y); $z)",
            "($f := function($a){ $a + $b + c }; $f(1))",
            "($f := function($n){ $n = 0 ? 1 : $f($n - 1) }; $map([1], $f))",
            "$map($x, function($v, $i){ $v + $i + $w })",
            "$map($x, $uppercase)",
            "$x ~> $uppercase",
            "$count + $sum($count)",
            "$x.a@$b.c#$i[$b = $i]",
            "$unknown(1)",
            "$x ? $y : $z",
            "$x ?: $y",
            "$x ?? a",
            "*",
            "$x.*.**",
            "`a b`",
            "$x.a.%.b",
            "$f(?, $x)",
            "-$x",
            "$a & $a",
        ],
        expect![[r#"
            1 + 2 =>
            $x => $x
            $x.a.b[c = $y] => $x $y
            $ =>
            $$ => $$
            $$.a => $$
            $states => $states
            $states.input.a => states:input
            $states.result & $states.errorOutput.Cause => states:result states:errorOutput
            $states."input" => states:input
            $states[0].input => states:input
            a => bare:a
            a.b.c => bare:a
            [a, {b: c}] => bare:a bare:b bare:c
            $x.(a; b) => $x
            $x[a = b] => $x
            $x^(a, >b) => $x
            $x{a: b} => $x
            $x.{'a': b} => $x
            $x ~> |a|{b: c}| => $x
            $count(a) => bare:a
            sum(a) => bare:sum bare:a
            $x.sum(a) => $x
            $y := 1 =>
            ($y := $x; $y + $z) => $x $z
            ($y := 1; ($z := $y); $z) => $z
            ($f := function($a){ $a + $b + c }; $f(1)) => $b bare:c
            ($f := function($n){ $n = 0 ? 1 : $f($n - 1) }; $map([1], $f)) =>
            $map($x, function($v, $i){ $v + $i + $w }) => $x $w
            $map($x, $uppercase) => $x
            $x ~> $uppercase => $x
            $count + $sum($count) => $count $count
            $x.a@$b.c#$i[$b = $i] => $x
            $unknown(1) =>
            $x ? $y : $z => $x $y $z
            $x ?: $y => $x $y
            $x ?? a => $x bare:a
            * =>
            $x.*.** => $x
            `a b` => bare:a b
            $x.a.%.b => $x
            $f(?, $x) => $x
            -$x => $x
            $a & $a => $a $a
        "#]],
    );
}
