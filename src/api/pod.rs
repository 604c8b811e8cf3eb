//! Pods: the template that many pods share, and a single pod as a manifest or a dump gives it.

use super::{
    Affinity, ApiObject, ClaimTemplate, ConfigReferences, ImmutableField, Kind, Labels, LocalVolumes, Name, Node,
    NodeSelector, ObjectMeta, Probes, ResourceList, Toleration, TopologySpreadConstraint, Volume,
};
use crate::units::{SimDuration, SimTime};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// `status.phase`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PodPhase {
    /// Accepted; not all containers have started.
    #[default]
    Pending,
    /// Bound, and at least one container runs, starts or restarts.
    Running,
    /// All containers ended with success and none restarts.
    Succeeded,
    /// All containers ended, at least one with failure.
    Failed,
    /// The node does not report.
    Unknown,
}

impl PodPhase {
    /// The API's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Running => "Running",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }

    /// Whether the pod has ended for good.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// `spec.restartPolicy` of a pod; `Always` on an init container makes it a sidecar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RestartPolicy {
    /// Restart whatever the exit code.
    #[default]
    Always,
    /// Restart after an exit code other than 0.
    OnFailure,
    /// Never restart.
    Never,
}

/// `spec.preemptionPolicy`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PreemptionPolicy {
    /// May preempt pods of lower priority.
    #[default]
    PreemptLowerPriority,
    /// Waits.
    Never,
}

/// The protocol of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HostPortProtocol {
    /// TCP, the default.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A container port; only those with a host port bear on scheduling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ContainerPort {
    /// Port in the pod.
    pub container_port: u16,
    /// Port on the node; 0 is none.
    pub host_port: u16,
    /// Address on the node; empty means `0.0.0.0`.
    pub host_ip: Name,
    /// Protocol.
    pub protocol: HostPortProtocol,
}

/// A container or init container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Container {
    /// Name, unique in the pod.
    pub name: Name,
    /// Image reference as written.
    pub image: Name,
    /// `resources.requests`, after limits were copied to missing requests.
    pub requests: ResourceList,
    /// `resources.limits`.
    pub limits: ResourceList,
    /// Ports.
    pub ports: Vec<ContainerPort>,
    /// Probes.
    pub probes: Probes,
    /// Init container that keeps running beside the others (`restartPolicy: Always` on an init container).
    pub is_sidecar: bool,
    /// Time that the `preStop` hook takes when it is a `sleep`; zero without a hook.
    pub pre_stop_sleep: SimDuration,
    /// Whether a restart rule has the action `RestartAllContainers` (NodeDeclaredFeatures looks at it).
    pub restarts_all_containers: bool,
}

/// How the simulated containers of a pod behave, which no Kubernetes field can say. Read from the annotations
/// `wavetank.dev/start-delay`, `ready-delay`, `run-for`, `fail-after`, `stop-delay`, `resize-delay` (Go durations), `never-ready`,
/// `resize-infeasible`, and those of pods that end: `run-index`, `fail-index`, `fail-until`, `exit-code` and `term-exit`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimulationHints {
    /// From "bound" to "running", image pull included; overrides the scenario's `startup`.
    pub start_delay: Option<SimDuration>,
    /// From "running" to the moment when the application answers its probes (ready, if it has none).
    pub ready_delay: Option<SimDuration>,
    /// The containers end with exit code 0 this long after their start.
    pub run_for: Option<SimDuration>,
    /// The containers end with [`exit_code`](EndHints::exit_code) this long after their start.
    pub fail_after: Option<SimDuration>,
    /// From the termination signal to the end of the containers (at most the grace period).
    pub stop_delay: Option<SimDuration>,
    /// The application never answers its readiness probe.
    pub never_ready: bool,
    /// From the allocation of a new size in place to the containers having it.
    pub resize_delay: Option<SimDuration>,
    /// The node finds every resize of the pod infeasible.
    pub resize_infeasible: bool,
    /// More on how the containers end.
    pub ends: EndHints,
}

