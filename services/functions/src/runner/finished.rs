//! How an invocation ended, and the words AWS has for it.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

/// Bytes of an answer. The service adds 100 to the 6 MiB it documents.
pub(crate) const RESPONSE_BYTES_MAX: usize = 6_291_556;

/// The end of an invocation.
#[derive(Clone, Debug)]
pub(crate) struct Finished {
    pub(crate) payload: Bytes,
    /// Whether the payload describes a failure.
    pub(crate) is_error: bool,
    /// The last of what was logged, at most 4 KiB.
    pub(crate) log_tail: Bytes,
}

/// What became of the process's work.
#[derive(Debug)]
pub(crate) enum Outcome {
    Answer {
        payload: Bytes,
        is_error: bool,
    },
    ResponseTooLarge,
    TimedOut,
    OutOfMemory,
    Exited(ExitStatus),
    InitError(Bytes),
    /// It could not even be started.
    NotStarted(String),
}

impl Outcome {
    /// Whether the process can take more work.
    pub(crate) fn leaves_process_usable(&self) -> bool {
        matches!(self, Outcome::Answer { .. } | Outcome::ResponseTooLarge)
    }

    /// A few words for the log.
    pub(crate) fn summary(&self) -> String {
        match self {
            Outcome::Exited(status) => exit_text(*status),
            Outcome::OutOfMemory => "Runtime exited with error: signal: killed".to_owned(),
            Outcome::InitError(_) => "Runtime failed to initialise".to_owned(),
            Outcome::TimedOut => "Task timed out".to_owned(),
            Outcome::NotStarted(reason) => reason.clone(),
            Outcome::Answer { .. } => "Answered".to_owned(),
            Outcome::ResponseTooLarge => "Response payload size exceeded".to_owned(),
        }
    }

    /// The payload and whether it describes a failure.
    pub(crate) fn into_payload(self, request_id: &str, timeout: Duration) -> (Bytes, bool) {
        let error = |kind: &str, message: String| {
            let document = json!({ "errorType": kind, "errorMessage": message });
            (Bytes::from(document.to_string()), true)
        };
        let said = |kind, what: &str| error(kind, format!("RequestId: {request_id} Error: {what}"));
        match self {
            Outcome::Answer { payload, is_error } => (payload, is_error),
            Outcome::InitError(payload) => (payload, true),
            Outcome::ResponseTooLarge => error(
                "Function.ResponseSizeTooLarge",
                format!(
                    "Response payload size exceeded maximum allowed payload size \
                     ({RESPONSE_BYTES_MAX} bytes)."
                ),
            ),
            Outcome::TimedOut => {
                let seconds = timeout.as_secs_f64();
                let what = format!("Task timed out after {seconds:.2} seconds");
                said("Sandbox.Timedout", &what)
            }
            Outcome::OutOfMemory => {
                said("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
            }
            Outcome::Exited(status) => said("Runtime.ExitError", &exit_text(status)),
            Outcome::NotStarted(reason) => said("Runtime.InvalidEntrypoint", &reason),
        }
    }
}

fn exit_text(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(0), _) => "Runtime exited without providing a reason".to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, signal) => format!("Runtime exited with error: signal: {}", signal_text(signal)),
    }
}

/// The words of the system for the signals that end processes.
fn signal_text(signal: Option<i32>) -> String {
    match signal {
        Some(4) => "illegal instruction".to_owned(),
        Some(6) => "aborted".to_owned(),
        Some(7) => "bus error".to_owned(),
        Some(8) => "floating point exception".to_owned(),
        Some(9) => "killed".to_owned(),
        Some(11) => "segmentation fault".to_owned(),
        Some(15) => "terminated".to_owned(),
        Some(other) => format!("signal {other}"),
        None => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    // SFN-INT-44, SFN-INT-47
    #[test]
    fn ends_in_the_words_of_the_service() {
        let outcomes = [
            Outcome::TimedOut,
            Outcome::OutOfMemory,
            Outcome::Exited(ExitStatus::from_raw(1 << 8)),
            Outcome::Exited(ExitStatus::from_raw(0)),
            Outcome::Exited(ExitStatus::from_raw(11)),
            Outcome::ResponseTooLarge,
            Outcome::NotStarted("no such file".to_owned()),
        ];
        let mut text = String::new();
        for outcome in outcomes {
            let (payload, is_error) = outcome.into_payload("R", Duration::from_secs(3));
            assert!(is_error);
            text += std::str::from_utf8(&payload).unwrap();
            text.push('\n');
        }
        expect![[r#"
            {"errorType":"Sandbox.Timedout","errorMessage":"RequestId: R Error: Task timed out after 3.00 seconds"}
            {"errorType":"Runtime.OutOfMemory","errorMessage":"RequestId: R Error: Runtime exited with error: signal: killed"}
            {"errorType":"Runtime.ExitError","errorMessage":"RequestId: R Error: Runtime exited with error: exit status 1"}
            {"errorType":"Runtime.ExitError","errorMessage":"RequestId: R Error: Runtime exited without providing a reason"}
            {"errorType":"Runtime.ExitError","errorMessage":"RequestId: R Error: Runtime exited with error: signal: segmentation fault"}
            {"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}
            {"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: R Error: no such file"}
        "#]].assert_eq(&text);
    }
}
