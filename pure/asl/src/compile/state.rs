//! One state: its name, language and common fields; what only its type has is in [`super::states`].

use super::at::At;
use super::context::{Context, Scope};
use super::expression::Reach;
use super::{errors, fields, machine, matrix, paths, states, template, variables};
use crate::model::{Flow, JsonPathFlow, JsonataFlow, Kind, Name, QueryLanguage, State, Transition};
use crate::read::tree::Shape;

/// The longest name of a state, in characters (SFN-ASL-3).
const NAME_CHARS_MAX: usize = 80;

/// Compiles the state at `at`; `None` only with an error.
pub(crate) fn compile(context: &mut Context, at: &At<'_>, name: &str) -> Option<State> {
    check_name(context, at, name);
    if !fields::is_object(context, at) {
        return None;
    }
    let scope = Scope {
        name: Name::from(name),
        language: QueryLanguage::JsonPath,
        language_refused: false,
    };
    let outer = std::mem::replace(&mut context.scope, scope);
    set_language(context, at);
    let state = kind_of(context, at).and_then(|kind| typed(context, at, &kind));
    context.scope = outer;
    state
}

fn check_name(context: &mut Context, at: &At<'_>, name: &str) {
    if name.is_empty() {
        context.error_key("INVALID_STATE_NAME", at, "State name cannot be empty");
    }
    if name.chars().count() > NAME_CHARS_MAX {
        let message = format!(
            "State name '{name}' exceeds the {NAME_CHARS_MAX}-character limit allowed by the \
             service"
        );
        context.error_key("INVALID_STATE_NAME", at, message);
    }
    if !context.state_names.insert(name.to_owned()) {
        let message = format!("Duplicate State name: {name}");
        context.error_key("DUPLICATE_STATE_NAME", at, message);
    }
}

/// SFN-QL-1, SFN-QL-3
fn set_language(context: &mut Context, at: &At<'_>) {
    let own = machine::language(context, at);
    context.scope.language = own.unwrap_or(context.language);
    if own == Some(QueryLanguage::JsonPath) && context.language == QueryLanguage::Jsonata {
        context.scope.language_refused = true;
        let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state \
                       machine";
        context.error_whole(at, message);
    }
}

/// `Type`, when it is a known one.
fn kind_of(context: &mut Context, at: &At<'_>) -> Option<String> {
    let Some(kind) = at.member("Type") else {
        context.error_whole(at, "The field 'Type' is required");
        return None;
    };
    let name = fields::text(context, &kind)?;
    if matrix::fields_of(name).is_none() {
        let message = "The field 'Type' should have one of these values: [Task, Wait, Pass, \
                       Succeed, Fail, Choice, Parallel, Map]";
        context.error(&kind, message);
        return None;
    }
    Some(name.to_owned())
}

fn typed(context: &mut Context, at: &At<'_>, kind: &str) -> Option<State> {
    fields::check_fields(context, at, &matrix::fields_of(kind)?);
    let comment = fields::comment(context, at);
    let transition = match kind {
        "Choice" | "Succeed" | "Fail" => Transition::None,
        _ => transition(context, at),
    };
    let works = matches!(kind, "Task" | "Parallel" | "Map");
    let reach = if works { Reach::RESULT } else { Reach::NOTHING };
    let flow = flow(context, at, kind, reach);
    let assign = variables::assign(context, at, reach);
    let (retry, catch) = match works {
        true => (errors::retry(context, at), errors::catch(context, at)),
        false => (Vec::new(), Vec::new()),
    };
    let kind = match kind {
        "Task" => states::task::compile(context, at).map(|task| Kind::Task(Box::new(task))),
        "Pass" => Some(Kind::Pass(states::pass::compile(context, at))),
        "Choice" => states::choice::compile(context, at).map(Kind::Choice),
        "Wait" => states::wait::compile(context, at).map(Kind::Wait),
        "Succeed" => Some(Kind::Succeed),
        "Fail" => Some(Kind::Fail(states::fail::compile(context, at))),
        "Parallel" => states::parallel::compile(context, at).map(Kind::Parallel),
        _ => states::map::compile(context, at).map(|map| Kind::Map(Box::new(map))),
    };
    let Scope { name, language: query_language, .. } = context.scope.clone();
    Some(State {
        name,
        comment,
        query_language,
        kind: kind?,
        transition,
        flow,
        assign,
        retry,
        catch,
    })
}

/// Exactly one of `Next` and `End` (SFN-ASL-10).
fn transition(context: &mut Context, at: &At<'_>) -> Transition {
    fields::exactly_one(context, at, &["Next", "End"]);
    if let Some(next) = fields::text_member(context, at, "Next") {
        return Transition::Next(Name::from(next));
    }
    let Some(end) = at.member("End") else { return Transition::None };
    match end.node.shape {
        Shape::Bool(true) => Transition::End,
        Shape::Bool(false) => {
            let message = "This object should have only one of the following fields: [Next, End]";
            context.error_within(at, end.key(), message);
            Transition::None
        }
        _ => {
            fields::boolean(context, &end);
            Transition::None
        }
    }
}

fn flow(context: &mut Context, at: &At<'_>, kind: &str, reach: Reach) -> Flow {
    if context.is_jsonata() {
        return Flow::Jsonata(JsonataFlow {
            arguments: template::member(context, at, "Arguments", Reach::NOTHING),
            output: template::member(context, at, "Output", reach),
        });
    }
    // A Map's `Parameters` is its legacy `ItemSelector`.
    let has_parameters = kind != "Map";
    let parameters = has_parameters.then(|| template::member(context, at, "Parameters", reach));
    Flow::JsonPath(JsonPathFlow {
        input_path: paths::any_field(context, at, "InputPath"),
        parameters: parameters.flatten(),
        result_selector: template::member(context, at, "ResultSelector", reach),
        result_path: paths::result_field(context, at),
        output_path: paths::any_field(context, at, "OutputPath"),
    })
}
