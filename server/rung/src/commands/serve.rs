//! `rung serve`: the production server. Every request proves its key.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use crate::assemble::{Mode, Server, Settings};
use crate::cluster::{self, Clustered, Ended, Place, Role};
use crate::config::{self, Config, EngineKind, PORT_DEFAULT};
use crate::folder;
use crate::keys;
use crate::names::Names;
use crate::site::Site;
use crate::stop::Stop;
use crate::trouble::Trouble;
use crate::ui::screen::Screen;
use crate::ui::text;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The configuration [default: rung.toml in the working directory, when there is one].
    #[arg(long, env = "RUNG_CONFIG")]
    config: Option<PathBuf>,
    /// Port to listen on [default: 4566].
    #[arg(long, env = "RUNG_PORT")]
    port: Option<u16>,
    /// Where everything is kept.
    #[arg(long, env = "RUNG_DATA")]
    data: Option<PathBuf>,
    /// The database that several nodes share, `postgres://user@host/database`; without it
    /// everything is in the data directory.
    #[arg(long, env = "RUNG_STORE", hide_env_values = true)]
    store: Option<String>,
    /// This node's name in the cluster [default: the address it is reached at].
    #[arg(long, env = "RUNG_NODE")]
    node: Option<String>,
    /// Where the other nodes reach this one, `host:port` [default: the address it listens on].
    #[arg(long, env = "RUNG_ADVERTISE")]
    advertise: Option<String>,
    /// The file with access keys [default: keys.toml in the data directory].
    #[arg(long, env = "RUNG_KEYS")]
    keys: Option<PathBuf>,
}

