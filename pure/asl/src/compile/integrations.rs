//! The optimized integrations: their patterns and what they cannot do without (SFN-INT-15,
//! SFN-INT-62, SFN-INT-63, SFN-VALID-5).

use super::at::At;
use super::context::Context;
use crate::model::{Pattern, Resource};

/// One action and its patterns beside request and response.
struct Integration {
    call: &'static str,
    sync: bool,
    sync2: bool,
    token: bool,
    required: &'static [&'static str],
}

/// Whether the table has the call with this pattern.
pub(crate) fn supports(call: &str, pattern: Pattern) -> bool {
    find(call).is_some_and(|integration| match pattern {
        Pattern::RequestResponse => true,
        Pattern::Sync => integration.sync,
        Pattern::Sync2 => integration.sync2,
        Pattern::WaitForTaskToken => integration.token,
    })
}

fn find(call: &str) -> Option<&'static Integration> {
    TABLE.iter().find(|integration| integration.call == call)
}

/// Checks that the parameters are there, with all that the integration requires (SFN-TASK-8).
pub(crate) fn check_parameters(context: &mut Context, state: &At<'_>, resource: &Resource) {
    let Resource::Service { arn, service, action, pattern } = resource else { return };
    let name = if context.is_jsonata() { "Arguments" } else { "Parameters" };
    let Some(parameters) = state.member(name) else {
        let message = format!("{name} field is required for resource ARN: {arn}");
        context.error_whole(state, message);
        return;
    };
    let Some(integration) = find(&format!("{service}:{action}")) else { return };
    if parameters.node.object().is_none() {
        return;
    }
    for field in integration.required {
        let dynamic = !context.is_jsonata() && parameters.has(&format!("{field}.$"));
        if !dynamic && !parameters.has(field) {
            let message = format!("The field '{field}' is required but was missing");
            context.error_whole(&parameters, message);
        }
    }
    if integration.call == "ecs:runTask" && *pattern == Pattern::Sync {
        refuse(context, &parameters, &["Count", "StartedBy"]);
    }
}

/// The service sets these itself when it waits for the task (SFN-INT-52).
fn refuse(context: &mut Context, parameters: &At<'_>, names: &[&str]) {
    for name in names {
        let member = parameters.member(name);
        if let Some(member) = member.or_else(|| parameters.member(&format!("{name}.$"))) {
            let message = format!("The field '{name}' is not supported by Step Functions");
            context.error_within(parameters, member.key(), message);
        }
    }
}

/// Request and response only.
const fn call(call: &'static str, required: &'static [&'static str]) -> Integration {
    Integration { call, sync: false, sync2: false, token: false, required }
}

/// Also with a task token.
const fn token(call: &'static str, required: &'static [&'static str]) -> Integration {
    Integration { call, sync: false, sync2: false, token: true, required }
}

/// Also as a job that is waited for.
const fn job(call: &'static str, required: &'static [&'static str]) -> Integration {
    Integration { call, sync: true, sync2: false, token: false, required }
}

const TABLE: &[Integration] = &[
    token("lambda:invoke", &["FunctionName"]),
    token("sns:publish", &["Message"]),
    token("sqs:sendMessage", &["QueueUrl", "MessageBody"]),
    token("events:putEvents", &["Entries"]),
    token("apigateway:invoke", &["ApiEndpoint", "Method"]),
    call("http:invoke", &["ApiEndpoint", "Method"]),
    Integration {
        call: "states:startExecution",
        sync: true,
        sync2: true,
        token: true,
        required: &["StateMachineArn"],
    },
    Integration {
        call: "ecs:runTask",
        sync: true,
        sync2: false,
        token: true,
        required: &["TaskDefinition"],
    },
    call("dynamodb:getItem", &["TableName", "Key"]),
    call("dynamodb:putItem", &["TableName", "Item"]),
    call("dynamodb:updateItem", &["TableName", "Key"]),
    call("dynamodb:deleteItem", &["TableName", "Key"]),
    job("batch:submitJob", &["JobName", "JobQueue", "JobDefinition"]),
    job("glue:startJobRun", &["JobName"]),
    job("athena:startQueryExecution", &[]),
    call("athena:stopQueryExecution", &[]),
    call("athena:getQueryExecution", &[]),
    call("athena:getQueryResults", &[]),
    job("codebuild:startBuild", &[]),
    call("codebuild:stopBuild", &[]),
    call("codebuild:batchDeleteBuilds", &[]),
    call("codebuild:batchGetReports", &[]),
    job("codebuild:startBuildBatch", &[]),
    call("codebuild:stopBuildBatch", &[]),
    job("codebuild:retryBuildBatch", &[]),
    call("codebuild:deleteBuildBatch", &[]),
    job("databrew:startJobRun", &[]),
    token("eks:call", &[]),
    job("eks:createCluster", &[]),
    job("eks:deleteCluster", &[]),
    job("eks:createFargateProfile", &[]),
    job("eks:deleteFargateProfile", &[]),
    job("eks:createNodegroup", &[]),
    job("eks:deleteNodegroup", &[]),
    Integration { call: "eks:runJob", sync: true, sync2: false, token: true, required: &[] },
    job("elasticmapreduce:createCluster", &[]),
    job("elasticmapreduce:terminateCluster", &[]),
    job("elasticmapreduce:addStep", &[]),
    call("elasticmapreduce:cancelStep", &[]),
    call("elasticmapreduce:setClusterTerminationProtection", &[]),
    call("elasticmapreduce:modifyInstanceFleetByName", &[]),
    call("elasticmapreduce:modifyInstanceGroupByName", &[]),
    call("emr-containers:createVirtualCluster", &[]),
    job("emr-containers:deleteVirtualCluster", &[]),
    job("emr-containers:startJobRun", &[]),
    job("emr-serverless:createApplication", &[]),
    job("emr-serverless:startApplication", &[]),
    job("emr-serverless:stopApplication", &[]),
    job("emr-serverless:deleteApplication", &[]),
    job("emr-serverless:startJobRun", &[]),
    job("emr-serverless:cancelJobRun", &[]),
    job("mediaconvert:createJob", &[]),
    job("sagemaker:createTrainingJob", &[]),
    job("sagemaker:createTransformJob", &[]),
    job("sagemaker:createHyperParameterTuningJob", &[]),
    job("sagemaker:createLabelingJob", &[]),
    job("sagemaker:createProcessingJob", &[]),
    call("sagemaker:createEndpoint", &[]),
    call("sagemaker:createEndpointConfig", &[]),
    call("sagemaker:createModel", &[]),
    call("sagemaker:updateEndpoint", &[]),
    token("bedrock:invokeModel", &[]),
    job("bedrock:createModelCustomizationJob", &[]),
];
