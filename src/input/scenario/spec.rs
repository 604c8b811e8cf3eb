//! The shape of a scenario file. Docs of types and fields go to the JSON Schema.

use super::action::ActionEntry;
use super::boot::Boot;
use super::cloud::Cloud;
use super::cluster_autoscaler::ClusterAutoscaler;
use super::control_plane::ControlPlane;
use super::distribution::Distribution;
use super::fault::FaultEntry;
use super::job_run::JobRun;
use super::karpenter::Karpenter;
use super::leaf::{Amount, CalendarTime, Duration, PodTemplateText};
use super::metric::MetricSource;
use super::paid_by::PaidBy;
use super::resource_amounts::{MAX_PODS, resource_list};
use super::storage::Storage;
use super::sweep::Sweep;
use super::traffic::Traffic;
use super::usage::Usage;
use super::vertical_pod_autoscaler::VerticalPodAutoscaler;
use crate::api::{KubernetesVersion, ResourceList, TaintEffect};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A wavetank scenario: a cluster, what loads it, what goes wrong, what operators do, and what shall hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "wavetank scenario")]
pub struct ScenarioFile {
    /// Version of this format.
    pub api_version: ApiVersion,
    /// Kind of the document.
    pub kind: ScenarioKind,
    /// Name and annotations.
    pub metadata: Metadata,
    /// The scenario.
    pub spec: ScenarioSpec,
}

/// Version of the scenario format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The first version.
    #[serde(rename = "wavetank.dev/v1alpha1")]
    V1Alpha1,
}

/// Kind of a scenario document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ScenarioKind {
    /// A scenario.
    Scenario,
}

/// Identity of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// Name of the scenario: lower-case letters, digits, `-` and `.`; names the folder of results.
    pub name: String,
    /// Free text by key; has no effect on the run.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
}

/// What is simulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScenarioSpec {
    /// The question that the scenario answers; free text. Default empty.
    #[serde(default)]
    pub description: String,
    /// Seed of all random streams; the same seed gives the same bytes. Default 1.
    #[serde(default = "first_seed")]
    pub seed: u64,
    /// Calendar time at which the run starts. Default: none; the run then starts at midnight UTC of no particular day,
    /// which CronJobs take for 1 January 1970.
    pub start: Option<CalendarTime>,
    /// Length of the run in simulated time; above zero.
    pub duration: Duration,
    /// Manifests that exist at the start: files, folders (all `.yaml`, `.yml` and `.json` in them and in their
    /// folders) and globs, relative to
    /// the scenario file. Default none.
    #[serde(default)]
    pub manifests: Vec<String>,
    /// A `KubeSchedulerConfiguration` file as kube-scheduler takes it, relative to the scenario file. Default: none, which
    /// gives kube-scheduler's defaults.
    pub scheduler: Option<PathBuf>,
    /// The Kubernetes minor version whose rules the control plane follows: 1.34, 1.35, 1.36 or 1.37. Default 1.36.
    #[serde(default)]
    pub kubernetes_version: KubernetesVersion,
    /// Groups of equal nodes. Nodes may also come from `manifests` and from a trace. Default none.
    #[serde(default)]
    pub node_pools: Vec<NodePool>,
    /// The Cluster Autoscaler. Default: none, unless a manifest has a container whose image is that of the Cluster Autoscaler.
    pub cluster_autoscaler: Option<ClusterAutoscaler>,
    /// The cloud that nodes come from: instance types and prices. Default: the built-in catalogue.
    pub cloud: Option<Cloud>,
    /// Bare pods that come and go, drawn from distributions or read from a trace. Default none.
    #[serde(default)]
    pub(super) arrivals: Vec<ArrivalEntry>,
    /// Request load on workloads, which turns into CPU and memory usage, metrics and HPA decisions. Default none.
    #[serde(default)]
    pub traffic: Vec<Traffic>,
    /// CPU and memory that pods use over time without requests. Default none.
    #[serde(default)]
    pub usage: Vec<Usage>,
    /// How long the pods of Jobs run, and how they end. Default none: annotations of their templates say it, or they run
    /// until something ends them.
    #[serde(default)]
    pub jobs: Vec<JobRun>,
    /// Metrics of pods, of objects and from outside the cluster, for HorizontalPodAutoscalers that ask for them. Default
    /// none.
    #[serde(default)]
    pub metrics: Vec<MetricSource>,
    /// How long containers take to start.
    #[serde(default)]
    pub startup: Startup,
    /// The drivers of persistent volumes.
    #[serde(default)]
    pub storage: Storage,
    /// Delays, rate limits and periods of the control plane.
    #[serde(default)]
    pub control_plane: ControlPlane,
    /// Flags of the Vertical Pod Autoscaler.
    #[serde(default)]
    pub vertical_pod_autoscaler: VerticalPodAutoscaler,
    /// Karpenter. Default: none, which runs it with its defaults if a manifest holds a NodePool of `karpenter.sh/v1`.
    pub karpenter: Option<Karpenter>,
    /// What goes wrong, at given times or at random. Default none.
    #[serde(default)]
    pub(super) faults: Vec<FaultEntry>,
    /// What an operator does, in kubectl's words. Default none.
    #[serde(default)]
    pub(super) actions: Vec<ActionEntry>,
    /// What shall hold of the run's metrics; a run that fails one ends with exit code 3. Default none.
    #[serde(default)]
    pub objectives: Vec<Objective>,
    /// What a run writes and prints.
    #[serde(default)]
    pub output: Output,
    /// Parameters to vary, and how often to repeat each point. Default: none, a single run.
    pub sweep: Option<Sweep>,
}

