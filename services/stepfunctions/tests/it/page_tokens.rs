//! Page tokens that somebody made up, well-formed but with cursors of their own choice.

use resource::page_token::PageToken;
use serde_json::{Value, json};
use stepfunctions::Service;

use crate::rig;

const FAR_DAYS: [i64; 4] = [i64::MIN, -1, 1_000_000, i64::MAX - 1];

async fn create(service: &Service, name: &str) -> String {
    let definition = r#"{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}"#;
    let role = "arn:aws:iam::000000000000:role/r";
    let body = json!({ "name": name, "definition": definition, "roleArn": role });
    let made = rig::call(service, "CreateStateMachine", &body).await.unwrap();
    made["stateMachineArn"].as_str().unwrap().to_owned()
}

fn now_ms() -> i64 {
    host::Host::real().now_ms()
}

async fn refused(service: &Service, operation: &str, mut body: Value, token: String) {
    body["nextToken"] = token.into();
    let fault = rig::call(service, operation, &body).await.unwrap_err();
    assert_eq!(fault.code, "InvalidToken", "{operation} {body}");
}

// SFN-PAGE-3, SFN-SEM-125
#[tokio::test(flavor = "multi_thread")]
async fn cursors_stay_with_their_owner() {
    let service = rig::open(b"{}").await;
    create(&service, "a").await;
    for (operation, cursor) in [
        ("ListStateMachines", &b""[..]),
        ("ListStateMachines", &b"\xFF"[..]),
        ("ListStateMachines", &b"000000000000\0eu-west-1\0"[..]),
        ("ListStateMachines", &b"111111111111\0us-east-1\0"[..]),
        ("ListActivities", &b""[..]),
        ("ListActivities", &b"000000000000"[..]),
    ] {
        let token = PageToken::of(operation, &[rig::ACCOUNT, rig::REGION]);
        refused(&service, operation, json!({}), token.encode(cursor, now_ms())).await;
    }
}

// SFN-PAGE-3: neither other machines' executions nor days without end
#[tokio::test(flavor = "multi_thread")]
async fn cursors_stay_with_their_list() {
    let service = rig::open(b"{}").await;
    let arn = create(&service, "a").await;
    let operation = "ListExecutions";
    let page = PageToken::of(operation, &[rig::ACCOUNT, rig::REGION, &arn, ""]);
    let body = json!({ "stateMachineArn": arn });
    for day in FAR_DAYS.into_iter().chain([i64::MAX]) {
        for key in [&b""[..], &[0; 8], &[0; 24], &[0xFF; 24]] {
            let cursor = [&day.to_be_bytes()[..], &i64::MAX.to_be_bytes(), key].concat();
            refused(&service, operation, body.clone(), page.encode(&cursor, now_ms())).await;
        }
    }
    refused(&service, operation, body, page.encode(b"short", now_ms())).await;
}
