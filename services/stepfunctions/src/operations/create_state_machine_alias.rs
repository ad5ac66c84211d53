//! CreateStateMachineAlias (SFN-ALIAS-1…6). Updating shares the checks of routing.

use identity::Caller;
use resource::arn::state_machine::{Qualifier, StateMachineArn};
use resource::constraints::Constraints;
use resource::name::{ALIAS_NAME_PATTERN, NAME_CHARS_MAX, alias_name_chars_ok};
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::create_state_machine::DESCRIPTION_CHARS_MAX;
use crate::faults;
use crate::machines::Change;
use crate::records::{AliasRecord, MachineRecord};
use crate::service::Service;
use crate::shapes::Timestamp;

/// Entries of one routing configuration.
const ROUTES_MAX: usize = 2;

pub(crate) struct CreateStateMachineAlias;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    name: Option<String>,
    routing_configuration: Option<Vec<GivenRoute>>,
    description: Option<String>,
}

/// One version with its share, as a request has it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GivenRoute {
    state_machine_version_arn: Option<String>,
    weight: Option<i32>,
}

/// One version with its share.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Route {
    pub(super) state_machine_version_arn: String,
    pub(super) weight: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    state_machine_alias_arn: String,
    creation_date: Timestamp,
}

impl Operation<Service> for CreateStateMachineAlias {
    const NAME: &'static str = "CreateStateMachineAlias";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        check(&input)?;
        let name = input.name.unwrap_or_default();
        let (machine_arn, routing) =
            read_routing(to_routes(input.routing_configuration.unwrap_or_default()))?;
        let (_, key) = super::own_machine(caller, &machine_arn)?;
        let key = key.ok_or_else(|| faults::reference_does_not_exist(&machine_arn))?;
        let now_ms = service.host.now_ms();
        let alias = AliasRecord {
            creation_ms: now_ms,
            update_ms: now_ms,
            description: input.description,
            routing,
        };
        service
            .machines
            .change(&service.store, &key, move |record| {
                let mut record =
                    record.ok_or_else(|| faults::reference_does_not_exist(&machine_arn))?;
                if record.deleting {
                    return Err(faults::machine_deleting(&machine_arn));
                }
                check_versions(&record, &alias.routing)?;
                let state_machine_alias_arn = format!("{machine_arn}:{name}");
                if let Some(existing) = record.aliases.get(&name) {
                    let creation_date = repeat(existing, &alias)?;
                    let output = Output { state_machine_alias_arn, creation_date };
                    return Ok((output, Change::Keep));
                }
                if record.aliases.len() >= service.quotas.aliases_max {
                    return Err(faults::too_many(service.quotas.aliases_max, "aliases"));
                }
                let creation_date = Timestamp::from_ms(alias.creation_ms);
                record.aliases.insert(name, alias);
                Ok((Output { state_machine_alias_arn, creation_date }, Change::Write(record)))
            })
            .await
    }
}

fn repeat(existing: &AliasRecord, asked: &AliasRecord) -> Result<Timestamp, Fault> {
    if existing.routing == asked.routing && existing.description == asked.description {
        return Ok(Timestamp::from_ms(existing.creation_ms));
    }
    Err(Fault::new(
        "ConflictException",
        "Failed to create alias because an alias with the same name and a different routing \
         configuration already exists.",
    ))
}

fn check(input: &Input) -> Result<(), Fault> {
    let constraints = Constraints::new()
        .required("name", input.name.is_some())
        .text_len("name", &input.name, 1, NAME_CHARS_MAX)
        .pattern("name", &input.name, ALIAS_NAME_PATTERN, alias_name_chars_ok)
        .sensitive_len("description", &input.description, 0, DESCRIPTION_CHARS_MAX)
        .required("routingConfiguration", input.routing_configuration.is_some());
    route_constraints(constraints, &input.routing_configuration)
        .finish()
        .map_err(faults::from_constraints)
}

