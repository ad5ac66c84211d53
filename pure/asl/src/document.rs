//! Any JSON or YAML text as a tree whose parts know their places: for files, such as templates,
//! that have definitions inside. Start at [`read`].

use crate::finding::Finding;
use crate::read::yaml::{self, Tags};
use crate::{Position, Syntax, locate};

pub use crate::read::tree::{Member, Members, Node, Shape, Span};

/// Reads a text. Tags of YAML that are not its own are ignored; [`Node::span`] is behind them.
pub fn read(text: &str, syntax: Syntax) -> Result<Node, Finding> {
    match syntax {
        Syntax::Json => crate::tree(text, syntax),
        Syntax::Yaml => {
            yaml::read(text, Tags::Ignored).map_err(|fault| crate::yaml_finding(text, fault))
        }
    }
}

/// Line and column of a stretch of the text.
pub fn position(text: &str, span: Span) -> Option<Position> {
    locate::position(text, span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_behind_tags() {
        let text = "A: !GetAtt X.Arn\nB: !Sub |\n  {\n    b}\nC: !If [p, 'q']\n";
        let root = read(text, Syntax::Yaml).expect("tags are ignored");
        let members = root.object().expect("a mapping");
        let place = |name: &str| {
            let span = members.get(name).expect(name).span;
            text.get(span.start..span.start + span.length).expect("inside")
        };
        assert_eq!([place("A"), place("B"), place("C")], ["X.Arn", "{\n    b}\n", "["]);
        let quoted = members.get("C").and_then(Node::array).and_then(|items| items.get(1));
        let span = quoted.expect("two items").span;
        let position = position(text, span).expect("inside");
        assert_eq!((position.line, position.column, position.length), (5, 12, 3));
    }
}
