//! StatefulSets.

use super::common::claim::{claim_template, validate_claim_spec};
use super::common::validation::{Naming, dns_label, not_negative, object_meta};
use super::common::workload::{
    at_most_all, convert_selector, convert_template, int_or_percent, is_zero, seconds, set_template_defaults,
    validate_selector_and_template,
};
use super::common::{meta, value::optional_word};
use super::kind::Kind;
use crate::api::{
    self, ClaimRetention, ClaimTemplate, IntOrPercent, Object, PodManagementPolicy, StatefulSetUpdateStrategy, Volume,
    VolumeSource,
};
use crate::input::document::typed::InertFields;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1 as apps;
use std::sync::Arc;

/// The default of `maxUnavailable`.
const ONE: IntOrPercent = IntOrPercent::Int(1);

/// `StatefulSet` of `apps/v1`.
pub struct StatefulSet;

impl Kind for StatefulSet {
    type Plain = apps::StatefulSet;
    type Converted = Object;
    const KIND: &'static str = "StatefulSet";
    const VERSIONS: &'static [&'static str] = &["apps/v1"];
    const NAMING: Naming = Naming::Namespaced;
    const RUNS_PODS: bool = true;
    const INERT: &'static [InertFields] =
        &[InertFields { inside: &["revisionHistoryLimit", "serviceName"], ..InertFields::of("StatefulSetSpec") }];

    fn set_defaults(stateful_set: &mut apps::StatefulSet) {
        if let Some(spec) = &mut stateful_set.spec {
            set_template_defaults(&mut spec.template);
        }
    }

    /// Checks what the API server checks (`ValidateStatefulSet`, Kubernetes 1.36).
    fn validate(stateful_set: &apps::StatefulSet, errors: &mut FieldErrors) {
        let root = FieldPath::Root;
        let path = root.key("spec");
        object_meta(&stateful_set.metadata, Self::NAMING, root.key("metadata"), errors);
        let Some(spec) = &stateful_set.spec else {
            errors.push(path, "missing (expected a StatefulSet spec)");
            return;
        };
        not_negative(spec.replicas, path.key("replicas"), errors);
        not_negative(spec.min_ready_seconds, path.key("minReadySeconds"), errors);
        let first = spec.ordinals.as_ref().and_then(|ordinals| ordinals.start);
        let ordinals_path = path.key("ordinals");
        not_negative(first, ordinals_path.key("start"), errors);
        validate_selector_and_template(&spec.selector, &spec.template, errors);
        let claims_path = path.key("volumeClaimTemplates");
        for (index, claim) in spec.volume_claim_templates.iter().flatten().enumerate() {
            let claim_path = claims_path.index(index);
            let meta_path = claim_path.key("metadata");
            dns_label(claim.metadata.name.as_deref().unwrap_or_default(), meta_path.key("name"), errors);
            validate_claim_spec(claim.spec.as_ref(), claim_path.key("spec"), errors);
        }
        let strategy_path = path.key("updateStrategy");
        if let Some(strategy) = &spec.update_strategy {
            let step_path = strategy_path.key("rollingUpdate");
            let partition = strategy.rolling_update.as_ref().and_then(|step| step.partition);
            not_negative(partition, step_path.key("partition"), errors);
            let unavailable = strategy.rolling_update.as_ref().and_then(|step| step.max_unavailable.as_ref());
            if let Some(number) = unavailable {
                let unavailable_path = step_path.key("maxUnavailable");
                let number = int_or_percent(Some(number), ONE, unavailable_path, errors);
                at_most_all(number, unavailable_path, errors);
                if is_zero(number) {
                    errors.push(unavailable_path, "is 0 (expected at least 1)");
                }
            }
            if strategy.type_.as_deref() == Some("OnDelete") && strategy.rolling_update.is_some() {
                errors.push(step_path, "is given for type OnDelete (expected none)");
            }
        }
    }

    fn convert(stateful_set: &apps::StatefulSet, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let root = FieldPath::Root;
        let path = root.key("spec");
        let empty = apps::StatefulSetSpec::default();
        let spec = stateful_set.spec.as_ref().unwrap_or(&empty);
        let strategy = spec.update_strategy.as_ref();
        let strategy_path = path.key("updateStrategy");
        let on_delete = optional_word(
            strategy.and_then(|strategy| strategy.type_.as_ref()),
            &[("RollingUpdate", false), ("OnDelete", true)],
            false,
            strategy_path.key("type"),
            errors,
        );
        let step = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let claims: Vec<ClaimTemplate> =
            spec.volume_claim_templates.iter().flatten().map(|claim| claim_template(claim, errors)).collect();
        let retention = spec.persistent_volume_claim_retention_policy.as_ref();
        let retention_path = path.key("persistentVolumeClaimRetentionPolicy");
        let mut deletes = |word: Option<&String>, field: &str| {
            optional_word(word, &[("Retain", false), ("Delete", true)], false, retention_path.key(field), errors)
        };
        let claim_retention = ClaimRetention {
            delete_when_deleted: deletes(retention.and_then(|policy| policy.when_deleted.as_ref()), "whenDeleted"),
            delete_when_scaled: deletes(retention.and_then(|policy| policy.when_scaled.as_ref()), "whenScaled"),
        };
        let mut template = convert_template(&spec.template, errors);
        if !claims.is_empty() {
            // A template's volume replaces the pod's volume of that name (`updateStorage` of the StatefulSet controller).
            let volumes = &mut Arc::make_mut(&mut template).spec.volumes;
            volumes.retain(|volume| claims.iter().all(|template| template.claim.name != volume.name));
            volumes.extend(
                claims
                    .iter()
                    .map(|template| Volume { name: template.claim.name.clone(), source: VolumeSource::ClaimTemplate }),
            );
        }
        Object::StatefulSet(api::StatefulSet {
            meta: meta::convert(&stateful_set.metadata, start),
            replicas: spec.replicas.unwrap_or(1),
            selector: convert_selector(&spec.selector, errors),
            template,
            pod_management_policy: optional_word(
                spec.pod_management_policy.as_ref(),
                &[("OrderedReady", PodManagementPolicy::OrderedReady), ("Parallel", PodManagementPolicy::Parallel)],
                PodManagementPolicy::default(),
                path.key("podManagementPolicy"),
                errors,
            ),
            update_strategy: if on_delete {
                StatefulSetUpdateStrategy::OnDelete
            } else {
                StatefulSetUpdateStrategy::RollingUpdate {
                    partition: step.and_then(|step| step.partition).unwrap_or(0),
                    // What is wrong with it was said where it was checked.
                    max_unavailable: step
                        .and_then(|step| step.max_unavailable.as_ref())
                        .map(|number| int_or_percent(Some(number), ONE, strategy_path, &mut FieldErrors::default())),
                }
            },
            min_ready: seconds(spec.min_ready_seconds.unwrap_or(0)),
            first_ordinal: spec.ordinals.as_ref().and_then(|ordinals| ordinals.start).unwrap_or(0),
            claim_retention,
            volume_claim_templates: claims,
        })
    }
}
