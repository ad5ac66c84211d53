//! CloudWatch Logs: groups, streams and events, and the way that the logs of other services come
//! in. Knows nobody who logs. Start at [`Service`], then `operations.rs` for the table,
//! `records.rs` for what is kept, `append.rs` and `search.rs` for how events go in and out.

mod append;
mod delivery;
mod faults;
mod groups;
mod limits;
mod operations;
mod pattern;
mod reader;
mod records;
mod search;
mod service;
mod streams;
mod sweep;

pub use service::Service;
