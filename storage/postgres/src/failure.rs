//! What an error of the database means to the store.

use store::engine::EngineError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What may have happened when the connection broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broke {
    /// The call only read, or had not begun: it may be repeated.
    Harmless,
    /// The call wrote: done or not.
    Unknown,
}

pub(crate) fn engine_error(error: &Error, broke: Broke) -> EngineError {
    let text = words(error);
    let Some(code) = error.code() else { return lost(text, broke) };
    let class = code.code().get(..2).unwrap_or_default();
    match code {
        &SqlState::DISK_FULL => EngineError::Full(text),
        &SqlState::DATA_CORRUPTED | &SqlState::INDEX_CORRUPTED => EngineError::Damaged(text),
        // Cancelled by a limit of its own, or on a server that only reads: certainly not done.
        &SqlState::QUERY_CANCELED
        | &SqlState::LOCK_NOT_AVAILABLE
        | &SqlState::READ_ONLY_SQL_TRANSACTION
        | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
        | &SqlState::IO_ERROR => EngineError::Busy(text),
        // A statement that the server was made to end may have committed before.
        &SqlState::ADMIN_SHUTDOWN | &SqlState::CRASH_SHUTDOWN => lost(text, broke),
        &SqlState::CANNOT_CONNECT_NOW => EngineError::Busy(text),
        _ => match class {
            // A connection that broke; a transaction to be repeated; no memory or connections.
            "08" => lost(text, broke),
            "40" | "53" => EngineError::Busy(text),
            _ => EngineError::Refused(text),
        },
    }
}

/// The connection is gone, or the answer did not come in time.
pub(crate) fn lost(text: String, broke: Broke) -> EngineError {
    match broke {
        Broke::Harmless => EngineError::Busy(text),
        Broke::Unknown => EngineError::Unknown(text),
    }
}

/// The message with its causes: the first alone says only "db error".
pub(crate) fn words(error: &Error) -> String {
    if let Some(told) = error.as_db_error() {
        return format!("{} (SQLSTATE {})", told.message(), told.code().code());
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// True if the table was not there.
pub(crate) fn is_no_table(error: &Error) -> bool {
    error.code() == Some(&SqlState::UNDEFINED_TABLE)
}

/// True if two nodes made the same thing at once, and the other was first.
pub(crate) fn is_made_already(error: &Error) -> bool {
    [SqlState::UNIQUE_VIOLATION, SqlState::DUPLICATE_TABLE, SqlState::DUPLICATE_SCHEMA]
        .iter()
        .any(|code| error.code() == Some(code))
}
