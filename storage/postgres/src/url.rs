//! Where the database is: `postgres://user:password@host:port/database?schema=rung&sslmode=require`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;
use crate::schema::Names;
use crate::session::CONNECT_MAX;

const SCHEMA: &str = "rung";

/// A database, and the schema in it. Printed without the password.
#[derive(Clone)]
pub struct Address {
    config: Config,
    names: Names,
}

impl FromStr for Address {
    type Err = OpenError;

    fn from_str(text: &str) -> Result<Address, OpenError> {
        let (text, schema) = take_schema(text);
        let names = Names::new(schema.as_deref().unwrap_or(SCHEMA)).ok_or_else(|| {
            OpenError::Address("a schema is named with a-z, 0-9 and _".to_owned())
        })?;
        let refused = |error: tokio_postgres::Error| OpenError::Address(error.to_string());
        let mut config = Config::from_str(&text).map_err(refused)?;
        config.connect_timeout(CONNECT_MAX).application_name("rung");
        Ok(Address { config, names })
    }
}

impl Address {
    pub(crate) fn config(&self) -> Config {
        self.config.clone()
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Certificates are checked as the machine checks them.
    pub(crate) fn tls(&self) -> Result<MakeRustlsConnect, OpenError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let refused = |error: rustls::Error| OpenError::Refused { cause: error.to_string() };
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(rustls::ConfigBuilder::with_platform_verifier)
            .map_err(refused)?
            .with_no_client_auth();
        Ok(MakeRustlsConnect::new(config))
    }
}

/// Takes `schema=` out of an address: the rest is what other programs of PostgreSQL read.
fn take_schema(text: &str) -> (String, Option<String>) {
    let Some((front, query)) = text.split_once('?') else { return (text.to_owned(), None) };
    let (mut schema, mut rest) = (None, Vec::new());
    for pair in query.split('&') {
        match pair.strip_prefix("schema=") {
            Some(name) => schema = Some(name.to_owned()),
            None => rest.push(pair),
        }
    }
    let query = if rest.is_empty() { String::new() } else { format!("?{}", rest.join("&")) };
    (format!("{front}{query}"), schema)
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                tokio_postgres::config::Host::Tcp(name) => name.clone(),
                #[cfg(unix)]
                tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let database = self.config.get_dbname().unwrap_or_default();
        write!(out, "postgres://{}/{database}?schema={}", hosts.join(","), self.names.schema())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}
