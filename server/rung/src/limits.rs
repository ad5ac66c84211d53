//! The `limits` of `rung.toml`: AWS's quotas or the relaxed ones, and each by itself.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use stepfunctions::notices::with_notices;
use stepfunctions::quotas::Quotas;

/// What `relaxed` allows in place of AWS's quotas.
const HISTORY_EVENTS_RELAXED: u64 = 1_000_000;
const PAYLOAD_BYTES_RELAXED: u64 = 6 << 20;
/// A body has room for its payload this many times: JSON in JSON grows by its escapes.
const BODY_PER_PAYLOAD: u64 = 4;
/// What may be asked for at most: a transition with its payloads has to fit into one batch of rows,
/// a body into the memory for bodies.
const PAYLOAD_BYTES_HIGHEST: u64 = 16 << 20;
const REQUEST_BYTES_HIGHEST: u64 = 256 << 20;
const HISTORY_EVENTS_HIGHEST: u64 = 10_000_000;
const COUNT_HIGHEST: u64 = 1_000_000_000;

/// Whether AWS's quotas hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    #[default]
    Strict,
    Relaxed,
}

/// `limits = "relaxed"`, or a table with single quotas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) mode: Mode,
    each: Each,
}

/// What stands in place of the mode's value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Each {
    mode: Mode,
    payload_bytes: Option<u64>,
    history_events: Option<u64>,
    request_bytes: Option<u64>,
    inline_map_concurrency: Option<u64>,
    open_executions: Option<u64>,
    state_machines: Option<u64>,
    activities: Option<u64>,
    open_map_runs: Option<u64>,
    map_run_children: Option<u64>,
    pollers: Option<u64>,
    versions: Option<u64>,
    aliases: Option<u64>,
}

impl Limits {
    /// Every number within its bounds.
    pub(crate) fn check(&self) -> Result<(), String> {
        let each = &self.each;
        for (name, value, most) in [
            ("payload_bytes", each.payload_bytes, PAYLOAD_BYTES_HIGHEST),
            ("history_events", each.history_events, HISTORY_EVENTS_HIGHEST),
            ("request_bytes", each.request_bytes, REQUEST_BYTES_HIGHEST),
            ("inline_map_concurrency", each.inline_map_concurrency, COUNT_HIGHEST),
            ("open_executions", each.open_executions, COUNT_HIGHEST),
            ("state_machines", each.state_machines, COUNT_HIGHEST),
            ("activities", each.activities, COUNT_HIGHEST),
            ("open_map_runs", each.open_map_runs, COUNT_HIGHEST),
            ("map_run_children", each.map_run_children, COUNT_HIGHEST),
            ("pollers", each.pollers, COUNT_HIGHEST),
            ("versions", each.versions, COUNT_HIGHEST),
            ("aliases", each.aliases, COUNT_HIGHEST),
        ] {
            if value.is_some_and(|value| !(1..=most).contains(&value)) {
                let value = value.unwrap_or_default();
                return Err(format!("limits.{name} {value} is not in 1..={most}"));
            }
        }
        Ok(())
    }

    /// The quotas of an execution.
    pub(crate) fn of_executions(&self) -> workflow::Limits {
        let aws = workflow::Limits::default();
        let (events, payload) = match self.mode {
            Mode::Strict => (aws.history_events_max, aws.payload_bytes_max),
            Mode::Relaxed => (HISTORY_EVENTS_RELAXED, size(PAYLOAD_BYTES_RELAXED)),
        };
        let each = &self.each;
        let concurrency = each.inline_map_concurrency.map(size);
        with_notices(workflow::Limits {
            history_events_max: each.history_events.unwrap_or(events),
            payload_bytes_max: each.payload_bytes.map_or(payload, size),
            inline_map_concurrency_max: concurrency.unwrap_or(aws.inline_map_concurrency_max),
            ..aws
        })
    }

    /// The quotas of everything else.
    pub(crate) fn quotas(&self) -> Quotas {
        let (aws, each) = (Quotas::default(), &self.each);
        let payload = self.of_executions().payload_bytes_max as u64;
        let body = size(payload.saturating_mul(BODY_PER_PAYLOAD)).max(aws.request_bytes_max);
        Quotas {
            open_executions_max: each.open_executions.unwrap_or(aws.open_executions_max),
            state_machines_max: each.state_machines.unwrap_or(aws.state_machines_max),
            activities_max: each.activities.unwrap_or(aws.activities_max),
            open_map_runs_max: each.open_map_runs.map_or(aws.open_map_runs_max, size),
            map_run_children_max: each.map_run_children.unwrap_or(aws.map_run_children_max),
            pollers_max: each.pollers.map_or(aws.pollers_max, size),
            versions_max: each.versions.map_or(aws.versions_max, size),
            aliases_max: each.aliases.map_or(aws.aliases_max, size),
            request_bytes_max: each.request_bytes.map_or(body, size),
        }
    }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Limits, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

/// A word, or a table.
struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Limits;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("`strict`, `relaxed` or a table of limits")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Limits, E> {
        let mode = match word {
            "strict" => Mode::Strict,
            "relaxed" => Mode::Relaxed,
            other => return Err(E::unknown_variant(other, &["strict", "relaxed"])),
        };
        Ok(Limits { mode, each: Each::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Limits, A::Error> {
        let each = Each::deserialize(MapAccessDeserializer::new(table))?;
        Ok(Limits { mode: each.mode, each })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Whole {
        limits: Limits,
    }

    fn read(text: &str) -> Limits {
        toml::from_str::<Whole>(text).expect(text).limits
    }

    #[test]
    fn the_default_is_awss() {
        let limits = Limits::default();
        assert_eq!(limits.of_executions().payload_bytes_max, 262_144);
        assert_eq!(limits.of_executions().payload_bytes_told, usize::MAX, "nothing to warn of");
        assert_eq!(limits.quotas().request_bytes_max, 1 << 20);
        assert_eq!(limits.quotas().open_executions_max, 1_000_000);
        assert_eq!(read("limits = \"strict\""), limits);
    }

    #[test]
    fn relaxed_lifts_sizes_and_warns() {
        let limits = read("limits = \"relaxed\"");
        let relaxed = limits.of_executions();
        assert_eq!((relaxed.payload_bytes_max, relaxed.history_events_max), (6 << 20, 1_000_000));
        assert_eq!(relaxed.payload_bytes_told, 209_712);
        assert_eq!(limits.quotas().request_bytes_max, 24 << 20);
        assert_eq!(limits.quotas().open_executions_max, 1_000_000);
    }

    #[test]
    fn each_by_itself() {
        let limits = read("[limits]\nmode = \"relaxed\"\npollers = 2\nrequest_bytes = 7000000\n");
        assert_eq!(limits.quotas().pollers_max, 2);
        assert_eq!(limits.quotas().request_bytes_max, 7_000_000);
        assert_eq!(limits.of_executions().payload_bytes_max, 6 << 20);
        assert!(limits.check().is_ok());
        assert!(read("[limits]\npollers = 0").check().is_err());
        assert!(read("[limits]\npayload_bytes = 100000000").check().is_err());
    }
}
