//! Errors in the reference implementation's words, the code apart (SFN-JA-5, SFN-JA-8).

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::EvaluatorError;

use crate::{DEPTH_MAX, EvaluationError, signatures, tree};

/// What the service says to allow, whatever ended the evaluation.
const TOLD_MS: u64 = 5_000;

const MEMORY_EXCEEDED: &str = "Expression evaluation memory limit exceeded";

/// Messages without values of their own, where the evaluator words them otherwise.
const WORDINGS: &[(&str, &str)] = &[
    ("T1006", "Attempted to invoke a non-function"),
    ("T1008", "Attempted to partially apply a non-function"),
    ("T2003", "The left side of the range operator (..) must evaluate to an integer"),
    ("T2004", "The right side of the range operator (..) must evaluate to an integer"),
    ("T2006", "The right side of the function application operator ~> must be a function"),
    (
        "T2008",
        "The expressions within an order-by clause must evaluate to numeric or string values",
    ),
    ("D3001", "Attempting to invoke string function on Infinity or NaN"),
    ("D3010", "Second argument of replace function cannot be an empty string"),
    ("D3011", "Fourth argument of replace function must evaluate to a positive number"),
    ("D3012", "Attempted to replace a matched string with a non-string value"),
    ("D3020", "Third argument of split function must evaluate to a positive number"),
    ("D3040", "Third argument of match function must evaluate to a positive number"),
    ("D3080", "The picture string must only contain a maximum of two sub-pictures"),
    (
        "D3081",
        "The sub-picture must not contain more than one instance of the 'decimal-separator' \
         character",
    ),
    ("D3082", "The sub-picture must not contain more than one instance of the 'percent' character"),
    (
        "D3083",
        "The sub-picture must not contain more than one instance of the 'per-mille' character",
    ),
    ("D3084", "The sub-picture must not contain both a 'percent' and a 'per-mille' character"),
    (
        "D3085",
        "The mantissa part of a sub-picture must contain at least one character that is either an \
         'optional digit character' or a member of the 'decimal digit family'",
    ),
    (
        "D3086",
        "The sub-picture must not contain a passive character that is preceded by an active \
         character and that is followed by another active character",
    ),
    (
        "D3087",
        "The sub-picture must not contain a 'grouping-separator' character that appears adjacent \
         to a 'decimal-separator' character",
    ),
    (
        "D3088",
        "The sub-picture must not contain a 'grouping-separator' at the end of the integer part",
    ),
    (
        "D3089",
        "The sub-picture must not contain two adjacent instances of the 'grouping-separator' \
         character",
    ),
    (
        "D3090",
        "The integer part of the sub-picture must not contain a member of the 'decimal digit \
         family' that is followed by an instance of the 'optional digit character'",
    ),
    (
        "D3091",
        "The fractional part of the sub-picture must not contain an instance of the 'optional \
         digit character' that is followed by a member of the 'decimal digit family'",
    ),
    (
        "D3092",
        "A sub-picture that contains a 'percent' or 'per-mille' character must not contain a \
         character treated as an 'exponent-separator'",
    ),
    (
        "D3093",
        "The exponent part of the sub-picture must comprise only of one or more characters that \
         are members of the 'decimal digit family'",
    ),
    ("D3131", "In a decimal digit pattern, all digits must be from the same decimal group"),
    ("D3134", "The timezone integer format specifier cannot have more than four digits"),
    ("D3135", "No matching closing bracket ']' in date/time picture string"),
    ("D3136", "The date/time picture string is missing specifiers required to parse the timestamp"),
    (
        "D3138",
        "The $single() function expected exactly 1 matching result.  Instead it matched more.",
    ),
    ("D3139", "The $single() function expected exactly 1 matching result.  Instead it matched 0."),
];

pub(crate) fn memory_exceeded() -> EvaluatorError {
    EvaluatorError::EvaluationError(MEMORY_EXCEEDED.to_owned())
}

pub(crate) fn memory_exceeded_outcome() -> EvaluationError {
    uncoded(MEMORY_EXCEEDED.to_owned())
}

/// What the evaluator says when its clock runs out, so that both ends are one.
pub(crate) fn out_of_steps() -> EvaluatorError {
    EvaluatorError::EvaluationError("D1012: out of steps".to_owned())
}

pub(crate) fn is_timeout(error: &EvaluatorError) -> bool {
    split_code(error.message()).0 == Some("D1012")
}

pub(crate) fn no_function() -> EvaluatorError {
    EvaluatorError::TypeError("T1006: Attempted to invoke a non-function".to_owned())
}

pub(crate) fn wrong_argument(function: &str, index: usize) -> EvaluatorError {
    EvaluatorError::TypeError(format!(
        "T0410: Argument {index} of function \"{function}\" does not match function signature"
    ))
}

/// SFN-JA-11
pub(crate) fn too_deep() -> EvaluationError {
    uncoded(format!(
        "Stack overflow error: Check for non-terminating recursive function.  Consider rewriting \
         as tail-recursive. Depth={} max={DEPTH_MAX}",
        DEPTH_MAX + 1
    ))
}

/// SFN-JA-11; the same words whether steps or the clock ran out.
pub(crate) fn timed_out() -> EvaluationError {
    uncoded(format!("Expression evaluation timeout: {TOLD_MS}ms. Check for infinite loop"))
}

