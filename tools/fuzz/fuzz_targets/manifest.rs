//! Fuzzes `manifest`; see its body in `tools/fuzzed`.
#![no_main]

fuzz::target!("manifest");
