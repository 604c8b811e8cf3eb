//! Who is told of which change.

use super::operator::Operator;
use super::prepare::Prepared;
use super::recorder::Recorder;
use super::recovery::RecoveryTracker;
use super::settings::Client;
use crate::api::Kind;
use crate::autoscaler::capacity_buffer::controller::CapacityBufferController;
use crate::autoscaler::cluster_autoscaler::controller::CaController;
use crate::autoscaler::hpa::controller::HpaController;
use crate::autoscaler::karpenter::controller::running::KarpenterController;
use crate::autoscaler::keda::controller::KedaController;
use crate::autoscaler::vpa::controller::VpaController;
use crate::cluster::{Change, ChangeKind};
use crate::controllers::manager::Controllers;
use crate::infra::cloud::Cloud;
use crate::infra::csi::CsiDrivers;
use crate::infra::faults::FaultInjector;
use crate::input::scenario::Fidelity;
use crate::kubelet::controller::Kubelets;
use crate::network::requests::Requests;
use crate::scheduler::Scheduler;
use crate::workload::metric_sources::MetricSources;
use crate::workload::traffic::Traffic;
use crate::workload::usage::UsageOverTime;

/// A part of the simulation that is told of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Recorder,
    Recovery,
    Traffic,
    Requests,
    Usage,
    Metrics,
    Scheduler,
    Kubelets,
    Controllers,
    Csi,
    Hpa,
    ClusterAutoscaler,
    Vpa,
    Keda,
    CapacityBuffers,
    Cloud,
    Karpenter,
    Faults,
    Actions,
}

/// The parts that want one change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parts(u32);

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
    /// The audience of a run. Where there is no traffic, no fault and so on, nobody is told of what they would want.
    pub(super) fn of_run(prepared: &Prepared) -> Self {
        let (scenario, spec) = (&prepared.scenario, &prepared.scenario.spec);
        let has = |fidelity: Fidelity| spec.traffic.iter().any(|entry| entry.fidelity == fidelity);
        let has_nothing_to_do = [
            // Nothing but a fault is recovered from.
            (Part::Recovery, scenario.faults.is_empty()),
            (Part::Faults, scenario.faults.is_empty()),
            (Part::Traffic, !has(Fidelity::Fluid)),
            (Part::Requests, !has(Fidelity::Requests)),
            (Part::Usage, spec.usage.is_empty()),
            (Part::Metrics, spec.metrics.is_empty()),
            (Part::Hpa, !prepared.has_autoscalers()),
            (Part::ClusterAutoscaler, prepared.cluster_autoscaler.is_none()),
            (Part::Vpa, !prepared.has_objects_of(Kind::VerticalPodAutoscaler)),
            (Part::Keda, !prepared.has_objects_of(Kind::ScaledObject)),
            (Part::Karpenter, !prepared.has_karpenter()),
            (
                Part::CapacityBuffers,
                prepared.buffer_rules().is_none() || !prepared.has_objects_of(Kind::CapacityBuffer),
            ),
            (Part::Actions, scenario.actions.is_empty()),
        ];
        let idle = has_nothing_to_do.into_iter().filter_map(|(part, is_idle)| is_idle.then_some(part));
        Self::new(&idle.collect::<Vec<_>>())
    }

    /// The audience of a run in which these parts have nothing to do.
    fn new(idle: &[Part]) -> Self {
        let interests = [
            (Part::Recorder, Recorder::INTEREST),
            (Part::Recovery, RecoveryTracker::INTEREST),
            (Part::Traffic, Traffic::INTEREST),
            (Part::Requests, Requests::INTEREST),
            (Part::Usage, UsageOverTime::INTEREST),
            (Part::Metrics, MetricSources::INTEREST),
            (Part::Scheduler, Scheduler::<Client>::INTEREST),
            (Part::Kubelets, Kubelets::INTEREST),
            (Part::Controllers, Controllers::INTEREST),
            (Part::Csi, CsiDrivers::INTEREST),
            (Part::Hpa, HpaController::INTEREST),
            (Part::ClusterAutoscaler, CaController::INTEREST),
            (Part::Vpa, VpaController::INTEREST),
            (Part::Keda, KedaController::INTEREST),
            (Part::Karpenter, KarpenterController::INTEREST),
            (Part::CapacityBuffers, CapacityBufferController::INTEREST),
            (Part::Cloud, Cloud::INTEREST),
            (Part::Faults, FaultInjector::INTEREST),
            (Part::Actions, Operator::INTEREST),
        ];
        let parts = |kind: ChangeKind, is_bare: bool| {
            let wanting =
                interests.iter().filter(|(part, interest)| !idle.contains(part) && interest.wants_kind(kind, is_bare));
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

    /// The parts that a run without traffic, faults, actions and so on has nothing for.
    const IDLE: &[Part] = &[
        Part::Recovery,
        Part::Faults,
        Part::Traffic,
        Part::Requests,
        Part::Metrics,
        Part::Hpa,
        Part::ClusterAutoscaler,
        Part::Karpenter,
        Part::CapacityBuffers,
        Part::Actions,
        Part::Usage,
        Part::Vpa,
        Part::Keda,
    ];

    #[test]
    fn few_are_told_of_a_bare_pod() {
        let audience = Audience::new(IDLE);
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
        let all = Audience::new(&[]);
        assert!(all.of(Change::PodReadiness(pod), true).have(Part::Hpa), "a selector may match bare pods");
        assert!(all.of(Change::PodEndpoint(pod), false).have(Part::Traffic));
        assert!(!all.of(Change::PodEndpoint(pod), true).have(Part::Traffic));
    }
}
