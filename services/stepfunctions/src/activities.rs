//! Activities: who exists, whose tasks wait, and which pollers are parked. The task's row in its
//! execution's partition is the truth; what is here pairs offers with polls, in memory only.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use store::Store;
use tokio::sync::oneshot;

use crate::counts::{Counts, Kind};
use crate::records::{self, ActivityRecord, Row, Unreadable};
use crate::tokens::{Place, activity_mark};

/// A poll could not be parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyPollers;

/// A poll that waits for a task.
pub(crate) enum Poll {
    Ready(Place),
    Parked(oneshot::Receiver<Place>),
}

pub(crate) struct Activities {
    known: RwLock<HashMap<String, Arc<ActivityRecord>>>,
    queues: Mutex<HashMap<String, Queue>>,
    /// Of one activity.
    pollers_max: usize,
}

#[derive(Default)]
struct Queue {
    offers: VecDeque<Place>,
    pollers: VecDeque<oneshot::Sender<Place>>,
}

impl Activities {
    /// Reads all activities.
    pub(crate) fn load(
        store: &Store,
        pollers_max: usize,
        counts: &Counts,
    ) -> Result<Activities, Unreadable> {
        let mut known = HashMap::new();
        records::each_row(store, records::ACTIVITIES, |key, row| {
            let record: ActivityRecord = records::from_row(Row::Activity, key, row)?;
            if let Some((account, region, _)) = records::owner_of_key(key) {
                counts.add(account, region, Kind::Activity);
            }
            known.insert(record.arn.clone(), Arc::new(record));
            Ok(())
        })?;
        Ok(Activities { known: RwLock::new(known), queues: Mutex::default(), pollers_max })
    }

    pub(crate) fn exists(&self, arn: &str) -> bool {
        self.known.read().contains_key(arn)
    }

    pub(crate) fn find(&self, arn: &str) -> Option<Arc<ActivityRecord>> {
        self.known.read().get(arn).cloned()
    }

    /// The activity that a mark in a token stands for.
    pub(crate) fn marked(&self, mark: [u8; 8]) -> Option<String> {
        let known = self.known.read();
        known.keys().find(|arn| activity_mark(arn) == mark).cloned()
    }

    /// After the commit that wrote it.
    pub(crate) fn keep(&self, record: Arc<ActivityRecord>) {
        self.known.write().insert(record.arn.clone(), record);
    }

    /// After the commit that removed it: parked polls end, waiting tasks are no longer handed out
    /// (SFN-SEM-77).
    pub(crate) fn forget(&self, arn: &str) {
        self.known.write().remove(arn);
        self.queues.lock().remove(arn);
    }

    /// A task waits for a worker.
    pub(crate) fn offer(&self, arn: &str, mut place: Place) {
        let mut queues = self.queues.lock();
        let queue = queues.entry(arn.to_owned()).or_default();
        while let Some(poller) = queue.pollers.pop_front() {
            match poller.send(place) {
                Ok(()) => return,
                Err(back) => place = back,
            }
        }
        queue.offers.push_back(place);
    }

    /// A worker asks for a task.
    pub(crate) fn poll(&self, arn: &str) -> Result<Poll, TooManyPollers> {
        let mut queues = self.queues.lock();
        let queue = queues.entry(arn.to_owned()).or_default();
        if let Some(place) = queue.offers.pop_front() {
            return Ok(Poll::Ready(place));
        }
        queue.pollers.retain(|poller| !poller.is_closed());
        if queue.pollers.len() >= self.pollers_max {
            return Err(TooManyPollers);
        }
        let (sender, receiver) = oneshot::channel();
        queue.pollers.push_back(sender);
        Ok(Poll::Parked(receiver))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Activities {
        Activities { known: RwLock::default(), queues: Mutex::default(), pollers_max: 10 }
    }

    fn place(id: u64) -> Place {
        Place { id, frame: 0, attempt: 1 }
    }

    // SFN-ACT-23
    #[test]
    fn pairs_in_order_and_skips_the_gone() {
        let activities = empty();
        activities.offer("a", place(1));
        activities.offer("a", place(2));
        assert!(matches!(activities.poll("a"), Ok(Poll::Ready(found)) if found == place(1)));
        assert!(matches!(activities.poll("a"), Ok(Poll::Ready(found)) if found == place(2)));
        let Ok(Poll::Parked(gone)) = activities.poll("a") else { panic!("no task was left") };
        let Ok(Poll::Parked(mut here)) = activities.poll("a") else { panic!("no task was left") };
        drop(gone);
        activities.offer("a", place(3));
        assert_eq!(here.try_recv(), Ok(place(3)));
    }

    // SFN-ACT-21
    #[test]
    fn refuses_one_poller_too_many() {
        let activities = empty();
        let parked: Vec<_> = (0..10).map(|_| activities.poll("a").ok()).collect();
        assert!(activities.poll("a").is_err());
        drop(parked);
        assert!(activities.poll("a").is_ok());
    }
}
