//! The recorded answers of the metrics APIs to one reconcile.

use super::recorded::{milli, milli_value, relative};
use crate::api::{CrossVersionObjectReference, MetricIdentifier, MilliValue};
use crate::autoscaler::hpa::{MetricsSource, UnselectedSamples};
use crate::autoscaler::metrics::PodMetric;
use crate::units::{SimDuration, SimTime};
use serde::Deserialize;
use std::collections::BTreeMap;

/// `metrics` of a recording; an absent key is an API that does not know the metric.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(clippy::struct_field_names, reason = "the recording's names")]
pub(super) struct RawMetrics {
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
        for (_, usage) in self.containers.iter().filter(|(of, _)| container.is_none_or(|name| of == name)) {
            total = total.wrapping_add(*usage.get(resource)?);
            found = true;
        }
        found.then_some(total)
    }
}

/// The recorded answers of the metrics APIs; pods by their index among the selected ones.
#[derive(Debug)]
pub(super) struct RecordedMetrics {
    selected: Vec<Option<PodSample>>,
    others: Vec<PodSample>,
    pods_metrics: BTreeMap<String, (Vec<Option<MilliValue>>, UnselectedSamples)>,
    object_metrics: BTreeMap<(String, String, String), MilliValue>,
    external_metrics: BTreeMap<String, MilliValue>,
}

impl RecordedMetrics {
    /// Reads the answers; `names` are the selected pods.
    pub(super) fn new(raw: &RawMetrics, names: &BTreeMap<&str, usize>, now: jiff::Timestamp) -> Result<Self, String> {
        let mut selected: Vec<Option<PodSample>> = names.iter().map(|_| None).collect();
        let mut others = Vec::new();
        for reported in &raw.pod_metrics {
            let containers = reported.containers.iter().flatten().map(|container| {
                let usage = container.usage.iter().map(|(name, text)| Ok((name.clone(), milli(text)?)));
                Ok((container.name.clone(), usage.collect::<Result<_, String>>()?))
            });
            let sample = PodSample {
                timestamp: relative(&reported.timestamp, now)?,
                window: SimDuration::from_secs(reported.window_seconds),
                containers: containers.collect::<Result<_, String>>()?,
            };
            match names.get(reported.name.as_str()).and_then(|&index| selected.get_mut(index)) {
                Some(slot) => *slot = Some(sample),
                None => others.push(sample),
            }
        }
        let mut pods_metrics = BTreeMap::new();
        for (metric, values) in &raw.pods_metrics {
            let mut samples = vec![None; names.len()];
            let mut unselected = UnselectedSamples::default();
            for sample in values {
                let value = milli_value(&sample.value)?;
                match names.get(sample.pod.as_str()).and_then(|&index| samples.get_mut(index)) {
                    Some(slot) => *slot = Some(value),
                    None => add_unselected(&mut unselected, value.get()),
                }
            }
            pods_metrics.insert(metric.clone(), (samples, unselected));
        }
        let object = |metric: &RawObjectMetric| {
            Ok::<_, String>((
                (metric.kind.clone(), metric.name.clone(), metric.metric.clone()),
                milli_value(&metric.value)?,
            ))
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
