//! `rung run MACHINE`: starts an execution on a running server and follows it to its end.

use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::client::{Client, Connection};
use crate::folder;
use crate::follow::{self, Ending};
use crate::trouble::Trouble;
use crate::ui::screen::{self, Screen};

/// The exit code of a program that was interrupted, as shells give it.
const INTERRUPTED: u8 = 130;
/// AWS takes 256 KiB; the rest is for the server to refuse in its own words.
const INPUT_BYTES_MAX: u64 = 16 * 1_048_576;
const LIST_PAGES_MAX: usize = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Name or ARN of the state machine.
    machine: String,
    /// The input: JSON, `@FILE`, or `-` for standard input.
    #[arg(long, default_value = "{}")]
    input: String,
    /// A name for the execution; the server makes one otherwise.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let screen = Screen::err();
    let input = input_text(&arguments.input)?;
    let client = Client::new(&arguments.connection)?;
    let machine = machine_arn(&client, &arguments.machine).await?;
    let mut start = json!({ "stateMachineArn": machine, "input": input });
    if let (Some(name), Some(members)) = (&arguments.name, start.as_object_mut()) {
        members.insert("name".to_owned(), Value::from(name.as_str()));
    }
    let about = client
        .call("DescribeStateMachine", json!({ "stateMachineArn": machine }))
        .await
        .map_err(explain)?;
    if about.get("type").and_then(Value::as_str) == Some("EXPRESS") {
        return run_express(&client, start, &screen).await;
    }
    let started = client.call("StartExecution", start).await.map_err(explain)?;
    let execution = text(&started, "executionArn")?;
    screen.line(&execution);
    tokio::select! {
        story = follow::follow(&client, &execution, &screen) => finish(&screen, &story?),
        _ = tokio::signal::ctrl_c() => {
            let stop = format!("aws stepfunctions stop-execution --execution-arn {execution}");
            screen.line(format!("  still running; `{stop}` ends it"));
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// An Express execution keeps no history to follow: its answer is the story.
async fn run_express(client: &Client, start: Value, screen: &Screen) -> anyhow::Result<ExitCode> {
    let spinner = screen.spinner();
    spinner.say("runs".to_owned());
    let answer = client.call("StartSyncExecution", start).await.map_err(explain)?;
    drop(spinner);
    screen.line(text(&answer, "executionArn")?);
    let story = follow::Story::of_answer(&answer);
    finish(screen, &story)
}

fn finish(screen: &Screen, story: &follow::Story) -> anyhow::Result<ExitCode> {
    for line in follow::epilogue(story) {
        screen.line(line);
    }
    let Some(Ending::Succeeded { output }) = story.ending() else { return Ok(ExitCode::FAILURE) };
    if let Some(output) = output {
        screen::result(&shown(output));
    }
    Ok(ExitCode::SUCCESS)
}

/// For people with indentation, for programs as it is.
fn shown(output: &str) -> String {
    let pretty = std::io::stdout().is_terminal();
    match serde_json::from_str::<Value>(output) {
        Ok(value) if pretty => format!("{value:#}"),
        _ => output.to_owned(),
    }
}

fn input_text(argument: &str) -> anyhow::Result<String> {
    let text = match argument.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).with_context(|| format!("failed to read `{file}`"))?
        }
        None if argument == "-" => {
            let mut text = String::new();
            std::io::stdin()
                .take(INPUT_BYTES_MAX)
                .read_to_string(&mut text)
                .context("failed to read the input")?;
            text
        }
        None => argument.to_owned(),
    };
    if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text) {
        return Err(Trouble::new(format!("the input is not JSON: {error}"))
            .remedy("--input takes JSON, @FILE, or - for standard input")
            .into());
    }
    Ok(text)
}

/// The ARN of a machine that may be given by its name, whatever account and region it is in.
async fn machine_arn(client: &Client, machine: &str) -> anyhow::Result<String> {
    if machine.starts_with("arn:") {
        return Ok(machine.to_owned());
    }
    let mut names = Vec::new();
    let mut input = json!({ "maxResults": 1_000 });
    for _ in 0..LIST_PAGES_MAX {
        let page = client.call("ListStateMachines", input).await.map_err(explain)?;
        for item in page.get("stateMachines").and_then(Value::as_array).into_iter().flatten() {
            let name = text(item, "name")?;
            if name == machine {
                return text(item, "stateMachineArn");
            }
            names.push(name);
        }
        match page.get("nextToken").filter(|token| !token.is_null()) {
            Some(token) => input = json!({ "maxResults": 1_000, "nextToken": token }),
            None => break,
        }
    }
    Err(Trouble::new(format!("there is no state machine `{machine}` at {}", client.endpoint()))
        .remedy(format!("the server has: {}", folder::listed(names.iter())))
        .into())
}

fn explain(error: ApiError) -> anyhow::Error {
    match &error {
        ApiError::Unreachable { reason, .. } if reason.contains("certificate") => {
            Trouble::new(error.to_string())
                .remedy("trust the server's own with --ca-bundle DATA/tls/certificate.pem")
                .into()
        }
        ApiError::Unreachable { .. } => Trouble::new(error.to_string())
            .remedy("start a server with `rung dev FOLDER`, or give its address with --endpoint")
            .into(),
        ApiError::Fault { .. } => error.into(),
    }
}

fn text(value: &Value, member: &str) -> anyhow::Result<String> {
    let found = value.get(member).and_then(Value::as_str).map(str::to_owned);
    found.with_context(|| format!("failed to understand the answer: it has no {member}"))
}
