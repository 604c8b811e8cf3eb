//! Sweeps: which runs a scenario asks for beside its own.

use super::leaf::AnyValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Runs over points, each repeated with different seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sweep {
    /// The parameters; the points are all combinations of their values, or a sample of them.
    pub parameters: Vec<SweepParameter>,
    /// Takes a sample of the combinations. Default: all of them.
    pub sampling: Option<Sampling>,
    /// Runs per point, with the seeds `seed`, `seed + 1` and so on, the same ones at every point. Default 1.
    #[serde(default = "one_replication")]
    pub replications: u32,
    /// Adds as many replications again to each point until a metric is known well enough there. Default: none are added.
    pub until: Option<StopRule>,
    /// Headline metrics to chart. Default: those with objectives.
    #[serde(default)]
    pub metrics: Vec<String>,
}

const fn one_replication() -> u32 {
    1
}

/// A parameter of a sweep: `values` of one field, a `range` of one field, or `points` that set several fields at once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SweepParameter {
    /// Path of a field of this file, or of a manifest with the object before it; elements of lists are named by their `name`,
    /// or by index from 0. Examples: `spec.nodePools.general.count`, `deployment/shop/web:spec.replicas`. Not with `points`.
    pub path: Option<String>,
    /// What the parameter is called in tables and charts; needed with `points`. Default: the path.
    pub name: Option<String>,
    /// The values that the field takes.
    #[serde(default)]
    pub values: Vec<AnyValue>,
    /// What the values are called in charts and in the table on the terminal, one name for each. Default: the values; of
    /// lists and mappings the fields in which they differ.
    #[serde(default)]
    pub names: Vec<String>,
    /// The numbers that the field takes.
    pub range: Option<SweepRange>,
    /// Named points: fields that vary together.
    #[serde(default)]
    pub points: Vec<NamedPoint>,
    /// The value, or the name of the point, that the others are compared with.
    #[serde(default)]
    pub baseline: Option<AnyValue>,
}

/// Fields that vary together, under one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NamedPoint {
    /// What the point is called.
    pub name: String,
    /// What it sets, by path; nothing is the scenario as it is.
    #[serde(default)]
    pub set: BTreeMap<String, AnyValue>,
}

/// Numbers between two ends, both of them included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SweepRange {
    /// The lower end.
    pub from: f64,
    /// The upper end, above `from`.
    pub to: f64,
    /// Only `from` and whole numbers of steps above it are taken. Needed unless the sweep is a sample.
    pub step: Option<f64>,
    /// How a sample is spread over the range. Default `linear`.
    #[serde(default)]
    pub scale: Scale,
    /// What follows the number: `Gi`, `m`, `s`. Default: nothing, the field is a number.
    pub unit: Option<String>,
}

/// How a sample is spread over a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// Evenly by factors; the range is above zero.
    Logarithmic,
}

/// A sample of a sweep's combinations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sampling {
    /// How the points are chosen.
    pub method: SamplingMethod,
    /// How many; at least 1. Sobol points fill the space evenly where it is a power of two.
    pub points: u32,
}

/// How the points of a sample are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SamplingMethod {
    /// Each parameter's range is cut into as many parts as there are points, and each part is met once; which parts meet is
    /// drawn by the seed.
    LatinHypercube,
    /// The Sobol sequence with the direction numbers of Joe and Kuo (2008), for at most 21 parameters. Nothing is drawn.
    Sobol,
}

/// When a point has enough replications.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StopRule {
    /// The metric.
    pub metric: String,
    /// The half-width of its 95 % confidence interval is at most this share of the mean. Either this or `halfWidth`.
    pub relative: Option<f64>,
    /// The half-width of its 95 % confidence interval is at most this, in the metric's unit.
    pub half_width: Option<f64>,
    /// Replications at most; a point with as many has enough. Default 100.
    #[serde(default = "most_replications")]
    pub max_replications: u32,
}

const fn most_replications() -> u32 {
    100
}

/// One value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SweepStep {
    /// What it is called; `None` where it goes by its value.
    pub(crate) name: Option<String>,
    /// The fields that it sets.
    pub(crate) set: Vec<(String, AnyValue)>,
}

impl SweepParameter {
    /// What the parameter is called.
    #[must_use]
    pub fn title(&self) -> &str {
        self.name.as_deref().or(self.path.as_deref()).unwrap_or_default()
    }

    /// The values of the parameter in order: of a range without steps its ends.
    pub(crate) fn steps(&self) -> Vec<SweepStep> {
        if !self.points.is_empty() {
            let step = |point: &NamedPoint| SweepStep {
                name: Some(point.name.clone()),
                set: point.set.iter().map(|(path, value)| (path.clone(), value.clone())).collect(),
            };
            return self.points.iter().map(step).collect();
        }
        let path = self.path.clone().unwrap_or_default();
        let values = self.range.as_ref().map_or_else(|| self.values.clone(), SweepRange::values);
        let step = |(index, value): (usize, AnyValue)| SweepStep {
            name: self.names.get(index).cloned(),
            set: vec![(path.clone(), value)],
        };
        values.into_iter().enumerate().map(step).collect()
    }

    /// The index of the step that the others are compared with; `None` without one.
    pub(crate) fn baseline_step(&self) -> Option<usize> {
        let wanted = self.baseline.as_ref()?;
        if self.points.is_empty() {
            let values = self.range.as_ref().map_or_else(|| self.values.clone(), SweepRange::values);
            values.iter().position(|value| value == wanted)
        } else {
            self.points.iter().position(|point| Some(point.name.as_str()) == wanted.0.as_str())
        }
    }

