"""`rung test`: workflow tests in virtual time"""

import json
import time
import xml.etree.ElementTree as xml

from support import ROOT, rung

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:work"
MACHINE = {
    "StartAt": "Rest",
    "States": {
        "Rest": {"Type": "Wait", "Seconds": 31_000_000, "Next": "Work"},
        "Work": {"Type": "Task", "Resource": FUNCTION, "ResultPath": "$.work",
                 "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5, "MaxAttempts": 2}],
                 "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}], "Next": "Which"},
        "Which": {"Type": "Choice", "Default": "Done", "Choices": [
            {"Variable": "$.work.more", "BooleanEquals": True, "Next": "Work"}]},
        "Sorry": {"Type": "Fail", "Error": "Sorry"},
        "Done": {"Type": "Succeed"},
    },
}
SUITE = """\
machine: work.asl.json
tests:
  - name: good
    mocks:
      Work:
        - { error: Busy, times: 2 }
        - { result: { more: true }, after: 1h }
        - { result: { more: false } }
    expect:
      output: { work: { more: false } }
      path: [Rest, Work, Which, Work, Which, Done]
      attempts: { Work: 4 }
  - name: bad
    mocks: { Work: { error: Other } }
    expect: { error: Sorry, visits: { Sorry: 1 } }
"""
CONFIG = {
    "StateMachines": {"work": {"TestCases": {"Good": {"Work": "Good"}, "Bad": {"Work": "Bad"}}}},
    "MockedResponses": {
        "Good": {"0-1": {"Throw": {"Error": "Busy", "Cause": "c"}}, "2": {"Return": {"more": False}}},
        "Bad": {"0": {"Throw": {"Error": "Other", "Cause": "c"}}},
    },
}


def folder(tmp_path, suite=SUITE, **files):
    (tmp_path / "work.asl.json").write_text(json.dumps(MACHINE))
    if suite:
        (tmp_path / "work.test.yaml").write_text(suite)
    for name, value in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    return tmp_path


def test_a_year_passes_in_no_time(tmp_path):
    began = time.monotonic()
    done = rung("test", folder(tmp_path))
    assert done.returncode == 0, done.stdout
    assert time.monotonic() - began < 10
    assert "✓ good" in done.stdout and "✓ bad" in done.stdout and "2 passed" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_failure_tells_the_difference(tmp_path):
    suite = SUITE.replace("more: false } }\n      path", "more: 1 } }\n      path")
    done = rung("test", folder(tmp_path, suite))
    assert done.returncode == 1
    assert "✗ good" in done.stdout and "1 failed" in done.stdout
    assert "$.work.more: expected 1, is false" in done.stdout
    only = rung("test", tmp_path, "--only", "bad")
    assert only.returncode == 0 and "good" not in only.stdout


def test_missing_mocks_fail(tmp_path):
    suite = SUITE.replace("        - { result: { more: false } }\n", "")
    done = rung("test", folder(tmp_path, suite))
    assert done.returncode == 1 and "no answer for call 3" in done.stdout
    suite = "machine: work.asl.json\ntests:\n  - { name: t, expect: {} }\n"
    done = rung("test", folder(tmp_path, suite))
    assert done.returncode == 1 and "`Work` is not mocked" in done.stdout


def test_mistakes_in_a_file(tmp_path):
    for suite, fragment in [
        (SUITE.replace("attempts", "atempts"), "atempts"),
        (SUITE.replace("work.asl.json", "absent.asl.json"), "absent.asl.json"),
        (SUITE.replace("      Work:\n", "      Wrok:\n"), "Wrok"),
        ("tests: [", "YAML"),
        ("machine: work.asl.json\ntests:\n  - name: t\n", "expect"),
    ]:
        done = rung("test", folder(tmp_path, suite))
        assert done.returncode == 1 and fragment in done.stdout, done.stdout
        assert "panicked" not in done.stderr


def test_nothing_to_run(tmp_path):
    done = rung("test", tmp_path)
    assert done.returncode == 2 and "no test files" in done.stderr


def test_junit(tmp_path):
    suite = SUITE.replace("visits: { Sorry: 1 }", "visits: { Sorry: 2 }").replace("bad", "bad <&>")
    report = tmp_path / "junit.xml"
    done = rung("test", folder(tmp_path, suite), "--junit", report)
    assert done.returncode == 1
    [file] = xml.parse(report).getroot()
    assert (file.get("tests"), file.get("failures"), file.get("errors")) == ("2", "1", "0")
    cases = {case.get("name"): case for case in file}
    assert cases["good"].find("failure") is None
    assert "Sorry" in cases["bad <&>"].find("failure").text


def test_coverage(tmp_path):
    report = tmp_path / "coverage.json"
    done = rung("test", folder(tmp_path), "--coverage", "--coverage-json", report, "--only", "bad")
    assert done.returncode == 0
    assert "Work: Retry[0] never retries (Busy)" in done.stdout
    assert "Done is never entered" in done.stdout
    [machine] = json.loads(report.read_text())["machines"]
    assert machine["counts"]["catchers"] == {"taken": 1, "all": 1}
    assert {"kind": "state", "state": "Done"} in machine["missed"]
    whole = rung("test", tmp_path, "--coverage")
    assert "never" not in whole.stdout, whole.stdout


def test_aws_mock_configuration(tmp_path):
    done = rung("test", folder(tmp_path, None, MockConfigFile=CONFIG))
    assert done.returncode == 1, "the second case ends in an error"
    assert "✓ work#Good" in done.stdout and "✗ work#Bad" in done.stdout
    suite = ("machine: work.asl.json\nmock_config: MockConfigFile.json\ntests:\n"
             "  - { name: t, case: work#Bad, expect: { error: Sorry } }\n")
    (tmp_path / "cases.test.yaml").write_text(suite)
    done = rung("test", tmp_path / "cases.test.yaml")
    assert done.returncode == 0, done.stdout


def test_the_example():
    done = rung("test", ROOT / "examples/order-fulfilment", "--coverage")
    assert done.returncode == 0, done.stdout
    assert "16/16 states" in done.stdout
