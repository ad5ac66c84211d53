//! What is a path, what kind, and what is none.

use expect_test::{Expect, expect};
use jsonpath::{FILTER_DEPTH_MAX, PATH_BYTES_MAX, Path};

fn check(texts: &[&str], expected: Expect) {
    let lines = texts.iter().map(|text| match Path::parse(text) {
        Err(error) => format!("{text} => {error}\n"),
        Ok(path) => {
            assert_eq!(path.text(), *text);
            let mut kind = format!("{text} => {:?}", path.root());
            for (holds, word) in [
                (path.is_root(), "root"),
                (path.is_reference(), "reference"),
                (path.is_definite(), "definite"),
            ] {
                if holds {
                    kind.push_str(&format!(" {word}"));
                }
            }
            kind + "\n"
        }
    });
    expected.assert_eq(&lines.collect::<String>());
}

// SFN-PATH-1, SFN-PATH-2, SFN-PATH-4
#[test]
fn kinds() {
    check(
        &[
            "$",
            "$$",
            "$order",
            "$größe_2.a[0]",
            "$_x['y']",
            "$.a",
            "$.my-key",
            "$.123",
            "$.@type",
            "$.a.['def ghi']",
            "$.Snapshots.[0].State",
            "$.Instances[0]InstanceId",
            "$['a'][\"b\"][3]",
            "$[ 'a' ]",
            "$.a[-1]",
            "$.a[0,1]",
            "$.a[-1:]",
            "$.a[::2]",
            "$['a','b']",
            "$['a','b'].c",
            "$.*",
            "$[*]",
            "$..a",
            "$..*",
            "$..[0]",
            "$.a.length()",
            "$..a.length()",
            "$.a[?(@.b)]",
            "$.a[?@.b]",
            "$.a[?(@.b == 'x' && !(@.c =~ /re.*/i) || @.d in ['a', 1, null])]",
            "$.a[?(@.category==home)]",
            "$.a[?(@.b == $.c)]",
            "$.a[?(@.b.length() > 2)].c",
            "$.a[?(@['x y'].z[0] contains 'q')]",
            "$.a['it\\'s']",
        ],
        expect![[]],
    );
}

#[test]
fn no_paths() {
    check(
        &[
            "",
            "a",
            " $",
            "$ ",
            "$.",
            "$..",
            "$...a",
            "$.a.",
            "$.a b",
            "$.'a'",
            "$.a*",
            "$$$",
            "$$a",
            "$[",
            "$[]",
            "$['a'",
            "$['a",
            "$[a]",
            "$[1 2]",
            "$[1,]",
            "$['a'x]",
            "$['\\q']",
            "$['\\ud800']",
            "$[99999999999999999999]",
            "$[-]",
            "$[?]",
            "$[?()]",
            "$[?(@.a]",
            "$[?(@.a ==)]",
            "$[?(@.a == 'x)]",
            "$[?(1)]",
            "$[?(@.a =~ /[/)]",
            "$[?(@.a =~ /a/q)]",
            "$[?(@.a =~ 'a')]",
            "$.a.foo()",
            "$.a.length().b",
        ],
        expect![[]],
    );
}

#[test]
fn limits() {
    let long = format!("$.{}", "a".repeat(PATH_BYTES_MAX));
    assert!(Path::parse(&long).is_err());
    assert!(Path::parse(&long[..PATH_BYTES_MAX]).is_ok());
    for (open, close) in [("(", ")"), ("!", ""), ("@[?(", ")]")] {
        let nested = |depth: usize| {
            Path::parse(&format!(
                "$[?{}@.a{}]",
                open.repeat(depth),
                close.repeat(depth)
            ))
        };
        assert!(nested(FILTER_DEPTH_MAX / 2 - 1).is_ok(), "{open}");
        let error = nested(FILTER_DEPTH_MAX * 100).expect_err("too deep");
        assert!(error.message.contains("deeper"), "{error}");
    }
    let list = |depth: usize| format!("$[?(@.a in {}{})]", "[".repeat(depth), "]".repeat(depth));
    assert!(Path::parse(&list(FILTER_DEPTH_MAX - 2)).is_ok());
    assert!(Path::parse(&list(FILTER_DEPTH_MAX * 50)).is_err());
}
