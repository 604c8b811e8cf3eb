//! The Kubernetes objects of a script.

use super::recording;
use crate::api::{
    self, Affinity, Container, LabelSelector, Labels, Name, NodeInclusionPolicy, ObjectMeta, OwnerReference, Pod,
    PodAffinityTerm, PodSpec, PodTemplate, ResourceList, Taint, TaintEffect, Toleration, TolerationOperator,
    TopologySpreadConstraint, UnsatisfiableConstraintAction, well_known,
};
use crate::autoscaler::cluster_autoscaler::environment::InstanceError;
use crate::units::{Bytes, MilliCpu};
use std::sync::Arc;

/// The namespace of DaemonSets.
const SYSTEM_NAMESPACE: &str = "kube-system";

/// The taint of a node that is not ready.
pub fn not_ready() -> Taint {
    let key = well_known::TAINT_NOT_READY.into();
    Taint { key, value: Name::default(), effect: TaintEffect::NoSchedule, time_added: None }
}

/// The error of instances that a group in some mode makes.
pub fn error_of(mode: &str) -> Option<InstanceError> {
    let (code, out_of_resources) = match mode {
        "stockout" => ("STOCKOUT", true),
        "createerror" => ("CREATE_FAILED", false),
        _ => return None,
    };
    Some(InstanceError { code: code.into(), out_of_resources, message: "no instance".into() })
}

/// Selects the pods of a workload.
pub fn app_selector(workload: &str) -> LabelSelector {
    LabelSelector::from_match_labels(&[("app", workload)].into_iter().collect())
}

fn requests(cpu: i64, memory: i64) -> ResourceList {
    ResourceList { cpu: Some(MilliCpu::new(cpu)), memory: Some(Bytes::new(memory << 20)), ..ResourceList::default() }
}

/// The template of a workload's pods.
pub fn template_of(workload: &recording::Workload) -> PodTemplate {
    let container = Container { requests: requests(workload.cpu_milli, workload.mem_mi), ..Container::default() };
    let pairs = |map: &std::collections::BTreeMap<String, String>| -> Labels {
        map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
    };
    let term = || PodAffinityTerm {
        label_selector: Some(app_selector(&workload.name)),
        topology_key: well_known::HOSTNAME.into(),
        ..PodAffinityTerm::default()
    };
    let affinity = workload
        .hostname_anti_affinity
        .then(|| Box::new(Affinity { pod_anti_required: vec![term()], ..Affinity::default() }));
    let spread = workload.spread_topology_key.iter().map(|key| TopologySpreadConstraint {
        max_skew: workload.spread_max_skew,
        topology_key: key.as_str().into(),
        when_unsatisfiable: UnsatisfiableConstraintAction::DoNotSchedule,
        label_selector: Some(app_selector(&workload.name)),
        min_domains: None,
        node_affinity_policy: NodeInclusionPolicy::Honor,
        node_taints_policy: NodeInclusionPolicy::Ignore,
        match_label_keys: Vec::new(),
    });
    let tolerations = workload.tolerates_taint.iter().map(|key| Toleration {
        key: key.as_str().into(),
        operator: TolerationOperator::Exists,
        ..Toleration::default()
    });
    let is_local = matches!(workload.volume.as_deref(), Some("emptyDir" | "hostPath"));
    let spec = PodSpec {
        containers: vec![container],
        node_selector: pairs(&workload.node_selector),
        affinity,
        tolerations: tolerations.collect(),
        topology_spread_constraints: spread.collect(),
        priority: workload.priority,
        local_volumes: is_local.then(|| Name::from("data")).into_iter().collect(),
        ..PodSpec::default()
    };
    PodTemplate {
        labels: [("app", workload.name.as_str())].into_iter().collect(),
        annotations: pairs(&workload.annotations),
        spec,
        ..PodTemplate::default()
    }
}

/// The controller of a workload's pods.
pub fn owner_of(workload: &recording::Workload) -> Option<OwnerReference> {
    let kind = workload.kind.as_str();
    (kind != "None").then(|| OwnerReference { kind: kind.into(), name: workload.name.as_str().into() })
}

/// The name of a DaemonSet's pod on a node.
pub fn daemon_name(set: &recording::DaemonSet, node: &str) -> Name {
    format!("ds-{}-{node}", set.name).into()
}

/// A DaemonSet's pod.
pub fn daemon_pod(set: &recording::DaemonSet, name: Name) -> Pod {
    let container = Container { requests: requests(set.cpu_milli, set.mem_mi), ..Container::default() };
    let everything = Toleration { operator: TolerationOperator::Exists, ..Toleration::default() };
    let spec = PodSpec { containers: vec![container], tolerations: vec![everything], ..PodSpec::default() };
    let owner = OwnerReference { kind: "DaemonSet".into(), name: set.name.as_str().into() };
    Pod {
        meta: ObjectMeta { name, namespace: SYSTEM_NAMESPACE.into(), owner: Some(owner), ..ObjectMeta::default() },
        template: Arc::new(PodTemplate { spec, ..PodTemplate::default() }),
        ..Pod::default()
    }
}

/// The node that the provider makes for a group.
pub fn node_template(group: &recording::Group) -> api::Node {
    let list = |cpu: i64, memory: i64| ResourceList {
        cpu: Some(MilliCpu::new(cpu)),
        memory: Some(Bytes::new(memory << 20)),
        pods: Some(110),
        ..ResourceList::default()
    };
    let labels: Labels = group.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let labels = labels
        .with("kops.k8s.io/instancegroup", &group.name)
        .with(well_known::OS, "linux")
        .with(well_known::ARCH, "amd64");
    let taints = group.no_schedule_taint.iter().map(|key| Taint {
        key: key.as_str().into(),
        value: "true".into(),
        effect: TaintEffect::NoSchedule,
        time_added: None,
    });
    api::Node {
        meta: ObjectMeta { name: format!("template-{}", group.name).into(), labels, ..ObjectMeta::default() },
        taints: taints.collect(),
        capacity: list(group.cpu_milli, group.mem_mi),
        allocatable: list(group.alloc_cpu_milli, group.alloc_mem_mi),
        ..api::Node::default()
    }
}
