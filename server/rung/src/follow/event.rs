//! A history event as `GetExecutionHistory` gives it (SFN-HIST-1), with what following needs.

use serde_json::Value;

#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) previous: u64,
    /// AWS's type, `TaskStateEntered`.
    pub(crate) kind: String,
    /// Seconds since the epoch.
    pub(crate) at: f64,
    /// The one details member, or null.
    details: Value,
}

impl Event {
    /// Reads one element of `events`; `None` when it is none.
    pub(crate) fn read(value: &Value) -> Option<Event> {
        let members = value.as_object()?;
        let details = members.iter().find(|(name, _)| name.ends_with("EventDetails"));
        Some(Event {
            id: members.get("id")?.as_u64()?,
            previous: members.get("previousEventId").and_then(Value::as_u64).unwrap_or(0),
            kind: members.get("type")?.as_str()?.to_owned(),
            at: members.get("timestamp").and_then(Value::as_f64).unwrap_or_default(),
            details: details.map(|(_, value)| value.clone()).unwrap_or_default(),
        })
    }

    /// A text member of the details.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.details.get(name)?.as_str()
    }

    /// A number member of the details.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.details.get(name)?.as_u64()
    }

    /// `Error: cause` of a failure, as far as it has them.
    pub(crate) fn failure(&self) -> String {
        let cause = self.text("cause").map(crate::ui::text::cause).filter(|text| !text.is_empty());
        match (self.text("error"), cause) {
            (Some(error), Some(cause)) => format!("{error}: {cause}"),
            (Some(error), None) => error.to_owned(),
            (None, Some(cause)) => cause,
            (None, None) => "failed".to_owned(),
        }
    }
}
