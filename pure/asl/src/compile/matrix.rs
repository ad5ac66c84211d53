//! Which state type has which fields, in which language (language.md §2).

use super::fields::In::{self, Both, JsonPath, Jsonata};

/// Everything that a state of type `kind` may have; `None` for an unknown type.
pub(crate) fn fields_of(kind: &str) -> Option<Vec<(&'static str, In)>> {
    let groups: &[&[(&str, In)]] = match kind {
        "Task" => &[COMMON, TRANSITION, WORK, &[("Arguments", Jsonata)], PARAMETERS, TASK],
        "Parallel" => &[
            COMMON,
            TRANSITION,
            WORK,
            &[("Arguments", Jsonata)],
            PARAMETERS,
            &[("Branches", Both)],
        ],
        "Map" => &[COMMON, TRANSITION, WORK, PARAMETERS, MAP],
        "Pass" => &[COMMON, TRANSITION, DATA, ASSIGN, PARAMETERS, PASS],
        "Wait" => &[COMMON, TRANSITION, DATA, ASSIGN, WAIT],
        "Choice" => &[COMMON, DATA, ASSIGN, &[("Choices", Both), ("Default", Both)]],
        "Succeed" => &[COMMON, DATA],
        "Fail" => &[COMMON, FAIL],
        _ => return None,
    };
    Some(groups.concat())
}

const COMMON: &[(&str, In)] = &[("Type", Both), ("Comment", Both), ("QueryLanguage", Both)];

const TRANSITION: &[(&str, In)] = &[("Next", Both), ("End", Both)];

const DATA: &[(&str, In)] =
    &[("InputPath", JsonPath), ("OutputPath", JsonPath), ("Output", Jsonata)];

const ASSIGN: &[(&str, In)] = &[("Assign", Both)];

const PARAMETERS: &[(&str, In)] = &[("Parameters", JsonPath)];

/// States that do something which may fail.
const WORK: &[(&str, In)] = &[
    ("InputPath", JsonPath),
    ("OutputPath", JsonPath),
    ("Output", Jsonata),
    ("Assign", Both),
    ("ResultSelector", JsonPath),
    ("ResultPath", JsonPath),
    ("Retry", Both),
    ("Catch", Both),
];

const TASK: &[(&str, In)] = &[
    ("Resource", Both),
    ("Credentials", Both),
    ("TimeoutSeconds", Both),
    ("TimeoutSecondsPath", JsonPath),
    ("HeartbeatSeconds", Both),
    ("HeartbeatSecondsPath", JsonPath),
];

const MAP: &[(&str, In)] = &[
    ("ItemProcessor", Both),
    ("Iterator", Both),
    ("ItemsPath", JsonPath),
    ("Items", Jsonata),
    ("ItemSelector", Both),
    ("ItemReader", Both),
    ("ItemBatcher", Both),
    ("ResultWriter", Both),
    ("MaxConcurrency", Both),
    ("MaxConcurrencyPath", JsonPath),
    ("ToleratedFailureCount", Both),
    ("ToleratedFailureCountPath", JsonPath),
    ("ToleratedFailurePercentage", Both),
    ("ToleratedFailurePercentagePath", JsonPath),
    ("Label", Both),
];

const PASS: &[(&str, In)] = &[("Result", JsonPath), ("ResultPath", JsonPath)];

const WAIT: &[(&str, In)] = &[
    ("Seconds", Both),
    ("Timestamp", Both),
    ("SecondsPath", JsonPath),
    ("TimestampPath", JsonPath),
];

const FAIL: &[(&str, In)] =
    &[("Error", Both), ("Cause", Both), ("ErrorPath", JsonPath), ("CausePath", JsonPath)];
