"""Executions: start, describe, list, stop, and their histories."""

import json

import pytest
from support import (PASS, ended, events_of, machine, one_state, refused, run, sound, types, unique,
                     until, until_event, wait_state)
from test_wire import post


@pytest.fixture(scope="module")
def passing(sfn):
    return machine(sfn, PASS)


@pytest.fixture(scope="module")
def waiting(sfn):
    """one that runs as long as any test"""
    return machine(sfn, wait_state(3000))


def test_start_to_succeeded(sfn, passing, name):
    """SFN-SEM-130, SFN-EXEC-30, SFN-EXEC-37: the input as sent, the output compact"""
    text = '{ "a" : [1, 2.50, null] , "b":"é" }'
    started = sfn.start_execution(stateMachineArn=passing, name=name, input=text)
    arn = started["executionArn"]
    assert arn == passing.replace("stateMachine", "execution") + f":{name}"
    seen = ended(sfn, arn)
    assert seen["status"] == "SUCCEEDED" and seen["name"] == name
    assert seen["input"] == text
    assert json.loads(seen["output"]) == json.loads(text)
    assert seen["inputDetails"] == {"included": True} == seen["outputDetails"]
    assert seen["startDate"] == started["startDate"] <= seen["stopDate"]
    assert seen["redriveCount"] == 0 and seen["redriveStatus"] == "NOT_REDRIVABLE"
    assert seen["redriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"


def test_running(sfn, waiting):
    """SFN-EXEC-1, SFN-EXEC-31"""
    arn = sfn.start_execution(stateMachineArn=waiting)["executionArn"]
    seen = sfn.describe_execution(executionArn=arn)
    assert seen["status"] == "RUNNING" and seen["input"] == "{}"
    assert len(seen["name"]) == 36
    assert not {"stopDate", "output", "error", "cause"} & set(seen)
    assert seen["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"


def test_failed(sfn):
    """SFN-EXEC-32, SFN-SEM-21, SFN-SEM-131, SFN-HIST-112"""
    arn = machine(sfn, {"Only": {"Type": "Fail", "Error": "Broken", "Cause": "it is"}})
    seen = run(sfn, arn)
    assert (seen["status"], seen["error"], seen["cause"]) == ("FAILED", "Broken", "it is")
    assert seen["redriveStatus"] == "REDRIVABLE" and "redriveStatusReason" not in seen
    events = sound(events_of(sfn, seen["executionArn"]))
    assert events[-1]["executionFailedEventDetails"] == {"error": "Broken", "cause": "it is"}


def test_timed_out(sfn):
    """SFN-ASL-2, SFN-SEM-23, SFN-EXEC-33: the machine's own limit"""
    arn = machine(sfn, wait_state(60), TimeoutSeconds=1)
    seen = run(sfn, arn)
    assert seen["status"] == "TIMED_OUT"
    assert not {"error", "cause", "output"} & set(seen)
    assert 1 <= (seen["stopDate"] - seen["startDate"]).total_seconds() < 2
    last = sound(events_of(sfn, seen["executionArn"]))[-1]
    assert last["type"] == "ExecutionTimedOut" and last["previousEventId"] == 0


def test_same_name_while_running(sfn, waiting, name):
    """SFN-EXEC-2, SFN-EXEC-3, SFN-SEM-10"""
    first = sfn.start_execution(stateMachineArn=waiting, name=name, input='{"a":1}')
    again = sfn.start_execution(stateMachineArn=waiting, name=name, input='{"a":1}')
    assert again["executionArn"] == first["executionArn"]
    assert again["startDate"] == first["startDate"]
    fault = refused("ExecutionAlreadyExists", sfn.start_execution, stateMachineArn=waiting,
                    name=name, input='{"a":2}')
    assert fault.message == f"Execution Already Exists: '{first['executionArn']}'"


def test_same_name_after_the_end(sfn, passing, name):
    """SFN-EXEC-3: also with the same input"""
    arn = run(sfn, passing, {}, name=name)["executionArn"]
    fault = refused("ExecutionAlreadyExists", sfn.start_execution, stateMachineArn=passing,
                    name=name, input="{}")
    assert fault.message == f"Execution Already Exists: '{arn}'"


@pytest.mark.parametrize("text", ["2", '"text"', "null", "[1, 2]", "true", '{"a": {}}'])
def test_any_json_is_input(sfn, passing, text):
    """SFN-EXEC-5"""
    arn = sfn.start_execution(stateMachineArn=passing, input=text)["executionArn"]
    seen = ended(sfn, arn)
    assert seen["input"] == text
    assert json.loads(seen["output"]) == json.loads(text)


@pytest.mark.parametrize("text,reason", [
    ("not json", "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or "
                 "token 'null', 'true' or 'false')"),
    ("{'a': 1}", "Unexpected character (''' (code 39)): was expecting double-quote to start field "
                 "name"),
    ("", "Invalid execution input."),
])
def test_input_that_is_not_json(sfn, passing, text, reason):
    """SFN-EXEC-6"""
    fault = refused("InvalidExecutionInput", sfn.start_execution, stateMachineArn=passing,
                    input=text)
    assert fault.message == f"Invalid State Machine Execution Input: '{reason}'"


def test_start_refused(sfn, passing):
    """SFN-EXEC-7, SFN-ARN-4, SFN-ERR-30"""
    fault = refused("StateMachineDoesNotExist", sfn.start_execution, stateMachineArn=passing + "x")
    assert fault.message == f"State Machine Does Not Exist: '{passing}x'"
    refused("InvalidArn", sfn.start_execution, stateMachineArn="x")
    fault = refused("InvalidName", sfn.start_execution, stateMachineArn=passing, name="a b")
    assert fault.message == "Invalid Name: 'a b'"


def test_trace_header_is_kept(sfn, passing):
    """SFN-EXEC-10"""
    header = "Root=1-67891233-abcdef012345678912345678"
    arn = sfn.start_execution(stateMachineArn=passing, traceHeader=header)["executionArn"]
    assert sfn.describe_execution(executionArn=arn)["traceHeader"] == header


def test_trace_header_of_the_request_wins(server, sfn, passing):
    """SFN-EXEC-10: by what the SDKs send of themselves inside a function"""
    own = {"X-Amzn-Trace-Id": "Root=1-67891233-abcdef012345678912345678;Sampled=1"}
    for body, headers, told in (
            ({"traceHeader": "Root=2"}, own, own["X-Amzn-Trace-Id"]),
            ({}, own, own["X-Amzn-Trace-Id"]),
            ({"traceHeader": "Root=2"}, {"X-Amzn-Trace-Id": "x" * 257}, "Root=2")):
        body = json.dumps({"stateMachineArn": passing, **body}).encode()
        status, _, answer = post(server, body, "AWSStepFunctions.StartExecution", headers)
        assert status == 200
        seen = sfn.describe_execution(executionArn=answer["executionArn"])
        assert seen["traceHeader"] == told


def test_describe_refused(sfn, passing):
    """SFN-EXEC-35, SFN-ARN-4, SFN-ARN-5"""
    missing = passing.replace("stateMachine", "execution") + ":none"
    for call in (sfn.describe_execution, sfn.get_execution_history, sfn.stop_execution):
        fault = refused("ExecutionDoesNotExist", call, executionArn=missing)
        assert fault.message == f"Execution Does Not Exist: '{missing}'"
        fault = refused("InvalidArn", call, executionArn="none")
        assert fault.message == "Invalid Arn: 'Invalid ARN prefix: none'"
        express = passing.replace("stateMachine", "express") + ":a:b"
        fault = refused("InvalidArn", call, executionArn=express)
        assert fault.message == "Invalid Arn: 'Resource type not valid in this context: express'"


def test_list_by_status(sfn):
    """SFN-PAGE-6, SFN-EXEC-41: newest first, by status, by pages"""
    arn = machine(sfn, {
        "Which": {"Type": "Choice", "Default": "Pause", "Choices": [
            {"Variable": "$.end", "BooleanEquals": True, "Next": "Done"}]},
        "Pause": {"Type": "Wait", "Seconds": 3000, "End": True},
        "Done": {"Type": "Succeed"}})
    start = lambda end: sfn.start_execution(
        stateMachineArn=arn, input=json.dumps({"end": end}))["executionArn"]
    closed = [start(True) for _ in range(5)]
    for one in closed:
        ended(sfn, one)
    running = [start(False) for _ in range(3)]

    def listed(**more):
        pages = sfn.get_paginator("list_executions").paginate(
            stateMachineArn=arn, PaginationConfig={"PageSize": 2}, **more)
        return [one for page in pages for one in page["executions"]]

    every = listed()
    assert [one["executionArn"] for one in every] == list(reversed(closed + running))
    assert all(one["redriveCount"] == 0 for one in every)
    assert {one["stateMachineArn"] for one in every} == {arn}
    open_ones = listed(statusFilter="RUNNING")
    assert [one["executionArn"] for one in open_ones] == list(reversed(running))
    assert not any("stopDate" in one for one in open_ones)
    done = listed(statusFilter="SUCCEEDED")
    assert [one["executionArn"] for one in done] == list(reversed(closed))
    assert all("stopDate" in one for one in done)
    assert listed(statusFilter="FAILED") == []


def test_list_refused(sfn, passing):
    """SFN-EXEC-42, SFN-EXEC-44, SFN-EXEC-45, SFN-PAGE-3"""
    fault = refused("ValidationException", sfn.list_executions, stateMachineArn=passing,
                    statusFilter="OPEN")
    assert fault.message == (
        "1 validation error detected: Value 'OPEN' at 'statusFilter' failed to satisfy "
        "constraint: Member must satisfy enum value set: "
        "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]")
    refused("ValidationException", sfn.list_executions)
    refused("StateMachineDoesNotExist", sfn.list_executions, stateMachineArn=passing + "x")
    refused("InvalidArn", sfn.list_executions, stateMachineArn="x")
    refused("InvalidToken", sfn.list_executions, stateMachineArn=passing, nextToken="x")


def test_stop(sfn, waiting):
    """SFN-EXEC-50, SFN-EXEC-51, SFN-SEM-30, SFN-SEM-133"""
    arn = sfn.start_execution(stateMachineArn=waiting)["executionArn"]
    first = sfn.stop_execution(executionArn=arn, error="Enough", cause="of it")
    again = sfn.stop_execution(executionArn=arn, error="Other")
    assert again["stopDate"] == first["stopDate"]
    seen = sfn.describe_execution(executionArn=arn)
    assert (seen["status"], seen["error"], seen["cause"]) == ("ABORTED", "Enough", "of it")
    last = sound(events_of(sfn, arn))[-1]
    assert last["type"] == "ExecutionAborted" and last["previousEventId"] == 0
    assert last["executionAbortedEventDetails"] == {"error": "Enough", "cause": "of it"}


def test_stop_during_a_retry_delay(sfn):
    """SFN-SEM-133: nothing after the abort"""
    missing = "arn:aws:states:::lambda:invoke"
    arn = machine(sfn, one_state(
        Type="Task", Resource=missing, Parameters={"FunctionName": unique("absent")},
        Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 5}]))
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    until_event(sfn, execution, "TaskFailed")
    sfn.stop_execution(executionArn=execution)
    before = events_of(sfn, execution)
    assert before[-1]["executionAbortedEventDetails"] == {}
    pause = sfn.start_execution(stateMachineArn=machine(sfn, wait_state(2)))["executionArn"]
    ended(sfn, pause)
    assert events_of(sfn, execution) == before


