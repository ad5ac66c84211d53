//! ListStateMachineAliases (SFN-ALIAS-13, SFN-PAGE-6: by name).

use std::ops::Bound;

use identity::Caller;
use resource::arn::state_machine::Qualifier;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::page::{Page, TOKEN_CHARS_MAX};
use crate::faults;
use crate::records::AliasRecord;
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct ListStateMachineAliases;

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
    state_machine_aliases: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    state_machine_alias_arn: String,
    creation_date: Timestamp,
}

impl Operation<Service> for ListStateMachineAliases {
    const NAME: &'static str = "ListStateMachineAliases";
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
        let (qualifier, _, machine) = super::find_machine(service, caller, &arn)?;
        let routes_here = |alias: &AliasRecord| match &qualifier {
            Qualifier::Version(number) => {
                alias.routing.iter().any(|(version, _)| version == number)
            }
            _ => true,
        };
        let after = match &page.cursor {
            Some(cursor) => Bound::Excluded(
                String::from_utf8(cursor.to_vec()).map_err(|_| faults::invalid_token())?,
            ),
            None => Bound::Unbounded,
        };
        let aliases = machine
            .aliases
            .range((after, Bound::Unbounded))
            .filter(|(_, alias)| routes_here(alias));
        let (aliases, next_token) = page.of(aliases, |(name, _)| name.as_bytes().to_vec());
        let items = aliases.iter().map(|(name, alias)| Item {
            state_machine_alias_arn: format!("{}:{name}", machine.arn),
            creation_date: Timestamp::from_ms(alias.creation_ms),
        });
        Ok(Output { state_machine_aliases: items.collect(), next_token })
    }
}
