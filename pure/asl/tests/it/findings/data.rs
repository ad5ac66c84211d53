//! Paths, payload templates and variables.

use expect_test::expect;

use super::{pass, state, task};

// SFN-PATH-2, SFN-PATH-3, SFN-PATH-10
#[test]
fn paths() {
    pass(
        r#""InputPath":"a""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/InputPath"#
        ]],
    );
    pass(
        r#""InputPath":"$.a[","OutputPath":1"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/InputPath
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/OutputPath"#]],
    );
    pass(r#""InputPath":null,"OutputPath":null,"ResultPath":null"#, expect![[""]]);
    pass(r#""InputPath":"$$.Execution.Id","OutputPath":"$x.a""#, expect![[""]]);
    pass(
        r#""ResultPath":"a""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/ResultPath"#
        ]],
    );
    pass(
        r#""ResultPath":"$.a[*]""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ResultPath"#
        ]],
    );
    pass(
        r#""ResultPath":"$$.a""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ResultPath"#
        ]],
    );
    pass(
        r#""ResultPath":"$x""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ResultPath"#
        ]],
    );
    pass(
        r#""OutputPath":"States.UUID()""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/S/OutputPath"#
        ]],
    );
    state(
        r#""Type":"Wait","SecondsPath":"$$.a","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/SecondsPath"#
        ]],
    );
    state(r#""Type":"Wait","SecondsPath":"$x.a","Next":"Z""#, expect![[""]]);
    task(
        r#""TimeoutSecondsPath":"$..a""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/TimeoutSecondsPath"#
        ]],
    );
}

// SFN-TMPL-1 to SFN-TMPL-6, SFN-INTR-5, SFN-VALID-7
#[test]
fn templates() {
    pass(r#""Parameters":{"a.$":"$.b","b":[{"c.$":"States.Array($x, $$.a)"}]}"#, expect![[""]]);
    pass(
        r#""Parameters":{"a.$":"b"}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters"#
        ]],
    );
    pass(
        r#""Parameters":{"a.$":1,"b":{"c.$":"States.Nope()"}}"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters
        SCHEMA_VALIDATION_FAILED: The value for the field 'c.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters/b"#]],
    );
    pass(
        r#""Parameters":{"a":[{"b.$":"$.["}]}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The value for the field 'b.$' must be a valid JSONPath or a valid intrinsic function call at /States/S/Parameters/a[0]"#
        ]],
    );
    pass(
        r#""Parameters":{"a":1,"a.$":"$.b"}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [a, a.$] at /States/S/Parameters"#
        ]],
    );
    pass(
        r#""Result":{"a.$":"b","a":1}"#,
        expect![[
            r#"PASS_RESULT_IS_STATIC: Attempt to use a path in the result of a Pass state. at /States/S/Result"#
        ]],
    );
    pass(
        r#""Parameters":{"a":"$.b","c":"States.UUID()","d":1,"d":2}"#,
        expect![[r#"
        DUPLICATE_FIELD: Field 'd' is defined more than once; the last value is used at /States/S/Parameters
        NO_DOLLAR: No .$ on a field that appears to be a JSONPath or Intrinsic Function. at /States/S/Parameters/a
        NO_DOLLAR: No .$ on a field that appears to be a JSONPath or Intrinsic Function. at /States/S/Parameters/c"#]],
    );
}

// SFN-VAR-2, SFN-VAR-4, SFN-VAR-5
#[test]
fn variables() {
    pass(
        r#""Assign":{"a":1,"_b.$":"$.c","é9":2,"हिन्दी":3,"名前":4,"a‿b":5,"a٣":6}"#,
        expect![[""]],
    );
    for name in ["²a", "a²", "a½", "a€", "a\u{200b}", "😀", "٣a", "\u{301}a"] {
        let told = format!(
            "INVALID_VARIABLE_NAME: Invalid variable name '{name}': the variable name contains \
             invalid characters. at /States/S/Assign/{name}"
        );
        let found = asl::parse(
            &super::machine_of(&format!(r#""Type":"Pass","Next":"Z","Assign":{{"{name}":1}}"#)),
            &asl::Options::default(),
        );
        let found: Vec<_> = found.findings.iter().map(asl::describe).collect();
        assert_eq!(found, [told]);
    }
    pass(
        r#""Assign":[]"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Assign"#
        ]],
    );
    pass(
        r#""Assign":{"states":1}"#,
        expect![[
            r#"RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/S/Assign/states"#
        ]],
    );
    pass(
        r#""Assign":{"a-b":1,"9":2,"":3}"#,
        expect![[r#"
        INVALID_VARIABLE_NAME: Invalid variable name 'a-b': the variable name contains invalid characters. at /States/S/Assign/a-b
        INVALID_VARIABLE_NAME: Invalid variable name '9': the variable name contains invalid characters. at /States/S/Assign/9
        INVALID_VARIABLE_NAME: Invalid variable name '': the variable name contains invalid characters. at /States/S/Assign/"#]],
    );
    let inner = r#""StartAt":"I","States":{"I":{"Type":"Pass","Assign":{"a":1},"End":true}}"#;
    let map = r#""Type":"Map","Next":"Z","Assign":{"a":2}"#;
    state(
        &format!(r#"{map},"ItemProcessor":{{{inner}}}"#),
        expect![[
            r#"INVALID_VARIABLE_NAME: Invalid variable name 'a': the variable is already assigned in an outer scope. at /States/S/ItemProcessor/States/I/Assign/a"#
        ]],
    );
    let config = r#""ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"}"#;
    state(&format!(r#"{map},"ItemProcessor":{{{config},{inner}}}"#), expect![[""]]);
}
