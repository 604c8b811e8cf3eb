//! The HorizontalPodAutoscaler of a ScaledObject (`newHPAForScaledObject` of `controllers/keda/hpa.go`).

use super::fallback::COMPOSITE_METRIC;
use super::scaler::{Scaler, ScalerSource};
use crate::api::keda::{HpaBehavior, KedaAnnotations, ScaledObjectSpec, ScalingModifiers, TriggerMetricType};
use crate::api::{
    LabelSelector, MetricIdentifier, MetricSpec, MetricTarget, Name, ObjectMeta, Quantity, ScalingPolicySelect,
};
use crate::autoscaler::go_number::int64;
use std::collections::BTreeMap;

/// Selects the series of a ScaledObject among external metrics.
pub const SCALED_OBJECT_LABEL: &str = "scaledobject.keda.sh/name";

/// What is generated. The behavior is as it is sent, before the API server's defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedHpa {
    /// `metadata.name`.
    pub name: Name,
    /// `metadata.labels`.
    pub labels: BTreeMap<Name, Name>,
    /// `spec.minReplicas`.
    pub min_replicas: i32,
    /// `spec.maxReplicas`.
    pub max_replicas: i32,
    /// `spec.metrics`.
    pub metrics: Vec<MetricSpec>,
    /// `spec.behavior`.
    pub behavior: Option<HpaBehavior>,
    /// `status.externalMetricNames` of the ScaledObject.
    pub external_metric_names: Vec<Name>,
    /// `status.resourceMetricNames` of the ScaledObject.
    pub resource_metric_names: Vec<Name>,
    /// Whether a formula makes one metric of all.
    pub is_composite: bool,
}

/// Generates the object for a ScaledObject whose triggers have been read. `version` is KEDA's.
///
/// # Errors
/// KEDA's text of what is wrong with the ScaledObject.
pub fn generate(
    meta: &ObjectMeta,
    spec: &ScaledObjectSpec,
    scalers: &[Scaler],
    version: &str,
) -> Result<GeneratedHpa, String> {
    let annotations = KedaAnnotations::of(&meta.annotations);
    let mut generated = metrics(meta, spec, scalers)?;
    let mut behavior = spec.hpa_behavior.clone();
    if annotations.pauses_scale_in() {
        let rules = &mut behavior.get_or_insert_default().scale_down;
        rules.get_or_insert_default().select_policy = Some(ScalingPolicySelect::Disabled);
    }
    if annotations.pauses_scale_out() {
        let rules = &mut behavior.get_or_insert_default().scale_up;
        rules.get_or_insert_default().select_policy = Some(ScalingPolicySelect::Disabled);
    }
    generated.behavior = behavior;
    generated.name = hpa_name(&meta.name, spec);
    let standard = [
        ("app.kubernetes.io/name", label_value(&generated.name)),
        ("app.kubernetes.io/version", version),
        ("app.kubernetes.io/part-of", &*meta.name),
        ("app.kubernetes.io/managed-by", "keda-operator"),
    ];
    generated.labels = standard.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
    let given = meta.labels.iter().filter(|(key, _)| !annotations.excludes_label(key));
    generated.labels.extend(given.map(|(key, value)| (key.clone(), value.clone())));
    (generated.min_replicas, generated.max_replicas) = match annotations.paused_replicas() {
        Ok(None) => (spec.hpa_min_replicas(), spec.hpa_max_replicas()),
        // A HorizontalPodAutoscaler may not have zero.
        Ok(Some(0)) => (1, 1),
        Ok(Some(paused)) => (paused, paused),
        Err(text) => return Err(format!("strconv.ParseInt: parsing {text:?}: invalid syntax")),
    };
    Ok(generated)
}

/// The name of the HorizontalPodAutoscaler of a ScaledObject (`getHPAName`).
#[must_use]
pub fn hpa_name(scaled_object: &Name, spec: &ScaledObjectSpec) -> Name {
    if spec.hpa_name.is_empty() { Name::from(format!("keda-hpa-{scaled_object}")) } else { spec.hpa_name.clone() }
}

