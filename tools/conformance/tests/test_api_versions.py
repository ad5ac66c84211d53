"""Versions and aliases: numbers, routing, what refers to what, and what may go when."""

import json

import pytest
from support import (PASS, ROLE, ended, machine, one_state, refused, unique, wait_state)

NO_REFERENCE = "Request references a resource that does not exist."
BAD_TOKEN = "Invalid Token: 'Invalid token'"
REASON = "INVALID_ROUTING_CONFIGURATION"


def changed(sfn, arn, result):
    """a new revision of the machine; answers its id"""
    definition = {"StartAt": "Only", "States": one_state(Type="Pass", Result=result)}
    return sfn.update_state_machine(
        stateMachineArn=arn, definition=json.dumps(definition))["revisionId"]


def publish(sfn, arn, **more):
    return sfn.publish_state_machine_version(stateMachineArn=arn, **more)["stateMachineVersionArn"]


def versions(sfn, arn, **more):
    answer = sfn.list_state_machine_versions(stateMachineArn=arn, **more)
    return [one["stateMachineVersionArn"] for one in answer["stateMachineVersions"]]


def aliases(sfn, arn, **more):
    answer = sfn.list_state_machine_aliases(stateMachineArn=arn, **more)
    return [one["stateMachineAliasArn"] for one in answer["stateMachineAliases"]]


def routes(*pairs):
    return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in pairs]


def alias(sfn, *pairs, name="live", **more):
    return sfn.create_state_machine_alias(
        name=name, routingConfiguration=routes(*pairs), **more)["stateMachineAliasArn"]


@pytest.fixture
def three(sfn):
    """a machine with versions 1 to 3"""
    arn = machine(sfn, PASS)
    made = [publish(sfn, arn)]
    for number in (2, 3):
        changed(sfn, arn, number)
        made.append(publish(sfn, arn))
    return arn, made


def test_numbers_rise_and_are_not_reused(sfn, three):
    """SFN-VER-1, SFN-VER-2, SFN-VER-3, SFN-VER-20, SFN-PAGE-6"""
    arn, made = three
    assert made == [f"{arn}:{number}" for number in (1, 2, 3)]
    assert versions(sfn, arn) == made[::-1]
    first = sfn.publish_state_machine_version(stateMachineArn=arn)
    again = sfn.publish_state_machine_version(stateMachineArn=arn, description="other")
    assert (first["stateMachineVersionArn"], first["creationDate"]) == (
        again["stateMachineVersionArn"], again["creationDate"])
    assert "description" not in sfn.describe_state_machine(stateMachineArn=made[2])
    sfn.delete_state_machine_version(stateMachineVersionArn=made[2])
    sfn.delete_state_machine_version(stateMachineVersionArn=made[2])
    assert publish(sfn, arn) == f"{arn}:4"
    assert versions(sfn, arn) == [f"{arn}:{number}" for number in (4, 2, 1)]
    assert versions(sfn, arn, maxResults=2) == [f"{arn}:4", f"{arn}:2"]


def test_revisions_guard_publishing(sfn):
    """SFN-VER-4, SFN-VER-5, SFN-SM-21, SFN-SM-26, SFN-SEM-124"""
    arn = machine(sfn, PASS)
    words = ("Failed to publish the State Machine version for revision {}. "
             "The current State Machine revision is {}.")
    fault = refused("ConflictException", sfn.publish_state_machine_version, stateMachineArn=arn,
                    revisionId="other")
    assert fault.message == words.format("other", "INITIAL")
    assert publish(sfn, arn, revisionId="INITIAL") == f"{arn}:1"
    revision = changed(sfn, arn, 1)
    for given in ("INITIAL", "other"):
        fault = refused("ConflictException", sfn.publish_state_machine_version,
                        stateMachineArn=arn, revisionId=given)
        assert fault.message == words.format(given, revision)
    assert publish(sfn, arn, revisionId=revision) == f"{arn}:2"


