//! A recorded case, and the scheduler's view of its cluster.

use crate::api::{self, Name, OwnerReference, PodTemplate};
use crate::cluster::{NodeId, PodId};
use crate::input::kinds;
use crate::input::scheduler_config::parse_scheduler_config;
use crate::input::{FieldErrors, FieldPath};
use crate::scheduler::{
    Context, DisruptionBudget, KubernetesVersion, Listers, Nominator, PodInfo, PodOrigin, PodTraits, Profile,
    SchedulerConfig, ServiceSelector, Snapshot, VolumeListers,
};
use crate::sim::scheduler_config;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1 as policy;
use k8s_openapi::api::storage::v1 as storage;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rustc_hash::FxHashMap;
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
    /// Nodes and the pods on them.
    pub snapshot: Snapshot,
    /// Other objects.
    pub listers: Listers,
    /// Pods nominated to nodes.
    pub nominator: Nominator,
    /// The profile.
    pub profile: Profile,
    /// Nodes by id, for their names in their order.
    pub node_names: Vec<api::Name>,
    pods: BTreeMap<String, PodId>,
    next_pod: usize,
    /// Equal templates, namespaces and owners are one, as in a run.
    origins: FxHashMap<(Arc<PodTemplate>, Name, Option<OwnerReference>), Arc<PodOrigin>>,
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
        let mut config = SchedulerConfig { version, ..SchedulerConfig::default() };
        let mut given = None;
        if let Some(recorded) = &case.config {
            let mut without_effect = Vec::new();
            let file = converted(|errors| parse_scheduler_config(recorded, errors, &mut without_effect))?;
            given = file.percentage_of_nodes_to_score;
            config = scheduler_config(&file, version).map_err(|error| error.to_string())?;
        }
        config.percentage_of_nodes_to_score = given.unwrap_or(percentage);
        let profile = config.profiles().into_iter().next().unwrap_or_default();
        let mut cluster = Self {
            version,
            config,
            snapshot: Snapshot::new(),
            listers: Listers::default(),
            nominator: Nominator::default(),
            profile,
            node_names: Vec::new(),
            pods: BTreeMap::new(),
            next_pod: 0,
            origins: FxHashMap::default(),
        };
        cluster.add_listed(case)?;
        cluster.listers.volumes = volumes(case)?;
        for node in &case.nodes {
            cluster.add_node(node)?;
        }
        for pod in &case.pods {
            let info = cluster.pod_info(pod)?;
            let node_of =
                |name: &Option<api::Name>| name.as_deref().and_then(|name| cluster.snapshot.node_by_name(name));
            match (node_of(&info.node_name), node_of(&info.nominated_node_name)) {
                (Some(node), _) => cluster.snapshot.add_pod(info, node),
                (None, Some(node)) => cluster.nominator.add(reference_to(&info), node),
                (None, None) => {}
            }
        }
        cluster.snapshot.refresh();
        Ok(cluster)
    }

    /// Objects besides nodes and pods.
    fn add_listed(&mut self, case: &Case) -> Result<(), String> {
        let labels = |map: Option<&BTreeMap<String, String>>| kinds::common::meta::labels(map);
        for namespace in &case.namespaces {
            let name = namespace.metadata.name.as_deref().unwrap_or_default();
            self.listers.namespaces.insert(name.into(), labels(namespace.metadata.labels.as_ref()));
        }
        for service in &case.services {
            let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
            self.listers.services.push(ServiceSelector {
                namespace: service.metadata.namespace.as_deref().unwrap_or_default().into(),
                selector: selector.map(|selector| labels(Some(selector))),
            });
        }
        let mut owners = Vec::new();
        for set in &case.replica_sets {
            owners.push(("ReplicaSet", &set.metadata, set.spec.as_ref().map(|spec| &spec.selector)));
        }
        for set in &case.stateful_sets {
            owners.push(("StatefulSet", &set.metadata, set.spec.as_ref().map(|spec| &spec.selector)));
        }
        for (kind, meta, selector) in owners {
            let Some(selector) = selector else { continue };
            let selector = converted(|errors| {
                kinds::common::selector::convert_label_selector(selector, FieldPath::Root.key("selector"), errors)
            })?;
            self.listers.owners.insert(owner_key(kind, meta), selector);
        }
        for budget in &case.pdbs {
            let selector = budget.spec.as_ref().and_then(|spec| spec.selector.as_ref());
            let selector = converted(|errors| {
                let path = FieldPath::Root.key("spec.selector");
                kinds::common::selector::convert_optional_label_selector(selector, path, errors)
            })?;
            let status = budget.status.as_ref();
            let disrupted = status.and_then(|status| status.disrupted_pods.as_ref()).into_iter().flatten();
            self.listers.disruption_budgets.push(DisruptionBudget {
                namespace: budget.metadata.namespace.as_deref().unwrap_or_default().into(),
                selector,
                disruptions_allowed: status.and_then(|status| status.disruptions_allowed).unwrap_or(0),
                disrupted_pods: disrupted.map(|(name, _)| name.as_str().into()).collect(),
            });
        }
        for controller in &case.replication_controllers {
            let selector = controller.spec.as_ref().and_then(|spec| spec.selector.as_ref());
            let selector = api::LabelSelector::from_match_labels(&labels(selector));
            self.listers.owners.insert(owner_key("ReplicationController", &controller.metadata), selector);
        }
        Ok(())
    }

    /// Adds a node at the end; one of the same name keeps its id.
    pub fn add_node(&mut self, node: &core::Node) -> Result<NodeId, String> {
        let node = converted(|errors| kinds::node::convert(node, START, errors))?;
        let known = self.node_names.iter().position(|name| *name == node.meta.name);
        let id = NodeId::from_index(known.unwrap_or(self.node_names.len()));
        if known.is_none() {
            self.node_names.push(node.meta.name.clone());
        }
        self.snapshot.add_node(id, Arc::new(node));
        Ok(id)
    }

    /// A pod; its id is new unless its uid is known.
    pub fn pod_info(&mut self, pod: &core::Pod) -> Result<Arc<PodInfo>, String> {
        let uid = pod.metadata.uid.clone().unwrap_or_default();
        let new = PodId::from_index(self.next_pod);
        let id = if uid.is_empty() { new } else { *self.pods.entry(uid).or_insert(new) };
        self.next_pod += usize::from(id == new);
        let pod = converted(|errors| kinds::pod::convert(pod, START, errors))?;
        let key = (Arc::clone(&pod.template), pod.meta.namespace.clone(), pod.meta.owner.clone());
        let origin = self.origins.entry(key).or_insert_with(|| {
            let traits = Arc::new(PodTraits::of(&pod.template.spec));
            Arc::new(PodOrigin::of(&pod, traits))
        });
        Ok(Arc::new(PodInfo::with_origin(id, &pod, Arc::clone(origin), self.version)))
    }

    /// What the plugins look at.
    pub fn context(&self) -> Context<'_> {
        Context { snapshot: &self.snapshot, listers: &self.listers, nominator: &self.nominator, profile: &self.profile }
    }

    /// A node's name.
    pub fn node_name(&self, id: NodeId) -> String {
        self.node_names.get(id.index()).map(ToString::to_string).unwrap_or_default()
    }
}

