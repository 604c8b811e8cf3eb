//! Rolling update: one step up of the new ReplicaSet, or one step down of the old ones (`rolling.go`).

use super::{Sync, max_unavailable, strategy, sum};

impl Sync<'_> {
    /// `rolloutRolling`.
    pub(super) fn roll_out_rolling(&mut self) {
        self.sync_revision(true);
        let Some(new) = self.new else { return };
        if !self.reconcile_new(new) && !self.reconcile_old(new) && self.is_complete(&self.stored) {
            self.clean_up_history();
        }
        self.write_rollout_status();
    }

    /// `reconcileNewReplicaSet`: says whether the new ReplicaSet changed its size.
    fn reconcile_new(&mut self, new: usize) -> bool {
        let current = self.sets[new].spec_replicas;
        let total = sum(self.sets.iter().map(|set| set.spec_replicas));
        let wanted = if current >= self.spec.replicas {
            self.spec.replicas
        } else {
            strategy::new_replica_set_size(self.spec, current, total)
        };
        self.scale_set(new, current, wanted)
    }

    /// `reconcileOldReplicaSets`: says whether old ReplicaSets changed their size.
    fn reconcile_old(&mut self, new: usize) -> bool {
        let active_old = self.active_old();
        if active_old.is_empty() {
            return false;
        }
        let min_available = self.spec.replicas - max_unavailable(self.spec.strategy, self.spec.replicas);
        let total = sum(self.sets.iter().map(|set| set.spec_replicas));
        let new_unavailable = self.sets[new].spec_replicas - self.sets[new].available_replicas;
        let max_scaled_down = total - min_available - new_unavailable;
        if max_scaled_down <= 0 {
            return false;
        }
        let mut sizes: Vec<i32> = active_old.iter().map(|index| self.sets[*index].spec_replicas).collect();
        let Some(cleaned_up) = self.clean_up_unhealthy(&active_old, &mut sizes, max_scaled_down) else { return false };
        let scaled_down = self.scale_down_old(new, &active_old, &sizes, min_available);
        cleaned_up + scaled_down > 0
    }

    /// `cleanupUnhealthyReplicas`: takes unavailable pods from old ReplicaSets, oldest first. `None` where a
    /// ReplicaSet's status has more available pods than its size (it lags behind): the real controller refuses that
    /// step and what follows in this sync.
    fn clean_up_unhealthy(&mut self, active_old: &[usize], sizes: &mut [i32], limit: i32) -> Option<i32> {
        let mut total = 0;
        for (index, size) in active_old.iter().zip(sizes) {
            if total >= limit {
                break;
            }
            let unhealthy = *size - self.sets[*index].available_replicas;
            if unhealthy == 0 {
                continue;
            }
            if unhealthy < 0 {
                return None;
            }
            let count = unhealthy.min(limit - total);
            self.scale_set(*index, *size, *size - count);
            *size -= count;
            total += count;
        }
        Some(total)
    }

    /// `scaleDownOldReplicaSetsForRollingUpdate`: takes as many pods as are available above the minimum, oldest
    /// ReplicaSet first.
    fn scale_down_old(&mut self, new: usize, active_old: &[usize], sizes: &[i32], min_available: i32) -> i32 {
        let available = sum(active_old.iter().chain([&new]).map(|index| self.sets[*index].available_replicas));
        let surplus = (available - min_available).max(0);
        let mut total = 0;
        for (index, size) in active_old.iter().zip(sizes) {
            let count = (*size).min(surplus - total);
            self.scale_set(*index, *size, *size - count);
            total += count;
        }
        total
    }
}
