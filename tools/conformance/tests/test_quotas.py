"""What an account may have, AWS's values and relaxed ones, and the words before they are reached."""

import json
import os
import re
import threading
import time

import pytest
from botocore.exceptions import ClientError
from support import (PASS, ROLE, ended, events_of, machine, one_state, refused, run, rung, sound,
                     unique, until, wait_state)

FULL = "The maximum number of running executions has been reached."
PAUSE = wait_state(3000)


def text(size):
    """a JSON text of so many bytes that cannot be packed"""
    return json.dumps(os.urandom(size)[: (size - 2) // 2].hex().ljust(size - 2, "x"))


@pytest.fixture
def small(new_server):
    """a server on which little is allowed"""
    def make(**limits):
        server = new_server()
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in limits.items())
        (server.folder / "rung.toml").write_text(f"[limits]\n{lines}\n")
        return server.start()
    return make


def start(sfn, arn, **more):
    return sfn.start_execution(stateMachineArn=arn, **more)["executionArn"]


def full(sfn, arn):
    return refused("ExecutionLimitExceeded", sfn.start_execution, stateMachineArn=arn)


def test_open_executions(small):
    """SFN-EXEC-9, SFN-SEM-42: as many as may run, whoever begins them; also after kill -9"""
    server = small(open_executions=3)
    sfn = server.client()
    arn, quick = machine(sfn, PAUSE), machine(sfn, PASS)
    begun = [start(sfn, arn) for _ in range(2)] + [start(sfn, arn, name="kept", input="1")]
    failed = FULL + " Running executions must end or be stopped before a new execution can be " \
        "started."
    assert full(sfn, arn).message == failed
    assert start(sfn, arn, name="kept", input="1") == begun[2], "the same start is no new one"
    refused("ExecutionAlreadyExists", sfn.start_execution, stateMachineArn=arn, name="kept",
            input="2")
    full(sfn, quick)
    assert server.client(key="111122223333").list_state_machines()["stateMachines"] == []
    express = sfn.create_state_machine(
        name="e", roleArn=ROLE, type="EXPRESS",
        definition=json.dumps({"StartAt": "Only", "States": PASS}))["stateMachineArn"]
    assert sfn.start_sync_execution(stateMachineArn=express)["status"] == "SUCCEEDED"
    start(sfn, express)
    server.kill()
    server.start()
    full(sfn, arn)
    sfn.stop_execution(executionArn=begun[0])
    for _ in range(5):
        assert run(sfn, quick)["status"] == "SUCCEEDED"
    start(sfn, arn)
    full(sfn, quick)
    refused("ExecutionLimitExceeded", sfn.redrive_execution, executionArn=begun[0])
    sfn.stop_execution(executionArn=begun[1])
    sfn.redrive_execution(executionArn=begun[0])
    full(sfn, quick)
    server.kill()
    server.start()
    full(sfn, quick)
    other = server.client(key="111122223333")
    start(other, machine(other, PAUSE))


def test_open_executions_of_machines_that_go(small):
    """a deleted machine's executions end, and make room"""
    sfn = small(open_executions=1).client()
    states = {"Pause": {"Type": "Wait", "Seconds": 1, "Next": "Only"}, **PASS}
    arn, other = machine(sfn, states), machine(sfn, PASS)
    execution = start(sfn, arn)
    full(sfn, other)
    sfn.delete_state_machine(stateMachineArn=arn)

    def starts():
        try:
            return start(sfn, other)
        except ClientError:
            return None
    assert until(starts)
    refused("ExecutionDoesNotExist", sfn.describe_execution, executionArn=execution)


def test_starts_at_once(small):
    """none too many, and none less"""
    server = small(open_executions=20)
    sfn = server.client()
    arn, begun, late = machine(sfn, PAUSE), [], []

    def many():
        for _ in range(10):
            try:
                begun.append(start(sfn, arn))
            except ClientError as error:
                assert error.response["Error"]["Code"] == "ExecutionLimitExceeded"
                late.append(error)
    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(begun), len(late)) == (20, 60)
    listed = sfn.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]
    assert len(listed) == 20