const fn first_seed() -> u64 {
    1
}

/// A group of equal nodes, named `<pool>-0`, `<pool>-1` and so on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodePool {
    /// Name, unique among the pools; the prefix of the nodes' names and the value of their label `wavetank.dev/pool`.
    pub name: String,
    /// Number of nodes at the start; zero or more.
    pub count: u32,
    /// Zones, over which the nodes are spread in turn (label `topology.kubernetes.io/zone`). Default: none, nodes without
    /// a zone.
    #[serde(default)]
    pub zones: Vec<String>,
    /// Region of the nodes (label `topology.kubernetes.io/region`). Default none.
    pub region: Option<String>,
    /// What each node has, by resource name: `cpu` (cores), `memory` and `ephemeral-storage` (bytes), `pods`, extended
    /// resources such as `nvidia.com/gpu`. `pods` defaults to 110 (kubelet `maxPods`). Default: that of the instance type in
    /// the catalogues, with what they say that it offers to pods; needed where they do not list it.
    #[serde(default)]
    pub capacity: BTreeMap<String, Amount>,
    /// What each node offers to pods, by resource name. Default: the capacity; single entries override it.
    #[serde(default)]
    pub allocatable: BTreeMap<String, Amount>,
    /// Labels of each node, besides host name, zone, region, instance type, `kubernetes.io/os`, `kubernetes.io/arch`, and the
    /// deprecated twins of these (`beta.kubernetes.io/os` and so on).
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Taints of each node. Default none.
    #[serde(default)]
    pub taints: Vec<TaintEntry>,
    /// Price of a node in dollars per hour, before discounts and fees. Default: by its instance type in the catalogues, and
    /// unknown if they do not list it.
    pub price_per_hour: Option<f64>,
    /// Instance type (label `node.kubernetes.io/instance-type`), which gives the price if `pricePerHour` does not. Default
    /// none.
    pub instance_type: Option<String>,
    /// Architecture of the processor (label `kubernetes.io/arch`). Default: that of the instance type in the catalogues, else
    /// `amd64`.
    pub architecture: Option<String>,
    /// How the machines are paid for. Default `on-demand`.
    #[serde(default)]
    pub capacity_type: PaidBy,
    /// Fewest nodes to which the Cluster Autoscaler may shrink the pool. Default 0. Only with `max`.
    pub min: Option<u32>,
    /// Most nodes to which the Cluster Autoscaler may raise the pool, which this makes a node group of it; `count` is its size
    /// at the start. Default: none, the Cluster Autoscaler leaves it alone.
    pub max: Option<u32>,
    /// How long its machines take to become nodes. Default: as `cloud.boot`.
    pub boot: Option<Boot>,
}

impl NodePool {
    /// `status.allocatable` of each node.
    #[must_use]
    pub fn allocatable_list(&self) -> ResourceList {
        let mut amounts = self.capacity.clone();
        amounts.entry("pods".to_owned()).or_insert(Amount::from_units(MAX_PODS));
        amounts.extend(self.allocatable.iter().map(|(name, amount)| (name.clone(), *amount)));
        resource_list(&amounts)
    }
}

/// A taint on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TaintEntry {
    /// Key.
    pub key: String,
    /// Value. Default empty.
    #[serde(default)]
    pub value: String,
    /// Effect.
    pub effect: TaintEffectEntry,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TaintEffectEntry {
    /// New pods are not placed here.
    NoSchedule,
    /// New pods are placed here only if nothing better is found.
    PreferNoSchedule,
    /// New pods are not placed here, and pods that are here are evicted.
    NoExecute,
}

impl From<TaintEffectEntry> for TaintEffect {
    fn from(effect: TaintEffectEntry) -> Self {
        match effect {
            TaintEffectEntry::NoSchedule => Self::NoSchedule,
            TaintEffectEntry::PreferNoSchedule => Self::PreferNoSchedule,
            TaintEffectEntry::NoExecute => Self::NoExecute,
        }
    }
}

