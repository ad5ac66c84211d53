"""What executions promise: status, stop, deletion, nesting, order, and what goes on beside them."""

import concurrent.futures
import json
import threading
import time

import pytest
from support import (PASS, ROLE, ended, events_of, machine, one_state, refused, run, sound, types,
                     unique, until, until_event, wait_state)

START = "arn:aws:states:::states:startExecution"
INNER = {"Inner": {"Type": "Pass", "End": True}}
DISTRIBUTED = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}


@pytest.fixture
def activity(sfn):
    return sfn.create_activity(name=unique("a"))["activityArn"]


def begun(sfn, arn, value=None):
    return sfn.start_execution(stateMachineArn=arn, input=json.dumps(value))["executionArn"]


def status(sfn, arn):
    return sfn.describe_execution(executionArn=arn)["status"]


def child_of(sfn, arn, pattern=".sync:2", **fields):
    """a machine that starts executions of another one"""
    return machine(sfn, one_state(Type="Task", Resource=START + pattern, Parameters={
        "StateMachineArn": arn, "Input.$": "$"}, **fields))


def listed(sfn, **arns):
    pages = sfn.get_paginator("list_executions").paginate(**arns)
    return [one for page in pages for one in page["executions"]]


def map_run_of(sfn, execution):
    return until(lambda: sfn.list_map_runs(executionArn=execution)["mapRuns"])[0]


def mapped(states, kind="STANDARD", **fields):
    processor = {"ProcessorConfig": {**DISTRIBUTED, "ExecutionType": kind},
                 "StartAt": next(iter(states)), "States": states}
    return one_state(Type="Map", Label="Each", ItemProcessor=processor, **fields)


def test_ends(sfn):
    """SFN-SEM-20, SFN-SEM-21, SFN-SEM-131: output of the last state; error and cause of a failure"""
    for states, told in (
            (one_state(Type="Pass", Result=1), {"status": "SUCCEEDED", "output": "1"}),
            ({"Only": {"Type": "Succeed"}}, {"status": "SUCCEEDED", "output": "null"}),
            ({"Only": {"Type": "Fail"}}, {"status": "FAILED"}),
            ({"Only": {"Type": "Fail", "Error": "E"}}, {"status": "FAILED", "error": "E"}),
            ({"Only": {"Type": "Fail", "Cause": "c"}}, {"status": "FAILED", "cause": "c"})):
        arn = begun(sfn, machine(sfn, states))
        seen = ended(sfn, arn)
        assert {name: seen[name] for name in ("status", "output", "error", "cause")
                if name in seen} == told
        last = events_of(sfn, arn)[-1]
        details = last.get("executionFailedEventDetails", {})
        assert details == {name: told[name] for name in ("error", "cause") if name in told}


def test_first_event_is_the_start(sfn):
    """SFN-SEM-28, SFN-SEM-71, SFN-SEM-120: it carries the input as sent, and is there at once"""
    arn = machine(sfn, wait_state(3000))
    text = ' { "b" : 1.50, "a":[ ] }\r\n'
    execution = sfn.start_execution(stateMachineArn=arn, input=text)["executionArn"]
    first = sfn.get_execution_history(executionArn=execution)["events"][0]
    assert (first["id"], first["previousEventId"], first["type"]) == (1, 0, "ExecutionStarted")
    assert first["executionStartedEventDetails"]["input"] == text
    assert first["executionStartedEventDetails"]["roleArn"] == ROLE
    assert status(sfn, execution) == "RUNNING"
    assert [one["executionArn"] for one in listed(sfn, stateMachineArn=arn)] == [execution]


