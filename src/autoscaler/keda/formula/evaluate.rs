//! Running a formula (`vm/vm.go` and `builtin` of expr-lang/expr 1.17.6).

use super::syntax::{Binary, Expression, Function, Node, Unary};
use crate::autoscaler::go_math;
use crate::autoscaler::go_number::int64;
use std::cmp::Ordering;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Array(Vec<Value>),
}

/// Elements that a range may have at most (`MemoryBudget` of the virtual machine).
const MAX_ELEMENTS: i64 = 1_000_000;

impl Value {
    #[expect(clippy::cast_precision_loss, reason = "expr-lang calculates in 64-bit floats")]
    fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) const fn go_type(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Integer(_) => "int",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::Array(_) => "[]interface {}",
        }
    }
}

/// What failed in a run, and the number of characters before the part that did.
#[derive(Debug)]
pub(super) struct Failure {
    pub at: Option<usize>,
    pub problem: String,
}

impl From<String> for Failure {
    fn from(problem: String) -> Self {
        Self { at: None, problem }
    }
}

/// What a run knows.
pub(super) struct Scope<'a> {
    /// The value of a name.
    pub names: &'a dyn Fn(&str) -> Option<f64>,
    variables: Vec<(String, Value)>,
    /// Element, index and accumulator of each predicate that is being evaluated.
    elements: Vec<(Value, i64, Value)>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(names: &'a dyn Fn(&str) -> Option<f64>) -> Self {
        Self { names, variables: Vec::new(), elements: Vec::new() }
    }

    /// The value of a part. A failure tells the innermost part that failed.
    pub(super) fn evaluate(&mut self, node: &Node) -> Result<Value, Failure> {
        self.value(node).map_err(|failure| Failure { at: failure.at.or(Some(node.at)), ..failure })
    }

    fn value(&mut self, node: &Node) -> Result<Value, Failure> {
        Ok(match &node.expression {
            Expression::Nil => Value::Nil,
            Expression::Bool(value) => Value::Bool(*value),
            Expression::Integer(number) => Value::Integer(*number),
            Expression::Float(number) => Value::Float(*number),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Name(name) => {
                let variable = self.variables.iter().rev().find(|(known, _)| known == name);
                // A map of floats gives zero for what it has not.
                variable.map_or_else(|| Value::Float((self.names)(name).unwrap_or(0.0)), |(_, value)| value.clone())
            }
            Expression::Element => self.elements.last().map_or(Value::Nil, |(element, ..)| element.clone()),
            Expression::Index => self.elements.last().map_or(Value::Nil, |(_, index, _)| Value::Integer(*index)),
            Expression::Accumulator => self.elements.last().map_or(Value::Nil, |(.., so_far)| so_far.clone()),
            Expression::Array(elements) => Value::Array(self.evaluate_all(elements)?),
            Expression::Unary(operator, operand) => unary(*operator, self.evaluate(operand)?)?,
            Expression::Binary(operator, text, sides) => self.binary(*operator, text, sides)?,
            Expression::Conditional(parts) => match self.evaluate(&parts.0)? {
                Value::Bool(true) => self.evaluate(&parts.1)?,
                Value::Bool(false) => self.evaluate(&parts.2)?,
                other => {
                    return Err(format!("interface conversion: interface {{}} is {}, not bool", other.go_type()).into());
                }
            },
            Expression::Member(parts) => {
                let (array, index) = (self.evaluate(&parts.0)?, self.evaluate(&parts.1)?);
                member(&array, &index)?
            }
            Expression::Slice(parts) => {
                let (array, from, to) = &**parts;
                let array = self.evaluate(array)?;
                let [from, to] = [from, to].map(|index| index.as_ref().map(|index| self.evaluate(index)).transpose());
                slice(array, from?, to?)?
            }
            Expression::Call(function, name, arguments) => {
                if function.takes_predicate().is_some() {
                    self.predicate_call(*function, arguments)?
                } else {
                    call(*function, name, self.evaluate_all(arguments)?)?
                }
            }
            Expression::Let(name, parts) => {
                let value = self.evaluate(&parts.0)?;
                self.variables.push((name.clone(), value));
                let rest = self.evaluate(&parts.1);
                self.variables.pop();
                rest?
            }
            Expression::Sequence(parts) => {
                self.evaluate(&parts.0)?;
                self.evaluate(&parts.1)?
            }
        })
    }

    fn evaluate_all(&mut self, nodes: &[Node]) -> Result<Vec<Value>, Failure> {
        nodes.iter().map(|node| self.evaluate(node)).collect()
    }

    fn binary(&mut self, operator: Binary, text: &str, sides: &(Node, Node)) -> Result<Value, Failure> {
        let left = self.evaluate(&sides.0)?;
        match (operator, &left) {
            (Binary::Coalesce, Value::Nil) => return self.evaluate(&sides.1),
            (Binary::Or, Value::Bool(true)) | (Binary::And, Value::Bool(false)) | (Binary::Coalesce, _) => {
                return Ok(left);
            }
            _ => {}
        }
        let right = self.evaluate(&sides.1)?;
        let mismatch = || format!("invalid operation: {} {text} {}", left.go_type(), right.go_type());
        let compared = |fits: fn(Ordering) -> bool| match (&left, &right) {
            (Value::Text(left), Value::Text(right)) => Ok(Value::Bool(fits(left.cmp(right)))),
            _ => {
                let (left, right) = left.number().zip(right.number()).ok_or_else(mismatch)?;
                Ok(Value::Bool(left.partial_cmp(&right).is_some_and(fits)))
            }
        };
        let floats = || left.number().zip(right.number()).ok_or_else(mismatch);
        let arithmetic = |integers: fn(i64, i64) -> i64, of_floats: fn(f64, f64) -> f64| match (&left, &right) {
            (Value::Integer(left), Value::Integer(right)) => Ok(Value::Integer(integers(*left, *right))),
            _ => floats().map(|(left, right)| Value::Float(of_floats(left, right))),
        };
        let result = match operator {
            Binary::Or | Binary::And => match right {
                Value::Bool(_) => Ok(right),
                _ => Err(mismatch()),
            },
            Binary::Equal => Ok(Value::Bool(is_equal(&left, &right))),
            Binary::NotEqual => Ok(Value::Bool(!is_equal(&left, &right))),
            Binary::Less => compared(Ordering::is_lt),
            Binary::Greater => compared(Ordering::is_gt),
            Binary::AtLeast => compared(Ordering::is_ge),
            Binary::AtMost => compared(Ordering::is_le),
            Binary::In => match &right {
                Value::Array(elements) => Ok(Value::Bool(elements.iter().any(|element| is_equal(element, &left)))),
                Value::Nil => Ok(Value::Bool(false)),
                _ => Err(mismatch()),
            },
            Binary::Range => match (&left, &right) {
                (Value::Integer(from), Value::Integer(to)) if to.saturating_sub(*from) < MAX_ELEMENTS => {
                    Ok(Value::Array((*from..=*to).map(Value::Integer).collect()))
                }
                (Value::Integer(_), Value::Integer(_)) => Err("memory budget exceeded".to_owned()),
                _ => Err(mismatch()),
            },
            Binary::Add => match (&left, &right) {
                (Value::Text(left), Value::Text(right)) => Ok(Value::Text(format!("{left}{right}"))),
                _ => arithmetic(i64::wrapping_add, |left, right| left + right),
            },
            Binary::Subtract => arithmetic(i64::wrapping_sub, |left, right| left - right),
            Binary::Multiply => arithmetic(i64::wrapping_mul, |left, right| left * right),
            Binary::Divide => floats().map(|(left, right)| Value::Float(left / right)),
            Binary::Power => floats().map(|(base, exponent)| Value::Float(go_math::pow(base, exponent))),
            Binary::Remainder => match (&left, &right) {
                (Value::Integer(_), Value::Integer(0)) => Err("runtime error: integer divide by zero".to_owned()),
                (Value::Integer(left), Value::Integer(right)) => Ok(Value::Integer(left.wrapping_rem(*right))),
                _ => Err(mismatch()),
            },
            Binary::Coalesce => Ok(right),
        };
        result.map_err(Failure::from)
    }

    /// A function whose second argument is evaluated for each element.
    fn predicate_call(&mut self, function: Function, arguments: &[Node]) -> Result<Value, Failure> {
        let Some((collection, rest)) = arguments.split_first() else { return Ok(Value::Nil) };
        let elements = match self.evaluate(collection)? {
            Value::Array(elements) => elements,
            other => return Err(format!("cannot range over {}", other.go_type()).into()),
        };
        let predicate = rest.first();
        let (mut first, mut so_far) = (0, Value::Nil);
        if function == Function::Reduce {
            match rest.get(1) {
                Some(initial) => so_far = self.evaluate(initial)?,
                None => match elements.first() {
                    Some(element) => (first, so_far) = (1, element.clone()),
                    None => return Err("reduce of empty array with no initial value".to_owned().into()),
                },
            }
        }
        let mut results = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate().skip(first) {
            let Some(predicate) = predicate else {
                results.push(element.clone());
                continue;
            };
            let position = i64::try_from(index).unwrap_or(i64::MAX);
            self.elements.push((element.clone(), position, so_far.clone()));
            let result = self.evaluate(predicate);
            self.elements.pop();
            let result = result?;
            if function == Function::Reduce {
                so_far = result;
            } else {
                results.push(result);
            }
        }
        let holds = |value: &Value| *value == Value::Bool(true);
        let count = results.iter().filter(|value| holds(value)).count();
        let integer = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let found = |position: Option<usize>| position.and_then(|position| elements.get(position).cloned());
        Ok(match function {
            Function::All => Value::Bool(count == results.len()),
            Function::None => Value::Bool(count == 0),
            Function::Any => Value::Bool(count > 0),
            Function::One => Value::Bool(count == 1),
            Function::Filter => {
                let kept = elements.iter().zip(&results).filter(|(_, result)| holds(result));
                Value::Array(kept.map(|(element, _)| element.clone()).collect())
            }
            Function::Map => Value::Array(results),
            Function::Find => found(results.iter().position(holds)).unwrap_or(Value::Nil),
            Function::FindLast => found(results.iter().rposition(holds)).unwrap_or(Value::Nil),
            Function::FindIndex => results.iter().position(holds).map_or(Value::Nil, integer),
            Function::FindLastIndex => results.iter().rposition(holds).map_or(Value::Nil, integer),
            Function::Count => integer(count),
            Function::Reduce => so_far,
            _ => sum(&results)?,
        })
    }
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match left.number().zip(right.number()) {
        #[expect(clippy::float_cmp, reason = "the operator compares floats")]
        Some((left, right)) => left == right,
        None => match (left, right) {
            (Value::Array(left), Value::Array(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_equal(left, right))
            }
            _ => left == right,
        },
    }
}

