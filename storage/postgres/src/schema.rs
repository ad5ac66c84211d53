//! The tables on one page, and what makes a database usable. Plain tables of `bytea`, no
//! sequences, triggers, functions or declarative partitions, so that every database that speaks
//! PostgreSQL's protocol takes them.

use store::engine::is_family_name;

use crate::failure::{is_made_already, words};
use crate::session::Session;
use crate::{FORMAT, OpenError};

/// Says whose the tables are.
const APPLICATION: &[u8] = b"Rung";

/// Names of tables within the schema. It needs no escaping: [`Names::new`] looks.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    schema: String,
}

impl Names {
    /// `None` if no schema may bear this name.
    pub(crate) fn new(schema: &str) -> Option<Names> {
        is_family_name(schema).then(|| Names { schema: schema.to_owned() })
    }

    pub(crate) fn schema(&self) -> &str {
        &self.schema
    }

    /// A table of ours, or of a family, as it stands in a statement.
    pub(crate) fn table(&self, name: &str) -> String {
        format!("\"{}\".\"{name}\"", self.schema)
    }

    fn tables(&self) -> [String; 5] {
        let table = |name| self.table(name);
        [
            format!("CREATE SCHEMA IF NOT EXISTS \"{}\"", self.schema),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (k text PRIMARY KEY, v bytea NOT NULL)",
                table("cluster")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (incarnation bytea PRIMARY KEY, \
                 name text NOT NULL, address text NOT NULL, version text NOT NULL, \
                 draining bool NOT NULL, lease_until timestamptz NOT NULL)",
                table("node")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (id int4 PRIMARY KEY, epoch int8 NOT NULL, \
                 owner text NOT NULL, tail int8 NOT NULL, applied int8 NOT NULL, \
                 anchor bytea NOT NULL, first_slot int4 NOT NULL, last_slot int4 NOT NULL)",
                table("partition")
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {} (part int4 NOT NULL, seq int8 NOT NULL, \
                 epoch int8 NOT NULL, batch_id bytea NOT NULL, body bytea NOT NULL, \
                 PRIMARY KEY (part, seq))",
                table("log")
            ),
        ]
    }

    /// What PostgreSQL itself does better with: bodies are compressed already, and a partition's
    /// row is updated in its page. Others may refuse.
    fn tuning(&self) -> [String; 2] {
        [
            format!("ALTER TABLE {} ALTER COLUMN body SET STORAGE EXTERNAL", self.table("log")),
            format!("ALTER TABLE {} SET (fillfactor = 10)", self.table("partition")),
        ]
    }

    pub(crate) fn create_family(&self, family: &str) -> String {
        format!(
            "CREATE TABLE IF NOT EXISTS {} (k bytea PRIMARY KEY, v bytea NOT NULL)",
            self.table(family)
        )
    }
}

/// Makes what is not there, and looks whose it is.
pub(crate) async fn open(session: &Session, names: &Names, create: bool) -> Result<(), OpenError> {
    let failed = |error| OpenError::Refused { cause: words(&error) };
    let cluster = format!("{}.cluster", names.schema());
    let present = "SELECT to_regclass($1::text) IS NOT NULL";
    let rows = session.query(present, &[&cluster]).await.map_err(failed)?;
    if !rows.first().is_some_and(|row| row.get::<_, bool>(0)) {
        if !create {
            return Err(OpenError::Absent { schema: names.schema().to_owned() });
        }
        for statement in names.tables() {
            make(session, &statement).await.map_err(failed)?;
        }
        for statement in names.tuning() {
            if let Err(error) = session.run(&statement).await {
                tracing::debug!("the database goes without a setting: {}", words(&error));
            }
        }
    }
    check_format(session, names).await
}

async fn check_format(session: &Session, names: &Names) -> Result<(), OpenError> {
    let failed = |error| OpenError::Refused { cause: words(&error) };
    let table = names.table("cluster");
    let insert =
        format!("INSERT INTO {table} (k, v) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING");
    let format = FORMAT.to_string();
    let ours: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
        [&"application", &APPLICATION, &"format", &format.as_bytes()];
    session.query(&insert, &ours).await.map_err(failed)?;
    let value = |rows: Vec<tokio_postgres::Row>| {
        rows.first().map(|row| row.get::<_, Vec<u8>>(0)).unwrap_or_default()
    };
    let select = format!("SELECT v FROM {table} WHERE k = $1");
    let application = value(session.query(&select, &[&"application"]).await.map_err(failed)?);
    if application != APPLICATION {
        return Err(OpenError::Foreign { schema: names.schema().to_owned() });
    }
    let found = value(session.query(&select, &[&"format"]).await.map_err(failed)?);
    match std::str::from_utf8(&found).ok().and_then(|text| text.parse::<u32>().ok()) {
        None => Err(OpenError::Foreign { schema: names.schema().to_owned() }),
        Some(found) if found > FORMAT => Err(OpenError::NewerFormat { found, supported: FORMAT }),
        Some(_) => Ok(()),
    }
}

/// Makes one thing, unless another node is quicker.
pub(crate) async fn make(session: &Session, statement: &str) -> Result<(), tokio_postgres::Error> {
    match session.run(statement).await {
        Err(error) if is_made_already(&error) => Ok(()),
        done => done,
    }
}
