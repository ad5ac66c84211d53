//! Durations, marks and shortened texts, as every command writes them.

use std::path::Path;
use std::time::Duration;

use console::style;

/// Longest cause that is shown on a line.
const CAUSE_CHARACTERS_MAX: usize = 300;

/// `12 ms`, `3.4 s`, `2 min 5 s`, `1 h 3 min`.
pub(crate) fn duration(length: Duration) -> String {
    let milliseconds = length.as_millis();
    let seconds = length.as_secs();
    if milliseconds < 1_000 {
        format!("{milliseconds} ms")
    } else if milliseconds < 59_950 {
        format!("{:.1} s", length.as_secs_f64())
    } else if seconds < 3_600 {
        format!("{} min {} s", seconds / 60, seconds % 60)
    } else {
        format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60)
    }
}

pub(crate) fn good() -> String {
    style("✓").green().to_string()
}

pub(crate) fn bad() -> String {
    style("✗").red().bold().to_string()
}

pub(crate) fn warning() -> String {
    style("!").yellow().bold().to_string()
}

pub(crate) fn again() -> String {
    style("↻").yellow().to_string()
}

/// One line of at most [`CAUSE_CHARACTERS_MAX`] characters. A cause that is the JSON answer of a
/// function gives its `errorMessage`.
pub(crate) fn cause(text: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(text)
        .ok()
        .and_then(|value| value.get("errorMessage")?.as_str().map(str::to_owned))
        .unwrap_or_else(|| text.to_owned());
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = printable(&line);
    match line.char_indices().nth(CAUSE_CHARACTERS_MAX) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or("")),
        None => line,
    }
}

/// The text without control characters: what comes from outside may not steer the terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control() || *character == '\t').collect()
}

/// A path as people write it: relative when it is below the working directory.
pub(crate) fn short(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    match inside {
        Some(inside) if !inside.as_os_str().is_empty() => inside.display().to_string(),
        _ => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        for (milliseconds, expected) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (59_949, "59.9 s"),
            (60_000, "1 min 0 s"),
            (125_000, "2 min 5 s"),
            (3_780_000, "1 h 3 min"),
        ] {
            assert_eq!(duration(Duration::from_millis(milliseconds)), expected);
        }
    }

    #[test]
    fn causes_become_one_safe_line() {
        assert_eq!(cause("a\n  b"), "a b");
        assert_eq!(cause(r#"{"errorMessage":"too late","errorType":"E"}"#), "too late");
        assert_eq!(cause("\u{1b}[31mred"), "[31mred");
        assert_eq!(cause(&"x".repeat(400)).chars().count(), 301);
    }
}