fn unary(operator: Unary, operand: Value) -> Result<Value, String> {
    match (operator, operand) {
        (Unary::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (Unary::Minus, Value::Integer(number)) => Ok(Value::Integer(number.wrapping_neg())),
        (Unary::Minus, Value::Float(number)) => Ok(Value::Float(-number)),
        (Unary::Plus, operand @ (Value::Integer(_) | Value::Float(_))) => Ok(operand),
        (operator, operand) => {
            let sign = if operator == Unary::Not { "!" } else { "-" };
            Err(format!("invalid operation: {sign} {}", operand.go_type()))
        }
    }
}

fn member(array: &Value, index: &Value) -> Result<Value, String> {
    let (Value::Array(elements), Value::Integer(index)) = (array, index) else {
        return Err(format!("cannot fetch {} from {}", index.go_type(), array.go_type()));
    };
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let position = if *index < 0 { length.saturating_add(*index) } else { *index };
    let element = usize::try_from(position).ok().and_then(|position| elements.get(position));
    element.cloned().ok_or_else(|| format!("index out of range: {index} (array length is {length})"))
}

fn slice(array: Value, from: Option<Value>, to: Option<Value>) -> Result<Value, String> {
    let Value::Array(elements) = array else { return Err(format!("cannot slice {}", array.go_type())) };
    let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
    let place = |index: Option<Value>, default: i64| match index {
        None => Ok(default),
        Some(Value::Integer(index)) if index < 0 => Ok(length.saturating_add(index).max(0)),
        Some(Value::Integer(index)) => Ok(index.min(length)),
        Some(other) => Err(format!("cannot slice by {}", other.go_type())),
    };
    let (to, from) = (place(to, length)?, place(from, 0)?);
    let [from, to] = [from.min(to), to].map(|place| usize::try_from(place).unwrap_or(0));
    Ok(Value::Array(elements.get(from..to).unwrap_or_default().to_vec()))
}

fn sum(values: &[Value]) -> Result<Value, String> {
    let mut total = Value::Integer(0);
    for value in values {
        total = match (&total, value) {
            (Value::Integer(total), Value::Integer(value)) => Value::Integer(total.wrapping_add(*value)),
            (total, value) => match total.number().zip(value.number()) {
                Some((total, value)) => Value::Float(total + value),
                None => return Err(format!("invalid operation: {} + {}", total.go_type(), value.go_type())),
            },
        };
    }
    Ok(total)
}

/// The numbers of arguments and of the arrays among them.
fn numbers<'a>(name: &str, values: &'a [Value], found: &mut Vec<&'a Value>) -> Result<(), String> {
    for value in values {
        match value {
            Value::Array(elements) => numbers(name, elements, found)?,
            Value::Integer(_) | Value::Float(_) => found.push(value),
            other => return Err(format!("invalid argument for {name} (type {})", other.go_type())),
        }
    }
    Ok(())
}