def test_nested_starts_are_refused_alike(small):
    """the state fails with AWS's error, which a Retry can name"""
    sfn = small(open_executions=1).client()
    inner = machine(sfn, PAUSE)
    seen = run(sfn, machine(sfn, one_state(
        Type="Task", Resource="arn:aws:states:::states:startExecution",
        Parameters={"StateMachineArn": inner})))
    assert seen["error"] == "StepFunctions.ExecutionLimitExceededException"
    assert FULL in seen["cause"]


def test_machines_and_activities(small):
    """repeating what is there needs no room; deleting makes some; also after kill -9"""
    server = small(state_machines=2, activities=2)
    sfn = server.client()
    arns = [machine(sfn, PASS, name=name) for name in ("a", "b")]
    activities = [sfn.create_activity(name=name)["activityArn"] for name in ("a", "b")]
    assert machine(sfn, PASS, name="a") == arns[0]
    assert sfn.create_activity(name="a")["activityArn"] == activities[0]
    for again in range(2):
        fault = refused("StateMachineLimitExceeded", machine, sfn=sfn, states=PASS)
        assert fault.message.startswith("The maximum number of state machines has been reached.")
        fault = refused("ActivityLimitExceeded", sfn.create_activity, name="c")
        assert fault.message.startswith("The maximum number of activities has been reached.")
        if not again:
            server.kill()
            server.start()
    sfn.update_state_machine(stateMachineArn=arns[0], roleArn=ROLE + "2")
    for _ in range(2):
        sfn.delete_state_machine(stateMachineArn=arns[1])
        sfn.delete_activity(activityArn=activities[1])
    machine(sfn, PASS, name="c")
    sfn.create_activity(name="c")
    refused("StateMachineLimitExceeded", machine, sfn=sfn, states=PASS, name="b")
    refused("ActivityLimitExceeded", sfn.create_activity, name="b")
    other = server.client(key="111122223333")
    machine(other, PASS)
    other.create_activity(name="a")


def test_versions_aliases_and_pollers(small):
    """SFN-VER-6, SFN-ACT-21: of one machine and of one activity"""
    server = small(versions=2, aliases=1, pollers=1)
    sfn = server.client()
    arn = machine(sfn, PASS)
    for number in range(2):
        sfn.update_state_machine(stateMachineArn=arn, roleArn=f"{ROLE}{number}", publish=True)
    fault = refused("ServiceQuotaExceededException", sfn.update_state_machine,
                    stateMachineArn=arn, roleArn=ROLE, publish=True)
    assert fault.message == "A state machine can have at most 2 versions"
    routing = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    sfn.create_state_machine_alias(name="one", routingConfiguration=routing)
    refused("ServiceQuotaExceededException", sfn.create_state_machine_alias, name="two",
            routingConfiguration=routing)
    activity = sfn.create_activity(name="a")["activityArn"]
    gone = threading.Thread(target=lambda: refused(
        "ActivityDoesNotExist", sfn.get_activity_task, activityArn=activity))
    gone.start()
    quick = server.client(read_timeout=1)

    def crowded():
        try:
            quick.get_activity_task(activityArn=activity)
        except ClientError as error:
            return error.response["Error"]["Code"] == "ActivityWorkerLimitExceeded"
        except Exception:  # this poll came first and is given up
            return False
    until(crowded)
    sfn.delete_activity(activityArn=activity)
    gone.join()


