//! The service and what it holds; every operation and the delivery work on this.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use host::Host;
use identity::Caller;
use store::Store;
use store::engine::{Family, PartitionId};
use targets::logs::GroupAddress;
use tokio::sync::{Notify, Semaphore};
use wire::operation::{Answer, JsonService};

use crate::delivery::Queue;
use crate::limits::{BODY_BYTES_MAX, SEARCHES_MAX};
use crate::operations::OPERATIONS;
use crate::records::{self, GroupId};

/// CloudWatch Logs. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    inner: Arc<Inner>,
}

pub(crate) struct Families {
    pub(crate) groups: Family,
    pub(crate) streams: Family,
    pub(crate) events: Family,
    pub(crate) gone: Family,
}

pub struct Inner {
    pub(crate) store: Store,
    pub(crate) host: Host,
    pub(crate) families: Families,
    pub(crate) queue: Queue,
    /// Told when something was deleted.
    pub(crate) sweeping: Notify,
    pub(crate) searches: Semaphore,
}

impl Deref for Service {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.inner
    }
}

impl Service {
    /// Opens the service on a store; goes on with what was being deleted.
    pub fn open(store: Store, host: Host) -> Service {
        let (queue, orders) = Queue::new();
        let inner = Inner {
            families: Families {
                groups: records::family(records::GROUPS),
                streams: records::family(records::STREAMS),
                events: records::family(records::EVENTS),
                gone: records::family(records::GONE),
            },
            queue,
            sweeping: Notify::new(),
            searches: Semaphore::new(SEARCHES_MAX),
            store,
            host,
        };
        let service = Service { inner: Arc::new(inner) };
        tokio::spawn(service.clone().run_delivery(orders));
        tokio::spawn(service.clone().run_sweeps());
        service
    }

    /// Waits until what was delivered so far is kept, but no longer than this.
    pub async fn drain(&self, max: Duration) {
        self.queue.flush(max).await;
    }

    pub(crate) fn partition_of(&self, group: &GroupAddress) -> PartitionId {
        self.store.partition_of(records::slot_of_name(group))
    }

    pub(crate) fn partition_of_id(&self, group: GroupId) -> PartitionId {
        self.store.partition_of(records::slot_of(group))
    }
}

/// The address of a caller's own group.
pub(crate) fn own_group(caller: &Caller, name: &str) -> GroupAddress {
    GroupAddress {
        account: caller.account.clone(),
        region: caller.region.clone(),
        name: name.into(),
    }
}

impl JsonService for Service {
    fn target_prefix(&self) -> &'static str {
        "Logs_20140328"
    }

    fn signing_name(&self) -> &'static str {
        "logs"
    }

    fn json_version(&self) -> &'static str {
        "1.1"
    }

    fn body_bytes_max(&self) -> usize {
        BODY_BYTES_MAX
    }

    fn call<'a>(
        &'a self,
        operation: &str,
        caller: &'a Caller,
        body: &'a [u8],
    ) -> Option<Answer<'a>> {
        let at = OPERATIONS.binary_search_by_key(&operation, |entry| entry.name).ok()?;
        let entry = OPERATIONS.get(at)?;
        Some((entry.run)(self, caller, body))
    }
}
