//! The functions there are. Reads come from memory, which holds exactly what is committed; changes
//! are made one at a time and are durable before they are seen.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::RwLock;
use store::Store;
use store::engine::Order;
use store::error::{ReadError, Unavailable};

use crate::records::{self, EventRecord, FunctionKey, FunctionRecord, Row, RowError};

/// Rows read at a time when the server starts.
const PAGE_ROWS: usize = 500;

pub(crate) struct Catalog {
    store: Option<Store>,
    functions: RwLock<BTreeMap<FunctionKey, Arc<FunctionRecord>>>,
    /// Held while a change is decided and committed.
    pub(crate) changing: tokio::sync::Mutex<()>,
}

/// The stored functions cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Row(#[from] RowError),
}

impl Catalog {
    /// Reads all functions, and the invocations that were accepted and not finished.
    pub(crate) fn load(store: Option<Store>) -> Result<(Catalog, Vec<EventRecord>), LoadError> {
        let mut functions = BTreeMap::new();
        let mut events = Vec::new();
        if let Some(store) = &store {
            let mut begin = Bytes::new();
            loop {
                let rows =
                    store.scan_all("functions", begin..Bytes::new(), Order::Forward, PAGE_ROWS)?;
                let Some((last, _)) = rows.last() else { break };
                begin = after(last);
                for (key, value) in rows {
                    match records::decode(&key, value)? {
                        Row::Function(record) => {
                            functions.insert(record.key.clone(), Arc::new(record));
                        }
                        Row::Event(record) => events.push(record),
                    }
                }
            }
        }
        let catalog = Catalog {
            store,
            functions: RwLock::new(functions),
            changing: tokio::sync::Mutex::default(),
        };
        Ok((catalog, events))
    }

    pub(crate) fn find(&self, key: &FunctionKey) -> Option<Arc<FunctionRecord>> {
        self.functions.read().get(key).cloned()
    }

    /// Functions of one owner whose name comes after `after`, in order.
    pub(crate) fn list(
        &self,
        account: &str,
        region: &str,
        after: Option<&str>,
    ) -> Vec<Arc<FunctionRecord>> {
        let functions = self.functions.read();
        let begin = FunctionKey {
            account: account.to_owned(),
            region: region.to_owned(),
            name: String::new(),
        };
        functions
            .range(begin..)
            .take_while(|(key, _)| key.account == account && key.region == region)
            .filter(|(key, _)| after.is_none_or(|after| key.name.as_str() > after))
            .map(|(_, record)| Arc::clone(record))
            .collect()
    }

    /// Number of functions and bytes of code of an account.
    pub(crate) fn usage(&self, account: &str) -> (usize, u64) {
        let functions = self.functions.read();
        let own = functions.values().filter(|record| record.key.account == account);
        own.fold((0, 0), |(count, bytes), record| (count + 1, bytes + record.code_bytes))
    }

    pub(crate) fn digests(&self) -> HashSet<String> {
        self.functions.read().values().map(|record| record.code_digest.clone()).collect()
    }

    pub(crate) async fn put(&self, record: FunctionRecord) -> Result<(), Unavailable> {
        self.write(&record.key, record.key.row(), Some(record.encode())).await?;
        self.functions.write().insert(record.key.clone(), Arc::new(record));
        Ok(())
    }

    pub(crate) async fn delete(&self, key: &FunctionKey) -> Result<(), Unavailable> {
        self.write(key, key.row(), None).await?;
        self.functions.write().remove(key);
        Ok(())
    }

    pub(crate) async fn put_event(&self, event: &EventRecord) -> Result<(), Unavailable> {
        self.write(&event.key, event.row(), Some(event.encode())).await
    }

    pub(crate) async fn delete_event(&self, event: &EventRecord) -> Result<(), Unavailable> {
        self.write(&event.key, event.row(), None).await
    }

    async fn write(
        &self,
        owner: &FunctionKey,
        key: Bytes,
        value: Option<Bytes>,
    ) -> Result<(), Unavailable> {
        let Some(store) = &self.store else { return Ok(()) };
        let family = records::family();
        let partition = store.partition_of(owner.slot());
        store
            .commit(partition, |stage| match value {
                Some(value) => stage.put(&family, key, value),
                None => stage.delete(&family, key),
            })
            .await
    }
}

/// The least key after this one.
fn after(key: &[u8]) -> Bytes {
    [key, &[0]].concat().into()
}
