"""Packs orders: an activity worker that uses boto3 as it would against AWS.

Takes its work with GetActivityTask (a long poll), tells that it is alive with SendTaskHeartbeat
and answers with SendTaskSuccess or SendTaskFailure. Endpoint, region and credentials come from
the usual AWS_* environment variables, the activity's ARN from ACTIVITY_ARN.
"""

import json
import os
import signal
import socket
import sys
import threading
import time

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

GRAMS = {"teapot": 900, "cup": 250, "kettle": 1400, "samovar": 9500}
SECONDS_PER_LINE = float(os.environ.get("PACK_SECONDS", "0.3"))
HEARTBEAT_SECONDS = 5
POLL_SECONDS_MAX = 70

# The server holds a poll for 60 seconds; a shorter read timeout would lose tasks.
states = boto3.client(
    "stepfunctions", config=Config(read_timeout=POLL_SECONDS_MAX, retries={"max_attempts": 0})
)
stopping = threading.Event()


class CannotPack(Exception):
    pass


def main():
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: (stopping.set(), sys.exit(0)))
    activity = os.environ["ACTIVITY_ARN"]
    print(f"packing for {activity}", flush=True)
    pause = 0.2
    while not stopping.is_set():
        try:
            task = states.get_activity_task(activityArn=activity, workerName=socket.gethostname())
            pause = 0.2
        except (BotoCoreError, ClientError) as error:
            print(f"cannot poll: {error}; trying again in {pause:.1f} s", flush=True)
            time.sleep(pause)
            pause = min(pause * 2, 5)
            continue
        if task.get("taskToken"):
            work(task["taskToken"], json.loads(task["input"]))


def work(token, order):
    done = threading.Event()
    threading.Thread(target=heartbeat, args=(token, done), daemon=True).start()
    try:
        parcel = pack(order)
    except CannotPack as error:
        answer(states.send_task_failure, taskToken=token, error="CannotPack", cause=str(error))
    else:
        answer(states.send_task_success, taskToken=token, output=json.dumps(parcel))
        print(f"packed {order['orderId']}: {parcel['weightGrams']} g", flush=True)
    finally:
        done.set()


def pack(order):
    weight = 200
    for line in order["lines"]:
        if line["sku"] not in GRAMS:
            raise CannotPack(f"nobody knows what a {line['sku']} weighs")
        time.sleep(SECONDS_PER_LINE)
        weight += GRAMS[line["sku"]] * line["quantity"]
    return {"parcelId": f"P-{order['orderId']}", "weightGrams": weight}


def heartbeat(token, done):
    while not done.wait(HEARTBEAT_SECONDS):
        answer(states.send_task_heartbeat, taskToken=token)


def answer(operation, **arguments):
    """Sends an answer until the server takes it or says that it no longer wants it."""
    for pause in (0.2, 0.5, 1, 2, 4, 8):
        try:
            return operation(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken"):
                print(f"too late: {error}", flush=True)
                return None
            last = error
        except BotoCoreError as error:
            last = error
        time.sleep(pause)
    print(f"could not answer: {last}", flush=True)
    return None


if __name__ == "__main__":
    main()
