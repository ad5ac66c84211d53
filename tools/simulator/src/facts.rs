//! What clients were told, and what has to be true because of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A task token in somebody's hands.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) token: String,
    /// The execution that it belongs to.
    pub(crate) arn: String,
}

/// A start that was acknowledged.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Started {
    pub(crate) machine: String,
    pub(crate) start_date: String,
}

#[derive(Default)]
pub(crate) struct Facts {
    /// By ARN.
    pub(crate) started: BTreeMap<String, Started>,
    /// The highest id that was acknowledged, in each partition.
    pub(crate) marks: BTreeMap<bool, u64>,
    /// ARNs of asynchronous Express executions whose start was acknowledged.
    pub(crate) express: BTreeSet<String>,
    /// Calls of functions, by execution.
    pub(crate) calls: BTreeMap<String, usize>,
    /// Idempotency keys of calls that were sent.
    pub(crate) keys: BTreeSet<String>,
    /// Tokens of activity tasks that a worker was given.
    pub(crate) handed: BTreeSet<String>,
    /// Tokens that nobody has settled for certain.
    pub(crate) tokens: Vec<Token>,
    /// Results that were acknowledged, by token.
    pub(crate) results: BTreeMap<String, (Token, String)>,
    /// Events that a reader saw.
    pub(crate) histories: BTreeMap<String, Vec<String>>,
    /// What closed executions looked like to a reader, and how often each was redriven then.
    pub(crate) closed: BTreeMap<String, (u64, String)>,
    /// Machine versions whose publication was acknowledged.
    pub(crate) versions: BTreeSet<String>,
}

/// The id in the name of an execution that nobody named: which half of the slots it is of, and
/// what rises in it.
pub(crate) fn id_of(arn: &str) -> Option<(bool, u64)> {
    let groups: Vec<&str> = arn.rsplit(':').next()?.split('-').collect();
    let [first, second, third, fourth, _] = groups.as_slice() else { return None };
    let head = format!("{first}{second}{}", third.get(1..)?);
    let low = u64::from_str_radix(fourth, 16).ok()? >> 10 & 0xF;
    let id = u64::from_str_radix(&head, 16).ok()? << 4 | low;
    Some((id >> 63 == 1, id & ((1 << 54) - 1)))
}

/// Why what is told now cannot be, after what was told before.
pub(crate) type Contradiction = Result<(), String>;

impl Facts {
    /// An id was acknowledged for a request that was made when `marks` were the highest.
    pub(crate) fn id(&mut self, arn: &str, marks: &BTreeMap<bool, u64>) -> Contradiction {
        let Some((half, id)) = id_of(arn) else { return Err(format!("no id is in {arn}")) };
        let mark = self.marks.entry(half).or_default();
        *mark = id.max(*mark);
        match marks.get(&half) {
            Some(before) if id <= *before => Err(format!("the id of {arn} is not above {before}")),
            _ => Ok(()),
        }
    }

    /// A start was acknowledged; `fresh` if no two of them can be the same.
    pub(crate) fn start(&mut self, arn: &str, started: Started, fresh: bool) -> Contradiction {
        match self.started.insert(arn.to_owned(), started.clone()) {
            Some(_) if fresh => Err(format!("two executions are called {arn}")),
            Some(before) if before != started => Err(format!(
                "{arn} began twice: at {} and at {}",
                before.start_date, started.start_date
            )),
            _ => Ok(()),
        }
    }

    /// A result was acknowledged.
    pub(crate) fn settle(&mut self, token: &Token, result: &str) -> Contradiction {
        let told = (token.clone(), result.to_owned());
        match self.results.insert(token.token.clone(), told) {
            Some((_, before)) if before != result => {
                Err(format!("a token of {} took two results: {before}, {result}", token.arn))
            }
            _ => Ok(()),
        }
    }

    /// A reader saw a history: one line of events that goes on from what was seen before.
    pub(crate) fn history(&mut self, arn: &str, events: &[Value]) -> Contradiction {
        let mut last_ms = f64::MIN;
        for (number, event) in (1_u64..).zip(events) {
            let id = event.get("id").and_then(Value::as_u64);
            let previous = event.get("previousEventId").and_then(Value::as_u64);
            let at = event.get("timestamp").and_then(Value::as_f64).unwrap_or_default();
            if id != Some(number) || previous.is_none_or(|previous| previous >= number) {
                return Err(format!("the history of {arn} has a gap before {event}"));
            }
            if at < last_ms {
                return Err(format!("time goes back in the history of {arn} at {event}"));
            }
            last_ms = at;
        }
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let seen = self.histories.entry(arn.to_owned()).or_default();
        if let Some((before, now)) = seen.iter().zip(&lines).find(|(before, now)| before != now) {
            return Err(format!("the history of {arn} changed: {before} became {now}"));
        }
        if seen.len() > lines.len() {
            return Err(format!("the history of {arn} lost {:?}", seen.get(lines.len())));
        }
        *seen = lines;
        Ok(())
    }

    /// A reader saw an execution: once closed it stays as it is, but for a redrive.
    pub(crate) fn description(&mut self, arn: &str, told: &Value) -> Contradiction {
        let redrives = told.get("redriveCount").and_then(Value::as_u64).unwrap_or_default();
        let member = |name: &str| told.get(name).cloned().unwrap_or_default();
        let now = format!("{} {} {}", member("status"), member("stopDate"), member("output"));
        if let Some((before_redrives, before)) = self.closed.get(arn)
            && *before_redrives == redrives
            && *before != now
        {
            return Err(format!("{arn} was closed as {before} and is now {now}"));
        }
        if member("status") != "RUNNING" {
            self.closed.insert(arn.to_owned(), (redrives, now));
        }
        Ok(())
    }
}
