//! The context object of a test: one that is given, checked, or the default (SFN-TEST-7, -15).

use asl::model::Kind;
use moment::{EpochMs, format_iso};
use serde_json::{Map, Value, json};
use wire::fault::Fault;

use super::definition::{STATE_NAME, Tested};

#[derive(Clone, Copy)]
enum Type {
    Any,
    Text,
    Number,
}

/// What a given context object may have.
const MEMBERS: &[(&str, &[(&str, Type)])] = &[
    (
        "Execution",
        &[
            ("Id", Type::Text),
            ("Input", Type::Any),
            ("Name", Type::Text),
            ("RoleArn", Type::Text),
            ("StartTime", Type::Text),
            ("RedriveCount", Type::Number),
            ("RedriveTime", Type::Text),
        ],
    ),
    ("State", &[("EnteredTime", Type::Text), ("Name", Type::Text), ("RetryCount", Type::Number)]),
    ("StateMachine", &[("Id", Type::Text), ("Name", Type::Text)]),
    ("Task", &[("Token", Type::Text)]),
];

/// A context object that is given.
pub(super) fn read(text: &str) -> Result<Value, Fault> {
    let Ok(Value::Object(context)) = serde_json::from_str(text) else {
        return Err(invalid("Context must be a JSON object"));
    };
    for (name, part) in &context {
        if name == "Map" {
            return Err(invalid("'Map' field is not supported when mocking a Context object"));
        }
        let known = MEMBERS.iter().find(|(known, _)| known == name);
        let (_, members) = known.ok_or_else(|| not_allowed(name))?;
        let Value::Object(part) = part else {
            return Err(invalid(&format!("{name} must be an object")));
        };
        check_part(name, part, members)?;
    }
    Ok(Value::Object(context))
}

fn check_part(
    name: &str,
    part: &Map<String, Value>,
    members: &[(&str, Type)],
) -> Result<(), Fault> {
    for (member, value) in part {
        let place = format!("{name}.{member}");
        let known = members.iter().find(|(known, _)| known == member);
        let (_, wanted) = known.ok_or_else(|| not_allowed(&place))?;
        match wanted {
            Type::Text if !value.is_string() => {
                return Err(invalid(&format!("{place} must be a string")));
            }
            Type::Number if !value.is_number() => {
                return Err(invalid(&format!("{place} must be a number")));
            }
            Type::Any | Type::Text | Type::Number => {}
        }
    }
    Ok(())
}

/// A given `Task` fits only where there is a token.
pub(super) fn check_task(context: &Value, tested: &Tested) -> Result<(), Fault> {
    if context.get("Task").is_some() && !tested.has_token() {
        return Err(invalid(
            "Context object contains 'Task' when state is not a Task state with a '.sync' or \
             '.waitForTaskToken' service integration pattern",
        ));
    }
    Ok(())
}

/// The execution that a test pretends to be.
pub(super) struct Pretence<'a> {
    pub(super) execution_arn: &'a str,
    pub(super) execution_name: &'a str,
    pub(super) machine_arn: &'a str,
    pub(super) machine_name: &'a str,
    pub(super) role_arn: Option<&'a str>,
    pub(super) input: &'a Value,
    pub(super) now_ms: EpochMs,
    pub(super) retry_count: u64,
    pub(super) token: String,
}

/// The context object when none is given.
pub(super) fn default(pretence: &Pretence<'_>, tested: &Tested) -> Value {
    let now = format_iso(pretence.now_ms);
    let mut state = json!({ "Name": STATE_NAME, "EnteredTime": now });
    if let (Kind::Task(_) | Kind::Map(_) | Kind::Parallel(_), Some(state)) =
        (&tested.state().kind, state.as_object_mut())
    {
        state.insert("RetryCount".into(), pretence.retry_count.into());
    }
    let mut context = json!({
        "Execution": {
            "Id": pretence.execution_arn,
            "Input": pretence.input,
            "Name": pretence.execution_name,
            "RoleArn": pretence.role_arn,
            "StartTime": now,
        },
        "StateMachine": { "Id": pretence.machine_arn, "Name": pretence.machine_name },
        "State": state,
    });
    if let (true, Some(context)) = (tested.has_token(), context.as_object_mut()) {
        context.insert("Task".into(), json!({ "Token": pretence.token }));
    }
    context
}

fn not_allowed(name: &str) -> Fault {
    invalid(&format!("Field '{name}' is not allowed"))
}

fn invalid(reason: &str) -> Fault {
    Fault::validation(format!("Invalid Context object provided: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-TEST-15
    #[test]
    fn checks_what_is_given() {
        let rows = [
            ("{}", ""),
            (r#"{"Execution":{},"State":{},"StateMachine":{}}"#, ""),
            (r#"{"Execution":{"Id":1}}"#, "Execution.Id must be a string"),
            (r#"{"Map":{}}"#, "'Map' field is not supported when mocking a Context object"),
            (r#"{"Pokedex":{}}"#, "Field 'Pokedex' is not allowed"),
            (r#"{"State":{"RetryCount":"1"}}"#, "State.RetryCount must be a number"),
            ("[]", "Context must be a JSON object"),
        ];
        for (text, expected) in rows {
            let message = read(text).err().map(|fault| fault.message).unwrap_or_default();
            let reason = message.strip_prefix("Invalid Context object provided: ");
            assert_eq!(reason.unwrap_or(&message), expected, "{text}");
        }
    }
}
