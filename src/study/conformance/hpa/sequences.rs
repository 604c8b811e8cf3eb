//! A recorded series of reconciles: the pods follow the scale at once, and the load drives the metrics.

use super::super::CaseResult;
use super::Differences;
use super::recorded::{RecordedConfig, convert_hpa};
use crate::api::{
    ConditionStatus, Container, CrossVersionObjectReference, HorizontalPodAutoscaler, HpaConditionType,
    MetricIdentifier, MilliValue, PodPhase, PodSpec, ResourceList,
};
use crate::autoscaler::hpa::{
    HpaConfig, HpaInputs, HpaPod, HpaState, MetricsSource, PodReadyCondition, Scale, ScaleSelector, combine,
    desired_replicas,
};
use crate::autoscaler::metrics::PodMetric;
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use k8s_openapi::api::autoscaling::v2;
use serde::Deserialize;

/// A line of the recording as it stands.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCase {
    id: String,
    config: RecordedConfig,
    hpa: v2::HorizontalPodAutoscaler,
    initial_replicas: usize,
    steps: usize,
    cpu_request_milli: i64,
    #[serde(rename = "memoryRequestMi")]
    memory_request_mib: i64,
    metric_window_seconds: i64,
    pod_ready_delay_seconds: i64,
    pod_metrics_delay_seconds: i64,
    drive: Drive,
    #[serde(default)]
    patches: Vec<Patch>,
    expect: Expect,
}

/// The load: a series by step for each metric that is driven.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Drive {
    #[serde(rename = "totalCPUMilli")]
    total_cpu: Option<Vec<i64>>,
    #[serde(rename = "perPodCPUMilli")]
    per_pod_cpu: Option<Vec<i64>>,
    #[serde(rename = "perPodMemoryMi")]
    per_pod_memory: Option<Vec<i64>>,
    #[serde(rename = "totalQPSMilli")]
    total_qps: Option<Vec<i64>>,
    #[serde(rename = "externalMilli")]
    external: Option<Vec<i64>>,
    #[serde(rename = "objectMilli")]
    object: Option<Vec<i64>>,
    fail_steps: Vec<usize>,
}

/// A change from outside before a step.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Patch {
    step: usize,
    min_replicas: Option<i32>,
    max_replicas: Option<i32>,
    scale_to: Option<usize>,
}

/// What the controller did, by step.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expect {
    replicas: Vec<i32>,
    metric_desired: Vec<Option<i32>>,
    scaling_limited_reason: Vec<String>,
    able_to_scale_reason: Vec<String>,
}

/// A recorded series, ready to be replayed; it starts at time zero.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawCase")]
pub(super) struct SequenceCase {
    id: String,
    config: HpaConfig,
    hpa: HorizontalPodAutoscaler,
    initial_replicas: usize,
    steps: usize,
    spec: PodSpec,
    window: SimDuration,
    ready_delay: SimDuration,
    metrics_delay: SimDuration,
    drive: Drive,
    patches: Vec<Patch>,
    expect: Expect,
}

/// Pods that a recording may have at most: a number beyond is an error in it.
const MAX_PODS: usize = 1_000_000;

impl TryFrom<RawCase> for SequenceCase {
    type Error = String;

