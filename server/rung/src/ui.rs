//! What the user sees. The only place that prints. Colour and motion only on a terminal.

pub(crate) mod screen;
pub(crate) mod table;
pub(crate) mod text;
