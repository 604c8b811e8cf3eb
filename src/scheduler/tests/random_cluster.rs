//! Random clusters with pods, nodes and configurations that come, go and change, for property tests.

use crate::api::scheduler_config::{DefaultSpreadConstraints, KubeSchedulerProfile, ResourceWeight, ScoringStrategy};
use crate::api::{
    Affinity, Container, ContainerImage, ContainerPort, KubernetesVersion, LabelSelector, Labels, Name, Node,
    NodeAffinity, NodeInclusionPolicy, NodeSelector, NodeSelectorOperator, NodeSelectorRequirement, NodeSelectorTerm,
    ObjectMeta, OwnerReference, Pod, PodAffinityTerm, PodSpec, PodTemplate, PreferredSchedulingTerm, ResourceList,
    Taint, TaintEffect, Toleration, TolerationOperator, TopologySpreadConstraint, UnsatisfiableConstraintAction,
    WeightedPodAffinityTerm, well_known,
};
use crate::cluster::{NodeId, PodId};
use crate::engine::{RandomStream, RandomStreams};
use crate::scheduler::config::Profile;
use crate::scheduler::framework::SearchState;
use crate::scheduler::framework::{Context, Decision, Scratch, TieBreak, schedule};
use crate::scheduler::index::Index;
use crate::scheduler::view::{ListerChange, PodInfo, PodOrigin, PodTraits, ResourceKey, View};
use crate::units::{Bytes, MilliCpu};
use rand::Rng;
use std::sync::Arc;

const GIB: i64 = 1024 * 1024 * 1024;

/// Draws what a case is made of.
pub struct Draw(RandomStream);

