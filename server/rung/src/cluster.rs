//! One node among several on one database. One leads: it holds every partition and answers every
//! request; the others hand requests on, and take over when its lease ends or it gives way.
//! Start at [`Clustered::open`].

mod lease;

use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use host::Host;
use postgres::{Membership, Postgres};
use store::Store;
use store::engine::EngineError;
use store::nodes::{Incarnation, Node, Nodes as _, Seen};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::gate::{Gate, Turn};
use wire::listener::Listener;
use wire::router::Router;

use crate::assemble::{self, Inside, Settings};
use crate::cluster::lease::Lease;
use crate::names::Names;
use crate::trouble::Trouble;

/// How often a node looks who leads.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// And when it is about to change.
const LOOK_INTERVAL_SHORT: Duration = Duration::from_millis(10);
/// How long calls under way may go on before the lead is given up, while requests are answered,
const SETTLE_MAX: Duration = Duration::from_secs(5);
/// and how long a node that stops hands requests on to whoever leads next.
const SUCCESSOR_MAX: Duration = Duration::from_secs(3);

/// How long a node that could not begin to lead rests before it begins anew.
const BEGIN_REST: Duration = Duration::from_secs(1);

/// How long a start waits for a database that does not answer.
const DATABASE_MAX: Duration = Duration::from_secs(10);
const DATABASE_REST: Duration = Duration::from_millis(500);
/// How long a process that begins anew waits for its port.
const PORT_MAX: Duration = Duration::from_secs(10);
/// Set for a process that begins anew: it waits for the database for as long as it takes.
const ANEW: &str = "RUNG_ANEW";

/// How a node knows itself and its cluster.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) database: postgres::Address,
    /// Unique in the cluster.
    pub(crate) name: Option<String>,
    /// `host:port`, where the others reach it.
    pub(crate) advertise: Option<String>,
}

/// What the node is doing about the lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Waiting,
    Following,
    Leading,
}

/// How a node's life in the cluster ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was told to stop, and has given way.
    Stopped,
    /// It was asked to give way, and has: requests that still come in are handed on.
    GaveWay,
    /// Another node may lead already: nothing in memory may be believed.
    Lost,
}

/// A node that runs.
pub(crate) struct Clustered {
    address: SocketAddr,
    role: watch::Receiver<Role>,
    stop: CancellationToken,
    member: JoinHandle<anyhow::Result<Ended>>,
    shutdown: CancellationToken,
    serving: Vec<JoinHandle<()>>,
    nodes: Arc<Membership>,
    node: Node,
}

impl Clustered {
    /// Takes the port, enters the cluster, and answers or hands on from then on.
    pub(crate) async fn open(
        settings: Settings,
        place: Place,
        names: Names,
    ) -> anyhow::Result<Clustered> {
        let listeners = bind(&settings).await?;
        let address = listeners.first().context("no address was bound")?.address();
        let tls = assemble::certificate(&settings)?;
        let host = Host::real();
        let engine = Arc::new(connect(&place.database).await?);
        let nodes = Arc::new(engine.membership(&place.database));
        let node = node(&place, &host, address);
        let gate = Gate::new(assemble::wire_limits());
        let router = Router::behind(gate.clone(), host.clone(), assemble::wire_limits());
        let shutdown = CancellationToken::new();
        let serving = assemble::serve(listeners, &router, &tls, &shutdown);
        let lease =
            Lease::begin(nodes.clone(), node.clone()).await.map_err(|error| refused(&error))?;
        let (told, role) = watch::channel(Role::Waiting);
        let stop = CancellationToken::new();
        let member = Member {
            settings,
            names,
            host,
            port: address.port(),
            engine,
            nodes: nodes.clone(),
            node: node.clone(),
            gate,
            lease,
            role: told,
            stop: stop.clone(),
        };
        let member = tokio::spawn(member.run());
        Ok(Clustered { address, role, stop, member, shutdown, serving, nodes, node })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn name(&self) -> &str {
        &self.node.name
    }

    /// What the node does, as it changes.
    pub(crate) fn role(&self) -> watch::Receiver<Role> {
        self.role.clone()
    }

    /// Returns when this life is over.
    pub(crate) async fn ended(&mut self) -> anyhow::Result<Ended> {
        (&mut self.member).await.context("the node's membership broke")?
    }

    /// Gives the lead to another node, hands on what still comes in, and leaves.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        if !self.member.is_finished() {
            self.ended().await?;
        }
        self.close().await
    }

    /// Ends the listeners and leaves.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        for serving in self.serving {
            serving.await.context("failed to end the listener")?;
        }
        let (nodes, incarnation) = (self.nodes, self.node.incarnation);
        tokio::task::spawn_blocking(move || nodes.leave(incarnation)).await?.ok();
        Ok(())
    }
}

/// Takes the port; a process that begins anew waits for whoever used it for a moment.
async fn bind(settings: &Settings) -> anyhow::Result<Vec<Listener>> {
    let until = tokio::time::Instant::now() + PORT_MAX;
    loop {
        match assemble::bind(settings).await {
            Err(error) if is_anew() && tokio::time::Instant::now() < until => {
                tracing::warn!("waits for its port: {error}");
                tokio::time::sleep(DATABASE_REST).await;
            }
            bound => return bound,
        }
    }
}

