"""Definitions and inputs that mean harm: each ends soon, with what the service would say, and
nobody else waits for it."""

import json
import os
import resource
import statistics
import threading
import time

import pytest
from support import ROLE, ended, lasting_server, machine, one_state, refused, rung, unique

CPU_SECONDS_MAX = 5
TICKS = os.sysconf("SC_CLK_TCK")
QUERY = "States.QueryEvaluationError"
LIMIT = "States.DataLimitExceeded"
ENDLESS = "Check for infinite loop"
MEMORY = "Expression evaluation memory limit exceeded"
DEEP = "Stack overflow error"
# What no machine is created with.
TOO_LARGE = object()


def cpu_seconds(server):
    """processor time that the server has used, all its threads together"""
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Stream:
    """ordinary executions, one after the other, each timed from its start to its end"""

    def __init__(self, server):
        self.sfn = server.client()
        self.arn = machine(self.sfn, {
            "One": {"Type": "Pass", "Next": "Two"},
            "Two": {"Type": "Choice", "Default": "Three", "Choices": [
                {"Variable": "$.n", "NumericLessThan": 0, "Next": "Three"}]},
            "Three": {"Type": "Succeed"}})
        self.taken = []
        self.going = threading.Event()
        self.going.set()
        self.thread = threading.Thread(target=self.go, daemon=True)

    def go(self):
        while self.going.is_set():
            begin = time.monotonic()
            started = self.sfn.start_execution(stateMachineArn=self.arn, input='{"n": 1}')
            assert ended(self.sfn, started["executionArn"])["status"] == "SUCCEEDED"
            self.taken.append((begin, time.monotonic() - begin))
            time.sleep(0.005)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.going.clear()
        self.thread.join()

    def between(self, begin, end):
        return [took for at, took in self.taken if begin <= at < end]


@pytest.fixture(scope="module")
def server():
    yield from lasting_server()


@pytest.fixture(scope="module")
def sfn(server):
    return server.client()


def jsonata(text):
    """a state whose output is an expression, in its own language"""
    return one_state(Type="Pass", QueryLanguage="JSONata", Output="{% " + text + " %}")


def path(**parameters):
    return one_state(Type="Pass", Parameters=parameters)


def nested(levels, inside=0):
    """a document so deep"""
    return "[" * levels + str(inside) + "]" * levels


def tree(levels, width):
    """a document with many members on many levels"""
    return {"v": 0} if levels == 0 else {f"k{n}": tree(levels - 1, width) for n in range(width)}


BROAD = tree(4, 11)
ITEMS = [{"id": n, "name": f"item {n}", "kids": [n, n + 1]} for n in range(4_000)]
LETTERS = "a" * 200_000

RECURSION = "($f := function($n){ %s }; $f(%d))"
NESTED_MAPS = "$map(" * 16 + "[1..20]" + ", function($x){ $x + 1 })" * 16

