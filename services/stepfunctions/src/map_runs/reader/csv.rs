//! CSV: rows to objects of texts (SFN-READER-4). Cells may stand in double quotes, a quote in them
//! doubled; such cells may hold delimiters and line ends.

use std::collections::{BTreeSet, VecDeque};

use serde_json::{Map, Value};
use workflow::history::Failure;
use workflow::map_run::{CsvHeaders, sort_as_hashed};

use super::{ITEM_BYTES_MAX, Parsed, failed};

/// Cells of one row.
const CELLS_MAX: usize = 10_000;

pub(super) struct Csv {
    delimiter: u8,
    headers: Option<Vec<Header>>,
    row: Vec<Vec<u8>>,
    cell: Vec<u8>,
    row_bytes: usize,
    at: Where,
    /// Whether the row has anything, be it an empty cell.
    begun: bool,
}

/// A header and the cell that is under it.
struct Header {
    name: String,
    place: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    CellStart,
    Plain,
    Quoted,
    /// After a quote within quotes: the end of the cell, or half of a doubled one.
    QuoteInQuoted,
}

/// Headers that are given must differ from each other.
pub(super) fn check(headers: &CsvHeaders) -> Result<(), Failure> {
    match headers {
        CsvHeaders::FirstRow => Ok(()),
        CsvHeaders::Given(names) => to_headers(names.clone()).map(|_| ()),
    }
}

/// In the order of a Java hash table, as the cells are told.
fn to_headers(names: Vec<String>) -> Result<Vec<Header>, Failure> {
    let different: BTreeSet<&String> = names.iter().collect();
    if different.len() < names.len() {
        return Err(failed("CSV headers cannot contain duplicates."));
    }
    let numbered = names.into_iter().enumerate();
    let mut headers: Vec<Header> = numbered.map(|(place, name)| Header { name, place }).collect();
    sort_as_hashed(&mut headers, |header| &header.name);
    Ok(headers)
}

impl Csv {
    pub(super) fn new(headers: CsvHeaders, delimiter: char) -> Result<Csv, Failure> {
        let headers = match headers {
            CsvHeaders::FirstRow => None,
            CsvHeaders::Given(names) => Some(to_headers(names)?),
        };
        Ok(Csv {
            delimiter: u8::try_from(delimiter).unwrap_or(b','),
            headers,
            row: Vec::new(),
            cell: Vec::new(),
            row_bytes: 0,
            at: Where::CellStart,
            begun: false,
        })
    }

