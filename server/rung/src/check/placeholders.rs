//! `${Name}` and `{{NAME}}` in definitions: filled in with what it stands for, or with something
//! that could stand there, so that the rest can be checked. What is not known stays unjudged.

use std::collections::BTreeMap;

use asl::Syntax;
use asl::document::Span;

use super::pieces::Pieces;
use crate::names::Names;

const LAMBDA: &str = "arn:aws:lambda:us-east-1:111122223333:function:work";
const ACTIVITY: &str = "arn:aws:states:us-east-1:111122223333:activity:work";
/// Members whose values are objects, or lists, when a placeholder stands for the whole.
const OBJECTS: [&str; 12] = [
    "Parameters",
    "Arguments",
    "Result",
    "ResultSelector",
    "ItemSelector",
    "Output",
    "Assign",
    "States",
    "ItemProcessor",
    "Iterator",
    "Credentials",
    "ProcessorConfig",
];
const LISTS: [&str; 5] = ["Retry", "Catch", "Choices", "Branches", "ErrorEquals"];
const QUERY_LANGUAGE: &str = "QueryLanguage";
/// Members whose texts are never shown to people or programs as they are: `{{NAME}}` in one of them
/// waits for whoever deploys the definition. In other texts it may be meant.
const NO_FREE_TEXT: [&str; 6] =
    ["Resource", "RoleArn", "Next", "Default", "StartAt", QUERY_LANGUAGE];

/// What placeholders stand for, as far as that is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Substitutions {
    /// `None`: it has a value that is known only after deployment.
    values: BTreeMap<String, Option<String>>,
    /// The names of a folder that `rung dev` reads.
    names: Option<Names>,
    /// Whether a name that is not known is a mistake, and of which kind.
    complete: Option<Complete>,
}

/// Why every name should be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Complete {
    /// `rung dev` fills in these names and no others.
    Folder,
    /// `DefinitionSubstitutions` of a template.
    Template,
}

/// A placeholder in a text.
#[derive(Clone, Debug)]
pub(crate) struct Hole {
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) span: Span,
    /// The member whose value it is in.
    pub(crate) key: String,
    /// The hole and what a finding about it may point at: the whole string, and its key.
    pub(crate) around: Span,
    pub(crate) known: bool,
}

/// How a placeholder is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `${Name}`
    Dollar,
    /// `{{NAME}}`, which nothing here gives a value.
    Braces,
}

impl Form {
    const ALL: [Form; 2] = [Form::Dollar, Form::Braces];

    fn opening(self) -> &'static str {
        match self {
            Form::Dollar => "${",
            Form::Braces => "{{",
        }
    }

    fn closing(self) -> &'static str {
        match self {
            Form::Dollar => "}",
            Form::Braces => "}}",
        }
    }

    /// The name as it is written.
    pub(crate) fn written(self, name: &str) -> String {
        format!("{}{name}{}", self.opening(), self.closing())
    }
}

/// A text with its placeholders filled in.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) text: String,
    pub(crate) pieces: Pieces,
    pub(crate) holes: Vec<Hole>,
}

impl Substitutions {
    /// The names of the folder around a file, if it is one of ours; otherwise anything may be.
    pub(crate) fn of_folder(names: Option<Names>) -> Substitutions {
        let complete = names.as_ref().map(|_| Complete::Folder);
        Substitutions { values: BTreeMap::new(), names, complete }
    }

    /// Those of a template.
    pub(crate) fn of_template(
        values: BTreeMap<String, Option<String>>,
        complete: bool,
    ) -> Substitutions {
        Substitutions { values, names: None, complete: complete.then_some(Complete::Template) }
    }

    /// These and more values, which are known.
    pub(crate) fn with(mut self, values: &BTreeMap<String, String>) -> Substitutions {
        self.values.extend(values.iter().map(|(name, value)| (name.clone(), Some(value.clone()))));
        self
    }

    pub(crate) fn complete(&self) -> Option<Complete> {
        self.complete
    }

