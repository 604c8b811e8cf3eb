//! Tables and properties of whole reconciles.

use super::desired_replicas::RescaleReason;
use super::replica_calculator::MetricError;
use super::*;
use crate::api::{
    ConditionStatus, Container, CrossVersionObjectReference, HorizontalPodAutoscaler, HorizontalPodAutoscalerBehavior,
    HpaConditionReason, HpaConditionType, HpaScalingPolicy, HpaScalingPolicyType, HpaScalingRules, MetricIdentifier,
    MetricSpec, MetricTarget, MilliValue, ObjectMeta, PodPhase, PodSpec, Quantity, ResourceList, ScalingPolicySelect,
};
use crate::autoscaler::metrics::PodMetric;
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use proptest::prelude::*;

/// Samples by pod, and one value for every object and external metric.
#[derive(Clone, Debug, Default)]
struct Samples {
    cpu: Vec<Option<PodMetric>>,
    external: Option<i64>,
    unselected: UnselectedSamples,
}

impl MetricsSource for Samples {
    fn resource(&self, pod: usize, resource: &str, _container: Option<&str>) -> Option<PodMetric> {
        self.cpu.get(pod).copied().flatten().filter(|_| resource == "cpu")
    }

    fn pods_metric(&self, pod: usize, _metric: &MetricIdentifier) -> Option<MilliValue> {
        self.cpu.get(pod).copied().flatten().map(|sample| sample.value)
    }

    fn object_metric(&self, _object: &CrossVersionObjectReference, _metric: &MetricIdentifier) -> Option<MilliValue> {
        self.external.map(MilliValue::new)
    }

    fn external_metric(&self, _metric: &MetricIdentifier) -> Option<MilliValue> {
        self.external.map(MilliValue::new)
    }

    fn unselected_resource(&self, _resource: &str, _container: Option<&str>) -> UnselectedSamples {
        self.unselected
    }
}

/// A pod's part in a test: cpu request 100 millicores.
#[derive(Clone, Copy, Debug)]
struct TestPod {
    phase: PodPhase,
    deleting: bool,
    /// Age of the start, in seconds.
    started: Option<i64>,
    /// `Ready` and the age of its transition, in seconds.
    ready: Option<(ConditionStatus, i64)>,
    /// Usage in millicores.
    usage: Option<i64>,
}

/// A pod that has been ready for an hour.
const fn old_pod(usage: i64) -> TestPod {
    TestPod {
        phase: PodPhase::Running,
        deleting: false,
        started: Some(3600),
        ready: Some((ConditionStatus::True, 3590)),
        usage: Some(usage),
    }
}

fn spec() -> PodSpec {
    let requests =
        ResourceList { cpu: Some(MilliCpu::new(100)), memory: Some(Bytes::new(1 << 20)), ..ResourceList::default() };
    let container = Container { name: "app".into(), requests, ..Container::default() };
    PodSpec { containers: vec![container], ..PodSpec::default() }
}

fn cpu(target: MetricTarget) -> MetricSpec {
    MetricSpec::Resource { name: "cpu".into(), target }
}

fn external(target: MetricTarget) -> MetricSpec {
    MetricSpec::External { metric: MetricIdentifier { name: "queue".into(), selector: None }, target }
}

fn hpa(min: i32, max: i32, metrics: Vec<MetricSpec>) -> HorizontalPodAutoscaler {
    HorizontalPodAutoscaler {
        meta: ObjectMeta::default(),
        scale_target: CrossVersionObjectReference { kind: "Deployment".into(), name: "web".into() },
        min_replicas: min,
        max_replicas: max,
        metrics,
        behavior: None,
    }
}

/// Pods and samples as the reconcile takes them; every sample ends now and is 30 s long.
fn views<'a>(pods: &[TestPod], spec: &'a PodSpec) -> (Vec<HpaPod<'a>>, Samples) {
    let ago = |seconds: i64| SimTime::from_secs(-seconds);
    let view = |pod: &TestPod| HpaPod {
        name: "web-0",
        phase: pod.phase,
        deleting: pod.deleting,
        start_time: pod.started.map(ago),
        ready: pod.ready.map(|(status, age)| PodReadyCondition { status, last_transition: ago(age) }),
        spec,
    };
    let sample = |pod: &TestPod| {
        let value = MilliValue::new(pod.usage?);
        Some(PodMetric { value, timestamp: SimTime::ZERO, window: SimDuration::from_secs(30) })
    };
    let samples = Samples { cpu: pods.iter().map(sample).collect(), ..Samples::default() };
    (pods.iter().map(view).collect(), samples)
}

