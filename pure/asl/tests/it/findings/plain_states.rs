//! Wait, Fail and Choice.

use expect_test::expect;

use super::{rule, state};

// SFN-WAIT-1, SFN-WAIT-2, SFN-FAIL-1, SFN-FAIL-3, SFN-VALID-9
#[test]
fn waits_and_fails() {
    state(
        r#""Type":"Wait","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S"#
        ]],
    );
    state(
        r#""Type":"Wait","Next":"Z","Seconds":1,"SecondsPath":"$.a""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/S"#
        ]],
    );
    state(
        r#""Type":"Wait","Next":"Z","Seconds":-1"#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/Seconds"#]],
    );
    state(
        r#""Type":"Wait","Next":"Z","Seconds":100000000"#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: Maximum value is 99999999 at /States/S/Seconds"#]],
    );
    state(
        r#""Type":"Wait","Next":"Z","Seconds":1.5"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Seconds"#
        ]],
    );
    state(
        r#""Type":"Wait","Next":"Z","Seconds":"1""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Seconds"#
        ]],
    );
    state(
        r#""Type":"Wait","Next":"Z","Timestamp":"2024-01-01""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Timestamp"#
        ]],
    );
    state(
        r#""Type":"Wait","QueryLanguage":"JSONata","Next":"Z","Seconds":"1""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/S/Seconds"#
        ]],
    );
    state(
        r#""Type":"Fail","Error":"a","ErrorPath":"$.b""#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Error, ErrorPath] at /States/S
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
    state(
        r#""Type":"Fail","ErrorPath":"States.UUID()","CausePath":"$$.a""#,
        expect![[r#"MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
    state(
        r#""Type":"Fail","ErrorPath":"States.Array(1)","CausePath":"a""#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: The value for the field 'ErrorPath' must be a valid JSONPath or a valid intrinsic function call at /States/S/ErrorPath
        SCHEMA_VALIDATION_FAILED: The value for the field 'CausePath' must be a valid JSONPath or a valid intrinsic function call at /States/S/CausePath
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
    state(
        r#""Type":"Fail","Error":"$.a","Cause":1"#,
        expect![[r#"
        NO_PATH: Field value looks like a path, but field name does not end with 'Path'. at /States/S/Error
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Cause
        MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z"#]],
    );
}

// SFN-CHOICE-2, SFN-CHOICE-3, SFN-VALID-2
#[test]
fn choices() {
    state(
        r#""Type":"Choice","Default":"Z""#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: These fields are required: [Choices] at /States/S"#]],
    );
    state(
        r#""Type":"Choice","Default":"Z","Choices":[]"#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Choices"#]],
    );
    rule(
        r#""Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/S/Choices[0]"#
        ]],
    );
    rule(
        r#""Variable":"$.a","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [StringEquals, IsBoolean, StringLessThan, IsNumeric, BooleanEquals, StringLessThanEqualsPath, NumericLessThan, NumericGreaterThan, NumericLessThanPath, StringMatches, TimestampLessThanEqualsPath, NumericEquals, TimestampGreaterThan, StringGreaterThanEqualsPath, TimestampGreaterThanEqualsPath, TimestampLessThanEquals, NumericLessThanEqualsPath, TimestampEquals, BooleanEqualsPath, IsTimestamp, StringLessThanEquals, NumericLessThanEquals, StringLessThanPath, TimestampGreaterThanPath, StringGreaterThan, StringGreaterThanPath, IsString, StringEqualsPath, TimestampEqualsPath, TimestampLessThan, StringGreaterThanEquals, NumericGreaterThanPath, NumericGreaterThanEquals, NumericEqualsPath, TimestampLessThanPath, IsNull, IsPresent, TimestampGreaterThanEquals, NumericGreaterThanEqualsPath] at /States/S/Choices[0]"#
        ]],
    );
    rule(
        r#""Variable":"$.a","IsNull":true"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/S/Choices[0]"#
        ]],
    );
    rule(
        r#""Variable":"$.a","IsNull":true,"StringEquals":"a","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [StringEquals, IsBoolean, StringLessThan, IsNumeric, BooleanEquals, StringLessThanEqualsPath, NumericLessThan, NumericGreaterThan, NumericLessThanPath, StringMatches, TimestampLessThanEqualsPath, NumericEquals, TimestampGreaterThan, StringGreaterThanEqualsPath, TimestampGreaterThanEqualsPath, TimestampLessThanEquals, NumericLessThanEqualsPath, TimestampEquals, BooleanEqualsPath, IsTimestamp, StringLessThanEquals, NumericLessThanEquals, StringLessThanPath, TimestampGreaterThanPath, StringGreaterThan, StringGreaterThanPath, IsString, StringEqualsPath, TimestampEqualsPath, TimestampLessThan, StringGreaterThanEquals, NumericGreaterThanPath, NumericGreaterThanEquals, NumericEqualsPath, TimestampLessThanPath, IsNull, IsPresent, TimestampGreaterThanEquals, NumericGreaterThanEqualsPath] at /States/S/Choices[0]"#
        ]],
    );
    rule(
        r#""Variable":"$.a","IsNull":true,"Not":{},"Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The object must have only one of the following fields, [And, Or, Not, Variable, Condition] at /States/S/Choices[0]"#
        ]],
    );
    rule(
        r#""And":[],"Next":"Z""#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Choices[0]/And"#]],
    );
    rule(
        r#""And":[{"Variable":"$.a","IsNull":true,"Next":"Z"}],"Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/S/Choices[0]/And[0]"#
        ]],
    );
    rule(
        r#""Not":{"Or":[{"Variable":"a","StringEquals":1}]},"Next":"Z""#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/Choices[0]/Not/Or[0]/Variable
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Choices[0]/Not/Or[0]/StringEquals"#]],
    );
    rule(
        r#""Variable":"$.a","NumericEquals":"1","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Expected value of type Number at /States/S/Choices[0]/NumericEquals"#
        ]],
    );
    rule(
        r#""Variable":"$.a","BooleanEquals":"true","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Expected value of type [BOOLEAN] at /States/S/Choices[0]/BooleanEquals"#
        ]],
    );
    rule(
        r#""Variable":"$.a","TimestampEquals":"2024-01-01","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/S/Choices[0]/TimestampEquals"#
        ]],
    );
    rule(
        r#""Variable":"$$.a","StringEqualsPath":"b","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/Choices[0]/StringEqualsPath"#
        ]],
    );
    rule(
        r#""Variable":"$.a[*]","IsPresent":true,"Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/Choices[0]/Variable"#
        ]],
    );
    rule(
        r#""Condition":true,"Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported for the 'JSONata' QueryLanguage at /States/S/Choices[0]"#
        ]],
    );
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
