//! The running node lifecycle controller: finds silent nodes, marks their pods, taints them.
//!
//! A quiet cluster costs nothing: the passes of the monitor are not played one by one. When a kubelet falls silent, the
//! pass that will find it is computed from the phases of its lease and of the monitor; when it reports again, the next
//! pass is planned.

use crate::api::{Name, Taint, TaintEffect, well_known};
use crate::cluster::{Change, Cluster, Machine, Node, NodeId, NodeReady, Severity};
use crate::controllers::common::api_event::emit;
use crate::controllers::common::client_rate::TokenBucket;
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::common::work_queue::WorkQueue;
use crate::controllers::node_lifecycle::leases::Leases;
use crate::controllers::node_lifecycle::zones::{
    ClusterMode, EvictionConfig, EvictionRate, TaintQueue, ZoneReadiness, ZoneState, handle_disruption,
};
use crate::controllers::node_lifecycle::{detection_time, no_schedule_taints, ready_taint};
use crate::engine::{Agenda, Latency, RandomStream, draw_phase};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// `source` of the controller's Events.
const SOURCE: &str = "node-controller";

/// How long a pass lasts that finds something: the writes of what it finds go through the client, and the pass of the tainting
/// worker (`NodeEvictionPeriod`) falls before its end.
const PASS_LENGTH: SimDuration = SimDuration::from_millis(100);

/// A pass looks at all nodes within this time, several at once and in no particular order.
const LOOKS: SimDuration = SimDuration::from_millis(20);

/// Calls for a node that is found to be lost: its status is written; for its `NoSchedule` taint it is read and patched.
const NODE_CALLS: usize = 3;
/// Calls for a `NoExecute` taint: the node is read and patched (`SwapNodeControllerTaint`).
const TAINT_CALLS: usize = 2;
/// Within which time the tainting worker takes up a node: it looks every 100 ms (`NodeEvictionPeriod`), and before the pass ends
/// that found the node.
const TAINTING: SimDuration = SimDuration::from_millis(80);

/// The running node lifecycle controller.
#[derive(Debug)]
pub struct NodeLifecycleController {
    monitor_period: SimDuration,
    /// When the first pass of the monitor was.
    started: SimTime,
    monitor_grace: SimDuration,
    leases: Leases,
    eviction: EvictionConfig,
    zones: BTreeMap<(Name, Name), u32>,
    queues: Vec<TaintQueue<NodeId>>,
    /// When each zone's queue is looked at next: one look for all nodes that wait, not one for each.
    turns: WorkQueue,
    states: BTreeMap<u32, ZoneState>,
    /// Nodes whose kubelets are silent, each with the number of its silence.
    silent: BTreeMap<NodeId, u32>,
    silences: u32,
    /// Nodes whose `NoSchedule` taints do not fit their conditions, until a worker has written them.
    taint_queue: WorkQueue,
    latency: Latency,
    /// Its client: the writes of a pass that finds much have to wait for each other.
    client: TokenBucket,
    /// In which order a pass looks at the nodes.
    order: RandomStream,
    /// The next pass whose end is planned.
    ending_pass: Option<SimTime>,
    /// Nodes that a pass has seen, or that the next one will see for the first time.
    known: BTreeSet<NodeId>,
    /// Nodes that came or went since the last pass, which tells of them.
    untold: Vec<(NodeId, Arrival)>,
}

/// Whether a node came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    Came,
    Went,
}

impl NodeLifecycleController {
    /// A controller that has seen no node.
    pub fn new(settings: &ControllerSettings) -> Self {
        Self {
            monitor_period: settings.node_monitor_period,
            started: settings.started,
            monitor_grace: settings.node_monitor_grace_period,
            leases: Leases::new(settings.lease_renewal_period, settings.streams),
            eviction: settings.eviction,
            zones: BTreeMap::new(),
            queues: Vec::new(),
            turns: WorkQueue::default(),
            states: BTreeMap::new(),
            silent: BTreeMap::new(),
            silences: 0,
            taint_queue: WorkQueue::default(),
            latency: settings.sync_latency(SOURCE),
            client: settings.client(),
            order: settings.streams.stream("phase/node-monitor-order"),
            ending_pass: None,
            known: BTreeSet::new(),
            untold: Vec::new(),
        }
    }

