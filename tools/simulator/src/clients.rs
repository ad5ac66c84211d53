//! Clients and workers: they ask, ask again when nothing comes back, and remember what they heard.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::definitions::{self, STANDARD, machine_arn};
use crate::facts::{Contradiction, Started, Token};
use crate::node::{Answer, Node};
use crate::world::World;

/// Tries before a client gives up on an answer.
const TRIES_MAX: usize = 60;

impl World {
    pub(crate) fn check(&self, outcome: Contradiction) {
        if let Err(told) = outcome {
            self.violation(told);
        }
    }

    /// Some node: mostly the one that leads, at times one that does not know that it is over.
    fn some_node(&self) -> Option<Arc<Node>> {
        let zombies: Vec<_> =
            self.zombies.lock().iter().filter(|node| node.is_alive()).cloned().collect();
        if !zombies.is_empty() && self.one_in(4) {
            let at = self.below(zombies.len() as u64);
            return zombies.into_iter().nth(usize::try_from(at).unwrap_or(0));
        }
        self.leader()
    }

    /// One try at some node. What one says that does not lead any more counts only where it
    /// acknowledges a write.
    async fn once(&self, operation: &str, body: &Value, writes: bool) -> Answer {
        let Some(node) = self.some_node() else { return Answer::Unknown };
        let answer = node.ask(operation, body).await;
        let counts = self.leads(&node) || (writes && matches!(answer, Answer::Done(_)));
        let heard = match &answer {
            Answer::Done(_) => "yes",
            Answer::Refused(told) => told,
            Answer::Unknown => "?",
        };
        self.note(format!("node {} {operation}: {heard}", node.number));
        if counts { answer } else { Answer::Unknown }
    }

    /// Asks until there is an answer.
    pub(crate) async fn insist(&self, operation: &str, body: &Value, writes: bool) -> Answer {
        for _ in 0..TRIES_MAX {
            match self.once(operation, body, writes).await {
                Answer::Unknown => self.rest(50, 1_500).await,
                answer => return answer,
            }
        }
        Answer::Unknown
    }

    pub(crate) async fn read(&self, operation: &str, body: &Value) -> Option<Value> {
        match self.insist(operation, body, false).await {
            Answer::Done(value) => Some(value),
            Answer::Refused(told) => {
                self.violation(format!("{operation} {body}: {told}"));
                None
            }
            Answer::Unknown => None,
        }
    }

    /// Looks at an execution that was acknowledged, and at its history.
    pub(crate) async fn observe(&self, arn: &str) -> Option<Value> {
        let told = self.read("DescribeExecution", &json!({ "executionArn": arn })).await?;
        self.check(self.facts.lock().description(arn, &told));
        let body = json!({ "executionArn": arn, "maxResults": 1000 });
        let history = self.read("GetExecutionHistory", &body).await?;
        let events = history.get("events").and_then(Value::as_array).cloned().unwrap_or_default();
        self.check(self.facts.lock().history(arn, &events));
        Some(told)
    }

    fn some_execution(&self) -> Option<String> {
        let count = self.facts.lock().started.len() as u64;
        let at = usize::try_from(self.below(count)).unwrap_or(0);
        self.facts.lock().started.keys().nth(at).cloned()
    }

    fn started(&self, machine: &str, answer: &Value, fresh: bool) {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let Some(arn) = text("executionArn") else {
            return self.violation(format!("a start without an ARN: {answer}"));
        };
        let start_date = answer.get("startDate").map(Value::to_string).unwrap_or_default();
        let started = Started { machine: machine.to_owned(), start_date };
        self.check(self.facts.lock().start(&arn, started, fresh));
    }

    /// A start with a name is repeated until it is acknowledged, and sometimes after.
    async fn start_named(&self, name: String) {
        let at = usize::try_from(self.below(STANDARD.len() as u64)).unwrap_or(0);
        let machine = STANDARD.get(at).copied().unwrap_or("flow");
        let body = json!({ "stateMachineArn": machine_arn(machine), "name": name,
            "input": json!({ "items": [1, 2, 3], "name": name }).to_string() });
        for _ in 0..1 + self.below(2) {
            match self.insist("StartExecution", &body, true).await {
                Answer::Done(answer) => self.started(machine, &answer, false),
                // It is closed by now, and was started by a try that was not answered.
                Answer::Refused(told) if told.starts_with("ExecutionAlreadyExists") => {}
                Answer::Refused(told) => self.violation(format!("StartExecution {body}: {told}")),
                Answer::Unknown => {}
            }
        }
    }

    async fn start_unnamed(&self) {
        let body = json!({ "stateMachineArn": machine_arn("flow"),
            "input": json!({ "items": [] }).to_string() });
        let marks = self.facts.lock().marks.clone();
        if let Answer::Done(answer) = self.once("StartExecution", &body, true).await {
            self.started("flow", &answer, true);
            let arn = answer.get("executionArn").and_then(Value::as_str).unwrap_or_default();
            self.check(self.facts.lock().id(arn, &marks));
        }
    }

