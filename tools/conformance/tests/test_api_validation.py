"""ValidateStateMachineDefinition."""

import json

from support import PASS, refused

ARN = "arn:aws:states:::lambda:invoke"


def validate(sfn, definition, **more):
    text = definition if isinstance(definition, str) else json.dumps(definition)
    answer = sfn.validate_state_machine_definition(definition=text, **more)
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def whole(**states):
    return {"StartAt": next(iter(states)), "States": states}


def test_valid(sfn):
    """SFN-VAL-1"""
    answer = validate(sfn, whole(**PASS))
    assert answer == {"result": "OK", "diagnostics": [], "truncated": False}


def test_not_json(sfn):
    """SFN-VAL-5"""
    answer = validate(sfn, "not a definition")
    assert answer["result"] == "FAIL"
    (only,) = answer["diagnostics"]
    assert only["code"] == "INVALID_JSON_DESCRIPTION" and only["severity"] == "ERROR"
    place = '[Source: (String)"not a definition"; line: 1, column: 4]'
    assert only["location"] == place
    assert only["message"] == (
        "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or token "
        f"'null', 'true' or 'false')\n at {place}")


def test_empty_object(sfn):
    """SFN-VAL-6"""
    (only,) = validate(sfn, "{}")["diagnostics"]
    assert only == {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "location": "/",
                    "message": "These fields are required: [States, StartAt]"}


def test_ten_mistakes_are_ten_findings(sfn):
    """SFN-VAL-7, SFN-VALID-1..9: all at once, each at its place"""
    mistakes = whole(
        A={"Type": "Task", "Next": "Gone"},
        B={"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "Next": "C"},
        C={"Type": "Choice", "Choices": []},
        D={"Type": "Pass"},
        E={"Type": "Sleep", "End": True},
        F={"Type": "Wait", "Timestamp": "tomorrow", "Next": "G"},
        G={"Type": "Pass", "InputPath": "name", "Next": "H"},
        H={"Type": "Map", "End": True, "ItemProcessor": {"StartAt": "I", "States": {
            "I": {"Type": "Pass", "End": True, "Next": "I"}}}},
        J={"Type": "Task", "Resource": ARN, "Parameters": {}, "End": True},
        K={"Type": "Task", "Resource": "nothing", "End": True},
    )
    answer = validate(sfn, mistakes)
    assert answer["result"] == "FAIL"
    found = {(one.get("location"), one["code"], one["message"]) for one in answer["diagnostics"]}
    schema = "SCHEMA_VALIDATION_FAILED"
    expected = {
        ("/States/A/Next", "MISSING_TRANSITION_TARGET", "Missing 'Next' target: Gone"),
        ("/States/B", schema, "There should only be one of the following fields: "
                              "[SecondsPath, Seconds, TimestampPath, Timestamp]"),
        ("/States/C/Choices", schema, "Value cannot be empty"),
        ("/States/D", schema, "This object should have only one of the following fields: "
                              "[Next, End]"),
        ("/States/E/Type", schema, "The field 'Type' should have one of these values: "
                                   "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]"),
        ("/States/F/Timestamp", schema, "String does not match RFC3339 timestamp"),
        ("/States/G/InputPath", schema, "Value must be a valid JSONPath."),
        ("/States/H/ItemProcessor/States/I", schema,
         "There should only be one of the following fields: [Next, End]"),
        ("/States/J/Parameters", schema, "The field 'FunctionName' is required but was missing"),
        ("/States/K/Resource", schema, "Value is not a valid resource ARN"),
    }
    missing = expected - found
    assert not missing, f"missing {missing}\nfound {found}"
    resource = [one for one in found if one[0].startswith("/States/A") and "Resource" in one[2]]
    assert resource, "a Task without Resource"


def test_truncated(sfn):
    """SFN-VAL-2, SFN-VAL-9"""
    bad = whole(A={"Type": "Pass"}, B={"Type": "Pass"}, C={"Type": "Pass"})
    answer = validate(sfn, bad, maxResults=1)
    assert answer["result"] == "FAIL" and answer["truncated"] is True
    assert len(answer["diagnostics"]) == 1


def test_warnings_do_not_fail(sfn):
    """SFN-VAL-2, SFN-VAL-3"""
    odd = whole(A={"Type": "Pass", "Parameters": {"a": "$.b"}, "End": True})
    assert validate(sfn, odd)["diagnostics"] == []
    answer = validate(sfn, odd, severity="WARNING")
    assert answer["result"] == "OK"
    assert {one["severity"] for one in answer["diagnostics"]} == {"WARNING"}


def test_refused(sfn):
    """SFN-ERR-11"""
    refused("ValidationException", sfn.validate_state_machine_definition, definition="{}",
            maxResults=101)
    refused("ValidationException", sfn.validate_state_machine_definition, definition="{}",
            severity="INFO")
    refused("ValidationException", sfn.validate_state_machine_definition)


def test_lacking_integrations_are_accepted(sfn):
    """SFN-INT-63: what has no endpoint is accepted when created and fails by name when run"""
    from support import machine, run
    arn = machine(sfn, {"Only": {
        "Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun",
        "Parameters": {"JobName": "job"}, "End": True}})
    seen = run(sfn, arn)
    assert seen["status"] == "FAILED"
    assert seen["error"].startswith("Glue.") and seen["cause"]
