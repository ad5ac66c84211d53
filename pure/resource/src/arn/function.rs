//! Lambda's function names: name, partial ARN or whole ARN, each with or without qualifier.

use std::fmt;

use super::{Arn, Home, account_ok, region_ok};

/// The pattern of Lambda's `FunctionName`, for the constraint message.
pub const FUNCTION_NAME_PATTERN: &str = concat!(
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?",
    r"([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?",
    r"(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
);

/// Longest name of a function by itself.
pub const FUNCTION_NAME_CHARS_MAX: usize = 64;

/// Longest text that names a function, a whole ARN included.
pub const FUNCTION_REFERENCE_CHARS_MAX: usize = 170;

const QUALIFIER_CHARS_MAX: usize = 128;

/// A function as a client names it; what it leaves out, the caller's place fills in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionName {
    pub region: Option<String>,
    pub account: Option<String>,
    pub name: String,
    pub qualifier: Option<String>,
}

/// The text names no function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "1 validation error detected: Value '{value}' at 'functionName' failed to satisfy \
     constraint: Member must satisfy regular expression pattern: {FUNCTION_NAME_PATTERN}"
)]
pub struct FunctionNameError {
    pub value: String,
}

impl FunctionName {
    /// Reads `name`, `name:q`, `account:function:name[:q]`, `function:name[:q]` or a whole ARN.
    pub fn parse(text: &str) -> Result<FunctionName, FunctionNameError> {
        parse(text).ok_or_else(|| FunctionNameError { value: text.to_owned() })
    }

    /// The whole ARN, with what the name leaves out taken from `home`.
    pub fn resolve(&self, home: &Home) -> FunctionArn {
        let region = self.region.as_deref().unwrap_or(&home.region);
        let account = self.account.as_deref().unwrap_or(&home.account);
        let home = Home {
            partition: home.partition.clone(),
            region: region.into(),
            account: account.into(),
        };
        FunctionArn { home, name: self.name.clone(), qualifier: self.qualifier.clone() }
    }
}

fn parse(text: &str) -> Option<FunctionName> {
    if text.starts_with("arn:") {
        return parse_whole(text);
    }
    let parts: Vec<&str> = text.splitn(5, ':').collect();
    match parts.as_slice() {
        [name] => named(None, None, name, None),
        ["function", name] => named(None, None, name, None),
        ["function", name, qualifier] => named(None, None, name, Some(qualifier)),
        [account, "function", name] => named(None, Some(account), name, None),
        [account, "function", name, q] => named(None, Some(account), name, Some(q)),
        [name, qualifier] => named(None, None, name, Some(qualifier)),
        _ => None,
    }
}

fn parse_whole(text: &str) -> Option<FunctionName> {
    let arn = Arn::parse(text).ok()?;
    let (resource_type, rest) = arn.typed_resource();
    if arn.service != "lambda" || resource_type != "function" {
        return None;
    }
    let (name, qualifier) = match rest.split_once(':') {
        Some((name, qualifier)) => (name, Some(qualifier)),
        None => (rest, None),
    };
    named(Some(arn.region), Some(arn.account), name, qualifier)
}

fn named(
    region: Option<&str>,
    account: Option<&str>,
    name: &str,
    qualifier: Option<&str>,
) -> Option<FunctionName> {
    let fits = region.is_none_or(region_ok)
        && account.is_none_or(account_ok)
        && function_name_ok(name)
        && qualifier.is_none_or(qualifier_ok);
    fits.then(|| FunctionName {
        region: region.map(str::to_owned),
        account: account.map(str::to_owned),
        name: name.to_owned(),
        qualifier: qualifier.map(str::to_owned),
    })
}

/// Whether `text` may be the name of a function: 1 to 64 of letters, digits, `-` and `_`.
pub fn function_name_ok(text: &str) -> bool {
    (1..=FUNCTION_NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(is_word)
}

fn qualifier_ok(text: &str) -> bool {
    let word = !text.is_empty() && text.bytes().all(is_word);
    text == "$LATEST" || (word && text.len() <= QUALIFIER_CHARS_MAX)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

/// `arn:<p>:lambda:<r>:<a>:function:<name>[:<qualifier>]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionArn {
    pub home: Home,
    pub name: String,
    /// A version, an alias or `$LATEST`.
    pub qualifier: Option<String>,
}

impl FunctionArn {
    pub fn new(home: Home, name: impl Into<String>) -> FunctionArn {
        FunctionArn { home, name: name.into(), qualifier: None }
    }
}

impl fmt::Display for FunctionArn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FunctionArn { home: Home { partition, region, account }, name, qualifier } = self;
        write!(out, "arn:{partition}:lambda:{region}:{account}:function:{name}")?;
        match qualifier {
            Some(qualifier) => write!(out, ":{qualifier}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let home = Home::new("us-east-1", "000000000000");
        let arn = FunctionName::parse(text).map(|name| name.resolve(&home).to_string());
        assert_eq!(arn.as_deref().unwrap_or("refused"), expected, "{text}");
    }

    #[test]
    fn every_way_to_name_a_function() {
        let here = "arn:aws:lambda:us-east-1:000000000000:function";
        check("pack", &format!("{here}:pack"));
        check("pack:$LATEST", &format!("{here}:pack:$LATEST"));
        check("pack:7", &format!("{here}:pack:7"));
        check("function:pack", &format!("{here}:pack"));
        check("function:pack:live", &format!("{here}:pack:live"));
        let there = "arn:aws:lambda:us-east-1:123456789012:function";
        check("123456789012:function:pack", &format!("{there}:pack"));
        check("123456789012:function:pack:1", &format!("{there}:pack:1"));
        check(
            "arn:aws:lambda:eu-west-1:123456789012:function:pack:live",
            "arn:aws:lambda:eu-west-1:123456789012:function:pack:live",
        );
    }

    #[test]
    fn other_texts_name_none() {
        let long = "a".repeat(FUNCTION_NAME_CHARS_MAX + 1);
        for text in [
            "",
            "a b",
            "a:",
            ":a",
            "a:b:c",
            "12:function:a",
            "a:$latest",
            "arn:aws:lambda:us-east-1:123456789012:layer:a",
            "arn:aws:states:us-east-1:123456789012:function:a",
            "arn:aws:lambda::123456789012:function:a",
            &long,
        ] {
            check(text, "refused");
        }
    }
}
