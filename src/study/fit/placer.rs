//! Pods placed one after the other in a what-if view of the cluster, by the scheduling cycle itself.

use crate::api::KubernetesVersion;
use crate::cluster::NodeId;
use crate::scheduler::{
    Context, CycleState, Decision, Diagnosis, Failure, PodInfo, Profile, Scratch, SearchState, Snapshot, TieBreak,
    View, pre_enqueue, schedule,
};
use crate::scheduler::{run_filters_with_nominated_pods, run_pre_filter};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a pod finds no place.
#[derive(Clone, Debug)]
pub enum Rejection {
    /// A PreEnqueue plugin keeps it out of the scheduling queue.
    PreEnqueue(String),
    /// No profile has its scheduler name.
    NoProfile,
    /// There are no nodes.
    NoNodes,
    /// No node fits.
    Unschedulable(Arc<Diagnosis>),
}

/// What one more pod would find on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It would fit.
    Fits,
    /// A filter rejects the node.
    Rejected(Failure),
    /// The pod fits nowhere: the plugin and its reason.
    RejectedEverywhere(&'static str, String),
}

/// Places pods one after the other.
pub struct Placer<'a> {
    /// The cluster as it is now.
    pub view: View,
    profiles: &'a [Profile],
    search: SearchState,
    scratch: Scratch,
}

impl<'a> Placer<'a> {
    /// Begins with a view of the cluster.
    #[must_use]
    pub fn new(view: View, profiles: &'a [Profile]) -> Self {
        Self { view, profiles, search: SearchState::default(), scratch: Scratch::default() }
    }

    /// Asks a what-if question: whatever `ask` changes is taken back.
    pub fn what_if<T>(&mut self, ask: impl FnOnce(&mut Self) -> T) -> T {
        let search = self.search;
        self.view.fork();
        let answer = ask(self);
        self.view.revert();
        self.search = search;
        answer
    }

    /// Tries something: what `attempt` changes is kept if it succeeds, and taken back if it fails.
    ///
    /// # Errors
    /// Why it fails.
    pub fn try_out<T, E>(&mut self, attempt: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        let search = self.search;
        self.view.fork();
        let result = attempt(self);
        if result.is_ok() {
            self.view.commit();
        } else {
            self.view.revert();
            self.search = search;
        }
        result
    }

    /// Runs one scheduling cycle, and puts the pod on the node that it chose. Among equals the first node is taken;
    /// nothing is preempted.
    ///
    /// # Errors
    /// Why the pod finds no place.
    pub fn place(&mut self, pod: Arc<PodInfo>) -> Result<NodeId, Rejection> {
        self.view.refresh();
        let Some(profile) = profile_of(self.profiles, &pod) else { return Err(Rejection::NoProfile) };
        let context = Context::new(&self.view, profile);
        if let Some((_, reason)) = pre_enqueue(&context, &pod) {
            return Err(Rejection::PreEnqueue(reason));
        }
        match schedule(&context, &pod, &mut self.search, TieBreak::First, &mut self.scratch) {
            Decision::Placed(placement) => {
                self.view.add_pod(pod, placement.node);
                Ok(placement.node)
            }
            Decision::Unschedulable(diagnosis) => Err(Rejection::Unschedulable(diagnosis)),
            Decision::NoNodes => Err(Rejection::NoNodes),
        }
    }

