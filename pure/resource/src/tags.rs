//! The rules of tags: how many, how long, which characters (SFN-TAG-3).

use serde::{Deserialize, Deserializer, Serialize};

/// Most tags on one resource.
pub const TAGS_MAX: usize = 50;
/// Longest key, in characters.
pub const KEY_CHARS_MAX: usize = 128;
/// Longest value, in characters.
pub const VALUE_CHARS_MAX: usize = 256;

/// A tag as the wire carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    #[serde(default, deserialize_with = "null_as_empty")]
    pub key: String,
    #[serde(default, deserialize_with = "null_as_empty")]
    pub value: String,
}

fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Why tags are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// `aws:` belongs to AWS.
    #[error("User is not allowed to use reserved tag key prefix: aws:")]
    Reserved { key: String },
    #[error("The tag key or value has characters that are not allowed: '{text}'")]
    Characters { text: String },
    #[error("Too many tags: a resource can have at most {TAGS_MAX} tags")]
    TooMany,
}

impl TagError {
    /// The error shape that the client sees.
    pub fn code(&self) -> &'static str {
        match self {
            TagError::Reserved { .. } => "AccessDeniedException",
            TagError::TooMany => "TooManyTags",
            TagError::Characters { .. } => "ValidationException",
        }
    }
}

/// Checks what one request adds. Lengths are constraints of the model, see
/// [`crate::constraints::Constraints::tags`].
pub fn check(tags: &[Tag]) -> Result<(), TagError> {
    for Tag { key, value } in tags {
        check_key(key)?;
        check_text(value)?;
    }
    if tags.len() > TAGS_MAX { Err(TagError::TooMany) } else { Ok(()) }
}

/// The tags of a resource after adding: an existing key keeps its place and gets the new value,
/// also one that is given twice (SFN-TAG-2, SFN-TAG-4).
pub fn merge(existing: &[Tag], added: &[Tag]) -> Result<Vec<Tag>, TagError> {
    check(added)?;
    let mut tags = existing.to_vec();
    for tag in added {
        match tags.iter_mut().find(|other| other.key == tag.key) {
            Some(other) => other.value.clone_from(&tag.value),
            None => tags.push(tag.clone()),
        }
    }
    if tags.len() > TAGS_MAX { Err(TagError::TooMany) } else { Ok(tags) }
}

fn check_key(key: &str) -> Result<(), TagError> {
    if key.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("aws:")) {
        return Err(TagError::Reserved { key: key.to_owned() });
    }
    check_text(key)
}

fn check_text(text: &str) -> Result<(), TagError> {
    let fits = |char: char| char.is_alphanumeric() || char == ' ' || "_.:/=+-@".contains(char);
    if text.chars().all(fits) {
        Ok(())
    } else {
        Err(TagError::Characters { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: key.to_owned(), value: value.to_owned() }
    }

    fn code(tags: &[Tag]) -> &'static str {
        check(tags).map_or_else(|error| error.code(), |()| "accepted")
    }

    // SFN-TAG-2, SFN-TAG-3
    #[test]
    fn rules() {
        assert_eq!(code(&[]), "accepted");
        assert_eq!(code(&[tag("team name", ""), tag("größe", "a_.:/=+-@1")]), "accepted");
        assert_eq!(code(&[tag("aws:x", "")]), "AccessDeniedException");
        assert_eq!(code(&[tag("AWS:x", "")]), "AccessDeniedException");
        assert_eq!(code(&[tag("a", "aws:fine")]), "accepted");
        assert_eq!(code(&[tag("a*", "")]), "ValidationException");
        let many: Vec<Tag> = (0..51).map(|number| tag(&number.to_string(), "")).collect();
        assert_eq!(code(&many), "TooManyTags");
    }

    // SFN-TAG-2, SFN-TAG-4
    #[test]
    fn merging_keeps_places_and_overwrites_values() {
        let merged = merge(&[tag("b", "1"), tag("a", "1")], &[tag("c", "3"), tag("b", "2")]);
        assert_eq!(merged.unwrap(), [tag("b", "2"), tag("a", "1"), tag("c", "3")]);
        let twice = merge(&[], &[tag("a", "1"), tag("a", "2")]);
        assert_eq!(twice.unwrap(), [tag("a", "2")]);
        let full: Vec<Tag> = (0..50).map(|number| tag(&number.to_string(), "")).collect();
        assert_eq!(merge(&full, &[tag("0", "x")]).unwrap().len(), 50);
        assert_eq!(merge(&full, &[tag("x", "")]), Err(TagError::TooMany));
    }
}
