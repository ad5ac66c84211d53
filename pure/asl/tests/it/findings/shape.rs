//! Whole definitions, transitions, and which state has which field.

use expect_test::expect;

use super::{check, pass, state};

// SFN-VAL-4 to SFN-VAL-6, SFN-ASL-1, SFN-VALID-8
#[test]
fn whole_definitions() {
    check(
        "",
        expect![[r#"SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"#]],
    );
    check(
        "[]",
        expect![[r#"SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"#]],
    );
    check(
        "not a definition",
        expect![[r#"
            INVALID_JSON_DESCRIPTION: Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
             at [Source: (String)"not a definition"; line: 1, column: 4]"#]],
    );
    check(
        "{}",
        expect![[r#"SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"#]],
    );
    check(
        r#"{"States":{"A":{"Type":"Succeed"}}}"#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /"#]],
    );
    check(
        r#"{"StartAt":"A"}"#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"#]],
    );
    check(
        r#"{"StartAt":"First","States":{}}"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States
        MISSING_TRANSITION_TARGET: Missing 'Next' target: First at /StartAt
        MISSING_END_STATE: Workflow has no terminal state at null"#]],
    );
    check(
        r#"{"StartAt":"A","States":{"A":{"End":true}}}"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: The field 'Type' is required at /States/A
        MISSING_END_STATE: Workflow has no terminal state at null"#]],
    );
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}},"Version":"2.0","TimeoutSeconds":0,"X":1,"Comment":2}"#,
        expect![[r#"
            SCHEMA_VALIDATION_FAILED: Field 'X' is not supported at /
            SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /Comment
            SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version
            SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /TimeoutSeconds"#]],
    );
    check(
        r#"{"StartAt":1,"States":[]}"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /StartAt
        SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States"#]],
    );
    check(
        &format!("{}{}", "[".repeat(200), "]".repeat(200)),
        expect![[
            r#"TOO_DEEPLY_NESTED: Document nesting depth (128) exceeds the maximum allowed (127, from `StreamReadConstraints.getMaxNestingDepth()`) at null"#
        ]],
    );
}

// SFN-VALID-3, SFN-ASL-3, SFN-ASL-4
#[test]
fn graphs() {
    check(
        r#"{"StartAt":"Nowhere","States":{"A":{"Type":"Pass","Next":"B"},
            "C":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"D"}],"Default":"E"},
            "T":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:111122223333:function:f","End":true,
                 "Catch":[{"ErrorEquals":["States.ALL"],"Next":"F"}]}}}"#,
        expect![[r#"
            MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /StartAt
            MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next
            MISSING_TRANSITION_TARGET: Missing 'Next' target: E at /States/C/Default
            MISSING_TRANSITION_TARGET: Missing 'Next' target: D at /States/C/Choices[0]/Next
            MISSING_TRANSITION_TARGET: Missing 'Next' target: F at /States/T/Catch[0]/Next"#]],
    );
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"A"}}}"#,
        expect![[r#"MISSING_END_STATE: Workflow has no terminal state at null"#]],
    );
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true},"B":{"Type":"Pass","Next":"A"}}}"#,
        expect![[r#"MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B"#]],
    );
    // An inner loop without an end is accepted; an inner unreachable state is not.
    state(
        r#""Type":"Parallel","Next":"Z","Branches":[
            {"StartAt":"L","States":{"L":{"Type":"Pass","Next":"L"}}},
            {"StartAt":"M","States":{"M":{"Type":"Pass","End":true},"N":{"Type":"Succeed"}}}]"#,
        expect![[
            r#"MISSING_TRANSITION_TARGET: State "N" is not reachable. at /States/S/Branches[1]/States/N"#
        ]],
    );
    state(
        r#""Type":"Map","Next":"Z","ItemProcessor":{"StartAt":"Z","States":{"Z":{"Type":"Succeed"}}}"#,
        expect![[r#"DUPLICATE_STATE_NAME: Duplicate State name: Z at /States/Z"#]],
    );
    let long = "n".repeat(81);
    check(
        &format!(r#"{{"StartAt":"{long}","States":{{"{long}":{{"Type":"Succeed"}}}}}}"#),
        expect![[
            r#"INVALID_STATE_NAME: State name 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' exceeds the 80-character limit allowed by the service at /States/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"#
        ]],
    );
    // SFN-ASL-5
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Fail"},"A":{"Type":"Succeed"}}}"#,
        expect![[
            r#"DUPLICATE_FIELD: Field 'A' is defined more than once; the last value is used at /States"#
        ]],
    );
}

// language.md §2, SFN-QL-1 to SFN-QL-5, SFN-ASL-10
#[test]
fn fields_and_languages() {
    state(
        r#""Type":"Foo","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/S/Type"#
        ]],
    );
    state(
        r#""Type":1,"Next":"Z""#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Type"#]],
    );
    state(
        r#""Type":"Pass""#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
    state(
        r#""Type":"Pass","Next":"Z","End":true"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Next, End] at /States/S"#
        ]],
    );
    state(
        r#""Type":"Pass","End":false"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
    state(
        r#""Type":"Choice","Default":"Z","Choices":[],"Next":"Z""#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/S
        SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Choices"#]],
    );
    state(
        r#""Type":"Fail","InputPath":"$.a""#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'InputPath' is not supported at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
    state(
        r#""Type":"Succeed","Assign":{}"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'Assign' is not supported at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
    pass(
        r#""Retry":[],"ResultSelector":{},"Seconds":1"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported at /States/S
        SCHEMA_VALIDATION_FAILED: Field 'ResultSelector' is not supported at /States/S
        SCHEMA_VALIDATION_FAILED: Field 'Seconds' is not supported at /States/S"#]],
    );
    pass(
        r#""Output":1"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S"#
        ]],
    );
    pass(
        r#""QueryLanguage":"JSONata","InputPath":"$","Result":1"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/S
        SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'Result' is only supported for the 'JSONPath' QueryLanguage at /States/S"#]],
    );
    pass(
        r#""QueryLanguage":"jsonpath""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSONPath, JSONata] at /States/S/QueryLanguage"#
        ]],
    );
    pass(
        r#""QueryLanguage":7"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/QueryLanguage"#
        ]],
    );
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","End":true,"QueryLanguage":"JSONPath","Output":1}}}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A"#
        ]],
    );
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","End":true,"Parameters":1}}}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported for the 'JSONPath' QueryLanguage at /States/A"#
        ]],
    );
    state(
        r#""Type":"Parallel","Next":"Z","Branches":[{"QueryLanguage":"JSONata","StartAt":"B","States":{"B":{"Type":"Succeed"}}}]"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/S/Branches[0]"#
        ]],
    );
    // A nested state inherits from the workflow, not from the state around it.
    state(
        r#""Type":"Parallel","QueryLanguage":"JSONata","Next":"Z","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed","Output":1}}}]"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S/Branches[0]/States/B"#
        ]],
    );
}
