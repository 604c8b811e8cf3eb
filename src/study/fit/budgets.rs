//! PodDisruptionBudgets: whether the eviction API lets a pod go.
//!
//! The status of a budget is computed from the pods, not read from the dump. The scale of a pod's controller is that of
//! the Deployment, ReplicaSet or StatefulSet among the objects, else the number of its pods.

use crate::api::{self, Name, Object};
use crate::cluster::{
    DisruptionBudgetStatus, EvictionAnswer, EvictionBudget, PodId, UnhealthyPodEvictionPolicy, evict,
};
use crate::controllers::disruption::{Counted, Tally, budget_status};
use crate::study::cluster_view::ClusterView;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Kind, namespace and name of a controller.
type ControllerKey = (Name, Name, Name);

/// A budget with the pods that it selects.
#[derive(Clone, Debug)]
struct Budget {
    object: api::PodDisruptionBudget,
    pods: Vec<usize>,
}

/// All budgets, and which pods are ready. A clone, to try what evictions lead to, copies the latter alone.
#[derive(Clone, Debug)]
pub struct Budgets {
    list: Arc<[Budget]>,
    /// By pod: the positions of the budgets that select it.
    of_pod: Arc<[Vec<usize>]>,
    controllers: Arc<Controllers>,
    is_ready: Vec<bool>,
}

/// The controllers of the pods.
#[derive(Clone, Debug, Default)]
struct Controllers {
    /// By pod: the position of its controller.
    of_pod: Vec<Option<usize>>,
    scales: Vec<i32>,
}

/// Why the eviction API does not let a pod go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The budgets in a few words.
    pub budget: String,
    /// A sentence.
    pub detail: String,
}

impl Budgets {
    /// The budgets among the objects.
    pub fn new(objects: &[Object], view: &ClusterView) -> Self {
        let mut of_pod = vec![Vec::new(); view.pods.len()];
        let mut budgets = Vec::new();
        for object in objects {
            let Object::PodDisruptionBudget(budget) = object else { continue };
            let selects = |pod: &crate::study::cluster_view::ViewedPod| {
                pod.info.namespace == budget.meta.namespace
                    && budget.selector.as_ref().is_some_and(|selector| selector.matches(&pod.info.labels))
            };
            let pods: Vec<usize> =
                view.pods.iter().enumerate().filter(|(_, pod)| selects(pod)).map(|(index, _)| index).collect();
            for pod in &pods {
                of_pod[*pod].push(budgets.len());
            }
            budgets.push(Budget { object: budget.clone(), pods });
        }
        let is_ready = view.pods.iter().map(|pod| pod.is_ready).collect();
        Self {
            list: budgets.into(),
            of_pod: of_pod.into(),
            controllers: Arc::new(controllers(objects, view)),
            is_ready,
        }
    }

    /// Why the pod cannot be evicted now; `None` if it can.
    pub fn refusal(&self, view: &ClusterView, pod: PodId) -> Option<Refusal> {
        let viewed = view.pods.get(pod.index())?;
        let selecting = self.of_pod.get(pod.index())?;
        let is_ready = self.is_ready(pod);
        let statuses: Vec<DisruptionBudgetStatus> = selecting.iter().map(|budget| self.status(view, *budget)).collect();
        let budgets: Vec<EvictionBudget> = selecting
            .iter()
            .zip(&statuses)
            .map(|(budget, status)| EvictionBudget {
                name: self.list[*budget].object.meta.name.clone(),
                is_processed: true,
                status: *status,
                unhealthy_pod_eviction_policy: UnhealthyPodEvictionPolicy::of(&self.list[*budget].object),
            })
            .collect();
        let name = viewed.full_name();
        match evict(viewed.phase, viewed.info.terminating, is_ready, &budgets) {
            EvictionAnswer::Evict { .. } => None,
            EvictionAnswer::MoreThanOneBudget => Some(Refusal {
                budget: format!("several PodDisruptionBudgets for {name}"),
                detail: format!("{name} has more than one PodDisruptionBudget, which the eviction API refuses"),
            }),
            EvictionAnswer::TooManyRequests { status, .. } => {
                let status = status?;
                let budget = &self.list[*selecting.first()?].object.meta;
                let budget = format!("{}/{}", budget.namespace, budget.name);
                let (healthy, desired) = (status.current_healthy, status.desired_healthy);
                Some(Refusal {
                    budget: format!("PodDisruptionBudget {budget}"),
                    detail: format!(
                        "{name} cannot be evicted: of the budget's pods {healthy} are healthy, {desired} must be"
                    ),
                })
            }
        }
    }

    /// Whether a pod, or what replaced it, is ready.
    pub fn is_ready(&self, pod: PodId) -> bool {
        self.is_ready.get(pod.index()).copied().unwrap_or(true)
    }

    /// Notes that the replacement of a pod is ready.
    pub fn replaced(&mut self, pod: PodId) {
        if let Some(is_ready) = self.is_ready.get_mut(pod.index()) {
            *is_ready = true;
        }
    }

    /// The status that the disruption controller would write.
    fn status(&self, view: &ClusterView, budget: usize) -> DisruptionBudgetStatus {
        let budget = &self.list[budget];
        let mut tally = Tally::default();
        for pod in &budget.pods {
            let viewed = &view.pods[*pod];
            let counted = Counted::of(viewed.phase, self.is_ready[*pod], viewed.info.terminating);
            tally.recount(self.controllers.of_pod[*pod], Counted::No, counted);
        }
        budget_status(&budget.object, &tally, |controller: usize| self.controllers.scales[controller])
    }
}

/// The controllers of the pods, with their scales.
fn controllers(objects: &[Object], view: &ClusterView) -> Controllers {
    let key = |kind: &str, meta: &api::ObjectMeta| (Name::from(kind), meta.namespace.clone(), meta.name.clone());
    let mut scales: BTreeMap<ControllerKey, i32> = BTreeMap::new();
    let mut deployments: BTreeMap<ControllerKey, ControllerKey> = BTreeMap::new();
    for object in objects {
        let (Some(replicas), kind, meta) = (object.replicas(), object.kind(), object.meta()) else { continue };
        let key = key(kind.as_str(), meta);
        // What rolls out nothing itself may belong to a workload that does.
        if let Some(owner) = meta.owner.as_ref().filter(|_| !kind.has_rollouts()) {
            deployments.insert(key.clone(), (owner.kind.clone(), meta.namespace.clone(), owner.name.clone()));
        }
        scales.insert(key, replicas);
    }
    let top_of = |pod: &crate::study::cluster_view::ViewedPod| {
        let owner = pod.info.owner.as_ref()?;
        let controller = (owner.kind.clone(), pod.info.namespace.clone(), owner.name.clone());
        Some(deployments.get(&controller).filter(|top| scales.contains_key(*top)).cloned().unwrap_or(controller))
    };
    let tops: Vec<Option<ControllerKey>> = view.pods.iter().map(top_of).collect();
    let mut counts: BTreeMap<&ControllerKey, i32> = BTreeMap::new();
    for top in tops.iter().flatten() {
        *counts.entry(top).or_default() += 1;
    }
    let positions: BTreeMap<&ControllerKey, usize> = counts.keys().copied().zip(0..).collect();
    let of_pod = tops.iter().map(|top| positions.get(top.as_ref()?).copied()).collect();
    let scales = counts.iter().map(|(top, count)| scales.get(*top).copied().unwrap_or(*count)).collect();
    Controllers { of_pod, scales }
}
