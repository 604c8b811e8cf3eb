//! Attempts that are kept: what the scheduler knew when it decided about a pod that somebody wants to have explained.
//!
//! Keeping an attempt changes no decision. Only the last attempt is kept, since each holds a view of the cluster.

use crate::api::Name;
use crate::cluster::{Cluster, NodeId, PodId};
use crate::scheduler::config::Profile;
use crate::scheduler::framework::{Context, SearchState, TieBreak};
use crate::scheduler::view::{PodInfo, View};
use crate::units::SimTime;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Pods whose attempts are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FollowedPods {
    /// The pod of this name; without one, pods whose names begin with it.
    Named {
        /// Namespace.
        namespace: Name,
        /// Name, or how it begins.
        name: Name,
    },
    /// The pods of a workload.
    OfWorkload {
        /// Kind, for example `Deployment`.
        kind: Name,
        /// Namespace.
        namespace: Name,
        /// Name.
        name: Name,
    },
}

/// What a pod has to do with [`FollowedPods`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// It is the pod that was named.
    Exact,
    /// Its name begins with the name, or it belongs to the workload.
    Related,
}

impl FollowedPods {
    /// What a pod has to do with this; `None` for nothing.
    #[must_use]
    pub fn matches(&self, id: PodId, cluster: &Cluster) -> Option<Match> {
        let pod = cluster.pod(id);
        let is_in = |namespace: &Name| cluster.namespace_name(pod.namespace) == namespace;
        match self {
            Self::Named { namespace, name } => match is_in(namespace) {
                true if pod.name == *name => Some(Match::Exact),
                true if pod.name.starts_with(&**name) => Some(Match::Related),
                _ => None,
            },
            Self::OfWorkload { kind, namespace, name } => {
                // A ReplicaSet may be one of a Deployment, which then is the workload.
                let is_owner = pod
                    .owner
                    .is_some_and(|owner| cluster.kind_of(owner).as_str() == &**kind && cluster.name_of(owner) == name);
                let is_workload = || {
                    let workload = pod.workload.map(|workload| cluster.workload(workload));
                    workload.is_some_and(|workload| *workload.kind.as_str() == **kind && workload.name == *name)
                };
                (is_in(namespace) && (is_owner || is_workload())).then_some(Match::Related)
            }
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// A node was chosen.
    Placed(NodeId),
    /// No node fits.
    Rejected {
        /// The message of the event `FailedScheduling`.
        message: String,
        /// The node where preemption makes room.
        nominated: Option<NodeId>,
    },
}

/// One scheduling attempt: everything that the decision follows from, and the decision.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// Start of the scheduling cycle.
    pub at: SimTime,
    /// Attempts of the pod so far, this one included.
    pub number: u32,
    /// Start of the pod's attempt before this one.
    pub previous: Option<SimTime>,
    /// The pod.
    pub pod: Arc<PodInfo>,
    /// Its profile.
    pub profile: Profile,
    /// The cluster as the scheduler saw it, refreshed.
    pub view: View,
    /// Where the search starts.
    pub search: SearchState,
    /// The draw among nodes of the highest score.
    pub tie_break: TieBreak,
    /// The draw of preemption, which follows if no node fits.
    pub preemption_tie_break: TieBreak,
    /// How it ended; `None` only while it lasts.
    pub outcome: Option<AttemptOutcome>,
}

impl Attempt {
    /// What the plugins looked at.
    #[must_use]
    pub const fn context(&self) -> Context<'_> {
        Context::new(&self.view, &self.profile)
    }
}

/// The last attempts of the pods that are to be explained; by default there are none.
#[derive(Debug, Default)]
pub(super) struct KeptAttempts {
    pods: Option<FollowedPods>,
    exact: Option<Box<Attempt>>,
    related: Option<Box<Attempt>>,
    /// The last attempt of each followed pod.
    times: BTreeMap<PodId, SimTime>,
}

impl KeptAttempts {
    /// Whether attempts are kept at all.
    pub const fn is_on(&self) -> bool {
        self.pods.is_some()
    }

    /// Keeps the last attempt of these pods from now on.
    pub fn start(&mut self, pods: FollowedPods) {
        *self = Self { pods: Some(pods), ..Self::default() };
    }

    /// What a pod has to do with those whose attempts are kept.
    pub fn wants(&self, pod: PodId, cluster: &Cluster) -> Option<Match> {
        self.pods.as_ref()?.matches(pod, cluster)
    }

    /// Keeps an attempt that begins, in place of the one before.
    pub fn begin(&mut self, found: Match, mut attempt: Attempt) {
        attempt.previous = self.times.insert(attempt.pod.id, attempt.at);
        let kept = match found {
            Match::Exact => &mut self.exact,
            Match::Related => &mut self.related,
        };
        *kept = Some(Box::new(attempt));
    }

    /// Notes that the attempt under way placed its pod.
    pub fn placed(&mut self, pod: PodId, node: NodeId) {
        if let Some(attempt) = self.under_way(pod) {
            attempt.outcome = Some(AttemptOutcome::Placed(node));
        }
    }

    /// Notes that the attempt under way found no node.
    pub fn rejected(&mut self, pod: PodId, message: &str, nominated: Option<NodeId>) {
        if let Some(attempt) = self.under_way(pod) {
            attempt.outcome = Some(AttemptOutcome::Rejected { message: message.to_owned(), nominated });
        }
    }

    fn under_way(&mut self, pod: PodId) -> Option<&mut Attempt> {
        let kept = [&mut self.exact, &mut self.related].into_iter().flatten();
        kept.map(|attempt| &mut **attempt).find(|attempt| attempt.pod.id == pod && attempt.outcome.is_none())
    }

    /// The last attempt of the pod that was named; without one, of the others.
    pub fn take(&mut self) -> Option<Attempt> {
        self.exact.take().or_else(|| self.related.take()).map(|attempt| *attempt)
    }
}
