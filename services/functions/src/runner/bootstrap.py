"""Runs a Python function: asks the runtime API for events and calls the handler with each."""

import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
ROOT = os.environ.get("LAMBDA_TASK_ROOT", os.getcwd())
BASE = "/2018-06-01/runtime/"
# From 3.12 on the managed runtime leaves characters beyond ASCII as they are.
ASCII = not os.environ.get("AWS_EXECUTION_ENV", "").endswith(("3.12", "3.13", "3.14"))


class Fault(Exception):
    """A reason to end that is reported under a name of the runtime's own."""

    def __init__(self, kind, message, stack=()):
        super().__init__(message)
        self.kind, self.message, self.stack = kind, message, list(stack)


class ClientContext:
    def __init__(self, document):
        self.custom = document.get("custom")
        self.env = document.get("env")
        self.client = document.get("client")


class Identity:
    cognito_identity_id = None
    cognito_identity_pool_id = None


class Context:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.identity = Identity()
        self.idempotency_key = headers.get("Idempotency-Key")
        self.client_context = None
        document = headers.get("Lambda-Runtime-Client-Context")
        if document:
            self.client_context = ClientContext(json.loads(document))
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class Api:
    """One connection that is kept; opened anew when the other side has closed it."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(API)

    def call(self, method, path, body=None, headers=None):
        self.connection.request(method, BASE + path, body, headers or {})
        answer = self.connection.getresponse()
        return answer.headers, answer.read()

    def report(self, path, error):
        headers = {"Content-Type": "application/json"}
        headers["Lambda-Runtime-Function-Error-Type"] = header_text(error["errorType"])
        self.call("POST", path, json.dumps(error, ensure_ascii=ASCII).encode(), headers)


class LogFilter(logging.Filter):
    request_id = ""

    def filter(self, record):
        record.aws_request_id = LogFilter.request_id
        return True


def header_text(text):
    return "".join(c if " " < c <= "~" else "_" for c in text)[:1024]


def set_up_logging():
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(form, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    handler.addFilter(LogFilter())
    logging.getLogger().addHandler(handler)


def shown(path):
    """A path as it would be in the cloud, where the code lies in /var/task."""
    return "/var/task" + path[len(ROOT):] if path.startswith(ROOT + os.sep) else path


def stack_of(error):
    frames = [
        (shown(frame.filename), frame.lineno, frame.name, frame.line)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename != __file__ and not frame.filename.startswith("<frozen importlib")
    ]
    return traceback.format_list(frames)


def error_of(error, request_id):
    if isinstance(error, Fault):
        kind, message, stack = error.kind, error.message, error.stack
    else:
        kind, message, stack = type(error).__name__, str(error), stack_of(error)
    report = {"errorMessage": message, "errorType": kind}
    return {**report, "requestId": request_id, "stackTrace": stack}


def log_error(error):
    text = "[ERROR] " + error["errorType"]
    text += ": " + error["errorMessage"] if error["errorMessage"] else ""
    if error["stackTrace"]:
        text += "\nTraceback (most recent call last):\n" + "".join(error["stackTrace"])
    print(text.rstrip("\n"), flush=True)


def load(name):
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        message = f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        raise Fault("Runtime.MalformedHandlerName", message)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}")
    except SyntaxError as error:
        stack = [f'  File "{shown(error.filename or "")}" Line {error.lineno}\n    {error.text}']
        message = f"Syntax error in module '{module_name}': {error}"
        raise Fault("Runtime.UserCodeSyntaxError", message, stack)
    if not hasattr(module, function_name):
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise Fault("Runtime.HandlerNotFound", message)
    return getattr(module, function_name)


def plain(value):
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def to_payload(result):
    if isinstance(result, bytes):
        return result, "application/unknown"
    try:
        text = json.dumps(result, default=plain, ensure_ascii=ASCII)
        return text.encode(), "application/json"
    except Exception as error:
        raise Fault("Runtime.MarshalError", f"Unable to marshal response: {error}")


def serve_one(api, handler):
    headers, body = api.call("GET", "invocation/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    LogFilter.request_id = request_id
    trace = headers.get("Lambda-Runtime-Trace-Id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    try:
        payload, kind = to_payload(handler(json.loads(body), Context(headers)))
    except Exception as error:
        report = error_of(error, request_id)
        log_error(report)
        sys.stdout.flush()
        sys.stderr.flush()
        api.report(f"invocation/{request_id}/error", report)
        return
    sys.stdout.flush()
    sys.stderr.flush()
    api.call("POST", f"invocation/{request_id}/response", payload, {"Content-Type": kind})


def main():
    set_up_logging()
    sys.path.insert(0, ROOT)
    api = Api()
    try:
        handler = load(os.environ.get("_HANDLER", ""))
    except Exception as error:
        report = error_of(error, "")
        log_error(report)
        api.report("init/error", report)
        sys.exit(1)
    while True:
        try:
            serve_one(api, handler)
        except (ConnectionError, http.client.HTTPException):
            # The server closed the connection: nobody is left to work for.
            os._exit(1)


main()
