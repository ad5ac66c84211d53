//! Templates of CloudFormation and SAM: the state machines in them, with the way back from each
//! definition to the template's text. Functions such as `!Sub` and `Fn::GetAtt` have values only
//! after deployment; where they stand, a placeholder does.

use std::collections::BTreeMap;
use std::path::Path;

use asl::document::{self, Member, Node, Shape, Span};
use asl::{Finding, Syntax};
use serde_json::Value;

use super::pieces::Pieces;
use super::placeholders::Substitutions;
use crate::config::MachineKind;
use crate::definition::syntax_of;

const PLAIN: &str = "AWS::StepFunctions::StateMachine";
const SERVERLESS: &str = "AWS::Serverless::StateMachine";
/// What stands for the value of a function.
const UNKNOWN: &str = "${Deployed}";

/// A state machine in a template.
#[derive(Debug)]
pub(crate) struct Embedded {
    /// Its logical id.
    pub(crate) name: String,
    pub(crate) kind: MachineKind,
    pub(crate) source: Source,
    pub(crate) substitutions: Substitutions,
}

#[derive(Debug)]
pub(crate) enum Source {
    Text {
        text: String,
        syntax: Syntax,
        pieces: Pieces,
    },
    /// A file beside the template, and where it is named.
    File {
        uri: String,
        span: Span,
    },
    /// Nothing that can be read before deployment.
    Computed {
        why: String,
    },
}

/// Members that only templates have, for those that cannot be read.
const MARKS: [&str; 2] = ["AWSTemplateFormatVersion", "AWS::Serverless-2016-10-31"];

/// The state machines of a template; `None` when the file is none.
pub(crate) fn machines(path: &Path, text: &str) -> Option<Result<Vec<Embedded>, Finding>> {
    if !text.contains("Resources") || !(text.contains(PLAIN) || text.contains(SERVERLESS)) {
        return None;
    }
    let syntax = match syntax_of(path) {
        Syntax::Json if !text.trim_start().starts_with('{') => Syntax::Yaml,
        syntax => syntax,
    };
    let root = match document::read(text, syntax) {
        Ok(root) => root,
        Err(finding) => {
            return MARKS.iter().any(|mark| text.contains(mark)).then_some(Err(finding));
        }
    };
    let resources = root.object()?.get("Resources")?.object()?;
    let machines = resources.iter().filter_map(|(name, member)| machine(text, name, member));
    Some(Ok(machines.collect()))
}

fn machine(text: &str, name: &str, member: &Member) -> Option<Embedded> {
    let resource = member.node.object()?;
    let kind = resource.get("Type")?.text()?;
    let properties = resource.get("Properties")?.object()?;
    let (kind_member, definitions) = match kind {
        PLAIN => ("StateMachineType", ["DefinitionString", "Definition", "DefinitionS3Location"]),
        SERVERLESS => ("Type", ["Definition", "DefinitionUri", "DefinitionString"]),
        _ => return None,
    };
    let express = properties.get(kind_member).and_then(Node::text) == Some("EXPRESS");
    let given = definitions.iter().find_map(|name| Some((*name, properties.get(name)?)));
    let maker = Maker { template: text };
    let source = match given {
        None => Source::Computed { why: "it has no definition".to_owned() },
        Some(("DefinitionUri" | "DefinitionS3Location", node)) => by_uri(node, text),
        Some(("DefinitionString", node)) => maker.string(node),
        Some((_, node)) => maker.inline(node),
    };
    let is_file = matches!(source, Source::File { .. });
    Some(Embedded {
        name: name.to_owned(),
        kind: if express { MachineKind::Express } else { MachineKind::Standard },
        source,
        substitutions: substitutions(properties.get("DefinitionSubstitutions"), text, is_file),
    })
}

fn by_uri(node: &Node, template: &str) -> Source {
    match node.text().filter(|uri| tag(template, node.span).is_none() && !uri.starts_with("s3://"))
    {
        Some(uri) => Source::File { uri: uri.to_owned(), span: node.span },
        None => Source::Computed { why: "its definition is an object in S3".to_owned() },
    }
}

