//! One recorded reconcile.

use super::super::{CaseResult, Difference};
use super::Differences;
use super::answers::{RawMetrics, RecordedMetrics};
use super::pods::{Pod, RawPod, convert_pod};
use super::recorded::{RecordedConfig, convert_hpa, timestamp};
use crate::api::{HorizontalPodAutoscaler, HpaConditionReason, HpaConditionType, MetricSpec, MilliValue, Quantity};
use crate::autoscaler::hpa::{
    HpaConfig, HpaDecision, HpaHistory, HpaInputs, HpaPod, HpaState, MetricName, MetricProposal, Scale, ScaleSelector,
    TimedReplicas, desired_replicas, propose,
};
use crate::units::{SimDuration, SimTime};
use k8s_openapi::api::autoscaling::v2;
use serde::Deserialize;

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

/// A recorded desired_replicas, ready to be replayed; `now` is time zero.
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
            state.conditions.set(HpaConditionType::ScaledToZero, is_true, reason, SimTime::ZERO);
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

/// The history before the reconcile.
fn history(raw: RawHistory) -> Result<HpaHistory, String> {
    let timed = |list: Vec<AgedReplicas>| -> Result<Vec<TimedReplicas>, String> {
        let entry = |aged: AgedReplicas| {
            let age = SimDuration::from_secs(aged.age_seconds);
            if age.is_negative() {
                return Err(format!("history: age of {} s (expected at least 0)", aged.age_seconds));
            }
            Ok(TimedReplicas { time: SimTime::ZERO - age, replicas: aged.replicas })
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

/// Replays one case and compares all that the recording says.
pub(super) fn replay(case: &SingleCase) -> CaseResult {
    let pods: Vec<HpaPod<'_>> = case
        .pods
        .iter()
        .map(|pod| HpaPod {
            name: &pod.name,
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
        alike: &[],
        metrics: &case.metrics,
    };
    let mut state = case.state.clone();
    let decision = desired_replicas(&inputs, &mut state, SimTime::ZERO);
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
        let aged = |timed: &TimedReplicas| AgedReplicas {
            age_seconds: (SimTime::ZERO - timed.time).whole_seconds(),
            replicas: timed.replicas,
        };
        let mut actual: Vec<_> = actual.iter().map(aged).collect();
        let mut expected = expected.clone();
        actual.sort_unstable();
        expected.sort_unstable();
        differences.compare(|| format!("historyAfter.{name}"), &expected, &actual);
    }
    let differences: Vec<Difference> = differences.0;
    CaseResult::new(case.family.clone(), case.id.clone(), differences)
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
        .map(|condition| (condition.condition_type.as_str(), condition.status.as_str(), condition.reason.as_str()))
        .collect();
    let conditions = decision.conditions.iter();
    let conditions: Vec<_> = conditions
        .map(|condition| {
            (
                condition.condition_type.as_str(),
                if condition.status { "True" } else { "False" },
                condition.reason.as_str(),
            )
        })
        .collect();
    differences.compare(|| "conditions".to_owned(), &expected, &conditions);
    let current: Option<Vec<CurrentMetric>> = decision.metrics.as_ref().map(|results| {
        let pairs = case.hpa.metrics.iter().zip(results);
        pairs
            .map(|(spec, result)| {
                result.as_ref().map_or_else(|_| CurrentMetric::default(), |result| our_metric(spec, result))
            })
            .collect()
    });
    differences.compare(|| "currentMetrics".to_owned(), &case.expected_current, &current);
}
