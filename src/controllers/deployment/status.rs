//! The Deployment's status: counts, conditions, progress (`progress.go`, and `calculateStatus` in `sync.go`).

use super::{DeploymentAction, Requeue, Sync, max_unavailable};
use crate::api::{DeploymentCondition, DeploymentStatus, ProgressingReason};
use crate::units::{SimDuration, SimTime};

/// An instant as the API stores it, in whole seconds.
fn stored_time(now: SimTime) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(now.since_start().whole_seconds())
}

impl DeploymentStatus {
    /// `SetDeploymentCondition`: same status and reason leave the condition as it is.
    fn set_progressing(&mut self, reason: ProgressingReason, now: SimTime) {
        if self.progressing.is_none_or(|old| (old.status, old.reason) != (reason.status(), reason)) {
            self.renew_progressing(reason, now);
        }
    }

    /// Sets the condition with a new update time even if nothing else changes.
    fn renew_progressing(&mut self, reason: ProgressingReason, now: SimTime) {
        let now = stored_time(now);
        let status = reason.status();
        let same = self.progressing.filter(|old| old.status == status);
        let last_transition = same.map_or(now, |old| old.last_transition);
        self.progressing = Some(DeploymentCondition { status, reason, last_update: now, last_transition });
    }
}

impl Sync<'_> {
    /// `checkPausedConditions`: pausing and resuming stop the progress clock.
    pub(super) fn check_paused_conditions(&mut self) {
        use ProgressingReason::{DeploymentPaused, DeploymentResumed, ProgressDeadlineExceeded};
        if self.spec.progress_deadline.is_none() {
            return;
        }
        let reason = self.stored.progressing.map(|condition| condition.reason);
        if reason == Some(ProgressDeadlineExceeded) {
            return;
        }
        let was_paused = reason == Some(DeploymentPaused);
        if self.spec.paused != was_paused {
            let reason = if self.spec.paused { DeploymentPaused } else { DeploymentResumed };
            self.stored.set_progressing(reason, self.now);
            self.write(self.stored.clone());
        }
    }

    /// The new ReplicaSet was created: revision and condition are written at once.
    pub(super) fn note_creation(&mut self, revision: i64) {
        self.stored.revision = revision;
        if self.spec.progress_deadline.is_some() {
            self.stored.set_progressing(ProgressingReason::NewReplicaSetCreated, self.now);
        }
        self.write(self.stored.clone());
    }

    /// The new ReplicaSet exists and has its revision: the Deployment takes it over.
    pub(super) fn note_revision(&mut self, revision: i64) {
        let adopt = self.spec.progress_deadline.is_some() && self.stored.progressing.is_none();
        if adopt {
            self.stored.set_progressing(ProgressingReason::FoundNewReplicaSet, self.now);
        }
        if adopt || self.stored.revision != revision {
            self.stored.revision = revision;
            self.write(self.stored.clone());
        }
    }

    /// `DeploymentComplete`: every pod is updated and available, and none is left over.
    pub(super) fn is_complete(&self, status: &DeploymentStatus) -> bool {
        let replicas = self.spec.replicas;
        status.updated_replicas == replicas
            && status.replicas == replicas
            && status.available_replicas == replicas
            && status.observed_generation >= self.spec.generation
    }

    /// `calculateStatus`.
    fn calculate(&self) -> DeploymentStatus {
        let sum = |count: fn(&super::ReplicaSetView) -> i32| super::sum(self.sets.iter().map(count));
        let available_replicas = sum(|set| set.available_replicas);
        let min_available = self.spec.replicas - max_unavailable(self.spec.strategy, self.spec.replicas);
        DeploymentStatus {
            observed_generation: self.spec.generation,
            revision: self.stored.revision,
            replicas: sum(|set| set.status_replicas),
            updated_replicas: self.new.map_or(0, |new| self.sets[new].status_replicas),
            ready_replicas: sum(|set| set.ready_replicas),
            available_replicas,
            unavailable_replicas: (sum(|set| set.spec_replicas) - available_replicas).max(0),
            available: Some(available_replicas >= min_available),
            progressing: self.stored.progressing,
        }
    }

    /// `syncDeploymentStatus`: counts only, for scaling and paused Deployments.
    pub(super) fn write_plain_status(&mut self) {
        let status = self.calculate();
        if status != self.stored {
            self.write(status);
        }
    }

    /// `syncRolloutStatus`: counts and progress; asks for another sync where only the deadline can change something.
    pub(super) fn write_rollout_status(&mut self) {
        use ProgressingReason::{NewReplicaSetAvailable, ProgressDeadlineExceeded, ReplicaSetUpdated};
        let mut status = self.calculate();
        let current = self.stored.progressing;
        match self.spec.progress_deadline {
            None => status.progressing = None,
            Some(deadline) => {
                let was_complete = status.replicas == status.updated_replicas
                    && current.is_some_and(|condition| condition.reason == NewReplicaSetAvailable);
                if was_complete {
                    // A resync of a finished rollout: progress is not estimated.
                } else if self.is_complete(&status) {
                    status.set_progressing(NewReplicaSetAvailable, self.now);
                } else if self.has_progressed(&status) {
                    status.renew_progressing(ReplicaSetUpdated, self.now);
                } else if self.has_timed_out(&status, deadline) {
                    status.set_progressing(ProgressDeadlineExceeded, self.now);
                }
            }
        }
        if status == self.stored {
            self.outcome.requeue = self.progress_check(&status);
        } else {
            self.write(status);
        }
    }

    /// `DeploymentProgressing`: more updated, ready or available pods, or fewer old ones, than in the stored status.
    fn has_progressed(&self, status: &DeploymentStatus) -> bool {
        let old = |status: &DeploymentStatus| status.replicas - status.updated_replicas;
        status.updated_replicas > self.stored.updated_replicas
            || old(status) < old(&self.stored)
            || status.ready_replicas > self.stored.ready_replicas
            || status.available_replicas > self.stored.available_replicas
    }

    /// `DeploymentTimedOut`.
    fn has_timed_out(&self, status: &DeploymentStatus, deadline: SimDuration) -> bool {
        use ProgressingReason::{NewReplicaSetAvailable, ProgressDeadlineExceeded};
        match status.progressing {
            None => false,
            Some(condition) if condition.reason == NewReplicaSetAvailable => false,
            Some(condition) if condition.reason == ProgressDeadlineExceeded => true,
            Some(condition) => condition.last_update + deadline < self.now,
        }
    }

    /// `requeueStuckDeployment`: one second after the deadline, or at once where less than a second is left.
    fn progress_check(&self, status: &DeploymentStatus) -> Option<Requeue> {
        let (deadline, condition) = (self.spec.progress_deadline?, self.stored.progressing?);
        if self.is_complete(status) || condition.reason == ProgressingReason::ProgressDeadlineExceeded {
            return None;
        }
        let second = SimDuration::from_secs(1);
        let after = condition.last_update + deadline - self.now;
        Some(if after < second { Requeue::RateLimited } else { Requeue::After(after + second) })
    }

    fn write(&mut self, status: DeploymentStatus) {
        self.outcome.actions.push(DeploymentAction::UpdateStatus(status));
    }
}
