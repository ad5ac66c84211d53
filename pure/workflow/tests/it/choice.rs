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
