//! Kubernetes Events of Karpenter: the same one is told only once in a while (`pkg/events/recorder.go`).

use crate::api::Name;
use crate::cluster::{ApiEvent, Cluster, EventObject, NodeClaimId, NodeId, PodId, Severity};
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// How long an Event is not repeated unless it says otherwise.
const DEDUPE: SimDuration = SimDuration::from_minutes(2);
/// How long the failure of a pod is not repeated.
pub const FAILED_SCHEDULING_DEDUPE: SimDuration = SimDuration::from_minutes(5);
/// How long it is not repeated why a node is not consolidated.
pub const UNCONSOLIDATABLE_DEDUPE: SimDuration = SimDuration::from_minutes(15);
/// How long it is not repeated that a budget is used up.
pub const BUDGET_DEDUPE: SimDuration = SimDuration::from_minutes(1);
/// Nominations are told at this rate (`PodNominationRateLimiter`).
const NOMINATION_INTERVAL: SimDuration = SimDuration::from_millis(200);
/// So many nominations are told at once.
const NOMINATION_BURST: i32 = 10;
/// With more remembered Events than this those that may be repeated are forgotten.
const MOST_REMEMBERED: usize = 4096;

/// An Event that is to be told.
#[derive(Clone, Debug)]
pub struct Told {
    /// Severity.
    pub severity: Severity,
    /// Reason.
    pub reason: &'static str,
    /// Message.
    pub message: String,
    /// How long it is not repeated.
    pub dedupe: SimDuration,
}

impl Told {
    /// An Event of severity Normal.
    pub fn normal(reason: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Normal, reason, message: message.into(), dedupe: DEDUPE }
    }

    /// An Event of severity Warning.
    pub fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::normal(reason, message) }
    }

    /// The same, not to be repeated for another while.
    #[must_use]
    pub fn every(self, dedupe: SimDuration) -> Self {
        Self { dedupe, ..self }
    }
}

/// What an Event is about, as a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum About {
    Pod(PodId),
    Named(&'static str, Name),
}

/// Tells Events.
#[derive(Debug, Default)]
pub struct EventRecorder {
    /// Until when each is not repeated.
    quiet: BTreeMap<(&'static str, About, Name), SimTime>,
    nominations: i32,
    nominated: SimTime,
}

impl EventRecorder {
    /// An Event about a pod.
    pub fn pod(&mut self, pod: PodId, told: Told, cluster: &mut Cluster, now: SimTime) {
        self.tell(About::Pod(pod), Name::default(), EventObject::Pod(pod), told, cluster, now);
    }

    /// An Event about a node and its NodeClaim; `key` tells apart those that may follow each other.
    pub fn node_and_claim(
        &mut self,
        node: Option<NodeId>,
        claim: NodeClaimId,
        [of_node, of_claim]: [Told; 2],
        key: &str,
        cluster: &mut Cluster,
        now: SimTime,
    ) {
        if let Some(node) = node {
            let name = cluster.node(node).object.meta.name.clone();
            self.named("Node", &name, of_node, key, cluster, now);
        }
        self.claim(claim, of_claim, key, cluster, now);
    }

    /// An Event about a NodeClaim.
    pub fn claim(&mut self, claim: NodeClaimId, told: Told, key: &str, cluster: &mut Cluster, now: SimTime) {
        let name = cluster.node_claim(claim).object.meta.name.clone();
        self.named("NodeClaim", &name, told, key, cluster, now);
    }

    /// An Event about an object without namespace.
    pub fn named(
        &mut self,
        kind: &'static str,
        name: &Name,
        told: Told,
        key: &str,
        cluster: &mut Cluster,
        now: SimTime,
    ) {
        let object = EventObject::Other { kind, namespace: Name::default(), name: name.clone() };
        self.tell(About::Named(kind, name.clone()), Name::from(key), object, told, cluster, now);
    }

    /// The Event that a pod was promised a place; only so many are told.
    pub fn nominated(&mut self, pod: PodId, place: &str, cluster: &mut Cluster, now: SimTime) {
        let refilled = (now - self.nominated).as_nanos() / NOMINATION_INTERVAL.as_nanos();
        let refilled = i32::try_from(refilled).unwrap_or(i32::MAX);
        if refilled > 0 {
            self.nominations = self.nominations.saturating_sub(refilled).max(0);
            self.nominated = now;
        }
        let told = Told::normal("Nominated", format!("Pod should schedule on: {place}"));
        if self.nominations < NOMINATION_BURST && !self.is_quiet("Nominated", &About::Pod(pod), &Name::default(), now) {
            self.nominations += 1;
            self.pod(pod, told, cluster, now);
        }
    }

    fn is_quiet(&self, reason: &'static str, about: &About, key: &Name, now: SimTime) -> bool {
        self.quiet.get(&(reason, about.clone(), key.clone())).is_some_and(|until| now < *until)
    }

    fn tell(&mut self, about: About, key: Name, object: EventObject, told: Told, cluster: &mut Cluster, now: SimTime) {
        let Told { severity, reason, message, dedupe } = told;
        if self.is_quiet(reason, &about, &key, now) {
            return;
        }
        if self.quiet.len() >= MOST_REMEMBERED {
            self.quiet.retain(|_, until| now < *until);
        }
        self.quiet.insert((reason, about, key), now + dedupe);
        cluster.emit(ApiEvent { severity, reason, source: "karpenter", object, message: message.into() });
    }
}
