//! Everything that clients can see, looked at through all operations that show it: they must tell
//! the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::act::{DEFINITIONS, definition_text, machine_arn};
use super::process::Process;
use crate::world::text;

/// What there is, by ARN.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    /// Machines and executions in the terms of the model.
    pub(super) told: BTreeMap<String, Value>,
    /// The same and more in the terms of the server: dates, revisions, histories.
    pub(super) whole: BTreeMap<String, Value>,
}

struct Looking<'a> {
    process: &'a Process,
    seen: Seen,
}

pub(super) fn observe(process: &Process) -> Seen {
    let mut looking = Looking { process, seen: Seen::default() };
    let machines = looking.ask("ListStateMachines", &json!({}))["stateMachines"].clone();
    for item in machines.as_array().unwrap() {
        looking.machine(item);
    }
    looking.seen
}

/// The map run of an execution.
pub(super) fn map_run(process: &Process, execution: &str) -> Option<String> {
    let runs = process.answer("ListMapRuns", &json!({ "executionArn": execution })).ok()?;
    Some(runs["mapRuns"].get(0)?["mapRunArn"].as_str()?.to_owned())
}

fn definition_of(text: &Value) -> u8 {
    let same = |definition: &u8| *text == definition_text(*definition);
    (0..DEFINITIONS).find(same).unwrap_or_else(|| panic!("nobody wrote {text}"))
}

fn last(arn: &Value) -> Option<String> {
    arn.as_str().and_then(|arn| arn.rsplit(':').next()).map(str::to_owned)
}

fn role_of(arn: &Value) -> Option<u8> {
    arn.as_str()?.rsplit_once("role/r")?.1.parse().ok()
}

