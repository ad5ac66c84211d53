//! What may be a name: state machines, activities, executions, aliases.

/// Longest name of a state machine, activity, execution or worker.
pub const NAME_CHARS_MAX: usize = 80;

/// The pattern of alias names, verbatim for the constraint message.
pub const ALIAS_NAME_PATTERN: &str = r"^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$";

/// Characters that no name has, besides white space and controls.
const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";

/// Whether `text` is a name (SFN-ERR-30): 1 to 80 characters, none of the forbidden ones.
pub fn name_ok(text: &str) -> bool {
    let fits = text.len() <= NAME_CHARS_MAX || text.chars().nth(NAME_CHARS_MAX).is_none();
    !text.is_empty() && fits && text.chars().all(char_ok)
}

/// Whether `text` has only characters of a name, however long it is. The length is a constraint
/// of the model and answers `ValidationException`; a character answers `InvalidName`.
pub fn name_chars_ok(text: &str) -> bool {
    !text.is_empty() && text.chars().all(char_ok)
}

/// The message of `InvalidName`.
pub fn invalid_name(text: &str) -> String {
    format!("Invalid Name: '{text}'")
}

/// Whether `text` matches [`ALIAS_NAME_PATTERN`] and has 1 to 80 characters.
pub fn alias_name_ok(text: &str) -> bool {
    text.len() <= NAME_CHARS_MAX && alias_name_chars_ok(text)
}

/// Whether `text` matches [`ALIAS_NAME_PATTERN`], however long it is.
pub fn alias_name_chars_ok(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
        && text.bytes().any(|byte| byte.is_ascii_alphabetic() || is_mark(byte))
}

fn is_mark(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.')
}

fn char_ok(char: char) -> bool {
    let noncharacter = matches!(char, '\u{FFFE}' | '\u{FFFF}' | '\u{10FFFF}');
    !(char.is_control() || char.is_whitespace() || FORBIDDEN.contains(char) || noncharacter)
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-ERR-30
    #[test]
    fn names() {
        for text in ["a", "a.b-c_d", "a+b=c@d!'()", "Größe", "名前", &"é".repeat(80)] {
            assert!(name_ok(text), "{text}");
        }
        for char in
            "<>{}[]?*\"#%\\^|~`$&,;:/ \t\n\u{0}\u{1f}\u{7f}\u{9f}\u{a0}\u{fffe}\u{10ffff}".chars()
        {
            assert!(!name_ok(&format!("a{char}")), "{char:?}");
        }
        assert!(!name_ok("") && !name_ok(&"a".repeat(81)) && name_chars_ok(&"a".repeat(81)));
    }

    // SFN-ALIAS-4
    #[test]
    fn alias_names() {
        for text in ["live", "a1", "1-", "1.", "_"] {
            assert!(alias_name_ok(text), "{text}");
        }
        for text in ["", "123", "INVALID ALIAS", "!INVALID", "ALIAS@", "ä"] {
            assert!(!alias_name_ok(text), "{text}");
        }
        assert!(!alias_name_ok(&"A".repeat(81)) && alias_name_chars_ok(&"A".repeat(81)));
    }
}
