//! Findings for people: where in the text, with the line and a mark under the place.

use crate::finding::{Finding, Position};

/// How much of a long line is shown around the place, in characters.
const LINE_CHARS_MAX: usize = 100;
/// How much of a long line is shown before the place.
const BEFORE_CHARS_MAX: usize = 40;

/// The finding as `CreateStateMachine` tells it: `CODE: message at location` (SFN-SM-1).
pub fn describe(finding: &Finding) -> String {
    let location = finding.location.as_deref().unwrap_or("null");
    // A parser's message names its place already.
    if finding.message.ends_with(location) {
        return format!("{}: {}", finding.code, finding.message);
    }
    format!("{}: {} at {location}", finding.code, finding.message)
}

/// The finding, its line and column, and the line of the text with a mark under the place.
///
/// ```text
/// MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next
///   line 4, column 15
///   4 |       "Next": "B"
///     |               ^^^
/// ```
pub fn excerpt(text: &str, finding: &Finding) -> String {
    let headline = headline(finding);
    let Some(position) = finding.position else { return headline };
    let Position { line, column, .. } = position;
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let (shown, mark) = marked_line(text, &position);
    format!("{headline}\n  line {line}, column {column}\n  {number} | {shown}\n  {margin} | {mark}")
}

/// The first line of the message: a parser's `at [Source: …]` would repeat the whole text.
fn headline(finding: &Finding) -> String {
    let message = finding.message.lines().next().unwrap_or("");
    match finding.location.as_deref().filter(|location| location.starts_with('/')) {
        Some(location) => format!("{}: {message} at {location}", finding.code),
        None => format!("{}: {message}", finding.code),
    }
}

/// The line, cut around the place when it is long, and the line with the mark.
fn marked_line(text: &str, position: &Position) -> (String, String) {
    let before = text.get(..position.offset).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let rest = text.get(line_start..).unwrap_or("");
    let line = rest.split(['\n', '\r']).next().unwrap_or("");
    let cut = (position.column - 1).saturating_sub(BEFORE_CHARS_MAX);
    let cut = if line.chars().count() > LINE_CHARS_MAX { cut } else { 0 };
    let shown: String = line.chars().skip(cut).take(LINE_CHARS_MAX).collect();
    let blank = |letter| if letter == '\t' { '\t' } else { ' ' };
    let indent: String = shown.chars().take(position.column - 1 - cut).map(blank).collect();
    let place = text.get(position.offset..position.offset + position.length).unwrap_or("");
    let marked = place.split(['\n', '\r']).next().unwrap_or("").chars().count();
    let room = LINE_CHARS_MAX.saturating_sub(position.column - 1 - cut);
    (shown, format!("{indent}{}", "^".repeat(marked.clamp(1, room.max(1)))))
}
