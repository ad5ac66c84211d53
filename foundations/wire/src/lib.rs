//! The AWS protocols: bytes to a typed operation and back, and the listener that carries them.
//! Knows no product. Start at [`operation`] for the table, [`fault`] for errors.

pub mod fault;
pub mod operation;
