"""Starting the built server, and stock clients that speak to it. Imports none of our code."""

import io
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("RUNG_BIN", ROOT / "target/debug/rung"))
IS_RELEASE = BINARY.parent.name == "release"
REGION = "us-east-1"
ROLE = "arn:aws:iam::123456789012:role/states"
READY_SECONDS_MAX = 20
TERMINAL = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**extra):
    """the test's own environment without any AWS setting of the machine"""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    return {**kept, "NO_COLOR": "1", **extra}


class Server:
    """`rung dev` or `rung serve` on a folder and data directory that outlive its processes"""

    def __init__(self, mode="dev", folder=None, config=None, port=None, region=REGION):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="rung-test-"))
        self.mode, self.region = mode, region
        self.folder = pathlib.Path(folder) if folder else self.place / "project"
        self.folder.mkdir(exist_ok=True)
        self.data = self.place / "data"
        self.config = config
        self.port = port or free_port()
        self.process = None
        self.arguments = []
        self.environment = {}

    def command(self):
        if self.mode == "dev":
            where = ["dev", str(self.folder)]
        else:
            where = ["serve", "--config", str(self.config)] if self.config else ["serve"]
        return [str(BINARY), *where, "--port", str(self.port), "--data", str(self.data),
                *self.arguments]

    def start(self):
        log = open(self.place / "log", "ab")
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=environment(**self.environment), start_new_session=True)
        log.close()
        begin = time.monotonic()
        while not self.answers():
            assert self.process.poll() is None, f"the server ended:\n{self.log()}"
            late = time.monotonic() - begin > READY_SECONDS_MAX
            assert not late, f"the server is not ready:\n{self.log()}"
            time.sleep(0.02)
        return self

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return connection.recv(5) == b"HTTP/"
        except OSError:
            return False

    def kill(self):
        """kill -9, of the server's own process and no other"""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        """asks it to end; answers the exit code"""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end when asked to:\n{self.log()}")

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.place, ignore_errors=True)

    def log(self):
        path = self.place / "log"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def client(self, service="stepfunctions", key="test", secret="test", **options):
        settings = {"parameter_validation": False, "retries": {"total_max_attempts": 1},
                    "inject_host_prefix": False, "max_pool_connections": 60,
                    "read_timeout": 90, "connect_timeout": 10, **options}
        session = boto3.session.Session()
        return session.client(
            service, endpoint_url=self.url, region_name=self.region, aws_access_key_id=key,
            aws_secret_access_key=secret, config=Config(**settings))

    def cli(self, *arguments, **more):
        """the AWS CLI, as installed from PyPI; answers its parsed output"""
        done = subprocess.run(
            ["aws", *arguments, "--output", "json"], capture_output=True, text=True,
            timeout=60, check=False, **more, env=environment(
                AWS_ENDPOINT_URL=self.url, AWS_DEFAULT_REGION=self.region,
                AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_PAGER="",
                AWS_CONFIG_FILE=str(self.place / "none"),
                AWS_SHARED_CREDENTIALS_FILE=str(self.place / "none")))
        assert done.returncode == 0, f"aws {' '.join(arguments)}:\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None


def keys_file(place, key, secret, account):
    """a file with one access key, as `rung serve` wants it"""
    keys = pathlib.Path(place) / "keys.toml"
    keys.touch(mode=0o600)
    keys.write_text(f'[[key]]\nid = "{key}"\nsecret = "{secret}"\naccount = "{account}"\n')
    return keys


def rung(*arguments, timeout=60, **options):
    """the program itself, as a command"""
    return subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, check=False, stdin=subprocess.DEVNULL,
                          env=environment(**options.pop("env", {})), **options)


def unique(prefix="t"):
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def until(condition, seconds=20, every=0.05, what="it did not happen"):
    """waits for a truthy answer and returns it"""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(every)


class Fault:
    """what a refused call said"""

    def __init__(self, error):
        self.code = error.response["Error"]["Code"]
        self.message = error.response["Error"].get("Message", "")
        self.status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        self.headers = error.response["ResponseMetadata"]["HTTPHeaders"]


