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
        expect![[r#"
            $ => Document root reference definite
            $$ => Context root reference definite
            $order => Variable("order") root reference definite
            $größe_2.a[0] => Variable("größe_2") reference definite
            $_x['y'] => Variable("_x") reference definite
            $.a => Document reference definite
            $.my-key => Document reference definite
            $.123 => Document reference definite
            $.@type => Document reference definite
            $.a.['def ghi'] => Document reference definite
            $.Snapshots.[0].State => Document reference definite
            $.Instances[0]InstanceId => Document reference definite
            $['a']["b"][3] => Document reference definite
            $[ 'a' ] => Document reference definite
            $.a[-1] => Document definite
            $.a[0,1] => Document
            $.a[-1:] => Document
            $.a[::2] => Document
            $['a','b'] => Document definite
            $['a','b'].c => Document
            $.* => Document
            $[*] => Document
            $..a => Document
            $..* => Document
            $..[0] => Document
            $.a.length() => Document definite
            $..a.length() => Document definite
            $.a[?(@.b)] => Document
            $.a[?@.b] => Document
            $.a[?(@.b == 'x' && !(@.c =~ /re.*/i) || @.d in ['a', 1, null])] => Document
            $.a[?(@.category==home)] => Document
            $.a[?(@.b == $.c)] => Document
            $.a[?(@.b.length() > 2)].c => Document
            $.a[?(@['x y'].z[0] contains 'q')] => Document
            $.a['it\'s'] => Document reference definite
        "#]],
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
        expect![[r#"
             => a path starts with `$` at byte 0
            a => a path starts with `$` at byte 0
             $ => a path starts with `$` at byte 0
            $  => unexpected ` ` at byte 1
            $. => expected a name at byte 2
            $.. => expected a name at byte 3
            $...a => expected a name at byte 3
            $.a. => expected a name at byte 4
            $.a b => unexpected ` ` at byte 3
            $.'a' => expected a name at byte 2
            $.a* => unexpected `*` at byte 3
            $$$ => unexpected `$` at byte 2
            $$a => unexpected `a` at byte 2
            $[ => expected a quoted name, an index, `*`, `:` or `?` at byte 2
            $[] => expected a quoted name, an index, `*`, `:` or `?` at byte 2
            $['a' => expected `,` or `]` at byte 5
            $['a => the string has no end at byte 2
            $[a] => expected a quoted name, an index, `*`, `:` or `?` at byte 2
            $[1 2] => expected `,` or `]` at byte 4
            $[1,] => expected a quoted name, an index, `*`, `:` or `?` at byte 4
            $['a'x] => expected `,` or `]` at byte 5
            $['\q'] => unknown escape at byte 4
            $['\ud800'] => expected four hexadecimal digits of a character at byte 5
            $[99999999999999999999] => the number is too large at byte 2
            $[-] => expected digits at byte 3
            $[?] => expected a path or a literal at byte 3
            $[?()] => expected a path or a literal at byte 4
            $[?(@.a] => expected `)` at byte 7
            $[?(@.a ==)] => expected a path or a literal at byte 10
            $[?(@.a == 'x)] => the string has no end at byte 11
            $[?(1)] => expected an operator at byte 5
            $[?(@.a =~ /[/)] => unusable regular expression at byte 11
            $[?(@.a =~ /a/q)] => unknown flag of a regular expression at byte 11
            $[?(@.a =~ 'a')] => expected a regular expression between slashes at byte 11
            $.a.foo() => no function `foo` at byte 4
            $.a.length().b => unexpected `.` at byte 12
        "#]],
    );
}

#[test]
fn limits() {
    let long = format!("$.{}", "a".repeat(PATH_BYTES_MAX));
    assert!(Path::parse(&long).is_err());
    assert!(Path::parse(&long[..PATH_BYTES_MAX]).is_ok());
    for (open, close) in [("(", ")"), ("!", ""), ("@[?(", ")]")] {
        let nested = |depth: usize| {
            Path::parse(&format!("$[?{}@.a{}]", open.repeat(depth), close.repeat(depth)))
        };
        assert!(nested(FILTER_DEPTH_MAX / 2 - 1).is_ok(), "{open}");
        let error = nested(FILTER_DEPTH_MAX * 20).expect_err("too deep");
        assert!(error.message.contains("deeper"), "{error}");
    }
    let list = |depth: usize| format!("$[?(@.a in {}{})]", "[".repeat(depth), "]".repeat(depth));
    assert!(Path::parse(&list(FILTER_DEPTH_MAX - 2)).is_ok());
    assert!(Path::parse(&list(FILTER_DEPTH_MAX * 50)).is_err());
}
