//! What a pod requests as a whole (`PodRequests` of `k8s.io/component-helpers/resource`, Kubernetes 1.36).

use super::{Container, ContainerResourceStatus, PodSpec, PodStatus, ResourceList, ResourceName};
use crate::units::{Bytes, MAX_AMOUNT, MilliCpu};

/// A resource list that can be added to. Sums saturate, so that one beyond [`MAX_AMOUNT`] is found by looking at the total:
/// [`exceeding`](ResourceAmounts::exceeding).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceAmounts {
    /// `cpu`.
    pub cpu: Option<MilliCpu>,
    /// `memory`.
    pub memory: Option<Bytes>,
    /// `ephemeral-storage`.
    pub ephemeral_storage: Option<Bytes>,
    /// Every other resource, in whole units, sorted by name.
    pub scalar: Vec<(ResourceName, i64)>,
}

impl ResourceAmounts {
    /// The amounts of a list, without `pods`.
    #[must_use]
    pub fn from_list(list: &ResourceList) -> Self {
        Self {
            cpu: list.cpu,
            memory: list.memory,
            ephemeral_storage: list.ephemeral_storage,
            scalar: list.scalar.to_vec(),
        }
    }

    /// Combines entry by entry; an entry that only one side has is taken as it is.
    pub fn combine(&mut self, amounts: &Self, merge: fn(i64, i64) -> i64) {
        fn both<T: Copy>(left: Option<T>, right: Option<T>, merge: impl Fn(T, T) -> T) -> Option<T> {
            match (left, right) {
                (Some(left), Some(right)) => Some(merge(left, right)),
                (left, right) => left.or(right),
            }
        }
        let bytes = |a: Bytes, b: Bytes| Bytes::new(merge(a.get(), b.get()));
        self.cpu = both(self.cpu, amounts.cpu, |a, b| MilliCpu::new(merge(a.get(), b.get())));
        self.memory = both(self.memory, amounts.memory, bytes);
        self.ephemeral_storage = both(self.ephemeral_storage, amounts.ephemeral_storage, bytes);
        for (name, amount) in &amounts.scalar {
            match self.scalar.binary_search_by(|(listed, _)| listed.cmp(name)) {
                Ok(position) => self.scalar[position].1 = merge(self.scalar[position].1, *amount),
                Err(position) => self.scalar.insert(position, (name.clone(), *amount)),
            }
        }
    }

    /// Adds another's amounts.
    pub fn add(&mut self, amounts: &Self) {
        self.combine(amounts, i64::saturating_add);
    }

    /// Takes the larger amount of each resource.
    pub fn max(&mut self, amounts: &Self) {
        self.combine(amounts, i64::max);
    }

    /// Every resource that is named, with its amount in millicores, bytes or whole units.
    pub fn amounts(&self) -> impl Iterator<Item = (&str, i64)> {
        let named = [
            ("cpu", self.cpu.map(MilliCpu::get)),
            ("memory", self.memory.map(Bytes::get)),
            ("ephemeral-storage", self.ephemeral_storage.map(Bytes::get)),
        ];
        let scalar = self.scalar.iter().map(|(name, amount)| (&**name, *amount));
        named.into_iter().filter_map(|(name, amount)| Some((name, amount?))).chain(scalar)
    }

    /// The resources of which there is more than one object may name.
    pub fn exceeding(&self) -> impl Iterator<Item = &str> {
        self.amounts().filter(|(_, amount)| *amount > MAX_AMOUNT).map(|(name, _)| name)
    }

    /// Sets a scalar resource.
    pub fn set_scalar(&mut self, name: &ResourceName, amount: i64) {
        match self.scalar.binary_search_by(|(listed, _)| listed.cmp(name)) {
            Ok(position) => self.scalar[position].1 = amount,
            Err(position) => self.scalar.insert(position, (name.clone(), amount)),
        }
    }

    /// Replaces those of `effective`'s resources that a pod-level request names: cpu, memory and huge pages.
    pub fn replace_by_pod_level(&mut self, named: &ResourceList, effective: &Self) {
        if named.cpu.is_some() {
            self.cpu = effective.cpu;
        }
        if named.memory.is_some() {
            self.memory = effective.memory;
        }
        for (name, _) in named.scalar.iter().filter(|(name, _)| name.starts_with("hugepages-")) {
            let amount = effective.scalar.iter().find(|(listed, _)| listed == name).map_or(0, |(_, amount)| *amount);
            self.set_scalar(name, amount);
        }
    }
}

/// Amounts by resource that can be summed up over the containers of a pod.
pub trait Amounts: Clone + Default {
    /// The amounts of a list, without `pods`.
    fn from_list(list: &ResourceList) -> Self;

    /// Adds another's amounts.
    fn add(&mut self, amounts: &Self);

    /// Takes the larger amount of each resource.
    fn max(&mut self, amounts: &Self);
}

impl Amounts for ResourceAmounts {
    fn from_list(list: &ResourceList) -> Self {
        Self::from_list(list)
    }

    fn add(&mut self, amounts: &Self) {
        Self::add(self, amounts);
    }

    fn max(&mut self, amounts: &Self) {
        Self::max(self, amounts);
    }
}

