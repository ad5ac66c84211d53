//! JSONata states: expressions in every field, and how they fail (language.md §7, history.md §5).

use expect_test::{Expect, expect};

use crate::harness::{World, failed, run, succeeded};

fn machine(states: &str) -> String {
    format!(r#"{{"StartAt": "A", "QueryLanguage": "JSONata", "States": {{{states}}}}}"#)
}

fn outcome(states: &str, input: &str) -> String {
    let head = run(&machine(states), input).execution.head;
    match head.output {
        Some(output) => output.text().to_string(),
        None => format!("{}: {}", head.error.unwrap_or_default(), head.cause.unwrap_or_default()),
    }
}

// SFN-JA-3, SFN-JA-22, SFN-JA-30…34, SFN-VAR-6, SFN-SUCCEED-1
#[test]
fn values() {
    let rows = [
        (r#""A": {"Type": "Pass", "End": true}"#, r#"{"a":  1}"#, r#"{"a":  1}"#),
        (
            r#""A": {"Type": "Pass", "Output": {"s": "{% $states.input.a + 1 %}", "l": ["x", "{% null %}"]}, "End": true}"#,
            r#"{"a": 1}"#,
            r#"{"s":2,"l":["x",null]}"#,
        ),
        (
            r#""A": {"Type": "Succeed", "Output": "{% $states.context.State.Name %}"}"#,
            "{}",
            r#""A""#,
        ),
        (
            r#""A": {"Type": "Pass", "Assign": {"x": "{% $states.input.a %}"}, "Next": "B"},
               "B": {"Type": "Pass", "Assign": {"x": "{% $x + 1 %}"}, "Output": "{% $x %}", "Next": "C"},
               "C": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $x %}"], "End": true}"#,
            r#"{"a": 1}"#,
            "[1,2]",
        ),
        (
            r#""A": {"Type": "Choice", "Output": "default", "Default": "B", "Choices": [
                 {"Condition": "{% $states.input.a = 1 %}", "Output": "{% $states.input.a %}", "Next": "B"},
                 {"Condition": "{% $states.input.a = 2 %}", "Next": "B"}]},
               "B": {"Type": "Succeed"}"#,
            r#"{"a": 1}"#,
            "1",
        ),
        (r#""A": {"Type": "Fail", "Error": "{% 'E' & 1 %}", "Cause": "c"}"#, "{}", "E1: c"),
        (
            r#""A": {"Type": "Map", "Items": "{% $states.input.i %}", "End": true,
                 "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}", "n": "{% $states.context.Map.Item.Index %}"},
                 "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}}"#,
            r#"{"i": ["a", "b"]}"#,
            r#"[{"v":"a","n":0},{"v":"b","n":1}]"#,
        ),
        (
            r#""A": {"Type": "Parallel", "Arguments": {"x": "{% $states.input.a %}"}, "End": true,
                 "Output": "{% $states.result[0].x %}",
                 "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}]}"#,
            r#"{"a": 9}"#,
            "9",
        ),
    ];
    for (states, input, expected) in rows {
        assert_eq!(outcome(states, input), expected, "{states}");
    }
}

