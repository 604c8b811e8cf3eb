//! NodeVolumeLimits: how many volumes of a CSI driver a node can attach.
//!
//! In-tree volumes of AWS EBS, GCE PD, Azure Disk and Cinder count as volumes of their CSI drivers. Attachments that no
//! pod of the node uses (VolumeAttachment objects) are not simulated.

use crate::api::{Name, PersistentVolume, PersistentVolumeClaim, PersistentVolumeSource, VolumeSource, well_known};
use crate::scheduler::framework::{Context, Failure};
use crate::scheduler::view::{NodeInfo, PodInfo, VolumeListers};
use std::collections::{BTreeMap, BTreeSet};

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
    for other in node.pods() {
        add_attachments(volumes, other, &mut attached);
    }
    let count = |set: &mut dyn Iterator<Item = &Attachment>| {
        let mut counts: BTreeMap<Name, i64> = BTreeMap::new();
        set.for_each(|(driver, _)| *counts.entry(driver.clone()).or_insert(0) += 1);
        counts
    };
    let used = count(&mut attached.iter());
    for (driver, added) in count(&mut new.difference(&attached)) {
        let limit = limits.iter().find(|(own, _)| *own == driver).and_then(|(_, limit)| *limit);
        if limit.is_some_and(|limit| used.get(&driver).copied().unwrap_or(0) + added > limit) {
            return Err(Failure::MaxVolumeCount);
        }
    }
    Ok(())
}

/// The volumes of a pod that a driver attaches. Claims that do not exist are left out: a pod whose own claim is missing
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
