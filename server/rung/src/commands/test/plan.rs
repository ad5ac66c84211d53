//! A test file with everything it names read: definitions, inputs, mock configurations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use asl::Syntax;
use asl::model::Definition;
use rehearsal::mock_config::MockConfig;
use rehearsal::mocks::Mocks;
use rehearsal::suite::{Expect, Input, Suite, Test};
use rehearsal::{Rehearsal, START_MS, Setting};
use serde_json::Value;
use workflow::Limits;
use workflow::payload::Payload;

use super::discover::is_suite;
use crate::check::{self, Source, Substitutions};
use crate::config::{self, MachineKind};
use crate::definition::syntax_of;
use crate::folder;

/// Where definitions of a mock configuration's machines are looked for, by name.
const DEFINITION_ENDINGS: [&str; 4] = [".asl.json", ".asl.yaml", ".asl.yml", ".json"];

/// The tests of one file.
pub(super) struct File {
    pub(super) machines: BTreeMap<String, Machine>,
    pub(super) cases: Vec<Case>,
}

/// A definition under test.
pub(super) struct Machine {
    /// Its file, and for one in a template its logical id.
    pub(super) place: String,
    pub(super) name: String,
    pub(super) definition: Definition,
    express: bool,
}

pub(super) struct Case {
    pub(super) name: String,
    /// The key of its machine.
    pub(super) machine: String,
    input: Value,
    mocks: Mocks,
    execution_name: String,
    start_ms: i64,
    seed: u64,
    pub(super) expect: Expect,
}

impl File {
    pub(super) fn rehearse(&self, case: &Case) -> Rehearsal {
        let machine = self.machines.get(&case.machine).expect("a case's machine was read");
        let setting = Setting {
            definition: &machine.definition,
            machine_name: &machine.name,
            execution_name: &case.execution_name,
            input: Payload::from_value(case.input.clone()),
            start_ms: case.start_ms,
            seed: case.seed,
            express: machine.express,
            limits: Limits::default(),
        };
        rehearsal::rehearse(&setting, &case.mocks)
    }
}

/// Reads a test file; what is wrong is told in a few lines.
pub(super) fn read(file: &Path, input: &Value) -> Result<File, String> {
    let text = folder::definition_text(file).map_err(|error| format!("cannot be read: {error}"))?;
    if is_suite(file) { of_suite(file, &text) } else { of_mock_config(file, &text, input) }
}

fn of_suite(file: &Path, text: &str) -> Result<File, String> {
    let json = match syntax_of(file) {
        Syntax::Json => text.to_owned(),
        Syntax::Yaml => asl::yaml_to_json(text).map_err(|finding| asl::excerpt(text, &finding))?,
    };
    let value: Value =
        serde_json::from_str(&json).map_err(|error| format!("is not JSON: {error}"))?;
    let suite = Suite::read(value).map_err(|mistake| mistake.to_string())?;
    let mut reader = Reader { file, suite: &suite, machines: BTreeMap::new() };
    let config = match &suite.mock_config {
        Some(name) => Some(reader.mock_config(name)?),
        None => None,
    };
    let mut cases = Vec::new();
    for test in &suite.tests {
        let case = reader.case(test, config.as_ref());
        cases.push(case.map_err(|reason| format!("test `{}`: {reason}", test.name))?);
    }
    Ok(File { machines: reader.machines, cases })
}

struct Reader<'a> {
    file: &'a Path,
    suite: &'a Suite,
    machines: BTreeMap<String, Machine>,
}

impl Reader<'_> {
    fn case(&mut self, test: &Test, config: Option<&MockConfig>) -> Result<Case, String> {
        let named = test.machine.as_ref().or(self.suite.machine.as_ref());
        let named = named.ok_or("it names no machine: write `machine: ../orders.asl.json`")?;
        self.machine(named)?;
        let mocks = match (&test.case, config) {
            (None, _) => test.mocks.clone(),
            (Some(_), None) => return Err("it has a `case` and the file no `mock_config`".into()),
            (Some(case), Some(config)) => mocks_of_case(config, case)?.with(&test.mocks),
        };
        let input = match &test.input {
            Input::Value(value) => value.clone(),
            Input::File(name) => json_file(&self.beside(name))?,
        };
        let machine = self.machines.get(named).expect("it was read above");
        unknown_states(&mocks, &machine.definition)?;
        Ok(Case {
            name: test.name.clone(),
            machine: named.clone(),
            input,
            mocks,
            execution_name: test.execution_name.clone(),
            start_ms: test.start_ms,
            seed: test.seed,
            expect: test.expect.clone(),
        })
    }

    fn machine(&mut self, named: &str) -> Result<(), String> {
        if !self.machines.contains_key(named) {
            let (name, id) = match named.split_once('#') {
                Some((name, id)) => (name, Some(id)),
                None => (named, None),
            };
            let kind =
                if self.suite.express { MachineKind::Express } else { MachineKind::Standard };
            let file = self.beside(name);
            let machine = machine(&file, id, kind, &self.suite.substitutions)?;
            self.machines.insert(named.to_owned(), machine);
        }
        Ok(())
    }

    fn mock_config(&self, name: &str) -> Result<MockConfig, String> {
        let file = self.beside(name);
        let refuse = |reason: String| format!("mock_config `{}`: {reason}", file.display());
        let text = folder::definition_text(&file).map_err(refuse)?;
        MockConfig::parse(&text).map_err(|mistake| refuse(mistake.to_string()))
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.file.parent().unwrap_or(Path::new("")).join(name)
    }
}

