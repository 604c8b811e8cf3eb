//! Which runs a sweep has: the points and their repetitions, in order.

use super::labels::{value_labels, value_text};
use serde_json::Value;
use thiserror::Error;

/// Most runs of one sweep. Beyond it the table of results is of no use to anyone, and a slip in the scenario likely.
pub const MAX_RUNS: usize = 1_000_000;

/// A field of the scenario and the values that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Path of the field, as in `spec.sweep.parameters[].path`.
    pub path: String,
    /// Its values in the order of the scenario file.
    pub values: Vec<Value>,
    /// What the values are called; empty where they go by what they are.
    pub names: Vec<String>,
    /// Index of the value that the others are compared with, if one is.
    pub baseline: Option<usize>,
}

/// One combination of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Index among the points, from 0.
    pub index: usize,
    /// Path and value of each parameter, in the order of the scenario file.
    pub values: Vec<(String, Value)>,
    /// What each value is called.
    pub names: Vec<String>,
}

impl Parameter {
    /// What each value is called.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        if self.names.len() == self.values.len() { self.names.clone() } else { value_labels(&self.values) }
    }
}

impl Point {
    /// The value of each parameter as it stands in a table: strings without quotes, everything else as JSON.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        self.values.iter().map(|(_, value)| value_text(value))
    }

    /// The point in words: `spec.nodePools.general.count=3, spec.seed=1`.
    #[must_use]
    pub fn label(&self) -> String {
        let named = self.values.iter().zip(&self.names);
        named.map(|((path, _), name)| format!("{path}={name}")).collect::<Vec<_>>().join(", ")
    }
}

/// The points of a sweep and how often each is repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    parameters: Vec<Parameter>,
    points: Vec<Point>,
    replications: u32,
}

/// Why the parameters do not make a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// A parameter has no value, or there are no replications: nothing would run.
    #[error("the sweep has no runs (expected at least one value for each parameter and at least one replication)")]
    Empty,
    /// There are too many combinations.
    #[error("the sweep has more than {MAX_RUNS} runs (the product of all numbers of values and the replications)")]
    TooManyRuns,
}

impl Plan {
    /// All combinations of the parameters' values; the last parameter varies fastest. Without parameters there is one
    /// point.
    pub fn new(parameters: &[Parameter], replications: u32) -> Result<Self, PlanError> {
        let mut count = replications as usize;
        for parameter in parameters {
            count = count.saturating_mul(parameter.values.len());
        }
        if count == 0 {
            return Err(PlanError::Empty);
        }
        if count > MAX_RUNS {
            return Err(PlanError::TooManyRuns);
        }
        let mut points = vec![Point { index: 0, values: Vec::new(), names: Vec::new() }];
        for parameter in parameters {
            let labels = parameter.labels();
            let with_value = |point: &Point| {
                let named = parameter.values.iter().zip(&labels);
                let extended = named.map(|(value, label)| {
                    let mut extended = point.clone();
                    extended.values.push((parameter.path.clone(), value.clone()));
                    extended.names.push(label.clone());
                    extended
                });
                extended.collect::<Vec<_>>()
            };
            points = points.iter().flat_map(with_value).collect();
        }
        for (index, point) in points.iter_mut().enumerate() {
            point.index = index;
        }
        Ok(Self { parameters: parameters.to_vec(), points, replications })
    }

    /// The parameters in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The points in order.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// Whether some parameter has a baseline.
    #[must_use]
    pub fn has_baseline(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.baseline.is_some())
    }

    /// The point that a point is compared with: the one with the baseline values; `None` without a baseline.
    #[must_use]
    pub fn baseline_of(&self, point: usize) -> Option<usize> {
        if !self.has_baseline() {
            return None;
        }
        // A point's index is a number in mixed radix whose digits are the indices of the values.
        let (mut rest, mut radix, mut baseline) = (point, 1, 0);
        for parameter in self.parameters.iter().rev() {
            let digit = rest % parameter.values.len();
            rest /= parameter.values.len();
            baseline += parameter.baseline.unwrap_or(digit) * radix;
            radix *= parameter.values.len();
        }
        Some(baseline)
    }

    /// Runs of each point.
    #[must_use]
    pub const fn replications(&self) -> u32 {
        self.replications
    }

    /// Runs of all points together.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.points.len().saturating_mul(self.replications as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parameter(path: &str, values: Value) -> Parameter {
        let Value::Array(values) = values else { panic!("values are a list") };
        Parameter { path: path.to_owned(), values, names: Vec::new(), baseline: None }
    }

    #[test]
    fn the_last_parameter_varies_fastest() {
        let plan = Plan::new(&[parameter("a", json!([1, 2])), parameter("b", json!(["x", [0.5]]))], 3).unwrap();
        let labels: Vec<String> = plan.points().iter().map(Point::label).collect();
        assert_eq!(labels, ["a=1, b=x", "a=1, b=[0.5]", "a=2, b=x", "a=2, b=[0.5]"]);
        assert_eq!(plan.runs(), 12);
    }

    #[test]
    fn without_parameters_there_is_one_point() {
        let plan = Plan::new(&[], 5).unwrap();
        assert_eq!((plan.points().len(), plan.runs()), (1, 5));
    }

    #[test]
    fn sizes_are_bounded() {
        let many = json!((0..1001).collect::<Vec<i32>>());
        let cases = [
            (vec![], 0, PlanError::Empty, "no replication"),
            (vec![parameter("a", json!([]))], 1, PlanError::Empty, "no value"),
            (vec![parameter("a", many.clone()), parameter("b", many)], 1, PlanError::TooManyRuns, "1,002,001 points"),
            (vec![parameter("a", json!([1]))], u32::MAX, PlanError::TooManyRuns, "too many replications"),
        ];
        for (parameters, replications, expected, why) in cases {
            assert_eq!(Plan::new(&parameters, replications), Err(expected), "{why}");
        }
    }
}
