//! VerticalPodAutoscalers that do not do what was meant.

use super::given::Given;
use crate::api::{HorizontalPodAutoscaler, Kind, MetricSpec, Object, VerticalPodAutoscaler};
use crate::input::Diagnostics;

/// Warns of a VerticalPodAutoscaler that changes the requests by which a HorizontalPodAutoscaler counts, and of one that is
/// weaker than another on the same target.
pub fn check(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    for object in given.objects {
        let Object::VerticalPodAutoscaler(vpa) = object else { continue };
        if vpa.is_auto {
            let message = "has update mode Auto, which is deprecated and acts as Recreate";
            diagnostics.push(given.warning_of(object, message.to_owned()));
        }
        for other in given.objects {
            match other {
                Object::HorizontalPodAutoscaler(hpa) if vpa.update_mode.admits() => {
                    let Some(resource) = shared_resource(vpa, hpa) else { continue };
                    let (kind, name) = (Kind::HorizontalPodAutoscaler.as_str(), &hpa.meta.name);
                    let message = format!(
                        "changes the {resource} requests of {} `{}`, which {kind} `{name}` scales by its {resource} \
                         utilization: each moves what the other aims at",
                        vpa.target.kind, vpa.target.name
                    );
                    diagnostics.push(given.warning_of(object, message));
                }
                Object::VerticalPodAutoscaler(second)
                    if (&second.meta.namespace, &second.target) == (&vpa.meta.namespace, &vpa.target)
                        && second.meta.name < vpa.meta.name =>
                {
                    let message = format!(
                        "has the target {} `{}`, as `{}` has: only the older one acts",
                        vpa.target.kind, vpa.target.name, second.meta.name
                    );
                    diagnostics.push(given.warning_of(object, message));
                }
                _ => {}
            }
        }
    }
}

/// A resource that a VerticalPodAutoscaler changes and a HorizontalPodAutoscaler on the same target scales by.
fn shared_resource(vpa: &VerticalPodAutoscaler, hpa: &HorizontalPodAutoscaler) -> Option<&'static str> {
    if vpa.meta.namespace != hpa.meta.namespace || vpa.target != hpa.scale_target {
        return None;
    }
    let uses = |name: &str| {
        hpa.metrics.iter().any(|metric| match metric {
            MetricSpec::Resource { name: used, target } | MetricSpec::ContainerResource { name: used, target, .. } => {
                **used == *name && matches!(target, crate::api::MetricTarget::Utilization(_))
            }
            MetricSpec::Pods { .. } | MetricSpec::Object { .. } | MetricSpec::External { .. } => false,
        })
    };
    let of_all = vpa.policy_of("*");
    let controls = |resource: &str| match resource {
        "cpu" => of_all.is_none_or(|policy| policy.controls_cpu && !policy.is_off),
        _ => of_all.is_none_or(|policy| policy.controls_memory && !policy.is_off),
    };
    ["cpu", "memory"].into_iter().find(|resource| uses(resource) && controls(resource))
}
