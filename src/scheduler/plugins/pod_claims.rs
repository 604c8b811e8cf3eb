//! The claims that a pod names, as the PreFilters of the volume plugins go through them.

use super::plugin::Plugin;
use crate::api::{Name, PersistentVolumeClaim, VolumeSource};
use crate::scheduler::framework::PreFilterOutcome;
use crate::scheduler::view::{PodInfo, VolumeListers};
use std::sync::Arc;

/// A claim that a volume of a pod names.
pub struct NamedClaim<'a> {
    /// Its name.
    pub name: Name,
    /// Whether it is made for the pod (a generic ephemeral volume).
    pub is_ephemeral: bool,
    /// The claim, if it exists.
    pub claim: Option<&'a Arc<PersistentVolumeClaim>>,
}

impl NamedClaim<'_> {
    /// The pod is rejected because the claim does not exist.
    pub fn not_found(&self, plugin: Plugin) -> PreFilterOutcome {
        PreFilterOutcome::unresolvable(plugin, format!("persistentvolumeclaim \"{}\" not found", self.name))
    }
}

/// The claims of a pod, in the order of its volumes.
pub fn pod_claims<'a>(pod: &'a PodInfo, volumes: &'a VolumeListers) -> impl Iterator<Item = NamedClaim<'a>> {
    pod.spec().volumes.iter().filter_map(move |volume| {
        let name = pod.claim_name(volume)?;
        let claim = volumes.claim(&pod.namespace, &name);
        Some(NamedClaim { name, is_ephemeral: volume.source == VolumeSource::Ephemeral, claim })
    })
}
