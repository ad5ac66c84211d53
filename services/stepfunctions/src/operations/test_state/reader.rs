//! What an `ItemReader` makes of its data, as found in its source (SFN-READER-2…7).

use std::collections::BTreeSet;

use asl::model::{CsvHeaders, InputType, ItemReader, ReaderConfig, Template};
use serde_json::{Map, Value};
use workflow::history::Failure;
use workflow::payload::Payload;

const READER_FAILED: &str = "States.ItemReaderFailed";
const NO_ARRAY: &str = "Attempting to map over non-iterable node.";

/// The items, and what a pointer led to.
#[derive(Default)]
pub(super) struct Read {
    pub(super) items: Option<Result<Payload, Failure>>,
    pub(super) pointed: Option<Payload>,
}

pub(super) fn read(data: &str, reader: &ItemReader) -> Read {
    let config = &reader.config;
    if let (Some(InputType::Csv), Some(CsvHeaders::Given(headers))) =
        (config.input_type, &config.csv_headers)
        && to_names(headers).is_none()
    {
        // What names the columns is computed: without it the items are not known.
        return Read::default();
    }
    let items = to_items(data, config).map(Payload::from_value);
    let pointed = match (&items, &config.items_pointer) {
        (Ok(items), Some(_)) => Some(items.clone()),
        _ => None,
    };
    let failed = |cause: String| Failure { error: Some(READER_FAILED.into()), cause: Some(cause) };
    Read { items: Some(items.map_err(failed)), pointed }
}

fn to_items(data: &str, config: &ReaderConfig) -> Result<Value, String> {
    match config.input_type {
        Some(InputType::Csv) => csv(data, config),
        Some(InputType::JsonLines) => {
            let lines = data.lines().filter(|line| !line.trim().is_empty());
            lines.map(json).collect::<Result<Vec<Value>, String>>().map(Value::Array)
        }
        // JSON itself, lists of objects, and what is read from other formats.
        Some(InputType::Json | InputType::Parquet | InputType::Manifest) | None => {
            pointed(json(data)?, config)
        }
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("The data is not valid JSON: {error}"))
}

fn pointed(data: Value, config: &ReaderConfig) -> Result<Value, String> {
    let found = match &config.items_pointer {
        Some(pointer) => data.pointer(pointer).cloned(),
        None => Some(data),
    };
    found.filter(|items| items.is_array() || items.is_object()).ok_or_else(|| NO_ARRAY.to_owned())
}

/// SFN-READER-4
fn csv(data: &str, config: &ReaderConfig) -> Result<Value, String> {
    let mut rows = records(data, config.csv_delimiter.unwrap_or(',')).into_iter();
    let given = match &config.csv_headers {
        Some(CsvHeaders::Given(headers)) => to_names(headers),
        Some(CsvHeaders::FirstRow) | None => None,
    };
    let from_first_row = given.is_none();
    let headers = given.unwrap_or_else(|| rows.next().unwrap_or_default());
    let distinct: BTreeSet<&String> = headers.iter().collect();
    if distinct.len() < headers.len() {
        return Err("CSV headers cannot contain duplicates.".to_owned());
    }
    Ok(rows.map(|row| to_item(&headers, row, from_first_row)).collect())
}

fn to_names(headers: &Template) -> Option<Vec<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match headers {
        Template::Literal(Value::Array(names)) => names.iter().map(text).collect(),
        Template::Array(names) => {
            let name = |name: &Template| match name {
                Template::Literal(name) => text(name),
                _ => None,
            };
            names.iter().map(name).collect()
        }
        _ => None,
    }
}

fn to_item(headers: &[String], row: Vec<String>, keeps_rest: bool) -> Value {
    let mut cells = row.into_iter();
    let mut item = Map::new();
    for header in headers {
        item.insert(header.clone(), cells.next().unwrap_or_default().into());
    }
    if let (true, Some(rest)) = (keeps_rest, cells.next()) {
        item.insert(String::new(), rest.into());
    }
    Value::Object(item)
}

/// Rows of cells; quoted ones may hold anything, quotes doubled. Empty lines are no rows.
fn records(data: &str, delimiter: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut began) = (false, false);
    let mut letters = data.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted || cell.is_empty() => {
                quoted = !quoted;
                began = true;
            }
            '\r' if !quoted && letters.peek() == Some(&'\n') => {}
            '\n' if !quoted => {
                if began || !cell.is_empty() || !row.is_empty() {
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                began = false;
            }
            letter if !quoted && letter == delimiter => {
                row.push(std::mem::take(&mut cell));
                began = true;
            }
            letter => cell.push(letter),
        }
    }
    if began || !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use asl::model::ReadAction;
    use serde_json::json;

    use super::*;

    fn check(data: &str, config: ReaderConfig, expected: Result<Value, &str>) {
        let reader = ItemReader { action: ReadAction::GetObject, parameters: None, config };
        let read = read(data, &reader).items.unwrap();
        let read = read.map(|items| items.value().clone());
        let read = read.map_err(|failure| failure.cause.unwrap_or_default());
        assert_eq!(read, expected.map_err(str::to_owned), "{data}");
    }

    fn config(input_type: InputType) -> ReaderConfig {
        ReaderConfig { input_type: Some(input_type), ..ReaderConfig::default() }
    }

    // SFN-READER-4, SFN-READER-5, SFN-READER-7
    #[test]
    fn reads_what_the_source_holds() {
        check("[1, 2, 3]", config(InputType::Json), Ok(json!([1, 2, 3])));
        let pointer = Some("/a/b".to_owned());
        let within = ReaderConfig { items_pointer: pointer, ..config(InputType::Json) };
        check(r#"{"a":{"b":[1]}}"#, within, Ok(json!([1])));
        check("3", config(InputType::Json), Err(NO_ARRAY));
        check("{\"a\":1}\n\n2\n", config(InputType::JsonLines), Ok(json!([{"a": 1}, 2])));
        check(
            "a,b\r\n1,\"x,\"\"y\"\"\"\n\n2\n3,4,5",
            config(InputType::Csv),
            Ok(json!([
                {"a": "1", "b": "x,\"y\""}, {"a": "2", "b": ""}, {"a": "3", "b": "4", "": "5"},
            ])),
        );
        let repeated = Err("CSV headers cannot contain duplicates.");
        check("a,a\n1,2", config(InputType::Csv), repeated);
        let given = ReaderConfig {
            csv_headers: Some(CsvHeaders::Given(Template::Literal(json!(["h"])))),
            csv_delimiter: Some('|'),
            ..config(InputType::Csv)
        };
        check("1|2\n3|4", given, Ok(json!([{"h": "1"}, {"h": "3"}])));
    }
}
