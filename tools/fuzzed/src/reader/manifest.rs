//! Manifests. The first line chooses kind (`0` is an inventory's), type, packing and length of
//! pieces, a letter each; then comes the manifest up to a line `---`, and the file that every entry
//! names.

use workflow::map_run::{Input, Manifest, Reader};

use super::{Packing, piece_bytes, read_both_ways, reader};
use crate::input::{self, Choices};

const END: &[u8] = b"\n---\n";
const INPUTS: [Option<Input>; 4] =
    [None, Some(Input::Csv), Some(Input::JsonLines), Some(Input::Manifest)];

pub(crate) fn run(data: &[u8]) {
    let (letters, rest) = input::byte_line(data);
    let mut choices = Choices::new(letters);
    let kind = if choices.one_in(2) { Manifest::AthenaData } else { Manifest::S3Inventory };
    let input = choices.of(&INPUTS).flatten();
    let packing = Packing::choose(&mut choices);
    let piece_bytes = piece_bytes(&mut choices);
    let end = rest.windows(END.len()).position(|window| window == END).unwrap_or(rest.len());
    let (manifest, file) = rest.split_at(end);
    let file = file.get(END.len()..).unwrap_or_default();
    let reader = Reader { input, manifest: Some(kind), ..reader("!manifest") };
    let files = [
        ("!manifest".to_owned(), manifest.to_vec()),
        (format!("file{}", packing.suffix()), packing.pack(file)),
    ];
    // What it comes to is compared between pieces of different lengths.
    let _ = read_both_ways(&reader, &files, piece_bytes);
}
