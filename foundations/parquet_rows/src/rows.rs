//! Rows: row group after row group, each row assembled of its columns' values.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::record::Row;
use parquet::record::reader::{ReaderIter, TreeBuilder};
use serde_json::Value;

use crate::columns::Columns;
use crate::pages::Used;
use crate::{Source, Unreadable, footer, values};

/// Rows whose values are decoded at once; those of lists are as many as the rows have.
const BATCH_ROWS: usize = 32;

/// The rows of a file, as objects of its columns.
pub struct Rows {
    source: Arc<dyn Source>,
    metadata: ParquetMetaData,
    /// The row group to open next.
    next: usize,
    open: Option<Open>,
}

struct Open {
    rows: ReaderIter,
    used: Arc<Used>,
}

impl Rows {
    /// Reads the footer; no row yet.
    pub fn open(source: Arc<dyn Source>) -> Result<Rows, Unreadable> {
        let metadata = guarded(|| footer::read(&*source))?;
        Ok(Rows { source, metadata, next: 0, open: None })
    }

    fn read(&mut self) -> Result<Option<Value>, Unreadable> {
        loop {
            if let Some(open) = &mut self.open {
                open.used.values.store(0, Ordering::Relaxed);
                match open.rows.next() {
                    Some(row) => return self.to_value(row.map_err(from_parquet)?).map(Some),
                    None => self.open = None,
                }
            }
            if self.next >= self.metadata.num_row_groups() {
                return Ok(None);
            }
            self.open_next()?;
        }
    }

    fn open_next(&mut self) -> Result<(), Unreadable> {
        let group = self.metadata.row_group(self.next);
        if group.num_rows() == 0 {
            self.next += 1;
            return Ok(());
        }
        let used = Arc::new(Used::default());
        let columns = Columns { source: self.source.clone(), group, used: used.clone() };
        let schema = self.metadata.file_metadata().schema_descr_ptr();
        let rows = TreeBuilder::new()
            .with_batch_size(BATCH_ROWS)
            .as_iter(schema, &columns)
            .map_err(from_parquet)?;
        self.next += 1;
        self.open = Some(Open { rows, used });
        Ok(())
    }

    fn to_value(&self, row: Row) -> Result<Value, Unreadable> {
        values::row(row, self.metadata.file_metadata().schema())
    }
}

impl Iterator for Rows {
    type Item = Result<Value, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = guarded(|| self.read());
        if read.is_err() {
            // What comes after a fault would be made of guesses.
            (self.next, self.open) = (usize::MAX, None);
        }
        read.transpose()
    }
}

/// The decoder trusts a file more than we do: where it gives up, the file is at fault.
fn guarded<T>(read: impl FnOnce() -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Unreadable::damaged("its values contradict each other")))
}

fn from_parquet(error: ParquetError) -> Unreadable {
    match error {
        ParquetError::External(error) => match error.downcast::<Unreadable>() {
            Ok(unreadable) => *unreadable,
            Err(error) => Unreadable::damaged(error.to_string()),
        },
        ParquetError::NYI(reason) => Unreadable::unsupported(reason),
        other => Unreadable::damaged(other.to_string()),
    }
}
