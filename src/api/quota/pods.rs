//! What pods count: their number and what they request and are limited to (`pkg/quota/v1/evaluator/core/pods.go`).

use super::Quantities;
use super::names::{count_name, sorted};
use crate::api::resource_quota::QuotaScope;
use crate::api::{
    Amounts as _, Kind, Name, PodAffinityTerm, PodPhase, PodSpec, PodStatus, QosClass, Quantity, ResourceList,
    container_requests, is_extended_resource_name, qos_class, reported_statuses, requests_with_status,
    states_pod_level_resources,
};
use crate::units::{SimDuration, SimTime};
use std::collections::{BTreeMap, BTreeSet};

/// Pods that have not ended.
const PODS: &str = "pods";
/// The resources whose requests and limits quotas bound by name.
const COMPUTE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// The resources that every container must state where a quota bounds them (`validationSet`).
const REQUIRED: [&str; 6] = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
/// Before the name of a resource in a quota of requests.
const REQUESTS: &str = "requests.";
/// Before the name of a resource in a quota of limits.
const LIMITS: &str = "limits.";
/// Before the size of huge pages.
const HUGE_PAGES: &str = "hugepages-";

/// A pod as quotas see it.
#[derive(Clone, Copy, Debug)]
pub struct CountedPod<'a> {
    /// Its spec.
    pub spec: &'a PodSpec,
    /// Its phase.
    pub phase: PodPhase,
    /// Its deletion, if that was requested.
    pub deletion: Option<PodDeletion>,
    /// The resources that its status reports; `None` of one that was never resized.
    pub status: Option<&'a PodStatus>,
    /// The time.
    pub now: SimTime,
}

/// A pod's deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PodDeletion {
    /// `metadata.deletionTimestamp`: when the grace period ends.
    pub timestamp: SimTime,
    /// `metadata.deletionGracePeriodSeconds`.
    pub grace: SimDuration,
}

impl PodDeletion {
    /// When the pod stops counting: the real rule adds the grace period to a time that has it already (`QuotaV1Pod`).
    #[must_use]
    pub fn counts_until(self) -> SimTime {
        self.timestamp + self.grace
    }
}

impl CountedPod<'_> {
    /// Whether it counts with more than its object: it has neither ended nor been terminating for too long (`QuotaV1Pod`).
    #[must_use]
    pub fn is_live(&self) -> bool {
        !self.phase.is_terminal() && self.deletion.is_none_or(|deletion| self.now <= deletion.counts_until())
    }
}

/// Those of the names that pods count: the named ones in alphabetical order, then those of huge pages and extended
/// resources in their order.
pub(super) fn matching_resources<'a>(names: impl Iterator<Item = &'a Name>) -> Vec<Name> {
    let count = count_name(Kind::Pod);
    let unprefixed = |name: &str| name.strip_prefix(REQUESTS).or(name.strip_prefix(LIMITS)).unwrap_or(name).to_owned();
    let is_named = |name: &Name| *name == count || name == PODS || COMPUTE.contains(&unprefixed(name).as_str());
    let is_huge_pages = |name: &Name| name.strip_prefix(REQUESTS).unwrap_or(name).starts_with(HUGE_PAGES);
    let is_extended =
        |name: &Name| name.contains('/') && !name.contains("kubernetes.io/") && name.starts_with(REQUESTS);
    let names: Vec<&Name> = names.collect();
    let mut matching = sorted(names.iter().copied().filter(|name| is_named(name)));
    for name in names {
        if is_huge_pages(name) {
            matching.push(name.clone());
        }
        if is_extended(name) {
            matching.push(name.clone());
        }
    }
    matching
}

/// What a pod counts (`PodUsageFunc`).
pub(super) fn usage(pod: &CountedPod<'_>) -> Quantities {
    let mut usage = Quantities::default();
    usage.insert(count_name(Kind::Pod), Quantity::from_units(1));
    if pod.is_live() {
        usage.add(&compute_usage(&requests(pod), &limits(pod)));
    }
    usage
}

/// What requests and limits count (`podComputeUsageHelper`).
fn compute_usage(requests: &Quantities, limits: &Quantities) -> Quantities {
    let mut usage = Quantities::default();
    usage.insert(PODS, Quantity::from_units(1));
    for (name, quantity) in requests.iter() {
        if COMPUTE.contains(&name.as_str()) || name.starts_with(HUGE_PAGES) {
            usage.insert(name.clone(), quantity);
            usage.insert(format!("{REQUESTS}{name}"), quantity);
        }
        if is_extended_resource_name(name) {
            usage.insert(format!("{REQUESTS}{name}"), quantity);
        }
    }
    for (name, quantity) in limits.iter().filter(|(name, _)| COMPUTE.contains(&name.as_str())) {
        usage.insert(format!("{LIMITS}{name}"), quantity);
    }
    usage
}

