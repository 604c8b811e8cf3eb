//! What the metrics pipeline measures of pods.

use crate::autoscaler::hpa::controller::UsageSource;
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
    fn cpu_times(&self, pod: PodId, times: [SimTime; 2]) -> [SimDuration; 2] {
        // Millicore-nanoseconds to nanoseconds of CPU time.
        let nanos = self.traffic.cpu_times(pod, times).unwrap_or_default().map(|amount| amount / 1000.0);
        nanos.map(|amount| SimDuration::from_secs_f64(amount / 1e9))
    }

    fn memory(&self, pod: PodId, time: SimTime) -> Bytes {
        self.traffic.memory(pod, time).unwrap_or_default()
    }

    fn running_since(&self, pod: PodId) -> Option<SimTime> {
        self.kubelets.running_since(pod)
    }
}
