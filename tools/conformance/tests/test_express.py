"""Express workflows: synchronous at most once, asynchronous at least once (SFN-EXEC-20…24)."""

import collections
import concurrent.futures
import json
import socket
import time

import pytest
from botocore.exceptions import BotoCoreError
from support import (PASS, ROLE, invoke_state, machine, one_state, processes_with,
                     python_function, refused, unique, until, wait_state)

# Writes down every call by its key; waits as long as it is told.
COUNT = """
import os, time
def handler(event, context):
    with open(os.environ['PLACE'], 'a') as file:
        file.write(event['key'] + '\\n')
    time.sleep(event.get('seconds', 0))
    return event['key']
"""


def express(sfn, states, name=None, **more):
    whole = {"StartAt": next(iter(states)), "States": states, **more}
    return sfn.create_state_machine(name=name or unique("e"), definition=json.dumps(whole),
                                    roleArn=ROLE, type="EXPRESS")["stateMachineArn"]


def counted(function, key, **fields):
    """a state that counts `<execution's input>.<key>`"""
    payload = {"key.$": f"States.Format('{{}}.{key}', $.order)"}
    return invoke_state(function, payload, ResultPath=None, **fields)


def calls(place):
    """how often each key was counted"""
    return collections.Counter(place.read_text().split()) if place.exists() else {}


@pytest.fixture
def place(tmp_path):
    return tmp_path / "calls"


def test_success(sfn):
    """SFN-EXEC-20, SFN-EXEC-22, SFN-EXEC-24: the whole answer"""
    arn = express(sfn, {"First": {"Type": "Pass", "Result": {"n": 1.50}, "Next": "Pause"},
                        "Pause": {"Type": "Wait", "Seconds": 1, "End": True}})
    name = unique("run")
    seen = sfn.start_sync_execution(stateMachineArn=arn, name=name, input=' {"a": 1} ',
                                    traceHeader="Root=1-5759e988-bd862e3fe1be46a994272793")
    assert seen["status"] == "SUCCEEDED" and json.loads(seen["output"]) == {"n": 1.5}
    assert seen["stateMachineArn"] == arn and seen["name"] == name
    head, _, run = seen["executionArn"].rpartition(":")
    assert head == arn.replace(":stateMachine:", ":express:") + f":{name}" and len(run) == 36
    assert seen["input"] == ' {"a": 1} ' and seen["traceHeader"].startswith("Root=1")
    assert seen["inputDetails"] == {"included": True} == seen["outputDetails"]
    assert not {"error", "cause"} & set(seen)
    spent = (seen["stopDate"] - seen["startDate"]).total_seconds() * 1000
    billed = seen["billingDetails"]
    assert 1000 <= spent < 3000
    assert billed["billedDurationInMilliseconds"] % 100 == 0
    assert spent <= billed["billedDurationInMilliseconds"] < spent + 101
    assert billed["billedMemoryUsedInMB"] == 64
    again = sfn.start_sync_execution(stateMachineArn=arn, name=name)
    assert again["executionArn"] != seen["executionArn"], "names may repeat (SFN-EXEC-4)"


def test_shortest_bill(sfn):
    """SFN-EXEC-22: a hundred milliseconds at least"""
    seen = sfn.start_sync_execution(stateMachineArn=express(sfn, PASS))
    assert seen["billingDetails"] == {"billedDurationInMilliseconds": 100,
                                      "billedMemoryUsedInMB": 64}


def test_failure(sfn):
    """SFN-EXEC-21"""
    arn = express(sfn, {"Only": {"Type": "Fail", "Error": "Broken", "Cause": "it is"}})
    seen = sfn.start_sync_execution(stateMachineArn=arn, input="[1]")
    assert (seen["status"], seen["error"], seen["cause"]) == ("FAILED", "Broken", "it is")
    assert "output" not in seen and seen["input"] == "[1]"
    assert seen["billingDetails"]["billedDurationInMilliseconds"] == 100
    caught = express(sfn, {
        "Both": {"Type": "Parallel", "Next": "Never", "Branches": [
            {"StartAt": "Broken", "States": {"Broken": {"Type": "Fail", "Error": "Broken"}}},
            {"StartAt": "Pause", "States": wait_state(100)}],
            "Catch": [{"ErrorEquals": ["Broken"], "Next": "Caught"}]},
        "Never": {"Type": "Pass", "End": True}, "Caught": {"Type": "Pass", "End": True}})
    seen = sfn.start_sync_execution(stateMachineArn=caught)
    assert seen["status"] == "SUCCEEDED" and json.loads(seen["output"])["Error"] == "Broken"


def test_timeout(sfn):
    """SFN-EXEC-23, SFN-SEM-4: what takes longer than it may is timed out"""
    arn = express(sfn, wait_state(290), TimeoutSeconds=1)
    begin = time.monotonic()
    seen = sfn.start_sync_execution(stateMachineArn=arn)
    assert (seen["status"], seen["error"]) == ("TIMED_OUT", "States.Timeout")
    assert "output" not in seen and 1 <= time.monotonic() - begin < 5
    assert 1000 <= seen["billingDetails"]["billedDurationInMilliseconds"] < 3000


