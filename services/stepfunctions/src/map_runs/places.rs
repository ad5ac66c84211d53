//! Which map runs may start children: so many in a region of an account, the others wait for their
//! turn in the order in which they began (api.md §13).

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of all accounts that have map runs.
pub(super) struct Places {
    open_max: usize,
    /// By account and region.
    of: Mutex<HashMap<(String, String), Arc<Semaphore>>>,
}

/// A run's turn; over when it is dropped.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Places {
    pub(super) fn new(open_max: usize) -> Places {
        Places { open_max, of: Mutex::default() }
    }

    /// Waits for a place. It may be given up at any time.
    pub(super) async fn take(&self, account: &str, region: &str) -> Place {
        let places = {
            let mut of = self.of.lock();
            let places = of.entry((account.to_owned(), region.to_owned()));
            places.or_insert_with(|| Arc::new(Semaphore::new(self.open_max))).clone()
        };
        let permit = places.acquire_owned().await;
        Place { _permit: permit.expect("nobody closes it") }
    }
}
