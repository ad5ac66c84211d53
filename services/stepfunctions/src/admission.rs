//! Whether new work may begin. What is under way goes on at any pressure: results, heartbeats,
//! stops and timers are never refused for it.

use std::time::Duration;

use store::Pressure;
use wire::fault::Fault;

use crate::service::Service;

/// How long a start is held back when the store falls behind: clients slow down with it.
const PAUSE: Duration = Duration::from_millis(25);

impl Service {
    /// Lets a start pass, holds it back a little, or refuses it with an error that every AWS
    /// client retries by itself.
    pub(crate) async fn admit(&self) -> Result<(), Fault> {
        match self.store.pressure() {
            Pressure::Easy => Ok(()),
            Pressure::Slow => {
                tokio::time::sleep(PAUSE).await;
                Ok(())
            }
            Pressure::RefuseStarts => Err(Fault::new("ThrottlingException", "Rate exceeded")),
            Pressure::ReadOnly => Err(Fault::unavailable(
                "The server has no space left for new executions. Try again.",
            )),
        }
    }
}
