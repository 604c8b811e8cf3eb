//! The running Vertical Pod Autoscaler: the recommender reads the metrics of the pods of each VerticalPodAutoscaler and writes
//! its recommendation; the updater evicts or resizes pods that are too far from it. What new pods get is decided when they
//! are created (`cluster::vertical_pod_autoscaler`).
//!
//! Both loops keep their phase and sleep while no VerticalPodAutoscaler has a pod: a recommendation changes with samples
//! alone. A pass costs what the pods of VerticalPodAutoscalers are, once a minute; others cost nothing.
//!
//! Known deviations: a history begins with the VerticalPodAutoscaler, where the real recommender knows all pods of the cluster;
//! pods are those of the target, where the real recommender goes by the labels that the target selects; checkpoints are not
//! written, since the recommender is never restarted; events of node-pressure evictions do not raise memory.

mod decisions;
mod pass;
mod update;

use super::config::{RecommenderConfig, UpdaterConfig};
use super::updater::UpdateReason;
use super::usage::{Aggregate, ContainerUsage, HistogramOptions};
use crate::api::{Labels, Name, RecommendedContainerResources};
use crate::autoscaler::metrics::{MetricsOutage, MetricsServer};
use crate::cluster::{Change, ChangeKind, Cluster, Interest, OomKill, PodId, VpaId, WorkloadId};
use crate::engine::{Agenda, RandomStream, RandomStreams};
use crate::units::{Bytes, SimTime};
use rand::Rng as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An event of the Vertical Pod Autoscaler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VpaEvent {
    /// The recommender runs.
    Recommend,
    /// The updater runs.
    Update,
    /// The updater's rate limit lets it evict a pod.
    Evict {
        /// The pod.
        pod: PodId,
        /// Whose updater.
        vpa: VpaId,
        /// Why.
        reason: UpdateReason,
    },
}

/// The containers of pods with the same labels.
#[derive(Debug)]
struct Group {
    labels: Labels,
    containers: Vec<(Name, Aggregate)>,
    /// Its pods that exist.
    pods: usize,
}

/// What the recommender knows of a pod.
#[derive(Debug)]
struct PodState {
    group: usize,
    containers: Vec<ContainerUsage>,
}

/// A VerticalPodAutoscaler.
#[derive(Debug, Default)]
struct Entry {
    workload: Option<WorkloadId>,
    pods: BTreeMap<PodId, PodState>,
    groups: Vec<Group>,
    /// The recommendation that was last put on record.
    recorded: Option<Arc<[RecommendedContainerResources]>>,
    is_removed: bool,
}

/// The Vertical Pod Autoscaler.
#[derive(Debug)]
pub struct VpaController {
    recommender: RecommenderConfig,
    updater: UpdaterConfig,
    options: HistogramOptions,
    server: MetricsServer,
    outages: Vec<MetricsOutage>,
    /// Seed of the phases in which the kubelets look at the pods' containers.
    look_phases: u64,
    /// When the loops run: at this time and whole periods after it.
    recommender_phase: SimTime,
    updater_phase: SimTime,
    is_recommender_planned: bool,
    is_updater_planned: bool,
    last_collection: SimTime,
    entries: Vec<Entry>,
    /// Kills for memory since the last pass, with what the container requested.
    ooms: Vec<(PodId, OomKill, Bytes)>,
    /// When the resize of a pod was first seen going on; never forgotten, as in the real updater.
    resize_seen: BTreeMap<PodId, SimTime>,
    /// The recommendation that a pod's node had no room for.
    infeasible: BTreeMap<PodId, Arc<[RecommendedContainerResources]>>,
    /// Order of pods that are equal.
    order: RandomStream,
    /// When the rate limit lets the next eviction happen.
    next_eviction: SimTime,
}

impl VpaController {
    /// A Vertical Pod Autoscaler without objects.
    pub fn new(
        recommender: RecommenderConfig,
        updater: UpdaterConfig,
        server: MetricsServer,
        outages: Vec<MetricsOutage>,
        streams: RandomStreams,
    ) -> Self {
        Self {
            options: HistogramOptions::new(&recommender),
            server,
            outages,
            look_phases: streams.stream("phase/housekeeping").next_u64(),
            recommender_phase: SimTime::ZERO + streams.phase("phase/vpa-recommender", recommender.interval),
            updater_phase: SimTime::ZERO + streams.phase("phase/vpa-updater", updater.interval),
            is_recommender_planned: false,
            is_updater_planned: false,
            last_collection: SimTime::ZERO,
            entries: Vec::new(),
            ooms: Vec::new(),
            resize_seen: BTreeMap::new(),
            infeasible: BTreeMap::new(),
            order: streams.stream("vertical-pod-autoscaler/updater-order"),
            next_eviction: SimTime::ZERO,
            recommender,
            updater,
        }
    }

    /// The changes that it acts on.
    pub const INTEREST: Interest = Interest::of(&[
        ChangeKind::VpaSpec,
        ChangeKind::VpaRemoved,
        ChangeKind::PodAdded,
        ChangeKind::PodOomKilled,
        ChangeKind::PodRemoved,
    ])
    .without_bare_pods();

