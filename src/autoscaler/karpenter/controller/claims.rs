//! The claims of a pod, with the volumes and classes behind them.

use crate::api::{Name, Volume, VolumeSource};
use crate::autoscaler::karpenter::state::PodVolumes;
use crate::autoscaler::karpenter::volumes::{ClaimedVolume, pod_volumes};
use crate::cluster::Cluster;
use std::sync::Arc;

/// What a pod's claims ask of its node; `None` if it has none.
pub fn volumes_of(cluster: &Cluster, namespace: &Name, pod: &Name, volumes: &[Volume]) -> Option<Arc<PodVolumes>> {
    let names: Vec<Name> = volumes.iter().filter_map(|volume| claim_name(volume, pod)).collect();
    if names.is_empty() {
        return None;
    }
    let storage = cluster.storage();
    let claimed = |name| {
        let claim = storage.claim_id(namespace, name).map(|id| &*storage.claim(id).object);
        let volume = claim.and_then(|claim| storage.volume_id(&claim.volume_name));
        let class = claim.and_then(|claim| storage.classes().get(&claim.storage_class));
        ClaimedVolume { name, claim, volume: volume.map(|id| &**storage.volume(id)), class }
    };
    let claimed: Vec<ClaimedVolume<'_>> = names.iter().map(claimed).collect();
    Some(Arc::new(pod_volumes(&claimed)))
}

/// The claim behind a volume: that of a StatefulSet's template and that of an ephemeral volume are named after the pod.
fn claim_name(volume: &Volume, pod: &Name) -> Option<Name> {
    match &volume.source {
        VolumeSource::PersistentVolumeClaim(claim) => Some(claim.clone()),
        VolumeSource::Ephemeral => Some(Name::from(format!("{pod}-{}", volume.name))),
        VolumeSource::ClaimTemplate => Some(Name::from(format!("{}-{pod}", volume.name))),
        _ => None,
    }
}
