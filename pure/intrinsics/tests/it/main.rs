//! Parsing, every function and every failure, and the recorded replies of the service.

#[cfg(test)]
mod functions;
#[cfg(test)]
mod parse;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod scope;
