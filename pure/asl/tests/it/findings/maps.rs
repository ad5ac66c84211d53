//! Parallel and Map.

use expect_test::expect;

use super::{map, state};

// SFN-PAR-1, SFN-MAP-1, SFN-MAP-9, SFN-DMAP-1, SFN-DMAP-13
#[test]
fn parallels_and_maps() {
    state(
        r#""Type":"Parallel","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: These fields are required: [Branches] at /States/S"#
        ]],
    );
    state(
        r#""Type":"Parallel","Next":"Z","Branches":[]"#,
        expect![[r#"SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Branches"#]],
    );
    state(
        r#""Type":"Parallel","Next":"Z","Branches":[{},1]"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /States/S/Branches[0]
        SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Branches[1]"#]],
    );
    state(
        r#""Type":"Map","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [ItemProcessor, Iterator] at /States/S"#
        ]],
    );
    map(
        r#""Mode":"INLINE""#,
        r#""MaxConcurrency":-1,"Label":"l""#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/MaxConcurrency
        SCHEMA_VALIDATION_FAILED: Field 'Label' is not supported at /States/S"#]],
    );
    map(
        r#""Mode":"INLINE""#,
        r#""MaxConcurrency":1,"MaxConcurrencyPath":"$.a""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath] at /States/S"#
        ]],
    );
    map(
        r#""Mode":"INLINE""#,
        r#""ItemsPath":"$.a[*]""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/S/ItemsPath"#
        ]],
    );
    map(
        r#""Mode":"INLINE""#,
        r#""ItemsPath":"$$.a","Parameters":{},"ItemSelector":{}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [ItemSelector, Parameters] at /States/S"#
        ]],
    );
    map(
        r#""Mode":"OTHER""#,
        r#""Comment":"c""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value should be one of the following: [INLINE, DISTRIBUTED] at /States/S/ItemProcessor/ProcessorConfig/Mode"#
        ]],
    );
    map(
        r#""Mode":"DISTRIBUTED""#,
        r#""Comment":"c""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: These fields are required: [ExecutionType] at /States/S/ItemProcessor/ProcessorConfig"#
        ]],
    );
    let distributed = r#""Mode":"DISTRIBUTED","ExecutionType":"STANDARD""#;
    map(
        distributed,
        r#""ToleratedFailurePercentage":101.5,"ToleratedFailureCount":-1"#,
        expect![[r#"
            SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/S/ToleratedFailureCount
            SCHEMA_VALIDATION_FAILED: Maximum value is 100.0 at /States/S/ToleratedFailurePercentage"#]],
    );
    map(
        distributed,
        r#""Label":"a b""#,
        expect![[
            r#"INVALID_LABEL_NAME: Label name 'a b' contains invalid characters at /States/S/Label"#
        ]],
    );
    map(
        distributed,
        &format!(r#""Label":"{}""#, "l".repeat(41)),
        expect![[
            r#"INVALID_LABEL_NAME: Label name 'lllllllllllllllllllllllllllllllllllllllll' exceeds the 40-character limit allowed by the service at /States/S/Label"#
        ]],
    );
    map(
        distributed,
        r#""ItemBatcher":{}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: This object should have at least one of the following fields: [MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath] at /States/S/ItemBatcher"#
        ]],
    );
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
    reader(
        r#""InputType":"CSV""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The field 'CSVHeaderLocation' is required at /States/S/ItemReader/ReaderConfig"#
        ]],
    );
    reader(
        r#""InputType":"CSV","CSVHeaderLocation":"GIVEN""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: These fields are required: [CSVHeaders] at /States/S/ItemReader/ReaderConfig"#
        ]],
    );
    reader(
        r#""InputType":"JSON","CSVHeaderLocation":"FIRST_ROW""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Field 'CSVHeaderLocation' is not supported at /States/S/ItemReader/ReaderConfig"#
        ]],
    );
    reader(
        r#""InputType":"XML","MaxItems":100000001"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value should be one of the following: [CSV, JSON, JSONL, PARQUET, MANIFEST] at /States/S/ItemReader/ReaderConfig/InputType
        SCHEMA_VALIDATION_FAILED: Maximum value is 100000000 at /States/S/ItemReader/ReaderConfig/MaxItems"#]],
    );
    reader(
        r#""Transformation":"LOAD_AND_FLATTEN""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The field 'InputType' is required at /States/S/ItemReader/ReaderConfig"#
        ]],
    );
    reader(
        r#""InputType":"JSON","ItemsPointer":"data/items""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Invalid input: JSON Pointer expression must start with '/': "data/items" at /States/S/ItemReader/ReaderConfig/ItemsPointer"#
        ]],
    );
    map(
        distributed,
        r#""ItemReader":{"Resource":"arn:aws:states:::s3:putObject"}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The field 'Resource' does not match any of the allowed values at /States/S/ItemReader/Resource"#
        ]],
    );
    map(
        distributed,
        r#""ResultWriter":{}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: These fields are required: [WriterConfig] at /States/S/ResultWriter"#
        ]],
    );
    map(
        distributed,
        r#""ResultWriter":{"Resource":"arn:aws:states:::s3:putObject"}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: These fields are required: [Parameters] at /States/S/ResultWriter"#
        ]],
    );
    map(
        distributed,
        r#""ResultWriter":{"WriterConfig":{"OutputType":"CSV"}}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSON, JSONL] at /States/S/ResultWriter/WriterConfig/OutputType"#
        ]],
    );
}
