"""Asks a person: keeps the task token where approve.py finds it. A shop would send a message, too."""

import json
import os


def handler(event, context):
    folder = os.path.join(os.environ["SHOP_DATA"], "approvals")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{event['execution']}.json")
    with open(path + ".new", "w") as file:
        json.dump(event, file, indent=2)
    os.replace(path + ".new", path)
    print(f"order {event['orderId']} over {event['total']} waits for approval in {path}")
