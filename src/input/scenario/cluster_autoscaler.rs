//! `spec.clusterAutoscaler`: the Cluster Autoscaler.

use super::leaf::AnyValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The Cluster Autoscaler of release 1.37, which resizes the pools that have `max`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClusterAutoscaler {
    /// Its flags by their own names without the dashes, for example `scale-down-unneeded-time: 5m`; a list gives a flag
    /// several times. They count more than those of a container that runs it. Default: those of the binary.
    pub flags: BTreeMap<String, AnyValue>,
    /// What the ConfigMap `cluster-autoscaler-priority-expander` has under `priorities`: regular expressions for the names of
    /// pools by priority. Default: the ConfigMap among the manifests, if there is one.
    pub priorities: Option<String>,
}
