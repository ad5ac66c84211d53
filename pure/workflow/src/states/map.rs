//! Map, inline (SFN-MAP-1…9). A distributed one is in [`super::distributed`].

use std::collections::BTreeMap;
use std::sync::Arc;

use asl::model::{Kind, Map, MapMode};
use serde_json::Value;

use crate::chain::Link;
use crate::dataflow::{self, Eyes};
use crate::errors::Raised;
use crate::execution::{Children, Doing, FrameId, MapItem, Visit};
use crate::flow::Birth;
use crate::history::Details;
use crate::payload::Payload;
use crate::run::{Course, Run};
use crate::states::mocked;

pub(crate) fn begin(run: &mut Run<'_>, id: FrameId, map: &Map) -> Course {
    if let Some(mock) = run.observer().and_then(|observer| observer.stand_in()) {
        return mocked::map(run, id, map, mock);
    }
    if let MapMode::Distributed(distributed) = &map.mode {
        return super::distributed::begin(run, id, map, distributed);
    }
    let mut children = match prepare(run, id, map) {
        Ok(children) => children,
        Err(raised) => return run.raise(id, raised),
    };
    let details = Details::MapStateStarted { length: children.length };
    children.joined = run.emit(id, Link::Normal, details)?;
    let event_id = children.joined;
    children.started_id = event_id;
    run.frame_mut(id).visit.doing = Doing::Children(Box::new(children));
    fill(run, id, event_id)
}

fn prepare(run: &Run<'_>, id: FrameId, map: &Map) -> Result<Children, Raised> {
    let items = dataflow::items(run, id, map)?;
    let most = run.environment.limits.inline_map_concurrency_max as u64;
    let asked = match &map.max_concurrency {
        Some(field) => Eyes::new(run, id).count(field, "MaxConcurrency")?,
        None => 0,
    };
    let concurrency = if asked == 0 { most } else { asked.min(most) };
    let length = match items.value() {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    Ok(Children {
        open: BTreeMap::new(),
        done: BTreeMap::new(),
        length: length as u64,
        next: 0,
        concurrency,
        items: Some(items),
        joined: 0,
        started_id: 0,
    })
}

/// Starts items while there is room. Their events follow `event_id`; their chains begin later.
pub(crate) fn fill(run: &mut Run<'_>, id: FrameId, event_id: u64) -> Course {
    while let Some(item) = next_item(run, id) {
        let Kind::Map(map) = &run.state(id).kind else { return Ok(()) };
        let place = item.index;
        let input = match dataflow::item_input(run, id, map, &item) {
            Ok(input) => input,
            Err(raised) => return run.raise(id, raised),
        };
        let name = Arc::clone(&run.state(id).name);
        let event_id = run.record(event_id, Details::MapIterationStarted { name, index: place })?;
        let visit = Visit::new(Arc::clone(&map.processor.start_at), input);
        let child = run.bear(Birth { parent: Some(id), place, item: Some(item), event_id, visit });
        if let Some(children) = run.children_mut(id) {
            children.open.insert(place, child);
            children.next = place + 1;
        }
    }
    run.join(id)
}

fn next_item(run: &Run<'_>, id: FrameId) -> Option<MapItem> {
    let children = run.children(id)?;
    let index = children.next;
    if index >= children.length || children.open.len() as u64 >= children.concurrency {
        return None;
    }
    let place = usize::try_from(index).ok()?;
    match children.items.as_ref()?.value() {
        Value::Array(items) => {
            let value = Payload::from_value(items.get(place)?.clone());
            Some(MapItem { index, value, key: None })
        }
        Value::Object(members) => {
            let (key, value) = members.iter().nth(place)?;
            let value = Payload::from_value(value.clone());
            Some(MapItem { index, value, key: Some(key.clone()) })
        }
        _ => None,
    }
}
