//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod cluster;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod key;
pub(crate) mod logs;
pub(crate) mod run;
pub(crate) mod serve;
pub(crate) mod store;
pub(crate) mod test;
