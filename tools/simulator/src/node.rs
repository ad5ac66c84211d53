//! One life of one node: the real store and the real service, driven on the simulation's thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use host::Host;
use identity::Caller;
use serde_json::Value;
use stepfunctions::quotas::Quotas;
use stepfunctions::{Service, Settings};
use store::Store;
use store::error::OpenError;
use targets::objects::folder::Folder;
use tokio::sync::Notify;
use wire::operation::JsonService;
use workflow::Limits;

use crate::disk::Disk;
use crate::functions::Functions;
use crate::world::World;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);
const PARTITIONS: u16 = 2;

/// Whether a node lives.
pub(crate) struct Life {
    pub(crate) number: u64,
    ended: AtomicBool,
    death: Notify,
}

impl Life {
    pub(crate) fn is_alive(&self) -> bool {
        !self.ended.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.death.notify_waiters();
    }

    async fn ended(&self) {
        let death = self.death.notified();
        if self.is_alive() {
            death.await;
        }
    }
}

pub(crate) struct Node {
    pub(crate) number: u64,
    pub(crate) life: Arc<Life>,
    pub(crate) store: Store,
    service: OnceLock<Service>,
    wake: Arc<Notify>,
}

/// What a client hears.
pub(crate) enum Answer {
    Done(Value),
    /// Refused, for good.
    Refused(String),
    /// Nothing, or that it should try again.
    Unknown,
}

impl Node {
    /// Claims everything; whoever had it does not hear of it. The service is not there yet.
    pub(crate) fn claim(world: &Arc<World>) -> Result<Arc<Node>, OpenError> {
        let number = world.nodes.fetch_add(1, Ordering::SeqCst);
        let life = Arc::new(Life { number, ended: AtomicBool::new(false), death: Notify::new() });
        let wake = Arc::new(Notify::new());
        let (woken, dying) = (wake.clone(), life.clone());
        let options = store::Options {
            partitions: PARTITIONS,
            node: format!("node-{number}"),
            fatal: Arc::new(move |_| dying.end()),
            by_hand: Some(Arc::new(move || woken.notify_one())),
            ..store::Options::default()
        };
        let disk = Arc::new(Disk::new(world, life.clone()));
        let host = Host::from_source(world.clock.clone());
        let store = match Store::open(disk, host, options) {
            Ok(store) => store,
            Err(error) => {
                life.end();
                return Err(error);
            }
        };
        for (partition, why) in store.broken() {
            world.violation(format!("partition {partition} is not believed: {why}"));
        }
        world.note(format!("node {number} claimed"));
        Ok(Arc::new(Node { number, life, store, service: OnceLock::new(), wake }))
    }

    /// Takes over in the middle of what another node is doing.
    pub(crate) fn usurp(world: &Arc<World>) {
        let Ok(node) = Node::claim(world) else { return };
        if world.one_in(2) {
            // It may fail like any other; it is repeated.
            let _ = node.store.flush();
        }
        world.crown(node.clone());
        let world = world.clone();
        tokio::spawn(async move { node.serve(&world).await });
    }

    /// Sets lane and service going.
    pub(crate) async fn serve(self: &Arc<Self>, world: &Arc<World>) {
        tokio::spawn(drive(self.clone(), world.clone()));
        let functions = Functions::new(world, self);
        let settings = Settings {
            limits: Limits { transitions_per_step_max: 20, ..Limits::default() },
            quotas: Quotas::default(),
            lambda: Arc::new(functions),
            logs: None,
            objects: Arc::new(Folder::new("no-such-folder")),
            drain_max: Duration::ZERO,
            mocks: None,
            retention_days: 90,
        };
        let host = Host::from_source(world.clock.clone());
        let opened = tokio::select! {
            biased;
            () = self.life.ended() => return,
            opened = Service::open(self.store.clone(), host, settings) => opened,
        };
        match opened {
            Ok(service) => {
                world.note(format!("node {} serves", self.number));
                // Only one comes here.
                let _ = self.service.set(service);
            }
            Err(error) => {
                world.note(format!("node {} does not open: {error}", self.number));
                self.life.end();
            }
        }
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.life.is_alive()
    }

    pub(crate) async fn ended(&self) {
        self.life.ended().await;
    }

    /// One request of a client, over a connection that breaks when the node dies.
    pub(crate) async fn ask(&self, operation: &str, body: &Value) -> Answer {
        let Some(service) = self.service.get() else { return Answer::Unknown };
        let caller = Caller {
            account: "000000000000".into(),
            region: "us-east-1".into(),
            access_key_id: "simulator".into(),
            request_id: "request".into(),
            trace_id: None,
        };
        let body = body.to_string().into_bytes();
        let Some(answering) = service.call(operation, &caller, &body) else {
            return Answer::Refused(format!("no operation {operation}"));
        };
        let answer = tokio::select! {
            biased;
            () = self.life.ended() => return Answer::Unknown,
            answer = answering => answer,
            () = tokio::time::sleep(PATIENCE) => return Answer::Unknown,
        };
        match answer {
            Ok(bytes) => Answer::Done(serde_json::from_slice(&bytes).unwrap_or(Value::Null)),
            Err(fault) if fault.status >= 500 || fault.code.contains("Throttling") => {
                Answer::Unknown
            }
            Err(fault) => Answer::Refused(format!("{}: {}", fault.code, fault.message)),
        }
    }
}

/// The lane's turns, each after as long as a disk may take.
async fn drive(node: Arc<Node>, world: Arc<World>) {
    let node_weak: Weak<Node> = Arc::downgrade(&node);
    let (wake, life) = (node.wake.clone(), node.life.clone());
    drop(node);
    loop {
        tokio::select! {
            biased;
            () = life.ended() => return,
            () = wake.notified() => {}
        }
        match !world.is_calm() && world.one_in(60) {
            true => world.rest(100, 6_000).await,
            false => world.rest(0, 12).await,
        }
        let Some(node) = node_weak.upgrade().filter(|node| node.is_alive()) else { return };
        node.store.turn();
    }
}
