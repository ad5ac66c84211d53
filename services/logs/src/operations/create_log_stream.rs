//! CreateLogStream.

use identity::Caller;
use resource::constraints::Constraints;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults::{self, Trouble};
use crate::service::{Service, own_group};
use crate::streams;

pub(crate) struct CreateLogStream;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
}

impl Operation<Service> for CreateLogStream {
    const NAME: &'static str = "CreateLogStream";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        check(&input)?;
        let address = own_group(caller, &input.log_group_name.unwrap_or_default());
        let name = input.log_stream_name.unwrap_or_default();
        let now_ms = service.host.now_ms();
        let made = service.store.commit(service.partition_of(&address), |stage| {
            let group = service.staged_group(stage, &address).map_err(Trouble::from)?;
            let group = group.ok_or_else(faults::no_group)?;
            if service.staged_stream(stage, group.id, &name).map_err(Trouble::from)?.is_some() {
                return Err(faults::stream_exists());
            }
            let stream = streams::fresh(stage, group.id, &name, now_ms);
            service.put_stream(stage, group.id, &stream);
            Ok(Nothing {})
        });
        made.await.map_err(Trouble::from)?
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
