//! Objects as files: a bucket is a folder, a key the path below it. Segments of keys that a path
//! cannot hold are escaped with `%`, so that no key leaves its bucket.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::{ObjectError, ObjectInfo, Objects, Pieces, PiecesSender, Upload, pieces};

/// Bytes of a piece of an object.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces and listed objects that wait for their reader.
const PIECES_WAITING: usize = 4;
const LISTED_WAITING: usize = 256;
/// Longest key, in bytes, as S3 has it.
const KEY_BYTES_MAX: usize = 1_024;
/// Longest name of a file.
const SEGMENT_BYTES_MAX: usize = 255;
/// Unfinished uploads lie here, beside the buckets; no bucket has such a name.
const UPLOADS: &str = ".uploads";

/// Buckets in one folder.
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// Buckets are the folders in `root`.
    pub fn new(root: impl Into<PathBuf>) -> Folder {
        Folder { root: root.into() }
    }

    fn bucket(&self, bucket: &str) -> Result<PathBuf, ObjectError> {
        if !is_bucket_name(bucket) {
            return Err(refused("InvalidBucketName", 400, "The specified bucket is not valid."));
        }
        let path = self.root.join(bucket);
        match path.is_dir() {
            true => Ok(path),
            false => Err(refused("NoSuchBucket", 404, "The specified bucket does not exist")),
        }
    }

    fn object(&self, bucket: &str, key: &str) -> Result<PathBuf, ObjectError> {
        let bucket = self.bucket(bucket)?;
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(refused("KeyTooLongError", 400, "Your key is too long"));
        }
        if key.ends_with('/') {
            let message = "A folder cannot keep an object whose key ends in a slash.";
            return Err(refused("InvalidRequest", 400, message));
        }
        if key.split('/').any(|segment| to_name(segment).len() > SEGMENT_BYTES_MAX) {
            return Err(refused("KeyTooLongError", 400, "Your key is too long"));
        }
        Ok(to_path(&bucket, key))
    }

    fn existing(&self, bucket: &str, key: &str) -> Result<PathBuf, ObjectError> {
        let path = self.object(bucket, key)?;
        match path.is_file() {
            true => Ok(path),
            false => Err(refused("NoSuchKey", 404, "The specified key does not exist.")),
        }
    }
}

#[async_trait]
impl Objects for Folder {
    async fn list(&self, bucket: &str, prefix: &str) -> Result<Pieces<ObjectInfo>, ObjectError> {
        let path = self.bucket(bucket)?;
        let (listed, listing) = pieces(LISTED_WAITING);
        let prefix = prefix.to_owned();
        tokio::spawn(async move {
            let walked = walk(path, prefix, &listed).await;
            listed.end(walked).await;
        });
        Ok(listing)
    }

    async fn get(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Pieces<Bytes>, ObjectError> {
        if version.is_some_and(|version| version != "null") {
            let message = "The specified version does not exist.";
            return Err(refused("NoSuchVersion", 404, message));
        }
        let path = self.existing(bucket, key)?;
        let (read, pieces) = pieces(PIECES_WAITING);
        tokio::spawn(async move {
            let sent = send_file(path, &read).await;
            read.end(sent).await;
        });
        Ok(pieces)
    }

    async fn size(&self, bucket: &str, key: &str) -> Result<u64, ObjectError> {
        let path = self.existing(bucket, key)?;
        blocking(move || Ok(fs::metadata(path)?.len())).await
    }

    async fn read(
        &self,
        bucket: &str,
        key: &str,
        from: u64,
        length: usize,
    ) -> Result<Bytes, ObjectError> {
        let path = self.existing(bucket, key)?;
        blocking(move || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(length as u64).read_to_end(&mut bytes)?;
            Ok(bytes.into())
        })
        .await
    }

    async fn put(&self, bucket: &str, key: &str) -> Result<Box<dyn Upload>, ObjectError> {
        let path = self.object(bucket, key)?;
        let uploads = self.root.join(UPLOADS);
        let partial = uploads.join(uuid::Uuid::new_v4().to_string());
        let file = blocking({
            let partial = partial.clone();
            move || {
                fs::create_dir_all(uploads)?;
                File::create(partial)
            }
        })
        .await?;
        Ok(Box::new(Writing { path, partial, file: Some(file), size: 0 }))
    }
}

/// An upload: a file that takes its place when it is whole.
struct Writing {
    path: PathBuf,
    partial: PathBuf,
    file: Option<File>,
    size: u64,
}

