//! Delays, rate limits and periods of the control plane, with the defaults of Kubernetes 1.36 or as measured there.

use super::delay::Delay;
use super::leaf::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Delays, rate limits and periods of the control plane.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ControlPlane {
    /// Delays between components.
    pub latency: Latency,
    /// kube-controller-manager.
    pub controller_manager: ControllerManager,
    /// kube-scheduler's client.
    pub scheduler: SchedulerClient,
    /// kube-apiserver.
    pub api_server: ApiServer,
    /// The kubelets.
    pub kubelet: Kubelet,
    /// metrics-server.
    pub metrics_server: MetricsServer,
    /// Feature gates that are set by hand.
    pub feature_gates: FeatureGates,
}

/// `--feature-gates` of kube-apiserver and kube-controller-manager. A gate that is absent is as the version has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureGates {
    /// `maxUnavailable` of StatefulSets counts. On in 1.35 and 1.37.
    #[serde(rename = "MaxUnavailableStatefulSet", skip_serializing_if = "Option::is_none")]
    pub max_unavailable_stateful_set: Option<bool>,
    /// HorizontalPodAutoscalers may scale to zero with an Object or External metric. On from 1.37.
    #[serde(rename = "HPAScaleToZero", skip_serializing_if = "Option::is_none")]
    pub hpa_scale_to_zero: Option<bool>,
}

/// Delays between components, each a duration or `{p50, p99}`. Defaults: as measured on an idle Kubernetes 1.36.2 control
/// plane; each time anew one is drawn from the log-normal distribution with this median and 99th percentile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Latency {
    /// Factor on every delay of this section; 0 makes the control plane instantaneous (pure placement studies).
    /// Default 1.
    pub scale: f64,
    /// From a pod's creation to its binding, when the scheduler is idle. Default p50 10 ms, p99 23 ms.
    pub create_to_bound: Delay,
    /// From a pod's binding to `Running` in its status, beyond the time that its containers take to start. Default p50
    /// 8 ms, p99 30 ms.
    pub bound_to_running: Delay,
    /// From a change that a ReplicaSet, StatefulSet, DaemonSet or other controller watches to the write that answers it,
    /// for example from a pod's deletion to the creation of its replacement. Default p50 8 ms, p99 27 ms.
    pub controller_sync: Delay,
    /// From a change of a Deployment to the write of its ReplicaSets. Default p50 11 ms, p99 22 ms.
    pub deployment_sync: Delay,
    /// From one write of a Deployment's, StatefulSet's or Job's sync to its next one: a sync makes, resizes, deletes and reports
    /// one after the other, and the next sync of the same object begins when it is through. Default p50 9 ms, p99 25 ms.
    pub next_write: Delay,
    /// How long a reconcile of a HorizontalPodAutoscaler takes; the next one begins a sync period after its end. Default
    /// p50 20 ms, p99 90 ms.
    pub horizontal_pod_autoscaler_sync: Delay,
    /// From a change that concerns a ResourceQuota to the write of its status. Default p50 6 ms, p99 10 ms.
    pub resource_quota_sync: Delay,
    /// From a pod's `Ready` to its endpoint being ready in the EndpointSlice. Default p50 18 ms, p99 323 ms.
    pub endpoint_ready: Delay,
    /// From a pod's deletion timestamp to its endpoint being not ready in the EndpointSlice. Default p50 26 ms, p99 64 ms.
    pub endpoint_removal: Delay,
}

impl Default for Latency {
    fn default() -> Self {
        Self {
            scale: 1.0,
            create_to_bound: Delay::measured_millis(10, 23),
            bound_to_running: Delay::measured_millis(8, 30),
            controller_sync: Delay::measured_millis(8, 27),
            deployment_sync: Delay::measured_millis(11, 22),
            next_write: Delay::measured_millis(9, 25),
            horizontal_pod_autoscaler_sync: Delay::measured_millis(20, 90),
            resource_quota_sync: Delay::measured_millis(6, 10),
            endpoint_ready: Delay::measured_millis(18, 323),
            endpoint_removal: Delay::measured_millis(26, 64),
        }
    }
}

