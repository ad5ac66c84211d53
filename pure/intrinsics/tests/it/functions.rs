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
    let texts = [
        "States.MathAdd( States.ArrayLength(1) , 2)",
        "States.Format('{}', States.JsonToString($.no))",
        "States.Format('{}', $$.no)",
        "States.Format('{}', $.a[0])",
        "States.Format('{}', $v.a[0])",
        "States.ArrayLength($.no[*])",
    ];
    let lines = texts.iter().map(|text| format!("{}\n", outcome(text, &json!({ "a": 1 }))));
    let expected = expect![[r#"
        There was an error while evaluating the intrinsic function: States.MathAdd( States.ArrayLength(1) , 2). Invalid arguments in States.ArrayLength
        The function 'States.Format('{}', States.JsonToString($.no))' had the following error: The JsonPath argument for the field '$.no' could not be found in the input '{"a":1}'
        The function 'States.Format('{}', $$.no)' had the following error: The JsonPath argument for the field '$$.no' could not be found in the input '{"StateMachine":{"Id":"arn:x:stateMachine:m","Name":"m"}}'
        The function 'States.Format('{}', $.a[0])' had the following error: Filter: [0] can only be applied to arrays. Current context is: 1
        "10"
        0
    "#]];
    expected.assert_eq(&lines.collect::<String>());
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
        expect![[r#"
            States.Format('Formatting argument {}.', '') => "Formatting argument ."
            States.Format('Formatting argument {}.', 'HelloWorld') => "Formatting argument HelloWorld."
            States.Format('Formatting argument {}.', null) => "Formatting argument null."
            States.Format('Formatting argument {}.', 1) => "Formatting argument 1."
            States.Format('Formatting argument {}.', 1.1) => "Formatting argument 1.1."
            States.Format('{} {}', true, -0) => "true 0"
            States.Format('fst={} and snd={}', $.o, $.o) => "fst={Arg1=1, Arg2=[]} and snd={Arg1=1, Arg2=[]}"
            States.Format('{}', $.list) => "[1, a, null, {b=true}]"
            States.Format('{}', $$.StateMachine) => "{Id=arn:x:stateMachine:m, Name=m}"
            States.Format('\{\}{}\\\'', '{}\'') => "{}{}'\\'"
            States.Format('plain') => "plain"
            States.Format($.t, 1, 2) => "1-2"
            States.Format($.path, 1) => "C:\\dir {1}"
            States.Format('{}') => refused: Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.
            States.Format('{}', 1, 2) => refused: Invalid arguments in States.Format: number of arguments do not match the occurrences of {}.
            States.Format('{{}}', 1) => refused: Invalid template in States.Format: matching '}' not found for '{'.
            States.Format('{a}', 1) => refused: Invalid template in States.Format: matching '}' not found for '{'.
            States.Format($.lone) => refused: Invalid template in States.Format: matching '}' not found for '{'.
            States.Format('}') => refused: Invalid template in States.Format: matching '{' not found for '}'.
            States.Format($.o) => refused: Invalid arguments in States.Format
            States.Format() => refused: Invalid arguments in States.Format
        "#]],
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
        expect![[r#"
            States.StringToJson('') => null
            States.StringToJson(' 
            ') => null
            States.StringToJson('null') => null
            States.StringToJson('-0') => 0
            States.StringToJson('1.1') => 1.1
            States.StringToJson('-0.0') => -0.0
            States.StringToJson('1e2') => 100.0
            States.StringToJson('12345678901234567890123') => 1.2345678901234568e+22
            States.StringToJson('true') => true
            States.StringToJson('"HelloWorld"') => "HelloWorld"
            States.StringToJson(' [1, 2, "HelloWorld"] ') => [1,2,"HelloWorld"]
            States.StringToJson('\{"b":1,"a":[\{\}],"b":2\}') => {"b":2,"a":[{}]}
            States.StringToJson('"\\u00e9\\ud83d\\ude00\\ud83d\\n\\/"') => "é😀�\n/"
            States.StringToJson(1) => refused: Invalid arguments in States.StringToJson
            States.StringToJson(null) => refused: Invalid arguments in States.StringToJson
            States.StringToJson() => refused: Invalid arguments in States.StringToJson
            States.ArrayLength(States.StringToJson($.ok)) => 1
            States.StringToJson($.d) => refused: Cannot convert String to Json in States.StringToJson, caused by: Document nesting depth (101) exceeds the maximum allowed (100, from `StreamReadConstraints.getMaxNestingDepth()`)
             at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, column: 102]
        "#]],
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
    let expected = expect![[r#"
        "{bad: 1}" => Unexpected character ('b' (code 98)): was expecting double-quote to start field name
         at [… line: 1, column: 2]
        "{\"a\":1,}" => Unexpected character ('}' (code 125)): was expecting double-quote to start field name
         at [… line: 1, column: 8]
        "{'a':1}" => Unexpected character (''' (code 39)): was expecting double-quote to start field name
         at [… line: 1, column: 2]
        "{\"a\"}" => Unexpected character ('}' (code 125)): was expecting a colon to separate field name and value
         at [… line: 1, column: 5]
        "{\"a\":}" => Unexpected character ('}' (code 125)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 6]
        "{\"a\":1 \"b\":2}" => Unexpected character ('"' (code 34)): was expecting comma to separate Object entries
         at [… line: 1, column: 8]
        "{" => Unexpected end-of-input: expected close marker for Object (start marker at [… line: 1, column: 1])
         at [… line: 1, column: 2]
        "{\"a" => Unexpected end-of-input in field name
         at [… line: 1, column: 4]
        "{\"a\":1" => Unexpected end-of-input: expected close marker for Object (start marker at [… line: 1, column: 1])
         at [… line: 1, column: 7]
        "{\"a\":" => Unexpected end-of-input within/between Object entries
         at [… line: 1, column: 6]
        "{\"a\":1]" => Unexpected close marker ']': expected '}' (for Object starting at [… line: 1, column: 1])
         at [… line: 1, column: 7]
        "{]" => Unexpected close marker ']': expected '}' (for Object starting at [… line: 1, column: 1])
         at [… line: 1, column: 2]
        "[1,]" => Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 4]
        "[1 2]" => Unexpected character ('2' (code 50)): was expecting comma to separate Array entries
         at [… line: 1, column: 4]
        "[1," => Unexpected end-of-input: expected close marker for Array (start marker at [… line: 1, column: 1])
         at [… line: 1, column: 4]
        "[" => Unexpected end-of-input: expected close marker for Array (start marker at [… line: 1, column: 1])
         at [… line: 1, column: 2]
        "[}" => Unexpected character ('}' (code 125)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 2]
        "[1}" => Unexpected close marker '}': expected ']' (for Array starting at [… line: 1, column: 1])
         at [… line: 1, column: 3]
        "\"a" => Unexpected end-of-input: was expecting closing quote for a string value
         at [… line: 1, column: 3]
        "\"a\\x\"" => Unrecognized character escape 'x' (code 120)
         at [… line: 1, column: 4]
        "\"a\\u12g4\"" => Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence
         at [… line: 1, column: 7]
        "\"\\" => Unexpected end-of-input in character escape sequence
         at [… line: 1, column: 3]
        "foo" => Unrecognized token 'foo': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 4]
        "nul" => Unrecognized token 'nul': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 4]
        "hello world" => Unrecognized token 'hello': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 6]
        "trueish" => Unrecognized token 'trueish': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 8]
        "'a'" => Unexpected character (''' (code 39)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 1]
        "}" => Unexpected character ('}' (code 125)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 1]
        "01" => Invalid numeric value: Leading zeroes not allowed
         at [… line: 1, column: 3]
        "-" => Unexpected end-of-input in a Number value: expected digit (0-9) to follow minus sign, for valid numeric value
         at [… line: 1, column: 2]
        "-a" => Unexpected character ('a' (code 97)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value
         at [… line: 1, column: 2]
        "1." => Unexpected end-of-input in a Number value: Decimal point not followed by a digit
         at [… line: 1, column: 3]
        "1.x" => Unexpected character ('x' (code 120)) in numeric value: Decimal point not followed by a digit
         at [… line: 1, column: 3]
        "1e" => Unexpected end-of-input in a Number value: Exponent indicator not followed by a digit
         at [… line: 1, column: 3]
        "1x" => Unexpected character ('x' (code 120)): Expected space separating root-level values
         at [… line: 1, column: 2]
        "1 2" => Trailing token (of type VALUE_NUMBER_INT) found after value (bound as `com.fasterxml.jackson.databind.JsonNode`): not allowed as per `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`
         at [… line: 1, column: 3]
        "{} {}" => Trailing token (of type START_OBJECT) found after value (bound as `com.fasterxml.jackson.databind.JsonNode`): not allowed as per `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`
         at [… line: 1, column: 4]
        "[] x" => Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 5]
        "+1" => Unexpected character ('+' (code 43)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 1]
        "{\"a\":\n  oops}" => Unrecognized token 'oops': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 2, column: 7]
        "\"a\nb\"" => Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value
         at [… line: 1, column: 3]
        "\u{1}1" => Illegal character ((CTRL-CHAR, code 1)): only regular white space (\r, \n, \t) is allowed between tokens
         at [… line: 1, column: 1]
        "ü" => Unrecognized token 'ü': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 2]
        "€" => Unexpected character ('€' (code 8364 / 0x20ac)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 1]
        "NaN" => Unrecognized token 'NaN': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 4]
        "undefined" => Unrecognized token 'undefined': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [… line: 1, column: 10]
    "#]];
    expected.assert_eq(&lines.collect::<String>());
}

// SFN-VEC-6
#[test]
fn json_to_string() {
    check(
        json!({
            "a": null,
            "b": "HelloWorld",
            "c": [1, 2, "HelloWorld"],
            "d": { "Arg1": 1, "Arg2": [] }
        }),
        &[
            "States.JsonToString($.a)",
            "States.JsonToString(1.1)",
            "States.JsonToString($.b)",
            "States.JsonToString($.c)",
            "States.JsonToString($.d)",
            "States.JsonToString()",
            "States.JsonToString(1, 2)",
        ],
        expect![[r#"
            States.JsonToString($.a) => "null"
            States.JsonToString(1.1) => "1.1"
            States.JsonToString($.b) => "\"HelloWorld\""
            States.JsonToString($.c) => "[1,2,\"HelloWorld\"]"
            States.JsonToString($.d) => "{\"Arg1\":1,\"Arg2\":[]}"
            States.JsonToString() => refused: Invalid arguments in States.JsonToString
            States.JsonToString(1, 2) => refused: Invalid arguments in States.JsonToString
        "#]],
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
            "twice": [
                null, null, true, 1, 1, 1.0, "1", [], [], { "a": 1, "b": 2 }, { "b": 2, "a": 1 }
            ]
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
        expect![[r#"
            States.Array() => []
            States.Array(null, null) => [null,null]
            States.Array(1, 'a', States.Array($.list)) => [1,"a",[[1,2,3]]]
            States.ArrayPartition($.four, 1) => [[0],[1],[2],[3]]
            States.ArrayPartition($.four, 2) => [[0,1],[2,3]]
            States.ArrayPartition($.four, 3) => [[0,1,2],[3]]
            States.ArrayPartition($.four, 4) => [[0,1,2,3]]
            States.ArrayPartition($.four, 5) => [[0,1,2,3]]
            States.ArrayPartition($.four, 2.6) => [[0,1],[2,3]]
            States.ArrayPartition($.empty, 1) => []
            States.ArrayPartition($.four, 0.6) => refused: Invalid arguments in States.ArrayPartition
            States.ArrayPartition($.four, 0) => refused: Invalid arguments in States.ArrayPartition
            States.ArrayPartition($.four, -1) => refused: Invalid arguments in States.ArrayPartition
            States.ArrayPartition($.four, '1') => refused: Invalid arguments in States.ArrayPartition
            States.ArrayPartition(1, 1) => refused: Invalid arguments in States.ArrayPartition
            States.ArrayPartition($.four) => refused: Invalid arguments in States.ArrayPartition
            States.ArrayContains($.nested, $.list) => true
            States.ArrayContains($.empty, null) => false
            States.ArrayContains($.objects, $.object) => true
            States.ArrayContains($.list, '1') => false
            States.ArrayContains('abc', 'a') => refused: Invalid arguments in States.ArrayContains
            States.ArrayRange(0, 9, 3) => [0,3,6,9]
            States.ArrayRange(0, 10, 3) => [0,3,6,9]
            States.ArrayRange(1, 9, 9) => [1]
            States.ArrayRange(1, 9, 2) => [1,3,5,7,9]
            States.ArrayRange(5, 1, -2) => [5,3,1]
            States.ArrayRange(-1.7, 1.2, 1.9) => [-1,0,1]
            States.ArrayRange(1, 9, -1) => []
            States.ArrayRange(9, 1, 1) => []
            States.ArrayRange(3, 3, -5) => [3]
            States.ArrayRange(1, 9, 0) => refused: Invalid arguments in States.ArrayRange
            States.ArrayRange(1, 9, 0.5) => refused: Invalid arguments in States.ArrayRange
            States.ArrayLength(States.ArrayRange(1, 1000, 1)) => 1000
            States.ArrayLength(States.ArrayRange(0, 1000, 1)) => refused: Invalid arguments in States.ArrayRange
            States.ArrayRange(-9223372036854775808, 9223372036854775807, 9223372036854775807) => [-9223372036854775808,-1,9223372036854775806]
            States.ArrayRange('0', 1, 1) => refused: Invalid arguments in States.ArrayRange
            States.ArrayGetItem($.nine, 5) => 6
            States.ArrayGetItem($.nine, 5.9) => 6
            States.ArrayGetItem($.empty, 5) => null
            States.ArrayGetItem($.nine, 9) => refused: Invalid arguments in States.ArrayGetItem
            States.ArrayGetItem($.nine, -1) => refused: Invalid arguments in States.ArrayGetItem
            States.ArrayGetItem($.nine, null) => refused: Invalid arguments in States.ArrayGetItem
            States.ArrayGetItem($.object, 1) => refused: Invalid arguments in States.ArrayGetItem
            States.ArrayLength($.nine) => 9
            States.ArrayLength($.empty) => 0
            States.ArrayLength('abc') => refused: Invalid arguments in States.ArrayLength
            States.ArrayUnique($.twice) => [null,true,1,1.0,"1",[],{"a":1,"b":2}]
            States.ArrayUnique($.object) => refused: Invalid arguments in States.ArrayUnique
        "#]],
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
            "States.Hash(States.Base64Encode($.most), 'MD5')",
            "States.Hash($.most, 'MD5')",
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
        expect![[r#"
            States.Base64Encode('Data to encode') => "RGF0YSB0byBlbmNvZGU="
            States.Base64Decode('RGF0YSB0byBlbmNvZGU=') => "Data to encode"
            States.Base64Encode('') => ""
            States.Base64Decode('') => ""
            States.Base64Decode('RGF0YSB0byBlbmNvZGU') => "Data to encode"
            States.Base64Decode('RGF0 YSB0-by_BlbmNv
            ZGU=') => "Data to encode"
            States.Base64Decode('RGF0YSB0byBlbmNvZGU=ignored') => "Data to encode"
            States.Base64Decode('RGF0A') => refused: Invalid arguments in States.Base64Decode
            States.Base64Decode('//8=') => "��"
            States.Base64Encode(1) => refused: Invalid arguments in States.Base64Encode
            States.Base64Decode(null) => refused: Invalid arguments in States.Base64Decode
            States.Base64Encode($.long) => refused: Invalid arguments in States.Base64Encode
            States.Base64Decode($.long) => refused: Invalid arguments in States.Base64Decode
            States.Hash(States.Base64Encode($.most), 'MD5') => refused: Invalid arguments in States.Hash
            States.Hash($.most, 'MD5') => "85abbea672d00a7f51f5fee66aabb030"
            States.Hash('input data', 'MD5') => "812f45842bc6d66ee14572ce20db8e86"
            States.Hash('input data', 'SHA-1') => "aaff4a450a104cd177d28d18d74485e8cae074b7"
            States.Hash('input data', 'SHA-256') => "b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3"
            States.Hash('input data', 'SHA-384') => "d28a7d5cf25a74f11a50a18452b75e04bb3d70c9dd0510d6123aa008c756511b87525bdc835ebb27e1fb9e9374a15562"
            States.Hash('input data', 'SHA-512') => "6ce4adb348546d4f449c4d25aad9a7c9cb711d9e91982d3f0b29ca2f3f47d4ce2deba23bf2954f0f1d593fc50283731a533d30d425402d4f91316d871303aac4"
            States.Hash($.o, 'MD5') => "bb6cb5c68df4652941caf652a366f2d8"
            States.Hash('{"a":1}', 'MD5') => "bb6cb5c68df4652941caf652a366f2d8"
            States.Hash('input data', 'md5') => refused: Invalid arguments in States.Hash
            States.Hash('input data', 'SHA1') => refused: Invalid arguments in States.Hash
            States.Hash('input data', 1) => refused: Invalid arguments in States.Hash
            States.Hash('input data') => refused: Invalid arguments in States.Hash
            States.Hash($.long, 'MD5') => refused: Invalid arguments in States.Hash
        "#]],
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
        expect![[r#"
            States.JsonMerge($.fst, $.snd, false) => {"a":{"a3":1,"a4":2},"b":2,"d":4,"c":3}
            States.JsonMerge($.fst, $.snd, 'x') => {"a":{"a3":1,"a4":2},"b":2,"d":4,"c":3}
            States.JsonMerge($.fst, $.snd, true) => refused: Invalid arguments in States.JsonMerge
            States.JsonMerge($.fst, $.snd) => refused: Invalid arguments in States.JsonMerge
            States.JsonMerge($.fst, 1, false) => refused: Invalid arguments in States.JsonMerge
            States.JsonMerge(null, $.snd, false) => refused: Invalid arguments in States.JsonMerge
        "#]],
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
        expect![[r#"
            States.MathAdd(1.49, 1.5) => 3
            States.MathAdd(1.5, 1.51) => 4
            States.MathAdd(-1.49, -1.5) => -2
            States.MathAdd(-1.5, -1.51) => -3
            States.MathAdd(-0.5, 0.5) => 1
            States.MathAdd(-2.5, 0) => -2
            States.MathAdd(2.5, 0) => 3
            States.MathAdd(0.49999999999999994, 0) => 0
            States.MathAdd(2147483647, 0) => 2147483647
            States.MathAdd(2147483647, 1) => refused: Invalid arguments in States.MathAdd
            States.MathAdd(2147483648, -1) => refused: Invalid arguments in States.MathAdd
            States.MathAdd(1e300, 1) => refused: Invalid arguments in States.MathAdd
            States.MathAdd('1', 1) => refused: Invalid arguments in States.MathAdd
            States.MathAdd(true, 1) => refused: Invalid arguments in States.MathAdd
            States.MathAdd(null, 1) => refused: Invalid arguments in States.MathAdd
            States.MathAdd(1) => refused: Invalid arguments in States.MathAdd
            States.MathAdd(1, 2, 3) => refused: Invalid arguments in States.MathAdd
            States.MathRandom(4, 5) => 4
            States.MathRandom(-5, -4.4) => -5
            States.MathRandom(12.5, 13.6) => 13
            States.MathRandom(5, 5) => refused: Invalid arguments in States.MathRandom
            States.MathRandom(5, 4) => refused: Invalid arguments in States.MathRandom
            States.MathRandom('1', 4) => refused: Invalid arguments in States.MathRandom
            States.MathRandom(1, 4, 'x') => refused: Invalid arguments in States.MathRandom
            States.MathRandom(1) => refused: Invalid arguments in States.MathRandom
        "#]],
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
        expect![[r#"
            States.StringSplit('This.is+a,test=string', '.+,=') => ["This","is","a","test","string"]
            States.StringSplit(' ', ',') => [" "]
            States.StringSplit(' , ', ',') => [" "," "]
            States.StringSplit(', , ,', ',') => [" "," "]
            States.StringSplit(',,,,', ',') => []
            States.StringSplit($.t, 'T
            ') => ["split on "," and ","new line"]
            States.StringSplit('', ',') => []
            States.StringSplit('abc', '') => ["abc"]
            States.StringSplit('aäb€c', 'ä€') => ["a","b","c"]
            States.StringSplit(1, ',') => refused: Invalid arguments in States.StringSplit
            States.StringSplit('a', 1) => refused: Invalid arguments in States.StringSplit
            States.StringSplit('a') => refused: Invalid arguments in States.StringSplit
        "#]],
    );
}

#[test]
fn arguments_are_bounded() {
    let input = json!("x".repeat(200 * 1024));
    let many = format!("States.Array({})", vec!["$"; 25].join(", "));
    let cause = outcome(&many, &input);
    assert!(cause.ends_with("The arguments exceed 4194304 bytes."), "{}", &cause[..200]);
    // Each level doubles the backslashes.
    let nested = "States.JsonToString(".repeat(10) + "$" + &")".repeat(10);
    let cause = outcome(&nested, &json!("\"".repeat(100_000)));
    assert!(cause.ends_with("The arguments exceed 4194304 bytes."), "{}", &cause[..200]);
}