def test_machine_timeout(sfn):
    """SFN-SEM-23, SFN-SEM-132: timed out without error or cause; nothing catches it"""
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Pause"}]
    states = {"Both": {"Type": "Parallel", "End": True, "Retry": [{"ErrorEquals": ["States.ALL"]}],
                       "Catch": catch, "Branches": [
                           {"StartAt": "P", "States": {"P": {**wait_state(3000)["Pause"]}}}]},
              **wait_state(3000)}
    arn = machine(sfn, states, start="Both", TimeoutSeconds=1)
    execution = begun(sfn, arn)
    seen = ended(sfn, execution)
    assert seen["status"] == "TIMED_OUT" and not {"error", "cause", "output"} & set(seen)
    took = (seen["stopDate"] - seen["startDate"]).total_seconds()
    assert 1 <= took < 2.5
    last = sound(events_of(sfn, execution))[-1]
    assert (last["type"], last["previousEventId"]) == ("ExecutionTimedOut", 0)
    assert last["executionTimedOutEventDetails"] == {"error": "States.Timeout"}
    assert "ParallelStateAborted" not in types(events_of(sfn, execution))


def test_one_end_whoever_is_first(sfn, activity):
    """SFN-SEM-27, SFN-SEM-121: a stop and a result at the same time; one of them is a no-op"""
    arn = machine(sfn, one_state(Type="Task", Resource=activity))
    kinds = set()
    for _ in range(10):
        execution = begun(sfn, arn)
        token = sfn.get_activity_task(activityArn=activity)["taskToken"]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            stop = pool.submit(sfn.stop_execution, executionArn=execution)
            done = pool.submit(sfn.send_task_success, taskToken=token, output="1")
            stop.result()
            done.exception()
        seen = ended(sfn, execution)
        last = sound(events_of(sfn, execution))[-1]["type"]
        assert last == {"ABORTED": "ExecutionAborted",
                        "SUCCEEDED": "ExecutionSucceeded"}[seen["status"]]
        kinds.add(last)
    assert kinds


@pytest.mark.parametrize("state", ["wait", "activity", "retry"])
def test_stop(sfn, activity, state):
    """SFN-SEM-24, SFN-SEM-30, SFN-SEM-31, SFN-SEM-38, SFN-SEM-133"""
    task = {"Type": "Task", "Resource": activity}
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "After"}]
    states = {"wait": {"Type": "Wait", "Seconds": 3000, "Next": "After"},
              "activity": {**task, "Catch": catch, "End": True},
              "retry": {**task, "Catch": catch, "End": True, "Retry": [
                  {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 3000}]}}
    execution = begun(sfn, machine(sfn, {"First": states[state], "After": {"Type": "Succeed"}}))
    token = None
    if state != "wait":
        token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    if state == "retry":
        sfn.send_task_failure(taskToken=token, error="Mine")
        until_event(sfn, execution, "ActivityFailed")
    before = types(events_of(sfn, execution))
    sfn.stop_execution(executionArn=execution, error="E", cause="c")
    events = sound(events_of(sfn, execution))
    assert types(events) == [*before, "ExecutionAborted"] and events[-1]["previousEventId"] == 0
    seen = sfn.describe_execution(executionArn=execution)
    assert (seen["status"], seen["error"], seen["cause"]) == ("ABORTED", "E", "c")
    assert (seen["redriveStatus"], "redriveStatusReason" in seen) == ("REDRIVABLE", False)
    if token:
        refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output="1")
        refused("TaskTimedOut", sfn.send_task_heartbeat, taskToken=token)


def test_stopped_before_it_was_handed_out(sfn, activity):
    """SFN-SEM-31: an activity task that nobody has is not handed out any more"""
    arn = machine(sfn, one_state(Type="Task", Resource=activity))
    stopped, kept = begun(sfn, arn, "stopped"), begun(sfn, arn, "kept")
    sfn.stop_execution(executionArn=stopped)
    task = sfn.get_activity_task(activityArn=activity)
    assert task["input"] == '"kept"'
    sfn.send_task_success(taskToken=task["taskToken"], output="1")
    assert ended(sfn, kept)["status"] == "SUCCEEDED"


