//! Files in memory.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet_rows::{Rows, Source, Unreadable};
use serde_json::Value;

/// A column's values, and its definition and repetition levels.
pub(crate) struct Column {
    pub(crate) values: Values,
    pub(crate) definitions: Option<Vec<i16>>,
    pub(crate) repetitions: Option<Vec<i16>>,
}

#[derive(Clone)]
pub(crate) enum Values {
    Bool(Vec<bool>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    I96(Vec<[u32; 3]>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Text(Vec<&'static str>),
    Fixed(Vec<&'static [u8]>),
}

pub(crate) fn flat(values: Values) -> Column {
    Column { values, definitions: None, repetitions: None }
}

pub(crate) fn nested(values: Values, definitions: &[i16], repetitions: &[i16]) -> Column {
    Column {
        values,
        definitions: Some(definitions.to_vec()),
        repetitions: Some(repetitions.to_vec()),
    }
}

pub(crate) fn properties(codec: Compression, second: bool) -> WriterProperties {
    let version = if second { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
    WriterProperties::builder().set_compression(codec).set_writer_version(version).build()
}

/// A file of row groups.
pub(crate) fn file(schema: &str, properties: WriterProperties, groups: &[Vec<Column>]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties)).unwrap();
    for columns in groups {
        let mut group = writer.next_row_group().unwrap();
        for column in columns {
            let mut into = group.next_column().unwrap().unwrap();
            write(into.untyped(), column);
            into.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    file
}

fn write(into: &mut ColumnWriter<'_>, column: &Column) {
    let (definitions, repetitions) = (column.definitions.as_deref(), column.repetitions.as_deref());
    let written = match (into, column.values.clone()) {
        (ColumnWriter::BoolColumnWriter(into), Values::Bool(values)) => {
            into.write_batch(&values, definitions, repetitions)
        }
        (ColumnWriter::Int32ColumnWriter(into), Values::I32(values)) => {
            into.write_batch(&values, definitions, repetitions)
        }
        (ColumnWriter::Int64ColumnWriter(into), Values::I64(values)) => {
            into.write_batch(&values, definitions, repetitions)
        }
        (ColumnWriter::Int96ColumnWriter(into), Values::I96(values)) => {
            let values: Vec<Int96> = values.iter().map(|parts| parts.to_vec().into()).collect();
            into.write_batch(&values, definitions, repetitions)
        }
        (ColumnWriter::FloatColumnWriter(into), Values::F32(values)) => {
            into.write_batch(&values, definitions, repetitions)
        }
        (ColumnWriter::DoubleColumnWriter(into), Values::F64(values)) => {
            into.write_batch(&values, definitions, repetitions)
        }
        (ColumnWriter::ByteArrayColumnWriter(into), Values::Text(values)) => {
            let values: Vec<ByteArray> = values.into_iter().map(ByteArray::from).collect();
            into.write_batch(&values, definitions, repetitions)
        }
        (ColumnWriter::FixedLenByteArrayColumnWriter(into), Values::Fixed(values)) => {
            let values: Vec<FixedLenByteArray> =
                values.into_iter().map(|bytes| bytes.to_vec().into()).collect();
            into.write_batch(&values, definitions, repetitions)
        }
        _ => panic!("values of another type than the column"),
    };
    written.unwrap();
}

/// Bytes in memory; the longest piece asked for is remembered.
pub(crate) struct Memory {
    pub(crate) bytes: Bytes,
    pub(crate) longest: std::sync::atomic::AtomicUsize,
}

impl Memory {
    pub(crate) fn new(bytes: Vec<u8>) -> Arc<Memory> {
        Arc::new(Memory { bytes: bytes.into(), longest: Default::default() })
    }
}

impl Source for Memory {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, from: u64, length: usize) -> Result<Bytes, String> {
        self.longest.fetch_max(length, std::sync::atomic::Ordering::Relaxed);
        let from = from as usize;
        Ok(self.bytes.slice(from..from + length))
    }
}

pub(crate) fn read(file: Vec<u8>) -> Result<Vec<Value>, Unreadable> {
    Rows::open(Memory::new(file))?.collect()
}
