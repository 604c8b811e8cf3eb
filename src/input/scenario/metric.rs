//! Metrics that do not come from metrics-server, as a scenario writes them. `workload::metric_sources` evaluates them.

use super::leaf::Duration;
use super::rate::Rate;
use super::target::Target;
use crate::api::keda::{ScaleTrigger, ScaledObject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric of pods, of another object, or from outside the cluster: what an adapter answers to HorizontalPodAutoscalers
/// that ask for it by name, or what the source of a KEDA trigger holds. Where several entries answer the same question, their values add up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricSource {
    /// Name, as `metric.name` of the HorizontalPodAutoscaler. Of type Trigger it is for people alone.
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
    /// Of type Trigger: the trigger whose value it is.
    pub trigger: Option<TriggerReference>,
    /// The value over time.
    pub value: MetricValue,
    /// Times in which the adapter has no answer. Default none.
    #[serde(default)]
    pub outages: Vec<AdapterOutage>,
}

/// A time in which an adapter has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdapterOutage {
    /// When it begins, since the start of the run.
    pub at: Duration,
    /// How long it lasts. Default: for ever.
    pub duration: Option<Duration>,
}

/// A trigger of a KEDA ScaledObject, whose value comes from outside the cluster: exactly one that all that is given holds for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TriggerReference {
    /// Namespace. Default `default`.
    #[serde(default = "default_namespace")]
    pub namespace: String,
    /// Name of the ScaledObject.
    pub scaled_object: String,
    /// `name` of the trigger.
    pub name: Option<String>,
    /// Place in `spec.triggers`, from 0.
    pub index: Option<u32>,
    /// `type` of the trigger, for example `rabbitmq`.
    #[serde(rename = "type")]
    pub trigger_type: Option<String>,
}

impl TriggerReference {
    /// Whether it is the `index`th trigger of a ScaledObject.
    #[must_use]
    pub fn is_of(&self, object: &ScaledObject, index: usize, trigger: &ScaleTrigger) -> bool {
        let has = |wanted: Option<&String>, given: &str| wanted.is_none_or(|wanted| wanted == given);
        *object.meta.namespace == *self.namespace
            && *object.meta.name == *self.scaled_object
            && has(self.name.as_ref(), &trigger.name)
            && has(self.trigger_type.as_ref(), &trigger.trigger_type)
            && self.index.is_none_or(|wanted| u32::try_from(index) == Ok(wanted))
            && trigger.is_external()
    }
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
    /// None of them: the source of a trigger, which KEDA asks.
    Trigger,
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
    /// Something else that is measured of the requests of a traffic entry, sampled as by Prometheus.
    Requests(RequestMetric),
    /// The length of a queue. Not for type Pods.
    Queue(MetricQueue),
}

/// What is measured of the requests of a traffic entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestMetric {
    /// The traffic entry, by its name or, without one, its target. It is played with `fidelity: requests`.
    pub traffic: String,
    /// What is measured. Of type Pods it is that of each pod.
    pub measure: RequestMeasure,
    /// Of `latency`: the quantile, above 0 and below 1. Default 0.99.
    pub quantile: Option<f64>,
    /// Time between two samples; what is answered is the last one. Above zero. Default 15s.
    #[serde(default = "usual_scrape_interval")]
    pub scrape_interval: Duration,
    /// Age from which on a sample is answered: the way from the pods to the adapter. Default 0.
    #[serde(default)]
    pub delay: Duration,
}

const fn usual_scrape_interval() -> Duration {
    Duration::from_secs(15)
}

/// Something that is measured of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RequestMeasure {
    /// Requests per second that are sent; of a pod, those that it gets.
    Rate,
    /// Requests per second that fail. Not of pods.
    FailedRate,
    /// Requests that pods have, those in their queues included.
    InFlight,
    /// Requests that wait in a pod for a worker (`server.concurrency`).
    QueueLength,
    /// A quantile of the latency, in seconds, of the requests that were served in the current minute of the run and the one
    /// before. Not of pods. While none was served there is no answer.
    Latency,
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
