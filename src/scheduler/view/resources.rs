//! What pods request and what nodes have: the sums that NodeResourcesFit and the scores work on.
//!
//! Mirrors `k8s.io/component-helpers/resource` (`PodRequests`) and `framework.Resource` of kube-scheduler 1.36. The
//! inputs are already whole millicores and bytes (rounded up per container); the real code rounds once after summing
//! the exact quantities, which differs only where a container requests a fraction of a millicore or byte.

use crate::api::{
    self, Container, ContainerResourceStatus, KubernetesVersion, PodSpec, PodStatus, ResourceAmounts, ResourceKey,
    ResourceList, ResourceName, is_extended_resource_name, reported_statuses,
};
use crate::units::{Bytes, MilliCpu};

/// CPU that a container without a cpu request counts as in scores (`DefaultMilliCPURequest`, schedutil 1.36).
pub const DEFAULT_MILLI_CPU_REQUEST: MilliCpu = MilliCpu::new(100);
/// Memory that a container without a memory request counts as in scores (`DefaultMemoryRequest`, schedutil 1.36).
pub const DEFAULT_MEMORY_REQUEST: Bytes = Bytes::new(200 * 1024 * 1024);

/// Whether a resource is accounted for beyond cpu, memory, ephemeral storage and pods (`IsScalarResourceName`,
/// schedutil 1.36): extended resources, huge pages, names below `kubernetes.io/`, attachable volumes.
#[must_use]
pub fn is_scalar_resource_name(name: &str) -> bool {
    is_extended_resource_name(name)
        || name.starts_with("hugepages-")
        || name.contains("kubernetes.io/")
        || name.starts_with("attachable-volumes-")
}

/// ResourceAmounts of every resource that is accounted for. Scalar entries are sorted by name; an entry of zero is kept, since
/// a pod that names a resource differs from one that does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Resources {
    /// `cpu`.
    pub cpu: MilliCpu,
    /// `memory`.
    pub memory: Bytes,
    /// `ephemeral-storage`.
    pub ephemeral_storage: Bytes,
    /// Every other resource in whole units.
    pub scalar: Vec<(ResourceName, i64)>,
}

impl Resources {
    /// What a node offers.
    #[must_use]
    pub fn from_list(list: &ResourceList) -> Self {
        Self {
            cpu: list.cpu.unwrap_or_default(),
            memory: list.memory.unwrap_or_default(),
            ephemeral_storage: list.ephemeral_storage.unwrap_or_default(),
            scalar: list.scalar.iter().filter(|(name, _)| is_scalar_resource_name(name)).cloned().collect(),
        }
    }

    /// The amount of a scalar resource; `None` where it is not named.
    #[must_use]
    pub fn scalar(&self, name: &str) -> Option<i64> {
        // The lists hold a handful of entries: a scan beats a search.
        self.scalar.iter().find(|(scalar, _)| **scalar == *name).map(|(_, amount)| *amount)
    }

    /// The amount of a resource in its base unit (millicores, bytes, units).
    #[must_use]
    pub fn amount(&self, key: &ResourceKey) -> i64 {
        match key {
            ResourceKey::Cpu => self.cpu.get(),
            ResourceKey::Memory => self.memory.get(),
            ResourceKey::EphemeralStorage => self.ephemeral_storage.get(),
            ResourceKey::Scalar(name) => self.scalar(name).unwrap_or(0),
        }
    }

    /// Adds amounts; saturates.
    pub fn add(&mut self, added: &Self) {
        self.cpu += added.cpu;
        self.memory += added.memory;
        self.ephemeral_storage += added.ephemeral_storage;
        for (name, amount) in &added.scalar {
            let sum = self.scalar_entry(name);
            *sum = sum.saturating_add(*amount);
        }
    }

    /// Takes amounts away; saturates.
    pub fn subtract(&mut self, taken: &Self) {
        self.cpu -= taken.cpu;
        self.memory -= taken.memory;
        self.ephemeral_storage -= taken.ephemeral_storage;
        for (name, amount) in &taken.scalar {
            let rest = self.scalar_entry(name);
            *rest = rest.saturating_sub(*amount);
        }
    }

    fn scalar_entry(&mut self, name: &ResourceName) -> &mut i64 {
        let position = match self.scalar.binary_search_by(|(scalar, _)| scalar.cmp(name)) {
            Ok(position) => position,
            Err(position) => {
                self.scalar.insert(position, (name.clone(), 0));
                position
            }
        };
        &mut self.scalar[position].1
    }
}