/// `Machine#TestCase`.
fn mocks_of_case<'a>(config: &'a MockConfig, case: &str) -> Result<&'a Mocks, String> {
    let found = case.split_once('#').and_then(|(machine, case)| config.mocks(machine, case));
    found.ok_or_else(|| {
        let known = config
            .cases()
            .flat_map(|(machine, cases)| cases.map(move |case| format!("{machine}#{case}")));
        format!("the mock configuration has no case `{case}`; it has {}", folder::listed(known))
    })
}

/// A mock of a state that is not there would be a slip that nobody sees.
fn unknown_states(mocks: &Mocks, definition: &Definition) -> Result<(), String> {
    let names = rehearsal::coverage::state_names(definition);
    match mocks.states.keys().find(|state| !names.contains(state.as_str())) {
        Some(state) => Err(format!("`{state}` is mocked, and is no state of the definition")),
        None => Ok(()),
    }
}

/// Every test case of AWS's file: it passes when its execution succeeds.
fn of_mock_config(file: &Path, text: &str, input: &Value) -> Result<File, String> {
    let config = MockConfig::parse(text).map_err(|mistake| mistake.to_string())?;
    let mut read = File { machines: BTreeMap::new(), cases: Vec::new() };
    for (name, cases) in config.cases() {
        let definition = definition_beside(file, name)?;
        let machine = machine(&definition, None, MachineKind::Standard, &BTreeMap::new())?;
        for case in cases {
            let mocks = config.mocks(name, case).cloned().unwrap_or_default();
            read.cases.push(Case {
                name: format!("{name}#{case}"),
                machine: name.to_owned(),
                input: input.clone(),
                mocks,
                execution_name: case.to_owned(),
                start_ms: START_MS,
                seed: 0,
                expect: Expect::success(),
            });
        }
        read.machines.insert(name.to_owned(), machine);
    }
    Ok(read)
}

/// The definition of a machine that a mock configuration names: in its folder or the one above.
fn definition_beside(file: &Path, name: &str) -> Result<PathBuf, String> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let folders = [folder.to_owned(), folder.join("..")];
    let candidates = folders.iter().flat_map(|folder| {
        DEFINITION_ENDINGS.iter().map(move |ending| folder.join(format!("{name}{ending}")))
    });
    candidates.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        format!(
            "there is no definition of `{name}` beside it: expected `{name}.asl.json`; a test file \
             with `machine` and `mock_config` can name another one"
        )
    })
}

fn machine(
    file: &Path,
    id: Option<&str>,
    kind: MachineKind,
    values: &BTreeMap<String, String>,
) -> Result<Machine, String> {
    let place = file.display().to_string();
    let refuse = |reason: String| format!("the definition `{place}`: {reason}");
    let text = folder::definition_text(file).map_err(refuse)?;
    let name = folder::definition_name(file)
        .or_else(|| Some(file.file_stem()?.to_str()?.to_owned()))
        .unwrap_or_else(|| "Machine".to_owned());
    let (definition, name, kind) = match id {
        Some(id) => (in_template(file, &text, id, values).map_err(refuse)?, id.to_owned(), kind),
        None => {
            let kind = kind_in_project(file, &name).unwrap_or(kind);
            let known = Substitutions::of_folder(check::names_around(file)).with(values);
            let syntax = syntax_of(file);
            let read = check::to_definition(&text, syntax, kind, &known).map_err(refuse)?;
            (read, name, kind)
        }
    };
    let place = id.map_or(place.clone(), |id| format!("{place}#{id}"));
    Ok(Machine { place, name, definition, express: kind == MachineKind::Express })
}

/// The type that `rung.toml` gives a machine.
fn kind_in_project(file: &Path, name: &str) -> Option<MachineKind> {
    let config = config::read_of_folder(file.parent()?).ok()?;
    config.machines.get(name).map(|machine| machine.kind)
}

/// The state machine with this logical id.
fn in_template(
    file: &Path,
    text: &str,
    id: &str,
    values: &BTreeMap<String, String>,
) -> Result<Definition, String> {
    let machines = check::machines(file, text).ok_or("it is no template with state machines")?;
    let machines = machines.map_err(|finding| asl::excerpt(text, &finding))?;
    let names = folder::listed(machines.iter().map(|machine| &machine.name));
    let machine = machines.into_iter().find(|machine| machine.name == id);
    let machine =
        machine.ok_or_else(|| format!("it has no state machine `{id}`; it has {names}"))?;
    let known = machine.substitutions.with(values);
    match machine.source {
        Source::Text { text, syntax, .. } => {
            check::to_definition(&text, syntax, machine.kind, &known)
        }
        Source::File { uri, .. } => {
            let file = file.parent().unwrap_or(Path::new("")).join(uri);
            let text = folder::definition_text(&file)?;
            check::to_definition(&text, syntax_of(&file), machine.kind, &known)
        }
        Source::Computed { why } => Err(why),
    }
}

fn json_file(file: &Path) -> Result<Value, String> {
    let refuse = |reason: String| format!("the input `{}`: {reason}", file.display());
    let text = folder::definition_text(file).map_err(refuse)?;
    serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))
}
