//! The formulas of `scalingModifiers`: the part of the language of expr-lang/expr 1.17.6 that makes numbers of numbers.
//!
//! A formula is wrapped in `float(...)`, parsed, checked for its types, and run once with -1 for each trigger: a formula that
//! fails then is refused (`ValidateAndCompileScalingModifiers` of KEDA's `scaledobject_webhook.go`).
//!
//! - [`lexer`]: words; [`parser`]: the tree of [`syntax`]
//! - [`types`]: what the checker refuses, with its texts
//! - [`evaluate`]: the value
//!
//! Not simulated, and refused when the formula is read: maps and their fields, the pipe, `matches`, `contains`, `startsWith`,
//! `endsWith`, and functions on texts, dates, maps and bits.

mod evaluate;
mod lexer;
mod parser;
mod syntax;
mod types;

use evaluate::{Failure, Scope, Value};
use syntax::Node;
use thiserror::Error;

/// Why a formula is refused; the texts are those of expr-lang.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct FormulaError(String);

impl FormulaError {
    /// A problem at a place, `at` characters into the formula: with the place and the line below it.
    fn at(source: &str, at: usize, problem: &str) -> Self {
        let before: Vec<char> = source.chars().take(at).collect();
        let line = before.iter().filter(|character| **character == '\n').count();
        let column = before.iter().rev().take_while(|character| **character != '\n').count();
        let text = source.split('\n').nth(line).unwrap_or_default().replace('\t', " ");
        let dots = ".".repeat(column);
        Self(format!("{problem} ({}:{})\n | {text}\n | {dots}^", line + 1, column + 1))
    }
}

/// A formula that can be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    node: Node,
}

/// What each trigger is in the trial.
const DUMMY: f64 = -1.0;

impl Formula {
    /// Reads and checks a formula over triggers of these names.
    ///
    /// # Errors
    /// [`FormulaError`] if it has another form, uses a name that no trigger has, or fails in a trial.
    pub fn compile(text: &str, triggers: &[String]) -> Result<Self, FormulaError> {
        let source = if text.starts_with("float(") { text.to_owned() } else { format!("float({text})") };
        let node = parser::parse(&source)?;
        types::check(&source, triggers, &node)?;
        let formula = Self { node };
        match formula.evaluated(&|_| Some(DUMMY)) {
            Ok(_) => Ok(formula),
            Err(failure) => Err(FormulaError::at(&source, failure.at.unwrap_or_default(), &failure.problem)),
        }
    }

    /// Runs the formula; `value` is that of a trigger.
    ///
    /// # Errors
    /// What failed, such as an index beyond an array.
    pub fn run(&self, value: &dyn Fn(&str) -> Option<f64>) -> Result<f64, String> {
        self.evaluated(value).map_err(|failure| failure.problem)
    }

    fn evaluated(&self, value: &dyn Fn(&str) -> Option<f64>) -> Result<f64, Failure> {
        match Scope::new(value).evaluate(&self.node)? {
            Value::Float(number) => Ok(number),
            other => Err(format!("interface conversion: interface {{}} is {}, not float64", other.go_type()).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calculates_as_the_language_does() {
        let cases = [
            ("a + b * 2", 16.0, "precedence"),
            ("(a + b) / 4", 3.0, "brackets; a division is of floats"),
            ("2 ** 3 ** 2", 512.0, "powers bind to the right"),
            ("-a ** 2", -64.0, "a power before a sign"),
            ("7 % 4 + 1", 4.0, "remainder"),
            ("a > b and not (b > a) ? 1 : 2", 1.0, "conditions"),
            ("1 < b < 5 ? 1 : 0", 1.0, "chained comparison"),
            ("nil ?? a", 8.0, "coalesce"),
            ("let x = a - b; x * x", 16.0, "a variable"),
            ("if a > 3 { 1 } else { 2 }", 1.0, "if as an expression"),
            ("[a, b][-1]", 4.0, "an index from the end"),
            ("sum([a, b, 1][1:])", 5.0, "a slice"),
            ("max(a, [b, 20])", 20.0, "numbers and arrays"),
            ("median([a, b])", 6.0, "an even number of values"),
            ("reduce([1, 2, 3], #acc + #)", 6.0, "reduce"),
            ("sum(map(1..3, # * #index))", 8.0, "a range, and the index"),
            ("findIndex([a, b], # < 5)", 1.0, "the first that fits"),
            ("a in [1, 8.0] ? 1 : 0", 1.0, "membership"),
            ("a not in [1] ? 1 : 0", 1.0, "its negation"),
            ("round(-2.5)", -3.0, "half away from zero"),
            ("int(\"3\") + len([1,2])", 5.0, "texts"),
            ("1_000 + 0x10 + 1e2", 1116.0, "forms of numbers"),
        ];
        let names = ["a".to_owned(), "b".to_owned()];
        for (text, expected, why) in cases {
            let formula = Formula::compile(text, &names).unwrap_or_else(|error| panic!("{text}: {error}"));
            let value = formula.run(&|name| Some(if name == "a" { 8.0 } else { 4.0 })).unwrap();
            assert!((value - expected).abs() < 1e-12, "{text} ({why}): {value}");
        }
    }

    #[test]
    fn tells_what_is_wrong() {
        let cases = [
            ("a +", "unexpected token Bracket(\")\") (1:10)\n | float(a +)\n | .........^"),
            ("d", "unknown name d (1:7)"),
            ("a ? 1 : 2", "non-bool expression (type float64) used as condition (1:7)"),
            ("a % 2", "invalid operation: % (mismatched types float64 and int) (1:9)"),
            ("[a][1]", "index out of range: 1 (array length is 1) (1:10)\n | float([a][1])\n | .........^"),
            ("len(a)", "invalid argument for len (type float64) (1:7)"),
            ("toJSON(a)", "function toJSON is not simulated (1:7)"),
            ("{a: 1}", "maps are not simulated (1:7)"),
            ("a & b", "unrecognized character: U+0026 '&' (1:9)"),
            ("filter([a], # + 1)", "predicate should return boolean (got float64)"),
        ];
        for (text, expected) in cases {
            let error = Formula::compile(text, &["a".to_owned()]).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn deep_formulas_are_refused() {
        let text = format!("{}a{}", "(".repeat(5000), ")".repeat(5000));
        assert!(Formula::compile(&text, &["a".to_owned()]).is_err());
    }
}
