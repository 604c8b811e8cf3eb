//! What requests the Vertical Pod Autoscaler would recommend, and what they would save: for the workloads of a scenario, as a
//! run measures them, or for measured usage.

use crate::api::{
    ContainerResourcePolicy, CrossVersionObjectReference, Name, Object, VerticalPodAutoscaler, VpaUpdateMode,
};
use crate::autoscaler::vpa::{Aggregate, ContainerUsage, HistogramOptions, RecommenderConfig, summarize};
use crate::input::manifest::load_documents;
use crate::input::usage_series::{UsageSample, read_usage, workload_of};
use crate::input::{Diagnostic, Diagnostics, ManifestSource};
use crate::record::{Bounds, Facts, RecommendationRecord};
use crate::sim::{Prepared, RunOptions, simulate};
use crate::units::{Bytes, MilliCpu, SimTime};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A recommendation with what it would save.
#[derive(Clone, Debug, PartialEq)]
pub struct Advice {
    /// The recommendation.
    pub record: RecommendationRecord,
    /// Cores that all pods together would request less; negative if more, absent without a request today.
    pub cores_saved: Option<f64>,
    /// Bytes of memory, likewise.
    pub bytes_saved: Option<f64>,
    /// Dollars in thirty days, by what a core and a byte of the nodes cost; absent without a price.
    pub dollars_saved_per_month: Option<f64>,
}

/// Dollars of a core and of a byte of memory in an hour: half of what the nodes cost is for each resource.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ResourcePrices {
    core_hour: f64,
    byte_hour: f64,
}

/// Runs a scenario in which every workload has a VerticalPodAutoscaler that only recommends, and gives what they recommend at
/// the end. VerticalPodAutoscalers of the manifests keep their policies and change nothing either.
///
/// # Errors
/// What is wrong with a trace.
pub fn of_scenario(prepared: &Prepared, options: &RunOptions<'_>) -> Result<Vec<Advice>, Diagnostics> {
    let mut watched = prepared.clone();
    let mut targets: BTreeSet<(Name, Name, Name)> = BTreeSet::new();
    for object in &mut watched.objects {
        if let Object::VerticalPodAutoscaler(vpa) = object {
            vpa.update_mode = VpaUpdateMode::Off;
            targets.insert((vpa.meta.namespace.clone(), vpa.target.kind.clone(), vpa.target.name.clone()));
        }
    }
    let mut added = Vec::new();
    for object in &watched.objects {
        let (kind, meta) = (Name::from(object.kind().as_str()), object.meta());
        let is_workload = object.kind().is_workload() && object.pod_template().is_some() && meta.owner.is_none();
        if is_workload && !targets.contains(&(meta.namespace.clone(), kind.clone(), meta.name.clone())) {
            let mut own = meta.clone();
            own.name = format!("{}-{}", kind.to_ascii_lowercase(), meta.name).into();
            added.push(Object::VerticalPodAutoscaler(VerticalPodAutoscaler {
                meta: own,
                target: CrossVersionObjectReference { kind, name: meta.name.clone() },
                update_mode: VpaUpdateMode::Off,
                is_auto: false,
                min_replicas: None,
                eviction_requirements: Vec::new(),
                evict_after_oom: None,
                container_policies: Vec::new(),
            }));
        }
    }
    watched.objects.extend(added);
    let file = prepared.scenario.file.display().to_string();
    let facts = simulate(&watched, options).map_err(|error| Diagnostics::from(Diagnostic::error(file, error)))?;
    let prices = prices(&facts);
    Ok(facts.recommendations.iter().map(|record| advice(record.clone(), prices)).collect())
}

/// What the nodes of a run cost by the hour, by resource; `None` if the price of one is not known or all are free.
fn prices(facts: &Facts) -> Option<ResourcePrices> {
    let (mut dollars, mut cores, mut bytes) = (0.0, 0.0, 0.0);
    for node in &facts.nodes {
        let machine = facts.machine_types.get(usize::try_from(node.machine_type?).ok()?)?;
        dollars += machine.price?.as_dollars() + machine.fee.as_dollars();
        cores += node.cpu_allocatable.as_cores();
        bytes += node.memory_allocatable.as_f64();
    }
    (dollars > 0.0 && cores > 0.0 && bytes > 0.0)
        .then(|| ResourcePrices { core_hour: dollars / 2.0 / cores, byte_hour: dollars / 2.0 / bytes })
}

