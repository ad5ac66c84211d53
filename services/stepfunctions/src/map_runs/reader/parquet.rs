//! Parquet: rows of an object that is read here and there, some of them at a time, on a thread
//! that may wait for its bytes (SFN-READER-2).

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use parquet_rows::{Rows, Source, Unreadable};
use serde_json::Value;
use targets::objects::Objects;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::manifest::Listed;
use super::{Broken, ITEM_BYTES_MAX, Parsed, failed, from_object};

/// Rows that are read at once, and about how long they are then.
const ROWS_AT_ONCE: usize = 64;
const BYTES_AT_ONCE: usize = 1024 * 1024;
/// Files that are read from in the same moment: each takes a thread that waits for another.
const READS_MAX: usize = 16;

static READS: Semaphore = Semaphore::const_new(READS_MAX);

/// The rows of one object. [`Parquet::read`] may be dropped while it waits.
pub(super) struct Parquet {
    objects: Arc<dyn Objects>,
    bucket: String,
    key: String,
    /// Open, when something was read and nothing is being read.
    rows: Option<Rows>,
    reading: Option<JoinHandle<Result<Option<Read>, Broken>>>,
}

/// Some rows, and how to go on.
struct Read {
    rows: Rows,
    values: Vec<Value>,
}

impl Parquet {
    pub(super) fn new(objects: Arc<dyn Objects>, listed: &Listed) -> Parquet {
        let (bucket, key) = (listed.bucket.clone(), listed.key.clone());
        Parquet { objects, bucket, key, rows: None, reading: None }
    }

    /// Reads some rows. False after the last.
    pub(super) async fn read(&mut self, parsed: &mut VecDeque<Parsed>) -> Result<bool, Broken> {
        if self.reading.is_none() {
            self.reading = Some(self.go_on());
        }
        let Some(reading) = &mut self.reading else { return Ok(false) };
        let read = reading.await;
        self.reading = None;
        let read = read.map_err(|error| from_join(&error))??;
        let Some(Read { rows, values }) = read else { return Ok(false) };
        self.rows = Some(rows);
        parsed.extend(values.into_iter().map(|value| (None, value)));
        Ok(true)
    }

    fn go_on(&mut self) -> JoinHandle<Result<Option<Read>, Broken>> {
        let object = Object {
            objects: self.objects.clone(),
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            length: 0,
            runtime: Handle::current(),
        };
        let rows = self.rows.take();
        tokio::spawn(async move {
            // Never closed.
            let _permit = READS.acquire().await;
            let rows = match rows {
                Some(rows) => rows,
                None => object.open().await?,
            };
            let read = spawn_blocking(move || some_rows(rows)).await;
            read.map_err(|error| from_join(&error))?
        })
    }
}

fn some_rows(mut rows: Rows) -> Result<Option<Read>, Broken> {
    let (mut values, mut bytes) = (Vec::new(), 0);
    while values.len() < ROWS_AT_ONCE && bytes < BYTES_AT_ONCE {
        let Some(value) = rows.next() else { break };
        let value = value.map_err(|unreadable| from_unreadable(&unreadable))?;
        let own = weight(&value);
        if own > ITEM_BYTES_MAX {
            let cause = format!("A row is longer than {ITEM_BYTES_MAX} bytes");
            return Err(failed(cause).into());
        }
        bytes += own;
        values.push(value);
    }
    Ok((!values.is_empty()).then_some(Read { rows, values }))
}

/// About as many bytes as the value has when it is written.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 10,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + 4 + weight(value)).sum::<usize>() + 2
        }
    }
}

/// What an object service says is told as it is; what we find is a sentence of ours.
fn from_unreadable(unreadable: &Unreadable) -> Broken {
    let text = unreadable.to_string();
    if matches!(unreadable, Unreadable::Source(text) if text.is_empty()) {
        return Broken::CutOff;
    }
    if matches!(unreadable, Unreadable::Source(_)) {
        return failed(text).into();
    }
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    failed(first.into_iter().chain(letters).collect::<String>()).into()
}

fn from_join(error: &JoinError) -> Broken {
    match error.is_cancelled() {
        true => Broken::CutOff,
        false => failed(format!("The object was not read: {error}")).into(),
    }
}

/// An object, as Parquet is read from it.
struct Object {
    objects: Arc<dyn Objects>,
    bucket: String,
    key: String,
    length: u64,
    runtime: Handle,
}

impl Object {
    async fn open(mut self) -> Result<Rows, Broken> {
        let length = self.objects.size(&self.bucket, &self.key).await;
        self.length = length.map_err(|error| from_object(&error))?;
        let opened = spawn_blocking(move || Rows::open(Arc::new(self))).await;
        let opened = opened.map_err(|error| from_join(&error))?;
        opened.map_err(|unreadable| from_unreadable(&unreadable))
    }
}

impl Source for Object {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, from: u64, length: usize) -> Result<Bytes, String> {
        let read = self.objects.read(&self.bucket, &self.key, from, length);
        let bytes = self.runtime.block_on(read).map_err(|error| match error.is_cut_off() {
            // There is nothing to tell.
            true => String::new(),
            false => error.to_string(),
        })?;
        match bytes.len() == length {
            true => Ok(bytes),
            false => Err("The object became shorter while it was read".to_owned()),
        }
    }
}