/// The output of a Map over one Pass.
fn mapped(fields: &str, input: &str) -> String {
    let processor = r#"{"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}"#;
    let states =
        format!(r#""A": {{"Type": "Map", {fields} "ItemProcessor": {processor}, "End": true}}"#);
    outcome(&states, input)
}

// SFN-JA-9, SFN-MAP-2, SFN-MAP-3: arrays keep their shape, also those of one.
#[test]
fn items() {
    let prefix = "States.QueryEvaluationError: An error occurred while executing the state 'A' \
                  (entered at the event id #2). ";
    let input = r#"{"one": [7], "none": [], "many": [1, 2], "object": {"k": 1}}"#;
    for (items, expected) in [
        ("[]", "[]"),
        ("[1]", "[1]"),
        ("[[1]]", "[[1]]"),
        ("[1, 'two', null]", r#"[1,"two",null]"#),
        ("[1..3]", "[1,2,3]"),
        ("$states.input.one", "[7]"),
        ("$states.input.none", "[]"),
        ("$states.input.many[$ > 1][]", "[2]"),
    ] {
        assert_eq!(mapped(&format!(r#""Items": "{{% {items} %}}","#), input), expected, "{items}");
    }
    for (items, kind, value) in [
        ("null", "null", "null"),
        ("true", "boolean", "true"),
        ("'x'", "string", r#""x""#),
        ("$states.input.object", "object", r#"{"k":1}"#),
        ("$states.input.many[$ > 1]", "number", "2"),
        ("$range(1,9,9)", "number", "1"),
    ] {
        let told = format!(
            "{prefix}The JSONata expression '{items}' specified for the field 'Items' returned an \
             unexpected result type. Expected 'array', but was '{kind}' for value: {value}"
        );
        assert_eq!(mapped(&format!(r#""Items": "{{% {items} %}}","#), input), told);
    }
    for input in ["null", "true", "7", r#""x""#, r#"{"k":1}"#] {
        let told = format!("{prefix}Map state input must be an array but was: {input}");
        assert_eq!(mapped("", input), told);
    }
    assert_eq!(mapped("", "[3]"), "[3]");
}

// SFN-JA-9, SFN-JA-12, SFN-JA-13
#[test]
fn results_of_every_kind() {
    let input = r#"{"one": [7], "list": [{"a": 1}, {"a": 2}], "nil": null}"#;
    for (expression, expected) in [
        ("[1]", "[1]"),
        ("$states.input.one", "[7]"),
        ("$states.input.list.a", "[1,2]"),
        ("$states.input.list[a = 1].a", "1"),
        ("$states.input.list[a = 1].a[]", "[1]"),
        ("$states.input.nil", "null"),
        ("$type($states.input.nil)", r#""null""#),
        ("$count($states.input.nil)", "1"),
        ("{'v': null}", r#"{"v":null}"#),
        ("1/0", r#""Infinity""#),
        ("-1/0", r#""-Infinity""#),
        ("0/0", r#""NaN""#),
        ("$string(1e21)", r#""1e+21""#),
        ("1.0", "1"),
        ("3.25", "3.25"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("$string(0.1 + 0.2)", r#""0.3""#),
        ("$parse('-0')", "0"),
    ] {
        let states = format!(r#""A": {{"Type": "Succeed", "Output": "{{% {expression} %}}"}}"#);
        assert_eq!(outcome(&states, input), expected, "{expression}");
    }
}

// SFN-JA-2, SFN-JA-3: what is an expression, and what is left as it is.
#[test]
fn expressions_and_literals() {
    for (output, expected) in [
        (r#"" {% 1 %} ""#, r#"" {% 1 %} ""#),
        (r#""{%1%}""#, "1"),
        (r#""{% 1 %} and {% 2 %}x""#, r#""{% 1 %} and {% 2 %}x""#),
        (r#""x {% 1 %}""#, r#""x {% 1 %}""#),
        (r#"{"{% 1 %}": "{% 1 %}"}"#, r#"{"{% 1 %}":1}"#),
        (
            r#"[1.0, 1, true, null, "a", {"b": [{"c": "{% 2 %}"}]}]"#,
            r#"[1.0,1,true,null,"a",{"b":[{"c":2}]}]"#,
        ),
    ] {
        let states = format!(r#""A": {{"Type": "Succeed", "Output": {output}}}"#);
        assert_eq!(outcome(&states, "{}"), expected, "{output}");
    }
}

#[test]
fn random_values_differ_within_a_state() {
    let told = outcome(r#""A": {"Type": "Succeed", "Output": "{% $uuid() = $uuid() %}"}"#, "{}");
    assert!(told == "false" || told == "true");
    let states = r#""A": {"Type": "Pass", "Output": {"x": "{% $uuid() %}", "y": "{% $uuid() %}"}, "Next": "B"},
        "B": {"Type": "Succeed", "Output": "{% $states.input.x = $states.input.y %}"}"#;
    assert_eq!(outcome(states, "{}"), "false");
}

#[track_caller]
fn fails(states: &str, input: &str, expected: Expect) {
    expected.assert_eq(&run(&machine(states), input).chain());
}

// SFN-JA-5, SFN-JA-6, SFN-CHOICE-10, SFN-MAP-3, SFN-HIST-50…54, SFN-HIST-123
#[test]
fn failures() {
    fails(
        r#""A": {"Type": "Pass", "Output": {"a": {"b": [1, "{% $nothing %}"]}}, "End": true}"#,
        "{}",
        expect![[r#"
            1<0 ExecutionStarted {"input":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}
            2<0 PassStateEntered {"name":"A","input":"{}"}
            3<2 EvaluationFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '$nothing' specified for the field 'Output/a/b[1]' returned nothing (undefined).","location":"Output/a/b[1]","state":"A"}
            4<3 ExecutionFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '$nothing' specified for the field 'Output/a/b[1]' returned nothing (undefined)."}
        "#]],
    );
    fails(
        r#""A": {"Type": "Wait", "Timestamp": "{% 'soon' %}", "End": true}"#,
        "{}",
        expect![[r#"
            1<0 ExecutionStarted {"input":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}
            2<0 WaitStateEntered {"name":"A","input":"{}"}
            3<2 EvaluationFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: soon","location":"Timestamp","state":"A"}
            4<3 ExecutionFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: soon"}
        "#]],
    );
    fails(
        r#""A": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "B"},
             {"Condition": "{% 1 %}", "Next": "B"}]}, "B": {"Type": "Succeed"}"#,
        "{}",
        expect![[r#"
            1<0 ExecutionStarted {"input":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}
            2<0 ChoiceStateEntered {"name":"A","input":"{}"}
            3<2 EvaluationFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '1' specified for the field 'Choices[1]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1","location":"Choices[1]/Condition","state":"A"}
            4<3 ExecutionFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '1' specified for the field 'Choices[1]/Condition' returned an unexpected result type. Expected 'boolean', but was 'number' for value: 1"}
        "#]],
    );
    fails(
        r#""A": {"Type": "Choice", "Choices": [{"Condition": true, "Assign": {"x": "{% $f() %}"}, "Next": "B"}]},
           "B": {"Type": "Succeed"}"#,
        "{}",
        expect![[r#"
            1<0 ExecutionStarted {"input":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}
            2<0 ChoiceStateEntered {"name":"A","input":"{}"}
            3<2 EvaluationFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '$f()' specified for the field 'Choices[0]/Assign/x' threw an error during evaluation. T1006: Attempted to invoke a non-function","location":"Choices[0]/Assign/x","state":"A"}
            4<3 ExecutionFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '$f()' specified for the field 'Choices[0]/Assign/x' threw an error during evaluation. T1006: Attempted to invoke a non-function"}
        "#]],
    );
    fails(
        r#""A": {"Type": "Map", "Items": "{% 1 %}", "End": true,
             "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}}"#,
        "{}",
        expect![[r#"
            1<0 ExecutionStarted {"input":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}
            2<0 MapStateEntered {"name":"A","input":"{}"}
            3<2 EvaluationFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '1' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'number' for value: 1","location":"Items","state":"A"}
            4<3 MapStateFailed
            5<4 ExecutionFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '1' specified for the field 'Items' returned an unexpected result type. Expected 'array', but was 'number' for value: 1"}
        "#]],
    );
    fails(
        r#""A": {"Type": "Map", "End": true,
             "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Pass", "End": true}}}}"#,
        r#"{"no": "array"}"#,
        expect![[r#"
            1<0 ExecutionStarted {"input":"{\"no\": \"array\"}","roleArn":"arn:aws:iam::111111111111:role/r"}
            2<0 MapStateEntered {"name":"A","input":"{\"no\": \"array\"}"}
            3<2 EvaluationFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). Map state input must be an array but was: {\"no\":\"array\"}","state":"A"}
            4<3 MapStateFailed
            5<4 ExecutionFailed {"error":"States.QueryEvaluationError","cause":"An error occurred while executing the state 'A' (entered at the event id #2). Map state input must be an array but was: {\"no\":\"array\"}"}
        "#]],
    );
}

// SFN-JA-7
#[test]
fn numbers() {
    let timeout = |value: &str| {
        let states = format!(
            r#""A": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
                 "TimeoutSeconds": "{{% {value} %}}", "End": true}}"#
        );
        outcome(&states, "{}")
    };
    let prefix = "States.QueryEvaluationError: An error occurred while executing the state 'A' \
                  (entered at the event id #2). ";
    for (value, told) in [
        ("-1", "TimeoutSeconds must be between 0 and 99999999 but was: -1"),
        ("1.6", "The TimeoutSeconds field cannot be parsed as an integer: 1.6"),
        (
            "'1'",
            "The JSONata expression ''1'' specified for the field 'TimeoutSeconds' returned an \
             unexpected result type. Expected 'number', but was 'string' for value: \"1\"",
        ),
    ] {
        assert_eq!(timeout(value), format!("{prefix}{told}"));
    }
    assert_eq!(
        outcome(r#""A": {"Type": "Wait", "Seconds": "{% 1 + 1 %}", "End": true}"#, "1"),
        "1"
    );
    let map = |field: &str| {
        let states = format!(
            r#""A": {{"Type": "Map", "Items": [], {field}, "End": true, "ItemProcessor":
                {{"StartAt": "I", "States": {{"I": {{"Type": "Pass", "End": true}}}}}}}}"#
        );
        outcome(&states, "{}")
    };
    assert_eq!(map(r#""MaxConcurrency": "{% 1 %}""#), "[]");
    let told = map(r#""MaxConcurrency": "{% -1 %}""#);
    assert_eq!(told, format!("{prefix}MaxConcurrency cannot be negative."));
    let wait = |value: &str| {
        outcome(
            &format!(r#""A": {{"Type": "Wait", "Seconds": "{{% {value} %}}", "End": true}}"#),
            "1",
        )
    };
    for (value, told) in [
        ("-1", "Seconds must be between 0 and 99999999 but was: -1"),
        ("100000000", "Seconds must be between 0 and 99999999 but was: 100000000"),
        ("1.5", "The Seconds field cannot be parsed as an integer: 1.5"),
        (
            "null",
            "The JSONata expression 'null' specified for the field 'Seconds' returned an \
             unexpected result type. Expected 'number', but was 'null' for value: null",
        ),
        (
            "$none",
            "The JSONata expression '$none' specified for the field 'Seconds' returned nothing \
             (undefined).",
        ),
        (
            "function(){1}",
            "The JSONata expression 'function(){1}' specified for the field 'Seconds' returned an \
             unsupported result type.",
        ),
    ] {
        assert_eq!(wait(value), format!("{prefix}{told}"));
    }
}

// SFN-HIST-55, SFN-RETRY-7
#[test]
fn arguments_fail_and_are_retried() {
    let states = r#""A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "{% $nothing %}"}, "End": true,
        "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 1}]}"#;
    assert_eq!(
        run(&machine(states), "{}").short(),
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 EvaluationFailed; \
         4<3 EvaluationFailed; 5<4 ExecutionFailed"
    );
}

// SFN-HIST-52
#[test]
fn output_fails_and_is_caught() {
    let states = r#""A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "f"}, "Output": "{% $nothing %}", "End": true,
        "Catch": [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "B",
            "Output": "{% $states.errorOutput.Error %}", "Assign": {"v": "{% $states.input %}"}}]},
        "B": {"Type": "Pass", "Output": ["{% $states.input %}", "{% $v %}"], "End": true}"#;
    let mut world = World::started(&machine(states), "7");
    world.feed(succeeded(0, 1, "{}"));
    assert_eq!(
        world.short(),
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 TaskScheduled; 4<3 TaskStarted; \
         5<4 TaskSucceeded; 6<5 EvaluationFailed; 7<6 TaskStateExited; 8<7 PassStateEntered; \
         9<8 PassStateExited; 10<9 ExecutionSucceeded"
    );
    let output = world.execution.head.output.unwrap();
    assert_eq!(&**output.text(), r#"["States.QueryEvaluationError",7]"#);
}

// SFN-HIST-56
#[test]
fn a_catchers_output_fails() {
    let states = r#""A": {"Type": "Parallel", "End": true,
        "Branches": [{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}],
        "Catch": [{"ErrorEquals": ["X"], "Next": "B"},
            {"ErrorEquals": ["States.ALL"], "Next": "B", "Output": {"v": "{% $nothing %}"}}]},
        "B": {"Type": "Succeed"}"#;
    let world = run(&machine(states), "{}");
    assert_eq!(
        world.short(),
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 FailStateEntered; 5<4 ParallelStateFailed; 6<4 EvaluationFailed; \
         7<6 ParallelStateFailed; 8<7 ExecutionFailed"
    );
    assert!(world.chain().contains(r#""location":"Catch[1]/Output/v""#));
}

// An ItemSelector that fails in the middle takes the running items with it.
#[test]
fn an_item_selector_fails() {
    let states = r#""A": {"Type": "Map", "End": true, "Items": [1, 0],
        "ItemSelector": {"v": "{% $states.context.Map.Item.Value = 1 ? 1 : $nothing %}"},
        "ItemProcessor": {"StartAt": "X", "States": {"X": {"Type": "Wait", "Seconds": 1, "End": true}}}}"#;
    assert_eq!(
        run(&machine(states), "{}").short(),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; \
         4<3 MapIterationStarted; 5<3 EvaluationFailed; 6<5 MapIterationAborted; \
         7<5 MapStateFailed; 8<7 ExecutionFailed"
    );
}

// SFN-QL-1: a JSONata state in a JSONPath machine, with variables across.
#[test]
fn both_languages() {
    let text = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"x.$": "$.a"}, "Next": "B"},
        "B": {"Type": "Task", "QueryLanguage": "JSONata", "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "f", "Payload": "{% $x %}"}, "Next": "C",
            "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],
            "Assign": {"y": "{% $states.result.r %}", "n": "{% $states.context.State.RetryCount %}"},
            "Output": "{% $states.input %}"},
        "C": {"Type": "Pass", "Parameters": {"y.$": "$y", "n.$": "$n", "in.$": "$"}, "End": true}}}"#;
    let mut world = World::started(text, r#"{"a": 5}"#);
    world.feed(failed(0, 1, "E"));
    world.fire_next();
    world.feed(succeeded(0, 2, r#"{"r": 6}"#));
    assert!(world.chain().contains(r#"{\"FunctionName\":\"f\",\"Payload\":5}"#));
    let output = world.execution.head.output.unwrap();
    assert_eq!(output.value(), &serde_json::json!({"y": 6, "n": 1, "in": {"a": 5}}));
}
