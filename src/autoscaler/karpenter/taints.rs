//! Taints and tolerations in Karpenter's simulation, where `PreferNoSchedule` keeps pods away too until they tolerate it at
//! last (`pkg/scheduling/taints.go`).

use crate::api::karpenter::keys;
use crate::api::{Name, Taint, TaintEffect, Toleration, TolerationOperator};

/// The taint of a node that is about to be removed.
pub fn disrupted() -> Taint {
    let effect = TaintEffect::NoSchedule;
    Taint { key: keys::TAINT_DISRUPTED.into(), value: Name::default(), effect, time_added: None }
}

/// Whether every taint is tolerated, `PreferNoSchedule` included.
pub fn tolerates_all(tolerations: &[Toleration], taints: &[Taint]) -> bool {
    taints.iter().all(|taint| tolerations.iter().any(|toleration| toleration.tolerates(taint)))
}

/// The toleration that is added last.
pub fn prefer_no_schedule() -> Toleration {
    Toleration {
        operator: TolerationOperator::Exists,
        effect: Some(TaintEffect::PreferNoSchedule),
        ..Toleration::default()
    }
}

/// Whether a toleration is the one that is added last.
pub fn tolerates_prefer_no_schedule(toleration: &Toleration) -> bool {
    let added = prefer_no_schedule();
    toleration.key == added.key && toleration.operator == added.operator && toleration.effect == added.effect
}
