//! Who is there and who leads, in two tables and by the database's clock.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use store::engine::EngineError;
use store::nodes::{Incarnation, LEASE, NODES_MAX, Node, Nodes, Seen};
use tokio_postgres::Row;

use crate::failure::Broke;
use crate::schema::Names;
use crate::session::Dialer;
use crate::writer::Writer;

/// Longest wait for an answer: a late one is worth as little as none.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// A lease that is lost with the database's last moments only ends earlier, so renewals need not
/// wait for a disk that is busy.
const NOT_DURABLE: &str = "SET synchronous_commit = off";
/// How long a node that is gone stays in the table.
const FORGET_AFTER: &str = "1 hour";

/// A connection of its own: renewals wait for nothing.
pub struct Membership {
    dialer: Arc<Dialer>,
    writer: Mutex<Writer>,
}

impl Membership {
    pub(crate) fn new(dialer: Arc<Dialer>, names: Names) -> Membership {
        let writer = Mutex::new(Writer::new(names).with(ANSWER_MAX, NOT_DURABLE));
        Membership { dialer, writer }
    }

    /// Runs one statement; `{node}` and `{cluster}` stand for the tables. Each is harmless to
    /// repeat.
    fn query(
        &self,
        sql: &str,
        parameters: crate::session::Parameters<'_>,
    ) -> Result<Vec<Row>, EngineError> {
        let mut writer = self.writer.lock();
        self.dialer.wait(writer.on(&self.dialer, Broke::Harmless, async |session, names| {
            let sql = sql
                .replace("{node}", &names.table("node"))
                .replace("{cluster}", &names.table("cluster"));
            session.query(&sql, parameters).await
        }))
    }
}

impl Nodes for Membership {
    fn enter(&self, node: &Node) -> Result<(), EngineError> {
        let forget =
            format!("DELETE FROM {{node}} WHERE lease_until < now() - interval '{FORGET_AFTER}'");
        self.query(&forget, &[])?;
        // A node that was asked to lead no more stays so under its next incarnation.
        let insert = "INSERT INTO {node} \
             (incarnation, name, address, version, draining, lease_until) \
             SELECT $1::bytea, $2::text, $3::text, $4::text, \
             EXISTS (SELECT 1 FROM {node} WHERE name = $2::text AND draining), \
             now() + $5::float8 * interval '1 second' ON CONFLICT (incarnation) DO NOTHING";
        let id = bytes(node.incarnation);
        let lease = LEASE.as_secs_f64();
        self.query(insert, &[&id, &node.name, &node.address, &node.version, &lease])?;
        let earlier = "DELETE FROM {node} WHERE name = $1::text AND incarnation <> $2::bytea \
             AND lease_until < now()";
        self.query(earlier, &[&node.name, &id])?;
        Ok(())
    }

    fn renew(&self, incarnation: Incarnation) -> Result<bool, EngineError> {
        let update = "UPDATE {node} SET lease_until = now() + $2::float8 * interval '1 second' \
             WHERE incarnation = $1::bytea AND lease_until > now() RETURNING name";
        let lease = LEASE.as_secs_f64();
        Ok(!self.query(update, &[&bytes(incarnation), &lease])?.is_empty())
    }

    fn leave(&self, incarnation: Incarnation) -> Result<(), EngineError> {
        self.yield_lead(incarnation)?;
        self.query("DELETE FROM {node} WHERE incarnation = $1::bytea", &[&bytes(incarnation)])?;
        Ok(())
    }

    fn look(&self) -> Result<Vec<Seen>, EngineError> {
        let select = "SELECT n.incarnation, n.name, n.address, n.version, n.draining, \
             (extract(epoch FROM n.lease_until - now()) * 1000)::int8, \
             EXISTS (SELECT 1 FROM {cluster} AS c WHERE c.k = 'leader' AND c.v = n.incarnation), \
             EXISTS (SELECT 1 FROM {cluster} AS c WHERE c.k = 'leaves' AND c.v = n.incarnation) \
             FROM {node} AS n ORDER BY n.name, n.lease_until DESC LIMIT $1::int8";
        let limit = i64::try_from(NODES_MAX).unwrap_or(i64::MAX);
        self.query(select, &[&limit])?.iter().map(seen).collect()
    }

    fn lead(&self, incarnation: Incarnation) -> Result<bool, EngineError> {
        // Two at once wait for each other at the row, and the second looks again.
        let id = bytes(incarnation);
        let made =
            "INSERT INTO {cluster} (k, v) VALUES ('leader', ''::bytea) ON CONFLICT DO NOTHING";
        self.query(made, &[])?;
        let update = "UPDATE {cluster} AS c SET v = $1::bytea WHERE c.k = 'leader' \
             AND EXISTS (SELECT 1 FROM {node} AS me WHERE me.incarnation = $1::bytea \
                 AND me.lease_until > now() AND NOT me.draining) \
             AND NOT EXISTS (SELECT 1 FROM {node} AS n WHERE n.incarnation = c.v \
                 AND n.incarnation <> $1::bytea AND n.lease_until > now()) \
             RETURNING c.k";
        Ok(!self.query(update, &[&id])?.is_empty())
    }

    fn announce_leave(&self, incarnation: Incarnation) -> Result<(), EngineError> {
        let told = "INSERT INTO {cluster} (k, v) VALUES ('leaves', $1::bytea) \
             ON CONFLICT (k) DO UPDATE SET v = excluded.v";
        self.query(told, &[&bytes(incarnation)])?;
        Ok(())
    }

    fn yield_lead(&self, incarnation: Incarnation) -> Result<(), EngineError> {
        let update = "UPDATE {cluster} SET v = ''::bytea WHERE k = 'leader' AND v = $1::bytea";
        self.query(update, &[&bytes(incarnation)])?;
        Ok(())
    }

    fn drain(&self, name: &str, draining: bool) -> Result<bool, EngineError> {
        let update = "UPDATE {node} SET draining = $2::bool WHERE name = $1::text RETURNING name";
        Ok(!self.query(update, &[&name, &draining])?.is_empty())
    }
}

fn bytes(incarnation: Incarnation) -> Vec<u8> {
    incarnation.to_be_bytes().to_vec()
}

fn seen(row: &Row) -> Result<Seen, EngineError> {
    let incarnation: &[u8] = row.get(0);
    let incarnation = incarnation
        .try_into()
        .map_err(|_| EngineError::Damaged("a node's incarnation is not readable".to_owned()))?;
    Ok(Seen {
        node: Node {
            incarnation: u128::from_be_bytes(incarnation),
            name: row.get(1),
            address: row.get(2),
            version: row.get(3),
        },
        draining: row.get(4),
        lease_ms: row.get(5),
        leads: row.get(6),
        leaves: row.get(7),
    })
}
