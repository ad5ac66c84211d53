"""Every constraint of the AWS SDK's own model, violated alone and together, in AWS's words."""

import json

import botocore.session
import pytest
from support import ROLE
from test_wire import fault_of, post

MODEL = botocore.session.get_session().get_service_model("stepfunctions")
OPERATIONS = sorted(MODEL.operation_names)
HOME = "arn:aws:states:us-east-1:000000000000"
PAYLOADS = ("SensitiveData", "SensitiveDataJobInput")
PAYLOAD_WORDS = "Member must have size less than or equal to 262144 bytes in UTF-8 encoding"
STATUSES = "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"

# What fits, by the name of a member.
FITTING = {
    "roleArn": ROLE, "activityArn": f"{HOME}:activity:none", "tags": [], "tagKeys": [],
    "executionArn": f"{HOME}:execution:none:none", "mapRunArn": f"{HOME}:mapRun:none/Each:none",
    "stateMachineArn": f"{HOME}:stateMachine:none", "resourceArn": f"{HOME}:stateMachine:none",
    "stateMachineAliasArn": f"{HOME}:stateMachine:none:live", "name": "constrained",
    "stateMachineVersionArn": f"{HOME}:stateMachine:none:1", "taskToken": "none", "output": "{}",
    "definition": "{}", "routingConfiguration": [
        {"stateMachineVersionArn": f"{HOME}:stateMachine:none:1", "weight": 100}],
}
# Texts that AWS answers otherwise than by the constraint.
OTHERWISE = {("ValidateStateMachineDefinition", "definition", "short"),  # SFN-VAL-4
             ("CreateStateMachine", "tracingConfiguration.enabled", "type"),  # SFN-CFG-1
             ("UpdateStateMachine", "tracingConfiguration.enabled", "type")}
# A definition that is too long is in a request that is too long, which is looked at first.
OTHERWISE |= {(operation, "definition", "long") for operation in OPERATIONS}


def fitting(operation):
    """the smallest body that violates nothing"""
    shape = MODEL.operation_model(operation).input_shape
    return {name: FITTING[name] for name in shape.required_members}


def leaves(shape, path=()):
    """members with their way from the root; a list is entered at its first item"""
    for name, member in shape.members.items():
        way = path + (name,)
        yield way, member, name in shape.required_members
        if member.type_name == "structure":
            yield from leaves(member, way)
        elif member.type_name == "list":
            if member.member.type_name == "structure":
                yield from leaves(member.member, way + (0,))


def spelled(way):
    """as AWS spells a way: list members are counted from one"""
    return ".".join(f"{part + 1}.member" if isinstance(part, int) else part for part in way)


def with_value(body, way, value):
    """the body with that value at the end of the way, and what is required beside it"""
    body = json.loads(json.dumps(body))
    at = body
    for part, after in zip(way, way[1:]):
        if isinstance(part, int):
            while len(at) <= part:
                at.append({})
            at = at[part]
        else:
            at = at.setdefault(part, [] if isinstance(after, int) else {})
        if at == {} and "encryptionConfiguration" in way:
            at["type"] = "AWS_OWNED_KEY"
        if at == {} and "routingConfiguration" in way:
            at.update(FITTING["routingConfiguration"][0])
        if at == {} and "tags" in way:
            at["key"] = "k"
    at[way[-1]] = value
    return body


def is_secret(shape):
    return shape.metadata.get("sensitive") or shape.name == "TaskToken"


def words(way, shape, value, constraint):
    shown = "Value" if is_secret(shape) else f"Value '{value}'"
    return f"{shown} at '{spelled(way)}' failed to satisfy constraint: {constraint}"


def violations(way, shape):
    """values that violate one constraint each, and AWS's words for it"""
    rules, pattern = shape.metadata, shape.metadata.get("pattern")
    if shape.type_name == "string" and shape.name in PAYLOADS:
        said = f"Value at '{spelled(way)}' failed to satisfy constraint: {PAYLOAD_WORDS}"
        yield "long", "é" * 131_073, said
    elif shape.type_name == "string" and shape.enum:
        told = STATUSES if way == ("statusFilter",) else f"[{', '.join(shape.enum)}]"
        yield "enum", "other", words(way, shape, "other",
                                     f"Member must satisfy enum value set: {told}")
    elif shape.type_name == "string":
        if "max" in rules:
            value = "a" * (rules["max"] + 1)
            yield "long", value, words(
                way, shape, value[:4096], f"Member must have length less than or equal to "
                f"{rules['max']}")
        if rules.get("min", 0) > 0:
            least = words(way, shape, "", "Member must have length greater than or equal to 1")
            unmatched = words(way, shape, "",
                              f"Member must satisfy regular expression pattern: {pattern}")
            yield "short", "", f"{least}; {unmatched}" if way == ("name",) and pattern else least
        if pattern:
            yield "pattern", "é é", words(
                way, shape, "é é", f"Member must satisfy regular expression pattern: {pattern}")
    elif shape.type_name in ("integer", "long", "float"):
        if "max" in rules:
            over = rules["max"] + 1
            yield "over", over, words(way, shape, over, f"Member must have value less than or "
                                      f"equal to {rules['max']}")
        under = rules["min"] - 1
        yield "under", under, words(way, shape, under, f"Member must have value greater than or "
                                    f"equal to {rules['min']}")


WRONG = {"string": (3, "NUMBER_VALUE can not be converted to a String"),
         "integer": ("x", "STRING_VALUE can not be converted to an Integer"),
         "long": ("x", "STRING_VALUE can not be converted to a Long"),
         "float": ("x", "STRING_VALUE can not be converted to a Double"),
         "boolean": ("x", "STRING_VALUE can not be converted to a Boolean"),
         "list": ("x", "Expected list or null"),
         "structure": ("x", "Expected map or null")}


