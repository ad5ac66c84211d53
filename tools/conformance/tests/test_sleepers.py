"""Thousands of executions asleep, a kill -9, a start on the same data: who is due wakes on time,
the others sleep on and can still be answered, and all of them are counted."""

import collections
import concurrent.futures
import datetime
import json
import time

import pytest
from support import (PASS, ROLE, Server, ended, events_of, machine, refused, sound, types, unique,
                     until, until_event)

# Further than any test lasts, and not as far as a Wait may not go.
FAR = datetime.datetime.fromtimestamp(
    time.time() + 300 * 86_400, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
# Of each kind; of Waits there are those that become due besides.
EACH = 700
DUE = 300
# From the last start of an execution to the first due time, and from that to the last.
DUE_AFTER_SECONDS, DUE_WITHIN_SECONDS = 12, 6
# A debug build on a busy machine; the mark is for `cargo xtask bench sleepers`.
LATE_SECONDS_MAX = 5
ANSWERED = 20
DONE = {"Done": {"Type": "Pass", "End": True}}


def stamp(seconds):
    time_of = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return time_of.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def count(sfn, machine_arn, status):
    """over all pages; no execution may be on two of them"""
    pages = sfn.get_paginator("list_executions").paginate(
        stateMachineArn=machine_arn, statusFilter=status, PaginationConfig={"PageSize": 500})
    names = [item["name"] for page in pages for item in page["executions"]]
    assert len(set(names)) == len(names)
    return len(names)


class Sleepers:
    """executions of three kinds on a server of their own, before and after its kill"""

    def __init__(self, server):
        self.server = server
        sfn = self.sfn = server.client()
        self.activity = sfn.create_activity(name=unique("a"))["activityArn"]
        forgets = sfn.create_state_machine(
            name=unique("forgets"), roleArn=ROLE, type="EXPRESS",
            definition=json.dumps({"StartAt": "Only", "States": PASS}))["stateMachineArn"]
        token = {"Type": "Task", "Next": "Done",
                 "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
                 "Parameters": {"StateMachineArn": forgets,
                                "Input": {"token.$": "$$.Task.Token"}}}
        self.machines = {
            "wait": machine(sfn, {"Sleep": {"Type": "Wait", "TimestampPath": "$.until",
                                            "Next": "Done"}, **DONE}),
            "token": machine(sfn, {"Ask": token, **DONE}),
            "activity": machine(sfn, {"Work": {"Type": "Task", "Resource": self.activity,
                                               "Next": "Done"}, **DONE}),
        }
        self.executions = collections.defaultdict(list)
        self.pool = concurrent.futures.ThreadPoolExecutor(16)

    def start(self, kind, moments):
        def one(until_time):
            return self.sfn.start_execution(
                stateMachineArn=self.machines[kind],
                input=json.dumps({"until": until_time}))["executionArn"]
        return list(self.pool.map(one, moments))

    def fall_asleep(self):
        for kind in self.machines:
            self.executions[kind] = self.start(kind, [FAR] * EACH)
        self.leases = [self.sfn.get_activity_task(activityArn=self.activity) for _ in range(3)]
        asked = self.executions["token"]
        list(self.pool.map(lambda arn: until_event(self.sfn, arn, "TaskSubmitted"), asked))
        begin = time.time() + DUE_AFTER_SECONDS
        self.due = [begin + DUE_WITHIN_SECONDS * place / DUE for place in range(DUE)]
        self.executions["due"] = self.start("wait", map(stamp, self.due))

    def token(self, arn):
        scheduled = next(event for event in events_of(self.sfn, arn)
                         if event["type"] == "TaskScheduled")
        parameters = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])
        return parameters["Input"]["token"]


@pytest.fixture(scope="module")
def sleepers():
    server = Server()
    (server.folder / "rung.toml").write_text(f"[limits]\nopen_executions = {3 * EACH + DUE}\n")
    sleepers = Sleepers(server.start())
    sleepers.fall_asleep()
    server.kill()
    server.start()
    sleepers.ready = time.time()
    sleepers.first = refused_start(sleepers)
    yield sleepers
    server.close()