/// The proposal of an object's first metric for these pods.
fn proposal(pods: &[TestPod], metric: MetricSpec, change: impl FnOnce(&mut Samples)) -> Result<i32, MetricError> {
    let spec = spec();
    let (views, mut samples) = views(pods, &spec);
    change(&mut samples);
    let replicas = i32::try_from(pods.len()).unwrap();
    let scale = Scale { spec_replicas: replicas, status_replicas: replicas, selector: ScaleSelector::Valid };
    let hpa = hpa(1, 1000, vec![metric]);
    let config = HpaConfig::default();
    let inputs =
        HpaInputs { config: &config, hpa: &hpa, scale: Some(scale), pods: &views, alike: &[], metrics: &samples };
    let result = propose(&inputs, &scale, &hpa.metrics[0], SimTime::ZERO);
    result.map(|proposal| proposal.replicas).map_err(|failure| failure.error)
}

#[test]
fn pods_are_grouped_as_the_controller_does() {
    use ConditionStatus::{False, True, Unknown};
    let hot = old_pod(100);
    let with = |change: fn(&mut TestPod)| {
        let mut pod = hot;
        change(&mut pod);
        pod
    };
    // Utilisation target 50 %, three pods at 100 %: 6 replicas; the last pod varies.
    let cases = [
        (hot, Ok(8), "counts"),
        (with(|pod| pod.deleting = true), Ok(6), "deleting: ignored"),
        (with(|pod| pod.phase = PodPhase::Failed), Ok(6), "failed: ignored"),
        (with(|pod| pod.phase = PodPhase::Pending), Ok(6), "pending: 0 when scaling up, 75 % of 4"),
        (with(|pod| pod.usage = None), Ok(6), "missing: 0 when scaling up"),
        (with(|pod| pod.phase = PodPhase::Succeeded), Ok(8), "succeeded is not special"),
        (with(|pod| pod.ready = None), Ok(6), "no condition: unready"),
        (with(|pod| pod.started = None), Ok(6), "no start time: unready"),
        (with(|pod| pod.ready = Some((Unknown, 600))), Ok(8), "unknown is not false"),
        (with(|pod| pod.ready = Some((False, 600))), Ok(8), "was ready once: counts"),
        (with(|pod| pod.ready = Some((False, 3580))), Ok(6), "never ready: turned so within 30 s of the start"),
        (with(|pod| pod.ready = Some((False, 3570))), Ok(8), "exactly 30 s after the start"),
        (
            with(|pod| (pod.started, pod.ready) = (Some(299), Some((True, 30)))),
            Ok(8),
            "starting up, one whole window since it was ready",
        ),
        (with(|pod| (pod.started, pod.ready) = (Some(299), Some((True, 29)))), Ok(6), "window not whole"),
        (with(|pod| (pod.started, pod.ready) = (Some(299), Some((False, 200)))), Ok(6), "starting up, not ready"),
        (with(|pod| (pod.started, pod.ready) = (Some(300), Some((True, 1)))), Ok(8), "the period is over"),
    ];
    for (last, expected, why) in cases {
        let result = proposal(&[hot, hot, hot, last], cpu(MetricTarget::Utilization(50)), |_| {});
        assert_eq!(result, expected, "{why}");
    }
}

#[test]
fn arithmetic_is_of_integers() {
    let missing = TestPod { usage: None, ..old_pod(0) };
    let many = UnselectedSamples { count: 2, sum: MilliValue::new(0) };
    let none = UnselectedSamples::default();
    let utilization = MetricTarget::Utilization;
    let value = |milli| MetricTarget::AverageValue(Quantity::from_millis(milli));
    let cases = [
        (vec![old_pod(55); 4], utilization(50), none, Ok(4), "110 % of the target is within the tolerance"),
        (vec![old_pod(56); 4], utilization(50), none, Ok(5), "just beyond"),
        (vec![old_pod(45); 4], utilization(50), none, Ok(4), "0.9 is within, in floats too"),
        (vec![old_pod(44); 4], utilization(50), none, Ok(4), "4 * 0.88 rounds up"),
        (vec![old_pod(10), missing], utilization(50), none, Ok(2), "a missing pod at 100 % holds scaling down"),
        (vec![old_pod(10), missing], utilization(200), none, Ok(2), "at 200 % where the target is higher"),
        (vec![old_pod(10), old_pod(10), missing], value(50), none, Ok(2), "at the target for a value"),
        (vec![old_pod(100), missing], value(50), none, Ok(2), "at nothing when scaling up: no change"),
        (vec![old_pod(50), missing], value(50), none, Ok(2), "a ratio of 1 leaves it out"),
        (vec![old_pod(100); 2], value(50), many, Ok(2), "other pods' samples thin out an average"),
        (vec![old_pod(100); 2], utilization(50), many, Ok(4), "but not a utilisation"),
        (vec![missing], utilization(50), none, Err(MetricError::NoMetrics), "no sample"),
        (vec![], utilization(50), many, Err(MetricError::NoPods), "no pod"),
        (vec![TestPod { deleting: true, ..old_pod(1) }], value(50), none, Err(MetricError::NoReadyPods), "all ignored"),
    ];
    for (pods, target, unselected, expected, why) in cases {
        let result = proposal(&pods, cpu(target), |samples| samples.unselected = unselected);
        assert_eq!(result, expected, "{why}");
    }
}

