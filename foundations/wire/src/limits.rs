//! What a client may cost us: sizes, counts and times.

use std::time::Duration;

/// Longest body of a JSON operation: AWS's own limit of a request to Step Functions.
pub const JSON_BODY_BYTES_MAX: usize = 1024 * 1024;

/// Deepest nesting of a JSON body.
pub const JSON_DEPTH_MAX: usize = 128;

/// The slowest body that is waited for beyond [`Limits::body_timeout`].
pub const BODY_BYTES_PER_SECOND_MIN: usize = 256 * 1024;

/// Limits of a listener and its router.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For the first byte and for each head of a request; idle HTTP/1 connections close after it.
    pub header_timeout: Duration,
    /// For a body; large ones get more by [`BODY_BYTES_PER_SECOND_MIN`].
    pub body_timeout: Duration,
    pub tls_timeout: Duration,
    /// For a connection on which neither a request is being answered nor an answer moves.
    pub idle_timeout: Duration,
    /// How long a shutdown waits for requests in flight.
    pub drain_timeout: Duration,
    pub connections_max: usize,
    pub headers_max: usize,
    pub header_bytes_max: usize,
    /// Requests in flight on one HTTP/2 connection.
    pub streams_max: u32,
    /// Bodies of all requests in flight together.
    pub bodies_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(60),
            tls_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            drain_timeout: Duration::from_secs(30),
            connections_max: 10_000,
            headers_max: 100,
            header_bytes_max: 64 * 1024,
            streams_max: 256,
            bodies_bytes_max: 1024 * 1024 * 1024,
        }
    }
}
