//! The volumes of pods: a pod starts when the status of its node says that they are attached, and they are in use until it has
//! ended.
//!
//! Mirrors the volume manager of the kubelet (`pkg/kubelet/volumemanager`, Kubernetes 1.36). Mounting takes no time.

use super::report::pod_event;
use super::{KubeletEvent, Kubelets, machine_of};
use crate::cluster::{ClaimId, Cluster, Machine, NodeId, PodId, Severity, VolumeId};
use crate::engine::{Agenda, RandomStream, RandomStreams};
use crate::units::SimDuration;
use rand::RngExt;
use std::collections::BTreeMap;

/// `podAttachAndMountTimeout`: how long a sync of a pod waits for its volumes.
const ATTACH_AND_MOUNT_TIMEOUT: SimDuration = SimDuration::from_secs(123);

/// What kubelets know of volumes that are attached to their nodes.
#[derive(Debug)]
pub(super) struct PodVolumes {
    /// The volumes that a pod has in use.
    in_use: BTreeMap<PodId, Vec<VolumeId>>,
    /// Pods that wait for theirs to be attached, each with its plan.
    waiting: BTreeMap<PodId, u32>,
    status_stream: RandomStream,
}

impl PodVolumes {
    /// Nothing is in use.
    pub(super) fn new(streams: RandomStreams) -> Self {
        Self { in_use: BTreeMap::new(), waiting: BTreeMap::new(), status_stream: streams.stream("kubelet/node-status") }
    }
}

impl Kubelets {
    /// From a change of the volumes that a node uses to its next status.
    pub(super) fn until_in_status(&mut self) -> SimDuration {
        let frequency = self.settings.node_status_update_frequency;
        if frequency == SimDuration::ZERO {
            return frequency;
        }
        frequency.mul_f64(self.volumes.status_stream.random::<f64>())
    }

