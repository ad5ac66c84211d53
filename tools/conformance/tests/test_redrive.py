"""RedriveExecution by boto3 (SFN-EXEC-70…73, semantics.md §5, history.md §9)."""

import concurrent.futures
import datetime
import json

import pytest
from support import (ended, events_of, machine, one_state, refused, run, types, unique,
                     until_event, wait_state)

FAIL = {"Only": {"Type": "Fail", "Error": "Broken", "Cause": "it is"}}


@pytest.fixture
def activity(sfn):
    return sfn.create_activity(name=unique("a"))["activityArn"]


def chain(events):
    told = (f"{event['id']}<{event['previousEventId']} {event['type']}" for event in events)
    return "; ".join(told)


def take(sfn, activity):
    return sfn.get_activity_task(activityArn=activity)["taskToken"]


def iso(date):
    utc = date.astimezone(datetime.timezone.utc)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03}Z"


def status(sfn, arn):
    return sfn.describe_execution(executionArn=arn)["status"]


def not_redrivable(arn, reason):
    return f"Execution {arn} invalid for redrive as: {reason}"


def agree(sfn, arn):
    """describe, list and history tell the same of one execution"""
    seen = sfn.describe_execution(executionArn=arn)
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=seen["stateMachineArn"])
    mine = [item for page in pages for item in page["executions"] if item["executionArn"] == arn]
    assert len(mine) == 1
    for member in ("status", "startDate", "stopDate", "redriveCount", "redriveDate"):
        assert mine[0].get(member) == seen.get(member), member
    kinds = types(events_of(sfn, arn))
    assert kinds.count("ExecutionRedriven") == seen["redriveCount"]
    assert (seen["status"] == "RUNNING") == ("stopDate" not in seen)
    return seen


