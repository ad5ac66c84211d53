//! Reading a signature out of a request: the `Authorization` header or a presigned query.

use std::borrow::Cow;

use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::denied::Denied;

pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Longest access key id that is looked up; AWS's own limit is 128.
const ACCESS_KEY_ID_BYTES_MAX: usize = 128;

/// A signature and what it was made over, not yet verified.
#[derive(Debug)]
pub(crate) struct Signature {
    pub(crate) credential: Credential,
    /// Lower case names, as listed.
    pub(crate) signed_headers: Vec<String>,
    pub(crate) signature: String,
    /// `20260304T050607Z`
    pub(crate) stamp: String,
    pub(crate) token: Option<String>,
    /// Of a presigned request: for how many seconds it is good.
    pub(crate) expires_s: Option<i64>,
}

/// `AKID/20260304/us-east-1/states/aws4_request`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credential {
    pub(crate) access_key_id: String,
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Credential {
    /// The scope: everything after the access key id.
    pub(crate) fn scope(&self) -> String {
        format!("{}/{}/{}/aws4_request", self.date, self.region, self.service)
    }

    pub(crate) fn parse(text: &str) -> Option<Credential> {
        let [access_key_id, date, region, service] = split_credential(text)?.map(str::to_owned);
        Some(Credential { access_key_id, date, region, service })
    }
}

/// Access key id, date, region and service of a credential.
// Access key ids have no slash, so the four last parts are the scope.
pub(crate) fn split_credential(text: &str) -> Option<[&str; 4]> {
    let mut parts = text.split('/');
    let (access_key_id, date) = (parts.next()?, parts.next()?);
    let (region, service, end) = (parts.next()?, parts.next()?, parts.next()?);
    let whole = parts.next().is_none() && end == "aws4_request" && !access_key_id.is_empty();
    (whole && access_key_id.len() <= ACCESS_KEY_ID_BYTES_MAX).then_some([
        access_key_id,
        date,
        region,
        service,
    ])
}

/// The text of the credential, if there is one to be found: all that development needs.
pub(crate) fn credential(parts: &Parts) -> Option<Cow<'_, str>> {
    if let Some(text) = authorization(parts) {
        return header_field(text, "Credential").map(Cow::Borrowed);
    }
    query_field(parts.uri.query()?, "X-Amz-Credential")
}

/// The signature of a request, of whichever form.
pub(crate) fn signature(parts: &Parts) -> Result<Signature, Denied> {
    if let Some(text) = authorization(parts) {
        return from_header(parts, text);
    }
    match parts.uri.query() {
        Some(query) if query.contains("X-Amz-Algorithm=") => from_query(query),
        _ => Err(Denied::missing_token()),
    }
}

fn authorization(parts: &Parts) -> Option<&str> {
    let text = parts.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    text.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with([' ', '\t']) || rest.is_empty())
}

fn from_header(parts: &Parts, text: &str) -> Result<Signature, Denied> {
    let credential = header_field(text, "Credential");
    let signature = header_field(text, "Signature");
    let signed_headers = header_field(text, "SignedHeaders");
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let stamp = header("x-amz-date").or_else(|| header("date"));
    let (Some(credential), Some(signature), Some(signed_headers), Some(stamp)) =
        (credential, signature, signed_headers, stamp)
    else {
        return Err(Denied::incomplete(missing_fields(&[
            (credential.is_some(), "'Credential' parameter"),
            (signature.is_some(), "'Signature' parameter"),
            (signed_headers.is_some(), "'SignedHeaders' parameter"),
            (stamp.is_some(), "existence of either a 'X-Amz-Date' or a 'Date' header"),
        ])));
    };
    Ok(Signature {
        credential: Credential::parse(credential).ok_or_else(bad_credential)?,
        signed_headers: split_headers(signed_headers),
        signature: signature.to_owned(),
        stamp: stamp.to_owned(),
        token: header("x-amz-security-token").map(str::to_owned),
        expires_s: None,
    })
}

fn from_query(query: &str) -> Result<Signature, Denied> {
    let field = |name: &str| query_field(query, name);
    let required = |name: &str| {
        field(name).ok_or_else(|| {
            Denied::incomplete(format!("AWS query-string parameters must include '{name}'."))
        })
    };
    if required("X-Amz-Algorithm")? != ALGORITHM {
        return Err(Denied::incomplete(format!("X-Amz-Algorithm only supports \"{ALGORITHM}\"")));
    }
    let expires_s = required("X-Amz-Expires")?.parse().ok();
    Ok(Signature {
        credential: Credential::parse(&required("X-Amz-Credential")?).ok_or_else(bad_credential)?,
        signed_headers: split_headers(&required("X-Amz-SignedHeaders")?),
        signature: required("X-Amz-Signature")?.into_owned(),
        stamp: required("X-Amz-Date")?.into_owned(),
        token: field("X-Amz-Security-Token").map(Cow::into_owned),
        expires_s: Some(
            expires_s.ok_or_else(|| Denied::incomplete("X-Amz-Expires should be a number"))?,
        ),
    })
}

fn missing_fields(fields: &[(bool, &str)]) -> String {
    let missing = fields.iter().filter(|(present, _)| !present);
    let sentences = missing.map(|(_, what)| format!("Authorization header requires {what}."));
    sentences.collect::<Vec<_>>().join(" ")
}

fn bad_credential() -> Denied {
    Denied::incomplete(
        "Credential must have exactly 5 slash-delimited elements, \
         e.g. keyid/date/region/service/term",
    )
}

fn split_headers(list: &str) -> Vec<String> {
    list.split(';').map(str::to_ascii_lowercase).collect()
}

/// The value of `name=value` in a comma-separated list.
fn header_field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(',')
        .filter_map(|field| field.trim().split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))
}

/// The decoded value of a query parameter.
fn query_field<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let value = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find_map(|(key, value)| (key == name && !value.is_empty()).then_some(value))?;
    percent_decode_str(value).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(authorization: &str) -> Result<Signature, Denied> {
        let request = http::Request::builder()
            .header("authorization", authorization)
            .header("x-amz-date", "20260304T050607Z");
        signature(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn fields_in_any_order_with_and_without_spaces() {
        for text in [
            "AWS4-HMAC-SHA256 Credential=A/20260304/r/s/aws4_request, \
             SignedHeaders=host;x-b, Signature=0f",
            "AWS4-HMAC-SHA256 Signature=0f,SignedHeaders=Host;X-B,\
             Credential=A/20260304/r/s/aws4_request",
        ] {
            let signature = parse(text).unwrap();
            assert_eq!(signature.credential.scope(), "20260304/r/s/aws4_request");
            assert_eq!(signature.signed_headers, ["host", "x-b"]);
            assert_eq!((&*signature.signature, &*signature.stamp), ("0f", "20260304T050607Z"));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let denied = parse("AWS4-HMAC-SHA256 Credential=A/20260304/r/s/aws4_request").unwrap_err();
        assert_eq!(
            (denied.code, &*denied.message, denied.status),
            (
                "IncompleteSignatureException",
                "Authorization header requires 'Signature' parameter. \
                 Authorization header requires 'SignedHeaders' parameter.",
                400
            )
        );
        let denied = parse("AWS4-HMAC-SHA256 Credential=A, SignedHeaders=host, Signature=0f");
        assert_eq!(denied.unwrap_err(), bad_credential());
        assert_eq!(parse("Bearer x").unwrap_err(), Denied::missing_token());
    }
}
