//! A cluster that Karpenter cannot make smaller, to measure what looking for it costs: every node is full, so that each is
//! simulated away in vain.

use crate::api::karpenter::{
    ConsolidationPolicy, DisruptionSpec, NodeClaim, NodeClaimCondition, NodeClaimConditionType, NodeClaimTemplate,
    NodePool, keys,
};
use crate::api::{
    self, Affinity, CapacityType, ConditionStatus, Container, LabelSelector, Labels, Name, Node, ObjectMeta,
    PodAffinityTerm, PodPhase, PodSpec, PodTemplate, ResourceList, TopologySpreadConstraint,
    UnsatisfiableConstraintAction, WeightedPodAffinityTerm, well_known,
};
use crate::autoscaler::karpenter::disruption::budgets::Clock;
use crate::autoscaler::karpenter::disruption::method::Method;
use crate::autoscaler::karpenter::disruption::methods::{Situation, compute_command};
use crate::autoscaler::karpenter::instance_type::InstanceType;
use crate::autoscaler::karpenter::label::WellKnownLabels;
use crate::autoscaler::karpenter::options::{MapOrder, MinValuesPolicy, Options, PreferencePolicy, Version};
use crate::autoscaler::karpenter::pod::ClassTable;
use crate::autoscaler::karpenter::state::{ClusterState, PodKey, PodOwner, Pool, StatePod};
use crate::autoscaler::karpenter::state_node::{NodeObject, StateNode};
use crate::units::{Bytes, MilliCpu, NanoDollars, SimDuration, SimTime};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;

const ZONES: [&str; 3] = ["zone-a", "zone-b", "zone-c"];
const GIB: i64 = 1 << 30;
/// Cores of a node.
const CORES: i64 = 8;

/// A full cluster, as Karpenter sees it.
pub struct FullCluster {
    state: ClusterState,
    options: Options,
}

/// What looking for fewer or cheaper nodes came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassOutcome {
    /// Nodes that were simulated away alone.
    pub nodes_looked_at: usize,
    /// Whether anything could be done.
    pub found: bool,
}

impl FullCluster {
    /// A cluster of so many nodes with 8 cores, which share the pods. Every tenth app is spread over zones, and every tenth
    /// keeps its pods apart where it can.
    #[must_use]
    pub fn new(nodes: usize, pods: usize) -> Self {
        let options = Options {
            version: Version::V1_14,
            preference_policy: PreferencePolicy::Respect,
            min_values_policy: MinValuesPolicy::Strict,
            spot_to_spot_consolidation: false,
            reserved_capacity: true,
            well_known: WellKnownLabels::new([]),
            reservation_label: "karpenter.sh/reservation-id".into(),
            map_order: MapOrder::default(),
        };
        let mut state = ClusterState::new(ClassTable::new(options.preference_policy));
        let types = instance_types();
        let types: Vec<InstanceType> =
            types.iter().map(|of| InstanceType::from_api(of, &options.reservation_label)).collect();
        let pool = Pool { spec: Arc::new(pool()), instance_types: Arc::new(types), deleting: false };
        state.pools.insert("default".into(), pool);
        state.namespaces.insert("default".into(), Labels::default());
        let apps: Vec<Arc<PodTemplate>> = (0..300).map(|number| Arc::new(app(number, nodes, pods))).collect();
        for number in 0..nodes {
            let (key, node) = node(number);
            state.put_node(key, node);
        }
        for number in 0..pods {
            let template = &apps[number % apps.len()];
            let requests = api::pod_requests(&template.spec);
            let class = state.classes.intern(&"default".into(), &template.labels, template, &requests);
            let name = Name::from(format!("pod-{number:06}"));
            let pod = StatePod {
                namespace: "default".into(),
                uid: name.clone(),
                name,
                class,
                created: SimTime::ZERO,
                started: Some(SimTime::ZERO),
                phase: PodPhase::Running,
                terminating: false,
                owner: PodOwner::Other,
                node: Some(node_name(number % nodes.max(1))),
                not_ready: false,
                unschedulable: false,
                nominated: false,
                volumes: None,
            };
            state.put_pod(PodKey(number as u64), pod);
        }
        Self { state, options }
    }

    /// One pass: empty nodes, several nodes at once, each node alone.
    #[must_use]
    pub fn pass(&self) -> PassOutcome {
        let queued = BTreeSet::new();
        let situation = Situation {
            state: &self.state,
            options: &self.options,
            clock: Clock { start: Timestamp::UNIX_EPOCH },
            now: SimTime::ZERO + SimDuration::from_hours(1),
            queued: &queued,
        };
        let methods = [Method::Emptiness, Method::Drift, Method::MultiNode, Method::SingleNode];
        let mut outcome = PassOutcome { nodes_looked_at: 0, found: false };
        for method in methods {
            let found = compute_command(&situation, method);
            if method == Method::SingleNode {
                outcome.nodes_looked_at = found.blocked.len();
            }
            outcome.found |= found.command.is_some();
        }
        outcome
    }
}

fn list(millis: i64, memory: i64, pods: Option<i64>) -> ResourceList {
    ResourceList { cpu: Some(MilliCpu::new(millis)), memory: Some(Bytes::new(memory)), pods, ..ResourceList::default() }
}

