//! Which runs a sweep has: the points and their repetitions, in order.

use super::labels::{short_path, value_labels, value_text};
use super::sampling::{Sample, places};
use serde_json::Value;
use thiserror::Error;

/// Most runs of one sweep. Beyond it the table of results is of no use to anyone, and a slip in the scenario likely.
pub const MAX_RUNS: usize = 1_000_000;

/// What a point sets for one parameter: one field, several fields under one name, or nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// What it is called; `None` where it goes by its value.
    pub name: Option<String>,
    /// Path and value of each field that it sets.
    pub set: Vec<(String, Value)>,
}

/// Something that varies, and the steps that it takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// What it is called: the path of its field, or the name of a parameter that sets several.
    pub name: String,
    /// Its steps in the order of the scenario file.
    pub steps: Vec<Step>,
    /// Index of the step that the others are compared with, if one is.
    pub baseline: Option<usize>,
}

impl Parameter {
    /// A parameter of one field, whose values go by what they are.
    #[must_use]
    pub fn of_field(path: &str, values: Vec<Value>) -> Self {
        let step = |value| Step { name: None, set: vec![(path.to_owned(), value)] };
        Self { name: path.to_owned(), steps: values.into_iter().map(step).collect(), baseline: None }
    }

    /// What each step is called.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let values: Vec<Value> = self.steps.iter().map(Step::value).collect();
        let labels = value_labels(&values);
        self.steps.iter().zip(labels).map(|(step, label)| step.name.clone().unwrap_or(label)).collect()
    }

    /// The number that each step sets its field to; `None` if the steps have names, or one is no number.
    #[must_use]
    pub fn numbers(&self) -> Option<Vec<f64>> {
        let number = |step: &Step| step.value().as_f64().filter(|_| step.name.is_none());
        self.steps.iter().map(number).collect()
    }
}

impl Step {
    /// The value of its field; nothing where it sets several or none.
    fn value(&self) -> Value {
        match self.set.as_slice() {
            [(_, value)] => value.clone(),
            _ => Value::Null,
        }
    }

    /// The step in a table: the value of its field as it stands, or its name where it sets several fields.
    fn text(&self, is_named: bool) -> String {
        self.name.clone().filter(|_| is_named).unwrap_or_else(|| value_text(&self.value()))
    }
}

/// One combination of steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Index among the points, from 0.
    pub index: usize,
    /// Index of the step of each parameter.
    pub steps: Vec<usize>,
    /// Path and value of each field that it sets, in the order of the scenario file.
    pub values: Vec<(String, Value)>,
    /// Each parameter with what its step is called.
    pub names: Vec<(String, String)>,
    texts: Vec<String>,
}

impl Point {
    /// The step of each parameter as it stands in a table: strings without quotes, everything else as JSON, and the name of
    /// one that sets several fields.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(String::as_str)
    }

    /// The same with the ends of the paths alone: `count=3, seed=1`.
    #[must_use]
    pub fn short_label(&self) -> String {
        let short = |(parameter, name): &(String, String)| format!("{}={name}", short_path(parameter));
        self.names.iter().map(short).collect::<Vec<_>>().join(", ")
    }

    /// The point in words: `spec.nodePools.general.count=3, spec.seed=1`.
    #[must_use]
    pub fn label(&self) -> String {
        self.names.iter().map(|(parameter, name)| format!("{parameter}={name}")).collect::<Vec<_>>().join(", ")
    }
}

/// How often each point is repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Replications {
    /// Runs of each point.
    pub least: u32,
    /// Adds `least` more at a time to each point that does not know a metric well enough.
    pub until: Option<Precision>,
}

impl From<u32> for Replications {
    fn from(least: u32) -> Self {
        Self { least, until: None }
    }
}

impl Replications {
    /// Runs of a point at most.
    #[must_use]
    pub fn most(&self) -> u32 {
        self.until.as_ref().map_or(self.least, |precision| precision.most.max(self.least))
    }
}