/// Settings of kube-controller-manager, named as its flags. Defaults: those of Kubernetes 1.36.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ControllerManager {
    /// How long before the run its controllers began to work. The node monitor, the pod garbage collector and the like
    /// make their first passes then, and go on from there in their periods. Default: any time, by the seed.
    pub started_before: Option<Duration>,
    /// `--kube-api-qps`: requests per second of each controller's client. Default 20.
    pub kube_api_qps: f64,
    /// `--kube-api-burst`: requests that may go at once. Default 30.
    pub kube_api_burst: u32,
    /// `--node-monitor-period`: time between two looks at the nodes' leases. Default 5 s.
    pub node_monitor_period: Duration,
    /// `--node-monitor-grace-period`: silence after which a node is `Unknown`. Default 50 s.
    pub node_monitor_grace_period: Duration,
    /// `--node-eviction-rate`: nodes per second and zone that are tainted `NoExecute`. Default 0.1.
    pub node_eviction_rate: f64,
    /// `--secondary-node-eviction-rate`: the same in a zone that is unhealthy but large. Default 0.01.
    pub secondary_node_eviction_rate: f64,
    /// `--unhealthy-zone-threshold`: share of unready nodes (of at least 3) that makes a zone unhealthy. Default 0.55.
    pub unhealthy_zone_threshold: f64,
    /// `--large-cluster-size-threshold`: nodes above which a zone is large. Default 50.
    pub large_cluster_size_threshold: u32,
    /// `--horizontal-pod-autoscaler-sync-period`. Default 15 s.
    pub horizontal_pod_autoscaler_sync_period: Duration,
    /// `--horizontal-pod-autoscaler-downscale-stabilization`. Default 5 m.
    pub horizontal_pod_autoscaler_downscale_stabilization: Duration,
    /// `--horizontal-pod-autoscaler-tolerance`: share by which usage may differ from the target without a change.
    /// Default 0.1.
    pub horizontal_pod_autoscaler_tolerance: f64,
    /// `--horizontal-pod-autoscaler-cpu-initialization-period`: time after a pod's start in which CPU samples may be
    /// skipped. Default 5 m.
    pub horizontal_pod_autoscaler_cpu_initialization_period: Duration,
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`: time after a pod's start in which changes of readiness count
    /// as its first readiness. Default 30 s.
    pub horizontal_pod_autoscaler_initial_readiness_delay: Duration,
    /// Time between two passes of the pod garbage collector (`gcCheckPeriod` in `pkg/controller/podgc`). Default 20 s.
    pub pod_gc_period: Duration,
    /// Time that a provisioner takes to make a volume for a claim. Default: as `spec.storage.provision` says.
    pub volume_provisioning: Option<Duration>,
    /// `--disable-force-detach-on-timeout`: a volume that is in use on an unhealthy node is not detached by force after six
    /// minutes. Default false.
    pub disable_force_detach_on_timeout: bool,
    /// `--terminated-pod-gc-threshold`: finished pods that may exist before the oldest are deleted. Default 12500.
    pub terminated_pod_gc_threshold: u32,
}

impl Default for ControllerManager {
    fn default() -> Self {
        Self {
            started_before: None,
            kube_api_qps: 20.0,
            kube_api_burst: 30,
            node_monitor_period: Duration::from_secs(5),
            node_monitor_grace_period: Duration::from_secs(50),
            node_eviction_rate: 0.1,
            secondary_node_eviction_rate: 0.01,
            unhealthy_zone_threshold: 0.55,
            large_cluster_size_threshold: 50,
            horizontal_pod_autoscaler_sync_period: Duration::from_secs(15),
            horizontal_pod_autoscaler_downscale_stabilization: Duration::from_secs(300),
            horizontal_pod_autoscaler_tolerance: 0.1,
            horizontal_pod_autoscaler_cpu_initialization_period: Duration::from_secs(300),
            horizontal_pod_autoscaler_initial_readiness_delay: Duration::from_secs(30),
            pod_gc_period: Duration::from_secs(20),
            volume_provisioning: None,
            disable_force_detach_on_timeout: false,
            terminated_pod_gc_threshold: 12_500,
        }
    }
}

/// kube-scheduler's client. Defaults: `clientConnection` of KubeSchedulerConfiguration, Kubernetes 1.36.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SchedulerClient {
    /// `clientConnection.qps`: requests per second. Default 50.
    pub qps: f64,
    /// `clientConnection.burst`: requests that may go at once. Default 100.
    pub burst: u32,
}

impl Default for SchedulerClient {
    fn default() -> Self {
        Self { qps: 50.0, burst: 100 }
    }
}

/// kube-apiserver. Defaults: those of Kubernetes 1.36.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApiServer {
    /// `--default-not-ready-toleration-seconds`: how long a pod that does not say tolerates a node that is not ready.
    /// Default 300.
    pub default_not_ready_toleration_seconds: u32,
    /// `--default-unreachable-toleration-seconds`: how long a pod that does not say tolerates a node that is unreachable.
    /// Default 300.
    pub default_unreachable_toleration_seconds: u32,
}

impl Default for ApiServer {
    fn default() -> Self {
        Self { default_not_ready_toleration_seconds: 300, default_unreachable_toleration_seconds: 300 }
    }
}

/// The kubelets. Defaults: KubeletConfiguration of Kubernetes 1.36.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Kubelet {
    /// `nodeLeaseDurationSeconds`: the lease is renewed every quarter of it. Default 40 (a renewal every 10 s).
    pub node_lease_duration_seconds: u32,
    /// `--housekeeping-interval`: time between two looks at a container's CPU time and memory, which is what metrics-server
    /// gets when it scrapes; 0 s looks at the scrape itself. Default 10 s.
    pub housekeeping_interval: Duration,
    /// `nodeStatusUpdateFrequency`: time between two looks at what the node's status should say; a kubelet tells in its next
    /// status that it begins or ends to use a volume, which the attach-detach controller waits for. Default 10 s.
    pub node_status_update_frequency: Duration,
}

impl Default for Kubelet {
    fn default() -> Self {
        Self {
            node_lease_duration_seconds: 40,
            housekeeping_interval: Duration::from_secs(10),
            node_status_update_frequency: Duration::from_secs(10),
        }
    }
}

/// metrics-server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MetricsServer {
    /// `--metric-resolution`: time between two scrapes of the kubelets. Default 15 s (the manifest that metrics-server is
    /// released with).
    pub metric_resolution: Duration,
    /// Whether it tells what is used at the moment, without scrapes: a pipeline that never lags behind, for comparison.
    /// Samples still claim to be one resolution long. Default false.
    pub instantaneous: bool,
    /// Times in which it has no answer, so that the autoscalers go without. Default none.
    pub outages: Vec<MetricsOutage>,
}

impl Default for MetricsServer {
    fn default() -> Self {
        Self { metric_resolution: Duration::from_secs(15), instantaneous: false, outages: Vec::new() }
    }
}

/// A time in which metrics-server has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricsOutage {
    /// When it begins, since the start of the run.
    pub at: Duration,
    /// How long it lasts. Default: for ever.
    pub duration: Option<Duration>,
    /// The resource that it knows nothing of. Default: both.
    pub resource: Option<MetricResource>,
}

/// A resource that metrics-server measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MetricResource {
    /// CPU.
    Cpu,
    /// Memory.
    Memory,
}

impl MetricResource {
    /// Its name in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }
}
