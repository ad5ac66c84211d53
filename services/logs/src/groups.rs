//! Groups: found, changed, listed.

use bytes::Bytes;
use identity::Caller;
use store::Stage;
use store::engine::Order;
use targets::logs::GroupAddress;
use wire::fault::Fault;

use crate::faults::{self, Trouble};
use crate::limits::DAY_MS;
use crate::operations::Nothing;
use crate::records::{self, GroupRecord, Row, Unreadable};
use crate::service::Service;

impl GroupRecord {
    pub(crate) fn address(&self) -> GroupAddress {
        GroupAddress {
            account: self.account.as_str().into(),
            region: self.region.as_str().into(),
            name: self.name.as_str().into(),
        }
    }

    /// Events before this are past their time.
    pub(crate) fn retained_from_ms(&self, now_ms: i64) -> i64 {
        match self.retention_days {
            Some(days) => now_ms.saturating_sub(i64::from(days) * DAY_MS).max(0),
            None => 0,
        }
    }
}

impl Service {
    /// A group as committed.
    pub(crate) fn find_group(
        &self,
        group: &GroupAddress,
    ) -> Result<Option<GroupRecord>, Unreadable> {
        let key = records::group_key(group);
        let row = self.store.get(self.partition_of(group), records::GROUPS, &key)?;
        row.map(|row| records::from_row(Row::Group, &key, &row)).transpose()
    }

    /// A group that must be there.
    pub(crate) fn require_group(&self, group: &GroupAddress) -> Result<GroupRecord, Fault> {
        self.find_group(group).map_err(Trouble::from)?.ok_or_else(faults::no_group)
    }

    /// A group as staged.
    pub(crate) fn staged_group(
        &self,
        stage: &Stage<'_>,
        group: &GroupAddress,
    ) -> Result<Option<GroupRecord>, Unreadable> {
        let key = records::group_key(group);
        let row = stage.get(&self.families.groups, &key)?;
        row.map(|row| records::from_row(Row::Group, &key, &row)).transpose()
    }

    pub(crate) fn put_group(&self, stage: &mut Stage<'_>, record: &GroupRecord) {
        let key = records::group_key(&record.address());
        let row = records::to_row(Row::Group, &key, record);
        stage.put(&self.families.groups, key, row);
    }

    /// Changes a group that must be there; answered when the change is durable.
    pub(crate) async fn change_group(
        &self,
        group: &GroupAddress,
        change: impl FnOnce(&mut GroupRecord) -> Result<(), Fault> + Send,
    ) -> Result<Nothing, Fault> {
        let committed = self.store.commit(self.partition_of(group), |stage| {
            let found = self.staged_group(stage, group).map_err(Trouble::from)?;
            let mut record = found.ok_or_else(faults::no_group)?;
            change(&mut record)?;
            self.put_group(stage, &record);
            Ok(Nothing {})
        });
        committed.await.map_err(Trouble::from)?
    }

    /// Groups of the caller from `after` on, in the order of their names.
    pub(crate) fn list_groups(
        &self,
        caller: &Caller,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<GroupRecord>, Unreadable> {
        let mut range = records::groups_of(&caller.account, &caller.region, prefix);
        if let Some(after) = after {
            let address = crate::service::own_group(caller, after);
            range.start = range.start.max(just_after(&records::group_key(&address)));
        }
        let rows = self.store.scan_all(records::GROUPS, range, Order::Forward, limit)?;
        rows.iter().map(|(key, row)| records::from_row(Row::Group, key, row)).collect()
    }
}

/// The first key after this one.
pub(crate) fn just_after(key: &[u8]) -> Bytes {
    [key, &[0]].concat().into()
}

/// A fresh group.
pub(crate) fn fresh(stage: &mut Stage<'_>, group: &GroupAddress, now_ms: i64) -> GroupRecord {
    GroupRecord {
        id: stage.next_id(records::slot_of_name(group), now_ms),
        account: group.account.to_string(),
        region: group.region.to_string(),
        name: group.name.to_string(),
        creation_ms: now_ms,
        retention_days: None,
        tags: std::collections::BTreeMap::new(),
        class: "STANDARD".to_owned(),
        kms_key_id: None,
        deletion_protected: false,
        stored_bytes: 0,
    }
}
