//! The pods of workloads that have none yet, as at the start of a scenario: placed before anything is asked.

use super::daemons::daemons;
use super::placer::Placer;
use super::pod::PodToFit;
use crate::api::{Object, PodPhase};
use crate::cluster::NodeId;
use crate::input::manifest::LoadedPod;
use crate::scheduler::{PodInfo, Profile};
use crate::study::cluster_view::{ClusterView, ViewedPod};
use std::sync::Arc;

/// Places the pods of DaemonSets, then those of Deployments, ReplicaSets and StatefulSets by priority. Notes say what
/// found no place.
pub fn place_workloads(objects: &[Object], view: &mut ClusterView, profiles: &[Profile], notes: &mut Vec<String>) {
    for daemon in daemons(objects, view) {
        for index in 0..view.nodes.len() {
            let node = Arc::clone(&view.nodes[index]);
            if let Some(pod) = daemon.pod_on(&node, view.next_pod_id(0), view) {
                let node = NodeId::from_index(index);
                view.scheduler.add_pod(Arc::clone(&pod), node);
                view.pods.push(running(pod, node));
            }
        }
    }
    let mut waiting = Vec::new();
    for object in objects {
        let Some(replicas) = object.replicas() else { continue };
        // What rolls out nothing itself and belongs to something is kept by that.
        if object.meta().owner.is_some() && !object.kind().has_rollouts() {
            continue;
        }
        let Some(loaded) = LoadedPod::of_object(object, "".into(), 0) else { continue };
        match PodToFit::new(&loaded, objects, view, notes) {
            Ok(pod) => waiting.push((pod, usize::try_from(replicas).unwrap_or(0))),
            Err(refusal) => {
                let (kind, meta) = (loaded.kind, &loaded.meta);
                notes.push(format!("{kind} {}/{}: no pod is created: {refusal}", meta.namespace, meta.name));
            }
        }
    }
    waiting.sort_by_key(|(pod, _)| std::cmp::Reverse(pod.info().priority()));
    for (pod, replicas) in waiting {
        let (mut found, mut problem) = (Vec::new(), None);
        let mut placer = Placer::new(std::mem::take(&mut view.scheduler), profiles);
        while found.len() < replicas && problem.is_none() {
            let info = pod.instance(view, found.len());
            match placer.place(Arc::clone(&info)) {
                Ok(node) => found.push((info, node)),
                Err(rejection) => problem = Some(rejection.in_short(placer.view.snapshot(), &info, view.version)),
            }
        }
        view.scheduler = placer.view;
        if let Some(problem) = problem {
            let (kind, namespace, name) = (pod.kind, &pod.info().namespace, &pod.name);
            let count = found.len();
            notes.push(format!("{kind} {namespace}/{name}: {count} of {replicas} pods find a place; then: {problem}"));
        }
        view.pods.extend(found.into_iter().map(|(info, node)| running(info, node)));
    }
    view.scheduler.refresh();
}

/// A pod that runs on a node.
const fn running(info: Arc<PodInfo>, node: NodeId) -> ViewedPod {
    ViewedPod { info, node: Some(node), phase: PodPhase::Running, is_ready: true }
}
