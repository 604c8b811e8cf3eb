//! From words to a tree (`parser/parser.go` of expr-lang/expr 1.17.6).

use super::FormulaError;
use super::lexer::{Token, tokens};
use super::syntax::{Binary, Expression, Function, Node, Unary};

/// How deep parts may lie within each other.
const MAX_DEPTH: usize = 200;
/// How strongly `not` binds.
const NOT: u16 = 50;
/// How strongly a sign binds.
const SIGN: u16 = 90;

/// Reads a formula.
pub(super) fn parse(source: &str) -> Result<Node, FormulaError> {
    let mut parser = Parser { source, tokens: tokens(source)?, position: 0, depth: 0 };
    let node = parser.sequence()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected()),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: Vec<(Token, usize)>,
    position: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.position).map_or(&Token::End, |(token, _)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.position).map_or(0, |(_, at)| *at)
    }

    fn next(&mut self) {
        self.position = (self.position + 1).min(self.tokens.len() - 1);
    }

    fn unexpected(&self) -> FormulaError {
        self.error(&format!("unexpected token {}", self.peek().describe()))
    }

    fn error(&self, problem: &str) -> FormulaError {
        FormulaError::at(self.source, self.at(), problem)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found == word)
    }

    fn is_bracket(&self, bracket: char) -> bool {
        *self.peek() == Token::Bracket(bracket)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is_it = self.is_sign(sign);
        if is_it {
            self.next();
        }
        is_it
    }

    fn take_bracket(&mut self, bracket: char) -> bool {
        let is_it = self.is_bracket(bracket);
        if is_it {
            self.next();
        }
        is_it
    }

    fn expect_bracket(&mut self, bracket: char) -> Result<(), FormulaError> {
        if self.take_bracket(bracket) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), FormulaError> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Expressions parted by `;`: the last is the value.
    fn sequence(&mut self) -> Result<Node, FormulaError> {
        let at = self.at();
        let mut node = self.expression(0)?;
        while self.take_sign(";") {
            if matches!(self.peek(), Token::End | Token::Bracket(')' | '}')) {
                break;
            }
            let second = self.expression(0)?;
            node = Node { at, expression: Expression::Sequence(Box::new((node, second))) };
        }
        Ok(node)
    }

    fn expression(&mut self, binds: u16) -> Result<Node, FormulaError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.error("compilation failed: expression exceeds maximum allowed nodes"));
        }
        let node = self.expression_within(binds);
        self.depth -= 1;
        node
    }

    fn expression_within(&mut self, binds: u16) -> Result<Node, FormulaError> {
        if binds == 0 && self.is_word("let") {
            return self.variable();
        }
        if binds == 0 && self.is_word("if") {
            return self.if_else();
        }
        let mut left = self.primary()?;
        loop {
            let at = self.at();
            let text = match self.peek() {
                Token::Sign(sign) => *sign,
                Token::Word(word) if word == "not" => {
                    // `a not in b`.
                    if !matches!(self.tokens.get(self.position + 1), Some((Token::Word(next), _)) if next == "in") {
                        break;
                    }
                    "not"
                }
                Token::Word(word) => match word.as_str() {
                    "or" => "or",
                    "and" => "and",
                    "in" => "in",
                    "matches" | "contains" | "startsWith" | "endsWith" => {
                        return Err(self.error(&format!("operator {word} is not simulated")));
                    }
                    _ => break,
                },
                _ => break,
            };
            if text == "|" {
                return Err(self.error("the pipe operator is not simulated"));
            }
            let is_negated = text == "not";
            let text = if is_negated { "in" } else { text };
            let Some((operator, strength, binds_right)) = Binary::of(text) else { break };
            if strength < binds {
                break;
            }
            self.next();
            if is_negated {
                self.next();
            }
            let right = self.expression(if binds_right { strength } else { strength + 1 })?;
            if is_comparison(operator) {
                left = self.comparisons(left, at, (operator, text), right)?;
                continue;
            }
            left = Node { at, expression: Expression::Binary(operator, text, Box::new((left, right))) };
            if is_negated {
                left = Node { at, expression: Expression::Unary(Unary::Not, Box::new(left)) };
            }
        }
        if binds == 0 { self.conditional(left) } else { Ok(left) }
    }

    /// `a < b < c` is `a < b and b < c`.
    fn comparisons(
        &mut self,
        left: Node,
        at: usize,
        (operator, text): (Binary, &'static str),
        right: Node,
    ) -> Result<Node, FormulaError> {
        let compare =
            |at, operator, text, sides| Node { at, expression: Expression::Binary(operator, text, Box::new(sides)) };
        let (mut shared, mut node) = (right.clone(), compare(at, operator, text, (left, right)));
        loop {
            let at = self.at();
            let Token::Sign(sign) = *self.peek() else { return Ok(node) };
            let Some((operator, strength, _)) = Binary::of(sign).filter(|(found, ..)| is_comparison(*found)) else {
                return Ok(node);
            };
            self.next();
            let right = self.expression(strength + 1)?;
            let second = compare(at, operator, sign, (shared, right.clone()));
            shared = right;
            node = compare(at, Binary::And, "&&", (node, second));
        }
    }

    fn conditional(&mut self, mut node: Node) -> Result<Node, FormulaError> {
        while self.is_sign("?") {
            let at = self.at();
            self.next();
            let (yes, no);
            if self.take_sign(":") {
                // `a ?: b`.
                yes = node.clone();
                no = self.expression(0)?;
            } else {
                yes = self.expression(0)?;
                self.expect_sign(":")?;
                no = self.expression(0)?;
            }
            node = Node { at, expression: Expression::Conditional(Box::new((node, yes, no))) };
        }
        Ok(node)
    }

    /// `let name = value; rest`.
    fn variable(&mut self) -> Result<Node, FormulaError> {
        let at = self.at();
        self.next();
        let Token::Word(name) = self.peek().clone() else { return Err(self.unexpected()) };
        self.next();
        self.expect_sign("=")?;
        let value = self.expression(0)?;
        self.expect_sign(";")?;
        let rest = self.sequence()?;
        Ok(Node { at, expression: Expression::Let(name, Box::new((value, rest))) })
    }

    /// `if condition { value } else { value }`.
    fn if_else(&mut self) -> Result<Node, FormulaError> {
        let at = self.at();
        self.next();
        let condition = self.expression(0)?;
        self.expect_bracket('{')?;
        let yes = self.sequence()?;
        self.expect_bracket('}')?;
        if !self.is_word("else") {
            return Err(self.unexpected());
        }
        self.next();
        let no = if self.is_word("if") {
            self.if_else()?
        } else {
            self.expect_bracket('{')?;
            let no = self.sequence()?;
            self.expect_bracket('}')?;
            no
        };
        Ok(Node { at, expression: Expression::Conditional(Box::new((condition, yes, no))) })
    }

    fn primary(&mut self) -> Result<Node, FormulaError> {
        let at = self.at();
        let unary = match self.peek() {
            Token::Sign("-") => Some((Unary::Minus, SIGN)),
            Token::Sign("+") => Some((Unary::Plus, SIGN)),
            Token::Sign("!") => Some((Unary::Not, NOT)),
            Token::Word(word) if word == "not" => Some((Unary::Not, NOT)),
            _ => None,
        };
        if let Some((operator, strength)) = unary {
            self.next();
            let operand = self.expression(strength)?;
            let node = Node { at, expression: Expression::Unary(operator, Box::new(operand)) };
            return self.postfix(node);
        }
        if self.take_bracket('(') {
            let node = self.sequence()?;
            self.expect_bracket(')')?;
            return self.postfix(node);
        }
        let expression = match self.peek().clone() {
            Token::Integer(number) => Expression::Integer(number),
            Token::Float(number) => Expression::Float(number),
            Token::Text(text) => Expression::Text(text),
            Token::Word(word) => return self.word(at, &word),
            Token::Sign("#") => {
                self.next();
                match self.peek() {
                    Token::Word(word) if word == "index" => Expression::Index,
                    Token::Word(word) if word == "acc" => Expression::Accumulator,
                    _ => return self.postfix(Node { at, expression: Expression::Element }),
                }
            }
            Token::Bracket('[') => {
                self.next();
                let elements = self.list(']')?;
                return self.postfix(Node { at, expression: Expression::Array(elements) });
            }
            Token::Bracket('{') => return Err(self.error("maps are not simulated")),
            _ => return Err(self.unexpected()),
        };
        self.next();
        self.postfix(Node { at, expression })
    }

    /// A name, a constant or a call.
    fn word(&mut self, at: usize, word: &str) -> Result<Node, FormulaError> {
        self.next();
        let expression = match word {
            "true" => Expression::Bool(true),
            "false" => Expression::Bool(false),
            "nil" => Expression::Nil,
            name if self.is_bracket('(') => {
                let Some((function, name)) =
                    Function::of(name).zip(FUNCTION_NAMES.iter().find(|known| **known == name))
                else {
                    return Err(FormulaError::at(self.source, at, &format!("function {name} is not simulated")));
                };
                self.next();
                let arguments =
                    if function.takes_predicate().is_some() { self.predicate_call(function)? } else { self.list(')')? };
                Expression::Call(function, name, arguments)
            }
            name => Expression::Name(name.to_owned()),
        };
        self.postfix(Node { at, expression })
    }

    /// The arguments of a function whose second one is evaluated for each element.
    fn predicate_call(&mut self, function: Function) -> Result<Vec<Node>, FormulaError> {
        let mut arguments = vec![self.expression(0)?];
        if self.take_sign(",") {
            arguments.push(self.predicate()?);
            if function == Function::Reduce && self.take_sign(",") {
                arguments.push(self.expression(0)?);
            }
        } else if function.takes_predicate() == Some(false) {
            return Err(self.unexpected());
        }
        self.expect_bracket(')')?;
        Ok(arguments)
    }

    /// What is evaluated for each element, with or without braces.
    fn predicate(&mut self) -> Result<Node, FormulaError> {
        if self.take_bracket('{') {
            let node = self.sequence()?;
            self.expect_bracket('}')?;
            return Ok(node);
        }
        self.sequence()
    }

    fn list(&mut self, end: char) -> Result<Vec<Node>, FormulaError> {
        let mut nodes = Vec::new();
        while !self.take_bracket(end) {
            if !nodes.is_empty() {
                self.expect_sign(",")?;
                if self.take_bracket(end) {
                    break;
                }
            }
            nodes.push(self.expression(0)?);
        }
        Ok(nodes)
    }

    /// `[index]` and `[from:to]` behind a part.
    fn postfix(&mut self, mut node: Node) -> Result<Node, FormulaError> {
        loop {
            let at = self.at();
            if self.is_sign(".") || self.is_sign("?.") {
                return Err(self.error("fields are not simulated"));
            }
            if !self.take_bracket('[') {
                return Ok(node);
            }
            let from = if self.is_sign(":") { None } else { Some(self.expression(0)?) };
            let expression = if self.take_sign(":") {
                let to = if self.is_bracket(']') { None } else { Some(self.expression(0)?) };
                Expression::Slice(Box::new((node, from, to)))
            } else {
                let index = from.ok_or_else(|| self.unexpected())?;
                Expression::Member(Box::new((node, index)))
            };
            self.expect_bracket(']')?;
            node = Node { at, expression };
        }
    }
}

const fn is_comparison(operator: Binary) -> bool {
    matches!(operator, Binary::Less | Binary::Greater | Binary::AtLeast | Binary::AtMost)
}

/// The names of the functions, for errors.
const FUNCTION_NAMES: [&str; 28] = [
    "all",
    "none",
    "any",
    "one",
    "filter",
    "map",
    "find",
    "findIndex",
    "findLast",
    "findLastIndex",
    "count",
    "sum",
    "reduce",
    "len",
    "abs",
    "ceil",
    "floor",
    "round",
    "int",
    "float",
    "max",
    "min",
    "mean",
    "median",
    "first",
    "last",
    "reverse",
    "sort",
];
