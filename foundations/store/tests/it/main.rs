//! The conformance suite on the engine in memory.

use std::sync::Arc;

use store::engine::Engine;
use store::memory::Memory;
use store::suite;

#[test]
fn memory_passes_the_suite() {
    for (name, case) in suite::CASES {
        println!("{name}");
        let memory = Memory::new();
        case(&mut || Arc::new(memory.clone()) as Arc<dyn Engine>);
    }
}

#[test]
fn memory_shows_damage() {
    for bit in [0, 17, 100, 1000] {
        let memory = Memory::new();
        let mut reopen = || Arc::new(memory.clone()) as Arc<dyn Engine>;
        suite::damage_is_found(&mut reopen, &mut |partition, seq| {
            let changed = memory.damage(partition, seq, |body| {
                let at = bit / 8 % body.len();
                body[at] ^= 1 << (bit % 8);
            });
            assert!(changed, "record {seq} is there");
        });
    }
}
