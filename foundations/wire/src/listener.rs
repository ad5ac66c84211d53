//! One port for everything: the first byte of a connection tells TLS from plain text, the first
//! bytes after it HTTP/2 from HTTP/1.

mod connection;
mod pulse;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::router::Router;
use crate::tls::Tls;
use connection::Connections;

/// How long accepting rests when the machine has no sockets or memory left.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// A port that is ours.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

/// The port cannot be ours.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    #[error(
        "port {} on {} is in use by another program: stop that program or choose another port",
        address.port(), address.ip()
    )]
    InUse { address: SocketAddr },
    #[error(
        "port {} needs more rights than this program has: choose a port above 1023",
        address.port()
    )]
    NotPermitted { address: SocketAddr },
    #[error("{} is not an address of this machine", address.ip())]
    NotOurs { address: SocketAddr },
    #[error("failed to listen on {address}")]
    Other { address: SocketAddr, source: io::Error },
}

impl Listener {
    /// Takes a port; port 0 takes any free one.
    pub async fn bind(address: SocketAddr) -> Result<Listener, BindError> {
        let socket = TcpListener::bind(address).await;
        let socket = socket.map_err(|source| bind_error(address, source))?;
        let address = socket.local_addr().map_err(|source| bind_error(address, source))?;
        Ok(Listener { socket, address })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is done, then lets requests in flight finish within
    /// [`crate::limits::Limits::drain_timeout`]. Returns when the last connection is gone.
    pub async fn serve(
        self,
        router: Router,
        tls: Option<Tls>,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        let limits = *router.limits();
        let stop = CancellationToken::new();
        let abort = CancellationToken::new();
        let tasks = TaskTracker::new();
        let connections = Arc::new(Connections::new(router, tls, stop.clone(), abort.clone()));
        let places = Arc::new(Semaphore::new(limits.connections_max));
        tokio::select! {
            () = self.accept(&connections, &places, &tasks) => {}
            () = shutdown => {}
        }
        drop(self.socket);
        stop.cancel();
        tasks.close();
        if tokio::time::timeout(limits.drain_timeout, tasks.wait()).await.is_err() {
            tracing::warn!(connections = tasks.len(), "cut off connections that did not finish");
            abort.cancel();
            tasks.wait().await;
        }
    }

    async fn accept(
        &self,
        connections: &Arc<Connections>,
        places: &Arc<Semaphore>,
        tasks: &TaskTracker,
    ) {
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            match self.socket.accept().await {
                Ok((stream, _)) => {
                    tasks.spawn(serve(connections.clone(), stream, place));
                }
                Err(error) if is_about_one_client(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(ACCEPT_REST).await;
                }
            }
        }
    }
}

async fn serve(connections: Arc<Connections>, stream: TcpStream, place: OwnedSemaphorePermit) {
    connections.serve(stream).await;
    drop(place);
}

fn is_about_one_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

fn bind_error(address: SocketAddr, source: io::Error) -> BindError {
    match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address },
        io::ErrorKind::PermissionDenied => BindError::NotPermitted { address },
        io::ErrorKind::AddrNotAvailable => BindError::NotOurs { address },
        _ => BindError::Other { address, source },
    }
}
