"""Activities and task tokens."""

import json
import threading
import time

import pytest
from support import (ended, events_of, invoke_state, machine, one_state, python_function, refused,
                     run, sound, types, unique, until, until_event)


@pytest.fixture
def activity(sfn):
    return sfn.create_activity(name=unique("a"))["activityArn"]


def activity_state(arn, **fields):
    return one_state(Type="Task", Resource=arn, **fields)


def started(sfn, activity, value=None, **fields):
    arn = machine(sfn, activity_state(activity, **fields))
    text = json.dumps({"n": 1} if value is None else value)
    return sfn.start_execution(stateMachineArn=arn, input=text)["executionArn"]


def test_activities(sfn, name):
    """SFN-ACT-1, SFN-ACT-10, SFN-ACT-11, SFN-ACT-12, SFN-ACT-13"""
    made = sfn.create_activity(name=name, tags=[{"key": "a", "value": "b"}])
    again = sfn.create_activity(name=name, tags=[{"key": "c", "value": "d"}])
    arn = made["activityArn"]
    assert (again["activityArn"], again["creationDate"]) == (arn, made["creationDate"])
    seen = sfn.describe_activity(activityArn=arn)
    assert seen["name"] == name and seen["creationDate"] == made["creationDate"]
    assert seen["encryptionConfiguration"] == {"type": "AWS_OWNED_KEY"}
    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "a", "value": "b"}]
    pages = sfn.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 1})
    names = [one["name"] for page in pages for one in page["activities"]]
    assert names.count(name) == 1 and names == sorted(names)
    sfn.delete_activity(activityArn=arn)
    sfn.delete_activity(activityArn=arn)
    fault = refused("ActivityDoesNotExist", sfn.describe_activity, activityArn=arn)
    assert fault.message == f"Activity Does Not Exist: '{arn}'"
    refused("ActivityDoesNotExist", sfn.get_activity_task, activityArn=arn)
    refused("InvalidArn", sfn.describe_activity, activityArn="x")
    fault = refused("InvalidName", sfn.create_activity, name="a b")
    assert fault.message == "Invalid Name: 'a b'"


def test_success(sfn, activity):
    """SFN-INT-150, SFN-INT-154, SFN-ACT-31: settled once, with the worker's name in the history"""
    execution = started(sfn, activity, {"n": [1, 2]})
    task = sfn.get_activity_task(activityArn=activity, workerName="me")
    assert json.loads(task["input"]) == {"n": [1, 2]}
    sfn.send_task_success(taskToken=task["taskToken"], output='{"done": true}')
    seen = ended(sfn, execution)
    assert seen["status"] == "SUCCEEDED" and json.loads(seen["output"]) == {"done": True}
    events = sound(events_of(sfn, execution))
    assert types(events) == ["ExecutionStarted", "TaskStateEntered", "ActivityScheduled",
                             "ActivityStarted", "ActivitySucceeded", "TaskStateExited",
                             "ExecutionSucceeded"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "me"}
    for output in ('{"done": true}', '"other"'):
        fault = refused("TaskTimedOut", sfn.send_task_success, taskToken=task["taskToken"],
                        output=output)
        assert fault.message == f"Task Timed Out: '{activity}'"
    refused("TaskTimedOut", sfn.send_task_heartbeat, taskToken=task["taskToken"])
    assert events_of(sfn, execution) == events


def test_failure_is_caught(sfn, activity):
    """SFN-INT-142, SFN-ACT-35"""
    catch = [{"ErrorEquals": ["Bad"], "ResultPath": "$.why", "Next": "Caught"}]
    arn = machine(sfn, {
        "Only": {"Type": "Task", "Resource": activity, "Catch": catch, "End": True},
        "Caught": {"Type": "Pass", "End": True}})
    execution = sfn.start_execution(stateMachineArn=arn, input='{"n":1}')["executionArn"]
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    sfn.send_task_failure(taskToken=token, error="Bad", cause="luck")
    seen = ended(sfn, execution)
    assert json.loads(seen["output"]) == {"n": 1, "why": {"Error": "Bad", "Cause": "luck"}}


def test_failure_without_words(sfn, activity):
    """SFN-ACT-35, SFN-INT-142"""
    execution = started(sfn, activity)
    sfn.send_task_failure(taskToken=sfn.get_activity_task(activityArn=activity)["taskToken"])
    seen = ended(sfn, execution)
    assert seen["status"] == "FAILED" and "error" not in seen and "cause" not in seen


