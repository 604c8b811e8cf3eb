//! One recorded reconcile.

use super::super::{CaseResult, Difference};
use super::Differences;
use super::recorded::{RecordedConfig, convert_hpa, milli, milli_value, relative, timestamp};
use crate::api::{
    Container, CrossVersionObjectReference, HorizontalPodAutoscaler, MetricIdentifier, MetricSpec, PodPhase, PodSpec,
    Quantity, ResourceList,
};
use crate::autoscaler::hpa::{
    ConditionStatus, HpaConditionReason, HpaConditionType, HpaConfig, HpaDecision, HpaHistory, HpaInputs, HpaPod,
    HpaState, MetricName, MetricProposal, MetricsSource, PodReadyCondition, Scale, ScaleSelector, TimedReplicas,
    UnselectedSamples, propose, reconcile,
};
use crate::autoscaler::metrics::{MilliValue, PodMetric};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use k8s_openapi::api::autoscaling::v2;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A line of the recording as it stands.
#[derive(Debug, Deserialize)]
struct RawCase {
    id: String,
    #[serde(default)]
    tags: Vec<String>,
    now: String,
    config: RecordedConfig,
    hpa: v2::HorizontalPodAutoscaler,
    scale: RawScale,
    pods: Option<Vec<RawPod>>,
    metrics: RawMetrics,
    history: Option<RawHistory>,
    expect: Expect,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawScale {
    spec_replicas: i32,
    status_replicas: i32,
    selector: String,
}

#[derive(Debug, Deserialize)]
struct RawPod {
    metadata: RawMetadata,
    spec: RawPodSpec,
    status: RawPodStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMetadata {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    deletion_timestamp: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPodSpec {
    containers: Vec<RawContainer>,
    #[serde(default)]
    init_containers: Vec<RawContainer>,
    #[serde(default)]
    resources: RawResources,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawContainer {
    name: String,
    #[serde(default)]
    resources: RawResources,
    restart_policy: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct RawResources {
    #[serde(default)]
    requests: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPodStatus {
    phase: String,
    start_time: Option<String>,
    #[serde(default)]
    conditions: Vec<RawPodCondition>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPodCondition {
    #[serde(rename = "type")]
    condition_type: String,
    status: String,
    last_transition_time: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawMetrics {
    pod_metrics: Vec<RawPodMetrics>,
    pods_metrics: BTreeMap<String, Vec<RawPodValue>>,
    object_metrics: Vec<RawObjectMetric>,
    external_metrics: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawPodMetrics {
    name: String,
    timestamp: String,
    window_seconds: i64,
    containers: Option<Vec<RawContainerMetrics>>,
}

#[derive(Debug, Deserialize)]
struct RawContainerMetrics {
    name: String,
    usage: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
struct RawPodValue {
    pod: String,
    value: String,
}

#[derive(Debug, Deserialize)]
struct RawObjectMetric {
    kind: String,
    name: String,
    metric: String,
    value: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RawHistory {
    recommendations: Vec<AgedReplicas>,
    scale_up_events: Vec<AgedReplicas>,
    scale_down_events: Vec<AgedReplicas>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
struct AgedReplicas {
    age_seconds: i64,
    replicas: i32,
}

/// What the controller decided.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expect {
    desired_replicas: i32,
    rescaled: bool,
    #[serde(default)]
    rescale_reason: String,
    error: bool,
    per_metric: Vec<ExpectMetric>,
    conditions: Vec<ExpectCondition>,
    current_metrics: Option<Vec<ExpectCurrent>>,
    history_after: RawHistory,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
struct ExpectMetric {
    replicas: Option<i32>,
    reason: String,
    metric: String,
}

#[derive(Debug, Deserialize)]
struct ExpectCondition {
    #[serde(rename = "type")]
    condition_type: String,
    status: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExpectCurrent {
    #[serde(rename = "type")]
    metric_type: String,
    resource: Option<ExpectSource>,
    container_resource: Option<ExpectSource>,
    pods: Option<ExpectSource>,
    object: Option<ExpectSource>,
    external: Option<ExpectSource>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ExpectSource {
    name: String,
    container: String,
    metric: ExpectIdentifier,
    described_object: ExpectIdentifier,
    current: ExpectValue,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExpectIdentifier {
    kind: String,
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ExpectValue {
    average_utilization: Option<i32>,
    average_value: Option<String>,
    value: Option<String>,
}

/// `status.currentMetrics` of one metric in comparable form; a failed metric is all empty.
#[derive(Debug, Default, PartialEq, Eq)]
struct CurrentMetric {
    metric_type: String,
    name: String,
    container: String,
    described_object: (String, String),
    average_utilization: Option<i32>,
    average_value: Option<Quantity>,
    value: Option<Quantity>,
}

/// A pod with what the reconcile borrows.
#[derive(Debug)]
struct Pod {
    phase: PodPhase,
    deleting: bool,
    start_time: Option<SimTime>,
    ready: Option<PodReadyCondition>,
    spec: PodSpec,
}

/// A recorded reconcile, ready to be replayed; `now` is time zero.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawCase")]
pub(super) struct SingleCase {
    id: String,
    family: String,
    config: HpaConfig,
    hpa: HorizontalPodAutoscaler,
    scale: Scale,
    pods: Vec<Pod>,
    metrics: RecordedMetrics,
    state: HpaState,
    expect: Expect,
    expected_current: Option<Vec<CurrentMetric>>,
}

impl TryFrom<RawCase> for SingleCase {
    type Error = String;

    fn try_from(raw: RawCase) -> Result<Self, String> {
        let now = timestamp(&raw.now)?;
        let selector = parse_selector(&raw.scale.selector)?;
        let selected: Vec<&RawPod> = raw
            .pods
            .iter()
            .flatten()
            .filter(|pod| selector.iter().all(|(key, value)| pod.metadata.labels.get(*key).is_some_and(|v| v == value)))
            .collect();
        let pods = selected.iter().map(|pod| convert_pod(pod, now)).collect::<Result<_, _>>()?;
        let names = selected.iter().enumerate().map(|(index, pod)| (pod.metadata.name.as_str(), index)).collect();
        let mut state = HpaState { history: history(raw.history.unwrap_or_default())?, ..HpaState::default() };
        let conditions = raw.hpa.status.as_ref().and_then(|status| status.conditions.as_ref());
        for condition in conditions.into_iter().flatten() {
            if condition.type_ != "ScaledToZero" {
                return Err(format!("hpa.status.conditions: type `{}` (expected ScaledToZero)", condition.type_));
            }
            let is_true = condition.status == "True";
            let reason = if is_true { HpaConditionReason::ScaledToZero } else { HpaConditionReason::NotScaledToZero };
            state.conditions.set(HpaConditionType::ScaledToZero, is_true, reason);
        }
        let expected_current = raw.expect.current_metrics.as_ref();
        let expected_current = expected_current.map(|list| list.iter().map(current_metric).collect::<Result<_, _>>());
        Ok(Self {
            family: family(&raw.tags),
            id: raw.id,
            config: raw.config.to_config(),
            hpa: convert_hpa(&raw.hpa)?,
            scale: Scale {
                spec_replicas: raw.scale.spec_replicas,
                status_replicas: raw.scale.status_replicas,
                selector: if selector.is_empty() { ScaleSelector::Invalid } else { ScaleSelector::Valid },
            },
            pods,
            metrics: RecordedMetrics::new(&raw.metrics, &names, now)?,
            state,
            expected_current: expected_current.transpose()?,
            expect: raw.expect,
        })
    }
}

/// The row of the table: objects with several metrics apart, others by the kind of their metric.
fn family(tags: &[String]) -> String {
    if tags.iter().any(|tag| tag == "multi") {
        return "hpa/single/multi".to_owned();
    }
    let kind = tags.iter().find_map(|tag| tag.strip_prefix("metric:"));
    let kind = kind.or_else(|| tags.iter().any(|tag| tag == "default-metric").then_some("default"));
    format!("hpa/single/{}", kind.unwrap_or("other"))
}

/// Reads a selector of equalities; the recordings hold no other.
fn parse_selector(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let pair = |part| {
        let (key, value) = str::split_once(part, '=').ok_or_else(|| format!("scale.selector: `{part}` has no `=`"))?;
        Ok((key.trim(), value.trim_start_matches('=').trim()))
    };
    text.split(',').filter(|part| !part.is_empty()).map(pair).collect()
}

/// A pod's state and requests.
fn convert_pod(raw: &RawPod, now: jiff::Timestamp) -> Result<Pod, String> {
    let pod_name = &raw.metadata.name;
    let phase = match raw.status.phase.as_str() {
        "Pending" => PodPhase::Pending,
        "Running" => PodPhase::Running,
        "Succeeded" => PodPhase::Succeeded,
        "Failed" => PodPhase::Failed,
        "Unknown" | "" => PodPhase::Unknown,
        other => return Err(format!("pod `{pod_name}`: phase `{other}` is not known")),
    };
    let ready = raw.status.conditions.iter().find(|condition| condition.condition_type == "Ready");
    let ready = ready.map(|condition| {
        let status = match condition.status.as_str() {
            "True" => ConditionStatus::True,
            "False" => ConditionStatus::False,
            "Unknown" => ConditionStatus::Unknown,
            other => return Err(format!("pod `{pod_name}`: condition status `{other}` is not known")),
        };
        let last_transition = condition.last_transition_time.as_deref();
        let last_transition = last_transition.map_or(Ok(SimTime::from_nanos(i64::MIN)), |text| relative(text, now))?;
        Ok(PodReadyCondition { status, last_transition })
    });
    let container = |raw: &RawContainer| {
        Ok::<_, String>(Container {
            name: raw.name.as_str().into(),
            requests: resource_list(&raw.resources)?,
            is_sidecar: raw.restart_policy.as_deref() == Some("Always"),
            ..Container::default()
        })
    };
    let spec = PodSpec {
        containers: raw.spec.containers.iter().map(container).collect::<Result<_, _>>()?,
        init_containers: raw.spec.init_containers.iter().map(container).collect::<Result<_, _>>()?,
        pod_requests: resource_list(&raw.spec.resources)?,
        ..PodSpec::default()
    };
    let start_time = raw.status.start_time.as_deref().map(|text| relative(text, now)).transpose()?;
    Ok(Pod { phase, deleting: raw.metadata.deletion_timestamp.is_some(), start_time, ready: ready.transpose()?, spec })
}

/// Requests of cpu and memory; the recordings hold no other.
fn resource_list(raw: &RawResources) -> Result<ResourceList, String> {
    let amount = |name: &str| raw.requests.get(name).map(|text| text.parse::<Quantity>()).transpose();
    let list = || {
        Ok::<_, crate::api::QuantityError>(ResourceList {
            cpu: amount("cpu")?.map(|quantity| MilliCpu::new(quantity.milli_value())),
            memory: amount("memory")?.map(|quantity| Bytes::new(quantity.value())),
            ..ResourceList::default()
        })
    };
    list().map_err(|error| error.to_string())
}

/// The history before the reconcile.
fn history(raw: RawHistory) -> Result<HpaHistory, String> {
    let timed = |list: Vec<AgedReplicas>| -> Result<Vec<TimedReplicas>, String> {
        let entry = |own: AgedReplicas| {
            let age = SimDuration::from_secs(own.age_seconds);
            if age.is_negative() {
                return Err(format!("history: age of {} s (expected at least 0)", own.age_seconds));
            }
            Ok(TimedReplicas { time: SimTime::ZERO - age, replicas: own.replicas })
        };
        list.into_iter().map(entry).collect()
    };
    Ok(HpaHistory {
        recommendations: timed(raw.recommendations)?,
        scale_up_events: timed(raw.scale_up_events)?,
        scale_down_events: timed(raw.scale_down_events)?,
    })
}

/// The expected status of one metric.
fn current_metric(raw: &ExpectCurrent) -> Result<CurrentMetric, String> {
    let sources = [&raw.resource, &raw.container_resource, &raw.pods, &raw.object, &raw.external];
    let Some(source) = sources.into_iter().flatten().next() else {
        return Ok(CurrentMetric { metric_type: raw.metric_type.clone(), ..CurrentMetric::default() });
    };
    let amount = |text: &Option<String>| {
        text.as_deref().map(str::parse::<Quantity>).transpose().map_err(|error| error.to_string())
    };
    Ok(CurrentMetric {
        metric_type: raw.metric_type.clone(),
        name: format!("{}{}", source.name, source.metric.name),
        container: source.container.clone(),
        described_object: (source.described_object.kind.clone(), source.described_object.name.clone()),
        average_utilization: source.current.average_utilization,
        average_value: amount(&source.current.average_value)?,
        value: amount(&source.current.value)?,
    })
}

/// Our status of one metric.
fn our_metric(spec: &MetricSpec, proposal: &MetricProposal) -> CurrentMetric {
    let (metric_type, name, container, object) = match spec {
        MetricSpec::Resource { name, .. } => ("Resource", name, None, None),
        MetricSpec::ContainerResource { name, container, .. } => ("ContainerResource", name, Some(container), None),
        MetricSpec::Pods { metric, .. } => ("Pods", &metric.name, None, None),
        MetricSpec::Object { metric, described_object, .. } => ("Object", &metric.name, None, Some(described_object)),
        MetricSpec::External { metric, .. } => ("External", &metric.name, None, None),
    };
    let amount = |value: Option<MilliValue>| value.map(|value| Quantity::from_millis(value.get()));
    CurrentMetric {
        metric_type: metric_type.to_owned(),
        name: name.to_string(),
        container: container.map_or_else(String::new, ToString::to_string),
        described_object: object
            .map_or_else(Default::default, |object| (object.kind.to_string(), object.name.to_string())),
        average_utilization: proposal.current.average_utilization,
        average_value: amount(proposal.current.average_value),
        value: amount(proposal.current.value),
    }
}

/// Usage that the metrics API reports of a container, by resource.
type ContainerUsage = (String, BTreeMap<String, i64>);

/// What the metrics API reports of one pod.
#[derive(Debug)]
struct PodSample {
    timestamp: SimTime,
    window: SimDuration,
    containers: Vec<ContainerUsage>,
}

impl PodSample {
    /// The pod's or one container's usage of a resource.
    fn usage(&self, resource: &str, container: Option<&str>) -> Option<i64> {
        let mut found = false;
        let mut total: i64 = 0;
        for (_, usage) in self.containers.iter().filter(|(own, _)| container.is_none_or(|name| own == name)) {
            total = total.wrapping_add(*usage.get(resource)?);
            found = true;
        }
        found.then_some(total)
    }
}

/// The recorded answers of the metrics APIs; pods by their index among the selected ones.
#[derive(Debug)]
struct RecordedMetrics {
    selected: Vec<Option<PodSample>>,
    others: Vec<PodSample>,
    pods_metrics: BTreeMap<String, (Vec<Option<MilliValue>>, UnselectedSamples)>,
    object_metrics: BTreeMap<(String, String, String), MilliValue>,
    external_metrics: BTreeMap<String, MilliValue>,
}

impl RecordedMetrics {
    /// Reads the answers; `names` are the selected pods.
    fn new(raw: &RawMetrics, names: &BTreeMap<&str, usize>, now: jiff::Timestamp) -> Result<Self, String> {
        let mut selected: Vec<Option<PodSample>> = names.iter().map(|_| None).collect();
        let mut others = Vec::new();
        for own in &raw.pod_metrics {
            let containers = own.containers.iter().flatten().map(|container| {
                let usage = container.usage.iter().map(|(name, text)| Ok((name.clone(), milli(text)?)));
                Ok((container.name.clone(), usage.collect::<Result<_, String>>()?))
            });
            let sample = PodSample {
                timestamp: relative(&own.timestamp, now)?,
                window: SimDuration::from_secs(own.window_seconds),
                containers: containers.collect::<Result<_, String>>()?,
            };
            match names.get(own.name.as_str()).and_then(|&index| selected.get_mut(index)) {
                Some(slot) => *slot = Some(sample),
                None => others.push(sample),
            }
        }
        let mut pods_metrics = BTreeMap::new();
        for (metric, values) in &raw.pods_metrics {
            let mut samples = vec![None; names.len()];
            let mut unselected = UnselectedSamples::default();
            for own in values {
                let value = milli_value(&own.value)?;
                match names.get(own.pod.as_str()).and_then(|&index| samples.get_mut(index)) {
                    Some(slot) => *slot = Some(value),
                    None => add_unselected(&mut unselected, value.get()),
                }
            }
            pods_metrics.insert(metric.clone(), (samples, unselected));
        }
        let object = |own: &RawObjectMetric| {
            Ok::<_, String>(((own.kind.clone(), own.name.clone(), own.metric.clone()), milli_value(&own.value)?))
        };
        let mut external_metrics = BTreeMap::new();
        for (metric, values) in raw.external_metrics.iter().filter(|(_, values)| !values.is_empty()) {
            let values = values.iter().map(|text| milli(text)).collect::<Result<Vec<_>, _>>()?;
            let sum = values.into_iter().fold(0, i64::saturating_add);
            external_metrics.insert(metric.clone(), MilliValue::new(sum));
        }
        let object_metrics = raw.object_metrics.iter().map(object).collect::<Result<_, _>>()?;
        Ok(Self { selected, others, pods_metrics, object_metrics, external_metrics })
    }
}

/// Counts a sample of a pod that is not selected.
fn add_unselected(unselected: &mut UnselectedSamples, value: i64) {
    unselected.count += 1;
    unselected.sum = MilliValue::new(unselected.sum.get().wrapping_add(value));
}

impl MetricsSource for RecordedMetrics {
    fn resource(&self, pod: usize, resource: &str, container: Option<&str>) -> Option<PodMetric> {
        let sample = self.selected.get(pod)?.as_ref()?;
        let value = MilliValue::new(sample.usage(resource, container)?);
        Some(PodMetric { value, timestamp: sample.timestamp, window: sample.window })
    }

    fn pods_metric(&self, pod: usize, metric: &MetricIdentifier) -> Option<MilliValue> {
        *self.pods_metrics.get(&*metric.name)?.0.get(pod)?
    }

    fn object_metric(&self, object: &CrossVersionObjectReference, metric: &MetricIdentifier) -> Option<MilliValue> {
        let key = (object.kind.to_string(), object.name.to_string(), metric.name.to_string());
        self.object_metrics.get(&key).copied()
    }

    fn external_metric(&self, metric: &MetricIdentifier) -> Option<MilliValue> {
        self.external_metrics.get(&*metric.name).copied()
    }

    fn unselected_resource(&self, resource: &str, container: Option<&str>) -> UnselectedSamples {
        let mut unselected = UnselectedSamples::default();
        for value in self.others.iter().filter_map(|sample| sample.usage(resource, container)) {
            add_unselected(&mut unselected, value);
        }
        unselected
    }

    fn unselected_pods_metric(&self, metric: &MetricIdentifier) -> UnselectedSamples {
        self.pods_metrics.get(&*metric.name).map(|(_, unselected)| *unselected).unwrap_or_default()
    }
}

/// Replays one case and compares all that the recording says.
pub(super) fn replay(case: &SingleCase) -> CaseResult {
    let pods: Vec<HpaPod<'_>> = case
        .pods
        .iter()
        .map(|pod| HpaPod {
            phase: pod.phase,
            deleting: pod.deleting,
            start_time: pod.start_time,
            ready: pod.ready,
            spec: &pod.spec,
        })
        .collect();
    let inputs = HpaInputs {
        config: &case.config,
        hpa: &case.hpa,
        scale: Some(case.scale),
        pods: &pods,
        metrics: &case.metrics,
    };
    let mut state = case.state.clone();
    let decision = reconcile(&inputs, &mut state, SimTime::ZERO);
    let mut differences = Differences::default();
    compare_decision(case, &decision, &mut differences);

    let proposals: Vec<ExpectMetric> = case
        .hpa
        .metrics
        .iter()
        .map(|spec| match propose(&inputs, &case.scale, spec, SimTime::ZERO) {
            Ok(proposal) => ExpectMetric {
                replicas: Some(proposal.replicas),
                metric: MetricName(spec).to_string(),
                ..ExpectMetric::default()
            },
            Err(failure) => ExpectMetric { reason: failure.reason.as_str().to_owned(), ..ExpectMetric::default() },
        })
        .collect();
    differences.compare(|| "perMetric".to_owned(), &case.expect.per_metric, &proposals);

    let after = &case.expect.history_after;
    for (name, expected, actual) in [
        ("recommendations", &after.recommendations, &state.history.recommendations),
        ("scaleUpEvents", &after.scale_up_events, &state.history.scale_up_events),
        ("scaleDownEvents", &after.scale_down_events, &state.history.scale_down_events),
    ] {
        let aged = |own: &TimedReplicas| AgedReplicas {
            age_seconds: (SimTime::ZERO - own.time).whole_seconds(),
            replicas: own.replicas,
        };
        let mut actual: Vec<_> = actual.iter().map(aged).collect();
        let mut expected = expected.clone();
        actual.sort_unstable();
        expected.sort_unstable();
        differences.compare(|| format!("historyAfter.{name}"), &expected, &actual);
    }
    let differences: Vec<Difference> = differences.0;
    CaseResult { family: case.family.clone(), id: case.id.clone(), differences }
}

/// Compares what the reconcile returns.
fn compare_decision(case: &SingleCase, decision: &HpaDecision, differences: &mut Differences) {
    let expect = &case.expect;
    differences.compare(|| "desiredReplicas".to_owned(), &expect.desired_replicas, &decision.desired_replicas);
    differences.compare(|| "rescaled".to_owned(), &expect.rescaled, &decision.rescaled);
    let reason = decision.rescale_reason.map_or_else(String::new, |reason| reason.text(&case.hpa));
    differences.compare(|| "rescaleReason".to_owned(), &expect.rescale_reason, &reason);
    differences.compare(|| "error".to_owned(), &expect.error, &decision.error.is_some());
    let expected: Vec<_> = expect
        .conditions
        .iter()
        .map(|own| (own.condition_type.as_str(), own.status.as_str(), own.reason.as_str()))
        .collect();
    let conditions = decision.conditions.iter();
    let conditions: Vec<_> = conditions
        .map(|own| (own.condition_type.as_str(), if own.status { "True" } else { "False" }, own.reason.as_str()))
        .collect();
    differences.compare(|| "conditions".to_owned(), &expected, &conditions);
    let current: Option<Vec<CurrentMetric>> = decision.metrics.as_ref().map(|results| {
        let pairs = case.hpa.metrics.iter().zip(results);
        pairs
            .map(|(spec, result)| {
                result.as_ref().map_or_else(|_| CurrentMetric::default(), |own| our_metric(spec, own))
            })
            .collect()
    });
    differences.compare(|| "currentMetrics".to_owned(), &case.expected_current, &current);
}
