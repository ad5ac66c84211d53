//! The nodes of one cluster, and which of them leads: the seam to an engine that several
//! processes share. A lease decides who may try to lead; it never makes anything safe, which is
//! what epochs are for.

use std::time::Duration;

use crate::engine::EngineError;

/// How long a node's lease lasts from each renewal, by the clock of the database.
pub const LEASE: Duration = Duration::from_secs(8);
/// How long after it *sent* its last successful renewal a node acts, by its own clock.
pub const ACT_MAX: Duration = Duration::from_secs(6);
/// How often a lease is renewed.
pub const RENEW_INTERVAL: Duration = Duration::from_secs(2);
/// Nodes in one answer.
pub const NODES_MAX: usize = 1000;

/// One life of one node.
pub type Incarnation = u128;

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub incarnation: Incarnation,
    /// The operator's name for it.
    pub name: String,
    /// Where the others reach it, `host:port`.
    pub address: String,
    /// Of the program.
    pub version: String,
}

/// A node as the others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub node: Node,
    /// Was asked to lead no more.
    pub draining: bool,
    /// What is left of its lease; negative once it is over.
    pub lease_ms: i64,
    pub leads: bool,
    /// Gives the lead up in a moment.
    pub leaves: bool,
}

impl Seen {
    pub fn is_live(&self) -> bool {
        self.lease_ms > 0
    }
}

/// Membership and leadership, kept by an engine. Calls block.
pub trait Nodes: Send + Sync {
    /// Enters under a new incarnation, with a lease.
    fn enter(&self, node: &Node) -> Result<(), EngineError>;

    /// Renews a lease that has not run out. False if it has: the node must enter anew.
    fn renew(&self, incarnation: Incarnation) -> Result<bool, EngineError>;

    /// Leaves, giving up the lead if it holds it.
    fn leave(&self, incarnation: Incarnation) -> Result<(), EngineError>;

    /// All nodes whose lease is not long over, by name.
    fn look(&self) -> Result<Vec<Seen>, EngineError>;

    /// Takes the lead unless somebody live has it. True if this node has it now.
    fn lead(&self, incarnation: Incarnation) -> Result<bool, EngineError>;

    /// Says that it will give the lead up in a moment, so that others look more often.
    fn announce_leave(&self, incarnation: Incarnation) -> Result<(), EngineError>;

    /// Gives the lead up, if it is held.
    fn yield_lead(&self, incarnation: Incarnation) -> Result<(), EngineError>;

    /// Marks a node by its name, so that it does not lead. False if there is none.
    fn drain(&self, name: &str, draining: bool) -> Result<bool, EngineError>;
}
