//! A definition as the interpreter wants it: paths, calls, expressions and rules compiled,
//! everything checked. Immutable; shared behind an `Arc` and cached by digest.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

/// A name of a state, shared.
pub type Name = Arc<str>;

/// A whole, valid definition.
#[derive(Clone, Debug)]
pub struct Definition {
    pub comment: Option<String>,
    /// Bounds the whole execution (SFN-ASL-2).
    pub timeout_seconds: Option<u64>,
    pub query_language: QueryLanguage,
    pub machine: Machine,
}

/// `StartAt` and `States`: the top level, a Parallel branch or a Map processor.
#[derive(Clone, Debug)]
pub struct Machine {
    pub start_at: Name,
    pub states: IndexMap<Name, State>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryLanguage {
    #[default]
    JsonPath,
    Jsonata,
}

/// One state. The query language is a property of each state.
#[derive(Clone, Debug)]
pub struct State {
    pub name: Name,
    pub comment: Option<String>,
    pub query_language: QueryLanguage,
    pub kind: Kind,
    /// Where to go on; [`Transition::None`] for Choice, Succeed and Fail.
    pub transition: Transition,
    pub flow: Flow,
    /// `Assign`: variable names and values, in either language.
    pub assign: Option<Template>,
    pub retry: Vec<Retrier>,
    pub catch: Vec<Catcher>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transition {
    Next(Name),
    End,
    None,
}

/// How data flows through a state (SFN-IO-1, SFN-JA-30).
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one a state, in a definition shared behind an `Arc`"
)]
pub enum Flow {
    JsonPath(JsonPathFlow),
    Jsonata(JsonataFlow),
}

/// `Some(None)`-like questions are spelled out: an absent path is `Whole`, a null one `Nothing`.
#[derive(Clone, Debug)]
pub enum PathField {
    /// Absent, or `"$"`.
    Whole,
    /// `null` (SFN-PATH-7).
    Nothing,
    Path(jsonpath::Path),
}

#[derive(Clone, Debug)]
pub struct JsonPathFlow {
    pub input_path: PathField,
    /// `Parameters`; for Map the `ItemSelector` is in [`Map`].
    pub parameters: Option<Template>,
    pub result_selector: Option<Template>,
    pub result_path: PathField,
    pub output_path: PathField,
}

#[derive(Clone, Debug, Default)]
pub struct JsonataFlow {
    pub arguments: Option<Template>,
    pub output: Option<Template>,
}

/// A payload template (SFN-TMPL) or a JSON value with expressions in it (SFN-JA-3), compiled.
#[derive(Clone, Debug)]
pub enum Template {
    /// A part without anything to evaluate.
    Literal(Value),
    /// Members in order; the key without its `.$`.
    Object(Vec<(String, Template)>),
    Array(Vec<Template>),
    /// A member `"<key>.$"` whose value is a path.
    Path(jsonpath::Path),
    /// A member `"<key>.$"` whose value is an intrinsic call.
    Intrinsic(intrinsics::Call),
    /// A string `{% … %}`; its place is known from where it stands (`Output/a/b[0]`).
    Jsonata(jsonata::Expression),
}

/// A number that may be written, read from the input, or computed.
#[derive(Clone, Debug)]
pub enum NumberField {
    Literal(f64),
    /// `…Path`: a reference path.
    Path(jsonpath::Path),
    Jsonata(jsonata::Expression),
}

/// A text that may be written, read, called or computed (`Error`, `Cause`, `Timestamp`, `RoleArn`).
#[derive(Clone, Debug)]
pub enum TextField {
    Literal(String),
    Path(jsonpath::Path),
    Intrinsic(intrinsics::Call),
    Jsonata(jsonata::Expression),
}

#[derive(Clone, Debug)]
pub enum Kind {
    Task(Box<Task>),
    Pass(Pass),
    Choice(Choice),
    Wait(Wait),
    Succeed,
    Fail(Fail),
    Parallel(Parallel),
    Map(Box<Map>),
}

#[derive(Clone, Debug)]
pub struct Pass {
    /// `Result`, verbatim (SFN-TMPL-2).
    pub result: Option<Value>,
}

#[derive(Clone, Debug)]
pub struct Task {
    pub resource: Resource,
    /// `Credentials.RoleArn`.
    pub role_arn: Option<TextField>,
    pub timeout_seconds: Option<NumberField>,
    pub heartbeat_seconds: Option<NumberField>,
}

/// What a Task names (SFN-INT-1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `arn:<p>:lambda:…:function:…`: called with the effective input itself.
    Lambda { arn: String },
    /// `arn:<p>:states:<region>:<account>:activity:<name>`.
    Activity { arn: String },
    /// `arn:<p>:states:::<service>:<action>[.pattern]`; `service` keeps `aws-sdk:`.
    Service { arn: String, service: String, action: String, pattern: Pattern },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    RequestResponse,
    /// `.sync`
    Sync,
    /// `.sync:2`
    Sync2,
    /// `.waitForTaskToken`
    WaitForTaskToken,
}

#[derive(Clone, Debug)]
pub struct Choice {
    pub rules: Vec<Rule>,
    pub default: Option<Name>,
}

#[derive(Clone, Debug)]
pub struct Rule {
    pub condition: Condition,
    pub next: Name,
    pub assign: Option<Template>,
    /// JSONata only (SFN-JA-33).
    pub output: Option<Template>,
}

