//! ScaledObjects of `keda.sh/v1alpha1` (KEDA 2.18 `apis/keda/v1alpha1/scaledobject_types.go` and `scaledobject_webhook.go`).
//!
//! What only KEDA knows of triggers is checked where a run is prepared.

use super::{plain, spec};
use crate::api::{CrossVersionObjectReference, Object, keda};
use crate::input::document::typed::InertFields;
use crate::input::kinds::common::meta;
use crate::input::kinds::common::validation::{Naming, object_meta};
use crate::input::kinds::horizontal_pod_autoscaler::reference::check_path_segment;
use crate::input::kinds::kind::Kind;
use crate::input::{FieldErrors, FieldPath};
use jiff::Timestamp;

/// `ScaledObject` of `keda.sh/v1alpha1`.
pub struct ScaledObject;

impl Kind for ScaledObject {
    type Plain = plain::ScaledObject;
    type Converted = Object;
    const KIND: &'static str = "ScaledObject";
    const VERSIONS: &'static [&'static str] = &["keda.sh/v1alpha1"];
    const NAMING: Naming = Naming::Namespaced;
    const INERT: &'static [InertFields] = &[
        InertFields { not_simulated: &["envSourceContainerName"], ..InertFields::of("ScaleTarget") },
        InertFields { not_simulated: &["authenticationRef"], ..InertFields::of("ScaleTrigger") },
    ];

    fn validate(object: &plain::ScaledObject, errors: &mut FieldErrors) {
        object_meta(&object.metadata, Self::NAMING, FieldPath::Root.key("metadata"), errors);
        match &object.spec.scale_target_ref {
            Some(target) => check_path_segment(&target.name, "spec.scaleTargetRef.name", errors),
            None => errors.push("spec.scaleTargetRef", "missing (expected kind and name of what is scaled)"),
        }
        if object.spec.triggers.as_ref().is_none_or(Vec::is_empty) {
            errors.push("spec.triggers", "is empty (expected at least one trigger)");
        }
    }

    fn convert(object: &plain::ScaledObject, start: Timestamp, errors: &mut FieldErrors) -> Object {
        let target = object.spec.scale_target_ref.clone().unwrap_or_default();
        let given = |text: Option<String>, default: &str| match text {
            Some(text) if !text.is_empty() => text,
            _ => default.to_owned(),
        };
        let spec = spec::scaled_object_spec(&object.spec, errors);
        if let Some(problem) = spec.bounds_problem() {
            errors.push("spec", problem);
        }
        Object::ScaledObject(Box::new(keda::ScaledObject {
            meta: meta::convert(&object.metadata, start),
            target: CrossVersionObjectReference {
                kind: given(target.kind, "Deployment").into(),
                name: target.name.into(),
            },
            target_version: given(target.api_version, "apps/v1").into(),
            spec,
        }))
    }
}
