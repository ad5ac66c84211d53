//! Compiled definitions, cached by the digest of their text.

use std::collections::HashMap;
use std::sync::Arc;

use asl::model::Definition;
use parking_lot::RwLock;
use store::Store;

use crate::records::{self, Row, Unreadable};

/// Definitions kept compiled; beyond that the cache starts anew.
const COMPILED_MAX: usize = 4_096;

/// A definition and its text.
#[derive(Clone)]
pub(crate) struct Compiled {
    pub(crate) definition: Arc<Definition>,
    pub(crate) text: Arc<str>,
}

#[derive(Default)]
pub(crate) struct Definitions {
    cache: RwLock<HashMap<[u8; 32], Compiled>>,
    /// Processors of distributed Maps, by their definition and the way to their state.
    processors: RwLock<HashMap<Processor, Compiled>>,
}

type Processor = ([u8; 32], Vec<String>);

impl Definitions {
    /// A definition that is in memory already.
    pub(crate) fn cached(&self, digest: &[u8; 32]) -> Option<Compiled> {
        self.cache.read().get(digest).cloned()
    }

    /// A definition from memory or from the store.
    pub(crate) fn find(&self, store: &Store, digest: &[u8; 32]) -> Result<Compiled, Unreadable> {
        if let Some(found) = self.cached(digest) {
            return Ok(found);
        }
        let key = key(digest);
        let row = store
            .get(partition(store, digest), records::DEFINITIONS, &key)
            .map_err(Unreadable::new)?
            .ok_or_else(|| Unreadable::new("the definition is gone"))?;
        let text = records::row_to_bytes(Row::Definition, &key, &row)?;
        let text: Arc<str> = std::str::from_utf8(&text).map_err(Unreadable::new)?.into();
        // It was accepted once; what an Express machine refuses on top was checked then.
        let definition = asl::parse(&text, &asl::Options::default())
            .definition
            .ok_or_else(|| Unreadable::new("this version refuses a definition accepted earlier"))?;
        let compiled = Compiled { definition: Arc::new(definition), text };
        self.keep(*digest, compiled.clone());
        Ok(compiled)
    }

    /// The machine of the children of a distributed Map: the processor at the end of the path.
    pub(crate) fn processor(
        &self,
        digest: &[u8; 32],
        whole: &Compiled,
        path: &[String],
    ) -> Result<Compiled, Unreadable> {
        let key = (*digest, path.to_vec());
        if let Some(found) = self.processors.read().get(&key) {
            return Ok(found.clone());
        }
        let machine = workflow::map_run::processor(&whole.definition, path)
            .ok_or_else(|| Unreadable::new("a definition without the Map of its children"))?;
        let definition = Definition {
            comment: None,
            timeout_seconds: None,
            query_language: whole.definition.query_language,
            machine: machine.clone(),
        };
        let compiled = Compiled { definition: Arc::new(definition), text: whole.text.clone() };
        let mut processors = self.processors.write();
        if processors.len() >= COMPILED_MAX {
            processors.clear();
        }
        processors.insert(key, compiled.clone());
        Ok(compiled)
    }

    /// Keeps a definition in memory.
    pub(crate) fn keep(&self, digest: [u8; 32], compiled: Compiled) {
        let mut cache = self.cache.write();
        if cache.len() >= COMPILED_MAX {
            cache.clear();
        }
        cache.insert(digest, compiled);
    }

    /// Stores a definition's text, durably, and keeps it compiled. One that is kept is stored.
    pub(crate) async fn add(
        &self,
        store: &Store,
        text: &str,
        definition: Definition,
    ) -> Result<[u8; 32], store::error::Unavailable> {
        let digest = records::text_digest(text);
        if self.cached(&digest).is_some() {
            return Ok(digest);
        }
        let key = key(&digest);
        let row = records::bytes_to_row(Row::Definition, &key, text.as_bytes());
        let family: store::engine::Family = records::DEFINITIONS.into();
        store
            .commit(partition(store, &digest), move |stage| {
                let known = matches!(stage.get(&family, &key), Ok(Some(_)));
                if !known {
                    stage.put(&family, key, row);
                }
            })
            .await?;
        let compiled = Compiled { definition: Arc::new(definition), text: text.into() };
        self.keep(digest, compiled);
        Ok(digest)
    }
}

fn key(digest: &[u8; 32]) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(digest)
}

fn partition(store: &Store, digest: &[u8; 32]) -> store::engine::PartitionId {
    let first = u16::from_be_bytes([digest[0], digest[1]]);
    store.partition_of(first >> 6)
}
