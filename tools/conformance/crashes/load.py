"""Clients under way: each notes what it was told, and what it was not told."""

import json
import random
import threading
import time

from .server import Client, NoAnswer, NotSent, Refused

ROLE = "arn:aws:iam::123456789012:role/states"
STARTERS, WORKERS, STOPPERS, MAKERS, READERS = 4, 2, 1, 1, 1
# Said of no fault of the data: the server is busy, full, or going.
PASSING = ("ThrottlingException", "ServiceUnavailable", "ServiceUnavailableException",
           "InternalFailure", "InternalError", "InternalServerError")


def machines(activity):
    """what is run: nothing to wait for, a clock, a worker, branches"""
    pass_on = {"Type": "Pass", "Next": "Last"}
    last = {"Type": "Pass", "End": True}
    branches = [{"StartAt": name, "States": {name: last}} for name in ("Left", "Right")]
    first = {
        "pass": pass_on,
        "wait": {"Type": "Wait", "Seconds": 1, "Next": "Last"},
        "task": {"Type": "Task", "Resource": activity, "Next": "Last"},
        "both": {"Type": "Parallel", "Branches": branches, "Next": "Last"},
        "long": {"Type": "Wait", "Seconds": 3600, "Next": "Last"},
    }
    return {kind: json.dumps({"StartAt": "First", "States": {"First": state, "Last": last}})
            for kind, state in first.items()}


class Told:
    """what clients know of one store; the checker holds the server to it"""

    def __init__(self):
        self.lock = threading.Lock()
        self.machines, self.activity = {}, None
        self.started = {}     # execution ARN -> (kind, name, input)
        self.unsure = {}      # (kind, name) -> input, no answer came
        self.settled = {}     # name -> output that was acknowledged
        self.stopped = set()  # execution ARNs
        self.created = set()  # activity ARNs
        self.read = {}        # execution ARN -> events of an ended execution
        self.wrong = []       # broken promises seen on the way
        self.answers = 0
        self.fresh = []       # started since the last check

    def prepare(self, server):
        client = Client(server)
        self.activity = client.ask("CreateActivity", name="work")["activityArn"]
        for kind, definition in machines(self.activity).items():
            made = client.ask("CreateStateMachine", name=kind, definition=definition,
                              roleArn=ROLE)
            self.machines[kind] = made["stateMachineArn"]
        client.close()


class Load:
    """threads that ask until they are told to stop"""

    def __init__(self, server, told, seed):
        self.server, self.told, self.stop_now = server, told, threading.Event()
        roles = ([self.start] * STARTERS + [self.work] * WORKERS + [self.end] * STOPPERS +
                 [self.make] * MAKERS + [self.look] * READERS)
        self.threads = [threading.Thread(target=self.run, args=(role, f"{seed}-{number}"))
                        for number, role in enumerate(roles)]
        for thread in self.threads:
            thread.start()

    def run(self, role, mark):
        client, dice, count = Client(self.server), random.Random(mark), 0
        while not self.stop_now.is_set():
            count += 1
            try:
                role(client, dice, f"{mark}-{count}")
                self.told.answers += 1
            except NotSent:
                time.sleep(0.03)
            except NoAnswer:
                time.sleep(0.01)
            except Refused as refused:
                if refused.code not in PASSING and refused.status != 503:
                    self.told.wrong.append(f"{role.__name__}: {refused}")
                time.sleep(0.01)
        client.close()

    def stop(self):
        self.stop_now.set()
        for thread in self.threads:
            thread.join()

    def start(self, client, dice, name):
        kind = dice.choice(("pass", "pass", "wait", "task", "task", "both", "long"))
        value = json.dumps({"name": name, "padding": "x" * dice.choice((0, 0, 200, 3000))})
        told = self.told
        try:
            arn = client.ask("StartExecution", stateMachineArn=told.machines[kind], name=name,
                             input=value)["executionArn"]
        except NotSent:
            raise
        except (NoAnswer, Refused):
            with told.lock:
                told.unsure[kind, name] = value
            raise
        with told.lock:
            told.started[arn] = (kind, name, value)
            told.fresh.append(arn)

    def work(self, client, dice, mark):
        if not any(kind == "task" for kind, _, _ in list(self.told.started.values())[-50:]):
            time.sleep(0.02)
            return
        task = client.ask("GetActivityTask", activityArn=self.told.activity, workerName=mark)
        if not task.get("taskToken"):
            return
        name, told = json.loads(task["input"])["name"], self.told
        for turn in range(dice.choice((1, 1, 2))):
            output = json.dumps({"name": name, "by": f"{mark}-{turn}"})
            try:
                client.ask("SendTaskSuccess", taskToken=task["taskToken"], output=output)
            except Refused as refused:
                if refused.code == "TaskTimedOut":
                    return
                raise
            with told.lock:
                if name in told.settled:
                    told.wrong.append(f"two results of {name} were acknowledged")
                told.settled[name] = output

    def end(self, client, dice, _mark):
        with self.told.lock:
            waiting = [arn for arn, (kind, _, _) in list(self.told.started.items())[-200:]
                       if kind == "long" and arn not in self.told.stopped]
        if not waiting:
            time.sleep(0.02)
            return
        arn = dice.choice(waiting)
        client.ask("StopExecution", executionArn=arn, error="Asked")
        with self.told.lock:
            self.told.stopped.add(arn)

    def make(self, client, _dice, name):
        arn = client.ask("CreateActivity", name=name)["activityArn"]
        with self.told.lock:
            self.told.created.add(arn)
        time.sleep(0.05)

    def look(self, client, dice, _mark):
        with self.told.lock:
            known = list(self.told.started)[-100:]
        if not known:
            time.sleep(0.02)
            return
        arn = dice.choice(known)
        events = history(client, arn)
        if events[-1]["type"] in ENDS:
            with self.told.lock:
                self.told.read[arn] = events


ENDS = {"ExecutionSucceeded": "SUCCEEDED", "ExecutionFailed": "FAILED",
        "ExecutionAborted": "ABORTED", "ExecutionTimedOut": "TIMED_OUT"}


def history(client, arn):
    answer = client.ask("GetExecutionHistory", executionArn=arn, maxResults=1000)
    assert "nextToken" not in answer, "longer than any of these executions"
    return answer["events"]
