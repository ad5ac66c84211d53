//! Random paths on random documents, compared with `serde_json_path` where the dialects agree:
//! no filters over scalars or objects, and no `['a','b']` at the end.

use jsonpath::Path;
use proptest::prelude::*;
use serde_json::{Value, json};
use serde_json_path::JsonPath;

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3i64..4).prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-d]", inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn segment() -> impl Strategy<Value = String> {
    let bound = || prop_oneof![Just(String::new()), (-4i64..5).prop_map(|n| n.to_string())];
    prop_oneof![
        "\\.[a-d]",
        "\\['[a-d]'\\]",
        (-3i64..4).prop_map(|index| format!("[{index}]")),
        (-3i64..4, -3i64..4).prop_map(|(one, two)| format!("[{one},{two}]")),
        (bound(), bound(), bound())
            .prop_map(|(start, end, step)| format!("[{start}:{end}:{step}]")),
        Just(".*".to_owned()),
        Just("[*]".to_owned()),
        "\\.\\.[a-d]",
        Just("..*".to_owned()),
        Just("..[0]".to_owned()),
    ]
}

fn test() -> impl Strategy<Value = String> {
    let operator = prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]);
    let literal = prop::sample::select(vec!["1", "-1", "0", "'a'", "''"]);
    // RFC 9535 gives these no order; the other engine orders `false` and `true` all the same.
    let equality = prop::sample::select(vec!["==", "!="]);
    let unordered = prop::sample::select(vec!["true", "false", "null"]);
    let single = prop_oneof![
        ("[a-c]", operator, literal)
            .prop_map(|(name, sign, value)| format!("@.{name}{sign}{value}")),
        ("[a-c]", equality, unordered)
            .prop_map(|(name, sign, value)| format!("@.{name}{sign}{value}")),
        "@\\.[a-c]",
        "!@\\.[a-c]",
        "@\\.[a-c]\\[0\\]",
        "@\\.[a-c]==@\\.b",
        "@\\.\\*",
    ];
    prop::collection::vec((single, prop::bool::ANY), 1..4).prop_map(|tests| {
        let mut text = String::new();
        for (place, (test, and)) in tests.into_iter().enumerate() {
            let joint = if and { " && " } else { " || " };
            text.push_str(if place == 0 { "" } else { joint });
            text.push_str(&test);
        }
        text
    })
}

fn ours(text: &str, document: &Value) -> Value {
    match Path::parse(text).unwrap().select(document) {
        Ok(jsonpath::Selection::One(value)) => json!([value]),
        Ok(selection) => selection.into_value(),
        Err(missing) => {
            assert!(!missing.too_many);
            json!([])
        }
    }
}

fn theirs(text: &str, document: &Value) -> Value {
    JsonPath::parse(text).unwrap().query(document).all().into_iter().cloned().collect()
}

/// Few enough for every run of the tests; a failure prints its smallest case.
fn configuration() -> ProptestConfig {
    ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() }
}

proptest! {
    #![proptest_config(configuration())]

    #[test]
    fn segments_agree(segments in prop::collection::vec(segment(), 0..4), document in document()) {
        let text = format!("${}", segments.concat());
        prop_assert_eq!(ours(&text, &document), theirs(&text, &document), "{}", text);
    }

    #[test]
    fn filters_agree(
        test in test(),
        objects in prop::collection::vec(
            prop::collection::vec(("[a-d]", document()), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            0..5,
        ),
    ) {
        let text = format!("$[?({test})]");
        let document = Value::from(objects);
        prop_assert_eq!(ours(&text, &document), theirs(&text, &document), "{}", text);
    }

    #[test]
    fn any_text_is_a_path_or_an_error(text in "\\$[$.\\[\\]()'a-c0-9?@*=<!&|,: -]{0,24}") {
        if let Ok(path) = Path::parse(&text) {
            let _ = path.select(&json!({ "a": [{ "b": 1 }, { "c": [2] }] }));
            prop_assert_eq!(path.text(), text);
        }
    }
}