def test_publishing_is_refused(sfn, three):
    """SFN-VER-7, SFN-VER-10, SFN-ARN-4, SFN-ARN-7, SFN-SM-24"""
    arn, made = three
    for absent in (arn + "x", made[0], f"{arn}:live"):
        fault = refused("StateMachineDoesNotExist", sfn.publish_state_machine_version,
                        stateMachineArn=absent)
        assert fault.message == f"State Machine Does Not Exist: '{absent}'"
    fault = refused("InvalidArn", sfn.publish_state_machine_version, stateMachineArn="machine")
    assert fault.message == "Invalid Arn: 'Invalid ARN prefix: machine'"
    assert versions(sfn, arn + "x") == []


def test_version_is_described(sfn):
    """SFN-SM-33, SFN-VER-8: all of it as it was when it was published"""
    arn = machine(sfn, PASS)
    revision = changed(sfn, arn, 1)
    published = sfn.publish_state_machine_version(stateMachineArn=arn, description="first")
    version = published["stateMachineVersionArn"]
    changed(sfn, arn, 2)
    sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE + "2",
                             tracingConfiguration={"enabled": True})
    seen = sfn.describe_state_machine(stateMachineArn=version)
    assert seen["stateMachineArn"] == version and seen["creationDate"] == published["creationDate"]
    assert (seen["description"], seen["revisionId"]) == ("first", revision)
    assert (seen["roleArn"], seen["status"]) == (ROLE, "ACTIVE")
    assert seen["tracingConfiguration"] == {"enabled": False}
    assert json.loads(seen["definition"])["States"]["Only"]["Result"] == 1
    missing = f"{arn}:9"
    fault = refused("StateMachineDoesNotExist", sfn.describe_state_machine,
                    stateMachineArn=missing)
    assert fault.message == f"State Machine Does Not Exist: '{missing}'"


def test_executions_by_version(sfn, three):
    """SFN-EXEC-8, SFN-EXEC-41, SFN-SM-41, SFN-SEM-72, SFN-VER-22, SFN-VER-23, SFN-ARN-1"""
    arn, made = three
    started = sfn.start_execution(stateMachineArn=made[1])["executionArn"]
    assert started.startswith(arn.replace(":stateMachine:", ":execution:") + ":")
    seen = ended(sfn, started)
    assert (seen["stateMachineArn"], seen["stateMachineVersionArn"]) == (arn, made[1])
    assert (seen["output"], "stateMachineAliasArn" in seen) == ("2", False)
    then = sfn.describe_state_machine_for_execution(executionArn=started)
    now = sfn.describe_state_machine(stateMachineArn=made[1])
    assert then["stateMachineArn"] == arn and then["revisionId"] == now["revisionId"]
    bare = ended(sfn, sfn.start_execution(stateMachineArn=arn)["executionArn"])
    assert "stateMachineVersionArn" not in bare and bare["output"] == "3"
    sfn.delete_state_machine_version(stateMachineVersionArn=made[1])
    listed = sfn.list_executions(stateMachineArn=made[1])["executions"]
    assert [one["executionArn"] for one in listed] == [started]
    assert listed[0]["stateMachineVersionArn"] == made[1]
    fault = refused("StateMachineDoesNotExist", sfn.start_execution, stateMachineArn=made[1])
    assert fault.message == f"State Machine Version Does Not Exist: '{made[1]}'"
    fault = refused("StateMachineDoesNotExist", sfn.start_execution,
                    stateMachineArn=f"{arn}:none")
    assert fault.message == f"State Machine Does Not Exist: '{arn}:none'"


def test_one_name_space_for_all_qualifiers(sfn, three, name):
    """SFN-SEM-11, SFN-EXEC-2, SFN-EXEC-3"""
    arn = machine(sfn, wait_state(3000))
    version = publish(sfn, arn)
    live = alias(sfn, (version, 100))
    first = sfn.start_execution(stateMachineArn=live, name=name, input="{}")
    for other in (arn, version, live):
        again = sfn.start_execution(stateMachineArn=other, name=name)
        assert again["executionArn"] == first["executionArn"]
        assert again["startDate"] == first["startDate"]
        fault = refused("ExecutionAlreadyExists", sfn.start_execution, stateMachineArn=other,
                        name=name, input="1")
        assert fault.message == f"Execution Already Exists: '{first['executionArn']}'"
    assert sfn.describe_execution(
        executionArn=first["executionArn"])["stateMachineAliasArn"] == live


