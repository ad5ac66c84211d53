"""One server process on a data directory that outlives it, and raw connections to it."""

import collections
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

READY_SECONDS_MAX = 30
AUTHORIZATION = ("AWS4-HMAC-SHA256 Credential=crash/20260101/us-east-1/states/aws4_request, "
                 "SignedHeaders=host, Signature=00")


class Refused(Exception):
    """the server answered, and said no"""

    def __init__(self, status, code, message):
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code = status, code


class NoAnswer(Exception):
    """whether it was done is not known"""


class NotSent(NoAnswer):
    """nobody listens: it was not done"""


class Client:
    """one connection that is kept; each thread has its own"""

    def __init__(self, server, timeout=20):
        self.server, self.timeout, self.connection = server, timeout, None
        # How often it is not known whether something was done.
        self.doubts = 0

    def ask(self, operation, **body):
        return self.once(operation, **body)

    def once(self, operation, **body):
        try:
            return self.exchange(operation, json.dumps(body).encode())
        except NotSent:
            raise
        except NoAnswer:
            self.doubts += 1
            raise
        except Refused as refused:
            self.doubts += refused.status >= 500
            raise

    def exchange(self, operation, body):
        headers = {"Content-Type": "application/x-amz-json-1.0",
                   "X-Amz-Target": f"AWSStepFunctions.{operation}"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    "127.0.0.1", self.server.port, timeout=self.timeout)
            self.connection.request("POST", "/", body,
                                    headers | self.authorization(headers, body))
            response = self.connection.getresponse()
            status, text = response.status, response.read()
        except ConnectionRefusedError as error:
            self.close()
            raise NotSent(str(error)) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(str(error)) from error
        answer = json.loads(text) if text else {}
        if status != 200:
            code = answer.get("__type", "").rpartition("#")[2]
            raise Refused(status, code, answer.get("message", ""))
        return answer

    def authorization(self, _headers, _body):
        return {"Authorization": AUTHORIZATION, "X-Amz-Date": "20260101T000000Z"}

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Server:
    def __init__(self, binary, place, faults=None, configuration=""):
        self.binary, self.place, self.faults = binary, pathlib.Path(place), faults
        self.data, self.project = self.place / "data", self.place / "project"
        self.project.mkdir(parents=True, exist_ok=True)
        (self.project / "rung.toml").write_text(configuration)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = None
        # How flipped bits were met.
        self.flips = collections.Counter()

    def client(self):
        return Client(self)

    def spawn(self):
        """without waiting until it is ready"""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment["NO_COLOR"] = "1"
        if self.faults:
            environment |= self.faults.environment(self.data)
        with open(self.place / "log", "ab") as log:
            self.process = subprocess.Popen(
                [str(self.binary), "dev", str(self.project), "--port", str(self.port), "--data",
                 str(self.data)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=environment, start_new_session=True)

    def start(self):
        self.spawn()
        end = time.monotonic() + READY_SECONDS_MAX
        while not self.listens():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended by itself:\n{self.log()}")
            if time.monotonic() > end:
                raise AssertionError(f"the server is not ready:\n{self.log()}")
            time.sleep(0.005)

    def listens(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def signal(self, number):
        if self.process.poll() is None:
            os.kill(self.process.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def restart(self):
        self.kill()
        self.start()

    def log(self):
        return (self.place / "log").read_text(errors="replace")[-3000:]