    /// A node came or went: the next pass tells of it.
    fn tell_of<A: Agenda<ControllerEvent>>(&mut self, node: NodeId, arrival: Arrival, agenda: &mut A) {
        if self.untold.is_empty() {
            agenda.schedule(self.next_pass(agenda.now()), ControllerEvent::RegisterNodes);
        }
        self.untold.push((node, arrival));
    }

    /// When within a pass a node is looked at.
    fn place_in_pass(&mut self) -> SimDuration {
        draw_phase(&mut self.order, LOOKS)
    }

    /// The first pass that is not before `now`.
    fn next_pass(&self, now: SimTime) -> SimTime {
        now.next_tick(self.started, self.monitor_period)
    }

    /// A pass tells of the nodes that came and went since the one before (`classifyNodes`).
    pub fn register_nodes(&mut self, cluster: &mut Cluster) {
        for (node, arrival) in std::mem::take(&mut self.untold) {
            let name = cluster.node(node).object.meta.name.clone();
            let (reason, text) = match arrival {
                Arrival::Came => ("RegisteredNode", format!("Registered Node {name} in Controller")),
                Arrival::Went => ("RemovingNode", format!("Removing Node {name} from Controller")),
            };
            emit(cluster, SOURCE, node, (Severity::Normal, reason), format!("Node {name} event: {text}"));
        }
    }

    fn zone_of(&mut self, node: NodeId, cluster: &Cluster) -> u32 {
        let object = &cluster.node(node).object;
        let key = (object.region().cloned().unwrap_or_default(), object.zone().cloned().unwrap_or_default());
        if let Some(zone) = self.zones.get(&key) {
            return *zone;
        }
        let zone = u32::try_from(self.queues.len()).unwrap_or(u32::MAX);
        self.zones.insert(key, zone);
        self.queues.push(TaintQueue::new(self.eviction.node_eviction_rate));
        zone
    }

    /// The machine behind a node changed: from the moment when it stops or is cut off its kubelet is silent, until it is
    /// up again.
    fn machine_changed<A: Agenda<ControllerEvent>>(&mut self, node: NodeId, cluster: &Cluster, agenda: &mut A) {
        let state = cluster.node(node);
        if state.machine == Machine::Up {
            self.silent.remove(&node);
            return;
        }
        if self.silent.contains_key(&node) {
            return;
        }
        self.silences += 1;
        self.silent.insert(node, self.silences);
        // What was before its first pass the monitor does not know: that pass starts the clock of every node.
        let renewal = self.leases.last_renewal(state.head.created, agenda.now()).max(self.started);
        let found = detection_time(renewal, self.started, self.monitor_period, self.monitor_grace);
        let found = found + self.place_in_pass();
        agenda.schedule(found, ControllerEvent::NodeSilent { node, silence: self.silences });
    }

    /// A node's Ready condition, cordon or zone changed: its `NoSchedule` taints follow as soon as a worker has it; when it is
    /// ready again, the next pass takes its `NoExecute` taint away.
    pub fn observe<A: Agenda<ControllerEvent>>(&mut self, change: Change, cluster: &mut Cluster, agenda: &mut A) {
        match change {
            Change::NodeAdded(node) => {
                self.zone_of(node, cluster);
                self.known.insert(node);
                self.tell_of(node, Arrival::Came, agenda);
                if agenda.now() > SimTime::ZERO {
                    self.wake(node, cluster, agenda);
                } else {
                    set_no_schedule_taints(cluster, node);
                }
                if cluster.node(node).ready != NodeReady::True {
                    self.plan_report(node, cluster, agenda);
                }
                self.plan_next_end(agenda);
            }
            Change::Machine { node, .. } => self.machine_changed(node, cluster, agenda),
            Change::NodeUpdated(node) => self.wake(node, cluster, agenda),
            Change::NodeReadiness(node) => {
                self.wake(node, cluster, agenda);
                // What a pass itself has found it acts on at once.
                let is_found = cluster.node(node).ready == NodeReady::Unknown && self.silent.contains_key(&node);
                if !is_found {
                    self.plan_report(node, cluster, agenda);
                }
            }
            Change::NodeRemoved(node) => {
                let zone = self.zone_of(node, cluster);
                self.queues[zone as usize].remove(node);
                if self.known.remove(&node) {
                    self.tell_of(node, Arrival::Went, agenda);
                }
                self.plan_next_end(agenda);
            }
            _ => {}
        }
    }

