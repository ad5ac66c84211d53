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
        expect![[r#"
            $ => "new"
            $.c => {"a":{"b":1},"list":[1,2],"n":null,"t":"x","c":"new"}
            $.a => {"a":"new","list":[1,2],"n":null,"t":"x"}
            $.a.b => {"a":{"b":"new"},"list":[1,2],"n":null,"t":"x"}
            $.a.c => {"a":{"b":1,"c":"new"},"list":[1,2],"n":null,"t":"x"}
            $.x.y.z => {"a":{"b":1},"list":[1,2],"n":null,"t":"x","x":{"y":{"z":"new"}}}
            $['x y'] => {"a":{"b":1},"list":[1,2],"n":null,"t":"x","x y":"new"}
            $.list[0] => {"a":{"b":1},"list":["new",2],"n":null,"t":"x"}
            $.list[1].a => error: a number cannot hold the member `a`
            $.list[2] => error: an array of 2 items has no item 2
            $.list.a => error: an array cannot hold the member `a`
            $.a[0] => error: an object has no item 0
            $.x[0] => error: an object has no item 0
            $.n.a => error: null cannot hold the member `a`
            $.t.a => error: a string cannot hold the member `a`
            $.t[0] => error: a string has no item 0
            $.list[*] => error: the path is no reference path
        "#]],
    );
}

#[test]
fn into_other_values() {
    check(
        &json!(1),
        &["$", "$.a"],
        expect![[r#"
        $ => "new"
        $.a => error: a number cannot hold the member `a`
    "#]],
    );
    check(
        &json!(null),
        &["$.a"],
        expect![[r#"
        $.a => error: null cannot hold the member `a`
    "#]],
    );
    check(
        &json!([{ "a": 1 }]),
        &["$[0]", "$[0].a", "$[0].b", "$.a"],
        expect![[r#"
        $[0] => ["new"]
        $[0].a => [{"a":"new"}]
        $[0].b => [{"a":1,"b":"new"}]
        $.a => error: an array cannot hold the member `a`
    "#]],
    );
}
