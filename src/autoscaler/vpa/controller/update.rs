//! A pass of the updater: pods are resized or evicted.

use super::decisions::{VpaAction, note};
use super::{VpaController, VpaEvent};
use crate::api::{
    Name, NamespaceLimits, PodPhase, RecommendedContainerResources, SizedContainer, VpaUpdateMode,
    recommendation_for_pod, resources_for_pod,
};
use crate::autoscaler::vpa::updater::{
    GroupStats, InPlaceDecision, PodPriority, ResizeStatus, UpdateReason, accept, admits, asks_for_less,
    in_place_decision, priority,
};
use crate::cluster::{ApiEvent, Cluster, EventObject, ObjectId, PodId, ResizePending, Severity, VpaId};
use crate::engine::Agenda;
use crate::units::{SimDuration, SimTime};
use rand::seq::SliceRandom;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The component that emits the Events.
const SOURCE: &str = "vpa-updater";

/// What became of a resize.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ResizeOutcome {
    /// It was asked for, or waits.
    Done,
    /// The pod is to be evicted instead.
    Evict,
}

/// A pod that is to be updated.
struct Candidate {
    pod: PodId,
    priority: PodPriority,
    reason: UpdateReason,
}

impl VpaController {
    /// Looks at the pods of every VerticalPodAutoscaler.
    pub(super) fn update_all<A: Agenda<VpaEvent>>(&mut self, cluster: &mut Cluster, agenda: &mut A) {
        for index in 0..self.entries.len() {
            let id = VpaId::from_index(index);
            let entry = &self.entries[index];
            if entry.is_removed || !cluster.vpa(id).object.update_mode.updates() {
                continue;
            }
            if cluster.controlling_vpa(entry.workload, VpaUpdateMode::updates) == Some(id) {
                self.update_one(id, cluster, agenda);
            }
        }
    }

    fn update_one<A: Agenda<VpaEvent>>(&mut self, id: VpaId, cluster: &mut Cluster, agenda: &mut A) {
        let now = agenda.now();
        let vpa = Arc::clone(&cluster.vpa(id).object);
        let Some(recommendation) = cluster.vpa(id).recommendation.clone() else { return };
        let is_live = |pod: PodId| {
            let state = cluster.pod(pod);
            state.is_active() && state.node.is_some()
        };
        let mut pods: Vec<PodId> = self.entries[id.index()].pods.keys().copied().filter(|pod| is_live(*pod)).collect();
        // The real updater lists pods in the order of a map.
        pods.shuffle(&mut self.order);
        let mut groups = self.groups(&pods, id, cluster);
        let limits = cluster.namespace_limits(&vpa.meta.namespace);
        let is_in_place = matches!(vpa.update_mode, VpaUpdateMode::InPlace | VpaUpdateMode::InPlaceOrRecreate);
        let mut candidates = Vec::new();
        for pod in pods {
            let Some(group) = group_of(pod, &groups, cluster) else { continue };
            let (resize, waited) = self.resize_of(pod, cluster, now);
            let is_pending = cluster.pod(pod).phase == PodPhase::Pending;
            let is_wanted = if is_in_place {
                let skips = self.updater.in_place_skip_disruption_budget;
                let decision = in_place_decision(vpa.update_mode, is_pending, resize, waited, group, skips);
                let is_tried = vpa.update_mode == VpaUpdateMode::InPlace
                    && self.infeasible.get(&pod).is_some_and(|last| !asks_for_less(last, &recommendation));
                !is_tried
                    && match decision {
                        InPlaceDecision::Approved => true,
                        InPlaceDecision::Evict => vpa.update_mode == VpaUpdateMode::InPlaceOrRecreate,
                        InPlaceDecision::Deferred | InPlaceDecision::Infeasible => {
                            vpa.update_mode == VpaUpdateMode::InPlace
                        }
                    }
            } else {
                group.may_evict(is_pending, resize, waited)
            };
            if is_wanted {
                candidates.extend(self.candidate(pod, id, &recommendation, &limits, cluster, now));
            }
        }
        candidates.sort_by(|one, other| one.priority.before(&other.priority));
        let mut evicted = Vec::new();
        for candidate in candidates {
            if is_in_place {
                let done = self.resize(&candidate, id, &recommendation, &mut groups, cluster, now);
                if done == ResizeOutcome::Evict {
                    evicted.push(candidate);
                }
            } else {
                evicted.push(candidate);
            }
        }
        for candidate in evicted {
            self.evict_in_turn(&candidate, id, &mut groups, cluster, agenda);
        }
    }

