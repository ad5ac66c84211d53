"""`rung store`: everything that is stored is looked at, and moves to a database and back."""

import json
import sqlite3

from support import (PASS, ended, events_of, keys_file, machine, refused, rung, sound, unique)
from test_cluster import KEY, SECRET, Node


def filled(server):
    """a stopped server's data, and executions in it: ended ones and one that waits"""
    sfn = server.start().client()
    arn = machine(sfn, PASS)
    done = [sfn.start_execution(stateMachineArn=arn, name=f"e{n}")["executionArn"]
            for n in range(20)]
    for one in done:
        assert ended(sfn, one)["status"] == "SUCCEEDED"
    activity = sfn.create_activity(name=unique("a"))["activityArn"]
    asks = machine(sfn, {"Ask": {"Type": "Task", "Resource": activity, "End": True}})
    waiting = sfn.start_execution(stateMachineArn=asks)["executionArn"]
    assert server.stop() == 0
    return arn, done, activity, waiting


def test_what_is_stored_is_looked_at(new_server):
    server = new_server()
    nothing = rung("store", "check", server.data)
    assert nothing.returncode == 2 and "no data" in nothing.stderr
    server.start()
    held = rung("store", "check", server.data)
    assert held.returncode == 2 and "in use by the process" in held.stderr
    assert server.stop() == 0
    _, _, _, waiting = filled(server)
    whole = rung("store", "repair-report", server.data)
    assert whole.returncode == 0 and "nothing is damaged" in whole.stdout
    sound_data = rung("store", "check", server.data)
    assert sound_data.returncode == 0, sound_data.stdout + sound_data.stderr
    assert "are sound" in sound_data.stdout and "open" in sound_data.stdout
    # One bit of one row.
    file = sqlite3.connect(server.data / "rung.db")
    # The start of the one execution that is still open.
    key, value = file.execute(
        "SELECT k, v FROM open WHERE substr(k, 3, 1) = x'41'").fetchone()
    middle = len(value) // 2
    flipped = value[:middle] + bytes([value[middle] ^ 8]) + value[middle + 1:]
    file.execute("UPDATE open SET v = ? WHERE k = ?", (flipped, key))
    file.commit()
    file.close()
    damaged = rung("store", "check", server.data)
    assert damaged.returncode == 1
    assert key.hex() in damaged.stdout and "damage was found" in damaged.stdout
    report = rung("store", "repair-report", server.data)
    assert report.returncode == 1
    assert waiting in report.stdout and "the start of an execution" in report.stdout
    assert "next" in report.stdout
    report = json.loads(rung("store", "repair-report", server.data, "--json").stdout)
    assert report["sound"] is False and report["more"] == 0
    assert [one["of"] for one in report["damaged"]] == [waiting]
    # Found at the read, never believed.
    sfn = server.start().client()
    assert refused(("InternalFailure", "InternalError"), sfn.describe_execution,
                   executionArn=waiting).status == 500


def test_everything_moves_to_a_database_and_back(new_server, database, tmp_path):
    server = new_server()
    arn, done, activity, waiting = filled(server)
    url = database.url(unique("s").replace("-", "_"))
    moved = rung("store", "move", server.data, url)
    assert moved.returncode == 0, moved.stderr
    again = rung("store", "move", server.data, url)
    assert again.returncode == 2 and "not empty" in again.stderr
    assert rung("store", "check", url).returncode == 0

    keys = keys_file(tmp_path, KEY, SECRET, "000000000000")
    node = Node("moved", url, keys)
    try:
        node.start()
        sfn = node.sfn(retries={"total_max_attempts": 5})
        for one in done:
            assert sfn.describe_execution(executionArn=one)["status"] == "SUCCEEDED"
            sound(events_of(sfn, one))
        token = sfn.get_activity_task(activityArn=activity)["taskToken"]
        sfn.send_task_success(taskToken=token, output='"there"')
        assert ended(sfn, waiting)["output"] == '"there"'
        more = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        assert ended(sfn, more)["status"] == "SUCCEEDED"
        running = rung("store", "check", url)
        assert running.returncode == 2 and "is running on it" in running.stderr
        assert node.stop() == 0
    finally:
        node.close()

    back = new_server()
    moved = rung("store", "move", url, back.data)
    assert moved.returncode == 0, moved.stderr
    sfn = back.start().client()
    assert sfn.describe_execution(executionArn=waiting)["output"] == '"there"'
    assert sfn.describe_execution(executionArn=more)["status"] == "SUCCEEDED"
