//! The service as a server sees it: operations called by name with bodies, on a store in memory.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests read recorded files and stop at what is not as expected"
)]

mod cases;
mod distributed;
mod full_disk;
mod listing;
mod logging;
mod page_tokens;
mod reads;
mod redrive;
mod resume;
mod retention;
mod rig;
mod sleepers;
mod test_state;
mod upgrade;
mod world;
