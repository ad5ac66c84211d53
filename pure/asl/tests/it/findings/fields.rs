//! Which field each type of state has, and the ranges of numbers, as tables.

use asl::{Options, describe, parse};

const TYPES: [&str; 8] = ["Task", "Parallel", "Map", "Pass", "Wait", "Choice", "Succeed", "Fail"];

/// What a state cannot do without, by type and language.
fn core(kind: &str, language: &str) -> String {
    let machine = r#"{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}"#;
    let own = match (kind, language) {
        ("Task", _) => r#","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f""#.into(),
        ("Parallel", _) => format!(r#","Branches":[{machine}]"#),
        ("Map", _) => format!(r#","ItemProcessor":{machine}"#),
        ("Wait", _) => r#","Seconds":1"#.into(),
        ("Choice", "JSONata") => {
            r#","Default":"Z","Choices":[{"Condition":true,"Next":"Z"}]"#.to_owned()
        }
        ("Choice", _) => {
            r#","Default":"Z","Choices":[{"Variable":"$.a","IsNull":true,"Next":"Z"}]"#.into()
        }
        _ => String::new(),
    };
    let way = match kind {
        "Choice" | "Succeed" | "Fail" => "",
        _ => r#","Next":"Z""#,
    };
    format!(r#""Type":"{kind}","QueryLanguage":"{language}"{own}{way}"#)
}

fn findings(members: &str) -> Vec<String> {
    let text = format!(
        r#"{{"StartAt":"S","States":{{"S":{{{members}}},"Z":{{"Type":"Pass","End":true}}}}}}"#
    );
    let outcome = parse(&text, &Options::default());
    outcome
        .findings
        .iter()
        .map(describe)
        .filter(|line| !line.contains("is not reachable"))
        .collect()
}

/// A field, a value it may have in both languages, the types that have it, and in which language:
/// `P` JSONPath, `A` JSONata, `B` both.
const MATRIX: [(&str, &str, &str, char); 21] = [
    ("Comment", r#""c""#, "Task Parallel Map Pass Wait Choice Succeed Fail", 'B'),
    ("InputPath", r#""$""#, "Task Parallel Map Pass Wait Choice Succeed", 'P'),
    ("OutputPath", r#""$""#, "Task Parallel Map Pass Wait Choice Succeed", 'P'),
    ("Parameters", "{}", "Task Parallel Map Pass", 'P'),
    ("ResultSelector", "{}", "Task Parallel Map", 'P'),
    ("ResultPath", r#""$""#, "Task Parallel Map Pass", 'P'),
    ("Result", "1", "Pass", 'P'),
    ("Arguments", "{}", "Task Parallel", 'A'),
    ("Output", "1", "Task Parallel Map Pass Wait Choice Succeed", 'A'),
    ("Assign", "{}", "Task Parallel Map Pass Wait Choice", 'B'),
    ("Retry", "[]", "Task Parallel Map", 'B'),
    ("Catch", "[]", "Task Parallel Map", 'B'),
    ("TimeoutSeconds", "5", "Task", 'B'),
    ("HeartbeatSecondsPath", r#""$.a""#, "Task", 'P'),
    ("Credentials", r#"{"RoleArn":"r"}"#, "Task", 'B'),
    ("ItemsPath", r#""$""#, "Map", 'P'),
    ("Items", "[]", "Map", 'A'),
    ("ItemSelector", "{}", "Map", 'B'),
    ("MaxConcurrency", "1", "Map", 'B'),
    ("Error", r#""e""#, "Fail", 'B'),
    ("CausePath", r#""$.a""#, "Fail", 'P'),
];

// language.md §2, SFN-ASL-11, SFN-QL-5, SFN-VALID-1
#[test]
fn every_field_of_every_type() {
    for kind in TYPES {
        for language in ["JSONPath", "JSONata"] {
            assert_eq!(findings(&core(kind, language)), [""; 0], "{kind} {language}");
            for (field, value, kinds, within) in MATRIX {
                let found = findings(&format!(r#"{},"{field}":{value}"#, core(kind, language)));
                let other = if within == 'P' { "JSONPath" } else { "JSONata" };
                let expected = if !kinds.split(' ').any(|known| known == kind) {
                    vec![format!(
                        "SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at /States/S"
                    )]
                } else if within != 'B' && other != language {
                    vec![format!(
                        "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to '{language}', but \
                         field '{field}' is only supported for the '{other}' QueryLanguage at \
                         /States/S"
                    )]
                } else {
                    Vec::new()
                };
                assert_eq!(found, expected, "{kind} {language} {field}");
            }
        }
    }
}

// SFN-ASL-11: terminal states, and Choice, have no way of their own.
#[test]
fn ways_of_states_without() {
    for kind in ["Choice", "Succeed", "Fail"] {
        for (field, value) in [("Next", r#""Z""#), ("End", "true")] {
            let found = findings(&format!(r#"{},"{field}":{value}"#, core(kind, "JSONPath")));
            let told =
                format!("SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at /States/S");
            assert_eq!(found, [told], "{kind}");
        }
    }
}

const SECONDS: (&str, &str) = ("1", "99999999");

// SFN-VALID-9, SFN-TASK-2, SFN-RETRY-1, SFN-WAIT-1
#[test]
fn numbers_have_ranges() {
    let retry = |field: &str| format!(r#""Retry":[{{"ErrorEquals":["E"],"{field}":#}}]"#);
    let rows = [
        ("Task", r#""TimeoutSeconds":#"#.to_owned(), SECONDS, "TimeoutSeconds"),
        ("Task", r#""HeartbeatSeconds":#"#.to_owned(), SECONDS, "HeartbeatSeconds"),
        ("Task", retry("IntervalSeconds"), SECONDS, "Retry[0]/IntervalSeconds"),
        ("Task", retry("MaxAttempts"), ("0", "99999999"), "Retry[0]/MaxAttempts"),
        ("Task", retry("MaxDelaySeconds"), ("1", "31622400"), "Retry[0]/MaxDelaySeconds"),
        ("Map", r#""MaxConcurrency":#"#.to_owned(), ("0", ""), "MaxConcurrency"),
    ];
    for (kind, field, (least, most), place) in rows {
        let with = |value: &str| {
            findings(&format!("{},{}", core(kind, "JSONPath"), field.replace('#', value)))
        };
        let told =
            |what: &str| vec![format!("SCHEMA_VALIDATION_FAILED: {what} at /States/S/{place}")];
        assert_eq!(with(least), [""; 0], "{field}");
        let below = (least.parse::<i64>().unwrap() - 1).to_string();
        assert_eq!(with(&below), told(&format!("Minimum value is {least}")));
        for value in ["1.5", r#""5""#, "null", "true", "[]", r#""{% 1 %}""#] {
            assert_eq!(with(value), told("Expected value of type Integer"), "{field} {value}");
        }
        if most.is_empty() {
            assert_eq!(with("9999999999999"), [""; 0], "{field}");
            continue;
        }
        assert_eq!(with(most), [""; 0], "{field}");
        let above = (most.parse::<i64>().unwrap() + 1).to_string();
        assert_eq!(with(&above), told(&format!("Maximum value is {most}")));
    }
}

// SFN-ERRN-4 is a promise of authors; the service takes any name.
#[test]
fn error_names_are_free() {
    for name in ["States.Mine", "States.", "State.ALL", "", " ", "é"] {
        let catch = format!(r#""Catch":[{{"ErrorEquals":["{name}"],"Next":"Z"}}]"#);
        let found = findings(&format!("{},{catch}", core("Task", "JSONPath")));
        assert_eq!(found, [""; 0], "{name}");
    }
    assert_eq!(findings(r#""Type":"Fail","Error":"States.Mine""#), [""; 0]);
}

// SFN-JA-4: fields that may be computed, and those that are literals in JSONata too.
#[test]
fn fields_that_may_be_computed() {
    let rows = [
        ("Task", r#""TimeoutSeconds":"{% 5 %}""#),
        ("Task", r#""HeartbeatSeconds":"{% 5 %}""#),
        ("Task", r#""Credentials":{"RoleArn":"{% 'r' %}"}"#),
        ("Task", r#""Arguments":"{% {} %}""#),
        ("Map", r#""MaxConcurrency":"{% 5 %}""#),
        ("Map", r#""ToleratedFailureCount":"{% 5 %}""#),
        ("Map", r#""ToleratedFailurePercentage":"{% 5 %}""#),
        ("Map", r#""Items":"{% [1] %}""#),
        ("Map", r#""ItemSelector":{"a":["{% 1 %}"]}"#),
        ("Fail", r#""Error":"{% 'e' %}","Cause":"{% 'c' %}""#),
        ("Pass", r#""Output":{"a":[{"b":"{% 1 %}"}]},"Assign":{"x":"{% 1 %}"}"#),
    ];
    for (kind, fields) in rows {
        let found = findings(&format!("{},{fields}", core(kind, "JSONata")));
        assert_eq!(found, [""; 0], "{kind} {fields}");
        let broken = fields.replace("%}", "( %}");
        let found = findings(&format!("{},{broken}", core(kind, "JSONata")));
        assert!(
            !found.is_empty()
                && found.iter().all(|line| line.starts_with("INVALID_JSONATA_EXPRESSION")),
            "{kind} {broken} {found:?}"
        );
    }
    let retry = r#""Retry":[{"ErrorEquals":["E"],"MaxAttempts":"{% 1 %}"}]"#;
    let found = findings(&format!("{},{retry}", core("Task", "JSONata")));
    let told = "SCHEMA_VALIDATION_FAILED: Expected value of type Integer at \
                /States/S/Retry[0]/MaxAttempts";
    assert_eq!(found, [told]);
}
