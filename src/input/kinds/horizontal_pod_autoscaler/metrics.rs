//! The metrics of a HorizontalPodAutoscaler: exactly one source and one kind of target each.

use super::reference::{check_path_segment, object_reference};
use crate::api::{
    LabelSelector, Labels, MetricIdentifier, MetricSpec, MetricTarget, Name, Quantity, SelectorOperator,
    SelectorRequirement,
};
use crate::input::FieldErrors;
use k8s_openapi::api::autoscaling::v2;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as QuantityText;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta_v1;
use std::fmt::Display;

/// Percent of the requests that the default metric aims at (`defaultCPUUtilization`).
const DEFAULT_CPU_UTILIZATION: i32 = 80;

/// All metrics; none at all is cpu at 80 %.
pub(super) fn metrics(metrics: &[v2::MetricSpec], errors: &mut FieldErrors) -> Vec<MetricSpec> {
    if metrics.is_empty() {
        let target = MetricTarget::Utilization(DEFAULT_CPU_UTILIZATION);
        return vec![MetricSpec::Resource { name: "cpu".into(), target }];
    }
    let convert = |(index, spec)| metric(spec, &format!("spec.metrics[{index}]"), errors);
    metrics.iter().enumerate().filter_map(convert).collect()
}

/// One metric: exactly the source that `type` names.
fn metric(spec: &v2::MetricSpec, path: &str, errors: &mut FieldErrors) -> Option<MetricSpec> {
    let sources = [
        ("Resource", "resource", spec.resource.is_some()),
        ("ContainerResource", "containerResource", spec.container_resource.is_some()),
        ("Pods", "pods", spec.pods.is_some()),
        ("Object", "object", spec.object.is_some()),
        ("External", "external", spec.external.is_some()),
    ];
    let Some((_, expected, present)) = sources.iter().find(|(name, ..)| *name == spec.type_) else {
        let found = &spec.type_;
        let expected = "expected Resource, ContainerResource, Pods, Object or External";
        errors.push(format!("{path}.type"), format_args!("is `{found}` ({expected})"));
        return None;
    };
    for (_, surplus, _) in sources.iter().filter(|(_, key, present)| *present && key != expected) {
        errors.push(format!("{path}.{surplus}"), format_args!("does not go with type {} (expected none)", spec.type_));
    }
    if !present {
        errors.push(format!("{path}.{expected}"), format_args!("is required for type {}", spec.type_));
        return None;
    }
    let path = format!("{path}.{expected}");
    if let Some(source) = &spec.resource {
        check_given(&source.name, format_args!("{path}.name"), errors);
        let target = resource_target(&source.target, &path, errors)?;
        return Some(MetricSpec::Resource { name: source.name.as_str().into(), target });
    }
    if let Some(source) = &spec.container_resource {
        check_given(&source.name, format_args!("{path}.name"), errors);
        check_given(&source.container, format_args!("{path}.container"), errors);
        let target = resource_target(&source.target, &path, errors)?;
        let (name, container) = (source.name.as_str().into(), source.container.as_str().into());
        return Some(MetricSpec::ContainerResource { name, container, target });
    }
    if let Some(source) = &spec.pods {
        let metric = metric_identifier(&source.metric, &path, errors);
        let target = Target::read(&source.target, &path, errors);
        let Some(quantity) = target.average_value else {
            errors.push(format!("{path}.target.averageValue"), "is required, and positive");
            return None;
        };
        return Some(MetricSpec::Pods { metric, target: MetricTarget::AverageValue(quantity) });
    }
    if let Some(source) = &spec.object {
        let described_object = object_reference(&source.described_object, &format!("{path}.describedObject"), errors);
        let metric = metric_identifier(&source.metric, &path, errors);
        let target = object_target(&source.target, &path, errors)?;
        return Some(MetricSpec::Object { described_object, metric, target });
    }
    let source = spec.external.as_ref()?;
    let metric = metric_identifier(&source.metric, &path, errors);
    let target = external_target(&source.target, &path, errors)?;
    Some(MetricSpec::External { metric, target })
}

/// Notes an empty text.
fn check_given(text: &str, field: impl Display, errors: &mut FieldErrors) {
    if text.is_empty() {
        errors.push(field.to_string(), "is required");
    }
}

/// A target's values, those that are given and positive.
struct Target {
    utilization: Option<i32>,
    average_value: Option<Quantity>,
    value: Option<Quantity>,
    /// Whether a value was given but is not usable; its problem is noted.
    is_broken: bool,
}

impl Target {
    /// Reads a target; what holds for every kind of metric is checked here (`validateMetricTarget`).
    fn read(target: &v2::MetricTarget, path: &str, errors: &mut FieldErrors) -> Self {
        if !["Utilization", "Value", "AverageValue"].contains(&target.type_.as_str()) {
            let expected = "expected Utilization, Value or AverageValue";
            errors.push(format!("{path}.target.type"), format_args!("is `{}` ({expected})", target.type_));
        }
        let mut is_broken = false;
        if let Some(percent) = target.average_utilization
            && percent < 1
        {
            errors
                .push(format!("{path}.target.averageUtilization"), format_args!("is {percent} (expected at least 1)"));
            is_broken = true;
        }
        let mut positive = |text: Option<&QuantityText>, name: &str| {
            let field = format!("{path}.target.{name}");
            let value = quantity(text?, &field, errors).filter(|value| {
                let positive = *value > Quantity::ZERO;
                if !positive {
                    errors.push(&field, format_args!("is {value} (expected more than 0)"));
                }
                positive
            });
            is_broken |= value.is_none();
            value
        };
        let value = positive(target.value.as_ref(), "value");
        let average_value = positive(target.average_value.as_ref(), "averageValue");
        Self {
            utilization: target.average_utilization.filter(|percent| *percent >= 1),
            average_value,
            value,
            is_broken,
        }
    }
}

