//! Buckets in memory, whose objects come in pieces of a given length.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use targets::objects::{ObjectError, ObjectInfo, Objects, Pieces, Upload, pieces};

pub(super) struct Shelf {
    files: BTreeMap<String, Bytes>,
    piece_bytes: usize,
}

impl Shelf {
    pub(super) fn new(files: &[(String, Vec<u8>)], piece_bytes: usize) -> Shelf {
        let files = files.iter().map(|(key, bytes)| (key.clone(), Bytes::from(bytes.clone())));
        Shelf { files: files.collect(), piece_bytes }
    }

    /// The object of that key; the last one answers for every key that is not there, so that any
    /// manifest names something.
    fn file(&self, key: &str) -> Result<Bytes, ObjectError> {
        let file = self.files.get(key).or_else(|| self.files.values().next_back());
        file.cloned().ok_or_else(missing)
    }
}

fn missing() -> ObjectError {
    ObjectError {
        code: "NoSuchKey".to_owned(),
        status: 404,
        message: "The specified key does not exist.".to_owned(),
    }
}

#[async_trait]
impl Objects for Shelf {
    async fn list(&self, _bucket: &str, prefix: &str) -> Result<Pieces<ObjectInfo>, ObjectError> {
        let listed = self.files.iter().filter(|(key, _)| key.starts_with(prefix));
        let listed = listed.map(|(key, file)| ObjectInfo {
            key: key.clone(),
            size: file.len() as u64,
            etag: "e".to_owned(),
            modified_ms: 0,
        });
        Ok(at_once(listed.collect()).await)
    }

    async fn get(
        &self,
        _bucket: &str,
        key: &str,
        _version: Option<&str>,
    ) -> Result<Pieces<Bytes>, ObjectError> {
        let file = self.file(key)?;
        let starts = (0..file.len()).step_by(self.piece_bytes);
        let ends = starts.clone().map(|start| start.saturating_add(self.piece_bytes));
        let cut = starts.zip(ends).map(|(start, end)| file.slice(start..end.min(file.len())));
        Ok(at_once(cut.collect()).await)
    }

    async fn size(&self, _bucket: &str, key: &str) -> Result<u64, ObjectError> {
        Ok(self.file(key)?.len() as u64)
    }

    async fn read(
        &self,
        _bucket: &str,
        key: &str,
        from: u64,
        length: usize,
    ) -> Result<Bytes, ObjectError> {
        let file = self.file(key)?;
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(file.len());
        Ok(file.slice(from..from.saturating_add(length).min(file.len())))
    }

    async fn put(&self, _bucket: &str, _key: &str) -> Result<Box<dyn Upload>, ObjectError> {
        Err(missing())
    }
}

/// All at once, in a channel that has room for them.
async fn at_once<T>(all: Vec<T>) -> Pieces<T> {
    let (sender, receiver) = pieces(all.len().max(1));
    for one in all {
        sender.send(one).await;
    }
    sender.end(Ok(())).await;
    receiver
}