    /// Every name that may be written, in order.
    pub(crate) fn known(&self) -> Vec<String> {
        let names = self.names.iter().flat_map(Names::known).map(str::to_owned);
        self.values.keys().cloned().chain(names).collect()
    }

    fn is_named(&self, name: &str) -> bool {
        self.values.contains_key(name)
            || self.names.as_ref().is_some_and(|names| names.get(name).is_some())
    }

    fn value(&self, name: &str) -> Option<String> {
        match self.values.get(name) {
            Some(value) => value.clone(),
            None => self.names.as_ref().and_then(|names| names.get(name)).map(str::to_owned),
        }
    }

    /// Whether a hole has a name that nothing here has.
    pub(crate) fn misses(&self, hole: &Hole) -> bool {
        self.complete.is_some() && hole.form == Form::Dollar && !self.is_named(&hole.name)
    }
}

/// Fills a definition in.
pub(crate) fn fill(text: &str, syntax: Syntax, known: &Substitutions) -> Filled {
    let mut filled = Filled { text: String::new(), pieces: Pieces::default(), holes: Vec::new() };
    let mut done = 0;
    let mut search = 0;
    let mut quotes = Quotes::new(syntax);
    while let Some((start, form)) = next_opening(text, search) {
        search = start + form.opening().len();
        let Some(name) = name_at(text, start, form) else { continue };
        let span = Span { start, length: form.written(name).len() };
        if form == Form::Dollar && text.get(..start).is_some_and(|before| before.ends_with('$')) {
            // `$${` is a plain `${`.
            filled.copy(text, done, start - 1);
            done = start;
            continue;
        }
        let stand = Stand::at(text, span, syntax, quotes.open_at(text, start));
        if form == Form::Braces && !stand.waits() {
            continue;
        }
        let value = known.value(name).filter(|_| form == Form::Dollar);
        let (key, around) = (stand.key.to_owned(), stand.around);
        let hole = Hole { name: name.to_owned(), form, span, key, around, known: value.is_some() };
        filled.copy(text, done, start);
        filled.made(&value.unwrap_or_else(|| stand.likely(name)), span);
        filled.holes.push(hole);
        done = start + span.length;
        search = done;
    }
    filled.copy(text, done, text.len());
    filled
}

impl Filled {
    fn copy(&mut self, text: &str, from: usize, to: usize) {
        let part = text.get(from..to).unwrap_or("");
        self.text.push_str(part);
        self.pieces.copied(from, part.len());
    }

    fn made(&mut self, value: &str, span: Span) {
        self.text.push_str(value);
        self.pieces.made(span, value.len());
    }
}

/// Where the next placeholder may begin, and how it is written.
fn next_opening(text: &str, from: usize) -> Option<(usize, Form)> {
    let rest = text.get(from..)?;
    let found = Form::ALL.into_iter().filter_map(|form| Some((rest.find(form.opening())?, form)));
    found.min_by_key(|(at, _)| *at).map(|(at, form)| (from + at, form))
}

/// The name of a placeholder that begins at `start`; an empty or odd one is plain text.
fn name_at(text: &str, start: usize, form: Form) -> Option<&str> {
    let (name, _) = text.get(start + form.opening().len()..)?.split_once(form.closing())?;
    let more = match form {
        Form::Dollar => "_.:-[]()* ",
        Form::Braces => "_.- ",
    };
    let letter = |c: char| c.is_alphanumeric() || more.contains(c);
    let inner = if form == Form::Braces { name.trim_start() } else { name };
    let begins = inner.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (begins && name.len() <= 256 && name.chars().all(letter)).then_some(name)
}

/// Where a placeholder stands.
struct Stand<'a> {
    key: &'a str,
    /// Inside quotes, or where only a text can be.
    quoted: bool,
    json: bool,
    /// Inside a JSONata expression.
    expression: bool,
    /// It is the whole value.
    whole: bool,
    around: Span,
}