def mapping(sfn, seconds, **more):
    each = {"StartAt": "Pause", "States": wait_state(seconds),
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    return machine(sfn, one_state(Type="Map", Label="Each", ItemProcessor=each, **more))


def map_run_of(sfn, execution):
    runs = until(lambda: sfn.list_map_runs(executionArn=execution)["mapRuns"])
    return runs[0]["mapRunArn"]


def children(sfn, run_arn):
    return sfn.list_executions(mapRunArn=run_arn)["executions"]


def test_open_map_runs_wait(small):
    """a Map Run beyond the quota waits for its turn, is told of, and can be stopped"""
    server = small(open_map_runs=1, open_executions=4, map_run_children=2)
    sfn = server.client()
    long, short = mapping(sfn, 3000), mapping(sfn, 0)
    first = start(sfn, long, input="[1, 2, 3]")
    run_arn = map_run_of(sfn, first)
    until(lambda: len(children(sfn, run_arn)) == 2)
    second, third = start(sfn, long, input="[1]"), start(sfn, short, input="[1, 2]")
    second_run, third_run = map_run_of(sfn, second), map_run_of(sfn, third)
    time.sleep(0.5)
    for waiting in (second_run, third_run):
        assert children(sfn, waiting) == []
        assert sfn.describe_map_run(mapRunArn=waiting)["status"] == "RUNNING"
    assert len(children(sfn, run_arn)) == 2, "as many at once as there may be"
    server.kill()
    server.start()
    sfn.stop_execution(executionArn=second)
    until(lambda: sfn.describe_map_run(mapRunArn=second_run)["status"] == "ABORTED")
    sfn.stop_execution(executionArn=first)
    until(lambda: sfn.describe_map_run(mapRunArn=run_arn)["status"] == "ABORTED")
    assert ended(sfn, third)["status"] == "SUCCEEDED"


def test_map_runs_within_map_runs_do_not_wait(small):
    """they would wait for the one that waits for them"""
    sfn = small(open_map_runs=1).client()
    inner = {"StartAt": "Least", "States": {"Least": {"Type": "Pass", "End": True}},
             "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    outer = {"StartAt": "In", "States": {"In": {
        "Type": "Map", "Label": "In", "ItemProcessor": inner, "End": True}},
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    seen = run(sfn, machine(sfn, one_state(Type="Map", Label="Out", ItemProcessor=outer)),
               [[1, 2], [3]])
    assert json.loads(seen["output"]) == [[1, 2], [3]]


def test_strict_body(sfn):
    """AWS's limit of a request, before its meaning is looked at"""
    with pytest.raises(ClientError) as caught:
        sfn.start_execution(stateMachineArn="x", input="x" * (1 << 20))
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 413)
    definition = {"StartAt": "Only", "States": PASS, "Comment": "x" * 1_000_000}
    made = sfn.create_state_machine(
        name=unique(), definition=json.dumps(definition), roleArn=ROLE)
    sfn.delete_state_machine(stateMachineArn=made["stateMachineArn"])


def told(server, words):
    return [line for line in server.log().splitlines() if words in line]


def test_relaxed_payloads(small):
    """larger ones pass everywhere, and are told of once"""
    server = small(mode="relaxed")
    sfn = server.client()
    arn = machine(sfn, {"One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Succeed"}},
                  name="large")
    edge = run(sfn, arn, "x" * 200_000)
    assert edge["status"] == "SUCCEEDED" and not told(server, "large:")
    for size in (215_000, 3_000_000, 6 << 20):
        value = text(size)
        execution = start(sfn, arn, input=value)
        seen = ended(sfn, execution)
        assert (seen["status"], seen["output"]) == ("SUCCEEDED", value)
        lines = until(lambda: told(server, execution))
        assert len(lines) == 1, lines
        assert f"large: a payload of {size} bytes at `One`; AWS allows 262144." in lines[0]
        assert "S3" in lines[0]
        sound(events_of(sfn, execution, page=10))
    fault = refused("ValidationException", sfn.start_execution, stateMachineArn=arn,
                    input=text((6 << 20) + 1))
    assert "less than or equal to 6291456" in fault.message
    quotes = json.dumps('"' * ((3 << 20) - 1))  # doubled, and again in the request
    assert ended(sfn, start(sfn, arn, input=quotes))["status"] == "SUCCEEDED"
    with pytest.raises(Exception):
        start(sfn, arn, input="x" * (25 << 20))
    assert run(sfn, arn, "still up")["status"] == "SUCCEEDED"


