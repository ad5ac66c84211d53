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
    output("{%%}", expect![[""]]);
    output("{% [1,2 %}", expect![[""]]);
    output("{% 'a %}", expect![[""]]);
}

#[test]
fn references() {
    output("{% $x + $y.z & $count($states.input) %}", expect![[""]]);
    output("{% a.b %}", expect![[""]]);
    output("{% $$.a %}", expect![[""]]);
    output("{% $states.result %}", expect![[""]]);
    output("{% $states.errorOutput.Error %}", expect![[""]]);
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
        expect![[""]],
    );
    check(
        r#""Type":"Choice","Choices":[{"Condition":"{% $states.result %}","Next":"Z","Output":"{% $a %}"}]"#,
        expect![[""]],
    );
    check(
        r#""Type":"Map","Next":"Z","Items":"x","ItemSelector":{"v":"{% $states.context.Map.Item.Value & $outer %}"},
           "ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Wait","Seconds":"{% $inner %}","End":true}}}"#,
        expect![[""]],
    );
}
