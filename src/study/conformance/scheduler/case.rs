//! A recorded case, and the scheduler's view of its cluster.

use crate::api::scheduler_config::KubeSchedulerConfiguration;
use crate::api::{self, KubernetesVersion, Name};
use crate::cluster::{NodeId, PodId};
use crate::input::kinds;
use crate::input::scheduler_config::parse_scheduler_config;
use crate::input::{FieldErrors, FieldPath};
use crate::scheduler::{
    Context, DisruptionBudget, ListerChange, PodInfo, PodOrigin, PodOrigins, Profile, SchedulerConfig, View,
};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1 as policy;
use k8s_openapi::api::storage::v1 as storage;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A case as recorded: native Kubernetes JSON throughout.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Case {
    /// Family, `-`, number.
    pub id: String,
    /// Nodes in the order in which they were added.
    pub nodes: Vec<core::Node>,
    /// Pods on nodes, and pending pods that are nominated to a node.
    pub pods: Vec<core::Pod>,
    /// The pod to be placed (single).
    pub pod: core::Pod,
    /// Pods that arrive one after the other (sequence, sampled).
    pub arrivals: Vec<core::Pod>,
    /// Namespaces with their labels.
    pub namespaces: Vec<core::Namespace>,
    /// Services.
    pub services: Vec<core::Service>,
    /// ReplicaSets.
    pub replica_sets: Vec<apps::ReplicaSet>,
    /// StatefulSets.
    pub stateful_sets: Vec<apps::StatefulSet>,
    /// ReplicationControllers.
    pub replication_controllers: Vec<core::ReplicationController>,
    /// PodDisruptionBudgets.
    pub pdbs: Vec<policy::PodDisruptionBudget>,
    /// PersistentVolumes.
    pub pvs: Vec<core::PersistentVolume>,
    /// PersistentVolumeClaims.
    pub pvcs: Vec<core::PersistentVolumeClaim>,
    /// StorageClasses.
    pub storage_classes: Vec<storage::StorageClass>,
    /// CSINodes.
    pub csi_nodes: Vec<storage::CSINode>,
    /// CSIDrivers.
    pub csi_drivers: Vec<storage::CSIDriver>,
    /// CSIStorageCapacities.
    pub csi_storage_capacities: Vec<storage::CSIStorageCapacity>,
    /// What happens (queue).
    pub ops: Vec<Operation>,
    /// Fields of a KubeSchedulerConfiguration.
    pub config: Option<Value>,
}

/// One operation of a queue case.
#[derive(Debug, Deserialize)]
pub struct Operation {
    /// What to do.
    pub op: String,
    /// The node of a node event.
    pub node: Option<core::Node>,
    /// The pod of a pod event.
    pub pod: Option<core::Pod>,
    /// The name of the object that is deleted or activated.
    pub name: Option<String>,
    /// The attempt's outcome waits for `finish`.
    #[serde(default)]
    pub hold: bool,
    /// The attempt ends with an internal error.
    #[serde(default)]
    pub error: bool,
    /// By how many milliseconds the clock moves.
    #[serde(default)]
    pub ms: i64,
}

/// The scheduler's view of a case.
pub struct Cluster {
    /// The release whose rules apply.
    pub version: KubernetesVersion,
    /// The whole configuration.
    pub config: SchedulerConfig,
    /// Nodes, pods and other objects.
    pub view: View,
    /// The profile.
    pub profile: Profile,
    /// Nodes by id, for their names in their order.
    pub node_names: Vec<Name>,
    pods: BTreeMap<String, PodId>,
    next_pod: usize,
    origins: PodOrigins,
}

/// A nominated pod as the recorded scheduler knew it. The nominator holds references (namespace, name, uid) and looks the
/// pod up in the scheduling queue; the recorder's pods were not in the queue, and then only the reference is left: a pod of
/// priority 0 that requests nothing and has no labels (`nominatedPodToInfo`, backend/queue of kube-scheduler 1.34 and 1.36).
fn reference_to(pod: &PodInfo) -> Arc<PodInfo> {
    let origin = PodOrigin {
        namespace: pod.namespace.clone(),
        labels: api::Labels::default(),
        template: Arc::default(),
        traits: Arc::default(),
        owner: None,
    };
    Arc::new(PodInfo { origin: Arc::new(origin), resized: None, ..PodInfo::clone(pod) })
}

