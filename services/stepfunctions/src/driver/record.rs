//! Turns a transition into rows, and its effects into work for after the commit.

use asl::model::Resource;
use bytes::Bytes;
use rehearsal::mocks::Task;
use store::Stage;
use store::probe;
use workflow::Transition;
use workflow::effect::{Call, Effect};
use workflow::event::Event;
use workflow::execution::{FrameId, Status};
use workflow::history::HistoryEvent;
use workflow::payload::Payload;

use super::{Before, Live, TimerKey};
use crate::activities::Offer;
use crate::records::{
    self, EffectRecord, ExecutionId, HeadRecord, ListRecord, NameRecord, Row, StartRecord,
    TaskRecord,
};
use crate::service::Service;
use crate::tokens::Place;

impl Service {
    /// Writes what a transition changed. `fresh` says that no row of the execution exists yet.
    pub(crate) fn record(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        mut transition: Transition,
        fresh: bool,
    ) {
        self.notice(stage, live, &mut transition);
        self.log(stage, live, &transition.history);
        let closed = live.execution.head.status != Status::Running;
        let more = transition.more;
        if closed {
            let effects = transition.effects;
            let before = Before {
                rows: !fresh,
                map_runs: !fresh || effects.iter().any(|e| matches!(e, Effect::MapRun(_))),
            };
            // Rows of open work go with the execution; only what runs outside must be told.
            self.let_go(id, live, effects, stage);
            self.close(stage, id, live, &transition.history, before);
            return;
        }
        if fresh {
            self.record_start(stage, id, live);
        }
        self.record_chunk(stage, id, live, &transition.history);
        self.record_frames(stage, id, live, &transition);
        self.record_head(stage, id, live);
        for effect in transition.effects {
            self.record_effect(stage, id, live, effect);
        }
        self.record_continue(stage, id, live, more);
    }

    /// What is durable is logged (SFN-LOG-11).
    fn log(&self, stage: &mut Stage<'_>, live: &Live, history: &[HistoryEvent]) {
        let redrive_count = live.execution.head.redrive_count;
        if let Some(batch) = self.log_batch(&live.start, redrive_count, history) {
            let service = self.clone();
            after_commit(stage, move || service.hand_over(batch));
        }
    }

    pub(crate) fn record_start(&self, stage: &mut Stage<'_>, id: ExecutionId, live: &Live) {
        let start = &*live.start;
        let key = records::start_key(id);
        let row = records::to_row(Row::Start, &key, start);
        stage.put(&self.families.open, key, row);
        let item = list_record(live);
        let key = running_key(id, live);
        let row = records::to_row(Row::ListItem, &key, &item);
        stage.put(&self.families.index_open, key, row);
        self.record_name(stage, id, start, None);
        self.tally(stage, start, 1);
    }

    /// The row that makes a chosen name unique (SFN-SEM-10); generated names need none.
    pub(crate) fn record_name(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        start: &StartRecord,
        closed_day: Option<i64>,
    ) {
        if !start.named || probe::mutant("name-unwritten") {
            return;
        }
        let about = &start.about;
        let parts = start.name_parts();
        let key = records::name_key(&parts.each_ref().map(String::as_str));
        let record = NameRecord {
            id,
            incarnation: start.incarnation,
            input_digest: records::text_digest(about.input.text()),
            start_ms: about.start_ms,
            closed_day,
        };
        let row = records::to_row(Row::Name, &key, &record);
        stage.put(&self.families.open, key, row);
    }

    fn record_chunk(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        history: &[HistoryEvent],
    ) {
        if let Some((key, row)) = chunk_row(id, history) {
            live.chunk_bytes += row.len() as u64;
            stage.put(&self.families.open, key, row);
        }
    }

    fn record_frames(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &Live,
        transition: &Transition,
    ) {
        for frame in &transition.touched {
            let Some(frame) = live.execution.frames.get(frame) else { continue };
            let key = records::frame_key(id, frame.id);
            let row = records::to_row(Row::Frame, &key, frame);
            stage.put(&self.families.open, key, row);
        }
        for frame in &transition.removed {
            stage.delete(&self.families.open, records::frame_key(id, *frame));
        }
    }

    pub(crate) fn record_head(&self, stage: &mut Stage<'_>, id: ExecutionId, live: &Live) {
        let key = records::head_key(id);
        let row = records::to_row(Row::Head, &key, &self.head_record(live));
        stage.put(&self.families.open, key, row);
    }

