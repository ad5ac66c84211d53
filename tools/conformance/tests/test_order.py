"""The example shop, from `--once` to an approval by hand."""

import json
import shutil
import subprocess

import pytest
from support import (ROOT, Server, ended, environment, events_of, free_port, run, rung,
                     sound, types, until)

EXAMPLE = ROOT / "examples/order-fulfilment"
NEEDS = pytest.mark.skipif(not shutil.which("node"), reason="the shop has functions for Node.js")
pytestmark = NEEDS


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """a copy of the example, brought up; its own demo orders are let through first"""
    folder = tmp_path_factory.mktemp("shop") / "order-fulfilment"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".rung", "__pycache__"))
    server = Server(folder=folder)
    server.start()
    sfn = server.client()
    machines = lambda: {one["name"]: one["stateMachineArn"]
                        for one in sfn.list_state_machines()["stateMachines"]}
    server.machine = until(lambda: machines().get("order-fulfilment"))
    yield server
    server.close()


def order(name):
    return json.loads((EXAMPLE / "orders" / f"{name}.json").read_text())


def test_once(tmp_path):
    """two orders, one that recovers from its first charge; exit code 0 and plain text"""
    folder = tmp_path / "order-fulfilment"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns(".rung", "__pycache__"))
    done = rung("dev", folder, "--port", free_port(), "--data", tmp_path / "data", "--once",
                timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("SUCCEEDED") >= 2, done.stdout
    assert "ChargeCard" in done.stdout
    assert "\x1b[" not in done.stdout + done.stderr


def test_plain_order(shop):
    seen = run(shop.client(), shop.machine, order("plain"), seconds=60)
    assert seen["status"] == "SUCCEEDED", seen
    output = json.loads(seen["output"])
    assert output["status"] == "FULFILLED" and output["trackingNumber"]
    names = [event["stateEnteredEventDetails"]["name"]
             for event in sound(events_of(shop.client(), seen["executionArn"]))
             if event["type"].endswith("StateEntered")]
    assert names[:2] == ["ValidateOrder", "ReserveStock"]
    assert names.count("ReserveLine") == 2 and names[-1] == "Receipt"
    assert "RequestApproval" not in names


def test_first_charge_fails(shop):
    seen = run(shop.client(), shop.machine, order("declined-once"), seconds=60)
    assert seen["status"] == "SUCCEEDED", seen
    events = sound(events_of(shop.client(), seen["executionArn"]))
    assert types(events).count("TaskFailed") >= 1


def test_declined_order_is_undone(shop):
    """compensation: the stock is released and the customer told"""
    seen = run(shop.client(), shop.machine, order("declined"), seconds=60)
    assert (seen["status"], seen["error"]) == ("FAILED", "CardDeclined")
    names = [event["stateEnteredEventDetails"]["name"]
             for event in sound(events_of(shop.client(), seen["executionArn"]))
             if event["type"].endswith("StateEntered")]
    assert names[-3:] == ["ReleaseStock", "ApologiseToCustomer", "OrderFailed"]
    assert "RefundCharge" not in names


def test_invalid_order(shop):
    seen = run(shop.client(), shop.machine, {"orderId": "A-1"})
    assert (seen["status"], seen["error"]) == ("FAILED", "InvalidOrder")


@pytest.mark.parametrize("verb,status", [("approve", "SUCCEEDED"), ("refuse", "FAILED")])
def test_approval(shop, verb, status):
    """a person answers, through the example's own script and boto3"""
    import sys
    sfn = shop.client()
    execution = sfn.start_execution(
        stateMachineArn=shop.machine, input=json.dumps(order("needs-approval")))["executionArn"]
    name = execution.rpartition(":")[2]
    until(lambda: "TaskSubmitted" in types(events_of(sfn, execution)), seconds=40)
    settings = environment(
        AWS_ENDPOINT_URL=shop.url, AWS_DEFAULT_REGION=shop.region, AWS_ACCESS_KEY_ID="a",
        AWS_SECRET_ACCESS_KEY="b", SHOP_DATA=str(shop.data / "shop"))
    done = subprocess.run(
        [sys.executable, str(shop.folder / "approve.py"), verb, name], env=settings,
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = ended(sfn, execution, seconds=60)
    assert seen["status"] == status, seen
    if verb == "refuse":
        assert seen["error"] == "ApprovalRefused"
