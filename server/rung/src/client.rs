//! A client of a running server: AWS JSON over HTTP, signed as any AWS client signs.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use host::Host;
use identity::Secret;
use identity::sign::{Credentials, Scope, sign};
use serde_json::Value;

use crate::api::{Api, ApiError, fault};
use crate::config::PORT_DEFAULT;
use crate::site::surrounding_region;
use crate::trouble::Trouble;

/// A service and the way it is spoken to.
pub(crate) struct Protocol {
    target: &'static str,
    signing_name: &'static str,
    content_type: &'static str,
}

const STATES: Protocol = Protocol {
    target: "AWSStepFunctions",
    signing_name: "states",
    content_type: "application/x-amz-json-1.0",
};
pub(crate) const LOGS: Protocol = Protocol {
    target: "Logs_20140328",
    signing_name: "logs",
    content_type: "application/x-amz-json-1.1",
};
const HEALTH_MAX: Duration = Duration::from_secs(3);
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// The longest answer is that of StartSyncExecution, which AWS ends after five minutes.
const ANSWER_MAX: Duration = Duration::from_secs(310);

/// Where a server is and who asks it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Connection {
    /// Address of the server.
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    endpoint: Option<String>,
    /// Region to ask for [default: of AWS_REGION or AWS_DEFAULT_REGION, else us-east-1].
    #[arg(long)]
    region: Option<String>,
    /// Certificates to trust for https, PEM; a server's own is in DATA/tls/certificate.pem.
    #[arg(long, env = "AWS_CA_BUNDLE", value_name = "FILE")]
    ca_bundle: Option<PathBuf>,
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide = true, default_value = "rung")]
    access_key_id: String,
    #[arg(
        long,
        env = "AWS_SECRET_ACCESS_KEY",
        hide = true,
        hide_env_values = true,
        default_value = "rung"
    )]
    secret_access_key: String,
    #[arg(long, env = "AWS_SESSION_TOKEN", hide = true, hide_env_values = true)]
    session_token: Option<String>,
}

/// The client.
pub(crate) struct Client {
    http: reqwest::Client,
    host: Host,
    endpoint: String,
    region: String,
    connection: Connection,
    protocol: &'static Protocol,
}

impl Client {
    /// A client of Step Functions.
    pub(crate) fn new(connection: &Connection) -> anyhow::Result<Client> {
        Client::of(connection, &STATES)
    }

    pub(crate) fn of(
        connection: &Connection,
        protocol: &'static Protocol,
    ) -> anyhow::Result<Client> {
        let endpoint = connection
            .endpoint
            .clone()
            .unwrap_or_else(|| format!("http://localhost:{PORT_DEFAULT}"));
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let mut builder =
            reqwest::Client::builder().no_proxy().connect_timeout(CONNECT_MAX).timeout(ANSWER_MAX);
        if let Some(file) = &connection.ca_bundle {
            builder = builder.tls_certs_merge(certificates(file)?);
        }
        let http = builder.build()?;
        let region = connection.region.clone().unwrap_or_else(surrounding_region);
        let (host, connection) = (Host::real(), connection.clone());
        Ok(Client { http, host, endpoint, region, connection, protocol })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    fn unreachable(&self, error: &reqwest::Error) -> ApiError {
        let mut reason = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(inner) = source {
            reason = inner.to_string();
            source = inner.source();
        }
        ApiError::Unreachable { endpoint: self.endpoint.clone(), reason }
    }
}

#[async_trait]
impl Api for Client {
    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        let request = self.signed(operation, input.to_string())?;
        let answer = self.http.execute(request).await.map_err(|error| self.unreachable(&error))?;
        let is_success = answer.status().is_success();
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| self.unreachable(&error))?;
        let value: Value = serde_json::from_slice(&body).map_err(|_| ApiError::Unreachable {
            endpoint: self.endpoint.clone(),
            reason: format!("something that is no AWS service answered with status {status}"),
        })?;
        if is_success { Ok(value) } else { Err(fault_of(&value)) }
    }
}