def refused_start(sleepers):
    """what a start is told while as many run as may"""
    assert time.time() < sleepers.due[0], "the outage took too long to tell"
    return refused("ExecutionLimitExceeded", sleepers.sfn.start_execution,
                   stateMachineArn=sleepers.machines["wait"], input=json.dumps({"until": FAR}))


def test_who_is_due_wakes_on_time(sleepers):
    """SFN-SEM-100, SFN-SEM-101: by the clock, not by when the server came back"""
    time.sleep(max(0, sleepers.due[-1] - time.time()))
    for arn, due in zip(sleepers.executions["due"], sleepers.due):
        seen = ended(sleepers.sfn, arn)
        assert seen["status"] == "SUCCEEDED"
        events = sound(events_of(sleepers.sfn, arn))
        left = [event for event in events if event["type"] == "WaitStateExited"]
        late = left[0]["timestamp"].timestamp() - max(due, sleepers.ready)
        assert len(left) == 1 and late < LATE_SECONDS_MAX
        assert left[0]["timestamp"].timestamp() >= due - 0.001, "none wakes early"


def test_the_others_sleep_on_and_are_counted(sleepers):
    """SFN-SEM-100: each is in the list of the running ones, once"""
    sfn = sleepers.sfn
    assert sleepers.first.code == "ExecutionLimitExceeded", "right after the start too"
    until(lambda: count(sfn, sleepers.machines["wait"], "SUCCEEDED") == DUE, 60)
    for kind, arn in sleepers.machines.items():
        assert count(sfn, arn, "RUNNING") == EACH, kind
    for kind in sleepers.machines:
        for arn in sleepers.executions[kind][:ANSWERED]:
            events = sound(events_of(sfn, arn), closed=False)
            assert types(events)[0] == "ExecutionStarted"


def test_tokens_are_answered(sleepers):
    """SFN-SEM-102, SFN-SEM-103"""
    sfn, asked = sleepers.sfn, sleepers.executions["token"][:ANSWERED]
    for arn in asked:
        token = sleepers.token(arn)
        sfn.send_task_heartbeat(taskToken=token)
        sfn.send_task_success(taskToken=token, output='"woken"')
        seen = ended(sfn, arn)
        assert (seen["status"], seen["output"]) == ("SUCCEEDED", '"woken"')
        assert types(sound(events_of(sfn, arn))).count("TaskSucceeded") == 1
        refused("TaskTimedOut", sfn.send_task_success, taskToken=token, output="1")
    assert count(sfn, sleepers.machines["token"], "RUNNING") == EACH - ANSWERED


def test_activities_are_answered(sleepers):
    """SFN-SEM-102: what a worker had is still its own; all others are handed out once"""
    sfn = sleepers.sfn
    tasks = list(sleepers.pool.map(
        lambda _: sfn.get_activity_task(activityArn=sleepers.activity), range(ANSWERED)))
    tokens = [task["taskToken"] for task in [*sleepers.leases, *tasks]]
    assert len(set(tokens)) == len(tokens)
    for token in tokens:
        sfn.send_task_success(taskToken=token, output='"woken"')
    of = sleepers.machines["activity"]
    until(lambda: count(sfn, of, "SUCCEEDED") == len(tokens))
    assert count(sfn, of, "RUNNING") == EACH - len(tokens)


def test_sleepers_can_be_stopped(sleepers):
    """the lists follow"""
    sfn = sleepers.sfn
    for kind, of in sleepers.machines.items():
        before = count(sfn, of, "RUNNING")
        arn = sleepers.executions[kind][-1]
        sfn.stop_execution(executionArn=arn)
        assert ended(sfn, arn)["status"] == "ABORTED"
        assert count(sfn, of, "RUNNING") == before - 1
