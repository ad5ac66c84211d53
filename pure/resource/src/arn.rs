//! Amazon Resource Names: the six parts of any ARN, and the place a resource lives in.
//! The ARNs of Step Functions and Lambda are the modules below.

pub mod activity;
pub mod execution;
pub mod function;
pub mod map_run;
pub mod state_machine;

use std::fmt;

/// Parts of an ARN before the resource.
const PARTS: usize = 6;

/// Longest region name that is believed; the longest real one has 14 characters.
const REGION_BYTES_MAX: usize = 32;

/// Why a text is not the ARN that was asked for, in AWS's words (SFN-ARN-4, SFN-ARN-5).
/// The code of the fault is `InvalidArn`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// Not an ARN at all, or one of another service.
    #[error("Invalid Arn: 'Invalid ARN prefix: {value}'")]
    Prefix { value: String },
    /// An ARN of this service, of a resource that the operation does not take.
    #[error("Invalid Arn: 'Resource type not valid in this context: {resource_type}'")]
    ResourceType { resource_type: String },
    /// The resource type fits, what follows it does not.
    #[error("Invalid Arn: 'Invalid ARN: {value}'")]
    Malformed { value: String },
}

impl ArnError {
    fn prefix(value: &str) -> ArnError {
        ArnError::Prefix { value: value.to_owned() }
    }

    fn resource_type(resource_type: &str) -> ArnError {
        ArnError::ResourceType { resource_type: resource_type.to_owned() }
    }

    fn malformed(value: &str) -> ArnError {
        ArnError::Malformed { value: value.to_owned() }
    }
}

/// Any ARN, taken apart; borrows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arn<'a> {
    pub partition: &'a str,
    pub service: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// Everything after the fifth colon.
    pub resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Takes the parts of `text`. Region and account may be empty, as in ARNs of S3 or IAM.
    pub fn parse(text: &'a str) -> Result<Arn<'a>, ArnError> {
        let mut parts = text.splitn(PARTS, ':');
        let mut next = || parts.next().ok_or_else(|| ArnError::prefix(text));
        let (scheme, partition, service) = (next()?, next()?, next()?);
        let (region, account, resource) = (next()?, next()?, next()?);
        let whole = scheme == "arn" && partition.starts_with("aws") && !service.is_empty();
        if !whole || resource.is_empty() || text.contains(char::is_control) {
            return Err(ArnError::prefix(text));
        }
        Ok(Arn { partition, service, region, account, resource })
    }

    /// The resource type and what follows its colon: `stateMachine` and `orders:1`.
    pub fn typed_resource(&self) -> (&'a str, &'a str) {
        self.resource.split_once(':').unwrap_or((self.resource, ""))
    }
}

impl fmt::Display for Arn<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Arn { partition, service, region, account, resource } = self;
        write!(out, "arn:{partition}:{service}:{region}:{account}:{resource}")
    }
}

/// Where a resource lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Home {
    pub partition: Box<str>,
    pub region: Box<str>,
    pub account: Box<str>,
}

impl Home {
    /// The place of an account in a region; the partition follows from the region.
    pub fn new(region: &str, account: &str) -> Home {
        Home {
            partition: partition_of_region(region).into(),
            region: region.into(),
            account: account.into(),
        }
    }

    /// Whether it is the place of that account in that region, and the region's own partition.
    pub fn is(&self, region: &str, account: &str) -> bool {
        *self.region == *region
            && *self.account == *account
            && *self.partition == *partition_of_region(region)
    }

    /// `arn:aws:states:us-east-1:000000000000:`, the head of every ARN of `service` here.
    pub fn prefix(&self, service: &str) -> String {
        format!("arn:{}:{service}:{}:{}:", self.partition, self.region, self.account)
    }

    fn of(arn: &Arn<'_>) -> Home {
        Home {
            partition: arn.partition.into(),
            region: arn.region.into(),
            account: arn.account.into(),
        }
    }
}

/// The partition that a region belongs to.
pub fn partition_of_region(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// Whether `text` is an account id: twelve digits.
pub fn account_ok(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` may be a region: it becomes a part of ARNs and of keys.
pub fn region_ok(text: &str) -> bool {
    (1..=REGION_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The parts of an ARN of Step Functions: its place, resource type and the rest.
fn parse_states(text: &str) -> Result<(Home, &str, &str), ArnError> {
    let arn = Arn::parse(text)?;
    if arn.service != "states" {
        return Err(ArnError::prefix(text));
    }
    if !region_ok(arn.region) || !account_ok(arn.account) {
        return Err(ArnError::malformed(text));
    }
    let (resource_type, rest) = arn.typed_resource();
    Ok((Home::of(&arn), resource_type, rest))
}

/// `name/label` into its parts; without a slash there is no label.
fn parse_labelled(part: &str) -> Option<(&str, Option<&str>)> {
    let (name, label) = match part.split_once('/') {
        Some((name, label)) => (name, Some(label)),
        None => (part, None),
    };
    let label_fits = label.is_none_or(crate::name::name_ok);
    (crate::name::name_ok(name) && label_fits).then_some((name, label))
}

/// Writes `name` or `name/label`.
fn write_labelled(out: &mut fmt::Formatter<'_>, name: &str, label: Option<&str>) -> fmt::Result {
    out.write_str(name)?;
    match label {
        Some(label) => write!(out, "/{label}"),
        None => Ok(()),
    }
}

/// Writes the head of an ARN up to and with the colon behind the resource type.
fn write_head(out: &mut fmt::Formatter<'_>, home: &Home, resource_type: &str) -> fmt::Result {
    let Home { partition, region, account } = home;
    write!(out, "arn:{partition}:states:{region}:{account}:{resource_type}:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_round_trip() {
        for text in [
            "arn:aws:states:us-east-1:000000000000:stateMachine:a",
            "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:1",
            "arn:aws:s3:::bucket/key:with:colons",
        ] {
            assert_eq!(Arn::parse(text).unwrap().to_string(), text);
        }
    }

    // SFN-ARN-4
    #[test]
    fn other_texts_are_refused_with_the_value() {
        for text in
            ["no_an_activity_arn", "", "arn:aws:states", "arn:x:states:r:a:s:n", "urn:a:b:c:d:e"]
        {
            let words = format!("Invalid Arn: 'Invalid ARN prefix: {text}'");
            assert_eq!(Arn::parse(text).unwrap_err().to_string(), words);
        }
    }

    #[test]
    fn partitions_follow_regions() {
        assert_eq!(&*Home::new("cn-north-1", "1").partition, "aws-cn");
        assert_eq!(&*Home::new("us-gov-west-1", "1").partition, "aws-us-gov");
        let home = Home::new("eu-west-1", "000000000000");
        assert_eq!(home.prefix("states"), "arn:aws:states:eu-west-1:000000000000:");
    }

    #[test]
    fn regions_and_accounts() {
        assert!(region_ok("us-east-1") && !region_ok("") && !region_ok("us east"));
        assert!(!region_ok(&"a".repeat(33)) && !region_ok("a:b"));
        assert!(
            account_ok("123456789012") && !account_ok("12345678901") && !account_ok("12345678901x")
        );
    }
}