fn call(function: Function, name: &str, arguments: Vec<Value>) -> Result<Value, String> {
    if matches!(function, Function::Max | Function::Min | Function::Mean | Function::Median) {
        let mut found = Vec::new();
        numbers(name, &arguments, &mut found)?;
        return Ok(aggregate(function, &found));
    }
    let invalid = |value: &Value| format!("invalid argument for {name} (type {})", value.go_type());
    let is_descending = matches!(arguments.get(1), Some(Value::Text(order)) if order == "desc");
    let argument = arguments.into_iter().next().unwrap_or(Value::Nil);
    Ok(match (function, argument) {
        (Function::Abs, Value::Integer(number)) => Value::Integer(number.wrapping_abs()),
        (Function::Abs, Value::Float(number)) => Value::Float(if number < 0.0 { -number } else { number }),
        (Function::Ceil | Function::Floor | Function::Round | Function::Float, Value::Integer(number)) => {
            Value::Integer(number).number().map_or(Value::Nil, Value::Float)
        }
        (Function::Ceil, Value::Float(number)) => Value::Float(number.ceil()),
        (Function::Floor, Value::Float(number)) => Value::Float(number.floor()),
        (Function::Round, Value::Float(number)) => Value::Float(number.round()),
        (Function::Float, Value::Float(number)) => Value::Float(number),
        (Function::Float, Value::Text(text)) => {
            let number = text.parse().map_err(|_| format!("invalid operation: float({text})"))?;
            Value::Float(number)
        }
        (Function::Int, Value::Integer(number)) => Value::Integer(number),
        (Function::Int, Value::Float(number)) => Value::Integer(int64(number)),
        (Function::Int, Value::Text(text)) => {
            Value::Integer(text.parse().map_err(|_| format!("invalid operation: int({text})"))?)
        }
        (Function::Len, Value::Array(elements)) => Value::Integer(i64::try_from(elements.len()).unwrap_or(i64::MAX)),
        (Function::Len, Value::Text(text)) => Value::Integer(i64::try_from(text.chars().count()).unwrap_or(i64::MAX)),
        (Function::First, Value::Array(elements)) => elements.into_iter().next().unwrap_or(Value::Nil),
        (Function::Last, Value::Array(elements)) => elements.into_iter().next_back().unwrap_or(Value::Nil),
        (Function::Reverse, Value::Array(elements)) => Value::Array(elements.into_iter().rev().collect()),
        (Function::Sort, Value::Array(mut elements)) => {
            let number = |value: &Value| value.number().unwrap_or(0.0);
            elements.sort_by(|a, b| number(a).total_cmp(&number(b)));
            if is_descending {
                elements.reverse();
            }
            Value::Array(elements)
        }
        (_, other) => return Err(invalid(&other)),
    })
}

