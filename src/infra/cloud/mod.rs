//! The cloud: what becomes of the instances that somebody asks for.
//!
//! An instance is launched, registers its Node object, is ready, and is gone some time after its deletion was asked for;
//! each step takes a time that is drawn. Shortages make a launch fail or a step never come ([`shortages`]). When a machine
//! is gone its Node object stays until the cloud's node lifecycle controller finds that it is not ready and that the
//! instance does not exist (`staging/src/k8s.io/cloud-provider/controllers/nodelifecycle`, Kubernetes 1.36).
//!
//! Whoever wants nodes speaks with the cluster's state alone; nothing is decided here about how many there shall be, but
//! for what the groups of all providers do by themselves: a machine that was taken away, or could not be launched for
//! anybody but the Cluster Autoscaler, is replaced.

mod shortages;

use crate::api::{CapacityType, Name};
use crate::cluster::{
    ApiEvent, Change, ChangeKind, Cluster, EventObject, Instance, InstanceId, InstanceOrigin, InstanceState, Interest,
    Machine, NodeId, NodeReady, Severity,
};
use crate::engine::{Agenda, RandomStream, RandomStreams};
use crate::input::scenario::Shortage;
use crate::units::{SimDuration, SimTime};
use crate::workload::Sampler;
use rand::RngExt;
use shortages::{LaunchOutcome, Shortages};

/// An event of the cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloudEvent {
    /// An instance is launched, or fails.
    Launches(InstanceId),
    /// A kubelet registers its node.
    Registers(InstanceId),
    /// A kubelet says for the first time that its node is ready.
    IsReady(InstanceId),
    /// The machine of an instance whose deletion was asked for is gone.
    IsGone(InstanceId),
    /// A group gives up an instance that failed, and asks for another.
    Replaces(InstanceId),
    /// The provider gives notice that it will take an instance back.
    GivesNotice(InstanceId),
    /// The provider takes an instance back.
    TakesBack(InstanceId),
    /// The cloud's node lifecycle controller removes the node of an instance that is gone.
    RemovesNode(NodeId),
    /// A shortage begins or ends.
    ShortageChanges {
        /// Its place in the scenario.
        shortage: u32,
    },
}

/// How long the steps of a boot take.
#[derive(Clone, Debug, PartialEq)]
pub struct BootTimes {
    /// From the request to the machine.
    pub launch: Sampler,
    /// From the machine to the Node object.
    pub register: Sampler,
    /// From the Node object to its node being ready.
    pub ready: Sampler,
}

/// Parameters of the cloud.
#[derive(Clone, Debug)]
pub struct CloudSettings {
    /// Boot times of instances that no group has its own for.
    pub boot: BootTimes,
    /// By group: its own boot times.
    pub group_boots: Vec<Option<BootTimes>>,
    /// From the request of a deletion to the machine being gone.
    pub delete_delay: Sampler,
    /// What cannot be had.
    pub shortages: Vec<Shortage>,
    /// Mean time from the launch of a spot instance to its interruption; `None` if it is never interrupted.
    pub spot_interruption: Option<SimDuration>,
    /// From the notice of an interruption to the machine being gone.
    pub spot_notice: SimDuration,
    /// Period of the cloud's node lifecycle controller (`--node-monitor-period`).
    pub node_monitor_period: SimDuration,
}

/// After which time a group tries again to launch an instance that failed: an assumption.
const RETRY: SimDuration = SimDuration::from_minutes(1);
/// `source` of the Events of the cloud's node lifecycle controller.
const SOURCE: &str = "cloud-node-lifecycle-controller";

/// What the cloud has planned for an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Plans {
    is_known: bool,
    is_ending: bool,
    is_counted: bool,
}

/// The cloud.
#[derive(Clone, Debug)]
pub struct Cloud {
    settings: CloudSettings,
    shortages: Shortages,
    launch: RandomStream,
    register: RandomStream,
    ready: RandomStream,
    delete: RandomStream,
    spot: RandomStream,
    /// When the passes of the cloud's node lifecycle controller are.
    pass_phase: SimTime,
    /// By instance.
    plans: Vec<Plans>,
}

