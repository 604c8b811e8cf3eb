//! The scripted cluster of a recording: cloud, API server, controllers, kubelets and scheduler.

use super::objects::{daemon_name, daemon_pod, node_template, not_ready, owner_of, template_of};
use super::recording::{self, Sequence};
use crate::api::{self, Name, ObjectMeta, Pod, PodTemplate, well_known};
use crate::autoscaler::cluster_autoscaler::options::Options;
use crate::autoscaler::cluster_autoscaler::snapshot::Snapshot;
use crate::autoscaler::cluster_autoscaler::taints;
use crate::cluster::{NodeId, PodId};
use crate::scheduler::{KubernetesVersion, PodInfo, PodOrigins, Profile};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// A machine, and its node if it registered. Its index is the node's id.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) name: Name,
    pub(super) group: usize,
    pub(super) mode: String,
    pub(super) created: SimTime,
    /// The instance was deleted.
    pub(super) deleted: Option<SimTime>,
    /// The node object.
    pub(super) node: Option<NodeState>,
    pub(super) started: bool,
}

#[derive(Debug)]
pub(super) struct NodeState {
    pub(super) object: Arc<api::Node>,
    pub(super) created: SimTime,
    pub(super) ready: bool,
    pub(super) ready_changed: SimTime,
}

#[derive(Debug)]
pub struct PodState {
    pub info: Arc<PodInfo>,
    /// Index of the workload; `None` of DaemonSets' pods.
    pub(super) workload: Option<usize>,
    pub(super) step: usize,
    pub(super) created: SimTime,
    pub node: Option<NodeId>,
    /// When deletion was asked for, and when it is over.
    pub(super) deletion: Option<(SimTime, SimTime)>,
    pub(super) exists: bool,
}

#[derive(Debug)]
pub(super) struct GroupState {
    pub(super) min: i64,
    pub(super) max: i64,
    pub(super) target: i64,
    pub(super) mode: String,
    pub(super) template: Arc<api::Node>,
}

#[derive(Debug)]
pub(super) struct WorkloadState {
    pub(super) wanted: usize,
    pub(super) refuses: bool,
    pub(super) template: Arc<PodTemplate>,
}

impl GroupState {
    fn new(group: &recording::Group) -> Self {
        let template = Arc::new(node_template(group));
        Self { min: group.min, max: group.max, target: 0, mode: String::new(), template }
    }
}

/// What happened in and after a loop.
#[derive(Debug, Default)]
pub struct Log {
    pub registered: Vec<Name>,
    pub bound: Vec<(Name, Name)>,
    pub increases: Vec<(Name, i64)>,
    pub rejected: Vec<(Name, i64)>,
    pub evicted: Vec<(SimTime, Name, Name)>,
    pub refused: Vec<(SimTime, Name)>,
    pub deleted: Vec<(SimTime, Name)>,
}

/// The scripted cluster.
#[derive(Debug)]
pub struct ScriptedCluster<'a> {
    pub(super) sequence: &'a Sequence,
    pub(super) defaults: Options,
    pub now: SimTime,
    pub(super) groups: Vec<GroupState>,
    pub(super) machines: Vec<Machine>,
    pub pods: Vec<PodState>,
    pub(super) pod_names: usize,
    pub(super) workloads: Vec<WorkloadState>,
    /// Disruptions that each budget allows.
    pub(super) allowed: Vec<i64>,
    /// All nodes and pods, for the scheduler.
    pub(super) scheduler: Snapshot,
    pub(super) origins: PodOrigins,
    /// Nodes and pods that changed and that the autoscaler was not told of.
    pub changed_nodes: Vec<NodeId>,
    pub changed_pods: Vec<PodId>,
    pub log: Log,
}

impl<'a> ScriptedCluster<'a> {
    pub fn new(sequence: &'a Sequence, defaults: &Options) -> Self {
        let start = SimTime::default();
        let groups: Vec<GroupState> = sequence.groups.iter().map(GroupState::new).collect();
        let workloads = sequence.workloads.iter().map(|workload| WorkloadState {
            wanted: workload.replicas,
            refuses: false,
            template: Arc::new(template_of(workload)),
        });
        let mut cluster = Self {
            sequence,
            defaults: defaults.clone(),
            now: start,
            workloads: workloads.collect(),
            groups,
            machines: Vec::new(),
            pods: Vec::new(),
            pod_names: 0,
            allowed: vec![0; sequence.pdbs.len()],
            scheduler: Snapshot::new(Profile::default_of(KubernetesVersion::V1_36)),
            origins: PodOrigins::default(),
            changed_nodes: Vec::new(),
            changed_pods: Vec::new(),
            log: Log::default(),
        };
        let hour_ago = start - SimDuration::from_hours(1);
        for (index, group) in sequence.groups.iter().enumerate() {
            for _ in 0..group.initial {
                let id = cluster.add_machine(index, "", hour_ago);
                cluster.register(id, hour_ago);
                cluster.set_ready(id, true, hour_ago);
                cluster.machines[id.index()].started = true;
                cluster.groups[index].target += 1;
            }
        }
        cluster
    }

