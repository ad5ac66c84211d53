//! UpdateStateMachineAlias (SFN-ALIAS-11).

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::create_state_machine::DESCRIPTION_CHARS_MAX;
use super::create_state_machine_alias::{
    GivenRoute, check_versions, read_routing, route_constraints, to_routes,
};
use super::describe_state_machine_alias::read_arn;
use crate::faults;
use crate::machines::Change;
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct UpdateStateMachineAlias;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_alias_arn: Option<String>,
    description: Option<String>,
    routing_configuration: Option<Vec<GivenRoute>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    update_date: Timestamp,
}

impl Operation<Service> for UpdateStateMachineAlias {
    const NAME: &'static str = "UpdateStateMachineAlias";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let constraints = Constraints::new()
            .required_text(
                "stateMachineAliasArn",
                &input.state_machine_alias_arn,
                super::ARN_CHARS_MAX,
            )
            .sensitive_len("description", &input.description, 0, DESCRIPTION_CHARS_MAX);
        route_constraints(constraints, &input.routing_configuration)
            .finish()
            .map_err(faults::from_constraints)?;
        if input.description.is_none() && input.routing_configuration.is_none() {
            return Err(Fault::validation(
                "Either the description or the RoutingConfiguration must be specified",
            )
            .with_member("reason", "MISSING_REQUIRED_PARAMETER"));
        }
        let (arn, key, name) = read_arn(caller, input.state_machine_alias_arn)?;
        let routing = input.routing_configuration.map(to_routes).map(read_routing).transpose()?;
        let key = key.ok_or_else(|| faults::reference_does_not_exist(&arn))?;
        let now_ms = service.host.now_ms();
        service
            .machines
            .change(&service.store, &key, move |record| {
                let absent = || faults::reference_does_not_exist(&arn);
                let mut record = record.ok_or_else(absent)?;
                if record.deleting {
                    return Err(faults::machine_deleting(&record.arn));
                }
                if let Some((machine, routing)) = &routing {
                    if *machine != record.arn {
                        return Err(absent());
                    }
                    check_versions(&record, routing)?;
                }
                let alias = record.aliases.get_mut(&name).ok_or_else(absent)?;
                if let Some((_, routing)) = routing {
                    alias.routing = routing;
                }
                if input.description.is_some() {
                    alias.description = input.description;
                }
                alias.update_ms = now_ms.max(alias.update_ms + 1);
                let update_date = Timestamp::from_ms(alias.update_ms);
                Ok((Output { update_date }, Change::Write(record)))
            })
            .await
    }
}
