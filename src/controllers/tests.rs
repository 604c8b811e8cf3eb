//! The running StatefulSet and DaemonSet controllers in a small cluster, against what a real control plane did: Kubernetes
//! 1.36.2, pods that run 2 s after they are bound, are ready 3 s later, and end 1 s after their deletion was requested.

use super::manager::{ControllerSettings, Controllers};
use crate::api::{
    self, Container, DaemonSetUpdateStrategy, IntOrPercent, Labels, Name, ObjectMeta, PodManagementPolicy, PodPhase,
    PodSpec, PodTemplate, StatefulSetUpdateStrategy, Taint, TaintEffect,
};
use crate::cluster::{ApiEvent, Change, Cluster, DaemonSetId, Disruption, NodeId, PodId, StatefulSetId, TemplateId};
use crate::controllers::common::event::ControllerEvent;
use crate::engine::{EventQueue, Priority};
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

#[derive(Clone, Copy, Debug)]
enum Event {
    Controller(ControllerEvent),
    Bind(PodId),
    Run(PodId),
    Ready(PodId),
    Gone(PodId),
}

impl From<ControllerEvent> for Event {
    fn from(event: ControllerEvent) -> Self {
        Self::Controller(event)
    }
}

/// A cluster with its controllers, a scheduler that takes the emptiest node that fits, and kubelets.
struct World {
    cluster: Cluster,
    controllers: Controllers,
    queue: EventQueue<Event>,
    events: Vec<ApiEvent>,
    /// Events handled.
    handled: usize,
    /// Times in milliseconds by milestone: created, ready, deleting, gone.
    milestones: [Vec<i64>; 4],
}

const SYNC: SimDuration = SimDuration::from_millis(8);

impl World {
    fn new(nodes: usize) -> Self {
        let settings = ControllerSettings {
            volume_provisioning: SimDuration::from_secs(5),
            controller_sync: SYNC,
            deployment_sync: SYNC,
            endpoint_ready: SYNC,
            endpoint_removal: SYNC,
            client_interval: SimDuration::from_millis(50),
            client_burst: 30,
            node_monitor_period: SimDuration::from_secs(5),
            node_monitor_grace_period: SimDuration::from_secs(50),
            lease_renewal_period: SimDuration::from_secs(10),
            eviction: crate::controllers::node_lifecycle::zones::EvictionConfig::default(),
            pod_gc_period: SimDuration::from_secs(20),
            terminated_pod_gc_threshold: 12_500,
        };
        let mut world = Self {
            cluster: Cluster::default(),
            controllers: Controllers::new(settings),
            queue: EventQueue::default(),
            events: Vec::new(),
            handled: 0,
            milestones: Default::default(),
        };
        for _ in 0..nodes {
            world.add_node();
        }
        world
    }

    fn add_node(&mut self) -> NodeId {
        let name = Name::from(format!("node-{}", self.cluster.nodes().len()));
        let labels: Labels = [("disk", if name.ends_with('1') { "hdd" } else { "ssd" })].into_iter().collect();
        let meta = ObjectMeta { name, labels, ..ObjectMeta::default() };
        let allocatable = api::ResourceList { pods: Some(110), ..api::ResourceList::default() };
        let object = Arc::new(api::Node { meta, allocatable, ..api::Node::default() });
        let id = self.cluster.add_node(object, None, self.queue.now());
        self.react();
        id
    }

