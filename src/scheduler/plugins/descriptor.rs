//! What there is to know of a plugin besides its rule.

use super::plugin::Plugin;
use crate::api::KubernetesVersion;
pub use crate::api::scheduler_config::ExtensionPoint;
use crate::scheduler::config::Profile;
use crate::scheduler::framework::{ClusterEvent, EventKind};
use crate::scheduler::view::{Listers, PodInfo};

/// Whether an event may make `pod` schedulable, which the plugin rejected (`QueueingHintFn`).
pub type QueueingHintFn = fn(profile: &Profile, listers: &Listers, pod: &PodInfo, event: &ClusterEvent) -> bool;

/// Whether the index can answer in a plugin's place.
#[derive(Clone, Copy, Debug)]
pub enum Indexability {
    /// The index has the plugin's rule.
    Indexed,
    /// The index knows nothing of the plugin. It answers for the pods of which this holds, since the plugin has nothing to
    /// say about them on any node; the framework decides about the others.
    WhenIdle(fn(&PodInfo) -> bool),
}

/// A plugin of kube-scheduler.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// Which one.
    pub plugin: Plugin,
    /// The name in a KubeSchedulerConfiguration.
    pub name: &'static str,
    /// Whether the default profile of a release has it.
    pub is_default: fn(KubernetesVersion) -> bool,
    /// Its weight in the default profile; 0 where it does not score (`getDefaultPlugins`).
    pub weight: i64,
    /// The extension points that it has in a release.
    pub points: fn(KubernetesVersion) -> &'static [ExtensionPoint],
    /// The events that may make a pod schedulable which it rejected (`EventsToRegister`).
    pub events: &'static [EventKind],
    /// Its hint about these events.
    pub hint: QueueingHintFn,
    /// Whether its Filter looks at the pods of the node, so that it may change its answer when one of them goes.
    pub filter_looks_at_pods: bool,
    /// Whether the index can answer in its place.
    pub indexability: Indexability,
}

impl Descriptor {
    /// A default plugin that does nothing: what most have in common.
    #[must_use]
    pub const fn of(plugin: Plugin, name: &'static str) -> Self {
        Self {
            plugin,
            name,
            is_default: |_| true,
            weight: 0,
            points: |_| &[],
            events: &[],
            hint: |_, _, _, _| true,
            filter_looks_at_pods: false,
            indexability: Indexability::WhenIdle(|_| true),
        }
    }

    /// Whether it registers for a kind of event.
    #[must_use]
    pub fn registers(&self, kind: EventKind) -> bool {
        self.events.contains(&kind)
    }
}

/// The part of hints that plugins of volumes share: an event of a claim concerns the pods that use the claim.
pub fn concerns_claim_of(pod: &PodInfo, event: &ClusterEvent) -> bool {
    let Some(claim) = event.claim() else { return true };
    let uses_it = |volume| pod.claim_name(volume).is_some_and(|name| name == claim.name);
    claim.namespace == pod.namespace && pod.spec().volumes.iter().any(uses_it)
}
