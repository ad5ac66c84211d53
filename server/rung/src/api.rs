//! Step Functions as a client sees it: one call, in this process or over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use identity::Caller;
use serde_json::Value;
use wire::operation::JsonService;

/// Something that answers operations of AWS's Step Functions API.
#[async_trait]
pub(crate) trait Api: Send + Sync {
    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError>;
}

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{code}: {message}")]
    Fault { code: String, message: String },
    #[error("no answer from {endpoint}: {reason}")]
    Unreachable { endpoint: String, reason: String },
}

impl ApiError {
    /// Whether the service answered with this error.
    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(self, ApiError::Fault { code, .. } if code == wanted)
    }
}

/// The service in this very process, asked as any client asks it, without bytes on a socket.
pub(crate) struct Local {
    pub(crate) service: Arc<dyn JsonService>,
    pub(crate) caller: Caller,
}

#[async_trait]
impl Api for Local {
    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        let body = input.to_string();
        let Some(answer) = self.service.call(operation, &self.caller, body.as_bytes()) else {
            return Err(fault("UnknownOperationException", operation));
        };
        match answer.await {
            Ok(bytes) if bytes.is_empty() => Ok(Value::Null),
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| fault("SerializationException", &error.to_string())),
            Err(refused) => Err(fault(&refused.code, &refused.message)),
        }
    }
}

pub(crate) fn fault(code: &str, message: &str) -> ApiError {
    ApiError::Fault { code: code.to_owned(), message: message.to_owned() }
}