def test_children_of_a_stopped_execution(sfn):
    """SFN-SEM-33, SFN-SEM-34: those it waits for are stopped, those it started are not"""
    inner = machine(sfn, wait_state(3000))
    waits = begun(sfn, child_of(sfn, inner, ".sync:2"))
    until_event(sfn, waits, "TaskSubmitted")
    (awaited,) = listed(sfn, stateMachineArn=inner)
    ended(sfn, begun(sfn, child_of(sfn, inner, "")))
    (started,) = [one for one in listed(sfn, stateMachineArn=inner)
                  if one["executionArn"] != awaited["executionArn"]]
    sfn.stop_execution(executionArn=waits)
    assert ended(sfn, awaited["executionArn"])["status"] == "ABORTED"
    assert status(sfn, started["executionArn"]) == "RUNNING"
    sfn.stop_execution(executionArn=started["executionArn"])


def test_nested(sfn):
    """SFN-SEM-80, SFN-SEM-81, SFN-SEM-82, SFN-SEM-134: a redriven parent starts a new child"""
    flaky = machine(sfn, {"Which": {"Type": "Choice", "Default": "No", "Choices": [
        {"Variable": "$.good", "BooleanEquals": True, "Next": "Yes"}]},
        "Yes": {"Type": "Succeed"}, "No": {"Type": "Fail", "Error": "Mine", "Cause": "c"}})
    parent = child_of(sfn, flaky)
    good = run(sfn, parent, {"good": True})
    assert good["status"] == "SUCCEEDED"
    assert json.loads(good["output"])["Output"] == {"good": True}
    bad = begun(sfn, parent, {"good": False})
    seen = ended(sfn, bad)
    assert (seen["status"], seen["error"]) == ("FAILED", "States.TaskFailed")
    before = {one["executionArn"] for one in listed(sfn, stateMachineArn=flaky)}
    (child,) = [one for one in before if status(sfn, one) == "FAILED"]
    sfn.redrive_execution(executionArn=child)
    ended(sfn, child)
    assert status(sfn, bad) == "FAILED", "a redriven child revives no parent"
    sfn.redrive_execution(executionArn=bad)
    assert ended(sfn, bad)["status"] == "FAILED"
    assert len(listed(sfn, stateMachineArn=flaky)) == len(before) + 1


def test_recursion_is_legal(sfn):
    """SFN-SEM-83, SFN-SEM-84: fifty machines deep, each waiting for the next"""
    name = unique("m")
    arn = machine(sfn, PASS, name=name)
    states = {"Which": {"Type": "Choice", "Default": "Done", "Choices": [
        {"Variable": "$.left", "NumericGreaterThan": 0, "Next": "Less"}]},
        "Less": {"Type": "Pass", "Parameters": {"left.$": "States.MathAdd($.left, -1)"},
                 "Next": "Again"},
        "Again": {"Type": "Task", "Resource": START + ".sync:2", "OutputPath": "$.Output",
                  "Parameters": {"StateMachineArn": arn, "Input.$": "$"}, "End": True},
        "Done": {"Type": "Succeed"}}
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(
        {"StartAt": "Which", "States": states}))
    assert run(sfn, arn, {"left": 50}, seconds=60)["output"] == '{"left":0}'
    assert len(listed(sfn, stateMachineArn=arn)) == 51


def test_updates_leave_the_running_alone(sfn):
    """SFN-SM-25, SFN-SEM-70, SFN-SEM-105, SFN-SEM-138"""
    arn = machine(sfn, {"Pause": {"Type": "Wait", "Seconds": 2, "Next": "Old"},
                        "Old": {"Type": "Pass", "Result": "old", "End": True}})
    execution = begun(sfn, arn)
    new = {"StartAt": "New", "States": {"New": {"Type": "Pass", "Result": "new", "End": True}}}
    told = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(new),
                                    roleArn=ROLE + "2")
    assert json.loads(run(sfn, arn)["output"]) == "new"
    then = sfn.describe_state_machine_for_execution(executionArn=execution)
    assert "Old" in then["definition"] and then["roleArn"] == ROLE and "revisionId" not in then
    assert then["updateDate"] < told["updateDate"]
    assert json.loads(ended(sfn, execution)["output"]) == "old"
    then = sfn.describe_state_machine_for_execution(executionArn=execution)
    assert "Old" in then["definition"]


