//! PutRetentionPolicy: older events are hidden at once and deleted in the background.

use identity::Caller;
use resource::constraints::Constraints;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults;
use crate::service::Service;

/// The retentions that AWS offers.
const DAYS: [&str; 22] = [
    "1", "3", "5", "7", "14", "30", "60", "90", "120", "150", "180", "365", "400", "545", "731",
    "1096", "1827", "2192", "2557", "2922", "3288", "3653",
];

pub(crate) struct PutRetentionPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    retention_in_days: Option<u32>,
}

impl Operation<Service> for PutRetentionPolicy {
    const NAME: &'static str = "PutRetentionPolicy";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        let days = input.retention_in_days;
        let text = days.map(|days| days.to_string());
        Constraints::new()
            .required("retentionInDays", days.is_some())
            .one_of("retentionInDays", &text, &DAYS)
            .finish()
            .map_err(faults::from_constraints)?;
        let address = super::require_group(caller, input.log_group_name)?;
        let changed = service.change_group(&address, |group| {
            group.retention_days = days;
            Ok(())
        });
        let changed = changed.await;
        service.sweeping.notify_one();
        changed
    }
}
