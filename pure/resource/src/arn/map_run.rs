//! ARNs of map runs.

use std::fmt;

use super::state_machine::StateMachineArn;
use super::{ArnError, Home, parse_labelled, parse_states, write_head};
use crate::name::name_ok;

/// `arn:<p>:states:<r>:<a>:mapRun:<machine>/<label>:<uuid>`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MapRunArn {
    pub home: Home,
    pub state_machine: String,
    pub label: String,
    pub run: String,
}

impl MapRunArn {
    pub fn new(machine: &StateMachineArn, label: &str, run: impl Into<String>) -> MapRunArn {
        MapRunArn {
            home: machine.home.clone(),
            state_machine: machine.name.clone(),
            label: label.to_owned(),
            run: run.into(),
        }
    }

    pub fn parse(text: &str) -> Result<MapRunArn, ArnError> {
        let (home, resource_type, rest) = parse_states(text)?;
        if resource_type != "mapRun" {
            return Err(ArnError::resource_type(resource_type));
        }
        let (machine, label, run) = parse_rest(rest).ok_or_else(|| ArnError::malformed(text))?;
        Ok(MapRunArn {
            home,
            state_machine: machine.to_owned(),
            label: label.to_owned(),
            run: run.to_owned(),
        })
    }
}

fn parse_rest(rest: &str) -> Option<(&str, &str, &str)> {
    let (part, run) = rest.split_once(':')?;
    let (machine, label) = parse_labelled(part)?;
    name_ok(run).then_some((machine, label?, run))
}

impl fmt::Display for MapRunArn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_head(out, &self.home, "mapRun")?;
        write!(out, "{}/{}:{}", self.state_machine, self.label, self.run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_and_refusals() {
        let text = "arn:aws:states:us-east-1:000000000000:mapRun:m/Each:0f0e";
        let arn = MapRunArn::parse(text).unwrap();
        assert_eq!(arn.to_string(), text);
        assert_eq!((&*arn.state_machine, &*arn.label, &*arn.run), ("m", "Each", "0f0e"));
        for rest in ["mapRun:m:0f0e", "mapRun:m/Each", "mapRun:m/Each:", "execution:m:n"] {
            let text = format!("arn:aws:states:us-east-1:000000000000:{rest}");
            assert!(MapRunArn::parse(&text).is_err(), "{rest}");
        }
    }
}
