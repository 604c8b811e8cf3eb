//! `cost_by_workload.csv` and `cost_by_namespace.csv`: what the requests of pods cost. `node_waits.csv`: pods that waited for a node.

use super::{ReportError, Table, TableForm};
use crate::record::{Facts, PodRecord};
use crate::report::cost_split::weights;
use crate::report::node_price::{hourly_price, paid_for};
use crate::report::node_waits::node_waits;
use crate::report::numbers;
use crate::units::{NanoDollars, SimTime};
use std::collections::BTreeMap;
use std::path::Path;

/// What pods had, summed over them.
#[derive(Default)]
struct Requested {
    pods: usize,
    pod_hours: f64,
    core_hours: f64,
    gibibyte_hours: f64,
    dollars: f64,
    unknown_pod_hours: f64,
}

/// What a pod's requests cost for the time that it was on its node, and how many hours that was. A pod has of its node's price
/// for CPU and for memory the share that it requests of the node's capacity.
fn pod_cost(pod: &PodRecord, facts: &Facts) -> Option<(f64, Option<f64>)> {
    let node = facts.nodes.get(pod.node? as usize)?;
    let until = pod.ended.unwrap_or(facts.end).min(node.deleted.unwrap_or(facts.end)).min(facts.end);
    let hours = (until - pod.scheduled?.max(SimTime::ZERO)).max_zero().as_secs_f64() / 3600.0;
    let (cpu, memory) = weights(node);
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 0.0 };
    let part = cpu * share(pod.cpu_request.as_cores(), node.cpu_capacity.as_cores())
        + memory * share(pod.memory_request.as_f64(), node.memory_capacity.as_f64());
    Some((hours, hourly_price(facts, node).map(|price| price.as_dollars() * hours * part)))
}

/// Sums by a key of each pod.
fn by<K: Ord>(facts: &Facts, key: impl Fn(&PodRecord) -> K) -> BTreeMap<K, Requested> {
    let mut sums: BTreeMap<K, Requested> = BTreeMap::new();
    for pod in &facts.pods {
        let Some((hours, cost)) = pod_cost(pod, facts) else { continue };
        let sum = sums.entry(key(pod)).or_default();
        sum.pods += 1;
        sum.pod_hours += hours;
        sum.core_hours += hours * pod.cpu_request.as_cores();
        sum.gibibyte_hours += hours * pod.memory_request.as_f64() / 1_073_741_824.0;
        match cost {
            Some(cost) => sum.dollars += cost,
            None => sum.unknown_pod_hours += hours,
        }
    }
    sums
}

const SUMS: [&str; 6] = [
    "pods",
    "pod_hours",
    "cpu_requested_core_hours",
    "memory_requested_gib_hours",
    "cost_dollars",
    "pod_hours_of_unknown_price",
];

fn write_sums(table: &mut Table, sum: &Requested) -> Result<(), ReportError> {
    table.integer(i64::try_from(sum.pods).unwrap_or(i64::MAX))?;
    for value in [sum.pod_hours, sum.core_hours, sum.gibibyte_hours, sum.dollars, sum.unknown_pod_hours] {
        table.text(&numbers::shortest(value))?;
    }
    table.end_row()
}

/// The part of the nodes' price that no pod's requests account for.
fn rest(facts: &Facts, accounted: f64) -> Requested {
    let cost = |node: &crate::record::NodeRecord| {
        hourly_price(facts, node).map(|price| price.per_hour_over(paid_for(node, facts.end)))
    };
    let total: NanoDollars = facts.nodes.iter().filter_map(cost).sum();
    Requested { dollars: (total.as_dollars() - accounted).max(0.0), ..Requested::default() }
}

/// Writes every workload by namespace and name; pods without one by their arrival stream or trace. The last row is what no
/// request accounts for.
pub(in crate::report) fn write_cost_by_workload(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let columns: Vec<&str> = ["namespace", "workload"].into_iter().chain(SUMS).collect();
    let mut table = Table::create(path, &columns)?;
    let name = |pod: &PodRecord| if pod.workload.is_empty() { pod.arrival.clone() } else { pod.workload.clone() };
    let sums = by(facts, |pod| (pod.namespace.clone(), name(pod)));
    let accounted: f64 = sums.values().map(|sum| sum.dollars).sum();
    for ((namespace, workload), sum) in &sums {
        table.text(namespace)?;
        table.text(workload)?;
        write_sums(&mut table, sum)?;
    }
    table.text("")?;
    table.text("(not requested)")?;
    write_sums(&mut table, &rest(facts, accounted))?;
    table.finish()
}

/// Writes every namespace. The last row is what no request accounts for.
pub(in crate::report) fn write_cost_by_namespace(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let columns: Vec<&str> = ["namespace"].into_iter().chain(SUMS).collect();
    let mut table = Table::create(path, &columns)?;
    let sums = by(facts, |pod| pod.namespace.clone());
    let accounted: f64 = sums.values().map(|sum| sum.dollars).sum();
    for (namespace, sum) in &sums {
        table.text(namespace)?;
        write_sums(&mut table, sum)?;
    }
    table.text("(not requested)")?;
    write_sums(&mut table, &rest(facts, accounted))?;
    table.finish()
}

const WAITS: &[&str] = &[
    "namespace",
    "pod",
    "workload",
    "node",
    "created_seconds",
    "scheduled_seconds",
    "wait_seconds",
    "decision_seconds",
    "launch_seconds",
    "register_seconds",
    "ready_seconds",
    "schedule_seconds",
    "pull_seconds",
    "start_seconds",
];

/// Writes every pod that waited for a node, in order of creation, with where the time went.
pub(in crate::report) fn write_node_waits(path: &Path, facts: &Facts) -> Result<TableForm, ReportError> {
    let mut table = Table::create(path, WAITS)?;
    for wait in node_waits(facts) {
        let pod = wait.pod;
        table.text(&pod.namespace)?;
        table.text(&pod.name)?;
        table.text(&pod.workload)?;
        table.text(pod.node.and_then(|node| facts.nodes.get(node as usize)).map_or("", |node| &node.name))?;
        table.instant(Some(pod.created))?;
        table.instant(pod.scheduled)?;
        table.span(Some(wait.until_bound()))?;
        for span in
            [wait.decision, wait.launch, Some(wait.register), wait.ready, Some(wait.schedule), wait.pull, wait.start]
        {
            table.span(span)?;
        }
        table.end_row()?;
    }
    table.finish()
}
