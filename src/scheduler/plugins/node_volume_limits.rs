//! NodeVolumeLimits: how many volumes of a CSI driver a node can attach.
//!
//! In-tree volumes of AWS EBS, GCE PD, Azure Disk and Cinder count as volumes of their CSI drivers. Attachments that no
//! pod of the node uses (VolumeAttachment objects) are not simulated.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability, concerns_claim_of};
use super::plugin::Plugin;
use crate::api::{Name, PersistentVolume, PersistentVolumeClaim, PersistentVolumeSource, VolumeSource, well_known};
use crate::scheduler::framework::{ClusterEvent, Context, EventKind, Failure, Reason, Words};
use crate::scheduler::view::{NodeInfo, PodInfo, VolumeListers};
use std::collections::{BTreeMap, BTreeSet};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter],
    events: &[EventKind::AssignedPodDelete, EventKind::ClaimAdd, EventKind::CsiNodeChange],
    hint: |_, _, pod, event| match event {
        ClusterEvent::AssignedPodDelete(gone) => !skips(gone),
        _ => concerns_claim_of(pod, event),
    },
    filter_looks_at_pods: true,
    indexability: Indexability::WhenIdle(|pod| pod.spec().volumes.is_empty()),
    ..Descriptor::of(Plugin::NodeVolumeLimits, "NodeVolumeLimits")
};

/// A CSI driver can attach no more.
static ERR_REASON_MAX_VOLUME_COUNT_EXCEEDED: Reason =
    Reason::unschedulable(Plugin::NodeVolumeLimits, Words::Fixed("node(s) exceed max volume count"));

/// CSI drivers that took over in-tree plugins.
const MIGRATED: [(&str, &str); 4] = [
    ("kubernetes.io/aws-ebs", AWS_EBS),
    ("kubernetes.io/gce-pd", GCE_PD),
    ("kubernetes.io/azure-disk", AZURE_DISK),
    ("kubernetes.io/cinder", CINDER),
];
const AWS_EBS: &str = "ebs.csi.aws.com";
const GCE_PD: &str = "pd.csi.storage.gke.io";
const AZURE_DISK: &str = "disk.csi.azure.com";
const CINDER: &str = "cinder.csi.openstack.org";

/// A volume as a driver knows it: driver and handle.
type Attachment = (Name, String);

/// Whether the pod has no volume that a driver attaches.
pub fn skips(pod: &PodInfo) -> bool {
    !pod.spec()
        .volumes
        .iter()
        .any(|volume| !matches!(volume.source, VolumeSource::Iscsi { .. } | VolumeSource::Rbd { .. }))
}

/// Rejects a node where the pod's volumes would exceed a driver's limit.
pub fn filter(context: &Context<'_>, pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    let volumes = &context.listers.volumes;
    let Some(limits) = volumes.csi_nodes.get(&node.node().meta.name) else { return Ok(()) };
    let mut new = BTreeSet::new();
    add_attachments(volumes, pod, &mut new);
    if new.is_empty() || limits.is_empty() {
        return Ok(());
    }
    let mut attached = BTreeSet::new();
    for placed in node.pods() {
        add_attachments(volumes, placed, &mut attached);
    }
    let count = |set: &mut dyn Iterator<Item = &Attachment>| {
        let mut counts: BTreeMap<Name, i64> = BTreeMap::new();
        set.for_each(|(driver, _)| *counts.entry(driver.clone()).or_insert(0) += 1);
        counts
    };
    let used = count(&mut attached.iter());
    for (driver, added) in count(&mut new.difference(&attached)) {
        let limit = limits.iter().find(|(name, _)| *name == driver).and_then(|(_, limit)| *limit);
        if limit.is_some_and(|limit| used.get(&driver).copied().unwrap_or(0) + added > limit) {
            return Err(Failure::of(&ERR_REASON_MAX_VOLUME_COUNT_EXCEEDED));
        }
    }
    Ok(())
}

/// The volumes of a pod that a driver attaches. Claims that do not exist are left out: a pod whose claim is missing
/// does not get as far as this filter.
fn add_attachments(volumes: &VolumeListers, pod: &PodInfo, attachments: &mut BTreeSet<Attachment>) {
    for volume in &pod.spec().volumes {
        let attachment = match &volume.source {
            VolumeSource::PersistentVolumeClaim(_) | VolumeSource::ClaimTemplate | VolumeSource::Ephemeral => {
                let name = pod.claim_name(volume);
                let claim = name.and_then(|name| volumes.claim(&pod.namespace, &name));
                claim.and_then(|claim| of_claim(volumes, claim))
            }
            VolumeSource::AwsElasticBlockStore { volume_id } => Some((AWS_EBS.into(), ebs_volume_id(volume_id))),
            VolumeSource::GcePersistentDisk { pd_name, .. } => Some((GCE_PD.into(), gce_handle(None, pd_name))),
            VolumeSource::AzureDisk { disk_uri } => Some((AZURE_DISK.into(), disk_uri.to_string())),
            VolumeSource::Cinder { volume_id } => Some((CINDER.into(), volume_id.to_string())),
            VolumeSource::Iscsi { .. } | VolumeSource::Rbd { .. } => None,
        };
        attachments.extend(attachment);
    }
}

/// The volume behind a claim; without one, a stand-in of the driver that will provision it.
fn of_claim(volumes: &VolumeListers, claim: &PersistentVolumeClaim) -> Option<Attachment> {
    if let Some(volume) = volumes.persistent_volumes.get(&claim.volume_name) {
        return of_volume(volume);
    }
    let class = volumes.classes.get(&claim.storage_class)?;
    let migrated = MIGRATED.iter().find(|(in_tree, _)| *in_tree == &*class.provisioner);
    let driver = migrated.map_or_else(|| class.provisioner.clone(), |(_, driver)| Name::from(*driver));
    Some((driver, format!("unbound-{}/{}", claim.namespace, claim.name)))
}

