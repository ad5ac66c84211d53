//! The envelope around every stored value, so that damage is seen before it is believed:
//! `magic u8 | kind u8 | format u16 | flags u16 | length u32 | body | crc32c u32`, little endian.
//! The check covers the key too: a row found under the wrong key fails.

use std::cell::RefCell;
use std::io;
use std::sync::OnceLock;
use std::thread::LocalKey;

use bytes::{BufMut, Bytes, BytesMut};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

const MAGIC: u8 = 0xA7;
const HEAD_BYTES: usize = 10;
const CHECK_BYTES: usize = 4;
const FLAG_ZSTD: u16 = 1;
/// Compressed with a dictionary, which the compressed body names.
const FLAG_DICTIONARY: u16 = 2;
const FLAGS_KNOWN: u16 = FLAG_ZSTD | FLAG_DICTIONARY;

/// Bodies up to this size are stored as they are.
const PLAIN_BYTES_MAX: usize = 1_024;
/// Bodies up to this size are stored as they are even where there is a dictionary.
const PLAIN_BYTES_MAX_WITH_DICTIONARY: usize = 256;
/// Longer bodies have enough in common with themselves.
const DICTIONARY_BODY_BYTES_MAX: usize = 16 * 1_024;
/// For what stays.
const ZSTD_LEVEL: i32 = 1;
/// For what is gone in seconds: no entropy coding, whose tables cost more than small bodies save.
const ZSTD_LEVEL_FAST: i32 = -3;

/// Longest body. A length beyond it is damage, and is not allocated.
pub const BODY_BYTES_MAX: usize = 128 << 20;

/// What many bodies have in common, so that small ones compress as well: a dictionary of zstd.
// INVARIANT: what was stored with a dictionary is read with the very same bytes, so that they may
// never change; a better one is another dictionary with another id in its head.
pub struct Dictionary {
    bytes: &'static [u8],
    encoder: OnceLock<EncoderDictionary<'static>>,
    decoder: OnceLock<DecoderDictionary<'static>>,
}

impl Dictionary {
    pub const fn new(bytes: &'static [u8]) -> Dictionary {
        Dictionary { bytes, encoder: OnceLock::new(), decoder: OnceLock::new() }
    }

    fn encoder(&'static self) -> &'static EncoderDictionary<'static> {
        self.encoder.get_or_init(|| EncoderDictionary::copy(self.bytes, ZSTD_LEVEL_FAST))
    }

    fn decoder(&'static self) -> &'static DecoderDictionary<'static> {
        self.decoder.get_or_init(|| DecoderDictionary::copy(self.bytes))
    }

    fn compress(&'static self, body: &[u8]) -> Option<Vec<u8>> {
        COMPRESSOR_WITH_DICTIONARY.with_borrow_mut(|compressor| {
            compressor.set_prepared_dictionary(self.encoder()).ok()?;
            let packed = compressor.compress(body).ok()?;
            (packed.len() < body.len()).then_some(packed)
        })
    }

    fn decompress(&'static self, stored: &[u8], length: usize) -> io::Result<Vec<u8>> {
        zstd::bulk::Decompressor::with_prepared_dictionary(self.decoder())?
            .decompress(stored, length)
    }
}

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

/// The same, with what such bodies have in common. Read it with [`decode_with`].
pub fn encode_with(
    dictionary: &'static Dictionary,
    (kind, format): (u8, u16),
    key: &[u8],
    body: &[u8],
) -> Bytes {
    if body.len() > DICTIONARY_BODY_BYTES_MAX {
        return encode(kind, format, key, body);
    }
    let long = body.len() > PLAIN_BYTES_MAX_WITH_DICTIONARY;
    match long.then(|| dictionary.compress(body)).flatten() {
        Some(packed) => {
            seal((kind, format, FLAG_ZSTD | FLAG_DICTIONARY), key, (body.len(), &packed))
        }
        None => seal((kind, format, 0), key, (body.len(), body)),
    }
}