/// The requests of a pod as the parts of the scheduler see them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodRequests {
    /// What the pod asks for: the filter's and NodeResourcesBalancedAllocation's view of an incoming pod.
    pub requests: Resources,
    /// What NodeResourcesFit's score sees of an incoming pod: pod-level requests are ignored, and containers without
    /// a cpu or memory request count with the defaults.
    pub scored: Resources,
    /// What the pod takes once it is on a node.
    pub placed: PlacedRequests,
}

/// What a pod on a node takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacedRequests {
    /// Added to the node's `requested`.
    pub requests: Resources,
    /// CPU with the default for containers that request none, for scores.
    pub non_zero_cpu: MilliCpu,
    /// Memory with the default for containers that request none, for scores.
    pub non_zero_memory: Bytes,
}

impl PodRequests {
    /// The requests of a pod that has not been resized in place.
    #[must_use]
    pub fn of_spec(spec: &PodSpec) -> Self {
        Self {
            requests: into_resources(api::pod_requests(spec)),
            scored: into_resources(pod_requests(
                spec,
                &RequestOptions {
                    skip_pod_level: true,
                    default_cpu: Some(DEFAULT_MILLI_CPU_REQUEST),
                    default_memory: Some(DEFAULT_MEMORY_REQUEST),
                    ..RequestOptions::default()
                },
            )),
            placed: PlacedRequests::of(spec, None, KubernetesVersion::default()),
        }
    }
}

impl PlacedRequests {
    /// What a pod on a node takes; its status counts where it reports resources (`PodInfo.CalculateResource`,
    /// kube-scheduler 1.36).
    #[must_use]
    pub fn of(spec: &PodSpec, status: Option<&PodStatus>, version: KubernetesVersion) -> Self {
        let options = RequestOptions { status, version, ..RequestOptions::default() };
        let requests = pod_requests(spec, &options);
        // With pod-level requests, the per-container default fills in only for a resource that is missing altogether.
        let pod_level = sets_pod_level_requests(spec);
        let non_zero = pod_requests(
            spec,
            &RequestOptions {
                default_cpu: (!pod_level || requests.cpu.is_none()).then_some(DEFAULT_MILLI_CPU_REQUEST),
                default_memory: (!pod_level || requests.memory.is_none()).then_some(DEFAULT_MEMORY_REQUEST),
                ..options
            },
        );
        Self {
            non_zero_cpu: non_zero.cpu.unwrap_or_default(),
            non_zero_memory: non_zero.memory.unwrap_or_default(),
            requests: into_resources(requests),
        }
    }
}

/// `PodResourcesOptions` of component-helpers.
#[derive(Clone, Copy, Default)]
struct RequestOptions<'a> {
    skip_pod_level: bool,
    default_cpu: Option<MilliCpu>,
    default_memory: Option<Bytes>,
    status: Option<&'a PodStatus>,
    version: KubernetesVersion,
}

/// The amounts that the scheduler accounts for.
fn into_resources(mut amounts: ResourceAmounts) -> Resources {
    amounts.scalar.retain(|(name, _)| is_scalar_resource_name(name));
    Resources {
        cpu: amounts.cpu.unwrap_or_default(),
        memory: amounts.memory.unwrap_or_default(),
        ephemeral_storage: amounts.ephemeral_storage.unwrap_or_default(),
        scalar: amounts.scalar,
    }
}

/// Whether a pod-level request of a supported resource is set (`IsPodLevelRequestsSet`).
fn sets_pod_level_requests(spec: &PodSpec) -> bool {
    let list = &spec.pod_requests;
    list.cpu.is_some() || list.memory.is_some() || list.scalar.iter().any(|(name, _)| name.starts_with("hugepages-"))
}

/// `PodRequests` of component-helpers: the aggregate of containers, init containers, pod level and overhead.
fn pod_requests(spec: &PodSpec, options: &RequestOptions<'_>) -> ResourceAmounts {
    let mut total = api::container_requests(spec, |container, is_init| {
        container_requests(container, reported_statuses(options.status, container, is_init), options)
    });
    if !options.skip_pod_level && sets_pod_level_requests(spec) {
        replace_by_pod_level(&mut total, spec, options);
    }
    total.add(&ResourceAmounts::from_list(&spec.overhead));
    total
}

/// One container's requests, together with what its status reports.
fn container_requests(
    container: &Container,
    statuses: &[ContainerResourceStatus],
    options: &RequestOptions<'_>,
) -> ResourceAmounts {
    let is_infeasible = options.status.is_some_and(|status| status.resize_infeasible);
    let mut requests: ResourceAmounts = api::requests_with_status(container, statuses, is_infeasible);
    requests.cpu = requests.cpu.or(options.default_cpu);
    requests.memory = requests.memory.or(options.default_memory);
    requests
}

