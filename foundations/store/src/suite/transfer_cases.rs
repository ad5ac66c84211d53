//! Cases about looking at everything, and moving it.

use std::sync::Arc;

use super::{Reopen, commit, family, get, open, open_engine};
use crate::check::check;
use crate::engine::Layout;
use crate::envelope;
use crate::memory::Memory;
use crate::transfer::{TransferError, transfer};

/// What is only in the log is not moved before it is flushed; what is moved is the same, goes on,
/// and its ids go on above those given.
pub(super) fn everything_moves_to_another_engine(reopen: &mut Reopen<'_>) {
    let store = open(reopen, 2);
    let mut id = 0;
    for n in 0..2000_u32 {
        let key = format!("{n:05}");
        let row = envelope::encode(1, 1, key.as_bytes(), b"value");
        let partition = (n % 2) as u16;
        id = commit(&store, partition, |stage| {
            stage.put(&family(if n % 3 == 0 { "day_1" } else { "open" }), key, row);
            stage.next_id(partition * 512, 1_700_000_000_000)
        })
        .expect("it commits");
    }
    drop(store);
    let source = reopen();
    let layout = source.layout(Layout { cluster: 1, partitions: 2 }).expect("there is one");
    let target = Memory::new();
    let refused = transfer(source.as_ref(), &target, layout, &mut |_, _| {});
    assert!(matches!(refused, Err(TransferError::NotFlushed(_))), "{refused:?}");
    drop(source);
    let store = open(reopen, 2);
    store.shutdown();
    drop(store);

    let source = reopen();
    let findings = check(source.as_ref(), &layout, &mut |_, _| {}).expect("it is readable");
    assert!(findings.is_sound() && findings.rows() == 2000, "{findings:?}");
    let mut heard = 0;
    let moved = transfer(source.as_ref(), &target, layout, &mut |_, _| heard += 1);
    assert_eq!(moved.expect("it moves").rows, 2000);
    assert!(heard > 0);
    let again = transfer(source.as_ref(), &target, layout, &mut |_, _| {});
    assert!(matches!(again, Err(TransferError::NotEmpty)), "{again:?}");
    drop(source);

    let store = open_engine(Arc::new(target), 2);
    assert_eq!(store.broken(), []);
    assert!(get(&store, 0, "00002").is_some() && get(&store, 1, "01999").is_some());
    let next = commit(&store, 1, |stage| stage.next_id(512, 0)).expect("it commits");
    assert!(next > id, "{next} was given before {id}");
}