fn wrap(kind: u8, format: u16, key: &[u8], (body, with): (&[u8], &'static Compressor)) -> Bytes {
    let packed = if body.len() > PLAIN_BYTES_MAX { compress(body, with) } else { None };
    match packed {
        Some(packed) => seal((kind, format, FLAG_ZSTD), key, (body.len(), &packed)),
        None => seal((kind, format, 0), key, (body.len(), body)),
    }
}

/// Puts together the stored form of a body of `length` bytes.
fn seal(
    (kind, format, flags): (u8, u16, u16),
    key: &[u8],
    (length, stored): (usize, &[u8]),
) -> Bytes {
    debug_assert!(length <= BODY_BYTES_MAX, "callers bound what they store");
    let mut out = BytesMut::with_capacity(HEAD_BYTES + stored.len() + CHECK_BYTES);
    out.put_u8(MAGIC);
    out.put_u8(kind);
    out.put_u16_le(format);
    out.put_u16_le(flags);
    out.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
    out.put_slice(stored);
    let check = check(key, &out);
    out.put_u32_le(check);
    out.freeze()
}

/// Unwraps a value that was stored under `key`, without a dictionary.
pub fn decode(key: &[u8], stored: &Bytes) -> Result<Decoded, Damaged> {
    unwrap(None, key, stored)
}

/// Unwraps a value that was stored under `key`, with this dictionary or without one.
pub fn decode_with(
    dictionary: &'static Dictionary,
    key: &[u8],
    stored: &Bytes,
) -> Result<Decoded, Damaged> {
    unwrap(Some(dictionary), key, stored)
}

/// Whether a value is undamaged, whatever it was compressed with.
pub(crate) fn verify(key: &[u8], stored: &Bytes) -> Result<(), Damaged> {
    let sealed = open(key, stored)?;
    // The check covers what is stored; without its dictionary no more can be said.
    match sealed.flags & FLAG_DICTIONARY {
        0 => open_body(&sealed, None).map(drop),
        _ => Ok(()),
    }
}

fn unwrap(
    dictionary: Option<&'static Dictionary>,
    key: &[u8],
    stored: &Bytes,
) -> Result<Decoded, Damaged> {
    let sealed = open(key, stored)?;
    let dictionary = match sealed.flags & FLAG_DICTIONARY {
        0 => None,
        _ => Some(dictionary.ok_or(Damaged::Flags(sealed.flags))?),
    };
    let body = open_body(&sealed, dictionary)?;
    Ok(Decoded { kind: sealed.kind, format: sealed.format, body })
}

/// What an envelope says, once its check holds.
struct Sealed {
    kind: u8,
    format: u16,
    flags: u16,
    /// Of the body.
    length: usize,
    /// The body, as it is stored.
    stored: Bytes,
}

fn open(key: &[u8], stored: &Bytes) -> Result<Sealed, Damaged> {
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
    let format = u16::from_le_bytes([f0, f1]);
    Ok(Sealed { kind, format, flags, length, stored: stored.slice(HEAD_BYTES..body_end) })
}

fn open_body(sealed: &Sealed, dictionary: Option<&'static Dictionary>) -> Result<Bytes, Damaged> {
    let Sealed { flags, length, stored, .. } = sealed;
    if *length > BODY_BYTES_MAX {
        return Err(Damaged::Length);
    }
    let body = if flags & FLAG_ZSTD == 0 {
        stored.clone()
    } else {
        let body = match dictionary {
            Some(dictionary) => dictionary.decompress(stored, *length),
            None => zstd::bulk::decompress(stored, *length),
        };
        Bytes::from(body.map_err(|_| Damaged::Length)?)
    };
    if body.len() == *length { Ok(body) } else { Err(Damaged::Length) }
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
    static COMPRESSOR_WITH_DICTIONARY: RefCell<zstd::bulk::Compressor<'static>> =
        RefCell::new(zstd::bulk::Compressor::default());
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

    static DICTIONARY: Dictionary = Dictionary::new(
        b"start_date status Succeeded state_machine_arn arn:aws:states:us-east-1:000000000000",
    );

    #[test]
    fn a_dictionary_makes_small_bodies_smaller() {
        let body = "state_machine_arn arn:aws:states:us-east-1:000000000000:".repeat(5);
        for body in [&b""[..], b"short", body.as_bytes(), &[b'x'; 100_000]] {
            let stored = encode_with(&DICTIONARY, (3, 9), b"key", body);
            let decoded = decode_with(&DICTIONARY, b"key", &stored).unwrap();
            assert_eq!(decoded, Decoded { kind: 3, format: 9, body: Bytes::copy_from_slice(body) });
        }
        let stored = encode_with(&DICTIONARY, (3, 9), b"key", body.as_bytes());
        assert!(stored.len() < 60, "{}", stored.len());
        assert_eq!(decode(b"key", &stored), Err(Damaged::Flags(3)), "its dictionary is not known");
        assert_eq!(decode_with(&DICTIONARY, b"kez", &stored), Err(Damaged::Check));
        assert_eq!(verify(b"key", &stored), Ok(()));
        assert_eq!(verify(b"kez", &stored), Err(Damaged::Check));
        let plain = encode(3, 9, b"key", b"without");
        assert_eq!(decode_with(&DICTIONARY, b"key", &plain).unwrap().body, "without");
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