/// 144 types: twelve sizes with little, usual and much memory, of two makes and two architectures.
fn instance_types() -> Vec<api::InstanceType> {
    let mut types = Vec::new();
    for (family, memory, price) in [("c", 2, 42.0), ("s", 4, 50.0), ("m", 8, 66.0)] {
        for (make, factor) in [("1", 1.0), ("2", 0.97)] {
            for architecture in ["amd64", "arm64"] {
                for cores in [1, 2, 4, 8, 16, 32, 48, 64, 96, 128, 192, 256] {
                    let hourly = price * factor * f64::from(cores) / 1000.0;
                    let offering = |zone: &str| api::Offering {
                        zone: zone.into(),
                        capacity_type: CapacityType::OnDemand,
                        price: Some(NanoDollars::from_dollars(hourly)),
                        available: true,
                        reservation: None,
                    };
                    let cores = i64::from(cores);
                    types.push(api::InstanceType {
                        name: format!("{family}{make}-{architecture}-{cores}x").into(),
                        architecture: architecture.into(),
                        operating_systems: vec!["linux".into()],
                        capacity: list(cores * 1000, cores * memory * GIB, Some(110)),
                        allocatable: list(cores * 1000 - 100, cores * memory * GIB - GIB / 2, Some(110)),
                        labels: Labels::default(),
                        offerings: ZONES.map(offering).to_vec(),
                    });
                }
            }
        }
    }
    types
}

fn pool() -> NodePool {
    NodePool {
        meta: ObjectMeta { name: "default".into(), ..ObjectMeta::default() },
        template: NodeClaimTemplate::default(),
        disruption: DisruptionSpec {
            consolidation_policy: ConsolidationPolicy::WhenEmptyOrUnderutilized,
            ..DisruptionSpec::default()
        },
        limits: ResourceList::default(),
        weight: 0,
        replicas: None,
        is_not_ready: false,
    }
}

fn app(number: usize, nodes: usize, pods: usize) -> PodTemplate {
    let name = format!("app-{number}");
    let labels: Labels = [("app", name.as_str())].into_iter().collect();
    let selector = Some(LabelSelector::from_match_labels(&labels));
    // So much that no node has room for one pod more.
    let on_a_node = i64::try_from(pods.div_ceil(nodes.max(1))).unwrap_or(1);
    let millis = (CORES * 1000 - 100) / on_a_node.max(1);
    let container = Container { name: "app".into(), requests: list(millis, GIB / 2, None), ..Container::default() };
    let spread = TopologySpreadConstraint {
        max_skew: 1,
        topology_key: well_known::ZONE.into(),
        when_unsatisfiable: UnsatisfiableConstraintAction::ScheduleAnyway,
        label_selector: selector.clone(),
        min_domains: None,
        node_affinity_policy: api::NodeInclusionPolicy::Honor,
        node_taints_policy: api::NodeInclusionPolicy::Ignore,
        match_label_keys: Vec::new(),
    };
    let apart = WeightedPodAffinityTerm {
        weight: 100,
        term: PodAffinityTerm {
            label_selector: selector,
            topology_key: well_known::HOSTNAME.into(),
            ..PodAffinityTerm::default()
        },
    };
    let mut spec = PodSpec { containers: vec![container], ..PodSpec::default() };
    match number % 10 {
        0 => spec.topology_spread_constraints = vec![spread],
        1 => spec.affinity = Some(Box::new(Affinity { pod_anti_preferred: vec![apart], ..Affinity::default() })),
        _ => {}
    }
    PodTemplate { labels, spec, ..PodTemplate::default() }
}

fn node_name(number: usize) -> Name {
    format!("node-{number:05}").into()
}

fn node(number: usize) -> (Name, StateNode) {
    let name = node_name(number);
    let zone = ZONES[number % ZONES.len()];
    let labels: Labels = [
        (well_known::HOSTNAME, name.as_str()),
        (well_known::ZONE, zone),
        (well_known::ARCH, "amd64"),
        (well_known::OS, "linux"),
        (well_known::INSTANCE_TYPE, "c2-amd64-8x"),
        (keys::CAPACITY_TYPE, CapacityType::OnDemand.as_str()),
        (keys::NODE_POOL, "default"),
        (keys::REGISTERED, "true"),
        (keys::INITIALIZED, "true"),
    ]
    .into_iter()
    .collect();
    let capacity = list(CORES * 1000, CORES * 2 * GIB, Some(110));
    let allocatable = list(CORES * 1000 - 100, CORES * 2 * GIB - GIB / 2, Some(110));
    let object = Node {
        meta: ObjectMeta { name: name.clone(), labels: labels.clone(), ..ObjectMeta::default() },
        capacity: capacity.clone(),
        allocatable: allocatable.clone(),
        ..Node::default()
    };
    let is_true = |condition_type| NodeClaimCondition {
        condition_type,
        status: ConditionStatus::True,
        reason: Name::default(),
        message: Name::default(),
        last_transition: SimTime::ZERO,
    };
    let mut claim =
        NodeClaim { meta: ObjectMeta { name: name.clone(), labels, ..ObjectMeta::default() }, ..NodeClaim::default() };
    claim.status.capacity = capacity;
    claim.status.allocatable = allocatable;
    claim.status.conditions =
        [NodeClaimConditionType::Initialized, NodeClaimConditionType::Consolidatable].map(is_true).to_vec();
    let node = StateNode {
        node: Some(NodeObject { object: Arc::new(object), ready: true, deleting: false }),
        claim: Some(Arc::new(claim)),
        ..StateNode::default()
    };
    (name, node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_found_on_a_full_cluster() {
        let outcome = FullCluster::new(20, 600).pass();
        assert_eq!(outcome, PassOutcome { nodes_looked_at: 20, found: false });
    }
}
