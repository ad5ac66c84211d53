//! A map run as a distributed Map asks for it (SFN-DMAP-3): everything that the state says is
//! resolved, but for the input of each item, which [`Scope`] works out when the item is read.

use asl::model::{Definition, InputType, Kind, Machine, ManifestType, Transformation};
use moment::Moment;
use serde::{Deserialize, Serialize};

use crate::dataflow::{self, order};
use crate::errors::Failed;
use crate::execution::{Execution, FrameId, MapItem};
use crate::history::Failure;
use crate::payload::Payload;
use crate::run::Run;
use crate::{Environment, Limits, Surroundings};

/// The error of a run that failed by its tolerance, and its cause (SFN-DMAP-10).
pub const THRESHOLD_ERROR: &str = "States.ExceedToleratedFailureThreshold";
pub const THRESHOLD_CAUSE: &str = "The specified tolerated failure threshold was exceeded";
/// The error of a run whose items cannot be read (SFN-READER-11).
pub const READER_ERROR: &str = "States.ItemReaderFailed";
/// The error of a run whose results cannot be written (SFN-WRITER-5).
pub const WRITER_ERROR: &str = "States.ResultWriterFailed";

/// A run to begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapRun {
    pub frame: FrameId,
    /// Unique in the frame, as tasks' attempts are.
    pub attempt: u32,
    pub map_run_arn: String,
    pub label: String,
    /// Leads from the execution's machine to the state: names, and after a Parallel's name the
    /// number of the branch.
    pub path: Vec<String>,
    pub express_children: bool,
    pub source: Source,
    /// Whether the state has an `ItemSelector`.
    pub selects: bool,
    pub batcher: Option<Batcher>,
    pub writer: Option<Writer>,
    /// 0 where nothing is asked for.
    pub max_concurrency: u64,
    pub tolerated_failure_count: Option<u64>,
    pub tolerated_failure_percentage: Option<f64>,
}

/// Where items come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Source {
    /// An array, or an object whose members are the items.
    Items(Payload),
    Reader(Box<Reader>),
}

/// An `ItemReader`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reader {
    pub lists: bool,
    /// `Parameters` or `Arguments`.
    pub parameters: Payload,
    pub input: Option<Input>,
    pub manifest: Option<Manifest>,
    /// Reads what is listed (SFN-READER-9).
    pub flatten: bool,
    pub items_pointer: Option<String>,
    pub csv_headers: Option<CsvHeaders>,
    pub csv_delimiter: Option<char>,
    /// As asked for: 0 and absent mean all, less is refused by the reader (SFN-READER-5).
    pub max_items: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    Csv,
    Json,
    JsonLines,
    Parquet,
    Manifest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Manifest {
    AthenaData,
    S3Inventory,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CsvHeaders {
    FirstRow,
    Given(Vec<String>),
}

/// An `ItemBatcher`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batcher {
    pub items_max: Option<u64>,
    pub bytes_max: Option<u64>,
    /// `BatchInput`
    pub input: Option<Payload>,
}

/// A `ResultWriter`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Writer {
    /// `Parameters` or `Arguments`, when results go to an object.
    pub parameters: Option<Payload>,
    pub json_lines: bool,
    pub form: Option<Form>,
}

/// What becomes of results (SFN-WRITER-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Whole descriptions of executions.
    Full,
    /// Outputs.
    Compact,
    /// Outputs; the items of those that are arrays.
    Flat,
}

impl From<InputType> for Input {
    fn from(input: InputType) -> Input {
        match input {
            InputType::Csv => Input::Csv,
            InputType::Json => Input::Json,
            InputType::JsonLines => Input::JsonLines,
            InputType::Parquet => Input::Parquet,
            InputType::Manifest => Input::Manifest,
        }
    }
}

impl From<ManifestType> for Manifest {
    fn from(manifest: ManifestType) -> Manifest {
        match manifest {
            ManifestType::AthenaData => Manifest::AthenaData,
            ManifestType::S3Inventory => Manifest::S3Inventory,
        }
    }
}

impl From<Transformation> for Form {
    fn from(transformation: Transformation) -> Form {
        match transformation {
            Transformation::None => Form::Full,
            Transformation::Compact => Form::Compact,
            Transformation::Flatten => Form::Flat,
        }
    }
}

/// A part of an execution: the Map's frame and those around it, in which its `ItemSelector` is
/// evaluated. They do not change while the run goes on.
pub struct Scope {
    execution: Execution,
    frame: FrameId,
}

impl Scope {
    pub fn new(execution: &Execution, frame: FrameId) -> Scope {
        let head = execution.head.clone();
        let mut scope = Execution { head, frames: Default::default() };
        let mut next = Some(frame);
        while let Some(around) = next.and_then(|id| execution.frames.get(&id)) {
            next = around.parent;
            scope.frames.insert(around.id, around.clone());
        }
        Scope { execution: scope, frame }
    }

    /// The input that an item's `ItemSelector` gives, or how it failed.
    pub fn item_input(
        &mut self,
        definition: &Definition,
        limits: &Limits,
        moment: Moment,
        item: &MapItem,
        source: &str,
    ) -> Result<Payload, Failure> {
        if !self.execution.frames.contains_key(&self.frame) {
            return Ok(item.value.clone());
        }
        let environment = Environment { definition, moment, limits, surroundings: &Nobody };
        let id = self.frame;
        let run = Run::new(&environment, &mut self.execution);
        let Kind::Map(map) = &run.state(id).kind else { return Ok(item.value.clone()) };
        let input = dataflow::item_input_from(&run, id, map, item, source);
        input.map_err(|raised| Failed::raised(raised, &run.prefix(id)).failure)
    }
}

/// An item's input asks for neither activities nor tokens.
struct Nobody;

impl Surroundings for Nobody {
    fn activity_exists(&self, _: &str) -> bool {
        false
    }

    fn task_token(&self, _: FrameId, _: u32) -> String {
        String::new()
    }
}

/// The processor at the end of a path: the machine of the children.
pub fn processor<'a>(definition: &'a Definition, path: &[String]) -> Option<&'a Machine> {
    let mut machine = &definition.machine;
    let mut steps = path.iter();
    while let Some(name) = steps.next() {
        machine = match &machine.states.get(name.as_str())?.kind {
            Kind::Parallel(parallel) => {
                let branch: usize = steps.next()?.parse().ok()?;
                parallel.branches.get(branch)?
            }
            Kind::Map(map) => &map.processor,
            _ => return None,
        };
    }
    Some(machine)
}

/// A label for a state that has none, of the shape of a UUID (SFN-ARN-3): the same for the same
/// state of the same machine. The machine of a child is labelled itself.
pub fn made_label(state_machine_arn: &str, path: &[String]) -> String {
    let digest = |seed: u64| {
        let steps = path.iter().flat_map(|step| step.bytes().chain([0]));
        let bytes = state_machine_arn.bytes().chain([0]).chain(steps);
        bytes.fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3))
    };
    let (high, low) = (digest(0xCBF2_9CE4_8422_2325), digest(0x8422_2325_CBF2_9CE4));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFF,
        (low >> 48) & 0xFFF,
        low & 0xFFFF_FFFF_FFFF
    )
}

/// Names in the order of a Java hash table, in which AWS tells the cells of a row.
pub fn sort_as_hashed<T>(members: &mut [T], key: impl Fn(&T) -> &str) {
    order::sort_as_hashed(members, key);
}
