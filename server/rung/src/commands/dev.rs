//! `rung dev FOLDER`: brings a folder up, shows what runs where, and follows its changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use rehearsal::mock_config::MockConfig;
use tokio::sync::broadcast::error::RecvError;

use crate::api::Api;
use crate::assemble::{Mode, Server, Settings};
use crate::config::{PORT_DEFAULT, Storage};
use crate::demo;
use crate::deploy::{self, Deployed};
use crate::folder::{self, MachineSource, Project};
use crate::names::Names;
use crate::site::{DATA_FOLDER, Site};
use crate::stop::Stop;
use crate::trouble::Trouble;
use crate::ui::screen::Screen;
use crate::ui::text;
use crate::watch::Watch;
use crate::workers::{self, Plan, Running};

mod changes;
mod overview;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder with definitions (*.asl.json, *.asl.yaml), functions/ and rung.toml.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// Port to listen on; 0 takes a free one [default: 4566].
    #[arg(long, env = "RUNG_PORT")]
    port: Option<u16>,
    /// Where executions are kept [default: .rung in the folder].
    #[arg(long, env = "RUNG_DATA")]
    data: Option<PathBuf>,
    /// Show what the functions log.
    #[arg(long)]
    logs: bool,
    /// AWS's MockConfigFile.json: executions started on ARN#TestCase run with its mocks.
    #[arg(long, value_name = "FILE")]
    mock_config: Option<PathBuf>,
    /// Leave when the folder's demos have ended: with exit code 0 if they ended as expected.
    #[arg(long)]
    once: bool,
}

/// A folder that is up.
struct Dev {
    project: Project,
    site: Site,
    server: Server,
    api: Arc<dyn Api>,
    screen: Screen,
    workers: BTreeMap<String, Running>,
}

pub(crate) async fn run(arguments: &Arguments, began: Instant) -> anyhow::Result<ExitCode> {
    let screen = Screen::out();
    let mut stop = Stop::listen()?;
    let project = folder::read(&arguments.folder)?;
    if project.config.storage != Storage::default() {
        return Err(Trouble::new(
            "the configuration names a database, which only `rung serve` reads",
        )
        .remedy("take `[storage]` out of it: `rung dev` keeps everything in its folder")
        .into());
    }
    let (server, site) = start_server(arguments, &project).await?;
    let api = server.api(&site);
    let mut dev = Dev { project, site, server, api, screen, workers: BTreeMap::new() };
    let watch = Watch::begin(&dev.project.root, &dev.site.data);
    let invalid = dev.deploy_all().await?;
    for line in overview::lines(&dev.project, &dev.site, began.elapsed()) {
        dev.screen.line(line);
    }
    let logs = arguments.logs.then(|| show_logs(&dev.server, dev.screen.clone()));
    let notices = show_notices(&dev.server, dev.screen.clone());
    let outcome = tokio::select! {
        outcome = dev.live(arguments.once, invalid, watch) => outcome,
        () = stop.asked() => Ok(ExitCode::SUCCESS),
    };
    dev.workers.clear();
    if let Some(logs) = logs {
        logs.abort();
    }
    notices.abort();
    dev.screen.line("stopping: running executions go on at the next start");
    tokio::select! {
        stopped = dev.server.stop() => stopped?,
        () = stop.asked() => {}
    }
    outcome
}

/// Prints every line that a function logs.
fn show_logs(server: &Server, screen: Screen) -> tokio::task::JoinHandle<()> {
    let mut lines = server.follow_logs();
    tokio::spawn(async move {
        loop {
            match lines.recv().await {
                Ok(line) => {
                    let head = console::style(format!("  {} |", line.function)).dim();
                    screen.line(format!("{head} {}", text::printable(&line.text)));
                }
                Err(RecvError::Lagged(missed)) => {
                    screen.line(format!("  {} {missed} log lines are not shown", text::warning()));
                }
                Err(RecvError::Closed) => return,
            }
        }
    })
}

/// Says which executions come near to a quota of AWS's that this server lifts.
fn show_notices(server: &Server, screen: Screen) -> tokio::task::JoinHandle<()> {
    let mut notices = server.follow_notices();
    tokio::spawn(async move {
        loop {
            match notices.recv().await {
                Ok(notice) => {
                    let told = text::printable(&notice.to_string());
                    screen.line(format!("  {} {told}", text::warning()));
                }
                Err(RecvError::Lagged(missed)) => {
                    screen.line(format!("  {} {missed} more near AWS's limits", text::warning()));
                }
                Err(RecvError::Closed) => return,
            }
        }
    })
}

/// The mock configuration that is named; read once, at the start.
fn mocks(arguments: &Arguments, project: &Project) -> Result<Option<MockConfig>, Trouble> {
    let configured = project.config.mock_config.as_ref().map(|file| project.root.join(file));
    let Some(file) = arguments.mock_config.clone().or(configured) else { return Ok(None) };
    let refuse = |reason: String| {
        Trouble::new(format!("cannot read the mock configuration `{}`: {reason}", file.display()))
            .remedy("docs/how-to/test-a-workflow.md shows the format")
    };
    let text = folder::definition_text(&file).map_err(refuse)?;
    MockConfig::parse(&text).map(Some).map_err(|mistake| refuse(mistake.to_string()))
}

