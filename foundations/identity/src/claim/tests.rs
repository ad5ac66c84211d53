//! Signatures made by other signers, and what happens to forged ones.

use http::Request;

use super::*;
use crate::Session;
use crate::sign::{Credentials, sign};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2026-03-04T05:06:07Z
const NOW: i64 = 1_772_600_767_000;

struct OneKey {
    token: Option<&'static str>,
}

impl Keys for OneKey {
    fn secret(&self, access_key_id: &str) -> Option<KeyRecord> {
        (access_key_id == "AKIDEXAMPLE").then(|| KeyRecord {
            secret: Secret::new(SECRET),
            account: "123456789012".into(),
            session: self
                .token
                .map(|token| Session { token: Secret::new(token), expires_ms: NOW + 1_000_000 }),
        })
    }
}

struct Case {
    service: &'static str,
    now_ms: i64,
    token: Option<&'static str>,
    body: &'static str,
}

const STATES: Case = Case { service: "states", now_ms: NOW, token: None, body: "" };

fn caller(case: &Case, request: http::request::Builder) -> Result<Caller, Denied> {
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let mode = Mode::Serve(Arc::new(OneKey { token: case.token }));
    let arrival =
        Arrival { service: case.service, now_ms: case.now_ms, request_id: "request".into() };
    mode.open(&parts, &arrival)?.verify(&parts, case.body.as_bytes())
}

fn check(case: &Case, request: http::request::Builder, expected: &str) {
    let seen = match caller(case, request) {
        Ok(caller) => format!("{} {}", caller.account, caller.region),
        Err(denied) => format!("{} {} {}", denied.status, denied.code, denied.message),
    };
    assert_eq!(seen, expected);
}

// The published example of Signature Version 4: a plain GET.
#[test]
fn the_published_example() {
    let request = Request::get("/")
        .header("host", "example.amazonaws.com")
        .header("x-amz-date", "20150830T123600Z")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
    let case = Case { service: "service", now_ms: 1_440_938_160_000, ..STATES };
    check(&case, request, "123456789012 us-east-1");
}

fn states_request(signature: &str) -> http::request::Builder {
    Request::post("/")
        .header("host", "localhost:4566")
        .header("x-amz-target", "AWSStepFunctions.ListStateMachines")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-date", "20260304T050607Z")
        .header(
            "authorization",
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/eu-west-1/states/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature={signature}"
            ),
        )
}

const GENUINE: &str = "81bba2e4c614a9c312443ae8e0d41c3e63f8075b7224ce8093965f5902ba1348";

const LIST: Case = Case { body: r#"{"maxResults": 5}"#, ..STATES };

// SFN-WIRE-7. Made by the Python SDK.
#[test]
fn a_json_request_of_the_python_sdk() {
    check(&LIST, states_request(GENUINE), "123456789012 eu-west-1");
}

#[test]
fn a_path_that_needs_normalizing_and_encoding() {
    let request =
        Request::get("/2015-03-31/functions/a%3Ab//x/../f%20g/?Marker=a%2Fb%3D&z&A=%C3%A9~")
            .header("host", "localhost:4566")
            .header("x-two", "  a   b  ")
            .header("x-amz-date", "20260304T050607Z")
            .header("x-amz-security-token", "the/session+token==")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/lambda/aws4_request, \
         SignedHeaders=host;x-amz-date;x-amz-security-token;x-two, \
         Signature=830c7d78e9c4c85240b5a0c651cb9e4ba0e9c58a07fd322d351f062365dd01e5",
            );
    let case = Case { service: "lambda", token: Some("the/session+token=="), ..STATES };
    check(&case, request, "123456789012 us-east-1");
}

#[test]
fn s3_signs_the_path_as_sent() {
    let request = Request::get("/bucket/a%3Ab//x/../f%20g?list-type=2")
        .header("host", "localhost:4566")
        .header("x-amz-date", "20260304T050607Z")
        .header(
            "x-amz-content-sha256",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        )
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/us-east-1/s3/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date, \
             Signature=e9399e2183c74112f7352b9f5e52c550795ff02d8396296c563570e61b0b5d10",
        );
    check(&Case { service: "s3", ..STATES }, request, "123456789012 us-east-1");
}

fn presigned() -> http::request::Builder {
    Request::get(
        "/2015-03-31/functions/f?x=1&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Fus-east-1%2Flambda%2Faws4_request\
         &X-Amz-Date=20260304T050607Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host\
         &X-Amz-Security-Token=the%2Fsession%2Btoken%3D%3D\
         &X-Amz-Signature=afc3c7f70480d3a9296acf4341f80b56351a10fc16a3ad82b14a4840bcb11376",
    )
    .header("host", "localhost:4566")
}

#[test]
fn presigned_requests_live_until_they_expire() {
    let case = Case { service: "lambda", token: Some("the/session+token=="), ..STATES };
    check(&case, presigned(), "123456789012 us-east-1");
    let late = Case { now_ms: NOW + 301_000, ..case };
    check(&late, presigned(), "400 RequestExpired Request has expired.");
    let request = Request::get(
        "/bucket/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIDEXAMPLE%2F20260304%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20260304T050607Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host\
         &X-Amz-Signature=077a3326c46ef5580cf0d323d9622fc8d463c06356122b894b11a49a7952400d",
    )
    .header("host", "localhost:4566");
    check(&Case { service: "s3", ..STATES }, request, "123456789012 us-east-1");
}

const MISMATCH: &str = "403 InvalidSignatureException The request signature we calculated does \
                        not match the signature you provided. Check your AWS Secret Access Key \
                        and signing method. Consult the service documentation for details.";