impl Looking<'_> {
    fn ask(&self, operation: &str, body: &Value) -> Value {
        match self.process.answer(operation, body) {
            Ok(value) => value,
            Err(fault) => panic!("{operation} {body}: {} {}", fault.code, fault.message),
        }
    }

    fn machine(&mut self, item: &Value) {
        let arn = text(item, "stateMachineArn");
        let told = self.ask("DescribeStateMachine", &json!({ "stateMachineArn": arn }));
        assert_eq!(item["creationDate"], told["creationDate"]);
        let tags = self.ask("ListTagsForResource", &json!({ "resourceArn": arn }))["tags"].clone();
        let versions = self.versions(&arn);
        let aliases = self.aliases(&arn);
        let tag = |tag: &Value| format!("{}={}", text(tag, "key"), text(tag, "value"));
        let mut short: Vec<String> = tags.as_array().unwrap().iter().map(tag).collect();
        short.sort();
        let short = json!({
            "status": told["status"],
            "current": [definition_of(&told["definition"]), role_of(&told["roleArn"])],
            "versions": versions.iter().map(|(number, (short, _))| (number.clone(), short.clone()))
                .collect::<BTreeMap<_, _>>(),
            "aliases": aliases.iter().map(|(name, (short, _))| (name.clone(), short.clone()))
                .collect::<BTreeMap<_, _>>(),
            "tags": short,
        });
        let whole = json!([told, tags, versions, aliases]);
        self.seen.told.insert(arn.clone(), short);
        self.seen.whole.insert(arn.clone(), whole);
        self.executions(&arn);
    }

    /// By number: in the terms of the model, and as described.
    fn versions(&self, machine: &str) -> BTreeMap<String, (Value, Value)> {
        let listed = self.ask("ListStateMachineVersions", &json!({ "stateMachineArn": machine }));
        let listed = listed["stateMachineVersions"].as_array().unwrap().clone();
        let mut versions = BTreeMap::new();
        let mut before = u64::MAX;
        for item in listed {
            let arn = text(&item, "stateMachineVersionArn");
            let number = last(&item["stateMachineVersionArn"]).unwrap();
            let order: u64 = number.parse().unwrap();
            assert!(order < before, "the newest is first");
            before = order;
            let told = self.ask("DescribeStateMachine", &json!({ "stateMachineArn": arn }));
            assert_eq!(told["creationDate"], item["creationDate"]);
            let short = json!([
                definition_of(&told["definition"]),
                role_of(&told["roleArn"]),
                told.get("description"),
            ]);
            versions.insert(number, (short, told));
        }
        versions
    }

    fn aliases(&self, machine: &str) -> BTreeMap<String, (Value, Value)> {
        let listed = self.ask("ListStateMachineAliases", &json!({ "stateMachineArn": machine }));
        let listed = listed["stateMachineAliases"].as_array().unwrap().clone();
        let mut aliases = BTreeMap::new();
        for item in listed {
            let arn = item["stateMachineAliasArn"].clone();
            let body = json!({ "stateMachineAliasArn": arn });
            let told = self.ask("DescribeStateMachineAlias", &body);
            assert_eq!(told["creationDate"], item["creationDate"]);
            let routes: Vec<Value> = told["routingConfiguration"]
                .as_array()
                .unwrap()
                .iter()
                .map(|route| {
                    let version = last(&route["stateMachineVersionArn"]).unwrap();
                    json!([version.parse::<u64>().unwrap(), route["weight"]])
                })
                .collect();
            let short = json!([routes, told.get("description")]);
            aliases.insert(last(&arn).unwrap(), (short, told));
        }
        aliases
    }

    fn executions(&mut self, machine: &str) {
        let all = self.listed(json!({ "stateMachineArn": machine }));
        for item in &all {
            self.execution(machine, item);
        }
        for status in ["RUNNING", "SUCCEEDED", "FAILED", "ABORTED", "TIMED_OUT"] {
            let of = self.listed(json!({ "stateMachineArn": machine, "statusFilter": status }));
            let mut same: Vec<Value> =
                all.iter().filter(|item| item["status"] == status).cloned().collect();
            let mut of = of.clone();
            let key = |item: &Value| text(item, "executionArn");
            same.sort_by_key(key);
            of.sort_by_key(key);
            assert_eq!(of, same, "{status} of {machine}");
        }
        let versions = self.versions(machine).into_keys();
        let aliases = self.aliases(machine).into_keys();
        for (qualifier, member) in versions
            .map(|version| (version, "stateMachineVersionArn"))
            .chain(aliases.map(|alias| (alias, "stateMachineAliasArn")))
        {
            let qualified = format!("{machine}:{qualifier}");
            let of = self.listed(json!({ "stateMachineArn": qualified }));
            let same = all.iter().filter(|item| item[member] == qualified.as_str()).count();
            assert_eq!(of.len(), same, "{qualified}: {of:?} of {all:?}");
        }
    }

    fn listed(&self, body: Value) -> Vec<Value> {
        self.ask("ListExecutions", &body)["executions"].as_array().unwrap().clone()
    }

    fn execution(&mut self, machine: &str, item: &Value) {
        let arn = text(item, "executionArn");
        let told = self.ask("DescribeExecution", &json!({ "executionArn": arn }));
        for member in ["status", "startDate", "stopDate", "redriveCount", "redriveDate", "name"] {
            assert_eq!(item[member], told[member], "{member} of {arn}");
        }
        for member in ["stateMachineVersionArn", "stateMachineAliasArn"] {
            assert_eq!(item[member], told[member], "{member} of {arn}");
        }
        let body = json!({ "executionArn": arn });
        let pinned = self.ask("DescribeStateMachineForExecution", &body);
        let body = json!({ "executionArn": arn, "maxResults": 1000 });
        let events = self.ask("GetExecutionHistory", &body)["events"].clone();
        check_events(&told, events.as_array().unwrap());
        let run = map_run(self.process, &arn).map(|run| {
            let told = self.ask("DescribeMapRun", &json!({ "mapRunArn": run }));
            json!([told["maxConcurrency"], told["toleratedFailureCount"], told["status"]])
        });
        let input: Value = serde_json::from_str(&text(&told, "input")).unwrap();
        let version = last(&told["stateMachineVersionArn"]);
        let short = json!({
            "status": told["status"],
            "definition": definition_of(&pinned["definition"]),
            "version": version.map(|version| version.parse::<u64>().unwrap()),
            "alias": last(&told["stateMachineAliasArn"]),
            "redrives": told["redriveCount"],
            "number": input["i"],
        });
        assert_eq!(told["stateMachineArn"], machine);
        self.seen.told.insert(arn.clone(), short);
        self.seen.whole.insert(arn, json!([told, pinned, events, run]));
    }
}

/// History and description tell of the same, whatever was redriven.
fn check_events(told: &Value, events: &[Value]) {
    let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    let ids: Vec<u64> = events.iter().filter_map(|event| event["id"].as_u64()).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
    let redrives = kinds.iter().filter(|kind| **kind == "ExecutionRedriven").count();
    assert_eq!(told["redriveCount"], redrives, "{kinds:?}");
    let status = match *kinds.last().unwrap() {
        "ExecutionFailed" => "FAILED",
        "ExecutionAborted" => "ABORTED",
        "ExecutionTimedOut" => "TIMED_OUT",
        "ExecutionSucceeded" => "SUCCEEDED",
        _ => "RUNNING",
    };
    assert_eq!(told["status"], status, "{kinds:?}");
    // What it ran says which definition it is pinned to.
    if let Some(output) = told["output"].as_str() {
        assert!(kinds.contains(&"PassStateExited"), "{output}");
    }
}

/// The machines that are listed are those that can be described.
pub(super) fn absent(process: &Process, seen: &Seen) {
    for machine in 0..2 {
        let arn = machine_arn(machine);
        let there =
            process.answer("DescribeStateMachine", &json!({ "stateMachineArn": arn })).is_ok();
        assert_eq!(there, seen.told.contains_key(&arn), "{arn}");
    }
}
