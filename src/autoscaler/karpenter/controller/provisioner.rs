//! Gathers the pods that wait for a node, and makes NodeClaims for them (`pkg/controllers/provisioning`).
//!
//! A pod that waits triggers the batcher every 10 s, and each window ends in a scheduling run. While nothing has changed since
//! the last run its answer stays the same: then the triggers sleep, and go on in their rhythm when something changes.

use super::api_events::{FAILED_SCHEDULING_DEDUPE, Told};
use super::event::KarpenterEvent;
use super::lifecycle::Lifecycle;
use super::mirror::Mirror;
use super::shared::Shared;
use crate::api::Name;
use crate::api::karpenter::keys;
use crate::autoscaler::karpenter::options::MapOrder;
use crate::autoscaler::karpenter::provision::{Provisioning, provision};
use crate::autoscaler::karpenter::state::{PodKey, StatePod};
use crate::cluster::{CapacityBufferId, Cluster, NodeId, PodId};
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// How often a pod that waits triggers the batcher.
const TRIGGER_PERIOD: SimDuration = SimDuration::from_secs(10);
/// How often a CapacityBuffer does (`pkg/controllers/capacitybuffer`).
const BUFFER_PERIOD: SimDuration = SimDuration::from_secs(30);

/// What triggers the batcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trigger {
    Pod(PodId),
    Node(NodeId),
    Buffer(CapacityBufferId),
}

impl Trigger {
    const fn event(self) -> KarpenterEvent {
        match self {
            Self::Pod(pod) => KarpenterEvent::TriggerPod(pod),
            Self::Node(node) => KarpenterEvent::TriggerNode(node),
            Self::Buffer(buffer) => KarpenterEvent::TriggerBuffer(buffer),
        }
    }

    const fn period(self) -> SimDuration {
        match self {
            Self::Pod(_) | Self::Node(_) => TRIGGER_PERIOD,
            Self::Buffer(_) => BUFFER_PERIOD,
        }
    }
}

/// A window of the batcher.
#[derive(Debug)]
struct Window {
    /// When it closes unless another trigger comes.
    idle_end: SimTime,
    /// When it closes at the latest.
    end: SimTime,
    /// What triggered it.
    elements: BTreeSet<Trigger>,
}

/// The provisioner.
#[derive(Debug, Default)]
pub struct Provisioner {
    window: Option<Window>,
    windows: u32,
    /// What is triggered now and again, by when it last was. `None` in `awake` means that it sleeps.
    triggers: BTreeMap<Trigger, SimTime>,
    /// Those whose next time is planned.
    awake: BTreeSet<Trigger>,
    /// The version of the picture that the last run saw.
    seen: Option<u64>,
}

impl Provisioner {
    /// A pod may be waiting: it triggers the batcher, unless it does already.
    pub fn consider_pod<A: Agenda<KarpenterEvent>>(&mut self, pod: PodId, shared: &Shared, agenda: &mut A) {
        let waits = shared.mirror.state.pod(Mirror::key(pod)).is_some_and(StatePod::is_provisionable);
        self.consider(Trigger::Pod(pod), waits, shared, agenda);
    }

    /// A node may be about to go: it triggers the batcher, unless it does already.
    pub fn consider_node<A: Agenda<KarpenterEvent>>(
        &mut self,
        node: NodeId,
        shared: &Shared,
        cluster: &Cluster,
        agenda: &mut A,
    ) {
        self.consider(Trigger::Node(node), is_disrupted(node, cluster), shared, agenda);
    }

    /// A buffer has changed: it triggers the batcher, and goes on to.
    pub fn consider_buffer<A: Agenda<KarpenterEvent>>(
        &mut self,
        buffer: CapacityBufferId,
        shared: &Shared,
        agenda: &mut A,
    ) {
        let trigger = Trigger::Buffer(buffer);
        self.consider(trigger, false, shared, agenda);
        self.consider(trigger, shared.mirror.has_chunks(buffer), shared, agenda);
    }