def test_concurrent_updates_serialise(sfn):
    """SFN-SEM-105, SFN-SEM-124: each gets a revision of its own, readers see whole ones"""
    arn = machine(sfn, PASS)

    def update(number):
        text = json.dumps({"StartAt": "Only", "States": one_state(Type="Pass", Result=number)})
        return sfn.update_state_machine(stateMachineArn=arn, definition=text,
                                        roleArn=f"{ROLE}{number}")["revisionId"]

    def look(_):
        seen = sfn.describe_state_machine(stateMachineArn=arn)
        return (json.loads(seen["definition"])["States"]["Only"].get("Result"),
                seen["roleArn"], seen.get("revisionId"))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        looked = pool.map(look, range(40))
        revisions = list(pool.map(update, range(12)))
    assert len(set(revisions)) == 12
    for number, role, revision in [*looked, look(0)]:
        assert role == ROLE + ("" if number is None else str(number))
        assert revision is None if number is None else revision == revisions[number]


def test_deletion_waits_for_executions(sfn, activity):
    """SFN-SEM-74, SFN-SEM-75, SFN-SEM-140, SFN-SM-6, SFN-SM-51, SFN-SM-52, SFN-EXEC-34"""
    name = unique("m")
    arn = machine(sfn, {"First": {"Type": "Task", "Resource": activity, "Next": "Second"},
                        "Second": {"Type": "Succeed"}}, name=name)
    worked, stopped = begun(sfn, arn), begun(sfn, arn)
    failed = begun(sfn, arn)
    tokens = [sfn.get_activity_task(activityArn=activity)["taskToken"] for _ in range(3)]
    sfn.send_task_failure(taskToken=tokens[2], error="Mine")
    ended(sfn, failed)
    sfn.delete_state_machine(stateMachineArn=arn)
    assert sfn.describe_state_machine(stateMachineArn=arn)["status"] == "DELETING"
    words = f"State machine is being deleted: '{arn}'"
    for call, more in (
            (sfn.start_execution, {"stateMachineArn": arn}),
            (sfn.update_state_machine, {"stateMachineArn": arn, "roleArn": ROLE}),
            (sfn.publish_state_machine_version, {"stateMachineArn": arn}),
            (sfn.create_state_machine, {"name": name, "roleArn": ROLE, "definition": json.dumps(
                {"StartAt": "Only", "States": PASS})})):
        assert refused("StateMachineDeleting", call, **more).message == words
    seen = sfn.describe_execution(executionArn=failed)
    reason = "State machine is in DELETING status"
    assert (seen["redriveStatus"], seen["redriveStatusReason"]) == ("NOT_REDRIVABLE", reason)
    fault = refused("ExecutionNotRedrivable", sfn.redrive_execution, executionArn=failed)
    assert fault.message == f"Execution {failed} invalid for redrive as: {reason}"
    sfn.delete_state_machine(stateMachineArn=arn)
    sfn.stop_execution(executionArn=stopped)
    sfn.send_task_success(taskToken=tokens[0], output="1")

    def gone():
        try:
            seen = sfn.describe_execution(executionArn=worked)
        except sfn.exceptions.ExecutionDoesNotExist:
            return True
        assert (seen["error"], seen["cause"]) == (
            "States.Runtime", f"State machine {name} has been deleted")
        return False

    until(gone)
    for call in (sfn.describe_execution, sfn.get_execution_history, sfn.stop_execution,
                 sfn.describe_state_machine_for_execution, sfn.list_map_runs):
        refused("ExecutionDoesNotExist", call, executionArn=stopped)
    refused("StateMachineDoesNotExist", sfn.list_executions, stateMachineArn=arn)