/// A stream of bare pods: either drawn (`every`, `duration`, `template`) or read from a trace (`trace`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArrivalEntry {
    /// Name, unique among the arrivals; the prefix of the pods' names (`<name>-0`, `<name>-1` ...; pods of a trace keep
    /// their names) and the name of the random stream.
    pub name: String,
    /// Time from one arrival to the next; the first comes one such time after `start`. Needed without `trace`.
    pub every: Option<Distribution<Duration>>,
    /// Pods per arrival. Default 1.
    pub count: Option<u32>,
    /// When the stream begins, since the start of the run; the zero of a trace's times. Default 0.
    #[serde(default)]
    pub start: Duration,
    /// When the stream ends, since the start of the run; no pod comes at or after it. Default: the end of the run.
    pub end: Option<Duration>,
    /// Largest number of pods in all. Default: no limit.
    pub limit: Option<u64>,
    /// How long a pod's containers run before they end with exit code 0. Default: pods run until the end of the run. Not
    /// with `trace`, which has its own. The pods' `restartPolicy` is then `Never` unless the template gives one.
    pub duration: Option<Distribution<Duration>>,
    /// Namespace of the pods. Default `default`.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// The pods, as under `spec.template` of a Deployment. Needed without `trace`.
    pub template: Option<PodTemplateText>,
    /// A recorded workload to replay.
    pub trace: Option<TraceSource>,
}

fn default_namespace() -> String {
    "default".to_owned()
}

/// A recorded workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TraceSource {
    /// Form of the files.
    pub format: TraceFormat,
    /// File with the pods, CSV, plain or gzipped (`.gz`).
    pub pods: PathBuf,
    /// File with the nodes, CSV, plain or gzipped; its nodes join those of `nodePools`. Default: none.
    pub nodes: Option<PathBuf>,
    /// Folder of the files, below the folder given by `--traces` or else relative to the scenario file. Default: none, the
    /// files are relative to the scenario file itself.
    pub directory: Option<PathBuf>,
}

/// Form of a trace's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TraceFormat {
    /// Alibaba openb GPU cluster, 2023 (`cluster-trace-gpu-v2023`), as published. A share of a GPU counts as a whole one.
    Openb,
    /// wavetank's own neutral form, for workloads of your own: pods `name,arrival_s,cpu_milli,memory_bytes,duration_s,app`
    /// and optionally `gpu,priority,namespace`; nodes `name,create_s,cpu_milli,memory_bytes,zone` and optionally `gpu`.
    Generic,
}

/// How long containers take to start. A pod's annotation `wavetank.dev/start-delay` overrides it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Startup {
    /// Pull of an image that the node does not have yet. Default: 3 s, an assumption (300 MB at 100 MB/s).
    pub image_pull: ImagePull,
    /// From the end of the pulls to all containers running. Default: 1 s, an assumption within the service-level
    /// objective of SIG Scalability (99 % of pods with images at hand start within 5 s).
    pub container_start: Distribution<Duration>,
}

impl Default for Startup {
    fn default() -> Self {
        Self {
            image_pull: ImagePull::Duration(Distribution::Fixed(Duration::from_secs(3))),
            container_start: Distribution::Fixed(Duration::from_secs(1)),
        }
    }
}

/// How long an image takes to reach a node: exactly one of the forms. A node keeps the images that it has pulled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ImagePull {
    /// The time of a pull, drawn for each pull.
    Duration(Distribution<Duration>),
    /// The image's size over the bandwidth.
    Transfer(ImageTransfer),
}

/// Sizes of images and the speed at which a node pulls them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImageTransfer {
    /// Bytes per second at which a node pulls; above zero.
    pub bandwidth: Amount,
    /// Size in bytes by image reference as written in the pods. Default none.
    #[serde(default)]
    pub sizes: BTreeMap<String, Amount>,
    /// Size in bytes of every other image, drawn once per image. Default 300 MB, an assumption.
    #[serde(default = "usual_image_size")]
    pub default_size: Distribution<Amount>,
}

fn usual_image_size() -> Distribution<Amount> {
    Distribution::Fixed(Amount::from_units(300_000_000))
}

/// A bound on a headline metric of `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Objective {
    /// Name of the metric.
    pub metric: String,
    /// The traffic entry whose requests are meant, by its name or, without one, its target: then `metric` is one of requests.
    /// Default: the run as a whole.
    pub traffic: Option<String>,
    /// Share of the intervals of the timeline, among those in which requests of `traffic` ended, in which the bounds shall
    /// hold; above 0, at most 1. Then `metric` is a latency, `requests_unserved_ratio`, `requests_good_ratio` or `apdex_ratio`. Default: the bounds
    /// hold for the run as a whole.
    pub of_intervals: Option<f64>,
    /// Largest value that is good, in the metric's unit.
    pub max: Option<f64>,
    /// Smallest value that is good, in the metric's unit.
    pub min: Option<f64>,
}

/// What a run writes and prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Output {
    /// Time between two rows of `timeline.csv`; above zero. Default: chosen so that a run has about 1,000 rows.
    pub timeline_interval: Option<Duration>,
    /// Whether charts are drawn. Default true.
    pub charts: bool,
    /// What to print at the end as `kubectl get` would. Default none.
    pub print: Vec<PrintKind>,
}

impl Default for Output {
    fn default() -> Self {
        Self { timeline_interval: None, charts: true, print: Vec::new() }
    }
}

/// What can be printed at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PrintKind {
    /// `kubectl get pods -A -o wide`.
    Pods,
    /// `kubectl get nodes`.
    Nodes,
    /// `kubectl get deployments -A`.
    Deployments,
    /// `kubectl get jobs -A`.
    Jobs,
    /// `kubectl get hpa -A`.
    Hpa,
    /// `kubectl get events -A`.
    Events,
}
