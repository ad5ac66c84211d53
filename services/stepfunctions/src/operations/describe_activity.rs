//! DescribeActivity (SFN-ACT-10, SFN-ACT-11).

use identity::Caller;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::fault::Fault;
use wire::operation::Operation;

use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct DescribeActivity;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    activity_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    activity_arn: String,
    name: String,
    creation_date: Timestamp,
    encryption_configuration: Value,
}

impl Operation<Service> for DescribeActivity {
    const NAME: &'static str = "DescribeActivity";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let record = super::find_activity(service, caller, input.activity_arn)?;
        Ok(Output {
            activity_arn: record.arn.clone(),
            name: record.name.clone(),
            creation_date: Timestamp::from_ms(record.creation_ms),
            encryption_configuration: record.encryption.clone(),
        })
    }
}
