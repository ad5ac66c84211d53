//! From items to the inputs of children: ItemSelector, then ItemBatcher (SFN-BATCH-1, SFN-BATCH-2).

use std::collections::VecDeque;

use asl::model::Definition;
use host::Host;
use workflow::Limits;
use workflow::history::Failure;
use workflow::map_run::{Batcher, Scope};
use workflow::payload::Payload;

use super::reader::{Broken, Item, Items};

/// Most items in a batch, where only bytes are asked for: the bytes of the shortest item.
const BATCH_ITEMS_MAX: u64 = 131_072;
const DATA_LIMIT: &str = "States.DataLimitExceeded";

/// What one child works on.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) input: Payload,
    pub(super) items: u64,
}

/// The inputs of a run's children, one after the other. [`Batches::next`] may be dropped while it
/// waits.
pub(super) struct Batches {
    pub(super) items: Items,
    pub(super) select: Option<Select>,
    pub(super) batcher: Option<Batcher>,
    pub(super) bytes_max: usize,
    /// Name of the state, for causes.
    pub(super) state: String,
    /// Inputs read for the next batch, and their bytes.
    pub(super) held: VecDeque<Payload>,
    pub(super) over: bool,
}

/// What an ItemSelector is evaluated with.
pub(super) struct Select {
    pub(super) scope: Scope,
    pub(super) definition: std::sync::Arc<Definition>,
    pub(super) limits: Limits,
    pub(super) host: Host,
}

impl Batches {
    /// The next child's work; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Work>, Broken> {
        match &self.batcher {
            None => {
                let Some(input) = self.read().await? else { return Ok(None) };
                Ok(Some(Work { input: self.fits(input)?, items: 1 }))
            }
            Some(_) => self.batch().await,
        }
    }

    /// Passes over items that were consumed before a restart.
    pub(super) async fn skip(&mut self, items: u64) -> Result<(), Broken> {
        for _ in 0..items {
            if self.items.next().await?.is_none() {
                break;
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<Option<Payload>, Broken> {
        let Some(Item { item, source }) = self.items.next().await? else { return Ok(None) };
        match &mut self.select {
            None => Ok(Some(item.value)),
            Some(select) => Ok(Some(select.input(&item, &source)?)),
        }
    }

    fn fits(&self, input: Payload) -> Result<Payload, Failure> {
        match input.bytes() <= self.bytes_max {
            true => Ok(input),
            false => Err(self.too_long()),
        }
    }

    fn too_long(&self) -> Failure {
        Failure {
            error: Some(DATA_LIMIT.to_owned()),
            cause: Some(format!(
                "The state/task '{}' returned a result with a size exceeding the maximum number \
                 of bytes service limit.",
                self.state
            )),
        }
    }

    async fn batch(&mut self) -> Result<Option<Work>, Broken> {
        let around = self.around();
        let items_max = self.batcher.as_ref().and_then(|batcher| batcher.items_max);
        let items_max = items_max.filter(|most| *most > 0).unwrap_or(BATCH_ITEMS_MAX);
        let bytes_max = self.batcher.as_ref().and_then(|batcher| batcher.bytes_max);
        let bytes_max = bytes_max.filter(|most| *most > 0).map(usize::try_from);
        let bytes_max = bytes_max.and_then(Result::ok).unwrap_or(usize::MAX).min(self.bytes_max);
        loop {
            let bytes: usize = self.held.iter().map(|input| input.bytes() + 1).sum();
            let full = (self.held.len() as u64) >= items_max;
            let too_long = around + bytes > bytes_max + 1;
            if too_long && self.held.len() == 1 {
                return Err(self.too_long().into());
            }
            if too_long {
                let last = self.held.pop_back();
                let work = self.take_batch();
                self.held.extend(last);
                return Ok(Some(work));
            }
            if full || (self.over && !self.held.is_empty()) {
                return Ok(Some(self.take_batch()));
            }
            if self.over {
                return Ok(None);
            }
            match self.read().await? {
                Some(input) => self.held.push_back(input),
                None => self.over = true,
            }
        }
    }

    /// Bytes of a batch without its items.
    fn around(&self) -> usize {
        let input = self.batcher.as_ref().and_then(|batcher| batcher.input.as_ref());
        let input = input.map_or(0, |input| r#""BatchInput":,"#.len() + input.bytes());
        r#"{"Items":[]}"#.len() + input
    }

    fn take_batch(&mut self) -> Work {
        let inputs: Vec<Payload> = self.held.drain(..).collect();
        let items = Payload::array(&inputs);
        let input = self.batcher.as_ref().and_then(|batcher| batcher.input.as_ref());
        let text = match input {
            Some(input) => format!(r#"{{"BatchInput":{},"Items":{}}}"#, input.text(), items.text()),
            None => format!(r#"{{"Items":{}}}"#, items.text()),
        };
        Work { input: Payload::from_valid_text(text), items: inputs.len() as u64 }
    }
}

impl Select {
    fn input(
        &mut self,
        item: &workflow::execution::MapItem,
        source: &str,
    ) -> Result<Payload, Failure> {
        let moment = self.host.moment();
        self.scope.item_input(&self.definition, &self.limits, moment, item, source)
    }
}
