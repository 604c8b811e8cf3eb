//! VolumeZone: volumes with zone or region labels bind their pods to nodes of the same zone or region.

use super::plugin::Plugin;
use crate::api::{Name, VolumeBindingMode, VolumeSource, well_known};
use crate::scheduler::framework::{Code, Context, Failure, PreFilterOutcome, PreFilterRejection};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// The labels, each with the label that a node may have in its place.
const TOPOLOGY_LABELS: [(&str, &str); 4] = [
    (well_known::ZONE_BETA, well_known::ZONE),
    (well_known::REGION_BETA, well_known::REGION),
    (well_known::ZONE, well_known::ZONE),
    (well_known::REGION, well_known::REGION),
];

/// A label of a volume: key, the key that a node may have in its place, allowed values.
type Topology = (&'static str, &'static str, Vec<Name>);

/// Collects the labels of the pod's volumes; rejects the pod if a volume is not to be found.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo, topologies: &mut Vec<Topology>) -> PreFilterOutcome {
    topologies.clear();
    let volumes = &context.listers.volumes;
    let reject = |reason: String| {
        let code = Code::UnschedulableAndUnresolvable;
        PreFilterOutcome::Reject(PreFilterRejection { plugin: Plugin::VolumeZone, code, reason })
    };
    for volume in &pod.spec().volumes {
        if volume.source == VolumeSource::Ephemeral {
            continue;
        }
        let Some(name) = pod.claim_name(volume) else { continue };
        let Some(claim) = volumes.claim(&pod.namespace, &name) else {
            return reject(format!("persistentvolumeclaim \"{name}\" not found"));
        };
        if claim.volume_name.is_empty() {
            if claim.storage_class.is_empty() {
                return reject("PersistentVolumeClaim had no pv name and storageClass name".to_owned());
            }
            let Some(class) = volumes.classes.get(&claim.storage_class) else {
                return reject(format!("storageclass.storage.k8s.io \"{}\" not found", claim.storage_class));
            };
            if class.binding_mode == VolumeBindingMode::WaitForFirstConsumer {
                continue;
            }
            return reject("PersistentVolume had no name".to_owned());
        }
        let Some(volume) = volumes.persistent_volumes.get(&claim.volume_name) else {
            return reject(format!("persistentvolume \"{}\" not found", claim.volume_name));
        };
        for (key, fallback) in TOPOLOGY_LABELS {
            let Some(value) = volume.labels.get(key) else { continue };
            let values: Vec<Name> = value.split("__").map(|zone| Name::from(zone.trim())).collect();
            // A list with an empty zone is malformed, and is passed over.
            if values.iter().all(|zone| !zone.is_empty()) {
                topologies.push((key, fallback, values));
            }
        }
    }
    if topologies.is_empty() { PreFilterOutcome::Skip } else { PreFilterOutcome::Run }
}

/// Rejects a node outside a volume's zone or region. A node without any such label is taken for a cluster without zones.
pub fn filter(topologies: &[Topology], node: &NodeInfo) -> Result<(), Failure> {
    let labels = &node.node().meta.labels;
    if !TOPOLOGY_LABELS.iter().any(|(key, _)| labels.contains_key(key)) {
        return Ok(());
    }
    let admits = |(key, fallback, values): &Topology| {
        labels.get(key).or_else(|| labels.get(fallback)).is_some_and(|value| values.contains(value))
    };
    if topologies.iter().all(admits) { Ok(()) } else { Err(Failure::VolumeZone) }
}
