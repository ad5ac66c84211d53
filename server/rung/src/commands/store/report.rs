//! `rung store repair-report`: what is damaged, whose it is, what is lost, and what to do.

use console::style;
use serde_json::{Value, json};
use stepfunctions::damage::{self, Named};
use store::check::Findings;
use store::engine::{Engine, EngineError};

use crate::ui::text;

const PARTITION_NEXT: &str = "restore the last backup; the other partitions go on";

/// One thing that is damaged.
pub(crate) struct Entry {
    place: String,
    damage: String,
    named: Named,
}

/// Names everything that the check has named.
pub(crate) fn entries(engine: &dyn Engine, findings: &Findings) -> Result<Vec<Entry>, EngineError> {
    let (snapshot, families) = (engine.snapshot()?, engine.families()?);
    let mut entries = Vec::new();
    for family in &findings.families {
        for (key, damage) in &family.named {
            let named = damage::name(snapshot.as_ref(), &families, (&family.name, key))?;
            let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
            let place = format!("{} {key}", family.name);
            entries.push(Entry { place, damage: damage.clone(), named });
        }
    }
    for log in &findings.logs {
        if let Some(evidence) = &log.evidence {
            let named = Named {
                of: None,
                row: "the log of a partition",
                lost: "what is only in the log; its executions answer with a 500",
                next: PARTITION_NEXT,
            };
            let place = format!("partition {}", log.partition);
            entries.push(Entry { place, damage: evidence.clone(), named });
        }
    }
    Ok(entries)
}

pub(crate) fn lines(entries: &[Entry], findings: &Findings) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in entries {
        let Named { of, row, lost, next } = &entry.named;
        let of = of.as_deref().unwrap_or(&entry.place);
        lines.push(format!("{} {of}", text::bad()));
        lines.push(format!("    what   {row}: {} ({})", entry.damage, entry.place));
        lines.push(format!("    lost   {lost}"));
        lines.push(format!("    {}   {next}", style("next").bold()));
    }
    match unnamed(entries, findings) {
        0 if entries.is_empty() => lines.push(format!("{} nothing is damaged", text::good())),
        0 => {}
        more => lines.push(format!("and {more} more damaged rows")),
    }
    lines
}

pub(crate) fn json(entries: &[Entry], findings: &Findings) -> Value {
    let damaged: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "of": entry.named.of,
                "what": entry.named.row,
                "place": entry.place,
                "damage": entry.damage,
                "lost": entry.named.lost,
                "next": entry.named.next,
            })
        })
        .collect();
    json!({ "sound": findings.is_sound(), "damaged": damaged, "more": unnamed(entries, findings) })
}

/// Damaged rows that the check counted and did not name.
fn unnamed(entries: &[Entry], findings: &Findings) -> u64 {
    let rows: u64 = findings.families.iter().map(|family| family.damaged).sum();
    let logs = findings.logs.iter().filter(|log| log.evidence.is_some()).count();
    (rows + logs as u64).saturating_sub(entries.len() as u64)
}