def test_metadata_only(sfn):
    """SFN-EXEC-24"""
    seen = sfn.start_sync_execution(stateMachineArn=express(sfn, PASS), input="[1]",
                                    includedData="METADATA_ONLY")
    assert not {"input", "output"} & set(seen)
    assert seen["inputDetails"] == {"included": False} == seen["outputDetails"]


def test_tasks_and_retries(sfn, lam):
    """the same language as Standard (SFN-SEM-7)"""
    function = python_function(lam, (
        "import os\n"
        "def handler(event, context):\n"
        "    handler.calls = getattr(handler, 'calls', 0) + 1\n"
        "    if handler.calls < 3:\n"
        "        raise ValueError('not yet')\n"
        "    return handler.calls\n"))
    retry = [{"ErrorEquals": ["ValueError"], "IntervalSeconds": 1, "BackoffRate": 1,
              "MaxAttempts": 3}]
    arn = express(sfn, {"Only": invoke_state(function, Retry=retry, OutputPath="$.Payload")})
    seen = sfn.start_sync_execution(stateMachineArn=arn)
    assert (seen["status"], seen["output"]) == ("SUCCEEDED", "3")
    each = {"StartAt": "Add", "States": {"Add": {
        "Type": "Pass", "Parameters": {"n.$": "States.MathAdd($, 1)"}, "End": True}}}
    arn = express(sfn, one_state(Type="Map", ItemProcessor=each))
    seen = sfn.start_sync_execution(stateMachineArn=arn, input="[1, 2]")
    assert json.loads(seen["output"]) == [{"n": 2}, {"n": 3}]


def send_sync(server, arn, value):
    """begins StartSyncExecution on a connection of its own and leaves it open"""
    body = json.dumps({"stateMachineArn": arn, "input": json.dumps(value)}).encode()
    signed = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/states/aws4_request, " \
             "SignedHeaders=host, Signature=00"
    connection = socket.create_connection(("127.0.0.1", server.port))
    connection.sendall((
        f"POST / HTTP/1.1\r\nHost: sync-localhost\r\nAuthorization: {signed}\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        "X-Amz-Target: AWSStepFunctions.StartSyncExecution\r\n"
        f"Content-Length: {len(body)}\r\n\r\n").encode() + body)
    return connection


def test_a_lost_connection_ends_it(server, sfn, lam, place):
    """no later state runs; of one whose client stays, it does"""
    function = python_function(lam, COUNT, variables={"PLACE": str(place)})
    first, last = counted(function, "first"), counted(function, "last")
    del first["End"]
    arn = express(sfn, {"First": {**first, "Next": "Pause"},
                        "Pause": {"Type": "Wait", "Seconds": 2, "Next": "Last"}, "Last": last})
    lost, kept = (send_sync(server, arn, {"order": order}) for order in ("lost", "kept"))
    until(lambda: {"lost.first", "kept.first"} <= set(calls(place)))
    lost.close()
    until(lambda: "kept.last" in calls(place))
    assert kept.recv(12) == b"HTTP/1.1 200"
    kept.close()
    time.sleep(1)
    assert calls(place) == {"lost.first": 1, "kept.first": 1, "kept.last": 1}


def test_acknowledged_starts_end_after_a_kill(new_server, place):
    """SFN-SEM-6: asynchronous ones run at least once from their acknowledgement"""
    server = new_server().start()
    sfn, lam, mark = server.client(), server.client("lambda"), unique("mark")
    function = python_function(lam, COUNT, variables={"PLACE": str(place), "MARK": mark},
                               timeout=60)
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 5}]
    arn = express(sfn, {"Pause": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Count"},
                        "Count": counted(function, "done", Retry=retry)})

    def start(number):
        value = json.dumps({"order": f"o{number}", "wait": 1 + number % 5})
        sfn.start_execution(stateMachineArn=arn, name="same", input=value)
        return f"o{number}.done"

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        acknowledged = set(pool.map(start, range(100)))
    until(lambda: len(calls(place)) >= 10, seconds=30)
    server.kill()
    until(lambda: not processes_with(mark), seconds=5, what="function processes go on")
    counted_before = set(calls(place))
    assert counted_before < acknowledged, "the kill is in the middle"
    server.start()
    until(lambda: set(calls(place)) == acknowledged, seconds=60,
          what=lambda: f"never run: {sorted(acknowledged - set(calls(place)))}")
    # What ended before another kill is not run again.
    before = settled(place)
    server.kill()
    server.start()
    time.sleep(6)
    assert calls(place) == before


def settled(place, seconds=3):
    """the calls, when there have been no more of them for a while"""
    seen, since = calls(place), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.2)
        if calls(place) != seen:
            seen, since = calls(place), time.monotonic()
    return seen


