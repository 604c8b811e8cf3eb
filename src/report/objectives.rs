//! Does a run meet the scenario's objectives?

use super::Summary;

/// Bounds on a metric, both inclusive.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// Name of the metric, as in [`METRICS`](super::METRICS).
    pub metric: String,
    /// The metric must be at least this.
    pub min: Option<f64>,
    /// The metric must be at most this.
    pub max: Option<f64>,
}

/// How an objective came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The metric is within the bounds.
    Met,
    /// The metric is out of bounds.
    Missed,
    /// The run has no value for the metric. That counts as not met: an objective that nothing tests must not pass.
    NotMeasured,
}

/// An objective and how it came out.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveResult {
    /// The objective.
    pub objective: Objective,
    /// The metric's value; absent if the run has none.
    pub value: Option<f64>,
    /// How it came out.
    pub verdict: Verdict,
}

impl ObjectiveResult {
    /// Whether the objective is met.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Met
    }
}

/// Holds each objective against the summary, in order.
#[must_use]
pub fn check(summary: &Summary, objectives: &[Objective]) -> Vec<ObjectiveResult> {
    let result = |objective: &Objective| {
        let value = summary.get(&objective.metric);
        let verdict = match value {
            None => Verdict::NotMeasured,
            Some(value)
                if objective.min.is_none_or(|min| value >= min) && objective.max.is_none_or(|max| value <= max) =>
            {
                Verdict::Met
            }
            Some(_) => Verdict::Missed,
        };
        ObjectiveResult { objective: objective.clone(), value, verdict }
    };
    objectives.iter().map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_and_absence_is_no_pass() {
        let mut summary = Summary::default();
        summary.insert("pods_created", 5.0);
        let cases = [
            ("pods_created", Some(5.0), Some(5.0), Verdict::Met, "both ends are inside"),
            ("pods_created", Some(5.1), None, Verdict::Missed, "below the minimum"),
            ("pods_created", None, Some(4.9), Verdict::Missed, "above the maximum"),
            ("pods_created", Some(f64::NAN), None, Verdict::Missed, "nothing is at least not-a-number"),
            ("recovery_seconds_max", None, Some(60.0), Verdict::NotMeasured, "no fault struck"),
        ];
        for (metric, min, max, verdict, why) in cases {
            let objectives = [Objective { metric: metric.to_owned(), min, max }];
            let results = check(&summary, &objectives);
            assert_eq!(results[0].verdict, verdict, "{why}");
            assert_eq!(results[0].passed(), verdict == Verdict::Met, "{why}");
        }
    }
}
