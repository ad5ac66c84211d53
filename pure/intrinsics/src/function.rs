//! The table of functions.

/// One of the functions after `States.`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Array,
    ArrayContains,
    ArrayGetItem,
    ArrayLength,
    ArrayPartition,
    ArrayRange,
    ArrayUnique,
    Base64Decode,
    Base64Encode,
    Format,
    Hash,
    JsonMerge,
    JsonToString,
    MathAdd,
    MathRandom,
    StringSplit,
    StringToJson,
    Uuid,
}

const NAMES: &[(&str, Function)] = &[
    ("Array", Function::Array),
    ("ArrayContains", Function::ArrayContains),
    ("ArrayGetItem", Function::ArrayGetItem),
    ("ArrayLength", Function::ArrayLength),
    ("ArrayPartition", Function::ArrayPartition),
    ("ArrayRange", Function::ArrayRange),
    ("ArrayUnique", Function::ArrayUnique),
    ("Base64Decode", Function::Base64Decode),
    ("Base64Encode", Function::Base64Encode),
    ("Format", Function::Format),
    ("Hash", Function::Hash),
    ("JsonMerge", Function::JsonMerge),
    ("JsonToString", Function::JsonToString),
    ("MathAdd", Function::MathAdd),
    ("MathRandom", Function::MathRandom),
    ("StringSplit", Function::StringSplit),
    ("StringToJson", Function::StringToJson),
    ("UUID", Function::Uuid),
];

impl Function {
    /// The function called `name`, without `States.`.
    pub(crate) fn named(name: &str) -> Option<Function> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// SFN-FAIL-1 counts `ArrayGetItem` among the string-valued ones.
    pub(crate) fn gives_string(self) -> bool {
        matches!(
            self,
            Function::ArrayGetItem
                | Function::Base64Decode
                | Function::Base64Encode
                | Function::Format
                | Function::Hash
                | Function::JsonToString
                | Function::Uuid
        )
    }
}
