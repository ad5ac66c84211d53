//! Objects in buckets: what a distributed Map reads its items from and writes its results to.

pub mod folder;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

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

/// The code of what did not fail, but was cut off, as when this server stops.
const CUT_OFF: &str = "RequestAborted";

impl ObjectError {
    /// The work was dropped before it was done: nothing is known of the object.
    pub fn cut_off() -> ObjectError {
        let message = "The request was cut off.".to_owned();
        ObjectError { code: CUT_OFF.to_owned(), status: 500, message }
    }

    pub fn is_cut_off(&self) -> bool {
        self.code == CUT_OFF
    }
}

/// What comes piece by piece; it ends early with an error.
#[derive(Debug)]
pub struct Pieces<T> {
    pieces: mpsc::Receiver<Result<T, ObjectError>>,
    whole: Arc<AtomicBool>,
}

/// Where pieces are put in.
#[derive(Debug)]
pub struct PiecesSender<T> {
    pieces: mpsc::Sender<Result<T, ObjectError>>,
    whole: Arc<AtomicBool>,
}

/// Both ends of what comes piece by piece; `waiting` pieces are ahead of their reader.
pub fn pieces<T>(waiting: usize) -> (PiecesSender<T>, Pieces<T>) {
    let (sender, receiver) = mpsc::channel(waiting);
    let whole = Arc::new(AtomicBool::new(false));
    let pieces = Pieces { pieces: receiver, whole: whole.clone() };
    (PiecesSender { pieces: sender, whole }, pieces)
}

impl<T> Pieces<T> {
    /// The next piece; nothing after the last. A sender that is gone without a word was cut off.
    /// May be dropped while it waits.
    pub async fn recv(&mut self) -> Option<Result<T, ObjectError>> {
        match self.pieces.recv().await {
            Some(piece) => Some(piece),
            None if self.whole.load(Ordering::Acquire) => None,
            None => Some(Err(ObjectError::cut_off())),
        }
    }
}

impl<T> PiecesSender<T> {
    /// False when nobody wants more.
    pub async fn send(&self, piece: T) -> bool {
        self.pieces.send(Ok(piece)).await.is_ok()
    }

    /// Ends the pieces: well, or early.
    pub async fn end(self, ended: Result<(), ObjectError>) {
        match ended {
            Ok(()) => self.whole.store(true, Ordering::Release),
            // Nobody listens any more who would have to know.
            Err(error) => drop(self.pieces.send(Err(error)).await),
        }
    }
}

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
