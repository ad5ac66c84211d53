"""`rung check`: what it says, in which form, and what it leaves unsaid"""

import json

import pytest
from support import rung

GOOD = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TEMPLATE = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Inline:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition:
        StartAt: A
        States:
          A:
            Type: Task
            Resource: !GetAtt Work.Arn
            TimeoutSeconds: !Ref Seconds
            Next: Nowhere
          B: {Type: Succeed}
  Text:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub |
        {
          "StartAt": "A",
          "States": {
            "A": { "Type": "Task", "Resource": "${Work.Arn}", "End": "yes" }
          }
        }
  File:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: file.asl.json
      DefinitionSubstitutions:
        WorkArn: !GetAtt Work.Arn
        Seconds: 5
  Bucket:
    Type: AWS::S3::Bucket
"""


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2))
    return path


def findings(*arguments, **options):
    done = rung("check", "--format", "json", *arguments, **options)
    return done.returncode, json.loads(done.stdout)


def places(told):
    return [(one["line"], one["code"]) for file in told["files"] for one in file["findings"]]


def test_good_definitions(tmp_path):
    files = [write(tmp_path / "a.asl.json", GOOD),
             write(tmp_path / "b.asl.yaml", "StartAt: A\nStates:\n  A: {Type: Succeed}\n")]
    code, told = findings(*files)
    assert code == 0 and told["errors"] == 0 and len(told["files"]) == 2
    assert rung("check", *files).returncode == 0


def test_an_error_shows_its_line(tmp_path):
    file = write(tmp_path / "a.asl.json", '{\n  "StartAt": "A",\n  "States": {\n'
                 '    "A": { "Type": "Pass", "Next": "B" },\n'
                 '    "C": { "Type": "Succeed" }\n  }\n}')
    done = rung("check", "a.asl.json", cwd=tmp_path)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    at = next(n for n, line in enumerate(lines) if "a.asl.json:4:36" in line)
    source, mark = lines[at + 1], lines[at + 2]
    assert source.index('"B"') == mark.index("^^^"), "the caret is under the name"
    assert "\x1b" not in done.stdout
    code, told = findings(file)
    assert code == 1 and (4, "MISSING_TRANSITION_TARGET") in places(told)


def test_liberties_are_named_and_the_rest_is_checked(tmp_path):
    file = write(tmp_path / "a.asl.json", '{ // note\n "StartAt": "A",\n "States": {\n'
                 '  "A": { "Type": "Pass", "End": 1 },\n }\n}')
    code, told = findings(file)
    assert code == 1
    lines = [line for line, code in places(told) if code == "INVALID_JSON_DESCRIPTION"]
    assert lines == [1, 4]
    assert (4, "SCHEMA_VALIDATION_FAILED") in places(told)


@pytest.mark.parametrize("place", [
    '"Resource": "${WorkArn}"', '"Resource": ${WorkArn}', '"TimeoutSeconds": ${Seconds}',
    '"Parameters": ${Parameters}', '"Retry": ${Retry}', '"Comment": "a ${b} c"',
])
def test_placeholders_are_not_judged(tmp_path, place):
    members = {'"Resource"': '"arn:aws:lambda:us-east-1:111122223333:function:f"'}
    key, _, value = place.partition(": ")
    members[key] = value
    body = ", ".join(f"{key}: {value}" for key, value in members.items())
    file = write(tmp_path / "a.asl.json", '{"StartAt": "A", "States": {"A": '
                 f'{{"Type": "Task", {body}, "End": true}}}}}}')
    code, told = findings(file)
    assert (code, places(told)) == (0, [])
    # And what has nothing to do with them still is.
    write(file, file.read_text().replace('"End": true', '"End": "x"'))
    assert findings(file)[0] == 1


def test_templates(tmp_path):
    template = write(tmp_path / "t.yaml", TEMPLATE)
    write(tmp_path / "file.asl.json", {"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "${WorkArn}", "Parameters": {"x": "${Typo}"}, "End": True}}})
    code, told = findings(template)
    assert code == 1
    machines = {file["machine"]: file for file in told["files"]}
    assert set(machines) == {"Inline", "Text", "File"}
    inline = [(one["line"], one["code"]) for one in machines["Inline"]["findings"]]
    assert (14, "MISSING_TRANSITION_TARGET") in inline
    assert all(line not in (12, 13) for line, _ in inline), "functions are not judged"
    assert [one["line"] for one in machines["Text"]["findings"] if "Boolean" in one["message"]
            or one["location"] == "/States/A/End"][0] == 23
    [typo] = machines["File"]["findings"]
    assert typo["severity"] == "warning" and "Typo" in typo["message"]
    assert machines["File"]["file"].endswith("file.asl.json")


def test_a_template_names_its_type(tmp_path):
    machine = {"StartAt": "A", "States": {"A": {
        "Type": "Task", "Resource": "arn:aws:states:us-east-1:111122223333:activity:a",
        "End": True}}}
    resource = {"Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"StateMachineType": "EXPRESS", "Definition": machine}}
    template = write(tmp_path / "t.json", {"Resources": {"M": resource}})
    assert findings(template)[0] == 1
    resource["Properties"]["StateMachineType"] = "STANDARD"
    write(template, {"Resources": {"M": resource}})
    assert findings(template)[0] == 0
    alone = write(tmp_path / "a.asl.json", machine)
    assert findings(alone)[0] == 0
    assert findings("--type", "EXPRESS", alone)[0] == 1


def test_sarif(tmp_path):
    write(tmp_path / "a b.asl.json", {"StartAt": "X", "States": {"A": {"Type": "Succeed"}}})
    done = rung("check", "--format", "sarif", "a b.asl.json", cwd=tmp_path)
    assert done.returncode == 1
    log = json.loads(done.stdout)
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    for result in run["results"]:
        assert result["ruleId"] in rules and result["level"] in ("error", "warning")
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "a%20b.asl.json"
        assert place["region"]["startLine"] >= 1


def test_what_cannot_be_read(tmp_path):
    good = write(tmp_path / "a.asl.json", GOOD)
    bad = tmp_path / "bytes.asl.json"
    bad.write_bytes(b"\xff\xfe{")
    for file in (tmp_path / "absent.json", bad, tmp_path):
        done = rung("check", good, file)
        assert done.returncode == 2 and "panicked" not in done.stderr
        assert file.name in done.stdout
    code, told = findings(good, tmp_path / "absent.json")
    assert code == 2 and told["files"][1]["unreadable"]


@pytest.mark.parametrize("text", [
    "", "[]", "{", "{" * 5000, '"', "${", '{"a": "${', "/*",
    "Resources: AWS::Serverless-2016-10-31 AWS::StepFunctions::StateMachine [",
    '{"x": ' + '"${a}"' * 2000 + "}",
])
@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_nonsense_is_an_error(tmp_path, name, text):
    done = rung("check", write(tmp_path / name, text), timeout=20)
    assert done.returncode == 1, done.stdout
    assert "panicked" not in done.stderr
