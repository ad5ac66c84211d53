//! Objects in buckets: what a distributed Map reads its items from and writes its results to.

pub mod folder;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

/// One object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectInfo {
    pub key: String,
    pub size: u64,
    /// Hexadecimal, without quotes.
    pub etag: String,
    /// Milliseconds since the epoch.
    pub modified_ms: i64,
}

/// The object service refused, in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (Service: S3, Status Code: {status}, Error Code: {code})")]
pub struct ObjectError {
    /// `NoSuchKey`
    pub code: String,
    pub status: u16,
    pub message: String,
}

/// What comes piece by piece; it ends early with an error.
pub type Pieces<T> = Receiver<Result<T, ObjectError>>;

/// Something that keeps objects.
#[async_trait]
pub trait Objects: Send + Sync + 'static {
    /// All objects whose keys begin with `prefix`, in the order of their keys' bytes.
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Pieces<ObjectInfo>, ObjectError>;

    /// The bytes of an object.
    async fn get(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Pieces<Bytes>, ObjectError>;

    /// How many bytes an object has.
    async fn size(&self, bucket: &str, key: &str) -> Result<u64, ObjectError>;

    /// Bytes of an object from `from` on: `length` of them, fewer where it ends.
    async fn read(
        &self,
        bucket: &str,
        key: &str,
        from: u64,
        length: usize,
    ) -> Result<Bytes, ObjectError>;

    /// Begins an object that is there, whole, once it is finished.
    async fn put(&self, bucket: &str, key: &str) -> Result<Box<dyn Upload>, ObjectError>;
}

/// An object on its way in. Dropped before it is finished it leaves nothing.
#[async_trait]
pub trait Upload: Send {
    async fn write(&mut self, bytes: Bytes) -> Result<(), ObjectError>;

    /// Makes the object visible; its size.
    async fn finish(self: Box<Self>) -> Result<u64, ObjectError>;
}