/// What a recommendation would save.
fn advice(record: RecommendationRecord, prices: Option<ResourcePrices>) -> Advice {
    #[expect(clippy::cast_precision_loss, reason = "a number of pods")]
    let pods = record.pods as f64;
    let cpu = record.cpu_request.zip(record.cpu).map(|(now, then)| (now.as_cores() - then.target.as_cores()) * pods);
    let memory = record.memory_request.zip(record.memory);
    let memory = memory.map(|(now, then)| (now.as_f64() - then.target.as_f64()) * pods);
    let dollars = prices.filter(|_| cpu.is_some() || memory.is_some()).map(|prices| {
        let hourly = cpu.unwrap_or(0.0) * prices.core_hour + memory.unwrap_or(0.0) * prices.byte_hour;
        hourly * 24.0 * 30.0
    });
    Advice { record, cores_saved: cpu, bytes_saved: memory, dollars_saved_per_month: dollars }
}

/// Recommends for measured usage. Manifests say what the containers request today: workloads are found by namespace and
/// name. Warnings of the manifests come with the result.
///
/// # Errors
/// What is wrong with the files.
pub fn of_usage(
    files: &[impl AsRef<Path>],
    manifests: &[ManifestSource],
) -> Result<(Vec<Advice>, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::default();
    let loaded = load_documents(manifests, jiff::Timestamp::UNIX_EPOCH, &|_| false, &[], &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics);
    }
    let objects: Vec<Object> = loaded.into_iter().map(|loaded| loaded.object).collect();
    Ok((of_samples(&read_usage(files)?, &objects), diagnostics))
}

/// What is known of the containers of a workload.
#[derive(Default)]
struct Measured {
    containers: BTreeMap<Name, Aggregate>,
    pods: BTreeSet<String>,
}

fn of_samples(samples: &[UsageSample], objects: &[Object]) -> Vec<Advice> {
    let config = RecommenderConfig::default();
    let options = HistogramOptions::new(&config);
    let start = samples.first().map_or(0.0, |sample| sample.seconds);
    let mut workloads: BTreeMap<(String, String), Measured> = BTreeMap::new();
    let mut usages: BTreeMap<(&str, &str, &str), ContainerUsage> = BTreeMap::new();
    for sample in samples {
        let time = SimTime::from_secs_f64(sample.seconds - start);
        let key = (sample.namespace.clone(), workload_of(&sample.pod).to_owned());
        let measured = workloads.entry(key).or_default();
        if !measured.pods.contains(&sample.pod) {
            measured.pods.insert(sample.pod.clone());
        }
        let aggregate = measured
            .containers
            .entry(Name::from(sample.container.as_str()))
            .or_insert_with(|| Aggregate::new(&options, time));
        let usage = usages.entry((&sample.namespace, &sample.pod, &sample.container)).or_default();
        if let Some(cores) = sample.cpu_cores {
            #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
            let cpu = MilliCpu::new((cores * 1000.0).ceil() as i64);
            usage.add_cpu(aggregate, &options, cpu, time);
        }
        if let Some(bytes) = sample.memory_bytes {
            #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
            let memory = Bytes::new(bytes as i64);
            usage.add_memory(aggregate, &options, config.memory_aggregation_interval, memory, time);
        }
    }
    let mut advices = Vec::new();
    for ((namespace, name), measured) in workloads {
        let object = objects.iter().find(|object| {
            let meta = object.meta();
            let is_there = namespace.is_empty() || *meta.namespace == *namespace;
            object.kind().is_workload() && is_there && *meta.name == *name
        });
        let known: Vec<(Name, Aggregate)> = measured.containers.into_iter().collect();
        let policies: &[ContainerResourcePolicy] = &[];
        for summary in summarize(&known, policies, &config, &options) {
            let one = &summary.recommended;
            let containers = object.and_then(|object| object.pod_template()).map(|template| &template.spec.containers);
            let today = containers.into_iter().flatten().find(|container| container.name == one.container_name);
            let record = RecommendationRecord {
                namespace: namespace.as_str().into(),
                workload: match object {
                    Some(object) => format!("{}/{name}", object.kind().as_str()).into(),
                    None => name.as_str().into(),
                },
                container: one.container_name.clone(),
                pods: i64::try_from(measured.pods.len()).unwrap_or(i64::MAX),
                samples: summary.samples,
                cpu_request: today.and_then(|container| container.requests.cpu),
                memory_request: today.and_then(|container| container.requests.memory),
                cpu: bounds(one.target.cpu, one.lower_bound.cpu, one.upper_bound.cpu),
                memory: bounds(one.target.memory, one.lower_bound.memory, one.upper_bound.memory),
                cpu_above_target: summary.cpu_above_target,
                memory_above_target: summary.memory_above_target,
            };
            advices.push(advice(record, None));
        }
    }
    advices
}

/// The three amounts of a resource, if it is controlled.
fn bounds<T>(target: Option<T>, lower_bound: Option<T>, upper_bound: Option<T>) -> Option<Bounds<T>> {
    Some(Bounds { target: target?, lower_bound: lower_bound?, upper_bound: upper_bound? })
}
