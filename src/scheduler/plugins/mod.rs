//! The plugins of the default profile: one file or folder each, with the plugin's rule, its reasons, and a
//! [`Descriptor`] that says all else there is to know of it. The framework decides which of them run, in which order.
//!
//! A plugin is added by its file, a variant of [`Plugin`] and a row of [`TABLE`], and by a call at each of its extension
//! points in `framework/runtime.rs`.

pub mod balanced_allocation;
pub mod default_preemption;
mod descriptor;
pub mod dynamic_resources;
pub mod image_locality;
pub mod inter_pod_affinity;
pub mod node_affinity;
pub mod node_declared_features;
pub mod node_name;
pub mod node_ports;
pub mod node_resources_fit;
pub mod node_unschedulable;
pub mod node_volume_limits;
mod plugin;
mod pod_claims;
mod pod_memo;
pub mod pod_topology_spread;
pub mod priority_sort;
pub mod scheduling_gates;
pub mod taint_toleration;
#[cfg(test)]
mod test_support;
pub mod topology_counts;
pub mod volume_binding;
pub mod volume_restrictions;
pub mod volume_zone;

pub use crate::api::scheduler_config::PluginArgs;
pub use descriptor::{Descriptor, Indexability};
pub use plugin::{Plugin, PluginSet};
pub use volume_binding::volumes;

use std::fmt;

/// Every plugin, in the order of the default profile's `multiPoint` list (`getDefaultPlugins`, kube-scheduler 1.36).
pub static TABLE: [Descriptor; Plugin::ALL.len()] = [
    scheduling_gates::DESCRIPTOR,
    priority_sort::DESCRIPTOR,
    node_unschedulable::DESCRIPTOR,
    node_name::DESCRIPTOR,
    taint_toleration::DESCRIPTOR,
    node_affinity::DESCRIPTOR,
    node_ports::DESCRIPTOR,
    node_resources_fit::DESCRIPTOR,
    volume_restrictions::DESCRIPTOR,
    node_volume_limits::DESCRIPTOR,
    volume_binding::DESCRIPTOR,
    volume_zone::DESCRIPTOR,
    pod_topology_spread::DESCRIPTOR,
    inter_pod_affinity::DESCRIPTOR,
    dynamic_resources::DESCRIPTOR,
    default_preemption::DESCRIPTOR,
    balanced_allocation::DESCRIPTOR,
    image_locality::DESCRIPTOR,
    node_declared_features::DESCRIPTOR,
];

// A plugin finds its descriptor by its place in the table.
const _: () = {
    let mut position = 0;
    while position < TABLE.len() {
        assert!(TABLE[position].plugin as usize == position, "the table is in the order of `Plugin`");
        position += 1;
    }
};

impl Plugin {
    /// What there is to know of the plugin.
    #[must_use]
    pub fn descriptor(self) -> &'static Descriptor {
        &TABLE[self as usize]
    }

    /// The name in a KubeSchedulerConfiguration.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.descriptor().name
    }

    /// The plugin with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plugin| plugin.name() == name)
    }
}

impl fmt::Display for Plugin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
