//! One object's parser: unpacks it, and makes items of its bytes.

use std::collections::VecDeque;
use std::io::Write;

use flate2::write::MultiGzDecoder;
use workflow::history::Failure;
use workflow::map_run::{CsvHeaders, Input, Manifest, Reader};

use super::csv::Csv;
use super::json::Json;
use super::lines::Lines;
use super::manifest::Listed;
use super::{Parsed, failed};

pub(super) struct Parser {
    unpacked: Option<MultiGzDecoder<Vec<u8>>>,
    form: Form,
    finished: bool,
}

enum Form {
    Csv(Csv),
    Json(Json),
    Lines(Lines),
}

impl Parser {
    pub(super) fn new(reader: &Reader, object: &Listed) -> Result<Parser, Failure> {
        let packed = object.key.ends_with(".gz");
        let inventory = reader.manifest == Some(Manifest::S3Inventory) || object.columns.is_some();
        let form = match reader.input {
            _ if inventory => {
                let columns = object.columns.clone().map(CsvHeaders::Given);
                let headers = columns.or_else(|| reader.csv_headers.clone());
                Form::Csv(Csv::new(headers.unwrap_or(CsvHeaders::FirstRow), ',')?)
            }
            Some(Input::Csv) => {
                let headers = reader.csv_headers.clone().unwrap_or(CsvHeaders::FirstRow);
                Form::Csv(Csv::new(headers, reader.csv_delimiter.unwrap_or(','))?)
            }
            Some(Input::JsonLines) => Form::Lines(Lines::default()),
            Some(Input::Json) | None => {
                Form::Json(Json::new(reader.items_pointer.as_deref().unwrap_or_default()))
            }
            Some(Input::Manifest | Input::Parquet) => {
                let cause = "The files of this manifest are of a type that cannot be read";
                return Err(failed(cause));
            }
        };
        let unpacked = packed.then(|| MultiGzDecoder::new(Vec::new()));
        Ok(Parser { unpacked, form, finished: false })
    }

    pub(super) fn push(
        &mut self,
        piece: &[u8],
        parsed: &mut VecDeque<Parsed>,
    ) -> Result<(), Failure> {
        let Some(unpacked) = &mut self.unpacked else { return self.form.push(piece, parsed) };
        unpacked.write_all(piece).map_err(|error| failed(error.to_string()))?;
        let bytes = std::mem::take(unpacked.get_mut());
        self.form.push(&bytes, parsed)
    }

    /// The object is over. True when that gave items, and there may be more to come.
    pub(super) fn finish(&mut self, parsed: &mut VecDeque<Parsed>) -> Result<bool, Failure> {
        if self.finished {
            return Ok(false);
        }
        self.finished = true;
        if let Some(unpacked) = &mut self.unpacked {
            unpacked.try_finish().map_err(|error| failed(error.to_string()))?;
            let bytes = std::mem::take(unpacked.get_mut());
            self.form.push(&bytes, parsed)?;
        }
        match &mut self.form {
            Form::Csv(csv) => csv.finish(parsed)?,
            Form::Json(json) => json.finish()?,
            Form::Lines(lines) => lines.finish(parsed)?,
        }
        Ok(true)
    }
}

impl Form {
    fn push(&mut self, piece: &[u8], parsed: &mut VecDeque<Parsed>) -> Result<(), Failure> {
        match self {
            Form::Csv(csv) => csv.push(piece, parsed),
            Form::Json(json) => json.push(piece, parsed),
            Form::Lines(lines) => lines.push(piece, parsed),
        }
    }
}