/// What the pod requests, where it was resized by its status too (`PodRequests` of component-helpers).
fn requests(pod: &CountedPod<'_>) -> Quantities {
    let is_infeasible = pod.status.is_some_and(|status| status.resize_infeasible);
    let mut total: Quantities = container_requests(pod.spec, |container, is_init| {
        requests_with_status(container, reported_statuses(pod.status, container, is_init), is_infeasible)
    });
    replace_by_pod_level(&mut total, &pod.spec.pod_requests);
    total.add(&Quantities::from_list(&pod.spec.overhead));
    total
}

/// What the pod is limited to, where it was resized by its status too (`PodLimits` of component-helpers).
fn limits(pod: &CountedPod<'_>) -> Quantities {
    let is_infeasible = pod.status.is_some_and(|status| status.resize_infeasible);
    let mut total: Quantities = container_requests(pod.spec, |container, is_init| {
        let spec = Quantities::from_list(&container.limits);
        let statuses = reported_statuses(pod.status, container, is_init);
        let status = statuses.iter().find(|status| status.name == container.name && status.requests.is_some());
        let Some(status) = status else { return spec };
        let mut largest = Quantities::from_list(&status.limits);
        if !is_infeasible {
            largest.max(&spec);
        }
        largest
    });
    replace_by_pod_level(&mut total, &pod.spec.pod_limits);
    for (name, quantity) in Quantities::from_list(&pod.spec.overhead).iter() {
        if let Some(mut limit) = total.get(name).filter(|limit| !limit.is_zero()) {
            limit.add(quantity);
            total.insert(name.clone(), limit);
        }
    }
    total
}

/// What the pod level states of cpu, memory and huge pages replaces the sum of the containers.
fn replace_by_pod_level(total: &mut Quantities, stated: &ResourceList) {
    for (name, quantity) in Quantities::from_list(stated).iter() {
        if matches!(name.as_str(), "cpu" | "memory") || name.starts_with(HUGE_PAGES) {
            total.insert(name.clone(), quantity);
        }
    }
}

/// What the containers of a pod lack that a quota on these resources wants them to state, in the API server's words
/// (`Constraints`).
#[must_use]
pub fn constraints(spec: &PodSpec, bounded: &[Name]) -> Option<String> {
    // A pod that states resources of its own need not state them for its containers, whichever they are.
    if states_pod_level_resources(spec) {
        return None;
    }
    let required: Vec<&str> = REQUIRED.into_iter().filter(|name| bounded.iter().any(|bound| bound == name)).collect();
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for container in spec.containers.iter().chain(&spec.init_containers) {
        let [requests, limits] = [&container.requests, &container.limits].map(Quantities::from_list);
        let stated = compute_usage(&requests, &limits);
        for resource in required.iter().filter(|resource| stated.get(resource).is_none()) {
            missing.entry(resource).or_default().insert(&container.name);
        }
    }
    let of_one = |(resource, containers): (&str, BTreeSet<&str>)| {
        let containers: Vec<&str> = containers.into_iter().collect();
        format!("{resource} for: {}", containers.join(","))
    };
    let missing: Vec<String> = missing.into_iter().map(of_one).collect();
    (!missing.is_empty()).then(|| format!("must specify {}", missing.join("; ")))
}

/// Whether a pod is in a scope that no operator concerns (`podMatchesScopeFunc`).
pub(super) fn is_in_scope(pod: &CountedPod<'_>, scope: QuotaScope) -> bool {
    match scope {
        QuotaScope::Terminating => pod.spec.active_deadline.is_some(),
        QuotaScope::NotTerminating => pod.spec.active_deadline.is_none(),
        QuotaScope::BestEffort => qos_class(pod.spec) == QosClass::BestEffort,
        QuotaScope::NotBestEffort => qos_class(pod.spec) != QosClass::BestEffort,
        QuotaScope::CrossNamespacePodAffinity => uses_cross_namespace_affinity(pod.spec),
        QuotaScope::PriorityClass | QuotaScope::VolumeAttributesClass => false,
    }
}

/// Whether an affinity term of the pod speaks of namespaces (`usesCrossNamespacePodAffinity`).
fn uses_cross_namespace_affinity(spec: &PodSpec) -> bool {
    let Some(affinity) = &spec.affinity else { return false };
    let crosses = |term: &PodAffinityTerm| !term.namespaces.is_empty() || term.namespace_selector.is_some();
    let preferred = affinity.pod_preferred.iter().chain(&affinity.pod_anti_preferred).map(|weighted| &weighted.term);
    affinity.pod_required.iter().chain(&affinity.pod_anti_required).chain(preferred).any(crosses)
}
