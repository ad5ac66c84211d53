//! An error that the client reads: code, message and status become bytes in one place, per
//! protocol.

use serde_json::Value;

/// An AWS error answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The error shape, `StateMachineDoesNotExist`.
    pub code: String,
    pub message: String,
    pub status: u16,
    /// Further members of the body, `reason` or `resourceName`.
    pub members: Vec<(String, Value)>,
}

impl Fault {
    /// A client error: HTTP 400.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { code: code.into(), message: message.into(), status: 400, members: Vec::new() }
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Fault {
        self.status = status;
        self
    }

    /// The same with one more member in the body.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Fault {
        self.members.push((name.to_owned(), value.into()));
        self
    }

    /// A constraint of the service model is violated (SFN-ERR-10).
    pub fn validation(message: impl Into<String>) -> Fault {
        Fault::new("ValidationException", message)
    }

    /// Something of ours broke; the client learns no details.
    pub fn internal() -> Fault {
        Fault::new(
            "InternalFailure",
            "The request processing has failed because of an unknown error.",
        )
        .with_status(500)
    }

    /// Not now: clients of AWS retry this by themselves.
    pub fn unavailable(message: impl Into<String>) -> Fault {
        Fault::new("ServiceUnavailable", message).with_status(503)
    }
}

impl From<identity::denied::Denied> for Fault {
    fn from(denied: identity::denied::Denied) -> Fault {
        Fault::new(denied.code, denied.message).with_status(denied.status)
    }
}