impl Cloud {
    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[ChangeKind::InstanceChanged, ChangeKind::NodeReadiness]);

    /// A cloud that was asked for nothing.
    pub fn new(settings: CloudSettings, streams: RandomStreams) -> Self {
        let phase = streams.phase("phase/cloud-node-lifecycle", settings.node_monitor_period);
        Self {
            shortages: Shortages::new(&settings.shortages, streams),
            launch: streams.stream("cloud/launch"),
            register: streams.stream("cloud/register"),
            ready: streams.stream("cloud/ready"),
            delete: streams.stream("cloud/delete"),
            spot: streams.stream("cloud/spot-interruption"),
            pass_phase: SimTime::ZERO + phase,
            plans: Vec::new(),
            settings,
        }
    }

    /// Plans when shortages begin and end.
    pub fn start<A: Agenda<CloudEvent>>(&self, agenda: &mut A) {
        for (index, shortage) in self.settings.shortages.iter().enumerate() {
            let event = CloudEvent::ShortageChanges { shortage: u32::try_from(index).unwrap_or(u32::MAX) };
            agenda.schedule(shortage.from, event);
            if let Some(until) = shortage.until {
                agenda.schedule(until, event);
            }
        }
    }

    /// An instance was asked for or given up, or a node stopped being ready.
    pub fn observe<A: Agenda<CloudEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::InstanceChanged(id) => self.instance_changed(id, cluster, agenda),
            Change::NodeReadiness(node) => {
                let instance = cluster.node(node).instance.map(|id| cluster.instance(id));
                if instance.is_some_and(|instance| instance.state == InstanceState::Deleted) {
                    self.plan_removal(node, cluster, agenda);
                }
            }
            _ => {}
        }
    }

    fn plans(&mut self, id: InstanceId) -> &mut Plans {
        if self.plans.len() <= id.index() {
            self.plans.resize(id.index() + 1, Plans::default());
        }
        &mut self.plans[id.index()]
    }

    fn boot(&self, instance: &Instance) -> &BootTimes {
        let group = instance.request.group;
        let of_group = group.and_then(|group| self.settings.group_boots.get(group.index())?.as_ref());
        of_group.unwrap_or(&self.settings.boot)
    }

    fn instance_changed<A: Agenda<CloudEvent>>(&mut self, id: InstanceId, cluster: &Cluster, agenda: &mut A) {
        let (instance, now) = (cluster.instance(id), agenda.now());
        let is_new = !std::mem::replace(&mut self.plans(id).is_known, true);
        match instance.state {
            InstanceState::Requested if is_new => {
                let launch = self.boot(instance).launch.clone();
                let at = now + launch.sample_duration(&mut self.launch);
                let at = self.shortages.turn(instance, pool_of(instance, cluster), at, now);
                agenda.schedule(at, CloudEvent::Launches(id));
            }
            // It was there before anybody asked for it.
            InstanceState::Ready if is_new => self.begin_to_run(id, cluster, agenda),
            InstanceState::Deleting if !std::mem::replace(&mut self.plans(id).is_ending, true) => {
                let delay = if instance.launched.is_some() {
                    self.settings.delete_delay.sample_duration(&mut self.delete)
                } else {
                    SimDuration::ZERO
                };
                agenda.schedule(now + delay, CloudEvent::IsGone(id));
            }
            _ => {}
        }
    }

    /// A machine begins to run: it counts for quotas, and may be interrupted.
    fn begin_to_run<A: Agenda<CloudEvent>>(&mut self, id: InstanceId, cluster: &Cluster, agenda: &mut A) {
        let instance = cluster.instance(id);
        self.plans(id).is_counted = true;
        self.shortages.count(instance, pool_of(instance, cluster), 1);
        if let Some(mean) = self.settings.spot_interruption
            && instance.choice().capacity_type == CapacityType::Spot
        {
            let until = -mean.as_secs_f64() * (1.0 - self.spot.random::<f64>()).ln();
            agenda.schedule(agenda.now() + SimDuration::from_secs_f64(until), CloudEvent::GivesNotice(id));
        }
    }

    /// Carries out an event.
    pub fn handle<A: Agenda<CloudEvent>>(&mut self, event: CloudEvent, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        match event {
            CloudEvent::Launches(id) => self.launches(id, cluster, agenda),
            CloudEvent::Registers(id) => self.registers(id, cluster, agenda),
            CloudEvent::IsReady(id) => is_ready(id, cluster, now),
            CloudEvent::IsGone(id) => self.is_gone(id, cluster, agenda),
            CloudEvent::Replaces(id) => replace(id, cluster, now),
            CloudEvent::GivesNotice(id) => self.gives_notice(id, cluster, agenda),
            CloudEvent::TakesBack(id) => self.takes_back(id, cluster, agenda),
            CloudEvent::RemovesNode(node) => remove_node(node, cluster, now),
            CloudEvent::ShortageChanges { shortage } => {
                Shortages::refuse(&self.settings.shortages, cluster, now);
                for id in self.shortages.reclaimed(shortage as usize, cluster, now) {
                    self.gives_notice(id, cluster, agenda);
                }
            }
        }
    }

    fn launches<A: Agenda<CloudEvent>>(&mut self, id: InstanceId, cluster: &mut Cluster, agenda: &mut A) {
        let (instance, now) = (cluster.instance(id), agenda.now());
        if instance.state != InstanceState::Requested {
            return;
        }
        match self.shortages.launch(instance, pool_of(instance, cluster), now) {
            LaunchOutcome::Failed { failure, without_capacity } => {
                cluster.set_instance_failed(id, failure, without_capacity, now);
                let request = &cluster.instance(id).request;
                if request.group.is_some() && request.origin != InstanceOrigin::ClusterAutoscaler {
                    agenda.schedule(now + RETRY, CloudEvent::Replaces(id));
                }
            }
            LaunchOutcome::Launched { chosen, without_capacity } => {
                cluster.set_instance_launched(id, chosen, without_capacity, now);
                self.begin_to_run(id, cluster, agenda);
                let instance = cluster.instance(id);
                if !self.shortages.never_registers(instance, pool_of(instance, cluster), now) {
                    let register = self.boot(instance).register.clone();
                    let at = now + register.sample_duration(&mut self.register);
                    agenda.schedule(at, CloudEvent::Registers(id));
                }
            }
        }
    }

    fn registers<A: Agenda<CloudEvent>>(&mut self, id: InstanceId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        if cluster.instance(id).state != InstanceState::Launched {
            return;
        }
        cluster.register_instance(id, now);
        let instance = cluster.instance(id);
        if !self.shortages.never_ready(instance, pool_of(instance, cluster), now) {
            let ready = self.boot(instance).ready.clone();
            agenda.schedule(now + ready.sample_duration(&mut self.ready), CloudEvent::IsReady(id));
        }
    }

    fn is_gone<A: Agenda<CloudEvent>>(&mut self, id: InstanceId, cluster: &mut Cluster, agenda: &mut A) {
        let instance = cluster.instance(id);
        if instance.state == InstanceState::Deleted {
            return;
        }
        if std::mem::take(&mut self.plans(id).is_counted) {
            self.shortages.count(instance, pool_of(instance, cluster), -1);
        }
        let node = instance.node.filter(|node| cluster.node(*node).exists());
        cluster.remove_instance(id, agenda.now());
        if let Some(node) = node {
            cluster.set_machine(node, Machine::Down);
            self.plan_removal(node, cluster, agenda);
        }
    }

    /// Plans the removal of the node of an instance that is gone: the next pass finds it, if it is known not to be ready.
    fn plan_removal<A: Agenda<CloudEvent>>(&self, node: NodeId, cluster: &Cluster, agenda: &mut A) {
        if cluster.node(node).ready != NodeReady::True {
            let pass = agenda.now().next_tick(self.pass_phase, self.settings.node_monitor_period);
            agenda.schedule(pass, CloudEvent::RemovesNode(node));
        }
    }

    fn gives_notice<A: Agenda<CloudEvent>>(&self, id: InstanceId, cluster: &mut Cluster, agenda: &mut A) {
        let instance = cluster.instance(id);
        if instance.is_wanted() && instance.has_machine() && instance.interrupted.is_none() {
            let at = agenda.now() + self.settings.spot_notice;
            cluster.interrupt_instance(id, at);
            agenda.schedule(at, CloudEvent::TakesBack(id));
        }
    }

    fn takes_back<A: Agenda<CloudEvent>>(&mut self, id: InstanceId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let instance = cluster.instance(id);
        let replaced = instance.is_wanted().then_some(instance.request.group).flatten();
        let name = instance.choice().node.meta.name.clone();
        cluster.delete_instance(id, InstanceOrigin::Cloud, &Name::from("interrupted by the provider"), now);
        self.plans(id).is_ending = true;
        self.is_gone(id, cluster, agenda);
        if let Some(group) = replaced {
            let reason = Name::from(format!("replaces {name}, which the provider took back"));
            cluster.add_instance_to_group(group, InstanceOrigin::Cloud, &reason, now);
        }
    }
}