impl<'a> Stand<'a> {
    fn at(text: &'a str, span: Span, syntax: Syntax, quote: Option<(usize, char)>) -> Stand<'a> {
        let before = text.get(..span.start).unwrap_or("");
        let after = text.get(span.start + span.length..).unwrap_or("");
        let (start, tail) = match quote {
            Some((at, mark)) => (at, after.find(mark).map_or(0, |at| at + 1)),
            None => (span.start, value_end(after)),
        };
        let end = span.start + span.length + tail;
        let (key, key_start) = key_before(text.get(..start).unwrap_or(""));
        let opening = usize::from(quote.is_some());
        let closing = after.chars().next();
        let whole = span.start == start + opening
            && match quote {
                Some((_, mark)) => closing == Some(mark),
                None => {
                    let begins = before.trim_end().ends_with([':', '[', ',', '-']);
                    begins && closing.is_none_or(|c| c.is_whitespace() || ",]}".contains(c))
                }
            };
        let value = text.get(start..span.start).unwrap_or("");
        let expression =
            value.rfind("{%").is_some_and(|at| !value.get(at..).unwrap_or("").contains("%}"));
        let around_start = key_start.unwrap_or(start);
        let around = Span { start: around_start, length: end.saturating_sub(around_start) };
        Stand {
            key,
            quoted: quote.is_some(),
            json: syntax == Syntax::Json,
            expression,
            whole,
            around,
        }
    }

    /// Whether what stands here can only be for whoever deploys the definition to fill in.
    fn waits(&self) -> bool {
        match self.quoted {
            true => NO_FREE_TEXT.contains(&self.key),
            false => self.json || self.whole,
        }
    }

    /// Something that can stand here.
    fn likely(&self, name: &str) -> String {
        if self.whole && !self.quoted {
            return match self.key {
                "Resource" if self.json => format!("\"{}\"", resource(name)),
                "Resource" => resource(name).to_owned(),
                key if OBJECTS.contains(&key) => "{}".to_owned(),
                key if LISTS.contains(&key) => "[]".to_owned(),
                _ => "1".to_owned(),
            };
        }
        if self.whole && self.key == "Resource" {
            return resource(name).to_owned();
        }
        if self.whole && self.key == QUERY_LANGUAGE {
            return "JSONPath".to_owned();
        }
        if self.expression {
            return "true".to_owned();
        }
        let lower = name.to_lowercase();
        match &lower {
            _ if lower.contains("partition") => "aws".to_owned(),
            _ if lower.contains("region") => "us-east-1".to_owned(),
            _ if lower.contains("account") => "111122223333".to_owned(),
            _ => name.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect(),
        }
    }
}

fn resource(name: &str) -> &'static str {
    if name.to_lowercase().contains("activity") { ACTIVITY } else { LAMBDA }
}

/// Knows which quote is open; goes over a text once.
struct Quotes {
    at: usize,
    open: Option<(usize, char)>,
    escaped: bool,
    before: char,
    syntax: Syntax,
}

impl Quotes {
    fn new(syntax: Syntax) -> Quotes {
        Quotes { at: 0, open: None, escaped: false, before: ' ', syntax }
    }

    /// The quote that is open at an offset, with its place.
    fn open_at(&mut self, text: &str, offset: usize) -> Option<(usize, char)> {
        let begin = self.at;
        for (at, letter) in text.get(begin..offset).unwrap_or("").char_indices() {
            self.pass(begin + at, letter);
        }
        self.at = offset;
        self.open
    }

    fn pass(&mut self, at: usize, letter: char) {
        match self.open {
            // No string of a definition goes over lines; a stray quote must not reach further.
            _ if letter == '\n' => (self.open, self.escaped) = (None, false),
            _ if self.escaped => self.escaped = false,
            Some((_, '"')) if letter == '\\' => self.escaped = true,
            Some((_, mark)) if letter == mark => self.open = None,
            Some(_) => {}
            None if letter == '"' => self.open = Some((at, letter)),
            // An apostrophe inside a plain text opens nothing.
            None if letter == '\''
                && self.syntax == Syntax::Yaml
                && " \t\n[{,:".contains(self.before) =>
            {
                self.open = Some((at, letter));
            }
            None => {}
        }
        self.before = letter;
    }
}

