//! Tests of the interpreter through its one door, `step`: whole executions, told as chains.

#[cfg(test)]
mod chains;
#[cfg(test)]
mod choice;
#[cfg(test)]
mod data;
#[cfg(test)]
mod distributed;
#[cfg(test)]
mod endings;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod json;
#[cfg(test)]
mod jsonata;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod redrive;
#[cfg(test)]
mod tasks;
#[cfg(test)]
mod timing;
