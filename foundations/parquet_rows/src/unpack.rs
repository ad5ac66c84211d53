//! Decompression to a length that is known before: no page grows beyond what its header says.

use std::io::Read;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::basic::Compression;

use crate::Unreadable;

/// Whether pages packed so can be unpacked.
pub(crate) fn check(codec: Compression) -> Result<(), Unreadable> {
    match codec {
        Compression::UNCOMPRESSED
        | Compression::SNAPPY
        | Compression::GZIP(_)
        | Compression::ZSTD(_) => Ok(()),
        other => Err(Unreadable::unsupported(format!(
            "the compression {other} is not supported; use SNAPPY, GZIP, ZSTD or none"
        ))),
    }
}

pub(crate) fn unpack(
    codec: Compression,
    packed: Bytes,
    length: usize,
) -> Result<Bytes, Unreadable> {
    let unpacked = match codec {
        Compression::UNCOMPRESSED => packed,
        Compression::SNAPPY => snappy(&packed, length)?.into(),
        Compression::GZIP(_) => all(MultiGzDecoder::new(&*packed), length)?.into(),
        Compression::ZSTD(_) => {
            let decoder = zstd::stream::read::Decoder::new(&*packed).map_err(corrupt)?;
            all(decoder, length)?.into()
        }
        _ => return check(codec).map(|()| packed),
    };
    match unpacked.len() == length {
        true => Ok(unpacked),
        false => Err(Unreadable::damaged(format!(
            "a page has {} bytes where its header says {length}",
            unpacked.len()
        ))),
    }
}

fn snappy(packed: &[u8], length: usize) -> Result<Vec<u8>, Unreadable> {
    // Asked before it allocates.
    if snap::raw::decompress_len(packed).map_err(corrupt)? != length {
        return Err(Unreadable::damaged("a page is not as long as its header says"));
    }
    snap::raw::Decoder::new().decompress_vec(packed).map_err(corrupt)
}

fn all(decoder: impl Read, length: usize) -> Result<Vec<u8>, Unreadable> {
    let mut unpacked = Vec::new();
    // One more byte shows that there are too many.
    decoder.take(length as u64 + 1).read_to_end(&mut unpacked).map_err(corrupt)?;
    Ok(unpacked)
}

fn corrupt(error: impl std::fmt::Display) -> Unreadable {
    Unreadable::damaged(format!("a page cannot be unpacked: {error}"))
}