    /// Plans that the next pass finds what the kubelet of a node says.
    fn plan_report<A: Agenda<ControllerEvent>>(&self, node: NodeId, cluster: &Cluster, agenda: &mut A) {
        let generation = cluster.node(node).generation;
        agenda.schedule(self.next_pass(agenda.now()), ControllerEvent::NodeReports { node, generation });
    }

    /// Plans the sync of a node whose `NoSchedule` taints do not fit its conditions.
    fn wake<A: Agenda<ControllerEvent>>(&mut self, node: NodeId, cluster: &Cluster, agenda: &mut A) {
        if !has_wanted_taints(cluster.node(node))
            && let Some(at) = self.taint_queue.wake(node.index(), agenda.now(), &mut self.latency)
        {
            agenda.schedule(at, ControllerEvent::SyncNodeTaints(node));
        }
    }

    /// A worker brings the `NoSchedule` taints of a node up to date (`doNoScheduleTaintingPass`).
    pub fn sync_taints(&mut self, node: NodeId, cluster: &mut Cluster, now: SimTime) {
        if self.taint_queue.take(node.index(), now) && cluster.node(node).exists() {
            set_no_schedule_taints(cluster, node);
        }
    }

    /// Plans the end of a pass: it comes after everything that the pass finds.
    fn plan_end<A: Agenda<ControllerEvent>>(&mut self, pass: SimTime, agenda: &mut A) {
        if self.ending_pass.is_none_or(|planned| pass < planned) {
            self.ending_pass = Some(pass);
            agenda.schedule(pass + PASS_LENGTH, ControllerEvent::EndMonitorPass);
        }
    }

    /// A node came or went: the next pass judges its zone anew, if zones were ever judged.
    fn plan_next_end<A: Agenda<ControllerEvent>>(&mut self, agenda: &mut A) {
        if !self.states.is_empty() {
            self.plan_end(self.next_pass(agenda.now()), agenda);
        }
    }

    /// A pass finds that a node has been silent for longer than the grace period.
    pub fn node_silent<A: Agenda<ControllerEvent>>(
        &mut self,
        node: NodeId,
        silence: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if self.silent.get(&node) != Some(&silence) || !cluster.node(node).exists() {
            return;
        }
        let now = agenda.now();
        if cluster.node(node).ready == NodeReady::Unknown {
            // An earlier controller manager has found it: its first pass saw the rest.
            return;
        }
        let was_ready = cluster.node(node).ready == NodeReady::True;
        cluster.set_node_ready(node, NodeReady::Unknown, Node::NODE_STATUS_UNKNOWN, now);
        if was_ready {
            let calls = NODE_CALLS + tell_not_ready(node, cluster, now);
            for _ in 0..calls {
                self.client.take(now);
            }
        }
        self.mark_for_tainting(node, cluster, agenda);
        self.plan_end(agenda.now(), agenda);
    }

    /// Brings the `NoExecute` taint of a node that is not ready about (`processTaintBaseEviction`): the one for another
    /// condition is swapped at once, a new one waits for its turn in the zone.
    fn mark_for_tainting<A: Agenda<ControllerEvent>>(&mut self, node: NodeId, cluster: &mut Cluster, agenda: &mut A) {
        let Some(wanted) = ready_taint(cluster.node(node).ready) else { return };
        let others = [well_known::TAINT_NOT_READY, well_known::TAINT_UNREACHABLE];
        let has = |key: &str| {
            let taints = &cluster.node(node).object.taints;
            taints.iter().any(|taint| *taint.key == *key && taint.effect == TaintEffect::NoExecute)
        };
        if has(wanted) {
            return;
        }
        let now = agenda.now();
        if others.into_iter().any(has) {
            remove_no_execute_taints(cluster, node, None);
            add_no_execute_taint(cluster, node, wanted, now);
            return;
        }
        let zone = self.zone_of(node, cluster);
        if self.queues[zone as usize].add(node) {
            let looks = now + draw_phase(&mut self.order, TAINTING);
            self.plan_taints(zone, looks, agenda);
        }
    }

