//! Results, errors, references and bounds, and the reference implementation's suite.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod evaluate;
#[cfg(test)]
mod parse;
#[cfg(test)]
mod references;
#[cfg(test)]
mod suite;