impl Client {
    fn signed(&self, operation: &str, body: String) -> Result<reqwest::Request, ApiError> {
        let refuse =
            |reason: String| ApiError::Unreachable { endpoint: self.endpoint.clone(), reason };
        let request = http::Request::post(format!("{}/", self.endpoint))
            .header("content-type", self.protocol.content_type)
            .header("x-amz-target", format!("{}.{operation}", self.protocol.target))
            .body(())
            .map_err(|error| refuse(error.to_string()))?;
        let (mut parts, ()) = request.into_parts();
        let credentials = Credentials {
            access_key_id: self.connection.access_key_id.clone(),
            secret: Secret::new(self.connection.secret_access_key.as_str()),
            session_token: self.connection.session_token.as_deref().map(Secret::new),
        };
        let scope = Scope {
            region: &self.region,
            service: self.protocol.signing_name,
            now_ms: self.host.now_ms(),
        };
        sign(&mut parts, body.as_bytes(), &credentials, &scope)
            .map_err(|error| refuse(error.to_string()))?;
        reqwest::Request::try_from(http::Request::from_parts(parts, body))
            .map_err(|error| refuse(error.to_string()))
    }
}

fn certificates(file: &Path) -> Result<Vec<reqwest::Certificate>, Trouble> {
    let refuse = |reason: String| {
        Trouble::new(format!("cannot read the certificates in `{}`: {reason}", file.display()))
            .remedy("give a PEM file with --ca-bundle or AWS_CA_BUNDLE")
    };
    let text = std::fs::read(file).map_err(|error| refuse(error.to_string()))?;
    reqwest::Certificate::from_pem_bundle(&text).map_err(|error| refuse(error.to_string()))
}

/// Whether a rung server listens on a port of this machine; and the time on its clock.
pub(crate) async fn health(port: u16) -> Option<Option<SystemTime>> {
    let http = reqwest::Client::builder().no_proxy().timeout(HEALTH_MAX).build().ok()?;
    let answer = http.get(format!("http://127.0.0.1:{port}/_rung/health")).send().await.ok()?;
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).map(str::to_owned);
    let is_rung = answer.status().is_success() && answer.text().await.ok()?.contains("rung");
    is_rung.then(|| date.and_then(|date| time_of_date(&date)))
}

/// The time in a `Date` header, `Tue, 15 Nov 1994 08:12:31 GMT`.
fn time_of_date(text: &str) -> Option<SystemTime> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(SystemTime::from(zoned.timestamp()))
}

/// The error of an answer: what follows `#` in `__type`, and either spelling of the message.
fn fault_of(value: &Value) -> ApiError {
    let member = |name: &str| value.get(name).and_then(Value::as_str);
    let kind = member("__type").unwrap_or("UnknownError");
    let code = kind.rsplit('#').next().unwrap_or(kind);
    fault(code, member("message").or_else(|| member("Message")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn errors_are_read_in_either_spelling() {
        for (answer, expected) in [
            (json!({"__type": "a.b#Gone", "message": "m"}), "Gone: m"),
            (json!({"__type": "Gone", "Message": "m"}), "Gone: m"),
            (json!({}), "UnknownError: "),
        ] {
            assert_eq!(fault_of(&answer).to_string(), expected);
        }
    }

    #[test]
    fn dates_of_http_are_read() {
        let time = time_of_date("Tue, 15 Nov 1994 08:12:31 GMT").expect("a date");
        let since = time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        assert_eq!(since.as_secs(), 784_887_151);
        assert!(time_of_date("yesterday").is_none());
    }

    #[tokio::test]
    async fn nobody_there_is_unreachable() {
        let connection = Connection {
            endpoint: Some("http://127.0.0.1:1/".to_owned()),
            region: None,
            ca_bundle: None,
            access_key_id: "a".to_owned(),
            secret_access_key: "b".to_owned(),
            session_token: None,
        };
        let client = Client::new(&connection).expect("a client");
        let error = client.call("ListStateMachines", json!({})).await.expect_err("nobody listens");
        assert!(matches!(error, ApiError::Unreachable { .. }), "{error}");
    }
}
