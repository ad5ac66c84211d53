//! Everything it takes to start a function: one version of its code and configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::runtimes::Language;

/// One version of a function, ready to be started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
    /// Unqualified.
    pub(crate) arn: String,
    /// Changes with every change of code or configuration.
    pub(crate) revision: String,
    pub(crate) runtime: String,
    pub(crate) language: Language,
    pub(crate) handler: String,
    pub(crate) code: Code,
    pub(crate) timeout: Duration,
    pub(crate) memory_mib: u32,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) log_group: String,
}

/// Where the code is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// A folder that a developer edits.
    Folder(PathBuf),
    /// An uploaded archive, by its digest in hexadecimal.
    Archive(String),
}

impl Launch {
    /// Which function this is, whatever version.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}/{}", self.account, self.region, self.name)
    }

    /// Under which name its lines are logged. A folder's function is the same one for every
    /// account and region.
    pub(crate) fn log_key(&self) -> String {
        match self.code {
            Code::Folder(_) => self.name.clone(),
            Code::Archive(_) => self.key(),
        }
    }

    pub(crate) fn memory_bytes(&self) -> u64 {
        u64::from(self.memory_mib) << 20
    }
}
