"""What grows has a limit, and who reaches it hurts nobody else."""

import json
import time

from support import PASS, ended, events_of, machine, refused, run, sound, wait_state

LOOP = {
    "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "Again"},
    "Again": {"Type": "Choice", "Default": "Count", "Choices": [
        {"Variable": "$.n", "NumericLessThan": 0, "Next": "Done"}]},
    "Done": {"Type": "Succeed"},
}


def test_input_over_the_limit(sfn):
    """SFN-EXEC-11: bytes of UTF-8, not characters"""
    arn = machine(sfn, PASS)
    whole = json.dumps("x" * (262_144 - 2))
    started = sfn.start_execution(stateMachineArn=arn, input=whole)
    assert ended(sfn, started["executionArn"])["input"] == whole
    for text in (json.dumps("x" * (262_144 - 1)), json.dumps("é" * 131_072, ensure_ascii=False)):
        fault = refused("ValidationException", sfn.start_execution, stateMachineArn=arn,
                        input=text)
        assert "at 'input' failed to satisfy constraint: Member must have" in fault.message
        assert "less than or equal to 262144" in fault.message
        assert len(fault.message) < 10_000


def test_state_over_the_limit(sfn):
    """the quota of a state's payload"""
    arn = machine(sfn, {"Only": {"Type": "Pass", "End": True, "Parameters": {
        "a.$": "$", "b.$": "$"}}})
    seen = run(sfn, arn, "x" * 200_000)
    assert (seen["status"], seen["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_endless_loop(sfn):
    """25,000 events, and other executions go on as before"""
    loop, other = machine(sfn, LOOP), machine(sfn, PASS)
    begun = [sfn.start_execution(stateMachineArn=loop, input='{"n":0}')["executionArn"]
             for _ in range(2)]
    slowest = 0.0
    while sfn.describe_execution(executionArn=begun[0])["status"] == "RUNNING":
        begin = time.monotonic()
        assert run(sfn, other)["status"] == "SUCCEEDED"
        slowest = max(slowest, time.monotonic() - begin)
        assert slowest < 5
    for arn in begun:
        seen = ended(sfn, arn, seconds=60)
        assert (seen["status"], seen["error"]) == ("FAILED", "States.Runtime")
        assert seen["cause"] == "The execution reached the maximum number of history events " \
                                "(25000)."
        events = sound(events_of(sfn, arn))
        assert len(events) == 25_000
    assert run(sfn, other)["status"] == "SUCCEEDED"


def test_stopping_an_endless_loop(sfn):
    """SFN-SEM-30: a stop gets in between"""
    arn = machine(sfn, {**LOOP, "Count": {**LOOP["Count"], "Next": "Pause"},
                        "Pause": {"Type": "Wait", "Seconds": 0, "Next": "Again"}})
    execution = sfn.start_execution(stateMachineArn=arn, input='{"n":0}')["executionArn"]
    sfn.stop_execution(executionArn=execution)
    seen = sfn.describe_execution(executionArn=execution)
    assert seen["status"] in ("ABORTED", "FAILED")
    sound(events_of(sfn, execution))


def test_many_waits_at_once(sfn):
    """SFN-SEM-90: five hundred timers of one second; none early, none lost"""
    arn = machine(sfn, wait_state(1))
    begun = [sfn.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(500)]
    for one in begun:
        seen = ended(sfn, one)
        assert seen["status"] == "SUCCEEDED"
        assert (seen["stopDate"] - seen["startDate"]).total_seconds() >= 1
    late = (seen["stopDate"] - seen["startDate"]).total_seconds()
    assert late < 3


def test_wide_map(sfn):
    """a thousand items in one Map, forty at a time, in order"""
    arn = machine(sfn, {"Each": {"Type": "Map", "End": True, "ItemProcessor": {
        "StartAt": "Item", "States": {"Item": {"Type": "Pass", "End": True}}}}})
    values = list(range(1000))
    seen = run(sfn, arn, values, seconds=60)
    assert json.loads(seen["output"]) == values
    sound(events_of(sfn, seen["executionArn"]))


def test_many_large_states(sfn):
    """a history of 150 MB: no transition, page or close has to hold it at once"""
    states = {f"S{number}": {"Type": "Pass", "Next": f"S{number + 1}"} for number in range(300)}
    arn = machine(sfn, {**states, "S300": {"Type": "Succeed"}})
    value = "".join(str(number) for number in range(44_000))
    seen = run(sfn, arn, value, seconds=60)
    assert (seen["status"], seen["output"]) == ("SUCCEEDED", json.dumps(value))
    assert len(sound(events_of(sfn, seen["executionArn"]))) == 604
    first = sfn.get_execution_history(executionArn=seen["executionArn"], maxResults=1000)
    assert len(first["events"]) < 604 and first["nextToken"]
