//! Definitions, from one line to whole corpora, against what they should come to.

mod corpus;
mod findings;
mod json_errors;
mod model;
mod recorded;
mod shared;
mod speed;
mod yaml;
