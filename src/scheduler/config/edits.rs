//! Finds the plugins that a profile enables, disables or configures by their names.

use crate::api::scheduler_config::{ExtensionPoint, KubeSchedulerProfile};
use crate::scheduler::plugins::Plugin;
use std::collections::BTreeMap;
use thiserror::Error;

/// The extension points at which a profile's changes have an effect.
const SIMULATED: [ExtensionPoint; 7] = [
    ExtensionPoint::MultiPoint,
    ExtensionPoint::PreEnqueue,
    ExtensionPoint::PreFilter,
    ExtensionPoint::Filter,
    ExtensionPoint::PostFilter,
    ExtensionPoint::PreScore,
    ExtensionPoint::Score,
];

/// A plugin that a profile names and the default profile does not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("profile `{profile}`: plugin `{plugin}` is not simulated (expected one of the default plugins)")]
pub struct UnknownPlugin {
    /// The profile's scheduler name.
    pub profile: String,
    /// The plugin's name.
    pub plugin: String,
}

/// The plugins that a profile names at one extension point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PluginEdits {
    /// `enabled`, with the weight where one is given.
    pub enabled: Vec<(Plugin, Option<i64>)>,
    /// `disabled` by name.
    pub disabled: Vec<Plugin>,
    /// `disabled: [{name: "*"}]`.
    pub disables_all: bool,
}

impl PluginEdits {
    /// Finds the plugins that a profile names at an extension point.
    pub fn new(profile: &KubeSchedulerProfile, point: ExtensionPoint) -> Result<Self, UnknownPlugin> {
        let Some(set) = profile.plugins.get(&point) else { return Ok(Self::default()) };
        let plugin = |name: &str| {
            Plugin::from_name(name)
                .ok_or_else(|| UnknownPlugin { profile: profile.scheduler_name.to_string(), plugin: name.to_owned() })
        };
        let named = set.disabled.iter().filter(|name| &***name != "*");
        Ok(Self {
            enabled: set
                .enabled
                .iter()
                .map(|enabled| Ok((plugin(&enabled.name)?, enabled.weight.map(i64::from))))
                .collect::<Result<_, _>>()?,
            disabled: named.map(|name| plugin(name)).collect::<Result<_, _>>()?,
            disables_all: set.disabled.iter().any(|name| &**name == "*"),
        })
    }

    pub fn disables(&self, plugin: Plugin) -> bool {
        self.disables_all || self.disabled.contains(&plugin)
    }
}

/// The plugins that a profile names at each extension point that is simulated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProfileEdits(BTreeMap<ExtensionPoint, PluginEdits>);

impl ProfileEdits {
    /// Finds the plugins that a profile names.
    pub fn new(profile: &KubeSchedulerProfile) -> Result<Self, UnknownPlugin> {
        let edits = SIMULATED.into_iter().map(|point| Ok((point, PluginEdits::new(profile, point)?)));
        edits.collect::<Result<_, _>>().map(Self)
    }

    /// The plugins that are named at an extension point.
    pub fn at(&self, point: ExtensionPoint) -> PluginEdits {
        self.0.get(&point).cloned().unwrap_or_default()
    }
}
