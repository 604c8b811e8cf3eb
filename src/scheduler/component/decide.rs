//! One attempt of the running scheduler: its inputs are kept if the pod is watched, and it is decided by the index or the
//! framework.

use super::{RateLimit, Scheduler};
use crate::cluster::Cluster;
use crate::scheduler::plugins::default_preemption::never_preempts;
use crate::scheduler::{Attempt, Context, Decision, PodInfo, TieBreak, WatchedPods, schedule};
use crate::units::SimTime;
use rand::Rng;
use std::sync::Arc;

impl<L: RateLimit> Scheduler<L> {
    /// Keeps the last attempt of these pods from now on.
    pub fn watch(&mut self, pods: WatchedPods) {
        self.watch.start(pods);
    }

    /// The last attempt of the watched pods.
    pub fn take_watched_attempt(&mut self) -> Option<Attempt> {
        self.watch.take()
    }

    /// Keeps what the attempt that begins will be decided from, if the pod is watched.
    pub(super) fn note_attempt(&mut self, pod: &Arc<PodInfo>, profile: usize, cluster: &Cluster, now: SimTime) {
        let Some(found) = self.watch.wants(pod.id, cluster) else { return };
        self.note_starts(cluster);
        let mut snapshot = self.snapshot.clone();
        snapshot.refresh();
        // The draws of this attempt come from the stream itself.
        let mut ties = self.ties.clone();
        let attempt = Attempt {
            at: now,
            number: cluster.pod(pod.id).scheduling_attempts + 1,
            previous: None,
            pod: Arc::clone(pod),
            profile: self.profiles[profile].clone(),
            snapshot,
            listers: self.listers.clone(),
            nominator: self.nominator.clone(),
            search: self.search,
            tie_break: TieBreak::Random(ties.next_u64()),
            preemption_tie_break: TieBreak::Random(ties.next_u64()),
            outcome: None,
        };
        self.watch.begin(found, attempt);
    }

    /// Decides where a pod is to be placed.
    pub(super) fn decide(&mut self, pod: &Arc<PodInfo>, profile: usize) -> Decision {
        if let Some(index) = &mut self.index {
            index.sync(&mut self.snapshot, &mut self.nominator);
        }
        let context = Context {
            snapshot: &self.snapshot,
            listers: &self.listers,
            nominator: &self.nominator,
            profile: &self.profiles[profile],
        };
        let tie_break = TieBreak::Random(self.ties.next_u64());
        let indexed = self
            .index
            .as_mut()
            .and_then(|index| index.schedule(&context, pod, profile, &mut self.search, tie_break))
            .filter(|decision| match decision {
                // Preemption wants to know why each node was rejected.
                Decision::Unschedulable(_) => never_preempts(&context, pod),
                _ => true,
            });
        match indexed {
            Some(decision) => {
                self.scratch.state.dynamic_resources_ran = true;
                decision
            }
            None => {
                self.framework_attempts += 1;
                schedule(&context, pod, &mut self.search, tie_break, &mut self.scratch)
            }
        }
    }

    /// Shows the snapshot which pods have started since it was last asked.
    pub(super) fn note_starts(&mut self, cluster: &Cluster) {
        let mut waiting = std::mem::take(&mut self.not_started);
        waiting.retain(|id| {
            let Some(info) = self.snapshot.pod(*id) else { return false };
            let start_time = cluster.pod(*id).start_time;
            if start_time.is_some() {
                let started = PodInfo { start_time, ..PodInfo::clone(info) };
                self.snapshot.update_pod(&Arc::new(started));
            }
            start_time.is_none()
        });
        self.not_started = waiting;
    }
}
