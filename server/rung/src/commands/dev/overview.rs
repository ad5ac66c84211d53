//! The one table of what runs where, and the next steps.

use std::time::Duration;

use console::style;

use crate::config::PORT_DEFAULT;
use crate::folder::{Code, FunctionSource, Project};
use crate::site::Site;
use crate::ui::table::{self, Table};
use crate::ui::text::{self, short};

/// The table, and the line that tools wait for.
pub(super) fn lines(project: &Project, site: &Site, took: Duration) -> Vec<String> {
    let mut lines = vec![format!(
        "rung {}  {}  {}",
        env!("CARGO_PKG_VERSION"),
        style(&site.endpoint).bold(),
        style(format!("data in {}", short(&site.data))).dim()
    )];
    let tables =
        [machines(project, site), functions(project), activities(project, site), workers(project)];
    let widths = table::widths(&tables);
    for table in &tables {
        let rows = table.lines(&widths);
        if !rows.is_empty() {
            lines.push(String::new());
            lines.extend(rows);
        }
    }
    if project.machines.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "  no definitions in {} yet: save one as NAME.asl.json, or use any AWS client",
            short(&project.root)
        ));
    }
    lines.push(String::new());
    lines.push(format!("Ready. ({})", text::duration(took)));
    lines.push(String::new());
    lines
}

fn machines(project: &Project, site: &Site) -> Table {
    let mut table = Table::new(&["MACHINE", "TYPE", "ARN"]);
    for machine in &project.machines {
        table.row(vec![
            machine.name.clone(),
            machine.kind.name().to_owned(),
            site.machine_arn(&machine.name),
        ]);
    }
    table
}

fn functions(project: &Project) -> Table {
    let mut table = Table::new(&["FUNCTION", "RUNTIME", "CODE"]);
    for function in &project.functions {
        let (runtime, code) = code(function);
        table.row(vec![function.name.clone(), runtime, code]);
    }
    table
}

fn code(function: &FunctionSource) -> (String, String) {
    match &function.code {
        Code::Folder { dir, runtime, handler } => {
            (runtime.clone(), format!("{} ({handler})", short(dir)))
        }
        Code::Url(url) => ("elsewhere".to_owned(), url.clone()),
    }
}

fn activities(project: &Project, site: &Site) -> Table {
    let mut table = Table::new(&["ACTIVITY", "", "ARN"]);
    for name in &project.config.activities {
        table.row(vec![name.clone(), String::new(), site.activity_arn(name)]);
    }
    table
}

fn workers(project: &Project) -> Table {
    let mut table = Table::new(&["WORKER", "", "COMMAND"]);
    for (name, worker) in &project.config.workers {
        table.row(vec![name.clone(), String::new(), worker.command.join(" ")]);
    }
    table
}

/// Where to look, as commands to copy.
pub(super) fn next_steps(
    project: &Project,
    site: &Site,
    execution_arn: Option<&str>,
    once: bool,
) -> Vec<String> {
    let Some(machine) = project.machines.first() else { return Vec::new() };
    let program = std::env::args().next().unwrap_or_else(|| "rung".to_owned());
    let demo = project.config.demo.iter().find(|demo| demo.machine == machine.name);
    let input = demo.map_or_else(
        || "'{}'".to_owned(),
        |demo| format!("@{}", short(&project.root.join(&demo.input))),
    );
    let elsewhere = if site.endpoint.ends_with(&format!(":{PORT_DEFAULT}")) {
        String::new()
    } else {
        format!(" --endpoint {}", site.endpoint)
    };
    let arn = site.machine_arn(&machine.name);
    let mut lines = vec![
        "Where to look next".to_owned(),
        format!("  {program} run {} --input {input}{elsewhere}", machine.name),
        format!(
            "  export AWS_ENDPOINT_URL={} AWS_DEFAULT_REGION={} AWS_ACCESS_KEY_ID={} \
             AWS_SECRET_ACCESS_KEY=test",
            site.endpoint, site.region, site.account
        ),
        format!("  aws stepfunctions list-executions --state-machine-arn {arn}"),
    ];
    if let Some(execution) = execution_arn {
        lines
            .push(format!("  aws stepfunctions get-execution-history --execution-arn {execution}"));
    }
    if once {
        lines.push(format!(
            "  (start it again without --once; the executions are kept in {})",
            short(&site.data)
        ));
    } else {
        lines.push(format!("  edit {}: a save takes effect at once", short(&machine.file)));
        lines.push("  Ctrl-C stops; kill -9 loses nothing".to_owned());
    }
    lines.push(String::new());
    lines
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_example_has_one_clear_table() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/order-fulfilment");
        let project = crate::folder::read(&root).expect("the example is valid");
        let site = Site::default();
        let lines = lines(&project, &site, Duration::from_millis(42));
        let text = console::strip_ansi_codes(&lines.join("\n")).into_owned();
        let normal = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<String> = text.lines().map(normal).collect();
        for expected in [
            "MACHINE TYPE ARN",
            "order-fulfilment STANDARD \
             arn:aws:states:us-east-1:000000000000:stateMachine:order-fulfilment",
            "ACTIVITY ARN",
            "packer python3 worker/packer.py",
            "Ready. (42 ms)",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected}\n{text}");
        }
        assert_eq!(lines.iter().filter(|line| line.contains("(handler.handler)")).count(), 4);
        assert_eq!(lines.iter().filter(|line| line.contains("(index.handler)")).count(), 3);
    }

    #[test]
    fn next_steps_name_the_port_when_it_is_another() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/order-fulfilment");
        let project = crate::folder::read(&root).expect("the example is valid");
        let site = Site { endpoint: "http://localhost:4999".to_owned(), ..Site::default() };
        let text = next_steps(&project, &site, Some("arn:x"), false).join("\n");
        assert!(text.contains("--endpoint http://localhost:4999"), "{text}");
        assert!(text.contains("get-execution-history --execution-arn arn:x"), "{text}");
    }
}
