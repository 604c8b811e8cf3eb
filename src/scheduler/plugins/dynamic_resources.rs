//! DynamicResources: resource claims.
//!
//! Claims are not simulated: a pod is placed as if it had none. What the plugin adds to the messages and scores of pods
//! without claims is here.

use super::descriptor::{Descriptor, ExtensionPoint};
use super::plugin::Plugin;
use crate::api::KubernetesVersion;
use crate::scheduler::framework::EventKind;

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor = Descriptor {
    weight: 2,
    points,
    events: &[EventKind::NodeAdd],
    ..Descriptor::of(Plugin::DynamicResources, "DynamicResources")
};

fn points(version: KubernetesVersion) -> &'static [ExtensionPoint] {
    use ExtensionPoint::{Filter, PostFilter, PreEnqueue, PreFilter, Score};
    if version.dynamic_resources_scores() {
        &[PreEnqueue, PreFilter, Filter, PostFilter, Score]
    } else {
        &[PreEnqueue, PreFilter, Filter, PostFilter]
    }
}

/// What PostFilter says of a pod without claims.
///
/// # Errors
/// The plugin's PreFilter did not run, since an earlier plugin ended the phase: it misses what that notes.
pub const fn post_filter(pre_filter_ran: bool) -> Result<&'static str, &'static str> {
    if pre_filter_ran { Ok("no new claims to deallocate") } else { Err("not found") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use KubernetesVersion::{V1_34, V1_36};

    #[test]
    fn it_scores_from_1_36_on() {
        for (version, scores) in [(V1_34, false), (V1_36, true)] {
            assert_eq!(points(version).contains(&ExtensionPoint::Score), scores, "{}", version.as_str());
            assert!(points(version).contains(&ExtensionPoint::PostFilter), "{}", version.as_str());
        }
    }

    #[test]
    fn post_filter_misses_what_pre_filter_notes() {
        let cases = [
            (true, Ok("no new claims to deallocate"), "a pod without claims"),
            (false, Err("not found"), "another plugin's PreFilter rejected the pod first"),
        ];
        for (ran, expected, why) in cases {
            assert_eq!(post_filter(ran), expected, "{why}");
        }
    }
}