/// When a point has enough replications.
#[derive(Clone, Debug, PartialEq)]
pub struct Precision {
    /// The metric.
    pub metric: String,
    /// What the half-width of its 95 % confidence interval may be.
    pub bound: HalfWidth,
    /// Replications at most.
    pub most: u32,
}

/// A bound on the half-width of a confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HalfWidth {
    /// In the metric's unit.
    Absolute(f64),
    /// As a share of the mean.
    Relative(f64),
}

/// The points of a sweep and how often each is repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    parameters: Vec<Parameter>,
    points: Vec<Point>,
    replications: Replications,
    is_sample: bool,
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
    /// All combinations of the parameters' steps; the last parameter varies fastest. Without parameters there is one point.
    ///
    /// # Errors
    /// [`PlanError`] if there is nothing to run, or too much.
    pub fn new(parameters: &[Parameter], replications: impl Into<Replications>) -> Result<Self, PlanError> {
        let replications = replications.into();
        let mut count = replications.most() as usize;
        for parameter in parameters {
            count = count.saturating_mul(parameter.steps.len());
        }
        if count == 0 || replications.least == 0 {
            return Err(PlanError::Empty);
        }
        if count > MAX_RUNS {
            return Err(PlanError::TooManyRuns);
        }
        let mut combinations: Vec<Vec<usize>> = vec![Vec::new()];
        for parameter in parameters {
            let with_step = |steps: &Vec<usize>| {
                let extended = |step| steps.iter().copied().chain([step]).collect();
                (0..parameter.steps.len()).map(extended).collect::<Vec<Vec<usize>>>()
            };
            combinations = combinations.iter().flat_map(with_step).collect();
        }
        Ok(Self::with_points(parameters.to_vec(), combinations, replications, false))
    }

    /// A sample: at each of its places between 0 and 1 `step` gives what a parameter, by its index, takes. Equal steps of a
    /// parameter become one.
    ///
    /// # Errors
    /// [`PlanError`] if there is nothing to run, or too much.
    pub fn sample(
        parameters: &[(String, &dyn Fn(f64) -> Step)],
        sample: Sample,
        replications: Replications,
    ) -> Result<Self, PlanError> {
        let runs = (sample.points as usize).saturating_mul(replications.most() as usize);
        if runs == 0 || replications.least == 0 || parameters.is_empty() {
            return Err(PlanError::Empty);
        }
        if runs > MAX_RUNS {
            return Err(PlanError::TooManyRuns);
        }
        let mut own: Vec<Parameter> = parameters
            .iter()
            .map(|(name, _)| Parameter { name: name.clone(), steps: Vec::new(), baseline: None })
            .collect();
        let mut combinations = Vec::new();
        for place in places(sample, parameters.len()) {
            let mut steps = Vec::new();
            for ((parameter, (_, step_at)), place) in own.iter_mut().zip(parameters).zip(place) {
                let step = step_at(place);
                let known = parameter.steps.iter().position(|known| *known == step);
                steps.push(known.unwrap_or(parameter.steps.len()));
                if known.is_none() {
                    parameter.steps.push(step);
                }
            }
            combinations.push(steps);
        }
        Ok(Self::with_points(own, combinations, replications, true))
    }

    fn with_points(
        parameters: Vec<Parameter>,
        combinations: Vec<Vec<usize>>,
        replications: Replications,
        is_sample: bool,
    ) -> Self {
        let labels: Vec<Vec<String>> = parameters.iter().map(Parameter::labels).collect();
        let point = |(index, steps): (usize, Vec<usize>)| {
            let mut point =
                Point { index, steps: Vec::new(), values: Vec::new(), names: Vec::new(), texts: Vec::new() };
            for ((parameter, labels), step) in parameters.iter().zip(&labels).zip(&steps) {
                let (Some(taken), Some(label)) = (parameter.steps.get(*step), labels.get(*step)) else { continue };
                point.values.extend(taken.set.iter().cloned());
                point.names.push((parameter.name.clone(), label.clone()));
                point.texts.push(taken.text(parameter.steps.iter().any(|step| step.set.len() != 1)));
            }
            Point { steps, ..point }
        };
        let points = combinations.into_iter().enumerate().map(point).collect();
        Self { parameters, points, replications, is_sample }
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

    /// Whether the points are a sample of the combinations rather than all of them.
    #[must_use]
    pub const fn is_sample(&self) -> bool {
        self.is_sample
    }

    /// Whether some parameter has a baseline.
    #[must_use]
    pub fn has_baseline(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.baseline.is_some())
    }

    /// The point that a point is compared with: the one with the baseline steps; `None` without a baseline.
    #[must_use]
    pub fn baseline_of(&self, point: usize) -> Option<usize> {
        if !self.has_baseline() || self.is_sample {
            return None;
        }
        // A point's index is a number in mixed radix whose digits are the indices of the steps.
        let point = self.points.get(point)?;
        let digits = self.parameters.iter().zip(&point.steps);
        Some(
            digits.fold(0, |index, (parameter, step)| {
                index * parameter.steps.len() + parameter.baseline.unwrap_or(*step)
            }),
        )
    }

    /// How often each point is repeated.
    #[must_use]
    pub const fn replications(&self) -> &Replications {
        &self.replications
    }

    /// Runs of all points together, before any are added.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.points.len().saturating_mul(self.replications.least as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sampling::Method;
    use super::*;
    use serde_json::json;

    fn parameter(path: &str, values: Value) -> Parameter {
        let Value::Array(values) = values else { panic!("values are a list") };
        Parameter::of_field(path, values)
    }

    #[test]
    fn the_last_parameter_varies_fastest() {
        let plan = Plan::new(&[parameter("a", json!([1, 2])), parameter("b", json!(["x", [0.5]]))], 3).unwrap();
        let labels: Vec<String> = plan.points().iter().map(Point::label).collect();
        assert_eq!(labels, ["a=1, b=x", "a=1, b=[0.5]", "a=2, b=x", "a=2, b=[0.5]"]);
        assert_eq!(plan.runs(), 12);
    }

    #[test]
    fn fields_vary_together_under_a_name() {
        let step = |name: &str, set: &[(&str, Value)]| Step {
            name: Some(name.to_owned()),
            set: set.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect(),
        };
        let machine = Parameter {
            name: "machine".to_owned(),
            steps: vec![step("today", &[]), step("large", &[("cpu", json!(8)), ("count", json!(3))])],
            baseline: Some(0),
        };
        let plan = Plan::new(&[machine, parameter("b", json!([1, 2]))], 1).unwrap();
        let point = &plan.points()[3];
        assert_eq!(point.label(), "machine=large, b=2");
        assert_eq!(point.values.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["cpu", "count", "b"]);
        assert_eq!(point.texts().collect::<Vec<_>>(), ["large", "2"]);
        assert_eq!((0..4).map(|point| plan.baseline_of(point).unwrap()).collect::<Vec<_>>(), [0, 1, 0, 1]);
    }

    #[test]
    fn a_sample_has_its_own_points() {
        let count = |place: f64| Step { name: None, set: vec![("count".to_owned(), json!((place * 2.0).floor()))] };
        let share = |place: f64| Step { name: None, set: vec![("share".to_owned(), json!(place))] };
        let parameters: [(String, &dyn Fn(f64) -> Step); 2] =
            [("count".to_owned(), &count), ("share".to_owned(), &share)];
        let sample = Sample { method: Method::Sobol, points: 4, seed: 1 };
        let plan = Plan::sample(&parameters, sample, 2.into()).unwrap();
        let labels: Vec<String> = plan.points().iter().map(Point::label).collect();
        assert_eq!(
            labels,
            ["count=0.0, share=0.0", "count=1.0, share=0.5", "count=1.0, share=0.25", "count=0.0, share=0.75"]
        );
        assert_eq!(plan.parameters()[0].steps.len(), 2);
        assert_eq!(plan.baseline_of(1), None);
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
