//! Whatever is done to a definition, it is read in peace: there is a definition exactly when no
//! finding is an error, and every finding has a place that exists.

use asl::{Options, Severity};
use serde_json::{Value, json};

/// Every state type, in both languages.
fn rich() -> Value {
    json!({
        "Comment": "c", "StartAt": "Task", "Version": "1.0", "TimeoutSeconds": 60,
        "QueryLanguage": "JSONPath",
        "States": {
            "Task": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": {"FunctionName": "f", "Payload": {"t.$": "$$.Task.Token", "l": [1]}},
                "InputPath": "$.a", "ResultSelector": {"r.$": "$.Payload"}, "ResultPath": "$.r",
                "OutputPath": "$", "Credentials": {"RoleArn.$": "States.Format('{}', $.role)"},
                "TimeoutSeconds": 10, "HeartbeatSecondsPath": "$.h", "Assign": {"v.$": "$.x"},
                "Retry": [{"ErrorEquals": ["a"], "IntervalSeconds": 1, "MaxAttempts": 2,
                    "BackoffRate": 1.5, "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Fail", "ResultPath": "$.e",
                    "Assign": {"w.$": "$.Cause"}}],
                "Next": "Choice"
            },
            "Choice": {
                "Type": "Choice", "Default": "Wait",
                "Choices": [
                    {"And": [{"Not": {"Variable": "$.a", "IsNull": true}},
                        {"Or": [{"Variable": "$$.b", "TimestampEquals": "2024-01-01T00:00:00Z"},
                            {"Variable": "$v", "NumericLessThanPath": "$.n"}]}],
                        "Next": "Map", "Assign": {"c": 1}},
                    {"Variable": "$.s", "StringMatches": "a*", "Next": "Parallel"}
                ]
            },
            "Wait": {"Type": "Wait", "SecondsPath": "$.s", "Next": "Pass"},
            "Pass": {"Type": "Pass", "Result": {"a": 1}, "End": true},
            "Parallel": {"Type": "Parallel", "End": true, "Branches": [
                {"StartAt": "In", "States": {"In": {"Type": "Succeed"}}}]},
            "Map": {
                "Type": "Map", "Next": "Jsonata", "ItemsPath": "$.l", "MaxConcurrencyPath": "$.m",
                "ItemSelector": {"i.$": "$$.Map.Item.Value"}, "Label": "l",
                "ToleratedFailurePercentage": 5.5,
                "ItemReader": {"Resource": "arn:aws:states:::s3:getObject",
                    "Parameters": {"Bucket": "b", "Key.$": "$.k"},
                    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN",
                        "CSVHeaders": ["a"], "MaxItems": 5}},
                "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"b.$": "$.c"}},
                "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": {"Bucket": "b"}, "WriterConfig": {"OutputType": "JSON"}},
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                    "StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": true}}}
            },
            "Jsonata": {
                "Type": "Task", "QueryLanguage": "JSONata", "End": true,
                "Resource": "arn:aws:states:::sqs:sendMessage", "TimeoutSeconds": 5,
                "Arguments": {"QueueUrl": "q", "MessageBody": {"m": "text"}},
                "Output": {"o": ["text"]},
                "Catch": [{"ErrorEquals": ["b"], "Next": "Fail", "Output": "text"}]
            },
            "Fail": {"Type": "Fail", "ErrorPath": "$.e", "Cause": "c"}
        }
    })
}

#[test]
fn any_part_may_be_replaced() {
    check(&rich());
    assert!(asl::parse(&rich().to_string(), &Options::default()).definition.is_some());
    let odd = [
        json!(null),
        json!(true),
        json!(-1.5),
        json!(7),
        json!(""),
        json!("$.x"),
        json!("{% $x %}"),
        json!("JSONata"),
        json!([]),
        json!([1]),
        json!({}),
        json!({"a.$": 1}),
    ];
    let mut mutants = 0;
    for pointer in pointers(&rich()) {
        for value in &odd {
            let mut mutant = rich();
            *mutant.pointer_mut(&pointer).unwrap() = value.clone();
            check(&mutant);
            mutants += 1;
        }
    }
    assert!(mutants > 1_500, "only {mutants}");
}

#[test]
fn any_member_may_be_missing_or_misspelt() {
    for pointer in pointers(&rich()) {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let mut mutant = rich();
        if let Some(Value::Object(members)) = mutant.pointer_mut(parent) {
            let value = members.shift_remove(key).unwrap();
            check(&mutant);
            let members = mutant.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            members.insert(format!("{key}x"), value);
            check(&mutant);
        }
    }
}

/// Any text at all: prefixes of a definition, and one with a byte out of place.
#[test]
fn any_text_is_read_in_peace() {
    let text = rich().to_string();
    for end in 0..text.len() {
        let found = asl::parse(&text[..end], &Options::default());
        assert_eq!(found.findings.len(), 1, "{end}");
        let broken = format!("{}}}{}", &text[..end], &text[end..]);
        asl::parse(&broken, &Options::default());
    }
}

fn check(definition: &Value) {
    let text = definition.to_string();
    let outcome = asl::parse(&text, &Options { warnings: true, ..Options::default() });
    let refused = outcome.findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(outcome.definition.is_none(), refused, "{text}");
    for finding in &outcome.findings {
        let excerpt = asl::excerpt(&text, finding);
        assert!(finding.position.is_none() || excerpt.contains('^'), "{excerpt}");
        assert!(finding.position.is_some() || finding.location.is_none(), "{excerpt}");
    }
}

/// Every part of a value but itself.
fn pointers(value: &Value) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (key, child) in children {
        let key = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
        found.extend(pointers(child).into_iter().map(|pointer| format!("{key}{pointer}")));
        found.push(key);
    }
    found
}
