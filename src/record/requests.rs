//! What became of the requests of a traffic entry: counts by cause and latencies, in all and for each interval of the
//! timeline. Memory depends on the number of intervals, not on that of the requests.

use super::latencies::{Latencies, LatencyBucket, LatencyFigures};
use super::request_counts::{RequestCount, RequestCounts};
use super::request_windows::{RequestMinute, RequestWindow};
use super::service_level::ServiceLevel;
use crate::units::SimTime;
use smol_str::SmolStr;

/// Whose requests a record is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficIdentity {
    /// The entry's name.
    pub name: SmolStr,
    /// Namespace of its target.
    pub namespace: SmolStr,
    /// Kind and name of its target, as `Deployment/web`.
    pub target: SmolStr,
    /// Whether it is a fluid, whose latencies come from formulas.
    pub is_fluid: bool,
    /// Whether it has users of its own; one that has not is only called by other entries.
    pub has_senders: bool,
    /// What it promises.
    pub service_level: ServiceLevel,
}

/// What became of the requests that ended in an interval of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestInterval {
    /// Its start.
    pub start: SimTime,
    /// Its end: that of the last one is that of the run.
    pub end: SimTime,
    /// Requests sent in it, and those that ended in it.
    pub counts: RequestCounts,
    /// Latencies of those that were served in it; `None` if none was, or they are not known.
    pub latency: Option<LatencyFigures>,
    /// The same latencies by buckets.
    pub buckets: Box<[LatencyBucket]>,
}

/// The requests of a traffic entry.
#[derive(Clone, Debug)]
pub struct TrafficRecord {
    /// Whose requests.
    pub identity: TrafficIdentity,
    /// All requests.
    pub counts: RequestCounts,
    /// Latencies of all that were served.
    pub latencies: Latencies,
    /// The intervals of the timeline in which requests were sent or ended.
    pub intervals: Vec<RequestInterval>,
    /// The windows of ten seconds in which a request was bad.
    pub windows: Vec<RequestWindow>,
    /// The minutes in which requests ended whose latencies are known, or that failed.
    pub minutes: Vec<RequestMinute>,
}

impl TrafficRecord {
    /// A record without a request.
    pub(super) fn new(identity: TrafficIdentity) -> Self {
        Self {
            identity,
            counts: RequestCounts::default(),
            latencies: Latencies::default(),
            intervals: Vec::new(),
            windows: Vec::new(),
            minutes: Vec::new(),
        }
    }

    /// Whether it is the entry of a workload, named as `Deployment/web`.
    #[must_use]
    pub fn is_of(&self, namespace: &str, workload: &str) -> bool {
        self.identity.namespace == namespace && self.identity.target == workload
    }

    /// Share of the requests that ended which were good; `None` if none ended.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
    pub fn good_ratio(&self) -> Option<f64> {
        let ended = self.counts.ended();
        (ended > 0).then(|| self.counts.of(RequestCount::Good) as f64 / ended as f64)
    }
}
