//! The pages of one column, one at a time, every size checked before it is believed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::ParquetError;

use crate::thrift::{self, Fields};
use crate::unpack::unpack;
use crate::{
    DICTIONARY_VALUES_MAX, ROW_GROUP_BYTES_MAX, ROW_VALUES_MAX, Source, Unreadable, delta,
};

/// Bytes that are read at once, when a page is not longer.
const WINDOW_BYTES: usize = 32 * 1024;
/// Longest header; statistics in it may be long.
const HEADER_BYTES_MAX: usize = 1024 * 1024;
/// Values that a page can have.
const PAGE_VALUES_MAX: i64 = i32::MAX as i64;

/// What all columns of a row group have used of what they may.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// Bytes of all pages that were unpacked.
    pub(crate) bytes: AtomicU64,
    /// Values in lists and maps that were read since the last row.
    pub(crate) values: AtomicU64,
}

pub(crate) struct Pages {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) codec: Compression,
    pub(crate) used: Arc<Used>,
    /// Whether a row can have more than one value in this column.
    pub(crate) repeats: bool,
    /// The highest levels of repetition and definition.
    pub(crate) levels_max: (i16, i16),
    /// Values that the pages should have, and those that were read.
    pub(crate) values: u64,
    pub(crate) values_read: u64,
    /// The next page, and the end of the column.
    pub(crate) at: u64,
    pub(crate) end: u64,
    window: Bytes,
    window_at: u64,
    next: Option<Header>,
}

/// A page's header.
#[derive(Debug)]
struct Header {
    kind: Kind,
    packed: usize,
    unpacked: usize,
    values: u32,
    encoding: Encoding,
    /// Where the page's bytes begin.
    from: u64,
}

#[derive(Debug)]
enum Kind {
    Dictionary { sorted: bool },
    First { definition: Encoding, repetition: Encoding },
    Second { nulls: u32, rows: u32, definition: u32, repetition: u32, compressed: bool },
}

impl Pages {
    pub(crate) fn new(
        source: Arc<dyn Source>,
        codec: Compression,
        used: Arc<Used>,
        (at, end): (u64, u64),
    ) -> Pages {
        let window = Bytes::new();
        let (repeats, levels_max, values, values_read) = (false, (0, 0), 0, 0);
        Pages {
            source,
            codec,
            used,
            repeats,
            levels_max,
            values,
            values_read,
            at,
            end,
            window,
            window_at: at,
            next: None,
        }
    }

    fn read_page(&mut self) -> Result<Option<Page>, Unreadable> {
        if !self.find_next()? {
            return Ok(None);
        }
        let Some(header) = self.next.take() else { return Ok(None) };
        self.spend(&header)?;
        let packed = self.fetch(header.from, header.packed)?;
        self.at = header.from + header.packed as u64;
        self.to_page(header, packed).map(Some)
    }

    /// Reads the next header, unless it was. False at the end.
    fn find_next(&mut self) -> Result<bool, Unreadable> {
        while self.next.is_none() {
            if self.at >= self.end {
                return match self.values_read == self.values {
                    true => Ok(false),
                    false => Err(Unreadable::damaged(format!(
                        "a column has {} values where {} belong",
                        self.values_read, self.values
                    ))),
                };
            }
            self.read_header()?;
        }
        Ok(true)
    }

    /// Reads a header; that of an index page is passed over with its page.
    fn read_header(&mut self) -> Result<(), Unreadable> {
        let mut length = WINDOW_BYTES;
        let (fields, size) = loop {
            let most = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
            let bytes = self.fetch(self.at, length.min(most))?;
            match thrift::read_struct(&bytes) {
                Some(read) => break read,
                None if length < most.min(HEADER_BYTES_MAX) => length *= 4,
                None => return Err(Unreadable::damaged("the header of a page is unreadable")),
            }
        };
        let from = self.at + size as u64;
        let header = to_header(&fields, from)
            .ok_or_else(|| Unreadable::damaged("the header of a page says what cannot be"))?;
        let end = match &header {
            Ok(header) => from + header.packed as u64,
            Err(packed) => from + *packed as u64,
        };
        if end > self.end {
            return Err(Unreadable::damaged("a page is longer than its column"));
        }
        match header {
            Ok(header) => self.next = Some(header),
            Err(_) => self.at = end,
        }
        Ok(())
    }

    /// Counts a page against what its row group and its row may use.
    fn spend(&mut self, header: &Header) -> Result<(), Unreadable> {
        let bytes = header.unpacked as u64;
        if self.used.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > ROW_GROUP_BYTES_MAX {
            return Err(Unreadable::unsupported(format!(
                "a row group has more than {ROW_GROUP_BYTES_MAX} bytes"
            )));
        }
        if matches!(header.kind, Kind::Dictionary { .. }) {
            return Ok(());
        }
        let values = u64::from(header.values);
        self.values_read += values;
        if self.values_read > self.values {
            return Err(Unreadable::damaged("a column has more values than its row group says"));
        }
        let since = self.used.values.fetch_add(values, Ordering::Relaxed) + values;
        if self.repeats && since > ROW_VALUES_MAX {
            return Err(Unreadable::unsupported(format!(
                "a row has lists of more than {ROW_VALUES_MAX} values"
            )));
        }
        Ok(())
    }

