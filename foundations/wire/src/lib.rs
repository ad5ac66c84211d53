//! The AWS protocols: bytes to a typed operation and back, and the listener that carries them.
//! Knows no product. Start at [`operation`] for the table, [`fault`] for errors, [`door`] for
//! what is not JSON, [`router`] for the way of a request and [`listener`] for sockets.

pub mod body;
pub mod door;
pub mod fault;
pub mod gate;
mod json;
pub mod limits;
pub mod listener;
pub mod operation;
mod receive;
pub mod reply;
pub mod router;
pub mod tls;
