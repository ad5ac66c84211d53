//! The reader by itself, for tools that feed it files which nobody means to write.

use std::sync::Arc;

use targets::objects::Objects;
use workflow::execution::MapItem;
use workflow::history::Failure;
use workflow::map_run::Source;

use super::{Broken, Items, failed};

/// Every item of a source, in order, as a map run would get it.
pub async fn read_items(
    objects: Arc<dyn Objects>,
    source: &Source,
) -> Result<Vec<MapItem>, Failure> {
    let mut items = Items::new(objects, source)?;
    let mut read = Vec::new();
    loop {
        match items.next().await {
            Ok(Some(item)) => read.push(item.item),
            Ok(None) => return Ok(read),
            Err(Broken::Failure(failure)) => return Err(failure),
            Err(Broken::CutOff) => return Err(failed("The reading was cut off")),
        }
    }
}
