//! The machine's own clock and random numbers.

use std::cell::RefCell;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use moment::EpochMs;

use crate::Source;

/// Random bytes asked of the operating system at once: one call serves a few hundred numbers.
const STOCK_BYTES: usize = 4_096;

pub(crate) struct Real {
    begin: Instant,
}

impl Real {
    pub(crate) fn new() -> Real {
        Real { begin: Instant::now() }
    }
}

impl Source for Real {
    fn now_ms(&self) -> EpochMs {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        EpochMs::try_from(since.as_millis()).unwrap_or(EpochMs::MAX)
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn entropy(&self) -> u64 {
        STOCK.with_borrow_mut(Stock::take)
    }
}

thread_local! {
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { bytes: Vec::new() }) };
}

/// Random bytes not yet handed out; each is handed out once.
struct Stock {
    bytes: Vec<u8>,
}

impl Stock {
    fn take(&mut self) -> u64 {
        if self.bytes.len() < size_of::<u64>() {
            self.bytes = vec![0; STOCK_BYTES];
            getrandom::fill(&mut self.bytes)
                .expect("the operating system gives random numbers once it is up");
        }
        let rest = self.bytes.len() - size_of::<u64>();
        let mut number = [0; size_of::<u64>()];
        for (to, from) in number.iter_mut().zip(self.bytes.drain(rest..)) {
            *to = from;
        }
        u64::from_be_bytes(number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_do_not_repeat() {
        let real = Real::new();
        let drawn: BTreeSet<u64> = (0..10_000).map(|_| real.entropy()).collect();
        assert_eq!(drawn.len(), 10_000);
    }
}
