//! Names of resources that quotas bound.

use crate::api::{Kind, Name};

/// The name of the count of a kind's objects: `count/deployments.apps` (`ObjectCountQuotaResourceNameFor`).
pub(super) fn count_name(kind: Kind) -> Name {
    Name::from(format!("count/{}", kind.group_resource()))
}

/// The names in order, each once.
pub(super) fn sorted<'a>(names: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let mut sorted: Vec<Name> = names.cloned().collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}