def test_task_again(sfn, activity):
    """SFN-HIST-91, SFN-SEM-46, SFN-EXEC-38: the worked chain, and a new token"""
    arn = machine(sfn, one_state(Type="Task", Resource=activity))
    arn = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    old = take(sfn, activity)
    sfn.send_task_failure(taskToken=old, error="Broken")
    before = ended(sfn, arn)
    assert before["redriveStatus"] == "REDRIVABLE" and before["redriveCount"] == 0
    redriven = sfn.redrive_execution(executionArn=arn)["redriveDate"]
    running = agree(sfn, arn)
    assert running["status"] == "RUNNING" and running["redriveCount"] == 1
    assert running["redriveDate"] == redriven > before["stopDate"]
    assert running["startDate"] == before["startDate"]
    assert not {"stopDate", "error", "cause", "output"} & set(running)
    new = take(sfn, activity)
    assert new != old
    fault = refused("TaskTimedOut", sfn.send_task_success, taskToken=old, output="1")
    assert fault.message == f"Task Timed Out: '{activity}'"
    sfn.send_task_success(taskToken=new, output="1")
    assert ended(sfn, arn)["status"] == "SUCCEEDED"
    assert agree(sfn, arn)["redriveDate"] == redriven
    events = events_of(sfn, arn)
    assert chain(events) == (
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 ActivityScheduled; 4<3 ActivityStarted; "
        "5<4 ActivityFailed; 6<5 ExecutionFailed; 7<6 ExecutionRedriven; 8<2 ActivityScheduled; "
        "9<8 ActivityStarted; 10<9 ActivitySucceeded; 11<10 TaskStateExited; "
        "12<11 ExecutionSucceeded")
    assert events[6]["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_fail_again(sfn):
    """SFN-HIST-93"""
    arn = run(sfn, machine(sfn, FAIL))["executionArn"]
    for count in (1, 2):
        sfn.redrive_execution(executionArn=arn)
        seen = agree(sfn, arn)
        assert (seen["status"], seen["error"], seen["cause"]) == ("FAILED", "Broken", "it is")
        assert seen["redriveCount"] == count and seen["redriveStatus"] == "REDRIVABLE"
    assert chain(events_of(sfn, arn)) == (
        "1<0 ExecutionStarted; 2<0 FailStateEntered; 3<2 ExecutionFailed; 4<3 ExecutionRedriven; "
        "5<4 ExecutionFailed; 6<5 ExecutionRedriven; 7<6 ExecutionFailed")


def test_context(sfn):
    """SFN-SEM-45, SFN-SEM-47: fails until it is redriven; the variable is as it was"""
    text = {"redriven.$": "$$.Execution.RedriveTime", "count.$": "$$.Execution.RedriveCount",
            "started.$": "$$.Execution.StartTime", "kept.$": "$kept"}
    arn = run(sfn, machine(sfn, {
        "First": {"Type": "Pass", "Assign": {"kept": "yes"}, "Next": "Only"},
        "Only": {"Type": "Pass", "Parameters": text, "End": True}}))["executionArn"]
    assert status(sfn, arn) == "FAILED"
    redriven = sfn.redrive_execution(executionArn=arn)["redriveDate"]
    seen = ended(sfn, arn)
    output = json.loads(seen["output"])
    assert output["count"] == 1 and output["kept"] == "yes"
    assert output["redriven"] == iso(redriven) and output["started"] == iso(seen["startDate"])


def test_wait_again(sfn):
    """SFN-HIST-96, SFN-SEM-46: the whole time, from the redrive on"""
    arn = machine(sfn, wait_state(2), TimeoutSeconds=60)
    arn = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    until_event(sfn, arn, "WaitStateEntered")
    sfn.stop_execution(executionArn=arn, error="Stopped", cause="for now")
    redriven = sfn.redrive_execution(executionArn=arn)["redriveDate"]
    seen = ended(sfn, arn)
    assert seen["status"] == "SUCCEEDED"
    assert 2 <= (seen["stopDate"] - redriven).total_seconds() < 3
    assert chain(events_of(sfn, arn)) == (
        "1<0 ExecutionStarted; 2<0 WaitStateEntered; 3<0 ExecutionAborted; 4<3 ExecutionRedriven; "
        "5<2 WaitStateExited; 6<5 ExecutionSucceeded")


def test_parallel_keeps_what_is_done(sfn, activity):
    """SFN-HIST-94"""
    done = {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "kept", "End": True}}}
    work = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": activity, "End": True}}}
    arn = machine(sfn, one_state(Type="Parallel", Branches=[done, work]))
    arn = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.send_task_failure(taskToken=take(sfn, activity), error="Broken")
    ended(sfn, arn)
    sfn.redrive_execution(executionArn=arn)
    sfn.send_task_success(taskToken=take(sfn, activity), output='"new"')
    seen = ended(sfn, arn)
    assert json.loads(seen["output"]) == ["kept", "new"]
    kinds = types(events_of(sfn, arn))
    assert kinds.count("ParallelStateStarted") == 1 == kinds.count("PassStateEntered")
    assert kinds.count("TaskStateEntered") == 1 and kinds.count("ActivityScheduled") == 2


def test_map_keeps_what_is_done(sfn, activity):
    """SFN-HIST-95: the failed item again, the ones that had not begun for the first time"""
    work = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": activity, "End": True}}}
    arn = machine(sfn, one_state(Type="Map", ItemProcessor=work, MaxConcurrency=1))
    arn = sfn.start_execution(stateMachineArn=arn, input="[1, 2, 3]")["executionArn"]
    sfn.send_task_success(taskToken=take(sfn, activity), output='"first"')
    sfn.send_task_failure(taskToken=take(sfn, activity), error="Broken")
    ended(sfn, arn)
    sfn.redrive_execution(executionArn=arn)
    for number in (2, 3):
        task = sfn.get_activity_task(activityArn=activity)
        assert json.loads(task["input"]) == number
        sfn.send_task_success(taskToken=task["taskToken"], output=task["input"])
    assert json.loads(ended(sfn, arn)["output"]) == ["first", 2, 3]
    kinds = types(events_of(sfn, arn))
    assert kinds.count("MapStateStarted") == 1 and kinds.count("MapIterationStarted") == 3


