//! The Amazon States Language: text to [`model::Definition`], with every finding at once.
//! Knows nothing of executions. Start at [`model`].

pub mod model;
