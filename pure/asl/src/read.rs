//! Text to a tree that remembers where everything stood, from JSON or YAML.

pub(crate) mod json;
pub(crate) mod tree;
pub(crate) mod yaml;

/// How deep values may nest. serde_json refuses the level after, so that whatever is read here
/// can be read again wherever it is stored or sent as text.
pub(crate) const NESTING_MAX: usize = 127;