/// Volumes, claims and what goes with them.
fn volumes(case: &Case) -> Result<VolumeListers, String> {
    use kinds::common::claim::convert_claim;
    use kinds::csi_storage_capacity::convert_storage_capacity;
    use kinds::persistent_volume::convert_persistent_volume;
    use kinds::storage_class::convert_storage_class;
    let mut listers = VolumeListers::default();
    for volume in &case.pvs {
        let volume = converted(|errors| convert_persistent_volume(volume, errors))?;
        listers.persistent_volumes.insert(volume.name.clone(), Arc::new(volume));
    }
    for claim in &case.pvcs {
        let claim = converted(|errors| convert_claim(claim, errors))?;
        listers.claims.insert((claim.namespace.clone(), claim.name.clone()), Arc::new(claim));
    }
    for class in &case.storage_classes {
        let class = converted(|errors| convert_storage_class(class, errors))?;
        listers.classes.insert(class.name.clone(), class);
    }
    for capacity in &case.csi_storage_capacities {
        listers.capacities.push(converted(|errors| convert_storage_capacity(capacity, errors))?);
    }
    for node in &case.csi_nodes {
        let limit = |driver: &storage::CSINodeDriver| driver.allocatable.as_ref()?.count.map(i64::from);
        let drivers = node.spec.drivers.iter().map(|driver| (driver.name.as_str().into(), limit(driver)));
        listers.csi_nodes.insert(node.metadata.name.as_deref().unwrap_or_default().into(), drivers.collect());
    }
    for driver in case.csi_drivers.iter().filter(|driver| driver.spec.storage_capacity == Some(true)) {
        listers.capacity_drivers.insert(driver.metadata.name.as_deref().unwrap_or_default().into());
    }
    Ok(listers)
}

/// The key of an owner in the listers.
fn owner_key(kind: &str, meta: &ObjectMeta) -> (api::Name, api::Name, api::Name) {
    let text = |field: &Option<String>| api::Name::from(field.as_deref().unwrap_or_default());
    (kind.into(), text(&meta.namespace), text(&meta.name))
}

/// A conversion whose complaints, if any, are joined to one text.
pub fn converted<T>(convert: impl FnOnce(&mut FieldErrors) -> T) -> Result<T, String> {
    let mut errors = FieldErrors::default();
    let value = convert(&mut errors);
    let problems: Vec<String> =
        errors.into_vec().into_iter().map(|error| format!("{}: {}", error.field, error.problem)).collect();
    if problems.is_empty() { Ok(value) } else { Err(problems.join("; ")) }
}
