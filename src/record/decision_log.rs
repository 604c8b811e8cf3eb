//! Which decisions of the HorizontalPodAutoscalers are kept: those that differ, so that the records grow with what is
//! decided and not with the number of syncs.

use super::autoscaling::{AutoscalingRecord, DecisionCounts};
use crate::units::{SimDuration, SimTime};

/// One HorizontalPodAutoscaler's part in the log.
#[derive(Clone, Debug, Default)]
struct Entry {
    counts: DecisionCounts,
    /// Index of its last kept decision.
    kept: usize,
    /// Its last decision.
    last: Option<AutoscalingRecord>,
}

/// Collects decisions. Kept is each decision that differs from the one before in what is wanted or why. While only the
/// numbers behind it move, the last decision in each interval of the timeline is kept, if its numbers are new.
#[derive(Clone, Debug)]
pub struct DecisionLog {
    interval: SimDuration,
    entries: Vec<Entry>,
    kept: Vec<AutoscalingRecord>,
}

impl DecisionLog {
    /// A log of a run whose timeline has rows of `interval`.
    #[must_use]
    pub const fn new(interval: SimDuration) -> Self {
        Self { interval, entries: Vec::new(), kept: Vec::new() }
    }

    /// Adds a decision of the HorizontalPodAutoscaler of this number. Times must not decrease.
    pub fn add(&mut self, autoscaler: usize, decision: AutoscalingRecord) {
        if self.entries.len() <= autoscaler {
            self.entries.resize_with(autoscaler + 1, Entry::default);
        }
        let Some(entry) = self.entries.get_mut(autoscaler) else { return };
        entry.counts.add(&decision);
        let Some(last) = &mut entry.last else {
            entry.kept = self.kept.len();
            self.kept.push(decision.clone());
            entry.last = Some(decision);
            return;
        };
        if !decision.decides_as(last) {
            keep_if_new(&mut self.kept, &mut entry.kept, last, self.interval, decision.at);
            entry.kept = self.kept.len();
            self.kept.push(decision.clone());
        } else if interval_of(decision.at, self.interval) != interval_of(last.at, self.interval) {
            keep_if_new(&mut self.kept, &mut entry.kept, last, self.interval, decision.at);
        }
        *last = decision;
    }

    /// The kept decisions in order of time, and for each HorizontalPodAutoscaler its counts and its last decision.
    #[must_use]
    pub fn finish(mut self) -> (Vec<AutoscalingRecord>, Vec<(DecisionCounts, Option<AutoscalingRecord>)>) {
        for entry in &mut self.entries {
            if let Some(last) = &entry.last {
                keep_if_new(&mut self.kept, &mut entry.kept, last, self.interval, SimTime::MAX);
            }
        }
        // The last decision of an interval is kept when the next one comes.
        self.kept.sort_by_key(|decision| decision.at);
        (self.kept, self.entries.into_iter().map(|entry| (entry.counts, entry.last)).collect())
    }
}

/// Keeps the last decision of an interval that is over at `now`, if its numbers are not those of the last kept one.
fn keep_if_new(
    all: &mut Vec<AutoscalingRecord>,
    kept: &mut usize,
    last: &AutoscalingRecord,
    interval: SimDuration,
    now: SimTime,
) {
    let is_over = interval_of(last.at, interval) != interval_of(now, interval);
    if is_over && all.get(*kept).is_none_or(|kept| !last.has_values_of(kept)) {
        *kept = all.len();
        all.push(last.clone());
    }
}

