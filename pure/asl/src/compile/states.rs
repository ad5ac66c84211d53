//! What only one state type has, a file each.

pub(crate) mod choice;
mod comparison;
mod distributed;
pub(crate) mod fail;
pub(crate) mod map;
pub(crate) mod parallel;
pub(crate) mod pass;
mod reader;
pub(crate) mod task;
pub(crate) mod wait;
