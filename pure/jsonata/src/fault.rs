//! What ends an evaluation early, and what it is to the outside (SFN-JA-5, SFN-JA-8, SFN-JA-11).

use crate::signature::plural;
use crate::{DEPTH_MAX, EvaluationError, text};

/// What the service says to allow, whatever ended the evaluation.
const TOLD_MS: u64 = 5_000;

#[derive(Debug)]
pub(crate) struct Fault(Box<Reason>);

#[derive(Debug)]
enum Reason {
    Steps,
    Depth,
    Memory,
    Uncoded(String),
    Thrown(&'static str, String),
    Argument {
        index: usize,
        why: Misfit,
        function: Option<String>,
    },
    /// A function given as argument does not give what such functions give.
    Matcher(Option<String>),
}

/// Why an argument is refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Misfit {
    Argument,
    Context,
    Items(u16),
}

pub(crate) fn thrown(code: &'static str, message: impl Into<String>) -> Fault {
    Fault(Box::new(Reason::Thrown(code, message.into())))
}

pub(crate) fn uncoded(message: String) -> Fault {
    Fault(Box::new(Reason::Uncoded(message)))
}

#[cold]
pub(crate) fn out_of_steps() -> Fault {
    Fault(Box::new(Reason::Steps))
}

#[cold]
pub(crate) fn too_deep() -> Fault {
    Fault(Box::new(Reason::Depth))
}

#[cold]
pub(crate) fn memory() -> Fault {
    Fault(Box::new(Reason::Memory))
}

/// Argument `index`, counted from one.
pub(crate) fn argument(index: usize, why: Misfit) -> Fault {
    Fault(Box::new(Reason::Argument { index, why, function: None }))
}

pub(crate) fn matcher() -> Fault {
    Fault(Box::new(Reason::Matcher(None)))
}

impl Fault {
    pub(crate) fn is_out_of_steps(&self) -> bool {
        matches!(*self.0, Reason::Steps)
    }

    /// The function whose call it came from: the first one named is the innermost.
    pub(crate) fn within(mut self, name: impl FnOnce() -> Option<String>) -> Fault {
        if let Reason::Argument { function: function @ None, .. }
        | Reason::Matcher(function @ None) = &mut *self.0
        {
            *function = name();
        }
        self
    }

    pub(crate) fn outcome(self) -> EvaluationError {
        let (code, message) = match *self.0 {
            Reason::Steps => {
                let said =
                    format!("Expression evaluation timeout: {TOLD_MS}ms. Check for infinite loop");
                (None, said)
            }
            Reason::Depth => (
                None,
                format!(
                    "Stack overflow error: Check for non-terminating recursive function.  Consider \
                     rewriting as tail-recursive. Depth={} max={DEPTH_MAX}",
                    DEPTH_MAX + 1
                ),
            ),
            Reason::Memory => (None, "Expression evaluation memory limit exceeded".to_owned()),
            Reason::Uncoded(message) => (None, message),
            Reason::Thrown(code, message) => (Some(code), message),
            Reason::Argument { index, why, function } => misfit(index, why, function),
            Reason::Matcher(function) => (
                Some("T1010"),
                format!(
                    "The matcher function argument passed to function {} does not return the \
                     correct object structure",
                    text::quoted(&function.unwrap_or_default())
                ),
            ),
        };
        EvaluationError::Thrown { code: code.map(str::to_owned), message }
    }
}

fn misfit(index: usize, why: Misfit, function: Option<String>) -> (Option<&'static str>, String) {
    let name = text::quoted(&function.unwrap_or_default());
    match why {
        Misfit::Argument => (
            Some("T0410"),
            format!("Argument {index} of function {name} does not match function signature"),
        ),
        Misfit::Context => (
            Some("T0411"),
            format!(
                "Context value is not a compatible type with argument {index} of function {name}"
            ),
        ),
        Misfit::Items(kinds) => (
            Some("T0412"),
            format!(
                "Argument {index} of function {name} must be an array of \"{}\"",
                plural(kinds)
            ),
        ),
    }
}
