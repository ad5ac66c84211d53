"""`rung serve`: signatures are verified; `rung dev`: any credentials pass."""

import datetime
import http.client
import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from support import PASS, Server, keys_file, machine, refused, run

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ACCOUNT = "210987654321"
TARGET = "AWSStepFunctions.ListStateMachines"


@pytest.fixture(scope="module")
def serving():
    """a server for production with one access key"""
    server = Server(mode="serve")
    keys = keys_file(server.place, KEY, SECRET, ACCOUNT)
    server.config = server.place / "rung.toml"
    server.config.write_text(f'keys = "{keys}"\nbind = "127.0.0.1"\n')
    yield server.start()
    server.close()


def signed(server, body=b"{}", key=KEY, secret=SECRET, service="states"):
    """the headers of a request as a stock client signs them"""
    request = AWSRequest("POST", server.url + "/", data=body, headers={
        "X-Amz-Target": TARGET, "Content-Type": "application/x-amz-json-1.0",
        "Host": f"127.0.0.1:{server.port}"})
    SigV4Auth(Credentials(key, secret), service, server.region).add_auth(request)
    return dict(request.headers)


def send(server, headers, body=b"{}"):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.request("POST", "/", body, headers)
    response = connection.getresponse()
    text = response.read()
    connection.close()
    body = json.loads(text) if text else {}
    return response.status, body.get("__type", "").rpartition("#")[2]


def test_a_true_signature_passes(serving):
    """SFN-WIRE-7: and its account is the account of the ARN"""
    sfn = serving.client(key=KEY, secret=SECRET)
    arn = machine(sfn, PASS)
    assert arn.split(":")[4] == ACCOUNT
    assert run(sfn, arn)["status"] == "SUCCEEDED"
    assert send(serving, signed(serving)) == (200, "")


def test_unknown_key(serving):
    """SFN-ERR-4"""
    sfn = serving.client(key="AKIAUNKNOWN", secret=SECRET)
    fault = refused("UnrecognizedClientException", sfn.list_state_machines)
    assert fault.status in (400, 403)


def test_wrong_secret(serving):
    """SFN-ERR-4"""
    sfn = serving.client(key=KEY, secret=SECRET[::-1])
    fault = refused("InvalidSignatureException", sfn.list_state_machines)
    assert fault.status in (400, 403)


def forgeries(headers):
    """changes of a signed request that must not pass"""
    whole = headers["Authorization"]
    last = "0" if whole[-1] != "0" else "1"
    yield "another signature", {**headers, "Authorization": whole[:-1] + last}
    yield "another region", {**headers, "Authorization": whole.replace("us-east-1", "eu-west-1")}
    yield "another target", {**headers, "X-Amz-Target": "AWSStepFunctions.ListActivities"}
    early = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=30))
    yield "another time", {**headers, "X-Amz-Date": early.strftime("%Y%m%dT%H%M%SZ")}


def test_forged(serving):
    """SFN-ERR-4: what is signed cannot be changed"""
    for name, headers in forgeries(signed(serving)):
        status, code = send(serving, headers)
        assert status in (400, 403) and code, name
        assert code in ("InvalidSignatureException", "SignatureDoesNotMatch",
                        "UnrecognizedClientException"), f"{name}: {code}"
    status, code = send(serving, signed(serving, b"{}"), b'{"maxResults": 1}')
    assert status in (400, 403) and code == "InvalidSignatureException"


def test_old_signature(serving, monkeypatch):
    """fifteen minutes, as AWS has it"""
    import botocore.auth
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=20)
    name = "get_current_datetime" if hasattr(botocore.auth, "get_current_datetime") else None
    if name is None:
        pytest.skip("this botocore has no clock to turn back")
    monkeypatch.setattr(botocore.auth, name, lambda *a, **k: past.replace(tzinfo=None))
    status, code = send(serving, signed(serving))
    assert status in (400, 403) and code in ("InvalidSignatureException", "RequestExpired")


@pytest.mark.parametrize("authorization", [
    "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 " + "x" * 4000,
    f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/states/aws4_request",
    f"AWS4-HMAC-SHA256 Credential={KEY}, SignedHeaders=host, Signature=00",
    f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/states/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=zz",
])
def test_malformed(serving, authorization):
    """SFN-ERR-4"""
    headers = {**signed(serving), "Authorization": authorization}
    status, code = send(serving, headers)
    assert status in (400, 403)
    assert code in ("IncompleteSignature", "IncompleteSignatureException",
                    "InvalidSignatureException", "UnrecognizedClientException"), code


def test_without_a_signature(serving):
    """SFN-ERR-4"""
    headers = signed(serving)
    del headers["Authorization"]
    status, code = send(serving, headers)
    assert status in (400, 403)
    assert code.startswith("MissingAuthenticationToken")


def test_dev_believes_anyone(server):
    """any credentials pass, also without a signature"""
    assert server.client(key="anyone", secret="at-all").list_state_machines()
    headers = signed(server)
    del headers["Authorization"]
    assert send(server, headers) == (200, "")


def test_dev_listens_on_loopback_only(server):
    """any credentials pass, so nobody else may come in"""
    import socket
    hosts = socket.gethostbyname_ex(socket.gethostname())[2]
    for host in [host for host in hosts if not host.startswith("127.")]:
        with pytest.raises(OSError):
            socket.create_connection((host, server.port), timeout=2).close()
