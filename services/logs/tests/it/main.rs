//! Logs as their callers see them: operations through the table, and deliveries.

#[cfg(test)]
mod delivering;
#[cfg(test)]
mod filtering;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod retention;
#[cfg(test)]
mod support;
