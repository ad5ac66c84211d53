//! Names of things: ARNs, accounts, regions, tags, page tokens and the limits on them.
//! Parse, don't validate: past the edge there is a `StateMachineArn`, not a `String`.
