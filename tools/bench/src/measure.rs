//! The measurements, and what each is compared with.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::appends;
use crate::arguments::Options;
use crate::client::{self, Asked, Client, Load};
use crate::map;
use crate::page::{self, Row};
use crate::server::Server;

/// States of the measured machine; each is one durable transition.
const STATES: u64 = 5;
/// Started to learn how many bytes one leaves in the log.
const SAMPLE_EXECUTIONS: usize = 400;
const WARM_UP: Duration = Duration::from_secs(1);
const SETTLE: Duration = Duration::from_secs(2);
const IDLE_STARTS: usize = 5;
/// Share of the full load at which latencies are taken.
const EXPRESS_SHARE: f64 = 0.7;
const FINISH_MAX: Duration = Duration::from_secs(60);
const SHARE_OF_ECHO_MIN: f64 = 0.05;
const READY_MS_MAX: f64 = 300.0;
const RESIDENT_MIB_MAX: f64 = 40.0;

/// Measures everything, prints the table, and writes it where it is wanted.
#[tokio::main]
pub(crate) async fn all(options: &Options) -> anyhow::Result<()> {
    println!("idle server …");
    let mut rows = idle(options).await?;
    println!("five-state executions, then the echo …");
    let (started, answer_bytes, memory) = five_states(options).await?;
    let echo = echo(options, answer_bytes).await?;
    rows.push(Row {
        name: format!("StartExecution to finished, {STATES} states, {} clients", options.clients),
        measured: format!("{:.0}/s", started.per_second()),
        baseline: format!("{:.0}/s of an echo", echo.per_second()),
        ratio: Some(started.per_second() / echo.per_second()),
        mark: Some(format!("at least {SHARE_OF_ECHO_MIN}")),
    });
    rows.push(Row {
        name: "p99 of StartExecution, p50 as the baseline".to_owned(),
        measured: format!("{:.1} ms", started.latency_ms(0.99)),
        baseline: format!("{:.1} ms", started.latency_ms(0.5)),
        ratio: Some(started.latency_ms(0.99) / started.latency_ms(0.5)),
        mark: Some("under 10".to_owned()),
    });
    println!("Express …");
    rows.extend(express(options, &echo).await?);
    println!("bare appends …");
    let bytes = log_bytes_of_one(options).await?;
    let appended = appends::per_second(bytes, options.clients, options.duration)?;
    let transitions = started.per_second() * STATES as f64;
    let bare = appended * STATES as f64;
    rows.push(Row {
        name: format!("Durable transitions, {bytes} bytes in the log an execution"),
        measured: format!("{transitions:.0}/s"),
        baseline: format!("{bare:.0}/s of bare appends"),
        ratio: Some(transitions / bare),
        mark: None,
    });
    rows.push(Row {
        name: format!("Memory after {} executions", started.requests),
        measured: format!("{:.0} MiB", memory),
        baseline: String::new(),
        ratio: None,
        mark: None,
    });
    println!("a distributed Map of {} items …", options.items);
    rows.extend(map::rows(options).await?);
    let table = page::table(&rows);
    println!("\n{table}");
    match &options.page {
        Some(path) => page::write(path, &page::SERVER, &table),
        None => Ok(()),
    }
}

/// The best of a few starts, since the machine may be busy with something else.
async fn idle(options: &Options) -> anyhow::Result<Vec<Row>> {
    let mut ready_ms = f64::MAX;
    for _ in 0..IDLE_STARTS {
        let server = Server::rung(&options.rung)?;
        ready_ms = ready_ms.min(server.ready.as_secs_f64() * 1000.0);
    }
    let server = Server::rung(&options.rung)?;
    Client::connect(server.port).await?.ask("ListStateMachines", &json!({})).await?;
    tokio::time::sleep(SETTLE).await;
    let mib = server.resident_kib()? as f64 / 1024.0;
    let row = |name: &str, measured, mark| Row {
        name: name.to_owned(),
        measured,
        baseline: String::new(),
        ratio: None,
        mark: Some(mark),
    };
    Ok(vec![
        row("Time to ready", format!("{ready_ms:.0} ms"), format!("under {READY_MS_MAX:.0} ms")),
        row("Memory when idle", format!("{mib:.1} MiB"), format!("under {RESIDENT_MIB_MAX} MiB")),
    ])
}

/// The load on the real server, the bytes of one of its answers, and its memory afterwards in MiB.
async fn five_states(options: &Options) -> anyhow::Result<(Load, usize, f64)> {
    let server = Server::rung(&options.rung)?;
    let mut client = Client::connect(server.port).await?;
    let (machine, body) = prepare(&mut client, "STANDARD").await?;
    let answer = client.call("StartExecution", body.clone()).await?;
    let asked = Asked { operation: "StartExecution", body, rate: None };
    client::load(server.port, options.clients, WARM_UP, asked.clone()).await?;
    let begin = Instant::now();
    let mut load = client::load(server.port, options.clients, options.duration, asked).await?;
    wait_until_finished(&mut client, &machine).await?;
    load.elapsed = begin.elapsed();
    let memory = server.resident_kib()? as f64 / 1024.0;
    Ok((load, answer.len(), memory))
}

