//! JSON to a tree. Mistakes are worded as Jackson words them, since AWS shows its words to
//! clients (SFN-VAL-5, SFN-EXEC-6).

mod fault;
mod scalars;

pub(crate) use fault::{Fault, FaultKind};

use super::NESTING_MAX;
use super::tree::{Members, Node, Shape, Span};

/// Reads one JSON value with nothing but blanks around it.
pub(crate) fn read(text: &str) -> Result<Node, Fault> {
    let mut reader = Reader { text, at: 0, depth: 0 };
    reader.skip_blanks()?;
    if reader.at == text.len() {
        return Err(Fault::new(FaultKind::Empty, "No content to map due to end-of-input", 0, 0));
    }
    let node = reader.value(Container::Root)?;
    reader.end()?;
    Ok(node)
}

/// What encloses the place at hand.
#[derive(Clone, Copy)]
enum Container {
    Root,
    /// With the offset of its bracket.
    Array(usize),
    Object(usize),
}

struct Reader<'t> {
    text: &'t str,
    /// The offset of what is read next.
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self, container: Container) -> Result<Node, Fault> {
        let start = self.at;
        let shape = match self.peek() {
            None => return Err(self.ends_between(container)),
            Some('{') => self.nested(Self::object)?,
            Some('[') => self.nested(Self::array)?,
            Some('"') => Shape::Text(self.quoted(scalars::Quoted::Value)?),
            Some('-' | '0'..='9') => Shape::Number(self.number(container)?),
            Some('t') => self.keyword("true", Shape::Bool(true))?,
            Some('f') => self.keyword("false", Shape::Bool(false))?,
            Some('n') => self.keyword("null", Shape::Null)?,
            Some(odd) => return Err(self.odd_value(odd, container)),
        };
        Ok(Node { shape, span: Span { start, length: self.at - start } })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Shape, Fault>) -> Result<Shape, Fault> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(self.too_deep());
        }
        let shape = read(self)?;
        self.depth -= 1;
        Ok(shape)
    }

    fn array(&mut self) -> Result<Shape, Fault> {
        let container = Container::Array(self.at);
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks()?;
        if self.closes(container)? {
            return Ok(Shape::Array(items));
        }
        loop {
            items.push(self.value(container)?);
            self.skip_blanks()?;
            if self.closes(container)? {
                return Ok(Shape::Array(items));
            }
            self.comma(container)?;
        }
    }

    fn object(&mut self) -> Result<Shape, Fault> {
        let container = Container::Object(self.at);
        self.at += 1;
        let mut members = Members::default();
        self.skip_blanks()?;
        if self.closes(container)? {
            return Ok(Shape::Object(members));
        }
        loop {
            let start = self.at;
            let name = self.name()?;
            let key = Span { start, length: self.at - start };
            self.colon(container)?;
            let node = self.value(container)?;
            members.insert(name, key, node);
            self.skip_blanks()?;
            if self.closes(container)? {
                return Ok(Shape::Object(members));
            }
            self.comma(container)?;
        }
    }

    /// Whether the container ends here; takes its closing bracket.
    fn closes(&mut self, container: Container) -> Result<bool, Fault> {
        let closer = match (container, self.peek()) {
            (_, None) => return Err(self.never_closed(container)),
            (Container::Array(_), Some(']')) | (Container::Object(_), Some('}')) => true,
            (_, Some(odd @ (']' | '}'))) => return Err(self.wrong_closer(odd, container)),
            _ => false,
        };
        self.at += usize::from(closer);
        Ok(closer)
    }

    fn comma(&mut self, container: Container) -> Result<(), Fault> {
        let entries = match container {
            Container::Array(_) => "was expecting comma to separate Array entries",
            _ => "was expecting comma to separate Object entries",
        };
        self.mark(',', entries)?;
        self.skip_blanks()?;
        if self.peek().is_none() { Err(self.ends_between(container)) } else { Ok(()) }
    }

    fn colon(&mut self, container: Container) -> Result<(), Fault> {
        self.skip_blanks()?;
        if self.peek().is_none() {
            return Err(self.ends_between(container));
        }
        self.mark(':', "was expecting a colon to separate field name and value")?;
        self.skip_blanks()
    }

    fn mark(&mut self, mark: char, expected: &str) -> Result<(), Fault> {
        match self.peek() {
            Some(found) if found == mark => {
                self.at += mark.len_utf8();
                Ok(())
            }
            Some(odd) => Err(self.unexpected(odd, expected)),
            None => Err(self.ends_between(Container::Root)),
        }
    }

    fn name(&mut self) -> Result<String, Fault> {
        match self.peek() {
            Some('"') => self.quoted(scalars::Quoted::Name),
            Some(odd) => {
                Err(self.unexpected(odd, "was expecting double-quote to start field name"))
            }
            None => Err(self.ends_between(Container::Object(0))),
        }
    }

    /// Nothing may follow the root value.
    fn end(&mut self) -> Result<(), Fault> {
        self.skip_blanks()?;
        if self.at == self.text.len() {
            return Ok(());
        }
        let start = self.at;
        let second = self.value(Container::Root)?;
        let message = format!(
            "Trailing token (of type {}) found after value (bound as `JsonNode`): not \
             allowed as per `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`",
            fault::token_type(&second.shape)
        );
        Err(Fault::new(FaultKind::Syntax, message, start, self.at))
    }

    fn skip_blanks(&mut self) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        self.at += blanks.count();
        match self.peek() {
            Some(odd) if u32::from(odd) < 32 => Err(self.odd_blank(odd)),
            _ => Ok(()),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }
}
