//! CreateLogGroup.

use std::collections::BTreeMap;

use identity::Caller;
use resource::constraints::Constraints;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults::{self, Trouble, invalid};
use crate::groups;
use crate::limits::KMS_KEY_CHARS_MAX;
use crate::service::Service;

pub(super) const CLASSES: [&str; 4] = ["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"];

pub(crate) struct CreateLogGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    kms_key_id: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    log_group_class: Option<String>,
    #[serde(default)]
    deletion_protection_enabled: bool,
}

impl Operation<Service> for CreateLogGroup {
    const NAME: &'static str = "CreateLogGroup";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        check(&input)?;
        let address = super::require_group(caller, input.log_group_name)?;
        if address.name.to_ascii_lowercase().starts_with("aws/") {
            return Err(invalid("Log groups starting with AWS/ are reserved for AWS."));
        }
        let tags = super::merge_tags(&BTreeMap::new(), input.tags, "InvalidParameterException")?;
        let now_ms = service.host.now_ms();
        let made = service.store.commit(service.partition_of(&address), |stage| {
            if service.staged_group(stage, &address).map_err(Trouble::from)?.is_some() {
                return Err(faults::group_exists());
            }
            let mut group = groups::fresh(stage, &address, now_ms);
            group.tags = tags;
            group.kms_key_id = input.kms_key_id;
            group.class = input.log_group_class.unwrap_or(group.class);
            group.deletion_protected = input.deletion_protection_enabled;
            service.put_group(stage, &group);
            Ok(Nothing {})
        });
        made.await.map_err(Trouble::from)?
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    let name = &input.log_group_name;
    let constraints = Constraints::new().required("logGroupName", name.is_some());
    super::check_group(constraints, "logGroupName", name)
        .text_len("kmsKeyId", &input.kms_key_id, 0, KMS_KEY_CHARS_MAX)
        .one_of("logGroupClass", &input.log_group_class, &CLASSES)
        .finish()
        .map_err(faults::from_constraints)
}
