//! From a request to invoke something to whatever runs it: the folder, a remote endpoint, or a
//! function made through the API.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use identity::Caller;
use resource::arn::function::FunctionName;
use targets::lambda::{Invocation, InvocationKind, InvokeError, Invoked, Lambda};
use wire::fault::Fault;

use crate::Functions;
use crate::limits;
use crate::operations::view;
use crate::records::{EventRecord, FunctionKey, FunctionRecord};
use crate::runner::launch::{Code, Launch};
use crate::runner::{Finished, Refused, Work};
use crate::runtimes::Language;
use crate::settings::Remote;

/// The only version there is.
pub(crate) const LATEST: &str = "$LATEST";

#[async_trait]
impl Lambda for Functions {
    async fn invoke(&self, invocation: Invocation) -> Result<Invoked, InvokeError> {
        let request_id = self.host.uuid();
        let faulted = |fault: Fault| InvokeError::Service {
            code: fault.code,
            status: fault.status,
            message: fault.message,
            request_id: request_id.clone(),
        };
        let (key, runs) = self.locate(&invocation).map_err(faulted)?;
        let launch = match runs {
            Runs::There(remote) => return self.remotes.invoke(remote, &invocation).await,
            Runs::Here(launch) => launch,
        };
        let payload = check_payload(&invocation).map_err(faulted)?;
        match invocation.kind {
            InvocationKind::DryRun => Ok(self.invoked(204, Bytes::new(), request_id)),
            InvocationKind::Event => {
                let event = EventRecord {
                    key,
                    request_id: request_id.clone(),
                    payload,
                    client_context: invocation.client_context,
                    idempotency_key: invocation.idempotency_key,
                    accepted_ms: self.host.now_ms(),
                    failures: 0,
                    due_ms: 0,
                };
                self.accept_event(event).await.map_err(faulted)?;
                Ok(self.invoked(202, Bytes::new(), request_id))
            }
            InvocationKind::RequestResponse => {
                let work = Work {
                    request_id: request_id.clone(),
                    payload,
                    client_context: invocation.client_context,
                    idempotency_key: invocation.idempotency_key,
                };
                let running = self.runner.run(launch, work);
                let finished = waited(invocation.wait_max, running).await?;
                let finished = finished.map_err(|refused| refusal(&refused, &request_id))?;
                Ok(self.answered(finished, invocation.tail_log, request_id))
            }
        }
    }
}

/// Where a function runs.
enum Runs<'a> {
    Here(Arc<Launch>),
    There(&'a Remote),
}

impl Functions {
    fn locate(&self, invocation: &Invocation) -> Result<(FunctionKey, Runs<'_>), Fault> {
        let qualifier = invocation.qualifier.as_deref();
        let named = Named::parse(&invocation.caller, &invocation.function_name, qualifier)?;
        if let Some(launch) = self.folder.launch(&named.key) {
            named.check_qualifier()?;
            return Ok((named.key, Runs::Here(Arc::new(launch))));
        }
        if let Some(remote) = self.remotes.find(&named.key.name) {
            return Ok((named.key, Runs::There(remote)));
        }
        named.check_reach(&invocation.caller)?;
        named.check_qualifier()?;
        let record = self.catalog.find(&named.key).ok_or_else(|| not_found(&named.qualified()))?;
        let launch = launch_of(&record).ok_or_else(Fault::internal)?;
        Ok((named.key, Runs::Here(Arc::new(launch))))
    }

    /// What runs for an accepted event, if it still exists.
    pub(crate) fn launch(&self, key: &FunctionKey) -> Option<Arc<Launch>> {
        let folder = self.folder.launch(key);
        folder.or_else(|| launch_of(self.catalog.find(key)?.as_ref())).map(Arc::new)
    }

    fn answered(&self, finished: Finished, tail_log: bool, request_id: String) -> Invoked {
        let mut invoked = self.invoked(200, finished.payload, request_id);
        if finished.is_error {
            invoked.function_error = Some("Unhandled".to_owned());
            invoked.headers.push(("X-Amz-Function-Error".to_owned(), "Unhandled".to_owned()));
        }
        invoked.log_tail = tail_log.then_some(finished.log_tail);
        invoked
    }

    /// An answer with the headers that AWS sends, in its order.
    fn invoked(&self, status: u16, payload: Bytes, request_id: String) -> Invoked {
        let now_ms = self.host.now_ms();
        let headers = [
            ("X-Amz-Executed-Version", LATEST.to_owned()),
            ("x-amzn-Remapped-Content-Length", "0".to_owned()),
            ("Connection", "keep-alive".to_owned()),
            ("x-amzn-RequestId", request_id.clone()),
            ("Content-Length", payload.len().to_string()),
            ("Date", view::http_date(now_ms)),
            ("X-Amzn-Trace-Id", trace_id(now_ms, self.host.entropy())),
            ("Content-Type", "application/json".to_owned()),
        ];
        Invoked {
            status,
            executed_version: LATEST.to_owned(),
            payload,
            function_error: None,
            log_tail: None,
            request_id,
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        }
    }
}

fn trace_id(now_ms: i64, random: u64) -> String {
    let seconds = u32::try_from(now_ms / 1000).unwrap_or(0);
    format!("Root=1-{seconds:08x}-{:024x};Sampled=0", u128::from(random) << 32)
}

