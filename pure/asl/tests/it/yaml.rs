//! YAML definitions: the same model, the same findings, places in the YAML text.

use asl::{Options, Syntax};
use expect_test::{Expect, expect};

const OPTIONS: Options =
    Options { kind: asl::MachineKind::Standard, syntax: Syntax::Yaml, warnings: false };

const ORDER: &str = "\
# an order
Comment: &note takes an order
StartAt: Check
States:
  Check:
    Type: Choice
    Choices:
      - Variable: $.total
        NumericGreaterThan: 1_000.5
        Next: Review
      - {Variable: $.total, NumericEquals: 0, Next: No}
    Default: \"Done\"
  No:
    Type: Fail
    Comment: *note
    Error: no
    Cause: 012
  Review:
    Type: Wait
    Seconds: 60
    Next: Missing
  Done: {Type: Succeed}
";

#[test]
fn places_are_in_the_yaml() {
    let outcome = asl::parse(ORDER, &OPTIONS);
    let shown: Vec<_> =
        outcome.findings.iter().map(|finding| asl::excerpt(ORDER, finding)).collect();
    expect![[r#"
        SCHEMA_VALIDATION_FAILED: Expected value of type Number at /States/Check/Choices[0]/NumericGreaterThan
          line 9, column 29
          9 |         NumericGreaterThan: 1_000.5
            |                             ^^^^^^^
        MISSING_TRANSITION_TARGET: Missing 'Next' target: Missing at /States/Review/Next
          line 21, column 11
          21 |     Next: Missing
             |           ^^^^^^^"#]].assert_eq(&shown.join("\n"));
}

#[test]
fn becomes_the_same_json() {
    let fixed = ORDER.replace("1_000.5", "1000.5").replace("Missing", "Done");
    expect![[r#"{"Comment":"takes an order","StartAt":"Check","States":{"Check":{"Type":"Choice","Choices":[{"Variable":"$.total","NumericGreaterThan":1000.5,"Next":"Review"},{"Variable":"$.total","NumericEquals":0,"Next":"No"}],"Default":"Done"},"No":{"Type":"Fail","Comment":"takes an order","Error":"no","Cause":"012"},"Review":{"Type":"Wait","Seconds":60,"Next":"Done"},"Done":{"Type":"Succeed"}}}"#]].assert_eq(&asl::yaml_to_json(&fixed).unwrap());
    assert!(asl::parse(&fixed, &OPTIONS).definition.is_some());
}

#[test]
fn mistakes() {
    let check = |text: &str, expected: Expect| {
        let finding = asl::yaml_to_json(text).unwrap_err();
        expected.assert_eq(&asl::excerpt(text, &finding));
    };
    check(
        "a: 1\na: 2\n",
        expect![[r#"
            INVALID_YAML_DESCRIPTION: invalid YAML: repeated key `a`
              line 2, column 1
              2 | a: 2
                | ^"#]],
    );
    check(
        "a: [1\nb: 2\n",
        expect![[r#"
            INVALID_YAML_DESCRIPTION: invalid YAML: illegal placement of ':' indicator
              line 2, column 2
              2 | b: 2
                |  ^"#]],
    );
    check(
        "Output: {% $states.input %}\n",
        expect![[r#"
            INVALID_YAML_DESCRIPTION: invalid YAML: unexpected character: `%'; line 1 has a JSONata expression without quotes, where a plain `{%` opens a mapping: write it as '{% … %}'
              line 1, column 10
              1 | Output: {% $states.input %}
                |          ^"#]],
    );
    check(
        "a: *nowhere\n",
        expect![[r#"
            INVALID_YAML_DESCRIPTION: invalid YAML: alias references unknown anchor
              line 1, column 4
              1 | a: *nowhere
                |    ^"#]],
    );
    check(
        "a: !Sub b\n",
        expect![[r#"
        INVALID_YAML_DESCRIPTION: invalid YAML: unsupported tag `!Sub`
          line 1, column 9
          1 | a: !Sub b
            |         ^"#]],
    );
    check(
        "a: .nan\n",
        expect![[r#"
            INVALID_YAML_DESCRIPTION: invalid YAML: non-finite float `.nan` rejected by the configured policy
              line 1, column 4
              1 | a: .nan
                |    ^^^^"#]],
    );
    check(
        &format!("a: {}{}\n", "[".repeat(200), "]".repeat(200)),
        expect![[r#"
            TOO_DEEPLY_NESTED: invalid YAML: nested deeper than 40 levels
              line 1, column 43
              1 |  [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
                |                                         ^"#]],
    );
}

#[test]
fn nothing_is_no_object() {
    let outcome = asl::parse("", &OPTIONS);
    assert_eq!(outcome.findings[0].message, "Definition must be a valid JSON object");
}