/// Synchronous Express executions as fast as they go, then at seven tenths of that.
async fn express(options: &Options, echo: &Load) -> anyhow::Result<Vec<Row>> {
    let server = Server::rung(&options.rung)?;
    let mut client = Client::connect(server.port).await?;
    let (_, body) = prepare(&mut client, "EXPRESS").await?;
    let mut asked = Asked { operation: "StartSyncExecution", body, rate: None };
    client::load(server.port, options.clients, WARM_UP, asked.clone()).await?;
    let load = client::load(server.port, options.clients, options.duration, asked.clone()).await?;
    asked.rate = Some(load.per_second() * EXPRESS_SHARE);
    let eased = client::load(server.port, options.clients, options.duration, asked).await?;
    Ok(vec![
        Row {
            name: format!("StartSyncExecution, {STATES} states, {} clients", options.clients),
            measured: format!("{:.0}/s", load.per_second()),
            baseline: format!("{:.0}/s of an echo", echo.per_second()),
            ratio: Some(load.per_second() / echo.per_second()),
            mark: Some("at least 0.5".to_owned()),
        },
        Row {
            name: "p99 of StartSyncExecution at 70% load, p50 as the baseline".to_owned(),
            measured: format!("{:.1} ms", eased.latency_ms(0.99)),
            baseline: format!("{:.1} ms", eased.latency_ms(0.5)),
            ratio: Some(eased.latency_ms(0.99) / eased.latency_ms(0.5)),
            mark: Some("under 10".to_owned()),
        },
    ])
}

async fn echo(options: &Options, answer_bytes: usize) -> anyhow::Result<Load> {
    let server = Server::echo(answer_bytes)?;
    // The body is as long as the real one: the ARN is what makes its length.
    let machine = "arn:aws:states:us-east-1:000000000000:stateMachine:five";
    let body = start_body(machine);
    let asked = Asked { operation: "StartExecution", body, rate: None };
    client::load(server.port, options.clients, WARM_UP, asked.clone()).await?;
    client::load(server.port, options.clients, options.duration, asked).await
}

/// Runs a few, ends the server before it trims its log, and reads how many bytes they are.
async fn log_bytes_of_one(options: &Options) -> anyhow::Result<usize> {
    let server = Server::rung(&options.rung)?;
    let mut client = Client::connect(server.port).await?;
    let (machine, body) = prepare(&mut client, "STANDARD").await?;
    let mut tasks = tokio::task::JoinSet::new();
    let each = SAMPLE_EXECUTIONS.div_ceil(options.clients);
    for _ in 0..options.clients {
        let (body, mut client) = (body.clone(), Client::connect(server.port).await?);
        tasks.spawn(async move {
            for _ in 0..each {
                client.call("StartExecution", body.clone()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.context("a client ended early")??;
    }
    wait_until_finished(&mut client, &machine).await?;
    let (data, _folder) = server.kill()?;
    let bytes = appends::log_bytes(&data)? / (each * options.clients);
    ensure!(bytes > 0, "the log in {} is empty", data.display());
    Ok(bytes)
}

/// Creates the machine; answers its ARN and the request that starts it.
async fn prepare(client: &mut Client, kind: &str) -> anyhow::Result<(String, Bytes)> {
    let input = json!({
        "name": "five",
        "type": kind,
        "roleArn": "arn:aws:iam::000000000000:role/bench",
        "definition": definition().to_string(),
    });
    let made = client.ask("CreateStateMachine", &input).await?;
    let machine = made.get("stateMachineArn").and_then(Value::as_str).context("no ARN")?;
    Ok((machine.to_owned(), start_body(machine)))
}

fn start_body(machine: &str) -> Bytes {
    let input = r#"{"order":"A-1001","total":64.5}"#;
    Bytes::from(json!({ "stateMachineArn": machine, "input": input }).to_string())
}

fn definition() -> Value {
    let choice = |next: &str| {
        let rule = json!({ "Variable": "$.total", "NumericGreaterThan": 0, "Next": next });
        json!({ "Type": "Choice", "Choices": [rule], "Default": "Last" })
    };
    json!({
        "StartAt": "Take",
        "States": {
            "Take": { "Type": "Pass", "Result": "taken", "ResultPath": "$.state", "Next": "Check" },
            "Check": choice("Mark"),
            "Mark": { "Type": "Pass", "Result": true, "ResultPath": "$.mark", "Next": "Again" },
            "Again": choice("Last"),
            "Last": { "Type": "Pass", "End": true },
        },
    })
}

async fn wait_until_finished(client: &mut Client, machine: &str) -> anyhow::Result<()> {
    let running = json!({ "stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": 1 });
    let begin = Instant::now();
    loop {
        let answer = client.ask("ListExecutions", &running).await?;
        let executions = answer.get("executions").and_then(Value::as_array).context("no list")?;
        if executions.is_empty() {
            return Ok(());
        }
        ensure!(begin.elapsed() < FINISH_MAX, "executions did not finish");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
