"""Rotten bits: in copies of a store, which then answers as before, or says that it cannot."""

import pathlib
import shutil
import subprocess
import tempfile
import time

from .load import history
from .server import NoAnswer, Refused, Server

FLIPS_OF_ROUND = 6
EXECUTIONS = 40
# What fails is redriven, and changes after its end.
REDRIVEN = ("fail",)
FILES = ("rung.db", "rung.db-wal", "rung.db-wal")


def act(server, dice):
    """kills, flips bits in copies, and starts again on the original"""
    time.sleep(dice.uniform(0.3, 0.7))
    # What has ended does not change any more; it is read from the original.
    known = ended(server, dice)
    server.kill()
    for _ in range(FLIPS_OF_ROUND):
        place = pathlib.Path(tempfile.mkdtemp(prefix="rung-flip-"))
        shutil.copytree(server.data, place / "data", ignore=shutil.ignore_patterns(
            "ballast", "lock", "*-shm"))
        where = flip(place / "data", dice)
        outcome = looked_at(server.binary, place, known)
        if outcome == "believed":
            raise AssertionError(f"{where} gave another answer; kept: {place}")
        server.flips[outcome] += 1
        shutil.rmtree(place)
    server.start()
    return 1


def ended(server, dice):
    client, known = server.client(), {}
    machines = [one for one in client.ask("ListStateMachines")["stateMachines"]
                if one["type"] == "STANDARD" and one["name"] not in REDRIVEN]
    for machine in machines:
        arns = [one["executionArn"] for one in client.ask(
            "ListExecutions", stateMachineArn=machine["stateMachineArn"],
            maxResults=EXECUTIONS)["executions"] if one["status"] != "RUNNING"]
        for arn in dice.sample(arns, min(len(arns), EXECUTIONS // len(machines))):
            known[arn] = (client.ask("DescribeExecution", executionArn=arn), history(client, arn))
    client.close()
    return known


def flip(data, dice):
    files = [name for name in FILES if (data / name).exists() and (data / name).stat().st_size]
    path = data / dice.choice(files)
    with open(path, "r+b") as file:
        place, bit = dice.randrange(path.stat().st_size), dice.randrange(8)
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << bit]))
    return f"bit {bit} of byte {place} of {path.name}"


def looked_at(binary, place, known):
    """what came of it: found by the check, said by the server, harmless, or believed"""
    copy = Server(binary, place)
    try:
        copy.start()
    except AssertionError:
        return "refused at the start"
    try:
        refused = False
        client = copy.client()
        for arn, (seen, events) in known.items():
            try:
                now = client.ask("DescribeExecution", executionArn=arn)
                if now != seen or history(client, arn) != events:
                    return "believed"
            except NoAnswer:
                refused = True
                break
            except Refused as error:
                # To say that it never was is an answer, and a wrong one.
                if error.status < 500:
                    return "believed"
                refused = True
        if refused:
            return "answered with a 500"
    finally:
        copy.kill()
    checked = subprocess.run([str(binary), "store", "check", str(place / "data")],
                             capture_output=True, text=True, timeout=60, check=False)
    return "found by the check" if checked.returncode else "harmless"