    fn record_effect(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        effect: Effect,
    ) {
        let open = self.families.open.clone();
        match effect {
            Effect::Call(call) => {
                let key = records::effect_key(id, call.frame, call.attempt);
                let row = records::to_row(Row::Effect, &key, &EffectRecord::default());
                stage.put(&open, key, row);
                let task = Task {
                    frame: call.frame,
                    attempt: call.attempt,
                    resource: &call.resource,
                    parameters: &call.parameters,
                    token: call.token.is_some(),
                };
                let mocked = self.mocked.events_of(id, &live.start, &live.execution, &task);
                self.send(stage, id, live, call, mocked);
            }
            Effect::MapRun(plan) => self.record_map_run(stage, id, live, *plan),
            Effect::RedriveMapRun { frame, attempt, redrive_count } => {
                self.redrive_map_run(stage, live, Place { id, frame, attempt }, redrive_count);
            }
            Effect::Offer { frame, attempt, activity_arn, input } => {
                self.record_offer(stage, id, live, (frame, attempt), (activity_arn, input));
            }
            Effect::Close { frame, attempt } => self.end(stage, Place { id, frame, attempt }),
            Effect::SetTimer { frame, kind, due_ms } => {
                if let Some(before) = live.timers.insert((frame, kind), due_ms) {
                    stage.delete(&open, records::timer_key(id, frame, kind, before));
                }
                stage.put(&open, records::timer_key(id, frame, kind, due_ms), Bytes::new());
                let service = self.clone();
                after_commit(stage, move || {
                    service.arm(TimerKey { id, frame, kind }, due_ms);
                });
            }
            Effect::ClearTimer { frame, kind } => {
                if let Some(due) = live.timers.remove(&(frame, kind)) {
                    if !probe::mutant("timer-row-stays") {
                        stage.delete(&open, records::timer_key(id, frame, kind, due));
                    }
                    let service = self.clone();
                    after_commit(stage, move || service.disarm(&TimerKey { id, frame, kind }));
                }
            }
            Effect::Finished => {}
        }
    }

    /// A task that is over leaves nothing behind.
    fn end(&self, stage: &mut Stage<'_>, place: Place) {
        if !self.stop_job(stage, place) {
            self.withdraw(stage, place);
        }
        self.abort_map_run(stage, place);
        let Place { id, frame, attempt } = place;
        stage.delete(&self.families.open, records::effect_key(id, frame, attempt));
        stage.delete(&self.families.open, records::task_key(id, frame, attempt));
    }

    /// A call leaves once its row is durable.
    fn send(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &Live,
        call: Call,
        mocked: Option<Vec<Event>>,
    ) {
        let (service, start) = (self.clone(), live.start.clone());
        if probe::mutant("dispatch-early") && mocked.is_none() {
            return service.perform(id, &start, call);
        }
        if probe::mutant("effect-twice") && mocked.is_none() {
            service.perform(id, &start, call.clone());
        }
        after_commit(stage, move || match mocked {
            Some(events) => service.play(id, events),
            None => service.perform(id, &start, call),
        });
    }

    /// A task of an activity, for its pollers or for its mock.
    fn record_offer(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &Live,
        (frame, attempt): (FrameId, u32),
        (activity_arn, input): (String, Payload),
    ) {
        let service = self.clone();
        let resource = Resource::Activity { arn: activity_arn.clone() };
        let task = Task { frame, attempt, resource: &resource, parameters: &input, token: false };
        let mocked = self.mocked.events_of(id, &live.start, &live.execution, &task);
        if let Some(events) = mocked {
            after_commit(stage, move || service.play(id, events));
            return;
        }
        let key = records::task_key(id, frame, attempt);
        // Not before the activity was made, also by a clock that was put back.
        let made_ms = self.activities.find(&activity_arn).map_or(0, |found| found.creation_ms);
        let offered_ms = self.host.now_ms().max(made_ms);
        let record = TaskRecord { activity_arn, input, leased: false, offered_ms };
        let row = records::to_row(Row::Task, &key, &record);
        stage.put(&self.families.open, key, row);
        let place = Place { id, frame, attempt };
        stage.put(&self.families.offers, record.offer_key(place), Bytes::new());
        let offer = Offer { place, offered_ms };
        after_commit(stage, move || service.activities.offer(&record.activity_arn, offer));
    }

    /// A task that closes is no longer offered.
    fn withdraw(&self, stage: &mut Stage<'_>, place: Place) {
        let key = records::task_key(place.id, place.frame, place.attempt);
        if let Ok(Some(row)) = stage.get(&self.families.open, &key) {
            self.withdraw_row(stage, place, (&key, &row));
        }
    }

    /// The same for one whose row is known.
    pub(super) fn withdraw_row(
        &self,
        stage: &mut Stage<'_>,
        place: Place,
        (key, row): (&Bytes, &Bytes),
    ) {
        match records::from_row::<TaskRecord>(Row::Task, key, row) {
            Ok(task) => stage.delete(&self.families.offers, task.offer_key(place)),
            // A poll finds out that the task is gone.
            Err(error) => tracing::error!(execution = place.id, %error, "an offer stays"),
        }
    }

