//! What the metrics pipeline measures of pods.

use crate::autoscaler::hpa::controller::UsageSource;
use crate::autoscaler::metrics::ScrapeWindow;
use crate::cluster::PodId;
use crate::kubelet::controller::Kubelets;
use crate::units::{Bytes, SimDuration, SimTime};
use crate::workload::traffic::Traffic;

/// What pods use: their traffic, and their kubelet's word on when they started.
pub struct Usage<'a> {
    /// The traffic.
    pub traffic: &'a Traffic,
    /// The kubelets.
    pub kubelets: &'a Kubelets,
}

impl UsageSource for Usage<'_> {
    fn cpu_used(&self, pod: PodId, window: ScrapeWindow) -> SimDuration {
        // Millicore-nanoseconds to seconds of CPU time.
        let used = self.traffic.cpu_used(pod, window.previous, window.last).unwrap_or_default();
        SimDuration::from_secs_f64(used / 1e12)
    }

    fn memory(&self, pod: PodId, time: SimTime) -> Bytes {
        self.traffic.memory(pod, time).unwrap_or_default()
    }

    fn running_since(&self, pod: PodId) -> Option<SimTime> {
        self.kubelets.running_since(pod)
    }
}
