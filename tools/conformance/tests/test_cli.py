"""The commands, as a person types them; and as a pipe reads them."""

import json
import re
import socket
import time

import pytest
from support import (IS_RELEASE, Server, ended, free_port, machine, run, rung, unique, until,
                     wait_state)

ESCAPE = re.compile(r"\x1b\[")
GOOD = {"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": "one", "End": True}}}


def write(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=2))


def rung_run(server, *arguments):
    endpoint = {"AWS_ENDPOINT_URL": server.url}
    return rung("run", *arguments, "--endpoint", server.url, env=endpoint)


@pytest.fixture
def project(new_server):
    """`rung dev` on a folder with one definition"""
    server = new_server()
    write(server.folder / "say.asl.json", GOOD)
    return server.start()


def say_arn(server):
    sfn = server.client()
    machines = {one["name"]: one["stateMachineArn"]
                for one in sfn.list_state_machines()["stateMachines"]}
    return sfn, machines["say"]


def test_help_and_version():
    help_text = rung("--help")
    assert help_text.returncode == 0
    for command in ("dev", "serve", "run", "doctor"):
        assert re.search(rf"^\s+{command}\b", help_text.stdout, re.M)
        assert rung(command, "--help").returncode == 0
    assert rung("--version").stdout.startswith("rung ")
    wrong = rung("no-such-command")
    assert wrong.returncode == 2 and "no-such-command" in wrong.stderr


def test_run_succeeds(server, sfn):
    arn = machine(sfn, {"First": {"Type": "Pass", "Next": "Last"}, "Last": {"Type": "Succeed"}})
    done = rung_run(server, arn.rpartition(":")[2], "--input", '{"a":1}')
    assert done.returncode == 0, done.stderr
    text = done.stderr + done.stdout
    assert text.index("First") < text.index("Last")
    assert json.loads(done.stdout) == {"a": 1}, "standard output is the output, for a pipe"
    assert not ESCAPE.search(text)


def test_run_fails(server, sfn):
    """exit code 1, with the failing state's error and cause at the end"""
    arn = machine(sfn, {"First": {"Type": "Pass", "Next": "Last"},
                        "Last": {"Type": "Fail", "Error": "NoStock", "Cause": "all sold"}})
    done = rung_run(server, arn, "--input", "{}")
    assert done.returncode == 1
    end = (done.stdout + done.stderr)[-600:]
    assert "NoStock" in end and "all sold" in end and "Last" in end


def test_run_refused(server):
    done = rung_run(server, unique("absent"), "--input", "{}")
    assert done.returncode != 0 and "absent" in done.stderr
    assert "panicked" not in done.stderr


def test_run_without_a_server():
    done = rung("run", "x", "--input", "{}", "--endpoint", f"http://127.0.0.1:{free_port()}")
    assert done.returncode != 0 and done.stderr.strip()
    assert "panicked" not in done.stderr


def test_run_with_input_that_is_no_json(server, sfn):
    arn = machine(sfn, wait_state(0))
    done = rung_run(server, arn, "--input", "{not json")
    assert done.returncode != 0 and done.stderr.strip()


def test_doctor(tmp_path):
    done = rung("doctor", "--port", free_port(), cwd=tmp_path)
    text = done.stdout + done.stderr
    for word in ("port", "sync-", "data", "python", "node"):
        assert word in text.lower(), text
    assert not ESCAPE.search(text)


def test_doctor_names_a_port_that_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = rung("doctor", "--port", port, cwd=tmp_path)
    assert str(port) in done.stdout + done.stderr
    assert done.returncode != 0


def test_keys(tmp_path):
    """made by a command, readable by their owner only, and enough for a server to begin"""
    file = tmp_path / "keys.toml"
    made = rung("key", "new", "--file", file, "--account", "210987654321")
    assert made.returncode == 0
    assert file.stat().st_mode & 0o077 == 0
    settings = dict(re.findall(r"export (\w+)=(\S+)", made.stdout))
    server = Server(mode="serve")
    server.arguments = ["--keys", str(file)]
    try:
        sfn = server.start().client(key=settings["AWS_ACCESS_KEY_ID"],
                                    secret=settings["AWS_SECRET_ACCESS_KEY"])
        assert machine(sfn, wait_state(0)).split(":")[4] == "210987654321"
    finally:
        server.close()
    file.chmod(0o644)
    done = rung("serve", "--keys", file, "--data", tmp_path / "data", "--port", free_port(),
                cwd=tmp_path, timeout=20)
    assert done.returncode != 0 and str(file) in done.stderr


def test_serve_needs_keys(tmp_path):
    """a production server that would answer nobody, or anybody, does not begin"""
    done = rung("serve", "--data", tmp_path / "data", "--port", free_port(), cwd=tmp_path,
                timeout=20)
    assert done.returncode != 0 and "key" in done.stderr


@pytest.mark.parametrize("mode", ["dev", "serve"])
def test_port_taken(tmp_path, mode):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        rung("key", "new", "--file", tmp_path / "keys.toml")
        where = [str(tmp_path)] if mode == "dev" else ["--keys", str(tmp_path / "keys.toml")]
        done = rung(mode, *where, "--port", port, "--data", tmp_path / "data", timeout=20,
                    cwd=tmp_path)
    assert done.returncode != 0
    assert str(port) in done.stderr and "in use" in done.stderr
    assert "panicked" not in done.stderr


def test_data_directory_that_is_none(tmp_path):
    """also for root, who may write anywhere but not into a file"""
    write(tmp_path / "file", "x")
    for place in (tmp_path / "file", tmp_path / "file/below"):
        done = rung("dev", tmp_path, "--port", free_port(), "--data", place, timeout=20)
        assert done.returncode != 0
        assert str(place) in done.stderr and "panicked" not in done.stderr


