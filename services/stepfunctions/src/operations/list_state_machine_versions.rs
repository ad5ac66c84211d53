//! ListStateMachineVersions (SFN-VER-10, SFN-PAGE-6: newest first).

use identity::Caller;
use resource::arn::state_machine::Qualifier;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::page::{Page, TOKEN_CHARS_MAX};
use crate::faults;
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct ListStateMachineVersions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_arn: Option<String>,
    next_token: Option<String>,
    max_results: Option<i32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    state_machine_versions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    state_machine_version_arn: String,
    creation_date: Timestamp,
}

impl Operation<Service> for ListStateMachineVersions {
    const NAME: &'static str = "ListStateMachineVersions";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let constraints = Constraints::new().required_text(
            "stateMachineArn",
            &input.state_machine_arn,
            super::ARN_CHARS_MAX,
        );
        let arn = input.state_machine_arn.unwrap_or_default();
        let page = Page::new(Self::NAME, caller, &[&arn], input.max_results, TOKEN_CHARS_MAX);
        let page = page.at(constraints, input.next_token, service.host.now_ms())?;
        let (parsed, key) = super::own_machine(caller, &arn)?;
        if parsed.qualifier != Qualifier::Unqualified {
            return Err(Fault::validation(format!("'{arn}' is not the ARN of a state machine")));
        }
        let below = match &page.cursor {
            Some(cursor) => {
                let bytes = cursor.as_ref().try_into().map_err(|_| faults::invalid_token())?;
                u64::from_be_bytes(bytes)
            }
            None => u64::MAX,
        };
        let found = match key {
            Some(key) => service.machines.find(&service.store, &key),
            None => Ok(None),
        };
        let Some(machine) = found.map_err(faults::from_unreadable)? else {
            return Ok(Output { state_machine_versions: Vec::new(), next_token: None });
        };
        let versions = machine.versions.range(..below).rev();
        let (versions, next_token) = page.of(versions, |(number, _)| number.to_be_bytes().to_vec());
        let items = versions.into_iter().map(|(number, version)| Item {
            state_machine_version_arn: format!("{arn}:{number}"),
            creation_date: Timestamp::from_ms(version.creation_ms),
        });
        Ok(Output { state_machine_versions: items.collect(), next_token })
    }
}
