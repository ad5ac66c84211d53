//! ARNs of activities.

use std::fmt;

use super::{ArnError, Home, parse_states, write_head};
use crate::name::name_ok;

/// `arn:<p>:states:<r>:<a>:activity:<name>`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActivityArn {
    pub home: Home,
    pub name: String,
}

impl ActivityArn {
    pub fn new(home: Home, name: impl Into<String>) -> ActivityArn {
        ActivityArn { home, name: name.into() }
    }

    pub fn parse(text: &str) -> Result<ActivityArn, ArnError> {
        let (home, resource_type, name) = parse_states(text)?;
        match resource_type {
            "activity" if name_ok(name) => Ok(ActivityArn::new(home, name)),
            "activity" => Err(ArnError::malformed(text)),
            other => Err(ArnError::resource_type(other)),
        }
    }
}

impl fmt::Display for ActivityArn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_head(out, &self.home, "activity")?;
        out.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusals() {
        let text = "arn:aws:states:us-east-1:000000000000:activity:pack";
        assert_eq!(ActivityArn::parse(text).unwrap().to_string(), text);
        // SFN-ARN-4
        let error = ActivityArn::parse("no_an_activity_arn").unwrap_err();
        assert_eq!(error.to_string(), "Invalid Arn: 'Invalid ARN prefix: no_an_activity_arn'");
        assert!(ActivityArn::parse("arn:aws:states:us-east-1:000000000000:activity:a:b").is_err());
    }
}
