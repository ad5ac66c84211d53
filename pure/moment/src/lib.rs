//! Time and randomness as values: what the pure crates are given instead of a clock and a dice.
//! Start at [`Moment`]. Nothing here ever asks the machine what time it is.

mod random;
mod timestamp;

pub use random::{Random, uuid_text};
pub use timestamp::{EpochMs, format_iso, parse_rfc3339};

/// When a transition happens and the seed of everything random in it.
///
/// Two runs with equal moments and equal inputs give equal results, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: EpochMs,
    /// Seed of the random numbers drawn in this transition.
    pub seed: u64,
}

impl Moment {
    /// A fresh generator for this moment; every call starts the same sequence.
    pub fn random(&self) -> Random {
        Random::new(self.seed)
    }
}
