//! The footer: what a file consists of, refused early where it is not for us.

use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::schema::types::Type;

use crate::{
    COLUMNS_MAX, FOOTER_BYTES_MAX, ROW_GROUP_BYTES_MAX, SCHEMA_DEPTH_MAX, Source, Unreadable,
    unpack,
};

const MAGIC: &[u8] = b"PAR1";
const ENCRYPTED: &[u8] = b"PARE";
/// The footer's length and the magic number.
const TAIL_BYTES: u64 = 8;

pub(crate) fn read(source: &dyn Source) -> Result<ParquetMetaData, Unreadable> {
    let length = source.length();
    let before = length.checked_sub(TAIL_BYTES);
    let before = before.filter(|before| *before >= MAGIC.len() as u64);
    let before = before.ok_or_else(|| Unreadable::damaged("it is too short"))?;
    let tail = source.read(before, TAIL_BYTES as usize).map_err(Unreadable::Source)?;
    let (size, magic) = tail.split_at_checked(4).ok_or_else(cut_off)?;
    if magic == ENCRYPTED {
        return Err(Unreadable::unsupported("it is encrypted"));
    }
    if magic != MAGIC {
        return Err(Unreadable::damaged("it does not end with `PAR1`"));
    }
    let size = u32::from_le_bytes(size.try_into().map_err(|_| cut_off())?) as usize;
    if size > FOOTER_BYTES_MAX {
        let reason = format!("its footer has {size} bytes; at most are {FOOTER_BYTES_MAX}");
        return Err(Unreadable::unsupported(reason));
    }
    let from = before.checked_sub(size as u64).ok_or_else(cut_off)?;
    let bytes = source.read(from, size).map_err(Unreadable::Source)?;
    let metadata = ParquetMetaDataReader::decode_metadata(&bytes)
        .map_err(|error| Unreadable::damaged(error.to_string()))?;
    check_schema(metadata.file_metadata().schema())?;
    for group in metadata.row_groups() {
        check_group(group, from)?;
    }
    Ok(metadata)
}

fn cut_off() -> Unreadable {
    Unreadable::damaged("its footer is cut off")
}

fn check_schema(root: &Type) -> Result<(), Unreadable> {
    if root.get_fields().is_empty() {
        return Err(Unreadable::unsupported("it has no columns"));
    }
    let mut columns = 0;
    for field in root.get_fields() {
        check_type(field, SCHEMA_DEPTH_MAX, &mut columns)?;
    }
    Ok(())
}

fn check_type(of: &Type, depth: usize, columns: &mut usize) -> Result<(), Unreadable> {
    let depth = depth.checked_sub(1).ok_or_else(|| {
        Unreadable::unsupported(format!("it is nested deeper than {SCHEMA_DEPTH_MAX} levels"))
    })?;
    if of.is_primitive() {
        *columns += 1;
        if *columns > COLUMNS_MAX {
            return Err(Unreadable::unsupported(format!("it has more than {COLUMNS_MAX} columns")));
        }
        return check_leaf(of);
    }
    if of.get_fields().is_empty() {
        return Err(Unreadable::damaged(format!("`{}` has no fields", of.name())));
    }
    let converted = of.get_basic_info().converted_type();
    let holds = of.get_fields().first().is_some_and(|only| {
        let repeats = only.get_basic_info().has_repetition()
            && only.get_basic_info().repetition() == Repetition::REPEATED;
        let pairs = only.is_group() && (1..=2).contains(&only.get_fields().len());
        match converted {
            ConvertedType::LIST => repeats,
            ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => repeats && pairs,
            _ => true,
        }
    });
    let special = matches!(
        converted,
        ConvertedType::LIST | ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE
    );
    if special && (of.get_fields().len() != 1 || !holds) {
        let reason = format!("`{}` is no list or map, though it says so", of.name());
        return Err(Unreadable::damaged(reason));
    }
    of.get_fields().iter().try_for_each(|field| check_type(field, depth, columns))
}

/// Types that have a value in JSON.
fn check_leaf(of: &Type) -> Result<(), Unreadable> {
    let info = of.get_basic_info();
    let converted = info.converted_type();
    let fits = match of.get_physical_type() {
        Physical::INT32 => !matches!(
            converted,
            ConvertedType::TIME_MICROS | ConvertedType::INT_64 | ConvertedType::UINT_64
        ),
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => {
            converted != ConvertedType::INTERVAL
        }
        _ => true,
    };
    let known = !matches!(
        info.logical_type_ref(),
        Some(LogicalType::Variant(_) | LogicalType::Geometry(_))
            | Some(LogicalType::Geography(_) | LogicalType::File)
    );
    match fits && known {
        true => Ok(()),
        false => {
            Err(Unreadable::unsupported(format!("the type of `{}` is not supported", of.name())))
        }
    }
}

fn check_group(group: &RowGroupMetaData, data_end: u64) -> Result<(), Unreadable> {
    let bytes = u64::try_from(group.total_byte_size()).unwrap_or(u64::MAX);
    if bytes > ROW_GROUP_BYTES_MAX {
        let reason = format!("a row group has {bytes} bytes; at most are {ROW_GROUP_BYTES_MAX}");
        return Err(Unreadable::unsupported(reason));
    }
    if group.num_rows() < 0 || group.num_columns() != group.schema_descr().num_columns() {
        return Err(Unreadable::damaged("a row group does not fit the schema"));
    }
    if group.num_rows() == 0 {
        // Without a page there is no place for one.
        return Ok(());
    }
    for column in group.columns() {
        unpack::check(column.compression())?;
        if column.file_path().is_some() {
            return Err(Unreadable::unsupported("a column lies in another file"));
        }
        place(column, data_end)?;
    }
    Ok(())
}

/// Where a column's pages are: from, and before.
pub(crate) fn place(column: &ColumnChunkMetaData, data_end: u64) -> Result<(u64, u64), Unreadable> {
    let dictionary = column.dictionary_page_offset().filter(|offset| *offset > 0);
    let first = column.data_page_offset();
    // Some writers name the dictionary after the data.
    let from = dictionary.map_or(first, |dictionary| dictionary.min(first));
    let range = || {
        let from = u64::try_from(from).ok()?;
        let end = from.checked_add(u64::try_from(column.compressed_size()).ok()?)?;
        (from >= MAGIC.len() as u64 && end <= data_end).then_some((from, end))
    };
    range().ok_or_else(|| Unreadable::damaged("a column lies outside of the file"))
}
