//! Fuzzes `json`; see its body in `tools/fuzzed`.
#![no_main]

fuzz::target!("json");