def test_data_directory_in_use(project):
    """two servers on one directory would each undo the other"""
    done = rung("dev", project.folder, "--port", free_port(), "--data", project.data, timeout=20)
    assert done.returncode != 0
    assert str(project.data) in done.stderr and "panicked" not in done.stderr
    sfn, arn = say_arn(project)
    assert run(sfn, arn)["status"] == "SUCCEEDED"


def test_data_of_a_newer_format(project):
    """refused by name, and left as it is"""
    import sqlite3
    project.stop()
    (file,) = [path for path in project.data.rglob("*")
               if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"]
    with sqlite3.connect(file) as database:
        changed = raise_format(database)
    database.close()
    assert changed, "no format number was found in the file"
    before = file.read_bytes()
    done = rung("dev", project.folder, "--port", free_port(), "--data", project.data, timeout=20)
    assert done.returncode != 0 and "panicked" not in done.stderr
    assert "format" in done.stderr and "newer" in done.stderr
    assert file.read_bytes() == before


def raise_format(database):
    """the number by which the data say what they are"""
    changed = database.execute("UPDATE cluster SET v = CAST('1000' AS BLOB) WHERE k = 'format'")
    database.commit()
    return changed.rowcount == 1


def test_configuration_with_a_mistake(tmp_path):
    write(tmp_path / "rung.toml", "port = 4566\nprot = 1\n")
    done = rung("dev", tmp_path, "--port", free_port(), timeout=20)
    assert done.returncode != 0
    assert "prot" in done.stderr and "line 2" in done.stderr


def test_dev_prints_a_table_without_colour(project):
    """what runs where"""
    text = until(lambda: "say" in project.log() and project.log())
    assert str(project.port) in text and not ESCAPE.search(text)


def test_dev_takes_a_saved_definition(project):
    """in under a second; a running execution keeps the version it began with"""
    sfn, arn = say_arn(project)
    assert run(sfn, arn)["output"] == '"one"'
    slow = {"StartAt": "Pause", "States": {
        "Pause": {"Type": "Wait", "Seconds": 2, "Next": "Say"},
        "Say": {"Type": "Pass", "Result": "slow", "End": True}}}
    write(project.folder / "say.asl.json", slow)
    until(lambda: "Pause" in sfn.describe_state_machine(stateMachineArn=arn)["definition"])
    running = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    two = json.loads(json.dumps(GOOD).replace("one", "two"))
    begin = time.monotonic()
    write(project.folder / "say.asl.json", two)
    until(lambda: "two" in sfn.describe_state_machine(stateMachineArn=arn)["definition"],
          every=0.02)
    assert time.monotonic() - begin < (1 if IS_RELEASE else 2)
    assert run(sfn, arn)["output"] == '"two"'
    assert ended(sfn, running)["output"] == '"slow"'


def test_dev_keeps_the_last_good_definition(project):
    """an invalid save prints the finding with the place in the source"""
    sfn, arn = say_arn(project)
    before = len(project.log())
    bad = json.dumps(GOOD, indent=2).replace('"End": true', '"Next": "Nowhere"')
    write(project.folder / "say.asl.json", bad)
    line = 1 + next(n for n, text in enumerate(bad.splitlines()) if "Nowhere" in text)
    text = until(lambda: "Nowhere" in project.log()[before:] and project.log()[before:])
    assert "say.asl.json" in text and f":{line}:" in text
    assert run(sfn, arn)["output"] == '"one"'
    write(project.folder / "say.asl.json", "{ not json")
    until(lambda: project.log()[before:].count("say.asl.json") >= 2)
    assert run(sfn, arn)["output"] == '"one"'
    write(project.folder / "say.asl.json", json.dumps(GOOD).replace("one", "mended"))
    until(lambda: "mended" in sfn.describe_state_machine(stateMachineArn=arn)["definition"])


def test_dev_takes_a_new_and_a_yaml_definition(project):
    sfn = project.client()
    names = lambda: {one["name"] for one in sfn.list_state_machines()["stateMachines"]}
    write(project.folder / "other.asl.yaml",
          "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Result: {from: yaml}\n    End: true\n")
    until(lambda: "other" in names())
    arn = next(one["stateMachineArn"] for one in sfn.list_state_machines()["stateMachines"]
               if one["name"] == "other")
    assert json.loads(run(sfn, arn)["output"]) == {"from": "yaml"}


def test_dev_takes_a_saved_function(new_server):
    server = new_server()
    folder = server.folder / "functions/answer"
    folder.mkdir(parents=True)
    code = "def handler(event, context):\n    return 'one'\n"
    write(folder / "handler.py", code)
    server.start()
    lam = server.client("lambda")
    call = lambda: json.loads(lam.invoke(FunctionName="answer")["Payload"].read())
    assert until(call) == "one"
    begin = time.monotonic()
    write(folder / "handler.py", code.replace("one", "two"))
    until(lambda: call() == "two", every=0.02)
    assert time.monotonic() - begin < (1 if IS_RELEASE else 2)


def test_check(tmp_path):
    """every finding with its line, exit code 1"""
    if "check" not in rung("--help").stdout:
        pytest.skip("this binary has no `check`")
    good, bad = tmp_path / "good.asl.json", tmp_path / "bad.asl.json"
    write(good, GOOD)
    write(bad, json.dumps(GOOD, indent=2).replace("Pass", "Past"))
    assert rung("check", good).returncode == 0
    done = rung("check", good, bad)
    assert done.returncode == 1
    text = done.stdout + done.stderr
    assert "bad.asl.json:5:" in text and "good.asl.json:" not in text
