//! The workloads that are not as wanted when a run ends, each with the reason.

use crate::record::{EventRecord, Facts, NodeRecord, PodOutcome, PodRecord, WorkloadRecord};
use smol_str::SmolStr;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A workload with fewer ready pods than it wants at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    /// Namespace.
    pub namespace: SmolStr,
    /// Kind and name, as `Deployment/web`.
    pub name: SmolStr,
    /// Pods with condition Ready.
    pub ready: i64,
    /// Pods that it wants.
    pub desired: i64,
    /// Why, as far as Events and the states of its pods tell.
    pub reason: String,
}

/// The workloads that are not as wanted at the end, those that lack the largest share of their pods first.
#[must_use]
pub fn shortfalls(facts: &Facts) -> Vec<Shortfall> {
    let counts = |workload: &WorkloadRecord| (workload.ready.last().unwrap_or(0), workload.desired.last().unwrap_or(0));
    let is_short = |workload: &&WorkloadRecord| {
        let (ready, desired) = counts(workload);
        ready < desired
    };
    let short: Vec<&WorkloadRecord> = facts.workloads.iter().filter(is_short).collect();
    if short.is_empty() {
        return Vec::new();
    }
    let warnings = Warnings::of(facts);
    let mut pods: BTreeMap<(&str, &str), Vec<&PodRecord>> = BTreeMap::new();
    for pod in facts.pods.iter().filter(|pod| pod.ended.is_none() && !pod.workload.is_empty()) {
        pods.entry((&pod.namespace, &pod.workload)).or_default().push(pod);
    }
    let shortfall = |workload: &WorkloadRecord| {
        let (ready, desired) = counts(workload);
        let pods = pods.get(&(workload.namespace.as_str(), workload.name.as_str())).map_or(&[][..], Vec::as_slice);
        Shortfall {
            namespace: workload.namespace.clone(),
            name: workload.name.clone(),
            ready,
            desired,
            reason: reason(workload, desired, pods, &facts.nodes, &warnings),
        }
    };
    let mut shortfalls: Vec<Shortfall> = short.into_iter().map(shortfall).collect();
    // By the share that is ready: cross-multiplied, so that whole numbers do.
    shortfalls.sort_by(|one, other| (one.ready * other.desired).cmp(&(other.ready * one.desired)));
    shortfalls
}

/// The last warnings about objects and pods, by namespace and name.
struct Warnings {
    creations: BTreeMap<(SmolStr, SmolStr), EventRecord>,
    pods: BTreeMap<(SmolStr, SmolStr), EventRecord>,
}

impl Warnings {
    fn of(facts: &Facts) -> Self {
        let mut warnings = Self { creations: BTreeMap::new(), pods: BTreeMap::new() };
        for event in facts.events() {
            let by_name = match event.reason {
                "FailedCreate" => &mut warnings.creations,
                "FailedScheduling" | "FailedMount" => &mut warnings.pods,
                _ => continue,
            };
            let key = (event.namespace.clone(), event.name.clone());
            if by_name.get(&key).is_none_or(|known| known.last <= event.last) {
                by_name.insert(key, event);
            }
        }
        warnings
    }

    /// The last failure to create a pod of a workload: an Event of the object itself, or of a ReplicaSet of it.
    fn of_creation(&self, workload: &WorkloadRecord) -> Option<&EventRecord> {
        let name = workload.name.split_once('/').map_or("", |(_, name)| name);
        let from = (workload.namespace.clone(), SmolStr::from(name));
        let of_workload = |key: &(SmolStr, SmolStr)| {
            key.0 == workload.namespace
                && key.1.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let near = self
            .creations
            .range(from..)
            .take_while(|((namespace, known), _)| *namespace == workload.namespace && known.starts_with(name));
        near.filter(|(key, _)| of_workload(key)).map(|(_, event)| event).max_by_key(|event| event.last)
    }
}

/// Why a workload is short of pods.
fn reason(
    workload: &WorkloadRecord,
    desired: i64,
    pods: &[&PodRecord],
    nodes: &[NodeRecord],
    warnings: &Warnings,
) -> String {
    let mut parts = Vec::new();
    let alive = i64::try_from(pods.iter().filter(|pod| pod.deletion_requested.is_none()).count()).unwrap_or(i64::MAX);
    if alive < desired
        && let Some(failure) = warnings.of_creation(workload)
    {
        parts.push(format!("FailedCreate: {}", failure.message()));
    }
    // States of the pods that are not ready, the commonest first.
    let mut states: BTreeMap<&str, (usize, &PodRecord)> = BTreeMap::new();
    let is_lost = |pod: &PodRecord| {
        let node = pod.node.and_then(|node| nodes.get(node as usize));
        node.is_some_and(|node| node.status_last.starts_with("NotReady"))
    };
    for pod in pods.iter().filter(|pod| pod.containers_ready_last == 0 || is_lost(pod)) {
        let state = match pod.outcome {
            PodOutcome::Pending | PodOutcome::Impossible => "Pending",
            _ if pod.deletion_requested.is_none() && is_lost(pod) => "on nodes that are not ready",
            _ if pod.status_last == "Running" => "not ready",
            _ => pod.status_last,
        };
        states.entry(state).or_insert((0, pod)).0 += 1;
    }
    let mut states: Vec<_> = states.into_iter().collect();
    states.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    for (state, (count, pod)) in states {
        let mut text = format!("{count} {state}");
        if let Some(warning) = warnings.pods.get(&(pod.namespace.clone(), pod.name.clone())) {
            let _ = write!(text, " ({})", warning.message());
        }
        parts.push(text);
    }
    if parts.is_empty() { "no pod was created".to_owned() } else { parts.join("; ") }
}
