//! What an expression begins with: literals, names, brackets, functions, transforms.

use super::tokens::{Lexeme, Token};
use super::{Gathered, Parsed, Parser, Part, Seeker, build, leaf};
use crate::pattern::Pattern;
use crate::signature::Signature;
use crate::tree::{Array, Call, Group, Kind, Lambda, Node, Operator, Term, Transform};

/// Most `%` in an expression, each of which may look through the whole path before it.
const PARENTS_MAX: usize = 1_000;

impl<'t> Parser<'t> {
    pub(super) fn operand(&mut self, token: Token<'t>) -> Parsed<Part> {
        let at = token.at;
        let kind = match token.kind {
            Lexeme::Name(name) | Lexeme::Quoted(name) => return Ok(build::name(at, name)),
            Lexeme::Sign(sign) => return self.signed(sign, at),
            Lexeme::End => return Err("Unexpected end of expression".to_owned()),
            Lexeme::Variable("") => Kind::Item,
            Lexeme::Variable("$") => Kind::Root,
            Lexeme::Variable(name) => Kind::Variable(self.symbol(name)),
            Lexeme::Number(number) => Kind::Number(number),
            Lexeme::Text(text) => Kind::Text(text.into()),
            Lexeme::True => Kind::Bool(true),
            Lexeme::False => Kind::Bool(false),
            Lexeme::Null => Kind::Null,
            Lexeme::Pattern { pattern, flags } => {
                Kind::Pattern(Box::new(Pattern::parse(pattern, flags)?))
            }
        };
        Ok(leaf(at, kind))
    }

    fn signed(&mut self, sign: &'static str, at: usize) -> Parsed<Part> {
        match sign {
            "(" => self.block(at),
            "[" => self.array(at),
            "{" => self.object(at),
            "-" => self.negation(at),
            "*" => Ok(leaf(at, Kind::Wildcard)),
            "**" => Ok(leaf(at, Kind::Descendants)),
            "%" => self.parent(at),
            "|" => self.transform(at),
            "and" | "or" | "in" => Ok(build::name(at, sign)),
            _ => Err(format!("The symbol \"{sign}\" cannot be used as a unary operator")),
        }
    }

    fn parent(&mut self, at: usize) -> Parsed<Part> {
        if self.slots.len() >= PARENTS_MAX {
            return Err(format!("Expression refers to more than {PARENTS_MAX} parents"));
        }
        let label = self.label();
        let slot = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.slots.push(Seeker { label, level: 1 });
        let mut part = leaf(at, Kind::Parent(slot));
        part.seeks.push(slot);
        Ok(part)
    }

    fn negation(&mut self, at: usize) -> Parsed<Part> {
        let mut operand = self.expression(70)?;
        if let Kind::Number(number) = &mut operand.node.kind {
            *number = -*number;
            return Ok(operand);
        }
        let mut gathered = Gathered::default();
        let operand = gathered.add(operand);
        Ok(gathered.part(at, Kind::Negate(Box::new(operand))))
    }

    fn block(&mut self, at: usize) -> Parsed<Part> {
        let mut gathered = Gathered::default();
        let mut parts = Vec::new();
        while !self.is(")") {
            let part = self.expression(0)?;
            parts.push(gathered.add(part));
            if !self.is(";") {
                break;
            }
            self.take(false)?;
        }
        self.expect(")", true)?;
        Ok(gathered.part(at, Kind::Block(parts)))
    }

    fn array(&mut self, at: usize) -> Parsed<Part> {
        let mut gathered = Gathered::default();
        let mut items = Vec::new();
        while !self.is("]") {
            let mut item = self.expression(0)?;
            if self.is("..") {
                let dots = self.take(false)?;
                let right = self.expression(0)?;
                let range = |pair| Kind::Binary(Operator::Range, Box::new(pair));
                item = super::join(dots.at, item, right, range);
            }
            items.push(gathered.add(item));
            if !self.is(",") {
                break;
            }
            self.take(false)?;
            if self.is("]") {
                return Err("The symbol \"]\" cannot be used as a unary operator".to_owned());
            }
        }
        self.expect("]", true)?;
        Ok(gathered.part(at, Kind::Array(Box::new(Array { items, is_kept: false }))))
    }

    fn object(&mut self, at: usize) -> Parsed<Part> {
        let mut gathered = Gathered::default();
        let group = self.pairs(&mut gathered)?;
        Ok(gathered.part(at, Kind::Object(Box::new(group))))
    }