# Expression, input, and what the execution ends with: the error and part of its cause, or a check
# of the output.
JSONATA = {
    "endless tail call": (RECURSION % ("$f($n + 1)", 1), {}, (QUERY, ENDLESS)),
    "endless recursion": (RECURSION % ("1 + $f($n + 1)", 1), {}, (QUERY, DEEP)),
    "exponential recursion": (
        RECURSION % ("$n < 1 ? 1 : $f($n - 1) + $f($n - 1) + $f($n - 1)", 20), {},
        (QUERY, ENDLESS)),
    "mutual recursion": (
        "($a := function($n){ $b($n) }; $b := function($n){ $a($n) }; $a(1))", {},
        (QUERY, ENDLESS)),
    "loops in loops": ("$count([1..800000].([1..800000][$ > 0]))", {}, (QUERY, ENDLESS)),
    "a loop over a path": (
        "$count([1..800000].($count($states.input.kids)))", ITEMS, (QUERY, ENDLESS)),
    "maps in maps": (
        "$map([1..5000], function($x){ $map([1..5000], function($y){ $x * $y }) })", {},
        (QUERY, ENDLESS)),
    "maps of maps": (NESTED_MAPS, {}, [n + 16 for n in range(1, 21)]),
    "a large join": (
        "$count($states.input[id in $states.input.id])", ITEMS, None),
    "every descendant": ("$count($states.input.**.*)", BROAD, None),
    "descendants of descendants": ("$count($states.input.**.**.**.**)", BROAD, None),
    "doubling text": (
        "$length($reduce([1..60], function($a, $i){ $a & $a }, 'x'))", {}, (QUERY, MEMORY)),
    "doubling arrays": (
        "$count($reduce([1..60], function($a, $i){ $append($a, $a) }, [1]))", {},
        (QUERY, MEMORY)),
    "too long a range": ("[1..20000000]", {}, (QUERY, MEMORY)),
    "padding": ("$pad('x', 1000000000)", {}, (QUERY, MEMORY)),
    "joins": (
        "$length($reduce([1..60], function($a, $i){ $join([$a, $a]) }, 'x'))", {},
        (QUERY, MEMORY)),
    "a large result": ("[1..200000]", {}, (LIMIT, "")),
    "an alternation that explodes": (
        "$match($states.input & '!', /^(a|a|aa)+$/)", LETTERS, (QUERY, "returned nothing")),
    "nested repetitions": (
        "$contains($states.input & '!', /^(a+)+$/)", LETTERS, False),
    "a huge repetition": ("$contains($states.input, /(a{1000}){1000}/)", LETTERS, TOO_LARGE),
    "sorting a lot": (
        "$count($sort([1..200000], function($l, $r){ $l < $r }))", {}, None),
    "distinct of a lot": ("$count($distinct([1..200000]))", {}, None),
    "splitting a lot": ("$count($split($states.input, ''))", LETTERS, None),
    "replacing a lot": (
        "$length($replace($states.input, /a/, 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb'))",
        LETTERS, None),
    "numbers in words": ("$length($formatInteger(1e300, 'w'))", {}, None),
    "a long picture": (
        "$length($fromMillis(0, $pad('', 100000, '[Y0001]')))", {}, None),
    "merging a lot": ("$count($keys($merge([1..200000].{$string($): 1})))", {}, None),
    "nesting by rounds": (
        "$count($reduce([1..200000], function($a, $i){ [[$a]] }, 'x'))", {}, None),
    "nesting by calls": (
        "($f := function($a, $n){ $n = 0 ? $count($a) : $f({'a': $a}, $n - 1) };"
        " $f('x', 200000))", {}, None),
    "equality of the deep": (
        "($a := $reduce([1..50000], function($a, $i){ [[$a]] }, 'x');"
        " $b := $reduce([1..50000], function($a, $i){ [[$a]] }, 'x'); $a = $b)", {}, None),
    "text of the deep": (
        "$length($string($reduce([1..50000], function($a, $i){ [[$a]] }, 'x')))", {}, None),
    "distinct of the deep": (
        "$count($distinct([1, $reduce([1..50000], function($a, $i){ [[$a]] }, 'x')]))", {}, None),
    "terms without end": ("+".join(["1"] * 500), {}, TOO_LARGE),
    "many terms": ("+".join(["1"] * 200), {}, (QUERY, DEEP)),
}


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def hostile(sfn, states, value):
    """runs it and describes its end"""
    arn = machine(sfn, states)
    started = sfn.start_execution(stateMachineArn=arn, input=compact(value))
    return ended(sfn, started["executionArn"], seconds=60)


@pytest.mark.parametrize("case", JSONATA)
def test_jsonata(server, sfn, case):
    """SFN-JA-5, SFN-JA-11"""
    text, value, expected = JSONATA[case]
    before = cpu_seconds(server)
    if expected is TOO_LARGE:
        fault = refused("InvalidDefinition", lambda: machine(sfn, jsonata(text)))
        assert "INVALID_JSONATA_EXPRESSION" in fault.message, fault.message
        assert cpu_seconds(server) - before < CPU_SECONDS_MAX
        return
    seen = hostile(sfn, jsonata(text), value)
    spent = cpu_seconds(server) - before
    assert spent < CPU_SECONDS_MAX, f"{spent:.1f} s"
    if isinstance(expected, tuple):
        error, cause = expected
        assert seen["status"] == "FAILED", seen.get("output", "")[:200]
        assert seen["error"] == error, seen["cause"][-300:]
        assert cause in seen["cause"], seen["cause"][-300:]
    elif expected is not None:
        assert seen["status"] == "SUCCEEDED", seen.get("cause", "")[-300:]
        assert json.loads(seen["output"]) == expected
    else:
        fine = seen["status"] == "SUCCEEDED" or seen["error"] in (QUERY, LIMIT)
        assert fine, (seen.get("error"), seen.get("cause", "")[-300:])


DEEP_FILTER = "$[?(" + "(" * 10_000 + "@.a" + ")" * 10_000 + ")]"
DEEP_INTRINSIC = "States.Array(" * 10_000 + "1" + ")" * 10_000

