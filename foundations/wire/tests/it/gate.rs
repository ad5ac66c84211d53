//! Several nodes over real sockets: requests find the one that leads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use host::Host;
use serde_json::Value;
use wire::gate::{Gate, Proof, Turn};
use wire::limits::Limits;
use wire::router::Router;

use crate::server::{Files, Server, Service, Setup, serving, signed};

/// A node whose gate is in the test's hands.
struct Node {
    server: Server,
    gate: Gate,
    leads: Arc<AtomicBool>,
}

impl Node {
    async fn start() -> Node {
        let gate = Gate::new(Limits::default());
        let router = Router::behind(gate.clone(), Host::real(), Limits::default());
        let server = Setup::default().start_with(router).await;
        Node { server, gate, leads: Arc::new(AtomicBool::new(true)) }
    }

    fn lead(&self) -> Arc<Service> {
        let service = Arc::new(Service::default());
        let router = Router::new(serving(), Host::real())
            .json(service.clone())
            .door(Arc::new(Files { path: "/files/", signing_name: Some("files") }));
        let leads = self.leads.clone();
        let proof: Proof = Arc::new(move || leads.load(Ordering::SeqCst));
        self.gate.turn(Turn::Here { router: Arc::new(router), proof });
        service
    }

    fn follow(&self, leader: &Node) {
        self.gate.turn(Turn::There(leader.server.address.to_string().parse().unwrap()));
    }

    async fn echo(&self) -> (u16, Value) {
        let request = self.server.request("Test.Echo", r#"{"text":"hi"}"#);
        answer(reqwest::Client::new().execute(signed(request, "test")).await.unwrap()).await
    }
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    assert!(response.headers().contains_key("x-amzn-requestid"));
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
}

/// What was signed for one node is verified by another.
#[tokio::test]
async fn requests_are_handed_to_the_node_that_leads() {
    let (leader, follower) = (Node::start().await, Node::start().await);
    leader.lead();
    follower.follow(&leader);
    for node in [&leader, &follower] {
        let (status, body) = node.echo().await;
        assert_eq!(
            (status, &body["text"], &body["account"]),
            (200, &"hi".into(), &"123456789012".into())
        );
        let unsigned = node.server.request("Test.Echo", r#"{"text":"hi"}"#).send().await.unwrap();
        assert_eq!(unsigned.status(), 403);
        let upload =
            reqwest::Client::new().put(node.server.url("/files/a?b=c")).body(vec![7; 1 << 20]);
        let response = reqwest::Client::new().execute(signed(upload, "files")).await.unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.text().await.unwrap(), format!("123456789012 {}", 1 << 20));
    }
}

#[tokio::test]
async fn requests_wait_for_a_node_that_leads() {
    let (first, second) = (Node::start().await, Node::start().await);
    let waiting = async { first.echo().await };
    let taking = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // It points at one that does not lead: nothing was done there, and it is asked again.
        first.follow(&second);
        tokio::time::sleep(Duration::from_millis(200)).await;
        second.lead();
    };
    let ((status, _), ()) = tokio::join!(waiting, taking);
    assert_eq!(status, 200);
    // One that went away for good, and the next.
    let third = Node::start().await;
    third.lead();
    second.server.stop.cancel();
    let moving = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        first.follow(&third);
    };
    let ((status, _), ()) = tokio::join!(first.echo(), moving);
    assert_eq!(status, 200);
}

/// A node whose lease is over says nothing that it remembers, not even to what it was asked before.
#[tokio::test]
async fn nothing_is_told_without_proof() {
    let node = Node::start().await;
    let service = node.lead();
    let request = signed(node.server.request("Test.Wait", "{}"), "test");
    let asked = tokio::spawn(reqwest::Client::new().execute(request));
    crate::server::eventually("it is asked", || service.waiting.load(Ordering::SeqCst) == 1).await;
    node.leads.store(false, Ordering::SeqCst);
    asked.abort();
    let late = tokio::time::timeout(Duration::from_millis(500), node.echo()).await;
    assert!(late.is_err(), "it waits for a proof");
    node.leads.store(true, Ordering::SeqCst);
    assert_eq!(node.echo().await.0, 200);
}

/// A stop holds what comes in, and waits for what is being answered.
#[tokio::test]
async fn holding_waits_for_what_is_under_way() {
    let (node, next) = (Node::start().await, Node::start().await);
    let service = node.lead();
    let request = signed(node.server.request("Test.Wait", "{}"), "test");
    let asked = tokio::spawn(reqwest::Client::new().execute(request));
    crate::server::eventually("it is asked", || service.waiting.load(Ordering::SeqCst) == 1).await;
    let gate = node.gate.clone();
    let held = tokio::spawn(async move { gate.hold().await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!held.is_finished());
    asked.abort();
    held.await.unwrap();
    next.lead();
    let moving = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        node.follow(&next);
    };
    let ((status, _), ()) = tokio::join!(node.echo(), moving);
    assert_eq!(status, 200);
}

#[tokio::test]
async fn health_says_whether_requests_get_answers() {
    let (leader, follower) = (Node::start().await, Node::start().await);
    let health = async |node: &Node| {
        let url = node.server.url("/_rung/health");
        answer(reqwest::get(url).await.unwrap()).await
    };
    assert_eq!(health(&follower).await.0, 503);
    leader.lead();
    follower.follow(&leader);
    let (status, report) = health(&follower).await;
    assert_eq!(
        (status, report["leader"].as_str()),
        (200, Some(&*leader.server.address.to_string()))
    );
    let (status, report) = health(&leader).await;
    assert_eq!((status, &report["services"]["files"]), (200, &"running".into()));
    leader.leads.store(false, Ordering::SeqCst);
    assert_eq!(health(&leader).await.0, 503, "its lease is over");
}
