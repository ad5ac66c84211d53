"""`python3 -m crashes --rounds N --seed S`: rounds of load, a fault, a start and a check.

Ends with a table. A round that breaks a promise ends the run, keeps its data directory, and
prints the command that runs it again."""

import argparse
import collections
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

from . import check, faults
from .counter import Counter
from .load import Load, Told
from .server import NoAnswer, Refused, Server

ROOT = pathlib.Path(__file__).resolve().parents[3]
# A store lives through so many rounds: long enough to have flushed, short enough to be listed.
ROUNDS_OF_STORE = 12


def arguments():
    parser = argparse.ArgumentParser(prog="crashes")
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--seconds", type=float, default=None, help="end sooner, after so long")
    parser.add_argument("--only", default=None, help="faults to take, with commas between")
    parser.add_argument("--library", default=os.environ.get("RUNG_FAULTS"),
                        help="built from tools/faults; without it some faults are left out")
    return parser.parse_args()


class Run:
    def __init__(self, asked):
        self.asked = asked
        self.seed = random.randrange(1 << 32) if asked.seed is None else asked.seed
        self.dice = random.Random(self.seed)
        self.binary = pathlib.Path(os.environ.get("RUNG_BIN", ROOT / "target/debug/rung"))
        self.table = collections.Counter()
        self.kills, self.totals = 0, collections.Counter()
        self.flips = collections.Counter()
        self.begin = time.monotonic()
        wanted = asked.only.split(",") if asked.only else None
        self.kinds = [kind for kind in faults.KINDS
                      if (asked.library or not kind.needs_library)
                      and (kind.name in wanted if wanted else not kind.loses)]
        assert self.kinds, "no such fault; some need --library"

    def is_over(self):
        spent = time.monotonic() - self.begin
        return self.asked.seconds is not None and spent > self.asked.seconds

    def all(self):
        rounds = 0
        while rounds < self.asked.rounds and not self.is_over():
            rounds = self.store(rounds)
        return rounds

    def store(self, rounds):
        """the rounds of one store"""
        place = pathlib.Path(tempfile.mkdtemp(prefix="rung-crashes-"))
        injected = faults.Library(self.asked.library, place) if self.asked.library else None
        counter = Counter()
        server = Server(self.binary, place, injected, counter.configuration())
        told, self.past = Told(counter), []
        try:
            server.start()
            told.prepare(server)
            last = min(rounds + ROUNDS_OF_STORE, self.asked.rounds)
            while rounds < last and not self.is_over():
                self.round(server, told, rounds)
                rounds += 1
            self.hold(check.all_end(server, told), "at the end of the store")
        except BaseException:
            server.kill()
            print(f"\nfaults: {', '.join(self.past)}\nkept: {place}\n"
                  f"again: cargo xtask crashes --seed {self.seed} "
                  f"--rounds {self.asked.rounds}", file=sys.stderr)
            raise
        server.kill()
        self.totals.update(told.counts())
        counter.close()
        shutil.rmtree(place)
        return rounds

    def round(self, server, told, number):
        # Each fault once before chance decides.
        kind = (self.kinds[number] if number < len(self.kinds) else self.dice.choice(self.kinds))
        load = Load(server, told, f"{self.seed}-{number}")
        self.past.append(kind.name)
        begin = time.monotonic()
        try:
            self.kills += kind.act(server, self.dice)
        finally:
            load.stop()
        self.table[kind.name] += 1
        if kind.moves_clock:
            told.express.excuse(begin)
        self.hold(check.check(server, told, self.dice), f"round {number}, {kind.name}")
        self.show(number + 1, kind.name)
        self.flips.update(server.flips)
        server.flips.clear()

    def hold(self, wrong, where):
        if wrong:
            raise AssertionError(f"{where}: {len(wrong)} broken promises:\n  "
                                 + "\n  ".join(wrong[:10]))

    def show(self, done, what):
        if sys.stderr.isatty():
            share = done * 30 // self.asked.rounds
            print(f"\r[{'#' * share}{'.' * (30 - share)}] {done}/{self.asked.rounds} "
                  f"{self.kills} kills  {what:<20}", end="", file=sys.stderr)

    def summary(self, rounds):
        print(f"\nseed {self.seed}: {rounds} rounds, {self.kills} kills, "
              f"{time.monotonic() - self.begin:.0f} s")
        for name, count in sorted(self.table.items()):
            print(f"  {name:<20}{count:>6}")
        for outcome, count in sorted(self.flips.items()):
            print(f"  a flipped bit was {outcome:<22}{count:>6}")
        for what, count in self.totals.items():
            print(f"  {what:<30}{count:>8}")
        print("nothing acknowledged was lost")


def main():
    run = Run(arguments())
    try:
        rounds = run.all()
    except (AssertionError, Refused, NoAnswer) as broken:
        print(broken, file=sys.stderr)
        return 1
    run.summary(rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
