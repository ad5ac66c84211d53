//! The context object (SFN-CTX-1…6).

use asl::model::Kind;
use moment::format_iso;
use serde_json::{Map, Value, json};

use super::eyes::Eyes;
use crate::execution::{Frame, MapItem};

impl Eyes<'_> {
    pub(super) fn build_context(&self) -> Value {
        let mut context = match self.run.observer() {
            Some(observer) => observer.context().as_object().cloned().unwrap_or_default(),
            None => self.execution_context(),
        };
        if let Some(item) = self.item_in_reach() {
            context.insert("Map".into(), json!({"Item": item_context(item, self.source)}));
        }
        Value::Object(context)
    }

    fn execution_context(&self) -> Map<String, Value> {
        let about = &self.run.execution.head.about;
        let mut context = Map::new();
        let mut execution = json!({
            "Id": about.execution_arn,
            "Input": about.input.value(),
            "Name": about.name,
            "RoleArn": about.role_arn,
            "StartTime": format_iso(about.start_ms),
        });
        if let Some(execution) = execution.as_object_mut()
            && self.run.environment.surroundings.tells_redrives()
        {
            let head = &self.run.execution.head;
            execution.insert("RedriveCount".into(), head.redrive_count.into());
            if let Some(redrive_ms) = head.redrive_ms {
                // SFN-SEM-45
                execution.insert("RedriveTime".into(), format_iso(redrive_ms).into());
            }
        }
        context.insert("Execution".into(), execution);
        let machine = json!({"Id": about.state_machine_arn, "Name": about.state_machine_name});
        context.insert("StateMachine".into(), machine);
        context.insert("State".into(), self.state_context());
        if let Some(token) = &self.token {
            context.insert("Task".into(), json!({"Token": token}));
        }
        context
    }

    fn state_context(&self) -> Value {
        let visit = &self.frame().visit;
        let mut state = Map::new();
        state.insert("Name".into(), (*visit.state).into());
        state.insert("EnteredTime".into(), format_iso(visit.entered_ms).into());
        if matches!(self.run.state(self.id).kind, Kind::Task(_) | Kind::Parallel(_) | Kind::Map(_))
        {
            // SFN-CTX-3
            let retries: u64 = visit.retries.iter().sum();
            state.insert("RetryCount".into(), retries.into());
        }
        Value::Object(state)
    }

    /// The item of this frame's Map, or of one around it.
    fn item_in_reach(&self) -> Option<&MapItem> {
        let mut frame: Option<&Frame> = Some(self.frame());
        if self.item.is_some() {
            return self.item;
        }
        while let Some(inner) = frame {
            if inner.item.is_some() {
                return inner.item.as_ref();
            }
            frame = inner.parent.map(|parent| self.run.frame(parent));
        }
        None
    }
}

fn item_context(item: &MapItem, source: &str) -> Value {
    let mut told = Map::new();
    told.insert("Index".into(), item.index.into());
    told.insert("Value".into(), item.value.value().clone());
    if let Some(key) = &item.key {
        told.insert("Key".into(), key.as_str().into());
    }
    told.insert("Source".into(), source.into());
    Value::Object(told)
}
