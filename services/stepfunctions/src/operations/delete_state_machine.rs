//! DeleteStateMachine (SFN-SM-50…54, SFN-SEM-74): the machine goes when its last execution has
//! ended.

use identity::Caller;
use resource::arn::state_machine::Qualifier;
use serde::{Deserialize, Serialize};
use store::engine::Order;
use wire::fault::Fault;
use wire::operation::Operation;

use crate::counts::Kind;
use crate::faults;
use crate::machines::{Cached, Change, MachineKey};
use crate::records::{self, MachineRecord, Row, Unreadable};
use crate::service::Service;

pub(crate) struct DeleteStateMachine;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_arn: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for DeleteStateMachine {
    const NAME: &'static str = "DeleteStateMachine";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let arn = super::require_arn("stateMachineArn", input.state_machine_arn)?;
        let (parsed, key) = super::own_machine(caller, &arn)?;
        match parsed.qualifier {
            Qualifier::Unqualified => {}
            Qualifier::Label(_) => return Err(faults::labelled_arn()),
            _ => {
                return Err(Fault::validation(format!(
                    "The ARN '{arn}' names a version or an alias, which this operation does not \
                     delete"
                )));
            }
        }
        let Some(key) = key else { return Ok(Output {}) };
        let known = service.machines.find(&service.store, &key).map_err(faults::from_unreadable)?;
        if known.is_none() {
            return Ok(Output {});
        }
        mark(service, &key).await?;
        finish(service, &key).await?;
        Ok(Output {})
    }
}

/// From here on no execution starts, and each running one fails at its next transition.
async fn mark(service: &Service, key: &MachineKey) -> Result<(), Fault> {
    service
        .machines
        .change(&service.store, key, |record| match record {
            Some(mut record) if !record.deleting => {
                record.deleting = true;
                Ok(((), Change::Write(record)))
            }
            _ => Ok(((), Change::Keep)),
        })
        .await
}

/// Removes a marked machine when nothing of it runs.
async fn finish(service: &Service, key: &MachineKey) -> Result<(), Fault> {
    let found = service.machines.find(&service.store, key).map_err(faults::from_unreadable)?;
    let Some(machine) = found.filter(|machine| machine.deleting) else { return Ok(()) };
    let running = records::list_of(machine.incarnation);
    let running = service
        .store
        .scan_all(records::INDEX_OPEN, running, Order::Forward, 1)
        .map_err(faults::from_read)?;
    if !running.is_empty() {
        return Ok(());
    }
    let incarnation = machine.incarnation;
    service
        .machines
        .change(&service.store, key, move |record| match record {
            Some(record) if record.deleting && record.incarnation == incarnation => {
                Ok(((), Change::Remove))
            }
            _ => Ok(((), Change::Keep)),
        })
        .await
}

impl Service {
    /// Called when an execution closed: perhaps its machine waited for that.
    pub(crate) fn finish_deletion_soon(&self, key: MachineKey) {
        if matches!(self.machines.cached(&key), Cached::Here(machine) if !machine.deleting) {
            return;
        }
        let service = self.clone();
        self.runtime.spawn(async move {
            if let Err(fault) = finish(&service, &key).await {
                tracing::warn!(message = fault.message, "a deletion waits for the next start");
            }
        });
    }

    /// Counts machines and running executions at a start; the machines whose deletion a stop
    /// interrupted come back.
    pub(crate) fn count_what_is_there(&self) -> Result<Vec<MachineKey>, Unreadable> {
        let mut deleting = Vec::new();
        records::each_row(&self.store, records::MACHINES, |key, row| {
            let record: MachineRecord = records::from_row(Row::Machine, key, row)?;
            let Some((account, region, name)) = records::owner_of_key(key) else { return Ok(()) };
            self.counts.add(account, region, Kind::Machine);
            if record.deleting {
                let (account, region, name) = (account.into(), region.into(), name.into());
                deleting.push(MachineKey { account, region, name });
            }
            Ok(())
        })?;
        self.count_running()?;
        Ok(deleting)
    }
}
