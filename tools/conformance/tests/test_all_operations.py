"""All operations: what each takes, answers and refuses, as the model of the AWS SDKs has it."""

import concurrent.futures
import functools
import json
import re
import socket
import subprocess

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator
from support import (PASS, ROLE, Fault, Server, environment, machine, one_state, refused, unique,
                     until, wait_state)

MODEL = botocore.session.get_session().get_service_model("stepfunctions")
OPERATIONS = sorted(MODEL.operation_names)
GOOD = json.dumps({"StartAt": "Only", "States": PASS})
LONG = "x" * 262_145
TAGS = [{"key": f"k{number}", "value": "v"} for number in range(51)]
CUSTOMER_KEY = {"type": "CUSTOMER_MANAGED_KMS_KEY"}
NO_KEY = {**CUSTOMER_KEY, "kmsKeyId": "key"}
LOG_NOWHERE = {"level": "ALL", "destinations": []}
FAIL = {"Only": {"Type": "Fail", "Error": "Broken", "Cause": "it is"}}
EACH = {"StartAt": "Pause", "States": wait_state(3000)}
EACH["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
DISTRIBUTED = one_state(Type="Map", Label="Each", ItemProcessor=EACH, MaxConcurrency=2)

NOT_AN_ARN = "Invalid Arn: 'Invalid ARN prefix: nonsense'"
BAD_TOKEN = "Invalid Token: 'Invalid token'"
NO_MACHINE = "State Machine Does Not Exist: '{home}:stateMachine:none'"
NO_EXECUTION = "Execution Does Not Exist: '{home}:execution:none:none'"
NO_REFERENCE = "Request references a resource that does not exist."
EXPRESS_ARN = "Invalid Arn: 'Resource type not valid in this context: express'"
WRONG_TYPE = "This operation is not supported by this type of state machine"
DELETING = "State machine is being deleted: '{deleting}'"
CONSTRAINT = "1 validation error detected: Value .* failed to satisfy constraint: Member must .*"
ANY = ".+"

NEW = {"name": "{fresh}", "definition": GOOD, "roleArn": ROLE}
VERSION = [{"stateMachineVersionArn": "{standard}:1", "weight": 100}]
ABSENT_VERSION = [{"stateMachineVersionArn": "{standard}:99", "weight": 100}]
DELETING_VERSION = [{"stateMachineVersionArn": "{deleting}:1", "weight": 100}]
NO_VERSION = [{"stateMachineVersionArn": "{standard}", "weight": 100}]
LACKING = [{"stateMachineVersionArn": "{standard}:1", "weight": 99}]
LATER = [{"stateMachineVersionArn": "{crowded}:2", "weight": 100}]
TASK = '{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": ' \
       '{"FunctionName": "f"}, "End": true}'
A_PASS = '{"Type": "Pass", "End": true}'


# Operation, code, the whole message, parameters. Words in braces are of the World below.
REFUSALS = [
    ("CreateActivity", "InvalidName", "Invalid Name: 'a b'", {"name": "a b"}),
    ("CreateActivity", "ActivityAlreadyExists", "Activity Already Exists: '{activity}'",
     {"name": "{activity_name}", "encryptionConfiguration": NO_KEY}),
    ("CreateActivity", "TooManyTags", ANY, {"name": "{fresh}", "tags": TAGS}),
    ("CreateActivity", "InvalidEncryptionConfiguration", ANY,
     {"name": "{fresh}", "encryptionConfiguration": CUSTOMER_KEY}),

    ("CreateStateMachine", "InvalidArn", NOT_AN_ARN, {**NEW, "roleArn": "nonsense"}),
    ("CreateStateMachine", "InvalidDefinition",
     r"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: "
     r"\[States, StartAt\] at /'", {**NEW, "definition": "{}"}),
    ("CreateStateMachine", "InvalidName", "Invalid Name: 'a/b'", {**NEW, "name": "a/b"}),
    ("CreateStateMachine", "InvalidLoggingConfiguration",
     "Invalid Logging Configuration: Must specify exactly one Log Destination.",
     {**NEW, "loggingConfiguration": LOG_NOWHERE}),
    ("CreateStateMachine", "InvalidTracingConfiguration", ANY,
     {**NEW, "tracingConfiguration": {"enabled": "yes"}}),
    ("CreateStateMachine", "InvalidEncryptionConfiguration", ANY,
     {**NEW, "encryptionConfiguration": CUSTOMER_KEY}),
    ("CreateStateMachine", "StateMachineAlreadyExists",
     "State Machine Already Exists: '{standard}'", {**NEW, "name": "{standard_name}",
                                                    "definition": " " + GOOD}),
    ("CreateStateMachine", "StateMachineDeleting", DELETING, {**NEW, "name": "{deleting_name}"}),
    ("CreateStateMachine", "TooManyTags", ANY, {**NEW, "tags": TAGS}),
    ("CreateStateMachine", "ValidationException",
     "Version description can only be set when publish is true",
     {**NEW, "versionDescription": "x"}),
    ("CreateStateMachine", "ValidationException", CONSTRAINT, {**NEW, "type": "SLOW"}),

    ("CreateStateMachineAlias", "ValidationException",
     r"Routing configuration must contain state machine version ARNs\. Received: \[{standard}\]",
     {"name": "{fresh}", "routingConfiguration": NO_VERSION}),
    ("CreateStateMachineAlias", "ValidationException",
     r"Routing configuration must contain distinct state machine version ARNs\. "
     r"Received: \[{standard}:1, {standard}:1\]",
     {"name": "{fresh}", "routingConfiguration": VERSION * 2}),
    ("CreateStateMachineAlias", "ValidationException",
     r"Sum of routing configuration weights must equal 100\. Received: \[99\]",
     {"name": "{fresh}", "routingConfiguration": LACKING}),
    ("CreateStateMachineAlias", "ValidationException", CONSTRAINT,
     {"name": "17", "routingConfiguration": VERSION}),
    ("CreateStateMachineAlias", "StateMachineDeleting", DELETING,
     {"name": "{fresh}", "routingConfiguration": DELETING_VERSION}),
    ("CreateStateMachineAlias", "ResourceNotFound", NO_REFERENCE,
     {"name": "{fresh}", "routingConfiguration": ABSENT_VERSION}),
    ("CreateStateMachineAlias", "ConflictException",
     "Failed to create alias because an alias with the same name and a different routing "
     "configuration already exists.",
     {"name": "live", "routingConfiguration": VERSION, "description": "other"}),
    ("CreateStateMachineAlias", "ServiceQuotaExceededException", ANY,
     {"name": "{fresh}", "routingConfiguration": LATER}),

    ("DeleteActivity", "InvalidArn", NOT_AN_ARN, {"activityArn": "nonsense"}),
    ("DeleteStateMachine", "InvalidArn", NOT_AN_ARN, {"stateMachineArn": "nonsense"}),
    ("DeleteStateMachine", "ValidationException", ANY, {"stateMachineArn": "{standard}:1"}),
    ("DeleteStateMachine", "ValidationException", ANY, {"stateMachineArn": "{standard}/Each"}),
    ("DeleteStateMachineAlias", "InvalidArn", NOT_AN_ARN, {"stateMachineAliasArn": "nonsense"}),
    ("DeleteStateMachineAlias", "ValidationException", ANY,
     {"stateMachineAliasArn": "{standard}"}),
    ("DeleteStateMachineVersion", "InvalidArn", NOT_AN_ARN,
     {"stateMachineVersionArn": "nonsense"}),
    ("DeleteStateMachineVersion", "ValidationException", ANY,
     {"stateMachineVersionArn": "{standard}:live"}),
    ("DeleteStateMachineVersion", "ConflictException",
     r"Version to be deleted must not be referenced by an alias\. Current list of aliases "
     r"referencing this version: \[live\]", {"stateMachineVersionArn": "{standard}:1"}),

    ("DescribeActivity", "InvalidArn", NOT_AN_ARN, {"activityArn": "nonsense"}),
    ("DescribeActivity", "ActivityDoesNotExist", "Activity Does Not Exist: '{home}:activity:none'",
     {"activityArn": "{home}:activity:none"}),
    ("DescribeExecution", "InvalidArn", NOT_AN_ARN, {"executionArn": "nonsense"}),
    ("DescribeExecution", "InvalidArn", EXPRESS_ARN, {"executionArn": "{express_run}"}),
    ("DescribeExecution", "ExecutionDoesNotExist", NO_EXECUTION,
     {"executionArn": "{home}:execution:none:none"}),
    ("DescribeMapRun", "InvalidArn", NOT_AN_ARN, {"mapRunArn": "nonsense"}),
    ("DescribeMapRun", "ResourceNotFound", ANY, {"mapRunArn": "{home}:mapRun:none/Each:{uuid}"}),
    ("DescribeStateMachine", "InvalidArn", NOT_AN_ARN, {"stateMachineArn": "nonsense"}),
    ("DescribeStateMachine", "InvalidArn",
     "Invalid Arn: 'Resource type not valid in this context: activity'",
     {"stateMachineArn": "{activity}"}),
    ("DescribeStateMachine", "StateMachineDoesNotExist", NO_MACHINE,
     {"stateMachineArn": "{home}:stateMachine:none"}),
    ("DescribeStateMachine", "StateMachineDoesNotExist",
     "State Machine Does Not Exist: '{standard}:99'", {"stateMachineArn": "{standard}:99"}),
    ("DescribeStateMachineAlias", "InvalidArn", NOT_AN_ARN, {"stateMachineAliasArn": "nonsense"}),
    ("DescribeStateMachineAlias", "ValidationException", ANY,
     {"stateMachineAliasArn": "{standard}:1"}),
    ("DescribeStateMachineAlias", "ResourceNotFound", NO_REFERENCE,
     {"stateMachineAliasArn": "{standard}:none"}),
    ("DescribeStateMachineForExecution", "InvalidArn", NOT_AN_ARN, {"executionArn": "nonsense"}),
    ("DescribeStateMachineForExecution", "InvalidArn", EXPRESS_ARN,
     {"executionArn": "{express_run}"}),
    ("DescribeStateMachineForExecution", "ExecutionDoesNotExist", NO_EXECUTION,
     {"executionArn": "{home}:execution:none:none"}),

    ("GetActivityTask", "InvalidArn", NOT_AN_ARN, {"activityArn": "nonsense"}),
    ("GetActivityTask", "ActivityDoesNotExist", "Activity Does Not Exist: '{home}:activity:none'",
     {"activityArn": "{home}:activity:none"}),
    ("GetActivityTask", "ActivityWorkerLimitExceeded",
     "The maximum number of workers concurrently polling for activity tasks has been reached.",
     {"activityArn": "{besieged}"}),
    ("GetExecutionHistory", "InvalidArn", NOT_AN_ARN, {"executionArn": "nonsense"}),
    ("GetExecutionHistory", "InvalidArn", EXPRESS_ARN, {"executionArn": "{express_run}"}),
    ("GetExecutionHistory", "ExecutionDoesNotExist", NO_EXECUTION,
     {"executionArn": "{home}:execution:none:none"}),
    ("GetExecutionHistory", "InvalidToken", BAD_TOKEN,
     {"executionArn": "{running}", "nextToken": "nonsense"}),

    ("ListActivities", "InvalidToken", BAD_TOKEN, {"nextToken": "nonsense"}),
    ("ListExecutions", "InvalidArn", NOT_AN_ARN, {"stateMachineArn": "nonsense"}),
    ("ListExecutions", "InvalidArn", NOT_AN_ARN, {"mapRunArn": "nonsense"}),
    ("ListExecutions", "InvalidToken", BAD_TOKEN,
     {"stateMachineArn": "{standard}", "nextToken": "nonsense"}),
    ("ListExecutions", "StateMachineDoesNotExist", NO_MACHINE,
     {"stateMachineArn": "{home}:stateMachine:none"}),
    ("ListExecutions", "StateMachineTypeNotSupported", WRONG_TYPE,
     {"stateMachineArn": "{express}"}),
    ("ListExecutions", "ValidationException", ANY, {}),
    ("ListExecutions", "ValidationException",
     "RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN",
     {"stateMachineArn": "{standard}", "redriveFilter": "REDRIVEN"}),
    ("ListExecutions", "ValidationException",
     r"1 validation error detected: Value 'GONE' at 'statusFilter' failed to satisfy constraint: "
     r"Member must satisfy enum value set: \[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, "
     r"FAILED, RUNNING\]", {"stateMachineArn": "{standard}", "statusFilter": "GONE"}),
    ("ListExecutions", "ResourceNotFound", ANY, {"mapRunArn": "{home}:mapRun:none/Each:{uuid}"}),
    ("ListMapRuns", "InvalidArn", NOT_AN_ARN, {"executionArn": "nonsense"}),
    ("ListMapRuns", "ExecutionDoesNotExist", NO_EXECUTION,
     {"executionArn": "{home}:execution:none:none"}),
    ("ListMapRuns", "InvalidToken", BAD_TOKEN,
     {"executionArn": "{running}", "nextToken": "nonsense"}),
    ("ListStateMachineAliases", "InvalidArn", NOT_AN_ARN, {"stateMachineArn": "nonsense"}),
    ("ListStateMachineAliases", "InvalidToken", BAD_TOKEN,
     {"stateMachineArn": "{standard}", "nextToken": "nonsense"}),
    ("ListStateMachineAliases", "StateMachineDoesNotExist", NO_MACHINE,
     {"stateMachineArn": "{home}:stateMachine:none"}),
    ("ListStateMachineVersions", "InvalidArn", NOT_AN_ARN, {"stateMachineArn": "nonsense"}),
    ("ListStateMachineVersions", "InvalidToken", BAD_TOKEN,
     {"stateMachineArn": "{standard}", "nextToken": "nonsense"}),
    ("ListStateMachineVersions", "ValidationException", CONSTRAINT,
     {"stateMachineArn": "{standard}", "maxResults": 1001}),
    ("ListStateMachines", "InvalidToken", BAD_TOKEN, {"nextToken": "nonsense"}),
    ("ListTagsForResource", "InvalidArn", NOT_AN_ARN, {"resourceArn": "nonsense"}),
    ("ListTagsForResource", "ResourceNotFound", "Resource not found: '{home}:activity:none'",
     {"resourceArn": "{home}:activity:none"}),

    ("PublishStateMachineVersion", "InvalidArn", NOT_AN_ARN, {"stateMachineArn": "nonsense"}),
    ("PublishStateMachineVersion", "StateMachineDoesNotExist", NO_MACHINE,
     {"stateMachineArn": "{home}:stateMachine:none"}),
    ("PublishStateMachineVersion", "StateMachineDeleting", DELETING,
     {"stateMachineArn": "{deleting}"}),
    ("PublishStateMachineVersion", "ConflictException",
     "Failed to publish the State Machine version for revision other. The current State Machine "
     "revision is INITIAL.", {"stateMachineArn": "{standard}", "revisionId": "other"}),
    ("PublishStateMachineVersion", "ServiceQuotaExceededException", ANY,
     {"stateMachineArn": "{crowded}"}),
    ("PublishStateMachineVersion", "ValidationException", ANY,
     {"stateMachineArn": "{standard}/Each"}),

    ("RedriveExecution", "InvalidArn", NOT_AN_ARN, {"executionArn": "nonsense"}),
    ("RedriveExecution", "InvalidArn", EXPRESS_ARN, {"executionArn": "{express_run}"}),
    ("RedriveExecution", "ExecutionDoesNotExist", NO_EXECUTION,
     {"executionArn": "{home}:execution:none:none"}),
    ("RedriveExecution", "ExecutionNotRedrivable",
     "Execution {running} invalid for redrive as: Execution is RUNNING and cannot be redriven",
     {"executionArn": "{running}"}),
    ("RedriveExecution", "ValidationException",
     "Labeled Execution ARNs are not supported for this API",
     {"executionArn": "{home}:execution:none/Each:{uuid}"}),

    ("SendTaskFailure", "InvalidToken", BAD_TOKEN, {"taskToken": "nonsense"}),
    ("SendTaskFailure", "TaskTimedOut", "Task Timed Out: '{activity}'", {"taskToken": "{closed}"}),
    ("SendTaskHeartbeat", "InvalidToken", BAD_TOKEN, {"taskToken": "nonsense"}),
    ("SendTaskHeartbeat", "TaskTimedOut", "Task Timed Out: '{activity}'",
     {"taskToken": "{closed}"}),
    ("SendTaskSuccess", "InvalidToken", BAD_TOKEN, {"taskToken": "nonsense", "output": "no json"}),
    ("SendTaskSuccess", "InvalidOutput", ANY, {"taskToken": "{closed}", "output": "no json"}),
    ("SendTaskSuccess", "TaskTimedOut", "Task Timed Out: '{activity}'",
     {"taskToken": "{closed}", "output": "1"}),

    ("StartExecution", "InvalidArn", NOT_AN_ARN, {"stateMachineArn": "nonsense"}),
    ("StartExecution", "InvalidExecutionInput",
     "Invalid State Machine Execution Input: 'Unrecognized token 'not': was expecting .*",
     {"stateMachineArn": "{standard}", "input": "not json"}),
    ("StartExecution", "InvalidName", "Invalid Name: 'a b'",
     {"stateMachineArn": "{standard}", "name": "a b"}),
    ("StartExecution", "ExecutionAlreadyExists", "Execution Already Exists: '{running}'",
     {"stateMachineArn": "{waiting}", "name": "{running_name}", "input": "1"}),
    ("StartExecution", "StateMachineDoesNotExist", NO_MACHINE,
     {"stateMachineArn": "{home}:stateMachine:none"}),
    ("StartExecution", "StateMachineDoesNotExist",
     "State Machine Version Does Not Exist: '{standard}:99'", {"stateMachineArn": "{standard}:99"}),
    ("StartExecution", "StateMachineDeleting", DELETING, {"stateMachineArn": "{deleting}"}),
    ("StartExecution", "ValidationException", CONSTRAINT,
     {"stateMachineArn": "{standard}", "input": f'"{LONG}"'}),
    ("StartExecution", "ValidationException", ANY, {"stateMachineArn": "{standard}/Each"}),
    ("StartSyncExecution", "InvalidArn", NOT_AN_ARN, {"stateMachineArn": "nonsense"}),
    ("StartSyncExecution", "InvalidExecutionInput",
     "Invalid State Machine Execution Input: 'Unrecognized token 'not': was expecting .*",
     {"stateMachineArn": "{express}", "input": "not json"}),
    ("StartSyncExecution", "InvalidName", "Invalid Name: 'a b'",
     {"stateMachineArn": "{express}", "name": "a b"}),
    ("StartSyncExecution", "StateMachineDoesNotExist", NO_MACHINE,
     {"stateMachineArn": "{home}:stateMachine:none"}),
    ("StartSyncExecution", "StateMachineDeleting", DELETING, {"stateMachineArn": "{deleting}"}),
    ("StartSyncExecution", "StateMachineTypeNotSupported", WRONG_TYPE,
     {"stateMachineArn": "{standard}"}),
    ("StopExecution", "InvalidArn", NOT_AN_ARN, {"executionArn": "nonsense"}),
    ("StopExecution", "InvalidArn", EXPRESS_ARN, {"executionArn": "{express_run}"}),
    ("StopExecution", "ExecutionDoesNotExist", NO_EXECUTION,
     {"executionArn": "{home}:execution:none:none"}),
    ("StopExecution", "ValidationException", ".*Member must have length less than or equal to 256",
     {"executionArn": "{running}", "error": "x" * 257}),

    ("TagResource", "InvalidArn", NOT_AN_ARN, {"resourceArn": "nonsense", "tags": []}),
    ("TagResource", "ResourceNotFound", "Resource not found: '{standard}:1'",
     {"resourceArn": "{standard}:1", "tags": []}),
    ("TagResource", "TooManyTags", ANY, {"resourceArn": "{standard}", "tags": TAGS}),
    ("TagResource", "AccessDeniedException", ANY,
     {"resourceArn": "{standard}", "tags": [{"key": "aws:x", "value": "v"}]}),
    ("UntagResource", "InvalidArn", NOT_AN_ARN, {"resourceArn": "nonsense", "tagKeys": []}),
    ("UntagResource", "ResourceNotFound", "Resource not found: '{standard}:1'",
     {"resourceArn": "{standard}:1", "tagKeys": []}),
    ("TestState", "InvalidArn", NOT_AN_ARN, {"definition": A_PASS, "roleArn": "nonsense"}),
    ("TestState", "InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION.*",
     {"definition": '{"Type": "Pass"}'}),
    ("TestState", "InvalidExecutionInput", "Invalid State Machine Execution Input: .*",
     {"definition": A_PASS, "input": "not json"}),
    ("TestState", "ValidationException", "RoleArn must be specified when testing a Task state",
     {"definition": TASK}),

    ("UpdateMapRun", "InvalidArn", NOT_AN_ARN, {"mapRunArn": "nonsense", "maxConcurrency": 1}),
    ("UpdateMapRun", "ResourceNotFound", ANY,
     {"mapRunArn": "{home}:mapRun:none/Each:{uuid}", "maxConcurrency": 1}),
    ("UpdateMapRun", "ValidationException", ANY, {"mapRunArn": "{map_run}"}),
    ("UpdateMapRun", "ValidationException", ANY,
     {"mapRunArn": "{ended_map_run}", "maxConcurrency": 1}),
    ("UpdateStateMachine", "InvalidArn", NOT_AN_ARN,
     {"stateMachineArn": "nonsense", "roleArn": ROLE}),
    ("UpdateStateMachine", "InvalidArn", NOT_AN_ARN,
     {"stateMachineArn": "{standard}", "roleArn": "nonsense"}),
    ("UpdateStateMachine", "InvalidDefinition", "Invalid State Machine Definition: '.*'",
     {"stateMachineArn": "{standard}", "definition": "{}"}),
    ("UpdateStateMachine", "InvalidLoggingConfiguration",
     "Invalid Logging Configuration: Must specify exactly one Log Destination.",
     {"stateMachineArn": "{standard}", "loggingConfiguration": LOG_NOWHERE}),
    ("UpdateStateMachine", "InvalidTracingConfiguration", ANY,
     {"stateMachineArn": "{standard}", "tracingConfiguration": {"enabled": "yes"}}),
    ("UpdateStateMachine", "InvalidEncryptionConfiguration", ANY,
     {"stateMachineArn": "{standard}", "encryptionConfiguration": CUSTOMER_KEY}),
    ("UpdateStateMachine", "MissingRequiredParameter",
     "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration "
     "must be specified", {"stateMachineArn": "{standard}"}),
    ("UpdateStateMachine", "StateMachineDeleting", DELETING,
     {"stateMachineArn": "{deleting}", "roleArn": ROLE}),
    ("UpdateStateMachine", "StateMachineDoesNotExist", NO_MACHINE,
     {"stateMachineArn": "{home}:stateMachine:none", "roleArn": ROLE}),
    ("UpdateStateMachine", "StateMachineDoesNotExist",
     "State Machine Does Not Exist: '{standard}:1'",
     {"stateMachineArn": "{standard}:1", "roleArn": ROLE}),
    ("UpdateStateMachine", "ServiceQuotaExceededException", ANY,
     {"stateMachineArn": "{crowded}", "roleArn": ROLE + "-one-more", "publish": True}),
    ("UpdateStateMachine", "ValidationException",
     "Version description can only be set when publish is true",
     {"stateMachineArn": "{standard}", "roleArn": ROLE, "versionDescription": "x"}),
    ("UpdateStateMachine", "ValidationException", ANY,
     {"stateMachineArn": "{standard}/Each", "roleArn": ROLE}),
    ("UpdateStateMachineAlias", "InvalidArn", NOT_AN_ARN,
     {"stateMachineAliasArn": "nonsense", "description": "x"}),
    ("UpdateStateMachineAlias", "ResourceNotFound", NO_REFERENCE,
     {"stateMachineAliasArn": "{standard}:none", "description": "x"}),
    ("UpdateStateMachineAlias", "ResourceNotFound", NO_REFERENCE,
     {"stateMachineAliasArn": "{standard}:live", "routingConfiguration": ABSENT_VERSION}),
    ("UpdateStateMachineAlias", "ValidationException", ANY,
     {"stateMachineAliasArn": "{standard}:live"}),
    ("UpdateStateMachineAlias", "StateMachineDeleting", DELETING,
     {"stateMachineAliasArn": "{deleting}:live", "description": "x"}),
    ("ValidateStateMachineDefinition", "ValidationException", CONSTRAINT,
     {"definition": "{}", "maxResults": 101}),
]

# The same on a server on which an account may have one of each: of the World of `full`.
LIMITS = "[limits]\nopen_executions = 1\nstate_machines = 1\nactivities = 1\n"
FULL = [
    ("CreateActivity", "ActivityLimitExceeded",
     "The maximum number of activities has been reached. Existing activities must be deleted "
     "before a new activity can be created.", {"name": "{fresh}"}),
    ("CreateStateMachine", "StateMachineLimitExceeded",
     "The maximum number of state machines has been reached. Existing state machines must be "
     "deleted before a new state machine can be created.", NEW),
    ("StartExecution", "ExecutionLimitExceeded",
     "The maximum number of running executions has been reached. Running executions must end or "
     "be stopped before a new execution can be started.", {"stateMachineArn": "{waiting}"}),
    ("RedriveExecution", "ExecutionLimitExceeded",
     "The maximum number of running executions has been reached. .*",
     {"executionArn": "{aborted}"}),
]

NO_KEYS = "keys are stored and told again, never used: there is no key service to fail"
SERIAL = "changes of one machine wait for each other instead of conflicting"
# What the model lists and cannot occur.
IMPOSSIBLE = {
    ("*", "KmsAccessDeniedException"): NO_KEYS,
    ("*", "KmsInvalidStateException"): NO_KEYS,
    ("*", "KmsThrottlingException"): NO_KEYS,
    ("CreateStateMachine", "ConflictException"): SERIAL,
    ("UpdateStateMachine", "ConflictException"): SERIAL,
    ("DeleteStateMachineAlias", "ConflictException"): SERIAL,
    ("UpdateStateMachineAlias", "ConflictException"): SERIAL,
    ("CreateStateMachine", "StateMachineTypeNotSupported"): "both types are",
    ("CreateStateMachineAlias", "InvalidName"): "constraints of the model (SFN-ALIAS-4)",
    ("CreateStateMachineAlias", "InvalidArn"): "a ValidationException (SFN-ALIAS-1)",
    ("DeleteStateMachineAlias", "ResourceNotFound"): "deleting is idempotent (SFN-ALIAS-12)",
    ("ListStateMachineAliases", "ResourceNotFound"): "StateMachineDoesNotExist says it",
    ("ListStateMachineAliases", "StateMachineDeleting"): "aliases are listed until they are gone",
    ("SendTaskFailure", "TaskDoesNotExist"): "tokens of what is gone are closed (SFN-INT-144)",
    ("SendTaskHeartbeat", "TaskDoesNotExist"): "tokens of what is gone are closed (SFN-INT-144)",
    ("SendTaskSuccess", "TaskDoesNotExist"): "tokens of what is gone are closed (SFN-INT-144)",
}
# Not listed with the operation; any operation may answer them (SFN-ERR-4).
COMMON = {"AccessDeniedException", "ValidationException"}


class World:
    """what the refusals are about; each thing is made when it is first named"""

    uuid = "5a6b1d4a-1111-4222-8333-444455556666"
    name_of = {"activity_name": "activity", "standard_name": "standard",
               "deleting_name": "deleting", "running_name": "running"}

    def __init__(self, server):
        self.server, self.sfn = server, server.client()
        self.sockets = []

    def fill(self, value):
        """with the words in braces replaced"""
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda match: getattr(self, match.group(1)), value)
        return value

    def __getattr__(self, word):
        return getattr(self, self.name_of[word]).rpartition(":")[2]

    @property
    def fresh(self):
        return unique("fresh")

    @functools.cached_property
    def home(self):
        return self.standard.rpartition(":stateMachine:")[0]

    @functools.cached_property
    def standard(self):
        made = self.sfn.create_state_machine(
            name=unique("s"), definition=GOOD, roleArn=ROLE, publish=True)
        arn = made["stateMachineArn"]
        self.sfn.create_state_machine_alias(name="live", routingConfiguration=[
            {"stateMachineVersionArn": f"{arn}:1", "weight": 100}])
        return arn

    @functools.cached_property
    def express(self):
        return self.sfn.create_state_machine(
            name=unique("e"), definition=GOOD, roleArn=ROLE, type="EXPRESS")["stateMachineArn"]

    @functools.cached_property
    def express_run(self):
        return self.sfn.start_execution(stateMachineArn=self.express)["executionArn"]

    @functools.cached_property
    def deleting(self):
        """one whose execution keeps it"""
        arn = machine(self.sfn, wait_state(3000))
        self.sfn.publish_state_machine_version(stateMachineArn=arn)
        self.sfn.create_state_machine_alias(name="live", routingConfiguration=[
            {"stateMachineVersionArn": f"{arn}:1", "weight": 100}])
        self.sfn.start_execution(stateMachineArn=arn)
        self.sfn.delete_state_machine(stateMachineArn=arn)
        return arn

    @functools.cached_property
    def waiting(self):
        return machine(self.sfn, wait_state(3000))

    @functools.cached_property
    def running(self):
        return self.sfn.start_execution(
            stateMachineArn=self.waiting, name=unique("run"))["executionArn"]

    @functools.cached_property
    def activity(self):
        return self.sfn.create_activity(name=unique("a"))["activityArn"]

    @functools.cached_property
    def closed(self):
        """the token of a settled task"""
        arn = machine(self.sfn, one_state(Type="Task", Resource=self.activity))
        self.sfn.start_execution(stateMachineArn=arn)
        token = self.sfn.get_activity_task(activityArn=self.activity)["taskToken"]
        self.sfn.send_task_success(taskToken=token, output="1")
        return token

    @functools.cached_property
    def crowded(self):
        """a machine with as many versions and aliases as fit (SFN-VER-6, SFN-ALIAS-6)"""
        arn = machine(self.sfn, PASS)
        for number in range(1000):
            self.sfn.update_state_machine(
                stateMachineArn=arn, roleArn=f"{ROLE}-{number}", publish=True)
        for number in range(100):
            self.sfn.create_state_machine_alias(name=f"a{number}", routingConfiguration=[
                {"stateMachineVersionArn": f"{arn}:1", "weight": 100}])
        self.sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE)
        return arn

    @functools.cached_property
    def besieged(self):
        """an activity that a thousand workers poll (SFN-ACT-21)"""
        arn = self.sfn.create_activity(name=unique("a"))["activityArn"]
        body = json.dumps({"activityArn": arn}).encode()
        signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/states/aws4_request, " \
                 "SignedHeaders=host, Signature=00"
        head = (f"POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: {signed}\r\n"
                "Content-Type: application/x-amz-json-1.0\r\n"
                "X-Amz-Target: AWSStepFunctions.GetActivityTask\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        for _ in range(1000):
            self.sockets.append(socket.create_connection(("127.0.0.1", self.server.port)))
            self.sockets[-1].sendall(head + body)
        polls = self.server.client(read_timeout=1)

        def full():
            try:
                polls.get_activity_task(activityArn=arn)
            except ClientError:
                return True
            except Exception:  # this poll was let in and is given up
                return False
        until(full, seconds=30, what="a thousand polls are not the most")
        return arn

    @functools.cached_property
    def map_execution(self):
        arn = machine(self.sfn, DISTRIBUTED)
        return self.sfn.start_execution(stateMachineArn=arn, input="[1, 2, 3]")["executionArn"]

    @functools.cached_property
    def map_run(self):
        return map_run_of(self.sfn, self.map_execution)

    @functools.cached_property
    def ended_map_run(self):
        arn = machine(self.sfn, DISTRIBUTED)
        execution = self.sfn.start_execution(stateMachineArn=arn, input="[1]")["executionArn"]
        run = map_run_of(self.sfn, execution)
        self.sfn.stop_execution(executionArn=execution)
        until(lambda: self.sfn.describe_map_run(mapRunArn=run)["status"] != "RUNNING")
        return run

    def close(self):
        for one in self.sockets:
            one.close()


def map_run_of(sfn, execution):
    runs = until(lambda: sfn.list_map_runs(executionArn=execution)["mapRuns"])
    return runs[0]["mapRunArn"]


@pytest.fixture(scope="module")
def world(server):
    made = World(server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def full():
    """a World with as much as it may have"""
    server = Server()
    (server.folder / "rung.toml").write_text(LIMITS)
    made = World(server.start())
    made.aborted = made.running
    made.sfn.stop_execution(executionArn=made.aborted)
    made.sfn.start_execution(stateMachineArn=made.waiting)
    assert made.activity
    yield made
    made.close()
    server.close()


def valid(operation, parameters):
    """whether the SDK would send this"""
    shape = MODEL.operation_model(operation).input_shape
    return not ParamValidator().validate(parameters, shape).has_errors()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_is_known(sfn, operation):
    """SFN-WIRE-1: each one answers, or says what it lacks"""
    assert len(OPERATIONS) == 37
    try:
        getattr(sfn, xform_name(operation))()
    except ClientError as error:
        fault = Fault(error)
        assert fault.code == "ValidationException", f"{fault.code}: {fault.message}"
        assert MODEL.operation_model(operation).input_shape.required_members \
            or operation == "ListExecutions"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_required_members(sfn, operation):
    """SFN-ERR-11: each missing one is named"""
    required = MODEL.operation_model(operation).input_shape.required_members
    if required:
        fault = refused("ValidationException", getattr(sfn, xform_name(operation)))
        assert fault.message.count("Member must not be null") == len(required), fault.message


def test_every_error_of_the_model_is_here():
    """a new operation or error of the SDK's model fails this until it is thought of"""
    shown = {(operation, code) for operation, code, _, _ in REFUSALS + FULL}
    listed = {(operation, shape.name) for operation in OPERATIONS
              for shape in MODEL.operation_model(operation).error_shapes}
    impossible = {(operation, code) for operation, code in listed
                  if (operation, code) in IMPOSSIBLE or ("*", code) in IMPOSSIBLE}
    assert shown & impossible == set()
    assert listed - shown - impossible == set()
    assert {pair for pair in shown - listed if pair[1] not in COMMON} == set()
    assert {pair for pair in IMPOSSIBLE if pair[0] != "*"} <= listed


@pytest.mark.parametrize("operation, code, message, parameters", REFUSALS, ids=[
    f"{number}-{one[0]}-{one[1]}" for number, one in enumerate(REFUSALS)])
def test_refusals(server, world, operation, code, message, parameters):
    """SFN-ERR-1, SFN-ERR-2, SFN-ERR-10…14 and each operation's own"""
    parameters = world.fill(parameters)
    client = server.client(parameter_validation=valid(operation, parameters))
    fault = refused(code, getattr(client, xform_name(operation)), **parameters)
    assert re.fullmatch(world.fill(message), fault.message, re.S), fault.message
    assert 400 <= fault.status < 500 and fault.headers["x-amzn-requestid"]


@pytest.mark.parametrize("operation, code, message, parameters", FULL, ids=[
    f"{one[0]}-{one[1]}" for one in FULL])
def test_refusals_of_a_full_account(full, operation, code, message, parameters):
    """SFN-EXEC-9, SFN-SEM-42 and their like"""
    call = getattr(full.server.client(parameter_validation=True), xform_name(operation))
    fault = refused(code, call, **full.fill(parameters))
    assert re.fullmatch(message, fault.message), fault.message
    assert fault.status == 400


def test_reasons(sfn, world):
    """SFN-ERR-3: the structured members"""
    def reason(call, **parameters):
        with pytest.raises(ClientError) as caught:
            call(**world.fill(parameters))
        return caught.value.response
    labelled = reason(sfn.start_execution, stateMachineArn="{standard}/Each")
    assert labelled["reason"] == "API_DOES_NOT_SUPPORT_LABELED_ARNS"
    nothing = reason(sfn.update_state_machine_alias, stateMachineAliasArn="{standard}:live")
    assert nothing["reason"] == "MISSING_REQUIRED_PARAMETER"
    nothing = reason(sfn.update_map_run, mapRunArn="{map_run}")
    assert nothing["reason"] == "MISSING_REQUIRED_PARAMETER"
    late = reason(sfn.update_map_run, mapRunArn="{ended_map_run}", maxConcurrency=1)
    assert late["reason"] == "CANNOT_UPDATE_COMPLETED_MAP_RUN"
    routing = reason(sfn.create_state_machine_alias, name="x", routingConfiguration=LACKING)
    assert routing["reason"] == "INVALID_ROUTING_CONFIGURATION"
    absent = reason(sfn.tag_resource, resourceArn="{home}:activity:none", tags=[])
    assert absent["resourceName"] == world.fill("{home}:activity:none")


KINDS = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": (int, float),
         "float": (int, float), "double": (int, float), "structure": dict, "list": list,
         "map": dict}


def misfits(shape, value, path):
    """where a body differs from the model: members unknown, missing or of another type"""
    kind = KINDS[shape.type_name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return [f"{path}: {value!r} is no {shape.type_name}"]
    if shape.type_name == "structure":
        found = [f"{path}.{key} is not in the model" for key in set(value) - set(shape.members)]
        found += [f"{path}.{key} is missing" for key in shape.required_members if key not in value]
        for key in set(value) & set(shape.members):
            found += misfits(shape.members[key], value[key], f"{path}.{key}")
        return found
    if shape.type_name == "list":
        return [one for number, item in enumerate(value)
                for one in misfits(shape.member, item, f"{path}[{number}]")]
    if shape.type_name == "map":
        return [one for key, item in value.items()
                for one in misfits(shape.value, item, f"{path}.{key}")]
    if shape.type_name == "string":
        if getattr(shape, "enum", None) and value not in shape.enum:
            return [f"{path}: {value!r} is none of {shape.enum}"]
        if len(value) > shape.metadata.get("max", len(value)):
            return [f"{path}: longer than {shape.metadata['max']}"]
    return []


def every_operation(call):
    """a life of everything, in which each operation has its part"""
    name = unique("all")
    changed = json.dumps({"StartAt": "Only", "States": FAIL})
    made = call("CreateStateMachine", name=name, definition=GOOD, roleArn=ROLE, publish=True,
                versionDescription="first", tags=[{"key": "a", "value": "b"}],
                loggingConfiguration={"level": "OFF"}, tracingConfiguration={"enabled": True})
    arn, version = made["stateMachineArn"], made["stateMachineVersionArn"]
    call("ValidateStateMachineDefinition", definition='{"StartAt": "X"}')
    call("TestState", definition=json.dumps(PASS["Only"]), input="{}", inspectionLevel="DEBUG")
    call("DescribeStateMachine", stateMachineArn=version)
    call("UpdateStateMachine", stateMachineArn=arn, definition=changed, roleArn=ROLE)
    second = call("PublishStateMachineVersion", stateMachineArn=arn)["stateMachineVersionArn"]
    alias = call("CreateStateMachineAlias", name="live", description="x", routingConfiguration=[
        {"stateMachineVersionArn": version, "weight": 100}])["stateMachineAliasArn"]
    call("UpdateStateMachineAlias", stateMachineAliasArn=alias, routingConfiguration=[
        {"stateMachineVersionArn": version, "weight": 90},
        {"stateMachineVersionArn": second, "weight": 10}])
    call("DescribeStateMachineAlias", stateMachineAliasArn=alias)
    call("ListStateMachineAliases", stateMachineArn=arn)
    call("ListStateMachineVersions", stateMachineArn=arn, maxResults=1)
    call("ListStateMachines", maxResults=1)
    call("TagResource", resourceArn=arn, tags=[{"key": "c", "value": ""}])
    call("UntagResource", resourceArn=arn, tagKeys=["a"])
    call("ListTagsForResource", resourceArn=arn)
    every_operation_on_executions(call, arn, alias)
    every_operation_on_tasks(call)
    every_operation_on_map_runs(call)
    express = call("CreateStateMachine", name=f"{name}-e", definition=GOOD, roleArn=ROLE,
                   type="EXPRESS")["stateMachineArn"]
    call("StartSyncExecution", stateMachineArn=express, input="[1]")
    call("StartExecution", stateMachineArn=express)
    call("DeleteStateMachineAlias", stateMachineAliasArn=alias)
    call("DeleteStateMachineVersion", stateMachineVersionArn=second)
    call("DeleteStateMachine", stateMachineArn=arn)
    call("DeleteStateMachine", stateMachineArn=express)


def every_operation_on_executions(call, arn, alias):
    failed = call("StartExecution", stateMachineArn=arn, name="one", input="{}")["executionArn"]
    until(lambda: call("DescribeExecution", executionArn=failed)["status"] == "FAILED")
    call("RedriveExecution", executionArn=failed)
    call("DescribeStateMachineForExecution", executionArn=failed)
    call("GetExecutionHistory", executionArn=failed, maxResults=3)
    call("StartExecution", stateMachineArn=alias, traceHeader="Root=1")
    call("ListExecutions", stateMachineArn=arn, maxResults=1)


def every_operation_on_tasks(call):
    activity = call("CreateActivity", name=unique("a"))["activityArn"]
    call("DescribeActivity", activityArn=activity)
    call("ListActivities", maxResults=1)
    definition = {"StartAt": "Only", "States": one_state(Type="Task", Resource=activity)}
    arn = call("CreateStateMachine", name=unique("w"), definition=json.dumps(definition),
               roleArn=ROLE)["stateMachineArn"]
    executions = []
    for settle, more in (("SendTaskSuccess", {"output": "1"}),
                         ("SendTaskFailure", {"error": "Broken", "cause": "it is"})):
        executions.append(call("StartExecution", stateMachineArn=arn)["executionArn"])
        token = call("GetActivityTask", activityArn=activity, workerName="me")["taskToken"]
        call("SendTaskHeartbeat", taskToken=token)
        call(settle, taskToken=token, **more)
        call("GetExecutionHistory", executionArn=executions[-1], reverseOrder=True)
    call("StopExecution", executionArn=executions[-1], error="Late")
    call("DeleteActivity", activityArn=activity)


def every_operation_on_map_runs(call):
    definition = json.dumps({"StartAt": "Only", "States": DISTRIBUTED})
    arn = call("CreateStateMachine", name=unique("d"), definition=definition,
               roleArn=ROLE)["stateMachineArn"]
    call("DescribeStateMachine", stateMachineArn=f"{arn}/Each")
    execution = call("StartExecution", stateMachineArn=arn, input="[1, 2, 3]")["executionArn"]
    runs = until(lambda: call("ListMapRuns", executionArn=execution)["mapRuns"])
    run = runs[0]["mapRunArn"]
    call("DescribeMapRun", mapRunArn=run)
    call("UpdateMapRun", mapRunArn=run, maxConcurrency=1, toleratedFailurePercentage=12.5)
    children = until(lambda: call("ListExecutions", mapRunArn=run)["executions"])
    call("DescribeExecution", executionArn=children[0]["executionArn"])
    call("DescribeStateMachineForExecution", executionArn=children[0]["executionArn"])
    call("GetExecutionHistory", executionArn=execution)
    call("StopExecution", executionArn=execution)
    call("DescribeMapRun", mapRunArn=run)


def test_answers_fit_the_model(server):
    """SFN-WIRE-3, SFN-WIRE-5, SFN-WIRE-6: nothing unknown, nothing missing, each of its type"""
    sfn = server.client(parameter_validation=True)
    called, wrong = set(), []

    def look(model, response_dict, **_):
        called.add(model.name)
        body = json.loads(response_dict["body"])
        if model.output_shape:
            wrong.extend(misfits(model.output_shape, body, model.name))
        assert response_dict["headers"]["Content-Type"] == "application/x-amz-json-1.0"

    def hook(operation_model, response_dict, **more):
        if response_dict["status_code"] == 200:
            look(operation_model, response_dict)

    sfn.meta.events.register("before-parse.sfn", hook)
    every_operation(lambda operation, **more: getattr(sfn, xform_name(operation))(**more))
    assert called == set(OPERATIONS)
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_every_operation_by_the_aws_cli(server):
    """the tool as installed from PyPI, each operation at least once"""
    called = set()
    settings = environment(
        AWS_ENDPOINT_URL=server.url, AWS_DEFAULT_REGION=server.region, AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test", AWS_PAGER="", AWS_CONFIG_FILE=str(server.place / "none"),
        AWS_DISABLE_HOST_PREFIX_INJECTION="true",
        AWS_SHARED_CREDENTIALS_FILE=str(server.place / "none"))

    def call(operation, **parameters):
        called.add(operation)
        done = subprocess.run(
            ["aws", "stepfunctions", xform_name(operation, "-"), "--cli-input-json",
             json.dumps(parameters), "--output", "json"],
            capture_output=True, text=True, timeout=60, check=False, env=settings)
        assert done.returncode == 0, f"{operation}: {done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else {}

    every_operation(call)
    assert called == set(OPERATIONS)


def test_repeats(server, world):
    """semantics.md §2: the same call twice is the same answer"""
    sfn = server.client(parameter_validation=True)
    for operation, parameters in (
            ("CreateActivity", {"name": "{activity_name}"}),
            ("CreateStateMachine", {**NEW, "name": "{standard_name}", "publish": True}),
            ("PublishStateMachineVersion", {"stateMachineArn": "{standard}"}),
            ("CreateStateMachineAlias", {"name": "live", "routingConfiguration": VERSION}),
            ("StartExecution", {"stateMachineArn": "{waiting}", "name": "{running_name}"}),
            ("UpdateStateMachine", {"stateMachineArn": "{standard}", "roleArn": ROLE})):
        parameters = world.fill(parameters)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            call = getattr(sfn, xform_name(operation))
            answers = list(pool.map(lambda _: call(**parameters), range(8)))
        for answer in answers:
            del answer["ResponseMetadata"]
        assert all(answer == answers[0] for answer in answers), operation