/// The number of the interval that an instant is in.
fn interval_of(at: SimTime, interval: SimDuration) -> i64 {
    at.as_nanos().div_euclid(interval.as_nanos().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::MetricRecord;
    use smallvec::smallvec;
    use std::sync::Arc;

    /// A decision each 15 s: utilization, replicas before and after, and the reason of AbleToScale.
    fn decision(sync: i64, utilization: f64, before: i32, after: i32, reason: &'static str) -> AutoscalingRecord {
        AutoscalingRecord {
            at: SimTime::from_secs(sync * 15),
            autoscaler: Arc::default(),
            current_replicas: before,
            ready_pods: 3,
            metrics: smallvec![MetricRecord { current: Some(utilization), proposal: Some(after) }],
            proposed_replicas: Some(after),
            desired_replicas: after,
            able_to_scale_reason: reason,
            scaling_active_reason: "ValidMetricFound",
            scaling_limited_reason: "DesiredWithinRange",
        }
    }

    /// The seconds of the kept decisions of one object.
    fn kept(interval: i64, decisions: Vec<AutoscalingRecord>) -> Vec<i64> {
        let mut log = DecisionLog::new(SimDuration::from_secs(interval));
        let all = decisions.len();
        for decision in decisions {
            log.add(0, decision);
        }
        let (kept, autoscalers) = log.finish();
        assert_eq!(autoscalers[0].0.all, all);
        kept.iter().map(|decision| decision.at.as_nanos() / 1_000_000_000).collect()
    }

    #[test]
    fn a_decision_is_kept_where_it_differs() {
        let (ready, scaled, held) = ("ReadyForNewScale", "SucceededRescale", "ScaleDownStabilized");
        let quiet = |sync| decision(sync, 60.0, 3, 3, ready);
        let rising = |sync: i64| decision(sync, f64::from(i32::try_from(sync).unwrap()), 3, 3, ready);
        let cases = [
            ((0..1000).map(quiet).collect(), vec![0], "nothing changes"),
            (
                (0..9).map(|sync| if sync < 4 { quiet(sync) } else { decision(sync, 60.0, 3, 3, held) }).collect(),
                vec![0, 60],
                "a reason changes",
            ),
            (
                vec![quiet(0), decision(1, 90.0, 3, 5, scaled), decision(2, 60.0, 5, 5, ready), quiet(3)],
                vec![0, 15, 30, 45],
                "replicas change, and the reason with them",
            ),
            (
                vec![decision(0, 90.0, 3, 5, scaled), decision(1, 90.0, 3, 5, scaled)],
                vec![0, 15],
                "somebody else scales it back each time",
            ),
            ((0..12).map(rising).collect(), vec![0, 45, 105, 165], "numbers: the last of each minute"),
            (
                vec![quiet(0), rising(1), quiet(2), quiet(3), quiet(4)],
                vec![0],
                "numbers that are back by the end of the interval",
            ),
            (vec![quiet(0), rising(1), quiet(40)], vec![0, 15, 600], "the last before a sleep"),
            (vec![quiet(0), rising(5)], vec![0, 75], "the last of all"),
            (
                vec![quiet(0), rising(1), rising(2), decision(3, 90.0, 3, 5, scaled)],
                vec![0, 45],
                "numbers on the way to another decision in the same interval",
            ),
        ];
        for (decisions, expected, why) in cases {
            assert_eq!(kept(60, decisions), expected, "{why}");
        }
    }

    #[test]
    fn a_month_of_moving_numbers_keeps_one_decision_for_each_interval() {
        let month = 30 * 86_400;
        let moving = |sync: i64| decision(sync, f64::from(i32::try_from(sync % 7).unwrap()), 3, 3, "ReadyForNewScale");
        let kept = kept(2592, (0..month / 15).map(moving).collect());
        assert!((990..=1001).contains(&kept.len()), "{}", kept.len());
    }

    #[test]
    fn decisions_of_several_objects_are_in_order_of_time() {
        let mut log = DecisionLog::new(SimDuration::from_secs(60));
        for sync in 0..40 {
            for object in 0..3 {
                log.add(object, decision(sync, f64::from(i32::try_from(sync).unwrap()), 3, 3, "ReadyForNewScale"));
            }
        }
        let (kept, autoscalers) = log.finish();
        assert!(kept.is_sorted_by_key(|decision| decision.at));
        assert_eq!(autoscalers.len(), 3);
        assert_eq!(kept.len(), 3 * 11);
    }
}