#[test]
fn values_from_outside_the_pods() {
    let unready = TestPod { ready: Some((ConditionStatus::False, 600)), ..old_pod(0) };
    let (value, average) =
        (MetricTarget::Value(Quantity::from_units(10)), MetricTarget::AverageValue(Quantity::from_units(10)));
    let cases = [
        (vec![old_pod(0), old_pod(0), unready], value, Some(30_000), Ok(6), "3 times the two ready pods"),
        (vec![old_pod(0); 3], value, Some(11_000), Ok(3), "within the tolerance"),
        (vec![old_pod(0); 3], average, Some(33_000), Ok(3), "11 for each is within the tolerance"),
        (vec![old_pod(0); 3], average, Some(34_000), Ok(4), "beyond: as many as the value needs"),
        (vec![], average, Some(5_000), Ok(1), "no replicas: the value alone"),
        (vec![], value, Some(15_000), Ok(2), "no replicas: the ratio alone"),
        (vec![old_pod(0)], value, None, Err(MetricError::NoMetrics), "no series"),
        (vec![old_pod(0)], value, Some(i64::MAX), Ok(i32::MAX), "as many as can be written"),
    ];
    for (pods, target, amount, expected, why) in cases {
        let result = proposal(&pods, external(target), |samples| samples.external = amount);
        assert_eq!(result, expected, "{why}");
    }
}

/// One reconcile of these pods; `replicas` is both the wanted and the actual number.
fn decide(
    hpa: &HorizontalPodAutoscaler,
    pods: &[TestPod],
    external: Option<i64>,
    replicas: i32,
    state: &mut HpaState,
) -> HpaDecision {
    let spec = spec();
    let (views, mut samples) = views(pods, &spec);
    samples.external = external;
    let scale = Scale { spec_replicas: replicas, status_replicas: replicas, selector: ScaleSelector::Valid };
    let config = HpaConfig::default();
    let inputs = HpaInputs { config: &config, hpa, scale: Some(scale), pods: &views, alike: &[], metrics: &samples };
    desired_replicas(&inputs, state, SimTime::ZERO)
}

#[test]
fn a_failing_metric_forbids_fewer_replicas_only() {
    let metrics = vec![cpu(MetricTarget::Utilization(50)), external(MetricTarget::Value(Quantity::from_units(1)))];
    let hpa = hpa(1, 100, metrics);
    let cases = [
        (10, None, 4, None, true, "cpu asks for fewer, the other fails: forbidden"),
        (50, None, 4, Some(4), true, "cpu asks for the same"),
        (90, None, 8, Some(8), true, "cpu asks for more"),
        (10, Some(1000), 4, Some(4), false, "both work: the largest counts"),
    ];
    for (usage, external, replicas, combined, error, why) in cases {
        let decision = decide(&hpa, &[old_pod(usage); 4], external, 4, &mut HpaState::default());
        let found = (decision.desired_replicas, decision.metric_desired, decision.error.is_some());
        assert_eq!(found, (replicas, combined, error), "{why}");
        let reason = decision.conditions.reason(HpaConditionType::ScalingActive);
        let expected = if combined.is_none() { "FailedGetExternalMetric" } else { "ValidMetricFound" };
        assert_eq!(reason, expected, "{why}");
    }
}