def test_relaxed_tasks_and_tokens(small):
    """what workers send, too; a restart does not tell again"""
    server = small(mode="relaxed")
    sfn = server.client()
    activity = sfn.create_activity(name="a")["activityArn"]
    arn = machine(sfn, {
        "Work": {"Type": "Task", "Resource": activity, "Next": "Pause"},
        "Pause": {"Type": "Wait", "Seconds": 2, "Next": "Again"},
        "Again": {"Type": "Pass", "End": True}})
    execution = start(sfn, arn)
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    value = text(1_000_000)
    sfn.send_task_success(taskToken=token, output=value)
    until(lambda: told(server, execution))
    server.kill()
    server.start()
    assert ended(sfn, execution)["output"] == value
    assert len(told(server, execution)) == 1, server.log()


def test_relaxed_express(small):
    """told of as well, once"""
    server = small(mode="relaxed")
    sfn = server.client()
    arn = sfn.create_state_machine(
        name="express", roleArn=ROLE, type="EXPRESS", definition=json.dumps(
            {"StartAt": "One", "States": {"One": {"Type": "Pass", "Next": "Two"},
                                          "Two": {"Type": "Pass", "End": True}}}))
    done = sfn.start_sync_execution(
        stateMachineArn=arn["stateMachineArn"], input=text(2_000_000))
    assert done["status"] == "SUCCEEDED"
    assert len(until(lambda: told(server, done["executionArn"]))) == 1


def test_relaxed_history(small):
    """longer ones go on, and are told of once"""
    server = small(mode="relaxed", history_events=30_000)
    sfn = server.client()
    loop = machine(sfn, {
        "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Again"},
        "Again": {"Type": "Choice", "Default": "Count", "Choices": [
            {"Variable": "$.n", "NumericLessThan": 0, "Next": "Done"}]},
        "Done": {"Type": "Succeed"}}, name="loop")
    execution = start(sfn, loop, input='{"n":0}')
    seen = ended(sfn, execution, 60)
    assert (seen["status"], seen["error"]) == ("FAILED", "States.Runtime")
    assert seen["cause"] == "The execution reached the maximum number of history events (30000)."
    last = sfn.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)
    assert last["events"][0]["id"] == 30_000
    lines = told(server, execution)
    assert len(lines) == 1 and "AWS ends an execution at 25000." in lines[0], lines
    assert "distributed Map" in lines[0]


def test_relaxed_in_production(new_server):
    """the same limits, and the word is in the log"""
    server = new_server(mode="serve")
    server.config = server.place / "rung.toml"
    server.config.write_text('keys = "keys.toml"\nlimits = "relaxed"\n')
    made = rung("key", "new", "--file", server.place / "keys.toml", "--account", "111122223333")
    words = dict(re.findall(r"export (\w+)=(\S+)", made.stdout))
    server.start()
    sfn = server.client(key=words["AWS_ACCESS_KEY_ID"], secret=words["AWS_SECRET_ACCESS_KEY"])
    execution = start(sfn, machine(sfn, PASS), input=text(2_000_000))
    assert ended(sfn, execution)["status"] == "SUCCEEDED"
    (line,) = until(lambda: told(server, execution))
    assert "WARN" in line and "AWS allows 262144" in line


def test_single_limits(small):
    """strict but for one; nothing is told where AWS allows more"""
    server = small(payload_bytes=1_000, request_bytes=100_000)
    sfn = server.client()
    arn = machine(sfn, one_state(Type="Pass", Parameters={"a.$": "$", "b.$": "$"}))
    fault = refused("ValidationException", sfn.start_execution, stateMachineArn=arn,
                    input=text(1_001))
    assert "less than or equal to 1000" in fault.message
    seen = run(sfn, arn, "x" * 900)
    assert (seen["status"], seen["error"]) == ("FAILED", "States.DataLimitExceeded")
    with pytest.raises(ClientError):
        start(sfn, arn, input="x" * 100_000)
    assert not told(server, "AWS allows")
