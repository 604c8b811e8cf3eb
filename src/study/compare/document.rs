//! A comparison as one JSON document with everything in it.

use super::comparison::{Comparison, PointComparison};
use super::headline;
use super::pair::{MetricRow, ObjectiveRow};
use super::side::Side;
use crate::report::RunDifference;
use serde_json::{Value, json};

/// Version of the form. It grows when a field changes its meaning or goes; new ones leave it.
const FORMAT_VERSION: u32 = 1;

/// The document.
#[must_use]
pub fn json(comparison: &Comparison) -> String {
    let document = json!({
        "format_version": FORMAT_VERSION,
        "sides": comparison.sides.iter().map(side).collect::<Vec<_>>(),
        "comparisons": comparison.points.iter().map(|point| of_point(comparison, point)).collect::<Vec<_>>(),
        "warnings": comparison.warnings,
    });
    format!("{document:#}\n")
}

fn side(side: &Side) -> Value {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let runs = side.points.iter().map(|point| point.runs.len()).sum::<usize>();
    json!({
        "label": side.label,
        "given": side.given,
        "kind": side.kind.word(),
        "scenario": known(&side.scenario),
        "seconds": side.seconds,
        "start_time": side.start_time,
        "kubernetes_version": known(&side.kubernetes_version),
        "wavetank_version": known(&side.wavetank_version),
        "points": side.points.len(),
        "runs": runs,
    })
}

fn of_point(comparison: &Comparison, point: &PointComparison) -> Value {
    json!({
        "side": comparison.sides.get(point.side).map(|side| side.label.as_str()),
        "point": point.point,
        "summary": headline::of_point(point),
        "is_paired": !point.pair.seeds.is_empty(),
        "seeds": point.pair.seeds,
        "runs": point.pair.runs,
        "objectives": point.pair.objectives.iter().map(objective).collect::<Vec<_>>(),
        "metrics": point.pair.metrics.iter().map(metric).collect::<Vec<_>>(),
        "course": point.difference.as_ref().map(|(seed, found)| course(*seed, found)),
    })
}

fn metric(row: &MetricRow) -> Value {
    let bounds = row.difference.filter(|found| found.half_width.is_some()).map(|found| found.bounds());
    json!({
        "metric": row.key.metric(),
        "traffic": row.key.traffic(),
        "unit": row.unit().map(crate::report::Unit::name),
        "a": row.values[0],
        "b": row.values[1],
        "difference": row.difference.map(|found| found.mean),
        "ci95_low": bounds.map(|ends| ends.0),
        "ci95_high": bounds.map(|ends| ends.1),
        "pairs": row.difference.map(|found| found.count),
        "change_ratio": row.change(),
        "verdict": row.verdict.words(),
        "tolerance": row.tolerance.map(super::tolerance::ToleranceState::words),
        "is_of_unknown_price": row.is_of_unknown_price.contains(&true),
    })
}

fn objective(row: &ObjectiveRow) -> Value {
    let objective = &row.objective;
    let met = row.met.map(|(met, runs)| json!({"met": met, "runs": runs}));
    json!({
        "metric": objective.metric,
        "traffic": objective.traffic,
        "of_intervals": objective.of_intervals,
        "min": objective.min,
        "max": objective.max,
        "a": met[0],
        "b": met[1],
        "verdict": row.verdict.words(),
    })
}

fn course(seed: u64, found: &RunDifference) -> Value {
    let (pods, timeline) = (&found.pods, &found.timeline);
    let moved: Vec<Value> =
        pods.moved.iter().map(|pod| json!({"pod": pod.pod, "nodes": pod.nodes, "bound_seconds": pod.bound})).collect();
    let only = pods.only_examples.each_ref().map(|pods| {
        let pods = pods.iter().map(|pod| json!({"pod": pod.pod, "created_seconds": pod.created}));
        pods.collect::<Vec<Value>>()
    });
    json!({
        "seed": seed,
        "pods": {
            "shared": pods.shared,
            "on_another_node": pods.on_another_node,
            "at_another_time": pods.at_another_time,
            "only_a": pods.only[0],
            "only_b": pods.only[1],
            "moved": moved,
            "only_a_examples": only[0],
            "only_b_examples": only[1],
        },
        "timeline": {
            "part_seconds": timeline.parting.as_ref().map(|parting| parting.seconds),
            "part_file": timeline.parting.as_ref().map(|parting| parting.file.as_str()),
            "part_rows": timeline.parting.as_ref().map(|parting| &parting.rows),
            "intervals": timeline.intervals,
            "intervals_differing": timeline.differing,
            "first_interval_seconds": timeline.first_interval.as_ref().map(|found| found.seconds),
        },
    })
}
