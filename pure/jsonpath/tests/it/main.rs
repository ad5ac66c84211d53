//! The path language, feature by feature, against the RFC's suite and against another evaluator.

mod compliance;
mod differential;
mod insert;
mod parse;
mod select;
