//! TaintToleration: nodes whose taints the pod does not tolerate are rejected, or score less.

use crate::api::{Taint, TaintEffect, Toleration};
use crate::scheduler::framework::Failure;
use crate::scheduler::view::{NodeInfo, PodInfo};

fn tolerates(tolerations: &[Toleration], taint: &Taint) -> bool {
    tolerations.iter().any(|toleration| toleration.tolerates(taint))
}

/// The position of the first taint with effect NoSchedule or NoExecute that no toleration matches.
pub fn first_untolerated(tolerations: &[Toleration], taints: &[Taint]) -> Option<usize> {
    taints.iter().position(|taint| taint.effect != TaintEffect::PreferNoSchedule && !tolerates(tolerations, taint))
}

/// Rejects a node with a taint that keeps the pod away.
pub fn filter(pod: &PodInfo, node: &NodeInfo) -> Result<(), Failure> {
    match first_untolerated(&pod.spec().tolerations, &node.node().taints) {
        Some(position) => Err(Failure::UntoleratedTaint(u16::try_from(position).unwrap_or(u16::MAX))),
        None => Ok(()),
    }
}

/// How many PreferNoSchedule taints no toleration for that effect matches; fewer is better.
pub fn score(pod: &PodInfo, node: &NodeInfo) -> i64 {
    let prefers =
        |toleration: &&Toleration| toleration.effect.is_none_or(|effect| effect == TaintEffect::PreferNoSchedule);
    let intolerable = |taint: &&Taint| {
        taint.effect == TaintEffect::PreferNoSchedule
            && !pod.spec().tolerations.iter().filter(prefers).any(|toleration| toleration.tolerates(taint))
    };
    i64::try_from(node.node().taints.iter().filter(intolerable).count()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_hard_taint_without_toleration_is_found() {
        let taint = |key: &str, effect| Taint { key: key.into(), value: "".into(), effect, time_added: None };
        let taints = [
            taint("soft", TaintEffect::PreferNoSchedule),
            taint("a", TaintEffect::NoSchedule),
            taint("b", TaintEffect::NoExecute),
        ];
        let tolerate = |key: &str| Toleration { key: key.into(), ..Toleration::default() };
        let cases = [
            (vec![], Some(1), "a soft taint rejects nothing"),
            (vec![tolerate("a")], Some(2), "the next one"),
            (vec![tolerate("a"), tolerate("b")], None, "all tolerated"),
        ];
        for (tolerations, expected, why) in cases {
            assert_eq!(first_untolerated(&tolerations, &taints), expected, "{why}");
        }
    }
}
