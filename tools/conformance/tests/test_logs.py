"""CloudWatch Logs through the stock client, and what executions and functions log."""

import json
import re
import time

import pytest
from botocore.exceptions import ClientError

from support import (ROLE, ended, events_of, python_function, refused, rung, types, unique,
                     until)

FAIL = {"Say": {"Type": "Pass", "Result": {"word": "hello"}, "Next": "Stop"},
        "Stop": {"Type": "Fail", "Error": "E", "Cause": "C"}}


@pytest.fixture(scope="session")
def logs(server):
    return server.client("logs")


@pytest.fixture
def group(logs):
    name = f"/test/{unique()}"
    logs.create_log_group(logGroupName=name)
    return name


def now_ms():
    return int(time.time() * 1000)


def put(logs, group, stream, *messages, at=None):
    at = at or now_ms()
    events = [{"timestamp": at + n, "message": message} for n, message in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def messages(answer):
    return [event["message"] for event in answer["events"]]


def configuration(logs, group, level="ALL", data=True):
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    arn = found[0]["arn"]
    assert arn.endswith(f":log-group:{group}:*")
    return {"level": level, "includeExecutionData": data,
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}]}


def logging_machine(sfn, logging, states, kind="STANDARD"):
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    made = sfn.create_state_machine(name=unique("m"), definition=definition, roleArn=ROLE,
                                    type=kind, loggingConfiguration=logging)
    return made["stateMachineArn"]


def records(logs, group):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    return [json.loads(event["message"]) for page in pages for event in page["events"]]


def until_records(logs, group, last):
    """waits for the record of the end and answers all of them"""
    def seen():
        found = records(logs, group)
        return found if found and found[-1]["type"] == last else None
    return until(seen, what=lambda: f"only {types(records(logs, group))}")


# The API


def test_groups_and_streams(logs, group):
    again = refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName=group)
    assert again.message == "The specified log group already exists"
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]
    assert stream["logStreamName"] == "s" and "lastEventTimestamp" not in stream
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert found["retentionInDays"] == 7 and found["logGroupClass"] == "STANDARD"
    refused("InvalidParameterException", logs.put_retention_policy, logGroupName=group,
            retentionInDays=8)
    logs.delete_retention_policy(logGroupName=group)
    found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert "retentionInDays" not in found
    logs.tag_resource(resourceArn=found["logGroupArn"], tags={"a": "1"})
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"a": "1"}
    logs.delete_log_stream(logGroupName=group, logStreamName="s")
    assert logs.describe_log_streams(logGroupName=group)["logStreams"] == []
    logs.delete_log_group(logGroupName=group)
    gone = refused("ResourceNotFoundException", logs.describe_log_streams, logGroupName=group)
    assert gone.message == "The specified log group does not exist."


def test_events_and_tokens(logs, group):
    """the token stays the same at the end"""
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    where = {"logGroupName": group, "logStreamName": "s"}
    put(logs, group, "s", *(str(n) for n in range(25)))
    seen, token = [], None
    while True:
        more = {"nextToken": token} if token else {}
        page = logs.get_log_events(**where, startFromHead=True, limit=10, **more)
        seen += messages(page)
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert seen == [str(n) for n in range(25)]
    tail = logs.get_log_events(**where, limit=3)
    assert messages(tail) == ["22", "23", "24"]
    before = logs.get_log_events(**where, limit=3, nextToken=tail["nextBackwardToken"])
    assert messages(before) == ["19", "20", "21"]


def test_batches_that_are_refused(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    def events(*times):
        return {"logGroupName": group, "logStreamName": "s",
                "logEvents": [{"timestamp": at, "message": "m"} for at in times]}
    now, day = now_ms(), 86_400_000
    for given in (events(now, now - 1), events(now - day - 1, now), events()):
        refused("InvalidParameterException", logs.put_log_events, **given)
    large = events(now)
    large["logEvents"][0]["message"] = "x" * 1_048_576
    assert "too large" in refused("InvalidParameterException", logs.put_log_events,
                                  **large).message
    answer = logs.put_log_events(**events(now - 15 * day))
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}


def test_a_batch_of_the_largest_size(logs, group):
    """every character escaped on the wire"""
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    put(logs, group, "s", "\x01" * 1_048_550)
    page = logs.get_log_events(logGroupName=group, logStreamName="s")
    assert messages(page) == ["\x01" * 1_048_550]


def test_filters(logs, group):
    at = now_ms() - 1000
    for number, stream in enumerate(("one", "two")):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        put(logs, group, stream, json.dumps({"n": number, "kind": "a"}), f"plain {stream}",
            json.dumps({"n": number + 10, "kind": "b"}), at=at + number * 10)
    for pattern, count in (("", 6), ("plain", 2), ("plain -two", 1), ('{ $.kind = "a" }', 2),
                           ('{ $.n > 0 && $.kind = "b" }', 2), ("{ $.n = 1 || $.n = 10 }", 2)):
        found = logs.filter_log_events(logGroupName=group, filterPattern=pattern)
        assert len(found["events"]) == count, pattern
        times = [event["timestamp"] for event in found["events"]]
        assert times == sorted(times)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, PaginationConfig={"PageSize": 1})
    assert len([event for page in pages for event in page["events"]]) == 6
    refused("InvalidParameterException", logs.filter_log_events, logGroupName=group,
            filterPattern="{ $.a")