fn is_anew() -> bool {
    std::env::var_os(ANEW).is_some()
}

fn node(place: &Place, host: &Host, address: SocketAddr) -> Node {
    let advertise = place.advertise.clone().unwrap_or_else(|| reachable(address).to_string());
    Node {
        incarnation: (u128::from(host.entropy()) << 64) | u128::from(host.entropy()),
        name: place.name.clone().unwrap_or_else(|| advertise.clone()),
        address: advertise,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// An address that listens everywhere is told to the others as loopback: right on one machine,
/// which is why `--advertise` is asked for on several.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::new(std::net::Ipv4Addr::LOCALHOST.into(), address.port());
    }
    address
}

/// Opens the database; one that is away for a while is waited for.
pub(crate) async fn connect(database: &postgres::Address) -> anyhow::Result<Postgres> {
    let until = tokio::time::Instant::now() + DATABASE_MAX;
    loop {
        let opening = database.clone();
        let opened = tokio::task::spawn_blocking(move || Postgres::open(&opening)).await?;
        let error = match opened {
            Ok(engine) => return Ok(engine),
            Err(error) => error,
        };
        let away = matches!(&error, postgres::OpenError::Engine(EngineError::Busy(_)));
        if !away || (tokio::time::Instant::now() >= until && !is_anew()) {
            return Err(Trouble::new(format!("cannot open `{database}`: {error}"))
                .remedy("look at the address, the password, and whether the database runs")
                .into());
        }
        tracing::warn!("waits for the database: {error}");
        tokio::time::sleep(DATABASE_REST).await;
    }
}

/// Opens a database that nodes were started on.
pub(crate) async fn find(database: &postgres::Address) -> anyhow::Result<Postgres> {
    let opening = database.clone();
    let opened = tokio::task::spawn_blocking(move || Postgres::find(&opening)).await?;
    opened.map_err(|error| {
        Trouble::new(format!("cannot open `{database}`: {error}"))
            .remedy("look at the address, the schema and the password")
            .into()
    })
}

/// Replaces this process by a fresh one, with the same arguments. Returns only if that failed.
pub(crate) fn begin_anew() -> anyhow::Error {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return anyhow::Error::new(error).context("cannot find the program"),
    };
    let mut anew = std::process::Command::new(program);
    anew.args(std::env::args_os().skip(1)).env(ANEW, "1");
    anyhow::Error::new(anew.exec()).context("cannot begin anew")
}

fn refused(error: &EngineError) -> Trouble {
    Trouble::new(format!("cannot enter the cluster: {error}"))
        .remedy("the database answered before: try again")
}

/// What decides whether the node leads, for as long as it lives.
struct Member {
    settings: Settings,
    names: Names,
    host: Host,
    port: u16,
    engine: Arc<Postgres>,
    nodes: Arc<Membership>,
    node: Node,
    gate: Gate,
    lease: Lease,
    role: watch::Sender<Role>,
    stop: CancellationToken,
}

/// Why a node that leads does so no longer.
enum Over {
    /// It was asked to give way.
    GiveWay,
    /// Another node may lead already.
    Lost(&'static str),
}

impl Member {
    /// Follows, leads once, and ends: a node that led begins anew with nothing in memory.
    async fn run(self) -> anyhow::Result<Ended> {
        if let Some(ended) = self.follow().await {
            return Ok(ended);
        }
        let won = tokio::time::Instant::now();
        let inside = match self.begin().await {
            Ok(inside) => inside,
            Err(error) => {
                self.yield_lead().await;
                if error.is::<Trouble>() {
                    return Err(error);
                }
                // The database was slow, or away again: this node or another one may soon.
                tracing::error!(node = self.node.name, "cannot lead: {error:#}");
                tokio::time::sleep(BEGIN_REST).await;
                return Ok(Ended::Lost);
            }
        };
        let router = Arc::new(inside.router(self.settings.mode.clone()));
        self.gate.turn(Turn::Here { router, proof: self.lease.proof() });
        self.role.send_replace(Role::Leading);
        tracing::info!(node = self.node.name, opened = ?won.elapsed(), "leads");
        match self.lead().await {
            Over::GiveWay => self.give_way(inside).await,
            Over::Lost(reason) => {
                tracing::error!(node = self.node.name, "the lead is lost: {reason}");
                Ok(Ended::Lost)
            }
        }
    }

    /// Returns once this node has the lead, or why it does not follow any more.
    async fn follow(&self) -> Option<Ended> {
        loop {
            let mut rest = LOOK_INTERVAL;
            if self.stop.is_cancelled() {
                return Some(Ended::Stopped);
            }
            if self.lease.is_over() {
                tracing::warn!(node = self.node.name, "the lease ran out");
                return Some(Ended::Lost);
            }
            match self.look().await {
                Ok(seen) => {
                    if self.heed(&seen).await {
                        return None;
                    }
                    let stays = |seen: &Seen| seen.leads && seen.is_live() && !seen.leaves;
                    if !seen.iter().any(stays) {
                        rest = LOOK_INTERVAL_SHORT;
                    }
                }
                Err(error) => tracing::warn!("cannot see the cluster: {error}"),
            }
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(rest) => {}
            }
        }
    }

