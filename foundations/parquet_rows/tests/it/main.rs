//! Files written by another's writer, whole, cut and changed, read as rows.
#![expect(clippy::panic, clippy::unwrap_used, reason = "tests stop at what is not as expected")]

mod damaged;
mod types;
mod writer;
