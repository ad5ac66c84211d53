//! A node's lease: renewed by itself, believed by this machine's own clock only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use postgres::Membership;
use store::engine::EngineError;
use store::nodes::{ACT_MAX, Node, Nodes as _, RENEW_INTERVAL};
use tokio_util::sync::{CancellationToken, DropGuard};
use wire::gate::Proof;

/// Between two tries when the database does not answer.
const RETRY_REST: Duration = Duration::from_millis(300);

/// Ends with its last owner.
pub(crate) struct Lease {
    state: Arc<State>,
    _renewing: DropGuard,
}

struct State {
    base: Instant,
    /// Milliseconds after `base`.
    acts_until: AtomicU64,
    /// The database says that it ran out.
    over: AtomicBool,
}

impl Lease {
    /// Enters the cluster and keeps renewing.
    pub(crate) async fn begin(nodes: Arc<Membership>, node: Node) -> Result<Lease, EngineError> {
        let state = Arc::new(State {
            base: Instant::now(),
            acts_until: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let sent = Instant::now();
        let (entering, entered) = (nodes.clone(), node.clone());
        let outcome = tokio::task::spawn_blocking(move || entering.enter(&entered)).await;
        outcome.unwrap_or_else(|error| Err(EngineError::Busy(error.to_string())))?;
        state.renewed(sent);
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(renew(state.clone(), nodes, node)));
        Ok(Lease { state, _renewing: stop.drop_guard() })
    }

    /// True while no other node can have taken over.
    pub(crate) fn holds(&self) -> bool {
        self.state.holds()
    }

    /// True once it cannot be renewed any more.
    pub(crate) fn is_over(&self) -> bool {
        self.state.over.load(Ordering::Relaxed)
    }

    /// The same question for whoever answers requests.
    pub(crate) fn proof(&self) -> Proof {
        let state = self.state.clone();
        Arc::new(move || state.holds())
    }
}

impl State {
    fn renewed(&self, sent: Instant) {
        let until = sent + ACT_MAX - self.base;
        self.acts_until.store(millis(until), Ordering::Relaxed);
    }

    fn holds(&self) -> bool {
        let now = millis(self.base.elapsed());
        now < self.acts_until.load(Ordering::Relaxed) && !self.over.load(Ordering::Relaxed)
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

async fn renew(state: Arc<State>, nodes: Arc<Membership>, node: Node) {
    let mut rest = RENEW_INTERVAL;
    loop {
        tokio::time::sleep(rest).await;
        let sent = Instant::now();
        let (renewing, incarnation) = (nodes.clone(), node.incarnation);
        let renewed = tokio::task::spawn_blocking(move || renewing.renew(incarnation)).await;
        rest = match renewed {
            Ok(Ok(true)) => {
                state.renewed(sent);
                RENEW_INTERVAL
            }
            Ok(Ok(false)) => {
                state.over.store(true, Ordering::Relaxed);
                return;
            }
            Ok(Err(error)) => {
                tracing::warn!(node = node.name, "the lease was not renewed: {error}");
                RETRY_REST
            }
            Err(error) => {
                tracing::warn!(node = node.name, "the lease was not renewed: {error}");
                RETRY_REST
            }
        };
    }
}