    /// Everyone reacts to what has changed.
    fn react(&mut self) {
        let now = self.queue.now();
        loop {
            let mut changes = Vec::new();
            self.cluster.take_changes(&mut changes);
            if changes.is_empty() {
                break;
            }
            for change in changes {
                let millis = now.as_nanos() / 1_000_000;
                let later = |millis| now + SimDuration::from_millis(millis);
                let mut plan = |after, event| self.queue.schedule_with(later(after), Priority::default(), event);
                match change {
                    Change::PodAdded(pod) => {
                        self.milestones[0].push(millis);
                        plan(8, Event::Bind(pod));
                    }
                    Change::PodBound(pod) => {
                        plan(2008, Event::Run(pod));
                        plan(5016, Event::Ready(pod));
                    }
                    Change::PodReadiness(pod) if self.cluster.pod(pod).ready => self.milestones[1].push(millis),
                    Change::PodTerminating(pod) => {
                        self.milestones[2].push(millis);
                        plan(1005, Event::Gone(pod));
                    }
                    Change::PodRemoved(_) => self.milestones[3].push(millis),
                    _ => {}
                }
                self.controllers.observe(change, &mut self.cluster, &mut self.queue);
            }
        }
        self.cluster.take_events(&mut self.events);
        assert_eq!(self.cluster.violated_invariants(), Vec::<String>::new());
    }

    fn run_until(&mut self, millis: i64) {
        let end = SimTime::from_millis(millis);
        while self.queue.next_time().is_some_and(|at| at <= end) {
            let Some((now, event)) = self.queue.pop() else { break };
            self.handled += 1;
            match event {
                Event::Controller(event) => self.controllers.handle(event, &mut self.cluster, &mut self.queue),
                Event::Bind(pod) => self.bind(pod),
                Event::Run(pod) => self.cluster.set_pod_running(pod, now),
                Event::Ready(pod) if self.cluster.pod(pod).deletion.is_none() => {
                    self.cluster.set_pod_ready(pod, true, now);
                }
                Event::Ready(_) => {}
                Event::Gone(pod) => {
                    self.cluster.end_pod(pod, PodPhase::Succeeded, "", now);
                    self.cluster.remove_pod(pod, now);
                }
            }
            self.react();
        }
        self.queue.advance_to(end);
    }

    fn bind(&mut self, pod: PodId) {
        let spec = &self.cluster.template_of(pod).template.spec;
        let fits = |node: &api::Node| {
            let tolerated = |taint: &Taint| spec.tolerations.iter().any(|own| own.tolerates(taint));
            spec.fits_node(node) && node.taints.iter().all(tolerated)
        };
        let nodes = self.cluster.nodes().filter(|(_, node)| node.exists() && fits(&node.object));
        let node = nodes.min_by_key(|(_, node)| node.pods.len()).map(|(id, _)| id);
        if let Some(node) = node {
            self.cluster.bind(pod, node, self.queue.now());
        }
    }

    fn template(&mut self, image: &str, spec: PodSpec) -> (Arc<PodTemplate>, TemplateId) {
        let container = Container { name: "c".into(), image: image.into(), ..Container::default() };
        let labels: Labels = [("app", "x")].into_iter().collect();
        let template =
            PodTemplate { labels, spec: PodSpec { containers: vec![container], ..spec }, ..PodTemplate::default() };
        let template = Arc::new(template);
        let id = self.cluster.intern_template(&template);
        (template, id)
    }

    fn stateful_set(&mut self, replicas: i32, policy: PodManagementPolicy) -> StatefulSetId {
        let (template, id) = self.template("app:v1", PodSpec::default());
        let object = api::StatefulSet {
            volume_claim_templates: Vec::new(),
            meta: meta("db"),
            replicas,
            selector: api::LabelSelector::default(),
            template,
            pod_management_policy: policy,
            update_strategy: StatefulSetUpdateStrategy::RollingUpdate { partition: 0 },
            min_ready: SimDuration::ZERO,
            first_ordinal: 0,
        };
        let id = self.cluster.apply_stateful_set(object, id);
        self.react();
        id
    }

