//! A record of the log: a header that chains it to the one before, and the rows of one commit.

use bytes::{Buf, BufMut, Bytes};
use sha2::{Digest, Sha256};

use crate::engine::{Family, LogRecord, PartitionId, Row, Sealed, Seq, is_family_name};
use crate::envelope;
use crate::table::Table;

/// Chains records; damage must not go unseen, so any good hash does.
pub(crate) type Hash = [u8; 16];

const KIND_RECORD: u8 = 0xF0;
const KIND_ANCHOR: u8 = 0xF1;
const FORMAT: u16 = 1;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) cluster: u128,
    pub(crate) partition: PartitionId,
    pub(crate) epoch: u64,
    pub(crate) seq: Seq,
    pub(crate) batch_id: u128,
    /// The clock when the record was sealed.
    pub(crate) moment_max: i64,
    /// No id up to this one is given out again (invariant 10).
    pub(crate) id_mark: u64,
    pub(crate) previous: Hash,
}

/// What a trimmed log leaves behind in the partition row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Anchor {
    /// Hash of the last trimmed record.
    pub(crate) hash: Hash,
    pub(crate) id_mark: u64,
}

pub(crate) fn hash_of(body: &[u8]) -> Hash {
    let digest = Sha256::digest(body);
    digest.first_chunk().copied().expect("a SHA-256 is longer than 16 bytes")
}

impl Header {
    pub(crate) fn seal(&self, rows: &Table) -> Sealed {
        Sealed {
            partition: self.partition,
            epoch: self.epoch,
            seq: self.seq,
            batch_id: self.batch_id,
            body: body(self, rows),
        }
    }
}

fn body(header: &Header, rows: &Table) -> Bytes {
    let mut out = Vec::with_capacity(128 + rows.bytes());
    out.put_u128_le(header.cluster);
    out.put_u16_le(header.partition);
    out.put_u64_le(header.epoch);
    out.put_u64_le(header.seq);
    out.put_u128_le(header.batch_id);
    out.put_i64_le(header.moment_max);
    out.put_u64_le(header.id_mark);
    out.put_slice(&header.previous);
    put_rows(&mut out, rows);
    envelope::encode_fast(KIND_RECORD, FORMAT, &place(header.partition, header.seq), &out)
}

