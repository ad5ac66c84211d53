//! Items as they are read: pushed through parsers piece by piece, so that no more is in memory
//! than a piece, an item, and what one piece gave (SFN-READER-1…11). Parquet is read from within,
//! row by row.

mod csv;
mod json;
mod lines;
mod manifest;
mod parquet;
mod parser;
pub(crate) mod reading;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use targets::objects::{ObjectError, ObjectInfo, Objects, Pieces};
use workflow::execution::MapItem;
use workflow::history::Failure;
use workflow::map_run::{Input, Manifest, READER_ERROR, Reader, Source};
use workflow::payload::Payload;

use manifest::Listed;
use parquet::Parquet;
use parser::Parser;

/// Most items of a run (SFN-READER-2).
const ITEMS_MAX: u64 = 100_000_000;
/// Longest item, as it is written.
const ITEM_BYTES_MAX: usize = 16 * 1024 * 1024;

/// An item and where it is from (SFN-CTX-4).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) item: MapItem,
    pub(super) source: Arc<str>,
}

/// What a parser makes of bytes: a value, and its name when it is a member of an object.
pub(super) type Parsed = (Option<String>, Value);

/// Why there is no next item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Broken {
    /// The run fails so.
    Failure(Failure),
    /// The reading was cut off, as when the server stops: nothing is known.
    CutOff,
}

impl std::convert::From<Failure> for Broken {
    fn from(failure: Failure) -> Broken {
        Broken::Failure(failure)
    }
}

/// A failure of the reader.
pub(super) fn failed(cause: impl Into<String>) -> Failure {
    Failure { error: Some(READER_ERROR.to_owned()), cause: Some(cause.into()) }
}

fn from_object(error: &ObjectError) -> Broken {
    match error.is_cut_off() {
        true => Broken::CutOff,
        false => failed(error.to_string()).into(),
    }
}

/// The items of a run, one after the other. [`Items::next`] may be dropped while it waits.
pub(super) struct Items {
    objects: Arc<dyn Objects>,
    from: From,
    next_index: u64,
    items_max: u64,
}

enum From {
    State { items: Payload, source: Arc<str> },
    Reader(Box<Reading>),
}

/// Reading objects.
struct Reading {
    reader: Reader,
    bucket: String,
    /// Whether anything was asked for yet.
    begun: bool,
    /// The rest of a listing; its objects are the items, or are read.
    listing: Option<Pieces<ObjectInfo>>,
    /// Objects to read, one after the other.
    named: VecDeque<Listed>,
    /// The object that is read now, and its URI.
    open: Option<Open>,
    parsed: VecDeque<Parsed>,
}

struct Open {
    content: Content,
    source: Arc<str>,
}

enum Content {
    Pieces { pieces: Pieces<Bytes>, parser: Parser },
    Rows(Parquet),
}

impl Content {
    /// Reads on. False when nothing is left.
    async fn read(&mut self, parsed: &mut VecDeque<Parsed>) -> Result<bool, Broken> {
        let (pieces, parser) = match self {
            Content::Pieces { pieces, parser } => (pieces, parser),
            Content::Rows(rows) => return rows.read(parsed).await,
        };
        match pieces.recv().await {
            Some(Ok(piece)) => {
                parser.push(&piece, parsed)?;
                Ok(true)
            }
            Some(Err(error)) => Err(from_object(&error)),
            // What the end itself gave comes first; the next call finds nothing more.
            None => Ok(parser.finish(parsed)?),
        }
    }
}

impl Items {
    /// The items of a source; nothing is read yet.
    pub(super) fn new(objects: Arc<dyn Objects>, source: &Source) -> Result<Items, Failure> {
        let (from, items_max) = match source {
            Source::Items(items) => {
                let from = From::State { items: items.clone(), source: "STATE_DATA".into() };
                (from, ITEMS_MAX)
            }
            Source::Reader(reader) => {
                let items_max = check(reader)?;
                let bucket = parameter(reader, "Bucket")?;
                let reading = Reading {
                    reader: (**reader).clone(),
                    bucket,
                    begun: false,
                    listing: None,
                    named: VecDeque::new(),
                    open: None,
                    parsed: VecDeque::new(),
                };
                (From::Reader(Box::new(reading)), items_max)
            }
        };
        Ok(Items { objects, from, next_index: 0, items_max })
    }

    /// The next item; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Item>, Broken> {
        if self.next_index >= self.items_max {
            return Ok(None);
        }
        let next = match &mut self.from {
            From::State { items, source } => {
                item_at(items, self.next_index).map(|parsed| (parsed, source.clone()))
            }
            From::Reader(reading) => reading.next(&self.objects).await?,
        };
        Ok(next.map(|((key, value), source)| {
            let item = MapItem { index: self.next_index, value: Payload::from_value(value), key };
            self.next_index += 1;
            Item { item, source }
        }))
    }
}

