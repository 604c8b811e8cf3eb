//! What a kubelet reports of the end of a pod, and its Events.

use super::{Exit, Kubelets};
use crate::api::PodPhase;
use crate::cluster::{ApiEvent, Cluster, EventObject, PodId, Severity};
use crate::units::SimTime;

/// The exit code of a container that is killed: 128 and the number of SIGKILL.
pub(super) const KILLED: u8 = 137;

impl Kubelets {
    /// Reports that a pod that was to be deleted has stopped.
    pub(super) fn report_stop(&mut self, pod: PodId, cluster: &mut Cluster, now: SimTime) {
        let hinted = cluster.template_of(pod).template.hints.ends.stopped_exit_code.unwrap_or(0);
        let stopped = self.job_runs.stopped_exit_code(pod, cluster).unwrap_or(hinted);
        let exit = if stopped == 0 { Exit::Completed } else { Exit::Failed { code: stopped } };
        let (phase, reason, code) = last_status(self.runtime(pod).ended.unwrap_or(exit));
        // Why a pod went says more than how its containers took the signal, but for a Job.
        let reason = if cluster.pod(pod).job.is_some() { reason } else { "" };
        cluster.set_exit_code(pod, code);
        cluster.end_pod(pod, phase, reason, now);
    }
}

/// Phase, reason and exit code of a pod whose containers ended for good.
const fn last_status(exit: Exit) -> (PodPhase, &'static str, u8) {
    match exit {
        Exit::Completed | Exit::LifetimeOver => (PodPhase::Succeeded, "Completed", 0),
        Exit::Failed { code } => (PodPhase::Failed, "Error", code),
        Exit::OutOfMemory => (PodPhase::Failed, "OOMKilled", KILLED),
        Exit::Unhealthy => (PodPhase::Failed, "Unhealthy", KILLED),
        Exit::DeadlineExceeded => (PodPhase::Failed, "DeadlineExceeded", KILLED),
    }
}

/// Reports that a pod's containers ended for good. Pods that come and go by themselves are deleted by whoever made them.
pub(super) fn report_end(pod: PodId, exit: Exit, cluster: &mut Cluster, now: SimTime) {
    let (phase, reason, code) = last_status(exit);
    cluster.set_exit_code(pod, code);
    cluster.end_pod(pod, phase, reason, now);
    if exit == Exit::LifetimeOver {
        cluster.remove_pod(pod, now);
    }
}

/// The event `BackOff`.
pub(super) fn back_off_event(pod: PodId, cluster: &mut Cluster) {
    let message = format!("Back-off restarting failed container in pod {}", cluster.pod(pod).name);
    pod_event(pod, (Severity::Warning, "BackOff"), message, cluster);
}

/// Writes an Event about a pod.
pub(super) fn pod_event(
    pod: PodId,
    (severity, reason): (Severity, &'static str),
    message: String,
    cluster: &mut Cluster,
) {
    let object = EventObject::Pod(pod);
    cluster.emit(ApiEvent { severity, reason, source: "kubelet", object, message: message.into() });
}
