//! Replays recorded recommendations of the Vertical Pod Autoscaler (`sequences.jsonl.gz`): samples of usage and OOM kills in
//! order, and what the recommender says in between.

use super::{CaseResult, ConformanceError, Difference, read_json_lines};
use crate::api::{ContainerResourcePolicy, CpuAndMemory, Name, RecommendedContainerResources};
use crate::autoscaler::vpa::{Aggregate, ContainerUsage, HistogramOptions, OomBumpUp, RecommenderConfig, recommend};
use crate::input::kinds::common::resources;
use crate::input::kinds::vertical_pod_autoscaler::read_resource_policy;
use crate::input::{FieldErrors, FieldPath};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const SEQUENCES: &str = "sequences.jsonl.gz";

/// Replays every sequence of a folder.
///
/// # Errors
/// [`ConformanceError`] if the file is not there, cannot be read or holds a line of another form.
pub fn replay(folder: &Path) -> Result<Vec<CaseResult>, ConformanceError> {
    let file = folder.join(SEQUENCES);
    if !file.exists() {
        return Err(ConformanceError::NoRecording { folder: folder.to_owned(), expected: SEQUENCES });
    }
    let mut results = Vec::new();
    for (index, case) in read_json_lines::<Case>(&file)?.iter().enumerate() {
        let malformed = |problem| ConformanceError::Malformed { file: file.clone(), line: index + 1, problem };
        results.push(replay_case(case).map_err(malformed)?);
    }
    Ok(results)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    id: String,
    start: Timestamp,
    config: Config,
    #[serde(default)]
    resource_policy: Value,
    pods: Vec<Pod>,
    containers: Vec<Name>,
    events: Vec<Vec<Value>>,
    #[serde(default)]
    discarded_events: Vec<usize>,
    expect: Vec<Vec<Expected>>,
}

#[derive(Deserialize)]
struct Pod {
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    safety_margin_fraction: f64,
    #[serde(rename = "podMinCPUMillicores")]
    pod_min_cpu: f64,
    pod_min_memory_mb: f64,
    #[serde(rename = "targetCPUPercentile")]
    target_cpu: f64,
    #[serde(rename = "lowerBoundCPUPercentile")]
    lower_bound_cpu: f64,
    #[serde(rename = "upperBoundCPUPercentile")]
    upper_bound_cpu: f64,
    target_memory_percentile: f64,
    lower_bound_memory_percentile: f64,
    upper_bound_memory_percentile: f64,
    #[serde(rename = "confidenceIntervalCPUSeconds")]
    confidence_interval_cpu: i64,
    confidence_interval_memory_seconds: i64,
    cpu_histogram_decay_half_life_seconds: i64,
    memory_histogram_decay_half_life_seconds: i64,
    memory_aggregation_interval_seconds: i64,
    memory_aggregation_interval_count: i64,
    oom_bump_up_ratio: f64,
    oom_min_bump_up_bytes: f64,
    #[serde(rename = "roundCPUMillicores")]
    round_cpu: i64,
    round_memory_bytes: i64,
    #[serde(default)]
    global_max_allowed: BTreeMap<String, QuantityText>,
}

