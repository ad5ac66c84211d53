//! Uploaded code: archives named by their digest, and what is in them unpacked beside.
//! An archive is on the disk, synced, before any row refers to it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

/// AWS's limit on an archive uploaded directly, and on what is in it.
pub(crate) const ZIPPED_BYTES_MAX: usize = 50 << 20;
pub(crate) const UNZIPPED_BYTES_MAX: u64 = 262_144_000;
/// Files and folders in an archive.
const ENTRIES_MAX: usize = 65_535;
const DEPTH_MAX: usize = 64;

/// Why an archive is refused. The texts are AWS's where it has one.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodeError {
    #[error("Uploaded file must be a non-empty zip")]
    Empty,
    #[error("Could not unzip uploaded file. Please check your file, then try to upload again.")]
    NotZip,
    #[error("Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes")]
    UnzippedTooLarge,
    #[error("The archive holds more than {ENTRIES_MAX} files")]
    TooManyEntries,
    #[error("The archive holds an entry that is not a file below its root: {name}")]
    Escape { name: String },
    #[error("The archive holds a symbolic link: {name}")]
    Link { name: String },
    #[error("failed to store the code: {0}")]
    Storage(#[from] io::Error),
}

/// A stored archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// SHA-256 in hexadecimal.
    pub(crate) digest: String,
    pub(crate) bytes: u64,
}

/// The folder of archives.
pub(crate) struct CodeStore {
    home: PathBuf,
    unpacking: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl CodeStore {
    pub(crate) fn open(home: &Path) -> io::Result<CodeStore> {
        for folder in ["code", "unpacked"] {
            fs::create_dir_all(home.join(folder))?;
        }
        let home = home.canonicalize()?;
        Ok(CodeStore { home, unpacking: Mutex::default() })
    }

    pub(crate) fn archive_path(&self, digest: &str) -> PathBuf {
        self.home.join("code").join(format!("{digest}.zip"))
    }

    fn unpacked_path(&self, digest: &str) -> PathBuf {
        self.home.join("unpacked").join(digest)
    }

    /// Checks an archive by unpacking it, and keeps it.
    pub(crate) async fn save(self: &Arc<Self>, archive: Bytes) -> Result<Stored, CodeError> {
        let stored =
            Stored { digest: hex::encode(Sha256::digest(&archive)), bytes: archive.len() as u64 };
        let (store, digest) = (Arc::clone(self), stored.digest.clone());
        let lock = self.lock(&digest);
        let _alone = lock.lock().await;
        run_blocking(move || {
            if !store.unpacked_path(&digest).is_dir() {
                store.unpack(&digest, &archive)?;
            }
            write_durably(&store.archive_path(&digest), &archive)?;
            Ok(())
        })
        .await?;
        Ok(stored)
    }

    /// The folder with an archive's content; unpacks it when it is not there.
    pub(crate) async fn unpacked(self: Arc<Self>, digest: &str) -> Result<PathBuf, String> {
        let path = self.unpacked_path(digest);
        if path.is_dir() {
            return Ok(path);
        }
        let lock = self.lock(digest);
        let _alone = lock.lock().await;
        let (store, digest) = (Arc::clone(&self), digest.to_owned());
        let unpacked = run_blocking(move || {
            if !store.unpacked_path(&digest).is_dir() {
                let archive = fs::read(store.archive_path(&digest))?;
                if hex::encode(Sha256::digest(&archive)) != digest {
                    return Err(io::Error::other("the stored archive is damaged").into());
                }
                store.unpack(&digest, &archive)?;
            }
            Ok(())
        });
        unpacked.await.map(|()| path).map_err(|error| format!("failed to unpack the code: {error}"))
    }

    fn lock(&self, digest: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut unpacking = self.unpacking.lock();
        unpacking.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(unpacking.entry(digest.to_owned()).or_default())
    }

    /// Unpacks beside the final place and moves there, so that it is there whole or not at all.
    fn unpack(&self, digest: &str, archive: &[u8]) -> Result<(), CodeError> {
        let fresh = self.home.join("unpacked").join(format!(".{digest}.partial"));
        remove_tree(&fresh)?;
        let unpacked = unpack_into(archive, &fresh, UNZIPPED_BYTES_MAX);
        if unpacked.is_err() {
            remove_tree(&fresh)?;
        }
        unpacked?;
        fs::rename(&fresh, self.unpacked_path(digest))?;
        Ok(())
    }

    /// Removes archives and folders that no function refers to. Only while nothing is being saved.
    pub(crate) fn collect(&self, live: &HashSet<String>) -> io::Result<()> {
        for folder in ["code", "unpacked"] {
            for entry in fs::read_dir(self.home.join(folder))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if live.contains(name.trim_end_matches(".zip")) {
                    continue;
                }
                if entry.file_type()?.is_dir() {
                    fs::remove_dir_all(entry.path())?;
                } else {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(())
    }
}

async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, CodeError> + Send + 'static,
) -> Result<T, CodeError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(io::Error::other(error).into()),
    }
}

