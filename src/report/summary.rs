//! The headline metrics of a run.

use super::cost;
use super::incidents::incidents;
use super::metric_list::METRICS;
use super::metrics::resource_name;
use super::node_metrics;
use super::requests;
use crate::record::{DecisionCounts, Facts, IntervalSeries, JobOutcome, PodOutcome, PodRecord, WorkloadRecord};
use crate::stats::{self, Sample};
use crate::units::{SimDuration, SimTime};
use std::collections::BTreeMap;

/// The metrics of one run by name, in the order of [`METRICS`]. A metric that does not apply is absent, never null,
/// zero or not-a-number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    metrics: Vec<(String, f64)>,
    /// The metrics of the requests of each traffic entry, by its name.
    traffic: Vec<(String, Vec<(String, f64)>)>,
}

impl Summary {
    /// The value of a metric, if the run has one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|(metric, _)| metric == name).map(|(_, value)| *value)
    }

    /// The value of a metric of the requests of a traffic entry, if it has one.
    #[must_use]
    pub fn get_of_traffic(&self, entry: &str, name: &str) -> Option<f64> {
        let (_, metrics) = self.traffic.iter().find(|(named, _)| named == entry)?;
        metrics.iter().find(|(metric, _)| metric == name).map(|(_, value)| *value)
    }

    /// The traffic entries, each with the metrics of its requests, none if nothing was sent.
    pub fn traffic(&self) -> impl Iterator<Item = (&str, &[(String, f64)])> {
        self.traffic.iter().map(|(entry, metrics)| (entry.as_str(), metrics.as_slice()))
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.metrics.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// Adds a metric at the end; a value that is not finite is left out.
    pub(super) fn insert(&mut self, name: impl Into<String>, value: f64) {
        if value.is_finite() {
            // Minus zero would be written as such.
            self.metrics.push((name.into(), if value == 0.0 { 0.0 } else { value }));
        }
    }

    fn insert_some(&mut self, name: impl Into<String>, value: Option<f64>) {
        if let Some(value) = value {
            self.insert(name, value);
        }
    }

    fn insert_count(&mut self, name: &str, count: usize) {
        self.insert(name, float(count as i128));
    }

    fn insert_sample(&mut self, stem: &str, mut sample: Sample) {
        let seconds = |span: Option<SimDuration>| span.map(SimDuration::as_secs_f64);
        self.insert_some(format!("{stem}_mean"), sample.mean_seconds());
        for (suffix, percent) in [("p50", 50.0), ("p90", 90.0), ("p99", 99.0)] {
            self.insert_some(format!("{stem}_{suffix}"), seconds(sample.percentile(percent)));
        }
        self.insert_some(format!("{stem}_max"), seconds(sample.max()));
    }

    /// Puts the metrics in the order of [`METRICS`], extended resources by name.
    fn sort(&mut self) {
        let position = |name: &str| {
            METRICS
                .iter()
                .position(|metric| metric.name == name)
                .or_else(|| {
                    METRICS.iter().position(|metric| {
                        metric.name.strip_prefix("<resource>").is_some_and(|suffix| name.ends_with(suffix))
                    })
                })
                .unwrap_or(METRICS.len())
        };
        self.metrics.sort_by_cached_key(|(name, _)| position(name));
    }
}

#[expect(clippy::cast_precision_loss, reason = "statistics need no more than 53 bits")]
const fn float(value: i128) -> f64 {
    value as f64
}

/// Value times nanoseconds to value times seconds.
const fn per_second(integral: i128) -> f64 {
    float(integral) / 1e9
}

/// How long a pod waited to be bound; if it never was, until it was deleted or the run ended.
pub(super) fn pending_for(pod: &PodRecord, end: SimTime) -> SimDuration {
    let until = pod.scheduled.or(pod.ended).unwrap_or(end);
    (until - pod.created).max_zero()
}

/// Reduces a run to its metrics.
#[must_use]
pub fn summarize(facts: &Facts) -> Summary {
    let mut summary = Summary::default();
    summary.insert("simulated_seconds", facts.end.as_secs_f64());
    pods(facts, &mut summary);
    nodes(facts, &mut summary);
    workloads(facts, &mut summary);
    jobs(facts, &mut summary);
    autoscaling(facts, &mut summary);
    recoveries(facts, &mut summary);
    for (stem, sample) in node_metrics::samples(facts) {
        summary.insert_sample(stem, sample);
    }
    for (name, value) in node_metrics::metrics(facts).into_iter().chain(cost::metrics(facts)) {
        summary.insert(name, value);
    }
    summary.sort();
    summary
}

