//! How fast decisions are: the framework and the index, on an empty cluster of 32-core nodes in three zones that fills up,
//! every node scored. Each benchmark first asserts that both place every pod on the same node.

use divan::counter::ItemsCount;
use std::sync::Arc;
use wavetank::api::scheduler_config::KubeSchedulerProfile;
use wavetank::api::{
    Affinity, Container, LabelSelector, Labels, Name, Node, NodeInclusionPolicy, ObjectMeta, Pod, PodAffinityTerm,
    PodSpec, PodTemplate, ResourceList, TopologySpreadConstraint, UnsatisfiableConstraintAction, well_known,
};
use wavetank::scheduler::{
    Context, Decision, Index, KubernetesVersion, NodeId, PodId, PodInfo, PodOrigin, PodTraits, Profile, Scratch,
    SearchState, TieBreak, View, schedule,
};
use wavetank::units::{Bytes, MilliCpu};

const GIB: i64 = 1024 * 1024 * 1024;
const APPS: usize = 10;

/// What the pods ask for besides resources.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Nothing.
    Plain,
    /// Zone spread, DoNotSchedule.
    ZoneSpread,
    /// Required anti-affinity on the host name to pods of the same app.
    AntiAffinity,
}

/// A cluster and the pods that come to it, one after the other.
struct Bench {
    view: View,
    profile: Profile,
    pods: Vec<Arc<PodInfo>>,
}

impl Bench {
    fn new(nodes: usize, pods: usize, kind: Kind) -> Self {
        let mut view = View::default();
        for index in 0..nodes {
            let name = format!("node-{index}");
            let labels: Labels =
                [(well_known::HOSTNAME, name.as_str()), (well_known::ZONE, ["a", "b", "c"][index % 3])]
                    .into_iter()
                    .collect();
            let allocatable = ResourceList {
                cpu: Some(MilliCpu::new(32_000)),
                memory: Some(Bytes::new(128 * GIB)),
                pods: Some(110),
                ..ResourceList::default()
            };
            let meta = ObjectMeta { name: Name::from(name.as_str()), labels, ..ObjectMeta::default() };
            view.add_node(NodeId::from_index(index), Arc::new(Node { meta, allocatable, ..Node::default() }));
        }
        // With anti-affinity each app has at most one pod on a node.
        let apps = if matches!(kind, Kind::AntiAffinity) { (pods * 10 / nodes / 8).max(APPS) } else { APPS };
        let namespace = Name::from("default");
        let origins: Vec<Arc<PodOrigin>> = (0..apps)
            .map(|app| {
                let template = template(app, kind);
                let traits = Arc::new(PodTraits::of(&template.spec));
                let (namespace, labels) = (namespace.clone(), template.labels.clone());
                Arc::new(PodOrigin { namespace, labels, template: Arc::new(template), traits, owner: None })
            })
            .collect();
        let pods = (0..pods).map(|index| {
            let origin = Arc::clone(&origins[index % origins.len()]);
            let id = PodId::from_index(index);
            Arc::new(PodInfo::with_origin(id, &Pod::default(), origin, KubernetesVersion::default()))
        });
        let config =
            KubeSchedulerProfile { percentage_of_nodes_to_score: Some(100), ..KubeSchedulerProfile::default() };
        let profile = Profile::new(&config, KubernetesVersion::default(), 0).expect("default plugins");
        Self { view, profile, pods: pods.collect() }
    }

    /// Places every pod by the framework; gives the nodes.
    fn by_framework(mut self) -> Vec<Option<NodeId>> {
        let (mut search, mut scratch) = (SearchState::default(), Scratch::default());
        let mut nodes = Vec::with_capacity(self.pods.len());
        for pod in std::mem::take(&mut self.pods) {
            self.view.refresh();
            let context = Context::new(&self.view, &self.profile);
            let decision = schedule(&context, &pod, &mut search, TieBreak::First, &mut scratch);
            nodes.push(self.carry_out(pod, &decision));
        }
        nodes
    }

