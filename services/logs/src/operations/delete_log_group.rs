//! DeleteLogGroup: gone at once; its rows go in the background.

use identity::Caller;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults::{self, Trouble};
use crate::records::{self, Row};
use crate::service::Service;

pub(crate) struct DeleteLogGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
}

impl Operation<Service> for DeleteLogGroup {
    const NAME: &'static str = "DeleteLogGroup";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        let address = super::require_group(caller, input.log_group_name)?;
        let deleted = service.store.commit(service.partition_of(&address), |stage| {
            let group = service.staged_group(stage, &address).map_err(Trouble::from)?;
            let group = group.ok_or_else(faults::no_group)?;
            if group.deletion_protected {
                return Err(Fault::validation(
                    "Cannot delete log group because deletion protection is enabled.",
                ));
            }
            let families = &service.families;
            stage.delete(&families.groups, records::group_key(&address));
            let key = records::gone_key(group.id, None);
            let row = records::to_row(Row::Gone, &key, &());
            stage.put(&families.gone, key, row);
            Ok(Nothing {})
        });
        let deleted = deleted.await.map_err(Trouble::from)?;
        service.sweeping.notify_one();
        deleted
    }
}