#[async_trait]
impl Upload for Writing {
    async fn write(&mut self, bytes: Bytes) -> Result<(), ObjectError> {
        let Some(mut file) = self.file.take() else {
            return Err(internal("an earlier part of the upload failed"));
        };
        self.size += bytes.len() as u64;
        let file = blocking(move || file.write_all(&bytes).map(|()| file)).await?;
        self.file = Some(file);
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<u64, ObjectError> {
        let Some(file) = self.file.take() else {
            return Err(internal("an earlier part of the upload failed"));
        };
        let (partial, path) = (self.partial.clone(), self.path.clone());
        blocking(move || {
            file.sync_all()?;
            let folder = path.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            fs::rename(partial, &path)?;
            sync_folder(folder)
        })
        .await?;
        Ok(self.size)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // Gone already when the upload was finished.
        let _ = fs::remove_file(&self.partial);
    }
}

/// A name in a folder is durable when the folder is.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, ObjectError> {
    match spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| from_io(&error)),
        Err(error) if error.is_cancelled() => Err(ObjectError::cut_off()),
        Err(error) => Err(internal(&error.to_string())),
    }
}

/// No thread waits for the reader of the pieces: there may be more readers than threads.
async fn send_file(path: PathBuf, pieces: &PiecesSender<Bytes>) -> Result<(), ObjectError> {
    let mut file = blocking(move || File::open(path)).await?;
    loop {
        let (rest, piece) = blocking(move || {
            let mut piece = vec![0; PIECE_BYTES];
            let length = file.read(&mut piece)?;
            piece.truncate(length);
            Ok((file, piece))
        })
        .await?;
        file = rest;
        if piece.is_empty() || !pieces.send(piece.into()).await {
            return Ok(());
        }
    }
}

/// Tells the files below `bucket` whose keys begin with `prefix`, in the order of their keys. Of
/// a folder only the names are in memory.
async fn walk(
    bucket: PathBuf,
    prefix: String,
    listed: &PiecesSender<ObjectInfo>,
) -> Result<(), ObjectError> {
    let mut open = vec![entries(bucket.clone(), String::new(), prefix.clone()).await?];
    while let Some(folder) = open.last_mut() {
        let files = folder.iter().rev().take_while(|key| !key.ends_with('/'));
        let files = files.take(LISTED_WAITING).count();
        if files > 0 {
            let keys = folder.split_off(folder.len() - files);
            let bucket = bucket.clone();
            for info in blocking(move || infos(&bucket, keys)).await? {
                if !listed.send(info).await {
                    return Ok(());
                }
            }
            continue;
        }
        match folder.pop() {
            Some(key) => {
                let path = to_path(&bucket, key.strip_suffix('/').unwrap_or(&key));
                open.push(entries(path, key, prefix.clone()).await?);
            }
            None => drop(open.pop()),
        }
    }
    Ok(())
}

fn to_path(bucket: &Path, key: &str) -> PathBuf {
    let mut path = bucket.to_owned();
    path.extend(key.split('/').map(to_name));
    path
}

/// The keys in a folder, last first; those of folders end in a slash, by which they sort.
async fn entries(
    folder: PathBuf,
    above: String,
    prefix: String,
) -> Result<Vec<String>, ObjectError> {
    blocking(move || {
        let mut keys = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Some(segment) = entry.file_name().to_str().and_then(to_segment) else { continue };
            let is_folder = entry.file_type()?.is_dir();
            if segment.is_empty() && !is_folder {
                continue;
            }
            let slash = if is_folder { "/" } else { "" };
            let key = format!("{above}{segment}{slash}");
            if key.starts_with(&prefix) || (is_folder && prefix.starts_with(&key)) {
                keys.push(key);
            }
        }
        keys.sort_unstable_by(|one, other| other.cmp(one));
        Ok(keys)
    })
    .await
}