/// The model's constraints on a routing configuration (SFN-ERR-12, SFN-ERR-14).
#[must_use]
pub(super) fn route_constraints(
    constraints: Constraints,
    routes: &Option<Vec<GivenRoute>>,
) -> Constraints {
    let Some(routes) = routes else { return constraints };
    let count = (1, ROUTES_MAX);
    let constraints =
        constraints.list_len("routingConfiguration", routes.len(), count, || print_routes(routes));
    routes.iter().enumerate().fold(constraints, |constraints, (index, route)| {
        let path = |member: &str| format!("routingConfiguration.{}.member.{member}", index + 1);
        let arn = path("stateMachineVersionArn");
        constraints
            .required_text(&arn, &route.state_machine_version_arn, super::ARN_CHARS_MAX)
            .required(&path("weight"), route.weight.is_some())
            .range(&path("weight"), route.weight, 0, 100)
    })
}

/// As AWS prints a list of structures.
fn print_routes(routes: &[GivenRoute]) -> String {
    let print = |route: &GivenRoute| {
        let arn = route.state_machine_version_arn.as_deref().unwrap_or("null");
        let weight = route.weight.map_or_else(|| "null".to_owned(), |weight| weight.to_string());
        format!("RoutingConfigurationListItem(stateMachineVersionArn={arn}, weight={weight})")
    };
    let items: Vec<String> = routes.iter().map(print).collect();
    format!("[{}]", items.join(", "))
}

/// The routes of a request, past [`route_constraints`].
pub(super) fn to_routes(given: Vec<GivenRoute>) -> Vec<Route> {
    let route = |route: GivenRoute| Route {
        state_machine_version_arn: route.state_machine_version_arn.unwrap_or_default(),
        weight: i64::from(route.weight.unwrap_or_default()),
    };
    given.into_iter().map(route).collect()
}

/// The machine that all routes share, and the versions with their weights (SFN-ALIAS-1…3).
pub(super) fn read_routing(routes: Vec<Route>) -> Result<(String, Vec<(u64, u32)>), Fault> {
    let refuse = |message: String| {
        Fault::validation(message).with_member("reason", "INVALID_ROUTING_CONFIGURATION")
    };
    let arns: Vec<&str> =
        routes.iter().map(|route| route.state_machine_version_arn.as_str()).collect();
    let received = format!("Received: [{}]", arns.join(", "));
    let mut machine = None;
    let mut routing = Vec::with_capacity(routes.len());
    for route in &routes {
        let parsed = StateMachineArn::parse(&route.state_machine_version_arn).ok();
        let Some((parsed, Qualifier::Version(number))) =
            parsed.map(|parsed| (parsed.unqualified(), parsed.qualifier))
        else {
            return Err(refuse(format!(
                "Routing configuration must contain state machine version ARNs. {received}"
            )));
        };
        let parsed = parsed.to_string();
        if machine.as_ref().is_some_and(|machine| *machine != parsed) {
            return Err(refuse(format!(
                "Routing configuration must contain versions of the same state machine. {received}"
            )));
        }
        machine = Some(parsed);
        routing.push((number, u32::try_from(route.weight).unwrap_or(0)));
    }
    let distinct = routing.iter().enumerate().all(|(index, (version, _))| {
        routing.iter().take(index).all(|(earlier, _)| earlier != version)
    });
    if !distinct {
        return Err(refuse(format!(
            "Routing configuration must contain distinct state machine version ARNs. {received}"
        )));
    }
    if routing.iter().map(|(_, weight)| weight).sum::<u32>() != 100 {
        let weights: Vec<String> = routes.iter().map(|route| route.weight.to_string()).collect();
        return Err(refuse(format!(
            "Sum of routing configuration weights must equal 100. Received: [{}]",
            weights.join(", ")
        )));
    }
    Ok((machine.unwrap_or_default(), routing))
}

/// Every version exists (SFN-ALIAS-6).
pub(super) fn check_versions(record: &MachineRecord, routing: &[(u64, u32)]) -> Result<(), Fault> {
    let missing = routing.iter().find(|(version, _)| !record.versions.contains_key(version));
    match missing {
        Some((version, _)) => {
            Err(faults::reference_does_not_exist(&format!("{}:{version}", record.arn)))
        }
        None => Ok(()),
    }
}