    /// What an execution that closes leaves outside: armed timers, jobs and map runs. Their rows go
    /// in `close`.
    fn let_go(&self, id: ExecutionId, live: &Live, effects: Vec<Effect>, stage: &mut Stage<'_>) {
        for effect in effects {
            match effect {
                Effect::ClearTimer { frame, kind } => {
                    let service = self.clone();
                    after_commit(stage, move || service.disarm(&TimerKey { id, frame, kind }));
                }
                Effect::Close { frame, attempt } => {
                    self.stop_job(stage, Place { id, frame, attempt });
                    self.abort_map_run(stage, Place { id, frame, attempt });
                }
                // It began and was over in one transition; there is a run to tell of.
                Effect::MapRun(plan) => self.record_map_run(stage, id, live, *plan),
                Effect::RedriveMapRun { frame, attempt, redrive_count } => {
                    self.redrive_map_run(stage, live, Place { id, frame, attempt }, redrive_count);
                }
                _ => {}
            }
        }
    }

    pub(super) fn head_record(&self, live: &Live) -> HeadRecord {
        let head = &live.execution.head;
        HeadRecord {
            status: head.status,
            stop_ms: head.stop_ms,
            last_event_id: head.last_event_id,
            last_event_ms: head.last_event_ms,
            next_frame: head.next_frame,
            output: head.output.clone(),
            error: head.error.clone(),
            cause: head.cause.clone(),
            deadline_ms: head.deadline_ms,
            redrive_count: head.redrive_count,
            redrive_ms: head.redrive_ms,
            resumable: live.execution.resumable(self.limits.history_events_max),
            redriven_with: live.redriven_with.clone(),
            ready: head.ready.clone(),
            chunk_bytes: live.chunk_bytes,
            told: live.told,
        }
    }

    /// An interrupted execution leaves a row, so that a restart goes on with it too.
    fn record_continue(&self, stage: &mut Stage<'_>, id: ExecutionId, live: &mut Live, more: bool) {
        let key = records::effect_key(id, FrameId::MAX, 0);
        if more {
            let row = records::to_row(Row::Effect, &key, &EffectRecord::default());
            if !probe::mutant("forget-continue") {
                stage.put(&self.families.open, key, row);
            }
            let service = self.clone();
            after_commit(stage, move || service.dispatch_soon(id, Event::Continue));
        } else if live.continues {
            stage.delete(&self.families.open, key);
        }
        live.continues = more;
    }
}

/// Runs `then` once the stage is durable; never when it failed.
pub(crate) fn after_commit(stage: &mut Stage<'_>, then: impl FnOnce() + Send + 'static) {
    stage.on_settled(move |settled| {
        if settled.is_ok() {
            then();
        }
    });
}

/// A chunk of history: its events one after the other, under the id of the first.
pub(crate) fn chunk_row(id: ExecutionId, history: &[HistoryEvent]) -> Option<(Bytes, Bytes)> {
    let first = if probe::mutant("chunk-overwritten") { 1 } else { history.first()?.id };
    let key = records::chunk_key(id, first);
    let row = records::bytes_to_row(Row::Chunk, &key, &chunk_body(history));
    Some((key, row))
}

pub(crate) fn chunk_body(history: &[HistoryEvent]) -> Vec<u8> {
    let mut body = Vec::with_capacity(history.len() * 192);
    for event in history {
        rmp_serde::encode::write_named(&mut body, event)
            .expect("events have no unserialisable members");
    }
    body
}

/// The key of a running execution's list item (SFN-PAGE-6).
pub(super) fn running_key(id: ExecutionId, live: &Live) -> Bytes {
    let (start, head) = (&live.start, &live.execution.head);
    let since_ms = head.redrive_ms.unwrap_or(start.about.start_ms);
    records::list_key(start.list(), since_ms, id)
}

pub(super) fn list_record(live: &Live) -> ListRecord {
    let (about, head) = (&live.start.about, &live.execution.head);
    let last = |arn: &Option<String>| {
        arn.as_ref().and_then(|arn| arn.rsplit(':').next().map(str::to_owned))
    };
    ListRecord {
        name: about.name.clone(),
        status: head.status,
        start_ms: about.start_ms,
        stop_ms: head.stop_ms,
        version: last(&about.state_machine_version_arn).and_then(|number| number.parse().ok()),
        alias: last(&about.state_machine_alias_arn),
        redrive_count: head.redrive_count,
        redrive_ms: head.redrive_ms,
        item_count: live.start.child.as_ref().map(|child| child.items),
        run_redrive: live.start.child.as_ref().map_or(0, |child| child.redrive),
        express_run: about.name.split_once(':').map(|(_, run)| run.to_owned()),
    }
}
