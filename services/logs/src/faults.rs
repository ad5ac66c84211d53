//! The faults that several operations share, in AWS's words.

use resource::page_token::InvalidToken;
use store::error::Unavailable;
use wire::fault::Fault;

use crate::records::Unreadable;

/// Why something could not be read or written.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("{0}")]
    Unavailable(#[from] Unavailable),
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Fault {
        match trouble {
            Trouble::Unavailable(error) => {
                Fault::new("ServiceUnavailableException", error.to_string()).with_status(503)
            }
            Trouble::Unreadable(error) => {
                tracing::error!(%error, "an operation failed");
                Fault::internal()
            }
        }
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidParameterException", message)
}

pub(crate) fn from_constraints(message: String) -> Fault {
    invalid(message)
}

pub(crate) fn from_token(_: InvalidToken) -> Fault {
    invalid("The specified nextToken is invalid.")
}

pub(crate) fn no_group() -> Fault {
    Fault::new("ResourceNotFoundException", "The specified log group does not exist.")
}

pub(crate) fn no_stream() -> Fault {
    Fault::new("ResourceNotFoundException", "The specified log stream does not exist.")
}

pub(crate) fn group_exists() -> Fault {
    Fault::new("ResourceAlreadyExistsException", "The specified log group already exists")
}

pub(crate) fn stream_exists() -> Fault {
    Fault::new("ResourceAlreadyExistsException", "The specified log stream already exists")
}