def test_client_token(sfn, activity):
    """SFN-EXEC-70, SFN-EXEC-71: the token is looked at before the status"""
    arn = machine(sfn, one_state(Type="Task", Resource=activity))
    arn = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.send_task_failure(taskToken=take(sfn, activity))
    again = lambda token: sfn.redrive_execution(executionArn=arn, clientToken=token)["redriveDate"]
    first = again("one")
    assert again("one") == first
    fault = refused("ExecutionNotRedrivable", sfn.redrive_execution, executionArn=arn,
                    clientToken="two")
    assert fault.message == not_redrivable(arn, "Execution is RUNNING and cannot be redriven")
    sfn.send_task_failure(taskToken=take(sfn, activity))
    assert again("one") == first and status(sfn, arn) == "FAILED"
    second = again("two")
    assert second > first
    sfn.send_task_success(taskToken=take(sfn, activity), output="1")
    assert again("two") == second and status(sfn, arn) == "SUCCEEDED"
    fault = refused("ExecutionNotRedrivable", sfn.redrive_execution, executionArn=arn)
    assert fault.message == not_redrivable(arn, "Execution is SUCCEEDED and cannot be redriven")
    assert agree(sfn, arn)["redriveCount"] == 2


def test_many_at_once(sfn):
    """of many requests one redrives"""
    arn = sfn.start_execution(stateMachineArn=machine(sfn, wait_state(3000)))["executionArn"]
    sfn.stop_execution(executionArn=arn)

    def redrive(number):
        try:
            return sfn.redrive_execution(executionArn=arn, clientToken=f"t{number}")["redriveDate"]
        except sfn.exceptions.ExecutionNotRedrivable:
            return None

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(redrive, range(32)))
    assert sum(answer is not None for answer in answers) == 1
    assert agree(sfn, arn)["redriveCount"] == 1
    sfn.stop_execution(executionArn=arn)


def test_refusals(sfn, name):
    """SFN-EXEC-73, and the members' limits"""
    home = machine(sfn, FAIL, name=name).replace(":stateMachine:", ":execution:")
    express = home.replace(":execution:", ":express:") + ":e:5a6b1d4a-1111-4222-8333-444455556666"
    assert refused("InvalidArn", sfn.redrive_execution, executionArn=express).message == (
        "Invalid Arn: 'Resource type not valid in this context: express'")
    labelled = f"{home}/Each:5a6b1d4a-1111-4222-8333-444455556666"
    assert refused("ValidationException", sfn.redrive_execution, executionArn=labelled).message == (
        "Labeled Execution ARNs are not supported for this API")
    fault = refused("ExecutionDoesNotExist", sfn.redrive_execution, executionArn=f"{home}:none")
    assert fault.message == f"Execution Does Not Exist: '{home}:none'"
    refused("InvalidArn", sfn.redrive_execution, executionArn="nonsense")
    for token in ("a b", "x" * 65):
        refused("ValidationException", sfn.redrive_execution, executionArn=f"{home}:none",
                clientToken=token)


def test_killed(new_server):
    """what a redrive needs is there after kill -9, and so is what it did"""
    server = new_server().start()
    sfn = server.client()
    activity = sfn.create_activity(name="a")["activityArn"]
    work = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": activity, "End": True}}}
    arn = machine(sfn, one_state(Type="Map", ItemProcessor=work, MaxConcurrency=1))
    arn = sfn.start_execution(stateMachineArn=arn, input="[1, 2]")["executionArn"]
    sfn.send_task_success(taskToken=take(sfn, activity), output='"first"')
    old = take(sfn, activity)
    sfn.send_task_failure(taskToken=old, error="Broken")
    ended(sfn, arn)
    server.kill()
    sfn = server.start().client()
    redriven = sfn.redrive_execution(executionArn=arn, clientToken="one")["redriveDate"]
    server.kill()
    sfn = server.start().client()
    again = sfn.redrive_execution(executionArn=arn, clientToken="one")
    assert again["redriveDate"] == redriven == agree(sfn, arn)["redriveDate"]
    refused("TaskTimedOut", sfn.send_task_success, taskToken=old, output="1")
    sfn.send_task_success(taskToken=take(sfn, activity), output='"second"')
    assert json.loads(ended(sfn, arn)["output"]) == ["first", "second"]
    agree(sfn, arn)
