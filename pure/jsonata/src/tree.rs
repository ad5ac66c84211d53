//! A compiled expression: nodes with their places, names as numbers, patterns and signatures ready
//! for use. Whoever evaluates borrows from it and copies nothing.

use crate::functions::Builtin;
use crate::pattern::Pattern;
use crate::signature::Signature;

/// A variable's name, as its place among [`Tree::symbols`].
pub(crate) type Symbol = u32;

/// A place of `%`, as its place among [`Tree::labels`].
pub(crate) type Slot = u32;

#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: Node,
    pub(crate) symbols: Vec<Name>,
    /// The name under which the parent of each `%` is found.
    pub(crate) labels: Vec<Symbol>,
}

/// What a variable's name stands for.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) name: Box<str>,
    /// The library's function of that name.
    pub(crate) builtin: Option<&'static Builtin>,
    /// Whether the expression itself binds the name anywhere.
    pub(crate) is_local: bool,
}

#[derive(Debug)]
pub(crate) struct Node {
    /// Where it stands in the text, in bytes.
    pub(crate) at: u32,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(f64),
    Text(Box<str>),
    Pattern(Box<Pattern>),
    /// `$`
    Item,
    /// `$$`
    Root,
    Variable(Symbol),
    /// A member of the item; only as a step.
    Name(Box<str>),
    Wildcard,
    Descendants,
    Parent(Slot),
    Path(Box<Path>),
    Array(Box<Array>),
    Object(Box<Group>),
    Negate(Box<Node>),
    Binary(Operator, Box<(Node, Node)>),
    Condition(Box<(Node, Node, Option<Node>)>),
    /// `?:`
    Default(Box<(Node, Node)>),
    /// `??`
    Coalesce(Box<(Node, Node)>),
    Block(Vec<Node>),
    Bind(Symbol, Box<Node>),
    Lambda(Box<Lambda>),
    Call(Box<Call>),
    /// A call with `?` among its arguments.
    Partial(Box<Call>),
    /// A call on which the function around it ends.
    Tail(Box<Node>),
    /// `?` as an argument.
    Placeholder,
    /// `~>`
    Apply(Box<(Node, Node)>),
    Transform(Box<Transform>),
    /// `^(…)`; only as a step.
    Sort(Vec<Term>),
    With(Box<With>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    In,
    Concatenate,
    Range,
}

#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) steps: Vec<Step>,
    /// `[]` stands somewhere: a single result stays an array.
    pub(crate) keep: bool,
    /// Its results carry what they are bound to: something outside asks for parents.
    pub(crate) is_tuple: bool,
    pub(crate) group: Option<Group>,
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) node: Node,
    pub(crate) stages: Vec<Stage>,
    /// `@$v`
    pub(crate) focus: Option<Symbol>,
    /// `#$v`
    pub(crate) index: Option<Symbol>,
    /// Someone below asks for the parent of this step's results.
    pub(crate) ancestor: Option<Slot>,
    pub(crate) is_tuple: bool,
}

#[derive(Debug)]
pub(crate) enum Stage {
    Filter(Node),
    Index(Symbol),
}

#[derive(Debug)]
pub(crate) struct Array {
    pub(crate) items: Vec<Node>,
    /// A step of a path that stays one array in its result.
    pub(crate) is_kept: bool,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) pairs: Vec<(Node, Node)>,
}

#[derive(Debug)]
pub(crate) struct Lambda {
    pub(crate) params: Vec<Symbol>,
    pub(crate) signature: Option<Signature>,
    pub(crate) body: Node,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) procedure: Node,
    pub(crate) args: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Transform {
    pub(crate) pattern: Node,
    pub(crate) update: Node,
    pub(crate) delete: Option<Node>,
}

#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) node: Node,
    pub(crate) is_descending: bool,
}

/// What follows on something that is no path.
#[derive(Debug)]
pub(crate) struct With {
    pub(crate) node: Node,
    pub(crate) filters: Vec<Node>,
    pub(crate) keep: bool,
    pub(crate) group: Option<Group>,
}

impl Step {
    pub(crate) fn new(node: Node) -> Step {
        Step { node, stages: Vec::new(), focus: None, index: None, ancestor: None, is_tuple: false }
    }
}

impl Operator {
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
            Operator::Equal => "=",
            Operator::NotEqual => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::And => "and",
            Operator::Or => "or",
            Operator::In => "in",
            Operator::Concatenate => "&",
            Operator::Range => "..",
        }
    }
}
