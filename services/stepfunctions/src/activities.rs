//! Activities: who exists, whose tasks wait, and which pollers are parked. The task's row in its
//! execution's partition is the truth; what is here pairs offers with polls, in memory only.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use moment::EpochMs;
use parking_lot::{Mutex, RwLock};
use store::Store;
use tokio::sync::oneshot;

use crate::counts::{Counts, Kind};
use crate::records::{self, ActivityRecord, Row, Unreadable};
use crate::tokens::{Place, activity_mark};

/// Offers of one activity in memory, and read at once. Any more are only rows.
pub(crate) const OFFERS_MAX: usize = 1_024;

/// A task that waits for a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) place: Place,
    /// Part of its row's key.
    pub(crate) offered_ms: EpochMs,
}

/// A poll could not be parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyPollers;

/// What a poll gets.
pub(crate) enum Poll<'a> {
    Ready(Offered<'a>),
    Parked(Parked<'a>),
    /// There may be some that are only rows: to be read and given to [`Activities::refill`], then
    /// to be asked again.
    Stored,
}

/// A task in the hands of a poll. Unless the poll takes it, it is offered again: a client may go
/// away, or the store may refuse, before the lease is recorded.
pub(crate) struct Offered<'a> {
    activities: &'a Activities,
    arn: &'a str,
    pub(crate) offer: Offer,
    taken: bool,
}

impl<'a> Offered<'a> {
    fn new(activities: &'a Activities, arn: &'a str, offer: Offer) -> Offered<'a> {
        Offered { activities, arn, offer, taken: false }
    }

    /// Whatever became of the task is recorded.
    pub(crate) fn take(mut self) {
        self.taken = true;
    }
}

impl Drop for Offered<'_> {
    fn drop(&mut self) {
        if !self.taken {
            self.activities.offer_again(self.arn, self.offer);
        }
    }
}

/// A poll that waits for a task.
pub(crate) struct Parked<'a> {
    activities: &'a Activities,
    arn: &'a str,
    receiver: oneshot::Receiver<Offer>,
}

impl<'a> Parked<'a> {
    /// The next task; `None` when the activity is deleted.
    pub(crate) async fn task(mut self) -> Option<Offered<'a>> {
        let offer = (&mut self.receiver).await.ok()?;
        Some(Offered::new(self.activities, self.arn, offer))
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.receiver.close();
        // It was handed over in the very moment in which the poll ended.
        if let Ok(offer) = self.receiver.try_recv() {
            self.activities.offer_again(self.arn, offer);
        }
    }
}

pub(crate) struct Activities {
    known: RwLock<HashMap<String, Arc<ActivityRecord>>>,
    queues: Mutex<HashMap<String, Queue>>,
    /// Of one activity.
    pollers_max: usize,
}

struct Queue {
    offers: VecDeque<Offer>,
    pollers: VecDeque<oneshot::Sender<Offer>>,
    /// There may be rows of offers that are not here, all newer than those that are.
    stored: bool,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue { offers: VecDeque::new(), pollers: VecDeque::new(), stored: true }
    }
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
    pub(crate) fn offer(&self, arn: &str, offer: Offer) {
        let mut queues = self.queues.lock();
        let queue = queues.entry(arn.to_owned()).or_default();
        let Some(offer) = queue.hand_over(offer) else { return };
        queue.stored |= queue.offers.len() >= OFFERS_MAX;
        if !queue.stored {
            queue.offers.push_back(offer);
        }
    }

    /// The oldest offers among the rows, after [`Poll::Stored`]. Some may be in a poll's hands:
    /// a lease finds that out. `stored` says that there may be more.
    pub(crate) fn refill(&self, arn: &str, offers: Vec<Offer>, stored: bool) {
        let mut queues = self.queues.lock();
        let Some(queue) = queues.get_mut(arn) else { return };
        queue.stored |= stored;
        let newer = std::mem::take(&mut queue.offers);
        queue.offers.extend(offers);
        if !queue.stored {
            queue.offers.extend(newer);
        }
        while !queue.pollers.is_empty()
            && let Some(offer) = queue.offers.pop_front()
        {
            if let Some(offer) = queue.hand_over(offer) {
                queue.offers.push_front(offer);
            }
        }
    }

    /// A poll gave a task back, which is older than all that wait.
    fn offer_again(&self, arn: &str, offer: Offer) {
        let mut queues = self.queues.lock();
        // Without a queue the activity is gone, and its tasks with it (SFN-SEM-77).
        let Some(queue) = queues.get_mut(arn) else { return };
        if let Some(offer) = queue.hand_over(offer) {
            queue.offers.push_front(offer);
        }
    }

    /// A worker asks for a task.
    pub(crate) fn poll<'a>(&'a self, arn: &'a str) -> Result<Poll<'a>, TooManyPollers> {
        let mut queues = self.queues.lock();
        let queue = queues.entry(arn.to_owned()).or_default();
        if let Some(offer) = queue.offers.pop_front() {
            return Ok(Poll::Ready(Offered::new(self, arn, offer)));
        }
        if std::mem::take(&mut queue.stored) {
            return Ok(Poll::Stored);
        }
        queue.pollers.retain(|poller| !poller.is_closed());
        if queue.pollers.len() >= self.pollers_max {
            return Err(TooManyPollers);
        }
        let (sender, receiver) = oneshot::channel();
        queue.pollers.push_back(sender);
        Ok(Poll::Parked(Parked { activities: self, arn, receiver }))
    }
}