    pub(super) fn add_machine(&mut self, group: usize, mode: &str, created: SimTime) -> NodeId {
        let id = NodeId::from_index(self.machines.len());
        let name = format!("n{:04}-{}", self.machines.len() + 1, self.sequence.groups[group].name);
        self.machines.push(Machine {
            name: name.into(),
            group,
            mode: mode.to_owned(),
            created,
            deleted: None,
            node: None,
            started: false,
        });
        id
    }

    fn register(&mut self, id: NodeId, now: SimTime) {
        let machine = &mut self.machines[id.index()];
        let mut node = (*self.groups[machine.group].template).clone();
        node.meta.name = machine.name.clone();
        node.meta.labels = node.meta.labels.with(well_known::HOSTNAME, &machine.name);
        node.taints.push(not_ready());
        machine.node = Some(NodeState { object: Arc::new(node), created: now, ready: false, ready_changed: now });
        self.node_changed(id);
    }

    fn set_ready(&mut self, id: NodeId, ready: bool, now: SimTime) {
        let Some(node) = self.machines[id.index()].node.as_mut().filter(|node| node.ready != ready) else { return };
        (node.ready, node.ready_changed) = (ready, now);
        let object = Arc::make_mut(&mut node.object);
        object.taints.retain(|taint| &*taint.key != well_known::TAINT_NOT_READY);
        if !ready {
            object.taints.push(not_ready());
        }
        self.node_changed(id);
    }

    pub(super) fn node_changed(&mut self, id: NodeId) {
        match &self.machines[id.index()].node {
            Some(node) => self.scheduler.put_node(id, Arc::clone(&node.object)),
            None => self.scheduler.remove_node(id),
        }
        self.changed_nodes.push(id);
    }

    /// The node object of an id.
    pub fn node(&self, id: NodeId) -> Option<&Arc<api::Node>> {
        self.machines.get(id.index())?.node.as_ref().map(|node| &node.object)
    }

    /// The name of a node.
    pub fn node_name(&self, id: NodeId) -> Name {
        self.machines.get(id.index()).map(|machine| machine.name.clone()).unwrap_or_default()
    }

    pub(super) fn remove_node(&mut self, id: NodeId) {
        self.machines[id.index()].node = None;
        let on_node: Vec<PodId> =
            self.pods.iter().filter(|pod| pod.exists && pod.node == Some(id)).map(|pod| pod.info.id).collect();
        for pod in on_node {
            self.remove_pod(pod);
        }
        self.node_changed(id);
    }

    pub(super) fn remove_pod(&mut self, id: PodId) {
        self.pods[id.index()].exists = false;
        self.scheduler.remove_pod(id);
        self.changed_pods.push(id);
    }

    /// The next moment at which a terminating pod is gone.
    pub fn next_pod_end(&self) -> Option<SimTime> {
        self.pods.iter().filter(|pod| pod.exists).filter_map(|pod| Some(pod.deletion?.1)).min()
    }

    /// Removes terminating pods whose time is over.
    pub fn end_pods(&mut self, now: SimTime) {
        let over = |pod: &&PodState| pod.exists && pod.deletion.is_some_and(|(_, end)| end <= now);
        let ended: Vec<PodId> = self.pods.iter().filter(over).map(|pod| pod.info.id).collect();
        for pod in ended {
            self.remove_pod(pod);
        }
    }

