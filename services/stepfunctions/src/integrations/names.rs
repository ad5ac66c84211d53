//! Prefixes of error names, as the real service builds them (SFN-INT-30, SFN-INT-106).

/// The prefix of an optimized or `aws-sdk:` service.
pub(crate) fn prefix_of(service: &str) -> String {
    if let Some(service) = service.strip_prefix("aws-sdk:") {
        return sdk_prefix(service);
    }
    let known = match service {
        "lambda" => "Lambda",
        "dynamodb" => "DynamoDB",
        "sqs" => "SQS",
        "sns" => "SNS",
        "states" => "StepFunctions",
        "ecs" => "ECS",
        "batch" => "Batch",
        "events" => "EventBridge",
        "glue" => "Glue",
        "apigateway" => "ApiGateway",
        "http" => "States.Http",
        other => return capitalised(other),
    };
    known.to_owned()
}

/// The client class name of the Java SDK v2, where capitalising the first letter is not enough.
fn sdk_prefix(service: &str) -> String {
    const NAMES: [&str; 84] = [
        "AccessAnalyzer",
        "AcmPca",
        "ApiGateway",
        "ApiGatewayV2",
        "AppConfig",
        "AppConfigData",
        "AppSync",
        "AutoScaling",
        "BedrockRuntime",
        "CloudControl",
        "CloudFormation",
        "CloudFront",
        "CloudTrail",
        "CloudWatch",
        "CloudWatchLogs",
        "CodeBuild",
        "CodeDeploy",
        "CodePipeline",
        "CognitoIdentity",
        "CognitoIdentityProvider",
        "CostExplorer",
        "DatabaseMigration",
        "DataSync",
        "DocDb",
        "DynamoDb",
        "DynamoDbStreams",
        "ElastiCache",
        "ElasticLoadBalancing",
        "ElasticLoadBalancingV2",
        "EmrContainers",
        "EventBridge",
        "FSx",
        "GuardDuty",
        "LakeFormation",
        "MemoryDB",
        "OpenSearch",
        "QuickSight",
        "RdsData",
        "RedshiftData",
        "ResourceGroupsTaggingApi",
        "Route53",
        "S3Control",
        "SageMaker",
        "SageMakerRuntime",
        "SecretsManager",
        "ServiceDiscovery",
        "SesV2",
        "Wafv2",
        "XRay",
        "Acm",
        "Athena",
        "Backup",
        "Batch",
        "Comprehend",
        "Config",
        "Ebs",
        "Ec2",
        "Ecr",
        "Ecs",
        "Efs",
        "Eks",
        "Emr",
        "Firehose",
        "Glacier",
        "Glue",
        "Iam",
        "Iot",
        "Kinesis",
        "Kms",
        "Lambda",
        "Mq",
        "Neptune",
        "Organizations",
        "Pinpoint",
        "Polly",
        "Rds",
        "Redshift",
        "Rekognition",
        "S3",
        "Scheduler",
        "Sfn",
        "Sns",
        "Sqs",
        "Ssm",
    ];
    let known = NAMES.iter().find(|name| name.eq_ignore_ascii_case(service));
    known.map_or_else(|| capitalised(service), |name| (*name).to_owned())
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-INT-30, SFN-INT-106, SFN-INT-107
    #[test]
    fn prefixes_are_aws_own() {
        for (service, prefix) in [
            ("dynamodb", "DynamoDB"),
            ("aws-sdk:dynamodb", "DynamoDb"),
            ("aws-sdk:sfn", "Sfn"),
            ("aws-sdk:secretsmanager", "SecretsManager"),
            ("states", "StepFunctions"),
            ("aws-sdk:textract", "Textract"),
        ] {
            assert_eq!(prefix_of(service), prefix);
        }
    }
}
