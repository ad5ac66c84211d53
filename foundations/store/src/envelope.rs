//! The envelope around every stored value, so that damage is seen before it is believed:
//! `magic u8 | kind u8 | format u16 | flags u16 | length u32 | body | crc32c u32`, little endian.
//! The check covers the key too: a row found under the wrong key fails.

use std::cell::RefCell;
use std::thread::LocalKey;

use bytes::{BufMut, Bytes, BytesMut};

const MAGIC: u8 = 0xA7;
const HEAD_BYTES: usize = 10;
const CHECK_BYTES: usize = 4;
const FLAG_ZSTD: u16 = 1;
const FLAGS_KNOWN: u16 = FLAG_ZSTD;

/// Bodies up to this size are stored as they are.
const PLAIN_BYTES_MAX: usize = 1_024;
/// For what stays.
const ZSTD_LEVEL: i32 = 1;
/// For what is gone in seconds: no entropy coding, whose tables cost more than small bodies save.
const ZSTD_LEVEL_FAST: i32 = -3;

/// Longest body. A length beyond it is damage, and is not allocated.
pub const BODY_BYTES_MAX: usize = 128 << 20;

/// A value out of its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub kind: u8,
    pub format: u16,
    pub body: Bytes,
}

/// What is wrong with a stored value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    #[error("stored value is too short to be one")]
    Short,
    #[error("stored value does not begin as one")]
    Magic,
    #[error("stored value or its key was changed: the check does not match")]
    Check,
    #[error("stored value has flags that this version does not know ({0:#06x})")]
    Flags(u16),
    #[error("stored value does not have the length it names")]
    Length,
}

/// Wraps a body; compresses it when that makes it smaller.
pub fn encode(kind: u8, format: u16, key: &[u8], body: &[u8]) -> Bytes {
    wrap(kind, format, key, (body, &COMPRESSOR))
}

/// The same, in less time and more space: for the log.
pub(crate) fn encode_fast(kind: u8, format: u16, key: &[u8], body: &[u8]) -> Bytes {
    wrap(kind, format, key, (body, &COMPRESSOR_FAST))
}

fn wrap(kind: u8, format: u16, key: &[u8], (body, with): (&[u8], &'static Compressor)) -> Bytes {
    debug_assert!(body.len() <= BODY_BYTES_MAX, "callers bound what they store");
    let packed = if body.len() > PLAIN_BYTES_MAX { compress(body, with) } else { None };
    let (flags, stored) = match &packed {
        Some(packed) => (FLAG_ZSTD, packed.as_slice()),
        None => (0, body),
    };
    let mut out = BytesMut::with_capacity(HEAD_BYTES + stored.len() + CHECK_BYTES);
    out.put_u8(MAGIC);
    out.put_u8(kind);
    out.put_u16_le(format);
    out.put_u16_le(flags);
    out.put_u32_le(u32::try_from(body.len()).unwrap_or(u32::MAX));
    out.put_slice(stored);
    let check = check(key, &out);
    out.put_u32_le(check);
    out.freeze()
}

/// Unwraps a value that was stored under `key`.
pub fn decode(key: &[u8], stored: &Bytes) -> Result<Decoded, Damaged> {
    let body_end = stored.len().checked_sub(CHECK_BYTES).ok_or(Damaged::Short)?;
    let (covered, mark) = stored.split_at_checked(body_end).ok_or(Damaged::Short)?;
    let Some(&[magic, kind, f0, f1, g0, g1, l0, l1, l2, l3]) = covered.first_chunk::<HEAD_BYTES>()
    else {
        return Err(Damaged::Short);
    };
    if magic != MAGIC {
        return Err(Damaged::Magic);
    }
    if mark != check(key, covered).to_le_bytes() {
        return Err(Damaged::Check);
    }
    let flags = u16::from_le_bytes([g0, g1]);
    if flags & !FLAGS_KNOWN != 0 {
        return Err(Damaged::Flags(flags));
    }
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let body = open_body(stored.slice(HEAD_BYTES..body_end), flags, length)?;
    Ok(Decoded { kind, format: u16::from_le_bytes([f0, f1]), body })
}

fn open_body(stored: Bytes, flags: u16, length: usize) -> Result<Bytes, Damaged> {
    if length > BODY_BYTES_MAX {
        return Err(Damaged::Length);
    }
    let body = if flags & FLAG_ZSTD == 0 {
        stored
    } else {
        Bytes::from(zstd::bulk::decompress(&stored, length).map_err(|_| Damaged::Length)?)
    };
    if body.len() == length { Ok(body) } else { Err(Damaged::Length) }
}

fn check(key: &[u8], covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(key), covered)
}

/// A compressor is expensive to make and cheap to use again: one a thread.
type Compressor = LocalKey<RefCell<Option<zstd::bulk::Compressor<'static>>>>;

thread_local! {
    static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(ZSTD_LEVEL).ok());
    static COMPRESSOR_FAST: RefCell<Option<zstd::bulk::Compressor<'static>>> =
        RefCell::new(zstd::bulk::Compressor::new(ZSTD_LEVEL_FAST).ok());
}

/// The compressed body, if that is smaller.
fn compress(body: &[u8], with: &'static Compressor) -> Option<Vec<u8>> {
    with.with_borrow_mut(|slot| {
        let packed = slot.as_mut()?.compress(body).ok()?;
        (packed.len() < body.len()).then_some(packed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_come_back() {
        let noise: Vec<u8> =
            (0u32..2000).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for body in [&b""[..], b"short", &[7; 513], &[b'x'; 100_000], &noise] {
            let stored = encode(3, 9, b"key", body);
            let decoded = decode(b"key", &stored).unwrap();
            assert_eq!(decoded, Decoded { kind: 3, format: 9, body: Bytes::copy_from_slice(body) });
        }
        assert!(encode(1, 1, b"k", &[b'x'; 100_000]).len() < 1000, "compressible bodies shrink");
    }

    #[test]
    fn every_flipped_bit_and_a_wrong_key_are_damage() {
        for body in [vec![1, 2, 3, 4], vec![b'x'; 2000]] {
            let stored = encode(3, 1, b"key", &body);
            for bit in 0..stored.len() * 8 {
                let mut broken = stored.to_vec();
                broken[bit / 8] ^= 1 << (bit % 8);
                assert!(decode(b"key", &Bytes::from(broken)).is_err(), "bit {bit}");
            }
            assert_eq!(decode(b"kez", &stored), Err(Damaged::Check));
            for len in 0..stored.len() {
                assert!(decode(b"key", &stored.slice(..len)).is_err(), "cut at {len}");
            }
        }
    }

    /// Values stored by released versions must be read for ever.
    #[test]
    fn golden() {
        let plain = "a702010000000500000068656c6c6f6e8edd11";
        assert_eq!(hex(&encode(2, 1, b"k", b"hello")), plain);
        assert_eq!(decode(b"k", &unhex(plain)).unwrap().body, "hello");
        let packed = "a702010001005802000028b52ffd6058014d00001078780100532a8005646f5c4f";
        assert_eq!(decode(b"k", &unhex(packed)).unwrap().body, [b'x'; 600].as_slice());
    }

    fn unhex(text: &str) -> Bytes {
        let pairs = (0..text.len()).step_by(2);
        pairs.map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }
}
