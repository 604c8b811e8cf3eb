//! The namespace controller: deletes what is in a namespace that is being deleted, and then the namespace.
//!
//! Mirrors `pkg/controller/namespace` (Kubernetes 1.36, with ordered deletion: pods go before everything else). A pass deletes
//! all pods with their grace period; as long as some are left it ends there. A pass that finds none deletes all other
//! objects. What finalizers hold is waited for.

pub mod controller;

use crate::cluster::{NamespaceCondition, NamespaceConditionType};
use crate::units::SimDuration;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Time from a change of the namespace to the pass that it calls for (`namespaceDeletionGracePeriod`).
pub const DELETION_GRACE_PERIOD: SimDuration = SimDuration::from_secs(5);
/// How long what finalizers hold is expected to stay (`finalizerEstimateSeconds`).
const FINALIZER_ESTIMATE: SimDuration = SimDuration::from_secs(15);

/// What a pass has found and left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// The longest grace period of the pods that had not ended; `None` without pods.
    pub pod_grace: Option<SimDuration>,
    /// Time since the deletion of the namespace was requested.
    pub elapsed: SimDuration,
    /// Pods that are left.
    pub pods: usize,
    /// Other objects that are left, by resource, such as `deployments.apps`.
    pub remaining: BTreeMap<String, usize>,
    /// How many objects that are left have a finalizer.
    pub finalizers: BTreeMap<String, usize>,
}

/// What a pass ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassEnd {
    /// Nothing is left: the namespace goes.
    Finished,
    /// Another pass comes after this time (`ResourcesRemainingError`).
    Wait(SimDuration),
    /// Pods outlast their grace period: another pass comes with the back-off of failed syncs.
    Failed,
}

/// The end of a pass (`Delete`, `deleteAllContent`).
pub fn pass_end(pass: &Pass) -> PassEnd {
    // Once the longest grace period is over, nothing is estimated any more (`estimateGracefulTermination`).
    let estimate = pass.pod_grace.filter(|grace| pass.elapsed < *grace);
    let estimate = match estimate {
        None if !pass.finalizers.is_empty() => Some(FINALIZER_ESTIMATE),
        estimate => estimate,
    };
    match estimate {
        Some(estimate) => PassEnd::Wait(SimDuration::from_secs(estimate.whole_seconds() / 2 + 1)),
        None if pass.pods > 0 => PassEnd::Failed,
        None => PassEnd::Finished,
    }
}

/// `status.conditions` of the namespace after a pass (`namespaceConditionUpdater`). While pods are left, nothing is said of
/// what remains.
pub fn conditions(pass: &Pass, namespace: &str) -> [NamespaceCondition; 5] {
    use NamespaceConditionType as Type;
    let condition = |condition_type, problem: Option<(&'static str, String)>, well: &'static str| {
        let status = problem.is_some();
        let (reason, message) = problem.map_or((well, String::new()), |problem| problem);
        NamespaceCondition { condition_type, status, reason, message: message.into() }
    };
    let failure = (pass_end(pass) == PassEnd::Failed).then(|| {
        let message = format!(
            "Failed to delete all resource types, 1 remaining: unexpected items still remain in namespace: {namespace} for \
             gvr: /v1, Resource=pods"
        );
        ("ContentDeletionFailed", message)
    });
    let listed = |start: &str, counts: &BTreeMap<String, usize>, between: &str| {
        let mut text = start.to_owned();
        for (index, (name, count)) in counts.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            // Writing to a text cannot fail.
            let _ = write!(text, "{separator}{name}{between} {count} resource instances");
        }
        text
    };
    let is_left = pass.pods == 0 && !pass.remaining.is_empty();
    let remaining =
        is_left.then(|| ("SomeResourcesRemain", listed("Some resources are remaining: ", &pass.remaining, " has")));
    let finalizers = (is_left && !pass.finalizers.is_empty()).then(|| {
        let start = "Some content in the namespace has finalizers remaining: ";
        ("SomeFinalizersRemain", listed(start, &pass.finalizers, " in"))
    });
    [
        condition(Type::DeletionDiscoveryFailure, None, "ResourcesDiscovered"),
        condition(Type::DeletionGroupVersionParsingFailure, None, "ParsedGroupVersions"),
        condition(Type::DeletionContentFailure, failure, "ContentDeleted"),
        condition(Type::ContentRemaining, remaining, "ContentRemoved"),
        condition(Type::FinalizersRemaining, finalizers, "ContentHasNoFinalizers"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_end_as_recorded() {
        let seconds = SimDuration::from_secs;
        let held: BTreeMap<String, usize> = [("sim/hold".to_owned(), 1)].into();
        let pods = |grace, elapsed| Pass {
            pod_grace: Some(seconds(grace)),
            elapsed: seconds(elapsed),
            pods: 2,
            ..Pass::default()
        };
        let cases = [
            (Pass::default(), PassEnd::Finished, "nothing is left"),
            (pods(30, 5), PassEnd::Wait(seconds(16)), "half of the grace period and a second"),
            (pods(30, 30), PassEnd::Failed, "it is over"),
            (pods(0, 5), PassEnd::Failed, "there is none"),
            (
                Pass { finalizers: held.clone(), ..Pass::default() },
                PassEnd::Wait(seconds(8)),
                "half of 15 s and a second",
            ),
            (Pass { finalizers: held, ..pods(30, 40) }, PassEnd::Wait(seconds(8)), "pods with finalizers"),
        ];
        for (pass, expected, why) in cases {
            assert_eq!(pass_end(&pass), expected, "{why}");
        }
    }

    #[test]
    fn conditions_say_what_remains() {
        let texts = |pass: &Pass| {
            let said = conditions(pass, "shop").into_iter().filter(|condition| condition.status);
            said.map(|condition| format!("{}: {}", condition.reason, condition.message)).collect::<Vec<_>>()
        };
        let one = |name: &str| [(name.to_owned(), 1)].into();
        let held = Pass { remaining: one("configmaps"), finalizers: one("sim/hold"), ..Pass::default() };
        let expected = [
            "SomeResourcesRemain: Some resources are remaining: configmaps has 1 resource instances",
            "SomeFinalizersRemain: Some content in the namespace has finalizers remaining: sim/hold in 1 resource instances",
        ];
        assert_eq!(texts(&held), expected);
        let waiting = Pass { pod_grace: Some(SimDuration::from_secs(30)), pods: 1, ..held };
        assert!(texts(&waiting).is_empty(), "pods come first");
        let stuck = Pass { elapsed: SimDuration::from_secs(31), finalizers: BTreeMap::new(), ..waiting };
        assert!(
            texts(&stuck)[0].starts_with("ContentDeletionFailed: Failed to delete all resource types, 1 remaining")
        );
    }
}
