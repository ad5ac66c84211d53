"""The calls of infrastructure tools: create, read back, plan without drift, change, delete.

A resource below reads after every change what such tools read, and its plan is the difference
between what was asked for and what was read.
"""

import json

import pytest
from support import ROLE, refused, unique, until, wait_state

OFF = {"level": "OFF", "includeExecutionData": False}
TAGS = {"Name": "orders", "managed-by": "a tool", "empty": ""}
OTHER_ROLE = ROLE + "-next"
# Indented and in an order of its own, as tools write definitions.
DEFINITION = """{
  "Comment": "A \\u00e9 comment",
  "StartAt": "First",
  "States": {
    "First": { "Type": "Pass", "Result": 1.00, "Next": "Last" },
    "Last": { "Type": "Succeed" }
  }
}
"""


@pytest.fixture(scope="module")
def tool(server):
    """such tools check parameters before they send them"""
    return server.client(parameter_validation=True)


def answered(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def to_tags(tags):
    return [{"key": key, "value": value} for key, value in tags.items()]


class Machine:
    """a state machine as a tool keeps it"""

    def __init__(self, sfn, kind="STANDARD", publish=False, **wanted):
        self.sfn, self.kind, self.publish = sfn, kind, publish
        self.wanted = {"definition": DEFINITION, "roleArn": ROLE, "loggingConfiguration": OFF,
                       "tracingConfiguration": {"enabled": False}, "tags": TAGS, **wanted}
        self.name = unique("tf")
        settings = {key: value for key, value in self.wanted.items() if key != "tags"}
        self.created = sfn.create_state_machine(
            name=self.name, type=kind, publish=publish, tags=to_tags(self.wanted["tags"]),
            **settings)
        self.arn = self.created["stateMachineArn"]
        until(lambda: sfn.describe_state_machine(stateMachineArn=self.arn)["status"] == "ACTIVE")

    def read(self):
        seen = answered(self.sfn.describe_state_machine(stateMachineArn=self.arn))
        tags = self.sfn.list_tags_for_resource(resourceArn=self.arn)["tags"]
        seen["tags"] = {tag["key"]: tag["value"] for tag in tags}
        seen["versions"] = self.versions()
        return seen

    def versions(self):
        found, token = [], {}
        while True:
            page = self.sfn.list_state_machine_versions(stateMachineArn=self.arn, **token)
            found += [one["stateMachineVersionArn"] for one in page["stateMachineVersions"]]
            if "nextToken" not in page:
                return found
            token = {"nextToken": page["nextToken"]}

    def plan(self):
        """what a tool would change"""
        seen = self.read()
        assert (seen["name"], seen["type"]) == (self.name, self.kind)
        return {key: (value, seen.get(key)) for key, value in self.wanted.items()
                if seen.get(key) != value}

    def apply(self, **changed):
        """asks for other values, as tools do: the settings in one call, the tags by difference"""
        before = self.read()["tags"]
        self.wanted.update(changed)
        tags = self.wanted["tags"]
        answer = None
        if set(changed) - {"tags"}:
            settings = {key: value for key, value in self.wanted.items() if key != "tags"}
            answer = self.sfn.update_state_machine(
                stateMachineArn=self.arn, publish=self.publish, **settings)
        gone = [key for key in before if key not in tags]
        new = {key: value for key, value in tags.items() if before.get(key) != value}
        if gone:
            self.sfn.untag_resource(resourceArn=self.arn, tagKeys=gone)
        if new:
            self.sfn.tag_resource(resourceArn=self.arn, tags=to_tags(new))
        return answer

    def destroy(self):
        self.sfn.delete_state_machine(stateMachineArn=self.arn)

        def gone():
            try:
                self.sfn.describe_state_machine(stateMachineArn=self.arn)
            except self.sfn.exceptions.StateMachineDoesNotExist:
                return True
        until(gone, seconds=30)


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_create_and_plan_without_drift(tool, kind):
    """SFN-SM-9, SFN-SM-30, SFN-SM-31, SFN-TAG-4: what was asked for is what is read, twice"""
    machine = Machine(tool, kind)
    assert machine.plan() == {}
    first = machine.read()
    assert first == machine.read()
    assert first["creationDate"] == machine.created["creationDate"]
    assert first["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    assert "revisionId" not in first and first["versions"] == []
    assert not {"description", "label"} & set(first)
    machine.destroy()


def test_defaults_of_what_was_not_asked_for(tool):
    """SFN-LOG-3, SFN-CFG-1, SFN-CFG-2: absent settings read as their defaults"""
    arn = tool.create_state_machine(
        name=unique("tf"), definition=DEFINITION, roleArn=ROLE)["stateMachineArn"]
    seen = tool.describe_state_machine(stateMachineArn=arn)
    assert (seen["type"], seen["loggingConfiguration"]) == ("STANDARD", OFF)
    assert seen["tracingConfiguration"] == {"enabled": False}
    assert seen["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    assert tool.list_tags_for_resource(resourceArn=arn)["tags"] == []
    tool.delete_state_machine(stateMachineArn=arn)


def test_identical_updates_change_nothing(tool):
    """SFN-SM-21: on a machine never updated, and on one that was"""
    machine = Machine(tool)
    before = machine.read()
    answer = machine.apply(roleArn=ROLE)
    assert "revisionId" not in answer and machine.read() == before
    changed = machine.apply(roleArn=OTHER_ROLE)
    once = machine.read()
    assert once["revisionId"] == changed["revisionId"]
    for _ in range(2):
        repeated = machine.apply(roleArn=OTHER_ROLE, loggingConfiguration=OFF)
        assert answered(repeated) == answered(changed)
        assert machine.read() == once
    machine.destroy()


@pytest.mark.parametrize("changed", [
    {"definition": DEFINITION.replace("comment", "other")},
    {"definition": DEFINITION.replace("  ", " ")},
    {"roleArn": OTHER_ROLE},
    {"tracingConfiguration": {"enabled": True}},
    {"loggingConfiguration": {"level": "OFF", "includeExecutionData": True}},
    {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k",
                                 "kmsDataKeyReusePeriodSeconds": 300}},
], ids=["definition", "white-space", "role", "tracing", "logging", "encryption"])
def test_each_change(tool, changed):
    """SFN-SM-21, SFN-SM-22: a new revision, only that differs, and no drift after it"""
    machine = Machine(tool)
    before = machine.read()
    answer = machine.apply(**changed)
    after = machine.read()
    differs = {key for key in set(before) | set(after) if before.get(key) != after.get(key)}
    assert differs == {"revisionId", *changed}
    assert after["revisionId"] == answer["revisionId"]
    assert machine.plan() == {}
    back = machine.apply(**{key: before[key] for key in changed})
    assert back["revisionId"] != answer["revisionId"]
    assert {**machine.read(), "revisionId": None} == {**before, "revisionId": None}
    machine.destroy()


def test_logging_to_a_group(server, tool):
    """SFN-LOG-1, SFN-LOG-2, SFN-LOG-4: the destination is told again as it was given"""
    logs = server.client("logs")
    name = f"/aws/vendedlogs/states/{unique()}"
    logs.create_log_group(logGroupName=name)
    group = f"arn:aws:logs:us-east-1:000000000000:log-group:{name}:*"
    told = {"level": "ALL", "includeExecutionData": True,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    machine = Machine(tool, "EXPRESS", loggingConfiguration=told)
    assert machine.plan() == {} and machine.read()["loggingConfiguration"] == told
    machine.apply(loggingConfiguration={**OFF, "destinations": []})
    assert machine.plan() == {}
    machine.apply(loggingConfiguration={**told, "level": "ERROR"})
    assert machine.plan() == {}
    machine.destroy()
    missing = {**told, "destinations": [{"cloudWatchLogsLogGroup": {
        "logGroupArn": group.replace(name, name + "x")}}]}
    fault = refused("InvalidLoggingConfiguration", Machine, sfn=tool, loggingConfiguration=missing)
    assert fault.message == "Invalid Logging Configuration: Log Destination not found."


def test_tags(tool):
    """SFN-TAG-2: tags alone change no revision"""
    machine = Machine(tool)
    before = machine.read()
    machine.apply(tags={"Name": "orders", "team": "shop", "empty": "no more"})
    assert machine.plan() == {}
    machine.apply(tags={})
    assert machine.plan() == {}
    assert {**machine.read(), "tags": None} == {**before, "tags": None}
    machine.apply(tags=TAGS)
    assert machine.read() == before
    machine.destroy()


def test_publish(tool):
    """SFN-SM-7, SFN-SM-23: each change has its version, a repeat has none"""
    machine = Machine(tool, publish=True)
    version = lambda number: f"{machine.arn}:{number}"
    assert machine.created["stateMachineVersionArn"] == version(1)
    assert machine.read()["versions"] == [version(1)]
    assert machine.apply(roleArn=ROLE)["stateMachineVersionArn"] == version(1)
    changed = DEFINITION.replace("comment", "second")
    answer = machine.apply(definition=changed)
    assert answer["stateMachineVersionArn"] == version(2)
    assert machine.read()["versions"] == [version(2), version(1)] and machine.plan() == {}
    one, two = (tool.describe_state_machine(stateMachineArn=version(n)) for n in (1, 2))
    assert (one["definition"], two["definition"]) == (DEFINITION, changed)
    assert "revisionId" not in one and two["revisionId"] == answer["revisionId"]
    machine.destroy()
    refused("StateMachineDoesNotExist", tool.describe_state_machine, stateMachineArn=version(1))


def test_replace(tool):
    """deleted and created anew under the same name, at once and after an execution has run"""
    machine = Machine(tool, definition=json.dumps({"StartAt": "Pause", "States": wait_state(0)}))
    tool.start_execution(stateMachineArn=machine.arn, name="one")
    machine.destroy()
    made = tool.create_state_machine(name=machine.name, definition=DEFINITION, roleArn=ROLE,
                                     type="EXPRESS")
    assert made["stateMachineArn"] == machine.arn
    assert tool.list_tags_for_resource(resourceArn=machine.arn)["tags"] == []
    assert machine.versions() == []
    machine.destroy()
    assert tool.list_state_machine_versions(stateMachineArn=machine.arn)[
        "stateMachineVersions"] == []


def test_destroy_what_is_gone(tool):
    """SFN-SM-50, SFN-ACT-12, SFN-ALIAS-12: deleted behind the tool's back"""
    machine = Machine(tool)
    machine.destroy()
    machine.destroy()
    refused("ResourceNotFound", tool.list_tags_for_resource, resourceArn=machine.arn)
    tool.delete_state_machine_alias(stateMachineAliasArn=f"{machine.arn}:live")
    tool.delete_state_machine_version(stateMachineVersionArn=f"{machine.arn}:1")


def test_alias(tool):
    """SFN-ALIAS-5, SFN-ALIAS-10, SFN-ALIAS-11, SFN-ALIAS-12"""
    machine = Machine(tool, publish=True)
    machine.apply(roleArn=OTHER_ROLE)
    route = lambda number, weight: {"stateMachineVersionArn": f"{machine.arn}:{number}",
                                    "weight": weight}
    made = tool.create_state_machine_alias(
        name="live", description="first", routingConfiguration=[route(1, 100)])
    arn = made["stateMachineAliasArn"]
    read = lambda: answered(tool.describe_state_machine_alias(stateMachineAliasArn=arn))
    seen = read()
    assert arn == f"{machine.arn}:live" and seen == read()
    assert seen == {"stateMachineAliasArn": arn, "name": "live", "description": "first",
                    "routingConfiguration": [route(1, 100)],
                    "creationDate": made["creationDate"], "updateDate": seen["updateDate"]}
    listed = tool.list_state_machine_aliases(stateMachineArn=machine.arn)["stateMachineAliases"]
    assert listed == [{"stateMachineAliasArn": arn, "creationDate": made["creationDate"]}]
    split = [route(1, 90), route(2, 10)]
    tool.update_state_machine_alias(
        stateMachineAliasArn=arn, description="first", routingConfiguration=split)
    after = read()
    assert after["routingConfiguration"] == split and after["description"] == "first"
    assert after["creationDate"] == seen["creationDate"]
    assert after["updateDate"] > seen["updateDate"]
    tool.update_state_machine_alias(
        stateMachineAliasArn=arn, description="", routingConfiguration=[route(2, 100)])
    assert read().get("description", "") == ""
    assert read()["routingConfiguration"] == [route(2, 100)]
    refused("ConflictException", tool.delete_state_machine_version,
            stateMachineVersionArn=f"{machine.arn}:2")
    tool.delete_state_machine_alias(stateMachineAliasArn=arn)
    refused("ResourceNotFound", tool.describe_state_machine_alias, stateMachineAliasArn=arn)
    tool.delete_state_machine_alias(stateMachineAliasArn=arn)
    for number in (1, 2):
        tool.delete_state_machine_version(stateMachineVersionArn=f"{machine.arn}:{number}")
    assert machine.versions() == []
    machine.destroy()


def test_activity(tool):
    """SFN-ACT-1, SFN-ACT-10, SFN-ACT-11"""
    name = unique("tf")
    made = tool.create_activity(name=name, tags=to_tags(TAGS))
    arn = made["activityArn"]
    read = lambda: answered(tool.describe_activity(activityArn=arn))
    tags = lambda: tool.list_tags_for_resource(resourceArn=arn)["tags"]
    assert read() == read() == {
        "activityArn": arn, "name": name, "creationDate": made["creationDate"],
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"}}
    assert tags() == to_tags(TAGS)
    assert answered(tool.create_activity(name=name, tags=to_tags(TAGS))) == answered(made)
    tool.untag_resource(resourceArn=arn, tagKeys=["empty"])
    tool.tag_resource(resourceArn=arn, tags=[{"key": "Name", "value": "other"}])
    assert {tag["key"]: tag["value"] for tag in tags()} == {
        "Name": "other", "managed-by": "a tool"}
    tool.delete_activity(activityArn=arn)
    fault = refused("ActivityDoesNotExist", tool.describe_activity, activityArn=arn)
    assert fault.message == f"Activity Does Not Exist: '{arn}'"
    tool.delete_activity(activityArn=arn)
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k",
           "kmsDataKeyReusePeriodSeconds": 900}
    tool.create_activity(name=name, encryptionConfiguration=key)
    assert read()["encryptionConfiguration"] == key and tags() == []
    tool.delete_activity(activityArn=arn)