/// In a definition's own file only these names stand for something; in the template itself so do
/// its parameters and resources.
fn substitutions(node: Option<&Node>, template: &str, complete: bool) -> Substitutions {
    let mut values = BTreeMap::new();
    let members = node.and_then(Node::object).into_iter().flat_map(document::Members::iter);
    for (name, member) in members {
        let node = &member.node;
        let value = match &node.shape {
            Shape::Text(text) if tag(template, node.span).is_none() && !text.contains("${") => {
                Some(text.clone())
            }
            Shape::Number(number) => Some(number.to_string()),
            Shape::Bool(value) => Some(value.to_string()),
            _ => None,
        };
        values.insert(name.to_owned(), value);
    }
    Substitutions::of_template(values, complete)
}

/// Makes the text of a definition of a part of a template.
struct Maker<'a> {
    template: &'a str,
}

/// A text on its way, with the way back.
#[derive(Default)]
struct Draft {
    text: String,
    pieces: Pieces,
}

impl Draft {
    fn made(&mut self, text: &str, from: Span) {
        self.text.push_str(text);
        self.pieces.made(from, text.len());
    }
}

impl Maker<'_> {
    /// `DefinitionString`: a text, `Fn::Sub` of one, or `Fn::Join` of many.
    fn string(&self, node: &Node) -> Source {
        let mut draft = Draft::default();
        let readable = match function(node) {
            Some(("Fn::Sub", argument)) => self.sub(argument, &mut draft),
            Some(("Fn::Join", argument)) => self.join(argument, &mut draft),
            Some(_) => false,
            None => match (tag(self.template, node.span), &node.shape) {
                (Some("!Join"), _) => self.join(node, &mut draft),
                (None | Some("!Sub"), _) => self.sub(node, &mut draft),
                (Some(_), _) => false,
            },
        };
        if !readable {
            let why = "its definition is computed when the template is deployed".to_owned();
            return Source::Computed { why };
        }
        Source::Text { text: draft.text, syntax: Syntax::Json, pieces: draft.pieces }
    }

    /// A text, or a list whose first item is one.
    fn sub(&self, node: &Node, draft: &mut Draft) -> bool {
        let text = match &node.shape {
            Shape::Text(text) => Some((text, node.span)),
            Shape::Array(items) => items.first().and_then(|first| match &first.shape {
                Shape::Text(text) => Some((text, first.span)),
                _ => None,
            }),
            _ => None,
        };
        let Some((text, span)) = text else { return false };
        self.copy(text, span, draft);
        true
    }

    fn join(&self, node: &Node, draft: &mut Draft) -> bool {
        let Some([delimiter, parts]) = node.array() else { return false };
        let (Some(delimiter), Some(parts)) = (delimiter.text(), parts.array()) else {
            return false;
        };
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                draft.made(delimiter, part.span);
            }
            match part.text().filter(|_| tag(self.template, part.span).is_none()) {
                Some(text) => self.copy(text, part.span, draft),
                None => draft.made(UNKNOWN, part.span),
            }
        }
        true
    }

    /// Appends the text that a scalar of the template stands for.
    fn copy(&self, text: &str, span: Span, draft: &mut Draft) {
        let raw = self.template.get(span.start..span.start + span.length).unwrap_or("");
        match steps(raw, text, self.column(span.start)) {
            Some(steps) => {
                for Step { at, taken, length, copied } in steps {
                    let from = span.start + at;
                    match copied {
                        true => draft.pieces.copied(from, length),
                        false => draft.pieces.made(Span { start: from, length: taken }, length),
                    }
                }
                draft.text.push_str(text);
            }
            None => draft.made(text, Span { start: span.start, length: span.length.min(1) }),
        }
    }

    fn column(&self, offset: usize) -> usize {
        let before = self.template.get(..offset).unwrap_or("");
        before.len() - before.rfind('\n').map_or(0, |at| at + 1)
    }

    /// `Definition`: the template's own members, written as JSON.
    fn inline(&self, node: &Node) -> Source {
        if node.object().is_none() || function(node).is_some() {
            let why = "its definition is computed when the template is deployed".to_owned();
            return Source::Computed { why };
        }
        let mut draft = Draft::default();
        self.write(node, &mut draft);
        Source::Text { text: draft.text, syntax: Syntax::Json, pieces: draft.pieces }
    }

    fn write(&self, node: &Node, draft: &mut Draft) {
        let tag = tag(self.template, node.span);
        let is_function = function(node).is_some() || tag.is_some_and(|tag| tag != "!Sub");
        if is_function || tag.is_some() && node.text().is_none() {
            // `Fn::Sub` of one text is that text with placeholders; all else is unknown.
            match function(node).and_then(|(name, argument)| Some((name, argument.text()?))) {
                Some(("Fn::Sub", text)) => draft.made(&quoted(text), node.span),
                _ => draft.made(UNKNOWN, node.span),
            }
            return;
        }
        match &node.shape {
            Shape::Object(members) => {
                draft.made("{", head(node.span));
                for (number, (name, member)) in members.iter().enumerate() {
                    let comma = if number > 0 { "," } else { "" };
                    draft.made(comma, member.key);
                    draft.made(&quoted(name), member.key);
                    draft.made(":", member.key);
                    self.write(&member.node, draft);
                }
                draft.made("}", head(node.span));
            }
            Shape::Array(items) => {
                draft.made("[", head(node.span));
                for (number, item) in items.iter().enumerate() {
                    let comma = if number > 0 { "," } else { "" };
                    draft.made(comma, item.span);
                    self.write(item, draft);
                }
                draft.made("]", head(node.span));
            }
            _ => draft.made(&node.to_value().to_string(), node.span),
        }
    }
}

