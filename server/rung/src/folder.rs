//! A development folder, read: definitions, functions and `rung.toml` become a [`Project`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::{self, Config, MachineKind};
use crate::trouble::Trouble;

/// Endings of definition files, tried in this order.
const DEFINITION_ENDINGS: [&str; 3] = [".asl.json", ".asl.yaml", ".asl.yml"];
/// Files that say what a function's folder holds: file, runtime, names of the handler.
const HANDLER_FILES: [(&str, &str, &[&str]); 7] = [
    ("handler.py", PYTHON, &["handler", "lambda_handler"]),
    ("app.py", PYTHON, &["lambda_handler", "handler"]),
    ("lambda_function.py", PYTHON, &["lambda_handler", "handler"]),
    ("index.mjs", NODE, &["handler"]),
    ("index.js", NODE, &["handler"]),
    ("index.cjs", NODE, &["handler"]),
    ("bootstrap", PROVIDED, &[]),
];
const PYTHON: &str = "python3.12";
const NODE: &str = "nodejs20.x";
const PROVIDED: &str = "provided.al2023";
const FUNCTION_TIMEOUT_SECONDS: u32 = 30;
const FUNCTION_MEMORY_MB: u32 = 512;
const ENTRIES_MAX: usize = 1_000;
const DEFINITION_BYTES_MAX: u64 = 8 * 1_048_576;

/// What a folder holds.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    pub(crate) root: PathBuf,
    pub(crate) config: Config,
    pub(crate) machines: Vec<MachineSource>,
    pub(crate) functions: Vec<FunctionSource>,
}

/// Where a state machine comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MachineSource {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) kind: MachineKind,
    pub(crate) role: Option<String>,
}

/// Where a function comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionSource {
    pub(crate) name: String,
    pub(crate) code: Code,
    pub(crate) timeout_seconds: u32,
    pub(crate) memory_mb: u32,
    pub(crate) environment: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Folder {
        dir: PathBuf,
        runtime: String,
        handler: String,
    },
    /// An endpoint that speaks Lambda's Invoke.
    Url(String),
}

/// Reads a folder. The first thing that cannot be understood is the error.
pub(crate) fn read(root: &Path) -> Result<Project, Trouble> {
    let root = root.canonicalize().map_err(|error| {
        Trouble::new(format!("cannot open the folder `{}`: {error}", root.display()))
            .remedy("give a folder that holds definitions (*.asl.json) and functions/")
    })?;
    let config = config::read_of_folder(&root)?;
    let machines = machines(&root, &config)?;
    let functions = functions(&root, &config)?;
    for demo in &config.demo {
        if !machines.iter().any(|machine| machine.name == demo.machine) {
            return Err(Trouble::new(format!(
                "a demo names the machine `{}`, which the folder does not have",
                demo.machine
            ))
            .remedy(format!("the folder has: {}", listed(machines.iter().map(|m| &m.name)))));
        }
    }
    Ok(Project { root, config, machines, functions })
}

/// The text of a definition.
pub(crate) fn definition_text(file: &Path) -> Result<String, String> {
    let size = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
    if size > DEFINITION_BYTES_MAX {
        return Err(format!("it has {size} bytes; {DEFINITION_BYTES_MAX} are allowed"));
    }
    std::fs::read_to_string(file).map_err(|error| error.to_string())
}

/// Whether a file's name is that of a definition, and what it names.
pub(crate) fn definition_name(file: &Path) -> Option<String> {
    let name = file.file_name()?.to_str()?;
    let stem = DEFINITION_ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))?;
    (!stem.is_empty()).then(|| stem.to_owned())
}

