//! ValidateStateMachineDefinition (SFN-VAL-1…10).

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::create_state_machine::DEFINITION_CHARS_MAX;
use crate::faults;
use crate::service::Service;

/// Most diagnostics in one answer.
const DIAGNOSTICS_MAX: i32 = 100;

pub(crate) struct ValidateStateMachineDefinition;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    definition: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    severity: Option<String>,
    max_results: Option<i32>,
}

#[derive(Serialize)]
pub(crate) struct Output {
    result: &'static str,
    diagnostics: Vec<Diagnostic>,
    truncated: bool,
}

#[derive(Serialize)]
pub(crate) struct Diagnostic {
    severity: &'static str,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

impl Operation<Service> for ValidateStateMachineDefinition {
    const NAME: &'static str = "ValidateStateMachineDefinition";
    type Input = Input;
    type Output = Output;

    async fn run(_: &Service, _: &Caller, input: Input) -> Result<Output, Fault> {
        Constraints::new()
            .required("definition", input.definition.is_some())
            .sensitive_len("definition", &input.definition, 0, DEFINITION_CHARS_MAX)
            .one_of("type", &input.kind, &["STANDARD", "EXPRESS"])
            .one_of("severity", &input.severity, &["ERROR", "WARNING"])
            .range("maxResults", input.max_results, 0, DIAGNOSTICS_MAX)
            .finish()
            .map_err(faults::from_constraints)?;
        let kind = match input.kind.as_deref() {
            Some("EXPRESS") => asl::MachineKind::Express,
            _ => asl::MachineKind::Standard,
        };
        let warnings = input.severity.as_deref() == Some("WARNING");
        let options = asl::Options { kind, warnings, ..asl::Options::default() };
        let outcome = asl::parse(input.definition.as_deref().unwrap_or_default(), &options);
        let limit = match input.max_results {
            None | Some(0) => DIAGNOSTICS_MAX,
            Some(asked) => asked,
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let truncated = outcome.findings.len() > limit;
        let diagnostics = outcome.findings.into_iter().take(limit).map(to_diagnostic).collect();
        let result = if outcome.definition.is_some() { "OK" } else { "FAIL" };
        Ok(Output { result, diagnostics, truncated })
    }
}

fn to_diagnostic(finding: asl::Finding) -> Diagnostic {
    Diagnostic {
        severity: match finding.severity {
            asl::Severity::Error => "ERROR",
            asl::Severity::Warning => "WARNING",
        },
        code: finding.code,
        message: finding.message,
        location: finding.location,
    }
}
