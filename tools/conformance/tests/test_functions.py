"""Functions: the Lambda API, functions that misbehave, and tasks that call them."""

import base64
import json
import shutil
import time

import pytest
from support import (ROLE, ended, events_of, invoke_state, machine, one_state, processes_with,
                     python_function, refused, run, sound, types, unique, until, zipped)

ECHO = "def handler(event, context):\n    return event\n"


def invoke(lam, function, payload=b"{}", **more):
    """calls it; answers the parsed payload and the whole answer"""
    answer = lam.invoke(FunctionName=function, Payload=payload, **more)
    text = answer["Payload"].read()
    return (json.loads(text) if text else None), answer


@pytest.fixture(scope="module")
def echo(lam):
    return python_function(lam, ECHO)


def test_create_and_get(lam, name):
    arn = python_function(lam, ECHO, name, variables={"AA": "b"}, MemorySize=256, Description="d")
    assert arn.endswith(f":function:{name}")
    seen = lam.get_function(FunctionName=name)["Configuration"]
    assert seen["FunctionArn"] == arn and seen["Runtime"] == "python3.12"
    assert seen["Handler"] == "main.handler" and seen["MemorySize"] == 256
    assert seen["Timeout"] == 20 and seen["State"] == "Active"
    assert seen["Environment"]["Variables"] == {"AA": "b"}
    assert seen["Version"] == "$LATEST" and seen["Description"] == "d"
    assert len(base64.b64decode(seen["CodeSha256"])) == 32 and seen["CodeSize"] > 0
    fault = refused("ResourceConflictException", python_function, lam=lam, source=ECHO, name=name)
    assert fault.status == 409
    assert fault.message == f"Function already exist: {name}"


def test_list(lam):
    names = {unique("list") for _ in range(3)}
    for one in names:
        python_function(lam, ECHO, one)
    pages = lam.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    seen = [one["FunctionName"] for page in pages for one in page["Functions"]]
    assert names <= set(seen) and len(seen) == len(set(seen))


def test_update(lam, name):
    """the next call has the new code and the new environment"""
    python_function(lam, "def handler(event, context):\n    return 1\n", name)
    assert invoke(lam, name)[0] == 1
    first = lam.get_function(FunctionName=name)["Configuration"]["CodeSha256"]
    code = "import os\ndef handler(event, context):\n    return os.environ.get('AA', 'none')\n"
    lam.update_function_code(FunctionName=name, ZipFile=zipped({"main.py": code}))
    assert invoke(lam, name)[0] == "none"
    lam.update_function_configuration(FunctionName=name, Environment={"Variables": {"AA": "b"}},
                                      Timeout=7)
    assert invoke(lam, name)[0] == "b"
    seen = lam.get_function(FunctionName=name)["Configuration"]
    assert seen["Timeout"] == 7 and seen["CodeSha256"] != first
    assert seen["LastUpdateStatus"] == "Successful"


def test_delete(lam, name):
    python_function(lam, ECHO, name)
    lam.delete_function(FunctionName=name)
    for call in (lam.get_function, lam.invoke, lam.delete_function):
        fault = refused("ResourceNotFoundException", call, FunctionName=name)
        assert fault.status == 404 and fault.message.startswith("Function not found: arn:aws:")


@pytest.mark.parametrize("wrong", [
    {"Code": {"ZipFile": b"no zip"}}, {"Timeout": 901}, {"Timeout": 0}, {"MemorySize": 64},
    {"Runtime": "cobol85"}, {"FunctionName": "a b"}, {"Handler": None},
])
def test_create_refused(lam, wrong):
    good = {"FunctionName": unique(), "Runtime": "python3.12", "Handler": "main.handler",
            "Role": ROLE, "Code": {"ZipFile": zipped({"main.py": ECHO})}}
    parameters = {k: v for k, v in {**good, **wrong}.items() if v is not None}
    fault = refused(("InvalidParameterValueException", "ValidationException"),
                    lam.create_function, **parameters)
    assert fault.status == 400