async fn waited<T>(max: Option<Duration>, work: impl Future<Output = T>) -> Result<T, InvokeError> {
    let Some(max) = max else { return Ok(work.await) };
    tokio::time::timeout(max, work).await.map_err(|_| InvokeError::Transport {
        reason: format!("no answer came within {:.1} seconds", max.as_secs_f64()),
    })
}

fn refusal(refused: &Refused, request_id: &str) -> InvokeError {
    match refused {
        Refused::Closed => InvokeError::Transport { reason: "the server is stopping".to_owned() },
        Refused::Throttled => InvokeError::Service {
            code: "TooManyRequestsException".to_owned(),
            status: 429,
            message: "Rate Exceeded.".to_owned(),
            request_id: request_id.to_owned(),
        },
    }
}

/// A function's name made whole by the caller's place.
pub(crate) struct Named {
    pub(crate) key: FunctionKey,
    qualifier: Option<String>,
}

impl Named {
    pub(crate) fn parse(
        caller: &Caller,
        text: &str,
        qualifier: Option<&str>,
    ) -> Result<Named, Fault> {
        let name =
            FunctionName::parse(text).map_err(|error| Fault::validation(error.to_string()))?;
        if let (Some(derived), Some(given)) = (name.qualifier.as_deref(), qualifier)
            && derived != given
        {
            return Err(invalid(
                "The derived qualifier from the function name does not match the specified \
                 qualifier.",
            ));
        }
        let key = FunctionKey {
            account: name.account.unwrap_or_else(|| caller.account.to_string()),
            region: name.region.unwrap_or_else(|| caller.region.to_string()),
            name: name.name,
        };
        Ok(Named { key, qualifier: name.qualifier.or_else(|| qualifier.map(str::to_owned)) })
    }

    /// The ARN as an answer to Invoke names it.
    fn qualified(&self) -> String {
        format!("{}:{}", self.key.arn(), self.qualifier.as_deref().unwrap_or(LATEST))
    }

    /// The ARN as the request names it.
    pub(crate) fn arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.key.arn()),
            None => self.key.arn(),
        }
    }

    /// Functions of other regions are not reachable, those of other accounts not allowed.
    pub(crate) fn check_reach(&self, caller: &Caller) -> Result<(), Fault> {
        let (region, here) = (&self.key.region, &caller.region);
        if region.as_str() != here.as_ref() {
            let message =
                format!("Functions from '{region}' are not reachable in this region ('{here}')");
            return Err(Fault::new("ResourceNotFoundException", message).with_status(404));
        }
        if self.key.account.as_str() != caller.account.as_ref() {
            let message = format!(
                "User: arn:aws:iam::{}:root is not authorized to perform this action on resource: \
                 {} because no resource-based policy allows it",
                caller.account,
                self.key.arn()
            );
            return Err(Fault::new("AccessDeniedException", message).with_status(403));
        }
        Ok(())
    }

    /// There are no versions and aliases, so only one qualifier names something.
    pub(crate) fn check_qualifier(&self) -> Result<(), Fault> {
        match self.qualifier.as_deref() {
            None | Some(LATEST) => Ok(()),
            Some(_) => Err(not_found(&self.qualified())),
        }
    }
}

pub(crate) fn not_found(arn: &str) -> Fault {
    Fault::new("ResourceNotFoundException", format!("Function not found: {arn}")).with_status(404)
}

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterValueException", message)
}

/// The event: bounded, and JSON. Nothing at all counts as an empty object (SFN-INT-42).
fn check_payload(invocation: &Invocation) -> Result<Bytes, Fault> {
    let payload = &invocation.payload;
    let max = match invocation.kind {
        InvocationKind::Event => limits::EVENT_PAYLOAD_BYTES_MAX,
        _ => limits::PAYLOAD_BYTES_MAX,
    };
    if payload.len() > max {
        let message =
            format!("Request must be smaller than {max} bytes for the InvokeFunction operation");
        return Err(Fault::new("RequestTooLargeException", message).with_status(413));
    }
    if invocation
        .client_context
        .as_ref()
        .is_some_and(|context| context.len() > limits::CLIENT_CONTEXT_BYTES_MAX)
    {
        let message = "Client context must be at most 3583 bytes of base64-encoded data";
        return Err(Fault::new("InvalidRequestContentException", message));
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    serde_json::from_slice::<serde::de::IgnoredAny>(payload).map_err(|error| {
        let message = format!("Could not parse request body into json: {error}");
        Fault::new("InvalidRequestContentException", message)
    })?;
    Ok(payload.clone())
}

/// What to start for a stored function.
fn launch_of(record: &FunctionRecord) -> Option<Launch> {
    let name = &record.key.name;
    Some(Launch {
        account: record.key.account.clone(),
        region: record.key.region.clone(),
        name: name.clone(),
        arn: record.key.arn(),
        revision: record.revision_id.clone(),
        runtime: record.runtime.clone(),
        language: Language::of(&record.runtime)?,
        handler: record.handler.clone(),
        code: Code::Archive(record.code_digest.clone()),
        timeout: Duration::from_secs(u64::from(record.timeout_s)),
        memory_mib: record.memory_mib,
        environment: record.environment.clone().unwrap_or_default(),
        log_group: record.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{name}")),
    })
}
