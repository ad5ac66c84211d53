//! Constraints of a service model, checked together and reported together, in AWS's words
//! (SFN-ERR-10, SFN-ERR-11, SFN-ERR-12). The code of the fault is `ValidationException`.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;

use crate::tags::{KEY_CHARS_MAX, Tag, VALUE_CHARS_MAX};

/// Longest value that a message repeats, in characters: messages stay readable and bounded.
const SHOWN_CHARS_MAX: usize = 4096;

/// Most violations that one message lists.
const VIOLATIONS_MAX: usize = 20;

/// Violations found so far. Absent optional members violate nothing but [`Constraints::required`].
#[derive(Debug, Default)]
pub struct Constraints {
    violations: Vec<String>,
}

/// A text member of a request that may be absent.
pub trait Given {
    fn given(&self) -> Option<&str>;
}

impl Constraints {
    pub fn new() -> Constraints {
        Constraints::default()
    }

    /// `Member must not be null`.
    #[must_use]
    pub fn required(self, path: &str, present: bool) -> Constraints {
        let message = || format!("Value null at '{path}' {FAILED}: Member must not be null");
        self.check(present, message)
    }

    /// A text of `min` to `max` characters.
    #[must_use]
    pub fn text_len<T: Given + ?Sized>(
        self,
        path: &str,
        value: &T,
        min: usize,
        max: usize,
    ) -> Constraints {
        let Some(text) = value.given() else {
            return self;
        };
        self.length(path, &shown(text), chars_up_to(text, max), (min, max))
    }

    /// A text of 1 to `max` characters that must be there.
    #[must_use]
    pub fn required_text<T: Given + ?Sized>(
        self,
        path: &str,
        value: &T,
        max: usize,
    ) -> Constraints {
        self.required(path, value.given().is_some()).text_len(path, value, 1, max)
    }

    /// A sensitive text of `min` to `max` characters; the message does not repeat it.
    #[must_use]
    pub fn sensitive_len<T: Given + ?Sized>(
        mut self,
        path: &str,
        value: &T,
        min: usize,
        max: usize,
    ) -> Constraints {
        let Some(text) = value.given() else {
            return self;
        };
        if let Some(constraint) = length_violated(chars_up_to(text, max), (min, max)) {
            self.add(format!("Value at '{path}' {FAILED}: {constraint}"));
        }
        self
    }

    /// A payload of at most `max` bytes of UTF-8; the message does not repeat it.
    #[must_use]
    pub fn payload<T: Given + ?Sized>(self, path: &str, value: &T, max: usize) -> Constraints {
        let fits = value.given().is_none_or(|text| text.len() <= max);
        self.check(fits, || {
            format!(
                "Value at '{path}' {FAILED}: Member must have size less than or equal to {max} \
                 bytes in UTF-8 encoding"
            )
        })
    }

    /// A text that `matches`; the message shows `pattern`.
    #[must_use]
    pub fn pattern<T: Given + ?Sized>(
        self,
        path: &str,
        value: &T,
        pattern: &str,
        matches: fn(&str) -> bool,
    ) -> Constraints {
        let Some(text) = value.given() else {
            return self;
        };
        self.check(matches(text), || {
            let constraint = format!("Member must satisfy regular expression pattern: {pattern}");
            violation(path, &shown(text), &constraint)
        })
    }

    /// One of the values of an enum, in the order in which AWS prints them (SFN-ERR-13).
    #[must_use]
    pub fn one_of<T: Given + ?Sized>(self, path: &str, value: &T, set: &[&str]) -> Constraints {
        let Some(text) = value.given() else {
            return self;
        };
        self.check(set.contains(&text), || {
            let constraint = format!("Member must satisfy enum value set: [{}]", set.join(", "));
            violation(path, &shown(text), &constraint)
        })
    }

    /// A number from `min` to `max`.
    #[must_use]
    pub fn range<N: PartialOrd + Display + Copy>(
        self,
        path: &str,
        value: Option<N>,
        min: N,
        max: N,
    ) -> Constraints {
        let Some(number) = value else { return self };
        let bound = if number > max {
            format!("less than or equal to {max}")
        } else if number < min {
            format!("greater than or equal to {min}")
        } else {
            return self;
        };
        let constraint = format!("Member must have value {bound}");
        self.check(false, || violation(path, &number.to_string(), &constraint))
    }

    /// A list of `min` to `max` members; `print` shows it as AWS does (SFN-ERR-14).
    #[must_use]
    pub fn list_len(
        self,
        path: &str,
        count: usize,
        (min, max): (usize, usize),
        print: impl FnOnce() -> String,
    ) -> Constraints {
        if (min..=max).contains(&count) {
            return self;
        }
        let printed = print();
        self.length(path, &shown(&printed), count, (min, max))
    }

    /// Lengths of keys and values of tags.
    #[must_use]
    pub fn tags(mut self, path: &str, tags: &[Tag]) -> Constraints {
        for (index, tag) in tags.iter().enumerate() {
            let member = format!("{path}.{}.member", index + 1);
            self = self.text_len(&format!("{member}.key"), &tag.key, 1, KEY_CHARS_MAX).text_len(
                &format!("{member}.value"),
                &tag.value,
                0,
                VALUE_CHARS_MAX,
            );
        }
        self
    }

    /// Nothing, or the message that lists what was violated.
    pub fn finish(self) -> Result<(), String> {
        match self.violations.as_slice() {
            [] => Ok(()),
            [one] => Err(format!("1 validation error detected: {one}")),
            many => Err(format!("{} validation errors detected: {}", many.len(), many.join("; "))),
        }
    }

