//! NodePools.

use super::common::{
    ClassReference, Condition, Requirement, class_reference, duration, nillable_duration, requirements, taints,
    template_key,
};
use crate::api::karpenter::{Budget, ConsolidationPolicy, DisruptionReason, DisruptionSpec, NodeClaimTemplate};
use crate::api::{self, IntOrPercent, Name, Object};
use crate::input::kinds::common::validation::{self, Naming, object_meta, quantities};
use crate::input::kinds::common::value::word;
use crate::input::kinds::common::{meta, resources};
use crate::input::kinds::kind::Kind;
use crate::input::{FieldErrors, FieldPath};
use crate::units::SimDuration;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Taint;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `expireAfter` where none is given.
const EXPIRE_AFTER: SimDuration = SimDuration::from_hours(720);

/// Words of `reasons`.
const REASONS: [(&str, DisruptionReason); 3] = [
    ("Underutilized", DisruptionReason::Underutilized),
    ("Empty", DisruptionReason::Empty),
    ("Drifted", DisruptionReason::Drifted),
];
/// Words of `consolidationPolicy`.
const POLICIES: [(&str, ConsolidationPolicy); 3] = [
    ("WhenEmpty", ConsolidationPolicy::WhenEmpty),
    ("WhenEmptyOrUnderutilized", ConsolidationPolicy::WhenEmptyOrUnderutilized),
    ("Balanced", ConsolidationPolicy::Balanced),
];

/// `NodePool` of `karpenter.sh/v1`.
pub struct NodePool;

/// The object as it is written.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "NodePool", rename_all = "camelCase")]
pub struct PlainNodePool {
    api_version: String,
    kind: String,
    metadata: ObjectMeta,
    spec: Option<NodePoolSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<NodePoolStatus>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct NodePoolSpec {
    template: Option<Template>,
    disruption: Option<Disruption>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<BTreeMap<String, Quantity>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replicas: Option<i64>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "NodeClaimTemplate", rename_all = "camelCase")]
struct Template {
    metadata: TemplateMeta,
    spec: Option<TemplateSpec>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct TemplateMeta {
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "NodeClaimTemplateSpec", rename_all = "camelCase")]
struct TemplateSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    taints: Option<Vec<Taint>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    startup_taints: Option<Vec<Taint>>,
    requirements: Option<Vec<Requirement>>,
    node_class_ref: Option<ClassReference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    termination_grace_period: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_after: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct Disruption {
    #[serde(skip_serializing_if = "Option::is_none")]
    consolidate_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consolidation_policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budgets: Option<Vec<PlainBudget>>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename = "Budget", rename_all = "camelCase")]
struct PlainBudget {
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
struct NodePoolStatus {
    conditions: Vec<Condition>,
}

impl Kind for NodePool {
    type Plain = PlainNodePool;
    type Converted = Object;
    const KIND: &'static str = "NodePool";
    const VERSIONS: &'static [&'static str] = &["karpenter.sh/v1"];
    const NAMING: Naming = Naming::Cluster;

    /// Fills in what the CRD fills in.
    fn set_defaults(pool: &mut PlainNodePool) {
        let Some(spec) = &mut pool.spec else { return };
        let disruption = spec.disruption.get_or_insert_default();
        disruption.consolidate_after.get_or_insert_with(|| "0s".to_owned());
        disruption.consolidation_policy.get_or_insert_with(|| "WhenEmptyOrUnderutilized".to_owned());
        let budgets = disruption.budgets.get_or_insert_with(|| vec![PlainBudget::default()]);
        for budget in budgets {
            budget.nodes.get_or_insert_with(|| "10%".to_owned());
        }
        if let Some(template) = spec.template.as_mut().and_then(|template| template.spec.as_mut()) {
            template.expire_after.get_or_insert_with(|| "720h".to_owned());
        }
    }

    /// Checks what the CRD checks of what the conversion does not look at.
    fn validate(pool: &PlainNodePool, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&pool.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &pool.spec else {
            errors.push(path, "missing (expected a NodePool spec)");
            return;
        };
        quantities(spec.limits.as_ref(), path.key("limits"), errors);
        let limits = spec.limits.iter().flatten();
        if spec.replicas.is_some() {
            if limits.into_iter().any(|(resource, _)| resource != "nodes") {
                errors.push(path.key("limits"), "only `nodes` is supported of a static NodePool, one with `replicas`");
            }
            if spec.weight.is_some() {
                errors.push(path.key("weight"), "is not supported of a static NodePool, one with `replicas`");
            }
        }
        validation::not_negative(spec.replicas, path.key("replicas"), errors);
        if let Some(weight) = spec.weight.filter(|weight| !(1..=100).contains(weight)) {
            errors.push(path.key("weight"), format_args!("{weight} is out of range (expected 1 to 100)"));
        }
        let template_path = path.key("template");
        let Some(template) = &spec.template else {
            errors.push(template_path, "missing (expected what NodeClaims are made from)");
            return;
        };
        let labels_path = template_path.key("metadata");
        let labels_path = labels_path.key("labels");
        validation::labels(template.metadata.labels.as_ref(), labels_path, errors);
        for key in template.metadata.labels.iter().flatten().map(|(key, _)| key) {
            template_key(key, labels_path.key(key), errors);
        }
        let spec_path = template_path.key("spec");
        match &template.spec {
            None => errors.push(spec_path, "missing (expected requirements and a nodeClassRef)"),
            Some(spec) if spec.requirements.is_none() => {
                errors.push(spec_path.key("requirements"), "missing (expected a list, which may be empty)");
            }
            Some(_) => {}
        }
    }

