//! The phase of a pod, from the states of its containers.
//!
//! Mirrors `getPhase` of `pkg/kubelet/kubelet_pods.go` (Kubernetes 1.36).

use crate::api::{PodPhase, RestartPolicy};

/// The state of a regular container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Never started: its image is pulled, or it waits for others.
    Waiting,
    /// Runs.
    Running,
    /// Ended before, and waits for its restart (`CrashLoopBackOff`).
    WaitingForRestart,
    /// Ended.
    Terminated {
        /// Its exit code.
        exit_code: i32,
    },
}

/// The state of an init container or sidecar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitState {
    /// Not done yet: waiting, running or restarting; a sidecar that has not started (startup probe included).
    Pending,
    /// Ended with success; a sidecar that has started, also while it restarts.
    Done,
    /// Ended with failure.
    Failed,
}

/// The phase of a pod with these containers. `is_ended` says that nothing restarts any more, whatever the policy: the
/// pod was deleted, evicted or exceeded its deadline, and all containers have ended.
pub fn pod_phase(policy: RestartPolicy, init: &[InitState], containers: &[ContainerState], is_ended: bool) -> PodPhase {
    if policy == RestartPolicy::Never && init.contains(&InitState::Failed) {
        return PodPhase::Failed;
    }
    if init.iter().any(|state| *state != InitState::Done) {
        return PodPhase::Pending;
    }
    if containers.contains(&ContainerState::Waiting) || containers.is_empty() {
        return PodPhase::Pending;
    }
    if containers.contains(&ContainerState::Running) {
        return PodPhase::Running;
    }
    let all_succeeded = containers.iter().all(|state| *state == ContainerState::Terminated { exit_code: 0 });
    match (is_ended, policy, all_succeeded) {
        (true, _, true) | (false, RestartPolicy::OnFailure | RestartPolicy::Never, true) => PodPhase::Succeeded,
        (true, _, false) | (false, RestartPolicy::Never, false) => PodPhase::Failed,
        (false, RestartPolicy::Always, _) | (false, RestartPolicy::OnFailure, false) => PodPhase::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContainerState::{Running, Waiting, WaitingForRestart};
    use InitState::{Done, Pending as InitPending};
    use PodPhase::{Failed, Pending, Succeeded};
    use RestartPolicy::{Always, Never, OnFailure};

    #[test]
    fn containers_make_the_phase() {
        let ok = ContainerState::Terminated { exit_code: 0 };
        let bad = ContainerState::Terminated { exit_code: 1 };
        let run = PodPhase::Running;
        let cases = [
            (Always, vec![], vec![Waiting], false, Pending, "pulling the image"),
            (Always, vec![], vec![Running, Waiting], false, Pending, "not all have started"),
            (Always, vec![], vec![Running, bad], false, run, "one still runs"),
            (Always, vec![], vec![bad], false, run, "will restart"),
            (Always, vec![], vec![ok], false, run, "will restart even after success"),
            (Always, vec![], vec![WaitingForRestart], false, run, "in back-off"),
            (OnFailure, vec![], vec![ok], false, Succeeded, "done"),
            (OnFailure, vec![], vec![ok, bad], false, run, "the failed one restarts"),
            (Never, vec![], vec![ok, ok], false, Succeeded, "done"),
            (Never, vec![], vec![ok, bad], false, Failed, "one failed"),
            (Never, vec![], vec![bad, Running], false, run, "the other still runs"),
            (Always, vec![], vec![ok], true, Succeeded, "deleted, ended with success"),
            (Always, vec![], vec![bad, ok], true, Failed, "deleted, one killed"),
            (Always, vec![Done, InitPending], vec![Waiting], false, Pending, "initialising"),
            (Never, vec![InitState::Failed], vec![Waiting], false, Failed, "initialisation failed for good"),
            (Always, vec![InitState::Failed], vec![Waiting], false, Pending, "initialisation is retried"),
            (Always, vec![Done], vec![Running], false, run, "initialised"),
        ];
        for (policy, init, containers, is_ended, expected, why) in cases {
            assert_eq!(pod_phase(policy, &init, &containers, is_ended), expected, "{why}");
        }
    }
}