/// Calendar times in a recording count from here.
const START: Timestamp = Timestamp::UNIX_EPOCH;

impl Cluster {
    /// Builds the view. `percentage` is `percentageOfNodesToScore` where the case's config gives none.
    pub fn new(case: &Case, version: KubernetesVersion, percentage: i32) -> Result<Self, String> {
        let mut configuration = match &case.config {
            Some(recorded) => converted(|errors| parse_scheduler_config(recorded, errors, &mut Vec::new()))?,
            None => KubeSchedulerConfiguration::default(),
        };
        configuration.percentage_of_nodes_to_score.get_or_insert(percentage);
        let config = SchedulerConfig::new(&configuration, version).map_err(|error| error.to_string())?;
        let profile = config.profiles.first().cloned().unwrap_or_default();
        let mut cluster = Self {
            version,
            config,
            view: View::default(),
            profile,
            node_names: Vec::new(),
            pods: BTreeMap::new(),
            next_pod: 0,
            origins: PodOrigins::default(),
        };
        for change in listed(case)?.into_iter().chain(storage_objects(case)?) {
            cluster.view.apply(change);
        }
        for node in &case.nodes {
            cluster.add_node(node)?;
        }
        for pod in &case.pods {
            let info = cluster.pod_info(pod)?;
            let node_of =
                |name: &Option<Name>| name.as_deref().and_then(|name| cluster.view.snapshot().node_by_name(name));
            match (node_of(&info.node_name), node_of(&info.nominated_node_name)) {
                (Some(node), _) => cluster.view.add_pod(info, node),
                (None, Some(node)) => cluster.view.nominate(reference_to(&info), node),
                (None, None) => {}
            }
        }
        cluster.view.refresh();
        Ok(cluster)
    }

    /// Adds a node at the end; one of the same name keeps its id.
    pub fn add_node(&mut self, node: &core::Node) -> Result<NodeId, String> {
        let node = converted(|errors| kinds::node::convert(node, START, errors))?;
        let known = self.node_names.iter().position(|name| *name == node.meta.name);
        let id = NodeId::from_index(known.unwrap_or(self.node_names.len()));
        if known.is_none() {
            self.node_names.push(node.meta.name.clone());
        }
        self.view.add_node(id, Arc::new(node));
        Ok(id)
    }

    /// A pod; its id is new unless its uid is known.
    pub fn pod_info(&mut self, pod: &core::Pod) -> Result<Arc<PodInfo>, String> {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let new = PodId::from_index(self.next_pod);
        let id = if uid.is_empty() { new } else { *self.pods.entry(uid).or_insert(new) };
        self.next_pod += usize::from(id == new);
        let pod = converted(|errors| kinds::pod::convert(pod, START, errors))?;
        Ok(self.origins.pod_info(id, &pod, self.version))
    }

    /// What the plugins look at.
    pub fn context(&self) -> Context<'_> {
        Context::new(&self.view, &self.profile)
    }

    /// A node's name.
    pub fn node_name(&self, id: NodeId) -> String {
        self.node_names.get(id.index()).map(ToString::to_string).unwrap_or_default()
    }
}

/// Objects besides nodes, pods and storage.
fn listed(case: &Case) -> Result<Vec<ListerChange>, String> {
    let labels = |map: Option<&BTreeMap<String, String>>| kinds::common::meta::labels(map);
    let mut changes = Vec::new();
    for namespace in &case.namespaces {
        let (_, name) = names(&namespace.metadata);
        changes.push(ListerChange::Namespace(name, Some(labels(namespace.metadata.labels.as_ref()))));
    }
    for service in &case.services {
        let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        changes.push(ListerChange::Service(names(&service.metadata), selector.map(|selector| labels(Some(selector)))));
    }
    let mut owners = Vec::new();
    for set in &case.replica_sets {
        owners.push(("ReplicaSet", &set.metadata, set.spec.as_ref().map(|spec| &spec.selector)));
    }
    for set in &case.stateful_sets {
        owners.push(("StatefulSet", &set.metadata, set.spec.as_ref().map(|spec| &spec.selector)));
    }
    let owner = |kind: &str, meta, selector| {
        let (namespace, name) = names(meta);
        ListerChange::Owner((kind.into(), namespace, name), Some(selector))
    };
    for (kind, meta, selector) in owners {
        let Some(selector) = selector else { continue };
        let selector = converted(|errors| {
            kinds::common::selector::convert_label_selector(selector, FieldPath::Root.key("selector"), errors)
        })?;
        changes.push(owner(kind, meta, selector));
    }
    for controller in &case.replication_controllers {
        let selector = controller.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let selector = api::LabelSelector::from_match_labels(&labels(selector));
        changes.push(owner("ReplicationController", &controller.metadata, selector));
    }
    let budgets: Result<_, String> = case.pdbs.iter().map(disruption_budget).collect();
    changes.push(ListerChange::DisruptionBudgets(budgets?));
    Ok(changes)
}

