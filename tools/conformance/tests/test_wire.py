"""Bytes that no SDK would send, and the answers to them. The server stays up (see conftest)."""

import http.client
import json
import socket
import ssl

import pytest
from support import ROLE, unique

JSON_TYPE = "application/x-amz-json-1.0"
SIGNATURE = ("AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/states/aws4_request, "
             "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64)


def post(server, body, target="AWSStepFunctions.ListStateMachines", headers=None, path="/"):
    """sends one request and answers status, headers and body"""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    sent = {"Content-Type": JSON_TYPE, "X-Amz-Date": "20260101T000000Z",
            "Authorization": SIGNATURE, **(headers or {})}
    if target:
        sent["X-Amz-Target"] = target
    try:
        connection.request("POST", path, body, {k: v for k, v in sent.items() if v is not None})
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before it was all sent; the answer is there to be read
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, response.headers, json.loads(text) if text else None


def fault_of(answer):
    status, headers, body = answer
    code = body["__type"].rpartition("#")[2]
    assert headers["x-amzn-ErrorType"].split(":")[0] == code
    assert headers["x-amzn-RequestId"]
    return status, code, body.get("message", body.get("Message"))


def test_success_headers(server):
    """SFN-WIRE-1, SFN-WIRE-3, SFN-WIRE-4"""
    status, headers, body = post(server, b"{}")
    assert status == 200 and "stateMachines" in body
    assert headers["Content-Type"] == JSON_TYPE
    assert len(headers["x-amzn-RequestId"]) == 36
    assert headers["Content-Length"] or headers["Transfer-Encoding"] == "chunked"


def test_empty_body_and_unknown_members(server):
    """SFN-WIRE-2"""
    assert post(server, b"")[0] == 200
    assert post(server, b'{"unknown": {"deep": [1]}}')[0] == 200


def test_timestamps_are_numbers(server):
    """SFN-WIRE-5, SFN-WIRE-6, SFN-WIRE-8"""
    definition = '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}'
    made = post(server, json.dumps(
        {"name": unique(), "definition": definition, "roleArn": ROLE}).encode(),
        "AWSStepFunctions.CreateStateMachine")[2]
    assert isinstance(made["creationDate"], (int, float))
    assert round(made["creationDate"] * 1000) == pytest.approx(made["creationDate"] * 1000)
    assert set(made) == {"stateMachineArn", "creationDate"}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b"not json", b'{"maxResults": "1"}',
                                  b'{"maxResults": 1.5}', b'{"nextToken": {}}', b'{}{}',
                                  b'{"a": tru}'])
def test_bodies_that_are_no_request(server, body):
    """SFN-ERR-4"""
    status, code, _ = fault_of(post(server, body))
    assert (status, code) == (400, "SerializationException")


@pytest.mark.parametrize("body", [b'{"nextToken": "\xff\xfe"}', b"\xc3\x28",
                                  b'{"a\xed\xa0\x80": 1}'])
def test_broken_utf8(server, body):
    """SFN-ERR-4"""
    status, code, _ = fault_of(post(server, body))
    assert (status, code) == (400, "SerializationException")


def test_deep_json(server):
    """128 levels are the limit of a body"""
    nested = lambda levels: b'{"unknown":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"
    assert post(server, nested(100))[0] == 200
    for levels in (129, 5_000, 400_000):
        status, code, _ = fault_of(post(server, nested(levels)))
        assert (status, code) == (400, "SerializationException"), levels


def test_deep_json_inside_members(server, sfn):
    """the JSON inside a member is bounded as well"""
    from support import PASS, machine, refused
    deep = "[" * 200_000 + "]" * 200_000
    refused("ValidationException", sfn.start_execution, stateMachineArn=machine(sfn, PASS),
            input=deep)
    deep = "[" * 100_000 + "]" * 100_000
    refused(("InvalidExecutionInput", "ValidationException"), sfn.start_execution,
            stateMachineArn=machine(sfn, PASS), input=deep)
    refused("InvalidDefinition", sfn.create_state_machine, name=unique(), definition=deep,
            roleArn=ROLE)


