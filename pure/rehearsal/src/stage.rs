//! The run itself: effects are answered from mocks, and time jumps to what comes next.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use asl::model::Resource;
use moment::{EpochMs, Moment};
use serde_json::Value;
use workflow::effect::{Call, Effect, TimerKind};
use workflow::event::Event;
use workflow::execution::{About, Execution, FrameId, Status};
use workflow::history::{Details, HistoryEvent};
use workflow::map_run::{MapRun, Source};
use workflow::way::Way;
use workflow::{Environment, Limits, Surroundings};

use crate::coverage::Spot;
use crate::mocks::{self, Answer, Mocks, Reply, Said, Task, Used};
use crate::{EXPRESS_MS_MAX, Problem, Rehearsal, Setting};

/// Events of one rehearsal, heartbeats and all; a bound for what never ends.
const EVENTS_MAX: usize = 1_000_000;
/// How much of a call's parameters a problem shows.
const PARAMETERS_CHARS_MAX: usize = 300;
const ACCOUNT: &str = "000000000000";

pub(crate) fn run(setting: &Setting<'_>, mocks: &Mocks) -> Rehearsal {
    let mut stage = Stage::new(setting, mocks);
    let mut next = Some(Event::Start);
    let mut events = 0;
    while let Some(event) = next {
        events += 1;
        if events > EVENTS_MAX {
            stage.problem = Some(Problem::Endless(EVENTS_MAX));
            break;
        }
        stage.feed(event);
        next = stage.next();
    }
    stage.into_rehearsal()
}

struct Stage<'a> {
    setting: &'a Setting<'a>,
    mocks: &'a Mocks,
    limits: Limits,
    execution: Execution,
    now_ms: EpochMs,
    steps: u64,
    used: Used,
    /// What will happen by itself, by time and then in the order in which it was arranged.
    agenda: BTreeMap<(EpochMs, u64), Due>,
    arranged: u64,
    timers: BTreeMap<(FrameId, TimerKind), EpochMs>,
    attempts: BTreeMap<String, u64>,
    history: Vec<HistoryEvent>,
    house: House,
    problem: Option<Problem>,
    timed_out: bool,
}

/// What will happen, and after how long again while its attempt is open.
struct Due {
    event: Event,
    again_ms: Option<i64>,
}

/// The surroundings of a rehearsal: everything exists, and tokens tell their attempts.
#[derive(Default)]
struct House {
    ways: RefCell<BTreeSet<Spot>>,
}

impl Surroundings for House {
    fn activity_exists(&self, _arn: &str) -> bool {
        true
    }

    fn task_token(&self, frame: FrameId, attempt: u32) -> String {
        format!("token-{frame}-{attempt}")
    }

    fn took(&self, way: Way<'_>) {
        self.ways.borrow_mut().insert(Spot::of(way));
    }
}

