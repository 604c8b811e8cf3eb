//! The names of metrics, and of the series that they select, in messages (Kubernetes 1.36 `podautoscaler/horizontal.go`).

use crate::api::{LabelSelector, MetricSpec, MetricTarget, SelectorOperator, SelectorRequirement};
use std::fmt;

/// The name of a metric as it stands in messages and Events, for example
/// `cpu resource utilization (percentage of request)`.
#[derive(Clone, Copy, Debug)]
pub struct MetricName<'a>(pub &'a MetricSpec);

impl fmt::Display for MetricName<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            MetricSpec::Resource { name, target: MetricTarget::Utilization(_) } => {
                write!(formatter, "{name} resource utilization (percentage of request)")
            }
            MetricSpec::ContainerResource { name, target: MetricTarget::Utilization(_), .. } => {
                write!(formatter, "{name} container resource utilization (percentage of request)")
            }
            MetricSpec::Resource { name, .. } | MetricSpec::ContainerResource { name, .. } => {
                write!(formatter, "{name} resource")
            }
            MetricSpec::Pods { metric, .. } => write!(formatter, "pods metric {}", metric.name),
            MetricSpec::Object { described_object, metric, target: MetricTarget::Value(_) } => {
                write!(formatter, "{} metric {}", described_object.kind, metric.name)
            }
            // Object metrics with an average go under the words of external ones, in the controller too.
            MetricSpec::Object { metric, .. } | MetricSpec::External { metric, .. } => {
                write!(formatter, "external metric {}({})", metric.name, SeriesSelector(metric.selector.as_ref()))
            }
        }
    }
}

/// A selector in the form of the generated Go `String` method. `In` with one value is written as `matchLabels`,
/// since the two are one in [`LabelSelector`].
pub(super) struct SeriesSelector<'a>(pub Option<&'a LabelSelector>);

impl fmt::Display for SeriesSelector<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(selector) = self.0 else { return formatter.write_str("nil") };
        let single = |requirement: &&SelectorRequirement| {
            requirement.operator == SelectorOperator::In && requirement.values.len() == 1
        };
        formatter.write_str("&LabelSelector{MatchLabels:map[string]string{")?;
        for requirement in selector.requirements.iter().filter(single) {
            write!(formatter, "{}: {},", requirement.key, requirement.values.first().map_or("", |value| value))?;
        }
        formatter.write_str("},MatchExpressions:[]LabelSelectorRequirement{")?;
        for requirement in selector.requirements.iter().filter(|requirement| !single(requirement)) {
            let values = requirement.values.join(" ");
            write!(
                formatter,
                "LabelSelectorRequirement{{Key:{},Operator:{:?},Values:[{values}],}},",
                requirement.key, requirement.operator
            )?;
        }
        formatter.write_str("},}")
    }
}
