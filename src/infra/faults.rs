//! What goes wrong and when: scheduled and random faults of nodes, zones and pods.

use crate::api::Kind;
use crate::cluster::{Change, ChangeKind, Cluster, Interest, Machine, NodeId, POOL_LABEL, PodId, WorkloadId};
use crate::engine::{Agenda, RandomStream, RandomStreams};
use crate::input::scenario::{self, Distribution, FaultScope, FaultTiming};
use crate::units::SimDuration;
use crate::workload::Sampler;

/// An event of the fault injector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultEvent {
    /// A fault strikes.
    Strike {
        /// Index of the fault in the scenario.
        fault: u32,
        /// Index of the victim among those of the fault.
        victim: u32,
    },
    /// The cause of a fault is gone.
    Repair {
        /// Index of the fault in the scenario.
        fault: u32,
        /// Index of the victim among those of the fault.
        victim: u32,
    },
    /// The machine of a node whose crash is repaired has booted.
    Booted {
        /// The node.
        node: NodeId,
        /// Number of its boot: a crash in the meantime makes it stale.
        boot: u32,
    },
    /// A random fault strikes a pod.
    PodStrike {
        /// Index of the fault in the scenario.
        fault: u32,
        /// The pod.
        pod: PodId,
    },
}

/// What a fault has done besides what the cluster shows, for the records and the kubelets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultEffect {
    /// Machines stopped, were cut off or said that they are not ready, or the controller manager stopped.
    Struck {
        /// What kind of fault.
        kind: scenario::FaultKind,
        /// Number of the strike: the same for its repair.
        strike: u64,
        /// Node or zone.
        subject: String,
        /// The nodes.
        nodes: Vec<NodeId>,
    },
    /// The cause of a strike is gone. Machines that were down have to boot before they are up.
    Repaired {
        /// Number of the strike.
        strike: u64,
    },
    /// A container of each pod exits with code 1.
    PodsCrash(Vec<PodId>),
}

/// The victim of a fault.
#[derive(Clone, Debug)]
enum Victim {
    Node(NodeId),
    /// A node that may join later, by name.
    Named(String),
    Zone(String),
    Workload,
    ControllerManager,
}

/// Name of the component that a fault stops.
const CONTROLLER_MANAGER: &str = "kube-controller-manager";

/// Strikes that hold a node down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Causes {
    crashes: u32,
    partitions: u32,
    /// Those that make its kubelet say that it is not ready.
    unready: u32,
}

/// One fault of the scenario with its victims.
#[derive(Clone, Debug)]
struct Fault {
    spec: scenario::Fault,
    victims: Vec<Victim>,
    streams: Vec<RandomStream>,
    /// Nodes that are down because of each victim's current strike, and the strike's number.
    down: Vec<(u64, Vec<NodeId>)>,
    /// Whether it has struck anything.
    has_struck: bool,
}

/// Injects the faults of a scenario.
#[derive(Clone, Debug)]
pub struct FaultInjector {
    faults: Vec<Fault>,
    streams: RandomStreams,
    /// Strikes that hold each node down, by index of the node.
    causes: Vec<Causes>,
    /// Number of the current boot of each node, by index of the node.
    boots: Vec<u32>,
    /// From the repair of a crash to the machine being up.
    boot_delay: SimDuration,
    strikes: u64,
}

impl FaultInjector {
    /// Prepares the faults of a scenario.
    pub fn new(faults: &[scenario::Fault], boot_delay: SimDuration, streams: RandomStreams) -> Self {
        let prepare = |spec: &scenario::Fault| Fault {
            spec: spec.clone(),
            victims: Vec::new(),
            streams: Vec::new(),
            down: Vec::new(),
            has_struck: false,
        };
        Self {
            faults: faults.iter().map(prepare).collect(),
            streams,
            causes: Vec::new(),
            boots: Vec::new(),
            boot_delay,
            strikes: 0,
        }
    }

    /// Plans the first strikes of the faults whose victims are known from the start.
    pub fn start<A: Agenda<FaultEvent>>(&mut self, agenda: &mut A) {
        for index in 0..self.faults.len() {
            match self.faults[index].spec.scope.clone() {
                FaultScope::Node(name) => self.add_victim(index, Victim::Named(name.clone()), &name, agenda),
                FaultScope::Zone(zone) => self.add_victim(index, Victim::Zone(zone.clone()), &zone, agenda),
                FaultScope::Workload(target) => {
                    if matches!(self.faults[index].spec.timing, FaultTiming::Scheduled { .. }) {
                        self.add_victim(index, Victim::Workload, &target.to_string(), agenda);
                    }
                }
                FaultScope::ControllerManager => {
                    self.add_victim(index, Victim::ControllerManager, CONTROLLER_MANAGER, agenda);
                }
                // Each node of the pool becomes a victim when it joins.
                FaultScope::Pool(_) => {}
            }
        }
    }