@pytest.mark.parametrize("entry", ["../outside.py", "/tmp/outside.py", "a/../../outside.py"])
def test_zip_that_leaves_its_folder(lam, entry):
    """an archive writes where it is unpacked and nowhere else"""
    refused("InvalidParameterValueException", lam.create_function, FunctionName=unique(),
            Runtime="python3.12", Handler="main.handler", Role=ROLE,
            Code={"ZipFile": zipped({"main.py": ECHO, entry: "x"})})


def test_invoke(lam, echo):
    for value in ({"a": [1, 2.5, None, "é"]}, "text", 7, None, [True]):
        payload, answer = invoke(lam, echo, json.dumps(value).encode())
        assert payload == value
        assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST"
        assert "FunctionError" not in answer
    refused("InvalidRequestContentException", lam.invoke, FunctionName=echo, Payload=b"{not json")


def test_names_of_a_function(lam, echo):
    """name, partial ARN, whole ARN, with and without qualifier"""
    parts = echo.split(":")
    for one in (parts[-1], f"{parts[4]}:function:{parts[-1]}", echo, f"{echo}:$LATEST"):
        assert invoke(lam, one, b"1")[0] == 1


def test_invoke_asynchronously(lam, tmp_path):
    """202 at once, and the work is done"""
    place = tmp_path / "done"
    code = ("import os, time\ndef handler(event, context):\n    time.sleep(0.5)\n"
            "    open(os.environ['PLACE'], 'a').write(event['n'])\n")
    function = python_function(lam, code, variables={"PLACE": str(place)})
    payload, answer = invoke(lam, function, b'{"n": "x"}', InvocationType="Event")
    assert answer["StatusCode"] == 202 and payload is None and not place.exists()
    until(place.exists)
    assert until(place.read_text) == "x"
    assert invoke(lam, function, InvocationType="DryRun")[1]["StatusCode"] == 204


def test_context_and_log(lam, name):
    """what the runtime tells a function, and what it prints"""
    code = ("import os\ndef handler(event, context):\n    print('printed here')\n"
            "    return [context.function_name, context.aws_request_id, "
            "context.get_remaining_time_in_millis(), context.invoked_function_arn, "
            "os.environ['AWS_LAMBDA_FUNCTION_NAME'], os.environ['AWS_REGION'], "
            "context.memory_limit_in_mb]\n")
    arn = python_function(lam, code, name, timeout=9, MemorySize=192)
    payload, answer = invoke(lam, name, LogType="Tail")
    assert payload[0] == name == payload[4] and payload[3] == arn
    assert len(payload[1]) == 36 and 0 < payload[2] <= 9000
    assert payload[5] == "us-east-1" and int(payload[6]) == 192
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "printed here" in log
    assert "LogResult" not in invoke(lam, name)[1]


def test_kept_warm_and_several_at_once(lam, name):
    """one process for calls in a row, several for calls at once"""
    import concurrent.futures
    code = ("import os, time\ndef handler(event, context):\n    time.sleep(event)\n"
            "    return os.getpid()\n")
    python_function(lam, code, name)
    assert len({invoke(lam, name, b"0")[0] for _ in range(4)}) == 1
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        begin = time.monotonic()
        processes = set(pool.map(lambda _: invoke(lam, name, b"1.5")[0], range(4)))
        assert time.monotonic() - begin < 5
    assert len(processes) == 4


