//! JSON and JSON Lines. The first line chooses form (`0` is JSON), packing and length of pieces, a
//! letter each, and then says the pointer to the items; the rest is the file.

use serde_json::Value;
use workflow::execution::MapItem;
use workflow::history::Failure;
use workflow::map_run::{Input, Reader};

use super::{ITEMS_MAX, Packing, piece_bytes, read_both_ways, reader, values};
use crate::input::{self, Choices};

pub(crate) fn run(data: &[u8]) {
    let (line, file) = input::byte_line(data);
    let (letters, pointer) = line.split_at(line.len().min(3));
    let mut choices = Choices::new(letters);
    let lines = choices.one_in(2);
    let packing = Packing::choose(&mut choices);
    let piece_bytes = piece_bytes(&mut choices);
    let pointer = String::from_utf8_lossy(pointer);
    let pointer = if pointer.starts_with('/') { &pointer } else { "" };
    let key = format!("file.json{}", packing.suffix());
    let reader = Reader {
        input: Some(if lines { Input::JsonLines } else { Input::Json }),
        items_pointer: (!pointer.is_empty()).then(|| pointer.to_owned()),
        ..reader(&key)
    };
    let items = read_both_ways(&reader, &[(key, packing.pack(file))], piece_bytes);
    match (packing, lines) {
        (Packing::Claimed, _) => {}
        (_, true) => check_lines(file, &items),
        (_, false) => check_whole(file, pointer, &items),
    }
}

/// A line is what serde_json says it is.
fn check_lines(file: &[u8], items: &Result<Vec<MapItem>, Failure>) {
    let lines = file.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| !line.is_empty());
    let expected: Result<Vec<Value>, _> = lines.map(serde_json::from_slice).collect();
    match (expected, items) {
        (Ok(expected), Ok(items)) => assert!(values(items).into_iter().eq(&expected)),
        (Err(_), Err(_)) => {}
        (Err(_), Ok(items)) => assert_eq!(items.len() as i64, ITEMS_MAX, "nonsense was read"),
        (Ok(_), Err(failure)) => assert_eq!(None, Some(failure), "what is JSON was refused"),
    }
}

/// What serde_json reads is read, and gives the items that are at the end of the pointer. A member
/// that is there twice is read twice, and for serde_json only its last value counts.
fn check_whole(file: &[u8], pointer: &str, items: &Result<Vec<MapItem>, Failure>) {
    let Ok(whole) = serde_json::from_slice::<Value>(file) else { return };
    let items = match (items, whole.is_array() && pointer.is_empty()) {
        (Ok(items), _) => items,
        (Err(failure), strict) => {
            assert!(!strict, "what is JSON was refused: {failure:?}");
            return;
        }
    };
    match whole.pointer(pointer) {
        Some(Value::Array(expected)) if items.len() == expected.len() => {
            assert!(values(items).into_iter().eq(expected), "{items:?}");
        }
        Some(Value::Array(expected)) => {
            assert!(!pointer.is_empty(), "{items:?} of {expected:?}");
        }
        Some(Value::Object(expected)) if items.len() == expected.len() => {
            let keys = items.iter().map(|item| item.key.as_ref());
            assert!(keys.eq(expected.keys().map(Some)), "{items:?}");
        }
        _ => {}
    }
}
