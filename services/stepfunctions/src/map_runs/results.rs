//! What becomes of the results of a run: the state's output, or objects with a manifest
//! (SFN-DMAP-11, SFN-DMAP-14, SFN-WRITER-1…5). Children's own rows are read one by one.

use std::collections::BTreeMap;

use bytes::Bytes;
use moment::format_iso;
use serde_json::{Map, Value, json};
use targets::objects::{ObjectError, Objects, Upload};
use workflow::execution::Status;
use workflow::history::Failure;
use workflow::map_run::{Form, WRITER_ERROR, Writer};
use workflow::payload::Payload;

use super::Ranges;
use super::batches::{Batches, Work};
use super::children::Children;
use super::reader::Broken;
use crate::executions::Found;
use crate::service::Service;

/// Bytes of a result file, above which the next one is begun (SFN-WRITER-5).
const FILE_BYTES_MAX: u64 = 5_000_000_000;
/// Bytes that go out at once.
const PART_BYTES: usize = 5 * 1024 * 1024;
/// Children that did not start and are told of as pending.
const PENDING_MAX: u64 = 100_000_000;

/// The results of a run that is over.
pub(super) struct Results<'a> {
    pub(super) service: &'a Service,
    pub(super) children: &'a Children,
    pub(super) writer: Option<&'a Writer>,
    /// Children that were started.
    pub(super) executions: u64,
    /// The child after the last that was read of, and those that had ended before a redrive.
    pub(super) next: u64,
    pub(super) kept: &'a Ranges,
    /// Items in those that succeeded.
    pub(super) items_succeeded: u64,
    /// Longest output of the state.
    pub(super) bytes_max: u64,
}

/// What was made of them.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The state's output; absent when it is too long.
    pub(super) output: Option<Payload>,
    pub(super) executions: u64,
    pub(super) items: u64,
}

/// Where files go.
struct Target {
    bucket: String,
    /// With a slash at its end, the run's own number in it.
    folder: String,
}

impl Results<'_> {
    pub(super) async fn write(
        &self,
        outputs: Option<BTreeMap<u64, Payload>>,
        pending: Option<&mut Batches>,
    ) -> Result<Written, Broken> {
        let form = self.writer.and_then(|writer| writer.form);
        match self.writer.and_then(|writer| writer.parameters.as_ref()) {
            Some(parameters) => {
                let target = self.target(parameters)?;
                let form = form.unwrap_or(Form::Full);
                self.export(&target, form, pending).await
            }
            None if form == Some(Form::Full) => self.describe_all(),
            None => Ok(self.collect(outputs, form)),
        }
    }

    /// The state's output of children's outputs (SFN-WRITER-4).
    fn collect(&self, outputs: Option<BTreeMap<u64, Payload>>, form: Option<Form>) -> Written {
        let Some(outputs) = outputs else { return Written::default() };
        let mut all = Vec::with_capacity(outputs.len());
        let executions = outputs.len() as u64;
        for output in outputs.into_values() {
            match output.value() {
                Value::Array(items) if form == Some(Form::Flat) => {
                    all.extend(items.iter().cloned().map(Payload::from_value));
                }
                _ => all.push(output),
            }
        }
        Written { output: Some(Payload::array(&all)), executions, items: self.items_succeeded }
    }

    /// The state's output of whole descriptions.
    fn describe_all(&self) -> Result<Written, Broken> {
        let (mut written, mut all, mut bytes) = (Written::default(), Vec::new(), 0);
        for index in 0..self.executions {
            let Some(found) = self.child(index)? else { continue };
            if found.head.status != Status::Succeeded {
                continue;
            }
            let description = Payload::from_value(describe(&found));
            bytes += description.bytes() as u64 + 1;
            if bytes > self.bytes_max {
                return Ok(Written::default());
            }
            written.executions += 1;
            written.items += items_of(&found);
            all.push(description);
        }
        written.output = Some(Payload::array(&all));
        Ok(written)
    }

    fn child(&self, index: u64) -> Result<Option<Found>, Failure> {
        self.children.find(index).map_err(|error| failed(error.to_string()))
    }

    fn target(&self, parameters: &Payload) -> Result<Target, Failure> {
        let text = |name: &str| parameters.value().get(name).and_then(Value::as_str);
        let bucket = text("Bucket").filter(|bucket| !bucket.is_empty());
        let bucket = bucket.ok_or_else(|| failed("The ResultWriter needs a Bucket"))?;
        let prefix = text("Prefix").unwrap_or_default().trim_end_matches('/');
        let run = self.children.map_run_arn.rsplit(':').next().unwrap_or_default();
        let folder = match prefix {
            "" => format!("{run}/"),
            prefix => format!("{prefix}/{run}/"),
        };
        Ok(Target { bucket: bucket.to_owned(), folder })
    }

    async fn export(
        &self,
        target: &Target,
        form: Form,
        pending: Option<&mut Batches>,
    ) -> Result<Written, Broken> {
        let lines = self.writer.is_some_and(|writer| writer.json_lines);
        let objects = &*self.service.objects;
        let mut succeeded = Files::new(target, "SUCCEEDED", lines);
        let mut failures = Files::new(target, "FAILED", lines);
        let mut unstarted = Files::new(target, "PENDING", lines);
        let mut written = Written::default();
        for index in 0..self.executions {
            let Some(found) = self.child(index)? else { continue };
            written.executions += 1;
            written.items += items_of(&found);
            if found.head.status == Status::Succeeded {
                succeeded.add_formed(objects, &found, form).await?;
            } else {
                failures.add(objects, &describe(&found).to_string()).await?;
            }
        }
        if let Some(batches) = pending {
            add_pending(objects, batches, (self.next, self.kept), &mut unstarted).await?;
        }
        let mut files = Map::new();
        files.insert("FAILED".into(), failures.finish().await?);
        files.insert("PENDING".into(), unstarted.finish().await?);
        files.insert("SUCCEEDED".into(), succeeded.finish().await?);
        let key = format!("{}manifest.json", target.folder);
        let manifest = json!({
            "DestinationBucket": target.bucket,
            "MapRunArn": self.children.map_run_arn,
            "ResultFiles": files,
        });
        put(objects, target, &key, manifest.to_string()).await?;
        written.output = Some(Payload::from_value(json!({
            "MapRunArn": self.children.map_run_arn,
            "ResultWriterDetails": {"Bucket": target.bucket, "Key": key},
        })));
        Ok(written)
    }
}

