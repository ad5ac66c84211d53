//! ListExecutions (SFN-EXEC-40…45, SFN-PAGE-6): the running ones by start, then the closed ones by
//! stop, newest first. Never a sort: each family is in that order already.

mod cursor;

use std::collections::BTreeMap;
use std::ops::Range;

use bytes::Bytes;
use cursor::{Cursor, RUNNING, running_key};
use identity::Caller;
use resource::arn::execution::ExecutionArn;
use resource::arn::map_run::MapRunArn;
use resource::arn::state_machine::{Qualifier, StateMachineArn};
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use store::engine::Order;
use tokio::task::JoinSet;
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::execution::Status;

use super::list_map_runs::labelled;
use super::page::{EXECUTIONS_TOKEN_CHARS_MAX, Opened, Page};
use crate::faults;
use crate::map_runs::PENDING_REDRIVE;
use crate::records::{self, ListRecord, MachineRecord, MachineType, MapRunId, MapRunRecord, Row};
use crate::service::Service;
use crate::shapes::Timestamp;

/// As AWS prints the set (SFN-ERR-13).
const STATUSES: [&str; 6] =
    ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"];
/// Rows read at once while a filter looks for its next item.
const ROWS_PER_SCAN: usize = 1_001;

pub(crate) struct ListExecutions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_arn: Option<String>,
    map_run_arn: Option<String>,
    status_filter: Option<String>,
    redrive_filter: Option<String>,
    max_results: Option<i32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    executions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Timestamp>,
}

impl Operation<Service> for ListExecutions {
    const NAME: &'static str = "ListExecutions";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let arn = input.state_machine_arn.clone().unwrap_or_default();
        let status = input.status_filter.clone().unwrap_or_default();
        let map_run = input.map_run_arn.clone().unwrap_or_default();
        let redrive = input.redrive_filter.clone().unwrap_or_default();
        let arguments = match map_run.as_str() {
            "" => vec![arn.as_str(), status.as_str()],
            map_run => vec![map_run, status.as_str(), redrive.as_str()],
        };
        let page = Page::new(
            Self::NAME,
            caller,
            &arguments,
            input.max_results,
            EXECUTIONS_TOKEN_CHARS_MAX,
        );
        let next_token = input.next_token.clone();
        let page = page.at(constraints(&input), next_token, service.host.now_ms())?;
        check(&input)?;
        if input.map_run_arn.is_some() {
            let owner = map_run_owner(service, caller, input.map_run_arn)?;
            let listing = Listing { service, owner, status: &status, redrive: &redrive };
            let (executions, next_token) = listing.page(&page).await?;
            return Ok(Output { executions, next_token });
        }
        let (qualifier, _, machine) = super::find_machine(service, caller, &arn)?;
        if machine.kind == MachineType::Express {
            return Err(faults::machine_type_not_supported());
        }
        let owner = Owner::Machine { machine: &machine, qualifier: &qualifier };
        let listing = Listing { service, owner, status: &status, redrive: "" };
        let (items, next_token) = listing.page(&page).await?;
        Ok(Output { executions: items, next_token })
    }
}

fn constraints(input: &Input) -> Constraints {
    Constraints::new()
        .text_len("stateMachineArn", &input.state_machine_arn, 1, super::ARN_CHARS_MAX)
        .one_of("statusFilter", &input.status_filter, &STATUSES)
        .text_len("mapRunArn", &input.map_run_arn, 1, super::LONG_ARN_CHARS_MAX)
        .one_of("redriveFilter", &input.redrive_filter, &["REDRIVEN", "NOT_REDRIVEN"])
}

/// Which members go together (SFN-EXEC-42).
fn check(input: &Input) -> Result<(), Fault> {
    match (&input.state_machine_arn, &input.map_run_arn) {
        (Some(_), None) => {}
        (None, Some(_)) => return Ok(()),
        _ => {
            return Err(Fault::validation(
                "Must provide exactly one of the following: StateMachine ARN, MapRun ARN",
            ));
        }
    }
    if input.redrive_filter.is_some() {
        return Err(Fault::validation(
            "RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN",
        ));
    }
    if input.status_filter.as_deref() == Some("PENDING_REDRIVE") {
        return Err(Fault::validation(
            "PENDING_REDRIVE StatusFilter cannot be applied to ListExecutions call with \
             StateMachine ARN",
        ));
    }
    Ok(())
}

/// One machine's or map run's executions through a filter.
struct Listing<'a> {
    service: &'a Service,
    owner: Owner<'a>,
    status: &'a str,
    redrive: &'a str,
}

/// Whose executions are listed.
enum Owner<'a> {
    Machine { machine: &'a MachineRecord, qualifier: &'a Qualifier },
    MapRun { run: MapRunId, arn: MapRunArn, record: Option<Box<MapRunRecord>> },
}

