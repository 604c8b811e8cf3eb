//! The resource quota controller: `status` of ResourceQuotas.
//!
//! Mirrors `pkg/controller/resourcequota` (Kubernetes 1.36). Admission raises `status.used`; the controller lowers it: it counts
//! a quota anew when its `spec.hard` changes, when an object of a kind that the quota bounds goes, when a pod ends or is
//! resized, and in a full resync every five minutes, which is the only one to find that a pod has been terminating for too
//! long.

pub mod controller;

use crate::api::quota::{Quantities, matching_resources};
use crate::api::{Kind, Name};

/// Whether an object of a kind that goes, or comes to count less, has a quota counted anew (`replenishQuota`): if its status
/// bounds a resource of the kind.
pub fn is_replenished_by(kind: Kind, status_hard: &Quantities) -> bool {
    !matching_resources(kind, status_hard.names()).is_empty()
}

/// `status.used` after objects were counted: what was counted, and what was known before of resources that no kind counts
/// (`syncResourceQuota`).
pub fn used_after_count(hard: &Quantities, used: &Quantities, counted: &Quantities) -> Quantities {
    let of = |name: &Name| Some((name.clone(), counted.get(name).or_else(|| used.get(name))?));
    hard.names().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Quantity;

    fn quantities(entries: &[(&str, &str)]) -> Quantities {
        let parse = |text: &str| text.parse::<Quantity>().unwrap();
        entries.iter().map(|(name, text)| (Name::from(*name), parse(text))).collect()
    }

    #[test]
    fn kinds_replenish_what_they_count() {
        let cases = [
            (Kind::Pod, "requests.cpu", true, "pods request cpu"),
            (Kind::Pod, "services", false, "another kind"),
            (Kind::Service, "services.nodeports", true, "a part of Services"),
            (Kind::Secret, "secrets", true, "an older name"),
            (Kind::Secret, "count/secrets", true, "the count"),
            (Kind::Deployment, "count/deployments.apps", true, "with the group"),
            (Kind::Deployment, "count/deployments", false, "without the group it is another resource"),
            (Kind::PersistentVolumeClaim, "fast.storageclass.storage.k8s.io/requests.storage", true, "of a class"),
        ];
        for (kind, resource, expected, why) in cases {
            assert_eq!(is_replenished_by(kind, &quantities(&[(resource, "1")])), expected, "{resource}: {why}");
        }
    }

    #[test]
    fn used_is_what_was_counted_of_what_is_bounded() {
        let hard = quantities(&[("pods", "5"), ("cpu", "4"), ("example.com/other", "1")]);
        let cases = [
            (vec![], vec![("pods", "2"), ("cpu", "1")], "cpu=1,pods=2", "the first count"),
            (vec![("pods", "3")], vec![("pods", "2"), ("cpu", "0")], "cpu=0,pods=2", "a count replaces what was known"),
            (
                vec![("example.com/other", "1")],
                vec![("pods", "0"), ("cpu", "0")],
                "cpu=0,example.com/other=1,pods=0",
                "kept",
            ),
            (vec![("memory", "1Gi")], vec![("pods", "0"), ("cpu", "0")], "cpu=0,pods=0", "no longer bounded"),
        ];
        for (used, counted, expected, why) in cases {
            let after = used_after_count(&hard, &quantities(&used), &quantities(&counted));
            assert_eq!(after.to_string(), expected, "{why}");
        }
    }
}
