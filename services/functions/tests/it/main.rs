//! Functions as their callers see them: real processes of Python, Node.js and executables, and
//! Lambda's API through its door.

#[cfg(test)]
mod api;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod events;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod languages;
#[cfg(test)]
mod pools;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod support;
