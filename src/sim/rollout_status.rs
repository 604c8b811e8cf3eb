//! What `kubectl rollout status` says (`pkg/polymorphichelpers/rollout_status.go` of kubectl, Kubernetes 1.36).

/// An answer of `kubectl rollout status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RolloutStatus {
    /// What it prints, with the line's end; empty with an error.
    pub message: String,
    /// Whether it stops waiting.
    pub done: bool,
    /// Why it gives up.
    pub error: Option<String>,
}

impl RolloutStatus {
    fn waits(message: String) -> Self {
        Self { message, ..Self::default() }
    }

    fn done(message: String) -> Self {
        Self { message, done: true, error: None }
    }

    /// The message without the line's end, or the error.
    pub fn text(&self) -> &str {
        self.error.as_deref().unwrap_or_else(|| self.message.trim_end())
    }
}

/// `metadata.generation` and `status.observedGeneration`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generations {
    /// That of the spec.
    pub generation: i64,
    /// The one that the controller has seen.
    pub observed: i64,
}

impl Generations {
    const fn is_observed(self) -> bool {
        self.generation <= self.observed
    }
}

/// What it looks at of a Deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DeploymentRollout<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// Generations.
    pub generations: Generations,
    /// The annotation `deployment.kubernetes.io/revision`.
    pub revision: i64,
    /// `--revision`; 0 takes any.
    pub wanted_revision: i64,
    /// `spec.replicas`.
    pub replicas: Option<i32>,
    /// `status.replicas`.
    pub total: i32,
    /// `status.updatedReplicas`.
    pub updated: i32,
    /// `status.availableReplicas`.
    pub available: i32,
    /// Whether the reason of condition `Progressing` is `ProgressDeadlineExceeded`.
    pub exceeded_deadline: bool,
}

/// Of a Deployment.
pub(crate) fn deployment(rollout: &DeploymentRollout<'_>) -> RolloutStatus {
    let DeploymentRollout { name, revision, wanted_revision, total, updated, available, .. } = *rollout;
    let fails = |error| RolloutStatus { error: Some(error), ..RolloutStatus::default() };
    if wanted_revision > 0 && wanted_revision != revision {
        return fails(format!(
            "desired revision ({wanted_revision}) is different from the running revision ({revision})"
        ));
    }
    if !rollout.generations.is_observed() {
        return RolloutStatus::waits("Waiting for deployment spec update to be observed...\n".to_owned());
    }
    if rollout.exceeded_deadline {
        return fails(format!("deployment \"{name}\" exceeded its progress deadline"));
    }
    let waits = |what: String| {
        RolloutStatus::waits(format!("Waiting for deployment \"{name}\" rollout to finish: {what}...\n"))
    };
    if let Some(replicas) = rollout.replicas.filter(|replicas| updated < *replicas) {
        return waits(format!("{updated} out of {replicas} new replicas have been updated"));
    }
    if total > updated {
        return waits(format!("{} old replicas are pending termination", total - updated));
    }
    if available < updated {
        return waits(format!("{available} of {updated} updated replicas are available"));
    }
    RolloutStatus::done(format!("deployment \"{name}\" successfully rolled out\n"))
}

/// `spec.updateStrategy.rollingUpdate` of a StatefulSet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RollingUpdate {
    /// Not given.
    Whole,
    /// Given, with its `partition`.
    Partitioned(Option<i32>),
}

/// What it looks at of a StatefulSet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatefulSetRollout<'a> {
    /// Generations.
    pub generations: Generations,
    /// `None` for type `OnDelete`.
    pub rolling_update: Option<RollingUpdate>,
    /// `spec.replicas`.
    pub replicas: Option<i32>,
    /// `status.readyReplicas`.
    pub ready: i32,
    /// `status.updatedReplicas`.
    pub updated: i32,
    /// `status.currentReplicas`.
    pub current: i32,
    /// `status.updateRevision`.
    pub update_revision: &'a str,
    /// `status.currentRevision`.
    pub current_revision: &'a str,
}

/// Of a StatefulSet.
pub(crate) fn stateful_set(rollout: &StatefulSetRollout<'_>) -> RolloutStatus {
    let StatefulSetRollout { ready, updated, current, update_revision, current_revision, .. } = *rollout;
    let Some(rolling_update) = rollout.rolling_update else { return only_rolling_updates() };
    if rollout.generations.observed == 0 || !rollout.generations.is_observed() {
        return RolloutStatus::waits("Waiting for statefulset spec update to be observed...\n".to_owned());
    }
    if let Some(replicas) = rollout.replicas.filter(|replicas| ready < *replicas) {
        return RolloutStatus::waits(format!("Waiting for {} pods to be ready...\n", replicas - ready));
    }
    match rolling_update {
        RollingUpdate::Partitioned(partition) => {
            let wanted = rollout.replicas.zip(partition).map(|(replicas, partition)| replicas - partition);
            match wanted.filter(|wanted| updated < *wanted) {
                Some(wanted) => RolloutStatus::waits(format!(
                    "Waiting for partitioned roll out to finish: {updated} out of {wanted} new pods have been \
                     updated...\n"
                )),
                None => RolloutStatus::done(format!(
                    "partitioned roll out complete: {updated} new pods have been updated...\n"
                )),
            }
        }
        RollingUpdate::Whole if update_revision != current_revision => RolloutStatus::waits(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {update_revision}...\n"
        )),
        RollingUpdate::Whole => RolloutStatus::done(format!(
            "statefulset rolling update complete {current} pods at revision {current_revision}...\n"
        )),
    }
}

/// What it looks at of a DaemonSet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DaemonSetRollout<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// Generations.
    pub generations: Generations,
    /// Whether the update strategy is `RollingUpdate`.
    pub is_rolling: bool,
    /// `status.desiredNumberScheduled`.
    pub desired: i32,
    /// `status.updatedNumberScheduled`.
    pub updated: i32,
    /// `status.numberAvailable`.
    pub available: i32,
}

/// Of a DaemonSet.
pub(crate) fn daemon_set(rollout: &DaemonSetRollout<'_>) -> RolloutStatus {
    let DaemonSetRollout { name, desired, updated, available, .. } = *rollout;
    if !rollout.is_rolling {
        return only_rolling_updates();
    }
    if !rollout.generations.is_observed() {
        return RolloutStatus::waits("Waiting for daemon set spec update to be observed...\n".to_owned());
    }
    let waits = |what: String| {
        RolloutStatus::waits(format!("Waiting for daemon set \"{name}\" rollout to finish: {what}...\n"))
    };
    if updated < desired {
        return waits(format!("{updated} out of {desired} new pods have been updated"));
    }
    if available < desired {
        return waits(format!("{available} of {desired} updated pods are available"));
    }
    RolloutStatus::done(format!("daemon set \"{name}\" successfully rolled out\n"))
}

/// The answer to another strategy.
fn only_rolling_updates() -> RolloutStatus {
    let error = "rollout status is only available for RollingUpdate strategy type".to_owned();
    RolloutStatus { message: String::new(), done: true, error: Some(error) }
}