impl Queue {
    /// Gives a task to the first poller that is still there, or back.
    fn hand_over(&mut self, mut offer: Offer) -> Option<Offer> {
        while let Some(poller) = self.pollers.pop_front() {
            match poller.send(offer) {
                Ok(()) => return None,
                Err(back) => offer = back,
            }
        }
        Some(offer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Activities {
        let activities =
            Activities { known: RwLock::default(), queues: Mutex::default(), pollers_max: 10 };
        assert!(matches!(activities.poll("a"), Ok(Poll::Stored)), "rows are looked at first");
        activities
    }

    fn place(id: u64) -> Offer {
        Offer { place: Place { id, frame: 0, attempt: 1 }, offered_ms: 7 }
    }

    /// The task that a poll gets at once, and takes.
    fn take(activities: &Activities) -> Option<Offer> {
        let Ok(Poll::Ready(offered)) = activities.poll("a") else { return None };
        let offer = offered.offer;
        offered.take();
        Some(offer)
    }

    // SFN-ACT-23
    #[tokio::test]
    async fn pairs_in_order_and_skips_the_gone() {
        let activities = empty();
        activities.offer("a", place(1));
        activities.offer("a", place(2));
        assert_eq!(take(&activities), Some(place(1)));
        assert_eq!(take(&activities), Some(place(2)));
        let Ok(Poll::Parked(gone)) = activities.poll("a") else { panic!("no task was left") };
        let Ok(Poll::Parked(here)) = activities.poll("a") else { panic!("no task was left") };
        drop(gone);
        activities.offer("a", place(3));
        assert_eq!(here.task().await.map(|offered| offered.offer), Some(place(3)));
    }

    // SFN-SEM-102: a task is lost with no poll, wherever that ends.
    #[tokio::test]
    async fn polls_that_end_give_back() {
        let activities = empty();
        activities.offer("a", place(1));
        activities.offer("a", place(2));
        drop(activities.poll("a"));
        assert_eq!(take(&activities), Some(place(1)), "it was ready");
        assert_eq!(take(&activities), Some(place(2)));
        let parked = activities.poll("a");
        activities.offer("a", place(3));
        drop(parked);
        assert_eq!(take(&activities), Some(place(3)), "it was on its way");
        let Ok(Poll::Parked(parked)) = activities.poll("a") else { panic!("no task was left") };
        activities.offer("a", place(4));
        drop(parked.task().await);
        assert_eq!(take(&activities), Some(place(4)), "it had arrived");
        let parked = activities.poll("a");
        activities.offer("a", place(5));
        activities.forget("a");
        drop(parked);
        assert_eq!(take(&activities), None, "the activity is gone");
    }

    #[test]
    fn what_is_too_much_for_memory_is_read_again() {
        let activities = empty();
        for id in 0..2 * OFFERS_MAX as u64 {
            activities.offer("a", place(id));
        }
        for id in 0..OFFERS_MAX as u64 {
            assert_eq!(take(&activities), Some(place(id)));
        }
        assert!(matches!(activities.poll("a"), Ok(Poll::Stored)));
        let parked = activities.poll("a");
        activities.offer("a", place(9));
        drop(parked);
        activities.refill("a", vec![place(1), place(2)], true);
        activities.offer("a", place(10));
        assert_eq!((take(&activities), take(&activities)), (Some(place(1)), Some(place(2))));
        assert!(matches!(activities.poll("a"), Ok(Poll::Stored)), "the newer ones are rows");
    }

    #[tokio::test]
    async fn parked_polls_get_what_is_read() {
        let activities = empty();
        let Ok(Poll::Parked(parked)) = activities.poll("a") else { panic!("no task was left") };
        activities.refill("a", vec![place(1), place(2)], false);
        assert_eq!(parked.task().await.map(|offered| offered.offer), Some(place(1)));
        assert_eq!(take(&activities), Some(place(1)), "it was not taken");
        assert_eq!(take(&activities), Some(place(2)));
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