def lasting_server():
    """for a fixture: `rung dev` on an empty folder, which must not end by itself"""
    server = Server().start()
    yield server
    still_up = server.process.poll() is None
    log = server.log()
    server.close()
    assert still_up, f"the server ended before its time:\n{log}"


def refused(code, call, /, **parameters):
    """the call must fail with this code; answers the fault"""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    fault = Fault(caught.value)
    codes = code if isinstance(code, tuple) else (code,)
    assert fault.code in codes, f"{fault.code}: {fault.message}"
    return fault


def machine(sfn, states=None, start=None, name=None, **more):
    """creates a machine of these states (the first begins) and answers its ARN"""
    whole = {"StartAt": start or next(iter(states)), "States": states, **more}
    made = sfn.create_state_machine(
        name=name or unique("m"), definition=json.dumps(whole), roleArn=ROLE)
    return made["stateMachineArn"]


def one_state(**fields):
    return {"Only": {"End": True, **fields}}


PASS = {"Only": {"Type": "Pass", "End": True}}


def wait_state(seconds):
    return {"Pause": {"Type": "Wait", "Seconds": seconds, "End": True}}


def ended(sfn, arn, seconds=30):
    """waits for the end of an execution and describes it"""
    def closed():
        seen = sfn.describe_execution(executionArn=arn)
        return seen if seen["status"] in TERMINAL else None
    return until(closed, seconds, what=lambda: f"still running: {events_of(sfn, arn)[-1]}")


def run(sfn, machine_arn, value=None, seconds=30, **more):
    """starts an execution and waits for its end"""
    started = sfn.start_execution(
        stateMachineArn=machine_arn, input=json.dumps({} if value is None else value), **more)
    return ended(sfn, started["executionArn"], seconds)


def events_of(sfn, arn, reverse=False, page=1000, data=True):
    """the whole history, by pages"""
    events, token = [], None
    while True:
        more = {"nextToken": token} if token else {}
        answer = sfn.get_execution_history(
            executionArn=arn, reverseOrder=reverse, maxResults=page, includeExecutionData=data,
            **more)
        assert len(answer["events"]) <= page
        events += answer["events"]
        token = answer.get("nextToken")
        if not token:
            return events
        assert answer["events"], "a page without events promised another"


def types(events):
    return [event["type"] for event in events]


def sound(events, closed=True):
    """one line of events without gap, repeat or fork (SFN-SEM-95, SFN-SEM-121)"""
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert all(event["previousEventId"] < event["id"] for event in events)
    times = [event["timestamp"] for event in events]
    assert times == sorted(times)
    assert events[0]["type"] == "ExecutionStarted"
    ends = [event for event in events if event["type"].startswith("Execution")][1:]
    if closed:
        assert len(ends) == 1 and ends[0] is events[-1], types(events)
    else:
        assert not ends
    return events


def until_event(sfn, arn, kind, seconds=20):
    """waits until the history has an event of this type and answers the events"""
    def seen():
        events = events_of(sfn, arn)
        return events if kind in types(events) else None
    return until(seen, seconds, what=lambda: f"no {kind}: {types(events_of(sfn, arn))}")


def zipped(files):
    """a zip with these files; what begins with #! may be executed"""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o755 if text.startswith("#!") else 0o644) << 16
            archive.writestr(entry, text)
    return buffer.getvalue()


def python_function(lam, source, name=None, timeout=20, variables=None, **more):
    """creates a Python function of this source, with `handler`, and answers its ARN"""
    made = lam.create_function(
        FunctionName=name or unique("f"), Runtime="python3.12", Handler="main.handler", Role=ROLE,
        Code={"ZipFile": zipped({"main.py": source})}, Timeout=timeout,
        Environment={"Variables": variables or {}}, **more)
    return made["FunctionArn"]


def invoke_state(function, payload=None, **fields):
    parameters = {"FunctionName": function}
    if payload is not None:
        parameters["Payload"] = payload
    else:
        parameters["Payload.$"] = "$"
    return {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": parameters, "End": True, **fields}


def processes_with(mark):
    """processes whose environment mentions this text"""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found
