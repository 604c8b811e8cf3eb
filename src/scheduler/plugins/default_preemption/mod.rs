//! DefaultPreemption: pods of lower priority make room. The search for victims is in `scheduler::preemption`.

pub mod args;

use super::descriptor::{Descriptor, ExtensionPoint};
use super::plugin::Plugin;

/// What there is to know of the plugin. Its PreEnqueue holds back pods whose victims are still being deleted in the
/// background; here they are deleted at once, so that it lets every pod pass.
pub const DESCRIPTOR: Descriptor = Descriptor {
    points: |_| &[ExtensionPoint::PreEnqueue, ExtensionPoint::PostFilter],
    ..Descriptor::of(Plugin::DefaultPreemption, "DefaultPreemption")
};
