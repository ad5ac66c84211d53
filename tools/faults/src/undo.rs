//! What was there before a write, in a file beside: for each write `1 | path bytes u16 | bytes
//! u32 | file bytes u64 | place u64 | path | old bytes`, and for each sync `2 | path bytes u16 |
//! 0 u32 | 0 u64 | 0 u64 | path`. Each entry is one append, so that threads do not mix.

use std::ffi::c_int;
use std::sync::OnceLock;

use libc::off_t;

use crate::real;

const WRITTEN: u8 = 1;
const SYNCED: u8 = 2;
const PATH_BYTES_MAX: usize = 1024;
/// Files whose loss matters: the others are locks, certificates and ballast.
const WATCHED: [&[u8]; 3] = [b"/rung.db", b"/rung.db-wal", b"/witness"];

/// Whether faults are meant for this file.
pub(crate) fn is_watched(file: c_int) -> bool {
    path(file).is_some()
}

/// A write is about to begin.
pub(crate) fn before(file: c_int, place: off_t, bytes: usize) {
    let Some(path) = path(file) else { return };
    let length = length(file);
    let kept = usize::try_from(length.saturating_sub(place).max(0)).unwrap_or(0).min(bytes);
    note(WRITTEN, &path, length, place, &old(file, place, kept));
}

/// A file is about to be cut, or made longer.
pub(crate) fn before_cut(file: c_int, to: off_t) {
    let Some(path) = path(file) else { return };
    let length = length(file);
    let lost = usize::try_from(length.saturating_sub(to).max(0)).unwrap_or(0);
    note(WRITTEN, &path, length, to, &old(file, to, lost));
}

/// What was written so far is on the disk.
pub(crate) fn synced(file: c_int) {
    if let Some(path) = path(file) {
        note(SYNCED, &path, 0, 0, &[]);
    }
}

fn note(kind: u8, path: &[u8], length: off_t, place: off_t, old: &[u8]) {
    let Some(undo) = undo_file() else { return };
    let mut entry = Vec::with_capacity(23 + path.len() + old.len());
    entry.push(kind);
    entry.extend_from_slice(&u16::try_from(path.len()).unwrap_or(0).to_le_bytes());
    entry.extend_from_slice(&u32::try_from(old.len()).unwrap_or(0).to_le_bytes());
    entry.extend_from_slice(&length.to_le_bytes());
    entry.extend_from_slice(&place.to_le_bytes());
    entry.extend_from_slice(path);
    entry.extend_from_slice(old);
    // SAFETY: the bytes live until the call is over. An entry that cannot be written is missed by
    // the harness, which then drops less.
    unsafe { real::write(undo, entry.as_ptr().cast(), entry.len()) };
}

fn undo_file() -> Option<c_int> {
    static UNDO: OnceLock<Option<c_int>> = OnceLock::new();
    *UNDO.get_or_init(|| {
        let path = real::variable(c"RUNG_FAULTS_UNDO")?;
        let how = libc::O_WRONLY | libc::O_APPEND | libc::O_CREAT | libc::O_CLOEXEC;
        // SAFETY: the path ends with a zero.
        let file = unsafe { libc::open(path.as_ptr(), how, 0o600) };
        (file >= 0).then_some(file)
    })
}

/// The file's path, if it is one of those that are watched.
fn path(file: c_int) -> Option<Vec<u8>> {
    let directory = real::variable(c"RUNG_FAULTS_DIRECTORY")?.to_bytes();
    let link = format!("/proc/self/fd/{file}\0");
    let mut path = vec![0_u8; PATH_BYTES_MAX];
    // SAFETY: the link ends with a zero, and the buffer is as long as is said.
    let bytes =
        unsafe { libc::readlink(link.as_ptr().cast(), path.as_mut_ptr().cast(), path.len()) };
    path.truncate(usize::try_from(bytes).ok()?);
    let name = path.strip_prefix(directory)?;
    WATCHED.contains(&name).then_some(path)
}

fn length(file: c_int) -> off_t {
    // SAFETY: zeroes are a valid value of this structure of numbers, and the call fills it.
    unsafe {
        let mut about: libc::stat = std::mem::zeroed();
        if libc::fstat(file, &raw mut about) == 0 { about.st_size } else { 0 }
    }
}

/// What is in the file there. A file of its own to read it by would take SQLite's locks with it
/// when it is closed; all that are watched are open for both.
fn old(file: c_int, place: off_t, bytes: usize) -> Vec<u8> {
    let mut old = vec![0_u8; bytes];
    // SAFETY: the buffer is as long as is said.
    let read = unsafe { libc::pread(file, old.as_mut_ptr().cast(), bytes, place) };
    old.truncate(usize::try_from(read).unwrap_or(0));
    old
}