/// A name cut to what a label may have, without signs at its end.
fn label_value(name: &str) -> &str {
    const MAX: usize = 63;
    if name.len() <= MAX {
        return name;
    }
    let mut end = MAX;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].trim_end_matches(|character: char| !character.is_alphanumeric())
}

/// `spec.metrics` (`getScaledObjectMetricSpecs`): sorted by type, and one metric in place of all external ones and those of
/// single containers where there is a formula.
fn metrics(meta: &ObjectMeta, spec: &ScaledObjectSpec, scalers: &[Scaler]) -> Result<GeneratedHpa, String> {
    let selector = LabelSelector::from_match_labels(&[(SCALED_OBJECT_LABEL, meta.name.as_str())].into_iter().collect());
    let external = |name: &Name, target| MetricSpec::External {
        metric: MetricIdentifier { name: name.clone(), selector: Some(selector.clone()) },
        target,
    };
    let mut generated = GeneratedHpa {
        name: Name::default(),
        labels: BTreeMap::new(),
        min_replicas: 0,
        max_replicas: 0,
        metrics: Vec::new(),
        behavior: None,
        external_metric_names: Vec::new(),
        resource_metric_names: Vec::new(),
        is_composite: false,
    };
    for scaler in scalers {
        generated.metrics.push(match (&scaler.source, scaler.external()) {
            (_, Some((name, target))) => {
                if generated.external_metric_names.contains(name) {
                    return Err(format!("metricName {name} defined multiple times in ScaledObject {}", meta.name));
                }
                generated.external_metric_names.push(name.clone());
                external(name, target)
            }
            (ScalerSource::Resource { resource, container: None, target }, None) => {
                generated.resource_metric_names.push(resource.clone());
                MetricSpec::Resource { name: resource.clone(), target: *target }
            }
            (ScalerSource::Resource { resource, container: Some(container), target }, None) => {
                let (name, container) = (resource.clone(), container.clone());
                MetricSpec::ContainerResource { name, container, target: *target }
            }
            (ScalerSource::Cron { .. } | ScalerSource::External { .. }, None) => continue,
        });
    }
    if generated.metrics.is_empty() {
        let (namespace, name) = (&meta.namespace, &meta.name);
        return Err(format!("no metric specs returned from scalers for ScaledObject {namespace}/{name}"));
    }
    generated.metrics.sort_by_key(type_order);
    if let Some(modifiers) = &spec.scaling_modifiers
        && let Some(target) = composite_target(modifiers)?
    {
        generated.metrics.retain(|metric| matches!(metric, MetricSpec::Resource { .. }));
        generated.metrics.push(external(&COMPOSITE_METRIC.into(), target));
        generated.is_composite = true;
    }
    Ok(generated)
}

/// Types in the order of their names.
const fn type_order(metric: &MetricSpec) -> u8 {
    match metric {
        MetricSpec::ContainerResource { .. } => 0,
        MetricSpec::External { .. } => 1,
        MetricSpec::Object { .. } => 2,
        MetricSpec::Pods { .. } => 3,
        MetricSpec::Resource { .. } => 4,
    }
}

/// The target of the metric that a formula makes; `None` where it is not positive.
fn composite_target(modifiers: &ScalingModifiers) -> Result<Option<MetricTarget>, String> {
    let make = match modifiers.metric_type {
        None | Some(TriggerMetricType::AverageValue) => MetricTarget::AverageValue,
        Some(TriggerMetricType::Value) => MetricTarget::Value,
        Some(TriggerMetricType::Utilization) => {
            return Err(
                "error metric target type is Utilization, but it needs to be AverageValue or Value for external \
                        metrics"
                    .to_owned(),
            );
        }
    };
    let target = modifiers.target.parse::<f64>().unwrap_or(0.0);
    Ok((target > 0.0).then(|| make(Quantity::from_millis(int64(target * 1000.0)))))
}
