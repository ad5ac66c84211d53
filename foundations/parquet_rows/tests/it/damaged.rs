//! What is no Parquet file, or no longer one, is refused with a reason; nothing panics or grows.

use parquet::basic::Compression;
use parquet_rows::{Rows, Unreadable};
use proptest::prelude::*;

use crate::writer::{Column, Memory, Values, file, flat, nested, properties, read};

const SCHEMA: &str = "message m {
    required int64 n; optional binary text (UTF8);
    optional group list (LIST) { repeated group list { optional double element; } }
}";

fn columns() -> Vec<Column> {
    vec![
        flat(Values::I64((0..100).collect())),
        nested(Values::Text(vec!["some text"; 100]), &[1; 100], &[0; 100]),
        nested(Values::F64(vec![0.5; 100]), &[3; 100], &[0; 100]),
    ]
}

fn reason(file: Vec<u8>) -> String {
    read(file).unwrap_err().to_string()
}

#[test]
fn reasons() {
    let whole = file(SCHEMA, properties(Compression::SNAPPY, false), &[columns()]);
    let mut other_end = whole.clone();
    let last = other_end.len() - 1;
    other_end[last] = b'2';
    let mut encrypted = whole.clone();
    encrypted[last] = b'E';
    let mut long_footer = whole.clone();
    long_footer[last - 7..last - 3].copy_from_slice(&(6_u32 << 20).to_le_bytes());
    let mut beyond = whole.clone();
    beyond[last - 7..last - 3].copy_from_slice(&100_000_u32.to_le_bytes());
    let rows = [
        (vec![], "is not a valid Parquet file: it is too short"),
        (b"n,text\n1,a\n2,b\n".to_vec(), "it does not end with `PAR1`"),
        (other_end, "it does not end with `PAR1`"),
        (encrypted, "it is encrypted"),
        (long_footer, "its footer has 6291456 bytes; at most are 5242880"),
        (beyond, "its footer is cut off"),
    ];
    for (file, expected) in rows {
        let told = reason(file);
        assert!(told.contains(expected), "{told}");
    }
    let lz4 = file(
        "message m { required group g { required fixed_len_byte_array(12) i (INTERVAL); } }",
        properties(Compression::UNCOMPRESSED, false),
        &[vec![flat(Values::Fixed(vec![&[0; 12]]))]],
    );
    assert_eq!(
        read(lz4).unwrap_err(),
        Unreadable::Unsupported("the type of `i` is not supported".into())
    );
}

/// A run of one value makes a short page of many: a row of too many is refused.
#[test]
fn a_list_without_end() {
    const NUMBER: usize = 4 * 1024 * 1024 + 2;
    let mut repetitions = vec![1; NUMBER];
    repetitions[0] = 0;
    let column = nested(Values::Bool(vec![true; NUMBER]), &vec![1; NUMBER], &repetitions);
    let file = file(
        "message m { repeated boolean b; }",
        properties(Compression::SNAPPY, true),
        &[vec![column]],
    );
    assert!(file.len() < 1024 * 1024);
    assert!(reason(file).contains("a row has lists of more than 4194304 values"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// A file with any bytes changed gives rows or a reason.
    #[test]
    fn changed_bytes(
        second: bool,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut changed = file(SCHEMA, properties(Compression::SNAPPY, second), &[columns()]);
        for (place, byte) in changes {
            let place = place.index(changed.len());
            changed[place] = byte;
        }
        if let Ok(rows) = Rows::open(Memory::new(changed)) {
            let told = rows.take(10_000).filter(Result::is_err).count();
            prop_assert!(told <= 1, "after a fault nothing more is told");
        }
    }

    /// A file that is cut anywhere is refused.
    #[test]
    fn cut_short(cut in any::<prop::sample::Index>()) {
        let mut whole = file(SCHEMA, properties(Compression::SNAPPY, true), &[columns()]);
        whole.truncate(cut.index(whole.len()));
        prop_assert!(read(whole).is_err());
    }
}