#[test]
fn bounds_come_before_metrics() {
    let hpa = hpa(2, 5, vec![cpu(MetricTarget::Utilization(50))]);
    let cases = [
        (8, 5, Some(RescaleReason::AboveMaxReplicas), "SucceededRescale", "", "above max"),
        (1, 2, Some(RescaleReason::BelowMinReplicas), "SucceededRescale", "", "below min"),
        (0, 0, None, "SucceededGetScale", "ScalingDisabled", "zero replicas switch scaling off"),
    ];
    for (current, expected, reason, able, active, why) in cases {
        let mut state = HpaState::default();
        let decision = decide(&hpa, &[], None, current, &mut state);
        assert_eq!((decision.desired_replicas, decision.rescale_reason), (expected, reason), "{why}");
        assert_eq!(decision.conditions.reason(HpaConditionType::AbleToScale), able, "{why}");
        assert_eq!(decision.conditions.reason(HpaConditionType::ScalingActive), active, "{why}");
        assert_eq!(decision.metrics, None, "{why}");
        assert_eq!(state.history.recommendations.len(), 1, "{why}: only the first recommendation");
    }
}

#[test]
fn a_target_scaled_to_zero_comes_back_with_the_minimum() {
    let behavior = |value| HorizontalPodAutoscalerBehavior {
        scale_up: HpaScalingRules {
            policies: vec![HpaScalingPolicy {
                policy_type: HpaScalingPolicyType::Pods,
                value,
                period: SimDuration::from_secs(15),
            }],
            ..HpaScalingRules::default_scale_up()
        },
        scale_down: HpaScalingRules::default_scale_down(),
    };
    // External metric, 10 per replica.
    let cases = [
        (0, None, true, true, 5, 1, "as many as the metric asks for"),
        (3, None, true, true, 5, 3, "no `behavior`: the minimum"),
        (3, Some(4), true, true, 5, 3, "the policy allows 4, the metric asks for 1: the minimum"),
        (3, Some(2), true, true, 50, 3, "the policy allows 2 of 5: the minimum"),
        (3, Some(4), true, true, 35, 4, "the metric asks for more than the minimum"),
        (3, Some(4), true, true, 0, 3, "the metric asks for none: the minimum all the same"),
        (0, Some(4), true, true, 0, 0, "without a minimum it stays at zero"),
        (3, Some(4), true, false, 50, 0, "somebody else scaled to zero"),
        (3, Some(4), false, true, 50, 0, "gate off"),
    ];
    for (min, policy, gate, by_controller, value, expected, why) in cases {
        let metric = external(MetricTarget::AverageValue(Quantity::from_units(10)));
        let hpa = HorizontalPodAutoscaler { behavior: policy.map(behavior), ..hpa(min, 10, vec![metric]) };
        let config = HpaConfig { scale_to_zero: gate, ..HpaConfig::default() };
        let samples = Samples { external: Some(value * 1000), ..Samples::default() };
        let scale = Scale { spec_replicas: 0, status_replicas: 0, selector: ScaleSelector::Valid };
        let inputs =
            HpaInputs { config: &config, hpa: &hpa, scale: Some(scale), pods: &[], alike: &[], metrics: &samples };
        let mut state = HpaState::default();
        if by_controller {
            let reason = HpaConditionReason::ScaledToZero;
            state.conditions.set(HpaConditionType::ScaledToZero, true, reason, SimTime::ZERO);
        }
        let decision = desired_replicas(&inputs, &mut state, SimTime::ZERO);
        assert_eq!(decision.desired_replicas, expected, "{why}");
    }
}

#[test]
fn what_cannot_be_read_stops_the_reconcile() {
    let hpa = hpa(1, 5, vec![cpu(MetricTarget::Utilization(50))]);
    let config = HpaConfig::default();
    let scale = |selector| Some(Scale { spec_replicas: 3, status_replicas: 3, selector });
    let cases = [
        (None, "AbleToScale", "FailedGetScale", 0),
        (scale(ScaleSelector::Invalid), "ScalingActive", "InvalidSelector", 1),
        (scale(ScaleSelector::Ambiguous), "ScalingActive", "AmbiguousSelector", 1),
    ];
    for (scale, condition, reason, recommendations) in cases {
        let samples = Samples::default();
        let inputs = HpaInputs { config: &config, hpa: &hpa, scale, pods: &[], alike: &[], metrics: &samples };
        let mut state = HpaState::default();
        let decision = desired_replicas(&inputs, &mut state, SimTime::ZERO);
        assert!(decision.error.is_some() && !decision.rescaled, "{reason}");
        let last = decision.conditions.iter().last().unwrap();
        assert_eq!((last.condition_type.as_str(), last.status, last.reason.as_str()), (condition, false, reason));
        assert_eq!(state.history.recommendations.len(), recommendations, "{reason}");
    }
}

