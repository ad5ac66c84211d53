//! Handing log events to whoever keeps them. Nothing that logs ever waits for its log: a batch is
//! taken at once or counted as lost.

use std::sync::Arc;

use async_trait::async_trait;

/// Where a log group lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupAddress {
    /// Twelve digits.
    pub account: Arc<str>,
    pub region: Arc<str>,
    pub name: Arc<str>,
}

impl GroupAddress {
    /// From `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`, with or without `:*`.
    pub fn from_arn(arn: &str) -> Option<GroupAddress> {
        let mut parts = arn.splitn(6, ':');
        let is_logs = parts.next() == Some("arn")
            && parts.next().is_some_and(|partition| partition.starts_with("aws"))
            && parts.next() == Some("logs");
        let (region, account, rest) = (parts.next()?, parts.next()?, parts.next()?);
        let name = rest.strip_prefix("log-group:")?;
        let name = name.strip_suffix(":*").unwrap_or(name);
        let is_whole = is_logs && !name.is_empty() && !name.contains([':', '*']);
        is_whole.then(|| GroupAddress {
            account: account.into(),
            region: region.into(),
            name: name.into(),
        })
    }

    /// The ARN, without `:*`.
    pub fn arn(&self) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{}", self.region, self.account, self.name)
    }
}

/// What one source has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogBatch {
    pub group: Arc<GroupAddress>,
    /// Made when it is not there.
    pub stream: Arc<str>,
    pub events: Vec<LogEvent>,
    pub if_missing: IfMissing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub at_ms: i64,
    pub message: String,
}

/// What to do when the group is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// The events go nowhere: who deleted the group wanted no more of them.
    Drop,
    /// The group is made first, with this retention.
    Create { retention_days: u32 },
}

/// Something that keeps logs.
#[async_trait]
pub trait Logs: Send + Sync + 'static {
    /// Whether there is such a group.
    async fn exists(&self, group: &GroupAddress) -> bool;

    /// Takes a batch for keeping and returns at once. What is taken is kept at least once while
    /// this process lives; what cannot be taken is counted and reported, and never an error.
    fn deliver(&self, batch: LogBatch);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_arns() {
        let read = |arn: &str| GroupAddress::from_arn(arn).map(|group| group.name.to_string());
        let base = "arn:aws:logs:us-east-1:000000000000:log-group:";
        assert_eq!(read(&format!("{base}/aws/x:*")).as_deref(), Some("/aws/x"));
        assert_eq!(read(&format!("{base}/aws/x")).as_deref(), Some("/aws/x"));
        let whole = GroupAddress::from_arn(&format!("{base}a")).unwrap();
        assert_eq!(whole.arn(), format!("{base}a"));
        for wrong in ["", ":*", "a:b", "*", "a:*:*"] {
            assert_eq!(read(&format!("{base}{wrong}")), None, "{wrong}");
        }
        assert_eq!(read("arn:aws:states:us-east-1:000000000000:log-group:a"), None);
        assert_eq!(read("arn:aws:logs:us-east-1:000000000000:stream:a"), None);
        assert_eq!(read("text"), None);
    }
}
