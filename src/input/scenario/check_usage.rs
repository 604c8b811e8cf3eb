//! Rules for what pods use over time, and for the flags of the Vertical Pod Autoscaler that lives on it.

use super::check::Checker;
use super::usage::{Usage, UsageOverTime};
use super::vertical_pod_autoscaler::VerticalPodAutoscaler;
use crate::input::document::field_path::FieldPathBuf;

impl Checker<'_> {
    /// Usage over time.
    pub fn check_usage(&mut self, path: &FieldPathBuf, usage: &mut [Usage]) {
        for (index, entry) in usage.iter_mut().enumerate() {
            let path = path.index(index);
            let kind = entry.target.kind;
            let message = format!("a {} has no pods (expected a workload such as deployment/web)", kind.as_str());
            self.require(kind.is_workload(), path.key("target"), message);
            let is_empty = entry.cpu.is_none() && entry.memory.is_none();
            self.require(!is_empty, path.clone(), "uses nothing (expected `cpu`, `memory` or both)");
            for (name, amount) in [("cpu", &mut entry.cpu), ("memory", &mut entry.memory)] {
                if let Some(amount) = amount {
                    self.check_amount(&path.key(name), amount);
                }
            }
        }
    }

    fn check_amount(&mut self, path: &FieldPathBuf, amount: &mut UsageOverTime) {
        if let Some(series) = &mut amount.series {
            self.check_settled_rate(&path.key("series"), series);
        }
        if let Some(noise) = &mut amount.noise {
            let path = path.key("noise");
            self.check_distribution(&path.key("amount"), &mut noise.amount);
            let every = noise.every.get().as_nanos();
            self.require(every > 0, path.key("every"), "is zero (expected a time above zero)");
        }
        let spread = amount.spread;
        let message = format!("`{spread}` is out of range (expected 0 to 5)");
        self.require((0.0..=5.0).contains(&spread), path.key("spread"), message);
    }

    /// Flags of the Vertical Pod Autoscaler.
    pub fn check_vertical_pod_autoscaler(&mut self, path: &FieldPathBuf, vpa: &VerticalPodAutoscaler) {
        let (flags, path_of) = (&vpa.recommender, path.key("recommender"));
        let shares = [
            ("target-cpu-percentile", flags.target_cpu_percentile),
            ("recommendation-lower-bound-cpu-percentile", flags.recommendation_lower_bound_cpu_percentile),
            ("recommendation-upper-bound-cpu-percentile", flags.recommendation_upper_bound_cpu_percentile),
            ("target-memory-percentile", flags.target_memory_percentile),
            ("recommendation-lower-bound-memory-percentile", flags.recommendation_lower_bound_memory_percentile),
            ("recommendation-upper-bound-memory-percentile", flags.recommendation_upper_bound_memory_percentile),
        ];
        for (name, share) in shares {
            let message = format!("`{share}` is not a share (expected 0 to 1)");
            self.require((0.0..=1.0).contains(&share), path_of.key(name), message);
        }
        let spans = [
            ("recommender-interval", flags.recommender_interval),
            ("confidence-interval-cpu", flags.confidence_interval_cpu),
            ("confidence-interval-memory", flags.confidence_interval_memory),
            ("cpu-histogram-decay-half-life", flags.cpu_histogram_decay_half_life),
            ("memory-histogram-decay-half-life", flags.memory_histogram_decay_half_life),
            ("memory-aggregation-interval", flags.memory_aggregation_interval),
        ];
        for (name, span) in spans {
            self.require(span.get().as_nanos() > 0, path_of.key(name), "is zero (expected a time above zero)");
        }
        let amounts = [
            ("recommendation-margin-fraction", flags.recommendation_margin_fraction),
            ("pod-recommendation-min-cpu-millicores", flags.pod_recommendation_min_cpu_millicores),
            ("pod-recommendation-min-memory-mb", flags.pod_recommendation_min_memory_mb),
            ("oom-bump-up-ratio", flags.oom_bump_up_ratio),
            ("oom-min-bump-up-bytes", flags.oom_min_bump_up_bytes),
        ];
        for (name, amount) in amounts {
            self.require_not_negative(path_of.key(name), amount);
        }
        let (flags, path) = (&vpa.updater, path.key("updater"));
        let is_positive = flags.updater_interval.get().as_nanos() > 0;
        self.require(is_positive, path.key("updater-interval"), "is zero (expected a time above zero)");
        let tolerance = flags.eviction_tolerance;
        let message = format!("`{tolerance}` is not a share (expected 0 to 1)");
        self.require((0.0..=1.0).contains(&tolerance), path.key("eviction-tolerance"), message);
        self.require_not_negative(path.key("pod-update-threshold"), flags.pod_update_threshold);
    }
}