@pytest.mark.parametrize("words, pairs", [
    ("Routing configuration must contain state machine version ARNs. Received: [{0}]",
     [("{0}", 100)]),
    ("Routing configuration must contain state machine version ARNs. Received: [{0}:1, {0}]",
     [("{0}:1", 50), ("{0}", 50)]),
    ("Routing configuration must contain state machine version ARNs. Received: [{0}:live]",
     [("{0}:live", 100)]),
    ("Routing configuration must contain distinct state machine version ARNs. "
     "Received: [{0}:1, {0}:1]", [("{0}:1", 50), ("{0}:1", 50)]),
    ("Sum of routing configuration weights must equal 100. Received: [70, 29]",
     [("{0}:1", 70), ("{0}:2", 29)]),
    ("Sum of routing configuration weights must equal 100. Received: [99]", [("{0}:1", 99)]),
    ("Sum of routing configuration weights must equal 100. Received: [100, 100]",
     [("{0}:1", 100), ("{0}:2", 100)]),
])
def test_routing_is_refused(sfn, three, words, pairs):
    """SFN-ALIAS-1, SFN-ALIAS-2, SFN-ALIAS-3, SFN-ERR-3; the same on update"""
    arn, made = three
    pairs = [(route.format(arn), weight) for route, weight in pairs]
    fault = refused("ValidationException", sfn.create_state_machine_alias, name="live",
                    routingConfiguration=routes(*pairs))
    assert fault.message == words.format(arn)
    live = alias(sfn, (made[0], 100))
    fault = refused("ValidationException", sfn.update_state_machine_alias,
                    stateMachineAliasArn=live, routingConfiguration=routes(*pairs))
    assert fault.message == words.format(arn)
    assert sfn.describe_state_machine_alias(
        stateMachineAliasArn=live)["routingConfiguration"] == routes((made[0], 100))


def test_routes_that_are_not_there(sfn, three):
    """SFN-ALIAS-6, SFN-ERR-14: versions of another machine, of none, and too many"""
    arn, made = three
    for absent in (f"{arn}:9", f"{arn}x:1"):
        fault = refused("ResourceNotFound", sfn.create_state_machine_alias, name="live",
                        routingConfiguration=routes((absent, 100)))
        assert fault.message == NO_REFERENCE
    other = machine(sfn, PASS)
    refused("ValidationException", sfn.create_state_machine_alias, name="live",
            routingConfiguration=routes((made[0], 50), (publish(sfn, other), 50)))
    printed = ", ".join(f"RoutingConfigurationListItem(stateMachineVersionArn={one}, weight=50)"
                        for one in made)
    fault = refused("ValidationException", sfn.create_state_machine_alias, name="live",
                    routingConfiguration=routes(*((one, 50) for one in made)))
    assert fault.message == (
        f"1 validation error detected: Value '[{printed}]' at 'routingConfiguration' failed to "
        "satisfy constraint: Member must have length less than or equal to 2")


@pytest.mark.parametrize("name", ["123", "a b", "a!", "a@b", "a/b", "ä", "a:b", "", "a" * 81])
def test_alias_names(sfn, three, name):
    """SFN-ALIAS-4"""
    fault = refused("ValidationException", sfn.create_state_machine_alias, name=name,
                    routingConfiguration=routes((three[1][0], 100)))
    assert f"Value '{name}' at 'name' failed to satisfy constraint: Member must " in fault.message