    /// Everything that happens before a loop.
    pub fn step(&mut self, step: usize) {
        self.log = Log::default();
        let now = self.now;
        for index in 0..self.machines.len() {
            let machine = &self.machines[index];
            let delay = SimDuration::from_secs(self.sequence.groups[machine.group].delete_seconds);
            if machine.node.is_some() && machine.deleted.is_some_and(|deleted| now - deleted >= delay) {
                self.remove_node(NodeId::from_index(index));
            }
        }
        self.start_machines();
        let sequence = self.sequence;
        for event in sequence.events.iter().filter(|event| event.step == step) {
            self.play(event);
        }
        self.end_lives(step);
        self.start_daemons(step);
        for workload in 0..self.workloads.len() {
            self.reconcile(workload, step);
        }
        self.schedule();
        self.update_budgets();
    }

    fn start_machines(&mut self) {
        let now = self.now;
        let mut by_group: Vec<usize> = (0..self.machines.len()).collect();
        by_group.sort_by_key(|index| self.machines[*index].group);
        for index in by_group {
            let id = NodeId::from_index(index);
            let machine = &self.machines[index];
            if machine.deleted.is_some() || !matches!(machine.mode.as_str(), "" | "notready") {
                continue;
            }
            let group = &self.sequence.groups[machine.group];
            let age = now - machine.created;
            let registers = SimDuration::from_secs(group.register_seconds);
            let starts = registers + SimDuration::from_secs(group.ready_seconds);
            let (is_normal, started) = (machine.mode.is_empty(), machine.started);
            if machine.node.is_none() && age >= registers {
                self.register(id, now);
                let name = self.machines[index].name.clone();
                self.log.registered.push(name);
            }
            if is_normal && !started && age >= starts {
                self.machines[index].started = true;
                self.set_ready(id, true, now);
            }
        }
    }

    fn play(&mut self, event: &recording::Event) {
        if let Some(name) = &event.workload
            && let Some(index) = self.sequence.workloads.iter().position(|workload| workload.name == *name)
        {
            if event.scale {
                self.workloads[index].wanted = event.replicas;
            }
            if let Some(refuses) = event.refuse_evictions {
                self.workloads[index].refuses = refuses;
            }
        }
        if let Some(name) = &event.group
            && let Some(index) = self.sequence.groups.iter().position(|group| group.name == *name)
        {
            let group = &mut self.groups[index];
            if let Some(mode) = &event.mode {
                group.mode.clone_from(mode);
            }
            group.min = event.min.unwrap_or(group.min);
            group.max = event.max.unwrap_or(group.max);
        }
        if let Some(name) = &event.node
            && let Some(index) = self.machines.iter().position(|machine| *machine.name == **name)
        {
            let id = NodeId::from_index(index);
            if let Some(ready) = event.ready {
                self.set_ready(id, ready, self.now);
            }
            if let (Some(disabled), Some(node)) = (event.scale_down_disabled, self.machines[index].node.as_mut()) {
                const KEY: &str = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
                let object = Arc::make_mut(&mut node.object);
                let annotations = &object.meta.annotations;
                object.meta.annotations =
                    if disabled { annotations.with(KEY, "true") } else { annotations.without(KEY) };
                self.node_changed(id);
            }
        }
    }

    fn end_lives(&mut self, step: usize) {
        for index in 0..self.pods.len() {
            let pod = &self.pods[index];
            let Some(workload) = pod.workload.filter(|_| pod.exists) else { continue };
            let life = self.sequence.workloads[workload].life_steps;
            if life.is_some_and(|life| life > 0 && step - pod.step >= life) {
                self.remove_pod(PodId::from_index(index));
                let state = &mut self.workloads[workload];
                state.wanted = state.wanted.saturating_sub(1);
            }
        }
    }

    fn start_daemons(&mut self, step: usize) {
        if self.sequence.daemon_sets.is_empty() {
            return;
        }
        for index in 0..self.machines.len() {
            let id = NodeId::from_index(index);
            let Some(node) = self.machines[index].node.as_ref().map(|node| Arc::clone(&node.object)) else { continue };
            if taints::is_to_be_deleted(&node) {
                continue;
            }
            for set in 0..self.sequence.daemon_sets.len() {
                let name = daemon_name(&self.sequence.daemon_sets[set], &node.meta.name);
                let is_there =
                    self.scheduler.node(id).is_some_and(|info| info.pods().iter().any(|pod| pod.name == name));
                if !is_there {
                    let pod = daemon_pod(&self.sequence.daemon_sets[set], name);
                    self.add_pod(&pod, None, step, self.now, Some(id));
                }
            }
        }
    }

