//! The types that a formula is checked by before it is run (`checker/checker.go` of expr-lang/expr 1.17.6).

use super::FormulaError;
use super::syntax::{Binary, Expression, Function, Node, Unary};
use std::fmt;

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
enum Type {
    Unknown,
    Nil,
    Bool,
    Integer,
    Float,
    Text,
    Array(Box<Type>),
}

impl fmt::Display for Type {
    /// As Go names it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("unknown"),
            Self::Nil => formatter.write_str("nil"),
            Self::Bool => formatter.write_str("bool"),
            Self::Integer => formatter.write_str("int"),
            Self::Float => formatter.write_str("float64"),
            Self::Text => formatter.write_str("string"),
            Self::Array(element) if **element == Self::Unknown => formatter.write_str("[]interface {}"),
            Self::Array(element) => write!(formatter, "[]{element}"),
        }
    }
}

impl Type {
    const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    const fn is_number(&self) -> bool {
        matches!(self, Self::Integer | Self::Float)
    }

    const fn is_bool(&self) -> bool {
        matches!(self, Self::Bool)
    }

    /// Whether two values of these types may be held against each other (`isComparable`).
    fn is_comparable(&self, with: &Self) -> bool {
        if [self, with].into_iter().any(|side| matches!(side, Self::Unknown | Self::Nil)) {
            return true;
        }
        (self.is_number() && with.is_number())
            || self == with
            || matches!((self, with), (Self::Array(_), Self::Array(_)))
    }
}

/// Checks a formula over names that are all floats.
pub(super) fn check(source: &str, names: &[String], node: &Node) -> Result<(), FormulaError> {
    let mut checker = Checker { source, names, variables: Vec::new(), elements: Vec::new() };
    checker.visit(node).map(|_| ())
}

struct Checker<'a> {
    source: &'a str,
    names: &'a [String],
    /// Those that `let` has made.
    variables: Vec<(String, Type)>,
    /// What `#` is, from the outermost predicate on.
    elements: Vec<Type>,
}

