//! The interpreter: a definition stepped to its end. The first line is what happens, a byte a
//! decision; the second the input, the third an array of the results that tasks may have. The rest
//! is the definition, or, after a `!`, bytes that one is made of.
//!
//! [`world`] holds every transition to what must be true of all of them.

mod made;
mod play;
mod world;

use asl::Options;
use asl::model::Definition;
use serde_json::{Value, json};

use crate::input::{self, Choices};
use play::Play;
use world::World;

pub(crate) fn run(data: &[u8]) {
    let (script, rest) = input::byte_line(data);
    let (input, rest) = input::byte_line(rest);
    let (results, rest) = input::byte_line(rest);
    let input = text_of(input).unwrap_or_else(|| made::INPUT.to_owned());
    let Some(definition) = definition(rest) else { return };
    let results = match serde_json::from_slice(results) {
        Ok(Value::Array(results)) if !results.is_empty() => results,
        _ => vec![json!({}), json!([1, "x"]), json!({"items": [1, {"a": 2}], "n": 0}), json!("t")],
    };
    let first = play(&definition, &input, &results, script);
    if script.len() % 4 == 1 {
        first.assert_same(&play(&definition, &input, &results, script));
    }
}

fn play<'a>(
    definition: &'a Definition,
    input: &str,
    results: &[Value],
    script: &[u8],
) -> World<'a> {
    let mut choices = Choices::new(script);
    let world = World::new(definition, input, &mut choices);
    Play { world, choices, results }.until_end()
}

/// The text as it is, when it is JSON.
fn text_of(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    serde_json::from_str::<Value>(text).ok()?;
    Some(text.to_owned())
}

fn definition(bytes: &[u8]) -> Option<Definition> {
    let text = match bytes.strip_prefix(b"!") {
        Some(bytes) => made::definition(&mut Choices::new(bytes)).to_string(),
        None => String::from_utf8_lossy(bytes).into_owned(),
    };
    asl::parse(&text, &Options::default()).definition
}