    /// What stands behind `{`.
    pub(super) fn pairs(&mut self, gathered: &mut Gathered) -> Parsed<Group> {
        let mut pairs = Vec::new();
        if !self.is("}") {
            loop {
                let key = self.expression(0)?;
                self.expect(":", false)?;
                let value = self.expression(0)?;
                pairs.push((gathered.add(key), gathered.add(value)));
                if !self.is(",") {
                    break;
                }
                self.take(false)?;
            }
        }
        self.expect("}", true)?;
        Ok(Group { pairs })
    }

    fn transform(&mut self, at: usize) -> Parsed<Part> {
        let mut gathered = Gathered::default();
        let pattern = self.expression(0)?;
        let pattern = gathered.add(pattern);
        self.expect("|", false)?;
        let update = self.expression(0)?;
        let update = gathered.add(update);
        let mut delete = None;
        if self.is(",") {
            self.take(false)?;
            let part = self.expression(0)?;
            delete = Some(gathered.add(part));
        }
        self.expect("|", true)?;
        Ok(gathered.part(at, Kind::Transform(Box::new(Transform { pattern, update, delete }))))
    }

    /// The terms behind `^(`.
    pub(super) fn terms(&mut self, gathered: &mut Gathered) -> Parsed<Vec<Term>> {
        self.expect("(", false)?;
        let mut terms = Vec::new();
        loop {
            let is_descending = self.is(">");
            if is_descending || self.is("<") {
                self.take(false)?;
            }
            let part = self.expression(0)?;
            terms.push(Term { node: gathered.add(part), is_descending });
            if !self.is(",") {
                break;
            }
            self.take(false)?;
        }
        self.expect(")", true)?;
        Ok(terms)
    }

    /// What stands behind `(` after an operand: arguments, or the parameters of a function.
    pub(super) fn call(&mut self, left: Part, at: usize) -> Parsed<Part> {
        let mut gathered = Gathered::default();
        let (mut args, mut is_partial) = (Vec::new(), false);
        if !self.is(")") {
            loop {
                if self.is("?") {
                    let mark = self.take(true)?;
                    is_partial = true;
                    args.push(super::node(mark.at, Kind::Placeholder));
                } else {
                    let part = self.expression(0)?;
                    args.push(gathered.add(part));
                }
                if !self.is(",") {
                    break;
                }
                self.take(false)?;
            }
        }
        self.expect(")", true)?;
        if matches!(build::plain_name(&left.node), Some("function" | "λ")) {
            return self.lambda(&args, at);
        }
        let procedure = gathered.add(left);
        let call = Box::new(Call { procedure, args });
        Ok(gathered.part(at, if is_partial { Kind::Partial(call) } else { Kind::Call(call) }))
    }

    fn lambda(&mut self, args: &[Node], at: usize) -> Parsed<Part> {
        let mut params = Vec::new();
        for (place, arg) in args.iter().enumerate() {
            let symbol = match arg.kind {
                Kind::Variable(symbol) => symbol,
                Kind::Item => self.symbol(""),
                Kind::Root => self.symbol("$"),
                _ => {
                    let place = place + 1;
                    return Err(format!(
                        "Parameter {place} of function definition must be a variable name (start \
                         with $)"
                    ));
                }
            };
            self.local(symbol);
            params.push(symbol);
        }
        let mut signature = None;
        if self.is("<") {
            let text = self.tokens.signature(self.token.at);
            self.token = self.tokens.next(true)?;
            signature = Some(Signature::parse(text)?);
        }
        self.expect("{", false)?;
        let mut body = self.expression(0)?;
        self.expect("}", true)?;
        tail(&mut body.node);
        // What a body's `%` means is not known before it is called.
        let mut gathered = Gathered { seeks: Vec::new(), depth: body.depth };
        body.seeks.clear();
        let body = gathered.add(body);
        Ok(gathered.part(at, Kind::Lambda(Box::new(Lambda { params, signature, body }))))
    }
}

/// Marks the calls on which a function's body ends.
fn tail(node: &mut Node) {
    match &mut node.kind {
        Kind::Call(_) => {
            let call = std::mem::replace(&mut node.kind, Kind::Null);
            node.kind = Kind::Tail(Box::new(Node { at: node.at, kind: call }));
        }
        Kind::Condition(parts) => {
            tail(&mut parts.1);
            parts.2.as_mut().into_iter().for_each(tail);
        }
        Kind::Block(parts) => parts.last_mut().into_iter().for_each(tail),
        _ => {}
    }
}
