//! The conformance suite on a real PostgreSQL, and what only a database can do wrong.

mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use store::engine::{Engine, EngineError, Layout, Sealed};
use store::nodes::{Node, Nodes as _};
use store::{Options, Store, suite};

use crate::tests::server::Server;
use crate::{Address, OpenError, Postgres};

static SCHEMAS: AtomicU32 = AtomicU32::new(0);

/// A schema that nothing was written to.
fn fresh(server: &Server) -> Address {
    let number = SCHEMAS.fetch_add(1, Ordering::Relaxed);
    server.url(&format!("s{number}")).parse().unwrap()
}

fn engine(address: &Address) -> Arc<Postgres> {
    Arc::new(Postgres::open(address).unwrap())
}

fn store(engine: Arc<Postgres>) -> Store {
    let options = Options { partitions: 2, ..Options::default() };
    Store::open(engine, host::Host::real(), options).unwrap()
}

#[test]
fn postgres_passes_the_suite() {
    let server = Server::start();
    for (name, case) in suite::CASES {
        println!("{name}");
        let address = fresh(&server);
        case(&mut || engine(&address));
    }
    let address = fresh(&server);
    suite::damage_is_found(&mut || engine(&address), &mut |partition, seq| {
        let at = format!("part = {partition} AND seq = {seq}");
        let schema = address.names().schema();
        server.run(&format!(
            "UPDATE {schema}.log SET body = set_byte(body, length(body) / 2, \
             get_byte(body, length(body) / 2) # 4) WHERE {at}"
        ));
    });
    foreign_and_newer_data_are_left_alone(&server);
    a_restart_loses_nothing(&server);
    an_answer_that_never_came_is_settled(&server);
    one_node_leads(&server);
}

fn one_node_leads(server: &Server) {
    let address = fresh(server);
    let schema = address.names().schema().to_owned();
    let engine = engine(&address);
    let nodes = [engine.membership(&address), engine.membership(&address)];
    let [a, b] = [1, 2].map(|incarnation| Node {
        incarnation,
        name: format!("node-{incarnation}"),
        address: format!("127.0.0.1:{incarnation}"),
        version: "0".to_owned(),
    });
    let leads =
        || -> Vec<bool> { nodes[0].look().unwrap().iter().map(|seen| seen.leads).collect() };
    assert!(!nodes[0].lead(1).unwrap(), "only members lead");
    nodes[0].enter(&a).unwrap();
    nodes[1].enter(&b).unwrap();
    let won = std::thread::scope(|scope| {
        let first = scope.spawn(|| nodes[0].lead(1).unwrap());
        let second = scope.spawn(|| nodes[1].lead(2).unwrap());
        [first.join().unwrap(), second.join().unwrap()]
    });
    assert_eq!(won.iter().filter(|won| **won).count(), 1, "one of two at once");
    nodes[1].yield_lead(2).unwrap();
    assert!(nodes[0].lead(1).unwrap() && !nodes[1].lead(2).unwrap());
    assert_eq!(leads(), [true, false]);
    // The lease of the leader runs out: it cannot be renewed, and another may lead.
    server.run(&format!("UPDATE {schema}.node SET lease_until = now() WHERE name = 'node-1'"));
    assert!(!nodes[0].renew(1).unwrap() && nodes[1].renew(2).unwrap());
    assert!(nodes[1].lead(2).unwrap() && !nodes[0].lead(1).unwrap());
    // A node that drains gives the lead up and does not get it back.
    assert!(nodes[0].drain("node-2", true).unwrap() && !nodes[0].drain("node-3", true).unwrap());
    nodes[1].leave(2).unwrap();
    nodes[1].enter(&Node { incarnation: 3, ..a.clone() }).unwrap();
    assert!(nodes[1].lead(3).unwrap());
    let seen = nodes[1].look().unwrap();
    assert_eq!(seen.len(), 1, "earlier incarnations are gone: {seen:?}");
    assert!(seen[0].is_live() && seen[0].leads && !seen[0].draining);
    nodes[1].drain("node-1", true).unwrap();
    nodes[1].yield_lead(3).unwrap();
    assert!(!nodes[1].lead(3).unwrap(), "it drains");
}

