//! VerticalPodAutoscalers of `autoscaling.k8s.io/v1`: defaults and validation as the custom resource definition and the
//! admission controller have them (Vertical Pod Autoscaler 1.6 `deploy/vpa-v1-crd-gen.yaml` and
//! `pkg/admission-controller/resource/vpa/handler.go`).

mod plain;

use super::common::meta;
use super::common::resources;
use super::common::validation::{Naming, object_meta};
use super::horizontal_pod_autoscaler::reference::check_path_segment;
use super::kind::Kind;
use crate::api::{
    self, ControlledValues, CpuAndMemory, CrossVersionObjectReference, EvictionChange, EvictionRequirement, Object,
    Quantity, VpaUpdateMode,
};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use crate::units::{Bytes, SimDuration};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use std::collections::BTreeMap;

/// `VerticalPodAutoscaler` of `autoscaling.k8s.io/v1`.
pub struct VerticalPodAutoscaler;

impl Kind for VerticalPodAutoscaler {
    type Plain = plain::VerticalPodAutoscaler;
    type Converted = Object;
    const KIND: &'static str = "VerticalPodAutoscaler";
    const VERSIONS: &'static [&'static str] = &["autoscaling.k8s.io/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const INERT: &'static [InertFields] = &[
        InertFields {
            not_simulated: &["recommenders", "startupBoost"],
            ..InertFields::of("VerticalPodAutoscalerSpec")
        },
        InertFields { not_simulated: &["startupBoost"], ..InertFields::of("ContainerResourcePolicy") },
    ];

    fn validate(object: &plain::VerticalPodAutoscaler, errors: &mut FieldErrors) {
        object_meta(&object.metadata, Self::NAMING, FieldPath::Root.key("metadata"), errors);
        let Some(target) = &object.spec.target_ref else {
            errors.push("spec.targetRef", "missing (expected kind and name of what makes the pods)");
            return;
        };
        check_path_segment(&target.kind, "spec.targetRef.kind", errors);
        check_path_segment(&target.name, "spec.targetRef.name", errors);
    }

    fn convert(object: &plain::VerticalPodAutoscaler, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let spec = &object.spec;
        let target = spec.target_ref.as_ref().map(|target| (target.kind.as_str(), target.name.as_str()));
        let (kind, name) = target.unwrap_or_default();
        let update = spec.update_policy.clone().unwrap_or_default();
        let (update_mode, is_auto) = update_mode(update.update_mode.as_deref(), errors);
        if update.min_replicas.is_some_and(|count| count <= 0) {
            errors.push("spec.updatePolicy.minReplicas", "is not positive (expected at least 1)");
        }
        if update.evict_after_oom_seconds.is_some_and(|seconds| seconds < 1) {
            errors.push("spec.updatePolicy.evictAfterOOMSeconds", "is not positive (expected at least 1)");
        }
        Object::VerticalPodAutoscaler(api::VerticalPodAutoscaler {
            meta: meta::convert(&object.metadata, start),
            target: CrossVersionObjectReference { kind: kind.into(), name: name.into() },
            update_mode,
            is_auto,
            min_replicas: update.min_replicas,
            eviction_requirements: eviction_requirements(&update.eviction_requirements, errors),
            evict_after_oom: update.evict_after_oom_seconds.map(|seconds| SimDuration::from_secs(seconds.into())),
            container_policies: container_policies(
                spec.resource_policy.as_ref().map_or(&[], |policy| &policy.container_policies),
                errors,
            ),
        })
    }
}

/// Reads a `resourcePolicy` that stands alone, as recordings have it.
pub fn read_resource_policy(
    policy: &serde_json::Value,
    errors: &mut FieldErrors,
) -> Result<Vec<api::ContainerResourcePolicy>, serde_json::Error> {
    let plain: plain::PodResourcePolicy = serde_json::from_value(policy.clone())?;
    Ok(container_policies(&plain.container_policies, errors))
}

/// The mode, and whether it was written `Auto`, which is deprecated and acts as `Recreate`.
fn update_mode(text: Option<&str>, errors: &mut FieldErrors) -> (VpaUpdateMode, bool) {
    let mode = match text {
        None | Some("Recreate") => VpaUpdateMode::Recreate,
        Some("Auto") => return (VpaUpdateMode::Recreate, true),
        Some("Off") => VpaUpdateMode::Off,
        Some("Initial") => VpaUpdateMode::Initial,
        Some("InPlaceOrRecreate") => VpaUpdateMode::InPlaceOrRecreate,
        Some("InPlace") => VpaUpdateMode::InPlace,
        Some(other) => {
            errors.push(
                "spec.updatePolicy.updateMode",
                format_args!("is `{other}` (expected Off, Initial, Recreate, InPlaceOrRecreate, InPlace or Auto)"),
            );
            VpaUpdateMode::Off
        }
    };
    (mode, false)
}