    /// A pass finds that a node reports again, or that its kubelet says it is not ready.
    pub fn node_reports<A: Agenda<ControllerEvent>>(
        &mut self,
        node: NodeId,
        generation: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let state = cluster.node(node);
        if state.generation != generation || !state.exists() {
            return;
        }
        if state.ready != NodeReady::True {
            self.mark_for_tainting(node, cluster, agenda);
            self.plan_end(agenda.now(), agenda);
            return;
        }
        let zone = self.zone_of(node, cluster);
        self.queues[zone as usize].remove(node);
        remove_no_execute_taints(cluster, node, None);
        self.plan_end(agenda.now(), agenda);
    }

    /// The end of a pass: the state of each zone, after everything that the pass found, decides the rate of its taints.
    pub fn end_pass<A: Agenda<ControllerEvent>>(&mut self, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let Some(pass) = self.ending_pass.filter(|pass| *pass + PASS_LENGTH <= now) else { return };
        let written = self.client.next_at(now);
        if written > now {
            agenda.schedule(written, ControllerEvent::EndMonitorPass);
            return;
        }
        self.ending_pass = None;
        // What a pass finds it finds a little after it began.
        let next = self.next_pass(pass);
        let pass = if next > pass { next - self.monitor_period } else { pass };
        let mut observed: BTreeMap<u32, ZoneReadiness> = BTreeMap::new();
        let existing: Vec<NodeId> = cluster.existing_nodes().map(|(id, _)| id).collect();
        for node in &existing {
            let zone = self.zone_of(*node, cluster);
            let count = observed.entry(zone).or_default();
            if cluster.node(*node).ready == NodeReady::True {
                count.ready += 1;
            } else {
                count.not_ready += 1;
            }
        }
        let outcome = handle_disruption(&self.states, &observed, &self.eviction);
        self.states = outcome.states;
        for (zone, rate) in outcome.rates {
            self.set_rate(zone, rate, agenda);
        }
        match outcome.mode {
            ClusterMode::Unchanged => {}
            ClusterMode::EnterFullDisruption => {
                for node in existing {
                    // It looks at the nodes as they were when it began: a taint that came since then stays.
                    remove_no_execute_taints(cluster, node, Some(pass));
                    let zone = self.zone_of(node, cluster);
                    // The next pass queues the node again; nobody is tainted as long as the rate is zero.
                    let queue = &mut self.queues[zone as usize];
                    if queue.remove(node) {
                        queue.add(node);
                    }
                }
            }
            ClusterMode::LeaveFullDisruption => {
                // The clock of a node whose silence is not found yet starts anew.
                let found = (pass + self.monitor_grace).next_tick(self.started, self.monitor_period);
                for (node, silence) in &mut self.silent {
                    if cluster.node(*node).ready == NodeReady::True {
                        self.silences += 1;
                        *silence = self.silences;
                        agenda.schedule(found, ControllerEvent::NodeSilent { node: *node, silence: *silence });
                    }
                }
            }
        }
    }

    fn set_rate<A: Agenda<ControllerEvent>>(&mut self, zone: u32, rate: EvictionRate, agenda: &mut A) {
        if let Some(queue) = self.queues.get_mut(zone as usize) {
            queue.set_rate(rate, agenda.now());
            if let Some(at) = queue.next_at(agenda.now()) {
                self.plan_taints(zone, at, agenda);
            }
        }
    }

    /// Plans a look at a zone's queue, unless one is planned that comes no later.
    fn plan_taints<A: Agenda<ControllerEvent>>(&mut self, zone: u32, at: SimTime, agenda: &mut A) {
        if self.turns.add(zone as usize, at) {
            agenda.schedule(at, ControllerEvent::TaintNodes { zone });
        }
    }

