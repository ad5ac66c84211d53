//! What is wrong with a definition, one row a mistake.

use asl::{MachineKind, Options, Syntax};
use expect_test::{Expect, expect};

/// The findings of a definition, a line each.
fn check(text: &str, expected: Expect) {
    check_as(text, MachineKind::Standard, expected);
}

fn check_as(text: &str, kind: MachineKind, expected: Expect) {
    let options = Options { kind, syntax: Syntax::Json, warnings: true };
    let outcome = asl::parse(text, &options);
    let lines: Vec<_> = outcome.findings.iter().map(asl::describe).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// The findings of the state `S`, in a machine that is fine otherwise.
fn state(members: &str, expected: Expect) {
    check(&machine_of(members), expected);
}

fn machine_of(members: &str) -> String {
    let more = r#""Z":{"Type":"Succeed"}"#;
    format!(r#"{{"StartAt":"S","States":{{"S":{{{members}}},{more}}}}}"#)
}

/// The same for a Task that has everything else.
fn task(members: &str, expected: Expect) {
    let resource = r#""Resource":"arn:aws:lambda:us-east-1:111122223333:function:f""#;
    state(&format!(r#""Type":"Task",{resource},"Next":"Z",{members}"#), expected);
}

/// The same for a Pass.
fn pass(members: &str, expected: Expect) {
    state(&format!(r#""Type":"Pass","Next":"Z",{members}"#), expected);
}

/// The same for a Choice with one rule.
fn rule(members: &str, expected: Expect) {
    state(&format!(r#""Type":"Choice","Default":"Z","Choices":[{{{members}}}]"#), expected);
}

/// The same for a Map over one Pass.
fn map(config: &str, members: &str, expected: Expect) {
    let processor = format!(
        r#"{{"ProcessorConfig":{{{config}}},"StartAt":"I","States":{{"I":{{"Type":"Pass","End":true}}}}}}"#
    );
    state(&format!(r#""Type":"Map","Next":"Z","ItemProcessor":{processor},{members}"#), expected);
}

// SFN-VAL-4 to SFN-VAL-6, SFN-ASL-1, SFN-VALID-8
#[test]
fn whole_definitions() {
    check("", expect!["SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"]);
    check("[]", expect!["SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object at null"]);
    check("not a definition", expect![[r#"
        INVALID_JSON_DESCRIPTION: Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
         at [Source: (String)"not a definition"; line: 1, column: 4] at [Source: (String)"not a definition"; line: 1, column: 4]"#]]);
    check("{}", expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"]);
    check(r#"{"States":{"A":{"Type":"Succeed"}}}"#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /"]);
    check(r#"{"StartAt":"A"}"#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"]);
    check(r#"{"StartAt":"First","States":{}}"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States
        MISSING_TRANSITION_TARGET: Missing 'Next' target: First at /StartAt
        MISSING_END_STATE: Workflow has no terminal state at null"#]]);
    check(r#"{"StartAt":"A","States":{"A":{"End":true}}}"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: The field 'Type' is required at /States/A
        MISSING_END_STATE: Workflow has no terminal state at null"#]]);
    check(
        r#"{"StartAt":"A","States":{"A":{"Type":"Succeed"}},"Version":"2.0","TimeoutSeconds":0,"X":1,"Comment":2}"#,
        expect![[r#"
            SCHEMA_VALIDATION_FAILED: Field 'X' is not supported at /
            SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /Comment
            SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version
            SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /TimeoutSeconds"#]],
    );
    check(r#"{"StartAt":1,"States":[]}"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /StartAt
        SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States"#]]);
    check(&format!("{}{}", "[".repeat(200), "]".repeat(200)), expect!["TOO_DEEPLY_NESTED: Document nesting depth (128) exceeds the maximum allowed (127, from `StreamReadConstraints.getMaxNestingDepth()`) at null"]);
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
        expect!["MISSING_END_STATE: Workflow has no terminal state at null"],
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
        expect![[r#"MISSING_TRANSITION_TARGET: State "N" is not reachable. at /States/S/Branches[1]/States/N"#]],
    );
    state(
        r#""Type":"Map","Next":"Z","ItemProcessor":{"StartAt":"Z","States":{"Z":{"Type":"Succeed"}}}"#,
        expect!["DUPLICATE_STATE_NAME: Duplicate State name: Z at /States/Z"],
    );
    let long = "n".repeat(81);
    check(
        &format!(r#"{{"StartAt":"{long}","States":{{"{long}":{{"Type":"Succeed"}}}}}}"#),
        expect!["INVALID_STATE_NAME: State name 'nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn' exceeds the 80-character limit allowed by the service at /States/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"],
    );
    // SFN-ASL-5
    check(r#"{"StartAt":"A","States":{"A":{"Type":"Fail"},"A":{"Type":"Succeed"}}}"#, expect!["DUPLICATE_FIELD: Field 'A' is defined more than once; the last value is used at /States"]);
}

// language.md §2, SFN-QL-1 to SFN-QL-5, SFN-ASL-10
#[test]
fn fields_and_languages() {
    state(r#""Type":"Foo","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/S/Type"]);
    state(r#""Type":1,"Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Type"]);
    state(r#""Type":"Pass""#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]]);
    state(r#""Type":"Pass","Next":"Z","End":true"#, expect!["SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Next, End] at /States/S"]);
    state(r#""Type":"Pass","End":false"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]]);
    state(r#""Type":"Choice","Default":"Z","Choices":[],"Next":"Z""#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/S
        SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Choices"#]]);
    state(r#""Type":"Fail","InputPath":"$.a""#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'InputPath' is not supported at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]]);
    state(r#""Type":"Succeed","Assign":{}"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'Assign' is not supported at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]]);
    pass(r#""Retry":[],"ResultSelector":{},"Seconds":1"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported at /States/S
        SCHEMA_VALIDATION_FAILED: Field 'ResultSelector' is not supported at /States/S
        SCHEMA_VALIDATION_FAILED: Field 'Seconds' is not supported at /States/S"#]]);
    pass(r#""Output":1"#, expect!["SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S"]);
    pass(r#""QueryLanguage":"JSONata","InputPath":"$","Result":1"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/S
        SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'Result' is only supported for the 'JSONPath' QueryLanguage at /States/S"#]]);
    pass(r#""QueryLanguage":"jsonpath""#, expect!["SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSONPath, JSONata] at /States/S/QueryLanguage"]);
    pass(r#""QueryLanguage":7"#, expect!["SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/QueryLanguage"]);
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","End":true,"QueryLanguage":"JSONPath","Output":1}}}"#,
        expect!["SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A"],
    );
    check(
        r#"{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Pass","End":true,"Parameters":1}}}"#,
        expect!["SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported for the 'JSONPath' QueryLanguage at /States/A"],
    );
    state(
        r#""Type":"Parallel","Next":"Z","Branches":[{"QueryLanguage":"JSONata","StartAt":"B","States":{"B":{"Type":"Succeed"}}}]"#,
        expect!["SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/S/Branches[0]"],
    );
    // A nested state inherits from the workflow, not from the state around it.
    state(
        r#""Type":"Parallel","QueryLanguage":"JSONata","Next":"Z","Branches":[{"StartAt":"B","States":{"B":{"Type":"Succeed","Output":1}}}]"#,
        expect!["SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S/Branches[0]/States/B"],
    );
}

// SFN-PATH-2, SFN-PATH-3, SFN-PATH-10
#[test]
fn paths() {
    pass(r#""InputPath":"a""#, expect!["SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/InputPath"]);
    pass(r#""InputPath":"$.a[","OutputPath":1"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/InputPath
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/OutputPath"#]]);
    pass(r#""InputPath":null,"OutputPath":null,"ResultPath":null"#, expect![[""]]);
    pass(r#""InputPath":"$$.Execution.Id","OutputPath":"$x.a""#, expect![[""]]);
    pass(r#""ResultPath":"a""#, expect!["SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/ResultPath"]);
    pass(r#""ResultPath":"$.a[*]""#, expect!["SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ResultPath"]);
    pass(r#""ResultPath":"$$.a""#, expect!["SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ResultPath"]);
    pass(r#""ResultPath":"$x""#, expect!["SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ResultPath"]);
    pass(r#""OutputPath":"States.UUID()""#, expect!["SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/OutputPath"]);
    state(r#""Type":"Wait","SecondsPath":"$$.a","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/SecondsPath"]);
    state(r#""Type":"Wait","SecondsPath":"$x.a","Next":"Z""#, expect![[""]]);
    task(r#""TimeoutSecondsPath":"$..a""#, expect!["SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/TimeoutSecondsPath"]);
}

// SFN-TMPL-1 to SFN-TMPL-6, SFN-INTR-5
#[test]
fn templates() {
    pass(r#""Parameters":{"a.$":"$.b","b":[{"c.$":"States.Array($x, $$.a)"}]}"#, expect![[""]]);
    pass(r#""Parameters":{"a.$":"b"}"#, expect!["SCHEMA_VALIDATION_FAILED: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters"]);
    pass(r#""Parameters":{"a.$":1,"b":{"c.$":"States.Nope()"}}"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters
        SCHEMA_VALIDATION_FAILED: The value for the field 'c.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters/b"#]]);
    pass(r#""Parameters":{"a":[{"b.$":"$.["}]}"#, expect!["SCHEMA_VALIDATION_FAILED: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters/a[0]"]);
    pass(r#""Parameters":{"a":1,"a.$":"$.b"}"#, expect!["SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [a, a.$] at /States/S/Parameters"]);
    pass(r#""Result":{"a.$":"b","a":1}"#, expect!["PASS_RESULT_IS_STATIC: Attempt to use a path in the result of a Pass state. at /States/S/Result"]);
    pass(r#""Parameters":{"a":"$.b","c":"States.UUID()","d":1,"d":2}"#, expect![[r#"
        DUPLICATE_FIELD: Field 'd' is defined more than once; the last value is used at /States/S/Parameters
        NO_DOLLAR: No .$ on a field that appears to be a JSONPath or Intrinsic Function. at /States/S/Parameters/a
        NO_DOLLAR: No .$ on a field that appears to be a JSONPath or Intrinsic Function. at /States/S/Parameters/c"#]]);
}

// SFN-VAR-2, SFN-VAR-4, SFN-VAR-5
#[test]
fn variables() {
    pass(r#""Assign":{"a":1,"_b.$":"$.c","é9":2}"#, expect![[""]]);
    pass(r#""Assign":[]"#, expect!["SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Assign"]);
    pass(r#""Assign":{"states":1}"#, expect!["RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/S/Assign/states"]);
    pass(r#""Assign":{"a-b":1,"9":2,"":3}"#, expect![[r#"
        INVALID_VARIABLE_NAME: Invalid variable name 'a-b': the variable name contains invalid characters. at /States/S/Assign/a-b
        INVALID_VARIABLE_NAME: Invalid variable name '9': the variable name contains invalid characters. at /States/S/Assign/9
        INVALID_VARIABLE_NAME: Invalid variable name '': the variable name contains invalid characters. at /States/S/Assign/"#]]);
    let inner = r#""StartAt":"I","States":{"I":{"Type":"Pass","Assign":{"a":1},"End":true}}"#;
    let map = r#""Type":"Map","Next":"Z","Assign":{"a":2}"#;
    state(&format!(r#"{map},"ItemProcessor":{{{inner}}}"#), expect!["INVALID_VARIABLE_NAME: Invalid variable name 'a': the variable is already assigned in an outer scope. at /States/S/ItemProcessor/States/I/Assign/a"]);
    let config = r#""ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}"#;
    state(&format!(r#"{map},"ItemProcessor":{{{config},{inner}}}"#), expect![[""]]);
}

// SFN-WAIT-1, SFN-WAIT-2, SFN-FAIL-1, SFN-FAIL-3, SFN-VALID-9
#[test]
fn waits_and_fails() {
    state(r#""Type":"Wait","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S"]);
    state(r#""Type":"Wait","Next":"Z","Seconds":1,"SecondsPath":"$.a""#, expect!["SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S"]);
    state(r#""Type":"Wait","Next":"Z","Seconds":-1"#, expect!["SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/Seconds"]);
    state(r#""Type":"Wait","Next":"Z","Seconds":100000000"#, expect!["SCHEMA_VALIDATION_FAILED: Maximum value is 99999999 at /States/S/Seconds"]);
    state(r#""Type":"Wait","Next":"Z","Seconds":1.5"#, expect!["SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Seconds"]);
    state(r#""Type":"Wait","Next":"Z","Seconds":"1""#, expect!["SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Seconds"]);
    state(r#""Type":"Wait","Next":"Z","Timestamp":"2024-01-01""#, expect!["SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Timestamp"]);
    state(r#""Type":"Wait","QueryLanguage":"JSONata","Next":"Z","Seconds":"1""#, expect!["SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Seconds"]);
    state(r#""Type":"Fail","Error":"a","ErrorPath":"$.b""#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Error, ErrorPath] at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]]);
    state(r#""Type":"Fail","ErrorPath":"States.UUID()","CausePath":"$$.a""#, expect![[r#"MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]]);
    state(r#""Type":"Fail","ErrorPath":"States.Array(1)","CausePath":"a""#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: The value for the field 'ErrorPath' must be a valid JSONPath or a valid intrinsic function call at /States/S/ErrorPath
        SCHEMA_VALIDATION_FAILED: The value for the field 'CausePath' must be a valid JSONPath or a valid intrinsic function call at /States/S/CausePath
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]]);
    state(r#""Type":"Fail","Error":"$.a","Cause":1"#, expect![[r#"
        NO_PATH: Field value looks like a path, but field name does not end with 'Path'. at /States/S/Error
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Cause
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]]);
}

// SFN-CHOICE-2, SFN-CHOICE-3, SFN-VALID-2
#[test]
fn choices() {
    state(r#""Type":"Choice","Default":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [Choices] at /States/S"]);
    state(r#""Type":"Choice","Default":"Z","Choices":[]"#, expect!["SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Choices"]);
    rule(r#""Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/S/Choices[0]"]);
    rule(r#""Variable":"$.a","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [StringEquals, IsBoolean, StringLessThan, IsNumeric, BooleanEquals, StringLessThanEqualsPath, NumericLessThan, NumericGreaterThan, NumericLessThanPath, StringMatches, TimestampLessThanEqualsPath, NumericEquals, TimestampGreaterThan, StringGreaterThanEqualsPath, TimestampGreaterThanEqualsPath, TimestampLessThanEquals, NumericLessThanEqualsPath, TimestampEquals, BooleanEqualsPath, IsTimestamp, StringLessThanEquals, NumericLessThanEquals, StringLessThanPath, TimestampGreaterThanPath, StringGreaterThan, StringGreaterThanPath, IsString, StringEqualsPath, TimestampEqualsPath, TimestampLessThan, StringGreaterThanEquals, NumericGreaterThanPath, NumericGreaterThanEquals, NumericEqualsPath, TimestampLessThanPath, IsNull, IsPresent, TimestampGreaterThanEquals, NumericGreaterThanEqualsPath] at /States/S/Choices[0]"]);
    rule(r#""Variable":"$.a","IsNull":true"#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/S/Choices[0]"]);
    rule(r#""Variable":"$.a","IsNull":true,"StringEquals":"a","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [StringEquals, IsBoolean, StringLessThan, IsNumeric, BooleanEquals, StringLessThanEqualsPath, NumericLessThan, NumericGreaterThan, NumericLessThanPath, StringMatches, TimestampLessThanEqualsPath, NumericEquals, TimestampGreaterThan, StringGreaterThanEqualsPath, TimestampGreaterThanEqualsPath, TimestampLessThanEquals, NumericLessThanEqualsPath, TimestampEquals, BooleanEqualsPath, IsTimestamp, StringLessThanEquals, NumericLessThanEquals, StringLessThanPath, TimestampGreaterThanPath, StringGreaterThan, StringGreaterThanPath, IsString, StringEqualsPath, TimestampEqualsPath, TimestampLessThan, StringGreaterThanEquals, NumericGreaterThanPath, NumericGreaterThanEquals, NumericEqualsPath, TimestampLessThanPath, IsNull, IsPresent, TimestampGreaterThanEquals, NumericGreaterThanEqualsPath] at /States/S/Choices[0]"]);
    rule(r#""Variable":"$.a","IsNull":true,"Not":{},"Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/S/Choices[0]"]);
    rule(r#""And":[],"Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Choices[0]/And"]);
    rule(r#""And":[{"Variable":"$.a","IsNull":true,"Next":"Z"}],"Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/S/Choices[0]/And[0]"]);
    rule(r#""Not":{"Or":[{"Variable":"a","StringEquals":1}]},"Next":"Z""#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/Choices[0]/Not/Or[0]/Variable
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Choices[0]/Not/Or[0]/StringEquals"#]]);
    rule(r#""Variable":"$.a","NumericEquals":"1","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: Expected value of type Number at /States/S/Choices[0]/NumericEquals"]);
    rule(r#""Variable":"$.a","BooleanEquals":"true","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: Expected value of type [BOOLEAN] at /States/S/Choices[0]/BooleanEquals"]);
    rule(r#""Variable":"$.a","TimestampEquals":"2024-01-01","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Choices[0]/TimestampEquals"]);
    rule(r#""Variable":"$$.a","StringEqualsPath":"b","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/Choices[0]/StringEqualsPath"]);
    rule(r#""Variable":"$.a[*]","IsPresent":true,"Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/Choices[0]/Variable"]);
    rule(r#""Condition":true,"Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage at /States/S/Choices[0]"]);
    state(
        r#""Type":"Choice","QueryLanguage":"JSONata","Choices":[{"Condition":true,"Next":"Z"},
            {"Condition":"true","Next":"Z"},{"Condition":1,"Next":"Z"},{"Variable":"$.a","IsNull":true,"Next":"Z"}]"#,
        expect![[r#"
            SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Choices[1]/Condition
            SCHEMA_VALIDATION_FAILED: Expected value of type [STRING, BOOLEAN] at /States/S/Choices[2]/Condition
            SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'Variable' is only supported for the 'JSONPath' QueryLanguage at /States/S/Choices[3]
            SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field 'IsNull' is only supported for the 'JSONPath' QueryLanguage at /States/S/Choices[3]"#]],
    );
}

// SFN-TASK-1 to SFN-TASK-8, SFN-INT-1, SFN-INT-2, SFN-INT-15, SFN-INT-52, SFN-VALID-5
#[test]
fn tasks() {
    let resource = |arn: &str, more: &str, expected| {
        state(&format!(r#""Type":"Task","Next":"Z","Resource":"{arn}"{more}"#), expected);
    };
    state(r#""Type":"Task","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/S"]);
    resource("${Function}", "", expect!["SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/S/Resource"]);
    resource("arn:aws:s3:::bucket", "", expect!["SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:s3:::bucket is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"]);
    resource("arn:aws:states:::dynamodb:query", "", expect!["SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"]);
    resource("arn:aws:states:::dynamodb:getItem.sync", "", expect!["SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:getItem.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"]);
    resource("arn:aws:states:::aws-sdk:s3:getObject.sync", "", expect!["SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::aws-sdk:s3:getObject.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"]);
    resource("arn:aws:states:::aws-sdk:s3:GetObject", r#","Parameters":{}"#, expect!["SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::aws-sdk:s3:GetObject is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"]);
    resource("arn:aws-cn:states:::aws-sdk:s3:getObject", r#","Parameters":{}"#, expect![[""]]);
    resource("arn:aws:states:::sqs:sendMessage", "", expect!["SCHEMA_VALIDATION_FAILED: Parameters field is required for resource ARN: arn:aws:states:::sqs:sendMessage at /States/S"]);
    resource(
        "arn:aws:states:::sqs:sendMessage",
        r#","Parameters":{"QueueUrl.$":"$.q"}"#,
        expect!["SCHEMA_VALIDATION_FAILED: The field 'MessageBody' is required but was missing at /States/S/Parameters"],
    );
    resource(
        "arn:aws:states:::ecs:runTask.sync",
        r#","Parameters":{"TaskDefinition":"t","Count":1}"#,
        expect!["SCHEMA_VALIDATION_FAILED: The field 'Count' is not supported by Step Functions at /States/S/Parameters"],
    );
    resource(
        "arn:aws:states:::states:startExecution.sync:2",
        r#","Parameters":{"StateMachineArn":"m"}"#,
        expect![[""]],
    );
    resource("arn:aws:states:us-east-1:111122223333:activity:a", "", expect![[""]]);
    task(r#""Credentials":{}"#, expect!["SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/S/Credentials"]);
    task(r#""Credentials":{"RoleArn.$":"$.role","X":1}"#, expect!["SCHEMA_VALIDATION_FAILED: Field 'X' is not supported at /States/S/Credentials"]);
    task(r#""TimeoutSeconds":0,"HeartbeatSeconds":100000000"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/S/TimeoutSeconds
        SCHEMA_VALIDATION_FAILED: Maximum value is 99999999 at /States/S/HeartbeatSeconds"#]]);
    task(r#""TimeoutSeconds":5,"HeartbeatSeconds":5"#, expect!["SCHEMA_VALIDATION_FAILED: HeartbeatSeconds must be smaller than TimeoutSeconds at /States/S/HeartbeatSeconds"]);
    task(r#""TimeoutSeconds":"$.a""#, expect!["SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/TimeoutSeconds"]);
}

// SFN-RETRY-1, SFN-RETRY-5, SFN-CATCH-1, SFN-VALID-4
#[test]
fn retries_and_catches() {
    task(r#""Retry":{},"Catch":[1]"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Retry
        SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Catch[0]"#]]);
    task(r#""Retry":[{}],"Catch":[{}]"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/S/Retry[0]
        SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals, Next] at /States/S/Catch[0]"#]]);
    task(r#""Retry":[{"ErrorEquals":[]},{"ErrorEquals":[1]}]"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Retry[0]/ErrorEquals
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Retry[1]/ErrorEquals[0]"#]]);
    task(r#""Retry":[{"ErrorEquals":["States.ALL","a"]}]"#, expect!["SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals"]);
    task(r#""Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["a"]}]"#, expect!["SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals"]);
    task(
        r#""Retry":[{"ErrorEquals":["a"],"IntervalSeconds":0,"MaxAttempts":-1,"BackoffRate":0.5,"MaxDelaySeconds":31622401,"JitterStrategy":"SOME","X":1}]"#,
        expect![[r#"
            SCHEMA_VALIDATION_FAILED: Field 'X' is not supported at /States/S/Retry[0]
            SCHEMA_VALIDATION_FAILED: Minimum value is 1.0 at /States/S/Retry[0]/BackoffRate
            SCHEMA_VALIDATION_FAILED: Value should be one of the following: [NONE, FULL] at /States/S/Retry[0]/JitterStrategy
            SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/S/Retry[0]/IntervalSeconds
            SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/Retry[0]/MaxAttempts
            SCHEMA_VALIDATION_FAILED: Maximum value is 31622400 at /States/S/Retry[0]/MaxDelaySeconds"#]],
    );
    task(r#""Retry":[{"ErrorEquals":["a"],"MaxAttempts":1.5,"BackoffRate":"2"}]"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Expected value of type Number at /States/S/Retry[0]/BackoffRate
        SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Retry[0]/MaxAttempts"#]]);
    task(r#""Catch":[{"ErrorEquals":["a"],"Next":"Z","ResultPath":"x","Output":1}]"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S/Catch[0]
        SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/Catch[0]/ResultPath"#]]);
}

// SFN-PAR-1, SFN-MAP-1, SFN-MAP-9, SFN-DMAP-1, SFN-DMAP-13
#[test]
fn parallels_and_maps() {
    state(r#""Type":"Parallel","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [Branches] at /States/S"]);
    state(r#""Type":"Parallel","Next":"Z","Branches":[]"#, expect!["SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Branches"]);
    state(r#""Type":"Parallel","Next":"Z","Branches":[{},1]"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /States/S/Branches[0]
        SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Branches[1]"#]]);
    state(r#""Type":"Map","Next":"Z""#, expect!["SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [ItemProcessor, Iterator] at /States/S"]);
    map(r#""Mode":"INLINE""#, r#""MaxConcurrency":-1,"Label":"l""#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/MaxConcurrency
        SCHEMA_VALIDATION_FAILED: Field 'Label' is not supported at /States/S"#]]);
    map(r#""Mode":"INLINE""#, r#""MaxConcurrency":1,"MaxConcurrencyPath":"$.a""#, expect!["SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath] at /States/S"]);
    map(r#""Mode":"INLINE""#, r#""ItemsPath":"$.a[*]""#, expect!["SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ItemsPath"]);
    map(
        r#""Mode":"INLINE""#,
        r#""ItemsPath":"$$.a","Parameters":{},"ItemSelector":{}"#,
        expect!["SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [ItemSelector, Parameters] at /States/S"],
    );
    map(r#""Mode":"OTHER""#, r#""Comment":"c""#, expect!["SCHEMA_VALIDATION_FAILED: Value should be one of the following: [INLINE, DISTRIBUTED] at /States/S/ItemProcessor/ProcessorConfig/Mode"]);
    map(r#""Mode":"DISTRIBUTED""#, r#""Comment":"c""#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [ExecutionType] at /States/S/ItemProcessor/ProcessorConfig"]);
    let distributed = r#""Mode":"DISTRIBUTED","ExecutionType":"STANDARD""#;
    map(
        distributed,
        r#""ToleratedFailurePercentage":101.5,"ToleratedFailureCount":-1"#,
        expect![[r#"
            SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/ToleratedFailureCount
            SCHEMA_VALIDATION_FAILED: Maximum value is 100.0 at /States/S/ToleratedFailurePercentage"#]],
    );
    map(distributed, r#""Label":"a b""#, expect!["INVALID_LABEL_NAME: Label name 'a b' contains invalid characters at /States/S/Label"]);
    map(distributed, &format!(r#""Label":"{}""#, "l".repeat(41)), expect!["INVALID_LABEL_NAME: Label name 'lllllllllllllllllllllllllllllllllllllllll' exceeds the 40-character limit allowed by the service at /States/S/Label"]);
    map(distributed, r#""ItemBatcher":{}"#, expect!["SCHEMA_VALIDATION_FAILED: This object should have at least one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath] at /States/S/ItemBatcher"]);
    map(
        distributed,
        r#""ItemBatcher":{"MaxItemsPerBatch":0,"MaxInputBytesPerBatch":262145}"#,
        expect![[r#"
            SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/S/ItemBatcher/MaxItemsPerBatch
            SCHEMA_VALIDATION_FAILED: Maximum value is 262144 at /States/S/ItemBatcher/MaxInputBytesPerBatch"#]],
    );
}

// SFN-READER-1 to SFN-READER-3, SFN-WRITER-4
#[test]
fn readers_and_writers() {
    let distributed = r#""Mode":"DISTRIBUTED","ExecutionType":"EXPRESS""#;
    let reader = |config: &str, expected| {
        let reader = r#""ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{}"#;
        map(distributed, &format!(r#"{reader},"ReaderConfig":{{{config}}}}}"#), expected);
    };
    reader(r#""InputType":"CSV""#, expect!["SCHEMA_VALIDATION_FAILED: The field 'CSVHeaderLocation' is required at /States/S/ItemReader/ReaderConfig"]);
    reader(r#""InputType":"CSV","CSVHeaderLocation":"GIVEN""#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [CSVHeaders] at /States/S/ItemReader/ReaderConfig"]);
    reader(r#""InputType":"JSON","CSVHeaderLocation":"FIRST_ROW""#, expect!["SCHEMA_VALIDATION_FAILED: Field 'CSVHeaderLocation' is not supported at /States/S/ItemReader/ReaderConfig"]);
    reader(r#""InputType":"XML","MaxItems":100000001"#, expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST] at /States/S/ItemReader/ReaderConfig/InputType
        SCHEMA_VALIDATION_FAILED: Maximum value is 100000000 at /States/S/ItemReader/ReaderConfig/MaxItems"#]]);
    reader(r#""Transformation":"LOAD_AND_FLATTEN""#, expect!["SCHEMA_VALIDATION_FAILED: The field 'InputType' is required at /States/S/ItemReader/ReaderConfig"]);
    reader(r#""InputType":"JSON","ItemsPointer":"data/items""#, expect![[r#"SCHEMA_VALIDATION_FAILED: Invalid input: JSON Pointer expression must start with '/': "data/items" at /States/S/ItemReader/ReaderConfig/ItemsPointer"#]]);
    map(distributed, r#""ItemReader":{"Resource":"arn:aws:states:::s3:putObject"}"#, expect!["SCHEMA_VALIDATION_FAILED: The field 'Resource' does not match any of the allowed values at /States/S/ItemReader/Resource"]);
    map(distributed, r#""ResultWriter":{}"#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [WriterConfig] at /States/S/ResultWriter"]);
    map(distributed, r#""ResultWriter":{"Resource":"arn:aws:states:::s3:putObject"}"#, expect!["SCHEMA_VALIDATION_FAILED: These fields are required: [Parameters] at /States/S/ResultWriter"]);
    map(distributed, r#""ResultWriter":{"WriterConfig":{"OutputType":"CSV"}}"#, expect!["SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSON, JSONL] at /States/S/ResultWriter/WriterConfig/OutputType"]);
}

// SFN-INT-16, SFN-DMAP-2
#[test]
fn express_machines() {
    let express = |members: &str, expected| {
        check_as(&machine_of(members), MachineKind::Express, expected);
    };
    express(
        r#""Type":"Task","Next":"Z","Resource":"arn:aws:states:us-east-1:111122223333:activity:a""#,
        expect!["SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/S/Resource"],
    );
    express(
        r#""Type":"Task","Next":"Z","Resource":"arn:aws:states:::states:startExecution.sync","Parameters":{"StateMachineArn":"m"}"#,
        expect!["SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service integration at /States/S/Resource"],
    );
    express(
        r#""Type":"Task","Next":"Z","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f"}"#,
        expect!["SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/S/Resource"],
    );
    express(
        r#""Type":"Map","Next":"Z","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"I","States":{"I":{"Type":"Succeed"}}}"#,
        expect!["SCHEMA_VALIDATION_FAILED: The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines at /States/S/ItemProcessor/ProcessorConfig"],
    );
}
