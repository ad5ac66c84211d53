//! One connection from its first byte to its last: TLS or not, HTTP/1 or 2, and never longer
//! than its client has use for it.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::pulse::{Pulse, WatchedBody};
use crate::limits::Limits;
use crate::router::Router;
use crate::tls::Tls;

/// The first byte of a TLS handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// How much a client may send on an HTTP/2 stream and connection before we read it.
const STREAM_WINDOW_BYTES: u32 = 1024 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 4 * 1024 * 1024;

/// HTTP/2 clients that do not answer a ping are gone.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// What all connections share.
pub(super) struct Connections {
    router: Arc<Router>,
    acceptor: Option<TlsAcceptor>,
    builder: Builder<TokioExecutor>,
    limits: Limits,
    /// No further requests.
    stop: CancellationToken,
    /// Not even those in flight.
    abort: CancellationToken,
}

impl Connections {
    pub(super) fn new(
        router: Router,
        tls: Option<Tls>,
        stop: CancellationToken,
        abort: CancellationToken,
    ) -> Connections {
        let limits = *router.limits();
        Connections {
            router: Arc::new(router),
            acceptor: tls.map(|tls| TlsAcceptor::from(tls.config())),
            builder: builder(&limits),
            limits,
            stop,
            abort,
        }
    }

    /// Serves one connection to its end.
    pub(super) async fn serve(&self, stream: TcpStream) {
        tokio::select! {
            () = self.abort.cancelled() => {}
            () = self.greet(stream) => {}
        }
    }

    async fn greet(&self, stream: TcpStream) {
        let mut first = [0];
        let peeked = tokio::select! {
            () = self.stop.cancelled() => return,
            peeked = timeout(self.limits.header_timeout, stream.peek(&mut first)) => peeked,
        };
        if !matches!(peeked, Ok(Ok(1))) {
            return;
        }
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set TCP_NODELAY");
        }
        match (&self.acceptor, first) {
            (Some(acceptor), [TLS_HANDSHAKE]) => {
                match timeout(self.limits.tls_timeout, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => self.converse(stream).await,
                    Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!("a TLS handshake took too long"),
                }
            }
            (None, [TLS_HANDSHAKE]) => tracing::debug!("a TLS handshake came, TLS is off"),
            _ => self.converse(stream).await,
        }
    }

    async fn converse<I>(&self, stream: I)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let pulse = Pulse::new();
        let service = service_fn(|request| answer(self.router.clone(), pulse.clone(), request));
        let io = TokioIo::new(stream);
        let mut connection = pin!(self.builder.serve_connection_with_upgrades(io, service));
        let mut checks = tokio::time::interval(self.check_interval());
        let mut leaving = false;
        loop {
            tokio::select! {
                biased;
                result = connection.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(%error, "a connection broke");
                    }
                    return;
                }
                () = self.stop.cancelled(), if !leaving => leaving = true,
                _ = checks.tick() => match self.judge(&pulse) {
                    Verdict::Stay => continue,
                    Verdict::Leave if leaving => continue,
                    Verdict::Leave => leaving = true,
                    Verdict::Cut => return,
                },
            }
            connection.as_mut().graceful_shutdown();
        }
    }

    fn judge(&self, pulse: &Pulse) -> Verdict {
        let Limits { header_timeout, idle_timeout, .. } = self.limits;
        match pulse.quiet() {
            Some(quiet) if !pulse.has_begun() && quiet >= header_timeout => Verdict::Cut,
            Some(quiet) if quiet >= idle_timeout + header_timeout => Verdict::Cut,
            Some(quiet) if quiet >= idle_timeout => Verdict::Leave,
            _ => Verdict::Stay,
        }
    }

    fn check_interval(&self) -> Duration {
        let shortest = self.limits.header_timeout.min(self.limits.idle_timeout);
        (shortest / 4).max(Duration::from_millis(10))
    }
}

enum Verdict {
    Stay,
    /// Let the answer in flight finish, then go.
    Leave,
    Cut,
}

async fn answer(
    router: Arc<Router>,
    pulse: Arc<Pulse>,
    request: Request<Incoming>,
) -> Result<Response<WatchedBody>, Infallible> {
    let beat = pulse.beat();
    let reply = router.handle(request).await;
    drop(beat);
    Ok(reply.map(|body| WatchedBody::new(body, pulse)))
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.headers_max)
        .max_buf_size(limits.header_bytes_max);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(u32::try_from(limits.header_bytes_max).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    builder
}
