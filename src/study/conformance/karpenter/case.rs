//! A recorded case, and Karpenter's picture of its cluster.

use crate::api::{self, IntOrPercent, Name, Object, PodPhase};
use crate::autoscaler::karpenter::amounts::Amounts;
use crate::autoscaler::karpenter::daemon_set::DaemonPod;
use crate::autoscaler::karpenter::disruption::budgets::Clock;
use crate::autoscaler::karpenter::instance_type::{InstanceType, Offering};
use crate::autoscaler::karpenter::label::WellKnownLabels;
use crate::autoscaler::karpenter::options::{MapOrder, MinValuesPolicy, Options, PreferencePolicy, Version};
use crate::autoscaler::karpenter::pod::ClassTable;
use crate::autoscaler::karpenter::requirements::Requirements;
use crate::autoscaler::karpenter::state::{ClusterState, Pdb, PodKey, PodOwner, Pool, StatePod};
use crate::autoscaler::karpenter::state_node::{NodeObject, StateNode};
use crate::input::kinds::common::value::sim_time;
use crate::input::kinds::common::{pod_template, resources};
use crate::input::kinds::karpenter::node_claim::NodeClaim;
use crate::input::kinds::karpenter::node_pool::NodePool;
use crate::input::kinds::kind::Kind;
use crate::input::kinds::{self, pod_disruption_budget::PodDisruptionBudget};
use crate::input::{FieldErrors, FieldPath};
use crate::units::{SimDuration, SimTime};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1 as policy;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A case.
#[derive(Debug, Deserialize)]
pub struct Case {
    /// Its identifier.
    pub id: String,
    /// `provisioning` or `consolidation`.
    pub kind: String,
    /// What is decided on.
    pub input: Input,
    /// What was decided.
    pub expected: Value,
}

