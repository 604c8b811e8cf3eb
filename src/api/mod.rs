//! What Kubernetes objects are: compact typed specs, quantities, selectors, taints and tolerations.
//!
//! The types hold what the simulation can act on, after API-server defaulting, and nothing else. They do no I/O and
//! have no serialised form of their own: `input` converts manifests (through `k8s-openapi`) to these types.

mod admission;
mod autoscaling;
mod autoscaling_status;
mod condition;
mod config;
mod image;
mod kind;
mod labels;
mod limit_range;
mod meta;
mod name;
mod node;
mod object;
mod pod;
mod policy;
mod probe;
mod quantity;
mod requests;
mod resources;
pub mod scheduler_config;
mod scheduling;
mod selector;
mod service;
mod taint;
mod volume;
mod workload;
mod workload_status;

pub use admission::{
    DefaultTolerationSeconds, add_default_tolerations, admit_pod_defaults, admit_priority, fold_match_label_keys,
    system_priority,
};
pub use autoscaling::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HpaScalingPolicy,
    HpaScalingPolicyType, HpaScalingRules, MetricIdentifier, MetricSpec, MetricTarget, ScalingPolicySelect,
};
pub use autoscaling_status::{
    HpaCondition, HpaConditionReason, HpaConditionType, HpaConditions, HpaStatus, MetricValueStatus, MilliValue,
};
pub use condition::ConditionStatus;
pub use config::{ConfigKind, ConfigObject, ConfigReference, ConfigReferences, ConfigUse};
pub use image::normalized_image_name;
pub use kind::Kind;
pub use labels::Labels;
pub use limit_range::{LimitRange, LimitRangeItem, LimitType, aggregate, requests_above_limits};
pub use meta::{ObjectMeta, OwnerReference};
pub use name::Name;
pub use node::{ContainerImage, Node, well_known, with_deprecated_twins};
pub use object::Object;
pub use pod::{
    Container, ContainerPort, ContainerResourceStatus, HostPortProtocol, Pod, PodPhase, PodSpec, PodStatus,
    PodTemplate, PreemptionPolicy, RestartPolicy, SimulationHints,
};
pub use policy::{IntOrPercent, Namespace, PodDisruptionBudget, PriorityClass};
pub use probe::{Probe, Probes};
pub use quantity::{Quantity, QuantityError};
pub use requests::{ResourceAmounts, container_requests, pod_requests};
pub use resources::{ResourceKey, ResourceList, ResourceName};
pub use scheduling::{
    Affinity, NodeAffinity, NodeInclusionPolicy, PodAffinityTerm, PreferredSchedulingTerm, TopologySpreadConstraint,
    UnsatisfiableConstraintAction, WeightedPodAffinityTerm,
};
pub use selector::{
    LabelSelector, NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm, SelectorOperator,
    SelectorRequirement,
};
pub use service::{Service, ServiceType};
pub use taint::{Taint, TaintEffect, Toleration, TolerationOperator};
pub use volume::{
    AccessMode, ClaimReference, ClaimTemplate, CsiStorageCapacity, DriverLimits, PersistentVolume,
    PersistentVolumeClaim, PersistentVolumeSource, StorageClass, Volume, VolumeBindingMode, VolumeMode, VolumeSource,
    WithMeta,
};
pub use workload::{
    DaemonSet, DaemonSetUpdateStrategy, Deployment, DeploymentStrategy, PodManagementPolicy, ReplicaSet, StatefulSet,
    StatefulSetUpdateStrategy,
};
pub use workload_status::{
    DaemonSetStatus, DeploymentCondition, DeploymentStatus, ProgressingReason, StatefulSetStatus,
};
