//! Who is calling: Signature Version 4, read always and verified where it matters.
//! Knows no operation. Start at [`Caller`] for the result, [`claim`] for the way to it, and
//! [`sign`] for the other side.

use std::fmt;
use std::sync::Arc;

mod canonical;
pub mod claim;
pub mod denied;
mod parse;
pub mod sign;
mod time;

/// The region of a request that names none, in development.
pub const REGION_DEFAULT: &str = "us-east-1";

/// The account of a request whose access key names none, in development.
pub const ACCOUNT_DEFAULT: &str = "000000000000";

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
    /// `X-Amzn-Trace-Id` as it came, when it is one.
    pub trace_id: Option<Arc<str>>,
}

/// How much of a signature is believed.
#[derive(Clone)]
pub enum Mode {
    /// Signatures are read for region and account and never refused: for a developer's machine.
    Dev,
    /// Every request proves that its sender holds a secret key.
    Serve(Arc<dyn Keys>),
}

/// The known access keys.
pub trait Keys: Send + Sync + 'static {
    /// The record of an access key id, or `None` when there is no such key.
    fn secret(&self, access_key_id: &str) -> Option<KeyRecord>;
}

/// What is known of an access key.
#[derive(Clone, Debug)]
pub struct KeyRecord {
    pub secret: Secret,
    /// Twelve digits.
    pub account: Arc<str>,
    /// Of temporary credentials; requests must carry the token.
    pub session: Option<Session>,
}

/// The session that temporary credentials belong to.
#[derive(Clone, Debug)]
pub struct Session {
    pub token: Secret,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub expires_ms: i64,
}

/// A text that never shows in logs or debug output.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    pub fn new(text: impl Into<Arc<str>>) -> Secret {
        Secret(text.into())
    }

    /// The text itself, for computing with it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Mode::Dev => "Dev",
            Mode::Serve(_) => "Serve(…)",
        })
    }
}
