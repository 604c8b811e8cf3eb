//! What became of the requests of a traffic entry: counts by cause and latencies, in all and for each interval of the
//! timeline. Memory depends on the number of intervals, not on that of the requests.

use super::latencies::{Latencies, LatencyBucket, LatencyFigures};
use super::request_counts::{RequestCount, RequestCounts};
use super::request_windows::{RequestMinute, RequestWindow};
use super::service_level::ServiceLevel;
use crate::units::{Bytes, SimTime};
use smol_str::SmolStr;

/// What requests weigh on their way, and what that costs between zones; `None` of what is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Transfer {
    /// Bytes of a request.
    pub request_bytes: Option<Bytes>,
    /// Bytes of an answer.
    pub response_bytes: Option<Bytes>,
    /// Dollars for 10^9 bytes from one zone to another.
    pub dollars_per_gb: Option<f64>,
}

/// Whose requests a record is about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrafficIdentity {
    /// The entry's name.
    pub name: SmolStr,
    /// Namespace of its target.
    pub namespace: SmolStr,
    /// Kind and name of its target, as `Deployment/web`.
    pub target: SmolStr,
    /// What they and their answers weigh between zones.
    pub transfer: Transfer,
    /// Whether its requests come by an Ingress or a Gateway.
    pub is_behind_front: bool,
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

/// The attempts of a traffic entry that came to one Service and one revision of one workload behind it.
#[derive(Clone, Debug)]
pub struct BackendRecord {
    /// Namespace and name of the Service; empty of those that came to none.
    pub service: SmolStr,
    /// Kind and name of the workload; empty of those that found no pod.
    pub workload: SmolStr,
    /// The ReplicaSet of a Deployment's pods; empty of other workloads.
    pub revision: SmolStr,
    /// All of them.
    pub counts: RequestCounts,
    /// Latencies of those that were served.
    pub latencies: Latencies,
    /// The intervals of the timeline in which some ended.
    pub intervals: Vec<RequestInterval>,
}

impl BackendRecord {
    /// Whether a workload, named as `Deployment/web`, had them.
    #[must_use]
    pub fn is_of(&self, namespace: &str, workload: &str) -> bool {
        self.workload == workload && self.service.split_once('/').is_some_and(|(of, _)| of == namespace)
    }
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
    /// The same by who had them, where Services decide on that.
    pub backends: Vec<BackendRecord>,
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
            backends: Vec::new(),
            minutes: Vec::new(),
        }
    }

    /// Whether it is the entry of a workload, named as `Deployment/web`.
    #[must_use]
    pub fn is_of(&self, namespace: &str, workload: &str) -> bool {
        self.identity.namespace == namespace && self.identity.target == workload
    }

    /// The share of the attempts that left their zone among those of which that is known; `None` if it is of none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
    pub fn cross_zone_ratio(&self) -> Option<f64> {
        let [same, cross] = [RequestCount::SameZone, RequestCount::CrossZone].map(|count| self.counts.of(count));
        (same + cross > 0).then(|| cross as f64 / (same + cross) as f64)
    }

    /// Bytes that went from one zone to another: requests that another zone took, and its answers. `None` if not both sizes are
    /// known.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
    pub fn cross_zone_bytes(&self) -> Option<f64> {
        let Transfer { request_bytes, response_bytes, .. } = self.identity.transfer;
        let of = |count| self.counts.of(count) as f64;
        let asked = of(RequestCount::CrossZone) * request_bytes?.as_f64();
        Some(asked + of(RequestCount::CrossZoneAnswered) * response_bytes?.as_f64())
    }

    /// What they cost; `None` if they or the price are not known.
    #[must_use]
    pub fn cross_zone_dollars(&self) -> Option<f64> {
        Some(self.cross_zone_bytes()? / 1e9 * self.identity.transfer.dollars_per_gb?)
    }

    /// The share of a backend in the attempts that ended.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
    pub fn share_of(&self, backend: &BackendRecord) -> f64 {
        let attempts: u64 = self.backends.iter().map(|one| one.counts.of(RequestCount::Attempts)).sum();
        backend.counts.of(RequestCount::Attempts) as f64 / attempts.max(1) as f64
    }

    /// Share of the requests that ended which were good; `None` if none ended.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
    pub fn good_ratio(&self) -> Option<f64> {
        let ended = self.counts.ended();
        (ended > 0).then(|| self.counts.of(RequestCount::Good) as f64 / ended as f64)
    }
}