/// ReplicaSets are named after the hash of their template: it is that of the other hints where these say nothing.
impl Hash for SimulationHints {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self {
            start_delay,
            ready_delay,
            run_for,
            fail_after,
            stop_delay,
            never_ready,
            resize_delay,
            resize_infeasible,
            ends,
        } = self;
        (start_delay, ready_delay, run_for, fail_after, stop_delay, never_ready).hash(state);
        if *ends != EndHints::default() {
            ends.hash(state);
        }
        if resize_delay.is_some() || *resize_infeasible {
            (resize_delay, resize_infeasible).hash(state);
        }
    }
}

/// How containers end, in pods of which not all end alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EndHints {
    /// By completion index of an Indexed Job: what holds instead of [`run_for`](SimulationHints::run_for).
    pub run_by_index: Vec<(i32, SimDuration)>,
    /// The completion indexes whose pods `fail_after` is about; empty for all pods.
    pub fail_indexes: Vec<i32>,
    /// Pods whose index has failed this often do not fail by `fail_after` any more.
    pub fail_until: Option<i32>,
    /// The exit code of containers that fail by `fail_after`; `None` for 1.
    pub exit_code: Option<u8>,
    /// The exit code of containers that are stopped because their pod is deleted; `None` for 0.
    pub stopped_exit_code: Option<u8>,
}

/// The part of `spec` that pods of one template share.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PodSpec {
    /// App containers.
    pub containers: Vec<Container>,
    /// Init containers and sidecars, in order.
    pub init_containers: Vec<Container>,
    /// `spec.nodeSelector`.
    pub node_selector: Labels,
    /// `spec.affinity`.
    pub affinity: Option<Box<Affinity>>,
    /// `spec.tolerations`, with those that admission adds.
    pub tolerations: Vec<Toleration>,
    /// `spec.topologySpreadConstraints`.
    pub topology_spread_constraints: Vec<TopologySpreadConstraint>,
    /// `spec.priority`, resolved from the priority class.
    pub priority: i32,
    /// `spec.priorityClassName`.
    pub priority_class_name: Name,
    /// `spec.preemptionPolicy`.
    pub preemption_policy: PreemptionPolicy,
    /// `spec.schedulerName`.
    pub scheduler_name: Name,
    /// Names of `spec.schedulingGates`.
    pub scheduling_gates: Vec<Name>,
    /// `spec.runtimeClassName`; empty without one.
    pub runtime_class_name: Name,
    /// `spec.overhead`.
    pub overhead: ResourceList,
    /// `spec.resources.requests` of the pod itself.
    pub pod_requests: ResourceList,
    /// `spec.resources.limits` of the pod itself.
    pub pod_limits: ResourceList,
    /// `spec.restartPolicy`.
    pub restart_policy: RestartPolicy,
    /// `spec.terminationGracePeriodSeconds`.
    pub termination_grace_period: SimDuration,
    /// `spec.activeDeadlineSeconds`.
    pub active_deadline: Option<SimDuration>,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// `spec.hostUsers`.
    pub host_users: Option<bool>,
    /// References of image volumes (`spec.volumes[].image.reference`).
    pub image_volumes: Vec<Name>,
    /// Those of `spec.volumes` that bear on scheduling, image volumes excepted.
    pub volumes: Vec<Volume>,
    /// Whether one of `spec.volumes` is an `emptyDir`, which `kubectl drain` asks about.
    pub has_empty_dir: bool,
    /// Those of `spec.volumes` that are on the node's disk, which the Cluster Autoscaler asks about.
    pub local_volumes: LocalVolumes,
    /// The claims that are made for the ephemeral volumes, by the volumes' names.
    pub ephemeral_claims: Vec<(Name, ClaimTemplate)>,
    /// What of ConfigMaps and the like its containers and volumes need.
    pub config_references: ConfigReferences,
}

impl Default for PodSpec {
    /// An empty spec with the API server's defaults.
    fn default() -> Self {
        Self {
            containers: Vec::new(),
            init_containers: Vec::new(),
            node_selector: Labels::default(),
            affinity: None,
            tolerations: Vec::new(),
            topology_spread_constraints: Vec::new(),
            priority: 0,
            priority_class_name: Name::from(""),
            preemption_policy: PreemptionPolicy::default(),
            scheduler_name: Name::from("default-scheduler"),
            scheduling_gates: Vec::new(),
            runtime_class_name: Name::from(""),
            overhead: ResourceList::default(),
            pod_requests: ResourceList::default(),
            pod_limits: ResourceList::default(),
            restart_policy: RestartPolicy::default(),
            termination_grace_period: SimDuration::from_secs(30),
            active_deadline: None,
            host_network: false,
            host_users: None,
            image_volumes: Vec::new(),
            volumes: Vec::new(),
            has_empty_dir: false,
            local_volumes: LocalVolumes::default(),
            ephemeral_claims: Vec::new(),
            config_references: ConfigReferences::default(),
        }
    }
}