fn pods(facts: &Facts, summary: &mut Summary) {
    summary.insert_count("pods_created", facts.pods.len());
    let outcomes = [
        ("pods_succeeded", PodOutcome::Succeeded),
        ("pods_failed", PodOutcome::Failed),
        ("pods_deleted", PodOutcome::Deleted),
        ("pods_deleted_while_pending", PodOutcome::DeletedWhilePending),
        ("pods_evicted", PodOutcome::Evicted),
        ("pods_running_at_end", PodOutcome::Running),
        ("pods_pending_at_end", PodOutcome::Pending),
        ("pods_impossible", PodOutcome::Impossible),
    ];
    for (name, outcome) in outcomes {
        summary.insert_count(name, facts.pods.iter().filter(|pod| pod.outcome == outcome).count());
    }
    summary.insert_count("pods_scheduled", facts.pods.iter().filter(|pod| pod.scheduled.is_some()).count());
    summary.insert("pod_restarts", float(facts.pods.iter().map(|pod| i128::from(pod.restarts)).sum()));
    summary.insert("scheduling_attempts", float(facts.scheduling_attempts.into()));
    summary.insert("scheduling_attempts_by_framework", float(facts.framework_attempts.into()));
    summary.insert_sample("pod_pending_seconds", facts.pods.iter().map(|pod| pending_for(pod, facts.end)).collect());
    summary.insert_sample(
        "pod_startup_seconds",
        facts.pods.iter().filter_map(|pod| pod.ready.map(|ready| ready - pod.created)).collect(),
    );
    let cluster = &facts.cluster;
    summary.insert_some("pods_pending_mean", stats::mean_of_intervals(&cluster.pods_pending, facts.end));
    summary.insert("pods_pending_max", float(cluster.pods_pending.max().into()));
    summary.insert_some("pods_ready_mean", stats::mean_of_intervals(&cluster.pods_ready, facts.end));
}

fn nodes(facts: &Facts, summary: &mut Summary) {
    let (cluster, end) = (&facts.cluster, facts.end);
    summary.insert_some("node_count_mean", stats::mean_of_intervals(&cluster.nodes, end));
    summary.insert("node_count_max", float(cluster.nodes.max().into()));
    summary.insert_some("nodes_used_mean", stats::mean_of_intervals(&cluster.nodes_used, end));
    summary.insert("nodes_used_max", float(cluster.nodes_used.max().into()));
    summary.insert(
        "pods_per_node_max",
        float(facts.nodes.iter().map(|node| i128::from(node.pods_max)).max().unwrap_or(0)),
    );
    summary.insert("node_hours", per_second(stats::total_until(&cluster.nodes, end)) / 3600.0);
    summary.insert_some(
        "node_cpu_allocatable_cores_mean",
        stats::mean_of_intervals(&cluster.cpu_allocatable, end).map(|millicores| millicores / 1000.0),
    );
    let mut ratios = |stem: &str, part: &IntervalSeries, whole: &IntervalSeries| {
        let mean = stats::ratio_of_totals(stats::total_until(part, end), stats::total_until(whole, end));
        summary.insert_some(format!("{stem}_mean"), mean);
        summary.insert_some(format!("{stem}_max"), stats::peak_ratio(part, whole));
    };
    ratios("node_cpu_requested_ratio", &cluster.cpu_requested, &cluster.cpu_allocatable);
    ratios("node_cpu_used_ratio", &cluster.cpu_used, &cluster.cpu_allocatable);
    ratios("node_cpu_stranded_ratio", &cluster.cpu_stranded, &cluster.cpu_allocatable);
    ratios("node_memory_stranded_ratio", &cluster.memory_stranded, &cluster.memory_allocatable);
    ratios("node_memory_requested_ratio", &cluster.memory_requested, &cluster.memory_allocatable);
    ratios("node_memory_used_ratio", &cluster.memory_used, &cluster.memory_allocatable);
    for resource in &cluster.extended {
        let stem = format!("{}_requested_ratio", resource_name(&resource.name));
        ratios(&stem, &resource.requested, &resource.allocatable);
    }
}

fn workloads(facts: &Facts, summary: &mut Summary) {
    let (start, end) = (SimTime::ZERO, facts.end);
    let total = |series: &dyn Fn(&WorkloadRecord) -> i128| -> i128 { facts.workloads.iter().map(series).sum() };
    if !facts.workloads.is_empty() {
        let elapsed = i128::from(end.as_nanos());
        let desired = total(&|workload| workload.desired.integral(start, end));
        let ready = total(&|workload| workload.ready.integral(start, end));
        summary.insert_some("replicas_desired_mean", stats::ratio_of_totals(desired, elapsed));
        summary.insert_some("replicas_ready_mean", stats::ratio_of_totals(ready, elapsed));
        let missing = total(&|workload| stats::shortfall(&workload.desired, &workload.ready, start, end));
        summary.insert("replicas_missing_replica_seconds", per_second(missing));
        let is_short =
            |workload: &&WorkloadRecord| workload.ready.last().unwrap_or(0) < workload.desired.last().unwrap_or(0);
        summary.insert_count("workloads_short_at_end", facts.workloads.iter().filter(is_short).count());
    }
    summary.insert_some("workload_on_one_node_ratio_mean", mean_share_on_one_node(facts));
    if facts.workloads.iter().any(|workload| !workload.request_rate_milli.is_empty()) {
        let (offered, unserved) = requests_and_unserved(facts);
        summary.insert("requests_total", offered);
        if offered > 0.0 {
            summary.insert("requests_unserved_ratio", unserved / offered);
        }
    }
    let incidents = incidents(facts);
    for (name, value) in requests::metrics(&requests::of_users(facts).collect::<Vec<_>>(), &incidents) {
        summary.insert(name, value);
    }
    for record in &facts.traffic {
        let mut of_entry = Summary::default();
        for (name, value) in requests::metrics_of_entry(record, &incidents) {
            of_entry.insert(name, value);
        }
        of_entry.sort();
        summary.traffic.push((record.identity.name.to_string(), of_entry.metrics));
    }
}