fn eviction_requirements(
    requirements: &[plain::EvictionRequirement],
    errors: &mut FieldErrors,
) -> Vec<EvictionRequirement> {
    let root = FieldPath::Root;
    let (spec, mut converted) = (root.key("spec"), Vec::new());
    let update = spec.key("updatePolicy");
    let list = update.key("evictionRequirements");
    for (index, requirement) in requirements.iter().enumerate() {
        let path = list.index(index);
        let change = match requirement.change_requirement.as_str() {
            "TargetHigherThanRequests" => EvictionChange::TargetHigherThanRequests,
            "TargetLowerThanRequests" => EvictionChange::TargetLowerThanRequests,
            other => {
                errors.push(
                    path.key("changeRequirement"),
                    format_args!("is `{other}` (expected TargetHigherThanRequests or TargetLowerThanRequests)"),
                );
                continue;
            }
        };
        let [cpu, memory] = controlled(&requirement.resources, path.key("resources"), errors);
        converted.push(EvictionRequirement { cpu, memory, change });
    }
    converted
}

/// Whether a list of resources has `cpu`, and whether it has `memory`; others are refused.
fn controlled(resources: &[String], path: FieldPath<'_>, errors: &mut FieldErrors) -> [bool; 2] {
    for resource in resources {
        if !matches!(resource.as_str(), "cpu" | "memory") {
            errors.push(path, format_args!("has `{resource}` (expected cpu and memory)"));
        }
    }
    ["cpu", "memory"].map(|name| resources.iter().any(|resource| resource == name))
}

fn container_policies(
    policies: &[plain::ContainerResourcePolicy],
    errors: &mut FieldErrors,
) -> Vec<api::ContainerResourcePolicy> {
    let root = FieldPath::Root;
    let (spec, mut converted) = (root.key("spec"), Vec::new());
    let resource_policy = spec.key("resourcePolicy");
    let list = resource_policy.key("containerPolicies");
    for (index, policy) in policies.iter().enumerate() {
        let path = list.index(index);
        if policy.container_name.is_empty() {
            errors.push(path.key("containerName"), "is missing (expected a container's name or `*`)");
        }
        let is_off = match policy.mode.as_deref() {
            None | Some("Auto") => false,
            Some("Off") => true,
            Some(other) => {
                errors.push(path.key("mode"), format_args!("is `{other}` (expected Auto or Off)"));
                false
            }
        };
        let min_allowed = amounts(policy.min_allowed.as_ref(), path.key("minAllowed"), errors);
        let max_allowed = amounts(policy.max_allowed.as_ref(), path.key("maxAllowed"), errors);
        let [controls_cpu, controls_memory] = match &policy.controlled_resources {
            None => [true, true],
            Some(resources) => controlled(resources, path.key("controlledResources"), errors),
        };
        let controlled_values = match policy.controlled_values.as_deref() {
            None | Some("RequestsAndLimits") => ControlledValues::RequestsAndLimits,
            Some("RequestsOnly") => ControlledValues::RequestsOnly,
            Some(other) => {
                let problem = format_args!("is `{other}` (expected RequestsAndLimits or RequestsOnly)");
                errors.push(path.key("controlledValues"), problem);
                ControlledValues::RequestsAndLimits
            }
        };
        if is_off && policy.controlled_values.is_some() {
            errors.push(path.key("controlledValues"), "is given for a container whose mode is Off (expected none)");
        }
        let ratio = quantity(policy.oom_bump_up_ratio.as_ref(), path.key("oomBumpUpRatio"), errors);
        let at_least = quantity(policy.oom_min_bump_up.as_ref(), path.key("oomMinBumpUp"), errors);
        converted.push(api::ContainerResourcePolicy {
            container_name: policy.container_name.as_str().into(),
            is_off,
            min_allowed,
            max_allowed,
            controls_cpu,
            controls_memory,
            controlled_values,
            oom_bump_up_ratio_milli: ratio.map(Quantity::milli_value),
            oom_min_bump_up: at_least.map(|amount| Bytes::new(amount.value())),
        });
    }
    converted
}

fn quantity(text: Option<&QuantityText>, path: FieldPath<'_>, errors: &mut FieldErrors) -> Option<Quantity> {
    match text?.0.parse::<Quantity>() {
        Ok(quantity) => Some(quantity),
        Err(error) => {
            errors.push(path, error);
            None
        }
    }
}

fn amounts(
    list: Option<&BTreeMap<String, QuantityText>>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> CpuAndMemory {
    let list = resources::convert(list, path, errors);
    CpuAndMemory { cpu: list.cpu, memory: list.memory }
}
