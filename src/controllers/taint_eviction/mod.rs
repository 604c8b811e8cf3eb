//! The taint eviction controller: when `NoExecute` taints delete a pod.
//!
//! Mirrors `pkg/controller/tainteviction` (Kubernetes 1.36).

pub mod controller;

use crate::api::{Taint, TaintEffect, Toleration};
use crate::units::{SimDuration, SimTime};

/// When a pod is deleted because of taints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvictionTime {
    /// The pod tolerates all taints for good, or there are none.
    Never,
    /// At this instant.
    At(SimTime),
}

/// When a pod is deleted whose node's `NoExecute` taints are first seen at `first_seen`.
///
/// Taints of other effects are ignored. A taint that no toleration matches deletes at once; otherwise the least
/// `tolerationSeconds` counts, where each taint uses the first toleration that matches it (`getMinTolerationTime`,
/// `GetMatchingTolerations`).
pub fn eviction_time(tolerations: &[Toleration], taints: &[Taint], first_seen: SimTime) -> EvictionTime {
    let mut least: Option<SimDuration> = None;
    for taint in taints.iter().filter(|taint| taint.effect == TaintEffect::NoExecute) {
        let Some(used) = tolerations.iter().find(|toleration| toleration.tolerates(taint)) else {
            return EvictionTime::At(first_seen);
        };
        if let Some(seconds) = used.toleration_seconds {
            least = Some(least.map_or(seconds, |least| least.min(seconds)));
        }
    }
    least.map_or(EvictionTime::Never, |span| EvictionTime::At(first_seen + span.max_zero()))
}

/// What becomes of a scheduled deletion when the pod or its node's taints change at `now` (`processPodOnNode`): a
/// taint without toleration deletes at once, tolerating everything for good cancels, and otherwise the first schedule
/// stands.
pub fn reschedule(
    scheduled: Option<SimTime>,
    tolerations: &[Toleration],
    taints: &[Taint],
    now: SimTime,
) -> EvictionTime {
    match (eviction_time(tolerations, taints, now), scheduled) {
        (EvictionTime::At(at), Some(scheduled)) if at > now => EvictionTime::At(scheduled),
        (wanted, _) => wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::TolerationOperator;

    fn taint(key: &str, effect: TaintEffect) -> Taint {
        Taint { key: key.into(), value: "".into(), effect, time_added: None }
    }

    fn tolerate(key: &str, seconds: Option<i64>) -> Toleration {
        Toleration {
            key: key.into(),
            operator: TolerationOperator::Exists,
            value: "".into(),
            effect: Some(TaintEffect::NoExecute),
            toleration_seconds: seconds.map(SimDuration::from_secs),
        }
    }

    #[test]
    fn the_least_toleration_counts() {
        use EvictionTime::{At, Never};
        let no_execute = |keys: &[&str]| keys.iter().map(|key| taint(key, TaintEffect::NoExecute)).collect::<Vec<_>>();
        let at = |seconds| At(SimTime::from_secs(seconds));
        let cases = [
            ("no taints", vec![], vec![], Never),
            ("other effects", vec![], vec![taint("a", TaintEffect::NoSchedule)], Never),
            ("not tolerated", vec![tolerate("b", None)], no_execute(&["a"]), at(100)),
            ("tolerated for good", vec![tolerate("a", None)], no_execute(&["a"]), Never),
            ("for a while", vec![tolerate("a", Some(300))], no_execute(&["a"]), at(400)),
            ("least of two", vec![tolerate("a", Some(30)), tolerate("b", Some(20))], no_execute(&["a", "b"]), at(120)),
            ("one for good", vec![tolerate("a", Some(30)), tolerate("b", None)], no_execute(&["a", "b"]), at(130)),
            ("negative is zero", vec![tolerate("a", Some(-5))], no_execute(&["a"]), at(100)),
            ("first match", vec![tolerate("", Some(50)), tolerate("a", Some(5))], no_execute(&["a"]), at(150)),
            ("one not tolerated", vec![tolerate("a", Some(30))], no_execute(&["a", "b"]), at(100)),
        ];
        for (why, tolerations, taints, expected) in cases {
            assert_eq!(eviction_time(&tolerations, &taints, SimTime::from_secs(100)), expected, "{why}");
        }
    }

    #[test]
    fn the_first_schedule_stands() {
        let [at_10, at_300] = [10, 300].map(SimTime::from_secs);
        let taints = [taint("a", TaintEffect::NoExecute)];
        let again = |tolerations: &[Toleration], taints: &[Taint]| reschedule(Some(at_300), tolerations, taints, at_10);
        assert_eq!(again(&[tolerate("a", Some(20))], &taints), EvictionTime::At(at_300), "a later, shorter wish");
        assert_eq!(again(&[], &taints), EvictionTime::At(at_10), "not tolerated any more");
        assert_eq!(again(&[tolerate("a", Some(20))], &[]), EvictionTime::Never, "the taint is gone");
        assert_eq!(again(&[tolerate("a", None)], &taints), EvictionTime::Never, "tolerated for good");
    }
}