    /// Places every pod by the index; gives the nodes.
    fn by_index(mut self) -> Vec<Option<NodeId>> {
        let mut view = View::default();
        let mut index = Index::new(&mut view);
        self.view.refresh();
        for node in self.view.snapshot().nodes() {
            view.add_node(node.id(), Arc::clone(node.node_arc()));
        }
        self.view = view;
        let mut search = SearchState::default();
        let mut nodes = Vec::with_capacity(self.pods.len());
        for pod in std::mem::take(&mut self.pods) {
            self.view.refresh();
            index.sync(&mut self.view);
            let context = Context::new(&self.view, &self.profile);
            let decision = index.schedule(&context, &pod, 0, &mut search, TieBreak::First);
            let decision = decision.expect("the benchmark's pods can be indexed");
            nodes.push(self.carry_out(pod, &decision));
        }
        nodes
    }

    fn carry_out(&mut self, pod: Arc<PodInfo>, decision: &Decision) -> Option<NodeId> {
        let Decision::Placed(placement) = decision else { return None };
        self.view.add_pod(pod, placement.node);
        Some(placement.node)
    }
}

fn template(app: usize, kind: Kind) -> PodTemplate {
    let labels: Labels = std::iter::once((Name::from("app"), Name::from(format!("app-{app}")))).collect();
    let requests = ResourceList {
        cpu: Some(MilliCpu::new([250, 500, 1000, 2000][app % 4])),
        memory: Some(Bytes::new([GIB, 2 * GIB, 3 * GIB][app % 3])),
        ..ResourceList::default()
    };
    let mut spec = PodSpec { containers: vec![Container { requests, ..Container::default() }], ..PodSpec::default() };
    let own = Some(LabelSelector::from_match_labels(&labels));
    match kind {
        Kind::Plain => {}
        Kind::ZoneSpread => spec.topology_spread_constraints.push(TopologySpreadConstraint {
            max_skew: 1,
            topology_key: Name::from(well_known::ZONE),
            when_unsatisfiable: UnsatisfiableConstraintAction::DoNotSchedule,
            label_selector: own,
            min_domains: None,
            node_affinity_policy: NodeInclusionPolicy::Honor,
            node_taints_policy: NodeInclusionPolicy::Ignore,
            match_label_keys: Vec::new(),
        }),
        Kind::AntiAffinity => {
            let term = PodAffinityTerm {
                label_selector: own,
                topology_key: Name::from(well_known::HOSTNAME),
                ..PodAffinityTerm::default()
            };
            spec.affinity = Some(Box::new(Affinity { pod_anti_required: vec![term], ..Affinity::default() }));
        }
    }
    PodTemplate { labels, spec, ..PodTemplate::default() }
}

/// Places `pods` pods on `nodes` nodes over and over, by the framework or by the index.
fn place(bencher: divan::Bencher<'_, '_>, nodes: usize, pods: usize, kind: Kind, by_index: bool) {
    let small = || Bench::new(nodes.min(200), pods.min(600), kind);
    assert_eq!(small().by_framework(), small().by_index(), "{kind:?}");
    bencher
        .counter(ItemsCount::new(pods))
        .with_inputs(|| Bench::new(nodes, pods, kind))
        .bench_values(|bench| if by_index { bench.by_index() } else { bench.by_framework() });
}

const KINDS: [Kind; 3] = [Kind::Plain, Kind::ZoneSpread, Kind::AntiAffinity];

#[divan::bench(args = KINDS, sample_count = 3, sample_size = 1)]
fn framework_1000_nodes(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    place(bencher, 1000, 4000, kind, false);
}

#[divan::bench(args = KINDS, sample_count = 5, sample_size = 1)]
fn index_1000_nodes(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    place(bencher, 1000, 4000, kind, true);
}

#[divan::bench(args = KINDS, sample_count = 5, sample_size = 1)]
fn index_10000_nodes(bencher: divan::Bencher<'_, '_>, kind: Kind) {
    place(bencher, 10_000, 40_000, kind, true);
}

fn main() {
    divan::main();
}
