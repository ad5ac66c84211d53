//! What is fuzzed: for every target a body that takes any bytes and panics when something that
//! must hold does not. The fuzzer's binaries (`tools/fuzz`) and an ordinary test share the bodies.
//! Knows no fuzzer. Start at [`TARGETS`]; each body's head says how its input is written.

mod definition;
mod input;
mod intrinsics;
mod jsonata;
mod jsonpath;
mod reader;
mod workflow;

/// Something that is fuzzed.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Also the name of its binary, and of its folders of seeds and regressions.
    pub name: &'static str,
    /// Panics when something is wrong.
    pub run: fn(&[u8]),
}

/// All of them.
pub const TARGETS: [Target; 9] = [
    Target { name: "definition", run: definition::run },
    Target { name: "jsonpath", run: jsonpath::run },
    Target { name: "jsonata", run: jsonata::run },
    Target { name: "intrinsics", run: intrinsics::run },
    Target { name: "csv", run: reader::csv::run },
    Target { name: "json", run: reader::json::run },
    Target { name: "manifest", run: reader::manifest::run },
    Target { name: "parquet", run: reader::parquet::run },
    Target { name: "workflow", run: workflow::run },
];

/// The body of a name that is in [`TARGETS`].
pub fn body(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|target| target.name == name).map(|target| target.run)
}
