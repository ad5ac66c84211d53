"""Lists the orders that wait for approval, and answers them: approve.py [approve|refuse ORDER].

Needs boto3. Reads the same AWS_* variables as any AWS tool; without them it asks a local server.
"""

import json
import os
import pathlib
import sys

import boto3

os.environ.setdefault("AWS_ENDPOINT_URL", "http://localhost:4566")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
os.environ.setdefault("AWS_ACCESS_KEY_ID", "rung")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "rung")

here = pathlib.Path(__file__).parent
folder = pathlib.Path(os.environ.get("SHOP_DATA", here / ".rung" / "shop")) / "approvals"


def main(arguments):
    waiting = {path: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    if not arguments:
        for order in waiting.values():
            print(f"{order['orderId']}  {order['total']:>10}  {order['execution']}")
        return 0
    verb, wanted = arguments
    chosen = [
        path for path, order in waiting.items() if wanted in (order["orderId"], order["execution"])
    ]
    if verb not in ("approve", "refuse") or not chosen:
        message = __doc__.splitlines()[0] if chosen else f"no order {wanted} waits for approval"
        print(message, file=sys.stderr)
        return 1
    states = boto3.client("stepfunctions")
    for path in chosen:
        decide(states, verb, waiting[path]["token"])
        path.unlink()
        print(f"{verb}d {wanted}")
    return 0


def decide(states, verb, token):
    who = os.environ.get("USER", "someone")
    if verb == "approve":
        states.send_task_success(taskToken=token, output=json.dumps({"approvedBy": who}))
    else:
        cause = f"refused by {who}"
        states.send_task_failure(taskToken=token, error="ApprovalRefused", cause=cause)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
