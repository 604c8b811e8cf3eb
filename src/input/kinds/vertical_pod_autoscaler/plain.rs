//! VerticalPodAutoscaler as manifests have it, which `k8s-openapi` does not know (Vertical Pod Autoscaler 1.6
//! `pkg/apis/autoscaling.k8s.io/v1/types.go`).

use k8s_openapi::api::autoscaling::v1::CrossVersionObjectReference;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A `VerticalPodAutoscaler`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VerticalPodAutoscaler {
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata`.
    pub metadata: ObjectMeta,
    /// `spec`.
    pub spec: VerticalPodAutoscalerSpec,
    /// `status`, which the recommender writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Value>,
}

/// `spec`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VerticalPodAutoscalerSpec {
    /// `targetRef`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_ref: Option<CrossVersionObjectReference>,
    /// `updatePolicy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_policy: Option<PodUpdatePolicy>,
    /// `resourcePolicy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_policy: Option<PodResourcePolicy>,
    /// `recommenders`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recommenders: Vec<RecommenderSelector>,
    /// `startupBoost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup_boost: Option<Value>,
}

/// One of `recommenders`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct RecommenderSelector {
    /// `name`.
    pub name: String,
}

/// `updatePolicy`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodUpdatePolicy {
    /// `updateMode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_mode: Option<String>,
    /// `minReplicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_replicas: Option<i32>,
    /// `evictionRequirements`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub eviction_requirements: Vec<EvictionRequirement>,
    /// `evictAfterOOMSeconds`.
    #[serde(rename = "evictAfterOOMSeconds", skip_serializing_if = "Option::is_none")]
    pub evict_after_oom_seconds: Option<i32>,
}

/// One of `evictionRequirements`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EvictionRequirement {
    /// `resources`.
    pub resources: Vec<String>,
    /// `changeRequirement`.
    pub change_requirement: String,
}

/// `resourcePolicy`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodResourcePolicy {
    /// `containerPolicies`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_policies: Vec<ContainerResourcePolicy>,
}

/// One of `containerPolicies`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerResourcePolicy {
    /// `containerName`.
    pub container_name: String,
    /// `mode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// `minAllowed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_allowed: Option<BTreeMap<String, Quantity>>,
    /// `maxAllowed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_allowed: Option<BTreeMap<String, Quantity>>,
    /// `controlledResources`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controlled_resources: Option<Vec<String>>,
    /// `controlledValues`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controlled_values: Option<String>,
    /// `oomBumpUpRatio`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_bump_up_ratio: Option<Quantity>,
    /// `oomMinBumpUp`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_min_bump_up: Option<Quantity>,
    /// `startupBoost`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub startup_boost: Option<Value>,
}