def test_synchronous_ones_never_run_again(new_server, place):
    """SFN-SEM-6: killed under way, they are over"""
    server = new_server().start()
    sfn, lam, mark = server.client(), server.client("lambda"), unique("mark")
    function = python_function(lam, COUNT, variables={"PLACE": str(place), "MARK": mark},
                               timeout=60)
    first, last = counted(function, "first"), counted(function, "last")
    del first["End"]
    arn = express(sfn, {"First": {**first, "Next": "Pause"},
                        "Pause": {"Type": "Wait", "Seconds": 100, "Next": "Last"}, "Last": last})

    def start(number):
        try:
            sfn.start_sync_execution(stateMachineArn=arn, input=json.dumps({"order": f"o{number}"}))
        except BotoCoreError:
            return "lost"
        return "answered"

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = [pool.submit(start, number) for number in range(10)]
        until(lambda: len(calls(place)) == 10, seconds=40)
        server.kill()
        assert {answer.result() for answer in answers} == {"lost"}
    until(lambda: not processes_with(mark), seconds=5)
    before = calls(place)
    server.start()
    time.sleep(3)
    assert calls(place) == before == {f"o{number}.first": 1 for number in range(10)}


DISTRIBUTED = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}},
               "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}
SYNC = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": {"StateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:m"}}
TOKEN = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
         "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}}
ACTIVITY = {"Type": "Task", "Resource": "arn:aws:states:us-east-1:000000000000:activity:a"}


@pytest.mark.parametrize("state, place", [
    (ACTIVITY, "/States/Only/Resource"), (SYNC, "/States/Only/Resource"),
    (TOKEN, "/States/Only/Resource"),
    ({"Type": "Map", "ItemProcessor": DISTRIBUTED}, "/States/Only")], ids=[
        "activity", "sync", "token", "distributed"])
def test_unsupported_definitions(sfn, state, place):
    """SFN-SEM-1: refused when created, updated and validated; a Standard one may be so"""
    fault = refused("InvalidDefinition", express, sfn=sfn, states=one_state(**state))
    assert fault.message.startswith(
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: ")
    assert place in fault.message and "express" in fault.message.lower()
    arn = express(sfn, PASS)
    definition = json.dumps({"StartAt": "Only", "States": one_state(**state)})
    refused("InvalidDefinition", sfn.update_state_machine, stateMachineArn=arn,
            definition=definition)
    validate = sfn.validate_state_machine_definition
    assert validate(definition=definition, type="EXPRESS")["result"] == "FAIL"
    assert validate(definition=definition)["result"] == "OK"
    machine(sfn, one_state(**state))


def test_what_express_has_not(sfn):
    """SFN-ARN-5, SFN-EXEC-20, SFN-EXEC-40, SFN-EXEC-52, SFN-EXEC-61, SFN-EXEC-73, SFN-SM-43"""
    arn = express(sfn, wait_state(1))
    run = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    for call in (sfn.describe_execution, sfn.stop_execution, sfn.get_execution_history,
                 sfn.redrive_execution, sfn.describe_state_machine_for_execution,
                 sfn.list_map_runs):
        fault = refused("InvalidArn", call, executionArn=run)
        assert fault.message == "Invalid Arn: 'Resource type not valid in this context: express'"
    kind = "This operation is not supported by this type of state machine"
    fault = refused("StateMachineTypeNotSupported", sfn.list_executions, stateMachineArn=arn)
    assert fault.message == kind
    standard = machine(sfn, PASS)
    fault = refused("StateMachineTypeNotSupported", sfn.start_sync_execution,
                    stateMachineArn=standard)
    assert fault.message == kind
    refused("StateMachineDoesNotExist", sfn.start_sync_execution, stateMachineArn=arn + "x")
    refused("InvalidExecutionInput", sfn.start_sync_execution, stateMachineArn=arn, input="{")
    refused("InvalidName", sfn.start_sync_execution, stateMachineArn=arn, name="a b")
    # The type is for ever (SFN-SM-8).
    name = arn.rpartition(":")[2]
    refused("StateMachineAlreadyExists", machine, sfn=sfn, states=wait_state(1), name=name)


def test_versions_and_aliases(sfn):
    """SFN-EXEC-8: a qualified ARN leads to what was published"""
    arn = express(sfn, one_state(Type="Pass", Result=1))
    first = sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=[
        {"stateMachineVersionArn": first, "weight": 100}])["stateMachineAliasArn"]
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(
        {"StartAt": "Only", "States": one_state(Type="Pass", Result=2)}))
    output = lambda one: sfn.start_sync_execution(stateMachineArn=one)["output"]
    assert (output(first), output(alias), output(arn)) == ("1", "1", "2")
    assert sfn.start_sync_execution(stateMachineArn=alias)["stateMachineArn"] in (arn, alias)


def test_deleted_while_running(sfn):
    """SFN-SM-51: the machine goes; what runs is not in its way"""
    arn = express(sfn, wait_state(1))
    sfn.start_execution(stateMachineArn=arn)
    sfn.delete_state_machine(stateMachineArn=arn)
    until(lambda: arn not in [one["stateMachineArn"] for page in sfn.get_paginator(
        "list_state_machines").paginate() for one in page["stateMachines"]], seconds=60)
    refused(("StateMachineDoesNotExist", "StateMachineDeleting"), sfn.start_sync_execution,
            stateMachineArn=arn)
