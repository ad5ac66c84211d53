//! What is a call (SFN-INTR-1, SFN-INTR-2, SFN-INTR-5).

use expect_test::{Expect, expect};
use intrinsics::{CALL_BYTES_MAX, Call, NESTED_MAX};

fn check(texts: &[&str], expected: Expect) {
    let lines = texts.iter().map(|text| match Call::parse(text) {
        Err(error) => format!("{text} => {error}\n"),
        Ok(call) => {
            assert_eq!(call.text(), *text);
            let paths: Vec<&str> = call.paths().iter().map(|path| path.text()).collect();
            let string = if call.gives_string() { " a string" } else { "" };
            format!("{text} => {paths:?}{string}\n")
        }
    });
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn calls() {
    check(
        &[
            "States.UUID()",
            "States.UUID( )",
            "States.Array ( 1 ,true,  null,\n'x' )",
            "States.Array(-1, 1.5, 2e3, $, $$.Execution.Id, $v.a[0])",
            "States.Format('{}', $.a)",
            "States.Array('it\\'s \\{\\} \\\\', 'a\nb', '', 'ü')",
            "States.ArrayLength($.Properties[?(@.Name==tags)])",
            "States.Array($['a,b)'].c, $..x[0,1], $.a[?(@.b == 'x)' && (@.c))].d, $.e.length())",
            "States.MathAdd(States.ArrayLength(States.StringSplit($$.A, '-')), -1)",
            "States.JsonToString(States.StringToJson($.a))",
            "States.Hash($.a, 'MD5')",
            "States.Base64Encode($.a)",
            "States.Base64Decode($.a)",
            "States.ArrayGetItem($.a, 0)",
        ],
        expect![[r#"
            States.UUID() => [] a string
            States.UUID( ) => [] a string
            States.Array ( 1 ,true,  null,
            'x' ) => []
            States.Array(-1, 1.5, 2e3, $, $$.Execution.Id, $v.a[0]) => ["$", "$$.Execution.Id", "$v.a[0]"]
            States.Format('{}', $.a) => ["$.a"] a string
            States.Array('it\'s \{\} \\', 'a
            b', '', 'ü') => []
            States.ArrayLength($.Properties[?(@.Name==tags)]) => ["$.Properties[?(@.Name==tags)]"]
            States.Array($['a,b)'].c, $..x[0,1], $.a[?(@.b == 'x)' && (@.c))].d, $.e.length()) => ["$['a,b)'].c", "$..x[0,1]", "$.a[?(@.b == 'x)' && (@.c))].d", "$.e.length()"]
            States.MathAdd(States.ArrayLength(States.StringSplit($$.A, '-')), -1) => ["$$.A"]
            States.JsonToString(States.StringToJson($.a)) => ["$.a"] a string
            States.Hash($.a, 'MD5') => ["$.a"] a string
            States.Base64Encode($.a) => ["$.a"] a string
            States.Base64Decode($.a) => ["$.a"] a string
            States.ArrayGetItem($.a, 0) => ["$.a"] a string
        "#]],
    );
}

#[test]
fn no_calls() {
    check(
        &[
            "",
            "States",
            "States.",
            "States.Nope()",
            "States.format('{}')",
            "States.UUID",
            "States.UUID(",
            "States.UUID() x",
            " States.UUID()",
            "States.Array(1,)",
            "States.Array(,1)",
            "States.Array(1 2)",
            "States.Array('a)",
            "States.Array('\\n')",
            "States.Array('\\\"')",
            "States.Array(\"a\")",
            "States.Array(a)",
            "States.Array(True)",
            "States.Array(01)",
            "States.Array(+1)",
            "States.Array(1.)",
            "States.Array([1])",
            "States.Array({})",
            "States.Array($.)",
            "States.Array(1, $.a[)",
            "States.Array(States.Nope())",
        ],
        expect![[r#"
             => expected `States.` at byte 0
            States => expected `States.` at byte 0
            States. => no such function at byte 7
            States.Nope() => no such function at byte 7
            States.format('{}') => no such function at byte 7
            States.UUID => expected `(` at byte 11
            States.UUID( => expected an argument at byte 12
            States.UUID() x => unexpected `x` at byte 14
             States.UUID() => expected `States.` at byte 0
            States.Array(1,) => expected an argument at byte 15
            States.Array(,1) => expected an argument at byte 13
            States.Array(1 2) => expected `,` or `)` at byte 15
            States.Array('a) => the string has no end at byte 13
            States.Array('\n') => unknown escape at byte 14
            States.Array('\"') => unknown escape at byte 14
            States.Array("a") => expected an argument at byte 13
            States.Array(a) => expected an argument at byte 13
            States.Array(True) => expected an argument at byte 13
            States.Array(01) => expected an argument at byte 13
            States.Array(+1) => expected an argument at byte 13
            States.Array(1.) => expected an argument at byte 13
            States.Array([1]) => expected an argument at byte 13
            States.Array({}) => expected an argument at byte 13
            States.Array($.) => expected a name at byte 15
            States.Array(1, $.a[) => expected a quoted name, an index, `*`, `:` or `?` at byte 20
            States.Array(States.Nope()) => no such function at byte 20
        "#]],
    );
}

#[test]
fn limits() {
    let nested = |depth: usize| {
        Call::parse(&format!("{}1{}", "States.Array(".repeat(depth), ")".repeat(depth)))
    };
    assert!(nested(NESTED_MAX + 1).is_ok());
    assert!(nested(NESTED_MAX + 2).is_err());
    assert!(nested(1000).is_err());
    assert!(Call::parse(&format!("States.Array('{}')", "a".repeat(CALL_BYTES_MAX))).is_err());
}
