//! Does a run meet the scenario's objectives?

use super::Summary;
use super::requests::interval_value;
use crate::record::{Facts, TrafficRecord};
use serde::{Deserialize, Serialize};

/// Bounds on a metric, both inclusive.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Objective {
    /// Name of the metric, as in [`METRICS`](super::METRICS).
    pub metric: String,
    /// The traffic entry that it is about; `None` for the run as a whole.
    pub traffic: Option<String>,
    /// Share of the entry's intervals in which the bounds shall hold; `None` if they shall hold for the whole run.
    pub of_intervals: Option<f64>,
    /// The metric must be at least this.
    pub min: Option<f64>,
    /// The metric must be at most this.
    pub max: Option<f64>,
}

impl Objective {
    /// The metric and whose it is, as in a column of a sweep: `request_latency_seconds_p99_of_web`.
    #[must_use]
    pub fn column(&self) -> String {
        let entry = self.traffic.as_ref().map_or_else(String::new, |entry| {
            format!("_of_{}", entry.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', "_"))
        });
        let intervals = if self.of_intervals.is_some() { "_held_ratio" } else { "" };
        format!("{}{entry}{intervals}", self.metric)
    }

    fn holds(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// How it comes out with a value of the metric, or with the share of the intervals in which the bounds hold.
    #[must_use]
    pub fn verdict(&self, value: Option<f64>) -> Verdict {
        let is_met = |value| self.of_intervals.map_or_else(|| self.holds(value), |share| value >= share);
        match value {
            None => Verdict::NotMeasured,
            Some(value) if is_met(value) => Verdict::Met,
            Some(_) => Verdict::Missed,
        }
    }

    /// The share of an entry's intervals in which the bounds hold; `None` if the metric has a value in none.
    fn held_ratio(&self, record: &TrafficRecord) -> Option<f64> {
        let values = record.intervals.iter().filter_map(|interval| interval_value(interval, &self.metric));
        let (mut all, mut held) = (0_u32, 0_u32);
        for value in values {
            all += 1;
            held += u32::from(self.holds(value));
        }
        (all > 0).then(|| f64::from(held) / f64::from(all))
    }
}

/// How an objective came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The metric is within the bounds.
    Met,
    /// The metric is out of bounds.
    Missed,
    /// The run has no value for the metric. That counts as not met: an objective that nothing tests must not pass.
    NotMeasured,
    /// No request was sent to the traffic entry that the objective is about. That counts as not met, too.
    NotTested,
}

impl Verdict {
    /// Its words in files.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "missed",
            Self::NotMeasured => "not measured",
            Self::NotTested => "not tested",
        }
    }
}

/// An objective and how it came out.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectiveResult {
    /// The objective.
    pub objective: Objective,
    /// The metric's value, or the share of the intervals in which the bounds hold; absent if the run has none.
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

/// Holds each objective against what a run left, in order.
#[must_use]
pub fn check(facts: &Facts, summary: &Summary, objectives: &[Objective]) -> Vec<ObjectiveResult> {
    let result = |objective: &Objective| {
        let entry = objective.traffic.as_ref().map(|name| {
            let record = facts.traffic.iter().find(|record| record.identity.name == *name);
            (name, record)
        });
        let value = match (&entry, objective.of_intervals) {
            (Some((_, record)), Some(_)) => record.and_then(|record| objective.held_ratio(record)),
            (Some((name, _)), None) => summary.get_of_traffic(name, &objective.metric),
            (None, _) => summary.get(&objective.metric),
        };
        let is_untested = entry.is_some_and(|(_, record)| record.is_none_or(|record| record.counts.offered() == 0));
        let verdict = if is_untested { Verdict::NotTested } else { objective.verdict(value) };
        ObjectiveResult { objective: objective.clone(), value, verdict }
    };
    objectives.iter().map(result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Flow, RequestCount, RequestLog, TrafficIdentity};
    use crate::units::{SimDuration, SimTime};

    #[test]
    fn bounds_are_inclusive_and_absence_is_no_pass() {
        let cases = [
            (Some(5.0), Some(5.0), Some(5.0), None, Verdict::Met, "both ends are inside"),
            (Some(5.0), Some(5.1), None, None, Verdict::Missed, "below the minimum"),
            (Some(5.0), None, Some(4.9), None, Verdict::Missed, "above the maximum"),
            (Some(5.0), Some(f64::NAN), None, None, Verdict::Missed, "nothing is at least not-a-number"),
            (None, None, Some(60.0), None, Verdict::NotMeasured, "no fault struck"),
            (Some(0.95), None, Some(0.3), Some(0.95), Verdict::Met, "it holds in as many intervals as it shall"),
            (Some(0.94), None, Some(0.3), Some(0.95), Verdict::Missed, "in fewer"),
            (None, None, Some(0.3), Some(0.95), Verdict::NotMeasured, "in no interval was anybody served"),
        ];
        for (value, min, max, of_intervals, verdict, why) in cases {
            let objective = Objective { metric: "pods_created".to_owned(), min, max, of_intervals, traffic: None };
            assert_eq!(objective.verdict(value), verdict, "{why}");
        }
    }

    #[test]
    fn a_bound_is_held_against_each_interval_with_requests() {
        let mut log = RequestLog::new(TrafficIdentity::default(), SimDuration::from_secs(60));
        let mut flow = |until: i64, offered: f64, failed: f64| {
            let failed = [(RequestCount::Timeout, failed)];
            log.flow(SimTime::from_secs(until), &Flow { offered, failed: &failed, latencies: &[] });
        };
        flow(120, 10.0, 0.0);
        flow(300, 0.0, 0.0);
        flow(360, 10.0, 1.0);
        flow(420, 10.0, 5.0);
        let record = log.finish(SimTime::from_secs(420));
        let objective = |metric: &str, max| Objective {
            metric: metric.to_owned(),
            max: Some(max),
            of_intervals: Some(0.5),
            ..Objective::default()
        };
        assert_eq!(objective("requests_unserved_ratio", 0.1).held_ratio(&record), Some(0.75));
        assert_eq!(objective("requests_unserved_ratio", 0.0).held_ratio(&record), Some(0.5));
        assert_eq!(objective("request_latency_seconds_p99", 1.0).held_ratio(&record), None, "no latency is known");
        let named = Objective { traffic: Some("deployment/web".to_owned()), ..objective("apdex_ratio", 1.0) };
        assert_eq!(named.column(), "apdex_ratio_of_deployment_web_held_ratio");
    }
}
