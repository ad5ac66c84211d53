//! The limits of this service: AWS's quotas, and our own where AWS names none.

/// One event (AWS: 1 MiB since 2025), and what each counts beside its text.
pub(crate) const EVENT_BYTES_MAX: usize = 1_048_576;
pub(crate) const EVENT_OVERHEAD_BYTES: usize = 26;
/// One PutLogEvents.
pub(crate) const BATCH_BYTES_MAX: usize = 1_048_576;
pub(crate) const BATCH_EVENTS_MAX: usize = 10_000;
pub(crate) const BATCH_SPAN_MS_MAX: i64 = 24 * HOUR_MS;
/// Events further away are rejected.
pub(crate) const FUTURE_MS_MAX: i64 = 2 * HOUR_MS;
pub(crate) const PAST_MS_MAX: i64 = 14 * DAY_MS;
/// One page of events.
pub(crate) const PAGE_EVENTS_MAX: usize = 10_000;
pub(crate) const PAGE_BYTES_MAX: usize = 1 << 20;
/// One page of groups or streams.
pub(crate) const PAGE_ROWS_MAX: i64 = 50;
/// What a search looks at before it answers with what it has.
pub(crate) const SEARCHED_EVENTS_MAX: usize = 100_000;
pub(crate) const SEARCHED_BYTES_MAX: usize = 32 << 20;
/// Searches at a time; others wait.
pub(crate) const SEARCHES_MAX: usize = 4;
/// Streams of one group that a search or a sorted list goes through.
pub(crate) const STREAMS_MAX: usize = 1_000_000;

pub(crate) const NAME_CHARS_MAX: usize = 512;
pub(crate) const IDENTIFIER_CHARS_MAX: usize = 2_048;
pub(crate) const RESOURCE_CHARS_MAX: usize = 1_011;
pub(crate) const KMS_KEY_CHARS_MAX: usize = 256;
pub(crate) const PATTERN_CHARS_MAX: usize = 1_024;
pub(crate) const FILTERED_STREAMS_MAX: usize = 100;
/// Long enough for a batch whose every character is escaped.
pub(crate) const BODY_BYTES_MAX: usize = 8 << 20;

pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