    /// Taints the nodes of a zone that wait for it, as the rate allows.
    pub fn taint_nodes<A: Agenda<ControllerEvent>>(&mut self, zone: u32, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        if !self.turns.take(zone as usize, now) {
            return;
        }
        let written = self.client.next_at(now);
        if written > now {
            self.plan_taints(zone, written, agenda);
            return;
        }
        let Some(queue) = self.queues.get_mut(zone as usize) else { return };
        while let Some(node) = queue.take(now) {
            if let Some(key) = ready_taint(cluster.node(node).ready) {
                for _ in 0..TAINT_CALLS {
                    self.client.take(now);
                }
                add_no_execute_taint(cluster, node, key, now);
            }
        }
        if let Some(at) = queue.next_at(now) {
            self.plan_taints(zone, at, agenda);
        }
    }
}

/// A pass has found that a node is lost: it tells of it, and its pods are not ready any more (`MarkPodsNotReady`). How many pods
/// it writes.
fn tell_not_ready(node: NodeId, cluster: &mut Cluster, now: SimTime) -> usize {
    let name = cluster.node(node).object.meta.name.clone();
    let message = format!("Node {name} status is now: NodeNotReady");
    emit(cluster, SOURCE, node, (Severity::Normal, "NodeNotReady"), message);
    let mut pods = cluster.node(node).pods.clone();
    pods.retain(|pod| !cluster.pod(*pod).phase.is_terminal());
    for pod in &pods {
        cluster.mark_pod_not_ready(*pod, now);
        emit(cluster, SOURCE, *pod, (Severity::Warning, "NodeNotReady"), "Node is not ready".to_owned());
    }
    pods.len()
}

/// Adds a `NoExecute` taint to a node that has none of this key.
fn add_no_execute_taint(cluster: &mut Cluster, node: NodeId, key: &str, now: SimTime) {
    let is_it = |taint: &Taint| *taint.key == *key && taint.effect == TaintEffect::NoExecute;
    if cluster.node(node).object.taints.iter().any(is_it) {
        return;
    }
    cluster.update_node(node, |object| {
        object.taints.push(Taint {
            key: Name::from(key),
            value: Name::from(""),
            effect: TaintEffect::NoExecute,
            time_added: Some(now),
        });
    });
}

/// Whether the `NoSchedule` taints that this controller owns are those that the node's conditions call for.
fn has_wanted_taints(node: &Node) -> bool {
    let has = |key: &str| {
        node.object.taints.iter().any(|taint| *taint.key == *key && taint.effect == TaintEffect::NoSchedule)
    };
    no_schedule_taints(node.ready, node.object.unschedulable).iter().all(|(key, wanted)| has(key) == *wanted)
}

/// Makes the `NoSchedule` taints that this controller owns those that the node's conditions call for.
fn set_no_schedule_taints(cluster: &mut Cluster, node: NodeId) {
    let state = cluster.node(node);
    if has_wanted_taints(state) {
        return;
    }
    let wanted = no_schedule_taints(state.ready, state.object.unschedulable);
    cluster.update_node(node, |object| {
        for (key, wanted) in wanted {
            let is_it = |taint: &Taint| *taint.key == *key && taint.effect == TaintEffect::NoSchedule;
            let present = object.taints.iter().any(is_it);
            if wanted && !present {
                object.taints.push(Taint {
                    key: Name::from(key),
                    value: Name::from(""),
                    effect: TaintEffect::NoSchedule,
                    time_added: None,
                });
            } else if !wanted && present {
                object.taints.retain(|taint| !is_it(taint));
            }
        }
    });
}

/// Takes the `NoExecute` taints of this controller from a node; with `before` only those that were added before then.
fn remove_no_execute_taints(cluster: &mut Cluster, node: NodeId, before: Option<SimTime>) {
    let is_meant = |taint: &Taint| {
        taint.effect == TaintEffect::NoExecute
            && (*taint.key == *well_known::TAINT_UNREACHABLE || *taint.key == *well_known::TAINT_NOT_READY)
            && before.is_none_or(|before| taint.time_added.is_none_or(|added| added < before))
    };
    if cluster.node(node).object.taints.iter().any(is_meant) {
        cluster.update_node(node, |object| object.taints.retain(|taint| !is_meant(taint)));
    }
}