    fn convert(pool: &PlainNodePool, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let empty = NodePoolSpec::default();
        let spec = pool.spec.as_ref().unwrap_or(&empty);
        let conditions = pool.status.iter().flat_map(|status| &status.conditions);
        let template = spec.template.as_ref();
        Object::NodePool(Box::new(api::karpenter::NodePool {
            meta: meta::convert_cluster_scoped(&pool.metadata, start),
            template: template
                .map(|template| convert_template(template, start, path.key("template"), errors))
                .unwrap_or_default(),
            disruption: convert_disruption(spec.disruption.as_ref(), path.key("disruption"), errors),
            limits: resources::convert(spec.limits.as_ref(), path.key("limits"), errors),
            weight: spec.weight.unwrap_or(0),
            replicas: spec.replicas,
            is_not_ready: conditions
                .into_iter()
                .any(|condition| condition.kind == "Ready" && condition.status == "False"),
        }))
    }
}

fn convert_template(
    template: &Template,
    start: Timestamp,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> NodeClaimTemplate {
    let path = path.key("spec");
    let Some(spec) = &template.spec else { return NodeClaimTemplate::default() };
    let grace = spec.termination_grace_period.as_deref().filter(|text| !text.is_empty());
    NodeClaimTemplate {
        labels: meta::labels(template.metadata.labels.as_ref()),
        annotations: meta::labels(template.metadata.annotations.as_ref()),
        taints: taints(spec.taints.as_ref(), start, path.key("taints"), errors),
        startup_taints: taints(spec.startup_taints.as_ref(), start, path.key("startupTaints"), errors),
        requirements: requirements(
            spec.requirements.as_deref().unwrap_or_default(),
            true,
            path.key("requirements"),
            errors,
        ),
        node_class: class_reference(spec.node_class_ref.as_ref(), path.key("nodeClassRef"), errors),
        termination_grace_period: grace.and_then(|text| duration(text, path.key("terminationGracePeriod"), errors)),
        expire_after: nillable_duration(spec.expire_after.as_ref(), EXPIRE_AFTER, path.key("expireAfter"), errors),
    }
}

fn convert_disruption(
    disruption: Option<&Disruption>,
    path: FieldPath<'_>,
    errors: &mut FieldErrors,
) -> DisruptionSpec {
    let Some(disruption) = disruption else { return DisruptionSpec::default() };
    let policy = disruption.consolidation_policy.as_deref().filter(|text| !text.is_empty());
    let budgets_path = path.key("budgets");
    let budgets = disruption.budgets.as_deref().unwrap_or_default();
    if budgets.len() > 50 {
        errors.push(budgets_path, format_args!("{} budgets are too many (expected at most 50)", budgets.len()));
    }
    DisruptionSpec {
        consolidate_after: nillable_duration(
            disruption.consolidate_after.as_ref(),
            SimDuration::ZERO,
            path.key("consolidateAfter"),
            errors,
        ),
        consolidation_policy: policy
            .and_then(|text| word(text, &POLICIES, path.key("consolidationPolicy"), errors))
            .unwrap_or_default(),
        budgets: budgets
            .iter()
            .enumerate()
            .map(|(index, budget)| convert_budget(budget, budgets_path.index(index), errors))
            .collect(),
    }
}

fn convert_budget(budget: &PlainBudget, path: FieldPath<'_>, errors: &mut FieldErrors) -> Budget {
    let reasons_path = path.key("reasons");
    let reasons = budget.reasons.iter().flatten().enumerate();
    let reasons = reasons.filter_map(|(index, text)| word(text, &REASONS, reasons_path.index(index), errors)).collect();
    let is_always = budget.schedule.is_none();
    if is_always != budget.duration.is_none() {
        errors.push(path, "one of schedule and duration is missing (expected both, or neither)");
    }
    Budget {
        reasons,
        nodes: budget_nodes(budget.nodes.as_deref().unwrap_or("10%"), path.key("nodes"), errors),
        schedule: budget.schedule.as_deref().map(Name::from),
        duration: budget.duration.as_deref().and_then(|text| duration(text, path.key("duration"), errors)),
    }
}

/// A number of nodes or a percentage of at most 100.
fn budget_nodes(text: &str, path: FieldPath<'_>, errors: &mut FieldErrors) -> IntOrPercent {
    let (digits, is_percentage) = text.strip_suffix('%').map_or((text, false), |digits| (digits, true));
    let number = Some(digits).filter(|digits| digits.chars().all(|c| c.is_ascii_digit()));
    match number.and_then(|digits| digits.parse().ok()) {
        Some(percent) if is_percentage && (0..=100).contains(&percent) => IntOrPercent::Percent(percent),
        Some(number) if !is_percentage => IntOrPercent::Int(number),
        _ => {
            errors.push(path, format_args!("`{text}` is no number of nodes (expected a form such as `5` or `10%`)"));
            IntOrPercent::Int(0)
        }
    }
}
