//! The executions that a folder starts by itself, shown live and compared with what is expected.

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::api::Api;
use crate::config::Demo;
use crate::folder::Project;
use crate::follow::{self, Ending, Story};
use crate::site::Site;
use crate::ui::screen::Screen;
use crate::ui::text;

/// What came of one demo.
pub(crate) struct Shown {
    pub(crate) execution_arn: String,
    /// What was not as expected.
    pub(crate) surprise: Option<String>,
}

/// Starts one demo and follows it to its end.
pub(crate) async fn show(
    api: &dyn Api,
    project: &Project,
    site: &Site,
    demo: &Demo,
    screen: &Screen,
) -> anyhow::Result<Shown> {
    let path = project.root.join(&demo.input);
    let input = std::fs::read_to_string(&path)
        .with_context(|| format!("failed to read the demo's input `{}`", path.display()))?;
    let title = demo.title.clone().unwrap_or_else(|| demo.input.display().to_string());
    let start = json!({
        "stateMachineArn": site.machine_arn(&demo.machine),
        "name": execution_name(demo),
        "input": input,
    });
    let started = api.call("StartExecution", start).await.context("failed to start the demo")?;
    let execution_arn = started
        .get("executionArn")
        .and_then(Value::as_str)
        .context("failed to understand the answer: it has no executionArn")?
        .to_owned();
    screen.line(format!("{}: {title}", demo.machine));
    let story = follow::follow(api, &execution_arn, screen).await?;
    for line in follow::epilogue(&story) {
        screen.line(line);
    }
    let surprise = surprise(demo, &story);
    if let Some(surprise) = &surprise {
        screen.line(format!("  {} {surprise}", text::bad()));
    }
    screen.line("");
    Ok(Shown { execution_arn, surprise })
}

fn surprise(demo: &Demo, story: &Story) -> Option<String> {
    let status = story.ending().map_or("RUNNING", Ending::status);
    if status != demo.expect {
        return Some(format!("it ended as {status}; {} was expected", demo.expect));
    }
    let smooth = demo.retries.iter().find(|state| !story.retried(state))?;
    Some(format!("{smooth} went through at once; it was expected to be tried again"))
}

/// `plain-6751c0f2a1b3`: new at each start, short, told by its input.
fn execution_name(demo: &Demo) -> String {
    let stem = demo.input.file_stem().and_then(|stem| stem.to_str()).unwrap_or("demo");
    let stem: String =
        stem.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    let unique = uuid::Uuid::new_v4().simple().to_string();
    format!("{stem}-{}", unique.get(..12).unwrap_or(&unique))
}
