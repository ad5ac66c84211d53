"""What is another's does not exist: forged page tokens; ARNs and tokens of other places."""

import base64
import json
import random
import re
import time

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from support import (PASS, ROLE, Fault, Server, ended, machine, one_state, refused, run, rung,
                     until, wait_state)

SEED = 4_2026
FORGED_PER_LIST = 200
OURS, THEIRS = "111111111111", "222222222222"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MODEL = botocore.session.get_session().get_service_model("stepfunctions")


def distributed(label, **fields):
    each = {"StartAt": label, "States": {label: {"Type": "Pass", "End": True}},
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return {"Type": "Map", "Label": label, "ItemProcessor": each, **fields}


class Place:
    """an account in a region, with two or more of everything"""

    def __init__(self, server, account, region):
        self.account, self.region = account, region
        self.sfn = sfn = client(server, account, region)
        self.machine = sfn.create_state_machine(
            name="kept", definition=json.dumps({"StartAt": "Pause", "States": wait_state(3000)}),
            roleArn=ROLE, publish=True, tags=[{"key": "secret", "value": account}])[
                "stateMachineArn"]
        sfn.update_state_machine(stateMachineArn=self.machine, roleArn=ROLE + "2", publish=True)
        for name in ("live", "next"):
            sfn.create_state_machine_alias(name=name, routingConfiguration=[
                {"stateMachineVersionArn": f"{self.machine}:1", "weight": 100}])
        sfn.create_activity(name="other")
        self.activity = sfn.create_activity(name="kept")["activityArn"]
        start = lambda name: sfn.start_execution(
            stateMachineArn=self.machine, name=name, input=json.dumps(account))["executionArn"]
        self.execution, self.other_execution = start("kept"), start("other")
        self.failed = run(sfn, machine(sfn, {"Only": {"Type": "Fail"}}, name="failing"),
                          name="failed")["executionArn"]
        self.worker = machine(sfn, one_state(Type="Task", Resource=self.activity), name="worker")
        sfn.start_execution(stateMachineArn=self.worker, name="kept")
        self.token = sfn.get_activity_task(activityArn=self.activity)["taskToken"]
        self.express = sfn.create_state_machine(
            name="express", definition=json.dumps({"StartAt": "Only", "States": PASS}),
            roleArn=ROLE, type="EXPRESS")["stateMachineArn"]
        self.mapping = run(sfn, machine(sfn, {
            "One": distributed("one", Next="Two"), "Two": distributed("two", End=True)},
            name="mapping"), [1, 2], name="kept")["executionArn"]
        runs = sfn.list_map_runs(executionArn=self.mapping)["mapRuns"]
        self.map_run = runs[0]["mapRunArn"]
        self.name = self.machine.split(":stateMachine:")[0]

    def lists(self):
        """each list with its arguments, and with others of the same place"""
        return {
            "ListActivities": [{}],
            "ListStateMachines": [{}],
            "ListStateMachineVersions": [{"stateMachineArn": self.machine},
                                         {"stateMachineArn": self.worker}],
            "ListStateMachineAliases": [{"stateMachineArn": self.machine},
                                        {"stateMachineArn": f"{self.machine}:1"}],
            "ListExecutions": [{"stateMachineArn": self.machine},
                               {"stateMachineArn": self.machine, "statusFilter": "RUNNING"},
                               {"mapRunArn": self.map_run}],
            "GetExecutionHistory": [{"executionArn": self.execution},
                                    {"executionArn": self.execution, "reverseOrder": True},
                                    {"executionArn": self.other_execution}],
            "ListMapRuns": [{"executionArn": self.mapping}, {"executionArn": self.execution}],
        }

    def snapshot(self):
        """all that can be read of what others must not touch"""
        sfn, seen = self.sfn, {}
        for operation, (arguments, *_) in self.lists().items():
            answer = getattr(sfn, xform_name(operation))(maxResults=1000, **arguments)
            seen[operation] = {key: value for key, value in answer.items()
                               if key != "ResponseMetadata"}
        for resource in (self.machine, self.activity):
            seen[resource] = sfn.list_tags_for_resource(resourceArn=resource)["tags"]
        machine = sfn.describe_state_machine(stateMachineArn=self.machine)
        seen["machine"] = (machine["roleArn"], machine["status"], machine.get("revisionId"))
        seen["alias"] = sfn.describe_state_machine_alias(
            stateMachineAliasArn=f"{self.machine}:live")["routingConfiguration"]
        for execution in (self.execution, self.failed):
            one = sfn.describe_execution(executionArn=execution)
            seen[execution] = (one["status"], one["redriveCount"])
        seen["map run"] = sfn.describe_map_run(mapRunArn=self.map_run)["maxConcurrency"]
        return seen


def client(server, account, region):
    """in development an access key id of twelve digits is the account"""
    key, secret = server.keys.get(account, (account, "test"))
    server.region, before = region, server.region
    sfn = server.client(key=key, secret=secret)
    server.region = before
    return sfn


def serving():
    """`rung serve`, with a key for each account"""
    server = Server(mode="serve")
    file = server.place / "keys.toml"
    server.arguments, server.keys = ["--keys", str(file)], {}
    for account in (OURS, THEIRS):
        made = rung("key", "new", "--file", file, "--account", account)
        words = dict(re.findall(r"export (\w+)=(\S+)", made.stdout))
        server.keys[account] = (words["AWS_ACCESS_KEY_ID"], words["AWS_SECRET_ACCESS_KEY"])
    return server


@pytest.fixture(scope="module", params=["dev", "serve"])
def places(request):
    server = serving() if request.param == "serve" else Server()
    request.addfinalizer(server.close)
    if request.param == "dev":
        server.keys = {}
    server.start()
    return [Place(server, OURS, "us-east-1"), Place(server, THEIRS, "us-east-1"),
            Place(server, OURS, "eu-west-1")]


def genuine(place, operation, arguments):
    """the token to the second page"""
    answer = getattr(place.sfn, xform_name(operation))(maxResults=1, **arguments)
    return answer.get("nextToken")


def forgeries(dice, places, operation):
    """tokens that were never given for this list of the first place, without end"""
    here = places[0].lists()
    own = genuine(places[0], operation, here[operation][0])
    assert own, f"{operation} has one page only"
    others = [genuine(places[0], operation, other) for other in here[operation][1:]]
    others += [genuine(places[0], other, arguments[0]) for other, arguments in here.items()
               if other != operation]
    others += [genuine(place, other, one) for place in places[1:]
               for other, arguments in place.lists().items() for one in arguments]
    others = [token for token in others if token]
    assert own not in others
    yield from others
    while True:
        at = dice.randrange(len(own))
        yield own[:at] or "A"
        yield own[at:] if at else own + "A"
        yield own[:at] + dice.choice(ALPHABET.replace(own[at], "")) + own[at + 1:]
        body = bytearray(base64.urlsafe_b64decode(own + "=" * (-len(own) % 4)))
        body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        yield base64.urlsafe_b64encode(bytes(body)).decode().rstrip("=")
        yield "".join(dice.choices(ALPHABET, k=dice.randrange(1, 300)))
        yield base64.b64encode(json.dumps({"offset": dice.randrange(1000)}).encode()).decode()
        yield str(dice.randrange(10 ** 9))
        half = dice.choice(others)
        yield own[:at] + half[at:] if own[:at] + half[at:] not in (own, half) else half


@pytest.mark.parametrize("operation", [
    "ListActivities", "ListStateMachines", "ListStateMachineVersions", "ListStateMachineAliases",
    "ListExecutions", "GetExecutionHistory", "ListMapRuns"])
def test_forged_page_tokens(places, operation):
    """SFN-PAGE-2, SFN-PAGE-3: refused, each of two hundred; the true one still works"""
    dice = random.Random(f"{SEED} {operation}")
    call = getattr(places[0].sfn, xform_name(operation))
    arguments = places[0].lists()[operation][0]
    source, tried = forgeries(dice, places, operation), 0
    while tried < FORGED_PER_LIST:
        forged = next(source)
        fault = refused("InvalidToken", call, nextToken=forged, **arguments)
        assert fault.message == "Invalid Token: 'Invalid token'", (SEED, forged)
        tried += 1
    for size in (1, 2, 1000):
        call(nextToken=genuine(places[0], operation, arguments), maxResults=size, **arguments)


@pytest.mark.parametrize("operation, more", [
    ("SendTaskSuccess", {"output": "1"}), ("SendTaskFailure", {}), ("SendTaskHeartbeat", {})])
def test_forged_task_tokens(places, operation, more):
    """SFN-INT-144: each of two hundred is refused, and the task is left alone"""
    dice = random.Random(f"{SEED} {operation}")
    owner = places[0]
    own = owner.token
    call = getattr(owner.sfn, xform_name(operation))
    tried = 0
    for _ in range(FORGED_PER_LIST):
        at = dice.randrange(len(own) - 4)  # the last characters may hold bits of no meaning
        other = dice.choice(ALPHABET.replace(own[at], ""))
        half = dice.choice([place.token for place in places[1:]])
        forged = dice.choice([
            own[:at] + other + own[at + 1:], own[:at] or "A", own[at + 1:],
            "".join(dice.choices(ALPHABET, k=len(own))), own[:at] + half[at:],
            base64.b64encode(json.dumps({"execution": owner.execution}).encode()).decode()])
        if forged in (own, half):
            continue
        fault = refused("InvalidToken", call, taskToken=forged, **more)
        assert fault.message == "Invalid Token: 'Invalid token'", (SEED, forged)
        tried += 1
    assert tried > FORGED_PER_LIST / 2
    owner.sfn.send_task_heartbeat(taskToken=own)


def test_no_list_without_the_model():
    """an operation with pages that the model gets must be added above"""
    paged = {name for name in MODEL.operation_names
             if "nextToken" in MODEL.operation_model(name).input_shape.members}
    assert paged == {"ListActivities", "ListStateMachines", "ListStateMachineVersions",
                     "ListStateMachineAliases", "ListExecutions", "GetExecutionHistory",
                     "ListMapRuns"}


# Operation, what it is asked for in another's place, and the code; None where a thing that does
# not exist is no fault.
FOREIGN = [
    ("CreateStateMachineAlias", {"name": "stolen", "routingConfiguration": [
        {"stateMachineVersionArn": "{machine}:1", "weight": 100}]}, "ResourceNotFound"),
    ("DeleteActivity", {"activityArn": "{activity}"}, None),
    ("DeleteStateMachine", {"stateMachineArn": "{machine}"}, None),
    ("DeleteStateMachineAlias", {"stateMachineAliasArn": "{machine}:live"}, None),
    ("DeleteStateMachineVersion", {"stateMachineVersionArn": "{machine}:2"}, None),
    ("DescribeActivity", {"activityArn": "{activity}"}, "ActivityDoesNotExist"),
    ("DescribeExecution", {"executionArn": "{execution}"}, "ExecutionDoesNotExist"),
    ("DescribeMapRun", {"mapRunArn": "{map_run}"}, "ResourceNotFound"),
    ("DescribeStateMachine", {"stateMachineArn": "{machine}"}, "StateMachineDoesNotExist"),
    ("DescribeStateMachine", {"stateMachineArn": "{machine}:1"}, "StateMachineDoesNotExist"),
    ("DescribeStateMachineAlias", {"stateMachineAliasArn": "{machine}:live"}, "ResourceNotFound"),
    ("DescribeStateMachineForExecution", {"executionArn": "{execution}"}, "ExecutionDoesNotExist"),
    ("GetActivityTask", {"activityArn": "{activity}"}, "ActivityDoesNotExist"),
    ("GetExecutionHistory", {"executionArn": "{execution}"}, "ExecutionDoesNotExist"),
    ("ListExecutions", {"stateMachineArn": "{machine}"}, "StateMachineDoesNotExist"),
    ("ListExecutions", {"stateMachineArn": "{machine}:live"}, "StateMachineDoesNotExist"),
    ("ListExecutions", {"mapRunArn": "{map_run}"}, "ResourceNotFound"),
    ("ListMapRuns", {"executionArn": "{mapping}"}, "ExecutionDoesNotExist"),
    ("ListStateMachineAliases", {"stateMachineArn": "{machine}"}, "StateMachineDoesNotExist"),
    ("ListStateMachineVersions", {"stateMachineArn": "{machine}"}, None),
    ("ListTagsForResource", {"resourceArn": "{machine}"}, "ResourceNotFound"),
    ("ListTagsForResource", {"resourceArn": "{machine}:1"}, "ResourceNotFound"),
    ("ListTagsForResource", {"resourceArn": "{activity}"}, "ResourceNotFound"),
    ("PublishStateMachineVersion", {"stateMachineArn": "{machine}"}, "StateMachineDoesNotExist"),
    ("RedriveExecution", {"executionArn": "{failed}"}, "ExecutionDoesNotExist"),
    ("SendTaskFailure", {"taskToken": "{token}"}, "InvalidToken"),
    ("SendTaskHeartbeat", {"taskToken": "{token}"}, "InvalidToken"),
    ("SendTaskSuccess", {"taskToken": "{token}", "output": "1"}, "InvalidToken"),
    ("StartExecution", {"stateMachineArn": "{machine}"}, "StateMachineDoesNotExist"),
    ("StartExecution", {"stateMachineArn": "{machine}:1"}, "StateMachineDoesNotExist"),
    ("StartExecution", {"stateMachineArn": "{machine}:live"}, "StateMachineDoesNotExist"),
    ("StartSyncExecution", {"stateMachineArn": "{express}"}, "StateMachineDoesNotExist"),
    ("StopExecution", {"executionArn": "{execution}"}, "ExecutionDoesNotExist"),
    ("TagResource", {"resourceArn": "{machine}", "tags": [{"key": "a", "value": "b"}]},
     "ResourceNotFound"),
    ("TagResource", {"resourceArn": "{activity}", "tags": [{"key": "a", "value": "b"}]},
     "ResourceNotFound"),
    ("UntagResource", {"resourceArn": "{machine}", "tagKeys": ["secret"]}, "ResourceNotFound"),
    ("UpdateMapRun", {"mapRunArn": "{map_run}", "maxConcurrency": 7}, "ResourceNotFound"),
    ("UpdateStateMachine", {"stateMachineArn": "{machine}", "roleArn": ROLE + "3"},
     "StateMachineDoesNotExist"),
    ("UpdateStateMachineAlias", {"stateMachineAliasArn": "{machine}:live", "description": "x"},
     "ResourceNotFound"),
]
# Take no ARN and no token of a thing; roles may be anybody's.
PLACELESS = {"CreateActivity", "CreateStateMachine", "ListActivities", "ListStateMachines",
             "TestState", "ValidateStateMachineDefinition"}


def test_every_operation_is_tried():
    assert {one[0] for one in FOREIGN} | PLACELESS == set(MODEL.operation_names)


def filled(value, place):
    if isinstance(value, dict):
        return {key: filled(one, place) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, place) for one in value]
    return value.format(**vars(place)) if isinstance(value, str) else value