fn of_volume(volume: &PersistentVolume) -> Option<Attachment> {
    Some(match &volume.source {
        PersistentVolumeSource::Csi { driver, handle } => (driver.clone(), handle.to_string()),
        PersistentVolumeSource::AwsElasticBlockStore(id) => (AWS_EBS.into(), ebs_volume_id(id)),
        PersistentVolumeSource::GcePersistentDisk(disk) => {
            let labels = &volume.labels;
            let zone = labels.get(well_known::ZONE).or_else(|| labels.get(well_known::ZONE_BETA));
            (GCE_PD.into(), gce_handle(zone, disk))
        }
        PersistentVolumeSource::AzureDisk(uri) => (AZURE_DISK.into(), uri.to_string()),
        PersistentVolumeSource::Cinder(id) => (CINDER.into(), id.to_string()),
        PersistentVolumeSource::Other => return None,
    })
}

/// `aws://zone/vol-1` and `vol-1` are the same volume.
fn ebs_volume_id(id: &str) -> String {
    id.rsplit('/').next().unwrap_or(id).to_owned()
}

fn gce_handle(zone: Option<&Name>, disk: &str) -> String {
    format!("{}/{disk}", zone.map_or("UNSPECIFIED", |zone| zone))
}

#[cfg(test)]
mod tests {
    use super::super::test_support::{cluster, pod, with_context};
    use super::*;
    use crate::api::{Node, ObjectMeta, PodSpec, Volume};
    use crate::scheduler::view::Listers;
    use std::sync::Arc;

    fn with_volumes(sources: &[VolumeSource]) -> PodInfo {
        let volume = |source: &VolumeSource| Volume { name: "v".into(), source: source.clone() };
        pod(PodSpec { volumes: sources.iter().map(volume).collect(), ..PodSpec::default() })
    }

    /// Claims `a`, `b` and `c`, each bound to a volume of the driver `csi`, and `new`, which `csi` will provision.
    fn listers(limit: Option<i64>) -> Listers {
        let mut listers = Listers::default();
        let volumes = &mut listers.volumes;
        volumes.csi_nodes.insert("node".into(), vec![("csi".into(), limit), (AWS_EBS.into(), Some(1))]);
        for name in ["a", "b", "c"] {
            let source = PersistentVolumeSource::Csi { driver: "csi".into(), handle: name.into() };
            let volume = PersistentVolume { name: name.into(), source, ..PersistentVolume::default() };
            volumes.persistent_volumes.insert(name.into(), Arc::new(volume));
        }
        let class = crate::api::StorageClass { provisioner: "csi".into(), ..crate::api::StorageClass::default() };
        volumes.classes.insert("fast".into(), class);
        for (name, volume_name, class) in [("a", "a", ""), ("b", "b", ""), ("c", "c", ""), ("new", "", "fast")] {
            let claim = PersistentVolumeClaim {
                namespace: "default".into(),
                name: name.into(),
                volume_name: volume_name.into(),
                storage_class: class.into(),
                ..PersistentVolumeClaim::default()
            };
            volumes.claims.insert(("default".into(), name.into()), Arc::new(claim));
        }
        listers
    }

    #[test]
    fn a_driver_attaches_no_more_than_its_limit() {
        let claim = |name: &str| VolumeSource::PersistentVolumeClaim(name.into());
        let ebs = |id: &str| VolumeSource::AwsElasticBlockStore { volume_id: id.into() };
        let cases = [
            (Some(2), vec![claim("a")], vec![claim("b")], true, "room for one more"),
            (Some(2), vec![claim("a"), claim("b")], vec![claim("c")], false, "no room"),
            (Some(2), vec![claim("a"), claim("b")], vec![claim("b")], true, "attached already"),
            (Some(2), vec![claim("a"), claim("b")], vec![claim("new")], false, "one that will be provisioned counts"),
            (None, vec![claim("a"), claim("b")], vec![claim("c")], true, "a driver without limit"),
            (Some(2), vec![ebs("aws://zone/1")], vec![ebs("1")], true, "two names of one volume"),
            (Some(2), vec![ebs("1")], vec![ebs("2")], false, "an in-tree volume counts for its CSI driver"),
            (Some(0), vec![], vec![claim("gone")], true, "a claim that does not exist does not count"),
        ];
        let meta = ObjectMeta { name: "node".into(), ..ObjectMeta::default() };
        for (limit, attached, asked, fits, why) in cases {
            let node = Node { meta: meta.clone(), ..Node::default() };
            let snapshot = cluster(vec![(node, vec![with_volumes(&attached)])]);
            let found = with_context(&snapshot, &listers(limit), |context| {
                filter(context, &with_volumes(&asked), snapshot.nodes().next().unwrap())
            });
            let expected = if fits { Ok(()) } else { Err(Failure::of(&ERR_REASON_MAX_VOLUME_COUNT_EXCEEDED)) };
            assert_eq!(found, expected, "{why}");
        }
    }

    #[test]
    fn disks_without_driver_are_skipped() {
        let iscsi = VolumeSource::Iscsi { iqn: "i".into(), read_only: false };
        assert!(skips(&with_volumes(&[])) && skips(&with_volumes(std::slice::from_ref(&iscsi))));
        assert!(!skips(&with_volumes(&[iscsi, VolumeSource::Cinder { volume_id: "v".into() }])));
    }
}