    fn length(
        mut self,
        path: &str,
        value: &str,
        length: usize,
        bounds: (usize, usize),
    ) -> Constraints {
        if let Some(constraint) = length_violated(length, bounds) {
            self.add(violation(path, value, &constraint));
        }
        self
    }

    fn check(mut self, fits: bool, message: impl FnOnce() -> String) -> Constraints {
        if !fits {
            self.add(message());
        }
        self
    }

    fn add(&mut self, message: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(message);
        }
    }
}

const FAILED: &str = "failed to satisfy constraint";

fn violation(path: &str, value: &str, constraint: &str) -> String {
    format!("Value '{value}' at '{path}' {FAILED}: {constraint}")
}

fn length_violated(length: usize, (min, max): (usize, usize)) -> Option<String> {
    if length > max {
        Some(format!("Member must have length less than or equal to {max}"))
    } else if length < min {
        Some(format!("Member must have length greater than or equal to {min}"))
    } else {
        None
    }
}

/// Characters of `text`, counted only as far as `max` needs.
fn chars_up_to(text: &str, max: usize) -> usize {
    if text.len() <= max { text.chars().count() } else { text.chars().take(max + 1).count() }
}

fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}...", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

impl Given for str {
    fn given(&self) -> Option<&str> {
        Some(self)
    }
}

impl Given for String {
    fn given(&self) -> Option<&str> {
        Some(self)
    }
}

impl Given for Arc<str> {
    fn given(&self) -> Option<&str> {
        Some(self)
    }
}

impl<T: Given + ?Sized> Given for &T {
    fn given(&self) -> Option<&str> {
        (**self).given()
    }
}

impl<T: Given> Given for Option<T> {
    fn given(&self) -> Option<&str> {
        self.as_ref().and_then(Given::given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{ALIAS_NAME_PATTERN, alias_name_chars_ok};

    fn check(constraints: Constraints, expected: &str) {
        let message = constraints.finish().err().unwrap_or_default();
        assert_eq!(message, expected);
    }

    // SFN-ERR-10, SFN-ERR-11
    #[test]
    fn single_violations() {
        check(
            Constraints::new().range("maxResults", Some(1001), 0, 1000),
            "1 validation error detected: Value '1001' at 'maxResults' failed to satisfy \
             constraint: Member must have value less than or equal to 1000",
        );
        check(
            Constraints::new().range("maxConcurrency", Some(-1), 0, i64::MAX),
            "1 validation error detected: Value '-1' at 'maxConcurrency' failed to satisfy \
             constraint: Member must have value greater than or equal to 0",
        );
        check(
            Constraints::new().text_len("name", &"a".repeat(81), 1, 80),
            &format!(
                "1 validation error detected: Value '{}' at 'name' failed to satisfy \
                 constraint: Member must have length less than or equal to 80",
                "a".repeat(81)
            ),
        );
        check(
            Constraints::new().text_len("name", "", 1, 80),
            "1 validation error detected: Value '' at 'name' failed to satisfy constraint: \
             Member must have length greater than or equal to 1",
        );
        let pattern = ALIAS_NAME_PATTERN;
        check(
            Constraints::new().pattern("name", "123", pattern, alias_name_chars_ok),
            "1 validation error detected: Value '123' at 'name' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: \
             ^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$",
        );
        check(
            Constraints::new().required("stateMachineArn", false),
            "1 validation error detected: Value null at 'stateMachineArn' failed to satisfy \
             constraint: Member must not be null",
        );
    }

    // SFN-ERR-13
    #[test]
    fn enums_print_their_set() {
        let set = ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"];
        check(
            Constraints::new().one_of("statusFilter", &Some("succeeded"), &set),
            "1 validation error detected: Value 'succeeded' at 'statusFilter' failed to satisfy \
             constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, \
             PENDING_REDRIVE, ABORTED, FAILED, RUNNING]",
        );
    }

    // SFN-ERR-12, SFN-ERR-14
    #[test]
    fn lists_and_their_members() {
        check(
            Constraints::new()
                .range("routingConfiguration.1.member.weight", Some(101), 0, 100)
                .list_len("routingConfiguration", 3, (1, 2), || "[a, b, c]".to_owned()),
            "2 validation errors detected: Value '101' at 'routingConfiguration.1.member.weight' \
             failed to satisfy constraint: Member must have value less than or equal to 100; \
             Value '[a, b, c]' at 'routingConfiguration' failed to satisfy constraint: Member \
             must have length less than or equal to 2",
        );
        let tags = [Tag { key: String::new(), value: String::new() }];
        check(
            Constraints::new().tags("tags", &tags),
            "1 validation error detected: Value '' at 'tags.1.member.key' failed to satisfy \
             constraint: Member must have length greater than or equal to 1",
        );
    }

    // SFN-EXEC-11: payloads are measured in bytes of UTF-8 and not repeated.
    #[test]
    fn payloads_and_secrets_are_not_repeated() {
        check(Constraints::new().payload("input", &"é".repeat(131_072), 262_144), "");
        check(
            Constraints::new().payload("input", &"é".repeat(131_073), 262_144),
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member \
             must have size less than or equal to 262144 bytes in UTF-8 encoding",
        );
        check(
            Constraints::new().sensitive_len("cause", &"c".repeat(3), 0, 2),
            "1 validation error detected: Value at 'cause' failed to satisfy constraint: Member \
             must have length less than or equal to 2",
        );
    }

    #[test]
    fn absent_members_and_characters() {
        let none: Option<String> = None;
        check(Constraints::new().text_len("name", &none, 1, 80).one_of("x", &none, &[]), "");
        check(Constraints::new().text_len("name", &"é".repeat(80), 1, 80), "");
        let long = Constraints::new().text_len("name", &"a".repeat(10_000), 1, 80).finish();
        assert!(long.unwrap_err().len() < 5_000);
    }
}