pub(crate) async fn run(arguments: &Arguments, began: Instant) -> anyhow::Result<ExitCode> {
    let screen = Screen::out();
    let mut stop = Stop::listen()?;
    let (config, root) = configuration(arguments)?;
    refuse_what_dev_reads(&config)?;
    let data = data_directory(arguments, &config, &root)?;
    let keys_file = match (&arguments.keys, &config.keys) {
        (Some(file), _) => file.clone(),
        (None, Some(file)) => root.join(file),
        (None, None) => data.join(keys::FILE_NAME),
    };
    let ring = keys::read(&keys_file)?;
    let functions = folder::configured_functions(&root, &config)?;
    let site = Site { data: data.clone(), ..Site::of(&config, &root) };
    let settings = Settings {
        mode: Mode::Serve(Arc::new(ring)),
        address: config.bind.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
        port: arguments.port.or(config.port).unwrap_or(PORT_DEFAULT),
        data: data.clone(),
        limits: config.limits.clone(),
        tls: config.tls.clone().map(|tls| tls.inside(&root)),
        functions: functions.clone(),
        mocks: None,
    };
    let names = site.names_of_server();
    if let Some(place) = place(arguments, &config)? {
        return node(settings, place, names, &screen, &mut stop, began).await;
    }
    let server = Server::open(settings).await?;
    if let Some(reason) = server.set_functions(&functions, &names)?.first() {
        return Err(Trouble::new(reason).remedy("mend it in the configuration").into());
    }
    screen.line(format!(
        "rung {} serves on {}, HTTP and TLS, data in {}",
        env!("CARGO_PKG_VERSION"),
        server.address(),
        data.display()
    ));
    screen.line(format!("Ready. ({})", text::duration(began.elapsed())));
    stop.asked().await;
    screen.line("stopping");
    tokio::select! {
        stopped = server.stop() => stopped?,
        () = stop.asked() => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a node of a cluster until it is told to stop.
async fn node(
    settings: Settings,
    place: Place,
    names: Names,
    screen: &Screen,
    stop: &mut Stop,
    began: Instant,
) -> anyhow::Result<ExitCode> {
    let database = place.database.to_string();
    let mut node = Clustered::open(settings, place, names).await?;
    screen.line(format!(
        "rung {} serves on {} as the node `{}` of {database}",
        env!("CARGO_PKG_VERSION"),
        node.address(),
        node.name(),
    ));
    let mut role = node.role();
    let showing = screen.clone();
    tokio::spawn(async move {
        let mut ready = false;
        while role.changed().await.is_ok() {
            let now = *role.borrow_and_update();
            match now {
                Role::Leading => showing.line("leads the cluster"),
                Role::Following => showing.line("hands requests to the node that leads"),
                Role::Waiting => showing.line("waits for a node that leads"),
            }
            if !ready && now != Role::Waiting {
                ready = true;
                showing.line(format!("Ready. ({})", text::duration(began.elapsed())));
            }
        }
    });
    let ended = tokio::select! {
        () = stop.asked() => None,
        ended = node.ended() => Some(ended?),
    };
    match ended {
        None => {
            screen.line("stopping");
            tokio::select! {
                stopped = node.stop() => stopped?,
                () = stop.asked() => {}
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(Ended::Lost) => Err(cluster::begin_anew()),
        Some(Ended::GaveWay | Ended::Stopped) => {
            node.close().await?;
            Err(cluster::begin_anew())
        }
    }
}

/// The place in a cluster that arguments and configuration name.
fn place(arguments: &Arguments, config: &Config) -> anyhow::Result<Option<Place>> {
    let Some(url) = arguments.store.as_ref().or(config.storage.url.as_ref()) else {
        if config.storage.engine == EngineKind::Postgres {
            return Err(Trouble::new("`storage.engine` is \"postgres\", but no database is named")
                .remedy("give --store postgres://…, or `storage.url` in the configuration")
                .into());
        }
        return Ok(None);
    };
    let database = url.parse().map_err(|error: postgres::OpenError| {
        Trouble::new(error.to_string())
            .remedy("write it as postgres://user:password@host:5432/database?schema=rung")
    })?;
    let advertise = arguments.advertise.clone().or_else(|| config.storage.advertise.clone());
    let name = arguments.node.clone().or_else(|| config.storage.node.clone());
    Ok(Some(Place { database, name, advertise }))
}

fn configuration(arguments: &Arguments) -> Result<(Config, PathBuf), Trouble> {
    let here = Path::new(".");
    match &arguments.config {
        Some(file) => {
            let root = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            Ok((config::read(file)?, root.unwrap_or(here).to_owned()))
        }
        None => Ok((config::read_of_folder(here)?, here.to_owned())),
    }
}

/// What would be ignored is refused instead.
fn refuse_what_dev_reads(config: &Config) -> Result<(), Trouble> {
    let parts = [
        ("activities", config.activities.is_empty()),
        ("machines", config.machines.is_empty()),
        ("workers", config.workers.is_empty()),
        ("demo", config.demo.is_empty()),
        ("account", config.account.is_none()),
        ("mock_config", config.mock_config.is_none()),
    ];
    match parts.iter().find(|(_, is_empty)| !is_empty) {
        None => Ok(()),
        Some((name, _)) => Err(Trouble::new(format!(
            "the configuration has `{name}`, which only `rung dev` reads"
        ))
        .remedy("give `rung serve` a configuration of its own; create machines through the API")),
    }
}

fn data_directory(arguments: &Arguments, config: &Config, root: &Path) -> Result<PathBuf, Trouble> {
    let data = match (&arguments.data, &config.data) {
        (Some(data), _) => data.clone(),
        (None, Some(data)) => root.join(data),
        (None, None) => {
            return Err(Trouble::new("`rung serve` was not told where to keep its data")
                .remedy("give --data DIR, or `data` in the configuration"));
        }
    };
    std::path::absolute(&data).map_err(|error| {
        Trouble::new(format!("cannot find the data directory `{}`: {error}", data.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_dev_reads_is_refused() {
        let config = Config { activities: vec!["a".to_owned()], ..Config::default() };
        let error = refuse_what_dev_reads(&config).expect_err("refused");
        assert!(error.to_string().contains("activities"), "{error}");
        assert!(refuse_what_dev_reads(&Config::default()).is_ok());
    }

    #[test]
    fn data_must_be_named() {
        let arguments = Arguments {
            config: None,
            port: None,
            data: None,
            store: None,
            node: None,
            advertise: None,
            keys: None,
        };
        let error = data_directory(&arguments, &Config::default(), Path::new("."))
            .expect_err("there is no default in production");
        assert!(error.next().is_some_and(|next| next.contains("--data")), "{error}");
    }
}
