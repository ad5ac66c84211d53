//! The operation table of a service: a name, an input, an output and a function, one line each.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use identity::Caller;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Fault;
use crate::json;
use crate::limits::JSON_BODY_BYTES_MAX;

/// Room for most answers.
const ANSWER_BYTES: usize = 1_024;

/// One operation of a JSON-protocol service, in a file of its own.
pub trait Operation<S>: 'static {
    /// AWS's name, `StartExecution`.
    const NAME: &'static str;
    type Input: DeserializeOwned + Send;
    type Output: Serialize + Send;

    /// Does the work; the reply leaves after this returns, so what it promises is durable by then.
    fn run(
        service: &S,
        caller: &Caller,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Fault>> + Send;
}

/// The answer of an operation while it is being computed: the body of a success.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Bytes, Fault>> + Send + 'a>>;

/// One line of the table.
pub struct Entry<S> {
    pub name: &'static str,
    pub run: for<'a> fn(&'a S, &'a Caller, &'a [u8]) -> Answer<'a>,
}

/// The line for an operation.
pub const fn entry<S: Sync + 'static, O: Operation<S>>() -> Entry<S> {
    Entry { name: O::NAME, run: run::<S, O> }
}

fn run<'a, S: Sync, O: Operation<S>>(
    service: &'a S,
    caller: &'a Caller,
    body: &'a [u8],
) -> Answer<'a> {
    Box::pin(async move {
        json::check(body)?;
        let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
        let input: O::Input = serde_json::from_slice(body).map_err(|error| json::fault(&error))?;
        let output = O::run(service, caller, input).await?;
        let mut answer = Vec::with_capacity(ANSWER_BYTES);
        serde_json::to_writer(&mut answer, &output).map_err(|error| {
            tracing::error!(%error, operation = O::NAME, "failed to write an answer");
            Fault::internal()
        })?;
        Ok(Bytes::from(answer))
    })
}

/// A service that speaks AWS JSON 1.0 or 1.1, found by the prefix of `X-Amz-Target`.
pub trait JsonService: Send + Sync + 'static {
    /// `AWSStepFunctions`.
    fn target_prefix(&self) -> &'static str;
    /// The signing name, `states`.
    fn signing_name(&self) -> &'static str;
    /// `1.0` or `1.1`, for the content type.
    fn json_version(&self) -> &'static str;
    /// Its name in the health report.
    fn name(&self) -> &'static str {
        self.signing_name()
    }
    /// Longest body of a request.
    fn body_bytes_max(&self) -> usize {
        JSON_BODY_BYTES_MAX
    }
    /// The answer of the operation, or `None` when there is no such operation.
    fn call<'a>(
        &'a self,
        operation: &str,
        caller: &'a Caller,
        body: &'a [u8],
    ) -> Option<Answer<'a>>;
}