fn remove_tree(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let fresh = path.with_extension("zip.partial");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn unpack_into(archive: &[u8], root: &Path, bytes_max: u64) -> Result<(), CodeError> {
    if archive.is_empty() {
        return Err(CodeError::Empty);
    }
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|_| CodeError::NotZip)?;
    match archive.len() {
        0 => return Err(CodeError::Empty),
        count if count > ENTRIES_MAX => return Err(CodeError::TooManyEntries),
        _ => {}
    }
    fs::create_dir_all(root)?;
    let mut left = bytes_max;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| CodeError::NotZip)?;
        let name = entry.name().map_err(|_| CodeError::NotZip)?.into_owned();
        let Some(path) = entry_path(&name) else {
            return Err(CodeError::Escape { name });
        };
        if entry.is_symlink() {
            return Err(CodeError::Link { name });
        }
        let path = root.join(path);
        if entry.is_dir() {
            fs::create_dir_all(&path)?;
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mode = entry.unix_mode().map_or(0o644, |mode| (mode & 0o777) | 0o600);
        left -= unpack_file(&mut entry, &path, mode, left)?;
    }
    Ok(())
}

/// Writes one file and returns its size, which the archive's own word for it cannot change.
fn unpack_file(
    entry: &mut impl Read,
    path: &Path,
    mode: u32,
    bytes_max: u64,
) -> Result<u64, CodeError> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(path)?;
    let mut buffer = vec![0_u8; 64 << 10];
    let mut count = 0_u64;
    loop {
        // A damaged or encrypted stream shows here.
        let read = entry.read(&mut buffer).map_err(|_| CodeError::NotZip)?;
        if read == 0 {
            break;
        }
        count += read as u64;
        if count > bytes_max {
            return Err(CodeError::UnzippedTooLarge);
        }
        file.write_all(buffer.get(..read).unwrap_or_default())?;
    }
    // The process's own mask may have taken bits away.
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    Ok(count)
}

/// The path below the root, or nothing for a name that leads elsewhere.
fn entry_path(name: &str) -> Option<PathBuf> {
    if name.is_empty() || name.contains(['\0', '\\']) {
        return None;
    }
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    let depth = path.components().count();
    (1..=DEPTH_MAX).contains(&depth).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn check(archive: &[u8], expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("inner/root");
        let found = match unpack_into(archive, &root, 1 << 20) {
            Ok(()) => "unpacked".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected);
        let outside: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().collect();
        assert!(outside.iter().all(|entry| entry.file_name() == "inner"), "{outside:?}");
    }

    #[test]
    fn archives_stay_below_their_root() {
        check(&archive(&[("a/b.py", b"x"), ("./c", b"")]), "unpacked");
        let escape = "The archive holds an entry that is not a file below its root: ";
        for name in ["../evil", "/etc/evil", "a/../../../evil", "a\\..\\evil", "."] {
            check(&archive(&[(name, b"x")]), &format!("{escape}{name}"));
        }
        check(&[], "Uploaded file must be a non-empty zip");
        check(&archive(&[]), "Uploaded file must be a non-empty zip");
        let broken =
            "Could not unzip uploaded file. Please check your file, then try to upload again.";
        check(b"not a zip", broken);
    }

    #[test]
    fn links_are_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        let bytes = writer.finish().unwrap().into_inner();
        check(&bytes, "The archive holds a symbolic link: link");
    }

    #[test]
    fn bombs_are_refused_by_what_comes_out() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let zeros = vec![0_u8; 1 << 20];
        writer.start_file("zeros", SimpleFileOptions::default()).unwrap();
        for _ in 0..2 {
            writer.write_all(&zeros).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        assert!(bytes.len() < 1 << 14);
        check(&bytes, "Unzipped size must be smaller than 262144000 bytes");
    }

    #[tokio::test]
    async fn unreferenced_code_is_collected_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(CodeStore::open(folder.path()).unwrap());
        let one = store.save(archive(&[("a", b"1")]).into()).await.unwrap();
        let two = store.save(archive(&[("a", b"2")]).into()).await.unwrap();
        store.collect(&HashSet::from([one.digest.clone()])).unwrap();
        assert!(Arc::clone(&store).unpacked(&one.digest).await.is_ok());
        assert!(Arc::clone(&store).unpacked(&two.digest).await.is_err());
        fs::remove_dir_all(store.unpacked_path(&one.digest)).unwrap();
        fs::write(store.archive_path(&one.digest), b"other").unwrap();
        let error = Arc::clone(&store).unpacked(&one.digest).await.unwrap_err();
        assert_eq!(
            error,
            "failed to unpack the code: failed to store the code: the stored archive is damaged"
        );
    }
}
