//! Items from Parquet files.

use std::sync::Arc;

use parquet::column::writer::ColumnWriter;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

use super::world::{BUCKET, World};
use super::{arn, machine, output, pass, reader};

/// A file with one column of numbers, in groups.
fn numbers(groups: &[Vec<i64>]) -> Vec<u8> {
    let schema = Arc::new(parse_message_type("message m { required int64 n; }").unwrap());
    let properties = Arc::new(WriterProperties::builder().build());
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, properties).unwrap();
    for values in groups {
        let mut group = writer.next_row_group().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        match column.untyped() {
            ColumnWriter::Int64ColumnWriter(into) => into.write_batch(values, None, None).unwrap(),
            _ => unreachable!(),
        };
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    file
}

fn put(world: &World, key: &str, bytes: Vec<u8>) {
    std::fs::write(world.home.path().join(BUCKET).join(key), bytes).unwrap();
}

// SFN-READER-2, SFN-READER-9, SFN-READER-10
#[test]
fn rows_are_items() {
    let mut world = World::new();
    put(&world, "a.parquet", numbers(&[vec![1, 2], vec![], vec![3]]));
    put(&world, "b.parquet", numbers(&[vec![4]]));
    world.put("unload.csv", "s3://bucket/b.parquet\ns3://bucket/a.parquet\n");
    let inventory = json!({
        "destinationBucket": "arn:aws:s3:::bucket", "fileFormat": "Parquet",
        "fileSchema": "message s3.inventory { required int64 n; }",
        "files": [{"key": "b.parquet"}],
    });
    world.put("manifest.json", &inventory.to_string());
    let at = |key: &str| json!({"Bucket": BUCKET, "Key": key});
    let rows = [
        ("getObject", at("a.parquet"), json!({"InputType": "PARQUET"}), vec![1, 2, 3]),
        ("getObject", at("a.parquet"), json!({"InputType": "PARQUET", "MaxItems": 2}), vec![1, 2]),
        (
            "getObject",
            at("unload.csv"),
            json!({"InputType": "PARQUET", "ManifestType": "ATHENA_DATA"}),
            vec![4, 1, 2, 3],
        ),
        ("getObject", at("manifest.json"), json!({"InputType": "MANIFEST"}), vec![4]),
        (
            "listObjectsV2",
            json!({"Bucket": BUCKET, "Prefix": "b."}),
            json!({"InputType": "PARQUET", "Transformation": "LOAD_AND_FLATTEN"}),
            vec![4],
        ),
    ];
    for (action, parameters, config, expected) in rows {
        let mut fields = reader(action, parameters, config.clone());
        fields["ItemSelector"] = json!({"n.$": "$$.Map.Item.Value.n"});
        let told = output(&world.run(&machine(&fields, "STANDARD", &pass()), &json!({})));
        let expected: Vec<Value> = expected.iter().map(|n| json!({ "n": n })).collect();
        assert_eq!(told, json!(expected), "{config}");
    }
}

// SFN-READER-5, SFN-READER-11
#[test]
fn damaged_files_fail_the_run() {
    let mut world = World::new();
    let whole = numbers(&[(0..1_000).collect()]);
    put(&world, "cut.parquet", whole[..whole.len() - 9].to_vec());
    // The first page says that it is longer than it is.
    let mut page = whole.clone();
    page[6] ^= 0x7F;
    put(&world, "page.parquet", page);
    put(&world, "text.parquet", b"n\n1\n2\n3\n4\n5\n6\n7\n".to_vec());
    let rows = [
        ("cut.parquet", "The file is not a valid Parquet file: it does not end with `PAR1`"),
        ("page.parquet", "The file is not a valid Parquet file: "),
        ("text.parquet", "The file is not a valid Parquet file: it does not end with `PAR1`"),
        ("none.parquet", "The specified key does not exist. (Service: S3, Status Code: 404"),
    ];
    for (key, cause) in rows {
        let at = json!({"Bucket": BUCKET, "Key": key});
        let fields = reader("getObject", at, json!({"InputType": "PARQUET"}));
        let described = world.run(&machine(&fields, "STANDARD", &pass()), &json!({}));
        assert_eq!(described["error"], "States.ItemReaderFailed", "{described}");
        assert!(described["cause"].as_str().unwrap().starts_with(cause), "{described}");
        assert!(world.history(arn(&described)).contains("5<4 MapRunFailed"));
    }
}
