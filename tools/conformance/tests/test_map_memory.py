"""A distributed Map over many items: memory does not grow with them (SFN-DMAP-3)."""

import json
import pathlib

from support import IS_RELEASE, ended, machine, one_state

# A build without optimisation gets fewer.
FEW, MANY = (20_000, 100_000) if IS_RELEASE else (1_000, 5_000)
GROWTH_KIB_MAX = 64 * 1024
BUCKET = "items"


def peak_kib(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def peak_of(server, count):
    """the most memory of a server that has run over so many lines, and what the run says"""
    bucket = server.data / "objects" / BUCKET
    bucket.mkdir(parents=True)
    (bucket / "items.jsonl").write_text("".join(f'{{"n":{n}}}\n' for n in range(count)))
    server.start()
    sfn = server.client()
    arn = machine(sfn, one_state(
        Type="Map",
        ItemReader={"Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": {"InputType": "JSONL"},
                    "Parameters": {"Bucket": BUCKET, "Key": "items.jsonl"}},
        ItemProcessor={"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                       "StartAt": "Take", "States": {"Take": {"Type": "Pass", "End": True}}},
        ResultWriter={"Resource": "arn:aws:states:::s3:putObject",
                      "Parameters": {"Bucket": BUCKET, "Prefix": "out"},
                      "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"}}))
    arn = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    told = ended(sfn, arn, seconds=600)
    assert told["status"] == "SUCCEEDED", told
    written = json.loads(told["output"])["ResultWriterDetails"]
    manifest = json.loads((bucket / written["Key"]).read_text())
    [results] = manifest["ResultFiles"]["SUCCEEDED"]
    lines = (bucket / results["Key"]).read_text().splitlines()
    assert lines == [f'{{"n":{n}}}' for n in range(count)]
    return peak_kib(server.process.pid)


def test_memory_is_flat(new_server):
    few, many = peak_of(new_server(), FEW), peak_of(new_server(), MANY)
    assert many - few < GROWTH_KIB_MAX, (few, many)
