//! AWS Step Functions: its operations over the interpreter and the store.
//! Must never know how functions are run or where rows lie. Start at [`Service`], then
//! `operations.rs` for the table, `driver.rs` for how executions move, `records.rs` for what is
//! kept.

mod activities;
mod admission;
mod calls;
mod counts;
pub mod damage;
mod definitions;
mod driver;
mod executions;
mod express;
mod faults;
mod integrations;
mod logging;
mod machines;
mod map_runs;
mod mocked;
pub mod notices;
mod operations;
pub mod quotas;
mod records;
mod service;
mod shapes;
mod tokens;

#[doc(hidden)]
pub use map_runs::reader::reading::read_items;
pub use service::{OpenError, Service, Settings};