/// `max`, `min`, `mean` or `median` of numbers.
fn aggregate(function: Function, found: &[&Value]) -> Value {
    let as_float = |value: &&Value| value.number().unwrap_or(0.0);
    match function {
        Function::Max | Function::Min => {
            let mut best: Option<&Value> = None;
            for value in found {
                let is_better = best.is_none_or(|best| {
                    let (best, value) = (as_float(&best), as_float(value));
                    if function == Function::Max { best < value } else { best > value }
                });
                if is_better {
                    best = Some(value);
                }
            }
            best.cloned().unwrap_or(Value::Nil)
        }
        Function::Mean => {
            let total = found.iter().fold(0.0, |total, value| total + as_float(value));
            #[expect(clippy::cast_precision_loss, reason = "a formula has few numbers")]
            Value::Float(if found.is_empty() { 0.0 } else { total / found.len() as f64 })
        }
        _ => {
            let mut values: Vec<f64> = found.iter().map(as_float).collect();
            values.sort_by(f64::total_cmp);
            let middle = values.len() / 2;
            Value::Float(match values.len() {
                0 => 0.0,
                odd if odd % 2 == 1 => values[middle],
                #[expect(clippy::manual_midpoint, reason = "rounded as the language does it")]
                _ => (values[middle - 1] + values[middle]) / 2.0,
            })
        }
    }
}
