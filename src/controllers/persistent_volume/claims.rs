//! The lives of claims: those of ephemeral volumes come and go with their pods, and those that a StatefulSet's retention
//! policy gave an owner go with it.
//!
//! Mirrors the ephemeral volume controller, the pvc-protection controller and the garbage collector (Kubernetes 1.36).

use crate::api::{ClaimTemplate, Name};
use crate::cluster::{ClaimId, Cluster, ObjectId, PodId, Severity};
use crate::controllers::common::api_event::emit;
use crate::units::SimTime;

/// The ephemeral volume controller: the claims of a pod's ephemeral volumes come with it. One that is refused is not tried
/// again, as the real controller does.
pub(super) fn create_ephemeral(pod: PodId, cluster: &mut Cluster, now: SimTime) {
    let template = &cluster.template_of(pod).template;
    if template.spec.ephemeral_claims.is_empty() {
        return;
    }
    let state = cluster.pod(pod);
    let namespace = cluster.namespace_name(state.namespace).clone();
    let make = |(volume, template): &(Name, ClaimTemplate)| {
        let mut new = template.clone();
        new.claim.namespace = namespace.clone();
        new.claim.name = Name::from(format!("{}-{volume}", state.name));
        new.claim.owner_uid = Some(ObjectId::from(pod).uid().into());
        new
    };
    let claims: Vec<ClaimTemplate> = template.spec.ephemeral_claims.iter().map(make).collect();
    for claim in claims {
        let name = claim.claim.name.clone();
        if let Err(refusal) = cluster.create_claim(claim, now) {
            let message = format!("ephemeral volume controller: create PVC {name}: {refusal}");
            emit(cluster, "ephemeral_volume", pod, (Severity::Warning, "FailedBinding"), message);
        }
    }
}

/// The claims that are to go now that a pod is gone: its own, and those that only waited for it.
pub(super) fn left_by_pod(pod: PodId, cluster: &Cluster) -> Vec<ClaimId> {
    if cluster.template_of(pod).template.spec.volumes.is_empty() {
        return Vec::new();
    }
    let uid = Name::from(ObjectId::from(pod).uid());
    let is_left = |id: &ClaimId| {
        let claim = cluster.storage().claim(*id);
        let is_own = claim.object.owner_uid.as_ref() == Some(&uid) || claim.owner == Some(pod.into());
        is_own || claim.object.terminating
    };
    cluster.claims_of(pod).into_iter().filter(is_left).collect()
}

/// The claims that have this owner.
pub(super) fn owned_by(owner: ObjectId, cluster: &Cluster) -> Vec<ClaimId> {
    let storage = cluster.storage();
    storage.claim_ids().filter(|id| storage.claim(*id).owner == Some(owner)).collect()
}

/// The garbage collector deletes a claim whose owner is gone, and the finalizer `kubernetes.io/pvc-protection` lets one go
/// that is being deleted.
pub fn collect(id: ClaimId, cluster: &mut Cluster, now: SimTime) {
    if !cluster.storage().claim(id).removed {
        cluster.delete(id.into(), now);
    }
}
