//! CSV. The first line chooses delimiter, headers (`0` takes them from the first row), packing and
//! length of pieces, a letter each, and then names the headers; the rest is the file.

use serde_json::{Map, Value};
use workflow::execution::MapItem;
use workflow::map_run::{CsvHeaders, Input, Reader};

use super::{Packing, piece_bytes, read, read_both_ways, reader, values};
use crate::input::{self, Choices};
use crate::reader::shelf::Shelf;

const DELIMITERS: [char; 5] = [',', '|', ';', '\t', ' '];

pub(crate) fn run(data: &[u8]) {
    let (line, file) = input::byte_line(data);
    let (letters, names) = line.split_at(line.len().min(4));
    let mut choices = Choices::new(letters);
    let delimiter = choices.of(&DELIMITERS).unwrap_or(',');
    let given = !choices.one_in(2);
    let packing = Packing::choose(&mut choices);
    let piece_bytes = piece_bytes(&mut choices);
    let names = String::from_utf8_lossy(names);
    let headers = match given && !names.is_empty() {
        true => CsvHeaders::Given(names.split(',').map(str::to_owned).collect()),
        false => CsvHeaders::FirstRow,
    };
    let key = format!("file.csv{}", packing.suffix());
    let reader = Reader {
        input: Some(Input::Csv),
        csv_headers: Some(headers),
        csv_delimiter: Some(delimiter),
        ..reader(&key)
    };
    if let Ok(items) = read_both_ways(&reader, &[(key, packing.pack(file))], piece_bytes) {
        check_rows(&items, delimiter);
    }
}

/// Every row has the same columns, and is the same when it is written and read again.
fn check_rows(items: &[MapItem], delimiter: char) {
    let rows: Vec<&Map<String, Value>> =
        values(items).into_iter().map(|row| row.as_object().expect("a row is an object")).collect();
    let Some(first) = rows.first() else { return };
    let names: Vec<String> = first.keys().cloned().collect();
    // A row of one empty cell is an empty line, which is no row.
    if names.len() < 2 {
        return;
    }
    let mut text = String::new();
    for row in &rows {
        assert!(row.keys().eq(first.keys()), "other columns: {row:?}");
        let cells = row.values().map(|cell| cell.as_str().expect("cells are texts"));
        let quoted = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\"")));
        text.push_str(&quoted.collect::<Vec<_>>().join(&delimiter.to_string()));
        text.push('\n');
    }
    let again = Reader {
        input: Some(Input::Csv),
        csv_headers: Some(CsvHeaders::Given(names)),
        csv_delimiter: Some(delimiter),
        ..reader("again.csv")
    };
    let files = [("again.csv".to_owned(), text.into_bytes())];
    let again = read(&again, Shelf::new(&files, usize::MAX));
    assert_eq!(again.as_deref(), Ok(items), "written and read again");
}