/// The pool of an instance; empty if it has none.
fn pool_of<'a>(instance: &Instance, cluster: &'a Cluster) -> &'a str {
    instance.request.group.map_or("", |group| cluster.node_group(group).name.as_str())
}

/// The kubelet of an instance says for the first time that its node is ready.
fn is_ready(id: InstanceId, cluster: &mut Cluster, now: SimTime) {
    let instance = cluster.instance(id);
    let node = instance.node.filter(|node| cluster.node(*node).exists());
    if let (InstanceState::Registered, Some(node)) = (instance.state, node) {
        cluster.set_kubelet_ready(node, true, now);
        cluster.set_instance_ready(id, now);
    }
}

/// A group gives up an instance that failed, and asks for another.
fn replace(id: InstanceId, cluster: &mut Cluster, now: SimTime) {
    let instance = cluster.instance(id);
    let (request, failure) = (instance.request.clone(), instance.failure.clone());
    if let (InstanceState::Failed, Some(group), Some((_, failure))) = (instance.state, request.group, failure) {
        let reason = Name::from(format!("could not be launched: {}", failure.code()));
        cluster.delete_instance(id, InstanceOrigin::Cloud, &reason, now);
        cluster.add_instance_to_group(group, request.origin, &request.reason, now);
    }
}

/// The cloud's node lifecycle controller removes the node of an instance that does not exist.
fn remove_node(node: NodeId, cluster: &mut Cluster, now: SimTime) {
    let state = cluster.node(node);
    if !state.exists() || state.ready == NodeReady::True {
        return;
    }
    let name = state.object.meta.name.clone();
    cluster.emit(ApiEvent {
        severity: Severity::Normal,
        reason: "DeletingNode",
        source: SOURCE,
        message: format!("Deleting node {name} because it does not exist in the cloud provider").into(),
        object: EventObject::Other { kind: "Node", namespace: Name::default(), name },
    });
    cluster.remove_node(node, now);
}
