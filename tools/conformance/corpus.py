#!/usr/bin/env python3
"""Create a state machine of every definition of a corpus; say which are accepted.

  corpus.py --endpoint-url URL --json OUT FOLDER

FOLDER has an index.json with the files and what they contain. Placeholders of templates are
filled in before, as a deployment would:

* `${AWS::Partition}` and names like it become `aws`, account and region what they are here;
* a `Resource` that is a placeholder as a whole, also one in two braces, becomes the ARN of a
  function, or of an activity where the name says so; a placeholder inside an ARN becomes a plain
  name;
* a placeholder outside quotes becomes a number, or `[]` where the name says it is encoded JSON,
  `true` where it is a switch;
* a quoted placeholder that is the whole value of a member which takes only a number becomes one,
  a heartbeat a smaller one than a time limit;
* a switch becomes `true`, and every other its own name, without punctuation.
"""

import argparse
import json
import os
import re
import sys

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

ACCOUNT, REGION = "123456789012", "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/corpus"
PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
RESOURCE = re.compile(r'("Resource"\s*:\s*)"(?:\$\{([^{}"]*)\}|\{\{([^{}"]*)\}\})"')
NUMBERS = ("MaxConcurrency", "MaxItemsPerBatch", "TimeoutSeconds", "HeartbeatSeconds",
           "IntervalSeconds", "MaxAttempts", "BackoffRate", "Seconds")
QUOTED_NUMBER = re.compile(r'("(?:%s)"\s*:\s*)"\$\{[^{}"]*\}"' % "|".join(NUMBERS))


def inside(name):
    """the text of a placeholder that stands inside a string"""
    last = re.split(r"[:.]", name)[-1].lower().replace("_", "")
    if "partition" in last:
        return "aws"
    if "accountid" in last:
        return ACCOUNT
    if last.endswith("region"):
        return REGION
    if last.startswith("is") and "enabled" in last:
        return "true"
    return re.sub(r"[^A-Za-z0-9-]", "", name) or "Placeholder"


def resource(match):
    name = match.group(2) or match.group(3)
    if "activity" in name.lower():
        arn = f"arn:aws:states:{REGION}:{ACCOUNT}:activity:{inside(name)}"
    else:
        arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{inside(name)}"
    return f'{match.group(1)}"{arn}"'


def number(match):
    return match.group(1) + ("2" if "Heartbeat" in match.group(1) else "5")


def bare(name):
    """the text of a placeholder that stands outside quotes"""
    if "json" in name.lower():
        return "[]"
    if "enable" in name.lower():
        return "true"
    return "5"


def filled(text):
    text = RESOURCE.sub(resource, text)
    text = QUOTED_NUMBER.sub(number, text)
    out, position, quoted = [], 0, False
    while position < len(text):
        match = PLACEHOLDER.match(text, position)
        if match:
            out.append(inside(match.group(1)) if quoted else bare(match.group(1)))
            position = match.end()
            continue
        letter = text[position]
        if quoted and letter == "\\":
            out.append(text[position:position + 2])
            position += 2
            continue
        if letter == '"':
            quoted = not quoted
        out.append(letter)
        position += 1
    return "".join(out)


def attempt(client, number, definition):
    """creates and deletes one; answers None, or why it was refused"""
    try:
        made = client.create_state_machine(
            name=f"corpus-{number}", definition=definition, roleArn=ROLE)
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    client.delete_state_machine(stateMachineArn=made["stateMachineArn"])
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--endpoint-url", required=True)
    parser.add_argument("--json", required=True)
    arguments = parser.parse_args()
    client = botocore.session.Session().create_client(
        "stepfunctions", region_name=REGION, endpoint_url=arguments.endpoint_url,
        aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
    with open(os.path.join(arguments.folder, "index.json")) as file:
        index = json.load(file)["definitions"]
    results = []
    for number, entry in enumerate(index):
        with open(os.path.join(arguments.folder, entry["file"]), encoding="utf-8") as file:
            definition = filled(file.read())
        jsonata = "JSONata" in entry["query_languages"]
        why = attempt(client, number, definition)
        results.append({"file": entry["file"], "jsonata": jsonata, "why": why})
    with open(arguments.json, "w") as file:
        json.dump(results, file, indent=1)
    accepted = sum(result["why"] is None for result in results)
    print(f"corpus: {accepted} of {len(results)} definitions accepted")


if __name__ == "__main__":
    sys.exit(main())
