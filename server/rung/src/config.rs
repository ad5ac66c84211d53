//! `rung.toml`: what a folder or a server is told beside its files. Unknown keys are errors.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub(crate) use crate::limits::Limits;
use crate::trouble::Trouble;

/// The file's name in a folder.
pub(crate) const FILE_NAME: &str = "rung.toml";
pub(crate) const PORT_DEFAULT: u16 = 4566;
pub(crate) const REGION_DEFAULT: &str = "us-east-1";
pub(crate) const ACCOUNT_DEFAULT: &str = "000000000000";
/// Lambda's own bounds.
const TIMEOUT_SECONDS_MAX: u32 = 900;
const MEMORY_MB: std::ops::RangeInclusive<u32> = 128..=10_240;
const FILE_BYTES_MAX: u64 = 1_048_576;

/// The whole file; every key may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    pub(crate) port: Option<u16>,
    /// Address to listen on, for `serve`; `dev` is always loopback.
    pub(crate) bind: Option<IpAddr>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) region: Option<String>,
    /// The account of callers whose key names none, in `dev`.
    pub(crate) account: Option<String>,
    pub(crate) limits: Limits,
    /// The file with access keys, for `serve`.
    pub(crate) keys: Option<PathBuf>,
    pub(crate) tls: Option<Tls>,
    pub(crate) storage: Storage,
    pub(crate) activities: Vec<String>,
    pub(crate) machines: BTreeMap<String, Machine>,
    pub(crate) function_defaults: FunctionDefaults,
    pub(crate) functions: BTreeMap<String, Function>,
    pub(crate) workers: BTreeMap<String, Worker>,
    pub(crate) demo: Vec<Demo>,
    /// A `MockConfigFile.json`, for `dev`.
    pub(crate) mock_config: Option<PathBuf>,
}

/// A certificate of one's own; without it the server makes one for localhost.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Tls {
    /// The same with paths relative to a folder.
    pub(crate) fn inside(self, folder: &Path) -> Tls {
        Tls { certificate: folder.join(self.certificate), key: folder.join(self.key) }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Storage {
    pub(crate) engine: EngineKind,
    /// Of the database, for `postgres`.
    pub(crate) url: Option<String>,
    /// This node's name, and where the others reach it.
    pub(crate) node: Option<String>,
    pub(crate) advertise: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineKind {
    #[default]
    Sqlite,
    Postgres,
}

/// A state machine; without an entry, a definition's file name names it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Machine {
    pub(crate) file: Option<PathBuf>,
    #[serde(rename = "type")]
    pub(crate) kind: MachineKind,
    pub(crate) role: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum MachineKind {
    #[default]
    Standard,
    Express,
}

impl MachineKind {
    /// AWS's word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            MachineKind::Standard => "STANDARD",
            MachineKind::Express => "EXPRESS",
        }
    }
}

/// What every function gets that does not say otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FunctionDefaults {
    pub(crate) timeout: Option<u32>,
    pub(crate) memory: Option<u32>,
    pub(crate) environment: BTreeMap<String, String>,
}

/// A function: a folder with code, or an HTTP endpoint that speaks Lambda's Invoke.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Function {
    pub(crate) dir: Option<PathBuf>,
    pub(crate) runtime: Option<String>,
    pub(crate) handler: Option<String>,
    /// Seconds.
    pub(crate) timeout: Option<u32>,
    /// Megabytes.
    pub(crate) memory: Option<u32>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) url: Option<String>,
}

/// A process that `dev` starts and keeps running.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Worker {
    pub(crate) command: Vec<String>,
    #[serde(default)]
    pub(crate) python_requirements: Vec<String>,
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, String>,
}

/// An execution that `dev` starts by itself and shows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Demo {
    pub(crate) machine: String,
    #[serde(default)]
    pub(crate) title: Option<String>,
    /// A JSON file.
    pub(crate) input: PathBuf,
    #[serde(default = "succeeded")]
    pub(crate) expect: String,
    /// States that must have been tried more than once.
    #[serde(default)]
    pub(crate) retries: Vec<String>,
}

fn succeeded() -> String {
    "SUCCEEDED".to_owned()
}

