//! Tasks, their retries and catches, and what Express machines may not do.

use asl::MachineKind;
use expect_test::expect;

use super::{check_as, machine_of, state, task};

// SFN-TASK-1 to SFN-TASK-8, SFN-INT-1, SFN-INT-2, SFN-INT-15, SFN-INT-52, SFN-VALID-5
#[test]
fn tasks() {
    let resource = |arn: &str, more: &str, expected| {
        state(&format!(r#""Type":"Task","Next":"Z","Resource":"{arn}"{more}"#), expected);
    };
    state(
        r#""Type":"Task","Next":"Z""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/S"#
        ]],
    );
    resource(
        "${Function}",
        "",
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/S/Resource"#
        ]],
    );
    resource(
        "arn:aws:s3:::bucket",
        "",
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:s3:::bucket is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"#
        ]],
    );
    resource(
        "arn:aws:states:::dynamodb:query",
        "",
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:query is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"#
        ]],
    );
    resource(
        "arn:aws:states:::dynamodb:getItem.sync",
        "",
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:getItem.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"#
        ]],
    );
    resource(
        "arn:aws:states:::aws-sdk:s3:getObject.sync",
        "",
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::aws-sdk:s3:getObject.sync is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"#
        ]],
    );
    resource(
        "arn:aws:states:::aws-sdk:s3:GetObject",
        r#","Parameters":{}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::aws-sdk:s3:GetObject is not recognized. The value is not a valid resource ARN, or the resource is not available in this region. at /States/S/Resource"#
        ]],
    );
    resource("arn:aws-cn:states:::aws-sdk:s3:getObject", r#","Parameters":{}"#, expect![[""]]);
    resource(
        "arn:aws:states:::sqs:sendMessage",
        "",
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Parameters field is required for resource ARN: arn:aws:states:::sqs:sendMessage at /States/S"#
        ]],
    );
    resource(
        "arn:aws:states:::sqs:sendMessage",
        r#","Parameters":{"QueueUrl.$":"$.q"}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The field 'MessageBody' is required but was missing at /States/S/Parameters"#
        ]],
    );
    resource(
        "arn:aws:states:::ecs:runTask.sync",
        r#","Parameters":{"TaskDefinition":"t","Count":1}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The field 'Count' is not supported by Step Functions at /States/S/Parameters"#
        ]],
    );
    resource(
        "arn:aws:states:::states:startExecution.sync:2",
        r#","Parameters":{"StateMachineArn":"m"}"#,
        expect![[""]],
    );
    resource("arn:aws:states:us-east-1:111122223333:activity:a", "", expect![[""]]);
    task(
        r#""Credentials":{}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/S/Credentials"#
        ]],
    );
    task(
        r#""Credentials":{"RoleArn.$":"$.role","X":1}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Field 'X' is not supported at /States/S/Credentials"#
        ]],
    );
    task(
        r#""TimeoutSeconds":0,"HeartbeatSeconds":100000000"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/S/TimeoutSeconds
        SCHEMA_VALIDATION_FAILED: Maximum value is 99999999 at /States/S/HeartbeatSeconds"#]],
    );
    task(
        r#""TimeoutSeconds":5,"HeartbeatSeconds":5"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: HeartbeatSeconds must be smaller than TimeoutSeconds at /States/S/HeartbeatSeconds"#
        ]],
    );
    task(
        r#""TimeoutSeconds":"$.a""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/TimeoutSeconds"#
        ]],
    );
}

// SFN-RETRY-1, SFN-RETRY-5, SFN-CATCH-1, SFN-VALID-4
#[test]
fn retries_and_catches() {
    task(
        r#""Retry":{},"Catch":[1]"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Expected value of type [ARRAY] at /States/S/Retry
        SCHEMA_VALIDATION_FAILED: Expected value of type [OBJECT] at /States/S/Catch[0]"#]],
    );
    task(
        r#""Retry":[{}],"Catch":[{}]"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/S/Retry[0]
        SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals, Next] at /States/S/Catch[0]"#]],
    );
    task(
        r#""Retry":[{"ErrorEquals":[]},{"ErrorEquals":[1]}]"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/S/Retry[0]/ErrorEquals
        SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/S/Retry[1]/ErrorEquals[0]"#]],
    );
    task(
        r#""Retry":[{"ErrorEquals":["States.ALL","a"]}]"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals"#
        ]],
    );
    task(
        r#""Retry":[{"ErrorEquals":["States.ALL"]},{"ErrorEquals":["a"]}]"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/S/Retry[0]/ErrorEquals"#
        ]],
    );
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
    task(
        r#""Retry":[{"ErrorEquals":["a"],"MaxAttempts":1.5,"BackoffRate":"2"}]"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: Expected value of type Number at /States/S/Retry[0]/BackoffRate
        SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/S/Retry[0]/MaxAttempts"#]],
    );
    task(
        r#""Catch":[{"ErrorEquals":["a"],"Next":"Z","ResultPath":"x","Output":1}]"#,
        expect![[r#"
        SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/S/Catch[0]
        SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/S/Catch[0]/ResultPath"#]],
    );
}

// SFN-INT-16, SFN-DMAP-2
#[test]
fn express_machines() {
    let express = |members: &str, expected| {
        check_as(&machine_of(members), MachineKind::Express, expected);
    };
    express(
        r#""Type":"Task","Next":"Z","Resource":"arn:aws:states:us-east-1:111122223333:activity:a""#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Express state machine does not support Activity ARN at /States/S/Resource"#
        ]],
    );
    express(
        r#""Type":"Task","Next":"Z","Resource":"arn:aws:states:::states:startExecution.sync","Parameters":{"StateMachineArn":"m"}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Express state machine does not support '.sync' service integration at /States/S/Resource"#
        ]],
    );
    express(
        r#""Type":"Task","Next":"Z","Resource":"arn:aws:states:::lambda:invoke.waitForTaskToken","Parameters":{"FunctionName":"f"}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  at /States/S/Resource"#
        ]],
    );
    express(
        r#""Type":"Map","Next":"Z","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"I","States":{"I":{"Type":"Succeed"}}}"#,
        expect![[
            r#"SCHEMA_VALIDATION_FAILED: The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines at /States/S/ItemProcessor/ProcessorConfig"#
        ]],
    );
}