    /// Sends requests to whoever leads; takes the lead when nobody has it.
    async fn heed(&self, seen: &[Seen]) -> bool {
        let leader = seen.iter().find(|seen| seen.leads && seen.is_live());
        if let Some(leader) =
            leader.filter(|leader| leader.node.incarnation != self.node.incarnation)
        {
            match leader.node.address.parse() {
                Ok(address) => {
                    self.turn_to(Turn::There(address), Role::Following);
                    return false;
                }
                Err(_) => tracing::error!("the leader's address cannot be read"),
            }
        }
        self.turn_to(Turn::Nobody, Role::Waiting);
        let draining =
            seen.iter().any(|s| s.node.incarnation == self.node.incarnation && s.draining);
        if draining || !self.lease.holds() {
            return false;
        }
        self.ask(Membership::lead).await.unwrap_or_default()
    }

    fn turn_to(&self, turn: Turn, role: Role) {
        self.gate.turn(turn);
        self.role.send_if_modified(|now| std::mem::replace(now, role) != role);
    }

    /// Opens the store, which claims every partition, and the services on it.
    async fn begin(&self) -> anyhow::Result<Inside> {
        let (engine, host) = (self.engine.clone(), self.host.clone());
        let options = store::Options { node: self.node.name.clone(), ..store::Options::default() };
        let opened =
            tokio::task::spawn_blocking(move || Store::open(engine, host, options)).await?;
        let store = opened.context("cannot open the data in the database")?;
        for (partition, evidence) in store.broken() {
            tracing::error!(partition, %evidence, "a partition of the data is stopped");
        }
        let inside = Inside::open(&self.settings, store, self.host.clone(), self.port).await?;
        if let Some(reason) = inside.set_functions(&self.settings.functions, &self.names)?.first() {
            return Err(Trouble::new(reason).remedy("mend it in the configuration").into());
        }
        Ok(inside)
    }

    /// Until the lead is over.
    async fn lead(&self) -> Over {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return Over::GiveWay,
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
            if !self.lease.holds() {
                return Over::Lost("its lease could not be renewed");
            }
            let Ok(seen) = self.look().await else { continue };
            let me = seen.iter().find(|seen| seen.node.incarnation == self.node.incarnation);
            match me {
                Some(me) if me.leads && me.draining => return Over::GiveWay,
                Some(me) if me.leads => {}
                _ => return Over::Lost("another node took over"),
            }
        }
    }

    /// Lets what is under way finish, makes it durable, and lets another node lead.
    async fn give_way(&self, inside: Inside) -> anyhow::Result<Ended> {
        tracing::info!(node = self.node.name, "gives the lead up");
        self.announce_leave().await;
        // Requests are answered meanwhile; what is flushed now is not when they wait.
        tokio::join!(inside.settle(SETTLE_MAX), inside.flush(), tokio::time::sleep(LOOK_INTERVAL));
        let held = tokio::time::Instant::now();
        tokio::join!(self.gate.hold(), inside.drain());
        inside.stop().await?;
        self.yield_lead().await;
        tracing::info!(node = self.node.name, held = ?held.elapsed(), "gave the lead up");
        // Whatever comes in until the listeners are closed goes to the next leader.
        let until = tokio::time::Instant::now() + SUCCESSOR_MAX;
        while tokio::time::Instant::now() < until {
            if let Ok(seen) = self.look().await
                && let Some(leader) = seen.iter().find(|seen| seen.leads && seen.is_live())
                && let Ok(address) = leader.node.address.parse()
            {
                self.turn_to(Turn::There(address), Role::Following);
                break;
            }
            tokio::time::sleep(LOOK_INTERVAL_SHORT).await;
        }
        Ok(if self.stop.is_cancelled() { Ended::Stopped } else { Ended::GaveWay })
    }

    async fn look(&self) -> Result<Vec<Seen>, EngineError> {
        self.ask(|nodes, _| nodes.look()).await
    }

    async fn announce_leave(&self) {
        if let Err(error) = self.ask(Membership::announce_leave).await {
            tracing::warn!("the others are not told that the lead ends: {error}");
        }
    }

    async fn yield_lead(&self) {
        if let Err(error) = self.ask(Membership::yield_lead).await {
            tracing::warn!("the lead ends with the lease: {error}");
        }
    }

    /// Asks the database, on a thread that may block.
    async fn ask<R: Send + 'static>(
        &self,
        question: impl FnOnce(&Membership, Incarnation) -> Result<R, EngineError> + Send + 'static,
    ) -> Result<R, EngineError> {
        let (nodes, incarnation) = (self.nodes.clone(), self.node.incarnation);
        let asked = tokio::task::spawn_blocking(move || question(&nodes, incarnation)).await;
        asked.unwrap_or_else(|error| Err(EngineError::Busy(error.to_string())))
    }
}
