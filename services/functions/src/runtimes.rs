//! Which runtimes there are, and where their interpreters lie.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

/// How long an interpreter may take to tell where it lies.
const PROBE_MAX: Duration = Duration::from_secs(10);

/// AWS's identifiers, for its own message about a wrong one.
pub(crate) const IDENTIFIERS: [&str; 46] = [
    "nodejs",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "nodejs4.3-edge",
    "python2.7",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "java8",
    "java8.al2",
    "java11",
    "java17",
    "java21",
    "java25",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "dotnet6",
    "dotnet8",
    "dotnet10",
    "go1.x",
    "ruby2.5",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
    "provided",
    "provided.al2",
    "provided.al2023",
];

/// What runs the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    Python,
    Node,
    /// An executable `bootstrap` in the code.
    Provided,
}

impl Language {
    /// Of an identifier that this server can run.
    pub(crate) fn of(runtime: &str) -> Option<Language> {
        if runtime.starts_with("python3") {
            Some(Language::Python)
        } else if runtime.starts_with("nodejs") {
            Some(Language::Node)
        } else if matches!(runtime, "provided" | "provided.al2" | "provided.al2023") {
            Some(Language::Provided)
        } else {
            None
        }
    }
}

/// Finds interpreters, once each.
pub(crate) struct Interpreters {
    python: Option<PathBuf>,
    node: Option<PathBuf>,
    found: tokio::sync::Mutex<HashMap<PathBuf, Option<PathBuf>>>,
}

impl Interpreters {
    pub(crate) fn new(python: Option<PathBuf>, node: Option<PathBuf>) -> Interpreters {
        Interpreters { python, node, found: tokio::sync::Mutex::default() }
    }

    /// The interpreter for a runtime: the configured one, else the one of that very version, else
    /// any version. The error says what was looked for.
    pub(crate) async fn find(&self, language: Language, runtime: &str) -> Result<PathBuf, String> {
        let candidates = self.candidates(language, runtime);
        for candidate in &candidates {
            if let Some(path) = self.probe(language, candidate).await {
                return Ok(path);
            }
        }
        let names: Vec<String> =
            candidates.iter().map(|path| format!("`{}`", path.display())).collect();
        Err(format!("no interpreter for {runtime} was found: tried {}", names.join(", ")))
    }

    fn candidates(&self, language: Language, runtime: &str) -> Vec<PathBuf> {
        let (configured, general) = match language {
            Language::Python => (&self.python, "python3"),
            Language::Node => (&self.node, "node"),
            Language::Provided => return Vec::new(),
        };
        match configured {
            Some(path) => vec![path.clone()],
            None if language == Language::Python && runtime != general => {
                vec![PathBuf::from(runtime), PathBuf::from(general)]
            }
            None => vec![PathBuf::from(general)],
        }
    }

    /// Asks the interpreter itself where it lies: what `PATH` has may be a script that needs an
    /// environment which functions do not get.
    async fn probe(&self, language: Language, candidate: &Path) -> Option<PathBuf> {
        let mut found = self.found.lock().await;
        if let Some(known) = found.get(candidate) {
            return known.clone();
        }
        let question: [&str; 2] = match language {
            Language::Node => ["-p", "process.execPath"],
            _ => ["-c", "import sys; print(sys.executable)"],
        };
        let mut command = Command::new(candidate);
        command.args(question).stdin(std::process::Stdio::null()).kill_on_drop(true);
        let answer = tokio::time::timeout(PROBE_MAX, command.output()).await;
        let path = match answer {
            Ok(Ok(output)) if output.status.success() => {
                let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
                Some(PathBuf::from(text)).filter(|path| path.is_absolute())
            }
            _ => None,
        };
        // What is missing now may be installed later; only what was found is remembered.
        if path.is_some() {
            found.insert(candidate.to_owned(), path.clone());
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_told_by_their_identifier() {
        let rows = [
            ("python3.12", Some(Language::Python)),
            ("nodejs22.x", Some(Language::Node)),
            ("provided.al2023", Some(Language::Provided)),
            ("provided.al3", None),
            ("python2.7", None),
            ("java21", None),
        ];
        for (runtime, language) in rows {
            assert_eq!(Language::of(runtime), language, "{runtime}");
        }
    }
}