/// All requests, and those that were not served.
fn requests_and_unserved(facts: &Facts) -> (f64, f64) {
    requests::counted(facts).unwrap_or_else(|| {
        let total = |series: fn(&WorkloadRecord) -> i128| facts.workloads.iter().map(series).sum();
        let offered = total(|workload| workload.request_rate_milli.total());
        let unserved = total(|workload| workload.request_rate_unserved_milli.total());
        (per_second(offered) / 1000.0, per_second(unserved) / 1000.0)
    })
}

fn jobs(facts: &Facts, summary: &mut Summary) {
    if facts.jobs.is_empty() {
        return;
    }
    let with = |outcome: JobOutcome| facts.jobs.iter().filter(move |job| job.outcome == outcome);
    summary.insert_count("jobs_completed", with(JobOutcome::Complete).count());
    summary.insert_count("jobs_failed", with(JobOutcome::Failed).count());
    summary.insert_count("jobs_unfinished_at_end", with(JobOutcome::Running).count());
    let durations = with(JobOutcome::Complete).filter_map(|job| Some(job.finished? - job.started?));
    summary.insert_sample("job_duration_seconds", durations.collect());
}

/// The largest share of a workload's pods that one node holds at the end, mean over the workloads with two pods or more.
/// DaemonSets are left out: they have a pod on each node.
fn mean_share_on_one_node(facts: &Facts) -> Option<f64> {
    let mut counts: BTreeMap<(&str, &str), BTreeMap<u32, u32>> = BTreeMap::new();
    let counts_here = |pod: &&PodRecord| {
        pod.outcome == PodOutcome::Running && !pod.workload.is_empty() && !pod.workload.starts_with("DaemonSet/")
    };
    for pod in facts.pods.iter().filter(counts_here) {
        let Some(node) = pod.node else { continue };
        *counts.entry((&pod.namespace, &pod.workload)).or_default().entry(node).or_default() += 1;
    }
    let shares = counts.values().filter_map(|nodes| {
        let total: u32 = nodes.values().sum();
        let most = nodes.values().max()?;
        (total > 1).then(|| f64::from(*most) / f64::from(total))
    });
    let shares: Vec<f64> = shares.collect();
    #[expect(clippy::cast_precision_loss, reason = "a number of workloads")]
    (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
}

fn autoscaling(facts: &Facts, summary: &mut Summary) {
    if facts.autoscalers.is_empty() {
        return;
    }
    let total = |count: fn(&DecisionCounts) -> usize| {
        facts.autoscalers.iter().map(|autoscaler| count(&autoscaler.decisions)).sum()
    };
    summary.insert_count("autoscaling_decisions", total(|counts| counts.all));
    summary.insert_count("autoscaling_scale_ups", total(|counts| counts.scale_ups));
    summary.insert_count("autoscaling_scale_downs", total(|counts| counts.scale_downs));
    summary.insert_count("autoscaling_limited", total(|counts| counts.limited));
}

fn recoveries(facts: &Facts, summary: &mut Summary) {
    summary.insert_count("faults", facts.recoveries.len());
    if facts.recoveries.is_empty() {
        return;
    }
    let detection: Sample =
        facts.recoveries.iter().filter_map(|fault| fault.detected.map(|detected| detected - fault.struck)).collect();
    summary.insert_some("fault_detection_seconds_mean", detection.mean_seconds());
    summary.insert_some("fault_detection_seconds_max", detection.max().map(SimDuration::as_secs_f64));
    let recovery: Sample =
        facts.recoveries.iter().map(|fault| fault.restored.unwrap_or(facts.end) - fault.struck).collect();
    summary.insert_some("recovery_seconds_mean", recovery.mean_seconds());
    summary.insert_some("recovery_seconds_max", recovery.max().map(SimDuration::as_secs_f64));
    summary
        .insert_count("faults_not_recovered", facts.recoveries.iter().filter(|fault| fault.restored.is_none()).count());
    let missing: i128 = facts.recoveries.iter().map(|fault| fault.missing_replica_nanos).sum();
    summary.insert("capacity_missing_replica_seconds", per_second(missing));
}