/// Pod-level requests replace the aggregate; for a pod on a node its status decides with them.
fn replace_by_pod_level(total: &mut ResourceAmounts, spec: &PodSpec, options: &RequestOptions<'_>) {
    let requested = ResourceAmounts::from_list(&spec.pod_requests);
    let status = options
        .status
        .filter(|_| options.version.resizes_pod_level_resources())
        .and_then(|status| Some((status, status.pod_requests.as_ref()?)));
    let mut effective = requested.clone();
    if let Some((status, actual)) = status {
        let mut reported = ResourceAmounts::from_list(actual);
        reported.max(&ResourceAmounts::from_list(&status.pod_allocated));
        if status.resize_infeasible {
            // A resource that the status does not report counts as nothing.
            effective.combine(&requested, |_, _| 0);
        }
        effective.max(&reported);
    }
    total.replace_by_pod_level(&spec.pod_requests, &effective);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(cpu: i64, memory: i64) -> ResourceList {
        ResourceList {
            cpu: (cpu >= 0).then_some(MilliCpu::new(cpu)),
            memory: (memory >= 0).then_some(Bytes::new(memory)),
            ..ResourceList::default()
        }
    }

    fn container(cpu: i64, memory: i64, is_sidecar: bool) -> Container {
        Container { requests: list(cpu, memory), is_sidecar, ..Container::default() }
    }

    #[test]
    fn pod_requests_follow_the_stages_of_a_pod() {
        let app = |cpu| container(cpu, 0, false);
        let sidecar = |cpu| container(cpu, 0, true);
        let cases = [
            (vec![app(100), app(200)], vec![], -1, 0, 300, "containers add up"),
            (vec![app(100)], vec![app(500)], -1, 0, 500, "a large init container is the peak"),
            (vec![app(100)], vec![sidecar(50), app(100)], -1, 0, 150, "a sidecar runs beside both"),
            (vec![app(100)], vec![app(120), sidecar(50)], -1, 0, 150, "an init container before the sidecar"),
            (vec![app(100)], vec![sidecar(50), app(300)], -1, 0, 350, "an init container beside a sidecar"),
            (vec![app(100)], vec![], 30, 0, 30, "the pod level replaces, even if it is smaller"),
            (vec![app(100)], vec![], 30, 5, 35, "overhead comes on top"),
        ];
        for (containers, init_containers, pod_level, overhead, expected, why) in cases {
            let spec = PodSpec {
                containers,
                init_containers,
                pod_requests: list(pod_level, -1),
                overhead: list(overhead, -1),
                ..PodSpec::default()
            };
            assert_eq!(PodRequests::of_spec(&spec).requests.cpu, MilliCpu::new(expected), "{why}");
        }
    }

    #[test]
    fn defaults_fill_in_per_container_for_scores_only() {
        let spec = PodSpec { containers: vec![container(-1, -1, false), container(0, 7, false)], ..PodSpec::default() };
        let requests = PodRequests::of_spec(&spec);
        assert_eq!(requests.requests.cpu, MilliCpu::ZERO);
        assert_eq!(requests.scored.cpu, DEFAULT_MILLI_CPU_REQUEST, "an explicit zero stays zero");
        assert_eq!(requests.placed.non_zero_memory, DEFAULT_MEMORY_REQUEST + Bytes::new(7));
    }

    #[test]
    fn the_score_of_a_pod_ignores_its_pod_level_requests() {
        let spec =
            PodSpec { containers: vec![container(-1, -1, false)], pod_requests: list(1000, -1), ..PodSpec::default() };
        let requests = PodRequests::of_spec(&spec);
        assert_eq!(requests.requests.cpu, MilliCpu::new(1000));
        assert_eq!(requests.scored.cpu, DEFAULT_MILLI_CPU_REQUEST);
        assert_eq!(requests.placed.non_zero_cpu, MilliCpu::new(1000));
        assert_eq!(requests.placed.non_zero_memory, DEFAULT_MEMORY_REQUEST);
    }

    #[test]
    fn a_resize_counts_the_largest_of_spec_and_status() {
        let mut first = container(100, -1, false);
        first.name = "a".into();
        let spec = PodSpec { containers: vec![first], ..PodSpec::default() };
        let status = |resize_infeasible| PodStatus {
            container_resources: vec![ContainerResourceStatus {
                name: "a".into(),
                requests: Some(list(60, -1)),
                limits: ResourceList::default(),
                allocated: list(70, -1),
            }],
            resize_infeasible,
            ..PodStatus::default()
        };
        let version = KubernetesVersion::V1_36;
        let cpu = |infeasible| PlacedRequests::of(&spec, Some(&status(infeasible)), version).requests.cpu;
        assert_eq!(cpu(false), MilliCpu::new(100));
        assert_eq!(cpu(true), MilliCpu::new(70), "an infeasible resize drops the spec");
    }
}