/// The keys' objects, which come last first; those that were taken away meanwhile are left out.
fn infos(bucket: &Path, keys: Vec<String>) -> std::io::Result<Vec<ObjectInfo>> {
    let mut infos = Vec::with_capacity(keys.len());
    for key in keys.into_iter().rev() {
        match info(&to_path(bucket, &key), key) {
            Ok(info) => infos.push(info),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(infos)
}

fn info(path: &Path, key: String) -> std::io::Result<ObjectInfo> {
    let about = fs::metadata(path)?;
    let modified = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    // Stands for the content without reading it: size and time of the last change.
    let etag = format!("{:016x}{:016x}", about.len(), modified.as_nanos() as u64);
    let modified_ms = i64::try_from(modified.as_millis()).unwrap_or(i64::MAX);
    Ok(ObjectInfo { key, size: about.len(), etag, modified_ms })
}

fn is_bucket_name(name: &str) -> bool {
    let letters = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_');
    (3..=63).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(letters)
}

/// A segment of a key to the name of a file. Empty and dotted segments, `%` and what separates
/// paths or is no printable letter are escaped.
fn to_name(segment: &str) -> String {
    if segment.is_empty() {
        return "%".to_owned();
    }
    let dots = segment.bytes().all(|byte| byte == b'.');
    let mut name = String::with_capacity(segment.len());
    for letter in segment.chars() {
        let odd = matches!(letter, '%' | '\\' | ':') || letter.is_control();
        if odd || (dots && letter == '.') {
            name.push_str(&format!("%{:02X}", u32::from(letter)));
        } else {
            name.push(letter);
        }
    }
    name
}

/// The segment that a file's name stands for; none when no segment has that name.
fn to_segment(name: &str) -> Option<String> {
    if name == "%" {
        return Some(String::new());
    }
    let mut segment = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        let (before, escaped) = rest.split_at(at);
        segment.push_str(before);
        let code = u8::from_str_radix(escaped.get(1..3)?, 16).ok()?;
        segment.push(char::from(code));
        rest = escaped.get(3..)?;
    }
    segment.push_str(rest);
    (to_name(&segment) == name).then_some(segment)
}

fn refused(code: &str, status: u16, message: &str) -> ObjectError {
    ObjectError { code: code.to_owned(), status, message: message.to_owned() }
}

fn internal(reason: &str) -> ObjectError {
    refused("InternalError", 500, &format!("We encountered an internal error: {reason}"))
}

fn from_io(error: &std::io::Error) -> ObjectError {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => refused("AccessDenied", 403, "Access Denied"),
        _ => internal(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn put(folder: &Folder, key: &str, text: &str) {
        let mut upload = folder.put("bucket", key).await.unwrap();
        upload.write(Bytes::copy_from_slice(text.as_bytes())).await.unwrap();
        assert_eq!(upload.finish().await.unwrap(), text.len() as u64);
    }

    async fn keys(folder: &Folder, prefix: &str) -> Vec<String> {
        let mut listing = folder.list("bucket", prefix).await.unwrap();
        let mut keys = Vec::new();
        while let Some(info) = listing.recv().await {
            keys.push(info.unwrap().key);
        }
        keys
    }

    #[tokio::test]
    async fn objects_come_back_in_order() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bucket")).unwrap();
        let folder = Folder::new(home.path());
        let all = ["../../out", "...", "a", "a-b", "b/../c", "b//c", "b/c", "b/d", "c%2Fd"];
        for key in all {
            put(&folder, key, key).await;
            let mut pieces = folder.get("bucket", key, None).await.unwrap();
            assert_eq!(pieces.recv().await.unwrap().unwrap(), key.as_bytes());
        }
        let mut sorted = all.map(str::to_owned).to_vec();
        sorted.sort_unstable();
        assert_eq!(keys(&folder, "").await, sorted);
        assert_eq!(keys(&folder, "b/").await, ["b/../c", "b//c", "b/c", "b/d"]);
        assert_eq!(keys(&folder, "none").await, Vec::<String>::new());
        assert!(!home.path().parent().unwrap().join("out").exists());
    }

    #[tokio::test]
    async fn refusals_are_those_of_the_real_service() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bucket")).unwrap();
        let folder = Folder::new(home.path());
        let code = |error: ObjectError| error.code;
        assert_eq!(folder.get("bucket", "k", None).await.map_err(code).unwrap_err(), "NoSuchKey");
        let version = folder.get("bucket", "k", Some("1")).await;
        assert_eq!(version.map_err(code).unwrap_err(), "NoSuchVersion");
        for (bucket, expected) in [("other", "NoSuchBucket"), ("..", "InvalidBucketName")] {
            assert_eq!(folder.list(bucket, "").await.map_err(code).unwrap_err(), expected);
            let put = folder.put(bucket, "k").await.map(|_| ());
            assert_eq!(put.map_err(code).unwrap_err(), expected);
        }
    }

    // What was cut off is not taken for an end.
    #[tokio::test]
    async fn a_sender_that_is_gone_was_cut_off() {
        let (sender, mut received) = pieces(1);
        assert!(sender.send(1).await);
        drop(sender);
        assert_eq!(received.recv().await, Some(Ok(1)));
        assert!(received.recv().await.unwrap().unwrap_err().is_cut_off());
        let (sender, mut received) = pieces::<u8>(1);
        sender.end(Ok(())).await;
        assert_eq!(received.recv().await, None);
    }

    #[tokio::test]
    async fn an_unfinished_object_leaves_nothing() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("bucket")).unwrap();
        let folder = Folder::new(home.path());
        let mut upload = folder.put("bucket", "k").await.unwrap();
        upload.write(Bytes::from_static(b"half")).await.unwrap();
        drop(upload);
        assert_eq!(keys(&folder, "").await, Vec::<String>::new());
        assert_eq!(fs::read_dir(home.path().join(UPLOADS)).unwrap().count(), 0);
    }
}