    fn try_from(raw: RawCase) -> Result<Self, String> {
        let drive = &raw.drive;
        let series = [
            ("drive.totalCPUMilli", drive.total_cpu.as_ref().map(Vec::len)),
            ("drive.perPodCPUMilli", drive.per_pod_cpu.as_ref().map(Vec::len)),
            ("drive.perPodMemoryMi", drive.per_pod_memory.as_ref().map(Vec::len)),
            ("drive.totalQPSMilli", drive.total_qps.as_ref().map(Vec::len)),
            ("drive.externalMilli", drive.external.as_ref().map(Vec::len)),
            ("drive.objectMilli", drive.object.as_ref().map(Vec::len)),
            ("expect.replicas", Some(raw.expect.replicas.len())),
            ("expect.metricDesired", Some(raw.expect.metric_desired.len())),
            ("expect.scalingLimitedReason", Some(raw.expect.scaling_limited_reason.len())),
            ("expect.ableToScaleReason", Some(raw.expect.able_to_scale_reason.len())),
        ];
        for (name, length) in series {
            if length.is_some_and(|length| length != raw.steps) {
                let found = length.unwrap_or(0);
                return Err(format!("{name} has {found} entries (expected one for each of {} steps)", raw.steps));
            }
        }
        let scales = raw.patches.iter().filter_map(|patch| patch.scale_to);
        if scales.chain([raw.initial_replicas]).any(|replicas| replicas > MAX_PODS) {
            return Err(format!("more than {MAX_PODS} replicas"));
        }
        let requests = ResourceList {
            cpu: Some(MilliCpu::new(raw.cpu_request_milli)),
            memory: Some(Bytes::new(raw.memory_request_mib.saturating_mul(1 << 20))),
            ..ResourceList::default()
        };
        let container = Container { name: "app".into(), requests, ..Container::default() };
        Ok(Self {
            id: raw.id,
            config: raw.config.to_config(),
            hpa: convert_hpa(&raw.hpa)?,
            initial_replicas: raw.initial_replicas,
            steps: raw.steps,
            spec: PodSpec { containers: vec![container], ..PodSpec::default() },
            window: SimDuration::from_secs(raw.metric_window_seconds),
            ready_delay: SimDuration::from_secs(raw.pod_ready_delay_seconds),
            metrics_delay: SimDuration::from_secs(raw.pod_metrics_delay_seconds),
            drive: raw.drive,
            patches: raw.patches,
            expect: raw.expect,
        })
    }
}

/// A pod of the series.
#[derive(Clone, Copy, Debug)]
struct Pod {
    started: SimTime,
    ready_from: SimTime,
}

impl Pod {
    /// Condition `Ready` at a time.
    fn ready(self, now: SimTime) -> PodReadyCondition {
        if now >= self.ready_from {
            PodReadyCondition { status: ConditionStatus::True, last_transition: self.ready_from }
        } else {
            PodReadyCondition { status: ConditionStatus::False, last_transition: self.started }
        }
    }
}

/// The metrics of one step, by pod.
#[derive(Debug)]
struct StepMetrics<'a> {
    pods: &'a [Pod],
    now: SimTime,
    window: SimDuration,
    metrics_delay: SimDuration,
    failing: bool,
    /// Of a ready pod; others use none.
    cpu: i64,
    /// Of every pod, in thousandths of a byte.
    memory: i64,
    /// Of a ready pod; `None` where the metric does not exist.
    qps: Option<i64>,
    external: Option<i64>,
    object: Option<i64>,
}

impl StepMetrics<'_> {
    /// The pod, if the metrics APIs know it.
    fn known(&self, pod: usize) -> Option<Pod> {
        self.pods.get(pod).copied().filter(|pod| !self.failing && self.now - pod.started >= self.metrics_delay)
    }

    /// What a pod has of something that only ready pods have.
    fn share(&self, pod: Pod, value: i64) -> MilliValue {
        MilliValue::new(if self.now >= pod.ready_from { value } else { 0 })
    }
}

impl MetricsSource for StepMetrics<'_> {
    fn resource(&self, pod: usize, resource: &str, container: Option<&str>) -> Option<PodMetric> {
        let pod = self.known(pod)?;
        let value = match resource {
            _ if container.is_some_and(|name| name != "app") => return None,
            "cpu" => self.share(pod, self.cpu),
            "memory" => MilliValue::new(self.memory),
            _ => return None,
        };
        Some(PodMetric { value, timestamp: self.now, window: self.window })
    }

    fn pods_metric(&self, pod: usize, metric: &MetricIdentifier) -> Option<MilliValue> {
        let pod = self.known(pod)?;
        self.qps.filter(|_| &*metric.name == "qps").map(|value| self.share(pod, value))
    }

    fn object_metric(&self, object: &CrossVersionObjectReference, metric: &MetricIdentifier) -> Option<MilliValue> {
        let known = (&*object.kind, &*object.name, &*metric.name) == ("Ingress", "main", "rps");
        self.object.filter(|_| known && !self.failing).map(MilliValue::new)
    }

    fn external_metric(&self, metric: &MetricIdentifier) -> Option<MilliValue> {
        self.external.filter(|_| &*metric.name == "queue" && !self.failing).map(MilliValue::new)
    }
}