/// What was read no further than this, because the run failed.
async fn add_pending(
    objects: &dyn Objects,
    batches: &mut Batches,
    (next, kept): (u64, &Ranges),
    files: &mut Files<'_>,
) -> Result<(), Broken> {
    for index in next..next.saturating_add(PENDING_MAX) {
        // Items that cannot be read are none of those that wait.
        let input = match batches.next().await {
            Ok(Some(Work { input, .. })) => input,
            Ok(None) | Err(Broken::Failure(_)) => return Ok(()),
            Err(Broken::CutOff) => return Err(Broken::CutOff),
        };
        if kept.contains(index) {
            continue;
        }
        let record = json!({
            "Input": input.text(),
            "InputDetails": {"Included": true},
            "Status": "PENDING",
        });
        files.add(objects, &record.to_string()).await?;
    }
    Ok(())
}

async fn put(
    objects: &dyn Objects,
    target: &Target,
    key: &str,
    text: String,
) -> Result<(), Broken> {
    let mut upload = objects.put(&target.bucket, key).await.map_err(from_object)?;
    upload.write(text.into()).await.map_err(from_object)?;
    upload.finish().await.map_err(from_object)?;
    Ok(())
}

/// The files of one status.
struct Files<'a> {
    target: &'a Target,
    status: &'static str,
    lines: bool,
    open: Option<Box<dyn Upload>>,
    part: Vec<u8>,
    /// Bytes of the open file so far.
    bytes: u64,
    /// Key and size of those that are whole.
    whole: Vec<Value>,
}

