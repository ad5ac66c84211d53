//! The one way out: what workflows call, inside this process or beyond it.
//! Knows no workflow. Start at [`lambda::Lambda`]; [`logs::Logs`] is where logs go.

pub mod lambda;
pub mod logs;
pub mod objects;
