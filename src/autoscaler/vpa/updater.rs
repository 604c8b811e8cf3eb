//! What the updater decides, as pure functions: which pods are to be updated, in which order, how many of a controller's may
//! be gone at once, and whether a pod is resized in place or evicted (Vertical Pod Autoscaler 1.6 `pkg/updater`).

use super::amounts::float;
use super::config::UpdaterConfig;
use crate::api::{
    CpuAndMemory, EvictionChange, EvictionRequirement, RecommendedContainerResources, SizedContainer, VpaResource,
    VpaUpdateMode,
};
use crate::units::{SimDuration, SimTime};
use std::cmp::Ordering;

/// How far a pod's requests are from what is recommended (`PodPriority`).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PodPriority {
    /// Whether a container's request is missing, or outside its bounds.
    pub outside_recommended_range: bool,
    /// Whether a container wants to grow.
    pub scale_up: bool,
    /// The sum over the resources of the change of the pod's requests, as a share of them.
    pub resource_diff: f64,
}

impl PodPriority {
    /// The order in which pods are updated: those that grow first, then those with the larger change.
    pub fn before(&self, other: &Self) -> Ordering {
        other.scale_up.cmp(&self.scale_up).then(other.resource_diff.total_cmp(&self.resource_diff))
    }
}

/// The priority of a pod with these containers, where `recommended` applies to it.
pub fn priority(containers: &[SizedContainer], recommended: &[RecommendedContainerResources]) -> PodPriority {
    let mut priority = PodPriority::default();
    let (mut requested, mut wanted) = ([0_i64; 2], [None::<i64>; 2]);
    for container in containers {
        let Some(one) = recommended.iter().find(|one| one.container_name == container.name) else { continue };
        for (index, resource) in VpaResource::ALL.into_iter().enumerate() {
            let Some(target) = one.target.get(resource) else { continue };
            wanted[index] = Some(wanted[index].unwrap_or(0).saturating_add(in_milli(target, resource)));
            let Some(request) = container.requests.get(resource) else {
                priority.scale_up = true;
                priority.outside_recommended_range = true;
                continue;
            };
            requested[index] = requested[index].saturating_add(in_milli(request, resource));
            priority.scale_up |= target > request;
            let is_below = one.lower_bound.get(resource).is_some_and(|bound| request < bound);
            let is_above = one.upper_bound.get(resource).is_some_and(|bound| request > bound);
            priority.outside_recommended_range |= is_below || is_above;
        }
    }
    for (requested, wanted) in requested.into_iter().zip(wanted) {
        let Some(wanted) = wanted else { continue };
        let requested = float(requested).max(1.0);
        priority.resource_diff += (requested - float(wanted)).abs() / requested;
    }
    priority
}

/// An amount in thousandths of its unit.
const fn in_milli(amount: i64, resource: VpaResource) -> i64 {
    match resource {
        VpaResource::Cpu => amount,
        VpaResource::Memory => amount.saturating_mul(1000),
    }
}

/// Why a pod is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpdateReason {
    /// A request is missing or outside its bounds.
    OutsideRecommendedRange,
    /// A container was killed for its memory soon after it had started.
    QuickOom,
    /// The pod is old enough, and its requests would change enough.
    LongLived,
}

impl UpdateReason {
    /// As the records name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OutsideRecommendedRange => "OutsideRecommendedRange",
            Self::QuickOom => "QuickOOM",
            Self::LongLived => "LongLived",
        }
    }
}

/// Whether a pod that started at `start` is to be updated, and why. `is_quick_oom` says that the last run of one of its
/// containers ended for its memory and was short.
pub fn accept(
    priority: &PodPriority,
    is_quick_oom: bool,
    start: Option<SimTime>,
    now: SimTime,
    config: &UpdaterConfig,
) -> Option<UpdateReason> {
    // A pod that would not change stays, whatever happened to it.
    if is_quick_oom && priority.resource_diff == 0.0 {
        return None;
    }
    if priority.outside_recommended_range {
        return Some(UpdateReason::OutsideRecommendedRange);
    }
    if is_quick_oom {
        return Some(UpdateReason::QuickOom);
    }
    let is_old = start.is_some_and(|start| now >= start + config.pod_lifetime_update_threshold);
    (is_old && priority.resource_diff >= config.update_threshold).then_some(UpdateReason::LongLived)
}

