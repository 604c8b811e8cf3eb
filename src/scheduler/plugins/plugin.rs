//! The plugins of kube-scheduler's default profile, and small sets of them.

use std::fmt;

/// A plugin of kube-scheduler. The order is that of the default profile's `multiPoint` list, which is the order in
/// which filters run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Plugin {
    SchedulingGates,
    PrioritySort,
    NodeUnschedulable,
    NodeName,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    NodeVolumeLimits,
    VolumeBinding,
    VolumeZone,
    PodTopologySpread,
    InterPodAffinity,
    DynamicResources,
    DefaultPreemption,
    NodeResourcesBalancedAllocation,
    ImageLocality,
    NodeDeclaredFeatures,
}

impl Plugin {
    /// Every plugin.
    pub const ALL: [Self; 19] = [
        Self::SchedulingGates,
        Self::PrioritySort,
        Self::NodeUnschedulable,
        Self::NodeName,
        Self::TaintToleration,
        Self::NodeAffinity,
        Self::NodePorts,
        Self::NodeResourcesFit,
        Self::VolumeRestrictions,
        Self::NodeVolumeLimits,
        Self::VolumeBinding,
        Self::VolumeZone,
        Self::PodTopologySpread,
        Self::InterPodAffinity,
        Self::DynamicResources,
        Self::DefaultPreemption,
        Self::NodeResourcesBalancedAllocation,
        Self::ImageLocality,
        Self::NodeDeclaredFeatures,
    ];
}

/// A set of plugins, iterated in the order of [`Plugin`].
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginSet(u32);

impl PluginSet {
    /// No plugin.
    pub const EMPTY: Self = Self(0);

    const fn bit(plugin: Plugin) -> u32 {
        1 << plugin as u32
    }

    /// The set of these plugins.
    #[must_use]
    pub const fn of(plugins: &[Plugin]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < plugins.len() {
            bits |= Self::bit(plugins[index]);
            index += 1;
        }
        Self(bits)
    }

    /// Adds a plugin.
    pub fn insert(&mut self, plugin: Plugin) {
        self.0 |= Self::bit(plugin);
    }

    /// Whether a plugin is in the set.
    #[must_use]
    pub const fn contains(self, plugin: Plugin) -> bool {
        self.0 & Self::bit(plugin) != 0
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Plugins in either set.
    #[must_use]
    pub const fn union(self, set: Self) -> Self {
        Self(self.0 | set.0)
    }

    /// Plugins in both sets.
    #[must_use]
    pub const fn intersection(self, set: Self) -> Self {
        Self(self.0 & set.0)
    }

    /// The plugins.
    pub fn iter(self) -> impl Iterator<Item = Plugin> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let plugin = *Plugin::ALL.get(left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(plugin)
        })
    }
}

impl FromIterator<Plugin> for PluginSet {
    fn from_iter<I: IntoIterator<Item = Plugin>>(plugins: I) -> Self {
        let mut set = Self::EMPTY;
        plugins.into_iter().for_each(|plugin| set.insert(plugin));
        set
    }
}

impl fmt::Debug for PluginSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}