def test_last_moments_of_a_deleted_machine(sfn, activity):
    """SFN-SEM-74: a Wait runs to its end and is not left, a result is taken and not written"""
    name = unique("m")
    arn = machine(sfn, {
        "Which": {"Type": "Choice", "Default": "Pause", "Choices": [
            {"Variable": "$", "StringEquals": "work", "Next": "Work"}]},
        "Work": {"Type": "Task", "Resource": activity, "Next": "Done"},
        "Pause": {"Type": "Wait", "Seconds": 2, "Next": "Done"},
        "Done": {"Type": "Succeed"}}, name=name)
    waits, works, keeps = begun(sfn, arn, "wait"), begun(sfn, arn, "work"), begun(sfn, arn, "work")
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    sfn.delete_state_machine(stateMachineArn=arn)
    sfn.send_task_success(taskToken=token, output="1")
    for execution, last in ((waits, "WaitStateEntered"), (works, "ActivityStarted")):
        seen = ended(sfn, execution)
        assert (seen["status"], seen["error"], seen["cause"]) == (
            "FAILED", "States.Runtime", f"State machine {name} has been deleted")
        events = sound(events_of(sfn, execution))
        assert types(events)[-2:] == [last, "ExecutionFailed"]
        assert events[-1]["previousEventId"] == events[-2]["id"]
    assert (seen["stopDate"] - seen["startDate"]).total_seconds() < 10
    sfn.stop_execution(executionArn=keeps)


def test_deleted_activity(sfn, activity):
    """SFN-SEM-77, SFN-ACT-22: pollers hear of it, later tasks fail, a leased one may end"""
    arn = machine(sfn, one_state(Type="Task", Resource=activity))
    execution = begun(sfn, arn)
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        poll = pool.submit(sfn.get_activity_task, activityArn=activity)
        time.sleep(0.5)
        sfn.delete_activity(activityArn=activity)
        assert "ActivityDoesNotExist" in str(poll.exception(timeout=10))
    late = ended(sfn, begun(sfn, arn))
    assert late["status"] == "FAILED"
    sfn.send_task_success(taskToken=token, output="1")
    assert ended(sfn, execution)["status"] == "SUCCEEDED"
    made = sfn.create_activity(name=activity.rpartition(":")[2])["activityArn"]
    assert made == activity
    again = begun(sfn, arn, "again")
    assert sfn.get_activity_task(activityArn=activity)["input"] == '"again"'
    sfn.stop_execution(executionArn=again)


def test_encryption_of_an_activity(sfn, name):
    """SFN-ACT-2, SFN-CFG-2: the same name with another key is another activity"""
    key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/key"}
    made = sfn.create_activity(name=name, encryptionConfiguration=key)
    told = sfn.describe_activity(activityArn=made["activityArn"])["encryptionConfiguration"]
    assert told == {**key, "kmsDataKeyReusePeriodSeconds": 300}
    again = sfn.create_activity(name=name, encryptionConfiguration=told)
    assert again["creationDate"] == made["creationDate"]
    for other in ({}, {"encryptionConfiguration": {**key, "kmsDataKeyReusePeriodSeconds": 60}}):
        fault = refused("ActivityAlreadyExists", sfn.create_activity, name=name, **other)
        assert fault.message == f"Activity Already Exists: '{made['activityArn']}'"


@pytest.mark.parametrize("name", [
    f"a{letter}b" for letter in '<>{}[]?*"#%\\^|~`$&,;:/ \t\n\x00\x1f\x7f\x9f\ufffe\U0010ffff'])
def test_names_of_activities(sfn, name):
    """SFN-ACT-3, SFN-ERR-30: machines and executions have the same rule"""
    for call, more in ((sfn.create_activity, {}),
                       (sfn.create_state_machine, {"roleArn": ROLE, "definition": "{}"})):
        assert refused("InvalidName", call, name=name, **more).message == f"Invalid Name: '{name}'"


