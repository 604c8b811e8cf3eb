//! What single pods have of the requests of a traffic entry, for whoever measures them.

use super::{Entry, Requests};
use crate::cluster::PodId;

/// The requests of a pod.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PodRequests {
    /// Requests per second that it got of late.
    pub rate: f64,
    /// Requests that it has.
    pub in_flight: usize,
    /// Of these, those that wait for a worker.
    pub queued: usize,
}

impl Entry {
    /// Requests per second that failed of late, at whichever backend.
    fn failed_rate(&self) -> f64 {
        self.backends.iter().map(|backend| backend.load.failed).sum()
    }
}

impl Requests {
    /// Requests per second that failed of late, of a traffic entry by its index in the scenario; `None` of a fluid.
    pub fn failed_rate(&self, traffic: usize) -> Option<f64> {
        self.entries.iter().find(|entry| entry.traffic == traffic).map(Entry::failed_rate)
    }

    /// The running pods of a traffic entry with their requests.
    pub fn loads_of_pods(&self, traffic: usize) -> impl Iterator<Item = (PodId, PodRequests)> + '_ {
        let entries = self.entries.iter().filter(move |entry| entry.traffic == traffic);
        entries.flat_map(|entry| &entry.pods).filter_map(|pod| {
            let (_, server) = self.server(*pod)?;
            let (in_flight, queued) = self.graph.service(server.entry).in_flight(server.endpoint?);
            Some((*pod, PodRequests { rate: server.rate, in_flight, queued }))
        })
    }
}