    fn daemon_set(&mut self, spec: PodSpec) -> DaemonSetId {
        let (template, id) = self.template("app:v1", spec);
        let object = api::DaemonSet {
            meta: meta("agent"),
            selector: api::LabelSelector::default(),
            template,
            update_strategy: DaemonSetUpdateStrategy::RollingUpdate {
                max_unavailable: IntOrPercent::Int(1),
                max_surge: IntOrPercent::Int(0),
            },
            min_ready: SimDuration::ZERO,
        };
        let id = self.cluster.apply_daemon_set(object, id);
        self.react();
        id
    }

    fn update_stateful_set(&mut self, id: StatefulSetId, update: impl FnOnce(&mut crate::cluster::StatefulSet)) {
        self.cluster.update_stateful_set(id, update);
        self.react();
    }

    /// Names of the pods that exist, sorted, with their nodes.
    fn pods(&self) -> Vec<(String, String)> {
        let node = |node: NodeId| self.cluster.node(node).object.meta.name.to_string();
        let pods = self.cluster.pods().filter(|(_, pod)| pod.exists());
        let mut pods: Vec<_> =
            pods.map(|(_, pod)| (pod.name.to_string(), pod.node.map_or(String::new(), node))).collect();
        pods.sort();
        pods
    }

    fn messages(&self, reason: &str) -> Vec<&str> {
        self.events
            .iter()
            .filter(|event| event.reason == reason)
            .map(|event| match &event.message {
                crate::cluster::EventMessage::Text(text) => &**text,
                crate::cluster::EventMessage::Assigned(_) => "",
            })
            .collect()
    }

    /// The k-th times of each milestone against those of the recording.
    fn check(&self, recorded: [&[i64]; 4]) {
        for ((own, recorded), what) in
            self.milestones.iter().zip(recorded).zip(["created", "ready", "deleting", "gone"])
        {
            let mut own = own.clone();
            own.sort_unstable();
            assert_eq!(own.len(), recorded.len(), "{what}: {own:?}");
            for (own_at, at) in own.iter().zip(recorded) {
                assert!((own_at - at).abs() <= 300, "{what} at {own_at} ms, recorded {at} ms: {own:?}");
            }
        }
    }

    /// Checks that an hour in which nothing happens costs nothing.
    fn check_quiet(&mut self) {
        let now = self.queue.now().as_nanos() / 1_000_000;
        self.run_until(now + 60_000);
        let before = self.handled;
        self.run_until(now + 3_660_000);
        assert_eq!(self.handled, before, "events without a cause");
    }
}

fn meta(name: &str) -> ObjectMeta {
    ObjectMeta { name: name.into(), namespace: "default".into(), ..ObjectMeta::default() }
}

#[test]
fn an_ordered_stateful_set_does_what_the_recorded_one_did() {
    let mut world = World::new(4);
    let id = world.stateful_set(4, PodManagementPolicy::OrderedReady);
    world.run_until(23_479);
    let (_, template) = world.template("app:v2", PodSpec::default());
    world.update_stateful_set(id, |own| own.template = template);
    world.run_until(50_795);
    assert_eq!(world.cluster.stateful_set(id).current_template, template, "the update is complete");
    world.update_stateful_set(id, |own| own.object.replicas = 2);
    world.run_until(57_228);
    world.update_stateful_set(id, |own| own.object.replicas = 3);
    world.run_until(65_488);
    world.check([
        &[97, 5146, 10_177, 15_219, 24_524, 30_583, 36_634, 42_694, 57_238],
        &[5133, 10_166, 15_209, 20_263, 29_545, 35_605, 41_671, 47_723, 62_256],
        &[23_497, 29_553, 35_613, 41_677, 50_811, 51_824],
        &[24_518, 30_575, 36_629, 42_691, 51_822, 52_836],
    ]);
    let names: Vec<_> = world.pods().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["db-0", "db-1", "db-2"]);
    let created = world.messages("SuccessfulCreate");
    assert_eq!((created.len(), created[0]), (9, "Create Pod db-0 in StatefulSet db successful"));
    let deleted = world.messages("SuccessfulDelete");
    assert_eq!((deleted.len(), deleted[0]), (6, "Delete Pod db-3 in StatefulSet db successful"));
    world.check_quiet();
}

