//! Lines of text: heads, width, leftovers, words.

use super::{Finding, Source};

const WIDTH_MAX: usize = 100;

/// Left behind by accident. Split so that this file does not find itself.
const LEFTOVERS: [&str; 5] = [
    concat!("FIX", "ME"),
    concat!("TO", "DO"),
    concat!("XX", "X:"),
    concat!("dbg", "!("),
    concat!("todo", "!("),
];

/// A word and what to write instead. Compared in lower case, as whole words.
const BANNED: [(&str, &str); 13] = [
    (concat!("util", "s"), "a name that says what it does"),
    (concat!("helper", "s"), "a name that says what it does"),
    (concat!("mis", "c"), "a name that says what it holds"),
    (concat!("black", "list"), "refused"),
    (concat!("white", "list"), "allowed"),
    (concat!("sim", "ply"), "nothing: leave it out"),
    (concat!("obvious", "ly"), "nothing: leave it out"),
    (concat!("seam", "less"), "what it does"),
    (concat!("blaz", "ingly"), "a measurement"),
    (concat!("blaz", "ing"), "a measurement"),
    (concat!("world", "-class"), "a measurement"),
    (concat!("cutting", "-edge"), "what it does"),
    (concat!("effort", "less"), "what it does"),
];

/// Type names that say nothing.
const HOLLOW: [&str; 3] = [concat!("Man", "ager"), concat!("Help", "er"), concat!("Ut", "il")];

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    for source in sources {
        if source.has_extension("rs") {
            head(source, findings);
            width(source, findings);
            hollow_names(source, findings);
        }
        if source.has_extension("py") {
            width(source, findings);
        }
        if is_code(source) {
            leftovers(source, findings);
        }
        if is_code(source) || source.has_extension("md") {
            words(source, findings);
        }
    }
}

fn is_code(source: &Source) -> bool {
    ["rs", "py", "js", "mjs", "sh"].iter().any(|extension| source.has_extension(extension))
}

fn head(source: &Source, findings: &mut Vec<Finding>) {
    if !source.text.starts_with("//!") {
        findings.push(Finding::new(&source.path, 1, "does not begin with `//!` and what it is"));
    }
}

/// Text that cannot be broken is left alone: inside raw strings, and lines with an address.
fn width(source: &Source, findings: &mut Vec<Finding>) {
    let mut raw = false;
    for (index, line) in source.text.lines().enumerate() {
        let opens = line.contains("r#\"") || line.contains("r\"") || line.contains("\"\"\"");
        let closes = line.contains("\"#") || line.contains("\"\"\"");
        let exempt = raw || opens || line.contains("://");
        raw = if raw { !closes } else { line.contains("r#\"") && !ends_raw(line) };
        let length = line.chars().count();
        if length > WIDTH_MAX && !exempt {
            let message = format!("{length} characters wide; {WIDTH_MAX} are the limit");
            findings.push(Finding::new(&source.path, index + 1, message));
        }
    }
}

/// Whether a raw string that begins on this line also ends on it.
fn ends_raw(line: &str) -> bool {
    line.rsplit_once("r#\"").is_some_and(|(_, rest)| rest.contains("\"#"))
}

fn leftovers(source: &Source, findings: &mut Vec<Finding>) {
    for (index, line) in source.text.lines().enumerate() {
        for leftover in LEFTOVERS {
            if line.contains(leftover) {
                let message = format!("left over: `{leftover}`");
                findings.push(Finding::new(&source.path, index + 1, message));
            }
        }
    }
}

fn words(source: &Source, findings: &mut Vec<Finding>) {
    for (index, line) in source.text.lines().enumerate() {
        let lower = line.to_lowercase();
        for (word, instead) in BANNED {
            if has_word(&lower, word) {
                let message = format!("`{word}`: write {instead}");
                findings.push(Finding::new(&source.path, index + 1, message));
            }
        }
    }
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let before = line.get(..start).and_then(|text| text.chars().next_back());
        let after = line.get(start + word.len()..).and_then(|text| text.chars().next());
        let inside =
            |next: Option<char>| next.is_some_and(|next| next.is_alphanumeric() || next == '_');
        !inside(before) && !inside(after)
    })
}

fn hollow_names(source: &Source, findings: &mut Vec<Finding>) {
    for (index, line) in source.text.lines().enumerate() {
        let Some(name) = declared_type(line) else { continue };
        for hollow in HOLLOW {
            if name.ends_with(hollow) {
                let message = format!("`{name}`: name what it does, not `{hollow}`");
                findings.push(Finding::new(&source.path, index + 1, message));
            }
        }
    }
}

/// The name of a struct, enum or trait that a line declares.
fn declared_type(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    let keyword = words.next()?;
    let name = words.next()?;
    matches!(keyword, "struct" | "enum" | "trait")
        .then(|| name.split(['<', '(', ';', ':', '{']).next().unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::{Finding, Source, check};

    fn messages(path: &str, text: &str) -> Vec<String> {
        let mut found: Vec<Finding> = Vec::new();
        check(&[Source { path: path.into(), text: text.to_owned() }], &mut found);
        found.into_iter().map(|finding| format!("{}: {}", finding.line, finding.message)).collect()
    }

    #[test]
    fn each_rule_finds_and_lets_pass() {
        let long = "x".repeat(101);
        let rows = [
            ("a.rs", "//! Fine.\n".to_owned(), 0),
            ("a.rs", "use x;\n".to_owned(), 1),
            ("a.rs", format!("//! Wide.\n// {long}\n"), 1),
            ("a.rs", format!("//! Data.\nlet a = r#\"\n{long}\n\"#;\n"), 0),
            ("a.rs", format!("//! Address.\n// https://{long}\n"), 0),
            ("a.rs", format!("//! Left.\n// {}\n", concat!("TO", "DO")), 1),
            ("a.rs", format!("//! Name.\nstruct Table{};\n", concat!("Man", "ager")), 1),
            ("a.py", format!("# {long}\n"), 1),
            ("a.md", format!("{long}\n"), 0),
            ("a.md", format!("It is {} here.\n", concat!("sim", "ply")), 1),
            ("a.md", "A simplyfied word.\n".to_owned(), 0),
        ];
        for (path, text, expected) in rows {
            let found = messages(path, &text);
            assert_eq!(found.len(), expected, "{text}: {found:?}");
        }
    }
}