/// A budget with its status.
fn disruption_budget(budget: &policy::PodDisruptionBudget) -> Result<DisruptionBudget, String> {
    let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let selector = converted(|errors| {
        let path = FieldPath::Root.key("spec.selector");
        kinds::common::selector::convert_optional_label_selector(selector, path, errors)
    })?;
    let status = budget.status.as_ref();
    let disrupted = status.and_then(|status| status.disrupted_pods.as_ref()).into_iter().flatten();
    Ok(DisruptionBudget {
        namespace: names(&budget.metadata).0,
        selector,
        disruptions_allowed: status.and_then(|status| status.disruptions_allowed).unwrap_or(0),
        disrupted_pods: disrupted.map(|(name, _)| name.as_str().into()).collect(),
    })
}

/// Volumes, claims and what goes with them.
fn storage_objects(case: &Case) -> Result<Vec<ListerChange>, String> {
    use kinds::common::claim::convert_claim;
    use kinds::csi_storage_capacity::convert_storage_capacity;
    use kinds::persistent_volume::convert_persistent_volume;
    use kinds::storage_class::convert_storage_class;
    let mut changes = Vec::new();
    for volume in &case.pvs {
        let volume = converted(|errors| convert_persistent_volume(volume, errors))?;
        changes.push(ListerChange::of_volume(Arc::new(volume)));
    }
    for claim in &case.pvcs {
        let claim = converted(|errors| convert_claim(claim, errors))?;
        changes.push(ListerChange::of_claim(Arc::new(claim)));
    }
    for class in &case.storage_classes {
        changes.push(ListerChange::of_class(converted(|errors| convert_storage_class(class, errors))?));
    }
    for capacity in &case.csi_storage_capacities {
        let key = names(&capacity.metadata);
        let capacity = converted(|errors| convert_storage_capacity(capacity, errors))?;
        changes.push(ListerChange::CsiStorageCapacity(key, Some(capacity)));
    }
    for node in &case.csi_nodes {
        let limit = |driver: &storage::CSINodeDriver| driver.allocatable.as_ref()?.count.map(i64::from);
        let drivers = node.spec.drivers.iter().map(|driver| (driver.name.as_str().into(), limit(driver)));
        changes.push(ListerChange::CsiNode(names(&node.metadata).1, Some(drivers.collect())));
    }
    for driver in &case.csi_drivers {
        let publishes = driver.spec.storage_capacity == Some(true);
        changes.push(ListerChange::CsiDriver(names(&driver.metadata).1, publishes));
    }
    Ok(changes)
}

/// Namespace and name; empty where they are missing.
fn names(meta: &ObjectMeta) -> (Name, Name) {
    let text = |field: &Option<String>| Name::from(field.as_deref().unwrap_or_default());
    (text(&meta.namespace), text(&meta.name))
}

/// A conversion whose complaints, if any, are joined to one text.
pub fn converted<T>(convert: impl FnOnce(&mut FieldErrors) -> T) -> Result<T, String> {
    let mut errors = FieldErrors::default();
    let value = convert(&mut errors);
    let problems: Vec<String> =
        errors.into_vec().into_iter().map(|error| format!("{}: {}", error.field, error.problem)).collect();
    if problems.is_empty() { Ok(value) } else { Err(problems.join("; ")) }
}