/// Where a whole object or list begins; the place to point at.
fn head(span: Span) -> Span {
    Span { start: span.start, length: 1 }
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// An object with one member that names a function: `{ "Fn::GetAtt": … }`, `{ "Ref": … }`.
fn function(node: &Node) -> Option<(&str, &Node)> {
    let mut members = node.object()?.iter();
    let (name, member) = members.next()?;
    let is_function = name == "Ref" || name.starts_with("Fn::");
    (is_function && members.next().is_none()).then_some((name, &member.node))
}

/// The short form of a function before a value: `!GetAtt`.
fn tag(template: &str, span: Span) -> Option<&str> {
    let before = template.get(..span.start)?.trim_end();
    let before = before.trim_end_matches(['+', '-', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    let before = before.strip_suffix(['|', '>']).unwrap_or(before).trim_end();
    let start =
        before.rfind(|c: char| c.is_whitespace() || "[,".contains(c)).map_or(0, |at| at + 1);
    before.get(start..).filter(|word| word.len() > 1 && word.starts_with('!'))
}

/// A part of a scalar: where it stands in the template's text, and what came of it.
struct Step {
    at: usize,
    taken: usize,
    length: usize,
    copied: bool,
}

/// How a scalar's text came of what is written; `None` when that is not plain.
fn steps(raw: &str, text: &str, indent: usize) -> Option<Vec<Step>> {
    if let Some(inner) = raw.strip_prefix('"') {
        return escaped(inner.strip_suffix('"')?, text);
    }
    if let Some(inner) = raw.strip_prefix('\'') {
        let same = inner.strip_suffix('\'') == Some(text);
        return same
            .then(|| vec![Step { at: 1, taken: text.len(), length: text.len(), copied: true }]);
    }
    block(raw, text, indent)
}

/// Double quotes: runs of letters, and escapes that stand for one each.
fn escaped(inner: &str, text: &str) -> Option<Vec<Step>> {
    let mut steps: Vec<Step> = Vec::new();
    let mut rest = text.chars();
    let mut letters = inner.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let made = rest.next()?;
        let (mut taken, copied) = (letter.len_utf8(), letter == made && letter != '\\');
        if letter == '\\' {
            let (_, escape) = letters.next()?;
            taken += escape.len_utf8();
            let digits = match escape {
                'x' => 2,
                'u' => 4,
                'U' => 8,
                '\n' | '\r' => return None,
                _ => 0,
            };
            for _ in 0..digits {
                taken += letters.next()?.1.len_utf8();
            }
        } else if !copied {
            return None;
        }
        let length = made.len_utf8();
        match steps.last_mut().filter(|last| last.copied && copied) {
            Some(last) => {
                last.taken += taken;
                last.length += length;
            }
            // Behind the opening quote.
            None => steps.push(Step { at: at + 1, taken, length, copied }),
        }
    }
    rest.next().is_none().then_some(steps)
}

/// A literal block, or a plain text on one line: lines without their indent.
fn block(raw: &str, text: &str, indent: usize) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut at = 0;
    let mut raw_lines = raw.split_inclusive('\n');
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let raw_line = raw_lines.next()?;
        let blanks = raw_line.len() - raw_line.trim_start_matches(' ').len();
        let skipped = if number == 0 { 0 } else { blanks.min(indent) };
        if !raw_line.get(skipped..)?.starts_with(line.trim_end_matches('\n')) {
            return None;
        }
        let length = line.len();
        steps.push(Step { at: at + skipped, taken: length, length, copied: true });
        at += raw_line.len();
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::definition;

    /// `line:column code` of every finding.
    fn findings(file: &str, text: &str) -> Vec<String> {
        let mut told = Vec::new();
        let machines = machines(Path::new(file), text).expect("a template");
        for machine in machines.expect("valid") {
            let Source::Text { text: made, syntax, pieces } = machine.source else {
                told.push(format!("{}: {:?}", machine.name, machine.source));
                continue;
            };
            for raw in definition::findings(&made, syntax, machine.kind, &machine.substitutions) {
                let raw = raw.through(&pieces);
                let span = raw.span.expect("a place");
                let at = document::position(text, span).expect("inside");
                told.push(format!("{}:{} {}", at.line, at.column, raw.finding.code));
            }
        }
        told
    }

    #[test]
    fn a_literal_block_is_read_in_place() {
        let text = r#"
Resources:
  M:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub |
        {
          "StartAt": "A",
          "States": {
            "A": { "Type": "Task", "Resource": "${F.Arn}", "Next": "B" }
          }
        }
"#;
        assert_eq!(
            findings("t.yaml", text),
            ["10:68 MISSING_TRANSITION_TARGET", "9:11 MISSING_END_STATE"]
        );
    }

    #[test]
    fn inline_members_are_read_in_place() {
        let text = r"
Resources:
  M:
    Type: AWS::Serverless::StateMachine
    Properties:
      Type: EXPRESS
      Definition:
        StartAt: A
        States:
          A:
            Type: Task
            Resource: !GetAtt F.Arn
            TimeoutSeconds: !Ref Timeout
            Parameters:
              a: {'Fn::If': [x, 1, 2]}
            Next: B
          C: {Type: Pass, End: yes}
";
        assert_eq!(
            findings("t.yaml", text),
            [
                "17:32 SCHEMA_VALIDATION_FAILED",
                "16:19 MISSING_TRANSITION_TARGET",
                "9:9 MISSING_END_STATE"
            ]
        );
    }

    #[test]
    fn joined_strings_are_read_in_place() {
        let text = r#"{ "Resources": { "M": { "Type": "AWS::StepFunctions::StateMachine",
  "Properties": { "DefinitionString": { "Fn::Join": ["", [
    "{\"StartAt\":\"A\",\"States\":{\"A\":{\"Type\":\"Task\",\"Resource\":\"",
    { "Fn::GetAtt": ["F", "Arn"] },
    "\",\"Next\":\"B\"}}}" ] ] } } } } }"#;
        assert_eq!(
            findings("t.json", text),
            ["5:18 MISSING_TRANSITION_TARGET", "3:25 MISSING_END_STATE"]
        );
    }
}