impl Checker<'_> {
    fn error<T>(&self, node: &Node, problem: &str) -> Result<T, FormulaError> {
        Err(FormulaError::at(self.source, node.at, problem))
    }

    fn visit(&mut self, node: &Node) -> Result<Type, FormulaError> {
        Ok(match &node.expression {
            Expression::Nil => Type::Nil,
            Expression::Bool(_) => Type::Bool,
            Expression::Integer(_) | Expression::Index => Type::Integer,
            Expression::Float(_) => Type::Float,
            Expression::Text(_) => Type::Text,
            Expression::Name(name) => {
                let variable = self.variables.iter().rev().find(|(known, _)| known == name);
                match variable {
                    Some((_, found)) => found.clone(),
                    None if self.names.contains(name) => Type::Float,
                    None => return self.error(node, &format!("unknown name {name}")),
                }
            }
            Expression::Element => match self.elements.last() {
                Some(element) => element.clone(),
                None => return self.error(node, "cannot use pointer accessor outside predicate"),
            },
            Expression::Accumulator => Type::Unknown,
            Expression::Array(elements) => {
                let types = elements.iter().map(|element| self.visit(element)).collect::<Result<Vec<_>, _>>()?;
                let first = types.first().cloned().unwrap_or(Type::Unknown);
                let element = if types.iter().all(|other| *other == first) { first } else { Type::Unknown };
                Type::Array(Box::new(element))
            }
            Expression::Unary(operator, operand) => self.unary(node, *operator, operand)?,
            Expression::Binary(operator, text, sides) => self.binary(node, *operator, text, sides)?,
            Expression::Conditional(parts) => self.conditional(parts)?,
            Expression::Member(parts) => self.member(node, parts)?,
            Expression::Slice(parts) => {
                let (array, from, to) = &**parts;
                let found = self.visit(array)?;
                if !matches!(found, Type::Array(_) | Type::Unknown | Type::Text) {
                    return self.error(node, &format!("cannot slice {found}"));
                }
                for index in [from, to].into_iter().flatten() {
                    let index_type = self.visit(index)?;
                    if !matches!(index_type, Type::Integer | Type::Unknown) {
                        return self.error(index, &format!("non-integer slice index {index_type}"));
                    }
                }
                found
            }
            Expression::Call(function, name, arguments) => self.call(node, *function, name, arguments)?,
            Expression::Let(name, parts) => {
                let value = self.visit(&parts.0)?;
                if self.names.contains(name) {
                    return self.error(node, &format!("cannot redeclare {name}"));
                }
                if self.variables.iter().any(|(known, _)| known == name) {
                    return self.error(node, &format!("cannot redeclare variable {name}"));
                }
                self.variables.push((name.clone(), value));
                let rest = self.visit(&parts.1);
                self.variables.pop();
                rest?
            }
            Expression::Sequence(parts) => {
                self.visit(&parts.0)?;
                self.visit(&parts.1)?
            }
        })
    }

    fn unary(&mut self, node: &Node, operator: Unary, operand: &Node) -> Result<Type, FormulaError> {
        let found = self.visit(operand)?;
        let (sign, fits) = match operator {
            Unary::Not => ("not", found.is_bool() || found.is_unknown()),
            Unary::Minus => ("-", found.is_number() || found.is_unknown()),
            Unary::Plus => ("+", found.is_number() || found.is_unknown()),
        };
        if !fits {
            return self.error(node, &format!("invalid operation: {sign} (mismatched type {found})"));
        }
        Ok(if operator == Unary::Not { Type::Bool } else { found })
    }

    fn binary(
        &mut self,
        node: &Node,
        operator: Binary,
        text: &str,
        sides: &(Node, Node),
    ) -> Result<Type, FormulaError> {
        let (left, right) = (self.visit(&sides.0)?, self.visit(&sides.1)?);
        let each =
            |fits: &dyn Fn(&Type) -> bool| (fits(&left) || left.is_unknown()) && (fits(&right) || right.is_unknown());
        let is_unknown = left.is_unknown() || right.is_unknown();
        let numbers = each(&Type::is_number);
        let texts = each(&|side| *side == Type::Text);
        let arithmetic = || match () {
            () if is_unknown => Type::Unknown,
            () if left == Type::Integer && right == Type::Integer => Type::Integer,
            () => Type::Float,
        };
        let result = match operator {
            Binary::Equal | Binary::NotEqual => left.is_comparable(&right).then_some(Type::Bool),
            Binary::Or | Binary::And => each(&Type::is_bool).then_some(Type::Bool),
            Binary::Less | Binary::Greater | Binary::AtLeast | Binary::AtMost => {
                (numbers || texts).then_some(Type::Bool)
            }
            Binary::Subtract | Binary::Multiply => numbers.then(arithmetic),
            Binary::Add => match () {
                () if numbers => Some(arithmetic()),
                () if texts => Some(if is_unknown { Type::Unknown } else { Type::Text }),
                () => None,
            },
            Binary::Divide | Binary::Power => numbers.then_some(Type::Float),
            Binary::Remainder => each(&|side| *side == Type::Integer).then_some(Type::Integer),
            Binary::Range => each(&|side| *side == Type::Integer).then(|| Type::Array(Box::new(Type::Integer))),
            Binary::In => match &right {
                Type::Array(element) if left.is_comparable(element) => Some(Type::Bool),
                Type::Array(element) => {
                    return self.error(node, &format!("cannot use {left} as type {element} in array"));
                }
                Type::Unknown => Some(Type::Bool),
                _ => None,
            },
            Binary::Coalesce => Some(match (&left, &right) {
                (Type::Nil, _) => right.clone(),
                (_, Type::Nil) => left.clone(),
                _ if left == right => left.clone(),
                _ => Type::Unknown,
            }),
        };
        match result {
            Some(result) => Ok(result),
            None => self.error(node, &format!("invalid operation: {text} (mismatched types {left} and {right})")),
        }
    }

    fn conditional(&mut self, parts: &(Node, Node, Node)) -> Result<Type, FormulaError> {
        let (condition, yes, no) = parts;
        let found = self.visit(condition)?;
        if !found.is_bool() && !found.is_unknown() {
            return self.error(condition, &format!("non-bool expression (type {found}) used as condition"));
        }
        Ok(match (self.visit(yes)?, self.visit(no)?) {
            (Type::Nil, other) | (other, Type::Nil) => other,
            (first, second) if first == second => first,
            _ => Type::Unknown,
        })
    }

    fn member(&mut self, node: &Node, parts: &(Node, Node)) -> Result<Type, FormulaError> {
        let (array, index) = (self.visit(&parts.0)?, self.visit(&parts.1)?);
        match array {
            Type::Array(element) => {
                if !matches!(index, Type::Integer | Type::Unknown) {
                    return self.error(
                        &parts.1,
                        &format!("array elements can only be selected using an integer (got {index})"),
                    );
                }
                Ok(*element)
            }
            Type::Unknown => Ok(Type::Unknown),
            other => self.error(node, &format!("type {other}[{index}] is undefined")),
        }
    }

    fn call(&mut self, node: &Node, function: Function, name: &str, arguments: &[Node]) -> Result<Type, FormulaError> {
        if function.takes_predicate().is_some() {
            return self.predicate_call(function, name, arguments);
        }
        let types = arguments.iter().map(|argument| self.visit(argument)).collect::<Result<Vec<_>, _>>()?;
        if matches!(function, Function::Max | Function::Min | Function::Mean | Function::Median) {
            let Some(first) = types.first() else {
                return self.error(node, &format!("not enough arguments to call {name}"));
            };
            for found in &types {
                match found {
                    Type::Unknown | Type::Array(_) => return Ok(Type::Unknown),
                    found if found.is_number() => {}
                    found => return self.error(node, &format!("invalid argument for {name} (type {found})")),
                }
            }
            return Ok(first.clone());
        }
        if function == Function::Sort && types.len() == 2 {
            return Ok(Type::Unknown);
        }
        let [found] = types.as_slice() else {
            let count = types.len();
            return self.error(node, &format!("invalid number of arguments (expected 1, got {count})"));
        };
        let array = matches!(found, Type::Array(_) | Type::Unknown);
        let number = found.is_number() || found.is_unknown();
        let (fits, result) = match function {
            Function::Len => (array || *found == Type::Text, Type::Integer),
            Function::Abs => (number, found.clone()),
            Function::Ceil | Function::Floor | Function::Round => (number, Type::Float),
            Function::Int => (number || *found == Type::Text, Type::Integer),
            Function::Float => (number || *found == Type::Text, Type::Float),
            Function::First | Function::Last => match found {
                Type::Array(element) => (true, (**element).clone()),
                _ => (array, Type::Unknown),
            },
            _ => (array, found.clone()),
        };
        if !fits {
            return self.error(node, &format!("invalid argument for {name} (type {found})"));
        }
        Ok(result)
    }

    /// A function whose second argument is evaluated for each element.
    fn predicate_call(&mut self, function: Function, name: &str, arguments: &[Node]) -> Result<Type, FormulaError> {
        let Some((collection, rest)) = arguments.split_first() else { return Ok(Type::Unknown) };
        let array = self.visit(collection)?;
        let element = match &array {
            Type::Array(element) => (**element).clone(),
            Type::Unknown => Type::Unknown,
            other => return self.error(collection, &format!("builtin {name} takes only array (got {other})")),
        };
        let predicate = match rest.first() {
            None => None,
            Some(predicate) => {
                self.elements.push(element.clone());
                let found = self.visit(predicate);
                self.elements.pop();
                Some(found?)
            }
        };
        if let Some(initial) = rest.get(1) {
            self.visit(initial)?;
        }
        let is_free = matches!(function, Function::Map | Function::Sum | Function::Reduce);
        if let (Some(found), Some(node)) = (&predicate, rest.first())
            && !is_free
            && !found.is_bool()
            && !found.is_unknown()
        {
            return self.error(node, &format!("predicate should return boolean (got {found})"));
        }
        Ok(match function {
            Function::Filter => Type::Array(Box::new(element)),
            Function::Map => Type::Array(Box::new(predicate.unwrap_or(Type::Unknown))),
            Function::Find | Function::FindLast => element,
            Function::FindIndex | Function::FindLastIndex | Function::Count => Type::Integer,
            Function::Sum => predicate.unwrap_or(element),
            Function::Reduce => predicate.unwrap_or(Type::Unknown),
            _ => Type::Bool,
        })
    }
}