@pytest.mark.parametrize("mend", [
    lambda token: "not a token", lambda token: token[:-4] + "AAAA", lambda token: token[1:],
    lambda token: token[:40] + ("A" if token[40] != "A" else "B") + token[41:],
    lambda token: token + token[:4],
])
def test_forged_tokens(sfn, activity, mend):
    """SFN-ACT-30, SFN-INT-143: refused, and the true one still works"""
    execution = started(sfn, activity)
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    forged = mend(token)
    for call, more in ((sfn.send_task_success, {"output": "1"}),
                       (sfn.send_task_success, {"output": "not json"}),
                       (sfn.send_task_failure, {}), (sfn.send_task_heartbeat, {})):
        fault = refused("InvalidToken", call, taskToken=forged, **more)
        assert fault.message == "Invalid Token: 'Invalid token'"
    sfn.send_task_success(taskToken=token, output="1")
    assert ended(sfn, execution)["output"] == "1"


def test_order_of_checks(sfn, activity):
    """SFN-INT-143, SFN-ACT-33"""
    execution = started(sfn, activity)
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    refused("ValidationException", sfn.send_task_success, taskToken=token)
    refused("ValidationException", sfn.send_task_success, taskToken="", output="1")
    refused("InvalidOutput", sfn.send_task_success, taskToken=token, output="not json")
    fault = refused("ValidationException", sfn.send_task_success, taskToken=token,
                    output=json.dumps("x" * 262_144))
    assert "at 'output' failed to satisfy constraint: Member must have" in fault.message
    assert "less than or equal to 262144" in fault.message
    sfn.send_task_success(taskToken=token, output="null")
    assert ended(sfn, execution)["output"] == "null"
    refused("InvalidOutput", sfn.send_task_success, taskToken=token, output="not json")


def test_heartbeat(sfn, activity):
    """SFN-INT-147, SFN-INT-151, SFN-ACT-34: it keeps the task; without it the task times out"""
    execution = started(sfn, activity, HeartbeatSeconds=2, TimeoutSeconds=60)
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    for _ in range(3):
        time.sleep(1)
        sfn.send_task_heartbeat(taskToken=token)
    assert sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    assert "ActivityTimedOut" not in types(events_of(sfn, execution))
    seen = ended(sfn, execution)
    assert (seen["status"], seen["error"]) == ("FAILED", "States.Timeout")
    assert types(events_of(sfn, execution)).count("ActivityTimedOut") == 1
    refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output="1")


def test_timeout_counts_from_the_lease(sfn, activity):
    """SFN-INT-151: a task that waits longer than its limit for a worker still succeeds"""
    execution = started(sfn, activity, TimeoutSeconds=2, HeartbeatSeconds=1)
    time.sleep(2.5)
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    sfn.send_task_success(taskToken=token, output="1")
    assert ended(sfn, execution)["status"] == "SUCCEEDED"