fn any_pod() -> impl Strategy<Value = TestPod> {
    let phase = prop_oneof![
        8 => Just(PodPhase::Running),
        1 => Just(PodPhase::Pending),
        1 => Just(PodPhase::Failed),
        1 => Just(PodPhase::Succeeded),
    ];
    let status = prop_oneof![
        6 => Just(ConditionStatus::True),
        2 => Just(ConditionStatus::False),
        1 => Just(ConditionStatus::Unknown),
    ];
    let started = prop::option::weighted(0.9, 0..700_i64);
    let ready = prop::option::weighted(0.9, (status, 0..700_i64));
    let usage = prop::option::weighted(0.8, 0..300_i64);
    (phase, prop::bool::weighted(0.1), started, ready, usage)
        .prop_map(|(phase, deleting, started, ready, usage)| TestPod { phase, deleting, started, ready, usage })
}

fn any_behavior() -> impl Strategy<Value = Option<HorizontalPodAutoscalerBehavior>> {
    let select = || {
        prop_oneof![Just(ScalingPolicySelect::Max), Just(ScalingPolicySelect::Min), Just(ScalingPolicySelect::Disabled)]
    };
    let behavior = (select(), select(), 0..700_i64, 0..700_i64).prop_map(|(up, down, up_window, down_window)| {
        let window = |seconds| Some(SimDuration::from_secs(seconds));
        HorizontalPodAutoscalerBehavior {
            scale_up: HpaScalingRules {
                select_policy: up,
                stabilization_window: window(up_window),
                ..HpaScalingRules::default_scale_up()
            },
            scale_down: HpaScalingRules {
                select_policy: down,
                stabilization_window: window(down_window),
                ..HpaScalingRules::default_scale_down()
            },
        }
    });
    prop::option::of(behavior)
}

fn any_history() -> impl Strategy<Value = HpaHistory> {
    let list = || {
        let entry = (0..700_i64, 1..40_i32);
        let entry = entry.prop_map(|(age, replicas)| TimedReplicas { time: SimTime::from_secs(-age), replicas });
        prop::collection::vec(entry, 0..6)
    };
    (list(), list(), list()).prop_map(|(recommendations, scale_up_events, scale_down_events)| HpaHistory {
        recommendations,
        scale_up_events,
        scale_down_events,
    })
}

fn any_metrics() -> impl Strategy<Value = Vec<MetricSpec>> {
    let metric = (1..150_i32, 0..4_usize).prop_map(|(amount, kind)| {
        let quantity = Quantity::from_millis(i64::from(amount));
        match kind {
            0 => cpu(MetricTarget::Utilization(amount)),
            1 => cpu(MetricTarget::AverageValue(quantity)),
            2 => external(MetricTarget::Value(quantity)),
            _ => external(MetricTarget::AverageValue(quantity)),
        }
    });
    prop::collection::vec(metric, 1..4)
}

proptest! {
    #[test]
    fn a_result_keeps_the_bounds(
        pods in prop::collection::vec(any_pod(), 0..12),
        metrics in any_metrics(),
        behavior in any_behavior(),
        history in any_history(),
        (min, span, current) in (1..6_i32, 0..20_i32, 1..40_i32),
        value in prop::option::of(0..3000_i64),
    ) {
        let max = min + span;
        let hpa = HorizontalPodAutoscaler { behavior, ..hpa(min, max, metrics) };
        let mut state = HpaState { history, ..HpaState::default() };
        let decision = decide(&hpa, &pods, value, current, &mut state);
        prop_assert_eq!(decision.rescaled, decision.desired_replicas != current);
        if decision.error.is_none() || decision.rescaled {
            prop_assert!((min..=max).contains(&decision.desired_replicas), "{decision:?}");
        }
        let failed = decision.metrics.iter().flatten().any(Result::is_err);
        if failed && (min..=max).contains(&current) {
            // A stabilised number can still be lower than now, but no proposal below now gets that far.
            prop_assert!(decision.metric_desired.is_none_or(|desired| desired >= current));
        }
    }

    #[test]
    fn the_order_of_pods_does_not_matter(
        (pods, shuffled) in prop::collection::vec(any_pod(), 0..12)
            .prop_flat_map(|pods| (Just(pods.clone()), Just(pods).prop_shuffle())),
        metrics in any_metrics(),
        behavior in any_behavior(),
        history in any_history(),
        current in 1..12_i32,
        value in prop::option::of(0..3000_i64),
    ) {
        let hpa = HorizontalPodAutoscaler { behavior, ..hpa(1, 20, metrics) };
        let before = HpaState { history, ..HpaState::default() };
        let (mut first, mut second) = (before.clone(), before);
        let decision = decide(&hpa, &pods, value, current, &mut first);
        prop_assert_eq!(decision, decide(&hpa, &shuffled, value, current, &mut second));
        prop_assert_eq!(first, second);
    }
}
