//! How many replicas of a pod fit: they are placed one after the other until one is unschedulable.

use super::placer::{Placer, Rejection, Verdict};
use super::pod::PodToFit;
use super::prepare::Study;
use crate::cluster::NodeId;
use crate::report::fit::{
    AskedPod, FIT_FORMAT_VERSION, FitReport, NextPod, NodeFit, OtherAmount, ReasonCount, ZoneFit,
};
use crate::study::cluster_view::ClusterView;

/// Pods that were placed until one found no place, or enough of them were.
pub struct Filled {
    /// The nodes of the pods, in the order in which they were placed.
    pub placements: Vec<NodeId>,
    /// Why the next one finds no place; `None` if it was not tried.
    pub rejection: Option<Rejection>,
}

/// Places up to `max` pods of the cluster `view`.
pub fn fill(placer: &mut Placer<'_>, view: &ClusterView, pod: &PodToFit, max: usize) -> Filled {
    let mut placements = Vec::new();
    let mut rejection = None;
    while placements.len() < max && rejection.is_none() {
        match placer.place(pod.instance(view, placements.len())) {
            Ok(node) => placements.push(node),
            Err(reason) => rejection = Some(reason),
        }
    }
    Filled { placements, rejection }
}

/// How many of the study's pod fit, up to `max`. Without a pod in the study there is no answer.
#[must_use]
pub fn how_many(study: &Study, max: usize) -> Option<FitReport> {
    let pod = study.pod.as_ref()?;
    let mut placer = Placer::new(study.view.scheduler.clone(), &study.profiles);
    let filled = fill(&mut placer, &study.view, pod, max);
    let Details { nodes, zones, next, in_short } = details(&mut placer, &study.view, pod, &filled, 0);
    let fits = nodes.iter().map(|node| node.fits).sum();
    let stopped_at_max = in_short.is_none();
    let answer = match &in_short {
        Some(reasons) => format!("{fits} fit; then: {reasons}"),
        None => format!("{fits} fit, and more may: the search stopped at --max {max}"),
    };
    Some(FitReport {
        format_version: FIT_FORMAT_VERSION,
        question: "how-many",
        answer,
        kubernetes_version: study.view.version.as_str().to_owned(),
        pod: asked(pod),
        fits,
        max,
        stopped_at_max,
        next,
        zones,
        nodes,
        notes: study.notes.clone(),
    })
}

/// The pod for a report.
pub fn asked(pod: &PodToFit) -> AskedPod {
    let info = pod.info();
    let requests = &info.requests().requests;
    let mut other: Vec<OtherAmount> = Vec::new();
    if requests.ephemeral_storage.get() > 0 {
        other.push(OtherAmount { resource: "ephemeral-storage".into(), amount: requests.ephemeral_storage.get() });
    }
    other.extend(
        requests.scalar.iter().map(|(name, amount)| OtherAmount { resource: name.to_string(), amount: *amount }),
    );
    AskedPod {
        kind: pod.kind.to_owned(),
        namespace: info.namespace.to_string(),
        name: pod.name.to_string(),
        request_cpu_cores: requests.cpu.as_cores(),
        request_memory_bytes: requests.memory.get(),
        request_other: other,
        priority: info.priority(),
    }
}

/// What a report says about the nodes after the last pod.
pub struct Details {
    /// By node.
    pub nodes: Vec<NodeFit>,
    /// By zone; empty if no node has one.
    pub zones: Vec<ZoneFit>,
    /// Why one more finds no place; `None` if that was not tried.
    pub next: Option<NextPod>,
    /// The same in a few words.
    pub in_short: Option<String>,
}

/// What the nodes look like after the last pod, which `placer` has placed. `new_nodes` is how many nodes there are besides those of the view.
pub fn details(
    placer: &mut Placer<'_>,
    view: &ClusterView,
    pod: &PodToFit,
    filled: &Filled,
    new_nodes: usize,
) -> Details {
    let Filled { placements, rejection } = filled;
    let next_pod = pod.instance(view, placements.len());
    let verdicts = placer.verdicts(&next_pod);
    let snapshot = placer.view.snapshot();
    let mut fits = vec![0_usize; view.nodes.len() + new_nodes];
    for node in placements {
        if let Some(count) = fits.get_mut(node.index()) {
            *count += 1;
        }
    }
    let requested = &next_pod.requests().requests;
    let mut nodes = Vec::with_capacity(verdicts.len());
    for (id, verdict) in verdicts {
        let Some(info) = snapshot.node(id) else { continue };
        let (allocatable, taken) = (info.allocatable(), info.requested());
        let mut reasons = Vec::new();
        let rejected_by = match &verdict {
            Verdict::Fits => None,
            Verdict::Rejected(failure) => {
                failure.for_each_reason(&next_pod, info, view.version, &mut |reason| reasons.push(reason.to_owned()));
                Some(failure.plugin().name().to_owned())
            }
            Verdict::RejectedEverywhere(plugin, reason) => {
                reasons.push(reason.clone());
                Some((*plugin).to_owned()).filter(|plugin| !plugin.is_empty())
            }
        };
        let free = |of: i64, taken: i64| of.saturating_sub(taken);
        let mut free_other = Vec::new();
        if requested.ephemeral_storage.get() > 0 {
            let amount = free(allocatable.ephemeral_storage.get(), taken.ephemeral_storage.get());
            free_other.push(OtherAmount { resource: "ephemeral-storage".into(), amount });
        }
        for (name, _) in &requested.scalar {
            let amount = free(allocatable.scalar(name).unwrap_or(0), taken.scalar(name).unwrap_or(0));
            free_other.push(OtherAmount { resource: name.to_string(), amount });
        }
        nodes.push(NodeFit {
            node: info.node().meta.name.to_string(),
            zone: info.node().zone().map(ToString::to_string),
            is_new: id.index() >= view.nodes.len(),
            fits: fits.get(id.index()).copied().unwrap_or(0),
            free_cpu_cores: (allocatable.cpu - taken.cpu).as_cores(),
            free_memory_bytes: free(allocatable.memory.get(), taken.memory.get()),
            free_pods: free(info.allocatable_pods(), i64::try_from(info.pods().len()).unwrap_or(i64::MAX)),
            free_other,
            rejected_by,
            reasons,
        });
    }
    let next = rejection.as_ref().map(|rejection| NextPod {
        message: rejection.message(snapshot, &next_pod, view.version),
        reasons: rejection
            .reasons(snapshot, &next_pod, view.version)
            .into_iter()
            .map(|(reason, nodes)| ReasonCount { reason, nodes })
            .collect(),
    });
    let in_short = rejection.as_ref().map(|rejection| rejection.in_short(snapshot, &next_pod, view.version));
    Details { zones: by_zone(&nodes), nodes, next, in_short }
}

/// Sums by zone, in the order of their names; nodes without a zone come last.
fn by_zone(nodes: &[NodeFit]) -> Vec<ZoneFit> {
    let mut zones: Vec<ZoneFit> = Vec::new();
    for node in nodes {
        match zones.iter_mut().find(|zone| zone.zone == node.zone) {
            Some(zone) => {
                zone.nodes += 1;
                zone.fits += node.fits;
            }
            None => zones.push(ZoneFit { zone: node.zone.clone(), nodes: 1, fits: node.fits }),
        }
    }
    if zones.iter().all(|zone| zone.zone.is_none()) {
        return Vec::new();
    }
    zones.sort_by(|left, right| (left.zone.is_none(), &left.zone).cmp(&(right.zone.is_none(), &right.zone)));
    zones
}
