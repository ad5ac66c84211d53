//! The metadata that optimized integrations add to their output (SFN-INT-20, SFN-INT-21).

use serde_json::{Map, Value, json};

/// Adds `SdkHttpMetadata` and `SdkResponseMetadata`.
pub(super) fn insert(
    output: &mut Map<String, Value>,
    status: u16,
    headers: &[(String, String)],
    request_id: &str,
) {
    let mut all = Map::new();
    let mut single = Map::new();
    for (name, value) in headers {
        all.insert(name.clone(), json!([value]));
        single.insert(name.clone(), json!(value));
    }
    output.insert(
        "SdkHttpMetadata".into(),
        json!({ "AllHttpHeaders": all, "HttpHeaders": single, "HttpStatusCode": status }),
    );
    output.insert("SdkResponseMetadata".into(), json!({ "RequestId": request_id }));
}
