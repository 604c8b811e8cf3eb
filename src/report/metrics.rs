//! The metrics of a summary by name.

use super::metric::Metric;
use super::metric_list::METRICS;
use super::request_metrics;

const RESOURCE: &str = "<resource>";

/// The form of an extended resource's name in metrics and columns: `nvidia.com/gpu` is `nvidia_com_gpu`.
#[must_use]
pub fn resource_name(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}

/// The metric of a name, extended resources included; `None` if no summary ever holds it. A name that differs from a
/// listed one by a slip of the pen is not taken for an extended resource.
#[must_use]
pub fn find_metric(name: &str) -> Option<&'static Metric> {
    if let Some(metric) = METRICS.iter().find(|metric| metric.name == name && !metric.name.starts_with(RESOURCE)) {
        return Some(metric);
    }
    let metric = METRICS.iter().find(|metric| {
        metric.name.strip_prefix(RESOURCE).and_then(|suffix| name.strip_suffix(suffix)).is_some_and(|resource| {
            // The name of an extended resource has a domain, so its form here has an underscore.
            resource.contains('_') && resource_name(resource) == resource
        })
    })?;
    let slip = METRICS.iter().any(|metric| distance(metric.name, name) <= 2);
    (!slip).then_some(metric)
}

/// Whether a summary can hold a metric of this name.
#[must_use]
pub fn is_metric(name: &str) -> bool {
    find_metric(name).is_some()
}

/// Whether it is a metric of requests, which each traffic entry has as well.
#[must_use]
pub fn is_request_metric(name: &str) -> bool {
    let mut metrics = request_metrics::COUNTS.iter().chain(request_metrics::FIGURES);
    matches!(name, "requests_total" | "requests_unserved_ratio") || metrics.any(|metric| metric.name == name)
}

/// The listed names nearest to one that is none, best first, at most three; empty if nothing is near.
#[must_use]
pub fn suggest_metrics(name: &str) -> Vec<&'static str> {
    let near = |metric: &Metric| {
        let edits = distance(metric.name, name);
        let shares_words = !name.is_empty() && (metric.name.starts_with(name) || metric.name.contains(name));
        (edits <= 2.max(name.len() / 4) || shares_words).then_some((edits, metric.name))
    };
    let mut candidates: Vec<(usize, &'static str)> = METRICS.iter().filter_map(near).collect();
    candidates.sort_by_key(|(edits, _)| *edits);
    candidates.into_iter().take(3).map(|(_, name)| name).collect()
}

/// Levenshtein's distance in bytes.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (deleted, left) in one.bytes().enumerate() {
        let mut diagonal = deleted;
        let mut before = deleted + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (right, cell) in other.bytes().zip(row.iter_mut().skip(1)) {
            let changed = diagonal + usize::from(left != right);
            diagonal = *cell;
            before = changed.min(before + 1).min(*cell + 1);
            *cell = before;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::metric::Unit;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_carry_their_unit() {
        let names: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for metric in METRICS {
            let mark = match metric.unit {
                Unit::Seconds => "seconds",
                Unit::NodeHours => "hours",
                Unit::Cores => "cores",
                Unit::Ratio => "ratio",
                Unit::Dollars | Unit::DollarsPerHour => "dollars",
                Unit::ReplicaSeconds => "replica_seconds",
                Unit::PerDay => "per_day",
                Unit::BurnRate => "burn_rate",
                Unit::Mean => "mean",
                Unit::Count => "",
            };
            assert!(metric.name.contains(mark), "{}", metric.name);
        }
    }

    #[test]
    fn knows_metrics_and_suggests_near_ones() {
        let cases: [(&str, bool, &[&str], &str); 7] = [
            ("pod_pending_seconds_p99", true, &["pod_pending_seconds_p99"], "listed"),
            ("nvidia_com_gpu_requested_ratio_mean", true, &[], "extended resource"),
            ("nod_cpu_requested_ratio_mean", false, &["node_cpu_requested_ratio_mean"], "a slip is no resource"),
            ("<resource>_requested_ratio_mean", false, &["<resource>_requested_ratio_mean"], "the pattern is no name"),
            ("pod_pending_second_p99", false, &["pod_pending_seconds_p99"], "one letter missing"),
            ("recovery_seconds", false, &["recovery_seconds_max", "recovery_seconds_mean"], "aggregation missing"),
            ("throughput", false, &[], "nothing near"),
        ];
        for (name, known, suggested, why) in cases {
            assert_eq!(is_metric(name), known, "{name}: {why}");
            let suggestions = suggest_metrics(name);
            assert!(suggested.iter().all(|one| suggestions.contains(one)), "{name}: {why}: {suggestions:?}");
        }
        assert_eq!(suggest_metrics("throughput"), Vec::<&str>::new());
    }

    #[test]
    fn distances_by_hand() {
        for (one, other, edits) in [("", "abc", 3), ("kitten", "sitting", 3), ("pods", "pods", 0), ("ab", "ba", 2)] {
            assert_eq!(distance(one, other), edits, "{one} {other}");
        }
    }
}
