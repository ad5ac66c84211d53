//! The headers of pages, which are structs in Thrift's compact protocol: just enough of it to see
//! sizes before anything is allocated by them.

use std::collections::BTreeMap;

/// Deepest nesting of a header.
const DEPTH_MAX: usize = 8;

/// The fields of a struct that are of use, by their number.
pub(crate) type Fields = BTreeMap<i16, Field>;

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Bool(bool),
    Int(i64),
    Struct(Fields),
}

/// Reads the struct at the head of `bytes`, and tells how long it is. `None` when it is cut off or
/// nonsense.
pub(crate) fn read_struct(bytes: &[u8]) -> Option<(Fields, usize)> {
    let mut reader = Reader { rest: bytes };
    let fields = reader.fields(DEPTH_MAX)?;
    Some((fields, bytes.len() - reader.rest.len()))
}

pub(crate) fn int(fields: &Fields, number: i16) -> Option<i64> {
    match fields.get(&number)? {
        Field::Int(value) => Some(*value),
        _ => None,
    }
}

pub(crate) fn inner(fields: &Fields, number: i16) -> Option<&Fields> {
    match fields.get(&number)? {
        Field::Struct(fields) => Some(fields),
        _ => None,
    }
}

pub(crate) fn flag(fields: &Fields, number: i16) -> Option<bool> {
    match fields.get(&number)? {
        Field::Bool(value) => Some(*value),
        _ => None,
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn fields(&mut self, depth: usize) -> Option<Fields> {
        let depth = depth.checked_sub(1)?;
        let mut fields = Fields::new();
        let mut number = 0_i16;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(fields);
            }
            number = match i16::from(head >> 4) {
                0 => i16::try_from(self.zigzag()?).ok()?,
                step => number.checked_add(step)?,
            };
            if let Some(field) = self.field(head & 0x0F, depth)? {
                fields.insert(number, field);
            }
        }
    }

    /// One value; the inner `None` is one of no interest.
    fn field(&mut self, kind: u8, depth: usize) -> Option<Option<Field>> {
        Some(match kind {
            1 => Some(Field::Bool(true)),
            2 => Some(Field::Bool(false)),
            3 => {
                self.byte()?;
                None
            }
            4..=6 => Some(Field::Int(self.zigzag()?)),
            7 => self.skip(8)?,
            8 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.skip(length)?
            }
            9 | 10 => self.list(depth)?,
            12 => Some(Field::Struct(self.fields(depth)?)),
            _ => return None,
        })
    }

    /// A header has no list that is of use.
    fn list(&mut self, depth: usize) -> Option<Option<Field>> {
        let depth = depth.checked_sub(1)?;
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.varint()?,
            short => u64::from(short),
        };
        for _ in 0..length {
            match head & 0x0F {
                // In a list a truth is a byte of its own.
                1 | 2 => drop(self.byte()?),
                kind => drop(self.field(kind, depth)?),
            }
        }
        Some(None)
    }

    fn skip(&mut self, length: usize) -> Option<Option<Field>> {
        self.rest = self.rest.get(length..)?;
        Some(None)
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_are_read() {
        // {1: 0, 2: 26, 3: 21, 5: {1: 8, 2: 0, 5: binary}, 8: true}, and a byte after it.
        let bytes = [
            0x15, 0x00, 0x15, 0x34, 0x15, 0x2A, 0x2C, 0x15, 0x10, 0x15, 0x00, 0x38, 0x02, b'a',
            b'b', 0x00, 0x31, 0x00, 0xFF,
        ];
        let (fields, length) = read_struct(&bytes).unwrap();
        assert_eq!(length, bytes.len() - 1);
        assert_eq!((int(&fields, 2), int(&fields, 3)), (Some(26), Some(21)));
        assert_eq!(int(inner(&fields, 5).unwrap(), 1), Some(8));
        assert_eq!(flag(&fields, 8), Some(true));
        for end in 0..length {
            assert_eq!(read_struct(&bytes[..end]), None, "{end}");
        }
        assert_eq!(read_struct(&[0x1C; 64]), None, "too deep");
    }
}