def test_token_of_a_job(sfn):
    """SFN-ACT-36: a token out of the context object ends the job's task as well"""
    inner = machine(sfn, wait_state(3000))
    arn = machine(sfn, one_state(Type="Task", Resource=START + ".sync", Parameters={
        "StateMachineArn": inner, "Input": {"token.$": "$$.Task.Token"}}))
    execution = begun(sfn, arn)
    until_event(sfn, execution, "TaskSubmitted")
    (child,) = listed(sfn, stateMachineArn=inner)
    token = json.loads(sfn.describe_execution(executionArn=child["executionArn"])["input"])["token"]
    sfn.send_task_success(taskToken=token, output='{"by": "token"}')
    assert json.loads(ended(sfn, execution)["output"]) == {"by": "token"}
    refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output="1")


def test_results_keep_the_order(sfn):
    """SFN-SEM-94, SFN-SEM-136: of items and branches, however they end"""
    wait = {"Pause": {"Type": "Wait", "SecondsPath": "$", "End": True}}
    inner = {"StartAt": "Pause", "States": wait}
    for most in (0, 1, 2):
        states = one_state(Type="Map", ItemProcessor=inner, MaxConcurrency=most)
        assert run(sfn, machine(sfn, states), [2, 1, 0])["output"] == "[2,1,0]"
    branch = lambda seconds: {"StartAt": f"W{seconds}", "States": {
        f"W{seconds}": {"Type": "Wait", "Seconds": seconds, "Next": f"P{seconds}"},
        f"P{seconds}": {"Type": "Pass", "Result": seconds, "End": True}}}
    states = one_state(Type="Parallel", Branches=[branch(2), branch(1), branch(0)])
    assert run(sfn, machine(sfn, states))["output"] == "[2,1,0]"


def test_retries(sfn, activity):
    """SFN-SEM-91, SFN-SEM-134: delays grow up to their bound; exhausted ones are caught"""
    retry = [{"ErrorEquals": ["Mine"], "IntervalSeconds": 1, "BackoffRate": 3, "MaxAttempts": 3,
              "MaxDelaySeconds": 2}]
    states = {"Only": {"Type": "Task", "Resource": activity, "Retry": retry, "End": True,
                       "Catch": [{"ErrorEquals": ["Mine"], "Next": "Caught"}]},
              "Caught": {"Type": "Pass", "End": True}}
    execution = begun(sfn, machine(sfn, states))
    for _ in range(4):
        token = sfn.get_activity_task(activityArn=activity)["taskToken"]
        sfn.send_task_failure(taskToken=token, error="Mine", cause="c")
    assert json.loads(ended(sfn, execution)["output"]) == {"Error": "Mine", "Cause": "c"}
    times = {"ActivityFailed": [], "ActivityScheduled": []}
    for event in sound(events_of(sfn, execution)):
        if event["type"] in times:
            times[event["type"]].append(event["timestamp"])
    waits = [(then - failed).total_seconds() for failed, then in zip(
        times["ActivityFailed"], times["ActivityScheduled"][1:])]
    for wait, least in zip(waits, (1, 2, 2), strict=True):
        assert least <= wait < least + 1.5


def test_time_limits_of_tasks(sfn, activity):
    """SFN-SEM-22, SFN-SEM-92: from the lease on, and by heartbeats; the earlier one wins"""
    for fields, beats, kind in (({"TimeoutSeconds": 2}, 0, "ActivityTimedOut"),
                                ({"TimeoutSeconds": 30, "HeartbeatSeconds": 2}, 3,
                                 "ActivityTimedOut")):
        execution = begun(sfn, machine(sfn, one_state(Type="Task", Resource=activity, **fields)))
        token = sfn.get_activity_task(activityArn=activity)["taskToken"]
        for _ in range(beats):
            time.sleep(1)
            sfn.send_task_heartbeat(taskToken=token)
        seen = ended(sfn, execution)
        assert (seen["status"], seen["error"]) == ("FAILED", "States.Timeout")
        events = sound(events_of(sfn, execution))
        assert types(events)[-3:] == ["ActivityStarted", kind, "ExecutionFailed"]
        spent = (events[-2]["timestamp"] - events[-3]["timestamp"]).total_seconds()
        assert beats + 2 <= spent < beats + 3.5
        refused("TaskTimedOut", sfn.send_task_heartbeat, taskToken=token)


