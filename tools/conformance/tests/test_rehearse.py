"""`rung test`: workflow tests in virtual time"""

import json
import time
import xml.etree.ElementTree as xml

from support import ROLE, ROOT, ended, free_port, refused, rung

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


CALLS = {
    "StartAt": "Work",
    "States": {
        "Work": {"Type": "Task", "Resource": FUNCTION, "ResultPath": "$.work",
                 "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1}], "Next": "Child"},
        "Child": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
                  "Parameters": {"StateMachineArn": FUNCTION}, "ResultPath": "$.child",
                  "Next": "Pack"},
        "Pack": {"Type": "Task", "ResultPath": "$.pack", "End": True,
                 "Resource": "arn:aws:states:us-east-1:000000000000:activity:pack"},
    },
}
CALLS_CONFIG = {
    "StateMachines": {"calls": {"TestCases": {
        "Good": {"Work": "Work", "Child": "Child", "Pack": "Pack"},
        "Short": {"Work": "Busy", "Child": "Child", "Pack": "Pack"}}},
        "fast": {"TestCases": {"Good": {"Work": "Work"}}}},
    "MockedResponses": {
        "Work": {"0": {"Throw": {"Error": "Busy", "Cause": "c"}}, "1": {"Return": "done"}},
        "Busy": {"0": {"Throw": {"Error": "Busy", "Cause": "c"}}},
        "Child": {"0": {"Return": {"Status": "SUCCEEDED"}}},
        "Pack": {"0": {"Return": {"parcel": 1}}},
    },
}


def test_the_server_runs_test_cases(new_server):
    """executions on ARN#TestCase get the mocks of a configuration, others none"""
    server = new_server()
    (server.folder / "rung.toml").write_text('activities = ["pack"]\n')
    (server.folder / "calls.asl.json").write_text(json.dumps(CALLS))
    config = server.place / "MockConfigFile.json"
    config.write_text(json.dumps(CALLS_CONFIG))
    server.arguments = ["--mock-config", str(config)]
    sfn = server.start().client()
    [arn] = [one["stateMachineArn"] for one in sfn.list_state_machines()["stateMachines"]]

    good = ended(sfn, sfn.start_execution(stateMachineArn=f"{arn}#Good")["executionArn"])
    assert good["status"] == "SUCCEEDED", good
    assert json.loads(good["output"]) == {
        "work": "done", "child": {"Status": "SUCCEEDED"}, "pack": {"parcel": 1}}
    assert good["stateMachineArn"] == arn
    events = sfn.get_execution_history(executionArn=good["executionArn"])["events"]
    types = [event["type"] for event in events]
    assert types.count("LambdaFunctionFailed") == 1 and types.count("LambdaFunctionSucceeded") == 1
    at = types.index("TaskSubmitted")
    assert types[at - 2:at + 2] == [
        "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]
    assert types.index("ActivityScheduled") + 2 == types.index("ActivitySucceeded")

    short = ended(sfn, sfn.start_execution(stateMachineArn=f"{arn}#Short")["executionArn"])
    assert short["status"] == "FAILED" and "no response for call 1" in short["cause"]
    plain = ended(sfn, sfn.start_execution(stateMachineArn=arn)["executionArn"])
    assert plain["status"] == "FAILED" and plain["error"] != "Busy"
    fault = refused("ValidationException", sfn.start_execution, stateMachineArn=f"{arn}#None")
    assert "None" in fault.message

    machine = {"StartAt": "Work", "States": {"Work": CALLS["States"]["Work"] | {"End": True}}}
    del machine["States"]["Work"]["Next"]
    fast = sfn.create_state_machine(name="fast", definition=json.dumps(machine), roleArn=ROLE,
                                    type="EXPRESS")["stateMachineArn"]
    done = sfn.start_sync_execution(stateMachineArn=f"{fast}#Good")
    assert done["status"] == "SUCCEEDED" and json.loads(done["output"]) == {"work": "done"}


def test_without_a_configuration_a_test_case_is_no_arn(sfn):
    refused(("InvalidArn", "StateMachineDoesNotExist"), sfn.start_execution,
            stateMachineArn="arn:aws:states:us-east-1:000000000000:stateMachine:calls#Good")


def test_a_broken_mock_configuration_stops_the_start(tmp_path):
    config = tmp_path / "mocks.json"
    config.write_text('{"StateMachines": {"M": {"TestCases": {"C": {"S": "absent"}}}}}')
    done = rung("dev", tmp_path, "--mock-config", config, "--port", free_port(), timeout=20)
    assert done.returncode == 2 and "absent" in done.stderr
