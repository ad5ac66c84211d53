//! Brings what a folder holds into a server, through the operations that any client uses.

use serde_json::{Value, json};

use crate::api::{Api, ApiError};
use crate::definition::{self, Reading};
use crate::folder::{MachineSource, Project};
use crate::names::Names;
use crate::site::Site;

/// What became of one definition.
#[derive(Debug)]
pub(crate) enum Deployed {
    Created,
    Updated,
    Unchanged,
    /// It has errors; what ran before goes on.
    Invalid,
    /// The server refused it.
    Refused(String),
}

/// Makes the activities; one that exists stays as it is.
pub(crate) async fn activities(api: &dyn Api, project: &Project) -> Result<(), ApiError> {
    for name in &project.config.activities {
        api.call("CreateActivity", json!({ "name": name })).await?;
    }
    Ok(())
}

/// Creates or updates one machine. Running executions keep the definition they began with.
pub(crate) async fn machine(
    api: &dyn Api,
    names: &Names,
    site: &Site,
    source: &MachineSource,
) -> (Reading, Deployed) {
    let reading = definition::read(&source.file, source.kind, names);
    let deployed = match &reading.definition {
        None => Deployed::Invalid,
        Some(text) => match write(api, site, source, text).await {
            Ok(deployed) => deployed,
            Err(error) => Deployed::Refused(error.to_string()),
        },
    };
    (reading, deployed)
}

async fn write(
    api: &dyn Api,
    site: &Site,
    source: &MachineSource,
    definition: &str,
) -> Result<Deployed, ApiError> {
    let arn = site.machine_arn(&source.name);
    let role = source.role.clone().unwrap_or_else(|| site.role_arn());
    let known = match api.call("DescribeStateMachine", json!({ "stateMachineArn": arn })).await {
        Ok(known) => known,
        Err(error) if error.is("StateMachineDoesNotExist") => {
            let input = json!({
                "name": source.name,
                "definition": definition,
                "roleArn": role,
                "type": source.kind.name(),
            });
            api.call("CreateStateMachine", input).await?;
            return Ok(Deployed::Created);
        }
        Err(error) => return Err(error),
    };
    let is = |member: &str, value: &str| known.get(member).and_then(Value::as_str) == Some(value);
    if !is("type", source.kind.name()) {
        return Ok(Deployed::Refused(format!(
            "its type cannot change; `aws stepfunctions delete-state-machine \
             --state-machine-arn {arn}` first, then save the file again"
        )));
    }
    if is("definition", definition) && is("roleArn", &role) {
        return Ok(Deployed::Unchanged);
    }
    let input = json!({ "stateMachineArn": arn, "definition": definition, "roleArn": role });
    api.call("UpdateStateMachine", input).await?;
    Ok(Deployed::Updated)
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use parking_lot::Mutex;

    use super::*;
    use crate::api::fault;
    use crate::config::MachineKind;

    /// Answers DescribeStateMachine with `known` and remembers the other calls.
    struct Recorder {
        known: Option<Value>,
        calls: Mutex<Vec<String>>,
    }

    #[async_trait]
    impl Api for Recorder {
        async fn call(&self, operation: &str, _: Value) -> Result<Value, ApiError> {
            if operation == "DescribeStateMachine" {
                return self.known.clone().ok_or_else(|| fault("StateMachineDoesNotExist", ""));
            }
            self.calls.lock().push(operation.to_owned());
            Ok(json!({}))
        }
    }

    async fn check(known: Option<Value>, expected: &[&str]) -> Deployed {
        let api = Recorder { known, calls: Mutex::default() };
        let source = MachineSource {
            name: "m".to_owned(),
            file: "m.asl.json".into(),
            kind: MachineKind::Standard,
            role: Some("role".to_owned()),
        };
        let deployed =
            write(&api, &Site::default(), &source, "{}").await.expect("the server answers");
        assert_eq!(*api.calls.lock(), expected);
        deployed
    }

    #[tokio::test]
    async fn writes_only_what_changed() {
        let known = |kind: &str, definition: &str| {
            Some(json!({ "type": kind, "definition": definition, "roleArn": "role" }))
        };
        let deployed = check(None, &["CreateStateMachine"]).await;
        assert!(matches!(deployed, Deployed::Created));
        let deployed = check(known("STANDARD", "{}"), &[]).await;
        assert!(matches!(deployed, Deployed::Unchanged));
        let deployed = check(known("STANDARD", "{ }"), &["UpdateStateMachine"]).await;
        assert!(matches!(deployed, Deployed::Updated));
        let deployed = check(known("EXPRESS", "{}"), &[]).await;
        assert!(matches!(deployed, Deployed::Refused(_)));
    }
}
