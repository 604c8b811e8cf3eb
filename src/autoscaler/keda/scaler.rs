//! What a trigger measures, and the metric that the HorizontalPodAutoscaler is given for it (`GetMetricSpecForScaling` of
//! `pkg/scalers/*_scaler.go`).
//!
//! What a source outside the cluster holds is not known here: such a trigger has a *subject* (a queue, a topic, a query), by which
//! the simulation finds its value.

use super::cron_scaler::CronScaler;
use super::parameters::{Parameters, normalized, with_index};
use crate::api::keda::{ScaleTrigger, TriggerMetricType};
use crate::api::{MetricTarget, Name, Quantity};

/// A trigger that can be asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaler {
    /// `name` of the trigger; empty if it has none.
    pub trigger_name: Name,
    /// What it is called in Events: its name, else the type of its scaler.
    pub display_name: String,
    /// `useCachedMetrics`.
    pub use_cached_metrics: bool,
    /// Where the value comes from.
    pub source: ScalerSource,
}

/// Where the value of a trigger comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum ScalerSource {
    /// metrics-server, which the HorizontalPodAutoscaler asks itself.
    Resource {
        /// `cpu` or `memory`.
        resource: Name,
        /// `containerName`, if it is of one container.
        container: Option<Name>,
        /// Target.
        target: MetricTarget,
    },
    /// The time.
    Cron {
        /// The schedule.
        cron: Box<CronScaler>,
        /// Target: one replica each.
        target: MetricTarget,
    },
    /// A source outside the cluster.
    External {
        /// The metric's name.
        metric_name: Name,
        /// Target.
        target: MetricTarget,
        /// What is measured: the name of a queue, a query.
        subject: Name,
        /// The trigger is active above this.
        activation: f64,
    },
}

