//! A row group as the assembly of rows asks for it: a reader of pages for each column.

use std::sync::Arc;

use parquet::bloom_filter::Sbbf;
use parquet::column::page::PageReader;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::RowGroupReader;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;

use crate::pages::{Pages, Used};
use crate::{Source, footer};

pub(crate) struct Columns<'a> {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) group: &'a RowGroupMetaData,
    pub(crate) used: Arc<Used>,
}

impl RowGroupReader for Columns<'_> {
    fn metadata(&self) -> &RowGroupMetaData {
        self.group
    }

    fn num_columns(&self) -> usize {
        self.group.num_columns()
    }

    fn get_column_page_reader(&self, number: usize) -> Result<Box<dyn PageReader>> {
        let column = self.group.column(number);
        let place = footer::place(column, self.source.length())
            .map_err(|unreadable| ParquetError::External(Box::new(unreadable)))?;
        let (source, used) = (self.source.clone(), self.used.clone());
        let mut pages = Pages::new(source, column.compression(), used, place);
        let description = column.column_descr();
        pages.levels_max = (description.max_rep_level(), description.max_def_level());
        pages.repeats = pages.levels_max.0 > 0;
        // A row has one value in a column that does not repeat, be it null.
        let rows = self.group.num_rows();
        let values = if pages.repeats { column.num_values() } else { rows };
        pages.values = u64::try_from(values)
            .map_err(|_| ParquetError::General("a column with less than no values".into()))?;
        Ok(Box::new(pages))
    }

    fn get_column_bloom_filter(&self, _: usize) -> Option<&Sbbf> {
        None
    }

    fn get_row_iter(&self, _: Option<Type>) -> Result<RowIter<'_>> {
        Err(ParquetError::NYI("rows are assembled elsewhere".into()))
    }
}
