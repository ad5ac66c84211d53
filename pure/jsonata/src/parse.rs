//! Text to tree, and the complaints in the reference implementation's words (SFN-VALID-6). Each
//! operator binds as strongly as the reference's; the tree is put into its final form on the way.

mod ancestry;
mod build;
mod prefix;
mod tokens;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::tree::{Kind, Name, Node, Operator, Slot, Symbol, Tree};
use crate::{EXPRESSION_BYTES_MAX, Expression, ParseError, functions, references};
use tokens::{Lexeme, Token, Tokens};

/// Deepest nesting of an expression: more than twice as deep as any evaluation gets, and less than
/// a thread has room for.
const NESTING_MAX: u32 = 250;

type Parsed<T> = Result<T, String>;

pub(crate) fn expression(text: &str) -> Result<Expression, ParseError> {
    let text = text.trim();
    let told = |message: String| ParseError { message };
    if text.len() > EXPRESSION_BYTES_MAX {
        return Err(told(format!("Expression exceeds {EXPRESSION_BYTES_MAX} bytes")));
    }
    let tree = tree(text).map_err(told)?;
    let references = references::collect(&tree);
    Ok(Expression { text: text.to_owned(), tree: Arc::new(tree), references })
}

fn tree(text: &str) -> Parsed<Tree> {
    let start = Token { at: 0, kind: Lexeme::End };
    let mut parser = Parser {
        tokens: Tokens::new(text),
        token: start,
        symbols: Vec::new(),
        known: BTreeMap::new(),
        slots: Vec::new(),
        nesting: 0,
    };
    parser.take(false)?;
    let part = parser.expression(0)?;
    if parser.token.kind != Lexeme::End {
        return Err(format!("Syntax error: {}", parser.token.kind.shown()));
    }
    if !part.seeks.is_empty() {
        return Err(ancestry::NO_PARENT.to_owned());
    }
    let labels = parser.slots.iter().map(|slot| slot.label).collect();
    Ok(Tree { root: part.node, symbols: parser.symbols, labels })
}

/// A tree in the making.
struct Part {
    node: Node,
    /// The `%` within whose steps are not found yet.
    seeks: Vec<Slot>,
    /// Levels below and with this one.
    depth: u32,
}

/// A `%` whose parent is looked for.
struct Seeker {
    label: Symbol,
    /// Steps still to go up.
    level: u32,
}

struct Parser<'t> {
    tokens: Tokens<'t>,
    /// The token that comes next.
    token: Token<'t>,
    symbols: Vec<Name>,
    known: BTreeMap<&'t str, Symbol>,
    slots: Vec<Seeker>,
    nesting: u32,
}

/// How strongly an operator holds what stands to its left; 0 for what ends an expression.
fn power(lexeme: &Lexeme<'_>) -> u32 {
    let Lexeme::Sign(sign) = lexeme else { return 0 };
    match *sign {
        "[" | "(" | "@" | "#" => 80,
        "." => 75,
        "{" => 70,
        "*" | "/" | "%" => 60,
        "+" | "-" | "&" => 50,
        "=" | "!=" | "<" | "<=" | ">" | ">=" | "^" | "~>" | "?:" | "??" | "in" => 40,
        "and" => 30,
        "or" => 25,
        "?" => 20,
        ":=" => 10,
        _ => 0,
    }
}

impl<'t> Parser<'t> {
    /// Takes the token, and reads the next one where an operand or an operator comes.
    fn take(&mut self, after_operand: bool) -> Parsed<Token<'t>> {
        let next = self.tokens.next(after_operand)?;
        if let Lexeme::Sign("!" | "~") = next.kind {
            return Err(format!("Unknown operator: {}", next.kind.shown()));
        }
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn is(&self, sign: &str) -> bool {
        self.token.kind == Lexeme::Sign(sign_of(sign))
    }

    /// Takes this sign, which must come.
    fn expect(&mut self, sign: &'static str, after_operand: bool) -> Parsed<()> {
        if self.is(sign) {
            return self.take(after_operand).map(drop);
        }
        Err(match &self.token.kind {
            Lexeme::End => format!("Expected \"{sign}\" before end of expression"),
            other => format!("Expected \"{sign}\", got {}", other.shown()),
        })
    }

