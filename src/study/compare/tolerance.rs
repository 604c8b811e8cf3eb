//! How much worse a metric may become.

use super::side::MetricKey;
use super::verdict::Verdict;
use crate::report::{Direction, direction, is_metric, suggest_metrics};
use crate::stats::Interval;
use std::str::FromStr;
use thiserror::Error;

/// A bound on how much worse a metric may become.
#[derive(Clone, Debug, PartialEq)]
pub struct Tolerance {
    /// The metric.
    pub key: MetricKey,
    /// By how much.
    pub limit: Limit,
}

/// How much a metric may get worse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// A share of its value in A.
    Share(f64),
    /// In the metric's unit.
    Absolute(f64),
}

/// How a tolerance came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToleranceState {
    /// The metric has got worse by no more.
    Kept,
    /// It has got worse by more.
    Exceeded,
    /// The mean has, but its interval reaches no difference: more runs are needed to tell.
    Undecided,
    /// The metric has no value, or an unknown one, on one side. That counts as exceeded: what is not measured must not pass.
    Unknown,
}

impl ToleranceState {
    /// Its words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Exceeded => "exceeded",
            Self::Undecided => "undecided",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the comparison fails by it.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Exceeded | Self::Unknown)
    }
}

/// A text is no tolerance.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct ToleranceError(String);

impl FromStr for Tolerance {
    type Err = ToleranceError;

    /// `METRIC=5%`, `METRIC=0.01`, and `METRIC@ENTRY=...` for a metric of a traffic entry.
    fn from_str(text: &str) -> Result<Self, ToleranceError> {
        let expected = "expected METRIC=5% or METRIC=VALUE in the metric's unit";
        let (name, bound) = text.rsplit_once('=').ok_or_else(|| ToleranceError(expected.to_owned()))?;
        let (metric, traffic) = name.split_once('@').map_or((name, None), |(metric, entry)| (metric, Some(entry)));
        let key = MetricKey::new(metric.trim(), traffic);
        if !is_metric(key.listed()) {
            let near = suggest_metrics(key.metric());
            let hint = if near.is_empty() { String::new() } else { format!(" (did you mean {}?)", near.join(", ")) };
            return Err(ToleranceError(format!("`{}` is no metric of summary.json{hint}", key.metric())));
        }
        let bound = bound.trim();
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
        let limit = match bound.strip_suffix('%') {
            Some(percent) => number(percent).map(|percent| Limit::Share(percent / 100.0)),
            None => number(bound).map(Limit::Absolute),
        };
        let limit = limit.ok_or_else(|| ToleranceError(format!("`{bound}` is no bound ({expected})")))?;
        Ok(Self { key, limit })
    }
}

impl Tolerance {
    /// How it came out for a metric with this value in A and this difference. Of a metric that is neither better nor worse
    /// with more, the difference counts in both directions.
    #[must_use]
    pub fn judge(&self, a: Option<f64>, difference: Option<&Interval>, verdict: Verdict) -> ToleranceState {
        let (Some(a), Some(difference)) = (a, difference) else { return ToleranceState::Unknown };
        let limit = match self.limit {
            Limit::Share(share) => share * a.abs(),
            Limit::Absolute(bound) => bound,
        };
        let worse_by = match direction(self.key.listed()) {
            Direction::Lower => difference.mean,
            Direction::Higher => -difference.mean,
            Direction::Neither => difference.mean.abs(),
        };
        match verdict {
            // A difference that is the limit but for the last bit is within it.
            _ if worse_by <= limit + 1e-9 * limit.abs().max(a.abs()) => ToleranceState::Kept,
            Verdict::NoEvidence => ToleranceState::Undecided,
            _ => ToleranceState::Exceeded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances_are_read_and_refused() {
        let read = |text: &str| {
            text.parse::<Tolerance>()
                .map(|one| (one.key.metric().to_owned(), one.key.traffic().map(str::to_owned), one.limit))
        };
        let entry = Some("deployment/shop/web".to_owned());
        let cases = [
            ("cost_dollars=5%", ("cost_dollars", None, Limit::Share(0.05))),
            ("cost_dollars=0.5", ("cost_dollars", None, Limit::Absolute(0.5))),
            (
                "request_latency_seconds_p99@deployment/shop/web=0",
                ("request_latency_seconds_p99", entry, Limit::Absolute(0.0)),
            ),
        ];
        for (text, (metric, traffic, limit)) in cases {
            assert_eq!(read(text), Ok((metric.to_owned(), traffic, limit)), "{text}");
        }
        for (text, part) in [
            ("cost_dollars", "expected METRIC=5%"),
            ("cost_dolars=5%", "did you mean cost_dollars"),
            ("cost_dollars=-1", "`-1` is no bound"),
            ("cost_dollars=five", "`five` is no bound"),
            ("throughput=1", "is no metric"),
        ] {
            let told = read(text).unwrap_err().to_string();
            assert!(told.contains(part), "{text}: {told}");
        }
    }

    #[test]
    fn worse_by_more_than_it_may() {
        let judge = |text: &str, a: f64, mean: f64, verdict| {
            let difference = Interval { mean, half_width: Some(0.0), count: 5 };
            text.parse::<Tolerance>().unwrap().judge(Some(a), Some(&difference), verdict)
        };
        use ToleranceState::{Exceeded, Kept, Undecided, Unknown};
        use Verdict::{Better, Changed, NoEvidence, Worse};
        let cases = [
            ("cost_dollars=5%", 100.0, 5.0, Worse, Kept, "as much as it may"),
            ("cost_dollars=5%", 100.0, 5.1, Worse, Exceeded, "more"),
            ("cost_dollars=5%", 100.0, 5.1, NoEvidence, Undecided, "more, or not at all"),
            ("cost_dollars=5%", 100.0, -50.0, Better, Kept, "less is better"),
            ("apdex_ratio=0.01", 0.9, -0.02, Worse, Exceeded, "more is better"),
            ("apdex_ratio=0.01", 0.9, 0.02, Better, Kept, "it got better"),
            ("node_count_max=1", 4.0, -2.0, Changed, Exceeded, "neither is better, and it moved"),
            ("requests_unserved_ratio=50%", 0.0, 0.001, Worse, Exceeded, "a share of nothing is nothing"),
        ];
        for (text, a, mean, verdict, expected, why) in cases {
            assert_eq!(judge(text, a, mean, verdict), expected, "{why}");
        }
        let tolerance: Tolerance = "cost_dollars=5%".parse().unwrap();
        assert_eq!(tolerance.judge(None, None, Verdict::Unknown), Unknown);
        assert!(Unknown.is_failure() && Exceeded.is_failure() && !Undecided.is_failure());
    }
}
