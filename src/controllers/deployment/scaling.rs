//! Scaling outside a rollout step: the Deployment's size changed, or it is paused (`scale` in `sync.go`).

use super::{DeploymentAction, ReplicaSetView, Sync, max_surge, sum};
use crate::api::DeploymentStrategy;
use std::cmp::Reverse;

impl Sync<'_> {
    /// `scale`: a single active ReplicaSet (or the newest, if none is active) takes the whole size; a saturated new
    /// ReplicaSet empties the old ones; otherwise a rolling Deployment shares the change in proportion.
    pub(super) fn scale(&mut self) {
        let active = self.active();
        let single = match active[..] {
            [] => self.new.or_else(|| self.old().next_back()),
            [only] => Some(only),
            _ => None,
        };
        if let Some(index) = single {
            self.scale_set(index, self.sets[index].spec_replicas, self.spec.replicas);
            return;
        }
        if active.is_empty() {
            return;
        }
        if self.new.is_some_and(|new| self.is_saturated(&self.sets[new])) {
            for index in self.active_old() {
                self.scale_set(index, self.sets[index].spec_replicas, 0);
            }
            return;
        }
        if matches!(self.spec.strategy, DeploymentStrategy::RollingUpdate { .. }) {
            self.scale_in_proportion(active);
        }
    }

    /// `IsSaturated`: the new ReplicaSet has the full size, was scaled for it, and all its pods are available.
    fn is_saturated(&self, new: &ReplicaSetView) -> bool {
        let replicas = self.spec.replicas;
        new.spec_replicas == replicas
            && new.available_replicas == replicas
            && new.annotations.is_some_and(|annotations| annotations.desired == replicas)
    }

    fn scale_in_proportion(&mut self, mut active: Vec<usize>) {
        let replicas = self.spec.replicas;
        let total = sum(active.iter().map(|index| self.sets[*index].spec_replicas));
        let allowed = if replicas > 0 { replicas.saturating_add(max_surge(self.spec.strategy, replicas)) } else { 0 };
        let to_add = allowed - total;
        // FilterActiveReplicaSets is given the old ones and then the new one; with nothing to add that order stays.
        active.sort_by_key(|index| (Some(*index) == self.new, *index));
        if to_add > 0 {
            active.sort_by_key(|index| (Reverse(self.sets[*index].spec_replicas), Reverse(*index)));
        } else if to_add < 0 {
            active.sort_by_key(|index| (Reverse(self.sets[*index].spec_replicas), *index));
        }
        let mut sizes: Vec<i32> = active.iter().map(|index| self.sets[*index].spec_replicas).collect();
        let mut added = 0;
        if to_add != 0 {
            for (index, size) in active.iter().zip(&mut sizes) {
                let share = self.share(&self.sets[*index], to_add, added);
                *size += share;
                added += share;
            }
            if let Some(first) = sizes.first_mut() {
                *first = (*first + to_add - added).max(0);
            }
        }
        let annotations = self.annotations();
        for (index, size) in active.into_iter().zip(sizes) {
            let set = &self.sets[index];
            if set.spec_replicas != size || set.annotations != Some(annotations) {
                let action = DeploymentAction::ScaleReplicaSet {
                    replica_set: index,
                    from: set.spec_replicas,
                    to: size,
                    annotations,
                };
                self.outcome.actions.push(action);
            }
        }
    }

    /// `GetReplicaSetProportion`: the ReplicaSet's part of the change, within what is left of it.
    fn share(&self, set: &ReplicaSetView, to_add: i32, added: i32) -> i32 {
        if set.spec_replicas == 0 || to_add == added {
            return 0;
        }
        let left = to_add - added;
        let fraction = self.fraction(set);
        if to_add > 0 { fraction.min(left) } else { fraction.max(left) }
    }

    /// `getReplicaSetFraction`: how much the ReplicaSet grows (or shrinks, below 0) if it keeps its part of the
    /// Deployment's largest size.
    fn fraction(&self, set: &ReplicaSetView) -> i32 {
        let replicas = self.spec.replicas;
        if replicas == 0 {
            return -set.spec_replicas;
        }
        let max_after = i128::from(replicas.saturating_add(max_surge(self.spec.strategy, replicas)));
        let annotated = set.annotations.map_or(0, |annotations| annotations.max);
        let max_before = i128::from(if annotated == 0 { self.spec.status.replicas } else { annotated });
        if max_before <= 0 {
            return 0;
        }
        // Rounds half up; every number is positive.
        let size = (2 * i128::from(set.spec_replicas) * max_after + max_before) / (2 * max_before);
        i32::try_from(size).unwrap_or(i32::MAX).saturating_sub(set.spec_replicas)
    }
}
