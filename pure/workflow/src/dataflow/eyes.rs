//! What a path or an expression can look at from within a state: the state's input, the context
//! object, variables in reach. Everything is made when it is first asked for.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use asl::model::{Flow, Kind, PathField, State};
use jsonata::{Bound, Steps};
use jsonpath::{Missing, Path, Root, Selection};
use serde_json::Value;

use super::nothing;
use crate::errors::Raised;
use crate::execution::{Frame, FrameId, MapItem};
use crate::observe::Stage;
use crate::payload::Payload;
use crate::run::Run;

pub(crate) struct Eyes<'r> {
    pub(crate) run: &'r Run<'r>,
    pub(crate) id: FrameId,
    /// The token, while a task that has one is prepared (SFN-INT-140).
    pub(crate) token: Option<String>,
    /// The item, while a Map's ItemSelector is evaluated.
    pub(crate) item: Option<&'r MapItem>,
    /// Where the item is from (SFN-CTX-4).
    pub(crate) source: &'r str,
    /// `$states.result` (SFN-JA-20).
    pub(crate) result: Option<Payload>,
    /// `$states.errorOutput`
    pub(crate) error_output: Option<Payload>,
    effective_input: OnceCell<Payload>,
    context: OnceCell<Value>,
    pub(super) states: OnceCell<Rc<Bound<'static>>>,
    pub(super) states_with_context: OnceCell<Rc<Bound<'static>>>,
    /// Variables that expressions asked for.
    pub(super) bound: RefCell<BTreeMap<String, Rc<Bound<'r>>>>,
    /// Bytes that the template in hand holds so far, at least.
    held: Cell<usize>,
    /// What all expressions together may do.
    pub(super) steps: Steps,
}

/// Where a path led to nothing: what is missing, and the value that was searched.
pub(super) struct Lost<'v> {
    pub(super) missing: Missing,
    pub(super) searched: &'v Value,
}

impl<'r> Eyes<'r> {
    pub(crate) fn new(run: &'r Run<'_>, id: FrameId) -> Eyes<'r> {
        Eyes {
            run,
            id,
            token: None,
            item: None,
            source: "STATE_DATA",
            result: None,
            error_output: None,
            effective_input: OnceCell::new(),
            context: OnceCell::new(),
            states: OnceCell::new(),
            states_with_context: OnceCell::new(),
            bound: RefCell::default(),
            held: Cell::default(),
            steps: Steps::default(),
        }
    }

    pub(super) fn frame(&self) -> &'r Frame {
        self.run.frame(self.id)
    }

    pub(super) fn state(&self) -> &'r State {
        self.run.state(self.id)
    }

    /// Tells an observer what the data flow came to.
    pub(crate) fn watch(&self, stage: Stage, value: &Payload) {
        self.run.watch(|observer| observer.stage(stage, value));
    }

    /// The raw state input.
    pub(crate) fn input(&self) -> &'r Payload {
        &self.frame().visit.input
    }

    /// The input after InputPath; in JSONata, and in a Fail state, the raw one.
    pub(crate) fn effective_input(&self) -> Result<&Payload, Raised> {
        if let Some(input) = self.effective_input.get() {
            return Ok(input);
        }
        let state = self.state();
        let input = match (&state.flow, &state.kind) {
            (Flow::JsonPath(flow), kind) if !matches!(kind, Kind::Fail(_)) => {
                self.path_field(&flow.input_path, self.input())?
            }
            _ => self.input().clone(),
        };
        if matches!(state.flow, Flow::JsonPath(_)) {
            self.watch(Stage::InputPath, &input);
        }
        Ok(self.effective_input.get_or_init(|| input))
    }

    /// The context object (SFN-CTX-1).
    pub(super) fn context(&self) -> &Value {
        self.context.get_or_init(|| self.build_context())
    }

    /// A template begins.
    pub(super) fn hold_nothing(&self) {
        self.held.set(0);
    }

    /// Refuses a template as soon as it is certain to hold more than any payload may; a short one
    /// can name a large value many times.
    pub(super) fn hold(&self, value: &Value) -> Result<(), Raised> {
        let held = self.held.get().saturating_add(bytes_at_least(value));
        self.held.set(held);
        match held > self.run.environment.limits.payload_bytes_max {
            true => Err(Raised::TooLong { of: (*self.state().name).into() }),
            false => Ok(()),
        }
    }

    /// What InputPath, OutputPath and ItemsPath make of a document.
    pub(super) fn path_field(
        &self,
        field: &PathField,
        document: &Payload,
    ) -> Result<Payload, Raised> {
        let path = match field {
            PathField::Whole => return Ok(document.clone()),
            PathField::Nothing => return Ok(nothing()),
            PathField::Path(path) => path,
        };
        if path.is_root() && *path.root() == Root::Document {
            return Ok(document.clone());
        }
        match self.select(path, document.value()) {
            Ok(selection) => Ok(Payload::from_value(selection.into_value())),
            Err(lost) => Err(no_results(path, &lost.missing)),
        }
    }

    /// What a path leads to in the effective input; `None` when nothing is there.
    pub(crate) fn find(&self, path: &Path) -> Result<Option<Cow<'_, Value>>, Raised> {
        let document = match path.root() {
            Root::Document => self.effective_input()?.value(),
            Root::Context | Root::Variable(_) => &Value::Null,
        };
        match self.select(path, document) {
            Ok(Selection::One(value)) => Ok(Some(Cow::Borrowed(value))),
            Ok(selection) => Ok(Some(Cow::Owned(selection.into_value()))),
            Err(lost) if lost.missing.too_many => Err(no_results(path, &lost.missing)),
            Err(_) => Ok(None),
        }
    }

    pub(super) fn select<'v>(
        &'v self,
        path: &Path,
        document: &'v Value,
    ) -> Result<Selection<'v>, Lost<'v>> {
        let root = match path.root() {
            Root::Document => document,
            Root::Context => self.context(),
            Root::Variable(name) => match self.variable(name) {
                Some(value) => value.value(),
                None => return Err(undefined(path, document)),
            },
        };
        if !self.run.environment.surroundings.may_go_on() {
            return Err(undefined(path, document));
        }
        path.select(root).map_err(|missing| Lost { missing, searched: root })
    }
}

/// No more than the length of the value's text.
fn bytes_at_least(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(_) => 1,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(bytes_at_least).sum::<usize>() + 2,
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| name.len() + 3 + bytes_at_least(value);
            members.iter().map(member).sum::<usize>() + 2
        }
    }
}

/// A variable that nobody assigned (SFN-VAR-11).
fn undefined<'v>(path: &Path, document: &'v Value) -> Lost<'v> {
    let missing = Missing {
        leaf: true,
        path: path.text().into(),
        past_end: false,
        not_array: None,
        too_many: false,
    };
    Lost { missing, searched: document }
}

/// language.md §13
pub(super) fn no_results(path: &Path, missing: &Missing) -> Raised {
    let text = path.text();
    let found = if missing.too_many {
        "The path looks at too many values".into()
    } else if missing.leaf {
        format!("No results for path: {}", missing.path)
    } else {
        format!("Missing property in path {}", missing.path)
    };
    Raised::Runtime(format!("Invalid path '{text}' : {found}"))
}
