"""What is done to the server. Each answers how often it killed, with the server up again."""

import dataclasses
import signal
import time
from collections.abc import Callable

RECOVERY_KILLS_MAX = 3


@dataclasses.dataclass
class Kind:
    name: str
    act: Callable
    needs_library: bool = False


class Library:
    """the library that is loaded before all others, and its control"""

    def __init__(self, path, place):
        self.path, self.place = path, place

    def environment(self, data):
        return {}


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


KINDS = [Kind("kill", kill), Kind("kill in recovery", kill_in_recovery),
         Kind("kill in flush", kill_in_flush), Kind("pause", pause)]
