//! Which changes a part of the simulation wants to be told.

use super::{Change, ChangeKind};

/// The kinds of changes that a part wants, of bare pods (those that no workload owns) and of all else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interest {
    kinds: u128,
    of_bare_pods: u128,
}

/// Each kind has a bit.
const _: () = assert!(ChangeKind::ALL.len() <= 128, "a kind for each bit of 128");

impl Interest {
    /// These kinds, whatever they speak of.
    #[must_use]
    pub const fn of(kinds: &[ChangeKind]) -> Self {
        let kinds = bits(kinds);
        Self { kinds, of_bare_pods: kinds }
    }

    /// The same, but nothing of bare pods.
    #[must_use]
    pub const fn without_bare_pods(self) -> Self {
        Self { of_bare_pods: 0, ..self }
    }

    /// What either wants.
    #[must_use]
    pub const fn and(self, more: Self) -> Self {
        Self { kinds: self.kinds | more.kinds, of_bare_pods: self.of_bare_pods | more.of_bare_pods }
    }

    /// Whether a change is wanted. `is_bare` says that it is one of a bare pod.
    #[must_use]
    pub const fn wants(self, change: Change, is_bare: bool) -> bool {
        self.wants_kind(change.kind(), is_bare)
    }

    /// Whether a kind of change is wanted.
    #[must_use]
    pub const fn wants_kind(self, kind: ChangeKind, is_bare: bool) -> bool {
        let kinds = if is_bare { self.of_bare_pods } else { self.kinds };
        kinds & (1 << kind as u32) != 0
    }
}

const fn bits(kinds: &[ChangeKind]) -> u128 {
    let (mut bits, mut index) = (0_u128, 0);
    while index < kinds.len() {
        bits |= 1 << kinds[index] as u32;
        index += 1;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::PodId;

    #[test]
    fn interests_are_in_kinds_and_in_whose_pods() {
        let pods = Interest::of(&[ChangeKind::PodAdded, ChangeKind::PodEnded]);
        let workloads = Interest::of(&[ChangeKind::PodBound, ChangeKind::DeploymentSpec]).without_bare_pods();
        let added = Change::PodAdded(PodId::from_index(0));
        let bound = Change::PodBound(PodId::from_index(0));
        let cases = [
            (pods, added, true, true, "a bare pod too"),
            (pods, bound, false, false, "another kind"),
            (workloads, bound, false, true, "a pod of a workload"),
            (workloads, bound, true, false, "a bare pod"),
            (pods.and(workloads), bound, true, false, "neither wants it of a bare pod"),
            (pods.and(workloads), bound, false, true, "one of both wants it"),
        ];
        for (interest, change, is_bare, expected, why) in cases {
            assert_eq!(interest.wants(change, is_bare), expected, "{why}");
        }
    }
}
