//! Who is calling: Signature Version 4, read always and verified where it matters.
//! Knows no operation. Start at [`Caller`].

use std::sync::Arc;

/// The authenticated (or, in development, believed) origin of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Twelve digits.
    pub account: Arc<str>,
    /// Of the credential scope.
    pub region: Arc<str>,
    pub access_key_id: Arc<str>,
    /// Of this request; also in the answer's `x-amzn-RequestId`.
    pub request_id: Arc<str>,
}
