//! What an SQLite error means to the store.

use rusqlite::{Error, ErrorCode, ffi};
use store::engine::EngineError;

pub(crate) fn engine_error(error: Error) -> EngineError {
    let text = error.to_string();
    let Error::SqliteFailure(failure, _) = &error else { return EngineError::Refused(text) };
    // The shared-memory file could not grow: no space, though SQLite calls it an I/O error.
    if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
        return EngineError::Full(text);
    }
    match failure.code {
        ErrorCode::DiskFull => EngineError::Full(text),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => EngineError::Busy(text),
        ErrorCode::SystemIoFailure => EngineError::Device(text),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => EngineError::Damaged(text),
        _ => EngineError::Refused(text),
    }
}

/// True if the table was not there.
pub(crate) fn is_no_table(error: &Error) -> bool {
    error.to_string().contains("no such table")
}
