//! Whether the pods of a node can be moved, and how much of it they ask for.

use super::super::CaseResult;
use super::{are_close, compare, node, pod, selector};
use crate::api;
use crate::autoscaler::cluster_autoscaler::budgets::RemainingBudgets;
use crate::autoscaler::cluster_autoscaler::drain::DrainContext;
use crate::autoscaler::cluster_autoscaler::environment::{Budget, PodFacts};
use crate::autoscaler::cluster_autoscaler::options::DeleteOptions;
use crate::autoscaler::cluster_autoscaler::utilization::{Ignored, utilization};
use crate::cluster::{NodeId, PodId};
use crate::scheduler::{KubernetesVersion, NodeInfo, PodInfo, PodOrigins};
use crate::units::{SimDuration, SimTime};
use jiff::Timestamp;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::policy::v1 as policy;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
pub struct Case {
    id: String,
    now: Timestamp,
    options: Options,
    node: core::Node,
    #[serde(default)]
    pods: Option<Vec<core::Pod>>,
    #[serde(default)]
    pdbs: Option<Vec<policy::PodDisruptionBudget>>,
    expect: Expect,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "as recorded")]
struct Options {
    blocking_system_pod_disruption_timeout_seconds: i64,
    ignore_daemon_sets_utilization: bool,
    ignore_mirror_pods_utilization: bool,
    skip_nodes_with_custom_controller_pods: bool,
    skip_nodes_with_local_storage: bool,
    skip_nodes_with_system_pods: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expect {
    #[serde(default)]
    blocking_reason: Option<String>,
    #[serde(default)]
    blocking_pod: Option<String>,
    #[serde(default)]
    pods_to_move: Option<Vec<String>>,
    #[serde(default)]
    daemon_set_pods: Option<Vec<String>>,
    #[serde(default)]
    on_completion_pods: Option<Vec<String>>,
    #[serde(default)]
    cpu_utilization: Option<f64>,
    #[serde(default)]
    memory_utilization: Option<f64>,
    #[serde(default)]
    utilization: Option<f64>,
    #[serde(default)]
    pdb_can_remove: Option<bool>,
    #[serde(default)]
    pdb_in_parallel: Option<bool>,
}

/// Replays a case.
pub fn replay(case: &Case) -> Result<CaseResult, String> {
    let now = SimTime::default();
    let mut origins = PodOrigins::default();
    let mut facts: Vec<PodFacts> = Vec::new();
    let mut infos: Vec<Arc<PodInfo>> = Vec::new();
    for (index, recorded) in case.pods.as_deref().unwrap_or_default().iter().enumerate() {
        let pod: api::Pod = pod(recorded, case.now)?;
        facts.push(PodFacts {
            // A pod without a time of creation is never old enough.
            created: pod.meta.creation_time.unwrap_or(now),
            deleted: pod.meta.deletion_time,
            phase: pod.status.phase,
        });
        infos.push(origins.pod_info(PodId::from_index(index), &pod, KubernetesVersion::V1_36));
    }
    let mut budgets = Vec::new();
    for budget in case.pdbs.as_deref().unwrap_or_default() {
        let status = budget.status.as_ref();
        budgets.push(Budget {
            namespace: budget.metadata.namespace.as_deref().unwrap_or_default().into(),
            name: budget.metadata.name.as_deref().unwrap_or_default().into(),
            selector: selector(budget.spec.as_ref().and_then(|spec| spec.selector.as_ref()))?,
            disruptions_allowed: status.and_then(|status| status.disruptions_allowed).unwrap_or(0).into(),
        });
    }
    let budgets = RemainingBudgets::new(budgets);
    let options = DeleteOptions {
        skip_nodes_with_system_pods: case.options.skip_nodes_with_system_pods,
        skip_nodes_with_local_storage: case.options.skip_nodes_with_local_storage,
        skip_nodes_with_custom_controller_pods: case.options.skip_nodes_with_custom_controller_pods,
        min_replica_count: 0,
        blocking_system_pod_disruption_timeout: SimDuration::from_secs(
            case.options.blocking_system_pod_disruption_timeout_seconds,
        ),
    };
    let facts_of = |pod: &PodInfo| facts.get(pod.id.index()).copied();
    let context = DrainContext { options: &options, now, budgets: &budgets, facts: &facts_of, controller: None };
    let result = context.pods_to_move(&infos);
    let mut info = NodeInfo::new(NodeId::from_index(0), Arc::new(node(&case.node, case.now)?));
    for pod in &infos {
        info.add_pod(Arc::clone(pod));
    }
    let ignored = Ignored {
        daemons: case.options.ignore_daemon_sets_utilization,
        mirrors: case.options.ignore_mirror_pods_utilization,
    };
    let used = utilization(&info, ignored, now, facts_of).unwrap_or_default();
    let removable = budgets.can_remove(&result.moving);

    let expect = &case.expect;
    let mut differences = Vec::new();
    let names = |pods: &[Arc<PodInfo>]| pods.iter().map(|pod| pod.name.to_string()).collect::<Vec<_>>();
    let blocking = result.blocking.as_ref();
    let reason = blocking.map(|pod| pod.reason.as_str().to_owned());
    let expected = expect.blocking_reason.clone().filter(|reason| !reason.is_empty() && reason != "NoReason");
    compare(&mut differences, "blockingReason", &expected, &reason);
    let name = blocking.map(|pod| pod.name.to_string());
    compare(&mut differences, "blockingPod", &expect.blocking_pod.clone().filter(|name| !name.is_empty()), &name);
    let lists = [
        ("podsToMove", &expect.pods_to_move, &result.moving),
        ("daemonSetPods", &expect.daemon_set_pods, &result.daemons),
        ("onCompletionPods", &expect.on_completion_pods, &result.on_completion),
    ];
    for (field, expected, actual) in lists {
        compare(&mut differences, field, &expected.clone().unwrap_or_default(), &names(actual));
    }
    let numbers = [
        ("cpuUtilization", expect.cpu_utilization, used.cpu),
        ("memoryUtilization", expect.memory_utilization, used.memory),
        ("utilization", expect.utilization, used.value()),
    ];
    for (field, expected, actual) in numbers {
        if let Some(expected) = expected.filter(|expected| !are_close(*expected, actual)) {
            compare(&mut differences, field, &expected, &actual);
        }
    }
    if let Some(expected) = expect.pdb_can_remove {
        compare(&mut differences, "pdbCanRemove", &expected, &removable.can_remove);
    }
    if let Some(expected) = expect.pdb_in_parallel {
        compare(&mut differences, "pdbInParallel", &expected, &removable.in_parallel);
    }
    Ok(CaseResult::new("drain", case.id.as_str(), differences))
}
