//! The settings of the controllers.

use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::job::rules::JobRules;
use crate::controllers::node_lifecycle::zones::EvictionConfig;
use crate::controllers::stateful_set::rules::StatefulSetRules;
use crate::engine::{Latency, LatencyDistribution, RandomStreams};
use crate::units::{SimDuration, SimTime};
use jiff::Timestamp;

/// Settings of the controllers.
#[derive(Clone, Copy, Debug)]
pub struct ControllerSettings {
    /// The random numbers of the run.
    pub streams: RandomStreams,
    /// When the controllers began to work: the periodic loops of the controller manager all make their first pass then.
    pub started: SimTime,
    /// From a change to the write that answers it.
    pub controller_sync: LatencyDistribution,
    /// From a change of a Deployment to the write of its ReplicaSets.
    pub deployment_sync: LatencyDistribution,
    /// From one write of a Deployment's, StatefulSet's or Job's sync to its next one.
    pub next_write: LatencyDistribution,
    /// From a change that concerns a ResourceQuota to the write of its status.
    pub resource_quota_sync: LatencyDistribution,
    /// Whether anybody reads the EndpointSlices of single Services: they are written only then.
    pub endpoint_slices: bool,
    /// From a pod's readiness to its endpoint being ready.
    pub endpoint_ready: LatencyDistribution,
    /// From a pod's deletion to its endpoint being not ready.
    pub endpoint_removal: LatencyDistribution,
    /// Not `--disable-force-detach-on-timeout`.
    pub force_detach_on_timeout: bool,
    /// Time in which a controller's client may send one more request.
    pub client_interval: SimDuration,
    /// Requests that a controller's client may send at once.
    pub client_burst: u32,
    /// `--node-monitor-period`.
    pub node_monitor_period: SimDuration,
    /// `--node-monitor-grace-period`.
    pub node_monitor_grace_period: SimDuration,
    /// Time between two renewals of a node's lease.
    pub lease_renewal_period: SimDuration,
    /// Rates of `NoExecute` taints.
    pub eviction: EvictionConfig,
    /// Time between two passes of the pod garbage collector.
    pub pod_gc_period: SimDuration,
    /// The calendar time of simulated time zero.
    pub calendar_start: Timestamp,
    /// What of the Job controller the release decides.
    pub job: JobRules,
    /// What of the StatefulSet controller the release decides.
    pub stateful_set: StatefulSetRules,
    /// `--terminated-pod-gc-threshold`: finished pods that may exist; 0 is without a limit.
    pub terminated_pod_gc_threshold: i32,
}

impl ControllerSettings {
    /// The usual latency of the controller of this name, from a change to the write that answers it.
    pub fn sync_latency(&self, controller: &str) -> Latency {
        Latency::new(self.controller_sync, self.streams, &format!("latency/{controller}"))
    }

    /// An unused client.
    pub fn client(&self) -> TokenBucket {
        TokenBucket::new(self.client_interval, self.client_burst)
    }
}
