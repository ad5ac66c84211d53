//! What the delta encodings of texts say of their own length: the decoder makes room for as many
//! values as a stream claims before it reads the first of them.

use parquet::basic::Encoding;

use crate::{PAGE_TEXTS_MAX, Unreadable};

/// Longest number of a stream's head.
const VARINT_BYTES_MAX: u32 = 10;

/// The head of a stream of numbers, and where the stream ends.
#[derive(Debug, PartialEq, Eq)]
struct Stream {
    values: u64,
    end: usize,
}

/// Checks the values of a page: streams that claim no more than the page has.
pub(crate) fn check(encoding: Encoding, values: &[u8], page_values: u32) -> Result<(), Unreadable> {
    let streams = match encoding {
        Encoding::DELTA_LENGTH_BYTE_ARRAY => 1,
        // Lengths of what a text shares with the one before it, then of the rest.
        Encoding::DELTA_BYTE_ARRAY => 2,
        _ => return Ok(()),
    };
    let mut rest = values;
    for _ in 0..streams {
        let cut_off = || Unreadable::damaged("the lengths of a page's texts are cut off");
        let stream = stream(rest).ok_or_else(cut_off)?;
        if stream.values > u64::from(page_values) {
            return Err(Unreadable::damaged("a page has lengths of more texts than it has"));
        }
        if stream.values > PAGE_TEXTS_MAX {
            return Err(Unreadable::unsupported(format!(
                "a page has more than {PAGE_TEXTS_MAX} texts"
            )));
        }
        rest = rest.get(stream.end..).ok_or_else(cut_off)?;
    }
    Ok(())
}

/// Passes over a stream: a head, then blocks of a least difference, the widths of its parts in
/// bits, and the parts.
fn stream(bytes: &[u8]) -> Option<Stream> {
    let mut at = 0;
    let mut head = || varint(bytes, &mut at);
    let (block, parts, values, _first) = (head()?, head()?, head()?, head()?);
    let part_values = block.checked_div(parts)?;
    let parts = usize::try_from(parts).ok()?;
    let mut left = values.saturating_sub(1);
    while left > 0 {
        varint(bytes, &mut at)?;
        let widths = bytes.get(at..at.checked_add(parts)?)?;
        at += parts;
        for width in widths {
            // Parts after the last value are not there.
            if left == 0 || part_values == 0 {
                break;
            }
            let bits = u64::from(*width).checked_mul(part_values)?;
            at = at.checked_add(usize::try_from(bits / 8).ok()?)?;
            left = left.saturating_sub(part_values);
        }
        if part_values == 0 {
            return None;
        }
    }
    Some(Stream { values, end: at })
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for place in 0..VARINT_BYTES_MAX {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7F) << (7 * place);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_passed_over() {
        // Block of 128, 4 parts, so many values, the first; a difference, widths, the parts.
        let widths_end = [&[128, 1, 4, 40, 2][..], &[0], &[1, 2, 0, 0], &[0; 4 + 8], &[9]].concat();
        let rows = [
            (vec![128, 1, 4, 1, 2, 9], Some(Stream { values: 1, end: 5 })),
            (vec![128, 1, 4, 0, 0], Some(Stream { values: 0, end: 5 })),
            (widths_end, Some(Stream { values: 40, end: 22 })),
            (vec![128, 1, 4, 2, 0], None),
            (vec![128, 1, 0, 2, 0], None),
            (vec![0, 4, 2, 0, 0, 0, 0, 0, 0], None),
            (vec![255; 20], None),
        ];
        for (bytes, expected) in rows {
            assert_eq!(stream(&bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn claims_are_refused() {
        let many = [128, 1, 4, 255, 255, 255, 255, 7, 0];
        for (encoding, page_values, begin) in [
            (Encoding::DELTA_LENGTH_BYTE_ARRAY, 3, "the file is not a valid"),
            (Encoding::DELTA_BYTE_ARRAY, 3, "the file is not a valid"),
        ] {
            let told = check(encoding, &many, page_values).unwrap_err().to_string();
            assert!(told.starts_with(begin), "{told}");
        }
        assert_eq!(check(Encoding::PLAIN, &many, 3), Ok(()));
        let one = [128, 1, 4, 1, 2];
        assert_eq!(check(Encoding::DELTA_LENGTH_BYTE_ARRAY, &one, 1), Ok(()));
        assert!(check(Encoding::DELTA_BYTE_ARRAY, &one, 1).is_err());
        assert_eq!(check(Encoding::DELTA_BYTE_ARRAY, &[one, one].concat(), 1), Ok(()));
    }
}
