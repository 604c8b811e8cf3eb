//! VolumeRestrictions: in-line disks that cannot be shared on a node, and ReadWriteOncePod claims.

use super::plugin::Plugin;
use crate::api::{AccessMode, Name, VolumeSource};
use crate::scheduler::framework::{Code, Context, Failure, PreFilterOutcome, PreFilterRejection};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What PreFilter finds for the filter.
#[derive(Clone, Debug, Default)]
pub struct FilterState {
    /// ReadWriteOncePod claims of the pod.
    claims: Vec<Name>,
    /// How many of them other pods use.
    conflicts: i64,
}

impl FilterState {
    /// Counts a pod that comes, or with `amount` -1 goes. As in kube-scheduler, claims are compared by name alone.
    pub fn count(&mut self, other: &PodInfo, amount: i64) {
        let used = other.claim_names().filter(|claim| self.claims.contains(claim)).count();
        self.conflicts += amount * i64::try_from(used).unwrap_or(0);
    }
}

/// Looks up the pod's ReadWriteOncePod claims, and whether other pods use them.
pub fn pre_filter(context: &Context<'_>, pod: &PodInfo, state: &mut FilterState) -> PreFilterOutcome {
    *state = FilterState::default();
    let mut checks_disks = false;
    for volume in &pod.spec().volumes {
        match &volume.source {
            VolumeSource::PersistentVolumeClaim(_) | VolumeSource::ClaimTemplate => {
                let Some(name) = pod.claim_name(volume) else { continue };
                let Some(claim) = context.listers.volumes.claim(&pod.namespace, &name) else {
                    return PreFilterOutcome::Reject(PreFilterRejection {
                        plugin: Plugin::VolumeRestrictions,
                        code: Code::UnschedulableAndUnresolvable,
                        reason: format!("persistentvolumeclaim \"{name}\" not found"),
                    });
                };
                if claim.access_modes.contains(&AccessMode::ReadWriteOncePod) && !state.claims.contains(&name) {
                    state.claims.push(name);
                }
            }
            VolumeSource::GcePersistentDisk { .. }
            | VolumeSource::AwsElasticBlockStore { .. }
            | VolumeSource::Iscsi { .. }
            | VolumeSource::Rbd { .. } => checks_disks = true,
            VolumeSource::Ephemeral | VolumeSource::AzureDisk { .. } | VolumeSource::Cinder { .. } => {}
        }
    }
    if !state.claims.is_empty() {
        let is_used = |claim: &Name| {
            let mut others = context.snapshot.nodes().flat_map(|node| node.pods());
            others.any(|other| other.namespace == pod.namespace && other.claim_names().any(|own| own == *claim))
        };
        state.conflicts = i64::try_from(state.claims.iter().filter(|claim| is_used(claim)).count()).unwrap_or(0);
    }
    if checks_disks || state.conflicts > 0 { PreFilterOutcome::Run } else { PreFilterOutcome::Skip }
}

/// Rejects a node with a disk that the pod cannot share, and every node while a ReadWriteOncePod claim is in use.
pub fn filter(state: &FilterState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    if node.pods().iter().any(|other| conflicts(pod, other)) {
        return Err(Failure::DiskConflict);
    }
    if state.conflicts > 0 { Err(Failure::ReadWriteOncePod) } else { Ok(()) }
}

/// Whether the pods have a disk in common that cannot be shared.
pub fn conflicts(pod: &PodInfo, other: &PodInfo) -> bool {
    let volumes = || pod.spec().volumes.iter().map(|volume| &volume.source);
    other.spec().volumes.iter().any(|other| volumes().any(|own| conflict(own, &other.source)))
}

/// Whether two volumes are the same disk and cannot be mounted by two pods of a node (`isVolumeConflict`).
fn conflict(own: &VolumeSource, other: &VolumeSource) -> bool {
    match (own, other) {
        (
            VolumeSource::GcePersistentDisk { pd_name, read_only },
            VolumeSource::GcePersistentDisk { pd_name: other_name, read_only: other_read_only },
        ) => pd_name == other_name && !(*read_only && *other_read_only),
        (
            VolumeSource::AwsElasticBlockStore { volume_id },
            VolumeSource::AwsElasticBlockStore { volume_id: other_id },
        ) => volume_id == other_id,
        (
            VolumeSource::Iscsi { iqn, read_only },
            VolumeSource::Iscsi { iqn: other_iqn, read_only: other_read_only },
        ) => iqn == other_iqn && !(*read_only && *other_read_only),
        (
            VolumeSource::Rbd { monitors, pool, image, read_only },
            VolumeSource::Rbd {
                monitors: other_monitors,
                pool: other_pool,
                image: other_image,
                read_only: other_read_only,
            },
        ) => {
            pool == other_pool
                && image == other_image
                && monitors.iter().any(|monitor| other_monitors.contains(monitor))
                && !(*read_only && *other_read_only)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_conflict_unless_both_are_read_only() {
        let gce = |name: &str, read_only| VolumeSource::GcePersistentDisk { pd_name: name.into(), read_only };
        let ebs = |id: &str| VolumeSource::AwsElasticBlockStore { volume_id: id.into() };
        let rbd = |monitor: &str, image: &str| VolumeSource::Rbd {
            monitors: vec![monitor.into(), "m0".into()],
            pool: "p".into(),
            image: image.into(),
            read_only: false,
        };
        let cases = [
            (gce("a", true), gce("a", true), false, "both read only"),
            (gce("a", true), gce("a", false), true, "one writes"),
            (gce("a", false), gce("b", false), false, "other disk"),
            (ebs("a"), ebs("a"), true, "EBS volumes are never shared"),
            (rbd("m1", "i"), rbd("m2", "i"), true, "one monitor in common"),
            (rbd("m1", "i"), rbd("m1", "j"), false, "other image"),
            (gce("a", false), ebs("a"), false, "other kind"),
        ];
        for (own, other, expected, why) in cases {
            assert_eq!(conflict(&own, &other), expected, "{why}");
        }
    }
}
