//! Metrics that do not come from metrics-server, as a scenario writes them. `workload::metric_sources` evaluates them.

use super::rate::Rate;
use super::target::Target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric of pods, of another object, or from outside the cluster: what an adapter answers to HorizontalPodAutoscalers
/// that ask for it by name. Where several entries answer the same question, their values add up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricSource {
    /// Name, as `metric.name` of the HorizontalPodAutoscaler.
    pub name: String,
    /// Which of the metrics APIs has it.
    #[serde(rename = "type")]
    pub metric_type: MetricType,
    /// Labels of the series, against which `metric.selector` is held. Default none.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Of type Pods: the workload whose running pods have the metric. Default for `value.traffic`: its target.
    pub target: Option<Target>,
    /// Of type Object: the object whose metric it is.
    pub described_object: Option<DescribedObject>,
    /// The value over time.
    pub value: MetricValue,
}

/// Which of the metrics APIs has a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum MetricType {
    /// `custom.metrics.k8s.io`: each pod has a value of its own.
    Pods,
    /// `custom.metrics.k8s.io`: an object has the value.
    Object,
    /// `external.metrics.k8s.io`.
    External,
}

/// The object that a metric describes, of any kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DescribedObject {
    /// Kind, for example `Ingress`.
    pub kind: String,
    /// Namespace. Default `default`.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// Name.
    pub name: String,
}

fn default_namespace() -> String {
    "default".to_owned()
}

/// The value of a metric over time: exactly one of the forms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum MetricValue {
    /// A given value, in the metric's unit, in any form that a request rate has. Of type Pods it is that of each pod.
    Series(Rate),
    /// Requests per second of the traffic entry of this name (without a name: of this target). Of type Pods it is what
    /// each pod gets of them.
    Traffic(String),
    /// The length of a queue. Not for type Pods.
    Queue(MetricQueue),
}

/// A queue that the pods of a workload empty. Its length grows by what comes and shrinks by what the ready pods take, and
/// is never below zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricQueue {
    /// Items per second that come.
    pub arrivals: Rate,
    /// Items per second that a ready pod takes; above zero.
    pub served_per_pod: f64,
    /// The workload whose ready pods take the items.
    pub target: Target,
    /// Items in the queue at the start. Default 0.
    #[serde(default)]
    pub initial: f64,
}