    async fn start_express(&self) {
        let sync = self.one_in(2);
        let kind = if sync { "sync" } else { "async" };
        let operation = if sync { "StartSyncExecution" } else { "StartExecution" };
        let body = json!({ "stateMachineArn": machine_arn(kind) });
        if let Answer::Done(answer) = self.once(operation, &body, true).await
            && let Some(arn) = answer.get("executionArn").and_then(Value::as_str)
            && !sync
        {
            self.facts.lock().express.insert(arn.to_owned());
        }
    }

    async fn stop(&self) {
        if let Some(arn) = self.some_execution() {
            let body = json!({ "executionArn": arn, "error": "Stopped" });
            self.once("StopExecution", &body, true).await;
        }
    }

    async fn redrive(&self) {
        if let Some(arn) = self.some_execution() {
            let body = json!({ "executionArn": arn });
            if let Answer::Done(_) = self.once("RedriveExecution", &body, true).await {
                store::probe::sometimes("redrive");
            }
        }
    }

    async fn publish(&self, number: u64) {
        let body = json!({ "stateMachineArn": machine_arn("child"),
            "description": number.to_string() });
        if let Answer::Done(told) = self.once("PublishStateMachineVersion", &body, true).await
            && let Some(arn) = told.get("stateMachineVersionArn").and_then(Value::as_str)
        {
            self.facts.lock().versions.insert(arn.to_owned());
        }
    }

    async fn list(&self) {
        let machine = STANDARD.first().copied().unwrap_or("flow");
        let body = json!({ "stateMachineArn": machine_arn(machine) });
        self.once("ListExecutions", &body, false).await;
    }

    /// Settles a token, now and then twice with different results.
    async fn settle(&self, token: Token) {
        for _ in 0..1 + u64::from(self.one_in(3)) {
            let result = format!("result-{}", self.below(u64::MAX));
            let fails = !self.is_calm() && self.one_in(6);
            let (operation, body) = match fails {
                true => (
                    "SendTaskFailure",
                    json!({ "taskToken": token.token, "error": "E", "cause": result }),
                ),
                false => (
                    "SendTaskSuccess",
                    json!({ "taskToken": token.token, "output": format!("\"{result}\"") }),
                ),
            };
            match self.insist(operation, &body, true).await {
                Answer::Done(_) => self.check(self.facts.lock().settle(&token, &result)),
                Answer::Refused(told) if told.starts_with("TaskTimedOut") => {}
                Answer::Refused(told) => self.violation(format!("{operation} {body}: {told}")),
                Answer::Unknown => self.facts.lock().tokens.push(token.clone()),
            }
        }
    }

    /// Takes a task of the activity, and works on it for a while.
    async fn work(&self) {
        let body = json!({ "activityArn": definitions::activity_arn() });
        let Answer::Done(task) = self.once("GetActivityTask", &body, true).await else { return };
        let Some(token) = task.get("taskToken").and_then(Value::as_str) else { return };
        let input = task.get("input").and_then(Value::as_str).unwrap_or_default();
        let input: Value = serde_json::from_str(input).unwrap_or_default();
        let arn = input.get("arn").and_then(Value::as_str).unwrap_or_default();
        let token = Token { token: token.to_owned(), arn: arn.to_owned() };
        if !self.facts.lock().handed.insert(token.token.clone()) {
            self.violation(format!("a task of {arn} was given to two workers"));
        }
        for _ in 0..self.below(3) {
            self.rest(500, 4_000).await;
            self.once("SendTaskHeartbeat", &json!({ "taskToken": token.token }), true).await;
        }
        self.settle(token).await;
    }
}

/// A client that starts, looks, stops and redrives until nothing fails any more.
pub(crate) async fn client(world: Arc<World>, number: u64) {
    for turn in 0.. {
        world.rest(100, 2_500).await;
        if world.is_calm() {
            return;
        }
        match world.below(16) {
            0..5 => world.start_named(format!("e-{number}-{turn}")).await,
            5..7 => world.start_unnamed().await,
            7..9 => world.start_express().await,
            9 => world.stop().await,
            10 => world.redrive().await,
            11 => world.publish(number * 1_000 + turn).await,
            12 => world.list().await,
            _ => {
                if let Some(arn) = world.some_execution() {
                    world.observe(&arn).await;
                }
            }
        }
    }
}

/// A worker of the activity, until the end.
pub(crate) async fn worker(world: Arc<World>) {
    loop {
        world.work().await;
        world.rest(20, 900).await;
    }
}

/// Whoever holds tokens, until the end.
pub(crate) async fn settler(world: Arc<World>) {
    loop {
        world.rest(20, 1_500).await;
        let token = {
            let count = world.facts.lock().tokens.len() as u64;
            let at = usize::try_from(world.below(count)).unwrap_or(0);
            let mut facts = world.facts.lock();
            (count > 0).then(|| facts.tokens.swap_remove(at))
        };
        if let Some(token) = token {
            world.settle(token).await;
        }
    }
}
