//! PersistentVolumeClaims, of an object or a template: of a StatefulSet, of an ephemeral volume.

use super::meta;
use super::selector::convert_optional_label_selector;
use super::value::{name, optional_word};
use super::volume::{VOLUME_MODES, access_modes, check_access_modes, class_of, storage_of};
use crate::api::{ClaimTemplate, Name, PersistentVolumeClaim, Quantity, VolumeMode};
use crate::input::{FieldErrors, FieldPath};
use k8s_openapi::api::core::v1 as core;

/// Checks a claim's spec, of an object or a template (`ValidatePersistentVolumeClaimSpec`, Kubernetes 1.36).
pub fn validate_claim_spec(
    spec: Option<&core::PersistentVolumeClaimSpec>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) {
    let Some(spec) = spec else {
        errors.push(path, "missing (expected a PersistentVolumeClaim spec)");
        return;
    };
    check_access_modes(spec.access_modes.as_ref(), path, errors);
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    if requests.is_none_or(|requests| !requests.contains_key("storage")) {
        let (resources_path, requests_path);
        resources_path = path.key("resources");
        requests_path = resources_path.key("requests");
        errors.push(requests_path.key("storage"), "missing (expected a quantity such as `10Gi`)");
    }
}

/// A claim, and whether admission gives it the default class: it names none, which differs from naming the empty one.
pub fn claim_template(claim: &core::PersistentVolumeClaim, errors: &mut FieldErrors) -> ClaimTemplate {
    let named = claim.spec.as_ref().is_some_and(|spec| spec.storage_class_name.is_some());
    let claim = convert_claim(claim, errors);
    ClaimTemplate {
        wants_default_class: !named && claim.storage_class.is_empty() && claim.volume_name.is_empty(),
        claim,
    }
}

/// Converts a claim.
pub fn convert_claim(claim: &core::PersistentVolumeClaim, errors: &mut FieldErrors) -> PersistentVolumeClaim {
    let empty = core::PersistentVolumeClaimSpec::default();
    let spec = claim.spec.as_ref().unwrap_or(&empty);
    let path = FieldPath::Root.key("spec");
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let annotation = |key: &str| claim.metadata.annotations.as_ref().and_then(|annotations| annotations.get(key));
    let mut owners = claim.metadata.owner_references.iter().flatten();
    let phase = claim.status.as_ref().and_then(|status| status.phase.as_deref());
    let requests_path = path.key("resources");
    let request = storage_of(requests, requests_path.key("requests"), errors);
    let status_path = FieldPath::Root.key("status");
    let reported = claim.status.as_ref().and_then(|status| status.allocated_resources.as_ref());
    let allocated = storage_of(reported, status_path.key("allocatedResources"), errors);
    let is_from_status = allocated > request;
    let written = if is_from_status { reported } else { requests }.and_then(|list| list.get("storage"));
    let request_format = written.and_then(|text| text.0.parse::<Quantity>().ok()).unwrap_or_default().format();
    PersistentVolumeClaim {
        namespace: Name::from(claim.metadata.namespace.as_deref().unwrap_or(meta::DEFAULT_NAMESPACE)),
        name: name(claim.metadata.name.as_ref()),
        uid: name(claim.metadata.uid.as_ref()),
        owner_uid: owners.find(|owner| owner.controller == Some(true)).map(|owner| Name::from(owner.uid.as_str())),
        access_modes: access_modes(spec.access_modes.as_ref()),
        request,
        request_format,
        allocated: allocated.filter(|allocated| request.is_some_and(|request| *allocated > request)),
        attributes_classes: attributes_classes(spec, claim.status.as_ref()),
        attributes_class: name(spec.volume_attributes_class_name.as_ref()),
        storage_class: class_of(&claim.metadata, spec.storage_class_name.as_ref()),
        volume_mode: optional_word(
            spec.volume_mode.as_ref(),
            &VOLUME_MODES,
            VolumeMode::default(),
            path.key("volumeMode"),
            errors,
        ),
        volume_name: name(spec.volume_name.as_ref()),
        selector: convert_optional_label_selector(spec.selector.as_ref(), path.key("selector"), errors),
        bind_completed: annotation("pv.kubernetes.io/bind-completed").is_some(),
        selected_node: annotation("volume.kubernetes.io/selected-node").map(|node| Name::from(node.as_str())),
        provisioner: name(annotation("volume.kubernetes.io/storage-provisioner")),
        capacity: storage_of(
            claim.status.as_ref().and_then(|status| status.capacity.as_ref()),
            status_path.key("capacity"),
            errors,
        ),
        is_lost: phase == Some("Lost"),
        terminating: claim.metadata.deletion_timestamp.is_some(),
    }
}

/// The VolumeAttributesClasses that a claim refers to.
fn attributes_classes(
    spec: &core::PersistentVolumeClaimSpec,
    status: Option<&core::PersistentVolumeClaimStatus>,
) -> Vec<Name> {
    let target = status.and_then(|status| status.modify_volume_status.as_ref());
    let named = [
        spec.volume_attributes_class_name.as_deref(),
        status.and_then(|status| status.current_volume_attributes_class_name.as_deref()),
        target.and_then(|target| target.target_volume_attributes_class_name.as_deref()),
    ];
    let mut classes: Vec<Name> = named.into_iter().flatten().filter(|name| !name.is_empty()).map(Name::from).collect();
    classes.sort_unstable();
    classes.dedup();
    classes
}
