//! The replications of a point reduced to a mean with its confidence interval, extremes and percentiles.

use super::metric_columns::metric_columns;
use super::plan::Plan;
use super::run::{RunOutcome, SweepResult};
use crate::stats;

/// Confidence of the intervals.
const CONFIDENCE: f64 = 0.95;

/// One metric over the replications of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSummary {
    /// Name of the metric.
    pub metric: String,
    /// Replications that have the metric.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// The 95 % confidence interval of the mean (Student's t); absent with fewer than two replications.
    pub ci95: Option<(f64, f64)>,
    /// Smallest value.
    pub min: f64,
    /// 5th percentile (nearest rank).
    pub p5: f64,
    /// Median (nearest rank).
    pub p50: f64,
    /// 95th percentile (nearest rank).
    pub p95: f64,
    /// Largest value.
    pub max: f64,
}

impl MetricSummary {
    fn new(metric: &str, mut values: Vec<f64>) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let percentile = |percent| stats::percentile_of_sorted(&values, percent);
        let interval = stats::confidence_interval(&values, CONFIDENCE)?;
        Some(Self {
            metric: metric.to_owned(),
            n: values.len(),
            mean: interval.mean,
            ci95: interval.half_width.map(|half| (interval.mean - half, interval.mean + half)),
            min: *values.first()?,
            p5: percentile(5.0)?,
            p50: percentile(50.0)?,
            p95: percentile(95.0)?,
            max: *values.last()?,
        })
    }
}

/// One point of a sweep over its replications.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSummary {
    /// Index of the point.
    pub point: usize,
    /// Replications that came to their end.
    pub finished: usize,
    /// Replications that failed.
    pub failed: usize,
    /// The metrics that a replication has, in the order of the summary.
    pub metrics: Vec<MetricSummary>,
}

impl PointSummary {
    /// A metric by name.
    #[must_use]
    pub fn metric(&self, name: &str) -> Option<&MetricSummary> {
        self.metrics.iter().find(|metric| metric.metric == name)
    }
}

/// Summarises each point, in order. A point none of whose runs came to its end has no metrics.
#[must_use]
pub fn summarize_points(plan: &Plan, result: &SweepResult) -> Vec<PointSummary> {
    let columns = metric_columns(&result.runs);
    let mut runs = result.runs.as_slice();
    let mut summaries = Vec::with_capacity(plan.points().len());
    for point in plan.points() {
        // The runs are sorted by point.
        let (of_point, rest) = runs.split_at(runs.partition_point(|run| run.point <= point.index));
        runs = rest;
        let finished: Vec<_> = of_point
            .iter()
            .filter_map(|run| match &run.outcome {
                RunOutcome::Finished(metrics) => Some(metrics),
                RunOutcome::Failed(_) => None,
            })
            .collect();
        let values = |name: &str| -> Vec<f64> {
            let value = |metrics: &&super::Metrics| {
                metrics.iter().find(|(of_point, _)| of_point == name).map(|(_, value)| *value)
            };
            finished.iter().filter_map(value).collect()
        };
        summaries.push(PointSummary {
            point: point.index,
            finished: finished.len(),
            failed: of_point.len() - finished.len(),
            metrics: columns.iter().filter_map(|name| MetricSummary::new(name, values(name))).collect(),
        });
    }
    summaries
}
