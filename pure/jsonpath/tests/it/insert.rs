//! Where values go (SFN-PATH-8, SFN-PATH-9).

use expect_test::{Expect, expect};
use jsonpath::Path;
use serde_json::{Value, json};

fn check(document: &Value, texts: &[&str], expected: Expect) {
    let lines = texts.iter().map(|text| {
        let path = Path::parse(text).unwrap();
        match path.insert(document.clone(), json!("new")) {
            Ok(document) => format!("{text} => {document}\n"),
            Err(error) => format!("{text} => error: {error}\n"),
        }
    });
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn into_an_object() {
    check(
        &json!({ "a": { "b": 1 }, "list": [1, 2], "n": null, "t": "x" }),
        &[
            "$",
            "$.c",
            "$.a",
            "$.a.b",
            "$.a.c",
            "$.x.y.z",
            "$['x y']",
            "$.list[0]",
            "$.list[1].a",
            "$.list[2]",
            "$.list.a",
            "$.a[0]",
            "$.x[0]",
            "$.n.a",
            "$.t.a",
            "$.t[0]",
            "$.list[*]",
        ],
        expect![[]],
    );
}

#[test]
fn into_other_values() {
    check(&json!(1), &["$", "$.a"], expect![[]]);
    check(&json!(null), &["$.a"], expect![[]]);
    check(
        &json!([{ "a": 1 }]),
        &["$[0]", "$[0].a", "$[0].b", "$.a"],
        expect![[]],
    );
}