def test_alias_is_created_once(sfn, three):
    """SFN-ALIAS-5"""
    _, made = three
    call = sfn.create_state_machine_alias
    body = {"name": "live", "description": "d", "routingConfiguration": routes((made[0], 100))}
    first, again = call(**body), call(**body)
    assert first["stateMachineAliasArn"] == again["stateMachineAliasArn"]
    assert first["creationDate"] == again["creationDate"]
    words = ("Failed to create alias because an alias with the same name and a different routing "
             "configuration already exists.")
    for more in ({"description": "other"}, {"routingConfiguration": routes((made[1], 100))},
                 {"routingConfiguration": routes((made[0], 99), (made[1], 1))}):
        assert refused("ConflictException", call, **{**body, **more}).message == words
    del body["description"]
    assert refused("ConflictException", call, **body).message == words


def test_alias_is_described_and_updated(sfn, three):
    """SFN-ALIAS-10, SFN-ALIAS-11: what is not given stays"""
    _, made = three
    live = alias(sfn, (made[0], 100))
    seen = sfn.describe_state_machine_alias(stateMachineAliasArn=live)
    assert set(seen) - {"ResponseMetadata"} == {
        "stateMachineAliasArn", "name", "routingConfiguration", "creationDate", "updateDate"}
    assert seen["creationDate"] == seen["updateDate"] and seen["name"] == "live"
    told = sfn.update_state_machine_alias(stateMachineAliasArn=live, description="d")
    now = sfn.describe_state_machine_alias(stateMachineAliasArn=live)
    assert now["updateDate"] == told["updateDate"] > seen["updateDate"]
    assert (now["description"], now["routingConfiguration"]) == ("d", routes((made[0], 100)))
    two = routes((made[0], 0), (made[2], 100))
    sfn.update_state_machine_alias(stateMachineAliasArn=live, routingConfiguration=two)
    now = sfn.describe_state_machine_alias(stateMachineAliasArn=live)
    assert (now["description"], now["routingConfiguration"]) == ("d", two)
    assert now["creationDate"] == seen["creationDate"]
    refused("ValidationException", sfn.update_state_machine_alias, stateMachineAliasArn=live)
    for call, more in ((sfn.describe_state_machine_alias, {}),
                       (sfn.update_state_machine_alias, {"description": "x"})):
        fault = refused("ResourceNotFound", call, stateMachineAliasArn=live + "x", **more)
        assert fault.message == NO_REFERENCE


def test_aliases_are_listed(sfn, three):
    """SFN-ALIAS-13, SFN-ALIAS-14, SFN-PAGE-1, SFN-PAGE-3, SFN-PAGE-6"""
    arn, made = three
    made_aliases = [alias(sfn, (made[number % 2], 100), name=f"a{number}") for number in range(5)]
    both = alias(sfn, (made[0], 50), (made[1], 50), name="b")
    assert aliases(sfn, arn) == [*made_aliases, both]
    assert aliases(sfn, made[0]) == [*made_aliases[::2], both]
    assert aliases(sfn, made[2]) == []
    assert aliases(sfn, arn, maxResults=0) == [*made_aliases, both]
    page = sfn.list_state_machine_aliases(stateMachineArn=arn, maxResults=4)
    assert aliases(sfn, arn, nextToken=page["nextToken"]) == [made_aliases[4], both]
    for call in (sfn.list_state_machine_aliases, sfn.list_state_machine_versions):
        fault = refused("InvalidToken", call, stateMachineArn=arn, nextToken="other")
        assert fault.message == BAD_TOKEN
    fault = refused("InvalidToken", sfn.list_state_machine_aliases, stateMachineArn=made[0],
                    nextToken=page["nextToken"])
    assert fault.message == BAD_TOKEN