    /// What a pod would find on each node, in the order of their ids.
    pub fn verdicts(&mut self, pod: &PodInfo) -> Vec<(NodeId, Verdict)> {
        self.view.refresh();
        let mut nodes: Vec<NodeId> = self.view.snapshot().search_order().to_vec();
        nodes.sort_unstable();
        let everywhere = |plugin: &'static str, reason: String| {
            nodes.iter().map(|id| (*id, Verdict::RejectedEverywhere(plugin, reason.clone()))).collect()
        };
        let Some(profile) = profile_of(self.profiles, pod) else {
            return everywhere("", format!("no profile is called {}", pod.spec().scheduler_name));
        };
        let context = Context::new(&self.view, profile);
        if let Some((plugin, reason)) = pre_enqueue(&context, pod) {
            return everywhere(plugin.name(), reason);
        }
        let mut state = CycleState::default();
        let result = run_pre_filter(&context, pod, &mut state);
        if let Some(rejection) = result.rejection {
            return everywhere(rejection.plugin.name(), rejection.reason);
        }
        let verdict = |id: NodeId| {
            let node = self.view.snapshot().node(id)?;
            if result.nodes.as_ref().is_some_and(|wanted| !wanted.contains(&id)) {
                return Some((id, Verdict::Rejected(Failure::OUTSIDE_PRE_FILTER_NODES)));
            }
            let outcome = run_filters_with_nominated_pods(&context, pod, &state, node);
            Some((id, outcome.map_or_else(Verdict::Rejected, |()| Verdict::Fits)))
        };
        nodes.iter().filter_map(|id| verdict(*id)).collect()
    }
}

/// The profile that a pod asks for.
#[must_use]
pub fn profile_of<'p>(profiles: &'p [Profile], pod: &PodInfo) -> Option<&'p Profile> {
    profiles.iter().find(|profile| profile.scheduler_name == pod.spec().scheduler_name)
}

impl Rejection {
    /// The message of the `FailedScheduling` event, without the part about preemption.
    #[must_use]
    pub fn message(&self, snapshot: &Snapshot, pod: &PodInfo, version: KubernetesVersion) -> String {
        match self {
            Self::PreEnqueue(reason) => reason.clone(),
            Self::NoProfile => format!("no profile is called {}", pod.spec().scheduler_name),
            Self::NoNodes => "no nodes available to schedule pods".to_owned(),
            Self::Unschedulable(diagnosis) => diagnosis.message(snapshot, pod, version),
        }
    }

    /// Reasons with the number of nodes that give them, the most frequent first.
    #[must_use]
    pub fn reasons(&self, snapshot: &Snapshot, pod: &PodInfo, version: KubernetesVersion) -> Vec<(String, usize)> {
        let Self::Unschedulable(diagnosis) = self else { return Vec::new() };
        if let Some(rejection) = &diagnosis.pre_filter {
            return vec![(rejection.reason.clone(), diagnosis.nodes)];
        }
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for (node, failure) in diagnosis.failures.by_node() {
            let Some(node) = snapshot.node(*node) else { continue };
            failure.for_each_reason(pod, node, version, &mut |reason| {
                *counts.entry(reason.to_owned()).or_default() += 1;
            });
        }
        let mut reasons: Vec<(String, usize)> = counts.into_iter().collect();
        reasons.sort_by(|(_, left), (_, right)| right.cmp(left));
        reasons
    }

    /// The same in a few words: `4 nodes Insufficient cpu, 1 node had untolerated taint(s)`.
    #[must_use]
    pub fn in_short(&self, snapshot: &Snapshot, pod: &PodInfo, version: KubernetesVersion) -> String {
        if let Self::Unschedulable(diagnosis) = self
            && diagnosis.pre_filter.is_none()
        {
            let reasons = self.reasons(snapshot, pod, version);
            let parts: Vec<String> = reasons
                .iter()
                .map(|(reason, nodes)| {
                    let reason = reason.strip_prefix("node(s) ").unwrap_or(reason);
                    match (*nodes, reason.strip_prefix("were ")) {
                        (1, Some(rest)) => format!("1 node was {rest}"),
                        (1, None) => format!("1 node {reason}"),
                        _ => format!("{nodes} nodes {reason}"),
                    }
                })
                .collect();
            return parts.join(", ");
        }
        match self {
            Self::Unschedulable(diagnosis) => {
                diagnosis.pre_filter.as_ref().map(|rejection| rejection.reason.clone()).unwrap_or_default()
            }
            _ => self.message(snapshot, pod, version),
        }
    }
}
