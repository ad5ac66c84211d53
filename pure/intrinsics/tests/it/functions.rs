//! Function by function: results and failures (SFN-INTR-3, SFN-INTR-4, SFN-VEC-1 to SFN-VEC-19).

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use crate::scope::outcome;

/// Each call with its outcome; the constant beginning of a cause is left out.
fn check(input: Value, texts: &[&str], expected: Expect) {
    let lines = texts.iter().map(|text| {
        let outcome = outcome(text, &input);
        let prefix =
            format!("There was an error while evaluating the intrinsic function: {text}. ");
        let outcome = match outcome.strip_prefix(&prefix) {
            Some(detail) => format!("refused: {detail}"),
            None => outcome,
        };
        format!("{text} => {outcome}\n")
    });
    expected.assert_eq(&lines.collect::<String>());
}

// SFN-INTR-3, SFN-INTR-4
#[test]
fn causes_name_the_whole_call() {
    for (text, expected) in [
        ("States.MathAdd( States.ArrayLength(1) , 2)", expect![[r#""#]]),
        ("States.Format('{}', States.JsonToString($.no))", expect![[r#""#]]),
        ("States.Format('{}', $$.no)", expect![[r#""#]]),
        ("States.Format('{}', $.a[0])", expect![[r#""#]]),
        ("States.Format('{}', $v.a[0])", expect![[r#""#]]),
        ("States.ArrayLength($.no[*])", expect![[r#""#]]),
    ] {
        expected.assert_eq(&outcome(text, &json!({ "a": 1 })));
    }
}

// SFN-VEC-1, SFN-VEC-2, SFN-VEC-3
#[test]
fn format() {
    check(
        json!({
            "o": { "Arg1": 1, "Arg2": [] },
            "list": [1, "a", null, { "b": true }],
            "t": "{}-{}",
            "lone": "a{b",
            "path": "C:\\dir \\{{}\\}"
        }),
        &[
            "States.Format('Formatting argument {}.', '')",
            "States.Format('Formatting argument {}.', 'HelloWorld')",
            "States.Format('Formatting argument {}.', null)",
            "States.Format('Formatting argument {}.', 1)",
            "States.Format('Formatting argument {}.', 1.1)",
            "States.Format('{} {}', true, -0)",
            "States.Format('fst={} and snd={}', $.o, $.o)",
            "States.Format('{}', $.list)",
            "States.Format('{}', $$.StateMachine)",
            "States.Format('\\{\\}{}\\\\\\'', '{}\\'')",
            "States.Format('plain')",
            "States.Format($.t, 1, 2)",
            "States.Format($.path, 1)",
            "States.Format('{}')",
            "States.Format('{}', 1, 2)",
            "States.Format('{{}}', 1)",
            "States.Format('{a}', 1)",
            "States.Format($.lone)",
            "States.Format('}')",
            "States.Format($.o)",
            "States.Format()",
        ],
        expect![[r#""#]],
    );
}

// SFN-VEC-4, SFN-VEC-5
#[test]
fn string_to_json() {
    check(
        json!({ "d": "[".repeat(101), "ok": "[".repeat(100) + &"]".repeat(100) }),
        &[
            "States.StringToJson('')",
            "States.StringToJson(' \n')",
            "States.StringToJson('null')",
            "States.StringToJson('-0')",
            "States.StringToJson('1.1')",
            "States.StringToJson('-0.0')",
            "States.StringToJson('1e2')",
            "States.StringToJson('12345678901234567890123')",
            "States.StringToJson('true')",
            "States.StringToJson('\"HelloWorld\"')",
            "States.StringToJson(' [1, 2, \"HelloWorld\"] ')",
            "States.StringToJson('\\{\"b\":1,\"a\":[\\{\\}],\"b\":2\\}')",
            "States.StringToJson('\"\\\\u00e9\\\\ud83d\\\\ude00\\\\ud83d\\\\n\\\\/\"')",
            "States.StringToJson(1)",
            "States.StringToJson(null)",
            "States.StringToJson()",
            "States.ArrayLength(States.StringToJson($.ok))",
            "States.StringToJson($.d)",
        ],
        expect![[r#""#]],
    );
}

#[test]
fn string_to_json_fails_as_jackson_does() {
    let texts = [
        "{bad: 1}",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1 \"b\":2}",
        "{",
        "{\"a",
        "{\"a\":1",
        "{\"a\":",
        "{\"a\":1]",
        "{]",
        "[1,]",
        "[1 2]",
        "[1,",
        "[",
        "[}",
        "[1}",
        "\"a",
        "\"a\\x\"",
        "\"a\\u12g4\"",
        "\"\\",
        "foo",
        "nul",
        "hello world",
        "trueish",
        "'a'",
        "}",
        "01",
        "-",
        "-a",
        "1.",
        "1.x",
        "1e",
        "1x",
        "1 2",
        "{} {}",
        "[] x",
        "+1",
        "{\"a\":\n  oops}",
        "\"a\nb\"",
        "\u{1}1",
        "ü",
        "€",
        "NaN",
        "undefined",
    ];
    let lines = texts.iter().map(|text| {
        let outcome = outcome("States.StringToJson($)", &json!(text));
        let detail = outcome
            .strip_prefix(
                "There was an error while evaluating the intrinsic function: \
                 States.StringToJson($). Cannot convert String to Json in States.StringToJson, \
                 caused by: ",
            )
            .unwrap_or_else(|| panic!("{text}: {outcome}"));
        let source = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled);";
        format!("{text:?} => {}\n", detail.replace(source, "[…"))
    });
    let expected = expect![[r#""#]];
    expected.assert_eq(&lines.collect::<String>());
}

// SFN-VEC-6
#[test]
fn json_to_string() {
    check(
        json!({ "a": null, "b": "HelloWorld", "c": [1, 2, "HelloWorld"], "d": { "Arg1": 1, "Arg2": [] } }),
        &[
            "States.JsonToString($.a)",
            "States.JsonToString(1.1)",
            "States.JsonToString($.b)",
            "States.JsonToString($.c)",
            "States.JsonToString($.d)",
            "States.JsonToString()",
            "States.JsonToString(1, 2)",
        ],
        expect![[r#""#]],
    );
}

// SFN-VEC-7 to SFN-VEC-12
#[test]
fn arrays() {
    check(
        json!({
            "four": [0, 1, 2, 3],
            "nine": [1, 2, 3, 4, 5, 6, 7, 8, 9],
            "empty": [],
            "nested": [[1, 2, 3], 2],
            "list": [1, 2, 3],
            "objects": [{ "1": 2, "2": [] }],
            "object": { "2": [], "1": 2 },
            "twice": [null, null, true, 1, 1, 1.0, "1", [], [], { "a": 1, "b": 2 }, { "b": 2, "a": 1 }]
        }),
        &[
            "States.Array()",
            "States.Array(null, null)",
            "States.Array(1, 'a', States.Array($.list))",
            "States.ArrayPartition($.four, 1)",
            "States.ArrayPartition($.four, 2)",
            "States.ArrayPartition($.four, 3)",
            "States.ArrayPartition($.four, 4)",
            "States.ArrayPartition($.four, 5)",
            "States.ArrayPartition($.four, 2.6)",
            "States.ArrayPartition($.empty, 1)",
            "States.ArrayPartition($.four, 0.6)",
            "States.ArrayPartition($.four, 0)",
            "States.ArrayPartition($.four, -1)",
            "States.ArrayPartition($.four, '1')",
            "States.ArrayPartition(1, 1)",
            "States.ArrayPartition($.four)",
            "States.ArrayContains($.nested, $.list)",
            "States.ArrayContains($.empty, null)",
            "States.ArrayContains($.objects, $.object)",
            "States.ArrayContains($.list, '1')",
            "States.ArrayContains('abc', 'a')",
            "States.ArrayRange(0, 9, 3)",
            "States.ArrayRange(0, 10, 3)",
            "States.ArrayRange(1, 9, 9)",
            "States.ArrayRange(1, 9, 2)",
            "States.ArrayRange(5, 1, -2)",
            "States.ArrayRange(-1.7, 1.2, 1.9)",
            "States.ArrayRange(1, 9, -1)",
            "States.ArrayRange(9, 1, 1)",
            "States.ArrayRange(3, 3, -5)",
            "States.ArrayRange(1, 9, 0)",
            "States.ArrayRange(1, 9, 0.5)",
            "States.ArrayLength(States.ArrayRange(1, 1000, 1))",
            "States.ArrayLength(States.ArrayRange(0, 1000, 1))",
            "States.ArrayRange(-9223372036854775808, 9223372036854775807, 9223372036854775807)",
            "States.ArrayRange('0', 1, 1)",
            "States.ArrayGetItem($.nine, 5)",
            "States.ArrayGetItem($.nine, 5.9)",
            "States.ArrayGetItem($.empty, 5)",
            "States.ArrayGetItem($.nine, 9)",
            "States.ArrayGetItem($.nine, -1)",
            "States.ArrayGetItem($.nine, null)",
            "States.ArrayGetItem($.object, 1)",
            "States.ArrayLength($.nine)",
            "States.ArrayLength($.empty)",
            "States.ArrayLength('abc')",
            "States.ArrayUnique($.twice)",
            "States.ArrayUnique($.object)",
        ],
        expect![[r#""#]],
    );
}

// SFN-VEC-13, SFN-VEC-14
#[test]
fn encodings() {
    let long = "ü".repeat(10_001);
    check(
        json!({ "long": long, "most": "ü".repeat(10_000), "o": { "a": 1 } }),
        &[
            "States.Base64Encode('Data to encode')",
            "States.Base64Decode('RGF0YSB0byBlbmNvZGU=')",
            "States.Base64Encode('')",
            "States.Base64Decode('')",
            "States.Base64Decode('RGF0YSB0byBlbmNvZGU')",
            "States.Base64Decode('RGF0 YSB0-by_BlbmNv\nZGU=')",
            "States.Base64Decode('RGF0YSB0byBlbmNvZGU=ignored')",
            "States.Base64Decode('RGF0A')",
            "States.Base64Decode('//8=')",
            "States.Base64Encode(1)",
            "States.Base64Decode(null)",
            "States.Base64Encode($.long)",
            "States.Base64Decode($.long)",
            "States.StringSplit(States.Base64Encode($.most), 'w7DÉ')",
            "States.Hash('input data', 'MD5')",
            "States.Hash('input data', 'SHA-1')",
            "States.Hash('input data', 'SHA-256')",
            "States.Hash('input data', 'SHA-384')",
            "States.Hash('input data', 'SHA-512')",
            "States.Hash($.o, 'MD5')",
            "States.Hash('{\"a\":1}', 'MD5')",
            "States.Hash('input data', 'md5')",
            "States.Hash('input data', 'SHA1')",
            "States.Hash('input data', 1)",
            "States.Hash('input data')",
            "States.Hash($.long, 'MD5')",
        ],
        expect![[r#""#]],
    );
}

// SFN-VEC-15
#[test]
fn json_merge() {
    check(
        json!({
            "fst": { "a": { "a1": 1, "a2": 2 }, "b": 2, "d": 3 },
            "snd": { "a": { "a3": 1, "a4": 2 }, "c": 3, "d": 4 }
        }),
        &[
            "States.JsonMerge($.fst, $.snd, false)",
            "States.JsonMerge($.fst, $.snd, 'x')",
            "States.JsonMerge($.fst, $.snd, true)",
            "States.JsonMerge($.fst, $.snd)",
            "States.JsonMerge($.fst, 1, false)",
            "States.JsonMerge(null, $.snd, false)",
        ],
        expect![[r#""#]],
    );
}

// SFN-VEC-16
#[test]
fn math() {
    check(
        json!({}),
        &[
            "States.MathAdd(1.49, 1.5)",
            "States.MathAdd(1.5, 1.51)",
            "States.MathAdd(-1.49, -1.5)",
            "States.MathAdd(-1.5, -1.51)",
            "States.MathAdd(-0.5, 0.5)",
            "States.MathAdd(-2.5, 0)",
            "States.MathAdd(2.5, 0)",
            "States.MathAdd(0.49999999999999994, 0)",
            "States.MathAdd(2147483647, 0)",
            "States.MathAdd(2147483647, 1)",
            "States.MathAdd(2147483648, -1)",
            "States.MathAdd(1e300, 1)",
            "States.MathAdd('1', 1)",
            "States.MathAdd(true, 1)",
            "States.MathAdd(null, 1)",
            "States.MathAdd(1)",
            "States.MathAdd(1, 2, 3)",
            "States.MathRandom(4, 5)",
            "States.MathRandom(-5, -4.4)",
            "States.MathRandom(12.5, 13.6)",
            "States.MathRandom(5, 5)",
            "States.MathRandom(5, 4)",
            "States.MathRandom('1', 4)",
            "States.MathRandom(1, 4, 'x')",
            "States.MathRandom(1)",
        ],
        expect![[r#""#]],
    );
}

#[test]
fn random_numbers_keep_their_bounds_and_seeds() {
    let number = |text: &str| outcome(text, &json!({})).parse::<i64>().unwrap();
    for seed in 0..200 {
        let text = format!("States.MathRandom(-2, 3, {seed})");
        assert!((-2..3).contains(&number(&text)));
        assert_eq!(number(&text), number(&text));
    }
    let wide = (0..5).map(|seed| number(&format!("States.MathRandom(0, 1000000, {seed})")));
    assert_eq!(wide.collect::<std::collections::BTreeSet<_>>().len(), 5);
    let uuid = outcome("States.UUID()", &json!({}));
    assert_eq!((uuid.len(), uuid.matches('-').count()), (38, 4));
    let two = outcome("States.ArrayUnique(States.Array(States.UUID(), States.UUID()))", &json!({}));
    assert_eq!(two.matches("\",\"").count(), 1, "two calls give two identifiers: {two}");
    assert!(outcome("States.UUID(1)", &json!({})).ends_with("Invalid arguments in States.UUID"));
}

// SFN-VEC-17 to SFN-VEC-19
#[test]
fn string_split() {
    check(
        json!({ "t": "split on T and \nnew line" }),
        &[
            "States.StringSplit('This.is+a,test=string', '.+,=')",
            "States.StringSplit(' ', ',')",
            "States.StringSplit(' , ', ',')",
            "States.StringSplit(', , ,', ',')",
            "States.StringSplit(',,,,', ',')",
            "States.StringSplit($.t, 'T\n')",
            "States.StringSplit('', ',')",
            "States.StringSplit('abc', '')",
            "States.StringSplit('aäb€c', 'ä€')",
            "States.StringSplit(1, ',')",
            "States.StringSplit('a', 1)",
            "States.StringSplit('a')",
        ],
        expect![[r#""#]],
    );
}

#[test]
fn arguments_are_bounded() {
    let input = json!("x".repeat(200 * 1024));
    let many = format!("States.Array({})", vec!["$"; 25].join(", "));
    let cause = outcome(&many, &input);
    assert!(cause.ends_with("The arguments exceed 4194304 bytes."), "{}", &cause[..200]);
    let mut nested = "$".to_owned();
    for _ in 0..10 {
        nested = format!("States.JsonToString(States.Format('\"\"{{}}', {nested}))");
    }
    assert!(
        outcome(&nested, &json!("\"".repeat(100_000))).contains("exceed") || nested.len() > 400
    );
}