def test_history_pages_both_ways(sfn):
    """SFN-EXEC-60, SFN-PAGE-6, SFN-HIST-110, SFN-HIST-111"""
    states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(20)}
    states["S20"] = {"Type": "Succeed"}
    arn = run(sfn, machine(sfn, states), {"secret": 1})["executionArn"]
    whole = sound(events_of(sfn, arn))
    assert len(whole) == 44
    times = [event["timestamp"] for event in whole]
    assert times == sorted(times)
    for page in (1, 7, 44, 1000):
        assert events_of(sfn, arn, page=page) == whole
        assert events_of(sfn, arn, page=page, reverse=True) == list(reversed(whole))
    bare = events_of(sfn, arn, data=False)
    assert types(bare) == types(whole)
    assert "secret" not in json.dumps(bare, default=str)
    assert "secret" in json.dumps(whole, default=str)
    fault = refused("InvalidToken", sfn.get_execution_history, executionArn=arn, nextToken="x")
    assert fault.message == "Invalid Token: 'Invalid token'"
    refused("ValidationException", sfn.get_execution_history, executionArn=arn, maxResults=1001)


def test_a_page_token_belongs_to_its_call(sfn):
    """SFN-PAGE-2: another execution's token is no token"""
    states = {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "End": True}}
    arn = machine(sfn, states)
    one, other = (run(sfn, arn)["executionArn"] for _ in range(2))
    token = sfn.get_execution_history(executionArn=one, maxResults=1)["nextToken"]
    refused("InvalidToken", sfn.get_execution_history, executionArn=other, nextToken=token)


