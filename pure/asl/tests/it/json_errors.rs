//! What is no JSON, in Jackson's words.

use expect_test::{Expect, expect};

fn check(text: &str, expected: Expect) {
    let found = asl::json_error(text).map(|error| {
        assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
        format!("{} @ {}:{}", error.message, error.line, error.column)
    });
    expected.assert_eq(&found.unwrap_or_default());
}

// SFN-EXEC-6
#[test]
fn as_recorded() {
    check(
        "not json",
        expect![[
            r#"Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') @ 1:4"#
        ]],
    );
    check(
        "{'a': 1}",
        expect![[
            r#"Unexpected character (''' (code 39)): was expecting double-quote to start field name @ 1:3"#
        ]],
    );
    check("", expect![[r#"Invalid execution input. @ 1:1"#]]);
    check(" \n", expect![[r#"Invalid execution input. @ 1:1"#]]);
}

#[test]
fn structure() {
    check(
        "{\"a\":1,}",
        expect![[
            r#"Unexpected character ('}' (code 125)): was expecting double-quote to start field name @ 1:9"#
        ]],
    );
    check(
        "[1,]",
        expect![[
            r#"Unexpected character (']' (code 93)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') @ 1:5"#
        ]],
    );
    check(
        "[1 2]",
        expect![[
            r#"Unexpected character ('2' (code 50)): was expecting comma to separate Array entries @ 1:5"#
        ]],
    );
    check(
        "{\"a\" 1}",
        expect![[
            r#"Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value @ 1:7"#
        ]],
    );
    check(
        "{\"a\":}",
        expect![[r#"Unexpected character ('}' (code 125)): expected a value @ 1:7"#]],
    );
    check(
        "{\"a\":1 \"b\":2}",
        expect![[
            r#"Unexpected character ('"' (code 34)): was expecting comma to separate Object entries @ 1:9"#
        ]],
    );
    check(
        "{",
        expect![[
            r#"Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)"{"; line: 1, column: 1]) @ 1:2"#
        ]],
    );
    check(
        "{\n  \"a\": [1",
        expect![[r#"
        Unexpected end-of-input: expected close marker for Array (start marker at [Source: (String)"{
          "a": [1"; line: 2, column: 8]) @ 2:10"#]],
    );
    check("{\"a\":1,", expect![[r#"Unexpected end-of-input within/between Object entries @ 1:8"#]]);
    check("{\"a\"", expect![[r#"Unexpected end-of-input within/between Object entries @ 1:5"#]]);
    check(
        "[1}",
        expect![[
            r#"Unexpected close marker '}': expected ']' (for Array starting at [Source: (String)"[1}"; line: 1, column: 1]) @ 1:4"#
        ]],
    );
    check(
        "]",
        expect![[
            r#"Unexpected close marker ']': expected '}' (for root starting at [Source: (String)"]"; line: 1, column: 1]) @ 1:2"#
        ]],
    );
    check(
        "{} {}",
        expect![[
            r#"Trailing token (of type START_OBJECT) found after value (bound as `JsonNode`): not allowed as per `DeserializationFeature.FAIL_ON_TRAILING_TOKENS` @ 1:6"#
        ]],
    );
    check(
        "{} x",
        expect![[
            r#"Unrecognized token 'x': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') @ 1:5"#
        ]],
    );
    check(
        "// {}",
        expect![[
            r#"Unexpected character ('/' (code 47)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') @ 1:2"#
        ]],
    );
    check(
        "\u{1}",
        expect![[
            r#"Illegal character ((CTRL-CHAR, code 1)): only regular white space (\r, \n, \t) is allowed between tokens @ 1:2"#
        ]],
    );
    check(
        "“a”",
        expect![[
            r#"Unexpected character ('“' (code 8220 / 0x201c)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') @ 1:2"#
        ]],
    );
    check(
        &"[".repeat(128),
        expect![[
            r#"Document nesting depth (128) exceeds the maximum allowed (127, from `StreamReadConstraints.getMaxNestingDepth()`) @ 1:129"#
        ]],
    );
}

#[test]
fn scalars() {
    check(
        "nul",
        expect![[
            r#"Unrecognized token 'nul': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') @ 1:4"#
        ]],
    );
    check(
        "truer",
        expect![[
            r#"Unrecognized token 'truer': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false') @ 1:6"#
        ]],
    );
    check(
        "NaN",
        expect![[
            r#"Non-standard token 'NaN': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` to allow @ 1:4"#
        ]],
    );
    check("01", expect![[r#"Invalid numeric value: Leading zeroes not allowed @ 1:3"#]]);
    check("-", expect![[r#"Unexpected end-of-input in a Number value @ 1:2"#]]);
    check(
        "-a",
        expect![[
            r#"Unexpected character ('a' (code 97)) in numeric value: expected digit (0-9) to follow minus sign, for valid numeric value @ 1:3"#
        ]],
    );
    check(
        "+1",
        expect![[
            r#"Unexpected character ('+' (code 43)) in numeric value: JSON spec does not allow numbers to have plus signs: enable `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow @ 1:2"#
        ]],
    );
    check(
        ".5",
        expect![[
            r#"Unexpected character ('.' (code 46)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false') @ 1:2"#
        ]],
    );
    check("1.", expect![[r#"Unexpected end-of-input in a Number value @ 1:3"#]]);
    check(
        "1.x",
        expect![[
            r#"Unexpected character ('x' (code 120)) in numeric value: Decimal point not followed by a digit @ 1:4"#
        ]],
    );
    check("1e+", expect![[r#"Unexpected end-of-input in a Number value @ 1:4"#]]);
    check(
        "1x",
        expect![[
            r#"Unexpected character ('x' (code 120)): Expected space separating root-level values @ 1:3"#
        ]],
    );
    check("1e999", expect![[r#"Numeric value (1e999) out of range of double @ 1:6"#]]);
    check(
        "\"a",
        expect![[
            r#"Unexpected end-of-input: was expecting closing quote for a string value @ 1:3"#
        ]],
    );
    check("{\"a", expect![[r#"Unexpected end-of-input in field name @ 1:4"#]]);
    check(
        "\"a\nb\"",
        expect![[
            r#"Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in string value @ 2:1"#
        ]],
    );
    check(r#""\x""#, expect![[r#"Unrecognized character escape 'x' (code 120) @ 1:4"#]]);
    check(
        r#""\u12g4""#,
        expect![[
            r#"Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence @ 1:7"#
        ]],
    );
    check(r#""\ud800""#, expect![[r#"Invalid surrogate pair in character escape sequence @ 1:8"#]]);
}

/// Whatever is read here, serde_json reads as the same value.
#[test]
fn agrees_with_serde_json() {
    for text in [
        "null",
        " [true, false, null, 0, -0, 1.5, -1e-7, 12345678901234567890, 1E2] ",
        r#"{"a":{"b":["é\u00e9\ud83d\ude00\n\/"]},"":"","a":2}"#,
        "\"\u{7f}\"",
        &format!("{}{}", "[".repeat(127), "]".repeat(127)),
    ] {
        assert_eq!(asl::json_error(text), None, "{text}");
        assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{text}");
    }
}

// SFN-VAL-5: a long source is cut.
#[test]
fn long_sources_are_cut() {
    let text = format!("x{}", " ".repeat(600));
    let outcome = asl::parse(&text, &asl::Options::default());
    let location = outcome.findings[0].location.clone().unwrap();
    assert!(location.ends_with("\"[truncated 101 chars]; line: 1, column: 2]"), "{location}");
}