/// Whether the requirements of a VerticalPodAutoscaler let a pod go (`scalingDirectionPodEvictionAdmission`): for one of its
/// containers each requirement has a resource that changes in its direction, or the container lacks a request.
pub fn admits(
    requirements: &[EvictionRequirement],
    containers: &[SizedContainer],
    recommended: &[RecommendedContainerResources],
) -> bool {
    let admits_container = |container: &SizedContainer| {
        let Some(one) = recommended.iter().find(|one| one.container_name == container.name) else { return false };
        if VpaResource::ALL.into_iter().any(|resource| container.requests.get(resource).is_none()) {
            return true;
        }
        requirements.iter().all(|requirement| {
            let named = [(VpaResource::Cpu, requirement.cpu), (VpaResource::Memory, requirement.memory)];
            named.into_iter().filter(|(_, is_named)| *is_named).any(|(resource, _)| {
                let amount = |amounts: CpuAndMemory| amounts.get(resource).unwrap_or(0);
                let (target, request) = (amount(one.target), amount(container.requests));
                match requirement.change {
                    EvictionChange::TargetHigherThanRequests => target > request,
                    EvictionChange::TargetLowerThanRequests => target < request,
                }
            })
        })
    };
    containers.iter().any(admits_container)
}

/// The pods of one controller (`singleGroupStats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupStats {
    /// Replicas that the controller should have.
    pub configured: i64,
    /// Pods that are not pending.
    pub running: i64,
    /// How many may be gone at once.
    pub tolerance: i64,
    /// Pods evicted in this pass.
    pub evicted: i64,
    /// Pods whose resize began in this pass.
    pub resized: i64,
    /// Whether there are too few for an eviction, and only a resize is allowed.
    pub is_below_min_replicas: bool,
}

impl GroupStats {
    /// The group at the start of a pass; `None` if it has too few pods for anything to be done. `may_resize` says that a
    /// resize needs no minimum.
    #[expect(clippy::cast_possible_truncation, reason = "a share of a number of replicas")]
    pub fn new(
        configured: i64,
        live: i64,
        pending: i64,
        min_replicas: i64,
        may_resize: bool,
        config: &UpdaterConfig,
    ) -> Option<Self> {
        let is_below_min_replicas = live < min_replicas;
        if (is_below_min_replicas && !may_resize) || configured <= 0 {
            return None;
        }
        let tolerance = (float(configured) * config.eviction_tolerance) as i64;
        let running = live - pending;
        Some(Self { configured, running, tolerance, is_below_min_replicas, ..Self::default() })
    }

    /// Whether one more of its pods may be disrupted.
    pub const fn is_disruptable(&self) -> bool {
        let alive = self.running - self.evicted - self.resized;
        let is_first = self.tolerance == 0 && self.evicted == 0 && self.resized == 0;
        alive > self.configured - self.tolerance || (self.configured == self.running && is_first)
    }

    /// Whether a pod may be evicted.
    pub fn may_evict(&self, is_pending: bool, resize: ResizeStatus, waited: SimDuration) -> bool {
        if is_pending {
            return true;
        }
        if self.is_below_min_replicas {
            return false;
        }
        match resize {
            ResizeStatus::None => self.is_disruptable(),
            _ => self.is_disruptable() && has_failed(resize, waited),
        }
    }
}

/// How far an in-place resize of a pod is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResizeStatus {
    /// None goes on.
    None,
    /// The kubelet waits for room.
    Deferred,
    /// The node never has room.
    Infeasible,
    /// The containers are being resized.
    InProgress,
}

