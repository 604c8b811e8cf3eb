//! What the arguments of PodTopologySpread mean.

use crate::api::{Name, TopologySpreadConstraint, UnsatisfiableConstraintAction, well_known};

/// The constraints that `defaultingType: System` stands for (PodTopologySpread, kube-scheduler 1.36): hostname with a
/// skew of 3 and zone with a skew of 5, both soft. Their selector is that of the pod's Services and owner.
#[must_use]
pub fn system_default_constraints() -> Vec<TopologySpreadConstraint> {
    use crate::api::NodeInclusionPolicy::{Honor, Ignore};
    [(3, well_known::HOSTNAME), (5, well_known::ZONE)]
        .map(|(max_skew, topology_key)| TopologySpreadConstraint {
            max_skew,
            topology_key: Name::from(topology_key),
            when_unsatisfiable: UnsatisfiableConstraintAction::ScheduleAnyway,
            label_selector: None,
            min_domains: None,
            node_affinity_policy: Honor,
            node_taints_policy: Ignore,
            match_label_keys: Vec::new(),
        })
        .into()
}
