//! Manifests: objects that name the objects to read (SFN-READER-10).

use std::collections::VecDeque;

use serde_json::Value;
use targets::objects::Objects;
use workflow::history::Failure;
use workflow::map_run::Manifest;

use super::{Broken, failed, from_object};

/// Longest manifest.
const MANIFEST_BYTES_MAX: usize = 64 * 1024 * 1024;

/// An object to read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listed {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) version: Option<String>,
    /// The columns of an inventory's file.
    pub(super) columns: Option<Vec<String>>,
    /// Whether an inventory says that it is Parquet.
    pub(super) parquet: bool,
}

impl Listed {
    pub(super) fn new(bucket: &str, key: impl Into<String>) -> Listed {
        let (bucket, key) = (bucket.to_owned(), key.into());
        Listed { bucket, key, version: None, columns: None, parquet: false }
    }
}

/// The objects that a manifest names.
pub(super) async fn read(
    objects: &dyn Objects,
    manifest: &Listed,
    kind: Manifest,
) -> Result<VecDeque<Listed>, Broken> {
    let version = manifest.version.as_deref();
    let pieces = objects.get(&manifest.bucket, &manifest.key, version).await;
    let mut pieces = pieces.map_err(|error| from_object(&error))?;
    let mut text = Vec::new();
    while let Some(piece) = pieces.recv().await {
        text.extend_from_slice(&piece.map_err(|error| from_object(&error))?);
        if text.len() > MANIFEST_BYTES_MAX {
            let cause = format!("The manifest is longer than {MANIFEST_BYTES_MAX} bytes");
            return Err(failed(cause).into());
        }
    }
    let text = String::from_utf8(text).map_err(|_| failed("The manifest is not UTF-8"))?;
    Ok(match kind {
        Manifest::S3Inventory => inventory(&text)?,
        Manifest::AthenaData => unloaded(&text)?,
    })
}

/// `manifest.json` of an S3 inventory.
fn inventory(text: &str) -> Result<VecDeque<Listed>, Failure> {
    let manifest: Value = serde_json::from_str(text)
        .map_err(|error| failed(format!("The manifest is not valid JSON: {error}")))?;
    let member = |name: &str| {
        let text = manifest.get(name).and_then(Value::as_str);
        text.ok_or_else(|| failed(format!("The manifest has no {name}")))
    };
    let parquet = match member("fileFormat")? {
        "CSV" => false,
        "Parquet" => true,
        format => {
            return Err(failed(format!("An inventory in the format {format} cannot be read")));
        }
    };
    let bucket = member("destinationBucket")?;
    let bucket = bucket.rsplit(":::").next().unwrap_or(bucket);
    // Parquet names its columns itself.
    let columns: Option<Vec<String>> = match parquet {
        true => None,
        false => {
            let columns = member("fileSchema")?.split(',');
            Some(columns.map(|column| column.trim().to_owned()).collect())
        }
    };
    let files = manifest.get("files").and_then(Value::as_array);
    let files = files.ok_or_else(|| failed("The manifest has no files"))?;
    let listed = files.iter().map(|file| {
        let key = file.get("key").and_then(Value::as_str);
        let key = key.ok_or_else(|| failed("A file of the manifest has no key"))?;
        Ok(Listed { columns: columns.clone(), parquet, ..Listed::new(bucket, key) })
    });
    listed.collect()
}

/// The manifest of Athena's UNLOAD: a line an object, `s3://bucket/key`.
fn unloaded(text: &str) -> Result<VecDeque<Listed>, Failure> {
    let lines = text.lines().map(|line| line.trim().trim_matches('"'));
    let listed = lines.filter(|line| !line.is_empty()).map(|line| {
        let place = line.strip_prefix("s3://").and_then(|place| place.split_once('/'));
        let (bucket, key) =
            place.ok_or_else(|| failed(format!("The manifest names no object: {line}")))?;
        Ok(Listed::new(bucket, key))
    });
    listed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-READER-10
    #[test]
    fn both_kinds_name_their_files() {
        let inventory = inventory(
            r#"{"sourceBucket":"s","destinationBucket":"arn:aws:s3:::d","fileFormat":"CSV",
                "fileSchema":"Bucket, Key, Size","files":[{"key":"f/1.csv.gz","size":1}]}"#,
        )
        .unwrap();
        let columns = ["Bucket", "Key", "Size"].map(str::to_owned).to_vec();
        let expected = Listed { columns: Some(columns), ..Listed::new("d", "f/1.csv.gz") };
        assert_eq!(inventory, [expected]);
        let unloaded = unloaded("s3://b/k/1\n\"s3://b/k/2\"\n").unwrap();
        assert_eq!(unloaded, [Listed::new("b", "k/1"), Listed::new("b", "k/2")]);
        let parquet = super::inventory(
            r#"{"destinationBucket":"arn:aws:s3:::d","fileFormat":"Parquet",
                "fileSchema":"message s3.inventory { }","files":[{"key":"f/1.parquet"}]}"#,
        );
        assert_eq!(parquet.unwrap(), [Listed { parquet: true, ..Listed::new("d", "f/1.parquet") }]);
        assert!(super::inventory(r#"{"fileFormat":"ORC"}"#).is_err());
        assert!(super::unloaded("nonsense").is_err());
    }
}