fn item_at(items: &Payload, index: u64) -> Option<Parsed> {
    let index = usize::try_from(index).ok()?;
    match items.value() {
        Value::Array(items) => Some((None, items.get(index)?.clone())),
        Value::Object(members) => {
            let (key, value) = members.iter().nth(index)?;
            Some((Some(key.clone()), value.clone()))
        }
        _ => None,
    }
}

/// What is refused before anything is read; else how many items at most.
fn check(reader: &Reader) -> Result<u64, Failure> {
    let items_max = match reader.max_items {
        None | Some(0) => ITEMS_MAX,
        Some(asked) => u64::try_from(asked)
            .map_err(|_| failed("field MaxItems must be positive"))?
            .min(ITEMS_MAX),
    };
    let versioned = reader.parameters.value().get("VersionId").is_some();
    if reader.input == Some(Input::Parquet) && versioned {
        let cause = "S3 Version ID selection is not currently supported for PARQUET files";
        return Err(failed(cause));
    }
    if let Some(headers) = &reader.csv_headers {
        csv::check(headers)?;
    }
    Ok(items_max)
}

fn parameter(reader: &Reader, name: &str) -> Result<String, Failure> {
    let value = reader.parameters.value().get(name).and_then(Value::as_str);
    let value = value.filter(|value| !value.is_empty());
    value.map(str::to_owned).ok_or_else(|| {
        failed(format!("The ItemReader needs the parameter {name}, which must be a string"))
    })
}

impl Reading {
    async fn next(
        &mut self,
        objects: &Arc<dyn Objects>,
    ) -> Result<Option<(Parsed, Arc<str>)>, Broken> {
        loop {
            if let Some(open) = &mut self.open {
                let source = open.source.clone();
                if let Some(parsed) = self.parsed.pop_front() {
                    return Ok(Some((parsed, source)));
                }
                if !open.content.read(&mut self.parsed).await? {
                    self.open = None;
                }
                continue;
            }
            if !self.begun {
                self.begin(&**objects).await?;
                self.begun = true;
            } else if !self.named.is_empty() {
                self.open_next(objects).await?;
            } else {
                let Some(listing) = &mut self.listing else { return Ok(None) };
                let Some(info) = listing.recv().await else { return Ok(None) };
                let info = info.map_err(|error| from_object(&error))?;
                if self.lists_items() {
                    let source = format!("s3://{}", self.bucket).into();
                    return Ok(Some(((None, to_item(&info)), source)));
                }
                self.named.push_back(Listed::new(&self.bucket, info.key));
            }
        }
    }

    /// Whether the items are the listed objects themselves.
    fn lists_items(&self) -> bool {
        self.reader.lists && !self.reader.flatten
    }

    async fn begin(&mut self, objects: &dyn Objects) -> Result<(), Broken> {
        let reader = &self.reader;
        let text = |name: &str| reader.parameters.value().get(name).and_then(Value::as_str);
        if reader.lists {
            let listing = objects.list(&self.bucket, text("Prefix").unwrap_or_default()).await;
            self.listing = Some(listing.map_err(|error| from_object(&error))?);
            return Ok(());
        }
        let mut object = Listed::new(&self.bucket, parameter(reader, "Key")?);
        object.version = text("VersionId").map(str::to_owned);
        let is_manifest = reader.manifest.is_some() || reader.input == Some(Input::Manifest);
        self.named = match is_manifest {
            true => {
                let kind = reader.manifest.unwrap_or(Manifest::S3Inventory);
                manifest::read(objects, &object, kind).await?
            }
            false => [object].into(),
        };
        Ok(())
    }

    /// Opens the next object. It stays first in line until it is open, so that a wait that is
    /// dropped loses nothing.
    async fn open_next(&mut self, objects: &Arc<dyn Objects>) -> Result<(), Broken> {
        let Some(listed) = self.named.front() else { return Ok(()) };
        let source = format!("s3://{}/{}", listed.bucket, listed.key).into();
        let is_parquet = listed.parquet || self.reader.input == Some(Input::Parquet);
        let content = if is_parquet && listed.columns.is_none() {
            Content::Rows(Parquet::new(objects.clone(), listed))
        } else {
            let pieces = objects.get(&listed.bucket, &listed.key, listed.version.as_deref()).await;
            let pieces = pieces.map_err(|error| from_object(&error))?;
            Content::Pieces { pieces, parser: Parser::new(&self.reader, listed)? }
        };
        self.open = Some(Open { content, source });
        self.named.pop_front();
        Ok(())
    }
}

/// SFN-READER-8
fn to_item(info: &ObjectInfo) -> Value {
    json!({
        "Etag": format!("\"{}\"", info.etag),
        "Key": info.key,
        "LastModified": info.modified_ms / 1000,
        "Size": info.size,
        "StorageClass": "STANDARD",
    })
}