    /// Whether the volumes of a pod are attached. If they are not, the pod goes on when they are.
    pub(super) fn has_volumes<A: Agenda<KubeletEvent>>(
        &mut self,
        pod: PodId,
        generation: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> bool {
        let Some(node) = cluster.pod(pod).node else { return true };
        let volumes = cluster.attachable_volumes_of(pod);
        if volumes.is_empty() {
            return true;
        }
        if machine_of(cluster, pod) == Some(Machine::Up) {
            for volume in &volumes {
                cluster.report_in_use(node, *volume, true);
            }
        }
        let attachments = cluster.storage().attachments();
        let all_attached = volumes.iter().all(|volume| attachments.is_reported(node, *volume));
        for volume in &volumes {
            self.expand_mounted(*volume, cluster);
        }
        self.volumes.in_use.insert(pod, volumes);
        if all_attached {
            self.volumes.waiting.remove(&pod);
        } else if self.volumes.waiting.insert(pod, generation) != Some(generation) {
            let at = agenda.now() + ATTACH_AND_MOUNT_TIMEOUT;
            agenda.schedule(at, KubeletEvent::AttachTimeout { pod, generation });
        }
        all_attached
    }

    /// The status of a node says something else of volumes: pods may have been waiting for that.
    pub(super) fn look_for_volumes<A: Agenda<KubeletEvent>>(
        &mut self,
        node: NodeId,
        cluster: &Cluster,
        agenda: &mut A,
    ) {
        if self.volumes.waiting.is_empty() || cluster.node(node).machine != Machine::Up {
            return;
        }
        let attachments = cluster.storage().attachments();
        for pod in &cluster.node(node).pods {
            let (Some(generation), Some(volumes)) = (self.volumes.waiting.get(pod), self.volumes.in_use.get(pod))
            else {
                continue;
            };
            if volumes.iter().all(|volume| attachments.is_reported(node, *volume)) {
                let mount = KubeletEvent::Mount { pod: *pod, generation: *generation, failures: 0 };
                agenda.schedule(agenda.now() + self.until_seen(), mount);
            }
        }
    }

    /// The sync of a pod has waited long enough: the user is told, and the next sync waits again.
    pub(super) fn attach_timeout<A: Agenda<KubeletEvent>>(
        &mut self,
        pod: PodId,
        generation: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if self.volumes.waiting.get(&pod) != Some(&generation) {
            return;
        }
        if machine_of(cluster, pod) == Some(Machine::Up) {
            let template = &cluster.template_of(pod).template;
            let names: Vec<&str> = template.spec.volumes.iter().map(|volume| &*volume.name).collect();
            let message = format!(
                "Unable to attach or mount volumes: unmounted volumes=[{}], unattached volumes=[], failed to process \
                 volumes=[]: context deadline exceeded",
                names.join(" ")
            );
            pod_event(pod, (Severity::Warning, "FailedMount"), message, cluster);
        }
        let at = agenda.now() + ATTACH_AND_MOUNT_TIMEOUT;
        agenda.schedule(at, KubeletEvent::AttachTimeout { pod, generation });
    }

    /// A pod has ended: its kubelet, if it reports anything, says that it does not use the pod's volumes any more.
    pub(super) fn unmount<A: Agenda<KubeletEvent>>(&mut self, pod: PodId, cluster: &mut Cluster, agenda: &mut A) {
        self.volumes.waiting.remove(&pod);
        if !self.volumes.in_use.contains_key(&pod) || machine_of(cluster, pod) != Some(Machine::Up) {
            return;
        }
        match self.until_in_status() {
            SimDuration::ZERO => self.report_unmounted(pod, cluster),
            delay => agenda.schedule(agenda.now() + delay, KubeletEvent::Unmounted(pod)),
        }
    }

    /// The volumes of a pod are not in use any more, unless another pod of the node uses them.
    pub(super) fn report_unmounted(&mut self, pod: PodId, cluster: &mut Cluster) {
        let Some(node) = cluster.pod(pod).node else { return };
        if cluster.node(node).machine != Machine::Up {
            return;
        }
        for volume in self.volumes.in_use.remove(&pod).unwrap_or_default() {
            let uses = |other: &PodId| self.volumes.in_use.get(other).is_some_and(|volumes| volumes.contains(&volume));
            if !cluster.node(node).pods.iter().any(uses) {
                cluster.report_in_use(node, volume, false);
            }
        }
    }

    /// A kubelet that reports again unmounts the volumes of pods that are gone.
    pub(super) fn clean_up_volumes<A: Agenda<KubeletEvent>>(
        &mut self,
        node: NodeId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if cluster.node(node).machine != Machine::Up || self.volumes.in_use.is_empty() {
            return;
        }
        let has_ended = |pod: &PodId| {
            let state = cluster.pod(*pod);
            state.node == Some(node) && (!state.exists() || state.phase.is_terminal())
        };
        let ended: Vec<PodId> = self.volumes.in_use.keys().copied().filter(has_ended).collect();
        for pod in ended {
            self.unmount(pod, cluster, agenda);
        }
    }

    /// A volume that is mounted got larger: its kubelet grows the file system, and the claim has its new size.
    pub(super) fn expand_mounted(&mut self, volume: VolumeId, cluster: &mut Cluster) {
        let storage = cluster.storage();
        let object = storage.volume(volume);
        let capacity = object.capacity;
        let Some(claim) = claim_of(volume, cluster) else { return };
        if storage.claim(claim).object.capacity.is_none_or(|size| size >= capacity) {
            return;
        }
        let name = object.name.clone();
        let uses = |pod: &PodId| self.volumes.in_use.get(pod).is_some_and(|volumes| volumes.contains(&volume));
        let mounting: Vec<PodId> = cluster.pods_with_claim(claim).filter(uses).collect();
        let Some(first) = mounting.first() else { return };
        if machine_of(cluster, *first) != Some(Machine::Up) {
            return;
        }
        let message = format!("MountVolume.NodeExpandVolume succeeded for volume \"{name}\"");
        pod_event(*first, (Severity::Normal, "FileSystemResizeSuccessful"), message, cluster);
        cluster.set_claim_capacity(claim, capacity);
    }
}

/// The claim that has a volume.
fn claim_of(volume: VolumeId, cluster: &Cluster) -> Option<ClaimId> {
    let storage = cluster.storage();
    let volume = storage.volume(volume);
    let reference = volume.claim.as_ref()?;
    let claim = storage.claim_id(&reference.namespace, &reference.name)?;
    (storage.claim(claim).object.volume_name == volume.name).then_some(claim)
}
