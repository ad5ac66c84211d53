"""What clients were told against what is there."""

import time

from .load import ENDS
from .load import history as events_of
from .server import Client, NoAnswer, Refused

OLD_LOOKED_AT = 60
END_SECONDS_MAX = 30
# Kinds that a clock or a client can keep waiting for long.
WAITS = ("wait", "task", "long")


def check(server, told, dice):
    """broken promises, in words; looks at all that is new and at some that is old"""
    client, wrong = Client(server), list(told.wrong)
    old = [arn for arn in told.started if arn not in set(told.fresh)]
    looked_at = told.fresh + dice.sample(old, min(OLD_LOOKED_AT, len(old)))
    for arn in looked_at:
        wrong += execution(client, told, arn)
    wrong += listed(client, told)
    wrong += asked_again(client, told)
    for arn in list(told.created)[-50:]:
        wrong += there(client, "DescribeActivity", activityArn=arn)
    told.fresh = []
    client.close()
    return wrong


def there(client, operation, **what):
    try:
        client.ask(operation, **what)
        return []
    except (Refused, NoAnswer) as error:
        return [f"{operation} {what}: acknowledged, and now: {error}"]


def execution(client, told, arn):
    kind, name, value = told.started[arn]
    try:
        seen = client.ask("DescribeExecution", executionArn=arn)
        events = events_of(client, arn)
    except (Refused, NoAnswer) as error:
        return [f"{name} was acknowledged, and now: {error}"]
    wrong = line(events)
    if seen["input"] != value:
        wrong.append("its input is another one")
    ended = ENDS.get(events[-1]["type"], "RUNNING")
    # It may have ended between the two answers.
    if seen["status"] != "RUNNING" and seen["status"] != ended:
        wrong.append(f"it is {seen['status']}, its history says {ended}")
    if name in told.settled:
        wrong += result(events, told.settled[name])
    if arn in told.stopped and ended != "ABORTED":
        wrong.append(f"it was stopped, and is {ended}")
    read = told.read.get(arn)
    if read is not None and read != events:
        wrong.append("its history is not what was read before")
    return [f"{kind} {name}: {what}" for what in wrong]


def line(events):
    """one line without gap, repeat or fork (SFN-SEM-95, SFN-SEM-121)"""
    wrong = []
    if [event["id"] for event in events] != list(range(1, len(events) + 1)):
        wrong.append(f"its events are numbered {[event['id'] for event in events]}")
    if any(event["previousEventId"] >= event["id"] for event in events):
        wrong.append("an event follows a later one")
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        wrong.append("its times fall")
    if events[0]["type"] != "ExecutionStarted":
        wrong.append(f"it begins with {events[0]['type']}")
    ends = [place for place, event in enumerate(events) if event["type"] in ENDS]
    if ends not in ([], [len(events) - 1]):
        wrong.append(f"it ends at {ends} of {len(events)}")
    return wrong


def result(events, output):
    """SFN-SEM-103: the result that was acknowledged, and no other"""
    results = [event["activitySucceededEventDetails"]["output"] for event in events
               if event["type"] == "ActivitySucceeded"]
    return [] if results == [output] else [f"acknowledged {output}, and it has {results}"]


def listed(client, told):
    """every name once, and everything that was acknowledged among them"""
    wrong = []
    for kind, machine in told.machines.items():
        names, token = [], None
        try:
            while True:
                more = {"nextToken": token} if token else {}
                answer = client.ask("ListExecutions", stateMachineArn=machine, maxResults=1000,
                                    **more)
                names += [one["name"] for one in answer["executions"]]
                token = answer.get("nextToken")
                if not token:
                    break
        except (Refused, NoAnswer) as error:
            return [f"ListExecutions of {kind}: {error}"]
        # Others may begin and end between two pages, which moves none to another place.
        if len(set(names)) != len(names):
            wrong.append(f"a name of {kind} is listed twice")
        mine = {name for of, name, _ in told.started.values() if of == kind}
        missing = mine - set(names)
        if missing:
            wrong.append(f"{len(missing)} of {kind} are not listed: {sorted(missing)[:3]}")
    return wrong


def asked_again(client, told):
    """a start without an answer was carried out wholly or not at all: asked again, it is there"""
    wrong = []
    for (kind, name), value in list(told.unsure.items()):
        try:
            arn = client.ask("StartExecution", stateMachineArn=told.machines[kind], name=name,
                             input=value)["executionArn"]
        except Refused as refused:
            # It had ended meanwhile: its name is taken for good.
            if refused.code != "ExecutionAlreadyExists":
                wrong.append(f"{name}, asked again: {refused}")
                continue
            arn = f"{told.machines[kind].replace(':stateMachine:', ':execution:')}:{name}"
        except NoAnswer as error:
            wrong.append(f"{name}, asked again: {error}")
            continue
        told.started[arn] = (kind, name, value)
        wrong += execution(client, told, arn)
    told.unsure = {}
    return wrong


def all_end(server, told):
    """every execution comes to its end: by itself, or when it is asked to"""
    client = Client(server)
    end = time.monotonic() + END_SECONDS_MAX
    open_ones, asked = running(client, told), False
    while open_ones and time.monotonic() < end:
        waits = [arn for arn in open_ones if told.started.get(arn, ("long",))[0] in WAITS]
        # What waits for nothing ends by itself first.
        if len(waits) == len(open_ones) and not asked:
            asked = True
            for arn in waits:
                client.ask("StopExecution", executionArn=arn)
        time.sleep(0.1)
        open_ones = running(client, told)
    client.close()
    return [f"{arn} does not end" for arn in open_ones[:5]]


def running(client, told):
    found = []
    for machine in told.machines.values():
        token = None
        while True:
            more = {"nextToken": token} if token else {}
            answer = client.ask("ListExecutions", stateMachineArn=machine, maxResults=1000,
                                statusFilter="RUNNING", **more)
            found += [one["executionArn"] for one in answer["executions"]]
            token = answer.get("nextToken")
            if not token:
                break
    return found