def test_retry_has_a_new_token(sfn, activity):
    """SFN-INT-140, SFN-INT-144: the old one is closed"""
    execution = started(sfn, activity, Retry=[
        {"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 1}])
    first = sfn.get_activity_task(activityArn=activity)["taskToken"]
    sfn.send_task_failure(taskToken=first, error="Again")
    second = sfn.get_activity_task(activityArn=activity)["taskToken"]
    assert second != first
    refused("TaskTimedOut", sfn.send_task_success, taskToken=first, output="1")
    sfn.send_task_success(taskToken=second, output="2")
    assert ended(sfn, execution)["output"] == "2"


def test_stop_closes_tokens(sfn, activity):
    """SFN-SEM-31, SFN-SEM-133"""
    leased, unleased = started(sfn, activity, "leased"), None
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    unleased = started(sfn, activity, "unleased")
    for one in (leased, unleased):
        sfn.stop_execution(executionArn=one)
    refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output="1")
    last = started(sfn, activity, "last")
    task = sfn.get_activity_task(activityArn=activity)
    assert task["input"] == '"last"', "a task of a stopped execution was handed out"
    sfn.send_task_success(taskToken=task["taskToken"], output="1")
    assert ended(sfn, last)["status"] == "SUCCEEDED"
    assert types(events_of(sfn, unleased))[-1] == "ExecutionAborted"


def test_each_task_to_one_worker(sfn, activity):
    """SFN-ACT-23: thirty tasks, ten workers that ask before there is work"""
    arn = machine(sfn, activity_state(activity))
    seen, lock = [], threading.Lock()

    def work():
        while True:
            task = sfn.get_activity_task(activityArn=activity)
            value = json.loads(task["input"])
            with lock:
                seen.append(value)
            sfn.send_task_success(taskToken=task["taskToken"], output=task["input"])
            if value == "stop":
                return

    workers = [threading.Thread(target=work) for _ in range(10)]
    for worker in workers:
        worker.start()
    values = list(range(30))
    executions = [sfn.start_execution(stateMachineArn=arn, input=json.dumps(n))["executionArn"]
                  for n in values]
    outputs = [ended(sfn, one)["output"] for one in executions]
    for _ in workers:
        sfn.start_execution(stateMachineArn=arn, input='"stop"')
    for worker in workers:
        worker.join(timeout=20)
        assert not worker.is_alive()
    assert outputs == [str(n) for n in values]
    assert sorted(one for one in seen if one != "stop") == values


def test_missing_activity(sfn, activity):
    """SFN-INT-153"""
    arn = machine(sfn, activity_state(activity))
    sfn.delete_activity(activityArn=activity)
    seen = run(sfn, arn)
    assert (seen["status"], seen["error"]) == ("FAILED", "States.Runtime")
    assert seen["cause"].endswith(f"The activity {activity} does not exist.")
    assert types(events_of(sfn, seen["executionArn"])) == [
        "ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]


def test_sibling_failure_closes_tokens(sfn, activity):
    """SFN-SEM-37, SFN-SEM-135, SFN-INT-144"""
    branch = lambda name, state: {"StartAt": name, "States": {name: {**state, "End": True}}}
    arn = machine(sfn, {"Both": {"Type": "Parallel", "End": True, "Branches": [
        branch("Held", {"Type": "Task", "Resource": activity}),
        {"StartAt": "Short", "States": {
            "Short": {"Type": "Wait", "Seconds": 1, "Next": "Broken"},
            "Broken": {"Type": "Fail", "Error": "Broken"}}}]}})
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    seen = ended(sfn, execution)
    assert (seen["status"], seen["error"]) == ("FAILED", "Broken")
    assert "TaskStateAborted" in types(sound(events_of(sfn, execution)))
    refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output="1")


def test_callback(sfn, lam, tmp_path):
    """SFN-INT-12, SFN-INT-48: the function gets the token, its result does not matter"""
    place = tmp_path / "token"
    function = python_function(lam, (
        "import os\n"
        "def handler(event, context):\n"
        "    open(os.environ['PLACE'] + '.new', 'w').write(event['token'])\n"
        "    os.rename(os.environ['PLACE'] + '.new', os.environ['PLACE'])\n"
        "    return 'ignored'\n"), variables={"PLACE": str(place)})
    state = invoke_state(function, {"token.$": "$$.Task.Token"})
    state["Resource"] += ".waitForTaskToken"
    execution = sfn.start_execution(stateMachineArn=machine(sfn, {"Only": state}))["executionArn"]
    until(place.exists)
    until_event(sfn, execution, "TaskSubmitted")
    token = place.read_text()
    assert sfn.describe_execution(executionArn=execution)["status"] == "RUNNING"
    sfn.send_task_success(taskToken=token, output='{"approved": [true]}')
    assert json.loads(ended(sfn, execution)["output"]) == {"approved": [True]}
    events = sound(events_of(sfn, execution))
    assert types(events)[2:6] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert events[5]["taskSucceededEventDetails"]["output"] == '{"approved": [true]}'
    fault = refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output="1")
    assert fault.message == "Task Timed Out: 'Provided task does not exist anymore'"


def test_callback_before_the_function_returns(sfn, lam, server, tmp_path):
    """SFN-INT-148: the token may come back first; the history still has TaskSubmitted before it"""
    place = tmp_path / "token"
    function = python_function(lam, (
        "import os, time\n"
        "def handler(event, context):\n"
        "    open(os.environ['PLACE'] + '.new', 'w').write(event['token'])\n"
        "    os.rename(os.environ['PLACE'] + '.new', os.environ['PLACE'])\n"
        "    time.sleep(1.5)\n"), variables={"PLACE": str(place)})
    state = invoke_state(function, {"token.$": "$$.Task.Token"})
    state["Resource"] += ".waitForTaskToken"
    execution = sfn.start_execution(stateMachineArn=machine(sfn, {"Only": state}))["executionArn"]
    until(place.exists)
    sfn.send_task_success(taskToken=place.read_text(), output="7")
    assert ended(sfn, execution)["output"] == "7"
    seen = types(sound(events_of(sfn, execution)))
    assert seen.index("TaskSubmitted") < seen.index("TaskSucceeded")


def test_empty_poll_ends(sfn, activity):
    """SFN-ACT-20: about sixty seconds, and no task. The one slow test: it is the long poll"""
    begin = time.monotonic()
    answer = sfn.get_activity_task(activityArn=activity)
    assert 55 < time.monotonic() - begin < 65
    assert not answer.get("taskToken") and not answer.get("input")
