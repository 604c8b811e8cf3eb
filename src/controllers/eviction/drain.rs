//! Which pods of a node `kubectl drain` evicts, in which order, and for which it refuses to drain the node at all.
//!
//! Mirrors `filters.go` and `evictPods` of kubectl 1.36.

use crate::api::Kind;
use std::fmt::Write as _;

/// The flags of `kubectl drain` that say which pods may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainFlags {
    /// `--ignore-daemonsets`.
    pub ignore_daemon_sets: bool,
    /// `--force`.
    pub force: bool,
    /// `--delete-emptydir-data`.
    pub delete_empty_dir_data: bool,
}

/// A pod of the node, in the API's order: by namespace and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrainPod<Pod> {
    /// Which.
    pub pod: Pod,
    /// Namespace and name: `shop/web-0`.
    pub name: String,
    /// Kind of its controller; `None` of a bare pod.
    pub controller: Option<Kind>,
    /// Whether its containers have ended for good.
    pub has_ended: bool,
    /// Whether it has an `emptyDir` volume.
    pub has_empty_dir: bool,
}

/// Why a pod keeps the node from being drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    DaemonSet,
    LocalStorage,
    NoController,
}

impl Reason {
    const ALL: [Self; 3] = [Self::NoController, Self::LocalStorage, Self::DaemonSet];

    const fn text(self) -> &'static str {
        match self {
            Self::DaemonSet => "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)",
            Self::LocalStorage => "Pods with local storage (use --delete-emptydir-data to override)",
            Self::NoController => "Pods that declare no controller (use --force to override)",
        }
    }
}

/// The pods to evict, in the order of the calls, or kubectl's words for why the node is not drained. kubectl gives its
/// reasons in a random order; here it is always the same.
///
/// Each pod is evicted by a goroutine of its own: the one that was started last runs first, the others follow in order.
pub fn pods_to_evict<Pod: Copy>(pods: &[DrainPod<Pod>], flags: DrainFlags) -> Result<Vec<Pod>, String> {
    let mut chosen = Vec::new();
    let mut refused: Vec<(Reason, &str)> = Vec::new();
    for pod in pods {
        let is_of_daemon_set = pod.controller == Some(Kind::DaemonSet);
        let refusal = if pod.has_ended {
            None
        } else if is_of_daemon_set {
            if flags.ignore_daemon_sets {
                continue;
            }
            Some(Reason::DaemonSet)
        } else if pod.has_empty_dir && !flags.delete_empty_dir_data {
            Some(Reason::LocalStorage)
        } else if pod.controller.is_none() && !flags.force {
            Some(Reason::NoController)
        } else {
            None
        };
        match refusal {
            Some(reason) => refused.push((reason, &pod.name)),
            None => chosen.push(pod.pod),
        }
    }
    if !refused.is_empty() {
        let mut text = String::new();
        for reason in Reason::ALL {
            let of_reason = refused.iter().filter(|(its_reason, _)| *its_reason == reason);
            let names: Vec<&str> = of_reason.map(|(_, name)| *name).collect();
            if !names.is_empty() {
                let comma = if text.is_empty() { "" } else { ", " };
                let _ = write!(text, "{comma}cannot delete {}: {}", reason.text(), names.join(", "));
            }
        }
        return Err(text);
    }
    if let Some(last) = chosen.pop() {
        chosen.insert(0, last);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn flags(ignore_daemon_sets: bool, force: bool, delete_empty_dir_data: bool) -> DrainFlags {
        DrainFlags { ignore_daemon_sets, force, delete_empty_dir_data }
    }

    fn pod(name: &'static str, controller: Option<Kind>) -> DrainPod<&'static str> {
        let name_text = format!("default/{name}");
        DrainPod { pod: name, name: name_text, controller, has_ended: false, has_empty_dir: false }
    }

    /// The cases of the recording `drain-refusals`.
    #[test]
    fn a_node_is_drained_if_every_pod_may_go() {
        let pods = [
            pod("agent", Some(Kind::DaemonSet)),
            pod("bare", None),
            DrainPod { has_ended: true, ..pod("batch", None) },
            DrainPod { has_empty_dir: true, ..pod("web", Some(Kind::ReplicaSet)) },
        ];
        let daemon = "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): default/agent";
        let storage = "cannot delete Pods with local storage (use --delete-emptydir-data to override): default/web";
        let bare = "cannot delete Pods that declare no controller (use --force to override): default/bare";
        let cases = [
            (flags(false, false, false), Err(format!("{bare}, {storage}, {daemon}")), "every reason"),
            (flags(true, false, false), Err(format!("{bare}, {storage}")), "DaemonSets are ignored"),
            (flags(true, true, false), Err(storage.to_owned()), "bare pods are forced"),
            (flags(false, true, true), Err(daemon.to_owned()), "DaemonSets are not ignored"),
            (flags(true, true, true), Ok(vec!["web", "bare", "batch"]), "the last one goes first"),
        ];
        for (flags, expected, why) in cases {
            assert_eq!(pods_to_evict(&pods, flags), expected, "{why}");
        }
        let ended = [DrainPod { has_ended: true, ..pod("agent", Some(Kind::DaemonSet)) }];
        assert_eq!(pods_to_evict(&ended, flags(false, false, false)), Ok(vec!["agent"]), "what has ended always goes");
    }
}