/// What the evaluator's error is to the interpreter.
pub(crate) fn outcome(error: &EvaluatorError, tree: &AstNode) -> EvaluationError {
    match split_code(error.message()) {
        (Some("D1011" | "U1001"), _) => too_deep(),
        (Some("D1012"), _) => timed_out(),
        (Some("D2014" | "D2015"), _) => memory_exceeded_outcome(),
        (Some(code), message) => EvaluationError::Thrown {
            code: Some(code.to_owned()),
            message: worded(code, message, tree),
        },
        (None, message) => uncoded(message.to_owned()),
    }
}

fn uncoded(message: String) -> EvaluationError {
    EvaluationError::Thrown { code: None, message }
}

/// The first code in the message, and what follows it.
pub(crate) fn split_code(message: &str) -> (Option<&str>, &str) {
    for (at, _) in message.match_indices(": ") {
        let Some(code) = at.checked_sub(5).and_then(|start| message.get(start..at)) else {
            continue;
        };
        let (letter, digits) = code.split_at_checked(1).unwrap_or(("", code));
        let is_code = letter.starts_with(|first: char| first.is_ascii_uppercase())
            && digits.len() == 4
            && digits.bytes().all(|digit| digit.is_ascii_digit());
        if is_code {
            return (Some(code), message.get(at + 2..).unwrap_or(""));
        }
    }
    (None, message)
}

fn worded(code: &str, message: &str, tree: &AstNode) -> String {
    if let Some((_, wording)) = WORDINGS.iter().find(|(known, _)| *known == code) {
        return (*wording).to_owned();
    }
    let reworded = match code {
        "T0410" | "T0411" | "T0412" => argument(code, message, tree),
        "T2001" | "T2002" => quoted_operator(message),
        "D3030" => between(message, "Cannot convert '", "' to number")
            .map(|text| format!("Unable to cast value to a number: {}", json(text))),
        "D3100" => message.rsplit(' ').next().map(|radix| {
            format!(
                "The radix of the formatBase function must be between 2 and 36.  It was given \
                 {radix}"
            )
        }),
        "D3130" => Some(format!(
            "Formatting or parsing an integer as a sequence starting with {} is not supported by \
             this implementation",
            json(message)
        )),
        "D3132" => Some(format!(
            "Unknown component specifier {} in date/time picture string",
            json(message)
        )),
        "D3133" => Some(format!(
            "The 'name' modifier can only be applied to months and days in the date/time picture \
             string, not {}",
            json(message)
        )),
        _ => None,
    };
    reworded.unwrap_or_else(|| message.to_owned())
}

/// `The left side of the + operator …`: the reference quotes the operator.
fn quoted_operator(message: &str) -> Option<String> {
    let (before, rest) = message.split_once(" side of the ")?;
    let (operator, after) = rest.split_once(" operator")?;
    let operator = operator.trim_matches('"');
    Some(format!("{before} side of the \"{operator}\" operator{after}"))
}

/// `Argument 1 must be Number`, to which the reference adds the function's name.
fn argument(code: &str, message: &str, tree: &AstNode) -> Option<String> {
    if message.contains(" of function ") {
        return None;
    }
    let (index, kind) = index_and_kind(message)?;
    let name = json(&culprit(tree, index, kind));
    Some(match code {
        "T0411" => format!(
            "Context value is not a compatible type with argument {index} of function {name}"
        ),
        "T0412" => {
            let kinds = match kind {
                'A' => "strings",
                'O' => "objects",
                _ => "numbers",
            };
            format!("Argument {index} of function {name} must be an array of \"{kinds}\"")
        }
        _ => format!("Argument {index} of function {name} does not match function signature"),
    })
}

/// The argument's place and the letter of the kind that was expected, as in the signatures.
fn index_and_kind(message: &str) -> Option<(usize, char)> {
    if let Some(counts) = message.strip_prefix("Argument count mismatch: expected ") {
        let (expected, got) = counts.split_once(", got ")?;
        let (expected, got): (usize, usize) = (expected.parse().ok()?, got.parse().ok()?);
        return Some((expected.min(got) + 1, '?'));
    }
    let (index, kind) = message.strip_prefix("Argument ")?.split_once(" must be ")?;
    let letter = match kind.trim_start_matches('(') {
        kind if kind.starts_with("an array of Number") => 'N',
        kind if kind.starts_with("an array of String") => 'A',
        kind if kind.starts_with("an array of Object") => 'O',
        kind if kind.starts_with("Number") => 'n',
        kind if kind.starts_with("String") => 's',
        kind if kind.starts_with("Boolean") => 'b',
        kind if kind.starts_with("Function") => 'f',
        kind if kind.starts_with("Array") => 'a',
        kind if kind.starts_with("Object") => 'o',
        _ => '?',
    };
    Some((index.parse().ok()?, letter))
}

/// The evaluator does not say which function refused its argument: the first one called whose
/// signature could have, else the first one called at all.
fn culprit(tree: &AstNode, index: usize, kind: char) -> String {
    let mut called = Vec::new();
    tree::visit(tree, &mut |node| match node {
        AstNode::Function { name, .. } | AstNode::Variable(name) => {
            // Some are rewritten to functions of ours.
            let name = name.strip_prefix("__").unwrap_or(name);
            called.extend(signatures::is_function(name).then_some(name));
        }
        _ => {}
    });
    let could = called.iter().find(|name| signatures::takes(name, index, kind));
    could.or(called.first()).copied().unwrap_or_default().to_owned()
}

fn between<'m>(message: &'m str, before: &str, after: &str) -> Option<&'m str> {
    message.strip_prefix(before)?.strip_suffix(after)
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
