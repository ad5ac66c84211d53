//! Definitions, from one line to whole corpora, against what they should come to.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests read recorded files and stop at what is not as expected"
)]

mod corpus;
mod findings;
mod json_errors;
mod jsonata;
mod model;
mod mutations;
mod recorded;
mod shared;
mod speed;
mod yaml;