#[test]
fn changed_requests_are_refused() {
    check(&Case { body: r#"{"maxResults": 6}"#, ..LIST }, states_request(GENUINE), MISMATCH);
    check(&LIST, states_request(&GENUINE.replace('8', "9")), MISMATCH);
    check(&LIST, states_request("0"), MISMATCH);
    check(&LIST, states_request(GENUINE).header("x-amz-target", "Other"), MISMATCH);
    let unsigned = signed_by("AKIDEXAMPLE", None).header("x-amz-target", "AWSStepFunctions.X");
    let words = "403 InvalidSignatureException There were headers present in the request which \
                 were not signed: x-amz-target";
    check(&Case { body: "{}", ..LIST }, unsigned, words);
    // A claimed hash of the body does not stand for the body.
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let request = states_request(GENUINE).header("x-amz-content-sha256", hash);
    check(&Case { body: "{}", ..LIST }, request, MISMATCH);
}

// SFN-ERR-4
#[test]
fn refusals_in_words_of_aws() {
    check(
        &LIST,
        Request::post("/"),
        "403 MissingAuthenticationTokenException Missing Authentication Token",
    );
    check(
        &Case { now_ms: NOW + SKEW_MS_MAX + 1000, ..LIST },
        states_request(GENUINE),
        "403 InvalidSignatureException Signature expired: 20260304T050607Z is now earlier than \
         20260304T050608Z (20260304T052108Z - 15 min.)",
    );
    check(
        &Case { now_ms: NOW - SKEW_MS_MAX - 1000, ..LIST },
        states_request(GENUINE),
        "403 InvalidSignatureException Signature not yet current: 20260304T050607Z is still \
         later than 20260304T050606Z (20260304T045106Z + 15 min.)",
    );
    check(
        &Case { service: "lambda", ..LIST },
        states_request(GENUINE),
        "403 InvalidSignatureException Credential should be scoped to correct service: \
         'lambda'. ",
    );
    let unknown = "403 UnrecognizedClientException The security token included in the request \
                   is invalid.";
    check(&Case { token: Some("t"), ..LIST }, states_request(GENUINE), unknown);
    check(&LIST, states_request(GENUINE).header("x-amz-security-token", "t"), unknown);
}

fn signed_by(access_key_id: &str, token: Option<&str>) -> http::request::Builder {
    let request = Request::post("/").header("host", "localhost:4566").body(()).unwrap();
    let (mut parts, ()) = request.into_parts();
    let credentials = Credentials {
        access_key_id: access_key_id.to_owned(),
        secret: Secret::new(SECRET),
        session_token: token.map(Secret::new),
    };
    let scope = crate::sign::Scope { region: "us-east-1", service: "states", now_ms: NOW };
    sign(&mut parts, b"{}", &credentials, &scope).unwrap();
    let mut builder = Request::post("/");
    builder.headers_mut().unwrap().extend(parts.headers);
    builder
}

#[test]
fn our_own_signatures() {
    let case = Case { body: "{}", ..STATES };
    check(&case, signed_by("AKIDEXAMPLE", None), "123456789012 us-east-1");
    check(
        &case,
        signed_by("AKIDOTHER", None),
        "403 UnrecognizedClientException The security token included in the request is invalid.",
    );
    let session = Case { token: Some("token"), ..case };
    check(&session, signed_by("AKIDEXAMPLE", Some("token")), "123456789012 us-east-1");
    let (parts, ()) = signed_by("AKIDEXAMPLE", Some("token")).body(()).unwrap().into_parts();
    let record = KeyRecord {
        session: Some(Session { token: Secret::new("token"), expires_ms: NOW }),
        ..OneKey { token: None }.secret("AKIDEXAMPLE").unwrap()
    };
    let signature = parse::signature(&parts).unwrap();
    assert_eq!(check_session(&signature, &record, NOW), Err(Denied::expired_token()));
}

fn dev(request: http::request::Builder) -> (String, String) {
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let arrival = Arrival { service: "states", now_ms: NOW, request_id: "request".into() };
    let claim = Mode::Dev.open(&parts, &arrival).unwrap();
    let caller = claim.verify(&parts, b"anything").unwrap();
    (caller.account.to_string(), caller.region.to_string())
}

#[test]
fn development_believes_everyone() {
    let pair = |account: &str, region: &str| (account.to_owned(), region.to_owned());
    assert_eq!(dev(Request::post("/")), pair("000000000000", "us-east-1"));
    assert_eq!(dev(states_request("forged")), pair("000000000000", "eu-west-1"));
    let other = "AWS4-HMAC-SHA256 Credential=123456789012/20200101/eu-north-1/states/aws4_request";
    let request = Request::post("/").header("authorization", other);
    assert_eq!(dev(request), pair("123456789012", "eu-north-1"));
    for odd in
        ["Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b/c:d/e/aws4_request"]
    {
        let request = Request::post("/").header("authorization", odd);
        assert_eq!(dev(request), pair("000000000000", "us-east-1"), "{odd}");
    }
    assert_eq!(dev(presigned()), pair("000000000000", "us-east-1"));
}

#[test]
fn secrets_do_not_show() {
    let record = OneKey { token: Some("hidden") }.secret("AKIDEXAMPLE").unwrap();
    let shown = format!("{record:?} {:?}", Mode::Serve(Arc::new(OneKey { token: None })));
    assert!(!shown.contains("hidden") && !shown.contains(SECRET), "{shown}");
}
