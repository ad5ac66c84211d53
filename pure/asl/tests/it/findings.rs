//! What is wrong with a definition, one row a mistake.

mod data;
mod fields;
mod maps;
mod plain_states;
mod shape;
mod tasks;

use asl::{MachineKind, Options, Syntax};
use expect_test::Expect;

/// The findings of a definition, a line each.
fn check(text: &str, expected: Expect) {
    check_as(text, MachineKind::Standard, expected);
}

fn check_as(text: &str, kind: MachineKind, expected: Expect) {
    let options = Options { kind, syntax: Syntax::Json, warnings: true };
    let outcome = asl::parse(text, &options);
    let lines: Vec<_> = outcome.findings.iter().map(asl::describe).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// The findings of the state `S`, in a machine that is fine otherwise.
fn state(members: &str, expected: Expect) {
    check(&machine_of(members), expected);
}

fn machine_of(members: &str) -> String {
    let more = r#""Z":{"Type":"Succeed"}"#;
    format!(r#"{{"StartAt":"S","States":{{"S":{{{members}}},{more}}}}}"#)
}

/// The same for a Task that has everything else.
fn task(members: &str, expected: Expect) {
    let resource = r#""Resource":"arn:aws:lambda:us-east-1:111122223333:function:f""#;
    state(&format!(r#""Type":"Task",{resource},"Next":"Z",{members}"#), expected);
}

/// The same for a Pass.
fn pass(members: &str, expected: Expect) {
    state(&format!(r#""Type":"Pass","Next":"Z",{members}"#), expected);
}

/// The same for a Choice with one rule.
fn rule(members: &str, expected: Expect) {
    state(&format!(r#""Type":"Choice","Default":"Z","Choices":[{{{members}}}]"#), expected);
}

/// The same for a Map over one Pass.
fn map(config: &str, members: &str, expected: Expect) {
    let processor = format!(
        r#"{{"ProcessorConfig":{{{config}}},"StartAt":"I","States":{{"I":{{"Type":"Pass","End":true}}}}}}"#
    );
    state(&format!(r#""Type":"Map","Next":"Z","ItemProcessor":{processor},{members}"#), expected);
}