    /// The pods of each controller, by the controller; those with too few are left out.
    fn groups(&self, pods: &[PodId], id: VpaId, cluster: &Cluster) -> BTreeMap<ObjectId, GroupStats> {
        let vpa = &cluster.vpa(id).object;
        let min_replicas = vpa.min_replicas.map_or(self.updater.min_replicas, i64::from);
        let may_resize = self.updater.in_place_skip_disruption_budget
            && matches!(vpa.update_mode, VpaUpdateMode::InPlace | VpaUpdateMode::InPlaceOrRecreate);
        let mut counts: BTreeMap<ObjectId, (i64, i64)> = BTreeMap::new();
        for pod in pods {
            let Some(owner) = cluster.pod(*pod).owner else { continue };
            let (live, pending) = counts.entry(owner).or_default();
            *live += 1;
            *pending += i64::from(cluster.pod(*pod).phase == PodPhase::Pending);
        }
        let stats = |(owner, (live, pending)): (ObjectId, (i64, i64))| {
            let configured = match owner {
                ObjectId::DaemonSet(set) => i64::from(cluster.daemon_set(set).status.number_ready),
                _ => cluster.scale_of(owner).map_or(live, |scale| i64::from(scale.spec_replicas)),
            };
            let group = GroupStats::new(configured, live, pending, min_replicas, may_resize, &self.updater)?;
            Some((owner, group))
        };
        counts.into_iter().filter_map(stats).collect()
    }

    /// How far the resize of a pod is, and for how long the updater has seen it going on.
    fn resize_of(&mut self, pod: PodId, cluster: &Cluster, now: SimTime) -> (ResizeStatus, SimDuration) {
        let status = match cluster.resize_of(pod) {
            None => ResizeStatus::None,
            Some(resize) => match &resize.pending {
                Some(ResizePending::Deferred(_)) => ResizeStatus::Deferred,
                Some(ResizePending::Infeasible(_)) => ResizeStatus::Infeasible,
                None if resize.in_progress => ResizeStatus::InProgress,
                None => ResizeStatus::None,
            },
        };
        if status == ResizeStatus::None {
            return (status, SimDuration::ZERO);
        }
        (status, now - *self.resize_seen.entry(pod).or_insert(now))
    }

    /// A pod with its priority, if it is to be updated.
    fn candidate(
        &self,
        pod: PodId,
        id: VpaId,
        recommendation: &[RecommendedContainerResources],
        limits: &NamespaceLimits,
        cluster: &Cluster,
        now: SimTime,
    ) -> Option<Candidate> {
        let vpa = &cluster.vpa(id).object;
        let containers = containers_of(pod, cluster);
        let applied = recommendation_for_pod(vpa, recommendation, &containers, limits);
        let priority = priority(&containers, &applied);
        let threshold = vpa.evict_after_oom.unwrap_or(self.updater.evict_after_oom_threshold);
        let is_quick_oom = cluster.oom_kill(pod).is_some_and(|kill| {
            let name = containers.get(kill.container).map(|container| container.name.clone()).unwrap_or_default();
            let is_on = !vpa.policy_of(&name).is_some_and(|policy| policy.is_off);
            is_on && kill.finished - kill.started < threshold
        });
        let reason = accept(&priority, is_quick_oom, cluster.pod(pod).start_time, now, &self.updater)?;
        admits(&vpa.eviction_requirements, &containers, &applied).then_some(Candidate { pod, priority, reason })
    }

    /// Resizes a pod in place.
    fn resize(
        &mut self,
        candidate: &Candidate,
        id: VpaId,
        recommendation: &Arc<[RecommendedContainerResources]>,
        groups: &mut BTreeMap<ObjectId, GroupStats>,
        cluster: &mut Cluster,
        now: SimTime,
    ) -> ResizeOutcome {
        let pod = candidate.pod;
        let vpa = Arc::clone(&cluster.vpa(id).object);
        let (resize, waited) = self.resize_of(pod, cluster, now);
        let is_pending = cluster.pod(pod).phase == PodPhase::Pending;
        let Some(group) = group_of(pod, groups, cluster) else { return ResizeOutcome::Done };
        let skips = self.updater.in_place_skip_disruption_budget;
        match in_place_decision(vpa.update_mode, is_pending, resize, waited, group, skips) {
            InPlaceDecision::Approved => {}
            InPlaceDecision::Evict => return ResizeOutcome::Evict,
            // Nothing else becomes of it in this mode: what is wanted by now is asked for.
            InPlaceDecision::Deferred if vpa.update_mode == VpaUpdateMode::InPlace => {}
            InPlaceDecision::Deferred => return ResizeOutcome::Done,
            InPlaceDecision::Infeasible => _ = self.infeasible.insert(pod, Arc::clone(recommendation)),
        }
        let limits = cluster.namespace_limits(&vpa.meta.namespace);
        let before = Arc::clone(cluster.current_template(pod));
        let containers: Vec<SizedContainer> = before.spec.containers.iter().map(SizedContainer::of).collect();
        let mut resized = before.spec.clone();
        let sizes = resources_for_pod(&vpa, recommendation, &containers, &limits);
        for (container, (requests, limits)) in resized.containers.iter_mut().zip(sizes) {
            requests.write_to(&mut container.requests);
            limits.write_to(&mut container.limits);
        }
        if resized == before.spec {
            return ResizeOutcome::Done;
        }
        if let Err(refusal) = cluster.resize_pod(pod, &before.spec, &resized, now) {
            if vpa.update_mode != VpaUpdateMode::InPlace {
                return ResizeOutcome::Evict;
            }
            if refusal.code == 403 {
                self.infeasible.insert(pod, Arc::clone(recommendation));
            }
            return ResizeOutcome::Done;
        }
        emit(EventObject::Pod(pod), "InPlaceResizedByVPA", "Pod was resized in place by VPA Updater.", cluster);
        if let Some(group) = cluster.pod(pod).owner.and_then(|owner| groups.get_mut(&owner)) {
            group.resized += 1;
        }
        note(id, VpaAction::Resized(pod, candidate.reason), cluster);
        ResizeOutcome::Done
    }

