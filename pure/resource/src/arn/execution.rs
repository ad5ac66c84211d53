//! ARNs of executions: standard and express, each also as a child of a map run.

use std::fmt;

use super::state_machine::StateMachineArn;
use super::{ArnError, Home, parse_labelled, parse_states, write_head, write_labelled};
use crate::name::name_ok;

/// `…:execution:<machine>[/<label>]:<name>` or `…:express:<machine>[/<label>]:<name>:<run>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionArn {
    pub home: Home,
    /// The unqualified name of the machine (SFN-ARN-1).
    pub state_machine: String,
    /// Of the distributed map state whose run this is a child of.
    pub label: Option<String>,
    pub name: String,
    /// The UUID that tells runs of one name apart; express executions have it, standard ones not.
    pub run: Option<String>,
}

impl ExecutionArn {
    /// A standard execution.
    pub fn standard(machine: &StateMachineArn, name: impl Into<String>) -> ExecutionArn {
        ExecutionArn {
            home: machine.home.clone(),
            state_machine: machine.name.clone(),
            label: None,
            name: name.into(),
            run: None,
        }
    }

    /// An express execution; `run` is a fresh UUID (SFN-EXEC-4).
    pub fn express(
        machine: &StateMachineArn,
        name: impl Into<String>,
        run: impl Into<String>,
    ) -> ExecutionArn {
        ExecutionArn { run: Some(run.into()), ..ExecutionArn::standard(machine, name) }
    }

    /// The text of a new execution's ARN; `machine_arn` is its machine's, without qualifier. What
    /// is known to be an ARN need not be taken apart again.
    pub fn text_of(machine_arn: &str, name: &str, run: Option<&str>) -> Option<String> {
        let (home, machine) = machine_arn.split_once(":stateMachine:")?;
        Some(match run {
            Some(run) => format!("{home}:express:{machine}:{name}:{run}"),
            None => format!("{home}:execution:{machine}:{name}"),
        })
    }

    /// The same execution as a child of a run of the labelled map state.
    #[must_use]
    pub fn child_of(mut self, label: impl Into<String>) -> ExecutionArn {
        self.label = Some(label.into());
        self
    }

    /// Whether the machine is an express one.
    pub fn is_express(&self) -> bool {
        self.run.is_some()
    }

    /// Reads the ARN of a standard or express execution.
    pub fn parse(text: &str) -> Result<ExecutionArn, ArnError> {
        let (home, resource_type, rest) = parse_states(text)?;
        let parts = match resource_type {
            "execution" => parse_rest(rest, false),
            "express" => parse_rest(rest, true),
            other => return Err(ArnError::resource_type(other)),
        };
        let (machine, label, name, run) = parts.ok_or_else(|| ArnError::malformed(text))?;
        Ok(ExecutionArn {
            home,
            state_machine: machine.to_owned(),
            label: label.map(str::to_owned),
            name: name.to_owned(),
            run: run.map(str::to_owned),
        })
    }

    /// Reads the ARN of a standard execution; an express one is of the wrong type (SFN-ARN-5).
    pub fn parse_standard(text: &str) -> Result<ExecutionArn, ArnError> {
        let arn = ExecutionArn::parse(text)?;
        if arn.is_express() { Err(ArnError::resource_type("express")) } else { Ok(arn) }
    }

    /// The machine it is an execution of, without qualifier.
    pub fn state_machine_arn(&self) -> StateMachineArn {
        StateMachineArn::new(self.home.clone(), self.state_machine.clone())
    }
}

type Parts<'a> = (&'a str, Option<&'a str>, &'a str, Option<&'a str>);

fn parse_rest(rest: &str, express: bool) -> Option<Parts<'_>> {
    let (part, rest) = rest.split_once(':')?;
    let (machine, label) = parse_labelled(part)?;
    let (name, run) = match (express, rest.split_once(':')) {
        (true, Some((name, run))) => (name, Some(run)),
        (false, None) => (rest, None),
        _ => return None,
    };
    (name_ok(name) && run.is_none_or(name_ok)).then_some((machine, label, name, run))
}

impl fmt::Display for ExecutionArn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_head(out, &self.home, if self.is_express() { "express" } else { "execution" })?;
        write_labelled(out, &self.state_machine, self.label.as_deref())?;
        write!(out, ":{}", self.name)?;
        match &self.run {
            Some(run) => write!(out, ":{run}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "arn:aws:states:us-east-1:000000000000:";
    const UUID: &str = "5a6b1d4a-1111-4222-8333-444455556666";

    #[test]
    fn forms_round_trip() {
        for rest in [
            "execution:m:run-1".to_owned(),
            format!("execution:m/Each:{UUID}"),
            format!("express:m:run-1:{UUID}"),
            format!("express:m/Each:{UUID}:{UUID}"),
        ] {
            let text = format!("{HEAD}{rest}");
            let arn = ExecutionArn::parse(&text).unwrap();
            assert_eq!(arn.to_string(), text);
            assert_eq!(arn.state_machine_arn().to_string(), format!("{HEAD}stateMachine:m"));
            assert_eq!(arn.label.is_some(), rest.contains('/'));
        }
    }

    // SFN-ARN-5
    #[test]
    fn an_express_execution_is_no_standard_one() {
        let words = "Invalid Arn: 'Resource type not valid in this context: express'";
        let text = format!("{HEAD}express:m:n:{UUID}");
        assert_eq!(ExecutionArn::parse_standard(&text).unwrap_err().to_string(), words);
        let text = format!("{HEAD}activity:a");
        let words = "Invalid Arn: 'Resource type not valid in this context: activity'";
        assert_eq!(ExecutionArn::parse(&text).unwrap_err().to_string(), words);
    }

    #[test]
    fn missing_and_surplus_segments_are_refused() {
        for rest in
            ["execution:m", "execution:m:", "execution:m:a:b", "express:m:a", "express:m:a:b:c"]
        {
            let error = ExecutionArn::parse(&format!("{HEAD}{rest}")).unwrap_err();
            assert_eq!(error, ArnError::malformed(&format!("{HEAD}{rest}")));
        }
    }

    #[test]
    fn made_from_a_machine() {
        let machine = StateMachineArn::new(Home::new("us-east-1", "000000000000"), "m").version(2);
        let arn = ExecutionArn::standard(&machine, "n");
        assert_eq!(arn.to_string(), format!("{HEAD}execution:m:n"));
        let text = |run| ExecutionArn::text_of(&machine.unqualified().to_string(), "n", run);
        assert_eq!(text(None), Some(arn.to_string()));
        let express = ExecutionArn::express(&machine, "n", UUID);
        assert_eq!(text(Some(UUID)), Some(express.to_string()));
        assert_eq!(arn.child_of("L").to_string(), format!("{HEAD}execution:m/L:n"));
        let arn = ExecutionArn::express(&machine, "n", UUID);
        assert_eq!(arn.to_string(), format!("{HEAD}express:m:n:{UUID}"));
    }
}