    fn add_victim<A: Agenda<FaultEvent>>(&mut self, index: usize, victim: Victim, name: &str, agenda: &mut A) {
        let fault = &mut self.faults[index];
        let number = fault.victims.len();
        fault.victims.push(victim);
        fault.streams.push(self.streams.stream(&format!("faults/{}/{name}", fault.spec.name)));
        fault.down.push((0, Vec::new()));
        let at = match &fault.spec.timing {
            FaultTiming::Scheduled { at, .. } => *at,
            FaultTiming::Random { mtbf, .. } => agenda.now() + sample(mtbf, &mut fault.streams[number]),
        };
        let (fault, victim) = (narrow(index), narrow(number));
        agenda.schedule(at, FaultEvent::Strike { fault, victim });
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest =
        Interest::of(&[ChangeKind::NodeAdded, ChangeKind::PodRunning, ChangeKind::PodRestarted]);

    /// A change of the cluster: nodes that join a pool become victims, pods that start running may crash later.
    pub fn observe<A: Agenda<FaultEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::NodeAdded(node) => {
                let object = &cluster.node(node).object;
                let pool = object.meta.labels.get(POOL_LABEL).cloned();
                for index in 0..self.faults.len() {
                    if let FaultScope::Pool(name) = &self.faults[index].spec.scope
                        && pool.as_deref() == Some(name)
                    {
                        let name = object.meta.name.to_string();
                        self.add_victim(index, Victim::Node(node), &name, agenda);
                    }
                }
            }
            Change::PodRunning(pod) | Change::PodRestarted(pod) => {
                for index in 0..self.faults.len() {
                    let fault = &mut self.faults[index];
                    let FaultTiming::Random { mtbf, .. } = &fault.spec.timing else { continue };
                    let FaultScope::Workload(target) = &fault.spec.scope else { continue };
                    if is_target(cluster, pod, target) {
                        let state = cluster.pod(pod);
                        let purpose = format!("faults/{}/{}/{}", fault.spec.name, state.name, state.restarts);
                        let delay = sample(mtbf, &mut self.streams.stream(&purpose));
                        let fault = narrow(index);
                        agenda.schedule(agenda.now() + delay, FaultEvent::PodStrike { fault, pod });
                    }
                }
            }
            _ => {}
        }
    }

    /// Carries out a strike or repair.
    pub fn handle<A: Agenda<FaultEvent>>(
        &mut self,
        event: FaultEvent,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> Option<FaultEffect> {
        match event {
            FaultEvent::Strike { fault, victim } => {
                let effect = self.strike(fault, victim, cluster, agenda);
                self.faults[fault as usize].has_struck |= effect.is_some();
                effect
            }
            FaultEvent::Repair { fault, victim } => Some(self.repair(fault, victim, cluster, agenda)),
            FaultEvent::Booted { node, boot } => {
                self.booted(node, boot, cluster);
                None
            }
            FaultEvent::PodStrike { fault, pod } => {
                let running = cluster.pod(pod).exists() && cluster.pod(pod).running.is_some();
                self.faults[fault as usize].has_struck |= running;
                running.then(|| FaultEffect::PodsCrash(vec![pod]))
            }
        }
    }

    /// A remark on each fault of the scenario that has struck nothing, so that nothing of what it was to test is tested.
    pub fn remarks(&self) -> impl Iterator<Item = String> + '_ {
        let idle = self.faults.iter().filter(|fault| !fault.has_struck);
        idle.map(|fault| format!("fault {} did not happen in this run: nothing was tested by it", fault.spec.name))
    }

    fn strike<A: Agenda<FaultEvent>>(
        &mut self,
        fault_index: u32,
        victim: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> Option<FaultEffect> {
        let now = agenda.now();
        let fault = &mut self.faults[fault_index as usize];
        let number = victim as usize;
        let exists = |node: &NodeId| cluster.node(*node).exists();
        let (subject, nodes) = match &fault.victims[number] {
            Victim::Node(node) => (cluster.node(*node).object.meta.name.to_string(), vec![*node]),
            Victim::Named(name) => (name.clone(), cluster.node_id(name).into_iter().collect()),
            Victim::Zone(zone) => {
                let in_zone =
                    |node: &crate::cluster::Node| node.object.zone().is_some_and(|its_zone| **its_zone == **zone);
                (zone.clone(), cluster.nodes().filter(|(_, node)| in_zone(node)).map(|(id, _)| id).collect())
            }
            Victim::ControllerManager => (CONTROLLER_MANAGER.to_owned(), Vec::new()),
            Victim::Workload => {
                let FaultScope::Workload(target) = &fault.spec.scope else { return None };
                let running = |pod: &crate::cluster::Pod| pod.exists() && pod.running.is_some();
                let pods = cluster.pods().filter(|(_, pod)| running(pod)).map(|(id, _)| id);
                let pods: Vec<PodId> = pods.filter(|pod| is_target(cluster, *pod, target)).collect();
                return (!pods.is_empty()).then_some(FaultEffect::PodsCrash(pods));
            }
        };
        let nodes: Vec<NodeId> = nodes.into_iter().filter(exists).collect();
        let repair_after = match &fault.spec.timing {
            FaultTiming::Scheduled { duration, .. } => *duration,
            FaultTiming::Random { mttr, .. } => mttr.as_ref().map(|mttr| sample(mttr, &mut fault.streams[number])),
        };
        self.strikes += 1;
        let strike = self.strikes;
        fault.down[number] = (strike, nodes.clone());
        let kind = fault.spec.kind;
        if let Some(span) = repair_after {
            agenda.schedule(now + span, FaultEvent::Repair { fault: fault_index, victim });
        }
        for node in &nodes {
            self.change_causes(*node, kind, 1, cluster, agenda);
        }
        let strikes_something = !nodes.is_empty() || kind == scenario::FaultKind::ControllerManagerOutage;
        strikes_something.then_some(FaultEffect::Struck { kind, strike, subject, nodes })
    }

    fn repair<A: Agenda<FaultEvent>>(
        &mut self,
        fault_index: u32,
        victim: u32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) -> FaultEffect {
        let fault = &mut self.faults[fault_index as usize];
        let number = victim as usize;
        let (strike, nodes) = std::mem::take(&mut fault.down[number]);
        let kind = fault.spec.kind;
        if let FaultTiming::Random { mtbf, .. } = &fault.spec.timing {
            let at = agenda.now() + sample(mtbf, &mut fault.streams[number]);
            agenda.schedule(at, FaultEvent::Strike { fault: fault_index, victim });
        }
        for node in &nodes {
            self.change_causes(*node, kind, -1, cluster, agenda);
        }
        FaultEffect::Repaired { strike }
    }

    /// Adds or takes a cause for a node to be down or cut off, and sets its machine accordingly. A machine that has no
    /// cause to be down any more stays down until it has booted.
    fn change_causes<A: Agenda<FaultEvent>>(
        &mut self,
        node: NodeId,
        kind: scenario::FaultKind,
        change: i32,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        if self.causes.len() <= node.index() {
            self.causes.resize(node.index() + 1, Causes::default());
            self.boots.resize(node.index() + 1, 0);
        }
        let causes = &mut self.causes[node.index()];
        let count = match kind {
            scenario::FaultKind::NetworkPartition => &mut causes.partitions,
            scenario::FaultKind::KubeletNotReady => &mut causes.unready,
            _ => &mut causes.crashes,
        };
        *count = count.saturating_add_signed(change);
        if kind == scenario::FaultKind::KubeletNotReady {
            let is_ready = causes.unready == 0;
            cluster.set_kubelet_ready(node, is_ready, agenda.now());
            return;
        }
        if causes.crashes > 0 {
            // A boot that is under way has failed.
            self.boots[node.index()] += 1;
        } else if cluster.node(node).machine == Machine::Down {
            if kind != scenario::FaultKind::NetworkPartition {
                let boot = self.boots[node.index()];
                agenda.schedule(agenda.now() + self.boot_delay, FaultEvent::Booted { node, boot });
            }
            return;
        }
        self.set_machine(node, cluster);
    }

    /// Sets a node's machine to what its causes call for.
    fn set_machine(&self, node: NodeId, cluster: &mut Cluster) {
        let machine = match self.causes[node.index()] {
            Causes { crashes: 0, partitions: 0, .. } => Machine::Up,
            Causes { crashes: 0, .. } => Machine::CutOff,
            _ => Machine::Down,
        };
        cluster.set_machine(node, machine);
    }

    fn booted(&self, node: NodeId, boot: u32, cluster: &mut Cluster) {
        if self.boots.get(node.index()) == Some(&boot) && cluster.node(node).exists() {
            self.set_machine(node, cluster);
        }
    }
}

/// Whether a pod is the target or belongs to it.
fn is_target(cluster: &Cluster, pod: PodId, target: &scenario::Target) -> bool {
    let state = cluster.pod(pod);
    if &**cluster.namespace_name(state.namespace) != target.namespace.as_str() {
        return false;
    }
    if target.kind == Kind::Pod {
        return &*state.name == target.name.as_str();
    }
    state.workload.is_some_and(|workload: WorkloadId| {
        let workload = cluster.workload(workload);
        workload.kind.as_str() == target.kind.as_str() && &*workload.name == target.name.as_str()
    })
}

/// Draws a span; at least a nanosecond, so that a fault cannot strike again and again within one instant.
fn sample(distribution: &Distribution<scenario::Duration>, stream: &mut RandomStream) -> SimDuration {
    Sampler::new(distribution).sample_duration(stream).max(SimDuration::from_nanos(1))
}

/// An index as an event carries it.
fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
