//! VolumeRestrictions: in-line disks that cannot be shared on a node, and ReadWriteOncePod claims.

use super::descriptor::{Descriptor, ExtensionPoint, Indexability, concerns_claim_of};
use super::plugin::Plugin;
use crate::api::{AccessMode, Name, VolumeSource};
use crate::scheduler::framework::{ClusterEvent, Context, EventKind, Failure, PreFilterOutcome, Reason, Words};
use crate::scheduler::view::{NodeInfo, PodInfo};

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::PreFilter, ExtensionPoint::Filter],
    events: &[EventKind::NodeAdd, EventKind::AssignedPodDelete, EventKind::ClaimAdd],
    hint: |_, _, pod, event| may_end_conflict(pod, event),
    filter_looks_at_pods: true,
    indexability: Indexability::WhenIdle(|pod| pod.spec().volumes.is_empty()),
    ..Descriptor::of(Plugin::VolumeRestrictions, "VolumeRestrictions")
};

/// An in-line disk is in use by a pod of the node.
static ERR_REASON_DISK_CONFLICT: Reason =
    Reason::unschedulable(Plugin::VolumeRestrictions, Words::Fixed("node(s) had no available disk"));
/// A ReadWriteOncePod claim is in use.
static ERR_REASON_READ_WRITE_ONCE_POD_CONFLICT: Reason = Reason::unschedulable(
    Plugin::VolumeRestrictions,
    Words::Fixed(
        "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
    ),
);

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
    pub fn count(&mut self, counted: &PodInfo, amount: i64) {
        let used = counted.claim_names().filter(|claim| self.claims.contains(claim)).count();
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
                    let reason = format!("persistentvolumeclaim \"{name}\" not found");
                    return PreFilterOutcome::unresolvable(Plugin::VolumeRestrictions, reason);
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
            let mut placed = context.snapshot.nodes().flat_map(|node| node.pods());
            placed.any(|user| user.namespace == pod.namespace && user.claim_names().any(|name| name == *claim))
        };
        state.conflicts = i64::try_from(state.claims.iter().filter(|claim| is_used(claim)).count()).unwrap_or(0);
    }
    PreFilterOutcome::run_if(checks_disks || state.conflicts > 0)
}

/// Rejects a node with a disk that the pod cannot share, and every node while a ReadWriteOncePod claim is in use.
pub fn filter(state: &FilterState, pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    if node.pods().iter().any(|placed| conflicts(pod, placed)) {
        return Err(Failure::of(&ERR_REASON_DISK_CONFLICT));
    }
    if state.conflicts > 0 { Err(Failure::of(&ERR_REASON_READ_WRITE_ONCE_POD_CONFLICT)) } else { Ok(()) }
}

/// Whether the pods have a disk in common that cannot be shared.
fn conflicts(pod: &PodInfo, placed: &PodInfo) -> bool {
    let volumes = || pod.spec().volumes.iter().map(|volume| &volume.source);
    placed.spec().volumes.iter().any(|mounted| volumes().any(|wanted| conflict(wanted, &mounted.source)))
}

/// A node or a claim of the pod came, or a pod went that shared a disk or a claim with it.
fn may_end_conflict(pod: &PodInfo, event: &ClusterEvent) -> bool {
    match event {
        ClusterEvent::AssignedPodDelete(gone) => {
            let shares_claim = || gone.claim_names().any(|used| pod.claim_names().any(|wanted| wanted == used));
            gone.namespace == pod.namespace && (conflicts(pod, gone) || shares_claim())
        }
        _ => concerns_claim_of(pod, event),
    }
}

/// Whether two volumes are the same disk and cannot be mounted by two pods of a node (`isVolumeConflict`).
fn conflict(wanted: &VolumeSource, mounted: &VolumeSource) -> bool {
    match (wanted, mounted) {
        (
            VolumeSource::GcePersistentDisk { pd_name, read_only },
            VolumeSource::GcePersistentDisk { pd_name: mounted_name, read_only: mounted_read_only },
        ) => pd_name == mounted_name && !(*read_only && *mounted_read_only),
        (
            VolumeSource::AwsElasticBlockStore { volume_id },
            VolumeSource::AwsElasticBlockStore { volume_id: mounted_id },
        ) => volume_id == mounted_id,
        (
            VolumeSource::Iscsi { iqn, read_only },
            VolumeSource::Iscsi { iqn: mounted_iqn, read_only: mounted_read_only },
        ) => iqn == mounted_iqn && !(*read_only && *mounted_read_only),
        (
            VolumeSource::Rbd { monitors, pool, image, read_only },
            VolumeSource::Rbd {
                monitors: mounted_monitors,
                pool: mounted_pool,
                image: mounted_image,
                read_only: mounted_read_only,
            },
        ) => {
            pool == mounted_pool
                && image == mounted_image
                && monitors.iter().any(|monitor| mounted_monitors.contains(monitor))
                && !(*read_only && *mounted_read_only)
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
        for (wanted, mounted, expected, why) in cases {
            assert_eq!(conflict(&wanted, &mounted), expected, "{why}");
        }
    }
}
