//! Who is told of which change.

use super::recorder::Recorder;
use super::recovery::RecoveryTracker;
use super::settings::Client;
use crate::autoscaler::hpa::controller::HpaController;
use crate::cluster::{Change, ChangeKind, Interest};
use crate::controllers::manager::Controllers;
use crate::infra::faults::FaultInjector;
use crate::kubelet::controller::Kubelets;
use crate::scheduler::Scheduler;
use crate::workload::metric_sources::MetricSources;
use crate::workload::traffic::Traffic;

/// A part of the simulation that is told of changes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Recorder,
    Recovery,
    Traffic,
    Metrics,
    Scheduler,
    Kubelets,
    Controllers,
    Hpa,
    Faults,
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

/// What there is in a run: without it there is nobody to tell of what its part would want.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Acting {
    /// Traffic.
    pub traffic: bool,
    /// Metrics that the scenario gives.
    pub metrics: bool,
    /// Faults: nothing else is recovered from.
    pub faults: bool,
    /// HorizontalPodAutoscalers.
    pub autoscalers: bool,
}

impl Audience {
    /// The audience of a run.
    pub(super) fn new(acting: Acting) -> Self {
        let only_if = |has_it: bool, interest: Interest| if has_it { interest } else { Interest::NOTHING };
        let interests = [
            (Part::Recorder, Recorder::INTEREST),
            (Part::Recovery, only_if(acting.faults, RecoveryTracker::INTEREST)),
            (Part::Traffic, only_if(acting.traffic, Traffic::INTEREST)),
            (Part::Metrics, only_if(acting.metrics, MetricSources::INTEREST)),
            (Part::Scheduler, Scheduler::<Client>::INTEREST),
            (Part::Kubelets, Kubelets::INTEREST),
            (Part::Controllers, Controllers::INTEREST),
            (Part::Hpa, only_if(acting.autoscalers, HpaController::INTEREST)),
            (Part::Faults, only_if(acting.faults, FaultInjector::INTEREST)),
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
        let audience = Audience::new(Acting::default());
        let pod = PodId::from_index(0);
        let cases = [
            (Change::PodRunning(pod), true, 0, "nobody"),
            (Change::PodReadiness(pod), true, 2, "the recorder, and the controllers for budgets"),
            (Change::PodReadiness(pod), false, 2, "its owner too, which is one of the controllers"),
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
        let autoscaled = Audience::new(Acting { autoscalers: true, ..Acting::default() });
        assert!(autoscaled.of(Change::PodReadiness(pod), true).have(Part::Hpa), "a selector may match bare pods");
        let traffic = Audience::new(Acting { traffic: true, ..Acting::default() });
        assert!(traffic.of(Change::PodEndpoint(pod), false).have(Part::Traffic));
        assert!(!traffic.of(Change::PodEndpoint(pod), true).have(Part::Traffic));
    }
}