/// Whether a resize that waits since `waited` is given up (`CanEvictInPlacingPod`).
fn has_failed(resize: ResizeStatus, waited: SimDuration) -> bool {
    const DEFERRED_RESIZE_UPDATE_TIMEOUT: SimDuration = SimDuration::from_minutes(5);
    const IN_PROGRESS_RESIZE_UPDATE_TIMEOUT: SimDuration = SimDuration::from_hours(1);
    match resize {
        ResizeStatus::None => false,
        ResizeStatus::Infeasible => true,
        ResizeStatus::Deferred => waited > DEFERRED_RESIZE_UPDATE_TIMEOUT,
        ResizeStatus::InProgress => waited > IN_PROGRESS_RESIZE_UPDATE_TIMEOUT,
    }
}

/// What becomes of a pod that may be resized in place (`CanInPlaceUpdate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InPlaceDecision {
    /// It is resized.
    Approved,
    /// It waits for the next pass.
    Deferred,
    /// It is evicted, since its resize has failed.
    Evict,
    /// Its node has no room for what was wanted; it is tried again.
    Infeasible,
}

/// Decides about a pod. `waited` is how long its resize has been seen going on.
pub fn in_place_decision(
    mode: VpaUpdateMode,
    is_pending: bool,
    resize: ResizeStatus,
    waited: SimDuration,
    group: &GroupStats,
    skips_budget: bool,
) -> InPlaceDecision {
    if is_pending {
        return InPlaceDecision::Deferred;
    }
    match resize {
        ResizeStatus::None if skips_budget || group.is_disruptable() => InPlaceDecision::Approved,
        ResizeStatus::None => InPlaceDecision::Deferred,
        ResizeStatus::Infeasible if mode == VpaUpdateMode::InPlace => InPlaceDecision::Infeasible,
        _ if mode == VpaUpdateMode::InPlace => InPlaceDecision::Deferred,
        _ if group.is_disruptable() && has_failed(resize, waited) => InPlaceDecision::Evict,
        _ => InPlaceDecision::Deferred,
    }
}

