"""State machines: create, describe, update, list, delete."""

import json

import pytest
from support import PASS, ROLE, ended, machine, refused, run, unique, until, wait_state

DEFINITION = json.dumps({"StartAt": "Only", "States": PASS})


def create(sfn, name, definition=DEFINITION, **more):
    return sfn.create_state_machine(name=name, definition=definition, roleArn=ROLE, **more)


def test_create_and_describe(sfn, name):
    """SFN-SM-9, SFN-SM-30, SFN-SM-31: what was sent comes back byte for byte, with the defaults"""
    text = '{\r\n  "StartAt" : "Only",\n "States": {"Only": {"Type": "Pass", "Result": 1.00, ' \
           '"End": true}},\t"Comment":"\\u00e9 é"}'
    made = create(sfn, name, text)
    seen = sfn.describe_state_machine(stateMachineArn=made["stateMachineArn"])
    assert seen["definition"] == text
    assert seen["name"] == name and seen["status"] == "ACTIVE" and seen["type"] == "STANDARD"
    assert seen["roleArn"] == ROLE
    assert seen["creationDate"] == made["creationDate"]
    assert seen["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert seen["tracingConfiguration"] == {"enabled": False}
    assert seen["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    assert "revisionId" not in seen
    assert made["stateMachineArn"].endswith(f":stateMachine:{name}")


def test_create_is_idempotent(sfn, name):
    """SFN-SM-2, SFN-SM-4: the same content answers the same machine, role and tags aside"""
    first = create(sfn, name)
    again = create(sfn, name)
    assert again["stateMachineArn"] == first["stateMachineArn"]
    assert again["creationDate"] == first["creationDate"]
    other_role = "arn:aws:iam::123456789012:role/other"
    sfn.create_state_machine(name=name, definition=DEFINITION, roleArn=other_role,
                             tags=[{"key": "a", "value": "b"}])
    seen = sfn.describe_state_machine(stateMachineArn=first["stateMachineArn"])
    assert seen["roleArn"] == ROLE
    assert sfn.list_tags_for_resource(resourceArn=first["stateMachineArn"])["tags"] == []


def test_create_with_other_text(sfn, name):
    """SFN-SM-3: white space makes another definition"""
    arn = create(sfn, name)["stateMachineArn"]
    fault = refused("StateMachineAlreadyExists", create, sfn=sfn, name=name,
                    definition=DEFINITION + " ")
    assert fault.message == f"State Machine Already Exists: '{arn}'"
    assert fault.status == 400


def test_version_description_needs_publish(sfn, name):
    """SFN-SM-5"""
    fault = refused("ValidationException", create, sfn=sfn, name=name, versionDescription="x")
    assert fault.message == "Version description can only be set when publish is true"


@pytest.mark.parametrize("bad", ["a b", "a<b", "a{b}", "a?", "a*", 'a"b', "a#b", "a/b", "a:b",
                                 "a,b", "a;b", "a\\b", "a|b", "a~b", "a`b", "a$b", "a&b", "a\nb",
                                 "a%b", "a^b", "\u0085a"])
def test_names_refused(sfn, bad):
    """SFN-ERR-30"""
    fault = refused("InvalidName", create, sfn=sfn, name=bad)
    assert fault.message == f"Invalid Name: '{bad}'"


def test_names_accepted(sfn):
    """SFN-ERR-30"""
    for good in ("a.b-c_d", "a+b=c@d!e", "a'(b)", "größe"):
        arn = create(sfn, unique(good))["stateMachineArn"]
        assert sfn.describe_state_machine(stateMachineArn=arn)["status"] == "ACTIVE"


def test_name_too_long(sfn):
    """SFN-ERR-10, SFN-ERR-11"""
    name = "n" * 81
    fault = refused("ValidationException", create, sfn=sfn, name=name)
    assert fault.message == (
        f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
        "Member must have length less than or equal to 80")


def test_invalid_definition(sfn, name):
    """SFN-SM-1, SFN-VAL-6"""
    fault = refused("InvalidDefinition", create, sfn=sfn, name=name,
                    definition=json.dumps({"States": PASS}))
    assert fault.message == ("Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: "
                             "These fields are required: [StartAt] at /'")
    listed = sfn.list_state_machines(maxResults=1000)["stateMachines"]
    assert name not in [item["name"] for item in listed]


def test_definition_too_long(sfn, name):
    """a definition has at most 1,048,576 characters, and so has the request that brings it"""
    refused(("ValidationException", "RequestEntityTooLargeException"), create, sfn=sfn, name=name,
            definition=DEFINITION + " " * 1_048_576)
    long = DEFINITION + " " * 1_000_000
    arn = create(sfn, name, long)["stateMachineArn"]
    assert sfn.describe_state_machine(stateMachineArn=arn)["definition"] == long


def test_required_members(sfn):
    """SFN-ERR-11"""
    fault = refused("ValidationException", sfn.create_state_machine, name=unique())
    assert fault.message.startswith("2 validation errors detected: ")
    assert fault.message.count("Member must not be null") == 2


def test_logging_needs_one_destination(sfn, name):
    """SFN-LOG-1"""
    fault = refused("InvalidLoggingConfiguration", create, sfn=sfn, name=name,
                    loggingConfiguration={"level": "ALL", "destinations": []})
    assert fault.message == ("Invalid Logging Configuration: "
                             "Must specify exactly one Log Destination.")


def test_update(sfn, name):
    """SFN-SM-20, SFN-SM-21: a change makes a revision, a repeat does not"""
    arn = create(sfn, name)["stateMachineArn"]
    fault = refused("MissingRequiredParameter", sfn.update_state_machine, stateMachineArn=arn)
    assert fault.message == ("Either the definition, the role ARN, the LoggingConfiguration, or "
                             "the TracingConfiguration must be specified")
    same = sfn.update_state_machine(stateMachineArn=arn, definition=DEFINITION)
    assert "revisionId" not in same
    other = DEFINITION.replace("Only", "Other")
    first = sfn.update_state_machine(stateMachineArn=arn, definition=other)
    repeat = sfn.update_state_machine(stateMachineArn=arn, definition=other)
    assert len(first["revisionId"]) == 36
    assert repeat["revisionId"] == first["revisionId"]
    assert repeat["updateDate"] == first["updateDate"]
    role = sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE + "2")
    assert role["revisionId"] != first["revisionId"]
    seen = sfn.describe_state_machine(stateMachineArn=arn)
    assert seen["definition"] == other
    assert seen["roleArn"] == ROLE + "2"
    assert seen["revisionId"] == role["revisionId"]


def test_update_refused(sfn, name):
    """SFN-SM-24, SFN-SM-34, and no half of a refused update"""
    arn = create(sfn, name)["stateMachineArn"]
    refused("InvalidDefinition", sfn.update_state_machine, stateMachineArn=arn,
            definition="{}", roleArn=ROLE + "2")
    assert sfn.describe_state_machine(stateMachineArn=arn)["roleArn"] == ROLE
    for missing in (arn + ":7", arn + "x"):
        fault = refused("StateMachineDoesNotExist", sfn.update_state_machine,
                        stateMachineArn=missing, roleArn=ROLE)
        assert fault.message == f"State Machine Does Not Exist: '{missing}'"


def test_running_executions_keep_their_definition(sfn):
    """SFN-SM-25, SFN-SM-40, SFN-SEM-70"""
    arn = machine(sfn, wait_state(2))
    before = sfn.describe_state_machine(stateMachineArn=arn)
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.update_state_machine(stateMachineArn=arn, definition=DEFINITION)
    used = sfn.describe_state_machine_for_execution(executionArn=execution)
    assert used["definition"] == before["definition"]
    assert used["stateMachineArn"] == arn and used["name"] == before["name"]
    assert not {"creationDate", "status", "type"} & set(used)
    assert "updateDate" in used
    assert json.loads(run(sfn, arn, {"new": 1})["output"]) == {"new": 1}
    assert ended(sfn, execution)["status"] == "SUCCEEDED"
    events = sfn.get_execution_history(executionArn=execution)["events"]
    assert events[1]["stateEnteredEventDetails"]["name"] == "Pause"


def test_describe_for_unknown_execution(sfn, name):
    """SFN-SM-44, SFN-EXEC-35"""
    arn = create(sfn, name)["stateMachineArn"].replace("stateMachine", "execution") + ":none"
    fault = refused("ExecutionDoesNotExist", sfn.describe_state_machine_for_execution,
                    executionArn=arn)
    assert fault.message == f"Execution Does Not Exist: '{arn}'"


def test_metadata_only(sfn, name):
    """SFN-SM-35"""
    arn = create(sfn, name)["stateMachineArn"]
    seen = sfn.describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")
    assert seen["definition"] == "{}"


def test_describe_refused(sfn, name):
    """SFN-SM-34, SFN-ARN-4, SFN-ARN-5"""
    arn = create(sfn, name)["stateMachineArn"]
    fault = refused("StateMachineDoesNotExist", sfn.describe_state_machine,
                    stateMachineArn=arn + "x")
    assert fault.message == f"State Machine Does Not Exist: '{arn}x'"
    fault = refused("InvalidArn", sfn.describe_state_machine, stateMachineArn="machine")
    assert fault.message == "Invalid Arn: 'Invalid ARN prefix: machine'"
    wrong = arn.replace("stateMachine", "activity")
    fault = refused("InvalidArn", sfn.describe_state_machine, stateMachineArn=wrong)
    assert fault.message == "Invalid Arn: 'Resource type not valid in this context: activity'"


def test_list(sfn):
    """SFN-PAGE-1, SFN-PAGE-6: every machine once, by name"""
    prefix = unique("list")
    names = [f"{prefix}-{number}" for number in (10, 2, 1, 11, 3)]
    for one in names:
        create(sfn, one)
    seen, token = [], {}
    while True:
        page = sfn.list_state_machines(maxResults=2, **token)
        assert len(page["stateMachines"]) <= 2
        seen += [item["name"] for item in page["stateMachines"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert [one for one in seen if one.startswith(prefix)] == sorted(names)
    assert len(seen) == len(set(seen)) and seen == sorted(seen)


def test_list_refused(sfn):
    """SFN-PAGE-3, SFN-PAGE-4"""
    fault = refused("InvalidToken", sfn.list_state_machines, nextToken="no token")
    assert fault.message == "Invalid Token: 'Invalid token'"
    fault = refused("ValidationException", sfn.list_state_machines, maxResults=1001)
    assert fault.message == (
        "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 1000")
    refused("ValidationException", sfn.list_state_machines, nextToken="x" * 1025)


def test_delete(sfn, name):
    """SFN-SM-50, SFN-SM-53: gone with its executions; deleting again is no error"""
    arn = create(sfn, name)["stateMachineArn"]
    execution = run(sfn, arn)["executionArn"]
    sfn.delete_state_machine(stateMachineArn=arn)
    sfn.delete_state_machine(stateMachineArn=arn)
    listed = lambda: [one["name"] for one in sfn.list_state_machines(maxResults=1000)
                      ["stateMachines"]]
    until(lambda: name not in listed())
    refused("StateMachineDoesNotExist", sfn.describe_state_machine, stateMachineArn=arn)
    refused("StateMachineDoesNotExist", sfn.start_execution, stateMachineArn=arn)
    refused("ExecutionDoesNotExist", sfn.describe_execution, executionArn=execution)
    refused("ExecutionDoesNotExist", sfn.get_execution_history, executionArn=execution)
    assert create(sfn, name)["stateMachineArn"] == arn


def test_delete_while_running(sfn, name):
    """SFN-SM-51, SFN-SM-52, SFN-SEM-74: the wait runs to its end, then the execution fails"""
    arn = machine(sfn, {"Pause": {"Type": "Wait", "Seconds": 2, "Next": "Only"}, **PASS}, name=name)
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.delete_state_machine(stateMachineArn=arn)
    assert sfn.describe_state_machine(stateMachineArn=arn)["status"] == "DELETING"
    refused("StateMachineDeleting", sfn.start_execution, stateMachineArn=arn)
    refused("StateMachineDeleting", sfn.update_state_machine, stateMachineArn=arn, roleArn=ROLE)
    refused("StateMachineDeleting", create, sfn=sfn, name=name)
    assert sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"

    def gone():
        try:
            sfn.describe_state_machine(stateMachineArn=arn)
        except sfn.exceptions.StateMachineDoesNotExist:
            return True
    until(gone, seconds=15)


def test_tags(sfn, name):
    """SFN-TAG-1, SFN-TAG-2, SFN-TAG-4"""
    tags = [{"key": "team", "value": "shop"}, {"key": "a", "value": ""}]
    arn = create(sfn, name, tags=tags)["stateMachineArn"]
    listed = lambda: sfn.list_tags_for_resource(resourceArn=arn)["tags"]
    assert listed() == tags
    sfn.tag_resource(resourceArn=arn, tags=[])
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "new"}])
    assert {one["key"]: one["value"] for one in listed()} == {"team": "shop", "a": "new"}
    sfn.untag_resource(resourceArn=arn, tagKeys=["a", "a", "absent"])
    assert listed() == [{"key": "team", "value": "shop"}]
    fault = refused("ResourceNotFound", sfn.tag_resource, resourceArn=arn + "x", tags=tags)
    assert fault.message == f"Resource not found: '{arn}x'"


def test_too_many_tags(sfn, name):
    """SFN-TAG-3: fifty, and none of a refused call"""
    arn = create(sfn, name)["stateMachineArn"]
    many = lambda first, last: [{"key": f"k{n}", "value": "v"} for n in range(first, last)]
    sfn.tag_resource(resourceArn=arn, tags=many(0, 50))
    refused("TooManyTags", sfn.tag_resource, resourceArn=arn, tags=many(50, 51))
    sfn.tag_resource(resourceArn=arn, tags=many(10, 20))
    assert len(sfn.list_tags_for_resource(resourceArn=arn)["tags"]) == 50
