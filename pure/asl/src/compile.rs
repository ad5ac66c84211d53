//! A tree to a definition: every rule is checked where the part it rules is compiled, so that one
//! pass gives both. A part with a finding compiles to something harmless; the definition is then
//! thrown away. Start at [`definition`].

mod at;
mod context;
mod errors;
mod expression;
mod fields;
mod graph;
mod integrations;
mod machine;
mod matrix;
mod numbers;
mod paths;
mod resource;
mod state;
mod states;
mod template;
mod variables;
mod warnings;

use std::collections::BTreeMap;

use crate::Options;
use crate::model::Definition;
use crate::read::tree::{Node, Shape};
pub(crate) use context::Raw;

/// What a tree came to.
pub(crate) struct Compiled {
    /// There exactly when no finding is an error.
    pub(crate) definition: Option<Definition>,
    pub(crate) findings: Vec<Raw>,
    pub(crate) variable_references: BTreeMap<String, Vec<String>>,
}

/// Checks and compiles a whole definition.
pub(crate) fn definition(root: &Node, options: &Options) -> Compiled {
    let mut context = context::Context::new(options);
    let definition = match root.shape {
        Shape::Object(_) => machine::definition(&mut context, &at::At::root(root)),
        _ => {
            context.error_nowhere(NO_OBJECT);
            None
        }
    };
    context.finish(definition)
}

/// SFN-VAL-4
pub(crate) const NO_OBJECT: &str = "Definition must be a valid JSON object";