def told(call, parameters):
    """what a call says, but for the request's own id"""
    try:
        answer = call(**parameters)
    except ClientError as error:
        fault = Fault(error)
        return fault.code, fault.message
    return None, {key: value for key, value in answer.items() if key != "ResponseMetadata"}


@pytest.mark.parametrize("operation, parameters, code", FOREIGN, ids=[
    f"{one[0]}-{number}" for number, one in enumerate(FOREIGN)])
def test_what_is_of_another_place(places, operation, parameters, code):
    """SFN-ARN-6, SFN-SEM-125, SFN-INT-146: told like what never was, and left alone"""
    owner = places[0]
    before = owner.snapshot()
    parameters = filled(parameters, owner)
    never = json.loads(json.dumps(parameters).replace(":kept", ":never").replace(
        ":failed", ":never").replace(":express", ":never").replace(":mapping", ":never"))
    for stranger in places[1:]:
        call = getattr(stranger.sfn, xform_name(operation))
        answer = told(call, parameters)
        assert answer[0] == code, answer
        if "taskToken" not in parameters:
            absent = told(call, never)
            known = str(answer[1])
            for mine in (":kept", ":failed", ":express", ":mapping"):
                known = known.replace(mine, ":never")
            assert (answer[0], known) == (absent[0], str(absent[1]))
    assert owner.snapshot() == before