# Executions


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
@pytest.mark.parametrize("level", ["ALL", "ERROR", "FATAL"])
def test_executions_by_level(sfn, logs, group, kind, level):
    """SFN-LOG-5, SFN-LOG-7, SFN-LOG-8, SFN-LOG-11"""
    arn = logging_machine(sfn, configuration(logs, group, level), FAIL, kind)
    execution = sfn.start_execution(stateMachineArn=arn, input='{"a": 1}')["executionArn"]
    found = until_records(logs, group, "ExecutionFailed")
    everything = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "FailStateEntered",
                  "ExecutionFailed"]
    begin = {"ALL": 0, "ERROR": 3, "FATAL": 4}[level]
    assert types(found) == everything[begin:]
    assert all(record["execution_arn"] == execution for record in found)
    assert found[-1]["details"] == {"error": "E", "cause": "C"}
    assert found[-1]["previous_event_id"] == "4" and found[-1]["redrive_count"] == "0"
    if kind == "STANDARD" and level == "ALL":
        ended(sfn, execution)
        history = events_of(sfn, execution)
        assert [record["id"] for record in found] == [str(event["id"]) for event in history]
        assert found[0]["details"]["input"] == '{"a": 1}'
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    name = arn.rpartition(":")[2]
    pattern = rf"states/{name}/\d{{4}}-\d\d-\d\d-\d\d-\d\d/[0-9a-f]{{8}}"
    assert re.fullmatch(pattern, streams[0]["logStreamName"])


def test_executions_without_data(sfn, logs, group):
    """SFN-LOG-6"""
    arn = logging_machine(sfn, configuration(logs, group, data=False), FAIL)
    sfn.start_execution(stateMachineArn=arn, input='{"secret": "hush"}')
    found = until_records(logs, group, "ExecutionFailed")
    assert "hush" not in json.dumps(found) and "hello" not in json.dumps(found)
    assert found[1]["details"] == {"name": "Say"}


def test_a_group_that_is_not_there(sfn, logs, group):
    """SFN-LOG-2 at the beginning, SFN-LOG-9 later on"""
    logging = configuration(logs, group)
    arn = logging_machine(sfn, logging, FAIL)
    logs.delete_log_group(logGroupName=group)
    started = sfn.start_execution(stateMachineArn=arn)
    assert ended(sfn, started["executionArn"])["status"] == "FAILED"
    for call, more in ((sfn.update_state_machine, {"stateMachineArn": arn}),
                       (sfn.create_state_machine, {"name": unique("m"), "roleArn": ROLE,
                                                   "definition": json.dumps({
                                                       "StartAt": "Say", "States": FAIL})})):
        with pytest.raises(ClientError) as caught:
            call(loggingConfiguration=logging, **more)
        error = caught.value.response["Error"]
        assert error["Code"] == "InvalidLoggingConfiguration"
        assert error["Message"] == "Invalid Logging Configuration: Log Destination not found."


def test_many_executions_lose_no_record(sfn, logs, group):
    arn = logging_machine(sfn, configuration(logs, group), {"Only": {"Type": "Pass", "End": True}})
    count = 100
    for _ in range(count):
        sfn.start_execution(stateMachineArn=arn)
    until(lambda: len(records(logs, group)) == 4 * count,
          what=lambda: f"{len(records(logs, group))} records")
    ids = {(record["execution_arn"], record["id"]) for record in records(logs, group)}
    assert len(ids) == 4 * count


# Functions, the command, and a restart


def test_functions_log(lam, logs):
    name = unique("f")
    python_function(lam, "def handler(event, context):\n    print('said', event)\n"
                         "    return context.log_stream_name\n", name)
    stream = json.loads(lam.invoke(FunctionName=name, Payload=b'"it"')["Payload"].read())
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    group = f"/aws/lambda/{name}"
    def said():
        try:
            return "said it" in messages(logs.get_log_events(
                logGroupName=group, logStreamName=stream))
        except ClientError:
            return False
    until(said)
    shown = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert shown["retentionInDays"] == 14


def test_command(server, logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    put(logs, group, "s", "first", "second thing")
    shown = rung("logs", group, "--endpoint", server.url)
    assert shown.returncode == 0, shown.stderr
    assert [line.split(" ", 1)[1] for line in shown.stdout.splitlines()] == ["first",
                                                                            "second thing"]
    some = rung("logs", group, "--endpoint", server.url, "--filter", "thing")
    assert some.stdout.count("\n") == 1
    none = rung("logs", "no-such-group", "--endpoint", server.url)
    assert none.returncode == 2 and "does not exist" in none.stderr


def test_events_survive_a_kill(new_server):
    server = new_server().start()
    logs = server.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    for number in range(20):
        put(logs, "g", "s", str(number))
    server.kill()
    server.start()
    page = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)
    assert messages(page) == [str(number) for number in range(20)]