    /// The step at a place between 0 and 1, for a sample.
    pub(crate) fn step_at(&self, place: f64) -> SweepStep {
        if let (Some(range), Some(path)) = (&self.range, &self.path) {
            return SweepStep { name: None, set: vec![(path.clone(), range.at(place))] };
        }
        let mut steps = self.steps();
        let index = index_of(place, steps.len());
        if index < steps.len() { steps.swap_remove(index) } else { SweepStep { name: None, set: Vec::new() } }
    }
}

/// Which of so many equal parts of the range from 0 to 1 a place is in.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "bounded")]
fn index_of(place: f64, parts: usize) -> usize {
    ((place.clamp(0.0, 1.0) * parts as f64) as usize).min(parts.saturating_sub(1))
}

/// Most values of a range: beyond it a slip is likely.
pub(super) const MAX_STEPS: usize = 100_000;

impl SweepRange {
    /// How many whole steps there are from end to end; 0 without steps.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the quotient of checked ends")]
    pub(super) fn intervals(&self) -> usize {
        // A range from 0 to 0.3 in steps of 0.1 has three of them, whatever the last bit says.
        self.step.map_or(0, |step| ((self.to - self.from) / step + 1e-9) as usize)
    }

    fn values(&self) -> Vec<AnyValue> {
        match self.step {
            Some(step) => (0..=self.intervals().min(MAX_STEPS)).map(|index| self.nth(index, step)).collect(),
            None => vec![self.value(self.from), self.value(self.to)],
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of steps")]
    fn nth(&self, index: usize, step: f64) -> AnyValue {
        self.value(self.from + index as f64 * step)
    }

    /// The value at a place between 0 and 1.
    fn at(&self, place: f64) -> AnyValue {
        let value = match self.scale {
            Scale::Linear => self.from + place * (self.to - self.from),
            Scale::Logarithmic => (self.from.ln() + place * (self.to.ln() - self.from.ln())).exp(),
        };
        match (self.step, self.scale) {
            (Some(step), Scale::Linear) => self.nth(index_of(place, self.intervals() + 1), step),
            (Some(step), Scale::Logarithmic) => {
                let value = self.from + ((value - self.from) / step).round() * step;
                self.value(value.clamp(self.from, self.to))
            }
            (None, _) => self.value(value),
        }
    }

    /// A number as the field takes it: to nine significant digits, so that no table shows the last bit of a sum.
    fn value(&self, number: f64) -> AnyValue {
        let number: f64 = format!("{number:.8e}").parse().unwrap_or(number);
        let is_whole = |value: f64| value.fract().abs() < f64::EPSILON;
        let json = if is_whole(self.from) && self.step.is_some_and(is_whole) && is_whole(number) && number.abs() < 9e15
        {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
            serde_json::Value::from(number as i64)
        } else {
            serde_json::Value::from(number)
        };
        match &self.unit {
            Some(unit) => AnyValue(format!("{json}{unit}").into()),
            None => AnyValue(json),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn range(from: f64, to: f64, step: Option<f64>, unit: Option<&str>) -> SweepParameter {
        let range = SweepRange { from, to, step, scale: Scale::Linear, unit: unit.map(str::to_owned) };
        SweepParameter { path: Some("spec.x".to_owned()), range: Some(range), ..SweepParameter::default() }
    }

    #[test]
    fn ranges_have_both_ends() {
        let cases = [
            (range(2.0, 8.0, Some(2.0), None), json!([2, 4, 6, 8]), "whole numbers"),
            (range(0.0, 0.3, Some(0.1), None), json!([0.0, 0.1, 0.2, 0.3]), "no last bits"),
            (range(1.0, 4.0, Some(2.0), Some("Gi")), json!(["1Gi", "3Gi"]), "the upper end is not met"),
            (range(1.0, 4.0, None, None), json!([1.0, 4.0]), "without steps the ends"),
        ];
        for (parameter, expected, why) in cases {
            let values: Vec<serde_json::Value> =
                parameter.steps().into_iter().map(|step| step.set[0].1.0.clone()).collect();
            assert_eq!(serde_json::Value::from(values), expected, "{why}");
        }
    }

    #[test]
    fn samples_fall_on_steps_names_and_scales() {
        let value = |parameter: &SweepParameter, place| parameter.step_at(place).set[0].1.0.clone();
        let steps = range(2.0, 5.0, Some(1.0), None);
        let found: Vec<_> = [0.0, 0.249, 0.25, 0.99].iter().map(|place| value(&steps, *place)).collect();
        assert_eq!(found, [json!(2), json!(2), json!(3), json!(5)], "each step has an equal part");
        let mut decades = range(1.0, 100.0, None, None);
        if let Some(range) = &mut decades.range {
            range.scale = Scale::Logarithmic;
        }
        assert_eq!(value(&decades, 0.5), json!(10.0));
        let listed = SweepParameter {
            path: Some("spec.x".to_owned()),
            values: vec![AnyValue(json!("a")), AnyValue(json!("b"))],
            names: vec!["first".to_owned(), "second".to_owned()],
            ..SweepParameter::default()
        };
        assert_eq!(listed.step_at(0.7).name.as_deref(), Some("second"));
    }
}
