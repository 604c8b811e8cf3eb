//! Requests that no pod can serve in a second.

use super::given::Given;
use crate::api::{Container, PodSpec};
use crate::input::Diagnostics;
use crate::units::{MilliCpu, SimDuration};
use std::collections::BTreeMap;

/// Warns of traffic of which one request takes more CPU than a pod gets in a second.
pub fn check(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    let largest_node = given.kinds_of_nodes().iter().filter_map(|node| node.allocatable.cpu).max();
    let with_pods = given.objects.iter().filter_map(|object| {
        let meta = object.meta();
        Some(((object.kind(), meta.namespace.as_str(), meta.name.as_str()), object.pod_template()?))
    });
    let templates: BTreeMap<_, _> = with_pods.collect();
    for (index, traffic) in given.scenario.spec.traffic.iter().enumerate() {
        let Some(target) = &traffic.target else { continue };
        let template = templates.get(&(target.kind, target.namespace.as_str(), target.name.as_str()));
        let limit = template.and_then(|template| cpu_limit(&template.spec));
        let (gets, what) = match (limit, largest_node) {
            (Some(limit), _) => (limit, format!("the limit of {}", cores(limit))),
            (None, Some(node)) => (node, format!("the largest node with {}", cores(node))),
            (None, None) => continue,
        };
        let cost = SimDuration::from_secs_f64(traffic.cpu_per_request.0.mean());
        // A core is a thousand millicores, each of which gives a millisecond of CPU in a second.
        if cost > SimDuration::from_millis(gets.get()) {
            let field = format!("spec.traffic[{index}].cpuPerRequest");
            let message = format!(
                "one request takes {} seconds of CPU, more than {what} gives a pod in a second",
                cost.as_secs_f64()
            );
            let warning = given.scenario.warning_at(&field, message);
            diagnostics.push(warning.with_hint(minutes_hint(cost)));
        }
    }
}

/// CPU limit of the whole pod; `None` if a container has none.
fn cpu_limit(spec: &PodSpec) -> Option<MilliCpu> {
    let limit = |container: &Container| container.limits.cpu;
    spec.pod_limits.cpu.or_else(|| spec.containers.iter().map(limit).sum())
}

/// `1 core`, `0.5 cores`.
fn cores(cpu: MilliCpu) -> String {
    if cpu == MilliCpu::new(1000) { "1 core".to_owned() } else { format!("{} cores", cpu.as_cores()) }
}

/// `12m` is read as minutes, beside amounts of CPU in which it is millicores.
fn minutes_hint(cost: SimDuration) -> Option<String> {
    let minutes = cost.as_nanos() / SimDuration::from_secs(60).as_nanos();
    (minutes > 0 && cost == SimDuration::from_secs(60 * minutes))
        .then(|| format!("`{minutes}m` is {minutes} minutes: did you mean `{minutes}ms`?"))
}