    fn to_page(&self, header: Header, packed: Bytes) -> Result<Page, Unreadable> {
        let Header { kind, unpacked, values: num_values, encoding, .. } = header;
        Ok(match kind {
            Kind::Dictionary { sorted: is_sorted } => {
                let buf = unpack(self.codec, packed, unpacked)?;
                check_dictionary(num_values, buf.len())?;
                Page::DictionaryPage { buf, num_values, encoding, is_sorted }
            }
            Kind::First { definition, repetition } => {
                let buf = unpack(self.codec, packed, unpacked)?;
                let levels = self.levels_bytes(&buf, num_values, (repetition, definition))?;
                delta::check(encoding, buf.get(levels..).unwrap_or_default(), num_values)?;
                Page::DataPage {
                    buf,
                    num_values,
                    encoding,
                    def_level_encoding: definition,
                    rep_level_encoding: repetition,
                    statistics: None,
                }
            }
            Kind::Second { nulls, rows, definition, repetition, compressed } => {
                let levels = definition as usize + repetition as usize;
                let buf = self.unpack_second(packed, unpacked, levels, compressed)?;
                delta::check(encoding, buf.get(levels..).unwrap_or_default(), num_values)?;
                Page::DataPageV2 {
                    buf,
                    num_values,
                    encoding,
                    num_nulls: nulls,
                    num_rows: rows,
                    def_levels_byte_len: definition,
                    rep_levels_byte_len: repetition,
                    is_compressed: compressed,
                    statistics: None,
                }
            }
        })
    }

    /// How long the levels at the head of a first page are.
    fn levels_bytes(
        &self,
        page: &[u8],
        values: u32,
        (repetition, definition): (Encoding, Encoding),
    ) -> Result<usize, Unreadable> {
        let mut bytes = 0;
        let (repetition_max, definition_max) = self.levels_max;
        for (level_max, encoding) in [(repetition_max, repetition), (definition_max, definition)] {
            if level_max > 0 {
                let rest = page.get(bytes..).unwrap_or_default();
                let own = level_bytes(rest, values, level_max, encoding);
                bytes +=
                    own.ok_or_else(|| Unreadable::damaged("the levels of a page are cut off"))?;
            }
        }
        Ok(bytes)
    }

    /// The levels of a second page are never packed.
    fn unpack_second(
        &self,
        packed: Bytes,
        unpacked: usize,
        levels: usize,
        compressed: bool,
    ) -> Result<Bytes, Unreadable> {
        if levels > packed.len() || levels > unpacked {
            return Err(Unreadable::damaged("the levels of a page are longer than the page"));
        }
        if !compressed || self.codec == Compression::UNCOMPRESSED || unpacked == levels {
            return Ok(packed);
        }
        let values = unpack(self.codec, packed.slice(levels..), unpacked - levels)?;
        let mut whole = BytesMut::with_capacity(unpacked);
        whole.extend_from_slice(packed.get(..levels).unwrap_or_default());
        whole.extend_from_slice(&values);
        Ok(whole.freeze())
    }

    /// Bytes of the column, from the window or from the source; never more than were asked for.
    fn fetch(&mut self, from: u64, length: usize) -> Result<Bytes, Unreadable> {
        if length == 0 {
            return Ok(Bytes::new());
        }
        let inside = from.checked_sub(self.window_at).and_then(|skip| usize::try_from(skip).ok());
        if let Some(skip) = inside
            && let Some(end) = skip.checked_add(length)
            && end <= self.window.len()
        {
            return Ok(self.window.slice(skip..end));
        }
        let most = usize::try_from(self.end - from).unwrap_or(usize::MAX);
        let asked = length.max(WINDOW_BYTES).min(most);
        let bytes = self.source.read(from, asked).map_err(Unreadable::Source)?;
        if bytes.len() != asked || asked < length {
            return Err(Unreadable::damaged("it is cut off"));
        }
        (self.window, self.window_at) = (bytes, from);
        Ok(self.window.slice(..length))
    }
}

/// The decoder makes room for all values of a dictionary before it reads them.
fn check_dictionary(values: u32, bytes: usize) -> Result<(), Unreadable> {
    if values as usize > bytes {
        return Err(Unreadable::damaged("a dictionary has more values than bytes"));
    }
    if values > DICTIONARY_VALUES_MAX {
        return Err(Unreadable::unsupported(format!(
            "a dictionary has more than {DICTIONARY_VALUES_MAX} values"
        )));
    }
    Ok(())
}

