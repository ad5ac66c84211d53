//! What a user can mend: one clear sentence, what to do next, and the exit code.

use std::fmt;

/// The exit code when a command cannot begin: taken port, unusable data, invalid configuration.
pub(crate) const CANNOT_BEGIN: u8 = 2;

/// An error with its remedy. Everything else that goes wrong is a plain `anyhow::Error`.
#[derive(Debug)]
pub(crate) struct Trouble {
    what: String,
    remedy: Option<String>,
}

impl Trouble {
    pub(crate) fn new(what: impl Into<String>) -> Trouble {
        Trouble { what: what.into(), remedy: None }
    }

    /// The same with what to do next.
    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Trouble {
        self.remedy = Some(remedy.into());
        self
    }

    /// What to do next, when it is known.
    pub(crate) fn next(&self) -> Option<&str> {
        self.remedy.as_deref()
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)
    }
}

impl std::error::Error for Trouble {}
