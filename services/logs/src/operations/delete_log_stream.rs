//! DeleteLogStream: gone at once; its rows go in the background.

use identity::Caller;
use resource::constraints::Constraints;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults::{self, Trouble};
use crate::records::{self, Row};
use crate::service::{Service, own_group};

pub(crate) struct DeleteLogStream;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
}

impl Operation<Service> for DeleteLogStream {
    const NAME: &'static str = "DeleteLogStream";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        check(&input)?;
        let address = own_group(caller, &input.log_group_name.unwrap_or_default());
        let name = input.log_stream_name.unwrap_or_default();
        let deleted = service.store.commit(service.partition_of(&address), |stage| {
            let group = service.staged_group(stage, &address).map_err(Trouble::from)?;
            let group = group.ok_or_else(faults::no_group)?;
            let stream = service.staged_stream(stage, group.id, &name).map_err(Trouble::from)?;
            let stream = stream.ok_or_else(faults::no_stream)?;
            let families = &service.families;
            stage.delete(&families.streams, records::stream_key(group.id, &name));
            let key = records::gone_key(group.id, Some(stream.id));
            let row = records::to_row(Row::Gone, &key, &());
            stage.put(&families.gone, key, row);
            Ok(Nothing {})
        });
        let deleted = deleted.await.map_err(Trouble::from)?;
        service.sweeping.notify_one();
        deleted
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    let (group, stream) = (&input.log_group_name, &input.log_stream_name);
    let constraints = Constraints::new()
        .required("logGroupName", group.is_some())
        .required("logStreamName", stream.is_some());
    let constraints = super::check_group(constraints, "logGroupName", group);
    super::check_stream(constraints, "logStreamName", stream)
        .finish()
        .map_err(faults::from_constraints)
}