    fn add_pod(&mut self, pod: &Pod, workload: Option<usize>, step: usize, created: SimTime, node: Option<NodeId>) {
        let id = PodId::from_index(self.pods.len());
        let info = self.origins.pod_info(id, pod, KubernetesVersion::V1_36);
        if let Some(node) = node {
            self.scheduler.put_pod(Arc::clone(&info), node);
        }
        self.pods.push(PodState { info, workload, step, created, node, deletion: None, exists: true });
        self.changed_pods.push(id);
    }

    fn reconcile(&mut self, workload: usize, step: usize) {
        let spec = &self.sequence.workloads[workload];
        let mut active: Vec<(bool, PodId)> = self
            .pods
            .iter()
            .filter(|pod| pod.exists && pod.workload == Some(workload) && pod.deletion.is_none())
            .map(|pod| (pod.node.is_some(), pod.info.id))
            .collect();
        let wanted = self.workloads[workload].wanted;
        // Pods without a node go first, the newest of them first.
        active.sort_by_key(|(is_bound, id)| {
            let newest_first = usize::MAX - id.index();
            (*is_bound, if *is_bound && spec.remove_oldest_first { id.index() } else { newest_first })
        });
        for (_, pod) in active.iter().take(active.len().saturating_sub(wanted)) {
            self.remove_pod(*pod);
        }
        for _ in active.len()..wanted {
            self.pod_names += 1;
            let pod = Pod {
                meta: ObjectMeta {
                    name: format!("p{:05}-{}", self.pod_names, spec.name).into(),
                    namespace: spec.namespace.as_str().into(),
                    owner: owner_of(spec),
                    ..ObjectMeta::default()
                },
                template: Arc::clone(&self.workloads[workload].template),
                ..Pod::default()
            };
            let created = self.now - SimDuration::from_secs(spec.age_seconds_at_creation);
            self.add_pod(&pod, Some(workload), step, created, None);
        }
    }

    fn schedule(&mut self) {
        let mut pending: Vec<PodId> = self.pending().map(|pod| pod.info.id).collect();
        pending.sort_by_key(|id| (std::cmp::Reverse(self.pods[id.index()].info.priority()), *id));
        let mut nodes: Vec<(bool, NodeId)> = self
            .scheduler
            .order()
            .iter()
            .filter_map(|id| Some((taints::is_deletion_candidate(self.node(*id)?), *id)))
            .filter(|(_, id)| self.node(*id).is_some_and(|node| !node.unschedulable))
            .collect();
        nodes.sort_unstable();
        for id in pending {
            let info = Arc::clone(&self.pods[id.index()].info);
            let fits = nodes.iter().find(|(_, node)| self.scheduler.check(&info, *node).is_ok());
            let Some((_, node)) = fits else { continue };
            self.scheduler.put_pod(Arc::clone(&info), *node);
            self.pods[id.index()].node = Some(*node);
            self.log.bound.push((info.name.clone(), self.node_name(*node)));
            self.changed_pods.push(id);
        }
    }

    fn update_budgets(&mut self) {
        for (index, budget) in self.sequence.pdbs.iter().enumerate() {
            let protects = |pod: &&PodState| {
                let workload = pod.workload.and_then(|workload| self.sequence.workloads.get(workload));
                pod.exists
                    && pod.node.is_some()
                    && pod.deletion.is_none()
                    && workload.is_some_and(|workload| workload.name == budget.workload)
            };
            let healthy = i64::try_from(self.pods.iter().filter(protects).count()).unwrap_or(i64::MAX);
            self.allowed[index] = (healthy - budget.min_available).max(0);
        }
    }

    /// Pods without a node.
    pub fn pending(&self) -> impl Iterator<Item = &PodState> {
        self.pods.iter().filter(|pod| pod.exists && pod.node.is_none() && pod.deletion.is_none())
    }

    /// A pod that exists and is on a node.
    pub fn placed(&self, id: PodId) -> Option<(&Arc<PodInfo>, NodeId)> {
        let pod = self.pods.get(id.index()).filter(|pod| pod.exists)?;
        Some((&pod.info, pod.node?))
    }

    /// The target of each group.
    pub fn targets(&self) -> Vec<i64> {
        self.groups.iter().map(|group| group.target).collect()
    }

    /// Nodes for which something holds.
    pub fn nodes_with(&self, holds: fn(&api::Node) -> bool) -> Vec<Name> {
        let nodes = self.machines.iter().filter_map(|machine| Some(&machine.node.as_ref()?.object));
        nodes.filter(|node| holds(node)).map(|node| node.meta.name.clone()).collect()
    }
}