impl Draw {
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from((u128::from(self.0.next_u64()) * bound as u128) >> 64).unwrap_or(0)
    }

    /// A number drawn from all of `u64`.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    pub fn name(&mut self, prefix: &str, count: usize) -> Name {
        Name::from(format!("{prefix}{}", self.below(count)))
    }

    fn node(&mut self, index: usize) -> Arc<Node> {
        let mut labels = vec![(Name::from("pool"), self.name("p", 2))];
        if self.chance(97) {
            labels.push((well_known::HOSTNAME.into(), Name::from(format!("n{index}"))));
        }
        if self.chance(95) {
            labels.push((well_known::ZONE.into(), self.name("z", 3)));
        }
        if self.chance(50) {
            labels.push((Name::from("rack"), self.name("r", 6)));
        }
        let mut taints = Vec::new();
        for effect in [TaintEffect::PreferNoSchedule, TaintEffect::PreferNoSchedule, TaintEffect::NoSchedule] {
            if self.chance(8) {
                taints.push(Taint { key: self.name("t", 3), value: Name::from(""), effect, time_added: None });
            }
        }
        let images = if self.chance(20) {
            let size_bytes = 400 << 20;
            vec![ContainerImage { names: vec![Name::from(format!("i{}:latest", self.below(2)))], size_bytes }]
        } else {
            Vec::new()
        };
        let gpu = self.chance(20);
        let allocatable = ResourceList {
            cpu: Some(MilliCpu::new(*self.one_of(&[4000, 8000, 16_000]))),
            memory: Some(Bytes::new(*self.one_of(&[8, 16, 64]) * GIB)),
            pods: Some(*self.one_of(&[5, 20, 110])),
            scalar: if gpu { Arc::from([(Name::from("a.com/gpu"), 4)]) } else { Arc::from([]) },
            ..ResourceList::default()
        };
        Arc::new(Node {
            meta: ObjectMeta {
                name: Name::from(format!("n{index}")),
                labels: labels.into_iter().collect(),
                ..ObjectMeta::default()
            },
            taints,
            unschedulable: self.chance(3),
            allocatable,
            images,
            ..Node::default()
        })
    }

    fn selector(&mut self) -> Option<LabelSelector> {
        match self.below(12) {
            0 => None,
            1 => Some(LabelSelector::default()),
            _ => {
                let app: Labels = std::iter::once((Name::from("app"), self.name("a", 3))).collect();
                Some(LabelSelector::from_match_labels(&app))
            }
        }
    }

    fn topology_key(&mut self) -> Name {
        Name::from(*self.one_of(&[well_known::ZONE, well_known::HOSTNAME, "rack", "pool"]))
    }

    fn term(&mut self) -> PodAffinityTerm {
        PodAffinityTerm {
            label_selector: self.selector(),
            namespaces: if self.chance(10) { vec!["one".into(), "two".into()] } else { Vec::new() },
            namespace_selector: self.chance(10).then(LabelSelector::default),
            topology_key: self.topology_key(),
            ..PodAffinityTerm::default()
        }
    }

    fn node_term(&mut self) -> NodeSelectorTerm {
        let requirement = NodeSelectorRequirement {
            key: "pool".into(),
            operator: *self.one_of(&[NodeSelectorOperator::In, NodeSelectorOperator::NotIn]),
            values: vec![self.name("p", 2)],
        };
        NodeSelectorTerm { match_expressions: vec![requirement], ..NodeSelectorTerm::default() }
    }

    fn affinity(&mut self, plain: usize) -> Option<Box<Affinity>> {
        let mut affinity = Affinity::default();
        if self.chance(plain) {
            return None;
        }
        for _ in 0..2 {
            match self.below(10) {
                0 => affinity.pod_required.push(self.term()),
                1 | 2 => affinity.pod_anti_required.push(self.term()),
                3 | 4 => {
                    let term = WeightedPodAffinityTerm { weight: *self.one_of(&[1, 30, 100]), term: self.term() };
                    affinity.pod_preferred.push(term);
                }
                5 => {
                    let term = WeightedPodAffinityTerm { weight: *self.one_of(&[7, 50]), term: self.term() };
                    affinity.pod_anti_preferred.push(term);
                }
                6 => {
                    let required = Some(NodeSelector { terms: vec![self.node_term()] });
                    affinity.node = Some(NodeAffinity { required, preferred: Vec::new() });
                }
                _ => {
                    let term = PreferredSchedulingTerm { weight: *self.one_of(&[1, 10]), preference: self.node_term() };
                    affinity.node = Some(NodeAffinity { required: None, preferred: vec![term] });
                }
            }
        }
        Some(Box::new(affinity))
    }

    fn constraint(&mut self) -> TopologySpreadConstraint {
        use NodeInclusionPolicy::{Honor, Ignore};
        use UnsatisfiableConstraintAction::{DoNotSchedule, ScheduleAnyway};
        TopologySpreadConstraint {
            max_skew: *self.one_of(&[1, 2, 5]),
            topology_key: self.topology_key(),
            when_unsatisfiable: *self.one_of(&[DoNotSchedule, ScheduleAnyway]),
            label_selector: self.selector(),
            min_domains: None,
            node_affinity_policy: *self.one_of(&[Honor, Ignore]),
            node_taints_policy: *self.one_of(&[Honor, Ignore]),
            match_label_keys: Vec::new(),
        }
    }

    fn template(&mut self, plain: usize) -> PodTemplate {
        let scalar = if self.chance(10) { Arc::from([(Name::from("a.com/gpu"), 1)]) } else { Arc::from([]) };
        let requests = ResourceList {
            cpu: self.chance(90).then(|| MilliCpu::new(*self.one_of(&[0, 100, 500, 1000, 3000]))),
            memory: self.chance(90).then(|| Bytes::new(*self.one_of(&[0, 128 << 20, GIB, 3 * GIB]))),
            scalar,
            ..ResourceList::default()
        };
        let host_port = if self.chance(4) { *self.one_of(&[80, 443]) } else { 0 };
        let container = Container {
            image: self.name("i", 3),
            requests,
            ports: vec![ContainerPort { container_port: 80, host_port, ..ContainerPort::default() }],
            ..Container::default()
        };
        let mut spec = PodSpec {
            containers: vec![container],
            affinity: self.affinity(plain),
            priority: *self.one_of(&[0, 0, 0, 10]),
            ..PodSpec::default()
        };
        if self.chance(20) {
            spec.node_selector = std::iter::once((Name::from("pool"), self.name("p", 2))).collect();
        }
        if self.chance(30) {
            let operator = TolerationOperator::Exists;
            spec.tolerations.push(Toleration { key: self.name("t", 3), operator, ..Toleration::default() });
        }
        if !self.chance(plain) {
            for _ in 0..=self.below(2) {
                spec.topology_spread_constraints.push(self.constraint());
            }
        }
        let labels = std::iter::once((Name::from("app"), self.name("a", 3))).collect();
        PodTemplate { labels, spec, ..PodTemplate::default() }
    }

    fn profile(&mut self) -> Profile {
        use KubernetesVersion::{V1_34, V1_35, V1_36, V1_37};
        let version = *self.one_of(&[V1_36, V1_36, V1_34, V1_35, V1_37]);
        let percentage_of_nodes_to_score = *self.one_of(&[None, Some(0), Some(100), Some(30)]);
        let mut config = KubeSchedulerProfile { percentage_of_nodes_to_score, ..KubeSchedulerProfile::default() };
        config.args.fit.strategy = match self.below(5) {
            0 => ScoringStrategy::MostAllocated,
            1 => ScoringStrategy::RequestedToCapacityRatio { shape: vec![(0, 0), (70, 10), (100, 4)] },
            _ => ScoringStrategy::LeastAllocated,
        };
        if self.chance(15) {
            let resource = ResourceKey::Scalar("a.com/gpu".into());
            config.args.fit.resources.push(ResourceWeight { resource: resource.clone(), weight: 3 });
            config.args.balanced_resources.push(resource);
        }
        if self.chance(15) {
            let mut constraint = self.constraint();
            constraint.when_unsatisfiable = UnsatisfiableConstraintAction::ScheduleAnyway;
            config.args.default_spread_constraints = DefaultSpreadConstraints::List(vec![constraint]);
        }
        if self.chance(10) {
            config.args.inter_pod_affinity.ignore_preferred_terms_of_existing_pods = true;
        }
        Profile::new(&config, version, 0).unwrap()
    }
}

