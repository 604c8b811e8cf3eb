//! What a formula is made of.

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unary {
    Not,
    Minus,
    Plus,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    AtLeast,
    AtMost,
    In,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
    Coalesce,
}

impl Binary {
    /// The operator of a sign or word, how strongly it binds, and whether it binds to the right
    /// (`parser/operator/operator.go`).
    pub(super) fn of(text: &str) -> Option<(Self, u16, bool)> {
        Some(match text {
            "or" | "||" => (Self::Or, 10, false),
            "and" | "&&" => (Self::And, 15, false),
            "==" => (Self::Equal, 20, false),
            "!=" => (Self::NotEqual, 20, false),
            "<" => (Self::Less, 20, false),
            ">" => (Self::Greater, 20, false),
            ">=" => (Self::AtLeast, 20, false),
            "<=" => (Self::AtMost, 20, false),
            "in" => (Self::In, 20, false),
            ".." => (Self::Range, 25, false),
            "+" => (Self::Add, 30, false),
            "-" => (Self::Subtract, 30, false),
            "*" => (Self::Multiply, 60, false),
            "/" => (Self::Divide, 60, false),
            "%" => (Self::Remainder, 60, false),
            "**" | "^" => (Self::Power, 100, true),
            "??" => (Self::Coalesce, 500, false),
            _ => return None,
        })
    }
}

/// Functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    All,
    None,
    Any,
    One,
    Filter,
    Map,
    Find,
    FindIndex,
    FindLast,
    FindLastIndex,
    Count,
    Sum,
    Reduce,
    Len,
    Abs,
    Ceil,
    Floor,
    Round,
    Int,
    Float,
    Max,
    Min,
    Mean,
    Median,
    First,
    Last,
    Reverse,
    Sort,
}

impl Function {
    /// The function of a name.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "all" => Self::All,
            "none" => Self::None,
            "any" => Self::Any,
            "one" => Self::One,
            "filter" => Self::Filter,
            "map" => Self::Map,
            "find" => Self::Find,
            "findIndex" => Self::FindIndex,
            "findLast" => Self::FindLast,
            "findLastIndex" => Self::FindLastIndex,
            "count" => Self::Count,
            "sum" => Self::Sum,
            "reduce" => Self::Reduce,
            "len" => Self::Len,
            "abs" => Self::Abs,
            "ceil" => Self::Ceil,
            "floor" => Self::Floor,
            "round" => Self::Round,
            "int" => Self::Int,
            "float" => Self::Float,
            "max" => Self::Max,
            "min" => Self::Min,
            "mean" => Self::Mean,
            "median" => Self::Median,
            "first" => Self::First,
            "last" => Self::Last,
            "reverse" => Self::Reverse,
            "sort" => Self::Sort,
            _ => return None,
        })
    }

    /// Whether the second argument is evaluated for each element, and whether it may be left out.
    pub(super) const fn takes_predicate(self) -> Option<bool> {
        match self {
            Self::Count | Self::Sum => Some(true),
            Self::All
            | Self::None
            | Self::Any
            | Self::One
            | Self::Filter
            | Self::Map
            | Self::Find
            | Self::FindIndex
            | Self::FindLast
            | Self::FindLastIndex
            | Self::Reduce => Some(false),
            _ => None,
        }
    }
}

/// A part of a formula and the number of characters before it, for errors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub at: usize,
    pub expression: Expression,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    Nil,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Name(String),
    /// `#`: the element of a predicate.
    Element,
    /// `#index`: its index.
    Index,
    /// `#acc`: what `reduce` has made so far.
    Accumulator,
    Array(Vec<Node>),
    Unary(Unary, Box<Node>),
    Binary(Binary, &'static str, Box<(Node, Node)>),
    Conditional(Box<(Node, Node, Node)>),
    /// `array[index]`.
    Member(Box<(Node, Node)>),
    /// `array[from:to]`.
    Slice(Box<(Node, Option<Node>, Option<Node>)>),
    Call(Function, &'static str, Vec<Node>),
    /// `let name = value; rest`.
    Let(String, Box<(Node, Node)>),
    /// `first; second`.
    Sequence(Box<(Node, Node)>),
}