/// Brings the pods to a number: new ones start now, the newest go first.
fn scale_pods(pods: &mut Vec<Pod>, replicas: usize, now: SimTime, ready_delay: SimDuration) {
    pods.resize(replicas.min(MAX_PODS), Pod { started: now, ready_from: now + ready_delay });
}

/// The value of a series at a step.
fn at(series: Option<&Vec<i64>>, step: usize) -> Option<i64> {
    series?.get(step).copied()
}

/// The metrics that the load of a step makes.
fn step_metrics<'a>(case: &SequenceCase, pods: &'a [Pod], step: usize, now: SimTime) -> StepMetrics<'a> {
    let drive = &case.drive;
    let ready_pods = i64::try_from(pods.iter().filter(|pod| now >= pod.ready_from).count()).unwrap_or(i64::MAX);
    let shared = |series: Option<&Vec<i64>>| Some(at(series, step)?.checked_div(ready_pods).unwrap_or(0));
    StepMetrics {
        pods,
        now,
        window: case.window,
        metrics_delay: case.metrics_delay,
        failing: drive.fail_steps.contains(&(step + 1)),
        cpu: shared(drive.total_cpu.as_ref()).or(at(drive.per_pod_cpu.as_ref(), step)).unwrap_or(0),
        memory: at(drive.per_pod_memory.as_ref(), step).unwrap_or(0).saturating_mul(1000 << 20),
        qps: shared(drive.total_qps.as_ref()),
        external: at(drive.external.as_ref(), step),
        object: at(drive.object.as_ref(), step),
    }
}

/// Replays one series and compares every step.
pub(super) fn replay(case: &SequenceCase) -> CaseResult {
    let mut hpa = case.hpa.clone();
    let mut state = HpaState::default();
    let mut differences = Differences::default();
    let old = SimTime::ZERO - SimDuration::from_hours(1);
    let mut pods = Vec::new();
    scale_pods(&mut pods, case.initial_replicas, old, SimDuration::from_secs(10));
    let mut now = SimTime::ZERO;
    for step in 0..case.steps {
        now += case.config.sync_period;
        for patch in case.patches.iter().filter(|patch| patch.step == step + 1) {
            hpa.min_replicas = patch.min_replicas.unwrap_or(hpa.min_replicas);
            hpa.max_replicas = patch.max_replicas.unwrap_or(hpa.max_replicas);
            if let Some(replicas) = patch.scale_to {
                scale_pods(&mut pods, replicas, now, case.ready_delay);
            }
        }
        let metrics = step_metrics(case, &pods, step, now);
        let views: Vec<HpaPod<'_>> = pods
            .iter()
            .map(|pod| HpaPod {
                name: "",
                phase: PodPhase::Running,
                deleting: false,
                start_time: Some(pod.started),
                ready: Some(pod.ready(now)),
                spec: &case.spec,
            })
            .collect();
        let replicas = i32::try_from(pods.len()).unwrap_or(i32::MAX);
        let scale = Scale { spec_replicas: replicas, status_replicas: replicas, selector: ScaleSelector::Valid };
        let inputs = HpaInputs {
            config: &case.config,
            hpa: &hpa,
            scale: Some(scale),
            pods: &views,
            alike: &[],
            metrics: &metrics,
        };
        let proposal = combine(&inputs, &scale, now).replicas;
        let decision = desired_replicas(&inputs, &mut state, now);

        let field = |name: &str| format!("step {}: {name}", step + 1);
        let expect = &case.expect;
        differences.compare(|| field("metricDesired"), &expect.metric_desired.get(step), &Some(&proposal));
        differences.compare(|| field("replicas"), &expect.replicas.get(step), &Some(&decision.desired_replicas));
        let limited = decision.conditions.reason(HpaConditionType::ScalingLimited);
        let able = decision.conditions.reason(HpaConditionType::AbleToScale);
        let expected = |series: &[String]| series.get(step).cloned().unwrap_or_default();
        differences.compare(
            || field("scalingLimitedReason"),
            &expected(&expect.scaling_limited_reason).as_str(),
            &limited,
        );
        differences.compare(|| field("ableToScaleReason"), &expected(&expect.able_to_scale_reason).as_str(), &able);

        if decision.rescaled {
            scale_pods(&mut pods, usize::try_from(decision.desired_replicas).unwrap_or(0), now, case.ready_delay);
        }
    }
    CaseResult::new("hpa/sequences", case.id.clone(), differences.0)
}