impl PodSpec {
    /// The required node affinity, if any.
    #[must_use]
    pub fn required_node_affinity(&self) -> Option<&NodeSelector> {
        self.affinity.as_ref()?.node.as_ref()?.required.as_ref()
    }

    /// Whether a node matches the node selector and the required node affinity (`GetRequiredNodeAffinity` of
    /// `k8s.io/component-helpers`, Kubernetes 1.36).
    #[must_use]
    pub fn fits_node(&self, node: &Node) -> bool {
        let meta = &node.meta;
        self.node_selector.iter().all(|(key, value)| meta.labels.get(key) == Some(value))
            && self.required_node_affinity().is_none_or(|required| required.matches(&meta.name, &meta.labels))
    }
}

/// What pods of one owner share: labels, annotations and spec. Shared by reference; equal templates are one in a
/// running simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PodTemplate {
    /// Labels of each pod.
    pub labels: Labels,
    /// Annotations of each pod.
    pub annotations: Labels,
    /// The spec.
    pub spec: PodSpec,
    /// Behaviour of the simulated containers.
    pub hints: SimulationHints,
}

/// Resources that a container's status reports (in-place resize).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContainerResourceStatus {
    /// Container name.
    pub name: Name,
    /// `resources.requests`; `None` where the status has no `resources`.
    pub requests: Option<ResourceList>,
    /// `resources.limits`.
    pub limits: ResourceList,
    /// `allocatedResources`.
    pub allocated: ResourceList,
}

/// The part of a pod's `status` that the simulation can start from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodStatus {
    /// `status.phase`.
    pub phase: PodPhase,
    /// `status.nominatedNodeName`.
    pub nominated_node_name: Option<Name>,
    /// `status.startTime`.
    pub start_time: Option<SimTime>,
    /// Condition `Ready`: status and last transition.
    pub ready: Option<(bool, SimTime)>,
    /// Sum of the containers' restart counts.
    pub restarts: i32,
    /// `status.containerStatuses` of those app containers that report `resources` or `allocatedResources`.
    pub container_resources: Vec<ContainerResourceStatus>,
    /// The same of `status.initContainerStatuses`.
    pub init_container_resources: Vec<ContainerResourceStatus>,
    /// `status.resources.requests` of the pod itself; `None` where the status has no `resources`.
    pub pod_requests: Option<ResourceList>,
    /// `status.allocatedResources` of the pod itself.
    pub pod_allocated: ResourceList,
    /// Condition `PodResizePending` has the reason `Infeasible`.
    pub resize_infeasible: bool,
    /// The reason of condition `DisruptionTarget` while it is True, for example `PreemptionByScheduler`.
    pub disruption_target: Option<Name>,
}

/// A single pod as a manifest or a dump gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pod {
    /// Identity; labels and annotations are in the template.
    pub meta: ObjectMeta,
    /// Labels, annotations, spec.
    pub template: Arc<PodTemplate>,
    /// `spec.nodeName`.
    pub node_name: Option<Name>,
    /// Status of a pod in a dump.
    pub status: PodStatus,
}

impl ApiObject for Pod {
    fn kind(&self) -> Kind {
        Kind::Pod
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    /// `ValidatePodUpdate`, Kubernetes 1.36. Tolerations may be added to; which they are is not looked at.
    fn immutable_fields(&self) -> Vec<ImmutableField> {
        let mut spec = self.template.spec.clone();
        spec.tolerations.clear();
        for container in spec.containers.iter_mut().chain(&mut spec.init_containers) {
            container.image = Name::default();
        }
        let message = "pod updates may not change fields other than `spec.containers[*].image`, \
                       `spec.initContainers[*].image`, `spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to \
                       existing tolerations), `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
                       previously negative)";
        vec![ImmutableField::with_message("spec", message, &spec)]
    }
}
