"""Redrives, versions and aliases keep their promises across kill -9 (SFN-SEM-100, SFN-SEM-103).

Clients do what chance tells them, each to a machine of its own, and note what was acknowledged.
Ten times the server is killed, between requests and during them. After each start all that was
acknowledged is there; a request without an answer was either carried out wholly or not at all.
"""

import copy
import json
import os
import random
import re
import threading
import time

from botocore.exceptions import BotoCoreError, ClientError
from support import ROLE, events_of, sound, types, unique, until

KILLS = 10
CLIENTS = 3
VERSIONS_MAX, ALIASES_MAX, EXECUTIONS_MAX = 6, 3, 12


def definition(number):
    """a machine that fails with the number of its definition"""
    return json.dumps({"StartAt": "First", "States": {
        "First": {"Type": "Pass", "Next": "Last"},
        "Last": {"Type": "Fail", "Error": f"Broken{number}"}}})


class Unknown:
    """a value that only the server knows, of a request without an answer"""

    def __eq__(self, other):
        return True


class Client:
    """does things to one machine and knows what it must look like"""

    def __init__(self, server, number, seed):
        self.server, self.dice = server, random.Random(f"{seed} {number}")
        self.sfn = server.client()
        self.arn = self.sfn.create_state_machine(
            name=f"m{number}", definition=definition(0), roleArn=ROLE)["stateMachineArn"]
        # What was acknowledged; `last` is the number of the last version ever.
        self.known = {"definition": 0, "revision": None, "versions": {}, "aliases": {},
                      "executions": {}, "tags": {}}
        self.last, self.changes = 0, 0
        # What a request without an answer may have done.
        self.perhaps = None
        # Client token and date of redrives, events seen of each execution.
        self.redrives, self.histories = {}, {}
        # The definition of every version that was ever seen.
        self.published = {}
        self.done = 0
        self.fault = None

    def work(self, stop):
        """until told to stop or the server is gone"""
        try:
            while not stop.is_set() and self.perhaps is None:
                self.something()
        except Exception as fault:  # told by the test's own thread
            self.fault = fault

    def something(self):
        known = self.known
        actions = [self.update, self.publish, self.start, self.tag]
        if known["versions"]:
            actions += [self.delete_version, self.create_alias, self.start_qualified]
        if known["aliases"]:
            actions += [self.update_alias, self.delete_alias, self.start_qualified]
        if known["executions"]:
            actions += [self.redrive, self.redrive, self.redrive, self.replay]
        self.dice.choice(actions)()

    def ask(self, change, call, **parameters):
        """sends a request; `change(state, answer)` is what it does"""
        after = copy.deepcopy(self.known)
        try:
            answer = call(**parameters)
        except ClientError:
            raise
        except BotoCoreError:
            change(after, None)
            self.perhaps = after
            return None
        change(after, answer)
        self.known = after
        self.done += 1
        return answer

    def route(self, number, weight=100):
        return {"stateMachineVersionArn": f"{self.arn}:{number}", "weight": weight}

    def routing(self):
        numbers = self.dice.sample(sorted(self.known["versions"]),
                                   k=min(2, len(self.known["versions"])))
        if len(numbers) == 1 or self.dice.random() < 0.5:
            return [self.route(numbers[0])]
        weight = self.dice.randrange(1, 100)
        return [self.route(numbers[0], weight), self.route(numbers[1], 100 - weight)]

    def update(self):
        self.changes += 1
        number = self.changes

        def change(state, answer):
            state["definition"] = number
            state["revision"] = answer["revisionId"] if answer else Unknown()
        self.ask(change, self.sfn.update_state_machine, stateMachineArn=self.arn,
                 definition=definition(number))

    def publish(self):
        if len(self.known["versions"]) >= VERSIONS_MAX:
            return
        before = self.known["versions"].values()
        if self.known["revision"] in [version["revision"] for version in before]:
            answer = self.sfn_call(self.sfn.publish_state_machine_version)
            if answer:
                number = int(answer["stateMachineVersionArn"].rpartition(":")[2])
                assert self.known["versions"][number]["revision"] == self.known["revision"]
            return
        number = self.last = self.last + 1

        def change(state, answer):
            if answer:
                assert answer["stateMachineVersionArn"] == f"{self.arn}:{number}"
            state["versions"][number] = {
                "definition": state["definition"], "revision": state["revision"],
                "description": f"v{number}"}
        self.ask(change, self.sfn.publish_state_machine_version, stateMachineArn=self.arn,
                 description=f"v{number}")

    def sfn_call(self, call, **parameters):
        """a request that changes nothing"""
        return self.ask(lambda state, answer: None, call, stateMachineArn=self.arn, **parameters)

    def delete_version(self):
        used = {route["stateMachineVersionArn"] for alias in self.known["aliases"].values()
                for route in alias["routing"]}
        free = [number for number in self.known["versions"]
                if f"{self.arn}:{number}" not in used]
        if free:
            number = self.dice.choice(free)
            self.ask(lambda state, answer: state["versions"].pop(number),
                     self.sfn.delete_state_machine_version,
                     stateMachineVersionArn=f"{self.arn}:{number}")

    def create_alias(self):
        if len(self.known["aliases"]) >= ALIASES_MAX:
            return
        name, routing = unique("alias"), self.routing()
        self.ask(lambda state, answer: state["aliases"].update(
            {name: {"routing": routing, "description": "new"}}),
            self.sfn.create_state_machine_alias, name=name, description="new",
            routingConfiguration=routing)

    def update_alias(self):
        name, routing = self.dice.choice(sorted(self.known["aliases"])), self.routing()
        text = f"d{self.dice.randrange(1000)}"
        self.ask(lambda state, answer: state["aliases"].update(
            {name: {"routing": routing, "description": text}}),
            self.sfn.update_state_machine_alias, stateMachineAliasArn=f"{self.arn}:{name}",
            routingConfiguration=routing, description=text)

    def delete_alias(self):
        name = self.dice.choice(sorted(self.known["aliases"]))
        self.ask(lambda state, answer: state["aliases"].pop(name),
                 self.sfn.delete_state_machine_alias, stateMachineAliasArn=f"{self.arn}:{name}")

    def tag(self):
        key, value = f"k{self.dice.randrange(3)}", f"v{self.dice.randrange(1000)}"
        self.ask(lambda state, answer: state["tags"].update({key: value}), self.sfn.tag_resource,
                 resourceArn=self.arn, tags=[{"key": key, "value": value}])

    def start(self, qualifier=None, version=None, alias=None):
        if len(self.known["executions"]) >= EXECUTIONS_MAX:
            return
        name = unique("x")
        numbers = {None: self.known["definition"]}
        numbers.update({number: one["definition"] for number, one
                        in self.known["versions"].items()})
        # Through an alias of two versions only the server knows which one it was.
        error = Unknown() if alias else f"Broken{numbers[version]}"
        told = {"redrives": 0, "error": error, "alias": alias,
                "version": Unknown() if alias else version}
        self.ask(lambda state, answer: state["executions"].update({name: told}),
                 self.sfn.start_execution, name=name, input='{"n": 1}',
                 stateMachineArn=f"{self.arn}:{qualifier}" if qualifier else self.arn)

    def start_qualified(self):
        if self.known["aliases"] and self.dice.random() < 0.5:
            alias = self.dice.choice(sorted(self.known["aliases"]))
            self.start(alias, alias=alias)
        elif self.known["versions"]:
            version = self.dice.choice(sorted(self.known["versions"]))
            self.start(version, version=version)

    def execution(self, name):
        return self.arn.replace(":stateMachine:", ":execution:") + f":{name}"

    def redrive(self):
        name = self.dice.choice(sorted(self.known["executions"]))
        arn, token = self.execution(name), unique("t")
        # It fails again within its own commit, but closing may take a moment to be seen.
        try:
            until(lambda: self.sfn.describe_execution(executionArn=arn)["status"] == "FAILED")
        except BotoCoreError:
            self.perhaps = copy.deepcopy(self.known)
            return

        def change(state, answer):
            state["executions"][name]["redrives"] += 1
            if answer:
                self.redrives[arn] = token, answer["redriveDate"]
        self.ask(change, self.sfn.redrive_execution, executionArn=arn, clientToken=token)

    def replay(self):
        """a token that redrove answers as it did, and does nothing (SFN-EXEC-70)"""
        if not self.redrives:
            return
        arn = self.dice.choice(sorted(self.redrives))
        token, date = self.redrives[arn]
        answer = self.ask(lambda state, answer: None, self.sfn.redrive_execution,
                          executionArn=arn, clientToken=token)
        assert answer is None or answer["redriveDate"] == date

    def seen(self):
        """what the server tells of the machine, in the form of `known`"""
        sfn, arn = self.sfn, self.arn
        machine = sfn.describe_state_machine(stateMachineArn=arn)
        read = lambda text: int(re.search(r'Broken(\d+)', text).group(1))
        state = {"definition": read(machine["definition"]),
                 "revision": machine.get("revisionId"), "versions": {}, "aliases": {},
                 "executions": {}}
        state["tags"] = {tag["key"]: tag["value"]
                         for tag in sfn.list_tags_for_resource(resourceArn=arn)["tags"]}
        listed = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
        for one in listed:
            version = sfn.describe_state_machine(stateMachineArn=one["stateMachineVersionArn"])
            state["versions"][int(one["stateMachineVersionArn"].rpartition(":")[2])] = {
                "definition": read(version["definition"]),
                "revision": version.get("revisionId"), "description": version["description"]}
        for number, version in [*self.known["versions"].items(), *state["versions"].items()]:
            self.published.setdefault(number, version["definition"])
            assert self.published[number] == version["definition"], "a version changed"
        for one in sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]:
            alias = sfn.describe_state_machine_alias(
                stateMachineAliasArn=one["stateMachineAliasArn"])
            state["aliases"][alias["name"]] = {
                "routing": alias["routingConfiguration"], "description": alias["description"]}
        for one in sfn.list_executions(stateMachineArn=arn)["executions"]:
            state["executions"][one["name"]] = self.seen_execution(one)
        return state

    def seen_execution(self, listed):
        arn = listed["executionArn"]
        until(lambda: self.sfn.describe_execution(executionArn=arn)["status"] == "FAILED",
              what=f"{arn} does not go on after the kill")
        one = self.sfn.describe_execution(executionArn=arn)
        events = events_of(self.sfn, arn)
        kinds = types(events)
        assert one["redriveCount"] == kinds.count("ExecutionRedriven") \
            == kinds.count("ExecutionFailed") - 1, kinds
        if one["redriveCount"] == 0:
            sound(events)
        before = self.histories.get(arn, [])
        assert events[:len(before)] == before, "a history lost what it had shown"
        self.histories[arn] = events
        version = one.get("stateMachineVersionArn")
        version = int(version.rpartition(":")[2]) if version else None
        if version in self.published:
            assert one["error"] == f"Broken{self.published[version]}", "not what it began with"
        return {"redrives": one["redriveCount"], "error": one["error"],
                "alias": one.get("stateMachineAliasArn", "").rpartition(":")[2] or None,
                "version": version}

    def check(self):
        """all that was acknowledged and at most one request more"""
        self.sfn = self.server.client()
        seen = self.seen()
        allowed = [self.known] + ([self.perhaps] if self.perhaps is not None else [])
        assert any(one == seen for one in allowed), (
            f"known: {self.known}\nor: {self.perhaps}\nseen: {seen}")
        self.last = max([self.last_if(seen), *seen["versions"]])
        self.known, self.perhaps = seen, None
        for arn, (token, date) in self.redrives.items():
            again = self.sfn.redrive_execution(executionArn=arn, clientToken=token)
            assert again["redriveDate"] == date, "a token was forgotten"

    def last_if(self, seen):
        """the highest number given: a publication that did not happen gave none"""
        lost = self.perhaps is not None and self.last in self.perhaps["versions"] \
            and self.last not in self.known["versions"] and self.last not in seen["versions"]
        return self.last - 1 if lost else self.last


def test_promises(new_server):
    """SFN-VER-1, SFN-VER-8, SFN-ALIAS-10, SFN-EXEC-8, SFN-EXEC-70, SFN-SEM-46, SFN-SEM-70"""
    seed = os.environ.get("RUNG_SEED") or str(random.randrange(10 ** 9))
    print(f"RUNG_SEED={seed}")
    dice = random.Random(seed)
    server = new_server().start()
    clients = [Client(server, number, seed) for number in range(CLIENTS)]
    for kill in range(KILLS):
        stop = threading.Event()
        workers = [threading.Thread(target=client.work, args=(stop,)) for client in clients]
        for worker in workers:
            worker.start()
        time.sleep(dice.uniform(0.1, 1.0))
        # Every third kill is between requests, the others are during them.
        if kill % 3 == 2:
            stop.set()
        else:
            server.kill()
        for worker in workers:
            worker.join(timeout=60)
            assert not worker.is_alive()
        if kill % 3 == 2:
            server.kill()
        for client in clients:
            assert client.fault is None, (seed, client.fault)
        server.start()
        for client in clients:
            client.check()
    assert all(client.done > KILLS for client in clients), "too little was done to say anything"
    assert any(one["redrives"] for client in clients
               for one in client.known["executions"].values())
