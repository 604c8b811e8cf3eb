//! From samples to a number of replicas (`ReplicaCalculator`, Kubernetes 1.36 `podautoscaler/replica_calculator.go`).
//!
//! The controller keeps maps from pod to sample and builds them anew for its second pass; all it reads of them are
//! sums and counts, so one pass over the pods is enough here. Sums are of 64-bit integers and wrap around, and
//! utilisation is compared in whole percents, as in the controller.

use super::HpaConfig;
use super::metrics_source::UnselectedSamples;
use super::pod::{AlikePods, HpaPod, MissingRequest};
use crate::api::{ConditionStatus, HorizontalPodAutoscaler, MilliValue, Name, PodPhase, PodSpec, Quantity};
use crate::autoscaler::go_number::{float64, int32, int64};
use crate::autoscaler::metrics::PodMetric;
use crate::units::SimTime;

/// Why one metric gives no number of replicas.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricError {
    /// The API answers with an error or an empty list.
    NoMetrics,
    /// The selector matches no pod.
    NoPods,
    /// A selected pod does not request the resource.
    MissingRequest {
        /// The name of the pod: the first of those selected.
        pod: Name,
        /// What it lacks.
        missing: MissingRequest,
    },
    /// Every sample belongs to a pod that is ignored or unready.
    NoReadyPods,
    /// No sample belongs to a pod with requests.
    NoKnownPods,
}

/// How far from 1 the ratio of current to target value may be without a change, down and up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Tolerances {
    /// Below 1.
    pub down: f64,
    /// Above 1.
    pub up: f64,
}

impl Tolerances {
    /// The object's own tolerances where the gate `HPAConfigurableTolerance` is on, else the controller's.
    pub(super) fn of(config: &HpaConfig, hpa: &HorizontalPodAutoscaler) -> Self {
        let behavior = hpa.behavior.as_ref().filter(|_| config.configurable_tolerance);
        let tolerance_or_default = |tolerance: Option<Quantity>| tolerance.map_or(config.tolerance, approximate_float);
        Self {
            down: tolerance_or_default(behavior.and_then(|behavior| behavior.scale_down.tolerance)),
            up: tolerance_or_default(behavior.and_then(|behavior| behavior.scale_up.tolerance)),
        }
    }

    /// Whether the ratio changes nothing; the bounds belong to the range.
    fn contain(self, ratio: f64) -> bool {
        1.0 - self.down <= ratio && ratio <= 1.0 + self.up
    }
}

/// `Quantity.AsApproximateFloat64`: the number times a power of ten, which is not always the nearest float.
#[expect(clippy::cast_precision_loss, reason = "tolerances are small numbers")]
fn approximate_float(quantity: Quantity) -> f64 {
    let (number, power) = quantity.scaled();
    let factor = match power {
        -3 => 1e-3,
        -6 => 1e-6,
        -9 => 1e-9,
        _ => 1.0,
    };
    number as f64 * factor
}

/// The target of a metric that every pod has a share in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PerPodTarget {
    /// Percent of the requests.
    Utilization(i32),
    /// Value per pod.
    AverageValue(MilliValue),
}

/// A number of replicas and what it was calculated from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Calculation {
    /// Proposed replicas.
    pub replicas: i32,
    /// Usage of requests in percent, for a utilisation target.
    pub utilization: Option<i32>,
    /// Average per pod, or the value as a whole for a `Value` target.
    pub current: MilliValue,
}

/// How a pod takes part in the calculation (`groupPods`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// Failed or being deleted: counts nowhere.
    Ignored,
    /// Pending, or not ready while its sample is cpu.
    Unready,
    /// Without a sample.
    Missing,
    /// With a sample that counts.
    Ready(MilliValue),
}

/// Puts a pod in its group. `is_cpu` is whether the metric is the cpu resource, for which samples of pods that start up
/// are skipped.
fn group(pod: &HpaPod<'_>, sample: Option<PodMetric>, is_cpu: bool, config: &HpaConfig, now: SimTime) -> Group {
    if pod.deleting || pod.phase == PodPhase::Failed {
        return Group::Ignored;
    }
    if pod.phase == PodPhase::Pending {
        return Group::Unready;
    }
    let Some(sample) = sample else { return Group::Missing };
    if !is_cpu {
        return Group::Ready(sample.value);
    }
    let (Some(ready), Some(start)) = (pod.ready, pod.start_time) else { return Group::Unready };
    let is_false = ready.status == ConditionStatus::False;
    let unready = if start + config.cpu_initialization_period > now {
        is_false || sample.timestamp < ready.last_transition + sample.window
    } else {
        is_false && start + config.initial_readiness_delay > ready.last_transition
    };
    if unready { Group::Unready } else { Group::Ready(sample.value) }
}