/// One cluster with everything that an index and the framework look at.
pub struct Case {
    pub draw: Draw,
    pub view: View,
    pub profile: Profile,
    pub index: Index,
    pub search: SearchState,
    pub scratch: Scratch,
    origins: Vec<Arc<PodOrigin>>,
    pub placed: Vec<(PodId, Arc<PodInfo>)>,
    next_pod: usize,
    /// Attempts that the index decided, and those that it left to the framework.
    pub indexed: u64,
    pub left_to_framework: u64,
}

impl Case {
    pub fn new(seed: u64) -> Self {
        let mut draw = Draw(RandomStreams::new(seed).stream("index"));
        let plain = *draw.one_of(&[100, 95, 70, 30]);
        let mut view = View::default();
        let index = Index::new(&mut view);
        for name in ["one", "two"] {
            view.apply(ListerChange::Namespace(name.into(), Some(Labels::default())));
        }
        if draw.chance(60) {
            let selector = std::iter::once((Name::from("app"), Name::from("a0"))).collect();
            view.apply(ListerChange::Service(("one".into(), "service".into()), Some(selector)));
        }
        let key = (Name::from("ReplicaSet"), Name::from("one"), Name::from("rs"));
        let labels: Labels = std::iter::once((Name::from("app"), Name::from("a1"))).collect();
        view.apply(ListerChange::Owner(key, Some(LabelSelector::from_match_labels(&labels))));
        let owner = OwnerReference { kind: "ReplicaSet".into(), name: "rs".into() };
        let origins = (0..6)
            .map(|_| {
                let template = draw.template(plain);
                let traits = Arc::new(PodTraits::of(&template.spec));
                let namespace = Name::from(*draw.one_of(&["one", "one", "two"]));
                let owner = draw.chance(30).then(|| owner.clone());
                let labels = template.labels.clone();
                Arc::new(PodOrigin { namespace, labels, template: Arc::new(template), traits, owner })
            })
            .collect();
        let profile = draw.profile();
        let mut case = Self {
            draw,
            view,
            profile,
            index,
            search: SearchState::default(),
            scratch: Scratch::default(),
            origins,
            placed: Vec::new(),
            next_pod: 0,
            indexed: 0,
            left_to_framework: 0,
        };
        let nodes = *case.draw.one_of(&[3, 12, 40, 130, 200]);
        for index in 0..nodes {
            let node = case.draw.node(index);
            case.view.add_node(NodeId::from_index(index), node);
        }
        case
    }

    pub fn pod(&mut self) -> Arc<PodInfo> {
        let origin = Arc::clone(&self.origins[self.draw.below(self.origins.len())]);
        let id = PodId::from_index(self.next_pod);
        self.next_pod += 1;
        let mut info = PodInfo::with_origin(id, &Pod::default(), origin, KubernetesVersion::default());
        info.name = Name::from(format!("pod-{}", id.index()));
        Arc::new(info)
    }