def test_children_of_a_map_run(sfn):
    """SFN-SEM-62, SFN-SM-42, SFN-EXEC-43: they are the run's, and know the machine"""
    arn = machine(sfn, mapped(wait_state(3000)))
    execution = begun(sfn, arn, [1, 2])
    run_arn = map_run_of(sfn, execution)["mapRunArn"]
    children = until(lambda: [c for c in [listed(sfn, mapRunArn=run_arn)] if len(c) == 2])[0]
    assert [one["executionArn"] for one in listed(sfn, stateMachineArn=arn)] == [execution]
    for child in children:
        assert child["mapRunArn"] == run_arn and child["itemCount"] == 1
        assert child["stateMachineArn"] == f"{arn}/Each"
        seen = sfn.describe_execution(executionArn=child["executionArn"])
        assert seen["mapRunArn"] == run_arn and len(seen["name"]) == 36
        then = sfn.describe_state_machine_for_execution(executionArn=child["executionArn"])
        assert (then["label"], then["mapRunArn"], then["roleArn"]) == ("Each", run_arn, ROLE)
        assert json.loads(then["definition"])["StartAt"] == "Pause"
        fault = refused("ValidationException", sfn.redrive_execution,
                        executionArn=child["executionArn"])
        assert fault.message == "Labeled Execution ARNs are not supported for this API"
    stopped = children[0]["executionArn"]
    sfn.stop_execution(executionArn=stopped)
    assert status(sfn, stopped) == "ABORTED"
    sfn.stop_execution(executionArn=execution)
    until(lambda: status(sfn, children[1]["executionArn"]) == "ABORTED")
    counts = until(lambda: [one for one in [sfn.describe_map_run(mapRunArn=run_arn)]
                            if one["status"] == "ABORTED"])[0]
    assert counts["itemCounts"]["aborted"] == 2 and "stopDate" in counts


def test_express_children(sfn):
    """SFN-SEM-3, SFN-EXEC-36, SFN-SM-43: described, and their history is not"""
    arn = machine(sfn, mapped(INNER, kind="EXPRESS"))
    execution = begun(sfn, arn, [1])
    ended(sfn, execution)
    run_arn = map_run_of(sfn, execution)["mapRunArn"]
    (child,) = listed(sfn, mapRunArn=run_arn)
    seen = sfn.describe_execution(executionArn=child["executionArn"])
    head = f"{arn.replace(':stateMachine:', ':express:')}/Each:"
    assert child["executionArn"] == head + seen["name"] and seen["name"].count(":") == 1
    assert seen["status"] == "SUCCEEDED" and child["name"] == seen["name"]
    then = sfn.describe_state_machine_for_execution(executionArn=child["executionArn"])
    assert then["label"] == "Each"
    for call in (sfn.get_execution_history, sfn.stop_execution):
        fault = refused("InvalidArn", call, executionArn=child["executionArn"])
        assert fault.message == "Invalid Arn: 'Resource type not valid in this context: express'"


