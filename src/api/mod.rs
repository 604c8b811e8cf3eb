//! What Kubernetes objects are: compact typed specs, quantities, selectors, taints and tolerations.
//!
//! The types hold what the simulation can act on, after API-server defaulting, and nothing else. They do no I/O and
//! have no serialised form of their own: `input` converts manifests (through `k8s-openapi`) to these types.

mod admission;
mod api_object;
mod autoscaling;
mod autoscaling_status;
mod capacity_buffer;
mod completion_indexes;
mod condition;
mod config;
pub mod cron;
mod cron_job;
mod csi_driver;
mod csi_node;
mod csi_storage_capacity;
mod daemon_set;
mod deployment;
mod http_route;
mod image;
mod immutable;
mod ingress;
mod instance_type;
mod int_or_percent;
mod job;
pub mod karpenter;
pub mod keda;
mod kind;
mod labels;
mod limit_range;
mod meta;
mod name;
mod namespace;
mod node;
mod object;
mod persistent_volume;
mod persistent_volume_claim;
mod pod;
mod pod_disruption_budget;
mod pod_recommendation;
mod pod_template_object;
mod priority_class;
mod probe;
mod qos;
mod quantity;
pub mod quota;
mod replica_set;
mod requests;
mod resource_quota;
mod resources;
mod runtime_class;
pub mod scheduler_config;
mod scheduling;
mod selector;
mod service;
mod stateful_set;
mod storage_class;
mod taint;
mod version;
mod vertical_pod_autoscaler;
mod volume;

pub use admission::{
    DefaultTolerationSeconds, add_default_tolerations, admit_pod_defaults, admit_priority, fold_match_label_keys,
    system_priority,
};
pub use api_object::{ApiObject, OfKind, WithMeta};
pub use autoscaling::{
    CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior, HpaScalingPolicy,
    HpaScalingPolicyType, HpaScalingRules, MetricIdentifier, MetricSpec, MetricTarget, ScalingPolicySelect,
};
pub use autoscaling_status::{
    HpaCondition, HpaConditionReason, HpaConditionType, HpaConditions, HpaStatus, MetricValueStatus, MilliValue,
};
pub use capacity_buffer::{ACTIVE_CAPACITY, BufferShape, CapacityBuffer, ScalableReference};
pub use completion_indexes::CompletionIndexes;
pub use condition::ConditionStatus;
pub use config::{ConfigKind, ConfigObject, ConfigReference, ConfigReferences, ConfigUse};
pub use cron_job::{ActiveJob, ConcurrencyPolicy, CronJob, CronJobSpec, CronJobStatus};
pub use csi_driver::CsiDriver;
pub use csi_node::{CsiNode, DriverLimits};
pub use csi_storage_capacity::CsiStorageCapacity;
pub use daemon_set::{DaemonSet, DaemonSetStatus, DaemonSetUpdateStrategy};
pub use deployment::{Deployment, DeploymentCondition, DeploymentStatus, DeploymentStrategy, ProgressingReason};
pub use http_route::{HttpRoute, RouteBackend, RouteMatch, RouteParent, RoutePath, RouteRule};
pub use image::normalized_image_name;
pub use immutable::ImmutableField;
pub use ingress::{BackendPort, Canary, Ingress, IngressBackend, IngressPath, IngressRule, PathType};
pub use instance_type::{CapacityType, InstanceType, Offering, Reservation};
pub use int_or_percent::IntOrPercent;
pub use job::{
    CompletionMode, DEFAULT_BACKOFF_LIMIT, Job, JobSpec, PodFailurePolicyAction, PodFailurePolicyRule,
    PodFailureRequirement, PodReplacementPolicy, SuccessPolicyRule,
};
pub use kind::Kind;
pub use labels::Labels;
pub use limit_range::{LimitRange, LimitRangeItem, LimitType, aggregate, requests_above_limits};
pub use meta::{ObjectMeta, OwnerReference};
pub use name::Name;
pub use namespace::Namespace;
pub use node::{ContainerImage, Node, well_known, with_deprecated_twins};
pub use object::Object;
pub(crate) use object::for_object;
pub use persistent_volume::{ClaimReference, PersistentVolume, PersistentVolumeSource, ReclaimPolicy, VolumePhase};
pub use persistent_volume_claim::{ClaimTemplate, PersistentVolumeClaim};
pub use pod::{
    Container, ContainerPort, ContainerResourceStatus, EndHints, HostPortProtocol, Pod, PodPhase, PodSpec, PodStatus,
    PodTemplate, PreemptionPolicy, RestartPolicy, SimulationHints,
};
pub use pod_disruption_budget::PodDisruptionBudget;
pub use pod_recommendation::{NamespaceLimits, SizedContainer, VpaResource, recommendation_for_pod, resources_for_pod};
pub use pod_template_object::PodTemplateObject;
pub use priority_class::PriorityClass;
pub use probe::{Probe, Probes};
pub use qos::{QosClass, qos_class, states_pod_level_resources};
pub use quantity::{Quantity, QuantityError, QuantityFormat};
pub use replica_set::ReplicaSet;
pub use requests::{
    Amounts, ResourceAmounts, container_requests, pod_requests, reported_statuses, requests_with_status,
};
pub use resource_quota::{QuotaScope, ResourceQuota, ScopeRequirement};
pub use resources::{
    ResourceFormats, ResourceKey, ResourceList, ResourceName, is_extended_resource_name, is_resource_name,
};
pub use runtime_class::RuntimeClass;
pub use scheduling::{
    Affinity, NodeAffinity, NodeInclusionPolicy, PodAffinityTerm, PreferredSchedulingTerm, TopologySpreadConstraint,
    UnsatisfiableConstraintAction, WeightedPodAffinityTerm,
};
pub use selector::{
    LabelSelector, NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm, SelectorOperator,
    SelectorRequirement,
};
pub use service::{Service, ServicePort, ServiceType, TrafficDistribution, TrafficPolicy};
pub use stateful_set::{
    ClaimRetention, PodManagementPolicy, StatefulSet, StatefulSetStatus, StatefulSetUpdateStrategy,
};
pub use storage_class::{StorageClass, VolumeBindingMode};
pub use taint::{Taint, TaintEffect, Toleration, TolerationOperator};
pub use version::KubernetesVersion;
pub use vertical_pod_autoscaler::{
    ContainerResourcePolicy, ControlledValues, CpuAndMemory, EvictionChange, EvictionRequirement,
    RecommendedContainerResources, VerticalPodAutoscaler, VpaUpdateMode, container_policy,
};
pub use volume::{AccessMode, LocalVolumes, Volume, VolumeMode, VolumeSource};
