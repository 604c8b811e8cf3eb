//! A pass of the recommender: samples, kills for memory, recommendations.

use super::decisions::{VpaAction, note};
use super::{Entry, VpaController, VpaEvent};
use crate::api::{Name, VerticalPodAutoscaler, VpaResource};
use crate::autoscaler::hpa::UsageSource;
use crate::autoscaler::vpa::config::RecommenderConfig;
use crate::autoscaler::vpa::recommend::recommend;
use crate::autoscaler::vpa::summary::{RecommendationSummary, summarize};
use crate::autoscaler::vpa::usage::{Aggregate, OomBumpUp};
use crate::cluster::{Cluster, PodId, VpaId};
use crate::engine::{Agenda, scatter};
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};

/// How often forgotten histories are looked for.
const COLLECTION_PERIOD: SimDuration = SimDuration::from_hours(1);

impl VpaController {
    /// Handles an event.
    pub fn handle<A: Agenda<VpaEvent>, U: UsageSource>(
        &mut self,
        event: VpaEvent,
        cluster: &mut Cluster,
        usage: &U,
        agenda: &mut A,
    ) {
        match event {
            VpaEvent::Recommend => {
                self.is_recommender_planned = false;
                self.recommend_all(cluster, usage, agenda.now());
                self.wake_after(agenda.now(), cluster, agenda);
            }
            VpaEvent::Update => {
                self.is_updater_planned = false;
                self.update_all(cluster, agenda);
                self.wake_after(agenda.now(), cluster, agenda);
            }
            VpaEvent::Evict { pod, vpa, reason } => _ = Self::evict(pod, vpa, reason, cluster, agenda.now()),
        }
    }

    /// Plans the next pass of a loop that has just run, not at the same instant.
    fn wake_after<A: Agenda<VpaEvent>>(&mut self, now: SimTime, cluster: &Cluster, agenda: &mut A) {
        let later = now + SimDuration::from_nanos(1);
        if !self.is_recommender_planned && self.entries.iter().any(|entry| !entry.pods.is_empty()) {
            self.is_recommender_planned = true;
            agenda.schedule(later.next_tick(self.recommender_phase, self.recommender.interval), VpaEvent::Recommend);
        }
        if !self.is_updater_planned && self.has_updates(cluster) {
            self.is_updater_planned = true;
            agenda.schedule(later.next_tick(self.updater_phase, self.updater.interval), VpaEvent::Update);
        }
    }

    /// What is recommended at the end of a run, with what it rests on: by VerticalPodAutoscaler that has a recommendation.
    pub fn summaries(&mut self, cluster: &Cluster) -> Vec<(VpaId, Vec<RecommendationSummary>)> {
        let mut all = Vec::new();
        for (index, entry) in self.entries.iter_mut().enumerate() {
            let id = VpaId::from_index(index);
            if entry.is_removed || cluster.vpa(id).recommendation.is_none() {
                continue;
            }
            let known = merged(entry, &self.options);
            let policies = &cluster.vpa(id).object.container_policies;
            all.push((id, summarize(&known, policies, &self.recommender, &self.options)));
        }
        all
    }

    fn recommend_all<U: UsageSource>(&mut self, cluster: &mut Cluster, usage: &U, now: SimTime) {
        let ooms = std::mem::take(&mut self.ooms);
        for index in 0..self.entries.len() {
            let id = VpaId::from_index(index);
            let pods: Vec<PodId> = self.entries[index].pods.keys().copied().collect();
            for pod in pods {
                self.sample(index, pod, cluster, usage, now);
            }
            let vpa = &cluster.vpa(id).object;
            for (pod, kill, request) in &ooms {
                let entry = &mut self.entries[index];
                let Some(state) = entry.pods.get_mut(pod) else { continue };
                let template = &cluster.template_of(*pod).template;
                let Some(name) = template.spec.containers.get(kill.container).map(|container| &container.name) else {
                    continue;
                };
                let bump_up = bump_up(vpa, name, &self.recommender);
                let interval = self.recommender.memory_aggregation_interval;
                let aggregate = entry.groups[state.group].containers.iter_mut().find(|(known, _)| known == name);
                if let (Some((_, aggregate)), Some(usage)) = (aggregate, state.containers.get_mut(kill.container)) {
                    let finished = kill.finished.truncated_to_second();
                    usage.add_oom(aggregate, &self.options, interval, bump_up, *request, finished);
                }
            }
            self.recommend_one(id, cluster);
        }
        if now - self.last_collection >= COLLECTION_PERIOD {
            self.last_collection = now;
            for entry in &mut self.entries {
                for group in &mut entry.groups {
                    let has_pods = group.pods > 0;
                    let config = &self.recommender;
                    group.containers.retain(|(_, aggregate)| {
                        !aggregate.is_expired(config, now) && (has_pods || !aggregate.is_empty())
                    });
                }
            }
        }
    }

