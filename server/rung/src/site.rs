//! Where a development server stands: account, region, address and data, and the ARNs in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{ACCOUNT_DEFAULT, Config, PORT_DEFAULT, REGION_DEFAULT};
use crate::folder::Project;
use crate::names::Names;

#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) endpoint: String,
    pub(crate) data: PathBuf,
}

impl Default for Site {
    fn default() -> Site {
        Site {
            region: REGION_DEFAULT.to_owned(),
            account: ACCOUNT_DEFAULT.to_owned(),
            endpoint: format!("http://localhost:{PORT_DEFAULT}"),
            data: PathBuf::from(DATA_FOLDER),
        }
    }
}

/// The data directory in a development folder.
pub(crate) const DATA_FOLDER: &str = ".rung";

impl Site {
    /// What the configuration says; for the region, else what other AWS tools on this machine use.
    pub(crate) fn of(config: &Config, root: &Path) -> Site {
        Site {
            region: config.region.clone().unwrap_or_else(surrounding_region),
            account: config.account.clone().unwrap_or_else(|| ACCOUNT_DEFAULT.to_owned()),
            endpoint: format!("http://localhost:{}", config.port.unwrap_or(PORT_DEFAULT)),
            data: root.join(config.data.as_deref().unwrap_or(Path::new(DATA_FOLDER))),
        }
    }

    pub(crate) fn machine_arn(&self, name: &str) -> String {
        self.states_arn("stateMachine", name)
    }

    pub(crate) fn activity_arn(&self, name: &str) -> String {
        self.states_arn("activity", name)
    }

    pub(crate) fn function_arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", self.region, self.account)
    }

    /// The role of machines that name none. Nothing checks it in development.
    pub(crate) fn role_arn(&self) -> String {
        format!("arn:aws:iam::{}:role/rung-dev", self.account)
    }

    /// What makes any AWS SDK in a process of ours talk to this server.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let own_host = "localhost,127.0.0.1";
        let no_proxy = match std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")) {
            Ok(others) if !others.is_empty() => format!("{own_host},{others}"),
            _ => own_host.to_owned(),
        };
        [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_REGION", &self.region),
            ("AWS_DEFAULT_REGION", &self.region),
            ("AWS_ACCESS_KEY_ID", &self.account),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("NO_PROXY", &no_proxy),
            ("no_proxy", &no_proxy),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    }

    fn states_arn(&self, kind: &str, name: &str) -> String {
        format!("arn:aws:states:{}:{}:{kind}:{name}", self.region, self.account)
    }

    /// The names that a server's configuration may use.
    pub(crate) fn names_of_server(&self) -> Names {
        let mut names = Names::default();
        names.insert("Region", self.region.as_str());
        names.insert("AccountId", self.account.as_str());
        names.insert("Endpoint", self.endpoint.as_str());
        names.insert("DataDir", self.data.display().to_string());
        names
    }

    /// Every name that the files of a folder may use.
    pub(crate) fn names(&self, project: &Project) -> Names {
        let mut names = self.names_of_server();
        for function in &project.functions {
            names.insert(
                format!("functions.{}.arn", function.name),
                self.function_arn(&function.name),
            );
        }
        for activity in &project.config.activities {
            names.insert(format!("activities.{activity}.arn"), self.activity_arn(activity));
        }
        for machine in &project.machines {
            names.insert(format!("machines.{}.arn", machine.name), self.machine_arn(&machine.name));
        }
        names
    }
}

/// The region that other AWS tools on this machine use: SDKs read one variable or the other.
pub(crate) fn surrounding_region() -> String {
    ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|region| !region.is_empty()))
        .unwrap_or_else(|| REGION_DEFAULT.to_owned())
}
