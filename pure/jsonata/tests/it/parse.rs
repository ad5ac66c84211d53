//! What the parser says (SFN-VALID-6).

use expect_test::{Expect, expect};
use jsonata::{EXPRESSION_BYTES_MAX, Expression};

fn check(texts: &[&str], expected: Expect) {
    let lines = texts.iter().map(|text| match Expression::parse(text) {
        Ok(expression) => format!("{text} => ok {}\n", expression.text()),
        Err(error) => format!("{text} => {error}\n"),
    });
    expected.assert_eq(&lines.collect::<String>());
}

#[test]
fn messages() {
    check(
        &[
            " 1 ",
            "[1,",
            "$x[1,2]",
            "[1, 2",
            "[1 2]",
            "{\"a\" 1}",
            "{\"a\":1",
            "$f(1",
            "$f(1]",
            "\"abc",
            "'abc",
            "$x & 'a\" ",
            "",
            "  ",
            "1 +",
            "a.",
            "}",
            "]",
            "@",
            "= 1",
            "1 2",
            "1 'a'",
            "1 $x",
            "1 }",
            "1 true",
            "/abc",
            "$match($x, /a'b)",
            "$x / 'abc",
            "//",
            "`abc",
            "/* abc",
            "!",
            "\"\\q\"",
            "\"\\u12\"",
            "1e999",
            "λ(x){1}",
            "5 := 1",
            "a := 1",
            "a@b",
            "a#b",
            "$x.1",
            "%",
        ],
        expect![[r##"
             1  => ok 1
            [1, => Unexpected end of expression
            $x[1,2] => Expected "]", got ","
            [1, 2 => Expected "]" before end of expression
            [1 2] => Expected "]", got 2
            {"a" 1} => Expected ":", got 1
            {"a":1 => Expected "}" before end of expression
            $f(1 => Expected ")" before end of expression
            $f(1] => Expected ")", got "]"
            "abc => String literal must be terminated by a matching quote
            'abc => String literal must be terminated by a matching quote
            $x & 'a"  => String literal must be terminated by a matching quote
             => Unexpected end of expression
               => Unexpected end of expression
            1 + => Unexpected end of expression
            a. => Unexpected end of expression
            } => The symbol "}" cannot be used as a unary operator
            ] => The symbol "]" cannot be used as a unary operator
            @ => The symbol "@" cannot be used as a unary operator
            = 1 => The symbol "=" cannot be used as a unary operator
            1 2 => Syntax error: 2
            1 'a' => Syntax error: "a"
            1 $x => Syntax error: "x"
            1 } => Syntax error: "}"
            1 true => Syntax error: true
            /abc => No terminating / in regular expression
            $match($x, /a'b) => No terminating / in regular expression
            $x / 'abc => String literal must be terminated by a matching quote
            // => Empty regular expressions are not allowed
            `abc => Quoted property name must be terminated with a backquote (`)
            /* abc => Comment has no closing tag
            ! => Unknown operator: "!"
            "\q" => Unsupported escape sequence: \"q"
            "\u12" => The escape sequence \u must be followed by 4 hex digits
            1e999 => Number out of range: "1e999"
            λ(x){1} => Parameter 1 of function definition must be a variable name (start with $)
            5 := 1 => The left side of := must be a variable name (start with $)
            a := 1 => The left side of := must be a variable name (start with $)
            a@b => The right side of "@" must be a variable name (start with $)
            a#b => The right side of "#" must be a variable name (start with $)
            $x.1 => The literal value 1 cannot be used as a step within a path expression
            % => The object representing the 'parent' cannot be derived from this expression
        "##]],
    );
}

#[test]
fn length_is_bounded() {
    let long = format!("\"{}\"", "a".repeat(EXPRESSION_BYTES_MAX));
    assert_eq!(
        Expression::parse(&long).unwrap_err().message,
        format!("Expression exceeds {EXPRESSION_BYTES_MAX} bytes")
    );
    // Nesting is the parser's to refuse, not the stack's.
    for (open, close) in [("(", ")"), ("[", "]"), ("$f(", ")"), ("-", ""), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(50_000), close.repeat(50_000));
        assert!(Expression::parse(&deep).is_err(), "{open}");
    }
}
