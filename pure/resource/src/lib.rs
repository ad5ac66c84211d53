//! Names of things: ARNs, accounts, regions, tags, page tokens and the limits on them.
//! Parse, don't validate: past the edge there is a `StateMachineArn`, not a `String`.
//! Knows no service's records and no wire protocol. Start at [`arn`] and [`constraints`].

pub mod arn;
pub mod constraints;
pub mod name;
pub mod page_token;
pub mod tags;