fn value_end(after: &str) -> usize {
    after.find([',', '\n', '}', ']']).unwrap_or(after.len())
}

/// The key of the value that follows, without quotes, and where it starts.
fn key_before(before: &str) -> (&str, Option<usize>) {
    let Some(head) = before.trim_end().strip_suffix(':') else { return ("", None) };
    let head = head.trim_end();
    if let Some(head) = head.strip_suffix('"') {
        let start = head.rfind('"');
        let key = start.and_then(|start| head.get(start + 1..)).unwrap_or("");
        return (key, start);
    }
    let start = head.rfind(|c: char| c.is_whitespace() || "{,".contains(c)).map_or(0, |at| at + 1);
    (head.get(start..).unwrap_or(""), Some(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, syntax: Syntax) -> String {
        fill(text, syntax, &Substitutions::default()).text
    }

    #[test]
    fn what_could_stand_there_does() {
        for (text, expected) in [
            (r#"{"Resource": "${F.Arn}"}"#, format!(r#"{{"Resource": "{LAMBDA}"}}"#)),
            (r#"{"Resource": "${PackActivity}"}"#, format!(r#"{{"Resource": "{ACTIVITY}"}}"#)),
            (
                r#"{"Resource": "arn:${AWS::Partition}:states:::${What}"}"#,
                r#"{"Resource": "arn:aws:states:::What"}"#.to_owned(),
            ),
            (r#"{"Seconds": ${n}, "Retry": ${r} }"#, r#"{"Seconds": 1, "Retry": [] }"#.to_owned()),
            (r#"{"Parameters": ${jsonencode(p)}}"#, r#"{"Parameters": {}}"#.to_owned()),
            ("\"States.Format('${}', $.a)\"", "\"States.Format('${}', $.a)\"".to_owned()),
            (
                r#"{"Condition": "{% ${On} and $x = '${X}' %}"}"#,
                r#"{"Condition": "{% true and $x = 'true' %}"}"#.to_owned(),
            ),
            (r#"{"a": "$${Name}"}"#, r#"{"a": "${Name}"}"#.to_owned()),
            (
                r#"{"Resource": "{{EXAMPLE_ACTIVITY_ARN}}"}"#,
                format!(r#"{{"Resource": "{ACTIVITY}"}}"#),
            ),
            (
                r#"{"Resource": "arn:aws:lambda:{{ region }}:{{account}}:function:f"}"#,
                r#"{"Resource": "arn:aws:lambda:us-east-1:111122223333:function:f"}"#.to_owned(),
            ),
            (
                r#"{"Seconds": {{n}}, "Retry": {{r}} }"#,
                r#"{"Seconds": 1, "Retry": [] }"#.to_owned(),
            ),
            // Texts that run as they are.
            (r#"{"prompt": "Hello {{name}}"}"#, r#"{"prompt": "Hello {{name}}"}"#.to_owned()),
            (r#"{"a": "{% {'b': {}} %}"}"#, r#"{"a": "{% {'b': {}} %}"}"#.to_owned()),
        ] {
            assert_eq!(filled(text, Syntax::Json), expected);
        }
        let yaml = "Resource: ${F}\nSeconds: ${n}\nComment: it's ${x}\n";
        let expected = format!("Resource: {LAMBDA}\nSeconds: 1\nComment: it's x\n");
        assert_eq!(filled(yaml, Syntax::Yaml), expected);
    }

    #[test]
    fn holes_reach_over_their_keys() {
        let text = r#"{ "a": 1, "Next": "${N}", "b": ${c} }"#;
        let holes = fill(text, Syntax::Json, &Substitutions::default()).holes;
        let around: Vec<&str> = holes
            .iter()
            .map(|hole| &text[hole.around.start..hole.around.start + hole.around.length])
            .collect();
        assert_eq!(around, [r#""Next": "${N}""#, r#""b": ${c} "#]);
    }
}
