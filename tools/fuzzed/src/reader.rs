//! Files of items, read as a map run reads them, in pieces of a chosen length.

pub(crate) mod csv;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod parquet;
mod shelf;

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use stepfunctions::read_items;
use tokio::runtime::Runtime;
use workflow::execution::MapItem;
use workflow::history::Failure;
use workflow::map_run::{Reader, Source};
use workflow::payload::Payload;

use crate::input::Choices;
use shelf::Shelf;

/// Items that are looked at.
const ITEMS_MAX: i64 = 10_000;
/// Longest piece of a file that is cut.
const PIECE_BYTES_MAX: usize = 9;

/// How a file lies there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Packing {
    Plain,
    /// Packed as it should be.
    Packed,
    /// Said to be packed, whatever it is.
    Claimed,
}

impl Packing {
    fn choose(choices: &mut Choices<'_>) -> Packing {
        match choices.below(8) {
            1 | 2 => Packing::Packed,
            3 => Packing::Claimed,
            _ => Packing::Plain,
        }
    }

    fn suffix(self) -> &'static str {
        if self == Packing::Plain { "" } else { ".gz" }
    }

    fn pack(self, bytes: &[u8]) -> Vec<u8> {
        if self != Packing::Packed {
            return bytes.to_vec();
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).expect("memory takes all");
        packer.finish().expect("memory takes all")
    }
}

fn piece_bytes(choices: &mut Choices<'_>) -> usize {
    choices.below(PIECE_BYTES_MAX) + 1
}

/// A reader of one object or manifest, without options.
fn reader(key: &str) -> Reader {
    Reader {
        lists: false,
        parameters: Payload::from_value(json!({"Bucket": "bucket", "Key": key})),
        input: None,
        manifest: None,
        flatten: false,
        items_pointer: None,
        csv_headers: None,
        csv_delimiter: None,
        max_items: Some(ITEMS_MAX),
    }
}

/// Reads whole and in pieces; both must come to the same.
fn read_both_ways(
    reader: &Reader,
    files: &[(String, Vec<u8>)],
    piece_bytes: usize,
) -> Result<Vec<MapItem>, Failure> {
    let whole = read(reader, Shelf::new(files, usize::MAX));
    let pieces = read(reader, Shelf::new(files, piece_bytes));
    match (&whole, &pieces) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces, "pieces of {piece_bytes}"),
        (Err(whole), Err(pieces)) => {
            for failure in [whole, pieces] {
                assert!(failure.cause.as_ref().is_some_and(|cause| !cause.is_empty()));
            }
        }
        _ => assert_eq!(whole, pieces, "pieces of {piece_bytes}"),
    }
    if let Ok(items) = &whole {
        for (place, item) in items.iter().enumerate() {
            assert_eq!(item.index, place as u64);
        }
    }
    whole
}

fn read(reader: &Reader, shelf: Shelf) -> Result<Vec<MapItem>, Failure> {
    thread_local! {
        static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without threads");
    }
    let source = Source::Reader(Box::new(reader.clone()));
    RUNTIME.with(|runtime| runtime.block_on(read_items(Arc::new(shelf), &source)))
}

fn values(items: &[MapItem]) -> Vec<&Value> {
    items.iter().map(|item| item.value.value()).collect()
}