#[derive(Clone, Debug)]
pub enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare {
        variable: jsonpath::Path,
        comparison: Comparison,
    },
    /// JSONata `Condition`: a literal or an expression.
    Literal(bool),
    Jsonata(jsonata::Expression),
}

/// The 39 operators (SFN-CHOICE-3).
#[derive(Clone, Debug)]
pub enum Comparison {
    String(Ordering, Operand<String>),
    StringMatches(String),
    Numeric(Ordering, Operand<serde_json::Number>),
    Boolean(Operand<bool>),
    /// Nanoseconds since the epoch.
    Timestamp(Ordering, Operand<i128>),
    IsNull(bool),
    IsPresent(bool),
    IsNumeric(bool),
    IsString(bool),
    IsBoolean(bool),
    IsTimestamp(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ordering {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

/// The right side of a comparison.
#[derive(Clone, Debug)]
pub enum Operand<T> {
    Literal(T),
    /// `…Path`
    Path(jsonpath::Path),
}

/// The one of four that a Wait has.
#[derive(Clone, Debug)]
pub enum Wait {
    Seconds(u64),
    /// Nanoseconds since the epoch.
    Timestamp(i128),
    SecondsPath(jsonpath::Path),
    TimestampPath(jsonpath::Path),
    SecondsJsonata(jsonata::Expression),
    TimestampJsonata(jsonata::Expression),
}

#[derive(Clone, Debug, Default)]
pub struct Fail {
    pub error: Option<TextField>,
    pub cause: Option<TextField>,
}

#[derive(Clone, Debug)]
pub struct Parallel {
    pub branches: Vec<Machine>,
}

#[derive(Clone, Debug)]
pub struct Map {
    pub processor: Machine,
    pub mode: MapMode,
    pub items: Items,
    /// `ItemSelector`, or the legacy `Parameters`.
    pub item_selector: Option<Template>,
    pub max_concurrency: Option<NumberField>,
}

#[derive(Clone, Debug)]
pub enum MapMode {
    Inline,
    Distributed(Box<Distributed>),
}

/// What only a distributed Map has.
#[derive(Clone, Debug)]
pub struct Distributed {
    pub express_children: bool,
    pub label: Option<String>,
    pub tolerated_failure_count: Option<NumberField>,
    pub tolerated_failure_percentage: Option<NumberField>,
    pub item_reader: Option<ItemReader>,
    pub item_batcher: Option<ItemBatcher>,
    pub result_writer: Option<ResultWriter>,
}

/// Where items come from when they do not come from the state input (SFN-READER-1).
#[derive(Clone, Debug)]
pub struct ItemReader {
    pub action: ReadAction,
    /// `Parameters` or `Arguments`.
    pub parameters: Option<Template>,
    pub config: ReaderConfig,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAction {
    GetObject,
    ListObjects,
}

/// `ReaderConfig` (SFN-READER-2).
#[derive(Clone, Debug, Default)]
pub struct ReaderConfig {
    pub input_type: Option<InputType>,
    pub manifest_type: Option<ManifestType>,
    /// `Transformation` is `LOAD_AND_FLATTEN`.
    pub flatten: bool,
    pub items_pointer: Option<String>,
    pub csv_headers: Option<CsvHeaders>,
    pub csv_delimiter: Option<char>,
    pub max_items: Option<NumberField>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    Csv,
    Json,
    JsonLines,
    Parquet,
    Manifest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestType {
    AthenaData,
    S3Inventory,
}

#[derive(Clone, Debug)]
pub enum CsvHeaders {
    FirstRow,
    /// A list of texts, or what evaluates to one.
    Given(Template),
}

/// `ItemBatcher` (SFN-BATCH-1).
#[derive(Clone, Debug, Default)]
pub struct ItemBatcher {
    pub max_items: Option<NumberField>,
    pub max_bytes: Option<NumberField>,
    /// `BatchInput`
    pub input: Option<Template>,
}

/// `ResultWriter` (SFN-WRITER-1).
#[derive(Clone, Debug, Default)]
pub struct ResultWriter {
    /// `Parameters` or `Arguments`, when there is a `Resource`.
    pub parameters: Option<Template>,
    /// `OutputType` is `JSONL`.
    pub json_lines: bool,
    pub transformation: Option<Transformation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transformation {
    None,
    Compact,
    Flatten,
}

#[derive(Clone, Debug)]
pub enum Items {
    /// `ItemsPath`, default `$`.
    Path(PathField),
    /// JSONata `Items`: an array or object with expressions in it, or one expression.
    Jsonata(Template),
    /// JSONata without `Items`: the state input.
    Input,
}

#[derive(Clone, Debug)]
pub struct Retrier {
    pub error_equals: Vec<String>,
    pub interval_seconds: u64,
    pub max_attempts: u64,
    pub backoff_rate: f64,
    pub max_delay_seconds: Option<u64>,
    pub full_jitter: bool,
}

#[derive(Clone, Debug)]
pub struct Catcher {
    pub error_equals: Vec<String>,
    pub next: Name,
    /// JSONPath only.
    pub result_path: PathField,
    pub assign: Option<Template>,
    /// JSONata only.
    pub output: Option<Template>,
}