fn put_rows(out: &mut Vec<u8>, rows: &Table) {
    out.put_u16_le(u16::try_from(rows.families().len()).unwrap_or(u16::MAX));
    for (family, cells) in rows.families() {
        put_bytes(out, family.as_bytes());
        out.put_u32_le(u32::try_from(cells.len()).unwrap_or(u32::MAX));
        for (key, cell) in cells {
            put_bytes(out, key);
            match &cell.value {
                None => out.put_u8(0),
                Some(value) => {
                    out.put_u8(1);
                    put_bytes(out, value);
                }
            }
        }
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.put_u32_le(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    out.put_slice(bytes);
}

/// Opens a record found at `record.seq`; the evidence if it is not what stood there.
pub(crate) fn unseal(
    partition: PartitionId,
    record: &LogRecord,
) -> Result<(Header, Vec<Row>), String> {
    let decoded = envelope::decode(&place(partition, record.seq), &record.body)
        .map_err(|damage| damage.to_string())?;
    if decoded.kind != KIND_RECORD || decoded.format != FORMAT {
        return Err(format!("kind {} format {} is not a log record", decoded.kind, decoded.format));
    }
    let mut body = decoded.body;
    let header = take_header(&mut body).ok_or("the header is cut short")?;
    let rows = take_rows(&mut body).ok_or("the rows are cut short")?;
    let told = (header.partition, header.seq, header.epoch, header.batch_id);
    if told != (partition, record.seq, record.epoch, record.batch_id) {
        return Err("the header is that of another record".to_owned());
    }
    Ok((header, rows))
}

fn take_header(body: &mut Bytes) -> Option<Header> {
    Some(Header {
        cluster: body.try_get_u128_le().ok()?,
        partition: body.try_get_u16_le().ok()?,
        epoch: body.try_get_u64_le().ok()?,
        seq: body.try_get_u64_le().ok()?,
        batch_id: body.try_get_u128_le().ok()?,
        moment_max: body.try_get_i64_le().ok()?,
        id_mark: body.try_get_u64_le().ok()?,
        previous: body.try_get_u128_le().ok()?.to_le_bytes(),
    })
}

fn take_rows(body: &mut Bytes) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    for _ in 0..body.try_get_u16_le().ok()? {
        let name = take_bytes(body)?;
        let name = std::str::from_utf8(&name).ok().filter(|name| is_family_name(name))?;
        let family = Family::from(name);
        for _ in 0..body.try_get_u32_le().ok()? {
            let key = take_bytes(body)?;
            let value = match body.try_get_u8().ok()? {
                0 => None,
                _ => Some(take_bytes(body)?),
            };
            rows.push(Row { family: family.clone(), key, value });
        }
    }
    body.is_empty().then_some(rows)
}

fn take_bytes(body: &mut Bytes) -> Option<Bytes> {
    let len = body.try_get_u32_le().ok()? as usize;
    (len <= body.len()).then(|| body.split_to(len))
}

/// The key under which a record's envelope is checked.
fn place(partition: PartitionId, seq: Seq) -> [u8; 10] {
    let mut out = [0; 10];
    let (head, tail) = out.split_at_mut(2);
    head.copy_from_slice(&partition.to_be_bytes());
    tail.copy_from_slice(&seq.to_be_bytes());
    out
}

pub(crate) fn seal_anchor(partition: PartitionId, applied: Seq, anchor: &Anchor) -> Bytes {
    let mut out = Vec::with_capacity(24);
    out.put_slice(&anchor.hash);
    out.put_u64_le(anchor.id_mark);
    envelope::encode(KIND_ANCHOR, FORMAT, &place(partition, applied), &out)
}

pub(crate) fn unseal_anchor(
    partition: PartitionId,
    applied: Seq,
    stored: &Bytes,
) -> Result<Anchor, String> {
    if applied == 0 && stored.is_empty() {
        return Ok(Anchor::default());
    }
    let decoded = envelope::decode(&place(partition, applied), stored)
        .map_err(|damage| format!("anchor of record {applied}: {damage}"))?;
    let mut body = decoded.body;
    let (Ok(hash), Ok(id_mark)) = (body.try_get_u128_le(), body.try_get_u64_le()) else {
        return Err(format!("anchor of record {applied} is cut short"));
    };
    Ok(Anchor { hash: hash.to_le_bytes(), id_mark })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_whole_and_only_in_its_place() {
        let mut rows = Table::default();
        rows.put(&Family::from("open"), Bytes::from("a"), Some(Bytes::from("1")), 0);
        rows.put(&Family::from("open"), Bytes::from("b"), None, 0);
        rows.put(&Family::from("day_1"), Bytes::from(""), Some(Bytes::from("")), 0);
        let header = Header {
            cluster: 7,
            partition: 3,
            epoch: 5,
            seq: 9,
            batch_id: 11,
            moment_max: -2,
            id_mark: 13,
            previous: [4; 16],
        };
        let body = header.seal(&rows).body;
        let record = LogRecord { seq: 9, epoch: 5, batch_id: 11, body };
        let (found, rows) = unseal(3, &record).unwrap();
        assert_eq!(found, header);
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].family.as_ref(), "day_1");
        assert_eq!(rows[2].value, None);
        assert!(unseal(4, &record).is_err());
        assert!(unseal(3, &LogRecord { seq: 8, ..record.clone() }).is_err());
        assert!(unseal(3, &LogRecord { epoch: 6, ..record }).is_err());
    }
}