/// Names in a sentence.
pub(crate) fn listed<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    let names: Vec<String> = names.map(|name| name.as_ref().to_owned()).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn machines(root: &Path, config: &Config) -> Result<Vec<MachineSource>, Trouble> {
    let mut found = BTreeMap::new();
    for file in entries(root)?.into_iter().filter(|path| path.is_file()) {
        let Some(name) = definition_name(&file) else { continue };
        if let Some(other) = found.insert(name.clone(), file.clone()) {
            return Err(Trouble::new(format!(
                "`{}` and `{}` both define the machine `{name}`",
                other.display(),
                file.display()
            ))
            .remedy("remove or rename one of them"));
        }
    }
    for (name, machine) in &config.machines {
        if let Some(file) = &machine.file {
            let file = root.join(file);
            if !file.is_file() {
                return Err(Trouble::new(format!(
                    "[machines.{name}] names the file `{}`, which does not exist",
                    file.display()
                )));
            }
            found.retain(|_, path| *path != file);
            found.insert(name.clone(), file);
        } else if !found.contains_key(name) {
            return Err(Trouble::new(format!("[machines.{name}] has no definition"))
                .remedy(format!("write `{name}.asl.json`, or give its `file`")));
        }
    }
    Ok(found
        .into_iter()
        .map(|(name, file)| {
            let settings = config.machines.get(&name).cloned().unwrap_or_default();
            MachineSource { name, file, kind: settings.kind, role: settings.role }
        })
        .collect())
}

/// The functions that a server's configuration names; nothing is found by itself.
pub(crate) fn configured_functions(
    root: &Path,
    config: &Config,
) -> Result<Vec<FunctionSource>, Trouble> {
    let root = std::path::absolute(root).map_err(|error| {
        Trouble::new(format!("cannot open the folder `{}`: {error}", root.display()))
    })?;
    config
        .functions
        .iter()
        .map(|(name, function)| function_source(&root, config, name.clone(), function.clone()))
        .collect()
}

/// The functions of a configuration and of the folder `functions/` beside it.
fn functions(root: &Path, config: &Config) -> Result<Vec<FunctionSource>, Trouble> {
    let mut settings = config.functions.clone();
    let folder = root.join("functions");
    if folder.is_dir() {
        for dir in entries(&folder)?.into_iter().filter(|path| path.is_dir()) {
            let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if !name.starts_with(['.', '_']) && name != "node_modules" && has_files(&dir)? {
                settings.entry(name.to_owned()).or_default();
            }
        }
    }
    settings
        .into_iter()
        .map(|(name, function)| function_source(root, config, name, function))
        .collect()
}

/// An empty folder is a function that is about to be written.
fn has_files(dir: &Path) -> Result<bool, Trouble> {
    let is_visible = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| !name.starts_with('.'))
    };
    Ok(entries(dir)?.iter().any(is_visible))
}

fn function_source(
    root: &Path,
    config: &Config,
    name: String,
    function: config::Function,
) -> Result<FunctionSource, Trouble> {
    let defaults = &config.function_defaults;
    let code = match function.url {
        Some(url) => Code::Url(url),
        None => {
            let dir = root.join(function.dir.unwrap_or_else(|| Path::new("functions").join(&name)));
            code_of_folder(&name, dir, function.runtime, function.handler)?
        }
    };
    let mut environment = defaults.environment.clone();
    environment.extend(function.environment);
    Ok(FunctionSource {
        name,
        code,
        timeout_seconds: function.timeout.or(defaults.timeout).unwrap_or(FUNCTION_TIMEOUT_SECONDS),
        memory_mb: function.memory.or(defaults.memory).unwrap_or(FUNCTION_MEMORY_MB),
        environment,
    })
}

fn code_of_folder(
    name: &str,
    dir: PathBuf,
    runtime: Option<String>,
    handler: Option<String>,
) -> Result<Code, Trouble> {
    if let (Some(runtime), Some(handler)) = (&runtime, &handler) {
        return Ok(Code::Folder { dir, runtime: runtime.clone(), handler: handler.clone() });
    }
    let detected = HANDLER_FILES.iter().find(|(file, ..)| dir.join(file).is_file());
    let Some((file, found_runtime, exports)) = detected else {
        let files = listed(HANDLER_FILES.iter().map(|(file, ..)| file));
        return Err(Trouble::new(format!(
            "the function `{name}` has no handler file in `{}`",
            dir.display()
        ))
        .remedy(format!(
            "add one of {files}, or give [functions.{name}] a runtime and a handler"
        )));
    };
    Ok(Code::Folder {
        runtime: runtime.unwrap_or_else(|| (*found_runtime).to_owned()),
        handler: handler.unwrap_or_else(|| handler_of_file(&dir, file, exports)),
        dir,
    })
}