impl<'a> Files<'a> {
    fn new(target: &'a Target, status: &'static str, lines: bool) -> Files<'a> {
        Files { target, status, lines, open: None, part: Vec::new(), bytes: 0, whole: Vec::new() }
    }

    async fn add_formed(
        &mut self,
        objects: &dyn Objects,
        found: &Found,
        form: Form,
    ) -> Result<(), Broken> {
        let output = found.head.output.clone().unwrap_or_else(Payload::empty_object);
        match (form, output.value()) {
            (Form::Full, _) => self.add(objects, &describe(found).to_string()).await,
            (Form::Flat, Value::Array(items)) => {
                for item in items {
                    self.add(objects, &item.to_string()).await?;
                }
                Ok(())
            }
            (Form::Compact | Form::Flat, _) => self.add(objects, output.text()).await,
        }
    }

    async fn add(&mut self, objects: &dyn Objects, record: &str) -> Result<(), Broken> {
        if self.bytes > 0 && self.bytes + record.len() as u64 + 2 > FILE_BYTES_MAX {
            self.end_file().await?;
        }
        if self.open.is_none() {
            let key = self.key();
            let upload = objects.put(&self.target.bucket, &key).await;
            self.open = Some(upload.map_err(from_object)?);
        }
        let before = match (self.lines, self.bytes) {
            (true, 0) => "",
            (true, _) => "\n",
            (false, 0) => "[",
            (false, _) => ",",
        };
        self.part.extend_from_slice(before.as_bytes());
        self.part.extend_from_slice(record.as_bytes());
        self.bytes += (before.len() + record.len()) as u64;
        if self.bytes == 0 {
            // Not even an empty record leaves the file without a byte.
            self.bytes = 1;
        }
        if self.part.len() >= PART_BYTES {
            self.send().await?;
        }
        Ok(())
    }

    fn key(&self) -> String {
        let ending = if self.lines { "jsonl" } else { "json" };
        format!("{}{}_{}.{ending}", self.target.folder, self.status, self.whole.len())
    }

    async fn send(&mut self) -> Result<(), Broken> {
        let part = Bytes::from(std::mem::take(&mut self.part));
        match &mut self.open {
            Some(open) => open.write(part).await.map_err(from_object),
            None => Ok(()),
        }
    }

    async fn end_file(&mut self) -> Result<(), Broken> {
        if !self.lines {
            self.part.push(b']');
        }
        self.send().await?;
        let key = self.key();
        if let Some(open) = self.open.take() {
            let size = open.finish().await.map_err(from_object)?;
            self.whole.push(json!({"Key": key, "Size": size}));
        }
        self.bytes = 0;
        Ok(())
    }

    async fn finish(mut self) -> Result<Value, Broken> {
        if self.open.is_some() {
            self.end_file().await?;
        }
        Ok(Value::Array(self.whole))
    }
}

/// A child as result files tell of it (SFN-WRITER-3).
fn describe(found: &Found) -> Value {
    let (about, head) = (&found.start.about, &found.head);
    let succeeded = head.status == Status::Succeeded;
    let members = [
        ("Cause", head.cause.as_ref().map(|cause| json!(cause))),
        ("Error", head.error.as_ref().map(|error| json!(error))),
        ("ExecutionArn", Some(json!(about.execution_arn))),
        ("Input", Some(json!(about.input.text()))),
        ("InputDetails", Some(json!({"Included": true}))),
        ("Name", Some(json!(about.name))),
        ("Output", head.output.as_ref().map(|output| json!(output.text()))),
        ("OutputDetails", head.output.as_ref().map(|_| json!({"Included": true}))),
        ("RedriveCount", Some(json!(head.redrive_count))),
        ("RedriveDate", head.redrive_ms.map(|redrive_ms| json!(format_iso(redrive_ms)))),
        (
            "RedriveStatus",
            Some(json!(if succeeded { "NOT_REDRIVABLE" } else { "REDRIVABLE_BY_MAP_RUN" })),
        ),
        (
            "RedriveStatusReason",
            succeeded.then(|| json!("Execution is SUCCEEDED and cannot be redriven")),
        ),
        ("StartDate", Some(json!(format_iso(about.start_ms)))),
        ("StateMachineArn", Some(json!(about.state_machine_arn))),
        ("Status", Some(json!(head.status.text()))),
        ("StopDate", head.stop_ms.map(|stop_ms| json!(format_iso(stop_ms)))),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
}

fn items_of(found: &Found) -> u64 {
    found.start.child.as_ref().map_or(1, |child| child.items)
}

fn failed(cause: impl Into<String>) -> Failure {
    Failure { error: Some(WRITER_ERROR.to_owned()), cause: Some(cause.into()) }
}

fn from_object(error: ObjectError) -> Broken {
    match error.is_cut_off() {
        true => Broken::CutOff,
        false => failed(error.to_string()).into(),
    }
}