impl<'a> Stage<'a> {
    fn new(setting: &'a Setting<'a>, mocks: &'a Mocks) -> Stage<'a> {
        let mut limits = setting.limits.clone();
        if setting.express {
            // Express executions have no such bound (SFN-SEM-1).
            limits.history_events_max = u64::MAX;
        }
        Stage {
            setting,
            mocks,
            limits,
            execution: Execution::new(about(setting)),
            now_ms: setting.start_ms,
            steps: 0,
            used: Used::default(),
            agenda: BTreeMap::new(),
            arranged: 0,
            timers: BTreeMap::new(),
            attempts: BTreeMap::new(),
            history: Vec::new(),
            house: House::default(),
            problem: None,
            timed_out: false,
        }
    }

    fn feed(&mut self, event: Event) {
        self.steps += 1;
        let environment = Environment {
            definition: self.setting.definition,
            moment: Moment {
                now_ms: self.now_ms,
                seed: self.setting.seed.wrapping_add(self.steps),
            },
            limits: &self.limits,
            surroundings: &self.house,
        };
        let transition = workflow::step(&environment, &mut self.execution, event);
        self.history.extend(transition.history);
        for effect in transition.effects {
            self.answer(effect);
        }
    }

    fn answer(&mut self, effect: Effect) {
        match effect {
            Effect::Call(call) => self.call(&call),
            Effect::Offer { frame, attempt, activity_arn, input } => {
                let task = Task {
                    frame,
                    attempt,
                    resource: &Resource::Activity { arn: activity_arn },
                    parameters: &input,
                    token: false,
                };
                self.ask(&task);
            }
            Effect::MapRun(run) => self.map_run(&run),
            Effect::SetTimer { frame, kind, due_ms } => {
                self.timers.insert((frame, kind), due_ms);
            }
            Effect::ClearTimer { frame, kind } => {
                self.timers.remove(&(frame, kind));
            }
            // Nobody redrives a rehearsal.
            Effect::RedriveMapRun { .. } | Effect::Close { .. } | Effect::Finished => {}
        }
    }

    fn call(&mut self, call: &Call) {
        let task = Task {
            frame: call.frame,
            attempt: call.attempt,
            resource: &call.resource,
            parameters: &call.parameters,
            token: call.token.is_some(),
        };
        self.ask(&task);
    }

    /// Looks the answer up and arranges what follows from it.
    fn ask(&mut self, task: &Task<'_>) {
        let Some(frame) = self.execution.frames.get(&task.frame) else { return };
        let state = frame.visit.state.to_string();
        *self.attempts.entry(state.clone()).or_default() += 1;
        let mocks = self.mocks;
        match mocks.next(&mut self.used, &state, task.parameters.value()) {
            Said::Reply(reply) => self.arrange(task, reply),
            Said::NotMocked => {
                let resource = text_of(task.resource).to_owned();
                let parameters = shortened(task.parameters.text());
                self.refuse(Problem::NotMocked { state, resource, parameters });
            }
            Said::NoAnswer { call } => {
                let parameters = shortened(task.parameters.text());
                self.refuse(Problem::NoAnswer { state, call, parameters });
            }
        }
    }

    /// A distributed Map's run, whose mock stands for all of its children.
    fn map_run(&mut self, run: &MapRun) {
        let (frame, attempt) = (run.frame, run.attempt);
        let Some(visit) = self.execution.frames.get(&frame).map(|frame| &frame.visit) else {
            return;
        };
        let state = visit.state.to_string();
        *self.attempts.entry(state.clone()).or_default() += 1;
        let parameters = match &run.source {
            Source::Items(items) => items,
            Source::Reader(reader) => &reader.parameters,
        };
        let mocks = self.mocks;
        match mocks.next(&mut self.used, &state, parameters.value()) {
            Said::Reply(reply) => {
                let end = match (&reply.answer, mocks::result_of(&reply.answer, None)) {
                    (_, Some(output)) => {
                        Event::MapRunSucceeded { frame, attempt, output: Some(output) }
                    }
                    (Answer::Throw { error, cause }, _) => {
                        let (error, cause) = (error.clone(), cause.clone());
                        Event::MapRunFailed { frame, attempt, error, cause }
                    }
                    _ => return,
                };
                self.soon(reply.after_ms, end);
            }
            Said::NotMocked => self.refuse(Problem::Distributed { state }),
            Said::NoAnswer { call } => {
                let parameters = shortened(parameters.text());
                self.refuse(Problem::NoAnswer { state, call, parameters });
            }
        }
    }

    fn refuse(&mut self, problem: Problem) {
        self.problem.get_or_insert(problem);
    }

    fn arrange(&mut self, task: &Task<'_>, reply: &Reply) {
        let (frame, attempt) = (task.frame, task.attempt);
        if let Some(begin) = mocks::begin(task) {
            self.soon(0, begin);
        }
        if let Some(pause_ms) = reply.heartbeat_ms.filter(|pause_ms| *pause_ms > 0) {
            self.arrange_beat(pause_ms, frame, attempt);
        }
        if let Some(end) = mocks::end(&reply.answer, task) {
            self.soon(reply.after_ms, end);
        }
    }

    fn soon(&mut self, after_ms: i64, event: Event) {
        self.put(after_ms, Due { event, again_ms: None });
    }

    fn arrange_beat(&mut self, pause_ms: i64, frame: FrameId, attempt: u32) {
        let event = Event::Heartbeat { frame, attempt };
        self.put(pause_ms, Due { event, again_ms: Some(pause_ms) });
    }

    fn put(&mut self, after_ms: i64, due: Due) {
        self.arranged += 1;
        let at_ms = self.now_ms.saturating_add(after_ms);
        self.agenda.insert((at_ms, self.arranged), due);
    }

    /// What happens next; moves the clock there.
    fn next(&mut self) -> Option<Event> {
        if self.execution.head.status != Status::Running || self.problem.is_some() {
            return None;
        }
        if !self.execution.head.ready.is_empty() {
            return Some(Event::Continue);
        }
        let timer = self.timers.iter().map(|((frame, kind), due)| (*due, *frame, *kind)).min();
        let arranged = self.agenda.keys().next().copied();
        // An answer that comes with its timeout is in time.
        let timer = match (timer, arranged) {
            (Some((due_ms, ..)), Some((at_ms, _))) if at_ms <= due_ms => None,
            (timer, _) => timer,
        };
        let due_ms = timer.map(|(due_ms, ..)| due_ms).or(arranged.map(|(at_ms, _)| at_ms))?;
        if self.setting.express && due_ms.saturating_sub(self.setting.start_ms) >= EXPRESS_MS_MAX {
            self.now_ms = self.setting.start_ms.saturating_add(EXPRESS_MS_MAX);
            self.timed_out = true;
            return None;
        }
        self.now_ms = self.now_ms.max(due_ms);
        match timer {
            Some((_, frame, kind)) => {
                self.timers.remove(&(frame, kind));
                Some(Event::Timer { frame, kind })
            }
            None => {
                let (_, due) = self.agenda.pop_first()?;
                self.beat_on(&due);
                Some(due.event)
            }
        }
    }

    /// A heartbeat is followed by the next one while the attempt is open.
    fn beat_on(&mut self, due: &Due) {
        if let (Event::Heartbeat { frame, attempt }, Some(pause_ms)) = (&due.event, due.again_ms)
            && self.execution.task_open(*frame, *attempt).is_some()
        {
            self.arrange_beat(pause_ms, *frame, *attempt);
        }
    }

    fn into_rehearsal(self) -> Rehearsal {
        let head = &self.execution.head;
        let status = if self.timed_out { Status::TimedOut } else { head.status };
        let ended_ms = head.stop_ms.unwrap_or(self.now_ms);
        let told = Told::of(&self.history, self.setting);
        let mut spots = self.house.ways.into_inner();
        spots.extend(told.visits.keys().cloned().map(|state| Spot::State { state }));
        Rehearsal {
            status,
            output: head.output.clone(),
            error: head.error.clone(),
            cause: head.cause.clone(),
            path: told.path,
            visits: told.visits,
            attempts: self.attempts,
            variables: told.variables,
            elapsed_ms: ended_ms.saturating_sub(self.setting.start_ms),
            problem: self.problem,
            spots,
            history: self.history,
        }
    }
}

/// What the history tells of the way that was taken.
#[derive(Default)]
struct Told {
    path: Vec<String>,
    visits: BTreeMap<String, u64>,
    variables: BTreeMap<String, Value>,
}

impl Told {
    fn of(history: &[HistoryEvent], setting: &Setting<'_>) -> Told {
        let top = &setting.definition.machine.states;
        let mut told = Told::default();
        for event in history {
            match &event.details {
                Details::StateEntered { name, .. } => {
                    *told.visits.entry(name.to_string()).or_default() += 1;
                    if top.contains_key(name) {
                        told.path.push(name.to_string());
                    }
                }
                Details::StateExited { name, assigned_variables, .. } if top.contains_key(name) => {
                    let values = assigned_variables.iter();
                    told.variables
                        .extend(values.map(|(name, value)| (name.clone(), value.value().clone())));
                }
                _ => {}
            }
        }
        told
    }
}

fn about(setting: &Setting<'_>) -> About {
    let machine = setting.machine_name;
    let arn = |kind: &str, rest: &str| format!("arn:aws:states:us-east-1:{ACCOUNT}:{kind}:{rest}");
    About {
        execution_arn: arn("execution", &format!("{machine}:{}", setting.execution_name)),
        name: setting.execution_name.to_owned(),
        state_machine_arn: arn("stateMachine", machine),
        state_machine_name: machine.to_owned(),
        role_arn: format!("arn:aws:iam::{ACCOUNT}:role/rehearsal"),
        start_ms: setting.start_ms,
        input: setting.input.clone(),
        state_machine_version_arn: None,
        state_machine_alias_arn: None,
    }
}

fn text_of(resource: &Resource) -> &str {
    match resource {
        Resource::Lambda { arn } | Resource::Activity { arn } | Resource::Service { arn, .. } => {
            arn
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(PARAMETERS_CHARS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
        None => text.to_owned(),
    }
}
