//! Looking at everything that an engine holds, without changing any of it: every row's envelope,
//! and every partition's log as recovery would read it.

use std::ops::Range;

use bytes::Bytes;

use crate::engine::{Claim, Engine, EngineError, Layout, Order, PartitionId, Snapshot};
use crate::envelope;
use crate::recovery;
use crate::witness::Witness;

/// Rows read at once.
const PAGE_ROWS: usize = 1000;
/// Damaged rows that are named; the others are counted.
const NAMED_MAX: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    pub families: Vec<FamilyFindings>,
    pub logs: Vec<LogFindings>,
}

/// One family, whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FamilyFindings {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    pub damaged: u64,
    /// The first of them: key and what is wrong.
    pub named: Vec<(Bytes, String)>,
}

/// One partition's log beyond the families.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFindings {
    pub partition: PartitionId,
    pub records: u64,
    /// Why it is not believed.
    pub evidence: Option<String>,
}

impl Findings {
    pub fn is_sound(&self) -> bool {
        self.families.iter().all(|family| family.damaged == 0)
            && self.logs.iter().all(|log| log.evidence.is_none())
    }

    pub fn rows(&self) -> u64 {
        self.families.iter().map(|family| family.rows).sum()
    }
}

/// Reads everything; `progress` hears which family is being read and how many rows of it so far.
pub fn check(
    engine: &dyn Engine,
    layout: &Layout,
    progress: &mut dyn FnMut(&str, u64),
) -> Result<Findings, EngineError> {
    let snapshot = engine.snapshot()?;
    let mut findings = Findings::default();
    for row in engine.partitions()? {
        findings.logs.push(check_log(engine, snapshot.as_ref(), layout, row)?);
    }
    for name in engine.families()? {
        let mut family = FamilyFindings { name, ..FamilyFindings::default() };
        let name = family.name.clone();
        each_row(snapshot.as_ref(), &name, &mut |key, value| {
            family.rows += 1;
            family.bytes += (key.len() + value.len()) as u64;
            // A row without a value says everything with its key.
            if !value.is_empty()
                && let Err(damage) = envelope::verify(key, value)
            {
                family.damaged += 1;
                if family.named.len() < NAMED_MAX {
                    family.named.push((key.clone(), damage.to_string()));
                }
            }
            if family.rows.is_multiple_of(PAGE_ROWS as u64) {
                progress(&name, family.rows);
            }
        })?;
        findings.families.push(family);
    }
    Ok(findings)
}

/// Why the next owner would not believe a partition's log as `snapshot` has it.
pub fn log(
    snapshot: &dyn Snapshot,
    engine: &dyn Engine,
    partition: PartitionId,
) -> Result<Option<String>, EngineError> {
    let rows = engine.partitions()?;
    let layout = engine.layout(Layout { cluster: 0, partitions: 1 })?;
    let Some(row) = rows.into_iter().find(|row| row.partition == partition) else {
        return Ok(Some("there is no such partition".to_owned()));
    };
    let claim = Claim { epoch: row.epoch + 1, ..row };
    recovery::doubt(snapshot, &layout, &claim, None)
}

fn check_log(
    engine: &dyn Engine,
    snapshot: &dyn Snapshot,
    layout: &Layout,
    row: Claim,
) -> Result<LogFindings, EngineError> {
    let partition = row.partition;
    let records = row.tail.saturating_sub(row.applied);
    let witness = engine.directory().and_then(|directory| Witness::open(directory, layout).ok());
    let testimony = witness.and_then(|witness| witness.testimony(partition));
    // As the next owner would read it.
    let claim = Claim { epoch: row.epoch + 1, ..row };
    let evidence = recovery::doubt(snapshot, layout, &claim, testimony)?;
    Ok(LogFindings { partition, records, evidence })
}

/// Every row of a family, in order.
pub(crate) fn each_row(
    snapshot: &dyn Snapshot,
    family: &str,
    act: &mut dyn FnMut(&Bytes, &Bytes),
) -> Result<(), EngineError> {
    let mut rest: Range<Bytes> = Bytes::new()..Bytes::new();
    loop {
        let rows = snapshot.scan(family, &rest, Order::Forward, PAGE_ROWS)?;
        let is_last = rows.len() < PAGE_ROWS;
        for (key, value) in &rows {
            act(key, value);
        }
        match rows.last() {
            Some((last, _)) if !is_last => rest.start = crate::table::after(last),
            _ => return Ok(()),
        }
    }
}
