//! The Choice operators (SFN-CHOICE-3…8, SFN-VEC-30…43).

use crate::harness::run;

/// Runs one rule on `{"v": value, "w": other}`; the error's text when the state fails.
fn rule(rule: &str, input: &str) -> Result<bool, String> {
    let text = format!(
        r#"{{"StartAt": "A", "States": {{
            "A": {{"Type": "Choice", "Choices": [{{{rule}, "Next": "Yes"}}], "Default": "No"}},
            "Yes": {{"Type": "Pass", "Result": true, "End": true}},
            "No": {{"Type": "Pass", "Result": false, "End": true}}}}}}"#
    );
    let head = run(&text, input).execution.head;
    match head.output {
        Some(output) => Ok(output.value().as_bool().unwrap()),
        None => Err(head.cause.unwrap_or_default()),
    }
}

// SFN-CHOICE-4, SFN-CHOICE-5, SFN-CHOICE-6, SFN-CHOICE-8
#[test]
fn operators() {
    let rows = [
        (r#""StringEquals": "Hello""#, r#""Hello""#, true),
        (r#""StringEquals": "     ""#, r#"" ""#, false),
        (r#""StringLessThan": "AB""#, r#""A""#, true),
        (r#""StringLessThan": "A""#, r#""AB""#, false),
        (r#""StringLessThan": """#, r#""""#, false),
        (r#""StringGreaterThan": "A""#, r#""AB""#, true),
        (r#""StringLessThanEquals": "A""#, r#""AB""#, false),
        (r#""StringGreaterThanEquals": "AB""#, r#""AB""#, true),
        // UTF-16 order: a surrogate is less than U+FF5E.
        (r#""StringLessThan": "～""#, r#""😀""#, true),
        (r#""StringMatches": "a*\\*""#, r#""abc*""#, true),
        (r#""StringMatches": "a*""#, "1", false),
        (r#""NumericEquals": 1"#, "1.0", true),
        (r#""NumericEquals": 0"#, r#""""#, false),
        (r#""NumericLessThan": 1"#, "0", true),
        (r#""NumericGreaterThanEquals": 9007199254740993"#, "9007199254740992", false),
        (r#""BooleanEquals": false"#, "false", true),
        (r#""BooleanEquals": false"#, "0", false),
        (
            r#""TimestampEquals": "2024-01-01T00:00:00Z""#,
            r#""2024-01-01T01:00:00.000+01:00""#,
            true,
        ),
        (r#""TimestampEquals": "2024-01-01T00:00:00Z""#, r#""2024-01-01""#, false),
        (r#""TimestampLessThan": "2024-01-01T00:00:00Z""#, r#""2023-12-31T23:59:59Z""#, true),
        (r#""IsNull": true"#, "null", true),
        (r#""IsNull": false"#, "1", true),
        (r#""IsNumeric": false"#, r#""1""#, true),
        (r#""IsString": true"#, r#""""#, true),
        (r#""IsBoolean": true"#, "1", false),
        (r#""IsTimestamp": true"#, r#""2024-01-01T00:00:00Z""#, true),
        (r#""IsTimestamp": true"#, "1", false),
        (r#""IsPresent": true"#, "null", true),
        (r#""StringEqualsPath": "$.w""#, r#""w""#, true),
        (r#""NumericLessThanPath": "$.n""#, "1", true),
        (r#""NumericLessThanPath": "$.w""#, "1", false),
        (r#""BooleanEqualsPath": "$.b""#, "true", true),
        (r#""TimestampLessThanPath": "$.t""#, r#""2023-01-01T00:00:00Z""#, true),
    ];
    for (comparison, value, expected) in rows {
        let input = format!(
            r#"{{"v": {value}, "w": "w", "n": 2, "b": true, "t": "2024-01-01T00:00:00Z"}}"#
        );
        let found = rule(&format!(r#""Variable": "$.v", {comparison}"#), &input);
        assert_eq!(found, Ok(expected), "{comparison} {value}");
    }
}

/// Values of every kind, dates among them.
const VALUES: [&str; 19] = [
    "null",
    "0",
    "0.0",
    "1",
    "1.1",
    "-1",
    r#""""#,
    r#"" ""#,
    r#""Hello""#,
    r#""1""#,
    r#""true""#,
    r#""2024-01-01T00:00:00Z""#,
    "[]",
    r#"[""]"#,
    "[1]",
    "{}",
    r#"{"A":0}"#,
    "true",
    "false",
];

/// For every value whether a rule holds of it, as `$.v` of an item.
fn held(rule: &str) -> Vec<bool> {
    let values = VALUES.join(",");
    let text = format!(
        r#"{{"StartAt": "M", "States": {{"M": {{"Type": "Map", "ItemsPath": "$.values", "End": true,
            "ItemSelector": {{"v.$": "$$.Map.Item.Value", "n": 0, "s": "Hello", "b": true,
                "t": "2024-01-01T00:00:00.000Z"}},
            "ItemProcessor": {{"StartAt": "A", "States": {{
                "A": {{"Type": "Choice", "Choices": [{{{rule}, "Next": "Yes"}}], "Default": "No"}},
                "Yes": {{"Type": "Pass", "Result": true, "End": true}},
                "No": {{"Type": "Pass", "Result": false, "End": true}}}}}}}}}}}}"#
    );
    let head = run(&text, &format!(r#"{{"values": [{values}]}}"#)).execution.head;
    let output = head.output.unwrap_or_else(|| panic!("{rule} {:?}", head.cause));
    output.value().as_array().unwrap().iter().map(|held| held.as_bool().unwrap()).collect()
}

/// The values of which `comparison` holds, and of which `Not` of it does not.
fn matching(comparison: &str) -> Vec<&'static str> {
    let plain = held(&format!(r#""Variable": "$.v", {comparison}"#));
    let not = held(&format!(r#""Not": {{"Variable": "$.v", {comparison}}}"#));
    assert!(plain.iter().zip(&not).all(|(plain, not)| plain != not), "{comparison}");
    VALUES.into_iter().zip(plain).filter(|(_, holds)| *holds).map(|(value, _)| value).collect()
}

// SFN-CHOICE-4, SFN-VEC-30…43: values of other types never match and never fail.
#[test]
fn operators_and_every_kind_of_value() {
    let numbers = ["0", "0.0", "1", "1.1", "-1"];
    let texts = [r#""""#, r#"" ""#, r#""Hello""#, r#""1""#, r#""true""#];
    let date = r#""2024-01-01T00:00:00Z""#;
    let all_texts = [&texts[..], &[date]].concat();
    let rows: Vec<(&str, Vec<&str>)> = vec![
        (r#""BooleanEquals": true"#, vec!["true"]),
        (r#""BooleanEquals": false"#, vec!["false"]),
        (r#""BooleanEqualsPath": "$.b""#, vec!["true"]),
        (r#""BooleanEqualsPath": "$.n""#, vec![]),
        (r#""IsPresent": true"#, VALUES.to_vec()),
        (r#""IsNull": true"#, vec!["null"]),
        (r#""IsString": true"#, all_texts.clone()),
        (r#""IsNumeric": true"#, numbers.to_vec()),
        (r#""IsBoolean": true"#, vec!["true", "false"]),
        (r#""IsTimestamp": true"#, vec![date]),
        (r#""NumericEquals": 0"#, vec!["0", "0.0"]),
        (r#""NumericEquals": 1.0"#, vec!["1"]),
        (r#""NumericEqualsPath": "$.n""#, vec!["0", "0.0"]),
        (r#""NumericEqualsPath": "$.s""#, vec![]),
        (r#""NumericLessThan": 1"#, vec!["0", "0.0", "-1"]),
        (r#""NumericLessThanPath": "$.n""#, vec!["-1"]),
        (r#""NumericLessThanEquals": 1"#, vec!["0", "0.0", "1", "-1"]),
        (r#""NumericLessThanEqualsPath": "$.n""#, vec!["0", "0.0", "-1"]),
        (r#""NumericGreaterThan": 0"#, vec!["1", "1.1"]),
        (r#""NumericGreaterThanPath": "$.n""#, vec!["1", "1.1"]),
        (r#""NumericGreaterThanEquals": 1"#, vec!["1", "1.1"]),
        (r#""NumericGreaterThanEqualsPath": "$.n""#, vec!["0", "0.0", "1", "1.1"]),
        (r#""StringEquals": "Hello""#, vec![texts[2]]),
        (r#""StringEquals": "1""#, vec![texts[3]]),
        (r#""StringEqualsPath": "$.s""#, vec![texts[2]]),
        (r#""StringEqualsPath": "$.n""#, vec![]),
        (r#""StringLessThan": "1""#, vec![texts[0], texts[1]]),
        (r#""StringLessThanPath": "$.s""#, vec![texts[0], texts[1], texts[3], date]),
        (r#""StringLessThanEquals": "1""#, vec![texts[0], texts[1], texts[3]]),
        (
            r#""StringLessThanEqualsPath": "$.s""#,
            vec![texts[0], texts[1], texts[2], texts[3], date],
        ),
        (r#""StringGreaterThan": "Hello""#, vec![texts[4]]),
        (r#""StringGreaterThanPath": "$.s""#, vec![texts[4]]),
        (r#""StringGreaterThanEquals": "Hello""#, vec![texts[2], texts[4]]),
        (r#""StringGreaterThanEqualsPath": "$.s""#, vec![texts[2], texts[4]]),
        (r#""StringMatches": "*""#, all_texts),
        (r#""StringMatches": "*l*""#, vec![texts[2]]),
        (r#""TimestampEquals": "2024-01-01T01:00:00+01:00""#, vec![date]),
        (r#""TimestampEqualsPath": "$.t""#, vec![date]),
        (r#""TimestampEqualsPath": "$.s""#, vec![]),
        (r#""TimestampLessThan": "2024-01-01T00:00:00.000000001Z""#, vec![date]),
        (r#""TimestampLessThan": "2024-01-01T00:00:00Z""#, vec![]),
        (r#""TimestampLessThanPath": "$.t""#, vec![]),
        (r#""TimestampLessThanEquals": "2024-01-01T00:00:00Z""#, vec![date]),
        (r#""TimestampLessThanEqualsPath": "$.t""#, vec![date]),
        (r#""TimestampGreaterThan": "2023-12-31T23:59:59.999Z""#, vec![date]),
        (r#""TimestampGreaterThanPath": "$.t""#, vec![]),
        (r#""TimestampGreaterThanEquals": "2024-01-01T00:00:00Z""#, vec![date]),
        (r#""TimestampGreaterThanEqualsPath": "$.t""#, vec![date]),
    ];
    let mut tried = std::collections::BTreeSet::new();
    for (comparison, mut expected) in rows {
        tried.insert(comparison.split('"').nth(1).unwrap().to_owned());
        let mut found = matching(comparison);
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{comparison}");
    }
    assert_eq!(tried.len(), 39, "{tried:?}");
    // `IsX: false` is the opposite (SFN-CHOICE-6, SFN-VEC-35).
    for test in ["IsNull", "IsString", "IsNumeric", "IsBoolean", "IsTimestamp", "IsPresent"] {
        let yes = matching(&format!(r#""{test}": true"#));
        let no = matching(&format!(r#""{test}": false"#));
        assert_eq!(yes.len() + no.len(), VALUES.len(), "{test}");
        assert!(yes.iter().all(|value| !no.contains(value)), "{test}");
    }
}

// SFN-CHOICE-6, SFN-VEC-33, SFN-VEC-42: what is a timestamp.
#[test]
fn timestamps() {
    let rows = [
        ("2024-01-01T00:00:00Z", true),
        ("2024-01-01T00:00:00.1Z", true),
        ("2024-01-01T00:00:00.123456789Z", true),
        ("2024-01-01T00:00:00+01:00", true),
        ("2024-01-01T00:00:00-18:00", true),
        ("2024-01-01T00:00:00-23:59", false),
        ("2024-02-29T23:59:59Z", true),
        ("2023-02-29T00:00:00Z", false),
        ("2024-13-01T00:00:00Z", false),
        ("2024-01-01T25:00:00Z", false),
        ("2024-01-01T00:60:00Z", false),
        ("2024-01-01T00:00:00", false),
        ("2024-01-01t00:00:00z", false),
        ("2024-01-01 00:00:00Z", false),
        ("2024-01-01", false),
        ("2023-02-24 12:15:56.832957", false),
        ("2024-01-01T00%3A00%3A00Z", false),
        ("2024-01-01T00:00:00Z ", false),
        ("", false),
    ];
    for (text, expected) in rows {
        let input = format!(r#"{{"v": "{text}"}}"#);
        let found = rule(r#""Variable": "$.v", "IsTimestamp": true"#, &input);
        assert_eq!(found, Ok(expected), "{text}");
    }
}

// SFN-CHOICE-1: the first rule that holds.
#[test]
fn the_first_rule_counts() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Choice", "Default": "D", "Choices": [
        {"Variable": "$", "NumericGreaterThan": 5, "Next": "B"},
        {"Variable": "$", "NumericGreaterThan": 3, "Next": "C"}]},
        "B": {"Type": "Pass", "Result": "B", "End": true},
        "C": {"Type": "Pass", "Result": "C", "End": true},
        "D": {"Type": "Pass", "Result": "D", "End": true}}}"#;
    for (input, expected) in [("6", "\"B\""), ("4", "\"C\""), ("3", "\"D\""), ("\"x\"", "\"D\"")] {
        assert_eq!(&**run(text, input).execution.head.output.unwrap().text(), expected);
    }
}

// SFN-CHOICE-11, SFN-PATH-4
#[test]
fn variables_of_every_root() {
    let text = |rule: &str| {
        format!(
            r#"{{"StartAt": "V", "States": {{
                "V": {{"Type": "Pass", "Assign": {{"x": {{"a": [1, "two"]}}}}, "Next": "A"}},
                "A": {{"Type": "Choice", "Choices": [{{{rule}, "Next": "Yes"}}], "Default": "No"}},
                "Yes": {{"Type": "Pass", "Result": true, "End": true}},
                "No": {{"Type": "Pass", "Result": false, "End": true}}}}}}"#
        )
    };
    let rows = [
        (r#""Variable": "$x.a[0]", "NumericEquals": 1"#, Some(true)),
        (r#""Variable": "$.one", "NumericEqualsPath": "$x.a[0]""#, Some(true)),
        (r#""Variable": "$$.State.Name", "StringEquals": "A""#, Some(true)),
        (r#""Variable": "$.name", "StringEqualsPath": "$$.State.Name""#, Some(true)),
        (r#""Variable": "$x.b", "IsPresent": false"#, Some(true)),
        (r#""Variable": "$none", "IsPresent": false"#, Some(true)),
        (r#""Variable": "$none", "IsNull": false"#, None),
    ];
    for (rule, expected) in rows {
        let head = run(&text(rule), r#"{"one": 1, "name": "A"}"#).execution.head;
        let found = head.output.and_then(|output| output.value().as_bool());
        assert_eq!(found, expected, "{rule} {:?}", head.cause);
    }
}

#[test]
fn combinations() {
    let one = r#"{"Variable": "$.v", "NumericEquals": 1}"#;
    let two = r#"{"Variable": "$.v", "NumericEquals": 2}"#;
    let missing = r#"{"Variable": "$.no", "NumericEquals": 2}"#;
    let rows = [
        (format!(r#""And": [{one}, {two}]"#), false),
        (format!(r#""And": [{two}, {missing}]"#), false),
        (format!(r#""Or": [{one}, {missing}]"#), true),
        (format!(r#""Not": {one}"#), false),
        (r#""Not": {"Variable": "$.v", "StringEquals": "1"}"#.into(), true),
        (r#""Variable": "$.no", "IsPresent": false"#.into(), true),
        (r#""Variable": "$$.State.Name", "StringEquals": "A""#.into(), true),
    ];
    for (text, expected) in rows {
        assert_eq!(rule(&text, r#"{"v": 1}"#), Ok(expected), "{text}");
    }
}

// SFN-CHOICE-7, SFN-CHOICE-9
#[test]
fn failures() {
    let prefix = "An error occurred while executing the state 'A' (entered at the event id #2). ";
    let missing = format!(
        "{prefix}Invalid path '$.no': The choice state's condition path references an invalid \
         value."
    );
    for text in [
        r#""Variable": "$.no", "IsNull": true"#,
        r#""Variable": "$.v", "NumericEqualsPath": "$.no""#,
    ] {
        assert_eq!(rule(text, r#"{"v": 1}"#), Err(missing.clone()));
    }
    let text = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Choices": [{"Variable": "$.v", "IsNull": true, "Next": "B"}]},
        "B": {"Type": "Succeed"}}}"#;
    let head = run(text, r#"{"v": 1}"#).execution.head;
    assert_eq!(head.error.as_deref(), Some("States.Runtime"));
    let told = "Failed to transition out of the state. The state does not point to a next state.";
    assert_eq!(head.cause, Some(format!("{prefix}{told}")));
}
