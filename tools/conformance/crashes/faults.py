"""What is done to the server. Each answers how often it killed, with the server up again."""

import collections
import dataclasses
import os
import signal
import struct
import subprocess
import time
from collections.abc import Callable

from . import flips

RECOVERY_KILLS_MAX = 3
# As tools/faults knows them.
HEAD = struct.Struct("<BHIQQ")
SYNCED = 2
DISK_FULL, SYNC_FAILS, WRITE_FAILS, SYNC_LIES = 1, 2, 3, 4
END_SECONDS_MAX = 10


@dataclasses.dataclass
class Kind:
    name: str
    act: Callable
    needs_library: bool = False
    # Taken only when it is asked for by name.
    loses: bool = False
    # What began meanwhile may wait until the clock has come to where it was.
    moves_clock: bool = False


class Library:
    """the library that is loaded before all others (`tools/faults`), and its control"""

    def __init__(self, path, place):
        self.path, self.place = path, place
        self.control, self.undo = place / "control", place / "undo"
        self.control.write_bytes(bytes(16))

    def environment(self, data):
        return {"LD_PRELOAD": str(self.path), "RUNG_FAULTS_DIRECTORY": str(data),
                "RUNG_FAULTS_CONTROL": str(self.control), "RUNG_FAULTS_UNDO": str(self.undo)}

    def say(self, fails=0, clock_ms=0):
        # In place: the file is mapped.
        with open(self.control, "r+b") as control:
            control.write(struct.pack("<IIq", fails, 0, clock_ms))

    def unsynced(self):
        """for each file what was there before the writes since its last sync, oldest first"""
        entries = collections.defaultdict(list)
        text = self.undo.read_bytes() if self.undo.exists() else b""
        at = 0
        while at + HEAD.size <= len(text):
            kind, path_bytes, bytes_, length, place = HEAD.unpack_from(text, at)
            at += HEAD.size
            path = text[at:at + path_bytes]
            old = text[at + path_bytes:at + path_bytes + bytes_]
            at += path_bytes + bytes_
            if kind == SYNCED:
                entries[path] = []
            elif at <= len(text):
                entries[path].append((length, place, old))
        return entries

    def forget(self, dice, whole=False):
        """the machine lost power: of what was not synced all is gone, or any part of it"""
        for path, entries in self.unsynced().items():
            all_of_it = whole or dice.random() < 0.5
            for length, place, old in reversed(entries):
                if (all_of_it or dice.random() < 0.5) and os.path.exists(path):
                    with open(path, "r+b") as file:
                        file.seek(place)
                        file.write(old)
                        if all_of_it:
                            file.truncate(length)
        self.begin()

    def begin(self):
        self.undo.unlink(missing_ok=True)


def kill(server, dice):
    time.sleep(dice.uniform(0.02, 0.7))
    server.kill()
    server.start()
    return 1


def kill_in_recovery(server, dice):
    time.sleep(dice.uniform(0.02, 0.4))
    server.kill()
    kills = dice.randint(1, RECOVERY_KILLS_MAX)
    for _ in range(kills):
        server.spawn()
        time.sleep(dice.uniform(0.0, 0.15))
        server.kill()
    server.start()
    return 1 + kills


def kill_in_flush(server, dice):
    """asked to end it flushes, and does not come to the end of it"""
    time.sleep(dice.uniform(0.1, 0.7))
    server.signal(signal.SIGTERM)
    time.sleep(dice.uniform(0.0, 0.1))
    server.kill()
    server.start()
    return 1


def pause(server, dice):
    """stopped and continued: nobody notices"""
    time.sleep(dice.uniform(0.02, 0.3))
    server.signal(signal.SIGSTOP)
    time.sleep(dice.uniform(0.1, 2.0))
    server.signal(signal.SIGCONT)
    time.sleep(dice.uniform(0.1, 0.3))
    return 0


def power_loss(server, dice):
    """killed, and what was not synced is gone, or torn"""
    server.faults.begin()
    server.restart()
    time.sleep(dice.uniform(0.05, 0.7))
    server.kill()
    server.faults.forget(dice)
    (server.data / "rung.db-shm").unlink(missing_ok=True)
    server.start()
    return 2


def disk_full(server, dice):
    """for a moment: it says so, and goes on by itself"""
    time.sleep(dice.uniform(0.02, 0.3))
    server.faults.say(DISK_FULL)
    time.sleep(dice.uniform(0.1, 1.0))
    if dice.random() < 0.3:
        server.kill()
        server.faults.say()
        server.start()
        return 1
    server.faults.say()
    time.sleep(1.5)
    return 0


def failing(what):
    def act(server, dice):
        """the process ends by itself: what a failed sync left behind is not known"""
        server.faults.begin()
        server.restart()
        time.sleep(dice.uniform(0.05, 0.3))
        server.faults.say(what)
        try:
            server.process.wait(timeout=END_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            server.kill()
            raise AssertionError("it goes on after its disk failed") from None
        finally:
            server.faults.say()
        server.faults.forget(dice)
        (server.data / "rung.db-shm").unlink(missing_ok=True)
        server.start()
        return 1
    return act


def lying_disk(server, dice):
    """acknowledged work is lost: the check must see it"""
    server.faults.begin()
    server.restart()
    server.faults.say(SYNC_LIES)
    time.sleep(1)
    server.kill()
    server.faults.say()
    server.faults.forget(dice, whole=True)
    (server.data / "rung.db-shm").unlink(missing_ok=True)
    server.start()
    return 2


def clock(server, dice):
    """forward, backward, and right again"""
    time.sleep(dice.uniform(0.02, 0.2))
    for _ in range(dice.randint(1, 3)):
        server.faults.say(clock_ms=dice.choice((-1, 1)) * dice.randint(500, 600_000))
        time.sleep(dice.uniform(0.05, 0.4))
    server.faults.say()
    time.sleep(0.2)
    return 0


KINDS = [Kind("kill", kill), Kind("kill in recovery", kill_in_recovery),
         Kind("kill in flush", kill_in_flush), Kind("pause", pause),
         Kind("power loss", power_loss, True), Kind("disk full", disk_full, True),
         Kind("failed sync", failing(SYNC_FAILS), True),
         Kind("failed write", failing(WRITE_FAILS), True),
         Kind("clock", clock, True, moves_clock=True),
         Kind("flips", flips.act), Kind("lying disk", lying_disk, True, True)]
