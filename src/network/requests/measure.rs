//! What is measured of the requests: the load on each workload since the last time, and what pods use.

use super::super::calls::CallCounts;
use super::super::measured::{MeasuredLoad, Measurement};
use super::super::service::Service;
use super::{Entry, Requests, Server};
use crate::cluster::{Cluster, NodeId, PodId};
use crate::input::scenario;
use crate::units::{Bytes, SimDuration, SimTime};
use std::collections::BTreeMap;

impl Requests {
    /// When the load was measured last, if any entry is played request by request.
    pub fn last_measured(&self) -> Option<SimTime> {
        (!self.entries.is_empty()).then_some(self.measured)
    }

    /// Measures the load since the last time.
    pub(super) fn measure(&mut self, cluster: &Cluster, now: SimTime) {
        let span = (now - self.measured).as_secs_f64();
        if span <= 0.0 {
            return;
        }
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let service = self.graph.service_mut(index);
            let (sent, failed) = service.take_counts();
            entry.rate = float(sent) / span;
            let visits = service.take_visits();
            let of_backend = |index: usize| match visits.get(index) {
                // What comes to an entry of one workload is all meant for that.
                _ if entry.backends.len() == 1 => [sent, failed],
                Some(visits) => *visits,
                None => [0, 0],
            };
            let load = |index| {
                let [sent, failed] = of_backend(index);
                MeasuredLoad { rate: float(sent) / span, failed: float(failed) / span, ..MeasuredLoad::default() }
            };
            let mut loads: Vec<MeasuredLoad> = (0..entry.backends.len()).map(load).collect();
            for pod in &entry.pods {
                let Some(server) = self.pods.get_mut(pod.index()).and_then(Option::as_deref_mut) else { continue };
                let (Some(endpoint), Some(load)) = (server.endpoint, loads.get_mut(server.backend)) else { continue };
                let used = service.used(endpoint, now);
                let unloaded = unloaded(entry.idle, entry.until_ready, server, self.measured, now);
                load.cpu += (used - server.used + unloaded) / (span * 1e9) * 1000.0;
                server.used = used;
                server.rate = float(service.take_taken(endpoint)) / span;
                load.memory += entry.memory(server, service);
            }
            entry.note_memories(service, &self.pods, cluster);
            for (backend, load) in entry.backends.iter_mut().zip(loads) {
                if backend.workload.is_none() {
                    // No pod was seen yet.
                    let scenario::Target { kind, namespace, name } = &backend.target;
                    backend.workload = cluster.find_workload(kind.as_str(), namespace, name);
                }
                if let Some(workload) = backend.workload
                    && load != backend.load
                {
                    self.measurements.push(Measurement { workload, since: self.measured, before: backend.load, load });
                }
                backend.load = load;
            }
        }
        self.measured = now;
    }

    /// Measurements since the last call, of loads that are not as before.
    pub fn take_measurements(&mut self) -> std::vec::Drain<'_, Measurement> {
        self.measurements.drain(..)
    }

    pub(super) fn server(&self, pod: PodId) -> Option<(&Entry, &Server)> {
        let server = self.pods.get(pod.index())?.as_deref()?;
        Some((self.entries.get(server.entry)?, server))
    }

    /// Requests per second that were sent of late, of a traffic entry by its index in the scenario; `None` of one that is a
    /// fluid.
    pub fn rate(&self, traffic: usize) -> Option<f64> {
        self.entries.iter().find(|entry| entry.traffic == traffic).map(|entry| entry.rate)
    }

    /// Requests per second that a pod got of late; `None` of a pod without requests.
    pub fn rate_of(&self, pod: PodId) -> Option<f64> {
        self.server(pod).map(|(_, server)| server.rate)
    }

    /// The index of the container that uses what a pod uses; `None` for pods without requests.
    pub fn loaded_container(&self, pod: PodId) -> Option<usize> {
        self.server(pod).map(|(_, server)| server.container)
    }

    /// CPU time that a pod has used between two times of the recent past, in nanoseconds; `None` for pods without requests.
    pub fn cpu_used(&self, pod: PodId, from: SimTime, to: SimTime) -> Option<f64> {
        let (entry, server) = self.server(pod)?;
        let by_requests =
            server.endpoint.map_or(0.0, |endpoint| self.graph.service(server.entry).used_between(endpoint, from, to));
        Some(by_requests + entry.unloaded(server, from, to))
    }

    /// Memory that a pod uses; `None` for pods without requests.
    pub fn memory(&self, pod: PodId) -> Option<Bytes> {
        let (entry, server) = self.server(pod)?;
        let bytes = entry.memory(server, self.graph.service(server.entry));
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        Some(Bytes::new(bytes.round() as i64))
    }

    /// The calls so far: indexes of the calling and the called entry in the scenario, whether users call, and the counts.
    pub fn calls(&self) -> impl Iterator<Item = (usize, usize, bool, CallCounts)> {
        let index = |entry: usize| self.entries[entry].traffic;
        self.graph.sites().iter().map(move |site| (index(site.caller), index(site.callee), site.by_user, site.counts))
    }

    /// What pods have used on each node by `end`, in millicore-nanoseconds.
    pub fn usage_by_node(&mut self, end: SimTime) -> BTreeMap<NodeId, i128> {
        let mut used = self.used_before.clone();
        for server in self.pods.iter().flatten() {
            let Some(node) = server.node else { continue };
            let entry = &self.entries[server.entry];
            let service = self.graph.service_mut(server.entry);
            let served = server.endpoint.map_or(0.0, |endpoint| service.used(endpoint, end));
            *used.entry(node).or_default() += served + entry.unloaded(server, server.running, end);
        }
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        used.into_iter().map(|(node, nanos)| (node, (nanos * 1000.0).round() as i128)).collect()
    }
}

impl Entry {
    /// Bytes that a pod uses now.
    pub(super) fn memory(&self, server: &Server, service: &Service) -> f64 {
        let used = self.memory_per_pod + self.memory_per_request * server.rate;
        server.endpoint.map_or(0.0, |endpoint| used + service.memory(endpoint))
    }

    pub(super) fn unloaded(&self, server: &Server, from: SimTime, to: SimTime) -> f64 {
        unloaded(self.idle, self.until_ready, server, from, to)
    }
}

/// What a pod uses without requests between two instants, in CPU nanoseconds.
fn unloaded(idle: f64, until_ready: f64, server: &Server, from: SimTime, to: SimTime) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits of nanoseconds are 104 days to the nanosecond")]
    let nanos = |span: SimDuration| span.max_zero().as_nanos() as f64;
    let (from, to) = (from.max(server.running), server.ended.map_or(to, |ended| ended.min(to)));
    let ready = server.first_served.map_or(to, |ready| ready.min(to)).max(from);
    nanos(ready - from) * until_ready.min(server.limit) + nanos(to - ready) * idle.min(server.limit)
}

/// A count as a float.
#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds are far below 2^53")]
fn float(count: u64) -> f64 {
    count as f64
}
