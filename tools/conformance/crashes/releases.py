"""Versions and aliases: an acknowledged one is what it was said to be, and what is started by an
alias runs what the alias leads to."""

import json

from .machines import ROLE
from .server import Refused

LOOKED_AT = 12
STARTS_OF_RELEASE = 2


def definition(revision):
    return json.dumps({"StartAt": "Only", "States": {
        "Only": {"Type": "Pass", "Result": revision, "End": True}}})


class Machine:
    """one that is released over and over, until it is not known what became of a release"""

    def __init__(self, arn, first, alias):
        self.arn, self.alias, self.revision, self.versions = arn, alias, 0, [first]


class Releases:
    """of one client: the only one that changes these machines"""

    def __init__(self, told):
        self.told, self.machine = told, None
        self.versions = {}    # version ARN -> definition
        self.deleted = set()  # version ARNs
        self.aliases = {}     # alias ARN -> version ARN

    def act(self, client, dice, mark):
        machine, self.machine, doubts = self.machine, None, client.doubts
        if machine is None:
            machine = self.begin(client, mark)
        else:
            self.release(client, machine)
            for number in range(STARTS_OF_RELEASE):
                self.start(client, machine, f"{mark}-{number}")
            if len(machine.versions) > 2 and dice.random() < 0.4:
                self.delete(client, machine)
        # What may still be under way could come after what is asked for next.
        if client.doubts == doubts:
            self.machine = machine

    def begin(self, client, mark):
        name = f"live-{mark}"
        made = client.ask("CreateStateMachine", name=name, definition=definition(0),
                          roleArn=ROLE, publish=True)
        arn, version = made["stateMachineArn"], made["stateMachineVersionArn"]
        self.versions[version] = definition(0)
        self.told.machines[name] = arn
        alias = client.ask("CreateStateMachineAlias", name="live", routingConfiguration=[
            {"stateMachineVersionArn": version, "weight": 100}])["stateMachineAliasArn"]
        self.aliases[alias] = version
        return Machine(arn, version, alias)

    def release(self, client, machine):
        machine.revision += 1
        text = definition(machine.revision)
        version = client.ask("UpdateStateMachine", stateMachineArn=machine.arn, definition=text,
                             publish=True)["stateMachineVersionArn"]
        if version in self.versions or version in self.deleted:
            self.told.wrong.append(f"{version} was made twice")
        self.versions[version] = text
        machine.versions.append(version)
        self.aliases.pop(machine.alias, None)
        client.ask("UpdateStateMachineAlias", stateMachineAliasArn=machine.alias,
                   routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}])
        self.aliases[machine.alias] = version

    def start(self, client, machine, name):
        told, value = self.told, json.dumps({"name": name})
        arn = client.ask("StartExecution", stateMachineArn=machine.alias, name=name,
                         input=value)["executionArn"]
        with told.lock:
            told.started[arn] = (machine.arn.rpartition(":")[2], name, value)
            told.fresh.append(arn)
            told.ran[arn] = (machine.versions[-1], str(machine.revision))

    def delete(self, client, machine):
        version = machine.versions.pop(0)
        self.versions.pop(version, None)
        client.ask("DeleteStateMachineVersion", stateMachineVersionArn=version)
        self.deleted.add(version)

    def check(self, client, dice):
        """SFN-SEM-105"""
        wrong = []
        for version in pick(dice, self.versions):
            seen = client.ask("DescribeStateMachine", stateMachineArn=version)
            if seen["definition"] != self.versions[version]:
                wrong.append(f"{version} is {seen['definition']}")
        for version in pick(dice, self.deleted):
            try:
                client.ask("DescribeStateMachine", stateMachineArn=version)
                wrong.append(f"{version} was deleted, and is there")
            except Refused as refused:
                if refused.code != "StateMachineDoesNotExist":
                    wrong.append(f"{version}: {refused}")
        for alias in pick(dice, self.aliases):
            seen = client.ask("DescribeStateMachineAlias", stateMachineAliasArn=alias)
            if seen["routingConfiguration"] != [
                    {"stateMachineVersionArn": self.aliases[alias], "weight": 100}]:
                wrong.append(f"{alias} leads to {seen['routingConfiguration']}")
        return wrong


def pick(dice, known):
    """the latest of them, and some others"""
    known = sorted(known)
    return known[-4:] + dice.sample(known, min(len(known), LOOKED_AT))