def every(kind):
    """all operations with all ways to violate them"""
    for operation in OPERATIONS:
        for way, shape, _ in leaves(MODEL.operation_model(operation).input_shape):
            if kind == "type":
                value, said = WRONG[shape.type_name]
                rows = [("type", value, said)]
            else:
                rows = violations(way, shape)
            for name, value, said in rows:
                if (operation, spelled(way), name) not in OTHERWISE:
                    yield pytest.param(operation, way, value, said,
                                       id=f"{operation}-{spelled(way)}-{name}")


def asked(server, operation, body):
    return post(server, json.dumps(body, ensure_ascii=False).encode(),
                f"AWSStepFunctions.{operation}")


@pytest.mark.parametrize("operation, way, value, said", every("constraint"))
def test_one_violation(server, operation, way, value, said):
    """SFN-ERR-10, SFN-ERR-11, SFN-ERR-12, SFN-PAGE-4, SFN-EXEC-11, SFN-EXEC-44, SFN-ALIAS-4"""
    body = with_value(fitting(operation), way, value)
    status, code, message = fault_of(asked(server, operation, body))
    assert (status, code) == (400, "ValidationException"), message
    count = said.count("failed to satisfy")
    assert message.replace("...'", "'") == (
        f"{count} validation error{'s' if count > 1 else ''} detected: {said}")


@pytest.mark.parametrize("operation, way, value, said", every("type"))
def test_wrong_types(server, operation, way, value, said):
    """SFN-ERR-4: a value of another JSON type is not guessed at"""
    body = with_value(fitting(operation), way, value)
    status, code, message = fault_of(asked(server, operation, body))
    assert (status, code) == (400, "SerializationException"), message
    assert message.startswith(said)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_all_violations_at_once(server, operation):
    """SFN-ERR-10: each is told, the order is that of the model"""
    shape = MODEL.operation_model(operation).input_shape
    body, expected = fitting(operation), []
    for way, member, _ in leaves(shape):
        rows = [row for row in violations(way, member)
                if (operation, spelled(way), row[0]) not in OTHERWISE]
        if rows and rows[0][0] != "short" and not (member.metadata.get("max", 0) > 4096):
            body = with_value(body, way, rows[0][1])
            expected.append(rows[0][2])
    if len(expected) > 1:
        status, code, message = fault_of(asked(server, operation, body))
        assert (status, code) == (400, "ValidationException")
        head, _, told = message.partition(" detected: ")
        assert head == f"{len(expected)} validation errors"
        assert sorted(told.split("; ")) == sorted(expected)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_nothing_is_null(server, operation):
    """SFN-WIRE-2, SFN-ERR-11: null is absent, which a required member must not be"""
    shape = MODEL.operation_model(operation).input_shape
    for way, member, required in leaves(shape):
        body = with_value(fitting(operation), way, None)
        if member.type_name == "string" and "tags" in way:
            continue  # not required by the model, and yet a tag has a key
        _, _, answer = asked(server, operation, body)
        code = (answer or {}).get("__type", "").rpartition("#")[2]
        message = (answer or {}).get("message", "")
        told = (f"Value null at '{spelled(way)}' failed to satisfy constraint: "
                "Member must not be null")
        assert code != "SerializationException", f"{spelled(way)}: {message}"
        if required:
            assert told in message, f"{spelled(way)}: {message}"
        else:
            assert told not in message


@pytest.mark.parametrize("operation, kind, member", [
    (operation, kind, member)
    for operation in OPERATIONS
    for member, kind in (("stateMachineArn", "stateMachine"), ("executionArn", "execution"),
                         ("mapRunArn", "mapRun"), ("activityArn", "activity"),
                         ("stateMachineVersionArn", "stateMachine"),
                         ("stateMachineAliasArn", "stateMachine"))
    if member in MODEL.operation_model(operation).input_shape.members])
def test_arns_of_other_kinds(server, operation, kind, member):
    """SFN-ARN-4, SFN-ARN-5: what is no ARN, an ARN of another service, another resource type"""
    rest = {"stateMachine": "none", "execution": "none:none", "express": "none:none:none",
            "mapRun": "none/Each:none", "activity": "none", "nothing": "none"}
    rows = [(text, f"Invalid ARN prefix: {text}") for text in (
        "none", "arn:aws:states", "urn:aws:states:us-east-1:000000000000:stateMachine:none",
        "arn:aws:lambda:us-east-1:000000000000:function:none")]
    rows += [(f"{HOME}:{other}:{name}", f"Resource type not valid in this context: {other}")
             for other, name in rest.items()
             if other != kind and not (kind == "execution" and other == "express")]
    if kind == "execution":
        says = "Resource type not valid in this context: express"
        rows.append((f"{HOME}:express:none:none:none", says))
    for text, reason in rows:
        body = {**fitting(operation), member: text}
        if operation == "ListExecutions" and member == "mapRunArn":
            body.pop("stateMachineArn", None)
        if operation == "UpdateMapRun":
            body["maxConcurrency"] = 1
        if operation in ("UpdateStateMachine", "UpdateStateMachineAlias"):
            body.update({"roleArn": ROLE, "description": "x"})
        status, code, message = fault_of(asked(server, operation, body))
        assert (status, code) == (400, "InvalidArn"), f"{text}: {message}"
        assert message == f"Invalid Arn: '{reason}'"
