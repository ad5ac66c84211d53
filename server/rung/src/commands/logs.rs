//! `rung logs GROUP`: the events of a log group, and with `-f` those that come.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::client::{Client, Connection, LOGS};
use crate::trouble::Trouble;
use crate::ui::screen::Screen;

/// How often new events are asked for.
const PAUSE: Duration = Duration::from_millis(500);
/// Events arrive a little after they happened, and not in the order of their time.
const LATE_MS: i64 = 10_000;
/// What is shown of the time before, unless `--since` says otherwise.
const SINCE_DEFAULT: &str = "1h";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Name of the log group: `/aws/lambda/NAME`, or what a state machine logs to.
    group: String,
    /// Go on with events as they come.
    #[arg(short, long)]
    follow: bool,
    /// How far back to begin: 30s, 10m, 2h, 1d.
    #[arg(long, default_value = SINCE_DEFAULT)]
    since: String,
    /// A filter pattern of CloudWatch Logs: words, or `{ $.type = "ExecutionFailed" }`.
    #[arg(long)]
    filter: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.connection, &LOGS)?;
    let since = parse_span(&arguments.since).ok_or_else(|| {
        Trouble::new(format!("`{}` is no span of time", arguments.since))
            .remedy("--since takes a number and s, m, h or d: 30s, 10m, 2h, 1d")
    })?;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let mut tail = Tail { from_ms: now_ms.saturating_sub(since).max(0), shown: BTreeSet::new() };
    let screen = Screen::out();
    loop {
        tokio::select! {
            shown = tail.show(&client, arguments, &screen) => shown.map_err(explain)?,
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
        if !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = tokio::signal::ctrl_c() => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// How far the log was shown.
struct Tail {
    from_ms: i64,
    /// Times and ids of the events from there on that were shown.
    shown: BTreeSet<(i64, String)>,
}

impl Tail {
    /// Shows what is new.
    async fn show(
        &mut self,
        client: &Client,
        arguments: &Arguments,
        screen: &Screen,
    ) -> Result<(), ApiError> {
        let mut input = json!({ "logGroupName": arguments.group, "startTime": self.from_ms });
        if let (Some(pattern), Some(members)) = (&arguments.filter, input.as_object_mut()) {
            members.insert("filterPattern".to_owned(), pattern.as_str().into());
        }
        loop {
            let page = client.call("FilterLogEvents", input.clone()).await?;
            for event in page.get("events").and_then(Value::as_array).into_iter().flatten() {
                if let Some(line) = self.line(event) {
                    screen.line(line);
                }
            }
            let token = page.get("nextToken").filter(|token| !token.is_null()).cloned();
            let (Some(token), Some(members)) = (token, input.as_object_mut()) else { break };
            members.insert("nextToken".to_owned(), token);
        }
        self.forget();
        Ok(())
    }

    /// An event that was not shown yet.
    fn line(&mut self, event: &Value) -> Option<String> {
        let at_ms = event.get("timestamp")?.as_i64()?;
        let id = event.get("eventId")?.as_str()?.to_owned();
        let message = event.get("message")?.as_str()?.trim_end();
        let time = jiff::Timestamp::from_millisecond(at_ms).ok()?;
        self.shown.insert((at_ms, id)).then(|| format!("{time:.3} {message}"))
    }

    /// The next look begins a little before the last event.
    fn forget(&mut self) {
        let Some((last_ms, _)) = self.shown.last() else { return };
        self.from_ms = self.from_ms.max(last_ms - LATE_MS);
        self.shown = self.shown.split_off(&(self.from_ms, String::new()));
    }
}

/// Milliseconds of `30s`, `10m`, `2h`, `1d`.
fn parse_span(text: &str) -> Option<i64> {
    let unit_ms = match text.chars().next_back()? {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    let number: u32 = text.get(..text.len() - 1)?.parse().ok()?;
    i64::from(number).checked_mul(unit_ms)
}

fn explain(error: ApiError) -> anyhow::Error {
    let remedy = match &error {
        ApiError::Unreachable { .. } => {
            "start a server with `rung dev FOLDER`, or give its address with --endpoint"
        }
        ApiError::Fault { .. } if error.is("ResourceNotFoundException") => {
            "`aws logs describe-log-groups` lists the groups; one that a function logs to is made \
             at its first line"
        }
        ApiError::Fault { .. } => return error.into(),
    };
    Trouble::new(error.to_string()).remedy(remedy).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(parse_span("30s"), Some(30_000));
        assert_eq!(parse_span("2h"), Some(7_200_000));
        for wrong in ["", "s", "5", "5x", "-1s", "é", "1é"] {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn events_are_shown_once_also_when_they_come_late() {
        let mut tail = Tail { from_ms: 0, shown: BTreeSet::new() };
        let event = |at: i64, id: &str| json!({ "timestamp": at, "eventId": id, "message": "m\n" });
        assert_eq!(tail.line(&event(50_000, "b")).unwrap(), "1970-01-01T00:00:50.000Z m");
        tail.forget();
        assert_eq!(tail.from_ms, 40_000);
        assert!(tail.line(&event(50_000, "b")).is_none());
        assert!(tail.line(&event(45_000, "a")).is_some());
        tail.line(&event(90_000, "c"));
        tail.forget();
        assert_eq!((tail.from_ms, tail.shown.len()), (80_000, 1));
    }
}
