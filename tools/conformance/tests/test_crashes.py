"""A bounded run of the crash harness, and that its checker sees what it is there to see."""

import collections
import os
import re
import shutil
import subprocess
import sys
import time
import types

import pytest
from support import BINARY, ROOT, environment

sys.path.insert(0, str(ROOT / "tools/conformance"))

from crashes import check, express  # noqa: E402

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


@pytest.mark.parametrize("events, seen", [
    (history(*WHOLE, "ExecutionRedriven", "FailStateEntered", "ExecutionFailed"), None),
    (history(*WHOLE, "ExecutionRedriven"), None),
    (history(*WHOLE, "FailStateEntered", "ExecutionRedriven"), "ends"),
])
def test_a_redrive_goes_on_after_an_end(events, seen):
    wrong = check.line(events)
    assert (seen is None) == (wrong == [])
    assert seen is None or any(seen in what for what in wrong)


def test_a_lost_or_second_result_is_seen():
    done = [{"type": "ActivitySucceeded", "activitySucceededEventDetails": {"output": "1"}}]
    kinds, told = check.SETTLING["task"], ("ActivitySucceeded", "1")
    assert check.result(done, kinds, told) == [] == check.result(done, kinds, None)
    for events in ([], done * 2):
        assert check.result(events, kinds, told)
    assert check.result(done, kinds, ("ActivitySucceeded", "2"))
    assert check.result(done, kinds, ("ActivityFailed", "1"))
    assert check.result(done * 2, kinds, None)


def test_a_lost_or_second_call_is_seen():
    """SFN-SEM-104, SFN-SEM-6"""
    assert check.called(1, "SUCCEEDED") == [] == check.called(0, "FAILED")
    assert check.called(2, "FAILED") and check.called(0, "SUCCEEDED")
    counter = types.SimpleNamespace(calls=collections.Counter())
    told = express.Express(counter)
    told.asked = ["a"]
    told.acknowledged = told.waited_for = {"b": time.monotonic() - express.RUN_SECONDS_MAX - 1}
    assert len(told.check()) == 1, "the acknowledged one never ran"
    counter.calls.update(["b", "a.first", "a.last"])
    assert told.check() == []
    counter.calls.update(["b", "b", "a.last"])
    assert len(told.check()) == 1, "the synchronous one ran twice"
    told.succeeded = {"a"}
    counter.calls["a.last"] = 0
    assert len(told.check()) == 1, "the synchronous one was told to have succeeded"


def test_a_lost_or_second_redrive_is_seen():
    events = history(*WHOLE, "ExecutionRedriven", "ExecutionSucceeded")
    assert check.redrives(events, {"redriveCount": 1}, (1, 1)) == []
    assert check.redrives(events, {"redriveCount": 1}, (0, 1)) == []
    for seen, told in ((1, (2, 2)), (1, (0, 0)), (2, (1, 2))):
        assert check.redrives(events, {"redriveCount": seen}, told)


def harness(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "crashes", "--seed", "5", *arguments],
        cwd=ROOT / "tools/conformance", capture_output=True, text=True,
        timeout=SECONDS + 120, check=False, env=environment(RUNG_BIN=os.fspath(BINARY)))


def test_crashes_lose_nothing():
    """SFN-SEM-100, SFN-SEM-103, SFN-SEM-95: every fault at least once"""
    done = harness("--rounds", str(ROUNDS), "--seconds", str(SECONDS))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing acknowledged was lost" in done.stdout


@pytest.mark.skipif("RUNG_FAULTS" not in os.environ, reason="RUNG_FAULTS names the library")
def test_a_loss_is_seen():
    """a disk that lies about having synced"""
    done = harness("--rounds", "1", "--only", "lying disk")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "broken promises" in done.stderr or "the server" in done.stderr
    shutil.rmtree(re.search("kept: (.+)", done.stderr)[1])