/// What the containers of a pod need together: the greater of what containers and sidecars request and what the init
/// containers need at their peak, each beside the sidecars that were started before it. `request_of` says what one
/// container counts with, and learns whether it is an init container (a sidecar is one too).
pub fn container_requests<A: Amounts>(spec: &PodSpec, request_of: impl Fn(&Container, bool) -> A) -> A {
    let mut total = A::default();
    for container in &spec.containers {
        total.add(&request_of(container, false));
    }
    let mut sidecars = A::default();
    let mut peak = A::default();
    for container in &spec.init_containers {
        let mut stage = request_of(container, true);
        if container.is_sidecar {
            total.add(&stage);
            sidecars.add(&stage);
            stage = sidecars.clone();
        } else {
            stage.add(&sidecars);
        }
        peak.max(&stage);
    }
    total.max(&peak);
    total
}

/// The part of a pod's status in which a container may report its resources: ordinary init containers count by their spec
/// alone.
#[must_use]
pub fn reported_statuses<'a>(
    status: Option<&'a PodStatus>,
    container: &Container,
    is_init: bool,
) -> &'a [ContainerResourceStatus] {
    match status {
        Some(status) if !is_init => &status.container_resources,
        Some(status) if container.is_sidecar => &status.init_container_resources,
        _ => &[],
    }
}

/// What a container counts with that may be resized: the largest of its spec, of what is allocated to it and of what it
/// has; the spec does not count if its node finds the resize infeasible (`determineContainerReqs`).
pub fn requests_with_status<A: Amounts>(
    container: &Container,
    statuses: &[ContainerResourceStatus],
    is_infeasible: bool,
) -> A {
    let spec = A::from_list(&container.requests);
    let status = statuses.iter().find(|status| status.name == container.name);
    let Some((status, actual)) = status.and_then(|status| Some((status, status.requests.as_ref()?))) else {
        return spec;
    };
    let mut largest = A::from_list(actual);
    largest.max(&A::from_list(&status.allocated));
    if !is_infeasible {
        largest.max(&spec);
    }
    largest
}

/// What a pod requests by its spec: [`container_requests`], replaced by pod-level requests, plus overhead.
#[must_use]
pub fn pod_requests(spec: &PodSpec) -> ResourceAmounts {
    let mut total = container_requests(spec, |container, _| ResourceAmounts::from_list(&container.requests));
    total.replace_by_pod_level(&spec.pod_requests, &ResourceAmounts::from_list(&spec.pod_requests));
    total.add(&ResourceAmounts::from_list(&spec.overhead));
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(cpu: i64, is_sidecar: bool) -> Container {
        let requests = ResourceList { cpu: Some(MilliCpu::new(cpu)), ..ResourceList::default() };
        Container { requests, is_sidecar, ..Container::default() }
    }

    #[test]
    fn requests_follow_the_stages_of_a_pod() {
        let cases = [
            (vec![100, 200], vec![], None, 0, 300, "containers add up"),
            (vec![100], vec![(500, false)], None, 0, 500, "an init container's peak counts"),
            (vec![100], vec![(50, true), (500, false)], None, 0, 550, "sidecars run beside later init containers"),
            (vec![100], vec![(500, false), (50, true)], None, 0, 500, "but not beside earlier ones"),
            (vec![100], vec![(50, true)], None, 0, 150, "sidecars run beside the containers"),
            (vec![100], vec![(500, false)], Some(200), 0, 200, "pod-level requests replace the sum"),
            (vec![100], vec![], None, 30, 130, "overhead comes on top"),
        ];
        for (containers, init_containers, pod_level, overhead, expected, why) in cases {
            let spec = PodSpec {
                containers: containers.into_iter().map(|cpu| container(cpu, false)).collect(),
                init_containers: init_containers.into_iter().map(|(cpu, sidecar)| container(cpu, sidecar)).collect(),
                pod_requests: ResourceList { cpu: pod_level.map(MilliCpu::new), ..ResourceList::default() },
                overhead: ResourceList { cpu: Some(MilliCpu::new(overhead)), ..ResourceList::default() },
                ..PodSpec::default()
            };
            assert_eq!(pod_requests(&spec).cpu, Some(MilliCpu::new(expected)), "{why}");
        }
    }

    #[test]
    fn scalar_resources_keep_their_order() {
        let list = |entries: &[(&str, i64)]| ResourceList {
            scalar: entries.iter().map(|(name, amount)| (ResourceName::from(*name), *amount)).collect(),
            ..ResourceList::default()
        };
        let of = |requests| Container { requests, ..Container::default() };
        let spec = PodSpec {
            containers: vec![
                of(list(&[("x.io/b", 1)])),
                of(list(&[("hugepages-2Mi", 4), ("x.io/a", 2), ("x.io/b", 3)])),
            ],
            pod_requests: list(&[("hugepages-2Mi", 9), ("x.io/a", 9)]),
            ..PodSpec::default()
        };
        let expected = list(&[("hugepages-2Mi", 9), ("x.io/a", 2), ("x.io/b", 4)]).scalar.to_vec();
        assert_eq!(pod_requests(&spec).scalar, expected, "only huge pages have a pod level");
    }
}
