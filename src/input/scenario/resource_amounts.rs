//! Amounts by resource name as a scenario writes them.

use super::leaf::Amount;
use crate::api::ResourceList;
use std::collections::BTreeMap;

/// `pods` of a node that does not say: `maxPods` of KubeletConfiguration, Kubernetes 1.36.
pub const MAX_PODS: u32 = 110;

/// Amounts of a scenario as the API's resource list.
pub fn resource_list(amounts: &BTreeMap<String, Amount>) -> ResourceList {
    let mut list = ResourceList::default();
    let mut scalar = Vec::new();
    for (name, amount) in amounts {
        match name.as_str() {
            "cpu" => list.cpu = Some(amount.milli_cpu()),
            "memory" => list.memory = Some(amount.bytes()),
            "ephemeral-storage" => list.ephemeral_storage = Some(amount.bytes()),
            "pods" => list.pods = Some(amount.get().value()),
            scalar_name => scalar.push((scalar_name.into(), amount.get().value())),
        }
    }
    list.scalar = scalar.into();
    list
}