    pub(super) fn push(
        &mut self,
        piece: &[u8],
        parsed: &mut VecDeque<Parsed>,
    ) -> Result<(), Failure> {
        for byte in piece {
            self.byte(*byte, parsed)?;
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8, parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        match (self.at, byte) {
            (Where::Quoted, b'"') => self.at = Where::QuoteInQuoted,
            (Where::Quoted, _) => self.keep(byte)?,
            (Where::QuoteInQuoted, b'"') => {
                self.keep(byte)?;
                self.at = Where::Quoted;
            }
            (_, b'\n') => return self.end_row(parsed),
            (Where::CellStart, b'"') => {
                self.begun = true;
                self.at = Where::Quoted;
            }
            (_, byte) if byte == self.delimiter => self.end_cell()?,
            (_, byte) => {
                self.keep(byte)?;
                self.at = Where::Plain;
            }
        }
        Ok(())
    }

    fn keep(&mut self, byte: u8) -> Result<(), Failure> {
        self.begun = true;
        self.row_bytes += 1;
        if self.row_bytes > ITEM_BYTES_MAX {
            return Err(failed(format!("A CSV row is longer than {ITEM_BYTES_MAX} bytes")));
        }
        self.cell.push(byte);
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), Failure> {
        if self.row.len() >= CELLS_MAX {
            return Err(failed(format!("A CSV row has more than {CELLS_MAX} cells")));
        }
        self.row.push(std::mem::take(&mut self.cell));
        self.begun = true;
        self.at = Where::CellStart;
        Ok(())
    }

    fn end_row(&mut self, parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        // The line end may be of two bytes; in quotes it is the cell's own.
        if self.at != Where::QuoteInQuoted && self.cell.last() == Some(&b'\r') {
            self.cell.pop();
        }
        let empty = !self.begun || (self.row.is_empty() && self.cell.is_empty());
        self.end_cell()?;
        let row = std::mem::take(&mut self.row);
        self.begun = false;
        self.row_bytes = 0;
        if empty {
            return Ok(());
        }
        let mut texts = Vec::with_capacity(row.len());
        for cell in row {
            let text = String::from_utf8(cell);
            texts.push(text.map_err(|_| failed("The CSV file is not UTF-8"))?);
        }
        match &self.headers {
            Some(headers) => parsed.push_back((None, to_object(headers, texts))),
            None => {
                if let Some(first) = texts.first_mut()
                    && let Some(rest) = first.strip_prefix('\u{FEFF}')
                {
                    *first = rest.to_owned();
                }
                self.headers = Some(to_headers(texts)?);
            }
        }
        Ok(())
    }

    pub(super) fn finish(&mut self, parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        match self.at {
            Where::Quoted => Err(failed("The CSV file ends within quotes")),
            _ if self.begun => self.end_row(parsed),
            _ => Ok(()),
        }
    }
}

/// Missing cells are empty, further ones dropped.
fn to_object(headers: &[Header], mut row: Vec<String>) -> Value {
    let mut object = Map::with_capacity(headers.len());
    for header in headers {
        let cell = row.get_mut(header.place).map(std::mem::take).unwrap_or_default();
        object.insert(header.name.clone(), Value::String(cell));
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(headers: CsvHeaders, delimiter: char, text: &str) -> Result<String, Failure> {
        let mut told = None;
        // However the pieces are cut.
        for cut in 0..text.len() {
            let (mut csv, mut parsed) = (Csv::new(headers.clone(), delimiter)?, VecDeque::new());
            csv.push(&text.as_bytes()[..cut], &mut parsed)?;
            csv.push(&text.as_bytes()[cut..], &mut parsed)?;
            csv.finish(&mut parsed)?;
            let values: Vec<String> = parsed.iter().map(|(_, value)| value.to_string()).collect();
            let values = values.join(" ");
            assert_eq!(told.get_or_insert(values.clone()), &values, "cut at {cut}");
        }
        Ok(told.unwrap_or_default())
    }

    fn given(names: &[&str]) -> CsvHeaders {
        CsvHeaders::Given(names.iter().map(|name| (*name).to_owned()).collect())
    }

    // SFN-READER-4
    #[test]
    fn rows_as_recorded() {
        let table = [
            (
                "Col1,Col2,Col3\nV1,V2,V3\n,,,\ntrue,1,'Hi'\nNull,None,\n   \n",
                r#"{"Col1":"V1","Col2":"V2","Col3":"V3"} {"Col1":"","Col2":"","Col3":""} {"Col1":"true","Col2":"1","Col3":"'Hi'"} {"Col1":"Null","Col2":"None","Col3":""} {"Col1":"   ","Col2":"","Col3":""}"#,
            ),
            (
                "H1,\nV4,V5,V6\n,,,\n   \n",
                r#"{"":"V5","H1":"V4"} {"":"","H1":""} {"":"","H1":"   "}"#,
            ),
            ("a,b\r\n1,2\r\n\r\n3", r#"{"a":"1","b":"2"} {"a":"3","b":""}"#),
            ("a\n\"x,\"\"y\"\"\n z\"\n", r#"{"a":"x,\"y\"\n z"}"#),
            ("a,b", ""),
        ];
        for (text, expected) in table {
            assert_eq!(rows(CsvHeaders::FirstRow, ',', text).unwrap(), expected, "{text}");
        }
        assert_eq!(rows(given(&["a"]), '|', "1|2\n3").unwrap(), r#"{"a":"1"} {"a":"3"}"#);
    }

    // SFN-READER-4
    #[test]
    fn headers_differ() {
        for refused in
            [rows(given(&["H", "H"]), ',', "1,2"), rows(CsvHeaders::FirstRow, ',', "H,H\n1,2")]
        {
            let cause = refused.unwrap_err().cause.unwrap();
            assert_eq!(cause, "CSV headers cannot contain duplicates.");
        }
        assert!(rows(CsvHeaders::FirstRow, ',', "a\n\"x").is_err());
    }
}
