//! NodeClaims, as a dump has them: nobody but Karpenter writes them.

use super::common::{
    ClassReference, Condition, Requirement, class_reference, duration, nillable_duration, requirements, taints,
};
use crate::api::karpenter::{self, NodeClaimCondition, NodeClaimConditionType, NodeClaimSpec, NodeClaimStatus, keys};
use crate::api::{ConditionStatus, Name, Object, ObjectMeta as ApiMeta};
use crate::input::kinds::common::validation::{Naming, object_meta};
use crate::input::kinds::common::value::optional_time;
use crate::input::kinds::common::{meta, resources};
use crate::input::kinds::kind::Kind;
use crate::input::{FieldErrors, FieldPath};
use crate::units::{SimDuration, SimTime};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Taint;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `expireAfter` where none is given.
const EXPIRE_AFTER: SimDuration = SimDuration::from_hours(720);

/// `NodeClaim` of `karpenter.sh/v1`.
pub struct NodeClaim;

/// The object as it is written.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "NodeClaim", rename_all = "camelCase")]
pub struct PlainNodeClaim {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    spec: Option<PlainSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<PlainStatus>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "NodeClaimSpec", rename_all = "camelCase")]
struct PlainSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    taints: Option<Vec<Taint>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    startup_taints: Option<Vec<Taint>>,
    requirements: Option<Vec<Requirement>>,
    resources: Resources,
    node_class_ref: Option<ClassReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    termination_grace_period: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_after: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Resources {
    #[serde(skip_serializing_if = "Option::is_none")]
    requests: Option<BTreeMap<String, Quantity>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "NodeClaimStatus", rename_all = "camelCase")]
struct PlainStatus {
    node_name: Option<String>,
    #[serde(rename = "providerID")]
    provider_id: Option<String>,
    #[serde(rename = "imageID")]
    image_id: Option<String>,
    capacity: Option<BTreeMap<String, Quantity>>,
    allocatable: Option<BTreeMap<String, Quantity>>,
    conditions: Vec<Condition>,
    last_pod_event_time: Option<Time>,
}

impl Kind for NodeClaim {
    type Plain = PlainNodeClaim;
    type Converted = Object;
    const KIND: &'static str = "NodeClaim";
    const VERSIONS: &'static [&'static str] = &["karpenter.sh/v1"];
    const NAMING: Naming = Naming::Cluster;

    /// Fills in what the CRD fills in.
    fn set_defaults(claim: &mut PlainNodeClaim) {
        if let Some(spec) = &mut claim.spec {
            spec.expire_after.get_or_insert_with(|| "720h".to_owned());
        }
    }

    fn validate(claim: &PlainNodeClaim, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        object_meta(&claim.metadata, Self::NAMING, root.key("metadata"), errors);
        if claim.spec.is_none() {
            errors.push(root.key("spec"), "missing (expected a NodeClaim spec)");
        }
    }

    fn convert(claim: &PlainNodeClaim, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let meta = meta::convert_cluster_scoped(&claim.metadata, start);
        // The controller that sets this one keeps it in mind itself.
        let finalizers = meta.finalizers.iter().filter(|name| *name != keys::TERMINATION).cloned().collect();
        let created = meta.creation_time.unwrap_or(SimTime::ZERO);
        let spec = claim.spec.as_ref().map(|spec| {
            let grace = spec.termination_grace_period.as_deref().filter(|text| !text.is_empty());
            let requests = spec.resources.requests.as_ref();
            NodeClaimSpec {
                taints: taints(spec.taints.as_ref(), start, path.key("taints"), errors),
                startup_taints: taints(spec.startup_taints.as_ref(), start, path.key("startupTaints"), errors),
                requirements: requirements(
                    spec.requirements.as_deref().unwrap_or_default(),
                    false,
                    path.key("requirements"),
                    errors,
                ),
                requests: resources::convert(requests, path.key("resources").key("requests"), errors),
                node_class: class_reference(spec.node_class_ref.as_ref(), path.key("nodeClassRef"), errors),
                termination_grace_period: grace
                    .and_then(|text| duration(text, path.key("terminationGracePeriod"), errors)),
                expire_after: nillable_duration(
                    spec.expire_after.as_ref(),
                    EXPIRE_AFTER,
                    path.key("expireAfter"),
                    errors,
                ),
            }
        });
        Object::NodeClaim(Box::new(karpenter::NodeClaim {
            meta: ApiMeta { finalizers, ..meta },
            spec: spec.unwrap_or_default(),
            status: claim
                .status
                .as_ref()
                .map(|status| convert_status(status, created, start, root.key("status"), errors))
                .unwrap_or_default(),
        }))
    }
}

fn convert_status(
    status: &PlainStatus,
    created: SimTime,
    start: Timestamp,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> NodeClaimStatus {
    let condition = |condition: &Condition| {
        let named = |known: &&NodeClaimConditionType| known.as_str() == condition.kind;
        Some(NodeClaimCondition {
            condition_type: *NodeClaimConditionType::ALL.iter().find(named)?,
            status: match condition.status.as_str() {
                "True" => ConditionStatus::True,
                "False" => ConditionStatus::False,
                _ => ConditionStatus::Unknown,
            },
            reason: Name::from(condition.reason.as_str()),
            message: Name::from(condition.message.as_str()),
            last_transition: optional_time(condition.last_transition_time.as_ref(), start).unwrap_or(created),
        })
    };
    NodeClaimStatus {
        node_name: status.node_name.as_deref().filter(|name| !name.is_empty()).map(Name::from),
        provider_id: status.provider_id.as_deref().filter(|id| !id.is_empty()).map(Name::from),
        capacity: resources::convert(status.capacity.as_ref(), path.key("capacity"), errors),
        allocatable: resources::convert(status.allocatable.as_ref(), path.key("allocatable"), errors),
        conditions: status.conditions.iter().filter_map(condition).collect(),
        last_pod_event: optional_time(status.last_pod_event_time.as_ref(), start),
    }
}
