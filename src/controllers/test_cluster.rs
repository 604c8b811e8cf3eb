//! A small cluster in which tests observe the running controllers, in the pace of the control plane that was recorded:
//! Kubernetes 1.36.2, pods that run 2 s after they are bound, are ready 3 s later, and end 1 s after their deletion was
//! requested.

use crate::api::{
    self, Container, DaemonSetUpdateStrategy, IntOrPercent, Labels, Name, ObjectMeta, PodManagementPolicy, PodPhase,
    PodSpec, PodTemplate, StatefulSetUpdateStrategy, Taint,
};
use crate::cluster::{ApiEvent, Change, Cluster, DaemonSetId, NodeId, PodId, StatefulSetId, TemplateId};
use crate::controllers::common::event::ControllerEvent;
use crate::controllers::common::settings::ControllerSettings;
use crate::controllers::eviction::controller::Drain;
use crate::controllers::job::rules::JobRules;
use crate::controllers::manager::Controllers;
use crate::controllers::stateful_set::rules::StatefulSetRules;
use crate::engine::{EventQueue, LatencyDistribution, Priority, RandomStreams};
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
pub struct TestCluster {
    pub cluster: Cluster,
    pub controllers: Controllers,
    queue: EventQueue<Event>,
    events: Vec<ApiEvent>,
    /// Events handled.
    handled: usize,
    /// Times in milliseconds by milestone: created, ready, deleting, gone.
    pub milestones: [Vec<i64>; 4],
}

const SYNC: LatencyDistribution = LatencyDistribution::fixed(SimDuration::from_millis(8));

impl TestCluster {
    pub fn new(nodes: usize) -> Self {
        let settings = ControllerSettings {
            calendar_start: jiff::Timestamp::UNIX_EPOCH,
            job: JobRules::of(api::KubernetesVersion::default()),
            stateful_set: StatefulSetRules::of(api::KubernetesVersion::default(), None),
            streams: RandomStreams::new(1),
            started: SimTime::ZERO,
            force_detach_on_timeout: true,
            controller_sync: SYNC,
            deployment_sync: SYNC,
            next_write: LatencyDistribution::new(SimDuration::ZERO, SimDuration::ZERO),
            resource_quota_sync: SYNC,
            endpoint_slices: true,
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

    pub fn now(&self) -> SimTime {
        self.queue.now()
    }

    pub fn add_node(&mut self) -> NodeId {
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
    pub fn react(&mut self) {
        let now = self.queue.now();
        loop {
            let mut changes = Vec::new();
            self.cluster.take_changes(&mut changes);
            if changes.is_empty() {
                self.controllers.settle(&mut self.cluster);
                self.cluster.take_changes(&mut changes);
                if changes.is_empty() {
                    break;
                }
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

    pub fn run_until(&mut self, millis: i64) {
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

    pub fn bind(&mut self, pod: PodId) {
        let spec = &self.cluster.template_of(pod).template.spec;
        let fits = |node: &api::Node| {
            let tolerated = |taint: &Taint| spec.tolerations.iter().any(|toleration| toleration.tolerates(taint));
            spec.fits_node(node) && node.taints.iter().all(tolerated)
        };
        let nodes = self.cluster.nodes().filter(|(_, node)| node.exists() && fits(&node.object));
        let node = nodes.min_by_key(|(_, node)| node.pods.len()).map(|(id, _)| id);
        if let Some(node) = node {
            self.cluster.bind(pod, node, self.queue.now());
        }
    }

    pub fn template(&mut self, image: &str, spec: PodSpec) -> (Arc<PodTemplate>, TemplateId) {
        let container = Container { name: "c".into(), image: image.into(), ..Container::default() };
        let labels: Labels = [("app", "x")].into_iter().collect();
        let template =
            PodTemplate { labels, spec: PodSpec { containers: vec![container], ..spec }, ..PodTemplate::default() };
        let template = Arc::new(template);
        let id = self.cluster.intern_template(&template);
        (template, id)
    }

    pub fn stateful_set(&mut self, replicas: i32, policy: PodManagementPolicy) -> StatefulSetId {
        let (template, id) = self.template("app:v1", PodSpec::default());
        let object = api::StatefulSet {
            claim_retention: crate::api::ClaimRetention::default(),
            volume_claim_templates: Vec::new(),
            meta: meta("db"),
            replicas,
            selector: api::LabelSelector::default(),
            template,
            pod_management_policy: policy,
            update_strategy: StatefulSetUpdateStrategy::RollingUpdate { partition: 0, max_unavailable: None },
            min_ready: SimDuration::ZERO,
            first_ordinal: 0,
        };
        let id = self.cluster.apply_stateful_set(object.with_template(id), SimTime::ZERO);
        self.react();
        id
    }

    pub fn daemon_set(&mut self, spec: PodSpec) -> DaemonSetId {
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
        let id = self.cluster.apply_daemon_set(object.with_template(id), SimTime::ZERO);
        self.react();
        id
    }

    pub fn drain(&mut self, drain: Drain) {
        self.controllers.drain(drain, &mut self.cluster, &mut self.queue).unwrap();
        self.react();
    }

    pub fn update_stateful_set(&mut self, id: StatefulSetId, update: impl FnOnce(&mut crate::cluster::StatefulSet)) {
        self.cluster.update_stateful_set(id, update);
        self.react();
    }

    /// Names of the pods that exist, sorted, with their nodes.
    pub fn pods(&self) -> Vec<(String, String)> {
        let node = |node: NodeId| self.cluster.node(node).object.meta.name.to_string();
        let pods = self.cluster.pods().filter(|(_, pod)| pod.exists());
        let mut pods: Vec<_> =
            pods.map(|(_, pod)| (pod.name.to_string(), pod.node.map_or(String::new(), node))).collect();
        pods.sort();
        pods
    }

    pub fn messages(&self, reason: &str) -> Vec<&str> {
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
    pub fn check(&self, recorded: [&[i64]; 4]) {
        for ((times, recorded), what) in
            self.milestones.iter().zip(recorded).zip(["created", "ready", "deleting", "gone"])
        {
            let mut times = times.clone();
            times.sort_unstable();
            assert_eq!(times.len(), recorded.len(), "{what}: {times:?}");
            for (time, at) in times.iter().zip(recorded) {
                assert!((time - at).abs() <= 300, "{what} at {time} ms, recorded {at} ms: {times:?}");
            }
        }
    }

    /// Checks that an hour in which nothing happens costs nothing.
    pub fn check_quiet(&mut self) {
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
