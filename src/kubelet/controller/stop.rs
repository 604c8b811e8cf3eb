//! The end of a pod that is being deleted: its containers are stopped, then its last status is written, then its object goes.

use super::{KubeletEvent, Kubelets};
use crate::api::PodTemplate;
use crate::cluster::{Cluster, PodId};
use crate::engine::Agenda;
use crate::kubelet::termination::{StoppingContainer, terminate};
use crate::units::{SimDuration, SimTime};

impl Kubelets {
    /// When the containers of a pod have ended if they are stopped from `now` on.
    pub(super) fn termination_end(&self, template: &PodTemplate, now: SimTime, grace: SimDuration) -> SimTime {
        let stop_delay = template.hints.stop_delay.unwrap_or(self.settings.stop_delay);
        let sidecars = template.spec.init_containers.iter().filter(|container| container.is_sidecar);
        let stopping: Vec<StoppingContainer> = sidecars
            .chain(&template.spec.containers)
            .map(|container| StoppingContainer {
                pre_stop: container.pre_stop_sleep,
                stop_delay,
                is_sidecar: container.is_sidecar,
            })
            .collect();
        terminate(&stopping, now, grace).into_iter().max().unwrap_or(now)
    }

    /// A pod with a deletion timestamp is stopped.
    pub(super) fn stop<A: Agenda<KubeletEvent>>(&mut self, pod: PodId, cluster: &mut Cluster, agenda: &mut A) {
        let runtime = *self.runtime(pod);
        if runtime.stopping {
            return;
        }
        self.runtime(pod).stopping = true;
        let Some(deletion) = cluster.pod(pod).deletion else { return };
        let template = std::sync::Arc::clone(&cluster.template_of(pod).template);
        let seen = agenda.now() + self.until_seen();
        let end = if runtime.up { self.termination_end(&template, seen, deletion.grace) } else { seen };
        let end = end + self.until_reported();
        let generation = cluster.next_pod_generation(pod);
        agenda.schedule(end, KubeletEvent::Stopped { pod, generation });
    }

    /// The last status of a pod whose containers have stopped, and after it the end of its object. Between the two the pod
    /// takes no room on its node any more, but is still there for whoever waits for its name.
    pub(super) fn finish_deletion<A: Agenda<KubeletEvent>>(
        &mut self,
        pod: PodId,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        self.report_stop(pod, cluster, now);
        let generation = cluster.next_pod_generation(pod);
        let at = now + self.until_reported();
        agenda.schedule(at, KubeletEvent::Finalize { pod, generation });
    }
}