async fn start_server(arguments: &Arguments, project: &Project) -> anyhow::Result<(Server, Site)> {
    let config = &project.config;
    if config.bind.is_some() || config.keys.is_some() {
        return Err(Trouble::new("rung.toml has `bind` or `keys`, which only `rung serve` reads")
            .remedy("remove them: `rung dev` listens on this machine only and takes any key")
            .into());
    }
    let mut site = Site::of(config, &project.root);
    site.data = match (&arguments.data, &config.data) {
        (Some(data), _) => {
            std::path::absolute(data).context("failed to find the data directory")?
        }
        (None, Some(data)) => project.root.join(data),
        (None, None) => project.root.join(DATA_FOLDER),
    };
    let settings = Settings {
        mode: Mode::Dev,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
        port: arguments.port.or(config.port).unwrap_or(PORT_DEFAULT),
        data: site.data.clone(),
        limits: config.limits.clone(),
        tls: config.tls.clone().map(|tls| tls.inside(&project.root)),
        functions: project.functions.clone(),
        mocks: mocks(arguments, project)?,
    };
    let server = Server::open(settings).await?;
    site.endpoint = format!("http://localhost:{}", server.port());
    Ok((server, site))
}

impl Dev {
    fn names(&self) -> Names {
        self.site.names(&self.project)
    }

    /// Brings everything up; how many definitions could not be.
    async fn deploy_all(&mut self) -> anyhow::Result<usize> {
        let mut invalid = self.put_functions()?;
        deploy::activities(&*self.api, &self.project)
            .await
            .context("failed to create the activities")?;
        let names = self.names();
        for source in &self.project.machines {
            let is_up = self.deploy(source, &names, false).await;
            invalid += usize::from(!is_up);
        }
        Ok(invalid)
    }

    /// Brings the functions up; those that are wrong are named.
    fn put_functions(&self) -> anyhow::Result<usize> {
        let wrong = self.server.set_functions(&self.project.functions, &self.names())?;
        for reason in &wrong {
            self.screen.line(format!("  {} {reason}", text::bad()));
        }
        Ok(wrong.len())
    }

    /// Deploys one machine and says what came of it; `false` when it is not up to date.
    async fn deploy(&self, source: &MachineSource, names: &Names, tell: bool) -> bool {
        let (reading, deployed) = deploy::machine(&*self.api, names, &self.site, source).await;
        if !reading.findings.is_empty() {
            super::check::report(&self.screen, &reading);
        }
        let name = &source.name;
        match deployed {
            Deployed::Created if tell => {
                self.screen.line(format!("  {} {name} created", text::good()))
            }
            Deployed::Updated if tell => {
                self.screen.line(format!("  {} {name} updated", text::good()));
            }
            Deployed::Unchanged if tell => {
                self.screen.line(format!("  {} {name} is as it was", text::good()));
            }
            Deployed::Created | Deployed::Updated | Deployed::Unchanged => {}
            Deployed::Invalid => {
                self.screen.line(format!("  {name}: the last good definition stays"));
                return false;
            }
            Deployed::Refused(reason) => {
                self.screen.line(format!("  {} {name} is not up to date: {reason}", text::bad()));
                return false;
            }
        }
        true
    }

    /// Workers, demos, and then changes until the end; the exit code with `--once`.
    async fn live(
        &mut self,
        once: bool,
        invalid: usize,
        watch: notify::Result<Watch>,
    ) -> anyhow::Result<ExitCode> {
        let failed = self.start_workers().await;
        let surprises = self.show_demos(once).await?;
        if once {
            let is_good = failed + surprises + invalid == 0;
            return Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        match watch {
            Ok(watch) => self.follow_changes(watch).await,
            Err(error) => {
                self.screen.line(format!("  {} changes are not watched: {error}", text::warning()));
                std::future::pending().await
            }
        }
    }

    /// Starts every worker; how many could not be.
    async fn start_workers(&mut self) -> usize {
        let mut failed = 0;
        for name in self.project.config.workers.keys().cloned().collect::<Vec<_>>() {
            let started = match self.plan(&name) {
                Ok(plan) => workers::start(plan, &self.screen).await,
                Err(error) => Err(error),
            };
            match started {
                Ok(running) => {
                    self.workers.insert(name, running);
                }
                Err(error) => {
                    failed += 1;
                    let reason = format!("{error:#}");
                    self.screen.line(format!("  {} worker {name}: {reason}", text::bad()));
                }
            }
        }
        failed
    }

    fn plan(&self, name: &str) -> anyhow::Result<Plan> {
        let worker =
            self.project.config.workers.get(name).context("the configuration lost it")?.clone();
        let names = self.names();
        let mut environment = self.site.environment();
        for (key, value) in &worker.environment {
            environment.insert(key.clone(), names.fill_configured(value)?);
        }
        Ok(Plan {
            name: name.to_owned(),
            worker,
            root: self.project.root.clone(),
            environment,
            data: self.site.data.clone(),
        })
    }

    /// Shows every demo; how many did not end as expected.
    async fn show_demos(&self, once: bool) -> anyhow::Result<usize> {
        let mut surprises = 0;
        let mut last = None;
        for demo in &self.project.config.demo {
            let missing = self
                .project
                .config
                .workers
                .keys()
                .find(|name| once && !self.workers.contains_key(*name));
            if let Some(name) = missing {
                // Whatever waits for that worker would wait for ever.
                self.screen.line(format!("  {} no demos without worker {name}", text::bad()));
                return Ok(self.project.config.demo.len());
            }
            match demo::show(&*self.api, &self.project, &self.site, demo, &self.screen).await {
                Ok(shown) => {
                    surprises += usize::from(shown.surprise.is_some());
                    last = Some(shown.execution_arn);
                }
                Err(error) => {
                    surprises += 1;
                    self.screen.line(format!("  {} {error:#}", text::bad()));
                }
            }
        }
        for line in overview::next_steps(&self.project, &self.site, last.as_deref(), once) {
            self.screen.line(line);
        }
        Ok(surprises)
    }
}
