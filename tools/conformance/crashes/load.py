"""Clients under way: each notes what it was told, and what it was not told."""

import collections
import json
import queue
import random
import threading
import time

from .express import Express
from .machines import ROLE, definitions, value_of
from .releases import Releases
from .server import NoAnswer, NotSent, Refused
from .tags import Tags

STARTERS, WORKERS, STOPPERS, MAKERS, READERS = 4, 2, 1, 1, 1
EXPRESS_STARTERS, SYNC_STARTERS, SETTLERS, REDRIVERS, RELEASERS, TAGGERS = 1, 2, 1, 1, 1, 1
KINDS = (("pass",) * 4 + ("wait",) * 2 + ("task",) * 4 + ("both",) * 2 + ("long",) * 2 +
         ("call",) * 2 + ("token",) * 2 + ("fail",) + ("map",))
# Said of no fault of the data: the server is busy, full, or going.
PASSING = ("ThrottlingException", "ServiceUnavailable", "ServiceUnavailableException",
           "InternalFailure", "InternalError", "InternalServerError")
# An answer to who comes too late, or again after an answer was lost.
TOO_LATE = ("TaskTimedOut", "ExecutionNotRedrivable")


class Told:
    """what clients know of one store; the checker holds the server to it"""

    def __init__(self, counter):
        self.lock, self.counter = threading.Lock(), counter
        self.machines, self.activity = {}, None
        self.started = {}     # execution ARN -> (kind, name, input)
        self.unsure = {}      # (kind, name) -> input, no answer came
        self.settled = {}     # name -> (kind of event, output or error) that was acknowledged
        self.stopped = set()  # execution ARNs
        self.created = set()  # activity ARNs
        self.read = {}        # execution ARN -> events of an ended execution
        self.ran = {}         # execution ARN -> (version ARN, output), of one started by an alias
        self.redriven = {}    # execution ARN -> (redrives acknowledged, asked for)
        self.express, self.releases, self.tags = Express(counter), Releases(self), Tags()
        self.wrong = []       # broken promises seen on the way
        self.answers = 0
        self.fresh = []       # started since the last check

    def prepare(self, server):
        client = server.client()
        self.activity = client.ask("CreateActivity", name="work")["activityArn"]
        for kind, definition in definitions(self.activity).items():
            made = client.ask("CreateStateMachine", name=kind, definition=definition,
                              roleArn=ROLE)
            self.machines[kind] = made["stateMachineArn"]
        self.express.prepare(client)
        client.close()

    def counts(self):
        """what was acknowledged, by its kind"""
        kinds = collections.Counter(kind for kind, _, _ in self.started.values())
        return {
            "answers": self.answers,
            "starts": len(self.started),
            "of them map runs": kinds["map"],
            "of them by an alias": len(self.ran),
            "results of tasks": len(self.settled),
            "stops": len(self.stopped),
            "redrives": sum(done for done, _ in self.redriven.values()),
            "versions": len(self.releases.versions) + len(self.releases.deleted),
            "changes of tags": self.tags.changes,
            "Express starts": len(self.express.acknowledged),
            "synchronous starts": len(self.express.asked),
            "calls of the function": sum(self.counter.calls.values()),
        }


class Load:
    """threads that ask until they are told to stop"""

    def __init__(self, server, told, seed):
        self.server, self.told, self.stop_now = server, told, threading.Event()
        roles = ([self.start] * STARTERS + [self.work] * WORKERS + [self.end] * STOPPERS +
                 [self.make] * MAKERS + [self.look] * READERS + [self.settle] * SETTLERS +
                 [self.redrive] * REDRIVERS + [told.express.start] * EXPRESS_STARTERS +
                 [told.express.start_sync] * SYNC_STARTERS +
                 [self.release] * RELEASERS + [self.tag] * TAGGERS)
        self.threads = [threading.Thread(target=self.run, args=(role, f"{seed}-{number}"))
                        for number, role in enumerate(roles)]
        for thread in self.threads:
            thread.start()

    def run(self, role, mark):
        client, dice, count = self.server.client(), random.Random(mark), 0
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
                if refused.code not in PASSING + TOO_LATE and refused.status != 503:
                    self.told.wrong.append(f"{role.__name__}: {refused}")
                time.sleep(0.01)
        client.close()

    def stop(self):
        self.stop_now.set()
        for thread in self.threads:
            thread.join()

    def start(self, client, dice, name):
        kind = dice.choice(KINDS)
        value = value_of(kind, name, dice)
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
        name = json.loads(task["input"])["name"]
        for turn in range(dice.choice((1, 1, 2))):
            if dice.random() < 0.2:
                error = f"{mark}-{turn}"
                client.ask("SendTaskFailure", taskToken=task["taskToken"], error=error)
                self.acknowledge(name, ("ActivityFailed", error))
            else:
                output = json.dumps({"name": name, "by": f"{mark}-{turn}"})
                client.ask("SendTaskSuccess", taskToken=task["taskToken"], output=output)
                self.acknowledge(name, ("ActivitySucceeded", output))

    def acknowledge(self, name, result):
        told = self.told
        with told.lock:
            if name in told.settled:
                told.wrong.append(f"two results of {name} were acknowledged")
            told.settled[name] = result

    def settle(self, client, dice, mark):
        """tokens that the function was called with"""
        try:
            name, token = self.told.counter.tokens.get(timeout=0.05)
        except queue.Empty:
            return
        if dice.random() < 0.3:
            client.ask("SendTaskHeartbeat", taskToken=token)
        output = json.dumps({"name": name, "by": mark})
        client.ask("SendTaskSuccess", taskToken=token, output=output)
        self.acknowledge(name, ("TaskSucceeded", output))

    def redrive(self, client, dice, mark):
        told = self.told
        with told.lock:
            failed = [arn for arn, (kind, _, _) in list(told.started.items())[-300:]
                      if kind == "fail"]
        time.sleep(0.03)
        if not failed:
            return
        arn = dice.choice(failed)
        done, asked = told.redriven.get(arn, (0, 0))
        told.redriven[arn] = (done, asked + 1)
        client.ask("RedriveExecution", executionArn=arn, clientToken=mark)
        told.redriven[arn] = (done + 1, asked + 1)

    def release(self, client, dice, mark):
        self.told.releases.act(client, dice, mark)
        time.sleep(0.05)

    def tag(self, client, dice, mark):
        self.told.tags.act(client, dice, mark)
        time.sleep(0.02)

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
