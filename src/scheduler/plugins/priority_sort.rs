//! PrioritySort: the order of the scheduling queue.

use super::descriptor::{Descriptor, ExtensionPoint};
use super::plugin::Plugin;
use crate::units::SimTime;
use std::cmp::Ordering;

/// What there is to know of the plugin.
pub const DESCRIPTOR: Descriptor =
    Descriptor { points: |_| &[ExtensionPoint::QueueSort], ..Descriptor::of(Plugin::PrioritySort, "PrioritySort") };

/// Pods of higher priority come first, among equals those that came earlier: `one` and `another` are each a priority and
/// the time at which the pod came to the queue.
#[inline]
pub fn compare(one: (i32, SimTime), another: (i32, SimTime)) -> Ordering {
    another.0.cmp(&one.0).then(one.1.cmp(&another.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_comes_before_age() {
        let at = SimTime::from_secs;
        let cases = [
            ((0, at(1)), (0, at(2)), Ordering::Less, "the earlier of two equals"),
            ((10, at(2)), (0, at(1)), Ordering::Less, "the higher priority, however late"),
            ((-10, at(1)), (0, at(2)), Ordering::Greater, "a negative priority is below the default"),
            ((0, at(1)), (0, at(1)), Ordering::Equal, "no difference"),
        ];
        for (one, another, expected, why) in cases {
            assert_eq!(compare(one, another), expected, "{why}");
            assert_eq!(compare(another, one), expected.reverse(), "{why}, turned round");
        }
    }
}
