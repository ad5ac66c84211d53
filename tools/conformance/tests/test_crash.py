"""kill -9 while executions are in every kind of waiting, and a start on the same data."""

import concurrent.futures
import json
import threading
import time

import pytest
from support import (ended, events_of, invoke_state, machine, one_state, processes_with,
                     python_function, refused, sound, types, unique, until, until_event,
                     wait_state)

LOST = ("States.TaskFailed", "Lambda.SdkClientException", "Lambda.Unknown")
# Writes down each call; waits without end in the first call of an order, answers in the second.
SLOW = """
import os, pathlib, time
def handler(event, context):
    place = pathlib.Path(os.environ['PLACE'])
    mine = place / event['order']
    with open(mine, 'a') as file:
        file.write('call\\n')
    if mine.read_text().count('call') == 1:
        time.sleep(300)
    return {'order': event['order'], 'calls': mine.read_text().count('call')}
"""
ASK = """
import os, pathlib
def handler(event, context):
    place = pathlib.Path(os.environ['PLACE'])
    new = place / (event['order'] + '.new')
    new.write_text(event['token'])
    new.rename(place / event['order'])
"""
RETRY = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "MaxAttempts": 2}]


class Orders:
    """twenty executions, four kinds, five each"""

    def __init__(self, server, place):
        self.server, self.place = server, place
        self.mark = unique("mark")
        sfn, lam = server.client(), server.client("lambda")
        variables = {"PLACE": str(place), "MARK": self.mark}
        slow = python_function(lam, SLOW, timeout=120, variables=variables)
        ask = python_function(lam, ASK, variables=variables)
        self.activity = sfn.create_activity(name=unique("a"))["activityArn"]
        callback = invoke_state(ask, {"order.$": "$.order", "token.$": "$$.Task.Token"})
        callback["Resource"] += ".waitForTaskToken"
        done = {"Done": {"Type": "Pass", "End": True}}
        follow = lambda state: {"Only": {**state, "Next": "Done"}, **done}
        for state in (callback, ):
            del state["End"]
        slow_once = invoke_state(slow)
        slow_again = invoke_state(slow, Retry=RETRY)
        for state in (slow_once, slow_again):
            del state["End"]
        self.machines = {
            "wait": machine(sfn, follow({"Type": "Wait", "Seconds": 4})),
            "activity": machine(sfn, follow({"Type": "Task", "Resource": self.activity})),
            "callback": machine(sfn, follow(callback)),
            "lost": machine(sfn, follow(slow_once)),
            "retried": machine(sfn, follow(slow_again)),
        }
        self.executions = {}

    def start(self, kind, count):
        sfn = self.server.client()
        for number in range(count):
            order = f"{kind}-{number}"
            self.executions[order] = sfn.start_execution(
                stateMachineArn=self.machines[kind], name=order,
                input=json.dumps({"order": order}))["executionArn"]

    def token(self, order):
        return (self.place / order).read_text()


@pytest.fixture(scope="module")
def crashed(tmp_path_factory):
    """twenty orders in flight, one kill, one start; with what was seen before"""
    from support import Server
    server = Server().start()
    orders = Orders(server, tmp_path_factory.mktemp("orders"))
    sfn = server.client()
    orders.start("activity", 5)
    orders.leases = [sfn.get_activity_task(activityArn=orders.activity) for _ in range(3)]
    orders.start("callback", 5)
    orders.start("lost", 2)
    orders.start("retried", 3)
    orders.start("wait", 5)
    for order, arn in orders.executions.items():
        if order.startswith("callback"):
            until_event(sfn, arn, "TaskSubmitted")
        if order.startswith(("lost", "retried")):
            until((orders.place / order).exists)
    # One of each is settled, acknowledged, and must stay so.
    settled = json.loads(orders.leases[0]["input"])["order"]
    sfn.send_task_success(taskToken=orders.leases[0]["taskToken"], output='"before"')
    sfn.send_task_success(taskToken=orders.token("callback-0"), output='"before"')
    orders.settled = [settled, "callback-0"]
    orders.before = {order: events_of(sfn, arn) for order, arn in orders.executions.items()}
    assert processes_with(orders.mark)
    server.kill()
    orders.killed = time.time()
    until(lambda: not processes_with(orders.mark), seconds=5,
          what="function processes outlived the server")
    server.start()
    yield orders
    server.close()


def test_histories_go_on_where_they_were(crashed):
    """SFN-SEM-100: what was shown before is still there, and nothing in between is lost"""
    sfn = crashed.server.client()
    for order, arn in crashed.executions.items():
        now = events_of(sfn, arn)
        before = crashed.before[order]
        assert now[:len(before)] == before, order


def test_acknowledged_results_survive(crashed):
    """SFN-SEM-103"""
    sfn = crashed.server.client()
    for order in crashed.settled:
        seen = ended(sfn, crashed.executions[order])
        assert (seen["status"], seen["output"]) == ("SUCCEEDED", '"before"')
    for token in (crashed.leases[0]["taskToken"], crashed.token("callback-0")):
        refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output='"again"')


def test_waits_end(crashed):
    """SFN-SEM-101: deadlines are absolute; the ones missed fire at once"""
    sfn = crashed.server.client()
    for number in range(5):
        seen = ended(sfn, crashed.executions[f"wait-{number}"])
        assert seen["status"] == "SUCCEEDED"
        length = (seen["stopDate"] - seen["startDate"]).total_seconds()
        assert length >= 4
        events = sound(events_of(sfn, seen["executionArn"]))
        assert types(events).count("WaitStateExited") == 1


