//! The tables on one page, and opening a file that has them.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction};
use store::engine::is_family_name;

use crate::{FORMAT, OpenError};

/// Says in the file's header whose it is: "Rung".
const APPLICATION_ID: i64 = 0x5275_6E67;
const STATEMENTS_CACHED_MAX: usize = 128;

/// Rows lie in the order of their keys, except in the log: there they lie in the order they came,
/// with the key beside them, so that a commit for many partitions writes pages side by side
/// (2.2 times as many records a second, 64 partitions, no sync).
const TABLES: &str = "
CREATE TABLE cluster (k TEXT PRIMARY KEY, v BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE partition (
    id INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    owner TEXT NOT NULL,
    tail INTEGER NOT NULL,
    applied INTEGER NOT NULL,
    anchor BLOB NOT NULL,
    first_slot INTEGER NOT NULL,
    last_slot INTEGER NOT NULL
);
CREATE TABLE log (
    part INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    batch_id BLOB NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (part, seq)
);
";

/// Checkpoints are ours to make, so that their errors are seen.
const WRITER_PRAGMAS: &str = "
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA fullfsync = ON;
PRAGMA checkpoint_fullfsync = ON;
PRAGMA wal_autocheckpoint = 0;
PRAGMA journal_size_limit = 67108864;
";

/// A commit waits for the disk,
pub(crate) const SYNCED: &str = "PRAGMA synchronous = FULL;";
/// or is there after the next one that does; checkpoints sync either way.
pub(crate) const NOT_SYNCED: &str = "PRAGMA synchronous = NORMAL;";

const COMMON_PRAGMAS: &str = "
PRAGMA mmap_size = 0;
PRAGMA cache_size = -16384;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
PRAGMA busy_timeout = 5000;
";

/// Opens the writing connection, creating the tables in an empty file. Nothing is changed before
/// it is clear that the file is ours and readable.
pub(crate) fn open(file: &Path) -> Result<Connection, OpenError> {
    let failed = |cause| explain(file, cause);
    let mut connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, (), |row| row.get(0)).map_err(failed)?;
    if tables > 0 {
        check_format(&connection, file)?;
    }
    connection.execute_batch(WRITER_PRAGMAS).map_err(failed)?;
    if tables == 0 {
        create(&mut connection).map_err(failed)?;
    }
    Ok(connection)
}

/// Opens the connection that moves SQLite's log into the file while the other one writes.
pub(crate) fn open_checkpointer(file: &Path) -> rusqlite::Result<Connection> {
    let connection = connect(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.execute_batch(WRITER_PRAGMAS)?;
    Ok(connection)
}

/// Moves what it can without waiting for anybody.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(()))
}

/// Whether the file is ours and readable.
pub(crate) fn inspect(file: &Path) -> Result<(), OpenError> {
    let connection = open_reader(file).map_err(|cause| explain(file, cause))?;
    check_format(&connection, file)
}

/// Opens a connection that cannot write.
pub(crate) fn open_reader(file: &Path) -> rusqlite::Result<Connection> {
    connect(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

fn connect(file: &Path, access: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(file, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED_MAX);
    connection.execute_batch(COMMON_PRAGMAS)?;
    Ok(connection)
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.execute_batch(TABLES)?;
    put_setting(&transaction, "format", FORMAT.to_string().as_bytes())?;
    transaction.commit()
}

fn check_format(connection: &Connection, file: &Path) -> Result<(), OpenError> {
    let foreign = |cause: String| OpenError::Foreign { path: file.to_owned(), cause };
    let id: i64 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(|cause| explain(file, cause))?;
    if id != APPLICATION_ID {
        return Err(foreign(format!("its application id is {id:#x}")));
    }
    let format = setting(connection, "format").map_err(|cause| explain(file, cause))?;
    let format = format.and_then(|text| std::str::from_utf8(&text).ok()?.parse::<u32>().ok());
    match format {
        None => Err(foreign("it does not name its format".to_owned())),
        Some(found) if found > FORMAT => {
            Err(OpenError::NewerFormat { path: file.to_owned(), found, supported: FORMAT })
        }
        Some(_) => Ok(()),
    }
}

fn explain(file: &Path, cause: rusqlite::Error) -> OpenError {
    let path = file.to_owned();
    match cause.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign { path, cause: cause.to_string() },
        _ => OpenError::Database { path, cause },
    }
}

/// One value of the table `cluster`.
pub(crate) fn setting(connection: &Connection, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached("SELECT v FROM cluster WHERE k = ?1")?;
    select.query_row([key], |row| row.get(0)).optional()
}

pub(crate) fn put_setting(
    transaction: &Transaction<'_>,
    key: &str,
    value: &[u8],
) -> rusqlite::Result<()> {
    let insert = "INSERT OR REPLACE INTO cluster (k, v) VALUES (?1, ?2)";
    transaction.execute(insert, (key, value))?;
    Ok(())
}

/// Families that have a table.
pub(crate) fn families(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let mut select = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let names = select.query_map((), |row| row.get::<_, String>(0))?;
    names.filter(|name| name.as_ref().map_or(true, |name| is_family_name(name))).collect()
}

/// A family's table. Family names need no escaping, only quotes against keywords.
pub(crate) fn create_family(family: &str) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS \"{family}\" (k BLOB PRIMARY KEY, v BLOB NOT NULL) \
         WITHOUT ROWID"
    )
}
