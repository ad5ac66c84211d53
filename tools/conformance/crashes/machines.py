"""The Standard machines that are run, by their kind."""

import json

ROLE = "arn:aws:iam::123456789012:role/states"
# Kinds that a clock or a client can keep waiting for long.
WAITS = ("wait", "task", "long", "token")
RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1,
          "MaxAttempts": 30}]


def counted(key, how="", **fields):
    """a call of the harness's function, which writes the key down"""
    payload = {"key.$": key, "seconds.$": "$.seconds"}
    if how:
        payload["token.$"] = "$$.Task.Token"
    return {"Type": "Task", "Resource": f"arn:aws:states:::lambda:invoke{how}",
            "Parameters": {"FunctionName": "count", "Payload": payload}, "ResultPath": None,
            **fields}


def definitions(activity):
    """what is run: nothing to wait for, a clock, a worker, branches, a call, a token, children,
    a failure"""
    last = {"Type": "Pass", "End": True}
    branches = [{"StartAt": name, "States": {name: last}} for name in ("Left", "Right")]
    each = {"StartAt": "Count", "States": {"Count": counted("$.key", End=True)},
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    first = {
        "pass": {"Type": "Pass", "Next": "Last"},
        "wait": {"Type": "Wait", "Seconds": 1, "Next": "Last"},
        "task": {"Type": "Task", "Resource": activity, "Next": "Last"},
        "both": {"Type": "Parallel", "Branches": branches, "Next": "Last"},
        "long": {"Type": "Wait", "Seconds": 3600, "Next": "Last"},
        "call": counted("$.name", Next="Last"),
        "token": counted("$.name", ".waitForTaskToken", Retry=RETRY, Next="Last"),
        # A child whose call was lost fails, and only that.
        "map": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": each, "Label": "Each",
                "MaxConcurrency": 3, "ToleratedFailurePercentage": 100, "Next": "Last"},
        "fail": {"Type": "Pass", "Next": "Broken"},
    }
    broken = {"Broken": {"Type": "Fail", "Error": "Broken"}}
    return {kind: json.dumps({"StartAt": "First", "States": {
                "First": state, **(broken if kind == "fail" else {"Last": last})}})
            for kind, state in first.items()}


def value_of(kind, name, dice):
    """an execution's input"""
    seconds = dice.choice((0, 0, 0.05, 0.3))
    value = {"name": name, "seconds": seconds,
             "padding": "x" * dice.choice((0, 0, 200, 3000))}
    if kind == "map":
        value["items"] = [{"key": f"{name}.{place}", "seconds": seconds}
                          for place in range(dice.randint(2, 6))]
    return json.dumps(value)
