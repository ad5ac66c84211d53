//! How a store is opened.

use std::sync::Arc;
use std::time::Duration;

/// What a store does when the device fails under it.
pub type Fatal = Arc<dyn Fn(&str) + Send + Sync>;

/// Told that there is something to commit.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Settings of a store; the defaults are for a server.
#[derive(Clone)]
pub struct Options {
    /// A power of two, 1..=1024. Used only when the cluster is created.
    pub partitions: u16,
    /// Name of this node.
    pub node: String,
    /// Committed rows in memory: at 75% starts are slowed, at 100% refused.
    pub overlay_bytes_max: usize,
    /// Flush when the log has grown by this much,
    pub flush_log_bytes: usize,
    /// or when the oldest row that is only in the log is this old.
    pub flush_interval: Duration,
    /// How often free space is looked at and the witness synced.
    pub watch_interval: Duration,
    /// Called after a failed fsync or an unreadable device. Memory and disk may differ from then
    /// on, so the process has to end; the default aborts it.
    pub fatal: Fatal,
    /// With this there are no threads: it is called when [`crate::Store::turn`] has something to
    /// commit, and whoever drives the store also watches and flushes. For simulations.
    pub by_hand: Option<Wake>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            partitions: 16,
            node: "local".to_owned(),
            overlay_bytes_max: 256 << 20,
            flush_log_bytes: 32 << 20,
            flush_interval: Duration::from_secs(5),
            watch_interval: Duration::from_secs(1),
            fatal: Arc::new(|_| std::process::abort()),
            by_hand: None,
        }
    }
}