# How functions fail: source, a word of errorType, a word of errorMessage.
FAILURES = {
    "raises": ("def handler(event, context):\n    raise ValueError('no such thing')\n",
               "ValueError", "no such thing"),
    "exits": ("import os\ndef handler(event, context):\n    os._exit(3)\n",
              "Runtime.ExitError", "exit status 3"),
    "killed": ("import os\ndef handler(event, context):\n    os.kill(os.getpid(), 9)\n",
               "Runtime.ExitError", "signal"),
    "no module": ("import no_such_module\n", "Runtime.ImportModuleError", "no_such_module"),
    "no handler": ("def other(event, context):\n    pass\n", "Runtime.HandlerNotFound", "handler"),
    "syntax": ("def handler(event, context)\n    pass\n", "Runtime.UserCodeSyntaxError", "main"),
    "no JSON": ("def handler(event, context):\n    return object()\n",
                "Runtime.MarshalError", "JSON serializable"),
    "ten MiB": ("def handler(event, context):\n    return 'x' * (10 * 1024 * 1024)\n",
                "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
}


@pytest.mark.parametrize("how", FAILURES)
def test_failures(lam, how):
    """AWS's own errors; and the function can be called again"""
    source, kind, word = FAILURES[how]
    function = python_function(lam, source)
    for _ in range(2):
        payload, answer = invoke(lam, function)
        assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
        assert payload["errorType"] == kind, payload
        assert word in payload["errorMessage"], payload


def test_raised_errors_have_a_trace(lam):
    """SFN-INT-45"""
    function = python_function(lam, FAILURES["raises"][0])
    payload, _ = invoke(lam, function)
    assert set(payload) == {"errorMessage", "errorType", "requestId", "stackTrace"}
    assert 'line 2, in handler' in payload["stackTrace"][-1]


def test_hangs(lam):
    """the limit of the function ends it, and its process"""
    mark = unique("mark")
    function = python_function(lam, "import time\ndef handler(event, context):\n"
                                    "    time.sleep(600)\n", timeout=1, variables={"MARK": mark})
    begin = time.monotonic()
    payload, answer = invoke(lam, function)
    assert 1 <= time.monotonic() - begin < 5
    assert answer["FunctionError"] == "Unhandled"
    assert "Task timed out after 1.00 seconds" in payload["errorMessage"]
    until(lambda: not processes_with(mark), seconds=5)


def test_prints_garbage(lam):
    """what it writes to its output is its log, never its answer"""
    code = ("import sys\ndef handler(event, context):\n"
            "    sys.stdout.buffer.write(bytes(range(256)) * 4000)\n"
            "    sys.stdout.write('{\"fake\": true}')\n    sys.stderr.write('\\x00' * 10)\n"
            "    sys.stdout.flush()\n    return 'true'\n")
    payload, answer = invoke(lam, python_function(lam, code), LogType="Tail")
    assert payload == "true" and "FunctionError" not in answer
    assert len(base64.b64decode(answer["LogResult"])) <= 4096


def test_grandchildren_end_with_the_function(lam):
    """a process that the function left behind is not left behind"""
    mark = unique("mark")
    code = ("import subprocess, os\ndef handler(event, context):\n"
            "    subprocess.Popen(['sleep', '600'])\n    os._exit(1)\n")
    invoke(lam, python_function(lam, code, variables={"MARK": mark}))
    until(lambda: not processes_with(mark), seconds=5)


def test_provided_runtime(lam):
    """any executable that speaks the Runtime API"""
    bootstrap = (
        "#!/usr/bin/env python3\nimport os, urllib.request\n"
        "api = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API'] + '/2018-06-01/runtime/'\n"
        "while True:\n"
        "    with urllib.request.urlopen(api + 'invocation/next') as event:\n"
        "        number = event.headers['Lambda-Runtime-Aws-Request-Id']\n"
        "        body = event.read()\n"
        "    urllib.request.urlopen(api + f'invocation/{number}/response', "
        "b'{\"got\":' + body + b'}').read()\n")
    name = unique("f")
    lam.create_function(FunctionName=name, Runtime="provided.al2023", Handler="bootstrap",
                        Role=ROLE, Code={"ZipFile": zipped({"bootstrap": bootstrap})})
    for number in (b"1", b"2"):
        assert invoke(lam, name, number)[0] == {"got": int(number)}


@pytest.mark.parametrize("script,kinds", [
    ("#!/bin/sh\nhead -c 100000 /dev/urandom\nexit 0\n", ["Runtime.ExitError"]),
    ("#!/bin/sh\nexit 9\n", ["Runtime.ExitError"]),
    ("#!/no/such/interpreter\n", ["Runtime.InvalidEntrypoint", "Runtime.ExitError"]),
])
def test_provided_runtime_that_is_none(lam, script, kinds):
    name = unique("f")
    lam.create_function(FunctionName=name, Runtime="provided.al2023", Handler="x", Role=ROLE,
                        Timeout=10, Code={"ZipFile": zipped({"bootstrap": script})})
    payload, answer = invoke(lam, name)
    assert answer["FunctionError"] == "Unhandled" and payload["errorType"] in kinds


NODE = pytest.mark.skipif(not shutil.which("node"), reason="no Node.js on this machine")


@NODE
@pytest.mark.parametrize("file,source", [
    ("index.mjs", "export const handler = async (event, context) => "
                  "({ ...event, name: context.functionName });\n"),
    ("index.js", "exports.handler = async (event, context) => "
                 "({ ...event, name: context.functionName });\n"),
    ("index.js", "exports.handler = (event, context, callback) => "
                 "callback(null, { ...event, name: context.functionName });\n"),
])
def test_node(lam, file, source):
    name = unique("f")
    lam.create_function(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler",
                        Role=ROLE, Code={"ZipFile": zipped({file: source})})
    assert invoke(lam, name, b'{"a": 1}')[0] == {"a": 1, "name": name}


@NODE
def test_node_errors(lam):
    source = ("export const handler = async (event) => {\n  if (event === 1) process.exit(4);\n"
              "  const error = new Error('said so');\n  error.name = 'OwnName';\n  throw error;\n"
              "};\n")
    name = unique("f")
    lam.create_function(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler",
                        Role=ROLE, Code={"ZipFile": zipped({"index.mjs": source})})
    payload, answer = invoke(lam, name)
    assert answer["FunctionError"] == "Unhandled"
    assert (payload["errorType"], payload["errorMessage"]) == ("OwnName", "said so")
    assert isinstance(payload["trace"], list)
    assert invoke(lam, name, b"1")[0]["errorType"] == "Runtime.ExitError"


# Tasks


def test_task_by_arn(sfn, echo):
    """SFN-INT-48: LambdaFunction events, and the result as it is"""
    seen = run(sfn, machine(sfn, one_state(Type="Task", Resource=echo)), {"a": 1})
    assert seen["output"] == '{"a":1}'
    events = sound(events_of(sfn, seen["executionArn"]))
    assert types(events)[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted",
                                  "LambdaFunctionSucceeded"]
    assert events[2]["lambdaFunctionScheduledEventDetails"]["resource"] == echo


def test_task_by_invoke(sfn, echo):
    """SFN-INT-20, SFN-INT-40, SFN-INT-41"""
    seen = run(sfn, machine(sfn, {"Only": invoke_state(echo)}), {"a": [1]})
    output = json.loads(seen["output"])
    assert output["Payload"] == {"a": [1]} and output["StatusCode"] == 200
    assert output["ExecutedVersion"] == "$LATEST"
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    assert output["SdkResponseMetadata"]["RequestId"]
    events = sound(events_of(sfn, seen["executionArn"]))
    assert types(events)[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
    details = events[2]["taskScheduledEventDetails"]
    assert (details["resourceType"], details["resource"]) == ("lambda", "invoke")
    assert json.loads(details["parameters"]) == {"FunctionName": echo, "Payload": {"a": [1]}}


def test_task_with_event_invocation(sfn, echo):
    """SFN-INT-43"""
    state = invoke_state(echo)
    state["Parameters"]["InvocationType"] = "Event"
    output = json.loads(run(sfn, machine(sfn, {"Only": state}))["output"])
    assert output["StatusCode"] == 202


def test_task_that_raises(sfn, lam):
    """SFN-INT-44: error and cause, caught by name"""
    function = python_function(lam, FAILURES["raises"][0])
    seen = run(sfn, machine(sfn, {"Only": invoke_state(function)}))
    assert (seen["status"], seen["error"]) == ("FAILED", "ValueError")
    assert json.loads(seen["cause"])["errorMessage"] == "no such thing"
    caught = machine(sfn, {
        "Only": {"Type": "Task", "Resource": function, "End": True, "Catch": [
            {"ErrorEquals": ["ValueError"], "Next": "Caught"}]},
        "Caught": {"Type": "Pass", "End": True}})
    output = json.loads(run(sfn, caught)["output"])
    assert output["Error"] == "ValueError"
    assert json.loads(output["Cause"])["errorType"] == "ValueError"


def test_task_of_a_missing_function(sfn, echo):
    """SFN-INT-46"""
    missing = echo.rpartition(":")[0] + ":" + unique("absent")
    seen = run(sfn, machine(sfn, {"Only": invoke_state(missing, {})}))
    assert seen["error"] == "Lambda.ResourceNotFoundException"
    assert seen["cause"].startswith(
        f"Function not found: {missing}:$LATEST (Service: AWSLambda; Status Code: 404; "
        "Error Code: ResourceNotFoundException; Request ID: ")


def test_task_time_limit(sfn, lam):
    """SFN-INT-37, SFN-SEM-22: the state's limit, shorter than the function's"""
    function = python_function(lam, "import time\ndef handler(event, context):\n"
                                    "    time.sleep(8)\n")
    seen = run(sfn, machine(sfn, {"Only": invoke_state(function, {}, TimeoutSeconds=1)}))
    assert (seen["status"], seen["error"]) == ("FAILED", "States.Timeout")
    assert "cause" not in seen
    length = (seen["stopDate"] - seen["startDate"]).total_seconds()
    assert 1 <= length < 4


def test_task_that_exits_is_retried(sfn, lam, tmp_path):
    """a crash is a failure of the task, and the retrier decides"""
    code = ("import os\ndef handler(event, context):\n"
            "    open(os.environ['PLACE'], 'a').write('x')\n"
            "    if os.path.getsize(os.environ['PLACE']) < 3:\n        os._exit(1)\n"
            "    return 'third'\n")
    function = python_function(lam, code, variables={"PLACE": str(tmp_path / "calls")})
    retry = [{"ErrorEquals": ["Runtime.ExitError"], "IntervalSeconds": 1, "BackoffRate": 1.0,
              "MaxAttempts": 3}]
    arn = machine(sfn, {"Only": invoke_state(function, {}, Retry=retry, OutputPath="$.Payload")})
    seen = run(sfn, arn)
    assert seen["output"] == '"third"'
    assert types(events_of(sfn, seen["executionArn"])).count("TaskFailed") == 2


def test_task_with_a_result_over_the_limit(sfn, lam):
    """SFN-INT-25, SFN-SEM: 256 KiB, and by ten MiB the function's own"""
    small = python_function(lam, "def handler(event, context):\n    return 'x' * 300000\n")
    seen = run(sfn, machine(sfn, {"Only": invoke_state(small, {})}))
    assert (seen["status"], seen["error"]) == ("FAILED", "States.DataLimitExceeded")
    large = python_function(lam, FAILURES["ten MiB"][0])
    seen = run(sfn, machine(sfn, {"Only": invoke_state(large, {})}))
    assert (seen["status"], seen["error"]) == ("FAILED", "Function.ResponseSizeTooLarge")


def test_stop_while_a_function_runs(sfn, lam, tmp_path):
    """SFN-SEM-32: the result of work handed over is discarded"""
    place = tmp_path / "begun"
    code = ("import os, time\ndef handler(event, context):\n"
            "    open(os.environ['PLACE'], 'w').close()\n    time.sleep(1.5)\n    return 1\n")
    function = python_function(lam, code, variables={"PLACE": str(place)})
    arn = machine(sfn, {"Only": invoke_state(function, {})})
    execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    until(place.exists)
    sfn.stop_execution(executionArn=execution)
    before = events_of(sfn, execution)
    assert ended(sfn, execution)["status"] == "ABORTED"
    time.sleep(2)
    assert events_of(sfn, execution) == before