BY_ARN = [one for one in FOREIGN if "taskToken" not in one[1]]


@pytest.mark.parametrize("operation, parameters, code", BY_ARN, ids=[
    f"{one[0]}-{number}" for number, one in enumerate(BY_ARN)])
def test_another_partition(places, operation, parameters, code):
    """SFN-ARN-6: an ARN that differs in its partition only is another's as well"""
    owner = places[0]
    before = owner.snapshot()
    parameters = filled(parameters, owner)
    moved = json.loads(json.dumps(parameters).replace("arn:aws:states", "arn:aws-cn:states"))
    answer = told(getattr(owner.sfn, xform_name(operation)), moved)
    assert answer[0] == code, answer
    assert owner.snapshot() == before


def test_lists_show_their_own_place(places):
    """nothing of another place in any list"""
    for place in places:
        for operation, many in place.lists().items():
            for arguments in many:
                answer = getattr(place.sfn, xform_name(operation))(**arguments)
                del answer["ResponseMetadata"]
                text = json.dumps(answer, default=str).replace(ROLE, "")
                for other in places:
                    if other.account != place.account:
                        assert other.account not in text
                    if other.region != place.region:
                        assert other.region not in text


def test_definitions_that_name_another_place(places):
    """a machine cannot start, read or wait for what is another account's"""
    owner, stranger = places[0], places[1]
    before = owner.snapshot()
    states = "arn:aws:states:::"
    for state in (
            {"Resource": states + "states:startExecution",
             "Parameters": {"StateMachineArn": owner.machine}},
            {"Resource": states + "aws-sdk:sfn:describeExecution",
             "Parameters": {"ExecutionArn": owner.execution}},
            {"Resource": states + "aws-sdk:sfn:stopExecution",
             "Parameters": {"ExecutionArn": owner.execution}},
            {"Resource": owner.activity, "TimeoutSeconds": 3}):
        seen = run(stranger.sfn, machine(stranger.sfn, one_state(Type="Task", **state)))
        assert seen["status"] == "FAILED", state
        assert owner.account not in seen.get("output", "")
    time.sleep(0.5)
    assert owner.snapshot() == before


def test_the_true_token_still_works(places):
    """after all that was tried"""
    owner = places[0]
    owner.sfn.send_task_heartbeat(taskToken=owner.token)
    owner.sfn.send_task_success(taskToken=owner.token, output='"mine"')
    execution = owner.worker.replace(":stateMachine:", ":execution:") + ":kept"
    assert ended(owner.sfn, execution)["output"] == '"mine"'
    assert until(lambda: owner.sfn.describe_execution(
        executionArn=owner.execution)["status"] == "RUNNING")