def test_tokens_settle_after_the_start(crashed):
    """SFN-SEM-102: leased tasks stay leased, unleased ones are handed out, callbacks wait"""
    sfn = crashed.server.client()
    leased = {json.loads(task["input"])["order"]: task for task in crashed.leases[1:]}
    for task in leased.values():
        sfn.send_task_heartbeat(taskToken=task["taskToken"])
        sfn.send_task_success(taskToken=task["taskToken"], output='"leased"')
    fresh = [sfn.get_activity_task(activityArn=crashed.activity) for _ in range(2)]
    orders = {json.loads(task["input"])["order"] for task in fresh}
    every = {f"activity-{n}" for n in range(5)}
    assert orders == every - set(leased) - set(crashed.settled)
    for task in fresh:
        sfn.send_task_success(taskToken=task["taskToken"], output='"fresh"')
    for number in range(1, 5):
        sfn.send_task_success(taskToken=crashed.token(f"callback-{number}"), output='"after"')
    for order in sorted(every) + [f"callback-{n}" for n in range(5)]:
        seen = ended(sfn, crashed.executions[order])
        assert seen["status"] == "SUCCEEDED", order
        events = sound(events_of(sfn, seen["executionArn"]))
        kind = "ActivitySucceeded" if order.startswith("activity") else "TaskSucceeded"
        assert types(events).count(kind) == 1


def test_a_lost_outcome_is_a_failure(crashed):
    """SFN-SEM-104: the function is not called again behind the definition's back"""
    sfn = crashed.server.client()
    for number in range(2):
        order = f"lost-{number}"
        seen = ended(sfn, crashed.executions[order])
        assert seen["status"] == "FAILED" and seen["error"] in LOST
        assert seen["cause"], "the cause says that the outcome was lost"
        assert (crashed.place / order).read_text().count("call") == 1
        sound(events_of(sfn, seen["executionArn"]))


def test_a_lost_outcome_is_retried_as_the_definition_says(crashed):
    """SFN-SEM-104"""
    sfn = crashed.server.client()
    for number in range(3):
        order = f"retried-{number}"
        seen = ended(sfn, crashed.executions[order])
        assert seen["status"] == "SUCCEEDED"
        assert json.loads(seen["output"])["Payload"] == {"order": order, "calls": 2}
        events = sound(events_of(sfn, seen["executionArn"]))
        assert types(events).count("TaskScheduled") == 2
        assert types(events).count("TaskFailed") == 1


def test_the_aws_cli_reads_the_histories(crashed):
    """one of each kind, with the tool as installed from PyPI"""
    sfn = crashed.server.client()
    for order in ("wait-0", "activity-0", "callback-1", "lost-0", "retried-0"):
        arn = crashed.executions[order]
        ended(sfn, arn)
        answer = crashed.server.cli(
            "stepfunctions", "get-execution-history", "--execution-arn", arn)
        assert types(answer["events"]) == types(events_of(sfn, arn))


def test_acknowledged_starts_survive(new_server):
    """SFN-SEM-100: killed while starts pour in; each that was answered is there, and ends"""
    server = new_server().start()
    arn = machine(server.client(), wait_state(1))
    acknowledged, stop = [], threading.Event()

    def pour(lane):
        sfn = server.client()
        number = 0
        while not stop.is_set():
            try:
                sfn.start_execution(stateMachineArn=arn, name=f"{lane}-{number}", input="{}")
            except Exception:  # the server is being killed
                return
            acknowledged.append(f"{lane}-{number}")
            number += 1

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        lanes = [pool.submit(pour, lane) for lane in range(8)]
        until(lambda: len(acknowledged) > 200, seconds=30)
        server.kill()
        stop.set()
        for lane in lanes:
            lane.result()
    sfn = server.start().client()
    listed = lambda **more: {one["name"] for page in sfn.get_paginator("list_executions").paginate(
        stateMachineArn=arn, **more) for one in page["executions"]}
    missing = set(acknowledged) - listed()
    assert not missing
    until(lambda: not listed(statusFilter="RUNNING"), seconds=30)
    assert set(acknowledged) <= listed(statusFilter="SUCCEEDED")


def test_a_kill_between_kills(new_server):
    """three in a row lose nothing either"""
    server = new_server().start()
    sfn = server.client()
    activity = sfn.create_activity(name="kept", tags=[{"key": "a", "value": "b"}])["activityArn"]
    arn = machine(sfn, one_state(Type="Task", Resource=activity))
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    for _ in range(3):
        server.kill()
        server.start()
    sfn = server.client()
    assert sfn.list_tags_for_resource(resourceArn=activity)["tags"] == [{"key": "a", "value": "b"}]
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]
    server.kill()
    server.start()
    sfn = server.client()
    sfn.send_task_success(taskToken=token, output="1")
    assert ended(sfn, execution)["output"] == "1"
    sound(events_of(sfn, execution))


def test_an_orderly_end(new_server):
    """SIGTERM: exit code 0, and everything there afterwards"""
    server = new_server().start()
    sfn = server.client()
    arn = machine(sfn, wait_state(2))
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    assert server.stop() == 0
    sfn = server.start().client()
    assert ended(sfn, execution)["status"] == "SUCCEEDED"
