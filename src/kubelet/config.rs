//! What a pod refers to and is not there: why its volumes are not mounted or its containers not created, and when the
//! kubelet tries again.
//!
//! Mirrors `makeEnvironmentVariables` of `pkg/kubelet/kubelet_pods.go`, `pkg/volume/configmap`, `secret` and `projected`,
//! and the back-offs of `pkg/kubelet/pod_workers.go` and `pkg/util/goroutinemap/exponentialbackoff` (Kubernetes 1.36).

use crate::api::{ConfigKind, ConfigReference, ConfigUse, Name};
use crate::units::SimDuration;
use std::collections::BTreeSet;

/// `initialDurationBeforeRetry` (`exponentialbackoff`): from the first failed mount of a volume to the next try.
const INITIAL_DURATION_BEFORE_RETRY: SimDuration = SimDuration::from_millis(500);
/// `maxDurationBeforeRetry` (`exponentialbackoff`): the longest time between tries.
const MAX_DURATION_BEFORE_RETRY: SimDuration = SimDuration::from_secs(122);
/// `backOffPeriod` (`pkg/kubelet`): the shortest time from a failed sync of a pod to the next.
const BACK_OFF_PERIOD: SimDuration = SimDuration::from_secs(10);
/// `workerBackOffPeriodJitterFactor` (`pod_workers.go`): what of the period is added at random, at most.
const BACK_OFF_JITTER_FACTOR: f64 = 0.5;

/// The reason of a container that waits because something that its environment needs is missing
/// (`ErrCreateContainerConfig`).
pub const CREATE_CONTAINER_CONFIG_ERROR: &str = "CreateContainerConfigError";

/// From a failed mount to the next try, after as many failures before it.
pub fn mount_retry(failures: u8) -> SimDuration {
    let doubled = INITIAL_DURATION_BEFORE_RETRY * (1_i64 << failures.min(16));
    doubled.min(MAX_DURATION_BEFORE_RETRY)
}

/// From a failed creation of containers to the next sync of their pod; `draw` is from 0 to 1.
pub fn sync_retry(draw: f64) -> SimDuration {
    BACK_OFF_PERIOD + BACK_OFF_PERIOD.mul_f64(BACK_OFF_JITTER_FACTOR * draw)
}

/// Why a reference cannot be used, as the kubelet says it; `None` if it can. `keys` are those of the object, if it
/// exists.
pub fn problem(reference: &ConfigReference, namespace: &str, keys: Option<&BTreeSet<Name>>) -> Option<String> {
    let (kind, name) = (reference.kind.as_str(), &reference.name);
    let Some(keys) = keys else {
        return Some(format!("{} \"{name}\" not found", kind.to_ascii_lowercase()));
    };
    let key = reference.key.as_ref().filter(|key| !keys.contains(*key))?;
    Some(match (&reference.used_as, reference.kind) {
        (ConfigUse::Environment, _) => format!("couldn't find key {key} in {kind} {namespace}/{name}"),
        (ConfigUse::Volume(_), ConfigKind::ConfigMap) => {
            format!("configmap references non-existent config key: {key}")
        }
        (ConfigUse::Volume(_), ConfigKind::Secret) => format!("references non-existent secret key: {key}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_as_the_kubelet_says_it() {
        let keys: BTreeSet<Name> = [Name::from("a")].into();
        let environment = || ConfigUse::Environment;
        let volume = || ConfigUse::Volume("v".into());
        let cases = [
            (None, environment(), false, Some("configmap \"x\" not found"), "no object"),
            (Some("a"), environment(), true, None, "a key that is there"),
            (Some("b"), environment(), true, Some("couldn't find key b in ConfigMap shop/x"), "a key that is not"),
            (Some("b"), volume(), true, Some("configmap references non-existent config key: b"), "a file that is not"),
            (Some("b"), volume(), false, Some("configmap \"x\" not found"), "a file of no object"),
            (None, volume(), true, None, "the whole object"),
        ];
        for (key, used_as, exists, expected, why) in cases {
            let reference =
                ConfigReference { kind: ConfigKind::ConfigMap, name: "x".into(), key: key.map(Name::from), used_as };
            assert_eq!(problem(&reference, "shop", exists.then_some(&keys)).as_deref(), expected, "{why}");
        }
    }

    #[test]
    fn mounts_are_tried_again_ever_later() {
        let delays = [(0, 500), (1, 1_000), (2, 2_000), (7, 64_000), (8, 122_000), (200, 122_000)];
        for (failures, millis) in delays {
            assert_eq!(mount_retry(failures), SimDuration::from_millis(millis), "{failures}");
        }
    }

    #[test]
    fn a_failed_sync_is_tried_again_within_half_a_period_more() {
        assert_eq!([0.0, 1.0].map(sync_retry), [10, 15].map(SimDuration::from_secs));
    }
}
