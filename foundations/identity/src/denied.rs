//! Why a request is not let in, in AWS's words (SFN-ERR-4).

/// A refusal: the error shape, the words and the status.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Denied {
    pub code: &'static str,
    pub message: String,
    pub status: u16,
}

impl Denied {
    pub(crate) fn missing_token() -> Denied {
        Denied::new("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    }

    pub(crate) fn incomplete(message: impl Into<String>) -> Denied {
        Denied::new("IncompleteSignatureException", message, 400)
    }

    pub(crate) fn invalid_signature(message: impl Into<String>) -> Denied {
        Denied::new("InvalidSignatureException", message, 403)
    }

    pub(crate) fn mismatch() -> Denied {
        Denied::invalid_signature(
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service \
             documentation for details.",
        )
    }

    pub(crate) fn unrecognized_client() -> Denied {
        let message = "The security token included in the request is invalid.";
        Denied::new("UnrecognizedClientException", message, 403)
    }

    pub(crate) fn expired_token() -> Denied {
        let message = "The security token included in the request is expired";
        Denied::new("ExpiredTokenException", message, 403)
    }

    pub(crate) fn request_expired() -> Denied {
        Denied::new("RequestExpired", "Request has expired.", 400)
    }

    fn new(code: &'static str, message: impl Into<String>, status: u16) -> Denied {
        Denied { code, message: message.into(), status }
    }
}
