//! Fuzzes `definition`; see its body in `tools/fuzzed`.
#![no_main]

fuzz::target!("definition");
