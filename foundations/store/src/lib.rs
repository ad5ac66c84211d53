//! Durable rows in partitions: log first, families behind it, one group commit for all.
//! Knows no product: keys and values are bytes. Start at [`Store`]; an engine is [`engine::Engine`].

pub mod engine;



