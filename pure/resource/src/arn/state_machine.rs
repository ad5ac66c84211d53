//! ARNs of state machines: unqualified, of a version, of an alias, of a labelled map state.

use std::fmt;

use super::{ArnError, Home, parse_labelled, parse_states, write_head, write_labelled};
use crate::name::alias_name_ok;

/// `arn:<p>:states:<r>:<a>:stateMachine:<name>…`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateMachineArn {
    pub home: Home,
    pub name: String,
    pub qualifier: Qualifier,
}

/// What follows the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qualifier {
    Unqualified,
    /// `:3`
    Version(u64),
    /// `:live`
    Alias(String),
    /// `/Label`, the item processor of a distributed map state.
    Label(String),
}

impl StateMachineArn {
    /// The ARN without a qualifier.
    pub fn new(home: Home, name: impl Into<String>) -> StateMachineArn {
        StateMachineArn { home, name: name.into(), qualifier: Qualifier::Unqualified }
    }

    /// Reads any of the four forms.
    pub fn parse(text: &str) -> Result<StateMachineArn, ArnError> {
        let (home, resource_type, rest) = parse_states(text)?;
        if resource_type != "stateMachine" {
            return Err(ArnError::resource_type(resource_type));
        }
        let (part, qualifier) = match rest.split_once(':') {
            Some((part, qualifier)) => (part, Some(qualifier)),
            None => (rest, None),
        };
        let (name, label) = parse_labelled(part).ok_or_else(|| ArnError::malformed(text))?;
        let qualifier =
            Qualifier::parse(label, qualifier).ok_or_else(|| ArnError::malformed(text))?;
        Ok(StateMachineArn { home, name: name.to_owned(), qualifier })
    }

    /// The same machine without qualifier (SFN-ARN-1).
    #[must_use]
    pub fn unqualified(&self) -> StateMachineArn {
        StateMachineArn::new(self.home.clone(), self.name.clone())
    }

    /// The ARN of a version of this machine.
    #[must_use]
    pub fn version(&self, number: u64) -> StateMachineArn {
        StateMachineArn { qualifier: Qualifier::Version(number), ..self.unqualified() }
    }

    /// The ARN of an alias of this machine.
    #[must_use]
    pub fn alias(&self, name: impl Into<String>) -> StateMachineArn {
        StateMachineArn { qualifier: Qualifier::Alias(name.into()), ..self.unqualified() }
    }

    /// The ARN of a distributed map state's item processor in this machine.
    #[must_use]
    pub fn labelled(&self, label: impl Into<String>) -> StateMachineArn {
        StateMachineArn { qualifier: Qualifier::Label(label.into()), ..self.unqualified() }
    }
}

impl Qualifier {
    // SFN-ARN-2: a version is an integer, an alias has a character that is no digit.
    fn parse(label: Option<&str>, qualifier: Option<&str>) -> Option<Qualifier> {
        match (label, qualifier) {
            (None, None) => Some(Qualifier::Unqualified),
            (Some(label), None) => Some(Qualifier::Label(label.to_owned())),
            (Some(_), Some(_)) => None,
            (None, Some(text)) if alias_name_ok(text) => Some(Qualifier::Alias(text.to_owned())),
            (None, Some(text)) => parse_version(text).map(Qualifier::Version),
        }
    }
}

/// A version number as it is printed: no sign, no leading zeros.
fn parse_version(text: &str) -> Option<u64> {
    text.parse::<u64>().ok().filter(|number| *number > 0 && number.to_string() == text)
}

impl fmt::Display for StateMachineArn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_head(out, &self.home, "stateMachine")?;
        match &self.qualifier {
            Qualifier::Unqualified => out.write_str(&self.name),
            Qualifier::Version(number) => write!(out, "{}:{number}", self.name),
            Qualifier::Alias(alias) => write!(out, "{}:{alias}", self.name),
            Qualifier::Label(label) => write_labelled(out, &self.name, Some(label)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "arn:aws:states:us-east-1:000000000000:";

    fn parse(rest: &str) -> Result<Qualifier, String> {
        let text = format!("{HEAD}{rest}");
        let arn = StateMachineArn::parse(&text).map_err(|error| error.to_string())?;
        assert_eq!(arn.to_string(), text);
        assert_eq!(arn.name, "orders.v1");
        Ok(arn.qualifier)
    }

    // SFN-ARN-2
    #[test]
    fn the_last_segment_tells_version_from_alias() {
        assert_eq!(parse("stateMachine:orders.v1"), Ok(Qualifier::Unqualified));
        assert_eq!(parse("stateMachine:orders.v1:12"), Ok(Qualifier::Version(12)));
        assert_eq!(parse("stateMachine:orders.v1:live-2"), Ok(Qualifier::Alias("live-2".into())));
        assert_eq!(parse("stateMachine:orders.v1/Each"), Ok(Qualifier::Label("Each".into())));
    }

    // SFN-ARN-4, SFN-ARN-5
    #[test]
    fn other_resources_are_named_in_the_error() {
        let words = "Invalid Arn: 'Resource type not valid in this context: express'".to_owned();
        assert_eq!(parse("express:orders.v1:e:u"), Err(words));
        for rest in ["stateMachine:", "stateMachine:a:0", "stateMachine:a:01", "stateMachine:a:b:c"]
        {
            let words = format!("Invalid Arn: 'Invalid ARN: {HEAD}{rest}'");
            assert_eq!(parse(rest), Err(words));
        }
        let lambda = "arn:aws:lambda:us-east-1:000000000000:function:f";
        let error = StateMachineArn::parse(lambda).unwrap_err();
        assert_eq!(error.to_string(), format!("Invalid Arn: 'Invalid ARN prefix: {lambda}'"));
    }

    #[test]
    fn qualified_forms_derive_from_one_another() {
        let arn = StateMachineArn::new(Home::new("us-east-1", "000000000000"), "m");
        assert_eq!(arn.version(3).to_string(), format!("{HEAD}stateMachine:m:3"));
        assert_eq!(arn.alias("a").to_string(), format!("{HEAD}stateMachine:m:a"));
        assert_eq!(arn.labelled("L").to_string(), format!("{HEAD}stateMachine:m/L"));
        assert_eq!(arn.version(3).unqualified(), arn);
    }
}