def test_body_over_the_limit(server):
    """the quota of a request; refused by what it says and by what it sends"""
    for body, headers in ((b" " * 9_000_000, {}), (b"{}", {"Content-Length": "4000000000"})):
        status, _, answer = post(server, body, headers=headers)
        assert status in (400, 413)
        assert answer["__type"]
    assert post(server, b"{}")[0] == 200


def test_chunked_body_over_the_limit(server):
    """no length is said beforehand: the limit holds while reading"""
    head = ("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            f"X-Amz-Target: AWSStepFunctions.ListStateMachines\r\nContent-Type: {JSON_TYPE}\r\n"
            f"Authorization: {SIGNATURE}\r\n\r\n")
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode())
        block = b"10000\r\n" + b" " * 65536 + b"\r\n"
        try:
            for _ in range(200):
                connection.sendall(block)
            connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        first = connection.recv(12)
    assert first[9:12] in (b"400", b"413"), first


@pytest.mark.parametrize("target", ["AWSStepFunctions.MakeCoffee", "AWSStepFunctions.",
                                    "AWSStepFunctions", "Nothing.ListStateMachines", "x" * 5000])
def test_unknown_operations(server, target):
    """SFN-ERR-4"""
    status, code, _ = fault_of(post(server, b"{}", target))
    assert status in (400, 404) and code == "UnknownOperationException"


def test_without_a_target(server):
    status, _, _ = post(server, b"{}", target=None)
    assert 400 <= status < 500


@pytest.mark.parametrize("garbage", [b"\x00" * 64, b"GET\r\n\r\n", b"POST / HTTP/9.9\r\n\r\n",
                                     b"\x16\x03\x01\x00\x05hello",
                                     b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
                                     b"GET / HTTP/1.1\r\nX: " + b"y" * 900_000 + b"\r\n\r\n"])
def test_bytes_that_are_no_protocol(server, garbage):
    """the connection ends; the server does not"""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        try:
            connection.sendall(garbage)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        except OSError:
            pass
    assert post(server, b"{}")[0] == 200


def test_sync_host(server):
    """SFN-WIRE-21: any host that begins with `sync-`"""
    for host in (f"sync-localhost:{server.port}", "sync-states.us-east-1.amazonaws.com"):
        assert post(server, b"{}", headers={"Host": host})[0] == 200


def test_tls_on_the_same_port(server):
    """the first byte decides; HTTP/2 is offered"""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=20, context=context)
    connection.request("POST", "/", b"{}", {
        "X-Amz-Target": "AWSStepFunctions.ListStateMachines", "Authorization": SIGNATURE})
    assert connection.getresponse().status == 200
    connection.close()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            assert secure.selected_alpn_protocol() == "h2"


def test_one_connection_many_requests(server):
    """HTTP/1.1 keep-alive, without the delay of a socket that waits for more to send"""
    import time
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    begin = time.monotonic()
    for _ in range(50):
        connection.request("POST", "/", b"{}", {
            "X-Amz-Target": "AWSStepFunctions.ListActivities", "Authorization": SIGNATURE})
        response = connection.getresponse()
        assert response.status == 200
        response.read()
    assert time.monotonic() - begin < 50 * 0.035
    connection.close()


def test_malformed_arns(server, sfn):
    """SFN-ARN-4, SFN-ARN-5"""
    from support import refused
    for bad in ("x", "arn", "arn:aws", "arn:aws:states", "arn:aws:states:us-east-1:1:stateMachine",
                "arn:aws:states:us-east-1:123456789012:stateMachine:",
                "arn:aws:lambda:us-east-1:123456789012:function:f", " ", "\u0000"):
        fault = refused("InvalidArn", sfn.describe_state_machine, stateMachineArn=bad)
        assert fault.message.startswith("Invalid Arn: '")
    refused("ValidationException", sfn.describe_state_machine, stateMachineArn="")
    refused("ValidationException", sfn.describe_state_machine,
            stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:" + "x" * 256)