impl Config {
    fn recommender(&self, start: Timestamp, errors: &mut FieldErrors) -> RecommenderConfig {
        let path = FieldPath::Root;
        let max_allowed = resources::convert(Some(&self.global_max_allowed), path.key("globalMaxAllowed"), errors);
        let year_one = jiff::civil::date(1, 1, 1).at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
        let since_year_one =
            year_one.map_or(0, |year_one| start.as_nanosecond() - year_one.timestamp().as_nanosecond());
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        let oom_min_bump_up = Bytes::new(self.oom_min_bump_up_bytes as i64);
        RecommenderConfig {
            safety_margin_fraction: self.safety_margin_fraction,
            pod_min_cpu_millicores: self.pod_min_cpu,
            pod_min_memory_mb: self.pod_min_memory_mb,
            target_cpu_percentile: self.target_cpu,
            lower_bound_cpu_percentile: self.lower_bound_cpu,
            upper_bound_cpu_percentile: self.upper_bound_cpu,
            target_memory_percentile: self.target_memory_percentile,
            lower_bound_memory_percentile: self.lower_bound_memory_percentile,
            upper_bound_memory_percentile: self.upper_bound_memory_percentile,
            confidence_interval_cpu: SimDuration::from_secs(self.confidence_interval_cpu),
            confidence_interval_memory: SimDuration::from_secs(self.confidence_interval_memory_seconds),
            cpu_half_life: SimDuration::from_secs(self.cpu_histogram_decay_half_life_seconds),
            memory_half_life: SimDuration::from_secs(self.memory_histogram_decay_half_life_seconds),
            memory_aggregation_interval: SimDuration::from_secs(self.memory_aggregation_interval_seconds),
            memory_aggregation_interval_count: self.memory_aggregation_interval_count,
            oom_bump_up_ratio: self.oom_bump_up_ratio,
            oom_min_bump_up,
            round_cpu: MilliCpu::new(self.round_cpu),
            round_memory: Bytes::new(self.round_memory_bytes),
            since_year_one,
            max_allowed_cpu: max_allowed.cpu,
            max_allowed_memory: max_allowed.memory,
            ..RecommenderConfig::default()
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expected {
    container_name: Name,
    target: Amounts,
    lower_bound: Amounts,
    upper_bound: Amounts,
    uncapped_target: Amounts,
}

#[derive(Deserialize)]
struct Amounts {
    cpu: Option<String>,
    memory: Option<String>,
}

/// The state of a recommender that sees the pods of a recording.
struct Recommender<'a> {
    case: &'a Case,
    config: RecommenderConfig,
    options: HistogramOptions,
    policies: Vec<ContainerResourcePolicy>,
    /// By pod: the labels that it shares with others, and each of its containers.
    pods: Vec<(&'a BTreeMap<String, String>, Vec<ContainerUsage>)>,
    /// By labels, in the order in which they were first seen: each container.
    aggregates: Vec<(&'a BTreeMap<String, String>, Vec<Aggregate>)>,
}

/// When an event is, and the whole numbers behind.
fn time_and_numbers(event: &[Value]) -> Result<(SimTime, Vec<i64>), String> {
    let seconds = event.get(1).and_then(Value::as_f64).ok_or("an event has no time")?;
    let number = |value: &Value| value.as_i64().ok_or_else(|| format!("`{value}` is not a whole number"));
    Ok((SimTime::from_secs_f64(seconds), event.iter().skip(2).map(number).collect::<Result<_, _>>()?))
}

impl<'a> Recommender<'a> {
    fn new(case: &'a Case) -> Result<Self, String> {
        let mut errors = FieldErrors::default();
        let policies = match &case.resource_policy {
            Value::Null => Vec::new(),
            policy => read_resource_policy(policy, &mut errors).map_err(|error| error.to_string())?,
        };
        let config = case.config.recommender(case.start, &mut errors);
        if let Some(error) = errors.into_vec().first() {
            return Err(format!("{}: {}", error.field, error.problem));
        }
        let options = HistogramOptions::new(&config);
        let mut aggregates: Vec<(&BTreeMap<String, String>, Vec<Aggregate>)> = Vec::new();
        for pod in &case.pods {
            if !aggregates.iter().any(|(labels, _)| **labels == pod.labels) {
                let of_container = |_| Aggregate::new(&options, SimTime::ZERO);
                aggregates.push((&pod.labels, case.containers.iter().map(of_container).collect()));
            }
        }
        let containers = vec![ContainerUsage::default(); case.containers.len()];
        let pods = case.pods.iter().map(|pod| (&pod.labels, containers.clone())).collect();
        Ok(Self { case, config, options, policies, pods, aggregates })
    }

    /// Takes a sample or an OOM kill; whether it counts.
    fn take(&mut self, what: &str, time: SimTime, numbers: &[i64]) -> Result<bool, String> {
        let [pod, container, amount] = numbers else {
            return Err(format!("event `{what}` has {} numbers behind its time (expected 3)", numbers.len()));
        };
        let index = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let missing = || format!("event `{what}` is of pod {pod}, container {container}, which do not exist");
        let (labels, containers) = self.pods.get_mut(index(*pod)).ok_or_else(missing)?;
        let usage = containers.get_mut(index(*container)).ok_or_else(missing)?;
        let (_, aggregates) = self.aggregates.iter_mut().find(|(known, _)| known == labels).ok_or_else(missing)?;
        let aggregate = aggregates.get_mut(index(*container)).ok_or_else(missing)?;
        let (options, interval) = (&self.options, self.config.memory_aggregation_interval);
        match what {
            "c" => Ok(usage.add_cpu(aggregate, options, MilliCpu::new(*amount), time)),
            "m" => Ok(usage.add_memory(aggregate, options, interval, Bytes::new(*amount), time)),
            "o" => {
                let bump_up = OomBumpUp { ratio: self.config.oom_bump_up_ratio, at_least: self.config.oom_min_bump_up };
                Ok(usage.add_oom(aggregate, options, interval, bump_up, Bytes::new(*amount), time))
            }
            other => Err(format!("event `{other}` is unknown (expected c, m, o or q)")),
        }
    }

    /// Merges what is known of the pods that the recorded object selects, and recommends.
    fn recommend(&mut self) -> Vec<RecommendedContainerResources> {
        let mut merged: Vec<(Name, Aggregate)> = Vec::new();
        let is_selected = |labels: &BTreeMap<String, String>| labels.get("app").is_some_and(|app| app == "web");
        for (_, aggregates) in self.aggregates.iter_mut().filter(|(labels, _)| is_selected(labels)) {
            for (name, aggregate) in self.case.containers.iter().zip(aggregates) {
                let position = merged.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                    merged.push((name.clone(), Aggregate::new(&self.options, SimTime::ZERO)));
                    merged.len() - 1
                });
                merged[position].1.merge(aggregate);
            }
        }
        let known: Vec<(Name, &Aggregate)> = merged.iter().map(|(name, aggregate)| (name.clone(), aggregate)).collect();
        recommend(&known, &self.policies, &self.config, &self.options)
    }
}

fn replay_case(case: &Case) -> Result<CaseResult, String> {
    let mut recommender = Recommender::new(case)?;
    let (mut differences, mut discarded) = (Vec::new(), Vec::new());
    let mut expected = case.expect.iter();
    for (index, event) in case.events.iter().enumerate() {
        let what = event.first().and_then(Value::as_str).ok_or_else(|| format!("event {index} has no letter"))?;
        let (time, numbers) = time_and_numbers(event)?;
        if what != "q" {
            if !recommender.take(what, time, &numbers)? {
                discarded.push(index);
            }
            continue;
        }
        let wanted = expected.next().ok_or_else(|| format!("event {index} has no expectation"))?;
        compare(wanted, &recommender.recommend(), time, &mut differences);
    }
    if discarded != case.discarded_events {
        differences.push(Difference {
            field: "discardedEvents".to_owned(),
            expected: format!("{:?}", case.discarded_events),
            actual: format!("{discarded:?}"),
        });
    }
    let family = format!("sequences of {} containers", case.containers.len());
    Ok(CaseResult::new(family, case.id.clone(), differences))
}

fn compare(
    expected: &[Expected],
    actual: &[RecommendedContainerResources],
    time: SimTime,
    differences: &mut Vec<Difference>,
) {
    let seconds = time.as_secs_f64();
    let mut expected: Vec<&Expected> = expected.iter().collect();
    expected.sort_by(|a, b| a.container_name.cmp(&b.container_name));
    let mut actual: Vec<&RecommendedContainerResources> = actual.iter().collect();
    actual.sort_by(|a, b| a.container_name.cmp(&b.container_name));
    let names = |names: &mut dyn Iterator<Item = &Name>| names.map(ToString::to_string).collect::<Vec<_>>().join(",");
    let (wanted, found) = (
        names(&mut expected.iter().map(|one| &one.container_name)),
        names(&mut actual.iter().map(|one| &one.container_name)),
    );
    if wanted != found {
        let field = format!("at {seconds} s: containers");
        differences.push(Difference { field, expected: wanted, actual: found });
        return;
    }
    for (expected, actual) in expected.iter().zip(actual) {
        let parts = [
            ("target", &expected.target, actual.target),
            ("lowerBound", &expected.lower_bound, actual.lower_bound),
            ("upperBound", &expected.upper_bound, actual.upper_bound),
            ("uncappedTarget", &expected.uncapped_target, actual.uncapped_target),
        ];
        for (part, expected_part, actual_part) in parts {
            let (expected_text, actual_text) = (expected_part.text(), text_of(actual_part));
            if expected_text != actual_text {
                let field = format!("at {seconds} s: {}.{part}", expected.container_name);
                differences.push(Difference { field, expected: expected_text, actual: actual_text });
            }
        }
    }
}

impl Amounts {
    fn text(&self) -> String {
        joined(self.cpu.clone(), self.memory.clone())
    }
}

fn text_of(amounts: CpuAndMemory) -> String {
    joined(amounts.cpu.map(|cpu| format!("{}m", cpu.get())), amounts.memory.map(|memory| memory.get().to_string()))
}

fn joined(cpu: Option<String>, memory: Option<String>) -> String {
    let mut text = String::new();
    for (name, amount) in [("cpu", cpu), ("memory", memory)] {
        if let Some(amount) = amount {
            let separator = if text.is_empty() { "" } else { ", " };
            // Writing to a text cannot fail.
            let _ = write!(text, "{separator}{name} {amount}");
        }
    }
    text
}
