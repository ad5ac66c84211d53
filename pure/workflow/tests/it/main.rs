//! Tests of the interpreter through its one door, `step`: whole executions, told as chains.

mod chains;
mod choice;
mod data;
mod failing;
mod harness;
mod hostile;
mod json;
mod jsonata;
mod recorded;
mod tasks;
mod timing;
