//! After a restart: children that were started are found again by their names.

use super::{Driver, Open, STARTING_MAX, Stuck};
use crate::map_runs::reader::{Broken, Items};
use crate::records::Unreadable;

impl Driver {
    /// Takes back what a stop interrupted.
    pub(super) async fn resume(&mut self) -> Result<(), Stuck> {
        let progress = &self.record.progress;
        let unended: Vec<u64> = progress.ended.missing(progress.started).collect();
        for index in unended {
            if !self.take_back(index)? && !self.ending() {
                return Err(Unreadable::new("a started child is gone").into());
            }
        }
        if self.ending() {
            self.take_back_unknown()?;
        }
        match self.read_again().await {
            Ok(()) => {}
            Err(Broken::Failure(failure)) => self.fail(failure),
            Err(Broken::CutOff) => return Err(Stuck::CutOff),
        }
        self.collect_again()?;
        if self.record.aborting || self.record.progress.failure.is_some() {
            self.stop_children();
        }
        Ok(())
    }

    /// Opens a child again that was started; false when it was not.
    fn take_back(&mut self, index: u64) -> Result<bool, Stuck> {
        let Some(found) = self.children.find(index)? else { return Ok(false) };
        if self.is_of_before(&found, index) {
            return Ok(false);
        }
        let items = found.start.child.as_ref().map_or(1, |child| child.items);
        let was = self.was(&found, index);
        self.open.insert(index, Open { id: Some(found.id), items, before: 0, work: None, was });
        self.children.adopt(found, index);
        Ok(true)
    }

    /// Children whose start the row does not know of yet. A run that goes on meets them when it
    /// reads their items again; one that is ending has to look. No gap between them is longer than
    /// the number of starts under way.
    fn take_back_unknown(&mut self) -> Result<(), Stuck> {
        let (mut index, mut missed) = (self.record.progress.started, 0);
        while missed <= STARTING_MAX * 2 {
            let known = self.record.progress.ended.contains(index);
            if known || self.take_back(index)? {
                (missed, self.next) = (0, self.next.max(index + 1));
            } else {
                missed += 1;
            }
            index += 1;
        }
        Ok(())
    }

    /// Passes over what was consumed; counts all items where a percentage is of them
    /// (SFN-SEM-61).
    async fn read_again(&mut self) -> Result<(), Broken> {
        let share = self.record.limits.tolerated_failure_percentage.unwrap_or(0.0);
        let counts = share > 0.0 && share < 100.0 && !self.record.progress.items_known;
        if counts && self.batches.is_some() {
            let mut items = Items::new(self.service.objects.clone(), &self.plan.source)?;
            let mut total = 0;
            while items.next().await?.is_some() {
                total += 1;
            }
            let progress = &mut self.record.progress;
            (progress.items_total, progress.items_known) = (total, true);
            self.unsaved = true;
        }
        match &mut self.batches {
            Some(batches) => batches.skip(self.consumed).await,
            None => Ok(()),
        }
    }

    /// Outputs of children that ended before a restart.
    fn collect_again(&mut self) -> Result<(), Stuck> {
        if self.record.progress.output_bytes > self.output_bytes_max() || !self.keeps_outputs() {
            self.outputs = None;
            return Ok(());
        }
        let ended = self.record.progress.ended.clone();
        for index in ended.iter() {
            let found = self.children.find(index)?;
            let output = found.and_then(|found| found.head.output);
            if let (Some(outputs), Some(output)) = (&mut self.outputs, output) {
                outputs.insert(index, output);
            }
        }
        Ok(())
    }
}
