//! Fuzzes `jsonata`; see its body in `tools/fuzzed`.
#![no_main]

fuzz::target!("jsonata");