/// A type of trigger whose value comes from outside the cluster.
struct ExternalType {
    /// `type`.
    name: &'static str,
    /// The scaler's type in KEDA, which Events tell.
    scaler: &'static str,
    /// The parameter that says what is measured.
    subject: &'static str,
    /// The metric's name is this and the subject; alone where it ends without a hyphen.
    prefix: &'static str,
    /// The parameter with the target, and its default.
    threshold: (&'static str, Option<f64>),
    /// The parameter with the value above which the trigger is active.
    activation: &'static str,
}

const fn external(
    [name, scaler, subject, prefix]: [&'static str; 4],
    threshold: (&'static str, Option<f64>),
    activation: &'static str,
) -> ExternalType {
    ExternalType { name, scaler, subject, prefix, threshold, activation }
}

/// The types that are simulated beside cpu, memory and cron.
const EXTERNAL_TYPES: [ExternalType; 11] = [
    external(["prometheus", "prometheusScaler", "query", "prometheus"], ("threshold", None), "activationThreshold"),
    external(["kafka", "kafkaScaler", "topic", "kafka-"], ("lagThreshold", Some(10.0)), "activationLagThreshold"),
    external(
        ["apache-kafka", "apacheKafkaScaler", "topic", "kafka-"],
        ("lagThreshold", Some(10.0)),
        "activationLagThreshold",
    ),
    external(["rabbitmq", "rabbitMQScaler", "queueName", "rabbitmq-"], ("value", Some(20.0)), "activationValue"),
    external(["redis", "redisScaler", "listName", "redis-"], ("listLength", Some(5.0)), "activationListLength"),
    external(
        ["aws-sqs-queue", "awsSqsQueueScaler", "queueURL", "aws-sqs-"],
        ("queueLength", Some(5.0)),
        "activationQueueLength",
    ),
    external(
        ["azure-servicebus", "azureServiceBusScaler", "queueName", "azure-servicebus-"],
        ("messageCount", Some(5.0)),
        "activationMessageCount",
    ),
    external(["gcp-pubsub", "pubsubScaler", "subscriptionName", "gcp-ps-"], ("value", Some(10.0)), "activationValue"),
    external(
        ["metrics-api", "metricsAPIScaler", "valueLocation", "metric-api-"],
        ("targetValue", None),
        "activationTargetValue",
    ),
    // What these measure is said by a server; here by parameters.
    external(["external", "externalScaler", "metricName", ""], ("targetValue", None), "activationTargetValue"),
    external(["external-push", "externalPushScaler", "metricName", ""], ("targetValue", None), "activationTargetValue"),
];

impl Scaler {
    /// Reads a trigger, which is the `index`th of its object.
    ///
    /// # Errors
    /// KEDA's text of what is wrong.
    pub fn new(trigger: &ScaleTrigger, index: usize) -> Result<Self, String> {
        let parameters = Parameters::of(trigger);
        let (scaler, source) = match &*trigger.trigger_type {
            "cpu" | "memory" => ("cpuMemoryScaler", resource_source(trigger)?),
            "cron" => {
                let target = metric_target(trigger.metric_type, Quantity::from_units(1))?;
                ("cronScaler", ScalerSource::Cron { cron: Box::new(CronScaler::new(parameters, index)?), target })
            }
            other => {
                let Some(found) = EXTERNAL_TYPES.iter().find(|external| external.name == other) else {
                    return Err(format!("no scaler found for type: {other}"));
                };
                (found.scaler, found.source(parameters, index)?)
            }
        };
        let display_name = if trigger.name.is_empty() { scaler.to_owned() } else { trigger.name.to_string() };
        Ok(Self {
            trigger_name: trigger.name.clone(),
            display_name,
            use_cached_metrics: trigger.use_cached_metrics,
            source,
        })
    }

    /// The external metric and its target; `None` for cpu and memory.
    #[must_use]
    pub fn external(&self) -> Option<(&Name, MetricTarget)> {
        match &self.source {
            ScalerSource::Resource { .. } => None,
            ScalerSource::Cron { cron, target } => Some((&cron.metric_name, *target)),
            ScalerSource::External { metric_name, target, .. } => Some((metric_name, *target)),
        }
    }

    /// The external metric's name; `None` for cpu and memory.
    #[must_use]
    pub fn metric_name(&self) -> Option<&Name> {
        self.external().map(|(name, _)| name)
    }
}

impl ExternalType {
    fn source(&self, parameters: Parameters<'_>, index: usize) -> Result<ScalerSource, String> {
        let mut problems = Vec::new();
        let subject = parameters.required(self.subject, &mut problems).unwrap_or_default();
        // The name of a queue is the end of its address.
        let subject =
            if self.name == "aws-sqs-queue" { subject.rsplit('/').next().unwrap_or(subject) } else { subject };
        let threshold = match self.threshold {
            (name, None) => parameters.required_number(name, &mut problems).unwrap_or_default(),
            (name, Some(default)) => parameters.number(name, &mut problems).unwrap_or(default),
        };
        let activation = parameters.number(self.activation, &mut problems).unwrap_or(0.0);
        if !problems.is_empty() {
            return Err(format!("error parsing {} metadata: {}", self.name, problems.join("\n")));
        }
        let name =
            if self.prefix == "prometheus" { self.prefix.to_owned() } else { format!("{}{subject}", self.prefix) };
        #[expect(clippy::cast_possible_truncation, reason = "a float-to-integer cast saturates")]
        let target =
            metric_target(parameters.trigger().metric_type, Quantity::from_millis((threshold * 1000.0) as i64))?;
        Ok(ScalerSource::External {
            metric_name: with_index(index, &normalized(&name)),
            target,
            subject: subject.into(),
            activation,
        })
    }
}

/// The target of an external metric (`GetMetricTargetType`, `GetMetricTarget`).
///
/// # Errors
/// That a utilisation is asked for.
pub fn metric_target(metric_type: Option<TriggerMetricType>, value: Quantity) -> Result<MetricTarget, String> {
    match metric_type {
        None | Some(TriggerMetricType::AverageValue) => Ok(MetricTarget::AverageValue(value)),
        Some(TriggerMetricType::Value) => Ok(MetricTarget::Value(value)),
        Some(TriggerMetricType::Utilization) => Err("error getting scaler metric type: 'Utilization' metric type is \
                                                     unsupported for external metrics, allowed values are 'Value' or \
                                                     'AverageValue'"
            .to_owned()),
    }
}

/// cpu or memory of the pods (`cpu_memory_scaler.go`).
fn resource_source(trigger: &ScaleTrigger) -> Result<ScalerSource, String> {
    let resource = trigger.trigger_type.clone();
    let failed = |problem: String| format!("error parsing {resource} metadata: {problem}");
    let mut problems = Vec::new();
    let value = Parameters::of(trigger).required("value", &mut problems).unwrap_or_default();
    if let Some(problem) = problems.pop() {
        return Err(failed(problem));
    }
    let target = match trigger.metric_type {
        Some(TriggerMetricType::AverageValue) => {
            MetricTarget::AverageValue(value.parse().map_err(|error| failed(format!("{error}")))?)
        }
        Some(TriggerMetricType::Utilization) => MetricTarget::Utilization(
            value.parse().map_err(|_| failed(format!("strconv.ParseInt: parsing {value:?}: invalid syntax")))?,
        ),
        other => {
            let name = if other.is_some() { "Value" } else { "" };
            let allowed = "allowed values are 'Utilization' or 'AverageValue'";
            return Err(failed(format!("unknown metric type: {name}, {allowed}")));
        }
    };
    let container = trigger.parameter("containerName").map(Name::from);
    Ok(ScalerSource::Resource { resource, container, target })
}