    /// A change of the cluster.
    pub fn observe<A: Agenda<VpaEvent>>(&mut self, change: Change, cluster: &Cluster, agenda: &mut A) {
        match change {
            Change::VpaSpec(id) => self.note_spec(id, cluster, agenda),
            Change::VpaRemoved(id) => {
                if let Some(entry) = self.entries.get_mut(id.index()) {
                    *entry = Entry { is_removed: true, ..Entry::default() };
                }
            }
            Change::PodAdded(pod) => {
                for id in self.of_pod(pod, cluster) {
                    self.add_pod(id, pod, cluster, agenda);
                }
            }
            Change::PodOomKilled(pod) => {
                let Some(kill) = cluster.oom_kill(pod) else { return };
                let requests = cluster.container_requests(pod, kill.container);
                let request = requests.and_then(|requests| requests.memory).unwrap_or_default();
                self.ooms.push((pod, kill, request));
            }
            Change::PodRemoved(pod) => {
                self.resize_seen.remove(&pod);
                self.infeasible.remove(&pod);
                for entry in &mut self.entries {
                    if let Some(state) = entry.pods.remove(&pod) {
                        entry.groups[state.group].pods -= 1;
                    }
                }
            }
            _ => {}
        }
    }

    /// A VerticalPodAutoscaler is created or changed.
    fn note_spec<A: Agenda<VpaEvent>>(&mut self, id: VpaId, cluster: &Cluster, agenda: &mut A) {
        while self.entries.len() <= id.index() {
            self.entries.push(Entry { is_removed: true, ..Entry::default() });
        }
        let vpa = cluster.vpa(id);
        let (target, namespace) = (&vpa.object.target, cluster.namespace_name(vpa.namespace));
        let workload = cluster.find_workload(&target.kind, namespace, &target.name);
        let entry = &mut self.entries[id.index()];
        if entry.is_removed || entry.workload != workload {
            *entry = Entry { workload, ..Entry::default() };
            for (pod, _) in cluster.pods().filter(|(_, pod)| pod.exists() && pod.workload == workload) {
                if workload.is_some() {
                    self.add_pod(id, pod, cluster, agenda);
                }
            }
        }
        self.wake(cluster, agenda);
    }

    /// The VerticalPodAutoscalers of a pod's workload. One whose target did not exist finds it with its first pod.
    fn of_pod(&mut self, pod: PodId, cluster: &Cluster) -> Vec<VpaId> {
        let Some(workload) = cluster.pod(pod).workload else { return Vec::new() };
        let mut found = Vec::new();
        for (index, entry) in self.entries.iter_mut().enumerate().filter(|(_, entry)| !entry.is_removed) {
            let id = VpaId::from_index(index);
            if entry.workload.is_none() {
                let vpa = cluster.vpa(id);
                let namespace = cluster.namespace_name(vpa.namespace);
                entry.workload = cluster.find_workload(&vpa.object.target.kind, namespace, &vpa.object.target.name);
            }
            if entry.workload == Some(workload) {
                found.push(id);
            }
        }
        found
    }

    fn add_pod<A: Agenda<VpaEvent>>(&mut self, id: VpaId, pod: PodId, cluster: &Cluster, agenda: &mut A) {
        let labels = cluster.pod_labels(pod);
        let spec = &cluster.template_of(pod).template.spec;
        let entry = &mut self.entries[id.index()];
        let group = entry.groups.iter().position(|group| group.labels == labels).unwrap_or_else(|| {
            entry.groups.push(Group { labels, containers: Vec::new(), pods: 0 });
            entry.groups.len() - 1
        });
        let known = &mut entry.groups[group];
        for container in &spec.containers {
            if !known.containers.iter().any(|(name, _)| *name == container.name) {
                known.containers.push((container.name.clone(), Aggregate::new(&self.options, agenda.now())));
            }
        }
        let containers = vec![ContainerUsage::default(); spec.containers.len()];
        if entry.pods.insert(pod, PodState { group, containers }).is_none() {
            entry.groups[group].pods += 1;
        }
        self.wake(cluster, agenda);
    }

    /// Plans the loops that have something to do.
    fn wake<A: Agenda<VpaEvent>>(&mut self, cluster: &Cluster, agenda: &mut A) {
        let now = agenda.now();
        if !self.is_recommender_planned && self.entries.iter().any(|entry| !entry.pods.is_empty()) {
            self.is_recommender_planned = true;
            agenda.schedule(now.next_tick(self.recommender_phase, self.recommender.interval), VpaEvent::Recommend);
        }
        if !self.is_updater_planned && self.has_updates(cluster) {
            self.is_updater_planned = true;
            agenda.schedule(now.next_tick(self.updater_phase, self.updater.interval), VpaEvent::Update);
        }
    }

    /// Whether there is a pod that the updater may touch.
    fn has_updates(&self, cluster: &Cluster) -> bool {
        let with_pods = self.entries.iter().enumerate().filter(|(_, entry)| !entry.pods.is_empty());
        with_pods.map(|(index, _)| VpaId::from_index(index)).any(|id| cluster.vpa(id).object.update_mode.updates())
    }

    /// The containers that have samples: names and what is known, over all groups.
    fn names_of(entry: &Entry) -> BTreeSet<Name> {
        entry.groups.iter().flat_map(|group| group.containers.iter().map(|(name, _)| name.clone())).collect()
    }
}