# Parameters, input, error and part of the cause, or nothing when any end is good.
PATHS = {
    "every value": ({"v.$": "$..*"}, BROAD, None),
    "every value of every value": ({"v.$": "$..*..*..*"}, BROAD, None),
    "every value by a test": ({"v.$": "$..[?(@..v == 0)]"}, BROAD, None),
    "the input a thousand times": (
        {f"v{n}.$": "$" for n in range(1_000)}, LETTERS, (LIMIT, "")),
    "the input formatted a thousand times": (
        {"v.$": "States.Format('" + "{}" * 1_000 + "'" + ", $" * 1_000 + ")"}, LETTERS, None),
    "too long a range": ({"v.$": "States.ArrayRange(1, 1000000000, 1)"}, {}, None),
    "a longest range": ({"v.$": "States.ArrayRange(1, 1000, 1)"}, {}, None),
    "unique of a lot": ({"v.$": "States.ArrayUnique($)"}, list(range(40_000)), None),
    "contains in a lot": ({"v.$": "States.ArrayContains($, 7)"}, list(range(40_000)), None),
    "partition of a lot": ({"v.$": "States.ArrayPartition($, 1)"}, list(range(20_000)), None),
    "a text within texts": (
        {"v.$": "States.StringToJson($)"}, nested(50_000), None),
}


@pytest.mark.parametrize("case", PATHS)
def test_paths(server, sfn, case):
    """SFN-PATH-1, SFN-IO-6"""
    parameters, value, expected = PATHS[case]
    before = cpu_seconds(server)
    seen = hostile(sfn, path(**parameters), value)
    spent = cpu_seconds(server) - before
    assert spent < CPU_SECONDS_MAX, f"{spent:.1f} s"
    if expected:
        error, cause = expected
        assert (seen["status"], seen["error"]) == ("FAILED", error)
        assert cause in seen["cause"]
    else:
        assert seen["status"] in ("SUCCEEDED", "FAILED")


def choice(test):
    return {"Pick": {"Type": "Choice", "Choices": [{**test, "Next": "Done"}], "Default": "Done"},
            "Done": {"Type": "Succeed"}}


def rule_tree(levels):
    rule = {"Variable": "$.n", "NumericEquals": 1}
    for _ in range(levels):
        rule = {"Not": rule}
    return rule


def create(sfn, definition):
    return sfn.create_state_machine(name=unique("m"), definition=definition, roleArn=ROLE)


DEFINITIONS = {
    "deep JSON": '{"StartAt": "A", "States": ' + nested(10_000) + "}",
    "deep objects": '{"StartAt":"A","States":' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "}",
    "a deep rule tree": json.dumps({"StartAt": "Pick", "States": choice(rule_tree(20))})
    .replace('{"Variable"', '{"Not": ' * 1_000 + '{"Variable"')
    .replace('"NumericEquals": 1}', '"NumericEquals": 1}' + "}" * 1_000),
    "a deep filter": json.dumps({"StartAt": "Only", "States": path(**{"v.$": DEEP_FILTER})}),
    "deep intrinsics": json.dumps({"StartAt": "Only", "States": path(**{"v.$": DEEP_INTRINSIC})}),
    "deep JSONata": json.dumps({"StartAt": "Only", "States": jsonata(
        "(" * 10_000 + "1" + ")" * 10_000)}),
    "deep JSONata arrays": json.dumps({"StartAt": "Only", "States": jsonata(nested(10_000))}),
    "deep JSONata functions": json.dumps({"StartAt": "Only", "States": jsonata(
        "$f(" * 10_000 + "1" + ")" * 10_000)}),
    "many expressions": json.dumps({"StartAt": "Only", "States": one_state(
        Type="Pass", QueryLanguage="JSONata",
        Output={f"k{n}": "{% $states.input.a[b > 1].c %}" for n in range(20_000)})}),
}


@pytest.mark.parametrize("case", DEFINITIONS)
@pytest.mark.parametrize("operation", ["create", "validate"])
def test_definitions(server, sfn, case, operation):
    """SFN-SM-1, SFN-VALID-1: refused or taken, and the server goes on"""
    definition = DEFINITIONS[case]
    assert len(definition) < 1_048_576
    before = cpu_seconds(server)
    if operation == "validate":
        answer = sfn.validate_state_machine_definition(definition=definition)
        assert answer["result"] in ("OK", "FAIL")
    else:
        try:
            create(sfn, definition)
        except sfn.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidDefinition", error
    spent = cpu_seconds(server) - before
    assert spent < CPU_SECONDS_MAX, f"{spent:.1f} s"


def test_a_rule_tree_that_runs(server, sfn):
    """as deep as a definition may nest"""
    before = cpu_seconds(server)
    seen = hostile(sfn, choice(rule_tree(20)), {"n": 1})
    assert seen["status"] == "SUCCEEDED"
    assert cpu_seconds(server) - before < CPU_SECONDS_MAX


def test_wildcards_that_backtrack(server, sfn):
    """SFN-CHOICE-4: a pattern of many stars against a text that almost fits"""
    test = {"Variable": "$.t", "StringMatches": "*a" * 200 + "*b"}
    before = cpu_seconds(server)
    seen = hostile(sfn, choice(test), {"t": "a" * 100_000})
    assert seen["status"] == "SUCCEEDED"
    assert cpu_seconds(server) - before < CPU_SECONDS_MAX


