//! VolumeZone: volumes with zone or region labels bind their pods to nodes of the same zone or region.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability, concerns_claim_of};
use super::plugin::Plugin;
use super::pod_claims::pod_claims;
use crate::api::{Name, VolumeBindingMode, well_known};
use crate::scheduler::framework::{Context, EventKind, Failure, NodeChange, PreFilterOutcome, Reason, Words};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter],
    events: &[
        EventKind::NodeAdd,
        EventKind::NodeUpdate(NodeChange::Label),
        EventKind::ClaimAdd,
        EventKind::ClaimUpdate,
        EventKind::VolumeChange,
        EventKind::ClassAdd,
    ],
    hint: |_, _, pod, event| concerns_claim_of(pod, event),
    indexability: Indexability::WhenIdle(|pod| pod.spec().volumes.is_empty()),
    ..Descriptor::of(Plugin::VolumeZone, "VolumeZone")
};

/// The node is in another zone or region than a volume.
static ERR_REASON_CONFLICT: Reason =
    Reason::unresolvable(Plugin::VolumeZone, Words::Fixed("node(s) had no available volume zone"));

/// The labels, each with the label that a node may have in its place.
const TOPOLOGY_LABELS: [(&str, &str); 4] = [
    (well_known::ZONE_BETA, well_known::ZONE),
    (well_known::REGION_BETA, well_known::REGION),
    (well_known::ZONE, well_known::ZONE),
    (well_known::REGION, well_known::REGION),
];

/// A label of a volume: key, the key that a node may have in its place, allowed values.
pub type Topology = (&'static str, &'static str, Vec<Name>);

/// Collects the labels of the pod's volumes; rejects the pod if a volume is not to be found.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo, topologies: &mut Vec<Topology>) -> PreFilterOutcome {
    topologies.clear();
    let volumes = &context.listers.volumes;
    let reject = |reason: String| PreFilterOutcome::unresolvable(Plugin::VolumeZone, reason);
    for named in pod_claims(pod, volumes).filter(|named| !named.is_ephemeral) {
        let Some(claim) = named.claim else { return named.not_found(Plugin::VolumeZone) };
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
    PreFilterOutcome::run_if(!topologies.is_empty())
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
    if topologies.iter().all(admits) { Ok(()) } else { Err(Failure::of(&ERR_REASON_CONFLICT)) }
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{cluster, labels_of, node_of, pod, with_context};
    use super::*;
    use crate::api::{
        Node, ObjectMeta, PersistentVolume, PersistentVolumeClaim, PodSpec, StorageClass, Volume, VolumeSource,
    };
    use crate::scheduler::view::Listers;
    use std::sync::Arc;

    fn user() -> PodInfo {
        let source = VolumeSource::PersistentVolumeClaim("data".into());
        pod(PodSpec { volumes: vec![Volume { name: "v".into(), source }], ..PodSpec::default() })
    }

    fn listers(claim: Option<PersistentVolumeClaim>, volume_labels: &[(&str, &str)]) -> Listers {
        let mut listers = Listers::default();
        let volumes = &mut listers.volumes;
        for (name, mode) in [("late", VolumeBindingMode::WaitForFirstConsumer), ("now", VolumeBindingMode::Immediate)] {
            volumes.classes.insert(name.into(), StorageClass { binding_mode: mode, ..StorageClass::default() });
        }
        let volume = PersistentVolume { labels: labels_of(volume_labels), ..PersistentVolume::default() };
        volumes.persistent_volumes.insert("volume".into(), Arc::new(volume));
        if let Some(claim) = claim {
            volumes.claims.insert(("default".into(), "data".into()), Arc::new(claim));
        }
        listers
    }

    fn claim(volume: &str, class: &str) -> PersistentVolumeClaim {
        PersistentVolumeClaim {
            volume_name: volume.into(),
            storage_class: class.into(),
            ..PersistentVolumeClaim::default()
        }
    }

    #[test]
    fn claims_without_a_volume() {
        let cases = [
            (None, Err("persistentvolumeclaim \"data\" not found"), "no claim"),
            (Some(claim("volume", "")), Ok(PreFilterOutcome::Skip), "its volume has no zone"),
            (Some(claim("gone", "")), Err("persistentvolume \"gone\" not found"), "its volume is gone"),
            (Some(claim("", "")), Err("PersistentVolumeClaim had no pv name and storageClass name"), "no class"),
            (Some(claim("", "none")), Err("storageclass.storage.k8s.io \"none\" not found"), "an unknown class"),
            (Some(claim("", "now")), Err("PersistentVolume had no name"), "should be bound already"),
            (Some(claim("", "late")), Ok(PreFilterOutcome::Skip), "is bound with its pod"),
        ];
        for (claim, expected, why) in cases {
            let snapshot = cluster(Vec::new());
            let listers = listers(claim, &[]);
            let found = with_context(&snapshot, &listers, |context| pre_filter(context, &user(), &mut Vec::new()));
            let expected =
                expected.unwrap_or_else(|reason| PreFilterOutcome::unresolvable(Plugin::VolumeZone, reason.to_owned()));
            assert_eq!(found, expected, "{why}");
        }
    }

    #[test]
    fn nodes_share_the_zone_of_the_volume() {
        let (zone, beta, region) = (well_known::ZONE, well_known::ZONE_BETA, well_known::REGION);
        let cases = [
            (vec![(zone, "a")], vec![(zone, "a")], true, "the same"),
            (vec![(zone, "a")], vec![(zone, "b")], false, "another"),
            (vec![(zone, "a")], vec![], true, "a cluster without zones"),
            (vec![(zone, "a__b")], vec![(zone, "b")], true, "one of several"),
            (vec![(zone, "a__")], vec![(zone, "c")], true, "a malformed list is passed over"),
            (vec![(beta, "a")], vec![(zone, "a")], true, "the label's newer form"),
            (vec![(zone, "a")], vec![(region, "a")], false, "a node with a region alone"),
            (vec![(zone, "a"), (region, "r")], vec![(zone, "a"), (region, "s")], false, "another region"),
        ];
        for (of_volume, of_node, fits, why) in cases {
            let mut topologies = Vec::new();
            let listers = listers(Some(claim("volume", "")), &of_volume);
            with_context(&cluster(Vec::new()), &listers, |context| pre_filter(context, &user(), &mut topologies));
            let meta = ObjectMeta { labels: labels_of(&of_node), ..ObjectMeta::default() };
            let expected = if fits { Ok(()) } else { Err(Failure::of(&ERR_REASON_CONFLICT)) };
            assert_eq!(filter(&topologies, &node_of(Node { meta, ..Node::default() })), expected, "{why}");
        }
    }
}