#[test]
fn a_daemon_set_does_what_the_recorded_one_did() {
    let mut world = World::new(5);
    let id = world.daemon_set(PodSpec::default());
    world.run_until(9_016);
    let workload = world.cluster.daemon_set(id).workload;
    assert_eq!(world.cluster.workload(workload).desired, 5);
    let (_, template) = world.template("app:v2", PodSpec::default());
    world.cluster.update_daemon_set(id, |own| own.template = template);
    world.react();
    world.run_until(49_203);
    world.add_node();
    world.run_until(59_050);
    world.cluster.update_node(NodeId::from_index(0), |node| node.unschedulable = true);
    world.react();
    world.run_until(64_058);
    world.check([
        &[29, 49, 49, 58, 58, 10_046, 16_110, 22_164, 28_213, 34_252, 49_217],
        &[5051, 5078, 5088, 5090, 5090, 15_069, 21_147, 27_189, 33_234, 39_272, 54_246],
        &[9033, 15_072, 21_151, 27_199, 33_238],
        &[10_044, 16_128, 22_175, 28_218, 34_251],
    ]);
    let nodes: std::collections::BTreeSet<_> = world.pods().into_iter().map(|(_, node)| node).collect();
    assert_eq!(nodes.len(), 6, "one pod a node, the cordoned one included");
    assert_eq!(world.cluster.workload(workload).desired, 6);
    assert!(world.messages("SuccessfulCreate")[0].starts_with("Created pod: agent-"));
    assert!(world.messages("SuccessfulDelete")[0].starts_with("Deleted pod: agent-"));
    world.check_quiet();
}

#[test]
fn parallel_pods_come_at_once_within_the_clients_rate() {
    let mut world = World::new(4);
    let id = world.stateful_set(50, PodManagementPolicy::Parallel);
    world.run_until(30_000);
    let created = &world.milestones[0];
    assert_eq!(created.len(), 50);
    // 30 at once in slow-start batches, then 20 a second.
    assert!((900..1_200).contains(&created[49]), "{created:?}");
    world.update_stateful_set(id, |own| own.object.replicas = 10);
    world.run_until(60_000);
    assert_eq!(world.milestones[2].len(), 40);
    assert_eq!(world.pods().len(), 10);
    world.check_quiet();
}

#[test]
fn an_ended_pod_is_replaced_under_its_name() {
    let mut world = World::new(1);
    world.stateful_set(1, PodManagementPolicy::OrderedReady);
    world.run_until(10_000);
    world.cluster.end_pod(PodId::from_index(0), PodPhase::Failed, "Error", world.queue.now());
    world.react();
    world.run_until(20_000);
    assert_eq!(world.pods().len(), 1);
    assert_eq!(world.cluster.pods().len(), 2);
    assert_eq!(world.messages("RecreatingFailedPod"), ["StatefulSet default/db is recreating failed Pod db-0"]);
}

#[test]
fn a_failed_daemon_pod_is_replaced_with_growing_delays() {
    let mut world = World::new(1);
    world.daemon_set(PodSpec::default());
    let mut failed = Vec::new();
    for _ in 0..3 {
        let now = world.queue.now().as_nanos() / 1_000_000;
        world.run_until(now + 100);
        let pod = PodId::from_index(world.cluster.pods().len() - 1);
        world.cluster.end_pod(pod, PodPhase::Failed, "Error", world.queue.now());
        world.react();
        let failed_at = world.queue.now();
        while world.cluster.pod(pod).exists() {
            let now = world.queue.now().as_nanos() / 1_000_000;
            world.run_until(now + 10);
        }
        failed.push((world.queue.now() - failed_at).as_nanos() / 1_000_000);
    }
    // The first goes at once; the next ones wait until 1 s, then 2 s after the deletion before.
    assert!(
        failed[0] <= 20 && (800..=1_020).contains(&failed[1]) && (1_800..=2_020).contains(&failed[2]),
        "{failed:?}"
    );
    assert_eq!(world.messages("FailedDaemonPod").len(), 3);
}

