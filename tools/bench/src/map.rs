//! A distributed Map over many items with a child that only passes: items in a second, what they
//! leave in the log, and the most memory that it took.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde_json::{Value, json};

use crate::appends;
use crate::arguments::Options;
use crate::client::Client;
use crate::page::{self, Row};
use crate::server::Server;

/// Items of the run that memory is compared with.
const FEW_ITEMS: u64 = 10;
/// Items of the run whose log is read: few enough that nothing was trimmed.
const SAMPLE_ITEMS: u64 = 2_000;
const BUCKET: &str = "bench";
const KEY: &str = "items.jsonl";
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Slower than this and something is wrong.
const ITEMS_PER_SECOND_MIN: u64 = 100;
const GRACE: Duration = Duration::from_secs(60);

/// A run that is over.
struct Done {
    elapsed: Duration,
    /// Most that was resident, in MiB.
    memory: f64,
    server: Server,
}

/// Measures the map alone and prints its rows.
#[tokio::main]
pub(crate) async fn alone(options: &Options) -> anyhow::Result<()> {
    println!("{}", page::table(&rows(options).await?));
    Ok(())
}

pub(crate) async fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let few = run(options, FEW_ITEMS).await?.memory;
    let many = run(options, options.items).await?;
    let per_second = options.items as f64 / many.elapsed.as_secs_f64();
    let (memory, items) = (many.memory, options.items);
    drop(many.server);
    let (data, _folder) = run(options, SAMPLE_ITEMS).await?.server.kill()?;
    let bytes = appends::log_bytes(&data)? / usize::try_from(SAMPLE_ITEMS)?;
    ensure!(bytes > 0, "the log in {} is empty", data.display());
    let appended = appends::per_second(bytes, options.clients, options.duration)?;
    Ok(vec![
        Row {
            name: format!("Items of a distributed Map of {items}, {bytes} bytes in the log each"),
            measured: format!("{per_second:.0}/s"),
            baseline: format!("{appended:.0}/s of bare appends"),
            ratio: Some(per_second / appended),
            mark: None,
        },
        Row {
            name: format!("Peak memory of a distributed Map of {items} items"),
            measured: format!("{memory:.0} MiB"),
            baseline: format!("{few:.0} MiB with {FEW_ITEMS} items"),
            ratio: Some(memory / few),
            mark: None,
        },
    ])
}

async fn run(options: &Options, items: u64) -> anyhow::Result<Done> {
    let server = Server::rung(&options.rung)?;
    let bucket = server.data().join("objects").join(BUCKET);
    std::fs::create_dir_all(&bucket).context("cannot make a bucket")?;
    std::fs::write(bucket.join(KEY), lines(items)).context("cannot write the items")?;
    let mut client = Client::connect(server.port).await?;
    let input = json!({
        "name": "many",
        "roleArn": "arn:aws:iam::000000000000:role/bench",
        "definition": definition().to_string(),
    });
    let made = client.ask("CreateStateMachine", &input).await?;
    let begin = Instant::now();
    let machine = made.get("stateMachineArn").and_then(Value::as_str).context("no ARN")?;
    let input = json!({ "stateMachineArn": machine });
    let started = client.ask("StartExecution", &input).await?;
    let arn = started.get("executionArn").and_then(Value::as_str).context("no ARN")?;
    let longest = GRACE + Duration::from_secs(items / ITEMS_PER_SECOND_MIN);
    loop {
        let told = client.ask("DescribeExecution", &json!({ "executionArn": arn })).await?;
        match told.get("status").and_then(Value::as_str) {
            Some("SUCCEEDED") => break,
            Some("RUNNING") if begin.elapsed() < longest => {}
            _ => bail!("the run of {items} items did not succeed: {told}"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let elapsed = begin.elapsed();
    let memory = server.peak_kib()? as f64 / 1024.0;
    Ok(Done { elapsed, memory, server })
}

fn lines(items: u64) -> String {
    let mut lines = String::new();
    for number in 0..items {
        writeln!(lines, "{{\"order\":\"A-{number}\"}}").expect("writing to a string does not fail");
    }
    lines
}

/// The results are of no interest, and too long for the state's output.
fn definition() -> Value {
    json!({
        "StartAt": "Each",
        "States": {
            "Each": {
                "Type": "Map",
                "ItemReader": {
                    "Resource": "arn:aws:states:::s3:getObject",
                    "ReaderConfig": { "InputType": "JSONL" },
                    "Parameters": { "Bucket": BUCKET, "Key": KEY },
                },
                "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                    "StartAt": "Take",
                    "States": { "Take": { "Type": "Pass", "End": true } },
                },
                "ResultWriter": {
                    "Resource": "arn:aws:states:::s3:putObject",
                    "Parameters": { "Bucket": BUCKET, "Prefix": "results" },
                    "WriterConfig": { "Transformation": "COMPACT", "OutputType": "JSONL" },
                },
                "End": true,
            },
        },
    })
}
