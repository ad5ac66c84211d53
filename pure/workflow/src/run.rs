//! One transition in the making: takes the event, then goes on until nothing is runnable or the
//! budget is used up.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use asl::model::{Kind, Machine, State};
use moment::{EpochMs, Random};

use crate::event::Event;
use crate::execution::{Children, Doing, Execution, Frame, FrameId, Status};
use crate::history::HistoryEvent;
use crate::observe::Observer;
use crate::outbox::Outbox;
use crate::{Environment, Large, Transition, states};

/// Input of a state that uses up as much of the budget as entering it: 8 MiB in a thousand.
const BYTES_PER_TRANSITION: usize = 8 << 10;

/// Room for the events of most transitions.
const HISTORY_EVENTS: usize = 16;

/// The execution has closed: whatever was going on is over.
#[derive(Debug)]
pub(crate) struct Closed;

/// The course of a transition; ends early when the execution closes.
pub(crate) type Course<T = ()> = Result<T, Closed>;

pub(crate) struct Run<'a> {
    pub(crate) environment: &'a Environment<'a>,
    pub(crate) execution: &'a mut Execution,
    pub(crate) random: RefCell<Random>,
    pub(crate) outbox: Outbox,
    pub(crate) history: Vec<HistoryEvent>,
    /// Frames that can go on; the front is the one that goes on now.
    pub(crate) queue: VecDeque<FrameId>,
    touched: BTreeSet<FrameId>,
    removed: BTreeSet<FrameId>,
    born: BTreeSet<FrameId>,
    /// Frames that a failure on its way has taken down, and the children of groups that it or their
    /// end has stopped: kept if the execution closes on it.
    pub(crate) fallen: BTreeMap<FrameId, Frame>,
    pub(crate) groups: BTreeMap<FrameId, Box<Children>>,
    budget: usize,
    pub(crate) large: RefCell<Option<Large>>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(environment: &'a Environment<'a>, execution: &'a mut Execution) -> Run<'a> {
        Run {
            environment,
            random: RefCell::new(environment.moment.random()),
            outbox: Outbox::default(),
            history: Vec::with_capacity(HISTORY_EVENTS),
            queue: std::mem::take(&mut execution.head.ready),
            touched: BTreeSet::new(),
            removed: BTreeSet::new(),
            born: BTreeSet::new(),
            fallen: BTreeMap::new(),
            groups: BTreeMap::new(),
            budget: environment.limits.transitions_per_step_max,
            large: RefCell::new(None),
            execution,
        }
    }

    pub(crate) fn step(mut self, event: Event) -> Transition {
        // Closing is one of the ways in which a transition ends well.
        let _ = self.take(event).and_then(|()| self.work());
        self.finish()
    }

    fn work(&mut self) -> Course {
        while let Some(id) = self.queue.pop_front() {
            let Some(frame) = self.execution.frames.get(&id) else { continue };
            match &frame.visit.doing {
                Doing::Enter | Doing::Resume if self.is_over() => {
                    self.queue.push_front(id);
                    return Ok(());
                }
                Doing::Enter => {
                    self.spend(id);
                    states::enter(self, id)?;
                }
                Doing::Resume => {
                    self.spend(id);
                    self.stop_doing(id);
                    states::resume(self, id)?;
                }
                Doing::Task(task) if task.prepared.is_some() => states::task::start(self, id)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Large inputs cost more: what a transition tells must be one row of history, and its frames
    /// fit into one batch.
    fn spend(&mut self, id: FrameId) {
        let bytes = self.frame(id).visit.input.bytes();
        self.budget = self.budget.saturating_sub(1 + bytes / BYTES_PER_TRANSITION);
    }

    /// Whether what can go on has to wait for the next step.
    fn is_over(&self) -> bool {
        let surroundings = self.environment.surroundings;
        self.budget == 0 || surroundings.is_tired() || !surroundings.may_go_on()
    }

    fn finish(self) -> Transition {
        let more = self.execution.head.status == Status::Running && !self.queue.is_empty();
        if more {
            self.execution.head.ready = self.queue;
        }
        Transition {
            history: self.history,
            effects: self.outbox.into_effects(),
            touched: self.touched.into_iter().collect(),
            removed: self.removed.into_iter().collect(),
            more,
            large: self.large.into_inner(),
        }
    }

    /// Who watches the state under test, if there is one.
    pub(crate) fn observer(&self) -> Option<&'a dyn Observer> {
        self.environment.surroundings.observer()
    }

    /// Tells an observer something, where there is one.
    pub(crate) fn watch(&self, tell: impl FnOnce(&dyn Observer)) {
        if let Some(observer) = self.observer() {
            tell(observer);
        }
    }

    pub(crate) fn now_ms(&self) -> EpochMs {
        self.environment.moment.now_ms
    }

    pub(crate) fn frame(&self, id: FrameId) -> &Frame {
        self.execution.frames.get(&id).expect("a frame is looked at only while it lives")
    }

    pub(crate) fn frame_mut(&mut self, id: FrameId) -> &mut Frame {
        self.touched.insert(id);
        self.execution.frames.get_mut(&id).expect("a frame is changed only while it lives")
    }

    pub(crate) fn add_frame(&mut self, frame: Frame) {
        self.touched.insert(frame.id);
        self.born.insert(frame.id);
        self.queue.push_back(frame.id);
        self.execution.frames.insert(frame.id, frame);
    }

    /// Takes a frame away with its timers and its open attempt.
    pub(crate) fn remove_frame(&mut self, id: FrameId) -> Option<Frame> {
        self.stop_doing(id);
        let frame = self.execution.frames.remove(&id);
        self.touched.remove(&id);
        if !self.born.remove(&id) {
            self.removed.insert(id);
        }
        frame
    }

    /// Brings back a frame that was taken away in this transition.
    pub(crate) fn restore_frame(&mut self, frame: Frame) {
        self.removed.remove(&frame.id);
        self.touched.insert(frame.id);
        self.execution.frames.insert(frame.id, frame);
    }

    /// Ends what the frame is doing: clears its timers, closes its attempt.
    pub(crate) fn stop_doing(&mut self, id: FrameId) -> Doing {
        let timers = self.frame(id).timers();
        for (kind, _) in timers {
            self.outbox.clear_timer(id, kind);
        }
        let done = std::mem::replace(&mut self.frame_mut(id).visit.doing, Doing::Deciding);
        match &done {
            Doing::Task(task) if task.prepared.is_none() => self.outbox.close(id, task.attempt),
            Doing::MapRun { attempt } => self.outbox.close(id, *attempt),
            _ => {}
        }
        done
    }

    /// The state that a frame is in or about to enter.
    pub(crate) fn state(&self, id: FrameId) -> &'a State {
        let frame = self.frame(id);
        let machine = self.machine(frame);
        machine
            .states
            .get(&*frame.visit.state)
            .expect("the definition is the one that the execution started with")
    }

    fn machine(&self, frame: &Frame) -> &'a Machine {
        let Some(parent) = frame.parent else { return &self.environment.definition.machine };
        let machine = match &self.state(parent).kind {
            Kind::Parallel(parallel) => {
                let place = usize::try_from(frame.place).unwrap_or(usize::MAX);
                parallel.branches.get(place)
            }
            Kind::Map(map) => Some(&map.processor),
            _ => None,
        };
        machine.expect("only Parallel and Map have children, one for each branch or item")
    }
}