def test_map_run_that_fails(sfn):
    """SFN-SEM-36, SFN-SEM-59, SFN-SEM-137, SFN-MAPRUN-21, SFN-MAPRUN-22"""
    states = {"Which": {"Type": "Choice", "Default": "Pause", "Choices": [
        {"Variable": "$", "NumericEquals": 0, "Next": "No"}]},
        "No": {"Type": "Fail", "Error": "Mine"}, **wait_state(3000)}
    arn = machine(sfn, mapped(states, MaxConcurrency=3))
    execution = begun(sfn, arn, [1, 1, 0])
    seen = ended(sfn, execution)
    assert seen["error"] == "States.ExceedToleratedFailureThreshold"
    assert types(events_of(sfn, execution))[-3:] == [
        "MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    run_arn = map_run_of(sfn, execution)["mapRunArn"]
    told = sfn.describe_map_run(mapRunArn=run_arn)
    assert told["status"] == "FAILED"
    counts = told["executionCounts"]
    assert (counts["failed"], counts["aborted"], counts["total"]) == (1, 2, 3)
    refused("ValidationException", sfn.update_map_run, mapRunArn=run_arn, maxConcurrency=1)
    refused("ValidationException", sfn.update_map_run, mapRunArn=run_arn)


def test_labelled_machine_is_described(sfn):
    """SFN-SM-36, SFN-ARN-2, SFN-ARN-3"""
    arn = machine(sfn, mapped(INNER))
    seen = sfn.describe_state_machine(stateMachineArn=f"{arn}/Each")
    assert (seen["stateMachineArn"], seen["label"]) == (f"{arn}/Each", "Each")
    assert json.loads(seen["definition"])["States"] == INNER
    fault = refused("StateMachineDoesNotExist", sfn.describe_state_machine,
                    stateMachineArn=f"{arn}/Other")
    assert fault.message == f"State Machine Does Not Exist: '{arn}/Other'"
    unlabelled = mapped(INNER)
    del unlabelled["Only"]["Label"]
    execution = begun(sfn, machine(sfn, unlabelled), [1])
    label = map_run_of(sfn, execution)["mapRunArn"].split("/")[1].split(":")[0]
    assert 1 <= len(label) <= 40


def test_pages_by_the_sdk(sfn):
    """SFN-PAGE-5, SFN-PAGE-7: every paginator there is, and what was just written is there"""
    arn = machine(sfn, mapped(INNER))
    execution = begun(sfn, arn, [1, 2, 3])
    ended(sfn, execution)
    activity = sfn.create_activity(name=unique("a"))["activityArn"]
    for operation, key, member, arguments, wanted in (
            ("get_execution_history", "events", "id", {"executionArn": execution}, 1),
            ("list_activities", "activities", "activityArn", {}, activity),
            ("list_executions", "executions", "executionArn", {"stateMachineArn": arn}, execution),
            ("list_map_runs", "mapRuns", "executionArn", {"executionArn": execution}, execution),
            ("list_state_machines", "stateMachines", "stateMachineArn", {}, arn)):
        pages = sfn.get_paginator(operation).paginate(
            **arguments, PaginationConfig={"PageSize": 2})
        found = [one[member] for page in pages for one in page[key]]
        assert wanted in found and len(found) == len(set(found)), operation
        assert sfn.can_paginate(operation)


def test_unserved_logs_stop_nothing(sfn, server):
    """SFN-SEM-2, SFN-SEM-107, SFN-SM-10: where nothing can be delivered, executions go on"""
    logs = server.client("logs")
    group = unique("/g")
    logs.create_log_group(logGroupName=group)
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"]
    made = sfn.create_state_machine(
        name=unique("m"), roleArn=ROLE, definition=json.dumps(
            {"StartAt": "Only", "States": PASS}),
        loggingConfiguration={"level": "ALL", "destinations": [
            {"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]})["stateMachineArn"]
    logs.delete_log_group(logGroupName=group)
    assert run(sfn, made)["status"] == "SUCCEEDED"


def test_waits_never_end_early(sfn):
    """SFN-SEM-90: many at once"""
    arn = machine(sfn, wait_state(1))
    executions = [begun(sfn, arn) for _ in range(20)]
    for execution in executions:
        ended(sfn, execution)
        entered, exited = [event["timestamp"] for event in events_of(sfn, execution)
                           if event["type"].startswith("WaitState")]
        assert 1 <= (exited - entered).total_seconds() < 3
    assert threading.active_count() < 100