/// Entries of the samples' map.
#[derive(Clone, Copy, Debug, Default)]
struct Entries {
    /// Entries of selected pods.
    known: usize,
    /// Entries of other pods.
    unselected: usize,
    /// Sum of the values of selected pods.
    usage: i64,
    /// Sum of the values of other pods.
    unselected_usage: i64,
    /// Sum of the selected pods' requests; 0 without a utilisation target.
    requests: i64,
}

impl Entries {
    /// Adds a selected pod's value and request.
    fn add(&mut self, usage: i64, request: i64) {
        self.add_all(1, usage, request);
    }

    /// Adds the values of a number of selected pods that request the same.
    fn add_all(&mut self, count: usize, usage: i64, request: i64) {
        self.known += count;
        self.usage = self.usage.wrapping_add(usage);
        self.requests = self.requests.wrapping_add(request.wrapping_mul(signed(count)));
    }

    /// Adds all of another group.
    fn merge(&mut self, other: &Self) {
        self.known += other.known;
        self.usage = self.usage.wrapping_add(other.usage);
        self.requests = self.requests.wrapping_add(other.requests);
    }

    /// All entries.
    fn len(&self) -> usize {
        self.known + self.unselected
    }

    /// The ratio of current to target value, the utilisation in percent, and the average
    /// (`GetResourceUtilizationRatio`, `GetMetricUsageRatio`). Entries of pods that are not selected count in an
    /// average value but not in a utilisation.
    #[expect(clippy::cast_possible_truncation, reason = "the controller truncates to 32 bits")]
    fn ratio(&self, target: PerPodTarget) -> Result<(f64, Option<i32>, MilliValue), MetricError> {
        match target {
            PerPodTarget::Utilization(target) => {
                if self.requests == 0 {
                    return Err(MetricError::NoKnownPods);
                }
                let utilization = self.usage.wrapping_mul(100).wrapping_div(self.requests) as i32;
                let average = self.usage.checked_div(signed(self.known)).unwrap_or(0);
                let ratio = f64::from(utilization) / f64::from(target);
                Ok((ratio, Some(utilization), MilliValue::new(average)))
            }
            PerPodTarget::AverageValue(target) => {
                let usage = self.usage.wrapping_add(self.unselected_usage);
                let average = usage.checked_div(signed(self.len())).ok_or(MetricError::NoReadyPods)?;
                Ok((float64(average) / float64(target.get()), None, MilliValue::new(average)))
            }
        }
    }
}

/// A count as the integer that the controller divides by.
fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What every per-pod calculation needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct PerPodQuery<'a> {
    /// Parameters.
    pub config: &'a HpaConfig,
    /// Selected pods, each by itself.
    pub pods: &'a [HpaPod<'a>],
    /// Selected pods that are taken together.
    pub alike: &'a [AlikePods<'a>],
    /// `scale.spec.replicas`.
    pub current_replicas: i32,
    /// Tolerances.
    pub tolerances: Tolerances,
    /// Now.
    pub now: SimTime,
    /// Whether the metric is the cpu resource.
    pub is_cpu: bool,
    /// Samples in the answer that belong to no selected pod.
    pub unselected: UnselectedSamples,
}

