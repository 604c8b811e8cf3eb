//! Which pod a reference means, among those that a run had.

use super::PodReference;
use crate::input::Diagnostic;
use crate::scheduler::{FollowedPods, Match};
use crate::sim::{FollowedPod, FollowedRun};
use crate::units::format_go_duration;

/// The most names in a message.
const NAMES: usize = 5;

/// The pod that is meant.
#[derive(Debug)]
pub struct Chosen<'a> {
    /// The pod.
    pub pod: &'a FollowedPod,
    /// What the user should know about the choice.
    pub note: Option<String>,
}

/// Finds the pod that is meant: the one of that name, the only one whose name begins so, or of a workload's pods the one
/// that was tried last.
///
/// # Errors
/// What is wrong with the reference: no pod, or several.
pub fn choose<'a>(reference: &PodReference, followed: &'a FollowedRun) -> Result<Chosen<'a>, Box<Diagnostic>> {
    let pods = &followed.pods;
    // A StatefulSet's pod may have had others of its name before it.
    if let Some(pod) = pods.iter().rev().find(|pod| pod.relation == Match::Exact && is_tried(pod, followed)) {
        return Ok(Chosen { pod, note: None });
    }
    if let Some(pod) = pods.iter().rfind(|pod| pod.relation == Match::Exact) {
        return Ok(Chosen { pod, note: None });
    }
    let of_workload = matches!(reference.followed(), FollowedPods::OfWorkload { .. });
    let tried = || pods.iter().find(|pod| is_tried(pod, followed)).or_else(|| pods.last());
    match (pods.as_slice(), tried()) {
        ([pod], _) if of_workload => Ok(Chosen { pod, note: None }),
        ([pod], _) => Ok(Chosen { pod, note: Some(format!("`{reference}` is the beginning of this pod's name only")) }),
        ([_, ..], Some(pod)) if of_workload => {
            let which = if pod.attempts > 0 { "tried last" } else { "created last; none was tried" };
            Ok(Chosen { pod, note: Some(format!("{} pods of {reference}: this is the one {which}", pods.len())) })
        }
        ([_, ..], _) => Err(Box::new(ambiguous(reference, pods))),
        ([], _) => Err(Box::new(unknown(reference, followed))),
    }
}

/// Whether the attempt that was kept is this pod's.
fn is_tried(pod: &FollowedPod, followed: &FollowedRun) -> bool {
    followed.attempt.as_ref().is_some_and(|attempt| attempt.pod.id == pod.id)
}

fn ambiguous(reference: &PodReference, pods: &[FollowedPod]) -> Diagnostic {
    let names: Vec<String> = pods.iter().map(|pod| format!("{}/{}", pod.namespace, pod.name)).collect();
    let first = pods.first().and_then(|pod| Some((pod.namespace.clone(), pod.workload.as_ref()?)));
    let workload = first.and_then(|(namespace, workload)| {
        let (kind, name) = workload.split_once('/')?;
        Some(format!("; `{}/{namespace}/{name}` is the pod that was tried last", kind.to_lowercase()))
    });
    let message = format!("`{reference}` is the beginning of {} pods' names", pods.len());
    let hint = format!("one of {}{}", listed(&names), workload.unwrap_or_default());
    Diagnostic::error("--pod", message).with_hint(Some(hint))
}

fn unknown(reference: &PodReference, followed: &FollowedRun) -> Diagnostic {
    let end = format_go_duration(followed.end.since_start());
    let (message, wanted) = match reference.followed() {
        FollowedPods::Named { namespace, name } => {
            (format!("there was no pod `{namespace}/{name}` up to {end}"), (namespace, name))
        }
        FollowedPods::OfWorkload { kind, namespace, name } => {
            (format!("there was no pod of {kind} `{namespace}/{name}` up to {end}"), (namespace, name))
        }
    };
    let mut near: Vec<(usize, String)> = followed
        .names
        .iter()
        .filter_map(|(namespace, name)| {
            let rank = nearness((&wanted.0, &wanted.1), (namespace, name))?;
            Some((rank, format!("{namespace}/{name}")))
        })
        .collect();
    near.sort();
    near.dedup();
    let hint = match near.as_slice() {
        [] if followed.names.is_empty() => "there was no pod at all".to_owned(),
        [] => {
            let mut namespaces: Vec<String> =
                followed.names.iter().map(|(namespace, _)| namespace.to_string()).collect();
            namespaces.sort();
            namespaces.dedup();
            format!("namespaces with pods: {}; pods.csv of a run lists all of them", listed(&namespaces))
        }
        near => {
            let names: Vec<String> = near.iter().map(|(_, name)| name.clone()).collect();
            format!("did you mean {}?", listed(&names))
        }
    };
    Diagnostic::error("--pod", message).with_hint(Some(hint))
}

/// How near a pod's name is to the one that was asked for, 0 the nearest; `None` if they have nothing in common.
fn nearness(wanted: (&str, &str), known: (&str, &str)) -> Option<usize> {
    let same_namespace = usize::from(wanted.0 != known.0);
    if wanted.1 == known.1 {
        return Some(0);
    }
    if known.1.starts_with(wanted.1) || wanted.1.starts_with(known.1) {
        return Some(1 + same_namespace);
    }
    // The workload's part of a generated name, or a slip of the finger.
    let stem = |name: &str| name.rsplit_once('-').map_or(name, |(stem, _)| stem).to_owned();
    let edits = strip_common(wanted.1, known.1);
    if edits <= 2 || stem(wanted.1) == stem(known.1) {
        return Some(3 + edits.min(20) + 20 * same_namespace);
    }
    (known.1.contains(wanted.1) && wanted.1.len() >= 3).then_some(50 + same_namespace)
}

/// The length of what is left of the longer text without the common beginning and end: a bound on the edits between two.
fn strip_common(one: &str, another: &str) -> usize {
    let head = one.bytes().zip(another.bytes()).take_while(|(left, right)| left == right).count();
    let (one, another) = (one.as_bytes(), another.as_bytes());
    let (one, another) = (one.get(head..).unwrap_or_default(), another.get(head..).unwrap_or_default());
    let tail = one.iter().rev().zip(another.iter().rev()).take_while(|(left, right)| left == right).count();
    one.len().max(another.len()) - tail
}

/// The first names, and how many there are besides.
fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        further => format!("{} and {further} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_first() {
        let wanted = ("default", "web-1");
        let cases = [
            (("default", "web-1"), Some(0), "itself"),
            (("shop", "web-1"), Some(0), "the namespace was forgotten"),
            (("default", "web-10"), Some(1), "it goes on"),
            (("default", "wed-1"), Some(4), "a slip"),
            (("default", "web-2"), Some(4), "a sibling"),
            (("shop", "wed-1"), Some(24), "a slip, elsewhere"),
            (("default", "my-web-1-b"), Some(50), "it is part of it"),
            (("default", "database"), None, "nothing in common"),
        ];
        for (known, expected, why) in cases {
            assert_eq!(nearness(wanted, known), expected, "{known:?}: {why}");
        }
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..10).map(|number| format!("p{number}")).collect();
        assert!(listed(&names).ends_with("`p4` and 5 more"));
        assert_eq!(listed(&names[..1]), "`p0`");
    }
}
