//! Containers that were killed because they reached their memory limit: the last termination that a pod's status shows.

use super::{Change, Cluster, PodId};
use crate::units::SimTime;

/// A container that was killed for its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OomKill {
    /// The index of the container.
    pub container: usize,
    /// When it had started.
    pub started: SimTime,
    /// When it was killed.
    pub finished: SimTime,
}

impl Cluster {
    /// A kubelet reports that a container was killed for its memory.
    pub fn note_oom_kill(&mut self, pod: PodId, kill: OomKill) {
        self.oom_kills.insert(pod, kill);
        self.pods[pod.index()].head.change(&mut self.versions);
        self.changes.push(Change::PodOomKilled(pod));
    }

    /// The last kill of one of a pod's containers, if there was one.
    pub fn oom_kill(&self, pod: PodId) -> Option<OomKill> {
        self.oom_kills.get(&pod).copied()
    }
}