    /// Evicts a pod if its controller has enough others, when the rate limit lets it.
    fn evict_in_turn<A: Agenda<VpaEvent>>(
        &mut self,
        candidate: &Candidate,
        id: VpaId,
        groups: &mut BTreeMap<ObjectId, GroupStats>,
        cluster: &mut Cluster,
        agenda: &mut A,
    ) {
        let (pod, now) = (candidate.pod, agenda.now());
        let (resize, waited) = self.resize_of(pod, cluster, now);
        let is_pending = cluster.pod(pod).phase == PodPhase::Pending;
        let Some(group) = cluster.pod(pod).owner.and_then(|owner| groups.get_mut(&owner)) else { return };
        if !group.may_evict(is_pending, resize, waited) {
            return;
        }
        let at = self.take_turn(now);
        let is_evicted = if at > now {
            agenda.schedule(at, VpaEvent::Evict { pod, vpa: id, reason: candidate.reason });
            true
        } else {
            Self::evict(pod, id, candidate.reason, cluster, now)
        };
        group.evicted += i64::from(is_evicted && !is_pending);
    }

    /// When the rate limit lets the next eviction happen: a bucket of `--eviction-rate-burst` that fills at
    /// `--eviction-rate-limit`.
    fn take_turn(&mut self, now: SimTime) -> SimTime {
        let Some(rate) = self.updater.eviction_rate_limit else { return now };
        let interval = SimDuration::from_secs_f64(1.0 / rate);
        let burst = interval * (i64::from(self.updater.eviction_rate_burst) - 1).max(0);
        let at = now.max(self.next_eviction - burst);
        self.next_eviction = self.next_eviction.max(now) + interval;
        at
    }

    /// Evicts a pod through the API; whether the API did it.
    pub(super) fn evict(pod: PodId, id: VpaId, reason: UpdateReason, cluster: &mut Cluster, now: SimTime) -> bool {
        if !cluster.pod(pod).is_active() || cluster.vpa(id).removed {
            return false;
        }
        if !cluster.evict_pod(pod, None, now).is_done() {
            note(id, VpaAction::Refused(pod, reason), cluster);
            return false;
        }
        let message = "Pod was evicted by VPA Updater to apply resource recommendation.";
        emit(EventObject::Pod(pod), "EvictedByVPA", message, cluster);
        let meta = &cluster.vpa(id).object.meta;
        let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
        let message = format!("VPA Updater evicted Pod {} to apply resource recommendation.", cluster.pod(pod).name);
        let object = EventObject::Other { kind: "VerticalPodAutoscaler", namespace, name };
        emit(object, "EvictedPod", &message, cluster);
        note(id, VpaAction::Evicted(pod, reason), cluster);
        true
    }
}

/// The group of a pod's controller, if it has enough pods.
fn group_of<'a>(pod: PodId, groups: &'a BTreeMap<ObjectId, GroupStats>, cluster: &Cluster) -> Option<&'a GroupStats> {
    groups.get(&cluster.pod(pod).owner?)
}

/// The containers of a pod with what they have now.
fn containers_of(pod: PodId, cluster: &Cluster) -> Vec<SizedContainer> {
    let template = cluster.current_template(pod);
    let of = |(index, container): (usize, &crate::api::Container)| SizedContainer {
        name: Name::clone(&container.name),
        requests: crate::api::CpuAndMemory::of(cluster.container_requests(pod, index).unwrap_or(&container.requests)),
        limits: crate::api::CpuAndMemory::of(cluster.container_limits(pod, index).unwrap_or(&container.limits)),
    };
    template.spec.containers.iter().enumerate().map(of).collect()
}

fn emit(object: EventObject, reason: &'static str, message: &str, cluster: &mut Cluster) {
    cluster.emit(ApiEvent {
        severity: Severity::Normal,
        reason,
        source: SOURCE,
        object,
        message: message.to_owned().into(),
    });
}
