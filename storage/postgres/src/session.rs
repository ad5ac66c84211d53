//! Connections: how one is made, what is prepared on it, and calling it from threads that block.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use parking_lot::Mutex;
use store::engine::EngineError;
use tokio::runtime::{Handle, Runtime, RuntimeFlavor};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::{Broke, engine_error, lost};

/// Longest wait for a connection.
pub(crate) const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Longest wait for an answer; after it the outcome is unknown.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Statements kept prepared on a connection: some for each family, one family for each day.
const STATEMENTS_MAX: usize = 256;

/// Said once on each connection. The limits of the server are shorter than ours, so that a
/// statement does not outlive whoever asked; a commit is never answered before it is on the disk.
const GREETING: &str = "
SET statement_timeout = '9s';
SET lock_timeout = '8s';
SET idle_in_transaction_session_timeout = '30s';
SET client_min_messages = warning;
";
const DURABLE: &str = "
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local')";

pub(crate) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Makes connections, and waits for their answers.
pub(crate) struct Dialer {
    config: Config,
    tls: MakeRustlsConnect,
    /// Drives the connections; `None` once dropped.
    runtime: Option<Runtime>,
}

impl Dialer {
    pub(crate) fn new(config: Config, tls: MakeRustlsConnect) -> std::io::Result<Dialer> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()?;
        Ok(Dialer { config, tls, runtime: Some(runtime) })
    }

    fn handle(&self) -> &Handle {
        self.runtime.as_ref().expect("taken only when dropped").handle()
    }

    /// Goes on with `work` behind the caller's back.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle().spawn(work);
    }

    /// Blocks until `work` is done, wherever it is called from.
    pub(crate) fn wait<R>(&self, work: impl Future<Output = R>) -> R {
        // Its timers are ours: those of the caller's runtime may be standing still meanwhile.
        let run = || {
            let _ours = self.handle().enter();
            park_until(work)
        };
        match Handle::try_current().map(|caller| caller.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(run),
            _ => run(),
        }
    }

    /// A fresh connection. What fails here has certainly done nothing.
    pub(crate) async fn connect(&self) -> Result<Session, EngineError> {
        let made = tokio::time::timeout(CONNECT_MAX, self.dial()).await;
        made.unwrap_or_else(|_| Err(EngineError::Busy("the database does not answer".to_owned())))
    }

    async fn dial(&self) -> Result<Session, EngineError> {
        let refused = |error| engine_error(&error, Broke::Harmless);
        let (client, connection) = self.config.connect(self.tls.clone()).await.map_err(refused)?;
        self.handle().spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection to the database ended: {error}");
            }
        });
        client.batch_execute(GREETING).await.map_err(refused)?;
        client.batch_execute(DURABLE).await.map_err(refused)?;
        Ok(Session { client, statements: Mutex::default() })
    }
}

impl Drop for Dialer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Polls on this thread, which sleeps in between.
fn park_until<R>(work: impl Future<Output = R>) -> R {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Unpark>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut work = pin!(work);
    loop {
        match work.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// One connection.
pub(crate) struct Session {
    client: Client,
    statements: Mutex<HashMap<Arc<str>, Statement>>,
}

impl Session {
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Rows of one statement, which stays prepared.
    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: Parameters<'_>,
    ) -> Result<Vec<Row>, tokio_postgres::Error> {
        let statement = self.prepared(sql).await?;
        self.client.query(&statement, parameters).await
    }

    /// Statements without parameters.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(sql).await
    }

    async fn prepared(&self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements.lock().get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        let mut statements = self.statements.lock();
        if statements.len() >= STATEMENTS_MAX {
            statements.clear();
        }
        statements.insert(Arc::from(sql), statement.clone());
        Ok(statement)
    }
}

/// Waits for an answer as long as is allowed.
pub(crate) async fn in_time<R>(
    patience: Duration,
    broke: Broke,
    work: impl Future<Output = Result<R, EngineError>>,
) -> Result<R, EngineError> {
    let late = || lost(format!("the database did not answer in {} s", patience.as_secs()), broke);
    tokio::time::timeout(patience, work).await.unwrap_or_else(|_| Err(late()))
}
