//! Labels that Karpenter knows: deprecated names, those that a node need not define, those that pods may not ask for
//! (`pkg/apis/v1/labels.go`, `nodeclaim_validation.go`).

use crate::api::karpenter::keys;
use crate::api::well_known;
use crate::api::{Name, NodeSelectorOperator, NodeSelectorRequirement};
use std::collections::BTreeSet;

/// Label: build of Windows.
const WINDOWS_BUILD: &str = "node.kubernetes.io/windows-build";

/// Labels that a pod may ask for although neither NodePool nor node defines them, because the instance types do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WellKnownLabels(BTreeSet<Name>);

impl WellKnownLabels {
    /// Karpenter's own, and those of the provider.
    pub fn new(provider: impl IntoIterator<Item = Name>) -> Self {
        let own = [
            keys::NODE_POOL,
            well_known::ZONE,
            well_known::REGION,
            well_known::INSTANCE_TYPE,
            well_known::ARCH,
            well_known::OS,
            keys::CAPACITY_TYPE,
            WINDOWS_BUILD,
        ];
        Self(own.into_iter().map(Name::from).chain(provider).collect())
    }

    /// Whether a label is one of them.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains(key)
    }
}

/// The label that is meant by a deprecated one.
pub fn normalized(key: &Name) -> Name {
    Name::from(match key.as_str() {
        well_known::ZONE_BETA => well_known::ZONE,
        well_known::REGION_BETA => well_known::REGION,
        well_known::INSTANCE_TYPE_BETA => well_known::INSTANCE_TYPE,
        well_known::ARCH_BETA => well_known::ARCH,
        well_known::OS_BETA => well_known::OS,
        _ => return key.clone(),
    })
}

/// Why a pod may not ask for this; the words are Karpenter's.
pub fn refused_requirement(requirement: &NodeSelectorRequirement, well_known: &WellKnownLabels) -> Option<String> {
    let key = normalized(&requirement.key);
    if let Some(problem) = restricted_label(&key, well_known) {
        return Some(problem);
    }
    let operator = requirement.operator;
    if key == keys::CAPACITY_TYPE && operator == NodeSelectorOperator::In {
        let known = ["on-demand", "spot", "reserved"];
        if !requirement.values.iter().any(|value| known.contains(&value.as_str())) {
            return Some(format!(
                "no valid values found in {:?} for {key}, expected one of: {known:?}",
                requirement.values
            ));
        }
    }
    if operator == NodeSelectorOperator::In && requirement.values.is_empty() {
        return Some(format!("key {key} with operator In must have a value defined"));
    }
    let is_bound = matches!(operator, NodeSelectorOperator::Gt | NodeSelectorOperator::Lt);
    let is_number = || matches!(requirement.values.as_slice(), [value] if value.parse::<i64>().is_ok_and(|n| n >= 0));
    if is_bound && !is_number() {
        let word = if operator == NodeSelectorOperator::Gt { "Gt" } else { "Lt" };
        return Some(format!("key {key} with operator {word} must have a single positive integer value"));
    }
    None
}

/// Why a label may not be asked for by pods or set by NodePools.
fn restricted_label(key: &Name, well_known_labels: &WellKnownLabels) -> Option<String> {
    if well_known_labels.contains(key) {
        return None;
    }
    let domain = key.split_once('/').map_or("", |(domain, _)| domain);
    let is_restricted = domain == "karpenter.sh" || domain.ends_with(".karpenter.sh") || key == well_known::HOSTNAME;
    is_restricted
        .then(|| format!("using label {key} is not allowed as it might interfere with the internal provisioning logic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_may_not_ask_for_everything() {
        use NodeSelectorOperator::{Exists, Gt, In, NotIn};
        let cases = [
            ("kubernetes.io/hostname", In, &["n"][..], true),
            ("karpenter.sh/nodepool", In, &["p"], false),
            ("karpenter.sh/registered", In, &["true"], true),
            ("compute.karpenter.sh/zone", Exists, &[], true),
            ("karpenter.sh/capacity-type", In, &["free"], true),
            ("karpenter.sh/capacity-type", In, &["free", "spot"], false),
            ("karpenter.sh/capacity-type", NotIn, &["free"], false),
            ("failure-domain.beta.kubernetes.io/zone", In, &["a"], false),
            ("size", Gt, &["-1"], true),
            ("size", Gt, &["4"], false),
            ("size", In, &[], true),
        ];
        let known = WellKnownLabels::new([]);
        for (key, operator, values, refused) in cases {
            let values = values.iter().map(|value| Name::from(*value)).collect();
            let requirement = NodeSelectorRequirement { key: key.into(), operator, values };
            assert_eq!(refused_requirement(&requirement, &known).is_some(), refused, "{requirement:?}");
        }
    }
}