def test_history_of_each_state(sfn):
    """SFN-HIST: the chain of ids through Choice, Map, Parallel and Wait"""
    arn = machine(sfn, {
        "Each": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 1, "Next": "Both",
                 "ResultPath": "$.mapped", "ItemProcessor": {"StartAt": "Item", "States": {
                     "Item": {"Type": "Pass", "End": True}}}},
        "Both": {"Type": "Parallel", "ResultPath": "$.both", "Next": "Pause", "Branches": [
            {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "Result": 1, "End": True}}},
            {"StartAt": "Right", "States": {"Right": {"Type": "Pass", "Result": 2, "End": True}}}]},
        "Pause": {"Type": "Wait", "Seconds": 0, "Next": "Which"},
        "Which": {"Type": "Choice", "Default": "No", "Choices": [
            {"Variable": "$.both[1]", "NumericEquals": 2, "Next": "Yes"}]},
        "No": {"Type": "Fail"}, "Yes": {"Type": "Succeed"}})
    seen = run(sfn, arn, {"items": ["a", "b"]})
    assert json.loads(seen["output"]) == {"items": ["a", "b"], "mapped": ["a", "b"], "both": [1, 2]}
    events = sound(events_of(sfn, seen["executionArn"]))
    assert types(events)[:12] == [
        "ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapIterationStarted",
        "PassStateEntered", "PassStateExited", "MapIterationSucceeded", "MapIterationStarted",
        "PassStateEntered", "PassStateExited", "MapIterationSucceeded", "MapStateSucceeded"]
    assert [event["previousEventId"] for event in events[:13]] == [
        0, 0, 2, 3, 4, 5, 6, 6, 8, 9, 10, 11, 11]
    assert types(events)[-8:] == [
        "ParallelStateExited", "WaitStateEntered", "WaitStateExited", "ChoiceStateEntered",
        "ChoiceStateExited", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"]


def test_regions_are_apart(server, sfn, passing):
    """SFN-WIRE-7, SFN-SEM-125: the signature's region is the region of the ARN"""
    import boto3
    from botocore.config import Config
    other = boto3.client("stepfunctions", endpoint_url=server.url, region_name="eu-west-1",
                         aws_access_key_id="test", aws_secret_access_key="test",
                         config=Config(parameter_validation=False))
    refused("StateMachineDoesNotExist", other.describe_state_machine, stateMachineArn=passing)
    name = passing.rpartition(":")[2]
    arn = machine(other, PASS, name=name)
    assert arn.split(":")[3] == "eu-west-1"
    assert arn.replace("eu-west-1", sfn.meta.region_name) == passing
    assert until(lambda: len(other.list_state_machines()["stateMachines"]) == 1)