impl Owner<'_> {
    /// What their lists are kept under, and since when there can be any.
    fn list(&self) -> (u64, i64) {
        match self {
            Owner::Machine { machine, .. } => (machine.incarnation, machine.creation_ms),
            Owner::MapRun { run, record, .. } => {
                (*run, record.as_ref().map_or(0, |record| record.start_ms))
            }
        }
    }

    /// A child that its run has yet to redrive is of a status of its own (SFN-SEM-25).
    fn status_of(&self, item: &ListRecord) -> &'static str {
        match self {
            Owner::MapRun { record: Some(record), .. }
                if !matches!(item.status, Status::Running | Status::Succeeded)
                    && record.pends(item.run_redrive) =>
            {
                PENDING_REDRIVE
            }
            _ => item.status.text(),
        }
    }
}

fn map_run_owner(
    service: &Service,
    caller: &Caller,
    arn: Option<String>,
) -> Result<Owner<'static>, Fault> {
    let (run, arn) = super::find_map_run(service, caller, arn)?;
    let record = service.find_map_run(run).map_err(faults::from_unreadable)?;
    let record = record.map(Box::new);
    let arn = MapRunArn::parse(&arn).map_err(faults::from_arn)?;
    Ok(Owner::MapRun { run, arn, record })
}

impl Listing<'_> {
    async fn page(&self, page: &Opened) -> Result<(Vec<Item>, Option<String>), Fault> {
        let now_ms = self.service.host.now_ms();
        let mut at = match &page.cursor {
            Some(cursor) => Cursor::from_bytes(cursor)
                .filter(|at| self.has(at, now_ms))
                .ok_or_else(faults::invalid_token)?,
            None => Cursor::first(),
        };
        let mut items = Vec::new();
        if at.day == RUNNING {
            if let Some(next) = self.running(&mut at, page.limit, &mut items).await? {
                return Ok((items, Some(page.next(&next))));
            }
            // The clock may have fallen over midnight since one closed.
            (at.day, at.key) = (records::day_of(now_ms) + 1, Bytes::new());
        }
        let first_day = records::day_of(self.owner.list().1) - 1;
        let first_day = first_day.max(self.service.first_day_kept());
        while at.day >= first_day && self.status != "RUNNING" {
            if let Some(next) = self.closed(&at, page.limit, &mut items)? {
                return Ok((items, Some(page.next(&next))));
            }
            (at.day, at.key) = (at.day - 1, Bytes::new());
        }
        Ok((items, None))
    }

    /// Whether a cursor is within these lists. A token proves nothing: one made up opens no other
    /// owner's lists and asks for no days that never were.
    fn has(&self, at: &Cursor, now_ms: i64) -> bool {
        let (list, since_ms) = self.owner.list();
        let days = records::day_of(since_ms) - 1..=records::day_of(now_ms) + 1;
        let in_time = at.day == RUNNING || days.contains(&at.day);
        in_time && records::list_of(list).contains(&at.key)
    }

    /// Adds the running ones, until the page is full: then the next page's cursor comes back.
    async fn running(
        &self,
        at: &mut Cursor,
        limit: usize,
        items: &mut Vec<Item>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let (all, running) = (self.status.is_empty(), self.status == "RUNNING");
        if !all && !running {
            return Ok(None);
        }
        let read_ms = self.service.host.now_ms();
        if all {
            self.service.catch_up().await;
        }
        let mut found = self.read_running(&at.key, limit)?;
        if all {
            self.add_just_closed(&at.key, read_ms, limit, &mut found)?;
        }
        let next = found.keys().nth(limit).cloned();
        if all {
            at.marks.add(read_ms, next.as_ref());
        }
        items.extend(found.into_values().take(limit).map(|record| self.to_item(record)));
        Ok(next.map(|next| at.to_bytes(&next)))
    }

    /// Running ones from a key on, one more than fit.
    fn read_running(
        &self,
        from: &Bytes,
        limit: usize,
    ) -> Result<BTreeMap<Bytes, ListRecord>, Fault> {
        let mut found = BTreeMap::new();
        self.each(records::INDEX_OPEN, self.range_from(from), |key, record| {
            found.insert(key.clone(), record);
            found.len() <= limit
        })?;
        Ok(found)
    }

    /// What ran when the page was begun and closed before its rows were read belongs to it too:
    /// the pages of closed ones leave it out.
    fn add_just_closed(
        &self,
        from: &Bytes,
        read_ms: i64,
        limit: usize,
        found: &mut BTreeMap<Bytes, ListRecord>,
    ) -> Result<(), Fault> {
        let last = found.keys().nth(limit).cloned();
        let now_ms = self.service.host.now_ms();
        for day in records::day_of(read_ms)..=records::day_of(now_ms) + 1 {
            let range = records::list_since(self.owner.list().0, read_ms);
            self.each(&records::index_day_family(day), range, |key, record| {
                let running = running_key(key, &record).filter(|running| {
                    running >= from && last.as_ref().is_none_or(|last| running < last)
                });
                if let Some(running) = running {
                    found.entry(running).or_insert(record);
                }
                true
            })?;
        }
        Ok(())
    }

    /// Adds what closed on a day, until the page is full: then the next page's cursor comes back.
    fn closed(
        &self,
        at: &Cursor,
        limit: usize,
        items: &mut Vec<Item>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let mut next = None;
        self.each(&records::index_day_family(at.day), self.range_from(&at.key), |key, record| {
            if at.marks.showed(key, &record) {
                return true;
            }
            if items.len() >= limit {
                next = Some(at.to_bytes(key));
                return false;
            }
            items.push(self.to_item(record));
            true
        })?;
        Ok(next)
    }

    fn range_from(&self, from: &Bytes) -> Range<Bytes> {
        let mut range = records::list_of(self.owner.list().0);
        if !from.is_empty() {
            range.start = from.clone();
        }
        range
    }

    /// Shows every item of a range that the filters let through, until `see` has enough.
    fn each(
        &self,
        family: &str,
        mut range: Range<Bytes>,
        mut see: impl FnMut(&Bytes, ListRecord) -> bool,
    ) -> Result<(), Fault> {
        loop {
            let rows = self
                .service
                .store
                .scan_all(family, range.clone(), Order::Forward, ROWS_PER_SCAN)
                .map_err(faults::from_read)?;
            for (key, row) in &rows {
                let record: ListRecord =
                    records::from_row(Row::ListItem, key, row).map_err(faults::from_unreadable)?;
                if self.lists(&record) && !see(key, record) {
                    return Ok(());
                }
            }
            match rows.last() {
                Some((last, _)) if rows.len() == ROWS_PER_SCAN => {
                    range.start = [&last[..], &[0]].concat().into();
                }
                _ => return Ok(()),
            }
        }
    }

    fn lists(&self, record: &ListRecord) -> bool {
        let by_status = self.status.is_empty() || self.owner.status_of(record) == self.status;
        let by_redrive = match self.redrive {
            "REDRIVEN" => record.redrive_count > 0,
            "NOT_REDRIVEN" => record.redrive_count == 0,
            _ => true,
        };
        let by_qualifier = match &self.owner {
            Owner::MapRun { .. } => record.item_count.is_some(),
            Owner::Machine { qualifier, .. } => match qualifier {
                Qualifier::Unqualified | Qualifier::Label(_) => true,
                Qualifier::Version(number) => record.version == Some(*number),
                Qualifier::Alias(name) => record.alias.as_ref() == Some(name),
            },
        };
        by_status && by_redrive && by_qualifier
    }

    fn to_item(&self, record: ListRecord) -> Item {
        let (execution_arn, state_machine_arn, map_run_arn) = match &self.owner {
            Owner::Machine { machine, .. } => {
                let arn = &machine.arn;
                let execution_arn = match StateMachineArn::parse(arn) {
                    Ok(machine) => ExecutionArn::standard(&machine, &record.name).to_string(),
                    Err(_) => record.name.clone(),
                };
                (execution_arn, arn.clone(), None)
            }
            Owner::MapRun { arn, .. } => {
                let map_run_arn = arn.to_string();
                (child_arn(arn, &record), labelled(&map_run_arn), Some(map_run_arn))
            }
        };
        let status = self.owner.status_of(&record);
        let stop_ms = record.stop_ms.filter(|_| record.status != Status::Running);
        let qualified = |qualifier: String| format!("{state_machine_arn}:{qualifier}");
        Item {
            execution_arn,
            name: record.name,
            status,
            start_date: Timestamp::from_ms(record.start_ms),
            stop_date: stop_ms.map(Timestamp::from_ms),
            item_count: record.item_count.filter(|_| map_run_arn.is_some()),
            map_run_arn,
            state_machine_version_arn: record.version.map(|it| qualified(it.to_string())),
            state_machine_alias_arn: record.alias.map(qualified),
            state_machine_arn,
            redrive_count: record.redrive_count,
            redrive_date: record.redrive_ms.map(Timestamp::from_ms),
        }
    }
}

fn child_arn(run: &MapRunArn, record: &ListRecord) -> String {
    let machine = StateMachineArn::new(run.home.clone(), run.state_machine.clone());
    let arn = match &record.express_run {
        Some(second) => {
            let first = record.name.split(':').next().unwrap_or_default();
            ExecutionArn::express(&machine, first, second.as_str())
        }
        None => ExecutionArn::standard(&machine, &*record.name),
    };
    arn.child_of(&*run.label).to_string()
}

impl Service {
    /// Waits until everything that was staged before is there to be read.
    async fn catch_up(&self) {
        let mut waits = JoinSet::new();
        for partition in 0..self.store.partition_count() {
            let store = self.store.clone();
            waits.spawn_on(
                async move {
                    // A partition that is stopped has nothing more to come.
                    let _ = store.commit(partition, |_| ()).await;
                },
                &self.runtime,
            );
        }
        waits.join_all().await;
    }
}
