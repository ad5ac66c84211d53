//! Functions whose code is a folder, for development: what the folder says now is what the next
//! invocation runs. Every account and region sees the same ones.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use resource::arn::function::function_name_ok;

use crate::limits;
use crate::records::FunctionKey;
use crate::runner::command::RESERVED;
use crate::runner::launch::{Code, Launch};
use crate::runtimes::Language;
use crate::settings::FolderFunction;

/// Variables that a developer may set nevertheless: where SDK calls go, and as whom.
const OPEN: [&str; 5] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// A function of the folder that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("function `{name}`: {reason}")]
pub struct FolderError {
    pub name: String,
    pub reason: String,
}

#[derive(Default)]
pub(crate) struct Folder {
    functions: RwLock<BTreeMap<String, Entry>>,
}

#[derive(Clone)]
struct Entry {
    function: Arc<FolderFunction>,
    language: Language,
    generation: u64,
}

impl Folder {
    /// Takes the place of all functions there were. Those that are wrong are left out and named.
    pub(crate) fn set(&self, functions: Vec<FolderFunction>) -> Vec<FolderError> {
        let mut errors = Vec::new();
        let mut next: BTreeMap<String, Entry> = BTreeMap::new();
        let mut current = self.functions.write();
        for function in functions {
            let name = function.name.clone();
            let checked = check(&function).and_then(|language| {
                let twice = next.contains_key(&name);
                if twice {
                    Err("the name is given to two functions".to_owned())
                } else {
                    Ok(language)
                }
            });
            match checked {
                Err(reason) => errors.push(FolderError { name, reason }),
                Ok(language) => {
                    let known = current.get(&name);
                    let same = known.filter(|known| *known.function == function);
                    let next_generation = known.map_or(0, |known| known.generation + 1);
                    let generation = same.map_or(next_generation, |known| known.generation);
                    next.insert(name, Entry { function: Arc::new(function), language, generation });
                }
            }
        }
        *current = next;
        errors
    }

    /// The code of a function has changed. Whether there is such a function.
    pub(crate) fn touch(&self, name: &str) -> bool {
        let mut functions = self.functions.write();
        let Some(entry) = functions.get_mut(name) else { return false };
        entry.generation += 1;
        true
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.functions.read().keys().cloned().collect()
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<FolderFunction>> {
        self.functions.read().get(name).map(|entry| Arc::clone(&entry.function))
    }

    /// What to start for a caller of this account and region.
    pub(crate) fn launch(&self, key: &FunctionKey) -> Option<Launch> {
        let entry = self.functions.read().get(&key.name).cloned()?;
        let function = &entry.function;
        Some(Launch {
            account: key.account.clone(),
            region: key.region.clone(),
            name: key.name.clone(),
            arn: key.arn(),
            revision: format!("folder-{}", entry.generation),
            runtime: function.runtime.clone(),
            language: entry.language,
            handler: function.handler.clone(),
            code: Code::Folder(function.dir.clone()),
            timeout: Duration::from_secs(u64::from(function.timeout)),
            memory_mib: function.memory,
            environment: function.environment.clone(),
            log_group: format!("/aws/lambda/{}", function.name),
        })
    }
}

fn check(function: &FolderFunction) -> Result<Language, String> {
    let FolderFunction { name, dir, runtime, handler, timeout, memory, environment } = function;
    if !function_name_ok(name) {
        return Err("a name is 1 to 64 letters, digits, `-` and `_`".to_owned());
    }
    let Some(language) = Language::of(runtime) else {
        return Err(format!(
            "runtime `{runtime}` is none of `python3.x`, `nodejsN.x`, `provided.al2023`"
        ));
    };
    if !dir.is_dir() {
        return Err(format!("`{}` is not a folder", dir.display()));
    }
    if language != Language::Provided && handler.is_empty() {
        return Err("a handler is missing".to_owned());
    }
    if !limits::TIMEOUT_S.contains(timeout) {
        return Err(format!("timeout {timeout} is not between 1 and 900 seconds"));
    }
    if !limits::MEMORY_MIB.contains(memory) {
        return Err(format!("memory {memory} is not between 128 and 10240 MiB"));
    }
    if let Some(variable) = environment
        .keys()
        .find(|name| RESERVED.contains(&name.as_str()) && !OPEN.contains(&name.as_str()))
    {
        return Err(format!("variable `{variable}` is set by the runtime and cannot be changed"));
    }
    if limits::environment_bytes(environment) > limits::ENVIRONMENT_BYTES_MAX {
        return Err(format!("variables are over {} bytes", limits::ENVIRONMENT_BYTES_MAX));
    }
    if let Some(reason) = limits::environment_fault(environment) {
        return Err(reason);
    }
    Ok(language)
}