#[test]
fn nodes_that_do_not_fit_get_no_daemon() {
    let mut world = World::new(3);
    let node_selector: Labels = [("disk", "ssd")].into_iter().collect();
    let id = world.daemon_set(PodSpec { node_selector, ..PodSpec::default() });
    world.run_until(10_000);
    let nodes = |world: &World| world.pods().into_iter().map(|(_, node)| node).collect::<Vec<_>>().join(" ");
    let mut found: Vec<_> = world.pods().into_iter().map(|(_, node)| node).collect();
    found.sort();
    assert_eq!(found, ["node-0", "node-2"]);
    let taint = |effect| Taint { key: "gpu".into(), value: "".into(), effect, time_added: None };
    world.cluster.update_node(NodeId::from_index(0), |node| node.taints.push(taint(TaintEffect::NoSchedule)));
    world.react();
    world.run_until(20_000);
    assert_eq!(world.pods().len(), 2, "a NoSchedule taint leaves the pod where it is");
    let workload = world.cluster.daemon_set(id).workload;
    assert_eq!(world.cluster.workload(workload).desired, 1);
    world.cluster.update_node(NodeId::from_index(2), |node| node.taints.push(taint(TaintEffect::NoExecute)));
    world.react();
    world.run_until(30_000);
    assert_eq!(nodes(&world), "node-0");
    world.check_quiet();
}

#[test]
fn pods_of_a_deleted_owner_are_collected() {
    let mut world = World::new(2);
    let set = world.stateful_set(2, PodManagementPolicy::Parallel);
    let daemon = world.daemon_set(PodSpec::default());
    world.run_until(10_000);
    assert_eq!(world.pods().len(), 4);
    world.cluster.remove_stateful_set(set);
    world.cluster.remove_daemon_set(daemon);
    world.react();
    world.run_until(20_000);
    assert!(world.pods().is_empty(), "{:?}", world.pods());
    assert!(world.cluster.workloads().all(|(_, workload)| workload.desired == 0 && workload.active == 0));
    world.check_quiet();
}

#[test]
fn a_daemon_pod_whose_node_is_gone_before_it_was_bound_is_deleted() {
    let mut world = World::new(2);
    let id = world.daemon_set(PodSpec::default());
    // The pods are created at 8 and 16 ms; the scheduler does not get to the second one.
    world.run_until(17);
    world.cluster.remove_node(NodeId::from_index(1), world.queue.now());
    world.react();
    world.run_until(10_000);
    assert_eq!(world.pods().into_iter().map(|(_, node)| node).collect::<Vec<_>>(), ["node-0"]);
    let workload = world.cluster.daemon_set(id).workload;
    assert_eq!(world.cluster.workload(workload).desired, 1);
}

#[test]
fn a_deletion_that_was_overtaken_does_not_stall_the_set() {
    let mut world = World::new(1);
    let id = world.stateful_set(40, PodManagementPolicy::Parallel);
    world.run_until(30_000);
    world.update_stateful_set(id, |own| own.object.replicas = 0);
    world.run_until(30_100);
    let waiting: Vec<PodId> =
        world.cluster.stateful_set(id).pods.iter().copied().filter(|pod| world.cluster.pod(*pod).is_active()).collect();
    assert!(!waiting.is_empty(), "the client's rate holds some back");
    for pod in waiting {
        world.cluster.delete_pod(pod, SimDuration::ZERO, Disruption::Eviction, world.queue.now());
    }
    world.react();
    world.update_stateful_set(id, |own| own.object.replicas = 1);
    world.run_until(60_000);
    assert_eq!(world.pods().len(), 1);
}
