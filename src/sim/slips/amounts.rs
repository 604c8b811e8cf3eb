//! Amounts without their unit, and resources by a name that Kubernetes does not know.

use super::given::Given;
use crate::api::{Container, Object, ResourceList, is_resource_name};
use crate::input::similar::{Tolerance, nearest};
use crate::input::{Diagnostic, Diagnostics};
use crate::units::Bytes;

/// Nobody means less memory than this.
const LEAST_MEMORY: i64 = 1 << 20;

/// Warns of amounts.
pub fn check(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    check_scenario(given, diagnostics);
    for object in given.objects {
        if let Object::Node(node) = object {
            let allocatable = Some(&node.allocatable).filter(|allocatable| **allocatable != node.capacity);
            for (field, list) in [("capacity", Some(&node.capacity)), ("allocatable", allocatable)] {
                let Some(list) = list else { continue };
                let of_node = |message| given.warning_of(object, message).in_field(format!("status.{field}"));
                diagnostics
                    .extend(too_little(list.memory).map(|message| of_node(message).with_hint(Some(unit_hint()))));
                diagnostics.extend(names_of(list, &of_node));
            }
        }
    }
    for pods in given.new_pods() {
        let spec = &pods.template.spec;
        let containers = spec.containers.iter().chain(&spec.init_containers);
        let of_containers = containers.flat_map(|Container { name, requests, limits, .. }| {
            [(format!("container `{name}`"), "requests", requests), (format!("container `{name}`"), "limits", limits)]
        });
        let of_pod = [
            ("the pod".to_owned(), "requests", &spec.pod_requests),
            ("the pod".to_owned(), "limits", &spec.pod_limits),
        ];
        // A limit is the request too where none is given: one warning does for both.
        let found = of_containers.chain(of_pod).find_map(|(what, list, amounts)| {
            Some(format!("{what}: resources.{list}.memory: {}", too_little(amounts.memory)?))
        });
        diagnostics.extend(found.map(|message| given.warning_of_pods(&pods, message).with_hint(Some(unit_hint()))));
    }
}

/// Warns of the amounts of memory that the scenario names itself.
fn check_scenario(given: &Given<'_>, diagnostics: &mut Diagnostics) {
    let mut check = |field: String, amount: Bytes| {
        let warning = too_little(Some(amount)).map(|message| given.scenario.warning_at(&field, message));
        diagnostics.extend(warning.map(|warning| warning.with_hint(Some(unit_hint()))));
    };
    for (index, pool) in given.scenario.spec.node_pools.iter().enumerate() {
        for (field, amounts) in [("capacity", &pool.capacity), ("allocatable", &pool.allocatable)] {
            if let Some(amount) = amounts.get("memory") {
                check(format!("spec.nodePools[{index}].{field}.memory"), amount.bytes());
            }
        }
    }
    for (index, traffic) in given.scenario.spec.traffic.iter().enumerate() {
        check(format!("spec.traffic[{index}].memoryPerPod"), traffic.memory_per_pod.bytes());
    }
}

/// What is odd about an amount of memory.
fn too_little(memory: Option<Bytes>) -> Option<String> {
    let bytes = memory?.get();
    (1..LEAST_MEMORY).contains(&bytes).then(|| match bytes {
        1 => "is 1 byte".to_owned(),
        _ => format!("is {bytes} bytes"),
    })
}

/// What to do about too little memory.
fn unit_hint() -> String {
    "a number without a unit is bytes: `16Gi` is 16 GiB, `16Mi` is 16 MiB".to_owned()
}

/// Warns of resources that no pod can ask for by their names, and of nodes without cpu or memory.
fn names_of<'a>(
    list: &'a ResourceList,
    of_node: &'a dyn Fn(String) -> Diagnostic,
) -> impl Iterator<Item = Diagnostic> + 'a {
    let unknown = list.scalar.iter().filter(|(name, _)| !is_resource_name(name)).map(|(name, _)| {
        let like = nearest(name, ["cpu", "memory", "pods", "ephemeral-storage"], Tolerance::Wide);
        let warning = of_node(format!("`{name}` is no resource that a pod can request"));
        warning.with_hint(like.map(|like| format!("did you mean `{like}`?")))
    });
    let missing = [("cpu", list.cpu.is_none()), ("memory", list.memory.is_none())];
    let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing);
    let missing = missing.map(|(name, _)| of_node(format!("`{name}` is missing: no pod that requests it fits")));
    unknown.chain(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_lack_a_unit_are_told() {
        let cases = [
            (None, None, "no amount"),
            (Some(0), None, "none at all"),
            (Some(1), Some("is 1 byte"), "`500m`"),
            (Some(16), Some("is 16 bytes"), "`16`"),
            (Some(65_536), Some("is 65536 bytes"), "`64Ki`"),
            (Some(LEAST_MEMORY), None, "`1Mi`"),
        ];
        for (bytes, expected, why) in cases {
            assert_eq!(too_little(bytes.map(Bytes::new)).as_deref(), expected, "{why}");
        }
    }
}
