//! What the binaries share: panics that a body lets out are told and end the process, so that the
//! fuzzer keeps the input; those that our code catches stay quiet.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use libfuzzer_sys;

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A binary that feeds the fuzzer's inputs to the body of a name.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(init: $crate::keep_quiet(), |data: &[u8]| {
            $crate::run($name, data);
        });
    };
}

/// Keeps the last panic of a thread, instead of ending the process as the fuzzer's own hook does.
pub fn keep_quiet() {
    std::panic::set_hook(Box::new(|panic| {
        LAST.with(|last| last.replace(panic.to_string()));
    }));
}

/// Runs a body; a panic that leaves it is the end.
pub fn run(name: &str, data: &[u8]) {
    let body = fuzzed::body(name).expect("a body of that name");
    if catch_unwind(AssertUnwindSafe(|| body(data))).is_err() {
        let told = LAST.with(RefCell::take).replace('\n', " ");
        eprintln!("a panic left the body of {name}: {told}");
        std::process::abort();
    }
}
