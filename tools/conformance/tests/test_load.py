"""A thousand executions from fifty threads; every one is found, once, with its whole history."""

import collections
import concurrent.futures
import json

import pytest
from support import Server, events_of, machine, sound, types, until

COUNT, THREADS = 1_000, 50
STATES = {
    "Take": {"Type": "Pass", "ResultPath": "$.taken", "Result": True, "Next": "Which"},
    "Which": {"Type": "Choice", "Default": "Odd", "Choices": [
        {"Variable": "$.even", "BooleanEquals": True, "Next": "Even"}]},
    "Even": {"Type": "Succeed"},
    "Odd": {"Type": "Fail", "Error": "Odd"},
}


@pytest.fixture(scope="module")
def loaded():
    """the server, the machine and the started executions with their numbers"""
    server = Server().start()
    sfn = server.client()
    arn = machine(sfn, STATES)

    def start(number):
        text = json.dumps({"number": number, "even": number % 2 == 0})
        return sfn.start_execution(
            stateMachineArn=arn, name=f"load-{number}", input=text)["executionArn"]

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        started = list(pool.map(start, range(COUNT)))
    yield sfn, arn, started
    server.close()


def listed(sfn, arn, status):
    pages = sfn.get_paginator("list_executions").paginate(
        stateMachineArn=arn, statusFilter=status, PaginationConfig={"PageSize": 97})
    return [one["executionArn"] for page in pages for one in page["executions"]]


def test_list_by_status(loaded):
    """SFN-PAGE-6, SFN-SEM-126: nothing missing, nothing twice"""
    sfn, arn, started = loaded
    until(lambda: not listed(sfn, arn, "RUNNING"), seconds=60)
    succeeded, failed = listed(sfn, arn, "SUCCEEDED"), listed(sfn, arn, "FAILED")
    twice = [one for one, n in collections.Counter(succeeded + failed).items() if n > 1]
    assert not twice
    assert set(succeeded) == set(started[0::2])
    assert set(failed) == set(started[1::2])


def test_every_history_both_ways(loaded):
    """SFN-SEM-95, SFN-SEM-121, SFN-EXEC-60"""
    sfn, arn, started = loaded
    until(lambda: not listed(sfn, arn, "RUNNING"), seconds=60)
    expected = (
        ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ChoiceStateEntered",
         "ChoiceStateExited", "SucceedStateEntered", "SucceedStateExited", "ExecutionSucceeded"],
        ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ChoiceStateEntered",
         "ChoiceStateExited", "FailStateEntered", "ExecutionFailed"])

    def check(number):
        forward = sound(events_of(sfn, started[number], page=5))
        backward = events_of(sfn, started[number], page=5, reverse=True)
        assert backward == list(reversed(forward))
        assert types(forward) == expected[number % 2]
        text = forward[0]["executionStartedEventDetails"]["input"]
        assert json.loads(text)["number"] == number

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(check, range(COUNT)))


def test_one_name_from_many_threads(loaded):
    """SFN-SEM-123: one creates, the others find it"""
    sfn, _, _ = loaded
    from support import wait_state
    arn = machine(sfn, wait_state(3000))
    start = lambda _: sfn.start_execution(stateMachineArn=arn, name="same", input="{}")
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(start, range(20)))
    assert len({one["executionArn"] for one in answers}) == 1
    assert len({one["startDate"] for one in answers}) == 1
    assert len(listed(sfn, arn, "RUNNING")) == 1
