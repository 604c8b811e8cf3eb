//! The replications of a point reduced to a mean with its confidence interval, extremes and percentiles.

use super::Metrics;
use super::metric_columns::metric_columns;
use super::plan::{Plan, Point};
use super::run::{Run, RunOutcome, SweepResult};
use crate::stats::{self, Interval};
use std::collections::BTreeMap;

/// Confidence of the intervals.
pub(super) const CONFIDENCE: f64 = 0.95;

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
    /// What it is above the point that the others are compared with; absent there, and without one.
    pub difference: Option<Interval>,
}

/// The values of a metric by replication.
type ByReplication = BTreeMap<u32, f64>;

impl MetricSummary {
    fn new(metric: &str, values: &ByReplication, baseline: Option<&ByReplication>) -> Option<Self> {
        let difference = baseline.and_then(|baseline| stats::paired_difference(values, baseline, CONFIDENCE));
        let mut values: Vec<f64> = values.values().copied().collect();
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
            difference,
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
pub fn summarize_points<'a>(plan: &Plan, result: &'a SweepResult) -> Vec<PointSummary> {
    let columns = metric_columns(&result.runs);
    let mut runs = result.runs.as_slice();
    let mut finished: Vec<Vec<(u32, &Metrics)>> = Vec::with_capacity(plan.points().len());
    let mut all = Vec::with_capacity(plan.points().len());
    for point in plan.points() {
        // The runs are sorted by point.
        let (of_point, rest) = runs.split_at(runs.partition_point(|run| run.point <= point.index));
        runs = rest;
        all.push(of_point.len());
        let metrics = |run: &'a Run| match &run.outcome {
            RunOutcome::Finished(metrics) => Some((run.replication, metrics)),
            RunOutcome::Failed(_) => None,
        };
        finished.push(of_point.iter().filter_map(metrics).collect());
    }
    let values = |point: usize, name: &str| -> ByReplication {
        let value = |metrics: &Metrics| metrics.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let runs = finished.get(point).into_iter().flatten();
        runs.filter_map(|(replication, metrics)| Some((*replication, value(metrics)?))).collect()
    };
    let summary = |point: &Point| {
        let of_point = finished.get(point.index).map_or(0, Vec::len);
        let baseline = plan.baseline_of(point.index).filter(|baseline| *baseline != point.index);
        let metric = |name: &&str| {
            let baseline = baseline.map(|baseline| values(baseline, name));
            MetricSummary::new(name, &values(point.index, name), baseline.as_ref())
        };
        PointSummary {
            point: point.index,
            finished: of_point,
            failed: all.get(point.index).map_or(0, |all| all - of_point),
            metrics: columns.iter().filter_map(metric).collect(),
        }
    };
    plan.points().iter().map(summary).collect()
}