fn foreign_and_newer_data_are_left_alone(server: &Server) {
    let address = fresh(server);
    let schema = address.names().schema().to_owned();
    let told = Postgres::find(&address).err().unwrap();
    assert!(matches!(told, OpenError::Absent { .. }), "{told}");
    drop(engine(&address));
    assert!(Postgres::find(&address).is_ok());
    server.run(&format!("UPDATE {schema}.cluster SET v = '99' WHERE k = 'format'"));
    let told = Postgres::open(&address).err().unwrap();
    assert!(matches!(told, OpenError::NewerFormat { found: 99, .. }), "{told}");
    server.run(&format!("UPDATE {schema}.cluster SET v = 'x' WHERE k = 'application'"));
    let told = Postgres::open(&address).err().unwrap();
    assert!(matches!(told, OpenError::Foreign { .. }), "{told}");
}

/// The database stops in the middle of the work and comes back: what was told is there, and the
/// store goes on by itself.
fn a_restart_loses_nothing(server: &Server) {
    let address = fresh(server);
    let store = store(engine(&address));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut told = Vec::new();
    std::thread::scope(|scope| {
        let restart = scope.spawn(|| {
            for how in ["immediate", "fast"] {
                std::thread::sleep(Duration::from_millis(300));
                server.restart(how);
            }
        });
        let begun = Instant::now();
        let mut after = 0;
        while after < 50 {
            assert!(begun.elapsed() < Duration::from_secs(60), "it goes on after a restart");
            let key = format!("{:05}", told.len() + after);
            let done = runtime.block_on(store.commit(0, |stage| {
                stage.put(&"open".into(), key.clone(), "v");
            }));
            after += usize::from(restart.is_finished());
            if done.is_ok() {
                told.push(key);
            }
        }
    });
    assert!(told.len() > 50);
    drop(store);
    let store = self::store(engine(&address));
    assert_eq!(store.broken(), []);
    for key in told {
        assert!(store.get(0, "open", key.as_bytes()).unwrap().is_some(), "{key} was acknowledged");
    }
}

/// §4.3: the statement waits in the database while its client gives up.
fn an_answer_that_never_came_is_settled(server: &Server) {
    let address = fresh(server);
    let first = engine(&address);
    first.layout(Layout { cluster: 1, partitions: 1 }).unwrap();
    first.claim(&[(0, 0)], "first").unwrap();
    let schema = address.names().schema().to_owned();
    let record = |epoch, seq| Sealed {
        partition: 0,
        epoch,
        seq,
        batch_id: u128::from(seq),
        body: bytes::Bytes::from_static(b"x"),
    };
    let blocked = std::thread::scope(|scope| {
        let mut holder = server.session();
        holder.run("BEGIN");
        holder.run(&format!("SELECT 1 FROM {schema}.partition FOR UPDATE"));
        let stuck = scope.spawn(|| first.append(&[record(1, 1)]));
        std::thread::sleep(Duration::from_millis(200));
        server.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE wait_event_type = 'Lock'",
        );
        let told = stuck.join().unwrap();
        holder.run("COMMIT");
        told
    });
    assert!(matches!(blocked, Err(EngineError::Unknown(_))), "{blocked:?}");
    let second = engine(&address);
    let claims = second.claim(&[(0, 1)], "second").unwrap();
    assert_eq!(claims[0].tail, 0, "it did not land, and cannot any more");
    assert_eq!(first.append(&[record(1, 1)]).unwrap(), [], "its epoch is over");
    assert_eq!(second.append(&[record(2, 1)]).unwrap(), [0]);
}

#[test]
fn nobody_there_is_said_at_once() {
    let address: Address = "postgres://u:secret@127.0.0.1:1/d".parse().unwrap();
    let told = Postgres::open(&address).err().unwrap().to_string();
    assert!(told.contains("connect") && !told.contains("secret"), "{told}");
    assert!(!format!("{address} {address:?}").contains("secret"));
    for wrong in ["mysql://x", "postgres://h/d?schema=Bad-Name", "postgres://h/d?nonsense=1"] {
        assert!(matches!(wrong.parse::<Address>(), Err(OpenError::Address(_))), "{wrong}");
    }
}