fn level_bytes(page: &[u8], values: u32, level_max: i16, encoding: Encoding) -> Option<usize> {
    if encoding == Encoding::RLE {
        let length = page.first_chunk().map(|length| u32::from_le_bytes(*length))?;
        return usize::try_from(length).ok()?.checked_add(size_of::<u32>());
    }
    let bits = usize::try_from(level_max.unsigned_abs().checked_ilog2()?).ok()? + 1;
    Some((values as usize).checked_mul(bits)?.div_ceil(8))
}

/// A header of its fields; of a page that has no values, its length alone.
fn to_header(fields: &Fields, from: u64) -> Option<Result<Header, usize>> {
    let size = |number| usize::try_from(thrift::int(fields, number)?).ok();
    let (unpacked, packed) = (size(2)?, size(3)?);
    let (kind, values, encoding) = match thrift::int(fields, 1)? {
        0 => {
            let own = thrift::inner(fields, 5)?;
            let (definition, repetition) = (encoding(own, 3)?, encoding(own, 4)?);
            (Kind::First { definition, repetition }, number(own, 1)?, encoding(own, 2)?)
        }
        2 => {
            let own = thrift::inner(fields, 7)?;
            let sorted = thrift::flag(own, 3).unwrap_or(false);
            (Kind::Dictionary { sorted }, number(own, 1)?, encoding(own, 2)?)
        }
        3 => {
            let own = thrift::inner(fields, 8)?;
            let kind = Kind::Second {
                nulls: number(own, 2)?,
                rows: number(own, 3)?,
                definition: number(own, 5)?,
                repetition: number(own, 6)?,
                compressed: thrift::flag(own, 7).unwrap_or(true),
            };
            (kind, number(own, 1)?, encoding(own, 4)?)
        }
        _ => return Some(Err(packed)),
    };
    Some(Ok(Header { kind, packed, unpacked, values, encoding, from }))
}

fn number(fields: &Fields, of: i16) -> Option<u32> {
    let value = thrift::int(fields, of).filter(|value| *value <= PAGE_VALUES_MAX)?;
    u32::try_from(value).ok()
}

fn encoding(fields: &Fields, of: i16) -> Option<Encoding> {
    Some(match thrift::int(fields, of)? {
        0 => Encoding::PLAIN,
        2 => Encoding::PLAIN_DICTIONARY,
        3 => Encoding::RLE,
        #[expect(deprecated, reason = "old files have it")]
        4 => Encoding::BIT_PACKED,
        5 => Encoding::DELTA_BINARY_PACKED,
        6 => Encoding::DELTA_LENGTH_BYTE_ARRAY,
        7 => Encoding::DELTA_BYTE_ARRAY,
        8 => Encoding::RLE_DICTIONARY,
        9 => Encoding::BYTE_STREAM_SPLIT,
        _ => return None,
    })
}

fn told(unreadable: Unreadable) -> ParquetError {
    ParquetError::External(Box::new(unreadable))
}

impl Iterator for Pages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        self.read_page().map_err(told)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        if !self.find_next().map_err(told)? {
            return Ok(None);
        }
        Ok(self.next.as_ref().map(|header| match header.kind {
            Kind::Dictionary { .. } => {
                PageMetadata { num_rows: None, num_levels: None, is_dict: true }
            }
            Kind::First { .. } => PageMetadata {
                num_rows: None,
                num_levels: Some(header.values as usize),
                is_dict: false,
            },
            Kind::Second { rows, .. } => PageMetadata {
                num_rows: Some(rows as usize),
                num_levels: Some(header.values as usize),
                is_dict: false,
            },
        }))
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        if self.find_next().map_err(told)?
            && let Some(header) = self.next.take()
        {
            self.spend(&header).map_err(told)?;
            self.at = header.from + header.packed as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_claim_what_they_have() {
        assert_eq!(check_dictionary(4, 4), Ok(()));
        assert!(matches!(check_dictionary(5, 4), Err(Unreadable::Damaged(_))));
        let many = DICTIONARY_VALUES_MAX + 1;
        assert!(matches!(check_dictionary(many, many as usize), Err(Unreadable::Unsupported(_))));
    }

    // What the decoder itself takes for levels, so that the values are found behind them.
    #[test]
    fn levels_are_measured() {
        #[expect(deprecated, reason = "old files have it")]
        let packed = Encoding::BIT_PACKED;
        assert_eq!(level_bytes(&[3, 0, 0, 0, 1, 2, 3, 9], 8, 1, Encoding::RLE), Some(7));
        assert_eq!(level_bytes(&[3, 0, 0], 8, 1, Encoding::RLE), None);
        assert_eq!(level_bytes(&[], 9, 1, packed), Some(2));
        assert_eq!(level_bytes(&[], 9, 4, packed), Some(4));
    }
}
