//! What is measured of requests that are played, for the metrics that sample them.

use super::request_logs::EntryLog;
use crate::cluster::PodId;
use crate::network::requests::Requests;
use crate::units::{SimDuration, SimTime};
use crate::workload::request_samples::{Measure, RequestValues};
use std::collections::BTreeMap;

/// The requests of a run at an instant.
pub struct PlayedRequests<'a> {
    /// The requests that are played.
    pub requests: &'a Requests,
    /// The books of each traffic entry.
    pub logs: &'a [EntryLog],
    /// Now.
    pub now: SimTime,
}

impl RequestValues for PlayedRequests<'_> {
    fn of_entry(&self, entry: usize, measure: Measure) -> Option<f64> {
        match measure {
            Measure::Rate => self.requests.rate(entry),
            Measure::FailedRate => self.requests.failed_rate(entry),
            Measure::InFlight | Measure::QueueLength => Some(self.of_pods(entry, measure).values().sum()),
            Measure::Latency { quantile } => {
                self.logs.get(entry)?.recent_latency(quantile, self.now).map(SimDuration::as_secs_f64)
            }
        }
    }

    fn of_pods(&self, entry: usize, measure: Measure) -> BTreeMap<PodId, f64> {
        self.requests
            .loads_of_pods(entry)
            .filter_map(|(pod, load)| {
                let value = match measure {
                    Measure::Rate => load.rate,
                    Measure::InFlight => float(load.in_flight),
                    Measure::QueueLength => float(load.queued),
                    Measure::FailedRate | Measure::Latency { .. } => return None,
                };
                Some((pod, value))
            })
            .collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a pod has far fewer than 2^53 requests")]
fn float(count: usize) -> f64 {
    count as f64
}