/// `app.lambda_handler`: the first of the usual names that the file mentions.
fn handler_of_file(dir: &Path, file: &str, exports: &[&str]) -> String {
    let Some(first) = exports.first() else { return file.to_owned() };
    let text = std::fs::read_to_string(dir.join(file)).unwrap_or_default();
    let export = exports.iter().find(|name| defines(&text, name)).unwrap_or(first);
    let module = file.rsplit_once('.').map_or(file, |(module, _)| module);
    format!("{module}.{export}")
}

fn defines(text: &str, name: &str) -> bool {
    text.contains(&format!("def {name}(")) || text.contains(&format!("{name} ="))
}

/// The entries of a folder in the order of their names.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let refuse = |error: std::io::Error| {
        Trouble::new(format!("cannot read the folder `{}`: {error}", folder.display()))
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refuse)? {
        found.push(entry.map_err(refuse)?.path());
        if found.len() > ENTRIES_MAX {
            return Err(Trouble::new(format!(
                "the folder `{}` has more than {ENTRIES_MAX} entries",
                folder.display()
            ))
            .remedy("point `rung dev` at a folder of its own"));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        folder
    }

    #[test]
    fn finds_machines_and_functions() {
        let folder = folder(&[
            ("orders.asl.json", "{}"),
            ("refunds.asl.yaml", ""),
            ("notes.json", "{}"),
            ("functions/a/handler.py", "def handler(event, context): pass"),
            ("functions/b/app.py", "def lambda_handler(event, context): pass"),
            ("functions/c/index.mjs", "export async function handler() {}"),
            ("functions/d/bootstrap", ""),
            ("functions/e/main.py", "def run(event, context): pass"),
            ("functions/_shared/x.py", ""),
            ("functions/empty/.keep", ""),
            (
                "rung.toml",
                "[functions.e]\nruntime = \"python3.11\"\nhandler = \"main.run\"\n\
                 [functions.far]\nurl = \"http://localhost:9000\"\n\
                 [machines.refunds]\ntype = \"EXPRESS\"\n",
            ),
        ]);
        let project = read(folder.path()).expect("a valid folder");
        let machines: Vec<_> =
            project.machines.iter().map(|m| (m.name.as_str(), m.kind.name())).collect();
        assert_eq!(machines, [("orders", "STANDARD"), ("refunds", "EXPRESS")]);
        let functions: Vec<_> = project
            .functions
            .iter()
            .map(|function| match &function.code {
                Code::Folder { runtime, handler, .. } => {
                    format!("{} {runtime} {handler}", function.name)
                }
                Code::Url(url) => format!("{} {url}", function.name),
            })
            .collect();
        assert_eq!(
            functions,
            [
                "a python3.12 handler.handler",
                "b python3.12 app.lambda_handler",
                "c nodejs20.x index.handler",
                "d provided.al2023 bootstrap",
                "e python3.11 main.run",
                "far http://localhost:9000",
            ]
        );
    }

    #[test]
    fn mistakes_say_what_to_do() {
        for (files, fragment) in [
            (vec![("functions/a/readme.txt", "")], "no handler file"),
            (vec![("a.asl.json", ""), ("a.asl.yml", "")], "both define"),
            (vec![("rung.toml", "[machines.x]\n")], "has no definition"),
            (vec![("rung.toml", "[machines.x]\nfile = \"y.json\"\n")], "does not exist"),
            (vec![("rung.toml", "[[demo]]\nmachine = \"x\"\ninput = \"y\"\n")], "demo names"),
            (vec![("rung.toml", "x = 1\n")], "unknown field"),
        ] {
            let folder = folder(&files);
            let error = read(folder.path()).expect_err(fragment);
            assert!(error.to_string().contains(fragment), "{error}");
        }
        assert!(read(Path::new("/does/not/exist")).is_err());
    }

    #[test]
    fn the_example_is_readable() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/order-fulfilment");
        let project = read(&root).expect("the example is valid");
        assert_eq!(project.functions.len(), 7);
        assert_eq!(project.config.demo.len(), 2);
    }
}
