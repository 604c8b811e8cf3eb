//! The arguments of NodeResourcesBalancedAllocation.

use crate::scheduler::view::ResourceKey;

/// The `resources` that count where a profile names none (`SetDefaults_NodeResourcesBalancedAllocationArgs`).
#[must_use]
pub fn default_resources() -> Vec<ResourceKey> {
    vec![ResourceKey::Cpu, ResourceKey::Memory]
}