/// Reads a configuration file that must exist.
pub(crate) fn read(path: &Path) -> Result<Config, Trouble> {
    let refuse = |reason: String| {
        Trouble::new(format!("cannot read the configuration `{}`: {reason}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(refuse(format!("it has {size} bytes; {FILE_BYTES_MAX} are allowed")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    parse(&text).map_err(|reason| {
        Trouble::new(format!("`{}` is not a valid configuration:\n{reason}", path.display()))
            .remedy("mend the marked line; docs/configuration.md lists every key")
    })
}

/// The configuration of a folder: its `rung.toml`, or the defaults when it has none.
pub(crate) fn read_of_folder(folder: &Path) -> Result<Config, Trouble> {
    let path = folder.join(FILE_NAME);
    if path.exists() { read(&path) } else { Ok(Config::default()) }
}

fn parse(text: &str) -> Result<Config, String> {
    let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
    check(&config)?;
    Ok(config)
}

/// What types cannot say.
fn check(config: &Config) -> Result<(), String> {
    config.limits.check()?;
    if let Some(account) = &config.account
        && (account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(format!("account `{account}` is not twelve digits"));
    }
    check_limits(
        "function_defaults",
        config.function_defaults.timeout,
        config.function_defaults.memory,
    )?;
    for (name, function) in &config.functions {
        let place = format!("functions.{name}");
        check_limits(&place, function.timeout, function.memory)?;
        let has_code =
            function.dir.is_some() || function.runtime.is_some() || function.handler.is_some();
        if function.url.is_some() && has_code {
            return Err(format!("{place} has a url and code; it can have one of them"));
        }
    }
    for (name, worker) in &config.workers {
        if worker.command.is_empty() {
            return Err(format!("workers.{name}.command is empty"));
        }
    }
    Ok(())
}

fn check_limits(place: &str, timeout: Option<u32>, memory: Option<u32>) -> Result<(), String> {
    if let Some(timeout) = timeout
        && !(1..=TIMEOUT_SECONDS_MAX).contains(&timeout)
    {
        return Err(format!(
            "{place}.timeout {timeout} is not in 1..={TIMEOUT_SECONDS_MAX} seconds"
        ));
    }
    if let Some(memory) = memory
        && !MEMORY_MB.contains(&memory)
    {
        return Err(format!("{place}.memory {memory} is not in 128..=10240 megabytes"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_keys_have_defaults() {
        let config = parse("").expect("an empty file is valid");
        assert_eq!(config.port, None);
        assert_eq!(config.limits, Limits::default());
        assert!(config.machines.is_empty());
    }

    #[test]
    fn reads_every_section() {
        let config = parse(
            r#"
            port = 4567
            data = "state"
            limits = "relaxed"
            activities = ["pack"]
            [tls]
            certificate = "c.pem"
            key = "k.pem"
            [machines.orders]
            type = "EXPRESS"
            [function_defaults]
            timeout = 5
            [functions.charge]
            url = "http://localhost:9000"
            [workers.packer]
            command = ["python3", "w.py"]
            [[demo]]
            machine = "orders"
            input = "a.json"
            "#,
        )
        .expect("valid");
        assert_eq!(config.machines["orders"].kind, MachineKind::Express);
        assert_eq!(config.demo[0].expect, "SUCCEEDED");
        assert_eq!(config.limits.mode, crate::limits::Mode::Relaxed);
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, fragments) in [
            ("port = 1\nprot = 2\n", vec!["line 2", "prot"]),
            ("[functions.a]\nmemroy = 1\n", vec!["line 2", "memroy"]),
            ("port = \"x\"\n", vec!["line 1"]),
            ("limits = \"loose\"\n", vec!["line 1", "loose"]),
            ("[limits]\nmode = \"loose\"\n", vec!["line 2", "loose"]),
            ("[limits]\n\nexecutions = 3\n", vec!["line 3", "executions"]),
            ("[limits]\npayload_bytes = 0\n", vec!["limits.payload_bytes", "0"]),
            ("[machines.a]\ntype = \"express\"\n", vec!["line 2", "EXPRESS"]),
            ("account = \"12\"\n", vec!["twelve digits"]),
            ("[functions.a]\ntimeout = 901\n", vec!["functions.a.timeout", "900"]),
            ("[functions.a]\nurl = \"http://x\"\nhandler = \"a.b\"\n", vec!["url and code"]),
            ("[workers.a]\ncommand = []\n", vec!["command is empty"]),
        ] {
            let error = parse(text).expect_err(text);
            for fragment in fragments {
                assert!(error.contains(fragment), "{text}: {error}");
            }
        }
    }
}
