"""What clients were told against what is there."""

import json
import time

from .load import ENDS
from .load import history as events_of
from .machines import WAITS
from .server import NoAnswer, Refused

OLD_LOOKED_AT = 60
END_SECONDS_MAX = 30
SETTLE_SECONDS_MAX = 5
# What settles a task, by the kind of execution.
SETTLING = {"task": ("ActivitySucceeded", "ActivityFailed"), "token": ("TaskSucceeded",)}
DETAILS = {"ActivitySucceeded": ("activitySucceededEventDetails", "output"),
           "ActivityFailed": ("activityFailedEventDetails", "error"),
           "TaskSucceeded": ("taskSucceededEventDetails", "output")}


def check(server, told, dice):
    """broken promises, in words; looks at all that is new and at some that is old"""
    client, wrong = server.client(), list(told.wrong)
    old = [arn for arn in told.started if arn not in set(told.fresh)]
    looked_at = told.fresh + dice.sample(old, min(OLD_LOOKED_AT, len(old)))
    for arn in looked_at:
        wrong += execution(client, told, arn)
    wrong += listed(client, told)
    wrong += asked_again(client, told)
    for arn in list(told.created)[-50:]:
        wrong += there(client, "DescribeActivity", activityArn=arn)
    try:
        wrong += told.releases.check(client, dice) + told.tags.check(client)
    except (Refused, NoAnswer) as error:
        wrong.append(f"what was acknowledged is not answered: {error}")
    wrong += told.express.check()
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
    """broken promises about one; what comes into its history later is waited for"""
    end = time.monotonic() + SETTLE_SECONDS_MAX
    wrong, is_late = as_told(client, told, arn)
    while is_late and time.monotonic() < end:
        time.sleep(0.05)
        wrong, is_late = as_told(client, told, arn)
    return wrong


def as_told(client, told, arn):
    kind, name, value = told.started[arn]
    try:
        seen = client.ask("DescribeExecution", executionArn=arn)
        events = events_of(client, arn)
    except (Refused, NoAnswer) as error:
        return [f"{name} was acknowledged, and now: {error}"], False
    # A token that is used while its call is under way: SFN-INT-148.
    is_late = (kind == "token" and name in told.settled and
               events[-1]["type"] in ("TaskScheduled", "TaskStarted"))
    wrong = line(events)
    if seen["input"] != value:
        wrong.append("its input is another one")
    ended = ENDS.get(events[-1]["type"], "RUNNING")
    # It may have ended between the two answers.
    if seen["status"] != "RUNNING" and seen["status"] != ended:
        wrong.append(f"it is {seen['status']}, its history says {ended}")
    if kind in SETTLING:
        wrong += result(events, SETTLING[kind], told.settled.get(name))
    if arn in told.stopped and ended != "ABORTED":
        wrong.append(f"it was stopped, and is {ended}")
    wrong += redrives(events, seen, told.redriven.get(arn, (0, 0)))
    if arn in told.ran:
        wrong += ran(seen, told.ran[arn])
    if kind == "call":
        wrong += called(told.counter.calls[name], ended)
    if kind == "map" and ended == "SUCCEEDED":
        wrong += children(client, told, arn, value)
    read = told.read.get(arn)
    # What is redriven goes on after what was read.
    if read is not None and read != events[:len(read) if kind == "fail" else None]:
        wrong.append("its history is not what was read before")
    return [f"{kind} {name}: {what}" for what in wrong], is_late


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
    kinds = [event["type"] for event in events]
    ends = [place for place, kind in enumerate(kinds) if kind in ENDS]
    last = [place for place in ends if kinds[place + 1:place + 2] != ["ExecutionRedriven"]]
    if last not in ([], [len(events) - 1]):
        wrong.append(f"it ends at {ends} of {len(events)}")
    return wrong


def result(events, kinds, acknowledged):
    """SFN-SEM-103: the result that was acknowledged, and no other"""
    results = []
    for event in events:
        if event["type"] in kinds:
            details, member = DETAILS[event["type"]]
            results.append((event["type"], event[details].get(member)))
    if acknowledged is None:
        return [] if len(results) < 2 else [f"it has {results}"]
    return [] if results == [acknowledged] else [f"acknowledged {acknowledged}, it has {results}"]


def redrives(events, seen, told):
    """those that were acknowledged, and no more than were asked for"""
    done, asked = told
    count = [event["type"] for event in events].count("ExecutionRedriven")
    if not done <= count <= asked or seen.get("redriveCount", 0) != count:
        return [f"redriven {count} times, describes {seen.get('redriveCount')}; "
                f"{done} of {asked} were acknowledged"]
    return []


def ran(seen, told):
    """what was started by an alias"""
    version, output = told
    wrong = []
    if seen.get("stateMachineVersionArn") != version:
        wrong.append(f"it runs {seen.get('stateMachineVersionArn')}, not {version}")
    if seen["status"] == "SUCCEEDED" and seen["output"] != output:
        wrong.append(f"its output is {seen['output']}, not {output}")
    return wrong


def called(count, ended):
    """SFN-SEM-104: a call that may have been made is not made again"""
    if count > 1 or (ended == "SUCCEEDED" and count == 0):
        return [f"it called {count} times, and is {ended}"]
    return []


def children(client, told, arn, value):
    """SFN-SEM-106: each child once, and called once; what was lost is counted as failed"""
    keys = [item["key"] for item in json.loads(value)["items"]]
    wrong = [f"child {key} called {told.counter.calls[key]} times" for key in keys
             if told.counter.calls[key] > 1]
    try:
        runs = client.ask("ListMapRuns", executionArn=arn)["mapRuns"]
        run = client.ask("DescribeMapRun", mapRunArn=runs[0]["mapRunArn"])
        names = [one["name"] for one in client.ask(
            "ListExecutions", mapRunArn=runs[0]["mapRunArn"])["executions"]]
    except (Refused, NoAnswer) as error:
        return [*wrong, f"its map run: {error}"]
    counts = run["itemCounts"]
    if (len(runs) != 1 or run["status"] != "SUCCEEDED" or counts["total"] != len(keys) or
            counts["succeeded"] + counts["failed"] != len(keys)):
        wrong.append(f"{len(runs)} map runs of {len(keys)} items: {run['status']} {counts}")
    if len(set(names)) != len(names) or len(names) != len(keys):
        wrong.append(f"{len(names)} children for {len(keys)} items: {names}")
    ran_ones = sum(told.counter.calls[key] for key in keys)
    if ran_ones < counts["succeeded"]:
        wrong.append(f"{counts['succeeded']} children succeeded, {ran_ones} were called")
    return wrong


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
    client = server.client()
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
    return [f"{arn} does not end" for arn in open_ones[:5]] + told.express.all_ran()


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