    /// A planned trigger comes.
    pub fn trigger_buffer<A: Agenda<KarpenterEvent>>(
        &mut self,
        buffer: CapacityBufferId,
        shared: &Shared,
        agenda: &mut A,
    ) {
        self.planned(Trigger::Buffer(buffer), shared.mirror.has_chunks(buffer), shared, agenda);
    }

    fn consider<A: Agenda<KarpenterEvent>>(&mut self, trigger: Trigger, is_on: bool, shared: &Shared, agenda: &mut A) {
        if !is_on {
            self.triggers.remove(&trigger);
            self.awake.remove(&trigger);
        } else if !self.triggers.contains_key(&trigger) {
            self.fire(trigger, shared, agenda);
        }
    }

    /// A planned trigger comes.
    pub fn trigger_pod<A: Agenda<KarpenterEvent>>(&mut self, pod: PodId, shared: &Shared, agenda: &mut A) {
        let waits = shared.mirror.state.pod(Mirror::key(pod)).is_some_and(StatePod::is_provisionable);
        self.planned(Trigger::Pod(pod), waits, shared, agenda);
    }

    /// A planned trigger comes.
    pub fn trigger_node<A: Agenda<KarpenterEvent>>(
        &mut self,
        node: NodeId,
        shared: &Shared,
        cluster: &Cluster,
        agenda: &mut A,
    ) {
        self.planned(Trigger::Node(node), is_disrupted(node, cluster), shared, agenda);
    }

    fn planned<A: Agenda<KarpenterEvent>>(&mut self, trigger: Trigger, is_on: bool, shared: &Shared, agenda: &mut A) {
        let Some(last) = self.triggers.get(&trigger) else { return };
        // One that was planned before the object stopped to wait, and began again.
        if agenda.now() < *last + trigger.period() {
            return;
        }
        self.awake.remove(&trigger);
        if is_on {
            self.fire(trigger, shared, agenda);
        } else {
            self.triggers.remove(&trigger);
        }
    }

    /// Triggers the batcher, and plans the next time.
    fn fire<A: Agenda<KarpenterEvent>>(&mut self, trigger: Trigger, shared: &Shared, agenda: &mut A) {
        let now = agenda.now();
        self.triggers.insert(trigger, now);
        if self.seen == Some(shared.mirror.version) && self.window.is_none() {
            // The run would see what the last one saw.
            return;
        }
        self.awake.insert(trigger);
        agenda.schedule(now + trigger.period(), trigger.event());
        let settings = &shared.settings;
        match &mut self.window {
            Some(window) => {
                if window.elements.insert(trigger) {
                    window.idle_end = now + settings.batch_idle;
                }
            }
            None => {
                self.windows += 1;
                self.window = Some(Window {
                    idle_end: now + settings.batch_idle,
                    end: now + settings.batch_max,
                    elements: BTreeSet::from([trigger]),
                });
                let at = now + settings.batch_idle.min(settings.batch_max);
                agenda.schedule(at, KarpenterEvent::Batch { window: self.windows });
            }
        }
    }

    /// Something has changed: what sleeps goes on in its rhythm.
    pub fn wake<A: Agenda<KarpenterEvent>>(&mut self, agenda: &mut A) {
        if self.triggers.len() == self.awake.len() {
            return;
        }
        let now = agenda.now();
        for (trigger, last) in &mut self.triggers {
            if self.awake.insert(*trigger) {
                let period = trigger.period();
                let next = now.next_tick(*last, period).max(*last + period);
                *last = next - period;
                agenda.schedule(next, trigger.event());
            }
        }
    }

