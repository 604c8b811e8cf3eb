//! Checks of the metrics that a scenario gives.

use super::check::Checker;
use super::metric::{MetricSource, MetricType, MetricValue, RequestMeasure, RequestMetric};
use super::target::Target;
use super::traffic::{Fidelity, Traffic};
use crate::input::document::field_path::FieldPathBuf;
use crate::units::SimDuration;
use std::collections::BTreeSet;

impl Checker<'_> {
    /// Metrics.
    pub fn check_metrics(&mut self, path: &FieldPathBuf, metrics: &mut [MetricSource], traffic: &[Traffic]) {
        let entries = traffic;
        let traffic: BTreeSet<String> = traffic.iter().map(Traffic::title).collect();
        for (index, metric) in metrics.iter_mut().enumerate() {
            let path = path.index(index);
            self.require(!metric.name.is_empty(), path.key("name"), "is empty (expected the name of a metric)");
            self.check_place(&path, metric);
            let value = path.key("value");
            match &mut metric.value {
                MetricValue::Series(rate) => self.check_settled_rate(&value.key("series"), rate),
                MetricValue::Traffic(name) => self.require_known(value.key("traffic"), "traffic", name, &traffic),
                MetricValue::Requests(requests) => {
                    let value = value.key("requests");
                    self.require_known(value.key("traffic"), "traffic", &requests.traffic, &traffic);
                    let entry = entries.iter().find(|entry| entry.title() == requests.traffic);
                    self.check_request_metric(&value, requests, metric.metric_type, entry);
                }
                MetricValue::Queue(queue) => {
                    let value = value.key("queue");
                    let message = "has no meaning for type Pods (expected type External, Object or Trigger)";
                    self.require(metric.metric_type != MetricType::Pods, value.clone(), message);
                    self.check_settled_rate(&value.key("arrivals"), &mut queue.arrivals);
                    self.require_positive(value.key("servedPerPod"), queue.served_per_pod);
                    self.require_not_negative(value.key("initial"), queue.initial);
                    self.require_scale(value.key("target"), &queue.target);
                }
            }
        }
    }

    /// What is measured of requests.
    fn check_request_metric(
        &mut self,
        path: &FieldPathBuf,
        requests: &RequestMetric,
        metric_type: MetricType,
        entry: Option<&Traffic>,
    ) {
        let is_played = entry.is_none_or(|entry| entry.fidelity == Fidelity::Requests);
        let message = "is a fluid (expected an entry with `fidelity: requests`; of a fluid there is `value.traffic`)";
        self.require(is_played, path.key("traffic"), message);
        let measure = requests.measure;
        let is_of_all = matches!(measure, RequestMeasure::FailedRate | RequestMeasure::Latency);
        let message = "is not measured of single pods (expected type External, Object or Trigger)";
        self.require(!is_of_all || metric_type != MetricType::Pods, path.key("measure"), message);
        if let Some(quantile) = requests.quantile {
            let message = "has no meaning without `measure: latency`";
            self.require(measure == RequestMeasure::Latency, path.key("quantile"), message);
            let message = format!("`{quantile}` is out of range (expected above 0 and below 1)");
            self.require(quantile > 0.0 && quantile < 1.0, path.key("quantile"), message);
        }
        let interval = requests.scrape_interval.get();
        self.require(interval > SimDuration::ZERO, path.key("scrapeInterval"), "is not above zero");
    }

    /// A metric says whose it is, as its type needs it.
    fn check_place(&mut self, path: &FieldPathBuf, metric: &MetricSource) {
        let is_pods = metric.metric_type == MetricType::Pods;
        let is_object = metric.metric_type == MetricType::Object;
        let follows_traffic = matches!(metric.value, MetricValue::Traffic(_) | MetricValue::Requests(_));
        match &metric.target {
            Some(target) if is_pods => self.require_scale(path.key("target"), target),
            Some(_) => self.error(path.key("target"), "belongs to type Pods alone"),
            None => {
                let message = "is missing (expected the workload whose pods have the metric)";
                self.require(!is_pods || follows_traffic, path.key("target"), message);
            }
        }
        let is_trigger = metric.metric_type == MetricType::Trigger;
        match &metric.trigger {
            Some(_) => self.require(is_trigger, path.key("trigger"), "belongs to type Trigger alone"),
            None => {
                self.require(!is_trigger, path.key("trigger"), "is missing (expected the trigger whose value it is)");
            }
        }
        let no_labels = "has no meaning for type Trigger: KEDA asks for no labels";
        self.require(!is_trigger || metric.labels.is_empty(), path.key("labels"), no_labels);
        let described = path.key("describedObject");
        match &metric.described_object {
            Some(_) => self.require(is_object, described, "belongs to type Object alone"),
            None => self.require(!is_object, described, "is missing (expected the object whose metric it is)"),
        }
    }

    /// A reference to a workload with a scale.
    fn require_scale(&mut self, path: FieldPathBuf, target: &Target) {
        let message = format!("a {} has no scale (expected a workload such as deployment/web)", target.kind.as_str());
        self.require(target.kind.has_scale(), path, message);
    }
}
