//! The path language, feature by feature, against the RFC's suite and against another evaluator.

#[cfg(test)]
mod compliance;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod insert;
#[cfg(test)]
mod parse;
#[cfg(test)]
mod select;