/// Replicas from a metric of the pods (`GetResourceReplicas`, `calcPlainMetricReplicas`): `sample` gives a pod's sample
/// (by index), `sum` those of pods that are taken together, `request` what a spec requests; requests are asked for with a
/// utilisation target only.
pub(super) fn per_pod_replicas<'a>(
    query: &PerPodQuery<'a>,
    target: PerPodTarget,
    sample: impl Fn(usize) -> Option<PodMetric>,
    sum: impl Fn(usize) -> Option<MilliValue>,
    request: impl Fn(&'a PodSpec) -> Result<MilliValue, MissingRequest>,
) -> Result<Calculation, MetricError> {
    let mut counted = Entries {
        unselected: query.unselected.count,
        unselected_usage: query.unselected.sum.get(),
        ..Entries::default()
    };
    let mut missing = Entries::default();
    let mut unready = Entries::default();
    let mut any_sample = query.unselected.count > 0;
    let mut missing_request = None;
    // What a pod without sample is taken to use when the metric calls for fewer replicas.
    let assumed = |request: i64| match target {
        PerPodTarget::Utilization(target) => request.wrapping_mul(i64::from(target.max(100))) / 100,
        PerPodTarget::AverageValue(target) => target.get(),
    };
    let mut requested = |name: &str, spec| match target {
        PerPodTarget::AverageValue(_) => 0,
        PerPodTarget::Utilization(_) => request(spec).map_or_else(
            |missing| {
                missing_request.get_or_insert_with(|| MetricError::MissingRequest { pod: name.into(), missing });
                0
            },
            MilliValue::get,
        ),
    };
    for (index, alike) in query.alike.iter().enumerate() {
        let request = requested(alike.name, alike.spec);
        let sum = sum(index);
        any_sample |= sum.is_some();
        match sum {
            Some(sum) => counted.add_all(alike.count, sum.get(), request),
            None => missing.add_all(alike.count, assumed(request).wrapping_mul(signed(alike.count)), request),
        }
    }
    for (index, pod) in query.pods.iter().enumerate() {
        let request = requested(pod.name, pod.spec);
        let sample = sample(index);
        any_sample |= sample.is_some();
        match group(pod, sample, query.is_cpu, query.config, query.now) {
            Group::Ignored => {}
            Group::Unready => unready.add(0, request),
            Group::Missing => missing.add(assumed(request), request),
            Group::Ready(value) => counted.add(value.get(), request),
        }
    }
    if !any_sample {
        return Err(MetricError::NoMetrics);
    }
    if query.pods.is_empty() && query.alike.is_empty() {
        return Err(MetricError::NoPods);
    }
    if counted.len() == 0 {
        return Err(MetricError::NoReadyPods);
    }
    if let Some(error) = missing_request {
        return Err(error);
    }
    let (ratio, utilization, current) = counted.ratio(target)?;
    let result = |replicas| Ok(Calculation { replicas, utilization, current });
    let unchanged = query.current_replicas;
    let rebalance_unready = unready.known > 0 && ratio > 1.0;
    if !rebalance_unready && missing.known == 0 {
        let ready_pods = float64(signed(counted.known));
        return result(if query.tolerances.contain(ratio) { unchanged } else { int32((ratio * ready_pods).ceil()) });
    }
    if ratio < 1.0 {
        counted.merge(&missing);
    } else if ratio > 1.0 {
        counted.merge(&Entries { usage: 0, ..missing });
    }
    if rebalance_unready {
        counted.merge(&unready);
    }
    let (new_ratio, _, _) = counted.ratio(target)?;
    let flipped = (ratio < 1.0 && new_ratio > 1.0) || (ratio > 1.0 && new_ratio < 1.0);
    if query.tolerances.contain(new_ratio) || flipped {
        return result(unchanged);
    }
    let replicas = int32((new_ratio * float64(signed(counted.len()))).ceil());
    let against = (new_ratio < 1.0 && replicas > unchanged) || (new_ratio > 1.0 && replicas < unchanged);
    result(if against { unchanged } else { replicas })
}

/// Replicas from a value that is to be kept as a whole (`GetObjectMetricReplicas`, `GetExternalMetricReplicas`): the
/// number of Running and Ready pods times the ratio, or from zero replicas the ratio itself.
pub(super) fn value_replicas(
    current_replicas: i32,
    tolerances: Tolerances,
    (pods, alike): (&[HpaPod<'_>], &[AlikePods<'_>]),
    value: MilliValue,
    target: MilliValue,
) -> Result<Calculation, MetricError> {
    let ratio = float64(value.get()) / float64(target.get());
    let result = |replicas| Ok(Calculation { replicas, utilization: None, current: value });
    if current_replicas == 0 {
        return result(int32(ratio.ceil()));
    }
    if tolerances.contain(ratio) {
        return result(current_replicas);
    }
    if pods.is_empty() && alike.is_empty() {
        return Err(MetricError::NoPods);
    }
    let alike: usize = alike.iter().map(|alike| alike.count).sum();
    let ready_pods = pods.iter().filter(|pod| pod.is_running_and_ready()).count() + alike;
    result(int32((ratio * float64(signed(ready_pods))).ceil().min(f64::from(i32::MAX))))
}

/// Replicas from a value per replica of a metric that is not the pods' own (`GetObjectPerPodMetricReplicas`,
/// `GetExternalPerPodMetricReplicas`). It starts from `scale.status.replicas`.
pub(super) fn average_value_replicas(
    status_replicas: i32,
    tolerances: Tolerances,
    value: MilliValue,
    target: MilliValue,
) -> Calculation {
    let (value, target) = (float64(value.get()), float64(target.get()));
    let ratio = value / (target * f64::from(status_replicas));
    let replicas = if tolerances.contain(ratio) { status_replicas } else { int32((value / target).ceil()) };
    let current = MilliValue::new(int64((value / f64::from(status_replicas)).ceil()));
    Calculation { replicas, utilization: None, current }
}
