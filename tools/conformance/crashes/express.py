"""Express workflows: what was acknowledged runs at least once, what was asked for synchronously at
most once. Calls are counted by a function of the harness's own."""

import json
import time

from .machines import ROLE, counted

# An acknowledged one has been run after so long, whatever happened meanwhile.
RUN_SECONDS_MAX = 60
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1,
          "MaxAttempts": 30}]


def definitions():
    pause = {"Type": "Wait", "SecondsPath": "$.wait", "Next": "Count"}
    return {
        "express": {"StartAt": "Pause", "States": {
            "Pause": pause, "Count": counted("$.name", Retry=RETRY, End=True)}},
        "sync": {"StartAt": "First", "States": {
            "First": counted("States.Format('{}.first', $.name)", Next="Last"),
            "Last": counted("States.Format('{}.last', $.name)", End=True)}},
    }


class Express:
    def __init__(self, counter):
        self.counter, self.machines = counter, {}
        self.acknowledged = {}  # name -> when
        self.waited_for = {}    # those of them that were not seen to have run
        self.asked = []         # names, of synchronous ones
        self.succeeded = set()  # those of them that were told to have succeeded

    def prepare(self, client):
        for name, definition in definitions().items():
            made = client.ask("CreateStateMachine", name=name, type="EXPRESS", roleArn=ROLE,
                              definition=json.dumps(definition))
            self.machines[name] = made["stateMachineArn"]

    def start(self, client, dice, name):
        value = {"name": name, "wait": dice.choice((0, 0, 1)),
                 "seconds": dice.choice((0, 0, 0.05, 0.3))}
        client.ask("StartExecution", stateMachineArn=self.machines["express"], name=name,
                   input=json.dumps(value))
        self.acknowledged[name] = self.waited_for[name] = time.monotonic()
        time.sleep(0.02)

    def start_sync(self, client, dice, name):
        value = {"name": name, "seconds": dice.choice((0, 0.05, 0.2))}
        self.asked.append(name)
        # Not through retries: each would be an execution of its own.
        answer = client.once("StartSyncExecution", stateMachineArn=self.machines["sync"],
                             input=json.dumps(value))
        if answer["status"] == "SUCCEEDED":
            self.succeeded.add(name)

    def excuse(self, since):
        """the clock jumped: a wait of what began then ends when the clock comes to it"""
        self.waited_for = {name: when for name, when in self.waited_for.items() if when < since}

    def check(self):
        """SFN-SEM-6: what is overdue, and what was called twice"""
        now, calls = time.monotonic(), self.counter.calls
        self.waited_for = {name: since for name, since in self.waited_for.items()
                           if name not in calls}
        wrong = [f"the acknowledged Express execution {name} was not run for {now - since:.0f} s"
                 for name, since in self.waited_for.items() if now - since > RUN_SECONDS_MAX]
        for name in self.asked:
            for place in ("first", "last"):
                count = calls[f"{name}.{place}"]
                if count > 1:
                    wrong.append(f"the synchronous execution {name} ran `{place}` {count} times")
                if count < 1 and name in self.succeeded:
                    wrong.append(f"the synchronous execution {name} succeeded without `{place}`")
        return wrong

    def all_ran(self):
        """waits for those under way; broken promises, in words"""
        end = time.monotonic() + RUN_SECONDS_MAX
        wrong = self.check()
        while self.waited_for and not wrong and time.monotonic() < end:
            time.sleep(0.1)
            wrong = self.check()
        return wrong + [f"the acknowledged Express execution {name} never ran"
                        for name in self.waited_for]
