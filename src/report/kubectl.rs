//! What `kubectl get` would list at the end of a run. Columns that the simulation has no truth for (addresses, kubelet
//! versions, operating systems) are `<none>` or left out.

use super::format::{Cell, Column, ResultSet};
use super::numbers;
use crate::record::{
    AutoscalerRecord, EventRecord, EventType, Facts, JobOutcome, JobRecord, MetricRecord, MetricSpecRecord, NodeRecord,
    PodRecord, WorkloadRecord,
};
use crate::units::{SimDuration, SimTime};

/// A span as the AGE column shows it. Mirrors `duration.HumanDuration` of k8s.io/apimachinery.
#[must_use]
pub fn human_duration(span: SimDuration) -> String {
    let seconds = span.as_nanos() / 1_000_000_000;
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let two = |large: i64, unit: &str, small: i64, rest: &str| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{rest}") }
    };
    match seconds {
        ..120 => format!("{}s", seconds.max(0)),
        120..600 => two(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => two(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => two(hours / 24, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{}d", hours / 24),
        63_072_000..252_288_000 => two(hours / 24 / 365, "y", hours / 24 % 365, "d"),
        _ => format!("{}y", hours / 24 / 365),
    }
}

/// Whether objects of more than one namespace are listed, so that the column is needed.
fn many_namespaces<'a>(mut namespaces: impl Iterator<Item = &'a str>) -> bool {
    let first = namespaces.next();
    namespaces.any(|namespace| Some(namespace) != first)
}

/// A set whose first column is the namespace where there is more than one.
fn listing(namespaced: bool, columns: &[Column]) -> ResultSet {
    let mut all = Vec::with_capacity(columns.len() + 1);
    if namespaced {
        all.push(Column::new("namespace", "NAMESPACE"));
    }
    all.extend_from_slice(columns);
    ResultSet::new(all)
}

fn row(namespaced: bool, namespace: &str, cells: impl IntoIterator<Item = Cell>) -> Vec<Cell> {
    namespaced.then(|| Cell::from(namespace)).into_iter().chain(cells).collect()
}

fn age(created: SimTime, end: SimTime) -> Cell {
    human_duration(end - created).into()
}

/// `kubectl get pods`: the pods in the API at the end, by namespace and name.
#[must_use]
pub fn pods(facts: &Facts) -> ResultSet {
    let listed = facts.pods.iter().enumerate().filter(|(_, pod)| pod.is_listed_last);
    let mut pods: Vec<(usize, &PodRecord)> = listed.collect();
    pods.sort_by(|(_, one), (_, other)| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
    let namespaced = many_namespaces(pods.iter().map(|(_, pod)| &*pod.namespace));
    let nominated = |index: usize| {
        let index = u32::try_from(index).ok()?;
        let position = facts.nominated_last.binary_search_by_key(&index, |(pod, _)| *pod).ok()?;
        facts.nodes.get(facts.nominated_last[position].1 as usize)
    };
    let columns = [
        Column::new("name", "NAME"),
        Column::new("ready", "READY"),
        Column::new("status", "STATUS"),
        Column::new("restarts", "RESTARTS"),
        Column::new("age", "AGE"),
        Column::wide("ip", "IP"),
        Column::wide("node", "NODE"),
        Column::wide("nominated_node", "NOMINATED NODE"),
        Column::wide("readiness_gates", "READINESS GATES"),
    ];
    let mut set = listing(namespaced, &columns);
    for (index, pod) in pods {
        let node = pod.node.and_then(|node| facts.nodes.get(node as usize));
        let cells = [
            Cell::from(&*pod.name),
            format!("{}/{}", pod.containers_ready_last, pod.containers).into(),
            pod.status_last.into(),
            Cell::Integer(pod.restarts.into()),
            age(pod.created, facts.end),
            Cell::None,
            node.map_or(Cell::None, |node| (&*node.name).into()),
            nominated(index).map_or(Cell::None, |node| (&*node.name).into()),
            Cell::None,
        ];
        set.push(row(namespaced, &pod.namespace, cells));
    }
    set
}

/// `kubectl get nodes`: the nodes in the API at the end, by name.
#[must_use]
pub fn nodes(facts: &Facts) -> ResultSet {
    let mut nodes: Vec<&NodeRecord> = facts.nodes.iter().filter(|node| node.deleted.is_none()).collect();
    nodes.sort_by_key(|node| &node.name);
    let mut set = ResultSet::new(vec![
        Column::new("name", "NAME"),
        Column::new("status", "STATUS"),
        Column::new("roles", "ROLES"),
        Column::new("age", "AGE"),
        Column::wide("instance_type", "INSTANCE-TYPE"),
        Column::wide("zone", "ZONE"),
    ]);
    let label = |text: &str| if text.is_empty() { Cell::None } else { text.into() };
    for node in nodes {
        set.push(vec![
            (&*node.name).into(),
            (&*node.status_last).into(),
            Cell::None,
            age(node.created, facts.end),
            label(&node.instance_type),
            label(&node.zone),
        ]);
    }
    set
}

/// `kubectl get deployments`, by namespace and name.
#[must_use]
pub fn deployments(facts: &Facts) -> ResultSet {
    let mut workloads: Vec<(&str, &WorkloadRecord)> = facts
        .workloads
        .iter()
        .filter_map(|workload| Some((workload.name.strip_prefix("Deployment/")?, workload)))
        .collect();
    workloads.sort_by_key(|(name, workload)| (&workload.namespace, *name));
    let namespaced = many_namespaces(workloads.iter().map(|(_, workload)| &*workload.namespace));
    let columns = [
        Column::new("name", "NAME"),
        Column::new("ready", "READY"),
        Column::new("up_to_date", "UP-TO-DATE"),
        Column::new("available", "AVAILABLE"),
        Column::new("age", "AGE"),
    ];
    let mut set = listing(namespaced, &columns);
    for (name, workload) in workloads {
        let created = workload.desired.points().first().map(|(at, _)| *at);
        let (ready, desired) = (workload.ready.last().unwrap_or(0), workload.desired.last().unwrap_or(0));
        let cells = [
            name.into(),
            format!("{ready}/{desired}").into(),
            Cell::Integer(workload.updated_last),
            Cell::Integer(workload.available_last),
            created.map_or(Cell::None, |created| age(created, facts.end)),
        ];
        set.push(row(namespaced, &workload.namespace, cells));
    }
    set
}

/// `kubectl get jobs`: the Jobs in the API at the end, by namespace and name.
#[must_use]
pub fn jobs(facts: &Facts) -> ResultSet {
    let mut jobs: Vec<&JobRecord> = facts.jobs.iter().filter(|job| job.removed.is_none()).collect();
    jobs.sort_by_key(|job| (&job.namespace, &job.name));
    let namespaced = many_namespaces(jobs.iter().map(|job| &*job.namespace));
    let columns = [
        Column::new("name", "NAME"),
        Column::new("status", "STATUS"),
        Column::new("completions", "COMPLETIONS"),
        Column::new("duration", "DURATION"),
        Column::new("age", "AGE"),
    ];
    let mut set = listing(namespaced, &columns);
    for job in jobs {
        let status = match job.outcome {
            JobOutcome::Complete => "Complete",
            JobOutcome::Failed => "Failed",
            JobOutcome::Suspended => "Suspended",
            JobOutcome::Running | JobOutcome::Deleted => "Running",
        };
        let completions = match (job.completions, job.parallelism) {
            (Some(completions), _) => format!("{}/{completions}", job.succeeded),
            (None, parallelism @ 2..) => format!("{}/1 of {parallelism}", job.succeeded),
            (None, _) => format!("{}/1", job.succeeded),
        };
        // A Job that has failed has no completion time: kubectl goes on counting.
        let completed = job.finished.filter(|_| job.outcome == JobOutcome::Complete);
        let duration = job.started.map(|started| human_duration(completed.unwrap_or(facts.end) - started));
        let cells = [
            (&*job.name).into(),
            status.into(),
            completions.into(),
            duration.map_or_else(|| "".into(), Cell::from),
            age(job.created, facts.end),
        ];
        set.push(row(namespaced, &job.namespace, cells));
    }
    set
}

/// `kubectl get hpa`, by namespace and name. Targets are those of the last decision.
#[must_use]
pub fn horizontal_pod_autoscalers(facts: &Facts) -> ResultSet {
    let mut autoscalers: Vec<&AutoscalerRecord> =
        facts.autoscalers.iter().filter(|autoscaler| !autoscaler.removed).collect();
    autoscalers.sort_by_key(|autoscaler| (&autoscaler.spec.namespace, &autoscaler.spec.name));
    let namespaced = many_namespaces(autoscalers.iter().map(|autoscaler| &*autoscaler.spec.namespace));
    let columns = [
        Column::new("name", "NAME"),
        Column::new("reference", "REFERENCE"),
        Column::new("targets", "TARGETS"),
        Column::new("min_pods", "MINPODS"),
        Column::new("max_pods", "MAXPODS"),
        Column::new("replicas", "REPLICAS"),
        Column::new("age", "AGE"),
    ];
    let mut set = listing(namespaced, &columns);
    for autoscaler in autoscalers {
        let last = autoscaler.last.as_ref();
        let targets: Vec<String> = last.map_or_else(Vec::new, |last| {
            last.autoscaler.metrics.iter().zip(&last.metrics).map(|(spec, found)| target(spec, found)).collect()
        });
        let cells = [
            (&*autoscaler.spec.name).into(),
            (&*autoscaler.spec.target).into(),
            if targets.is_empty() { "<unknown>".into() } else { targets.join(", ").into() },
            Cell::Integer(autoscaler.min_replicas.into()),
            Cell::Integer(autoscaler.max_replicas.into()),
            Cell::Integer(last.map_or(0, |last| last.current_replicas).into()),
            age(autoscaler.created, facts.end),
        ];
        set.push(row(namespaced, &autoscaler.spec.namespace, cells));
    }
    set
}

/// `kubectl get events`: the Events in order of their first occurrence. Those of nodes are in namespace `default`, as the
/// event recorder puts them there.
#[must_use]
pub fn events(facts: &Facts) -> ResultSet {
    let namespace =
        |event: &EventRecord| if event.namespace.is_empty() { "default".into() } else { event.namespace.clone() };
    let homes: Vec<_> = facts.events().map(|event| namespace(&event)).collect();
    let namespaced = many_namespaces(homes.iter().map(|home| &**home));
    let columns = [
        Column::new("last_seen", "LAST SEEN"),
        Column::new("type", "TYPE"),
        Column::new("reason", "REASON"),
        Column::new("object", "OBJECT"),
        Column::wide("source", "SOURCE"),
        Column::new("message", "MESSAGE"),
        Column::wide("first_seen", "FIRST SEEN"),
        Column::wide("count", "COUNT"),
    ];
    let mut set = listing(namespaced, &columns);
    for (event, namespace) in facts.events().zip(&homes) {
        let event_type = match event.event_type {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        };
        let cells = [
            age(event.last, facts.end),
            event_type.into(),
            event.reason.into(),
            format!("{}/{}", event.kind.to_lowercase(), event.name).into(),
            event.source.into(),
            (&*event.message()).into(),
            age(event.first, facts.end),
            Cell::Integer(event.count.into()),
        ];
        set.push(row(namespaced, namespace, cells));
    }
    set
}

/// `cpu: 52%/60%`, `memory: 314572800/400Mi`; other metrics without their names (`formatHPAMetrics` of kubectl).
fn target(metric: &MetricSpecRecord, found: &MetricRecord) -> String {
    let name = metric.resource.as_ref().map(|resource| format!("{resource}: ")).unwrap_or_default();
    let current = match found.current {
        None => "<unknown>".to_owned(),
        Some(percent) if metric.target_text.ends_with('%') => format!("{percent:.0}%"),
        Some(value) => numbers::quantity(value),
    };
    format!("{name}{current}/{}", metric.target_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_as_kubectl_prints_them() {
        let cases = [
            (Some("cpu"), "60%", Some(52.0), "cpu: 52%/60%"),
            (Some("memory"), "400Mi", Some(314_572_800.0), "memory: 314572800/400Mi"),
            (Some("memory"), "400Mi", Some(200e6), "memory: 200M/400Mi"),
            (Some("cpu"), "200m", Some(0.153), "cpu: 153m/200m"),
            (Some("cpu"), "60%", None, "cpu: <unknown>/60%"),
            (None, "30 (avg)", Some(12.5), "12500m/30 (avg)"),
            (None, "1k", Some(1500.0), "1500/1k"),
        ];
        for (resource, target_text, current, expected) in cases {
            let spec = MetricSpecRecord {
                name: "".into(),
                resource: resource.map(Into::into),
                target: 0.0,
                target_text: target_text.into(),
            };
            let found = MetricRecord { current, proposal: None, error: "".into() };
            assert_eq!(target(&spec, &found), expected);
        }
    }

    #[test]
    fn ages_get_coarser_as_they_grow() {
        let cases = [
            (1, "1s"),
            (70, "70s"),
            (190, "3m10s"),
            (70 * 60, "70m"),
            (47 * 3600, "47h"),
            (49 * 3600, "2d1h"),
            (8 * 86_400 + 2 * 3600, "8d"),
            (367 * 86_400, "367d"),
            ((365 * 2 + 25) * 86_400, "2y25d"),
            ((365 * 8 + 2) * 86_400, "8y"),
            (-1, "0s"),
            (-2, "<invalid>"),
            (180, "3m"),
            (3 * 3600, "3h"),
            (3 * 3600 + 120, "3h2m"),
        ];
        for (seconds, text) in cases {
            assert_eq!(human_duration(SimDuration::from_secs(seconds)), text, "{seconds}");
        }
    }
}
