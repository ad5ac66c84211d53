//! Text to expression, and the parser's complaints in the reference implementation's words.

use std::sync::Arc;

use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::parser::{self, ParserError};

use crate::{
    EXPRESSION_BYTES_MAX, Expression, ParseError, functions, guard, meter, references, standins,
    tree,
};

pub(crate) fn expression(text: &str) -> Result<Expression, ParseError> {
    compile(text, meter::Survey::is_to_count)
}

/// With every step counted.
pub(crate) fn expression_counted(text: &str) -> Result<Expression, ParseError> {
    compile(text, |_| true)
}

fn compile(text: &str, counts: impl Fn(&meter::Survey) -> bool) -> Result<Expression, ParseError> {
    let text = text.trim();
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(told(format!("Expression exceeds {EXPRESSION_BYTES_MAX} bytes")));
    }
    let mut tree = parser::parse(text).map_err(|error| told(message(text, &error)))?;
    refuse_late_errors(&tree)?;
    let references = references::collect(&tree);
    let shape = tree::shape(&tree);
    let survey = meter::survey(&tree);
    if !survey.calls {
        meter::evaluate_once(&mut tree);
    }
    guard::install(&mut tree, shape);
    standins::install(&mut tree);
    let looks = match counts(&survey) {
        true => {
            meter::install(&mut tree);
            0
        }
        false => survey.looks(),
    };
    let functions = functions::named(&tree);
    let (text, tree, calls) = (text.to_owned(), Arc::new(tree), survey.calls);
    Ok(Expression { text, tree, references, depth: shape.depth, calls, looks, functions })
}

fn told(message: String) -> ParseError {
    ParseError { message }
}

/// What the evaluator lets pass until it runs, and the reference parser does not.
fn refuse_late_errors(tree: &AstNode) -> Result<(), ParseError> {
    let mut error = None;
    tree::visit(tree, &mut |node| {
        let found = match node {
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. }
                if !matches!(**lhs, AstNode::Variable(_)) =>
            {
                "The left side of := must be a variable name (start with $)"
            }
            AstNode::Regex { pattern, .. } if pattern.is_empty() => {
                "Empty regular expressions are not allowed"
            }
            _ => return,
        };
        error.get_or_insert(found);
    });
    error.map_or(Ok(()), |message| Err(told(message.to_owned())))
}

fn message(text: &str, error: &ParserError) -> String {
    match error {
        ParserError::UnexpectedEnd => "Unexpected end of expression".to_owned(),
        ParserError::UnexpectedToken(token) => match token.as_str() {
            "Eof" => "Unexpected end of expression".to_owned(),
            "!" => "Unknown operator: \"!\"".to_owned(),
            token => format!("The symbol {} cannot be used as a unary operator", symbol(token)),
        },
        ParserError::Expected { expected, .. } if expected == "parameter name" => {
            "Parameter 1 of function definition must be a variable name (start with $)".to_owned()
        }
        ParserError::Expected { expected, found } if found == "Eof" => {
            format!("Expected {} before end of expression", symbol(expected))
        }
        ParserError::Expected { expected, found } => {
            format!("Expected {}, got {}", symbol(expected), symbol(found))
        }
        ParserError::UnclosedString if ends_in_regex(text) => {
            "No terminating / in regular expression".to_owned()
        }
        ParserError::UnclosedComment => "Comment has no closing tag".to_owned(),
        ParserError::InvalidEscape(escape) => match escape.strip_prefix('\\') {
            Some(hex) if hex.starts_with('u') => without_code(&error.to_string()),
            Some(other) => format!("Unsupported escape sequence: \\\"{other}\""),
            None => without_code(&error.to_string()),
        },
        ParserError::InvalidSyntax(detail) => syntax(detail),
        ParserError::InvalidNumber(detail) => number(detail),
        ParserError::Coded { code: "S0214", message } if message.ends_with(['@', '#']) => {
            let sign = message.chars().next_back().unwrap_or('@');
            format!("The right side of \"{sign}\" must be a variable name (start with $)")
        }
        other => without_code(&other.to_string()),
    }
}

fn syntax(detail: &str) -> String {
    match detail.strip_prefix("S0201: Syntax error: ") {
        Some(token) => format!("Syntax error: {}", symbol(token)),
        None => without_code(detail),
    }
}

fn number(detail: &str) -> String {
    match detail.strip_prefix("S0102: Number out of range: ") {
        Some(number) => format!("Number out of range: \"{number}\""),
        None => without_code(detail),
    }
}

/// The text after a leading `S0123: `.
fn without_code(message: &str) -> String {
    crate::messages::split_code(message).1.to_owned()
}

/// The evaluator prints its tokens by name; the reference prints them as JSON.
fn symbol(token: &str) -> String {
    if let Some((kind, inside)) = token.split_once('(') {
        let inside = inside.strip_suffix(')').unwrap_or(inside);
        return match kind {
            "Number" => inside.strip_suffix(".0").unwrap_or(inside).to_owned(),
            _ => inside.to_owned(),
        };
    }
    let text = match token {
        "True" => return "true".to_owned(),
        "False" => return "false".to_owned(),
        "Null" => return "null".to_owned(),
        "Plus" => "+",
        "Minus" => "-",
        "Star" => "*",
        "StarStar" => "**",
        "Slash" => "/",
        "Percent" => "%",
        "Equal" => "=",
        "NotEqual" => "!=",
        "LessThan" => "<",
        "LessThanOrEqual" => "<=",
        "GreaterThan" => ">",
        "GreaterThanOrEqual" => ">=",
        "And" => "and",
        "Or" => "or",
        "In" => "in",
        "Ampersand" => "&",
        "Dot" => ".",
        "DotDot" => "..",
        "Question" => "?",
        "QuestionQuestion" => "??",
        "QuestionColon" => "?:",
        "Colon" => ":",
        "ColonEqual" => ":=",
        "TildeArrow" => "~>",
        "LeftParen" => "(",
        "RightParen" => ")",
        "LeftBracket" => "[",
        "RightBracket" => "]",
        "LeftBrace" => "{",
        "RightBrace" => "}",
        "Comma" => ",",
        "Semicolon" => ";",
        "Caret" => "^",
        "Pipe" => "|",
        "Hash" => "#",
        "At" => "@",
        "Eof" => "(end)",
        other => other,
    };
    format!("\"{text}\"")
}

/// Whether the thing without an end is a regular expression: the evaluator calls it a string too.
fn ends_in_regex(text: &str) -> bool {
    let mut rest = text.chars().peekable();
    let mut after_operand = false;
    while let Some(next) = rest.next() {
        match next {
            '"' | '\'' | '`' => {
                if !skip_to(&mut rest, next) {
                    return false;
                }
                after_operand = true;
            }
            '/' if rest.peek() == Some(&'*') => {
                while let Some(inside) = rest.next() {
                    if inside == '*' && rest.peek() == Some(&'/') {
                        rest.next();
                        break;
                    }
                }
            }
            '/' if !after_operand => {
                if !skip_to(&mut rest, '/') {
                    return true;
                }
                after_operand = true;
            }
            blank if blank.is_whitespace() => {}
            other => after_operand = other.is_alphanumeric() || "_$)]}".contains(other),
        }
    }
    false
}

/// Goes behind the next `end` that no backslash precedes.
fn skip_to(rest: &mut impl Iterator<Item = char>, end: char) -> bool {
    while let Some(next) = rest.next() {
        match next {
            '\\' => drop(rest.next()),
            _ if next == end => return true,
            _ => {}
        }
    }
    false
}
