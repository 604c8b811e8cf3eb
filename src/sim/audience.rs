//! Who is told of which change.

use super::operator::Operator;
use super::recorder::Recorder;
use super::recovery::RecoveryTracker;
use super::settings::Client;
use crate::autoscaler::hpa::controller::HpaController;
use crate::cluster::{Change, ChangeKind, Interest};
use crate::controllers::manager::Controllers;
use crate::infra::faults::FaultInjector;
use crate::kubelet::controller::Kubelets;
use crate::scheduler::Scheduler;
use crate::workload::traffic::Traffic;

/// A part of the simulation that is told of changes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Recorder,
    Recovery,
    Traffic,
    Scheduler,
    Kubelets,
    Controllers,
    Hpa,
    Faults,
    Actions,
}

/// The parts that want one change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts(u16);

impl Parts {
    /// Whether a part is among them.
    pub(super) const fn have(self, part: Part) -> bool {
        self.0 & (1 << part as u8) != 0
    }
}

/// Which parts want which change, by kind and whether it is of a bare pod. Made once for a run: most changes of a bare pod
/// concern few parts, and there are seven of them for each pod.
#[derive(Debug)]
pub(super) struct Audience {
    parts: Vec<[Parts; 2]>,
}

impl Audience {
    /// The audience of a run. A run without traffic, faults or actions has nobody to tell of what they would want.
    pub(super) fn new(has_traffic: bool, has_faults: bool, has_actions: bool) -> Self {
        let only_if = |has_it: bool, interest: Interest| if has_it { interest } else { Interest::NOTHING };
        let interests = [
            (Part::Recorder, Recorder::INTEREST),
            // Nothing but a fault is recovered from.
            (Part::Recovery, only_if(has_faults, RecoveryTracker::INTEREST)),
            (Part::Traffic, only_if(has_traffic, Traffic::INTEREST)),
            (Part::Scheduler, Scheduler::<Client>::INTEREST),
            (Part::Kubelets, Kubelets::INTEREST),
            (Part::Controllers, Controllers::INTEREST),
            (Part::Hpa, HpaController::INTEREST),
            (Part::Faults, only_if(has_faults, FaultInjector::INTEREST)),
            (Part::Actions, only_if(has_actions, Operator::INTEREST)),
        ];
        let parts = |kind: ChangeKind, is_bare: bool| {
            let wanting = interests.iter().filter(|(_, interest)| interest.wants_kind(kind, is_bare));
            Parts(wanting.fold(0, |parts, (part, _)| parts | 1 << *part as u8))
        };
        Self { parts: ChangeKind::ALL.iter().map(|kind| [parts(*kind, false), parts(*kind, true)]).collect() }
    }

    /// The parts that want a change; `is_bare` says that it is one of a bare pod.
    pub(super) fn of(&self, change: Change, is_bare: bool) -> Parts {
        self.parts.get(change.kind() as usize).map_or(Parts::default(), |parts| parts[usize::from(is_bare)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{PlainObjectId, PodId};

    #[test]
    fn few_are_told_of_a_bare_pod() {
        let audience = Audience::new(false, false, false);
        let pod = PodId::from_index(0);
        let cases = [
            (Change::PodRunning(pod), true, 0, "nobody"),
            (Change::PodReadiness(pod), true, 2, "the recorder, and the controllers for budgets"),
            (Change::PodReadiness(pod), false, 3, "its owner and its autoscaler too"),
            (Change::PodAdded(pod), true, 3, "the recorder, the scheduler, and the controllers for its claims"),
            (
                Change::StorageClass(PlainObjectId::from_index(0)),
                false,
                2,
                "the scheduler, and the controllers for claims",
            ),
        ];
        for (change, is_bare, expected, why) in cases {
            assert_eq!(audience.of(change, is_bare).0.count_ones(), expected, "{change:?}: {why}");
        }
        let traffic = Audience::new(true, false, false);
        assert!(traffic.of(Change::PodEndpoint(pod), false).have(Part::Traffic));
        assert!(!traffic.of(Change::PodEndpoint(pod), true).have(Part::Traffic));
    }
}
