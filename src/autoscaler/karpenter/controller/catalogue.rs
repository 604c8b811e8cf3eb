//! Which instance types a NodePool has: those of the catalogue, with what its class of nodes says, without what could not be
//! had lately.

use crate::api::karpenter::{KubeletConfiguration, NodeClass, NodePool};
use crate::api::{self, CapacityType, Name, ResourceList};
use crate::autoscaler::karpenter::instance_type::InstanceType;
use crate::cluster::Cluster;
use crate::units::{Bytes, MilliCpu, SimDuration, SimTime};
use std::collections::BTreeMap;

/// How long an offering that could not be had is not asked for again (`UnavailableOfferingsTTL` of the AWS provider).
const UNAVAILABLE_FOR: SimDuration = SimDuration::from_minutes(3);

/// Instance type, zone and capacity type.
type OfferingKey = (Name, Name, CapacityType);

/// What cannot be had for the time being.
#[derive(Debug, Default)]
pub struct Catalogue {
    unavailable: BTreeMap<OfferingKey, SimTime>,
}

impl Catalogue {
    /// An offering could not be had.
    pub fn note_unavailable(&mut self, instance_type: &Name, zone: &Name, capacity_type: CapacityType, now: SimTime) {
        self.unavailable.insert((instance_type.clone(), zone.clone(), capacity_type), now + UNAVAILABLE_FOR);
    }

    /// Forgets what may be asked for again. Whether there was anything.
    pub fn forget(&mut self, now: SimTime) -> bool {
        let before = self.unavailable.len();
        self.unavailable.retain(|_, until| now < *until);
        self.unavailable.len() != before
    }

    /// When something may be asked for again.
    pub fn next_change(&self) -> Option<SimTime> {
        self.unavailable.values().min().copied()
    }

    /// Whether an offering may be asked for.
    pub fn is_available(&self, instance_type: &Name, offering: &api::Offering) -> bool {
        let key = (instance_type.clone(), offering.zone.clone(), offering.capacity_type);
        offering.available && (self.unavailable.is_empty() || !self.unavailable.contains_key(&key))
    }
}

/// The instance types of a pool, in the catalogue's order.
pub fn pool_types(
    pool: &NodePool,
    catalogue: &Catalogue,
    reservation_label: &Name,
    cluster: &Cluster,
) -> Vec<InstanceType> {
    let class = class_of(pool, cluster);
    let of_type = |given: &api::InstanceType| {
        let mut adjusted = with_class(given, class);
        for offering in &mut adjusted.offerings {
            offering.available = catalogue.is_available(&given.name, offering);
        }
        InstanceType::from_api(&adjusted, reservation_label)
    };
    cluster.instance_types().iter().map(of_type).collect()
}

/// The class of a pool's nodes, if it is known.
pub fn class_of<'c>(pool: &NodePool, cluster: &'c Cluster) -> Option<&'c NodeClass> {
    let reference = &pool.template.node_class;
    cluster.node_class(&reference.kind, &reference.name)
}

/// An instance type whose nodes are of a class: what the class says of disk, pods and reservations holds.
pub fn with_class(given: &api::InstanceType, class: Option<&NodeClass>) -> api::InstanceType {
    let mut adjusted = given.clone();
    let Some(class) = class else { return adjusted };
    if let Some(volume) = class.root_volume {
        let reserved = reserved(given.capacity.ephemeral_storage, given.allocatable.ephemeral_storage);
        adjusted.capacity.ephemeral_storage = Some(volume);
        adjusted.allocatable.ephemeral_storage = Some(Bytes::new((volume.get() - reserved).max(0)));
    }
    let kubelet = &class.kubelet;
    let mut pods = kubelet.max_pods.or(given.capacity.pods);
    if let (Some(per_core), Some(cpu)) = (kubelet.pods_per_core, given.capacity.cpu) {
        let by_core = per_core.saturating_mul(cpu.get().div_euclid(1000).max(1));
        pods = Some(pods.map_or(by_core, |pods| pods.min(by_core)));
    }
    adjusted.capacity.pods = pods;
    adjusted.allocatable.pods = pods;
    reserve(&mut adjusted.allocatable, given, kubelet);
    adjusted
}

/// What is kept back of an amount.
fn reserved(capacity: Option<Bytes>, allocatable: Option<Bytes>) -> i64 {
    capacity.zip(allocatable).map_or(0, |(capacity, allocatable)| capacity.get() - allocatable.get())
}

/// What the kubelet's settings leave of CPU and memory to pods. Without `kubeReserved` what the catalogue keeps back stays.
fn reserve(allocatable: &mut ResourceList, given: &api::InstanceType, kubelet: &KubeletConfiguration) {
    let (kube, system) = (&kubelet.kube_reserved, &kubelet.system_reserved);
    if let (Some(capacity), Some(offered)) = (given.capacity.cpu, given.allocatable.cpu) {
        let kept = kube.cpu.map_or(capacity.get() - offered.get(), MilliCpu::get);
        let system = system.cpu.map_or(0, MilliCpu::get);
        allocatable.cpu = Some(MilliCpu::new((capacity.get() - kept - system).max(0)));
    }
    let Some(capacity) = given.capacity.memory else { return };
    let by_catalogue = reserved(given.capacity.memory, given.allocatable.memory);
    let percent = kubelet.eviction_memory_percent.map(|percent| capacity.get() / 100 * i64::from(percent));
    let eviction = kubelet.eviction_memory.map(Bytes::get).or(percent);
    let kept = match kube.memory {
        Some(kube) => kube.get() + eviction.unwrap_or(EVICTION_MEMORY),
        None => by_catalogue + eviction.map_or(0, |eviction| eviction - EVICTION_MEMORY),
    };
    let system = system.memory.map_or(0, Bytes::get);
    allocatable.memory = Some(Bytes::new((capacity.get() - kept - system).max(0)));
}

/// `evictionHard[memory.available]` of kubelets by default.
const EVICTION_MEMORY: i64 = 100 << 20;
