//! What a damaged row was, in words: for reports on a store that no server runs on.

use bytes::Bytes;
use store::engine::{EngineError, Order, Snapshot};

use crate::records::{
    self, ACTIVITIES, DEFINITIONS, EXPRESS, ExecutionId, INDEX_OPEN, KEYS, ListRecord, MACHINES,
    MachineRecord, OPEN, Row, StartRecord,
};

/// Rows of a list that are looked through at once.
const ROWS_AT_ONCE: usize = 1_000;

/// One damaged row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Whose it is, as an ARN where that can still be found out.
    pub of: Option<String>,
    /// What the row holds.
    pub row: &'static str,
    pub lost: &'static str,
    pub next: &'static str,
}

const RESTORE: &str = "restore the last backup, or stop the execution and start it again";
const UPDATE: &str = "restore the last backup, or create it again under its name";

/// Says what a damaged row was. `families` are those of the store.
pub fn name(
    snapshot: &dyn Snapshot,
    families: &[String],
    (family, key): (&str, &Bytes),
) -> Result<Named, EngineError> {
    let (row, lost, next) = match family {
        MACHINES => ("a state machine", "its definition, versions and aliases", UPDATE),
        ACTIVITIES => ("an activity", "its settings; its tasks are elsewhere", UPDATE),
        DEFINITIONS => ("a definition", "executions that use it cannot go on", RESTORE),
        KEYS => ("a secret", "task tokens given out before", "restore the last backup"),
        EXPRESS => ("an Express execution", "it is not started again", "start it again"),
        _ if family.starts_with("index_") => {
            ("a list item", "one line of ListExecutions", "restore the last backup")
        }
        _ if family == OPEN || family.starts_with("day_") => row_of_execution(key),
        _ => ("a row of another service", "what it held", "restore the last backup"),
    };
    let of = match family {
        MACHINES | ACTIVITIES => records::owner_of_key(key)
            .map(|(account, region, name)| owned(family, account, region, name)),
        DEFINITIONS | KEYS | EXPRESS => None,
        _ => match execution_of(family, key) {
            Some(id) => Some(execution(snapshot, families, id)?),
            None => None,
        },
    };
    Ok(Named { of, row, lost, next })
}

fn owned(family: &str, account: &str, region: &str, name: &str) -> String {
    let kind = if family == MACHINES { "stateMachine" } else { "activity" };
    format!("arn:aws:states:{region}:{account}:{kind}:{name}")
}

/// The byte after the slot says what a row of an execution is.
fn row_of_execution(key: &[u8]) -> (&'static str, &'static str, &'static str) {
    let kind = key.get(2).copied().unwrap_or_default();
    let is = |row: Row| row as u8 == kind;
    if is(Row::Start) {
        ("the start of an execution", "its input, and what it runs; it cannot go on", RESTORE)
    } else if is(Row::Head) {
        ("the state of an execution", "its status and output; it cannot go on", RESTORE)
    } else if is(Row::Frame) {
        ("a state that is running", "its variables and input; it cannot go on", RESTORE)
    } else if is(Row::Chunk) {
        ("a part of a history", "these events", "restore the last backup; the execution goes on")
    } else if is(Row::Name) {
        ("a name", "whether it is taken", "restore the last backup, or use another name")
    } else if is(Row::Timer) {
        ("a timer", "the moment at which it wakes", RESTORE)
    } else if is(Row::Task) || is(Row::Effect) {
        ("a task under way", "its lease; its result is not taken", RESTORE)
    } else if is(Row::MapRun) || is(Row::MapPlan) || is(Row::MapRunOf) {
        ("a map run", "how far it came", RESTORE)
    } else {
        ("a row of an execution", "what it held", RESTORE)
    }
}

fn execution_of(family: &str, key: &[u8]) -> Option<ExecutionId> {
    if family.starts_with("index_") {
        return records::listed_of_key(key);
    }
    // A name is no number, and a timer's is behind its moment.
    match *key.get(2)? {
        kind if kind == Row::Name as u8 => None,
        kind if kind == Row::Timer as u8 => records::timer_of_key(key).map(|(_, id, _, _)| id),
        _ => Some(u64::from_be_bytes(key.get(3..11)?.try_into().ok()?)),
    }
}

/// By its start; when that is damaged too, by its place in a list.
fn execution(
    snapshot: &dyn Snapshot,
    families: &[String],
    id: ExecutionId,
) -> Result<String, EngineError> {
    let key = records::start_key(id);
    for family in families.iter().filter(|family| *family == OPEN || family.starts_with("day_")) {
        if let Some(row) = snapshot.get(family, &key)?
            && let Ok(start) = records::from_row::<StartRecord>(Row::Start, &key, &row)
        {
            return Ok(start.about.execution_arn.clone());
        }
    }
    for family in families.iter().filter(|f| *f == INDEX_OPEN || f.starts_with("index_day_")) {
        let found = find(snapshot, family, |key| records::listed_of_key(key) == Some(id))?;
        if let Some((key, row)) = found
            && let Ok(item) = records::from_row::<ListRecord>(Row::ListItem, &key, &row)
        {
            return in_machine(snapshot, &key, &item.name);
        }
    }
    Ok(format!("execution number {id}"))
}

/// The ARN of an execution by its name and the list that it is in.
fn in_machine(snapshot: &dyn Snapshot, list_key: &[u8], name: &str) -> Result<String, EngineError> {
    let list = records::list_of_key(list_key);
    let mut range = Bytes::new()..Bytes::new();
    loop {
        let rows = snapshot.scan(MACHINES, &range, Order::Forward, ROWS_AT_ONCE)?;
        for (key, row) in &rows {
            let machine = records::from_row::<MachineRecord>(Row::Machine, key, row);
            if let Ok(machine) = machine
                && Some(machine.incarnation) == list
                && let Some((account, region, of)) = records::owner_of_key(key)
            {
                return Ok(format!("arn:aws:states:{region}:{account}:execution:{of}:{name}"));
            }
        }
        match rows.last() {
            Some((last, _)) if rows.len() == ROWS_AT_ONCE => {
                range.start = [&last[..], &[0]].concat().into();
            }
            _ => return Ok(format!("the execution `{name}`")),
        }
    }
}

fn find(
    snapshot: &dyn Snapshot,
    family: &str,
    is_it: impl Fn(&[u8]) -> bool,
) -> Result<Option<(Bytes, Bytes)>, EngineError> {
    let mut range = Bytes::new()..Bytes::new();
    loop {
        let rows = snapshot.scan(family, &range, Order::Forward, ROWS_AT_ONCE)?;
        let last = rows.last().map(|(key, _)| key.clone());
        let is_whole = rows.len() < ROWS_AT_ONCE;
        if let Some(found) = rows.into_iter().find(|(key, _)| is_it(key)) {
            return Ok(Some(found));
        }
        match last {
            Some(last) if !is_whole => range.start = [&last[..], &[0]].concat().into(),
            _ => return Ok(None),
        }
    }
}
