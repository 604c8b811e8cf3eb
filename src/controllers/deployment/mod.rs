//! The Deployment controller: what one sync does, given the Deployment and its ReplicaSets.
//!
//! Mirrors kube-controller-manager's `pkg/controller/deployment` (Kubernetes 1.36). It does not select ReplicaSets,
//! compare templates or write objects: the caller says which ReplicaSet is the new one and carries out the actions.
//!
//! Known deviations: `ReplicaFailure` conditions and `terminatingReplicas` (pod replacement policy, alpha) are not
//! derived, the revision-history annotation is not kept, and update conflicts, after which the real controller retries
//! within milliseconds, are not played.

pub mod controller;
mod rolling;
mod scaling;
mod status;
mod strategy;

pub use strategy::{max_surge, max_unavailable};

use crate::api::{DeploymentStatus, DeploymentStrategy};
use crate::units::{SimDuration, SimTime};

/// What a sync sees of the Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentView {
    /// `spec.replicas`.
    pub replicas: i32,
    /// `spec.strategy`.
    pub strategy: DeploymentStrategy,
    /// `spec.paused`.
    pub paused: bool,
    /// `spec.revisionHistoryLimit`; `None` keeps every old ReplicaSet (2^31 - 1 in the API).
    pub revision_history_limit: Option<i32>,
    /// `spec.progressDeadlineSeconds`; `None` is without a deadline (2^31 - 1 in the API).
    pub progress_deadline: Option<SimDuration>,
    /// `metadata.generation`: grows with each change of the spec.
    pub generation: i64,
    /// The status as last written.
    pub status: DeploymentStatus,
}

/// The two annotations by which a ReplicaSet remembers the Deployment's size when it was last scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicasAnnotations {
    /// `deployment.kubernetes.io/desired-replicas`: the Deployment's replicas.
    pub desired: i32,
    /// `deployment.kubernetes.io/max-replicas`: replicas plus surge.
    pub max: i32,
}

/// What a sync sees of one ReplicaSet of the Deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReplicaSetView {
    /// `deployment.kubernetes.io/revision`.
    pub revision: i64,
    /// Whether its pod template equals the Deployment's.
    pub is_new: bool,
    /// `spec.replicas`.
    pub spec_replicas: i32,
    /// `status.replicas`: pods that are neither terminal nor being deleted.
    pub status_replicas: i32,
    /// `status.readyReplicas`.
    pub ready_replicas: i32,
    /// `status.availableReplicas`: ready for `minReadySeconds`.
    pub available_replicas: i32,
    /// The annotations of its last scaling; `None` where they are missing.
    pub annotations: Option<ReplicasAnnotations>,
    /// Pods whose phase is neither `Succeeded` nor `Failed`, terminating ones included. Only `Recreate` asks.
    pub non_terminal_pods: i32,
    /// Whether `status.observedGeneration` lags behind the generation.
    pub status_is_stale: bool,
    /// Whether it has a deletion timestamp.
    pub is_deleting: bool,
}

/// One write of a sync. ReplicaSets are named by their position in the list that the sync was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentAction {
    /// Creates the ReplicaSet of the current template.
    CreateReplicaSet {
        /// Its `spec.replicas`.
        replicas: i32,
        /// Its revision.
        revision: i64,
        /// Its annotations.
        annotations: ReplicasAnnotations,
    },
    /// Raises the revision of the existing new ReplicaSet (a rollback).
    SetRevision {
        /// The ReplicaSet.
        replica_set: usize,
        /// The new revision.
        revision: i64,
    },
    /// Sets `spec.replicas` (unchanged where only the annotations differ) and the annotations of a ReplicaSet.
    ScaleReplicaSet {
        /// The ReplicaSet.
        replica_set: usize,
        /// Size before.
        from: i32,
        /// Size after.
        to: i32,
        /// Its annotations.
        annotations: ReplicasAnnotations,
    },
    /// Deletes an old ReplicaSet beyond the history limit.
    DeleteReplicaSet {
        /// The ReplicaSet.
        replica_set: usize,
    },
    /// Writes the status.
    UpdateStatus(DeploymentStatus),
}

/// When the controller wants to sync the Deployment again without a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requeue {
    /// At once, after the work queue's rate limiter (5 ms at first).
    RateLimited,
    /// After this span.
    After(SimDuration),
}

/// The outcome of one sync.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentSync {
    /// The writes, in order.
    pub actions: Vec<DeploymentAction>,
    /// The wanted next sync.
    pub requeue: Option<Requeue>,
}

/// One sync of the Deployment controller (`syncDeployment`).
///
/// `replica_sets` are the Deployment's ReplicaSets in order of creation, oldest first. At most one should be new; of
/// several the oldest counts (`FindNewReplicaSet`).
///
/// A sync may write the status twice. A real API server refuses the second write (the controller still holds the
/// object from before the first), and the retry some 5 ms later writes it; to carry out both writes, as the recordings
/// do, gives the same state that much sooner.
pub fn sync(deployment: &DeploymentView, replica_sets: &[ReplicaSetView], now: SimTime) -> DeploymentSync {
    let mut sync = Sync {
        spec: deployment,
        new: replica_sets.iter().position(|set| set.is_new),
        sets: replica_sets.to_vec(),
        stored: deployment.status.clone(),
        outcome: DeploymentSync::default(),
        now,
    };
    sync.check_paused_conditions();
    if deployment.paused {
        sync.sync_revision(false);
        sync.scale();
        sync.clean_up_history();
        sync.write_plain_status();
        return sync.outcome;
    }
    if sync.is_scaling_event() {
        sync.sync_revision(false);
        sync.scale();
        sync.write_plain_status();
        return sync.outcome;
    }
    match deployment.strategy {
        DeploymentStrategy::Recreate => sync.roll_out_recreate(),
        DeploymentStrategy::RollingUpdate { .. } => sync.roll_out_rolling(),
    }
    sync.outcome
}