    fn expression(&mut self, right: u32) -> Parsed<Part> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err(too_deep());
        }
        let token = self.take(true)?;
        let mut left = self.operand(token)?;
        while right < power(&self.token.kind) {
            let token = self.take(false)?;
            left = self.operator(left, &token)?;
            if left.depth > NESTING_MAX {
                return Err(too_deep());
            }
        }
        self.nesting -= 1;
        Ok(left)
    }

    fn operator(&mut self, left: Part, token: &Token<'t>) -> Parsed<Part> {
        let Lexeme::Sign(sign) = token.kind else { return Ok(left) };
        let at = token.at;
        let operator = match sign {
            "." => return self.step(left, at),
            "[" => return self.predicate(left),
            "{" => return self.group_by(left, at),
            "(" => return self.call(left, at),
            "^" => return self.sort(left, at),
            "@" => return self.focus(left),
            "#" => return self.index(left),
            "?" => return self.condition(left, at),
            ":=" => return self.bind(left, at),
            "?:" => return self.pair(left, at, |pair| Kind::Default(Box::new(pair))),
            "??" => return self.pair(left, at, |pair| Kind::Coalesce(Box::new(pair))),
            "~>" => return self.apply(left, at),
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            "%" => Operator::Remainder,
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "and" => Operator::And,
            "or" => Operator::Or,
            "in" => Operator::In,
            _ => Operator::Concatenate,
        };
        let right = self.expression(power(&token.kind))?;
        Ok(join(at, left, right, |pair| Kind::Binary(operator, Box::new(pair))))
    }

    /// `?:` and `??` hold all that follows.
    fn pair(&mut self, left: Part, at: usize, kind: fn((Node, Node)) -> Kind) -> Parsed<Part> {
        let right = self.expression(0)?;
        Ok(join(at, left, right, kind))
    }

    fn apply(&mut self, left: Part, at: usize) -> Parsed<Part> {
        let right = self.expression(40)?;
        let keep = build::is_kept(&left.node) || build::is_kept(&right.node);
        let mut part = join(at, left, right, |pair| Kind::Apply(Box::new(pair)));
        if keep {
            build::with(&mut part.node).keep = true;
        }
        Ok(part)
    }

    fn condition(&mut self, left: Part, at: usize) -> Parsed<Part> {
        let then = self.expression(0)?;
        let otherwise = match self.is(":") {
            true => {
                self.take(false)?;
                Some(self.expression(0)?)
            }
            false => None,
        };
        let mut gathered = Gathered::default();
        let test = gathered.add(left);
        let then = gathered.add(then);
        let otherwise = otherwise.map(|part| gathered.add(part));
        Ok(gathered.part(at, Kind::Condition(Box::new((test, then, otherwise)))))
    }

    fn bind(&mut self, left: Part, at: usize) -> Parsed<Part> {
        let symbol = match left.node.kind {
            Kind::Variable(symbol) => symbol,
            // Nobody sees what these are bound to.
            Kind::Item => self.symbol(""),
            Kind::Root => self.symbol("$"),
            _ => {
                return Err("The left side of := must be a variable name (start with $)".to_owned());
            }
        };
        self.local(symbol);
        let value = self.expression(9)?;
        let mut gathered = Gathered::default();
        let value = gathered.add(value);
        Ok(gathered.part(at, Kind::Bind(symbol, Box::new(value))))
    }

    /// The number of a variable's name.
    fn symbol(&mut self, name: &'t str) -> Symbol {
        if let Some(symbol) = self.known.get(name) {
            return *symbol;
        }
        let symbol = u32::try_from(self.symbols.len()).unwrap_or(u32::MAX);
        let builtin = functions::find(name);
        self.symbols.push(Name { name: name.into(), builtin, is_local: false });
        self.known.insert(name, symbol);
        symbol
    }

    /// The expression binds the name.
    fn local(&mut self, symbol: Symbol) {
        if let Some(name) = self.symbols.get_mut(symbol as usize) {
            name.is_local = true;
        }
    }

    /// A name of ours that no text can say.
    fn label(&mut self) -> Symbol {
        let name = format!("%{}", self.slots.len());
        self.symbols.push(Name { name: name.into(), builtin: None, is_local: true });
        u32::try_from(self.symbols.len() - 1).unwrap_or(u32::MAX)
    }
}

fn too_deep() -> String {
    format!("Expression nests more than {NESTING_MAX} levels")
}

fn sign_of(sign: &str) -> &'static str {
    const ASKED: &[&str] = &[")", "]", "}", ",", ":", ";", "?", "..", "<", ">", "{", "(", "|", "["];
    ASKED.iter().find(|asked| **asked == sign).copied().unwrap_or("")
}

/// Nodes that become the children of one.
#[derive(Default)]
struct Gathered {
    seeks: Vec<Slot>,
    depth: u32,
}

impl Gathered {
    fn add(&mut self, part: Part) -> Node {
        self.seeks.extend(part.seeks);
        self.depth = self.depth.max(part.depth);
        part.node
    }

    fn part(self, at: usize, kind: Kind) -> Part {
        Part { node: node(at, kind), seeks: self.seeks, depth: self.depth + 1 }
    }
}

fn join(at: usize, left: Part, right: Part, kind: impl FnOnce((Node, Node)) -> Kind) -> Part {
    let mut gathered = Gathered::default();
    let pair = (gathered.add(left), gathered.add(right));
    gathered.part(at, kind(pair))
}

fn node(at: usize, kind: Kind) -> Node {
    Node { at: u32::try_from(at).unwrap_or(u32::MAX), kind }
}

fn leaf(at: usize, kind: Kind) -> Part {
    Part { node: node(at, kind), seeks: Vec::new(), depth: 1 }
}