    /// One scheduling attempt by index and framework, which must decide alike; the decision is carried out.
    pub fn attempt(&mut self, seed: u64) {
        let mut pod = self.pod();
        if self.draw.chance(5) && !self.placed.is_empty() {
            let node = self.draw.name("n", 40);
            pod = Arc::new(PodInfo { nominated_node_name: Some(node), ..PodInfo::clone(&pod) });
        }
        self.view.refresh();
        self.index.sync(&mut self.view);
        let tie_break = TieBreak::Random(self.draw.number());
        let context = Context::new(&self.view, &self.profile);
        let mut search = self.search;
        let indexed = self.index.schedule(&context, &pod, 0, &mut search, tie_break);
        let expected = schedule(&context, &pod, &mut self.search, tie_break, &mut self.scratch);
        *(if indexed.is_some() { &mut self.indexed } else { &mut self.left_to_framework }) += 1;
        if let Some(indexed) = indexed {
            assert_eq!(search, self.search, "seed {seed}: next start, {pod:?}");
            match (&indexed, &expected) {
                (Decision::Placed(indexed), Decision::Placed(expected)) => {
                    assert_eq!(indexed, expected, "seed {seed}: {pod:?}");
                }
                (Decision::Unschedulable(indexed), Decision::Unschedulable(expected)) => {
                    let message = |diagnosis: &crate::scheduler::Diagnosis| {
                        diagnosis.message(self.view.snapshot(), &pod, self.profile.version)
                    };
                    assert_eq!(message(indexed), message(expected), "seed {seed}");
                    assert_eq!(indexed.plugins, expected.plugins, "seed {seed}");
                }
                (Decision::NoNodes, Decision::NoNodes) => {}
                _ => panic!("seed {seed}: {indexed:?} instead of {expected:?} for {pod:?}"),
            }
        }
        match expected {
            Decision::Placed(placement) => {
                self.view.add_pod(Arc::clone(&pod), placement.node);
                self.placed.push((pod.id, pod));
            }
            Decision::Unschedulable(_) if self.draw.chance(20) => {
                let node = NodeId::from_index(self.draw.below(10));
                self.view.nominate(pod, node);
            }
            _ => {}
        }
    }

    /// Something changes.
    pub fn change(&mut self) {
        match self.draw.below(30) {
            0 => {
                let node = self.draw.below(60);
                let object = self.draw.node(node);
                self.view.add_node(NodeId::from_index(node), object);
            }
            1..=3 => {
                let id = NodeId::from_index(self.draw.below(60));
                if let Some(info) = self.view.snapshot().node(id) {
                    let mut node = Node::clone(info.node());
                    match self.draw.below(4) {
                        0 => node.unschedulable = !node.unschedulable,
                        1 => {
                            let (key, effect) = (self.draw.name("t", 3), TaintEffect::NoSchedule);
                            node.taints.push(Taint { key, value: "".into(), effect, time_added: None });
                        }
                        2 => node.taints.clear(),
                        _ => node.meta.labels = node.meta.labels.with(well_known::ZONE, &self.draw.name("z", 4)),
                    }
                    self.view.update_node(id, Arc::new(node));
                }
            }
            4 => {
                let id = NodeId::from_index(self.draw.below(60));
                self.view.remove_node(id);
                // Its pods are collected at some time.
                for (pod, _) in &self.placed {
                    if self.view.snapshot().node_of_pod(*pod) == Some(id) {
                        self.view.remove_pod(*pod);
                    }
                }
            }
            5 | 6 if !self.placed.is_empty() => {
                let position = self.draw.below(self.placed.len());
                let terminating = PodInfo { terminating: true, ..PodInfo::clone(&self.placed[position].1) };
                self.view.update_pod(&Arc::new(terminating));
            }
            7 => {
                let pod = PodId::from_index(self.draw.below(self.next_pod + 1));
                self.view.end_nomination(pod);
            }
            8 if self.draw.chance(20) => {
                let selector = std::iter::once((Name::from("app"), self.draw.name("a", 3))).collect();
                let name = self.draw.name("s", 20);
                self.view.apply(ListerChange::Service(("one".into(), name), Some(selector)));
                self.index.selectors_changed();
            }
            9..=18 if !self.placed.is_empty() => {
                let position = self.draw.below(self.placed.len());
                let (pod, _) = self.placed.swap_remove(position);
                self.view.remove_pod(pod);
            }
            _ => {}
        }
    }
}
