//! Time and entropy of the machine, real or simulated, behind one handle. Start at [`Host`].

use std::sync::Arc;

use moment::{EpochMs, Moment};

/// Where time and randomness come from.
pub trait Source: Send + Sync + 'static {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    fn now_ms(&self) -> EpochMs;
    /// Milliseconds that never jump, since some fixed moment of this process.
    fn monotonic_ms(&self) -> u64;
    /// 64 random bits, good enough for secrets.
    fn entropy(&self) -> u64;
    /// True if everything has to happen on one thread, so that it happens in the same order again.
    fn is_single_threaded(&self) -> bool {
        false
    }
}

/// The handle that everything outside `pure` holds.
#[derive(Clone)]
pub struct Host {
    source: Arc<dyn Source>,
}

impl Host {
    /// The machine itself.
    pub fn real() -> Host {
        Host::from_source(Arc::new(real::Real::new()))
    }

    /// Any other source, for tests and simulation.
    pub fn from_source(source: Arc<dyn Source>) -> Host {
        Host { source }
    }

    pub fn now_ms(&self) -> EpochMs {
        self.source.now_ms()
    }

    pub fn monotonic_ms(&self) -> u64 {
        self.source.monotonic_ms()
    }

    pub fn entropy(&self) -> u64 {
        self.source.entropy()
    }

    pub fn is_single_threaded(&self) -> bool {
        self.source.is_single_threaded()
    }

    /// Now, with a fresh seed.
    pub fn moment(&self) -> Moment {
        Moment { now_ms: self.now_ms(), seed: self.entropy() }
    }

    /// A random version 4 UUID.
    pub fn uuid(&self) -> String {
        moment::Random::new(self.entropy()).uuid()
    }
}

mod real;