/// What is decided on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    now: Timestamp,
    options: RecordedOptions,
    instance_types: Vec<RecordedType>,
    node_pools: Vec<Value>,
    nodes: Vec<RecordedNode>,
    pods: Vec<core::Pod>,
    daemon_sets: Vec<apps::DaemonSet>,
    pdbs: Vec<policy::PodDisruptionBudget>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedOptions {
    preference_policy: String,
    min_values_policy: String,
    spot_to_spot_consolidation: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedType {
    name: String,
    requirements: Vec<core::NodeSelectorRequirement>,
    offerings: Vec<RecordedOffering>,
    capacity: BTreeMap<String, Quantity>,
    overhead: BTreeMap<String, Quantity>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordedOffering {
    zone: String,
    capacity_type: String,
    price: f64,
    available: bool,
    #[serde(rename = "reservationID")]
    reservation_id: Option<String>,
    reservation_capacity: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RecordedNode {
    node_claim: Option<Value>,
    node: Option<core::Node>,
    marked_for_deletion: bool,
    nominated: bool,
}

/// Labels that the recorded provider makes known.
const PROVIDER_LABELS: [&str; 4] = ["size", "special", "integer", RESERVATION];
const RESERVATION: &str = "karpenter.test.sh/reservation-id";

/// Calendar times count from here.
const START: Timestamp = Timestamp::UNIX_EPOCH;

/// How long a node is kept for the pods that were promised a place on it.
const NOMINATED_FOR: SimDuration = SimDuration::from_secs(20);

/// A case as decisions read it.
pub struct Cluster {
    /// The picture.
    pub state: ClusterState,
    /// The settings.
    pub options: Options,
    /// The time.
    pub now: SimTime,
    /// The calendar.
    pub clock: Clock,
}

impl Input {
    /// The cluster for a version of Karpenter.
    pub fn cluster(&self, version: Version) -> Result<Cluster, String> {
        let best_effort = self.options.min_values_policy == "BestEffort";
        let ignores = self.options.preference_policy == "Ignore";
        let options = Options {
            version,
            preference_policy: if ignores { PreferencePolicy::Ignore } else { PreferencePolicy::Respect },
            min_values_policy: if best_effort { MinValuesPolicy::BestEffort } else { MinValuesPolicy::Strict },
            spot_to_spot_consolidation: self.options.spot_to_spot_consolidation,
            reserved_capacity: true,
            well_known: WellKnownLabels::new(PROVIDER_LABELS.map(Name::from)),
            reservation_label: RESERVATION.into(),
            map_order: MapOrder::default(),
        };
        let now = sim_time(self.now, START);
        let mut state = ClusterState::new(ClassTable::new(options.preference_policy));
        let types: Result<Vec<InstanceType>, String> = self.instance_types.iter().map(RecordedType::convert).collect();
        let types = Arc::new(types?);
        for value in &self.node_pools {
            let Object::NodePool(pool) = converted::<NodePool>(value)? else { continue };
            let pool = Pool { spec: Arc::from(pool), instance_types: types.clone(), deleting: false };
            state.pools.insert(pool.spec.meta.name.clone(), pool);
        }
        for node in &self.nodes {
            let (key, node) = node.convert(now)?;
            state.put_node(key, node);
        }
        for set in &self.daemon_sets {
            let (key, pod) = daemon_set(set)?;
            state.daemon_sets.insert(key, pod);
        }
        for budget in &self.pdbs {
            let (key, budget) = disruption_budget(budget)?;
            state.pdbs.insert(key, budget);
        }
        for (number, pod) in (0..).zip(&self.pods) {
            let pod = state_pod(pod, &mut state.classes)?;
            state.namespaces.entry(pod.namespace.clone()).or_default();
            state.put_pod(PodKey(number), pod);
        }
        Ok(Cluster { state, options, now, clock: Clock { start: START } })
    }
}

impl RecordedType {
    fn convert(&self) -> Result<InstanceType, String> {
        let list = |list: &BTreeMap<String, Quantity>| {
            complaints(|errors| resources::convert(Some(list), FieldPath::Root.key("capacity"), errors))
        };
        let capacity = Amounts::from_list(&list(&self.capacity)?);
        let mut allocatable = capacity.clone();
        allocatable.take_of_named(&Amounts::from_list(&list(&self.overhead)?));
        let mut requirements = Requirements::default();
        let expressions: Result<Vec<_>, String> = self.requirements.iter().map(expression).collect();
        requirements.add_expressions(&expressions?);
        let offering = |offering: &RecordedOffering| {
            let reservation = offering.reservation_id.as_deref().map(Name::from);
            let room = offering.reservation_capacity.unwrap_or(0);
            Ok(Offering::new(
                offering.zone.as_str().into(),
                api::CapacityType::from_word(&offering.capacity_type)
                    .ok_or_else(|| format!("`{}` is no capacity type", offering.capacity_type))?,
                offering.price,
                offering.available,
                reservation.map(|id| (id, room)),
                &RESERVATION.into(),
            ))
        };
        let offerings: Result<Vec<Offering>, String> = self.offerings.iter().map(offering).collect();
        Ok(InstanceType { name: self.name.as_str().into(), requirements, offerings: offerings?, capacity, allocatable })
    }
}

fn expression(requirement: &core::NodeSelectorRequirement) -> Result<api::NodeSelectorRequirement, String> {
    let operator = match requirement.operator.as_str() {
        "In" => api::NodeSelectorOperator::In,
        "DoesNotExist" => api::NodeSelectorOperator::DoesNotExist,
        other => return Err(format!("operator `{other}` of an instance type")),
    };
    let values = requirement.values.iter().flatten().map(|value| Name::from(value.as_str())).collect();
    Ok(api::NodeSelectorRequirement { key: requirement.key.as_str().into(), operator, values })
}

impl RecordedNode {
    fn convert(&self, now: SimTime) -> Result<(Name, StateNode), String> {
        let claim = match &self.node_claim {
            Some(value) => match converted::<NodeClaim>(value)? {
                Object::NodeClaim(claim) => Some(Arc::from(claim)),
                _ => None,
            },
            None => None,
        };
        let node = match &self.node {
            Some(node) => {
                let object = complaints(|errors| kinds::node::convert(node, START, errors))?;
                let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
                let is_ready =
                    |condition: &core::NodeCondition| condition.type_ == "Ready" && condition.status == "True";
                let deleting = node.metadata.deletion_timestamp.is_some();
                Some(NodeObject { object: Arc::new(object), ready: conditions.into_iter().any(is_ready), deleting })
            }
            None => None,
        };
        let name = |claim: &Arc<api::karpenter::NodeClaim>| claim.meta.name.clone();
        let key = claim.as_ref().map(name).or_else(|| Some(node.as_ref()?.object.meta.name.clone()));
        let node = StateNode {
            node,
            claim,
            marked_for_deletion: self.marked_for_deletion,
            nominated_until: if self.nominated { now + NOMINATED_FOR } else { SimTime::ZERO },
            ..StateNode::default()
        };
        Ok((key.ok_or("a node without Node and NodeClaim")?, node))
    }
}

fn daemon_set(set: &apps::DaemonSet) -> Result<((Name, Name), DaemonPod), String> {
    let template = set.spec.as_ref().map(|spec| &spec.template).ok_or("a DaemonSet without a spec")?;
    let spec = template.spec.as_ref().ok_or("a DaemonSet without a pod spec")?;
    let meta = template.metadata.clone().unwrap_or_default();
    let template = complaints(|errors| pod_template::template_of(&meta, spec, FieldPath::Root, errors))?;
    Ok((names(&set.metadata), DaemonPod::new(&template.spec, None)))
}

fn disruption_budget(budget: &policy::PodDisruptionBudget) -> Result<((Name, Name), Pdb), String> {
    let object = complaints(|errors| PodDisruptionBudget::convert(budget, START, errors))?;
    let Object::PodDisruptionBudget(object) = object else { return Err("not a PodDisruptionBudget".into()) };
    let never = matches!(object.max_unavailable, Some(IntOrPercent::Int(0) | IntOrPercent::Percent(0)));
    let pdb = Pdb {
        selector: object.selector,
        disruptions_allowed: budget.status.as_ref().and_then(|status| status.disruptions_allowed).unwrap_or(0),
        blocks_fully: never || object.min_available == Some(IntOrPercent::Percent(100)),
        always_allows_unhealthy: object.always_allow_unhealthy,
    };
    Ok((names(&budget.metadata), pdb))
}

fn state_pod(pod: &core::Pod, classes: &mut ClassTable) -> Result<StatePod, String> {
    let converted = complaints(|errors| kinds::pod::convert(pod, START, errors))?;
    let (namespace, name) = names(&pod.metadata);
    let owners = || pod.metadata.owner_references.iter().flatten();
    let is_owned = |version: &str, kind: &str| owners().any(|owner| owner.api_version == version && owner.kind == kind);
    let owner = if is_owned("apps/v1", "DaemonSet") {
        PodOwner::DaemonSet
    } else if is_owned("apps/v1", "StatefulSet") {
        PodOwner::StatefulSet
    } else if is_owned("v1", "Node") {
        PodOwner::Node
    } else {
        PodOwner::Other
    };
    let conditions = || pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let unschedulable = |condition: &core::PodCondition| {
        condition.type_ == "PodScheduled" && condition.reason.as_deref() == Some("Unschedulable")
    };
    let requests = api::pod_requests(&converted.template.spec);
    let labels = converted.template.labels.clone();
    Ok(StatePod {
        class: classes.intern(&namespace, &labels, &converted.template, &requests),
        namespace,
        name,
        uid: converted.meta.uid,
        created: converted.meta.creation_time.unwrap_or(SimTime::ZERO),
        started: converted.status.start_time,
        phase: converted.status.phase,
        terminating: converted.meta.deletion_time.is_some(),
        owner,
        node: converted.node_name,
        not_ready: conditions().any(|condition| condition.type_ == "Ready" && condition.status == "False"),
        unschedulable: converted.status.phase == PodPhase::Pending && conditions().any(unschedulable),
        nominated: converted.status.nominated_node_name.is_some(),
        volumes: None,
    })
}

/// Namespace and name.
fn names(meta: &k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta) -> (Name, Name) {
    let text = |field: &Option<String>| Name::from(field.as_deref().unwrap_or_default());
    (text(&meta.namespace), text(&meta.name))
}

/// An object of a kind, with the API server's defaults.
fn converted<K: Kind<Converted = Object>>(value: &Value) -> Result<Object, String> {
    let mut plain = K::Plain::deserialize(value).map_err(|error| error.to_string())?;
    K::set_defaults(&mut plain);
    complaints(|errors| K::convert(&plain, START, errors))
}

/// A conversion whose complaints, if any, are joined to one text.
fn complaints<T>(convert: impl FnOnce(&mut FieldErrors) -> T) -> Result<T, String> {
    let mut errors = FieldErrors::default();
    let value = convert(&mut errors);
    let problems: Vec<String> =
        errors.into_vec().into_iter().map(|error| format!("{}: {}", error.field, error.problem)).collect();
    if problems.is_empty() { Ok(value) } else { Err(problems.join("; ")) }
}