/// Reads a quantity.
pub(super) fn quantity(text: &QuantityText, field: &str, errors: &mut FieldErrors) -> Option<Quantity> {
    let quantity: Quantity = text.0.parse().map_err(|error| errors.push(field, error)).ok()?;
    let most = i64::MAX / 1000;
    if quantity > Quantity::from_units(most) {
        errors.push(field, format_args!("`{}` is too large (expected at most {most})", text.0));
        return None;
    }
    Some(quantity)
}

/// The target of a resource of the pods: a utilisation or an average, whatever `type` says, as in the controller.
fn resource_target(target: &v2::MetricTarget, path: &str, errors: &mut FieldErrors) -> Option<MetricTarget> {
    let read = Target::read(target, path, errors);
    match (read.utilization, read.average_value) {
        (Some(_), Some(_)) => {
            errors
                .push(format!("{path}.target.averageValue"), "stands beside averageUtilization (expected one of them)");
            None
        }
        (None, Some(quantity)) => Some(MetricTarget::AverageValue(quantity)),
        (Some(percent), None) => Some(MetricTarget::Utilization(percent)),
        (None, None) => {
            if !read.is_broken {
                errors.push(format!("{path}.target"), "has neither averageUtilization nor averageValue (expected one)");
            }
            None
        }
    }
}

/// The target of an Object metric: `type` decides.
fn object_target(target: &v2::MetricTarget, path: &str, errors: &mut FieldErrors) -> Option<MetricTarget> {
    let read = Target::read(target, path, errors);
    if read.is_broken {
        return None;
    }
    let (name, converted) = if target.type_ == "Value" {
        ("value", read.value.map(MetricTarget::Value))
    } else {
        ("averageValue", read.average_value.map(MetricTarget::AverageValue))
    };
    if converted.is_none() {
        errors.push(format!("{path}.target.{name}"), format_args!("is required for target type {}", target.type_));
    }
    converted
}

/// The target of an External metric: exactly one of the two, whatever `type` says, as in the controller.
fn external_target(target: &v2::MetricTarget, path: &str, errors: &mut FieldErrors) -> Option<MetricTarget> {
    let read = Target::read(target, path, errors);
    match (read.value, read.average_value) {
        (Some(_), Some(_)) => {
            errors.push(format!("{path}.target.value"), "stands beside averageValue (expected one of them)");
            None
        }
        (Some(quantity), None) => Some(MetricTarget::Value(quantity)),
        (None, Some(quantity)) => Some(MetricTarget::AverageValue(quantity)),
        (None, None) => {
            if !read.is_broken {
                errors.push(format!("{path}.target"), "has neither value nor averageValue (expected one)");
            }
            None
        }
    }
}

/// A metric's name and selector.
fn metric_identifier(metric: &v2::MetricIdentifier, path: &str, errors: &mut FieldErrors) -> MetricIdentifier {
    check_path_segment(&metric.name, format_args!("{path}.metric.name"), errors);
    let selector = metric.selector.as_ref();
    let selector = selector.map(|selector| label_selector(selector, &format!("{path}.metric.selector"), errors));
    MetricIdentifier { name: metric.name.as_str().into(), selector }
}

/// A selector of series.
fn label_selector(selector: &meta_v1::LabelSelector, path: &str, errors: &mut FieldErrors) -> LabelSelector {
    let labels: Labels =
        selector.match_labels.iter().flatten().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let mut converted = LabelSelector::from_match_labels(&labels);
    for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let values = expression.values.as_deref().unwrap_or(&[]);
        let (operator, takes_values) = match expression.operator.as_str() {
            "In" => (SelectorOperator::In, true),
            "NotIn" => (SelectorOperator::NotIn, true),
            "Exists" => (SelectorOperator::Exists, false),
            "DoesNotExist" => (SelectorOperator::DoesNotExist, false),
            unknown => {
                let field = format!("{path}.matchExpressions[{index}].operator");
                errors.push(field, format_args!("is `{unknown}` (expected In, NotIn, Exists or DoesNotExist)"));
                continue;
            }
        };
        if takes_values == values.is_empty() {
            let expected = if takes_values { "at least one value" } else { "no values" };
            let field = format!("{path}.matchExpressions[{index}].values");
            errors.push(field, format_args!("does not go with operator {} (expected {expected})", expression.operator));
        }
        converted.requirements.push(SelectorRequirement {
            key: expression.key.as_str().into(),
            operator,
            values: values.iter().map(|value| Name::from(value.as_str())).collect(),
        });
    }
    converted
}
