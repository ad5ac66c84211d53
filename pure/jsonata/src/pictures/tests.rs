//! The reference suite's calls with literal arguments, and tables of edges.

use std::path::{Path, PathBuf};

use moment::Random;
use serde_json::Value;

use super::{
    LIMIT_CODE, PictureError, format_date_time, format_integer, format_number, parse_date_time,
    parse_integer,
};

/// 2026-01-01T00:00:00Z
const NOW: i64 = 1_767_225_600_000;

/// Calls of the suite that are plain enough to be read here.
const CALLS_MIN: usize = 290;

#[test]
fn the_reference_suite() {
    let Some(groups) = groups() else {
        println!("skipped: no folder `shared/conformance/jsonata` beside the workspace");
        return;
    };
    let (mut calls, mut wrong) = (0, Vec::new());
    for group in ["formatNumber", "formatInteger", "parseInteger", "fromMillis", "tomillis"] {
        for case in cases(&groups.join(format!("function-{group}"))) {
            let text = case["expr"].as_str().unwrap();
            let Some(found) = call(text) else { continue };
            calls += 1;
            let wanted = match (case.get("result"), case["code"].as_str()) {
                (Some(result), _) => outcome(result),
                (None, Some(code)) => code.to_owned(),
                (None, None) => "undefined".to_owned(),
            };
            if found != wanted {
                wrong.push(format!("{text} gives {found}, not {wanted}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {calls}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(calls >= CALLS_MIN, "only {calls} calls");
}

#[expect(clippy::disallowed_methods, reason = "where the suite lies is a setting")]
fn groups() -> Option<PathBuf> {
    let shared = match std::env::var_os("RUNG_SHARED") {
        Some(shared) => PathBuf::from(shared),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?.join("shared"),
    };
    Some(shared.join("conformance/jsonata/groups")).filter(|groups| groups.exists())
}

#[expect(clippy::disallowed_methods, reason = "the suite is a folder of files")]
fn cases(group: &Path) -> Vec<Value> {
    let files = std::fs::read_dir(group).unwrap();
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let contents = texts.map(|text| serde_json::from_str(&text).unwrap());
    contents
        .flat_map(|content| match content {
            Value::Array(cases) => cases,
            case => vec![case],
        })
        .collect()
}

/// A value, `undefined` or a code.
fn outcome(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{:?}", number.as_f64().unwrap()),
        other => other.to_string(),
    }
}

fn text_outcome(found: Result<String, PictureError>) -> String {
    found.map_or_else(|error| error.code.to_owned(), |text| Value::from(text).to_string())
}

fn number_outcome(found: Result<Option<f64>, PictureError>) -> String {
    match found {
        Ok(Some(number)) => format!("{number:?}"),
        Ok(None) => "undefined".to_owned(),
        Err(error) => error.code.to_owned(),
    }
}

/// What a call gives; none when it is more than a call with literal arguments, and perhaps
/// `~> $fromMillis()` after it.
fn call(text: &str) -> Option<String> {
    let (name, rest) = text.strip_prefix('$')?.split_once('(')?;
    let (arguments, rest) = arguments(rest)?;
    let piped = match rest.trim() {
        "" => false,
        "~> $fromMillis()" => true,
        _ => return None,
    };
    let text = |place: usize| arguments.get(place).and_then(Value::as_str);
    let number = |place: usize| arguments.get(place).and_then(Value::as_f64);
    Some(match name {
        "formatNumber" => {
            let options = arguments.get(2).and_then(Value::as_object).cloned().unwrap_or_default();
            let options: Vec<(String, String)> = options
                .into_iter()
                .map(|(name, value)| (name, value.as_str().unwrap().to_owned()))
                .collect();
            text_outcome(format_number(number(0)?, text(1)?, &options))
        }
        "formatInteger" => text_outcome(format_integer(number(0)?, text(1)?)),
        "parseInteger" => number_outcome(parse_integer(text(0)?, text(1)?)),
        "fromMillis" => text_outcome(format_date_time(number(0)? as i64, text(1), text(2))),
        "toMillis" => match parse_date_time(text(0)?, text(1), NOW) {
            Ok(Some(millis)) if piped => text_outcome(format_date_time(millis, None, None)),
            found => number_outcome(found.map(|millis| millis.map(|millis| millis as f64))),
        },
        _ => return None,
    })
}

/// Literals up to `)`, and what follows it.
fn arguments(text: &str) -> Option<(Vec<Value>, &str)> {
    let mut all = Vec::new();
    let mut rest = text;
    loop {
        let (value, after) = literal(rest.trim_start())?;
        all.push(value);
        let after = after.trim_start();
        match after.split_at_checked(1)? {
            (",", more) => rest = more,
            (")", more) => return Some((all, more)),
            _ => return None,
        }
    }
}

fn literal(text: &str) -> Option<(Value, &str)> {
    if let Some(rest) = text.strip_prefix("()") {
        return Some((Value::Null, rest));
    }
    let length = match text.chars().next()? {
        quote @ ('\'' | '"') => text[1..].find(quote)? + 2,
        '{' => text.find('}')? + 1,
        _ => text.find([',', ')'])?,
    };
    let (written, rest) = text.split_at(length);
    let json =
        if written.starts_with('"') { written.to_owned() } else { written.replace('\'', "\"") };
    Some((serde_json::from_str(&json.replace('\n', "\\n")).ok()?, rest))
}

/// Each row is a call and what it gives.
#[track_caller]
fn check(rows: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (text, wanted) in rows {
        let found = call(text).unwrap_or_else(|| panic!("cannot read {text}"));
        if found != *wanted {
            wrong.push(format!("{text} gives {found}, not {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn numbers() {
    check(&[
        ("$formatNumber(-87504.4812, '000,000.000###;###,###.000###')", r#""87,504.4812""#),
        ("$formatNumber(185.2812, 'PREFIX##00.000###SUFFIX')", r#""PREFIX185.2812SUFFIX""#),
        ("$formatNumber(100, '0e0')", r#""1e2""#),
        ("$formatNumber(9.99, '0.0e0')", r#""10.0e0""#),
        ("$formatNumber(999.95, '#.0e0')", r#""1.0e3""#),
        ("$formatNumber(0.0001234, '000e00')", r#""123e-06""#),
        ("$formatNumber(12345678, '#0.00e0')", r#""1.23e7""#),
        ("$formatNumber(12345678, '##.00e0')", r#""0.12e8""#),
        ("$formatNumber(12345678, '000,000e0')", r#""123,457e2""#),
        ("$formatNumber(1.7976931348623157e308, '0.0e0')", r#""1.8e308""#),
        ("$formatNumber(5e-324, '0.0e0')", r#""5.0e-324""#),
        ("$formatNumber(1e21, '#,##0')", r#""1,000,000,000,000,000,000,000""#),
        ("$formatNumber(1e-7, '0.0########')", r#""0.0000001""#),
        ("$formatNumber(1.5, '9.9##,#')", r#""1.5""#),
        ("$formatNumber(1.23456, '9.9,#,#')", r#""1.2,3,5""#),
        ("$formatNumber(123, '#,####,##0')", r#""123""#),
        ("$formatNumber(1234567, '0,00,00')", r#""1,23,45,67""#),
        ("$formatNumber(1.5, '0.')", r#""2""#),
        ("$formatNumber(2.5, '0')", r#""2""#),
        ("$formatNumber(1.005, '0.00')", r#""1.00""#),
        ("$formatNumber(1.015, '0.00')", r#""1.02""#),
        ("$formatNumber(0.285, '0%')", r#""28%""#),
        ("$formatNumber(1.1, '0.0%')", r#""110.0%""#),
        ("$formatNumber(0.14, '%0')", r#""%14""#),
        ("$formatNumber(0, '#')", r#""0""#),
        ("$formatNumber(0, '#.#')", r#"".0""#),
        ("$formatNumber(10, '#.##')", r#""10.0""#),
        ("$formatNumber(0.5, '#,##0.##')", r#""0.5""#),
        ("$formatNumber(-0.4, '0')", r#""-0""#),
        ("$formatNumber(-1, '0;(0)')", r#""(1)""#),
        ("$formatNumber(20, 'price 0 e')", r#""price 20 e""#),
        ("$formatNumber(20, '0 euro')", r#""20 euro""#),
        ("$formatNumber(20, '0euro')", "D3093"),
        ("$formatNumber(5, '#0#.0#0#')", r#""5.00""#),
        ("$formatNumber(79, 'x 000.0e0')", r#""x 790.0e-1""#),
        ("$formatNumber(-12, '0', {'minus-sign': '−'})", r#""−12""#),
        ("$formatNumber(0.012, '0e0', {'minus-sign': '−'})", r#""1e−2""#),
        ("$formatNumber(-12, '0|(0)', {'pattern-separator': '|'})", r#""(12)""#),
        ("$formatNumber(12, 'nn', {'digit': 'n'})", r#""12""#),
        (
            "$formatNumber(1.5, '#.##0,0', {'decimal-separator': ',', 'grouping-separator': '.'})",
            r#""1,5""#,
        ),
        ("$formatNumber(12, '0', {'zero-digit': 'ab'})", "D3086"),
        ("$formatNumber(12, '0', {'zero-digit': '\u{10FFFF}'})", "D3086"),
        ("$formatNumber(-1, '0;')", "D3085"),
        ("$formatNumber(1, '')", "D3085"),
        ("$formatNumber(1, 'abc')", "D3086"),
        ("$formatNumber(12, '0x0')", "D3086"),
        ("$formatNumber(12, '0.0;0.0.0')", "D3081"),
        ("$formatNumber(12, '0.,0')", "D3087"),
        ("$formatNumber(12, ',')", "D3088"),
        ("$formatNumber(12, '0%e0')", "D3092"),
        ("$formatNumber(12, '0e0e0')", "D3093"),
        ("$formatNumber(12, '.')", "D3085"),
    ]);
    assert_eq!(format_number(f64::NAN, "0", &[]).unwrap(), "NaN");
    assert_eq!(format_number(f64::NEG_INFINITY, "(0)", &[]).unwrap(), "-(Infinity)");
}

#[test]
fn integers() {
    check(&[
        ("$formatInteger(12, '#:###,##0')", r#""12""#),
        ("$formatInteger(1234, '#,##0,')", r#""1,234,""#),
        ("$formatInteger(1, '')", "D3130"),
        ("$formatInteger(1e21, '#,##0')", r#""1,000,000,000,000,000,000,000""#),
        ("$formatInteger(-3.5, '0')", r#""-4""#),
        ("$formatInteger(-3, 'w')", r#""-three""#),
        ("$formatInteger(5000, 'I')", r#""MMMMM""#),
        ("$formatInteger(1000001, 'I')", LIMIT_CODE),
        ("$formatInteger(0, 'a')", r#""""#),
        ("$formatInteger(0, 'w;o')", r#""zeroth""#),
        ("$formatInteger(111, '0;o')", r#""111th""#),
        ("$formatInteger(1, 'WW')", "D3130"),
        ("$formatInteger(1234567, '00,00')", r#""1,23,45,67""#),
        ("$formatInteger(-1234, '###,#00;o')", r#""-1,234th""#),
        ("$formatInteger(1100, 'w;o')", r#""one thousand, one hundredth""#),
        ("$formatInteger(2000000, 'Ww;o')", r#""Two Millionth""#),
        ("$formatInteger(2e24, 'w;o')", r#""two trillion trillionth""#),
        ("$formatInteger(1000001, 'W')", r#""ONE MILLION AND ONE""#),
        ("$parseInteger('abc', '0')", "undefined"),
        ("$parseInteger('12abc', '0')", "12.0"),
        ("$parseInteger('-12', '0')", "-12.0"),
        ("$parseInteger('-0', '0')", "0.0"),
        ("$parseInteger('1.200', '#.##0')", "1200.0"),
        ("$parseInteger('', '0')", "undefined"),
        ("$parseInteger('foo', 'w')", "undefined"),
        ("$parseInteger('', 'a')", "0.0"),
        ("$parseInteger('a1', 'a')", "undefined"),
        ("$parseInteger('xyz', 'I')", "undefined"),
        ("$parseInteger('zero', 'w')", "0.0"),
        ("$parseInteger('50', 'α')", "D3130"),
    ]);
    assert_eq!(format_integer(f64::NAN, "0").unwrap_err().code, "D3001");
    let message = "Formatting or parsing an integer as a sequence starting with \"#\" is not \
                   supported by this implementation";
    assert_eq!(format_integer(1.0, "#").unwrap_err().message, message);
    let endless = "trillion ".repeat(100);
    assert_eq!(parse_integer(&format!("one {endless}"), "w"), Ok(None));
    assert_eq!(parse_integer(&"z".repeat(1_000), "a"), Ok(None));
    assert_eq!(parse_integer(&"9".repeat(1_000), "0"), Ok(None));
}

#[test]
fn integers_there_and_back() {
    for picture in ["0", "#,##0", "0;o", "w", "W;o", "Ww", "I", "i", "a", "A", "###١"] {
        for value in (0..3_000).chain([9_999, 10_000, 99_999, 123_456, 999_999]) {
            let value = f64::from(value);
            let text = format_integer(value, picture).unwrap();
            assert_eq!(parse_integer(&text, picture), Ok(Some(value)), "{text} as {picture}");
        }
    }
}

#[test]
fn times_written() {
    check(&[
        ("$fromMillis(1521801216617, (), '-0530')", r#""2018-03-23T05:03:36.617-05:30""#),
        ("$fromMillis(1521801216617, (), '+05:30')", r#""2018-03-23T16:03:36.617+05:30""#),
        ("$fromMillis(1521801216617, (), 'Z')", r#""2018-03-23T10:33:36.617Z""#),
        ("$fromMillis(1521801216617, (), '0000')", r#""2018-03-23T10:33:36.617Z""#),
        ("$fromMillis(1521801216617, (), '+12345')", "D3134"),
        ("$fromMillis(1521801216617, (), 'Europe/Paris')", "D3134"),
        ("$fromMillis(1521801216617, (), 'é0')", "D3134"),
        ("$fromMillis(1521801216617, '[Z00]', '+0530')", r#""+05:30""#),
        ("$fromMillis(1521801216617, '[Z000]', '+0530')", r#""+530""#),
        ("$fromMillis(1521801216617, '[Z0000]', '-0530')", r#""-0530""#),
        ("$fromMillis(1521801216617, '[z]', '+0000')", r#""GMT+00:00""#),
        ("$fromMillis(1521801216617, '[z0t]', '+0000')", r#""Z""#),
        ("$fromMillis(1521801216617, '[ZN]', '+0100')", "D3134"),
        ("$fromMillis(5, '[f] [f01] [f0001] [f1,1-1]')", r#""5 05 0005 5""#),
        ("$fromMillis(617, '[fN]')", "D3133"),
        ("$fromMillis(617, '[fw]')", r#""six hundred and seventeen""#),
        ("$fromMillis(5, '[P] [Pn] [PN] [P1]')", r#""am am AM am""#),
        ("$fromMillis(5, '[C] [CN] [E1]')", r#""ISO ISO ISO""#),
        (
            "$fromMillis(5, '[Fw] [FN] [Fn] [FNn,2-2] [FNn,5]')",
            r#""four THURSDAY thursday Th Thursday""#,
        ),
        ("$fromMillis(5, '[MN,20] [Mn,*-3]')", r#""JANUARY jan""#),
        ("$fromMillis(5, '[M,3-3]')", r#""001""#),
        ("$fromMillis(5, '[HN]')", "D3133"),
        ("$fromMillis(5, 'Y]')", r#""Y]""#),
        ("$fromMillis(5, '[]')", "D3132"),
        ("$fromMillis(5, '[q')", "D3135"),
        ("$fromMillis(5, '[Y,] [Y,a] [Y,0] [Y,-2] [Y,4-2]')", r#""1970 1970 1970 70 70""#),
        ("$fromMillis(5, '[Y1,*-2] [Y0001,*-2]')", r#""70 70""#),
        ("$fromMillis(5, '[Y#]')", "D3130"),
        ("$fromMillis(5, '[Y0١]')", "D3131"),
        ("$fromMillis(5, '[Do]')", "D3130"),
        ("$fromMillis(5, '[D0o] [D0c] [DAo] [DIo]')", r#""1st 1 A I""#),
        ("$fromMillis(5, '[H]:[h]:[H01] [H,2]')", r#""0:12:00 00""#),
        ("$fromMillis(1521801216617, '[H,1-1] [D,1-1] [Y,3-3]')", r#""10 23 018""#),
        ("$fromMillis(1521801216617, '[YI,2-2] [Yw,2-2]')", r#""XVIII eighteen""#),
        ("$fromMillis(1521801216617, '[X]-[X,2-2]-[X01]')", r#""2018-2018-2018""#),
        ("$fromMillis(1483272000000, '[xNn] [x1] [w] [W] [X]')", r#""December 12 5 52 2016""#),
        ("$fromMillis(1521801216617, '')", r#""""#),
        ("$fromMillis(1521801216617, ']]]')", r#""]]""#),
        ("$fromMillis(1521801216617, '[[]')", r#""[]""#),
        ("$fromMillis(1521801216617, '[[[Y]')", r#""[2018""#),
        ("$fromMillis(1521801216617, '[Y[M]]')", "D3130"),
        ("$fromMillis(1521801216617, '[D١]')", r#""٢٣""#),
        ("$fromMillis(1521801216617, '[Mw] [MWw] [MWwo] [D01o]')", r#""three Three Third 23rd""#),
        ("$fromMillis(-1)", r#""1969-12-31T23:59:59.999Z""#),
        ("$fromMillis(-62135596800000)", r#""0001-01-01T00:00:00.000Z""#),
        ("$fromMillis(253402300800000)", r#""+010000-01-01T00:00:00.000Z""#),
        ("$fromMillis(5, '[Y,1000000000]')", LIMIT_CODE),
        ("$fromMillis(5, '[Y,99999999999999999999]')", LIMIT_CODE),
    ]);
    let parts = "[Y]".repeat(1_001);
    assert_eq!(format_date_time(0, Some(&parts), None).unwrap_err().code, LIMIT_CODE);
    for millis in [i64::MIN, i64::MAX] {
        let picture = "[Y][M][D][d][F1][W][w][X][x][H][Z]";
        assert!(format_date_time(millis, Some(picture), Some("+2359")).is_ok());
        assert!(format_date_time(millis, None, Some("-2359")).is_ok());
    }
}

/// Days around new year by ISO 8601.
#[test]
fn week_dates() {
    for (date, wanted) in [
        ("2005-01-01", "2004-W53-6"),
        ("2005-01-02", "2004-W53-7"),
        ("2005-12-31", "2005-W52-6"),
        ("2006-01-01", "2005-W52-7"),
        ("2006-01-02", "2006-W01-1"),
        ("2006-12-31", "2006-W52-7"),
        ("2007-01-01", "2007-W01-1"),
        ("2007-12-31", "2008-W01-1"),
        ("2008-12-28", "2008-W52-7"),
        ("2008-12-29", "2009-W01-1"),
        ("2009-12-31", "2009-W53-4"),
        ("2010-01-03", "2009-W53-7"),
    ] {
        let millis = parse_date_time(date, Some("[Y]-[M]-[D]"), NOW).unwrap().unwrap();
        let found = format_date_time(millis, Some("[X0001]-W[W01]-[F1]"), None).unwrap();
        assert_eq!(found, wanted, "{date}");
    }
}

#[test]
fn times_read_without_a_picture() {
    check(&[
        ("$toMillis('2018-02')", "1517443200000.0"),
        ("$toMillis('2018-02-30')", "1519948800000.0"),
        ("$toMillis('2018Z')", "1514764800000.0"),
        ("$toMillis('2018T10:00:00Z')", "1514800800000.0"),
        ("$toMillis('2018-02-01Z')", "1517443200000.0"),
        ("$toMillis('2018-02-01T10:00:00')", "1517479200000.0"),
        ("$toMillis('2018-02-01T10:00:00.1')", "1517479200100.0"),
        ("$toMillis('2018-02-01T10:00:00.123456789Z')", "1517479200123.0"),
        ("$toMillis('2018-02-01T10:00:00-05:30')", "1517499000000.0"),
        ("$toMillis('2018-02-01T10:00:00.5+0530')", "1517459400500.0"),
        ("$toMillis('2018-02-01T24:00:00Z')", "1517529600000.0"),
        ("$toMillis('0001-01-01')", "-62135596800000.0"),
    ]);
    for refused in [
        "",
        " 2018",
        "2018-1",
        "2018-13-01",
        "2018-00-01",
        "2018-01-00",
        "2018-01-32",
        "2018-02-01T10:00Z",
        "2018-02-01T10:00:00,5Z",
        "2018-02-01T10:00:00.Z",
        "2018-02-01T10:00:00+05",
        "2018-02-01T10:00:00+29:59",
        "2018-02-01T10:00:00+é",
        "2018-02-01+01:00",
        "2018.5",
        "2018-02-01T24:00:01Z",
        "2018-02-01T25:00:00Z",
        "2018-02-01T23:59:60Z",
        "2018-02-01t10:00:00Z",
        "12018-02-01",
        "2018-02-01-05-06",
        "2018-02-0é",
    ] {
        let error = parse_date_time(refused, None, NOW).unwrap_err();
        assert_eq!(error.code, "D3110", "{refused}");
    }
}

#[test]
fn times_read_by_pictures() {
    check(&[
        ("$toMillis('18', '[Y]')", "-1640995200000.0"),
        ("$toMillis('100', '[Y]')", "-59011459200000.0"),
        ("$toMillis('275760', '[Y]')", "8639977881600000.0"),
        ("$toMillis('275761', '[Y]')", "undefined"),
        ("$toMillis('one trillion trillion', '[Yw]')", "undefined"),
        ("$toMillis('2018-02-30', '[Y]-[M]-[D]')", "1519948800000.0"),
        ("$toMillis('2018-14-30', '[Y]-[M]-[D]')", "1551484800000.0"),
        ("$toMillis('2018-00-00', '[Y]-[M]-[D]')", "1514678400000.0"),
        ("$toMillis('2018-02-03 25:61:61', '[Y]-[M]-[D] [H]:[m]:[s]')", "1517709721000.0"),
        ("$toMillis('2018-02-03 5', '[Y]-[M]-[D] [h]')", "D3136"),
        ("$toMillis('2018-02-03 5 pm', '[Y]-[M]-[D] [H] [P]')", "1517634000000.0"),
        ("$toMillis('2018-02-03 5 PM', '[Y]-[M]-[D] [h] [PN]')", "1517677200000.0"),
        ("$toMillis('2018-02-03 pm', '[Y]-[M]-[D] [P]')", "1517659200000.0"),
        ("$toMillis('2018-02-03 5:07 pm', '[Y]-[M]-[D] [h]:[s] [P]')", "D3136"),
        ("$toMillis('1 JANUARY 2018', '[D] [MN] [Y]')", "1514764800000.0"),
        ("$toMillis('1 Jan 2018', '[D] [MNn] [Y]')", "undefined"),
        ("$toMillis('1 Foo 2018', '[D] [MNn] [Y]')", "undefined"),
        ("$toMillis('27April2018', '[D1][MNn][Y]')", "1524787200000.0"),
        ("$toMillis('2018-5', '[Y]-[W]')", "1514764800000.0"),
        ("$toMillis('2018-5', '[X]-[W]')", "D3136"),
        ("$toMillis('5', '[w]')", "D3136"),
        (
            "$toMillis('2018-02-03T10:00:00Z', '[Y]-[M]-[D]T[H]:[m]:[s][Z01:01t]')",
            "1517652000000.0",
        ),
        ("$toMillis('2018-02-03T10:00:00-01:30', '[Y]-[M]-[D]T[H]:[m]:[s][Z]')", "1517657400000.0"),
        (
            "$toMillis('2018-02-03T10:00:00-0130', '[Y]-[M]-[D]T[H]:[m]:[s][Z0101]')",
            "1517657400000.0",
        ),
        ("$toMillis('2018-02-03T10:00:00-1', '[Y]-[M]-[D]T[H]:[m]:[s][Z0]')", "1517655600000.0"),
        ("$toMillis('2018-02-03 +530', '[Y]-[M]-[D] [Z000]')", "1517596200000.0"),
        ("$toMillis('2018-02-03 +01', '[Y]-[M]-[D] [Z]')", "undefined"),
        ("$toMillis('2018-02-03 gmt+01:00', '[Y]-[M]-[D] [z]')", "1517612400000.0"),
        ("$toMillis('2018-02-03 +01:00', '[Y]-[M]-[D] [z]')", "undefined"),
        ("$toMillis('2018-02-03t10:00:00z', '[Y]-[M]-[D]T[H]:[m]:[s]Z')", "1517652000000.0"),
        ("$toMillis('2,018', '[Y9,999,*]')", "1514764800000.0"),
        ("$toMillis('٢٠١٨', '[Y١]')", "1514764800000.0"),
        ("$toMillis('201802', '[Y][M]')", "2590358400000.0"),
        ("$toMillis('20180', '[Y0001][M][D]')", "undefined"),
        ("$toMillis('20180901', '[Y0001]0[M][D01]')", "1535760000000.0"),
        ("$toMillis('2018 ISO', '[Y] [E]')", "D3133"),
        ("$toMillis('2018.5', '[Y].[f]')", "D3136"),
        ("$toMillis('2018-05-04 1:2:3.12', '[Y]-[M]-[D] [H]:[m]:[s].[f01]')", "1525395723120.0"),
        ("$toMillis('', '[YI]')", "undefined"),
        ("$toMillis('2018q', '[Y]Q')", "1514764800000.0"),
        ("$toMillis('2018 five', '[Y] [dw]')", "1515110400000.0"),
        ("$toMillis('2018-365', '[Y]-[d]')", "1546214400000.0"),
        ("$toMillis('x', '[D]-[Y#]')", "D3130"),
        ("$toMillis('x', '[D]-[YN]')", "D3133"),
        ("$toMillis('x', '[D]-[ZN]')", "D3134"),
        ("$toMillis('20 18', '[Y] [Y]')", "-1640995200000.0"),
        ("$toMillis('2018(x)', '[Y](x)')", "1514764800000.0"),
        ("$toMillis('1st 5th 2018', '[D0o] [M1o] [Y]')", "1525132800000.0"),
        ("$toMillis('', '')", "undefined"),
        ("$toMillis('x', '')", "undefined"),
        ("$toMillis('two and three', '[Dw] and [Mw]')", "1772409600000.0"),
        ("$toMillis('2018seventhT', '[Y][Mwo]T')", "1530403200000.0"),
        ("$toMillis('seventeen 2018', '[Mw]teen [Y]')", "1530403200000.0"),
        // What is not there is now.
        ("$toMillis('Thursday', '[FNn]')", "1767225600000.0"),
        ("$toMillis('5:30', '[h]:[m]')", "1767245400000.0"),
        ("$toMillis('5', '[s]')", "1767225605000.0"),
        ("$toMillis('12-25', '[M]-[D]')", "1798156800000.0"),
        ("$toMillis('25', '[D]')", "1769299200000.0"),
    ]);
    let long = "x".repeat(1_000_000);
    let (text, picture) = (format!("2018{long}"), format!("[Y]{long}"));
    assert_eq!(parse_date_time(&text, Some(&picture), NOW), Ok(Some(1_514_764_800_000)));
    let many = "[Yi][Yi][Yi][Yi][Yi][Yi][Yi][Yi]!";
    let error = parse_date_time(&"i".repeat(60), Some(many), NOW).unwrap_err();
    assert_eq!(error.code, LIMIT_CODE);
}

/// No picture, text or number is too odd, and none takes long.
#[test]
fn anything_is_answered() {
    let mut random = Random::new(11);
    let mut text = |alphabet: &str, most: u64| -> String {
        let marks: Vec<char> = alphabet.chars().collect();
        let length = random.below(most);
        (0..length).map(|_| marks[random.below(marks.len() as u64) as usize]).collect()
    };
    const MARKS: &str = "[[[]]YMDdFWwXxHhPmsfZzCENnIiAaotc01239#,,.;;*-- e%‰é٣\u{1D7D9}+:GTQ";
    const TEXTS: &str = "0123456789:-+ ,.TZGMTpamjunmondayonetwohundredivxé٣stndrdth";
    let values = [0.0, -0.5, 12.5, 1e300, -1e-300, f64::MAX, f64::NAN, f64::INFINITY, 2018.0];
    for round in 0..30_000 {
        let picture = text(MARKS, 14);
        let value = values[round % values.len()];
        let millis = [0, -1, i64::MIN, i64::MAX, NOW][round % 5];
        let options =
            [("zero-digit".to_owned(), text(MARKS, 3)), ("digit".to_owned(), text(MARKS, 2))];
        let _ = format_number(value, &picture, &[]);
        let _ = format_number(value, &picture, &options);
        let _ = format_integer(value, &picture);
        let _ = parse_integer(&text(TEXTS, 20), &picture);
        let _ = format_date_time(millis, Some(&picture), Some(&text("+-0159:é", 6)));
        let _ = parse_date_time(&text(TEXTS, 30), Some(&picture), millis);
        let _ = parse_date_time(&text("0123-:.TZ+é", 26), None, millis);
    }
}

#[test]
fn separators_have_a_limit() {
    let picture = format!("{}0", ",".repeat(101));
    assert_eq!(format_integer(1.0, &picture).unwrap_err().code, LIMIT_CODE);
}
