//! Reading takes time in proportion to the text.

use std::fmt::Write;
use std::time::{Duration, Instant};

use asl::Options;

fn chain(states: usize) -> String {
    let mut text = String::from(r#"{"StartAt":"S0","States":{"#);
    for index in 0..states {
        let next = index + 1;
        write!(
            text,
            r#""S{index}":{{"Type":"Pass","Parameters":{{"a.$":"$.b"}},"Next":"S{next}"}},"#
        )
        .unwrap();
    }
    write!(text, r#""S{states}":{{"Type":"Succeed"}}}}}}"#).unwrap();
    text
}

fn time(states: usize) -> Duration {
    let text = chain(states);
    let once = || {
        let start = Instant::now();
        let outcome = asl::parse(&text, &Options::default());
        assert!(outcome.definition.is_some(), "{:?}", outcome.findings);
        start.elapsed()
    };
    (0..3).map(|_| once()).min().unwrap()
}

/// Sixteen times the states: quadratic would be 256 times the time.
#[test]
fn time_grows_with_the_text() {
    let small = time(500).max(Duration::from_micros(500));
    let large = time(8_000);
    assert!(large < small * 100, "{small:?} for 500 states, {large:?} for 8000");
}

/// On one long line, with a finding in every state.
#[test]
fn time_grows_with_the_findings() {
    let text = chain(8_000).replace("$.b", "b");
    let start = Instant::now();
    let outcome = asl::parse(&text, &Options::default());
    assert_eq!(outcome.findings.len(), 1_000);
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// The deepest texts are read, or refused, on the small stacks that servers have.
#[test]
fn depth_is_bounded() {
    let nested = |depth: usize, open: &str, close: &str| {
        format!("{}1{}", open.repeat(depth), close.repeat(depth))
    };
    let template = |value: &str| {
        format!(
            r#"{{"StartAt":"A","States":{{"A":{{"Type":"Pass","End":true,"Parameters":{value}}}}}}}"#
        )
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deepest = template(&nested(124, open, close));
        assert!(asl::parse(&deepest, &Options::default()).definition.is_some());
        let deeper = template(&nested(125, open, close));
        let findings = asl::parse(&deeper, &Options::default()).findings;
        assert_eq!(findings[0].code, "TOO_DEEPLY_NESTED");
    }
    let rule = format!(
        r#"{}{{"Variable":"$.a","IsNull":true}}{}"#,
        r#"{"Not":"#.repeat(119),
        "}".repeat(119)
    );
    let rule = rule.replacen("{\"Not\"", "{\"Next\":\"Z\",\"Not\"", 1);
    let choice = format!(
        r#"{{"StartAt":"A","States":{{"A":{{"Type":"Choice","Choices":[{rule}]}},"Z":{{"Type":"Succeed"}}}}}}"#
    );
    assert_eq!(asl::parse(&choice, &Options::default()).findings, []);
    let branch = r#"{"StartAt":"A","States":{"A":{"Type":"Parallel","End":true,"Branches":["#;
    let machine = format!("{}{}", branch.repeat(31), "]}}}".repeat(31));
    let findings = asl::parse(&machine, &Options::default()).findings;
    assert_eq!(findings.len(), 31, "a duplicate name for each level, and no branches");
}