/// Whether a recommendation asks for less of anything than an earlier one: only then is a resize that had no room tried again
/// (`RecommendationHasLowerResource`).
pub fn asks_for_less(earlier: &[RecommendedContainerResources], now: &[RecommendedContainerResources]) -> bool {
    now.iter().any(|one| {
        let before = earlier.iter().find(|before| before.container_name == one.container_name);
        before.is_some_and(|before| {
            VpaResource::ALL.into_iter().any(|resource| {
                let pair = one.target.get(resource).zip(before.target.get(resource));
                pair.is_some_and(|(now, before)| now < before)
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Bytes, MilliCpu};

    fn amounts(cpu: i64, memory: i64) -> CpuAndMemory {
        let some = |amount: i64| (amount > 0).then_some(amount);
        CpuAndMemory { cpu: some(cpu).map(MilliCpu::new), memory: some(memory).map(Bytes::new) }
    }

    fn container(requests: CpuAndMemory) -> SizedContainer {
        SizedContainer { name: "app".into(), requests, limits: CpuAndMemory::default() }
    }

    fn recommended(target: CpuAndMemory, lower: CpuAndMemory, upper: CpuAndMemory) -> RecommendedContainerResources {
        RecommendedContainerResources {
            container_name: "app".into(),
            target,
            lower_bound: lower,
            upper_bound: upper,
            uncapped_target: target,
        }
    }

    #[test]
    fn which_pods_are_updated() {
        let config = UpdaterConfig::default();
        let bounds = recommended(amounts(100, 1000), amounts(50, 500), amounts(200, 2000));
        let hours = |count| SimTime::ZERO + SimDuration::from_hours(count);
        let cases = [
            (amounts(100, 1000), false, 20, None, "as recommended"),
            (amounts(60, 1000), false, 1, None, "within the bounds and young"),
            (amounts(60, 1000), false, 12, Some(UpdateReason::LongLived), "within the bounds and old"),
            (amounts(95, 1000), false, 20, None, "too small a change"),
            (amounts(40, 1000), false, 0, Some(UpdateReason::OutsideRecommendedRange), "below"),
            (amounts(100, 3000), false, 0, Some(UpdateReason::OutsideRecommendedRange), "above"),
            (amounts(0, 1000), false, 0, Some(UpdateReason::OutsideRecommendedRange), "no request"),
            (amounts(60, 1000), true, 0, Some(UpdateReason::QuickOom), "killed soon after its start"),
            (amounts(100, 1000), true, 0, None, "killed, and would not change"),
        ];
        for (requests, is_quick_oom, age, expected, why) in cases {
            let found = priority(&[container(requests)], std::slice::from_ref(&bounds));
            assert_eq!(accept(&found, is_quick_oom, Some(SimTime::ZERO), hours(age), &config), expected, "{why}");
        }
    }

    #[test]
    fn pods_that_grow_come_first() {
        let of = |scale_up, resource_diff| PodPriority { scale_up, resource_diff, outside_recommended_range: true };
        let mut pods = [of(false, 9.0), of(true, 0.2), of(true, 0.5), of(false, 1.0)];
        pods.sort_by(PodPriority::before);
        assert_eq!(pods, [of(true, 0.5), of(true, 0.2), of(false, 9.0), of(false, 1.0)]);
    }

    #[test]
    fn how_many_may_go() {
        let config = UpdaterConfig::default();
        let group = |configured, live, pending, min| GroupStats::new(configured, live, pending, min, false, &config);
        assert_eq!(group(1, 1, 0, 2), None, "fewer than minReplicas");
        let gone = |mut group: GroupStats| {
            while group.is_disruptable() {
                group.evicted += 1;
            }
            group.evicted
        };
        let cases = [
            (1, 1, 0, 1, 1, "the only one, if minReplicas lets it"),
            (2, 2, 0, 2, 1, "half of two"),
            (3, 3, 0, 2, 1, "half of three, rounded down"),
            (10, 10, 0, 2, 5, "half"),
            (10, 10, 4, 2, 1, "those that are pending are gone already"),
            (10, 5, 0, 2, 0, "half is missing"),
        ];
        for (configured, live, pending, min, expected, why) in cases {
            assert_eq!(gone(group(configured, live, pending, min).unwrap()), expected, "{why}");
        }
    }

    #[test]
    fn in_place_or_not() {
        use InPlaceDecision::{Approved, Deferred, Evict, Infeasible};
        use VpaUpdateMode::{InPlace, InPlaceOrRecreate};
        let free = GroupStats { configured: 4, running: 4, tolerance: 2, ..GroupStats::default() };
        let busy = GroupStats { evicted: 2, ..free };
        let cases = [
            (InPlaceOrRecreate, ResizeStatus::None, 0, free, Approved, "nothing goes on"),
            (InPlaceOrRecreate, ResizeStatus::None, 0, busy, Deferred, "too many are gone"),
            (InPlaceOrRecreate, ResizeStatus::Deferred, 5, free, Deferred, "five minutes are not over"),
            (InPlaceOrRecreate, ResizeStatus::Deferred, 6, free, Evict, "they are"),
            (InPlaceOrRecreate, ResizeStatus::Infeasible, 0, free, Evict, "never"),
            (InPlaceOrRecreate, ResizeStatus::InProgress, 60, free, Deferred, "an hour is not over"),
            (InPlace, ResizeStatus::Deferred, 600, free, Deferred, "waits for ever"),
            (InPlace, ResizeStatus::Infeasible, 0, free, Infeasible, "tried again"),
        ];
        for (mode, resize, minutes, group, expected, why) in cases {
            let waited = SimDuration::from_minutes(minutes);
            assert_eq!(in_place_decision(mode, false, resize, waited, &group, false), expected, "{why}");
        }
    }

    #[test]
    fn requirements_hold_for_a_resource_each() {
        let grow = EvictionRequirement { cpu: true, memory: true, change: EvictionChange::TargetHigherThanRequests };
        let target = recommended(amounts(100, 1000), amounts(1, 1), amounts(9000, 9000));
        let cases = [
            (amounts(50, 2000), true, "cpu grows"),
            (amounts(200, 2000), false, "nothing grows"),
            (amounts(0, 2000), true, "a request is missing"),
        ];
        for (requests, expected, why) in cases {
            let found = admits(std::slice::from_ref(&grow), &[container(requests)], std::slice::from_ref(&target));
            assert_eq!(found, expected, "{why}");
        }
    }
}
