"""A bounded run of the crash harness, and that its checker sees what it is there to see."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from support import BINARY, ROOT, environment

sys.path.insert(0, str(ROOT / "tools/conformance"))

from crashes import check  # noqa: E402

ROUNDS, SECONDS = 40, 75


def history(*kinds, **changed):
    events = [{"id": place + 1, "previousEventId": place, "timestamp": place, "type": kind}
              for place, kind in enumerate(kinds)]
    events[1] |= changed
    return events


WHOLE = ("ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded")


@pytest.mark.parametrize("events, seen", [
    (history(*WHOLE), None),
    (history(*WHOLE)[:2], None),
    (history(*WHOLE)[1:], "numbered"),
    (history(*WHOLE, id=3), "numbered"),
    (history(*WHOLE, previousEventId=2), "follows"),
    (history(*WHOLE, timestamp=9), "fall"),
    (history(*WHOLE, "ExecutionAborted"), "ends"),
    (history(*WHOLE, "PassStateEntered"), "ends"),
])
def test_a_broken_line_is_seen(events, seen):
    wrong = check.line(events)
    assert (seen is None) == (wrong == [])
    assert seen is None or any(seen in what for what in wrong)


def test_a_lost_or_second_result_is_seen():
    done = [{"type": "ActivitySucceeded", "activitySucceededEventDetails": {"output": "1"}}]
    assert check.result(done, "1") == []
    for events in ([], done * 2):
        assert check.result(events, "1")
    assert check.result(done, "2")


def harness(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "crashes", "--seed", "5", *arguments],
        cwd=ROOT / "tools/conformance", capture_output=True, text=True,
        timeout=SECONDS + 120, check=False, env=environment(RUNG_BIN=os.fspath(BINARY)))


def test_crashes_lose_nothing():
    """SFN-SEM-100, SFN-SEM-103, SFN-SEM-95: every fault at least once"""
    done = harness("--rounds", str(ROUNDS), "--seconds", str(SECONDS))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost" in done.stdout


@pytest.mark.skipif("RUNG_FAULTS" not in os.environ, reason="RUNG_FAULTS names the library")
def test_a_loss_is_seen():
    """a disk that lies about having synced"""
    done = harness("--rounds", "1", "--only", "lying disk")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "broken promises" in done.stderr or "the server" in done.stderr
    shutil.rmtree(re.search("kept: (.+)", done.stderr)[1])
