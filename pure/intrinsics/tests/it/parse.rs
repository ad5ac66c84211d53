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
        expect![[r#""#]],
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
        expect![[r#""#]],
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
