//! A container that reaches its memory limit is killed.

use super::{Exit, KubeletEvent, Kubelets, machine_of};
use crate::cluster::{Cluster, Machine, OomKill, PodId};
use crate::engine::Agenda;

impl Kubelets {
    /// Kills a container of a running pod that has reached its memory limit.
    pub fn kill_for_memory<A: Agenda<KubeletEvent>>(
        &mut self,
        pod: PodId,
        container: usize,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let started = self.runtime(pod).last_start;
        if !self.runtime(pod).up || !cluster.pod(pod).exists() || machine_of(cluster, pod) == Some(Machine::Down) {
            return;
        }
        if machine_of(cluster, pod) == Some(Machine::Up) {
            cluster.note_oom_kill(pod, OomKill { container, started, finished: agenda.now() });
        }
        self.exited(pod, Exit::OutOfMemory, cluster, agenda);
    }
}
