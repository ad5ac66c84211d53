//! Every type's value, in every packing and both kinds of pages.

use expect_test::{Expect, expect};
use parquet::basic::{Compression, GzipLevel, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet_rows::Rows;
use serde_json::{Value, json};

use crate::writer::{Column, Memory, Values, file, flat, nested, properties, read};

fn packings() -> [Compression; 4] {
    [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ]
}

fn check(schema: &str, columns: impl Fn() -> Vec<Column>, expected: &Expect) {
    for codec in packings() {
        for second in [false, true] {
            let file = file(schema, properties(codec, second), &[columns()]);
            let rows: Vec<String> =
                read(file).unwrap().iter().map(|row| row.to_string() + "\n").collect();
            expected.assert_eq(&rows.concat());
        }
    }
}

#[test]
fn plain_values() {
    check(
        "message m {
            required boolean yes; required int32 small; required int64 big;
            required float single; required double double; required binary text (UTF8);
            required binary bytes; required int96 old;
        }",
        || {
            vec![
                flat(Values::Bool(vec![true, false])),
                flat(Values::I32(vec![-1, i32::MAX])),
                flat(Values::I64(vec![i64::MIN, 7])),
                flat(Values::F32(vec![0.1, f32::NAN])),
                flat(Values::F64(vec![1e300, 2.0])),
                flat(Values::Text(vec!["é\"", ""])),
                flat(Values::Text(vec!["abc", "\0"])),
                flat(Values::I96(vec![[0, 0, 2_440_588], [0, 0, 2_440_589]])),
            ]
        },
        &expect![[r#"
            {"yes":true,"small":-1,"big":-9223372036854775808,"single":0.1,"double":1e+300,"text":"é\"","bytes":"YWJj","old":"1970-01-01T00:00:00Z"}
            {"yes":false,"small":2147483647,"big":7,"single":"NaN","double":2.0,"text":"","bytes":"AA==","old":"1970-01-02T00:00:00Z"}
        "#]],
    );
}

#[test]
fn values_with_a_meaning() {
    check(
        "message m {
            required int32 day (DATE); required int32 at (TIME_MILLIS);
            required int64 then (TIMESTAMP_MILLIS); required int64 micro (TIMESTAMP(MICROS,true));
            required int64 nano (TIMESTAMP(NANOS,true));
            required int64 local (TIMESTAMP(MILLIS,false));
            required int32 price (DECIMAL(9,2)); required int64 long (DECIMAL(18,3));
            required fixed_len_byte_array(16) id (UUID); required int32 byte (INTEGER(8,false));
            required int64 huge (INTEGER(64,false)); required binary one (ENUM);
            required binary doc (JSON);
        }",
        || {
            vec![
                flat(Values::I32(vec![19_723])),
                flat(Values::I32(vec![1_500])),
                flat(Values::I64(vec![1_704_067_200_001])),
                flat(Values::I64(vec![1_704_067_200_000_001])),
                flat(Values::I64(vec![1_704_067_200_000_000_001])),
                flat(Values::I64(vec![1_704_067_200_000])),
                flat(Values::I32(vec![-1_999])),
                flat(Values::I64(vec![123_456_789_012_345_678])),
                flat(Values::Fixed(vec![b"0123456789abcdef"])),
                flat(Values::I32(vec![200])),
                flat(Values::I64(vec![-1])),
                flat(Values::Text(vec!["RED"])),
                flat(Values::Text(vec!["{\"a\":1}"])),
            ]
        },
        &expect![[r#"
            {"day":"2024-01-01","at":"00:00:01.5","then":"2024-01-01T00:00:00.001Z","micro":"2024-01-01T00:00:00.000001Z","nano":"2024-01-01T00:00:00.000000001Z","local":"2024-01-01T00:00:00","price":-19.99,"long":"123456789012345.678","id":"30313233-3435-3637-3839-616263646566","byte":200,"huge":18446744073709551615,"one":"RED","doc":"{\"a\":1}"}
        "#]],
    );
}

#[test]
fn nulls_lists_maps_and_groups() {
    check(
        "message m {
            optional int32 maybe;
            optional group list (LIST) { repeated group list { optional int32 element; } }
            repeated int32 bare;
            required group inner { optional binary text (UTF8); }
            optional group map (MAP) {
                repeated group key_value { required binary key (UTF8); optional int32 value; }
            }
        }",
        || {
            vec![
                nested(Values::I32(vec![5]), &[1, 0, 0], &[0, 0, 0]),
                nested(Values::I32(vec![1, 3]), &[3, 2, 3, 1, 0], &[0, 1, 1, 0, 0]),
                nested(Values::I32(vec![7, 8]), &[1, 1, 0, 0], &[0, 1, 0, 0]),
                nested(Values::Text(vec!["x"]), &[0, 1, 0], &[0, 0, 0]),
                nested(Values::Text(vec!["a", "b"]), &[2, 2, 1, 0], &[0, 1, 0, 0]),
                nested(Values::I32(vec![1]), &[3, 2, 1, 0], &[0, 1, 0, 0]),
            ]
        },
        &expect![[r#"
            {"maybe":5,"list":[1,null,3],"bare":[7,8],"inner":{"text":null},"map":{"a":1,"b":null}}
            {"maybe":null,"list":[],"bare":[],"inner":{"text":"x"},"map":{}}
            {"maybe":null,"list":null,"bare":[],"inner":{"text":null},"map":null}
        "#]],
    );
}

/// Many row groups and pages; no read is longer than a page or the footer.
#[test]
fn a_long_file_page_by_page() {
    let numbers = |group: i64| (0..5_000).map(|number| group * 5_000 + number).collect::<Vec<_>>();
    let groups: Vec<Vec<Column>> = (0..8)
        .map(|group| {
            let lists: Vec<i64> = numbers(group);
            vec![
                flat(Values::I64(numbers(group))),
                nested(Values::I64(lists), &[1; 5_000], &[0; 5_000]),
            ]
        })
        .collect();
    let properties = WriterProperties::builder()
        .set_data_page_row_count_limit(500)
        .set_write_batch_size(500)
        .set_dictionary_enabled(false)
        .build();
    let source = Memory::new(file(
        "message m { required int64 n; repeated int64 list; }",
        properties,
        &groups,
    ));
    let rows: Vec<Value> = Rows::open(source.clone()).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 40_000);
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(*row, json!({"n": number, "list": [number]}));
    }
    let longest = source.longest.load(std::sync::atomic::Ordering::Relaxed);
    assert!(longest <= 64 * 1024, "{longest}");
}
