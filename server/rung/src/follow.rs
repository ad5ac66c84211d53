//! Follows one execution by its history and tells it: a line a state, a spinner for what waits.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::ui::screen::Screen;
use crate::ui::text;

mod event;
mod story;

pub(crate) use story::{Ending, Story};

use event::Event;

const PAUSE_MIN: Duration = Duration::from_millis(25);
const PAUSE_MAX: Duration = Duration::from_millis(500);
const EVENTS_A_PAGE: u64 = 200;
/// How long a server may be away, for a restart, before following gives up.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Follows until the end and returns the story, which knows the outcome.
pub(crate) async fn follow(
    api: &dyn Api,
    execution_arn: &str,
    screen: &Screen,
) -> anyhow::Result<Story> {
    let mut story = Story::default();
    let spinner = screen.spinner();
    let mut pause = PAUSE_MIN;
    let mut silence = Duration::ZERO;
    loop {
        match news(api, execution_arn, story.last_id()).await {
            Ok(events) => {
                silence = Duration::ZERO;
                pause = if events.is_empty() { (pause * 3 / 2).min(PAUSE_MAX) } else { PAUSE_MIN };
                for line in events.into_iter().flat_map(|event| story.tell(event)) {
                    screen.line(line);
                }
            }
            Err(error @ ApiError::Unreachable { .. }) if silence < SILENCE_MAX => {
                tracing::debug!(%error, "waits for the server");
                pause = PAUSE_MAX;
                silence += PAUSE_MAX;
            }
            Err(error) => return Err(error).context("failed to read the history"),
        }
        if story.ending().is_some() {
            return Ok(story);
        }
        spinner.say(story.waiting(now_seconds()));
        tokio::time::sleep(pause).await;
    }
}

/// The last lines: how it ended and how long it took.
pub(crate) fn epilogue(story: &Story) -> Vec<String> {
    let took = text::duration(story.length());
    match story.ending() {
        Some(Ending::Succeeded { .. }) => vec![format!("  {} SUCCEEDED in {took}", text::good())],
        Some(Ending::Failed { status, error, cause }) => {
            let mut lines = vec![format!("  {} {} after {took}", text::bad(), status)];
            if let Some(error) = error {
                lines.push(format!("    error  {error}"));
            }
            if let Some(cause) = cause {
                lines.push(format!("    cause  {}", text::cause(cause)));
            }
            lines
        }
        None => vec!["  still running".to_owned()],
    }
}

/// Events after `last_id`, oldest first. Read backwards, so that a long history costs no more
/// than what is new.
async fn news(api: &dyn Api, execution_arn: &str, last_id: u64) -> Result<Vec<Event>, ApiError> {
    let mut fresh = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut input = json!({
            "executionArn": execution_arn,
            "reverseOrder": true,
            "maxResults": EVENTS_A_PAGE,
        });
        if let (Some(members), false) = (input.as_object_mut(), token.is_null()) {
            members.insert("nextToken".to_owned(), token);
        }
        let page = api.call("GetExecutionHistory", input).await?;
        let events = page.get("events").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let new: Vec<Event> =
            events.iter().filter_map(Event::read).take_while(|event| event.id > last_id).collect();
        let reached = new.len() < events.len() || events.is_empty();
        fresh.extend(new);
        token = page.get("nextToken").cloned().unwrap_or_default();
        if reached || token.is_null() {
            fresh.reverse();
            return Ok(fresh);
        }
    }
}

fn now_seconds() -> f64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
