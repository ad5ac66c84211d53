//! Parquet files as rows of JSON, one after the other: no more of a file is in memory than a page
//! of each column. It must never know where the bytes come from, nor what becomes of the rows.
//! Start at [`Rows`]; `pages` bounds what a file can ask for, `values` maps types.

mod columns;
mod delta;
mod footer;
mod pages;
mod rows;
mod thrift;
mod unpack;
mod values;

use bytes::Bytes;

pub use rows::Rows;

/// Longest footer, as AWS has it.
pub const FOOTER_BYTES_MAX: usize = 5 * 1024 * 1024;
/// Most bytes of a row group when it is unpacked, as AWS has it.
pub const ROW_GROUP_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Columns, counted as leaves of the schema.
pub const COLUMNS_MAX: usize = 2_000;
/// Deepest nesting of a schema.
pub const SCHEMA_DEPTH_MAX: usize = 32;
/// Values of lists and maps in the pages that are read for one row.
pub const ROW_VALUES_MAX: u64 = 4 * 1024 * 1024;

/// Values of one dictionary.
pub const DICTIONARY_VALUES_MAX: u32 = 4 * 1024 * 1024;
/// Texts of one page whose lengths are told apart from them.
pub const PAGE_TEXTS_MAX: u64 = 4 * 1024 * 1024;

/// Where a file's bytes come from.
pub trait Source: Send + Sync + 'static {
    /// Bytes in all.
    fn length(&self) -> u64;

    /// The bytes from `from` on, `length` of them; they are there.
    fn read(&self, from: u64, length: usize) -> Result<Bytes, String>;
}

/// Why rows cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The bytes do not come.
    #[error("{0}")]
    Source(String),
    #[error("the file is not a valid Parquet file: {0}")]
    Damaged(String),
    /// Well formed, but not for us.
    #[error("the Parquet file cannot be read: {0}")]
    Unsupported(String),
}

impl Unreadable {
    fn damaged(reason: impl Into<String>) -> Unreadable {
        Unreadable::Damaged(reason.into())
    }

    fn unsupported(reason: impl Into<String>) -> Unreadable {
        Unreadable::Unsupported(reason.into())
    }
}