/// A sum that stays within the API's 32 bits.
fn sum(numbers: impl Iterator<Item = i32>) -> i32 {
    numbers.fold(0, i32::saturating_add)
}

/// The state of one sync.
struct Sync<'a> {
    spec: &'a DeploymentView,
    /// The new ReplicaSet's position in `sets`.
    new: Option<usize>,
    /// The ReplicaSets as read at the start, followed by the one created in this sync. As in the real controller,
    /// later steps and the status do not see the sizes written in between.
    sets: Vec<ReplicaSetView>,
    /// The Deployment's status as this sync knows it.
    stored: DeploymentStatus,
    outcome: DeploymentSync,
    now: SimTime,
}

impl Sync<'_> {
    fn annotations(&self) -> ReplicasAnnotations {
        let max = self.spec.replicas.saturating_add(max_surge(self.spec.strategy, self.spec.replicas));
        ReplicasAnnotations { desired: self.spec.replicas, max }
    }

    /// Positions of the old ReplicaSets, oldest first.
    fn old(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let new = self.new;
        (0..self.sets.len()).filter(move |index| Some(*index) != new)
    }

    /// Positions of the old ReplicaSets with a size above 0, oldest first.
    fn active_old(&self) -> Vec<usize> {
        self.old().filter(|index| self.sets[*index].spec_replicas > 0).collect()
    }

    /// Positions of all ReplicaSets with a size above 0, oldest first.
    fn active(&self) -> Vec<usize> {
        (0..self.sets.len()).filter(|index| self.sets[*index].spec_replicas > 0).collect()
    }

    /// `scaleReplicaSetAndRecordEvent`: writes only if the size changes; says whether it did.
    fn scale_set(&mut self, replica_set: usize, from: i32, to: i32) -> bool {
        if from == to {
            return false;
        }
        let annotations = self.annotations();
        self.outcome.actions.push(DeploymentAction::ScaleReplicaSet { replica_set, from, to, annotations });
        true
    }

    /// `isScalingEvent`: an active ReplicaSet was last scaled for another number of replicas.
    fn is_scaling_event(&self) -> bool {
        let differs =
            |set: &ReplicaSetView| set.annotations.is_some_and(|annotations| annotations.desired != self.spec.replicas);
        self.sets.iter().any(|set| set.spec_replicas > 0 && differs(set))
    }

    /// `getAllReplicaSetsAndSyncRevision`: the new ReplicaSet gets the highest revision, or is created if wanted.
    fn sync_revision(&mut self, create: bool) {
        let highest_old = self.old().map(|index| self.sets[index].revision).max().unwrap_or(0).max(0);
        let revision = highest_old.saturating_add(1);
        if let Some(index) = self.new {
            if self.sets[index].revision < revision {
                self.sets[index].revision = revision;
                self.outcome.actions.push(DeploymentAction::SetRevision { replica_set: index, revision });
            } else {
                self.note_revision(self.sets[index].revision);
            }
            return;
        }
        if !create {
            return;
        }
        let total = sum(self.sets.iter().map(|set| set.spec_replicas));
        let replicas = strategy::new_replica_set_size(self.spec, 0, total);
        let annotations = self.annotations();
        self.outcome.actions.push(DeploymentAction::CreateReplicaSet { replicas, revision, annotations });
        self.new = Some(self.sets.len());
        self.sets.push(ReplicaSetView {
            revision,
            is_new: true,
            spec_replicas: replicas,
            annotations: Some(annotations),
            ..ReplicaSetView::default()
        });
        self.note_creation(revision);
    }

    /// `rolloutRecreate`: old ReplicaSets go to 0, and the new one comes when no old pod is left.
    fn roll_out_recreate(&mut self) {
        self.sync_revision(false);
        let active_old = self.active_old();
        if !active_old.is_empty() {
            for index in active_old {
                self.scale_set(index, self.sets[index].spec_replicas, 0);
            }
            return self.write_rollout_status();
        }
        let is_running = |set: &ReplicaSetView| set.status_replicas > 0 || set.non_terminal_pods > 0;
        if self.old().any(|index| is_running(&self.sets[index])) {
            return self.write_rollout_status();
        }
        if self.new.is_none() {
            self.sync_revision(true);
        }
        if let Some(new) = self.new {
            self.scale_set(new, self.sets[new].spec_replicas, self.spec.replicas);
        }
        if self.is_complete(&self.stored) {
            self.clean_up_history();
        }
        self.write_rollout_status();
    }

    /// `cleanupDeployment`: of the old ReplicaSets beyond the history limit, those of the lowest revisions that are
    /// empty are deleted.
    fn clean_up_history(&mut self) {
        let Some(limit) = self.spec.revision_history_limit else { return };
        let mut cleanable: Vec<usize> = self.old().filter(|index| !self.sets[*index].is_deleting).collect();
        let Some(surplus) = i64::try_from(cleanable.len()).ok().map(|count| count - i64::from(limit)) else { return };
        cleanable.sort_by_key(|index| (self.sets[*index].revision, *index));
        for replica_set in cleanable.into_iter().take(usize::try_from(surplus).unwrap_or(0)) {
            let set = &self.sets[replica_set];
            if set.status_replicas == 0 && set.spec_replicas == 0 && !set.status_is_stale {
                self.outcome.actions.push(DeploymentAction::DeleteReplicaSet { replica_set });
            }
        }
    }
}

#[cfg(test)]
mod tests;
