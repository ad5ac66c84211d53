//! What is wrong with JSONata expressions (SFN-JA-2, SFN-JA-20, SFN-JA-21, SFN-VALID-6).

use asl::Options;
use expect_test::{Expect, expect};

/// The findings of the state `S` of a JSONata machine.
fn check(members: &str, expected: Expect) {
    let text = format!(
        r#"{{"QueryLanguage":"JSONata","StartAt":"S","States":{{"S":{{{members}}},"Z":{{"Type":"Succeed"}}}}}}"#
    );
    let outcome = asl::parse(&text, &Options::default());
    let mut lines: Vec<_> = outcome.findings.iter().map(asl::describe).collect();
    if !outcome.variable_references.is_empty() {
        lines.push(format!("reads {:?}", outcome.variable_references));
    }
    expected.assert_eq(&lines.join("\n"));
}

fn output(text: &str, expected: Expect) {
    check(&format!(r#""Type":"Pass","Next":"Z","Output":{{"v":"{text}"}}"#), expected);
}

#[test]
fn expressions_and_literals() {
    output("{% $states.input.a %}", expect![[""]]);
    output("{%$states.context.Execution.Id%}", expect![[""]]);
    output(" {% ) %} ", expect![[""]]);
    output("{% ) ", expect![[""]]);
    output(
        "{%%}",
        expect![[
            r#"INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/S/Output/v"#
        ]],
    );
    output(
        "{% [1,2 %}",
        expect![[
            r#"INVALID_JSONATA_EXPRESSION: Expected "]" before end of expression at /States/S/Output/v"#
        ]],
    );
    output(
        "{% 'a %}",
        expect![[
            r#"INVALID_JSONATA_EXPRESSION: String literal must be terminated by a matching quote at /States/S/Output/v"#
        ]],
    );
}

#[test]
fn references() {
    output("{% $x + $y.z & $count($states.input) %}", expect![[r#"reads {"S": ["x", "y"]}"#]]);
    output(
        "{% a.b %}",
        expect![[
            r#"UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'a' at the top level is not supported. at /States/S/Output/v"#
        ]],
    );
    output(
        "{% $$.a %}",
        expect![[
            r#"UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/S/Output/v"#
        ]],
    );
    output(
        "{% $states.result %}",
        expect![[
            r#"UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Output/v"#
        ]],
    );
    output(
        "{% $states.errorOutput.Error %}",
        expect![[
            r#"UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/S/Output/v"#
        ]],
    );
    output("{% $states %}", expect![[""]]);
    output("{% $map($states.input.l, function($v) { $v.name }) %}", expect![[""]]);
}

#[test]
fn places() {
    let task =
        r#""Type":"Task","Next":"Z","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f""#;
    check(
        &format!(
            r#"{task},"Arguments":{{"a":["{{% $states.result %}}"]}},"Output":"{{% $states.result %}}",
              "Assign":{{"r":"{{% $states.result %}}"}},"TimeoutSeconds":"{{% $states.errorOutput %}}",
              "Catch":[{{"ErrorEquals":["a"],"Next":"Z","Output":"{{% $states.errorOutput %}}","Assign":{{"c":"{{% $states.result %}}"}}}}]"#
        ),
        expect![[r#"
            UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Arguments/a[0]
            UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Catch[0]/Assign/c
            UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/S/TimeoutSeconds"#]],
    );
    check(
        r#""Type":"Choice","Choices":[{"Condition":"{% $states.result %}","Next":"Z","Output":"{% $a %}"}]"#,
        expect![[r#"
            UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.result' does not exist. at /States/S/Choices[0]/Condition
            reads {"S": ["a"]}"#]],
    );
    check(
        r#""Type":"Map","Next":"Z","Items":"x","ItemSelector":{"v":"{% $states.context.Map.Item.Value & $outer %}"},
           "ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Wait","Seconds":"{% $inner %}","End":true}}}"#,
        expect![[r#"
            SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Items
            reads {"I": ["inner"], "S": ["outer"]}"#]],
    );
}
