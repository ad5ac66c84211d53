//! Functions as their callers see them: real processes of Python, Node.js and executables, and
//! Lambda's API through its door.

mod api;
mod ends;
mod events;
mod failures;
mod languages;
mod pools;
mod remote;
mod support;