    /// A window may be over: then the pods that wait are provisioned for.
    pub fn batch<A: Agenda<KarpenterEvent>>(
        &mut self,
        number: u32,
        lifecycle: &mut Lifecycle,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        let Some(window) = self.window.as_ref().filter(|_| number == self.windows) else { return };
        let closes = window.idle_end.min(window.end);
        if now < closes {
            agenda.schedule(closes, KarpenterEvent::Batch { window: number });
            return;
        }
        self.window = None;
        if shared.mirror.catalogue.forget(now) {
            shared.mirror.refresh_pools(cluster);
        }
        if !shared.mirror.is_synced() {
            // The window is lost; the next triggers open another one.
            self.seen = None;
            return;
        }
        shared.mirror.options.map_order = MapOrder::shuffled(shared.draw_map_order());
        let seen = shared.mirror.version;
        let decided = provision(&shared.mirror.state, &shared.mirror.options, now);
        self.seen = Some(seen);
        shared.mirror.note_chunks(&decided.existing);
        Self::carry_out(&decided, lifecycle, shared, cluster, agenda);
    }

    fn carry_out<A: Agenda<KarpenterEvent>>(
        decided: &Provisioning,
        lifecycle: &mut Lifecycle,
        shared: &mut Shared,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let now = agenda.now();
        for (key, rejection) in decided.rejected.iter().filter(|(_, rejection)| !rejection.is_wanted) {
            failed(*key, &format!("ignoring pod, {}", rejection.text), shared, cluster, now);
        }
        for (key, failure) in decided.errors.iter().filter(|(_, failure)| !failure.is_reserved()) {
            failed(*key, &failure.to_string(), shared, cluster, now);
        }
        record_existing(&decided.existing, shared, cluster, now);
        for new in &decided.claims {
            let reason = format!("pods that wait: {}", new.pods.len());
            let types = new.types.len();
            let inputs = format!("pods={};instance_types={types}", new.pods.len());
            match lifecycle.create(new, &reason, shared, cluster, agenda) {
                Some(id) => {
                    let name = cluster.node_claim(id).object.meta.name.clone();
                    shared.report(&name, "Provision", inputs, "");
                    let place = format!("nodeclaim/{name}");
                    for pod in new.pods.iter().filter_map(|key| Mirror::pod(*key)) {
                        shared.recorder.nominated(pod, &place, cluster, now);
                    }
                }
                None => shared.report(&new.pool, "Provision", inputs, "limits"),
            }
        }
    }
}

/// Whether a node is about to go.
fn is_disrupted(node: NodeId, cluster: &Cluster) -> bool {
    let state = cluster.node(node);
    state.exists() && state.object.taints.iter().any(|taint| taint.key == keys::TAINT_DISRUPTED)
}

/// A pod found no place.
fn failed(key: PodKey, text: &str, shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
    let Some(pod) = Mirror::pod(key) else { return };
    let message = format!("Failed to schedule pod, {text}");
    shared.decisions.note_waiting(pod, text, cluster);
    let told = Told::warning("FailedScheduling", message).every(FAILED_SCHEDULING_DEDUPE);
    shared.recorder.pod(pod, told, cluster, now);
}

/// Pods were promised places on nodes that are there: those are kept for a while (`Results.Record`).
pub fn record_existing(existing: &[(Name, Vec<PodKey>)], shared: &mut Shared, cluster: &mut Cluster, now: SimTime) {
    let until = shared.nomination_end(now);
    for (name, keys) in existing {
        // A chunk of a buffer promises nothing: else its node could never go.
        let pods: Vec<PodId> = keys.iter().filter_map(|key| Mirror::pod(*key)).collect();
        if pods.is_empty() {
            continue;
        }
        shared.mirror.nominate(name, until);
        let node = shared.mirror.state.node(name);
        let claim = node.and_then(|node| node.claim.as_ref()).map(|claim| format!("nodeclaim/{}", claim.meta.name));
        let object = node.and_then(|node| node.node.as_ref()).map(|node| format!("node/{}", node.object.meta.name));
        let place: Vec<String> = [claim, object].into_iter().flatten().collect();
        let place = place.join(", ");
        for pod in pods {
            shared.recorder.nominated(pod, &place, cluster, now);
        }
    }
}