    /// Reads the metrics of a pod.
    fn sample<U: UsageSource>(&mut self, index: usize, pod: PodId, cluster: &Cluster, usage: &U, now: SimTime) {
        let hides = |resource: &str| self.outages.iter().any(|outage| outage.hides(resource, now));
        // The metrics API answers for both resources or for none.
        if hides("cpu") || hides("memory") {
            return;
        }
        let phase = scatter(self.look_phases, pod.index() as u64);
        let Some(window) = usage.running_since(pod).and_then(|since| self.server.window(now, since, phase)) else {
            return;
        };
        let template = &cluster.template_of(pod).template;
        let entry = &mut self.entries[index];
        let Some(state) = entry.pods.get_mut(&pod) else { return };
        let group = &mut entry.groups[state.group];
        let interval = self.recommender.memory_aggregation_interval;
        for (place, container) in template.spec.containers.iter().enumerate() {
            let Some(known) = state.containers.get_mut(place) else { continue };
            let aggregate = match group.containers.iter_mut().position(|(name, _)| *name == container.name) {
                Some(position) => &mut group.containers[position].1,
                None => {
                    group.containers.push((container.name.clone(), Aggregate::new(&self.options, now)));
                    match group.containers.last_mut() {
                        Some((_, aggregate)) => aggregate,
                        None => continue,
                    }
                }
            };
            let Some(cpu) = window.cpu(usage.cpu_used(pod, Some(place), window, cluster)) else { continue };
            let time = cpu.timestamp.truncated_to_second();
            known.add_cpu(aggregate, &self.options, MilliCpu::new(cpu.value.get()), time);
            let memory = usage.memory(pod, Some(place), window.last, cluster);
            known.add_memory(aggregate, &self.options, interval, memory, time);
        }
    }

    /// Recommends for the containers of a VerticalPodAutoscaler.
    fn recommend_one(&mut self, id: VpaId, cluster: &mut Cluster) {
        let entry = &mut self.entries[id.index()];
        if entry.is_removed || entry.pods.is_empty() {
            return;
        }
        let known = merged(entry, &self.options);
        let known: Vec<(Name, &Aggregate)> = known.iter().map(|(name, aggregate)| (name.clone(), aggregate)).collect();
        let vpa = &cluster.vpa(id).object;
        let recommendation = recommend(&known, &vpa.container_policies, &self.recommender, &self.options);
        cluster.set_recommendation(id, recommendation);
        let written = cluster.vpa(id).recommendation.clone();
        let targets = |list: Option<&[crate::api::RecommendedContainerResources]>| {
            let of =
                |one: &crate::api::RecommendedContainerResources| VpaResource::ALL.map(|kind| one.target.get(kind));
            list.map(|list| list.iter().map(of).collect::<Vec<_>>())
        };
        if targets(written.as_deref()) == targets(entry.recorded.as_deref()) {
            return;
        }
        entry.recorded = written;
        note(id, VpaAction::Recommended, cluster);
    }
}

/// What is known of the containers of an entry, over all labels, in order of their names.
fn merged(entry: &mut Entry, options: &crate::autoscaler::vpa::usage::HistogramOptions) -> Vec<(Name, Aggregate)> {
    let names = VpaController::names_of(entry);
    let mut known: Vec<(Name, Aggregate)> =
        names.into_iter().map(|name| (name, Aggregate::new(options, SimTime::ZERO))).collect();
    for group in &mut entry.groups {
        for (name, aggregate) in &mut group.containers {
            if let Some((_, together)) = known.iter_mut().find(|(known, _)| known == name) {
                together.merge(aggregate);
            }
        }
    }
    known
}

/// How much a kill for memory raises what a container needs.
fn bump_up(vpa: &VerticalPodAutoscaler, container: &str, config: &RecommenderConfig) -> OomBumpUp {
    let policy = vpa.policy_of(container);
    let ratio = policy.and_then(|policy| policy.oom_bump_up_ratio_milli);
    let at_least: Option<Bytes> = policy.and_then(|policy| policy.oom_min_bump_up);
    OomBumpUp {
        ratio: ratio.map_or(config.oom_bump_up_ratio, |milli| crate::autoscaler::vpa::amounts::float(milli) / 1000.0),
        at_least: at_least.unwrap_or(config.oom_min_bump_up),
    }
}