def test_aliases_hold_their_versions(sfn, three):
    """SFN-VER-21, SFN-ALIAS-12, SFN-SEM-73, SFN-SEM-76"""
    _, made = three
    live = alias(sfn, (made[0], 100))
    other = alias(sfn, (made[0], 0), (made[1], 100), name="next")
    words = ("Version to be deleted must not be referenced by an alias. Current list of aliases "
             "referencing this version: [{}]")
    for version, names in ((made[0], "live, next"), (made[1], "next")):
        fault = refused("ConflictException", sfn.delete_state_machine_version,
                        stateMachineVersionArn=version)
        assert fault.message == words.format(names)
    started = sfn.start_execution(stateMachineArn=live)["executionArn"]
    for one in (live, live, other):
        sfn.delete_state_machine_alias(stateMachineAliasArn=one)
    sfn.delete_state_machine_version(stateMachineVersionArn=made[0])
    seen = ended(sfn, started)
    assert (seen["stateMachineAliasArn"], seen["stateMachineVersionArn"]) == (live, made[0])
    fault = refused("StateMachineDoesNotExist", sfn.start_execution, stateMachineArn=live)
    assert fault.message == f"State Machine Does Not Exist: '{live}'"


def test_alias_lists_what_it_started(sfn, three):
    """SFN-EXEC-41: also of versions that it no longer leads to"""
    arn, made = three
    live = alias(sfn, (made[0], 100))
    first = sfn.start_execution(stateMachineArn=live)["executionArn"]
    ended(sfn, first)
    sfn.update_state_machine_alias(stateMachineAliasArn=live,
                                   routingConfiguration=routes((made[1], 100)))
    second = sfn.start_execution(stateMachineArn=live)["executionArn"]
    ended(sfn, second)
    other = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    ended(sfn, other)
    listed = sfn.list_executions(stateMachineArn=live)["executions"]
    assert [(one["executionArn"], one["stateMachineVersionArn"]) for one in listed] == [
        (second, made[1]), (first, made[0])]
    assert {one["stateMachineAliasArn"] for one in listed} == {live}
    assert len(sfn.list_executions(stateMachineArn=arn)["executions"]) == 3
    listed = sfn.list_executions(stateMachineArn=made[0])["executions"]
    assert [one["executionArn"] for one in listed] == [first]


def test_alias_shares_by_weight(sfn, three):
    """SFN-EXEC-8, SFN-SEM-72, SFN-SEM-139"""
    _, made = three
    half = alias(sfn, (made[0], 50), (made[1], 50), name="half")
    whole = alias(sfn, (made[0], 0), (made[1], 100), name="whole")

    def chosen(live):
        for _ in range(40):
            sfn.start_execution(stateMachineArn=live)
        listed = sfn.list_executions(stateMachineArn=live)["executions"]
        return {one["stateMachineVersionArn"] for one in listed}

    assert chosen(half) == set(made[:2])
    assert chosen(whole) == {made[1]}


def test_a_machine_takes_them_along(sfn):
    """SFN-ALIAS-15, SFN-SEM-74: a machine of the same name begins at version 1"""
    name = unique("m")
    arn = machine(sfn, PASS, name=name)
    live = alias(sfn, (publish(sfn, arn), 100))
    changed(sfn, arn, 1)
    publish(sfn, arn)
    sfn.delete_state_machine(stateMachineArn=arn)
    assert versions(sfn, arn) == []
    refused("ResourceNotFound", sfn.describe_state_machine_alias, stateMachineAliasArn=live)
    assert machine(sfn, PASS, name=name) == arn
    assert aliases(sfn, arn) == [] and publish(sfn, arn) == f"{arn}:1"


def test_labelled_arns(sfn, three):
    """SFN-ARN-7, SFN-SM-54: these take no part of a machine"""
    arn, made = three
    for call, more in ((sfn.start_execution, {}), (sfn.start_sync_execution, {}),
                       (sfn.update_state_machine, {"roleArn": ROLE}),
                       (sfn.publish_state_machine_version, {}), (sfn.delete_state_machine, {})):
        refused("ValidationException", call, stateMachineArn=f"{arn}/Each", **more)
    for qualified in (made[0], f"{arn}:live"):
        refused("ValidationException", sfn.delete_state_machine, stateMachineArn=qualified)
    assert versions(sfn, arn) == made[::-1]
