//! Children that are there already: from before a crash, or from before a redrive
//! (SFN-SEM-51…54).

use workflow::execution::Status;

use super::Driver;
use crate::executions::Found;

impl Driver {
    /// Takes up a child that is there: what succeeded is kept, what ended otherwise before the
    /// redrive is set going again.
    pub(super) fn meet(&mut self, index: u64, found: Found) {
        if self.is_of_before(&found, index) {
            return match found.head.status {
                Status::Succeeded => self.keep(index, found),
                was => {
                    self.again(index, was);
                    self.children.redrive(found, index);
                }
            };
        }
        let (id, was) = (found.id, self.was(&found, index));
        self.children.adopt(found, index);
        if let Some(open) = self.open.get_mut(&index) {
            (open.id, open.work, open.was) = (Some(id), None, was);
            if self.ending() {
                self.children.stop(id);
            }
        }
    }

    /// Whether the child ended before the redrive, and was not set going since.
    pub(super) fn is_of_before(&self, found: &Found, index: u64) -> bool {
        let redrive = found.start.child.as_ref().map_or(0, |child| child.redrive);
        let closed = found.head.status != Status::Running;
        closed && self.record.progress.kept.contains(index) && redrive < self.children.redrive
    }

    /// How a child that was set going again had ended before.
    pub(super) fn was(&self, found: &Found, index: u64) -> Option<Status> {
        let child = found.start.child.as_ref()?;
        let again = self.record.progress.kept.contains(index);
        child.was.filter(|_| again && child.redrive == self.children.redrive)
    }

    /// A child that succeeded is counted already; its output is wanted (SFN-SEM-53).
    fn keep(&mut self, index: u64, found: Found) {
        self.open.remove(&index);
        self.record.progress.ended.insert(index);
        self.unsaved = true;
        if let Some(output) = found.head.output {
            self.keep_output(index, output);
        }
    }

    fn again(&mut self, index: u64, was: Status) {
        if let Some(open) = self.open.get_mut(&index) {
            open.was = Some(was);
            self.starting += 1;
            self.unsaved = true;
        }
    }

    /// A child that cannot be redriven stays as it ended (SFN-SEM-54).
    pub(super) fn stay(&mut self, index: u64) {
        let Some(open) = self.open.remove(&index) else { return };
        let Some(was) = open.was else { return };
        let progress = &mut self.record.progress;
        progress.ended.insert(index);
        for (counts, before, number) in [
            (&mut progress.items, &mut progress.items_before, open.items),
            (&mut progress.executions, &mut progress.executions_before, 1),
        ] {
            counts.end(was, number);
            counts.not_redrivable += number;
            before.take_back(was, number);
        }
        self.unsaved = true;
        self.judge();
    }
}