def test_the_largest_definition(server, sfn):
    """1 MiB of states, created and run to the end of them"""
    count = 9_000
    states = {f"S{n}": {"Type": "Pass", "Next": f"S{n + 1}"} for n in range(count)}
    states[f"S{count}"] = {"Type": "Succeed"}
    # The definition is a text in the text of the request.
    pad = 1_048_000 - len(json.dumps(json.dumps({"StartAt": "S0", "States": states})))
    before = cpu_seconds(server)
    arn = machine(sfn, states, start="S0", Comment="x" * (pad - 500))
    started = sfn.start_execution(stateMachineArn=arn)
    seen = ended(sfn, started["executionArn"], seconds=60)
    assert seen["status"] == "SUCCEEDED"
    assert cpu_seconds(server) - before < CPU_SECONDS_MAX


def test_a_map_over_much(server, sfn):
    """SFN-HIST-16: a history of 25,000 events is the end of it"""
    states = one_state(Type="Map", ItemProcessor={
        "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    before = cpu_seconds(server)
    seen = hostile(sfn, states, [0] * 100_000)
    assert (seen["status"], seen["error"]) == ("FAILED", "States.Runtime")
    assert "25000" in seen["cause"].replace(",", ""), seen["cause"]
    assert cpu_seconds(server) - before < CPU_SECONDS_MAX


def test_variables_at_their_limits(server, sfn):
    """SFN-VAR-9: 10 MiB of variables are too many"""
    names = [f"v{n}" for n in range(60)]
    states = {name: {"Type": "Pass", "Assign": {name + ".$": "$"}, "Next": f"v{n + 1}"}
              for n, name in enumerate(names)}
    states[f"v{len(names)}"] = {"Type": "Succeed"}
    before = cpu_seconds(server)
    seen = hostile(sfn, states, "x" * 250_000)
    assert (seen["status"], seen["error"]) == ("FAILED", "States.Runtime")
    assert cpu_seconds(server) - before < CPU_SECONDS_MAX


def test_deep_input(server, sfn):
    """SFN-EXEC-5: any JSON is an input, as long as it can be read"""
    arn = machine(sfn, {"Only": {"Type": "Pass", "End": True}})
    before = cpu_seconds(server)
    for levels in (100, 1_000, 10_000, 100_000):
        try:
            sfn.start_execution(stateMachineArn=arn, input=nested(levels))
        except sfn.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidExecutionInput", error
    assert cpu_seconds(server) - before < CPU_SECONDS_MAX


SOURCES = {
    "flow.yaml": "StartAt: A\nStates: " + nested(10_000),
    "mapping.yaml": "StartAt: A\nStates:\n" + "".join(
        " " * (level + 1) + "a:\n" for level in range(3_000)),
    "aliases.yaml": "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60)) + "StartAt: A\n",
    "deep.json": nested(10_000),
    "half.asl.json": "[" * 500_000,
}


@pytest.mark.parametrize("name", SOURCES)
def test_rung_check(tmp_path, name):
    """files that are no definitions, said so and soon"""
    file = tmp_path / name
    file.write_text(SOURCES[name])
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = rung("check", file)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in (1, 2), (done.returncode, done.stderr[-500:])
    assert after.ru_utime - before.ru_utime < CPU_SECONDS_MAX


# What keeps a server busy, each for as long as one may.
BUSY = ["endless tail call", "exponential recursion", "loops in loops", "a loop over a path"]


def share(values, part):
    return sorted(values)[int(len(values) * part)]


def test_nobody_waits(server):
    """other executions take no longer than twice the time that they take without"""
    sfn = server.client()
    arns = [machine(sfn, jsonata(JSONATA[name][0])) for name in BUSY]
    texts = [json.dumps(JSONATA[name][1]) for name in BUSY]
    with Stream(server) as stream:
        time.sleep(1)
        quiet, busy = [], []
        for _ in range(3):
            begin = time.monotonic()
            time.sleep(2)
            quiet += stream.between(begin, time.monotonic())
            begin = time.monotonic()
            started = [sfn.start_execution(stateMachineArn=arn, input=text)["executionArn"]
                       for arn, text in zip(arns, texts)]
            for one in started:
                assert ended(sfn, one, seconds=60)["error"] == QUERY
            busy += stream.between(begin, time.monotonic())
    assert len(quiet) > 50 and len(busy) > 50, (len(quiet), len(busy))
    ratios = {part: share(busy, part) / share(quiet, part) for part in (0.5, 0.9)}
    print({part: round(ratio, 2) for part, ratio in ratios.items()},
          f"quiet {statistics.median(quiet) * 1e3:.1f} ms of {len(quiet)}",
          f"busy {statistics.median(busy) * 1e3:.1f} ms of {len(busy)}")
    assert all(ratio <= 2 for ratio in ratios.values()), ratios
