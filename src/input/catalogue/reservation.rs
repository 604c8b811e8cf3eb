//! What a node keeps for the system and the kubelet, by the formulas that the clouds publish.
//!
//! - EKS: `kubeReservedResources` and `ENILimitedPods` of `pkg/providers/instancetype/types.go`, Karpenter for AWS 1.14, which
//!   are those of the EKS images; pods with prefix delegation by `max-pods-calculator.sh` of amazon-eks-ami.
//! - GKE: "Plan GKE Standard node sizes", memory and CPU reservations.
//! - AKS: "Node resource reservations", AKS 1.29 and later.
//!
//! Whole MiB and millicores, as the clouds configure kubelet.

use crate::api::ResourceList;
use crate::units::{Bytes, MilliCpu};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes of a MiB.
const MIB: i64 = 1 << 20;
/// Bytes of a GiB.
const GIB: i64 = 1 << 30;

/// Whose formula says what a node offers to pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReservationRule {
    /// Amazon EKS.
    Eks,
    /// Google GKE.
    Gke,
    /// Azure AKS 1.29 and later.
    Aks,
    /// Karpenter's provider of KWOK nodes: 100 millicores and 10 MiB.
    Kwok,
    /// Nothing is kept.
    None,
}

/// What kubelet keeps, including the memory below which it evicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Kept {
    cpu: i64,
    memory: i64,
    storage: i64,
}

/// Pods for which the addresses of an EC2 instance suffice: of every interface one address is its own, and two pods of the
/// host network need none.
pub fn pods_by_interfaces(interfaces: i64, addresses_per_interface: i64) -> i64 {
    interfaces.saturating_mul(addresses_per_interface.saturating_sub(1)).saturating_add(2)
}

/// The sum over ranges, each given by its end and its rate in parts of `whole`, of what an amount has in the range.
fn in_ranges(amount: i64, whole: i64, ranges: &[(i64, i64)]) -> i64 {
    let mut start = 0;
    let mut sum = 0;
    for (end, rate) in ranges {
        let part = (amount.min(*end) - start).max(0);
        sum += part / whole * rate + part % whole * rate / whole;
        start = *end;
    }
    sum
}

/// The part of CPU that EKS and GKE keep, in millicores: 6 % of the first core, 1 % of the second, 0.5 % of the next two,
/// 0.25 % of the rest.
fn reserved_cpu(millicores: i64) -> i64 {
    in_ranges(millicores, 10_000, &[(1000, 600), (2000, 100), (4000, 50), (i64::MAX, 25)])
}

/// The part of CPU that AKS keeps, in millicores: the published table goes 60, 100, 140, 180, 260, 420, 740 for 1 to 64
/// cores, which is 60 for the first core, 40 for the second, 20 for each of the next two and 10 for each further one.
fn reserved_cpu_of_aks(millicores: i64) -> i64 {
    in_ranges(millicores, 10_000, &[(1000, 600), (2000, 400), (4000, 200), (i64::MAX, 100)])
}

/// The part of memory that GKE keeps: 25 % of the first 4 GiB, 20 % of the next 4, 10 % of the next 8, 6 % of the next 112,
/// 2 % of the rest; 255 MiB of machines with less than 1 GiB.
fn reserved_memory_of_gke(bytes: i64) -> i64 {
    if bytes < GIB {
        return 255 * MIB;
    }
    let ranges = [(4 * GIB, 25), (8 * GIB, 20), (16 * GIB, 10), (128 * GIB, 6), (i64::MAX, 2)];
    in_ranges(bytes, 100, &ranges) / MIB * MIB
}

/// The part of memory that AKS keeps: 20 MB for each pod that the node may have and 50 MB, but at most a quarter.
fn reserved_memory_of_aks(bytes: i64, pods: i64) -> i64 {
    let by_pods = pods.saturating_mul(20).saturating_add(50).saturating_mul(MIB);
    by_pods.min(bytes / 4)
}

/// The part of the boot disk that GKE keeps: the least of half of it, 6 GiB and 35 % of it, and 100 GiB.
fn reserved_storage_of_gke(bytes: i64) -> i64 {
    (bytes / 2).min(6 * GIB + bytes / 100 * 35).min(100 * GIB)
}

impl ReservationRule {
    fn kept(self, capacity: &ResourceList) -> Kept {
        let cpu = capacity.cpu.map_or(0, MilliCpu::get);
        let memory = capacity.memory.map_or(0, Bytes::get);
        let storage = capacity.ephemeral_storage.map_or(0, Bytes::get);
        let pods = capacity.pods.unwrap_or(0);
        // kubelet evicts below 100 MiB of free memory, and below a tenth of the disk.
        let (evicted, disk) = (100 * MIB, storage / 10);
        match self {
            Self::Eks => Kept {
                cpu: reserved_cpu(cpu),
                memory: pods.saturating_mul(11).saturating_add(255).saturating_mul(MIB).saturating_add(evicted),
                storage: GIB + disk,
            },
            Self::Gke => Kept {
                cpu: reserved_cpu(cpu),
                memory: reserved_memory_of_gke(memory) + evicted,
                storage: reserved_storage_of_gke(storage) + disk,
            },
            Self::Aks => Kept {
                cpu: reserved_cpu_of_aks(cpu),
                memory: reserved_memory_of_aks(memory, pods) + evicted,
                storage: disk,
            },
            Self::Kwok => Kept { cpu: 100, memory: 10 * MIB, storage: 0 },
            Self::None => Kept::default(),
        }
    }

    /// What a node of this capacity offers to pods. Resources of which nothing is kept are offered whole.
    #[must_use]
    pub fn allocatable(self, capacity: &ResourceList) -> ResourceList {
        let kept = self.kept(capacity);
        let mut allocatable = capacity.clone();
        allocatable.cpu = capacity.cpu.map(|cpu| MilliCpu::new((cpu.get() - kept.cpu).max(0)));
        let bytes = |amount: Bytes, kept: i64| Bytes::new((amount.get() - kept).max(0));
        allocatable.memory = capacity.memory.map(|memory| bytes(memory, kept.memory));
        allocatable.ephemeral_storage = capacity.ephemeral_storage.map(|storage| bytes(storage, kept.storage));
        allocatable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(cores: i64, mebibytes: i64, pods: i64) -> ResourceList {
        ResourceList {
            cpu: Some(MilliCpu::new(cores * 1000)),
            memory: Some(Bytes::new(mebibytes * MIB)),
            pods: Some(pods),
            ..ResourceList::default()
        }
    }

    #[test]
    fn eks_keeps_by_cores_and_pods() {
        // (cores, pods by interfaces, kube-reserved CPU, kube-reserved MiB), as the EKS images configure kubelet.
        let cases = [
            ("t3.medium", 2, (3, 6), 17, 70, 442),
            ("m5.large", 2, (3, 10), 29, 70, 574),
            ("m5.xlarge", 4, (4, 15), 58, 80, 893),
            ("m5.4xlarge", 16, (8, 30), 234, 110, 2829),
            ("m5.24xlarge", 96, (15, 50), 737, 310, 8362),
        ];
        for (name, cores, (interfaces, addresses), pods, cpu, mebibytes) in cases {
            assert_eq!(pods_by_interfaces(interfaces, addresses), pods, "{name}");
            let capacity = list(cores, 512 * 1024, pods);
            let offered = ReservationRule::Eks.allocatable(&capacity);
            assert_eq!(offered.cpu, Some(MilliCpu::new(cores * 1000 - cpu)), "{name}");
            assert_eq!(offered.memory, Some(Bytes::new((512 * 1024 - mebibytes - 100) * MIB)), "{name}");
        }
    }

    #[test]
    fn gke_keeps_by_tiers() {
        // Allocatable of machine types in the documentation of GKE: millicores, and GiB to one digit.
        let cases = [
            ("n1-standard-1", 1, 3840, 940, 2.7),
            ("n1-standard-2", 2, 7680, 1930, 5.7),
            ("n1-standard-4", 4, 15_360, 3920, 12.3),
            ("n1-standard-8", 8, 30_720, 7910, 26.6),
            ("n1-standard-16", 16, 61_440, 15_890, 54.7),
            ("n1-standard-32", 32, 122_880, 31_850, 111.2),
            ("n1-standard-64", 64, 245_760, 63_770, 228.4),
        ];
        for (name, cores, mebibytes, cpu, gibibytes) in cases {
            let offered = ReservationRule::Gke.allocatable(&list(cores, mebibytes, 110));
            assert_eq!(offered.cpu, Some(MilliCpu::new(cpu)), "{name}");
            let memory = offered.memory.map_or(0.0, Bytes::as_f64) / Bytes::new(GIB).as_f64();
            assert!((memory - gibibytes).abs() <= 0.15, "{name}: {memory}");
        }
        assert_eq!(reserved_memory_of_gke(GIB / 2), 255 * MIB, "a machine with less than 1 GiB");
    }

    #[test]
    fn aks_keeps_by_table() {
        for (cores, kept) in [(1, 60), (2, 100), (4, 140), (8, 180), (16, 260), (32, 420), (64, 740)] {
            assert_eq!(reserved_cpu_of_aks(cores * 1000), kept, "{cores} cores");
        }
        // The two examples of the page: 8 GB and 30 pods, 4 GB and 70 pods.
        assert_eq!(reserved_memory_of_aks(8 * GIB, 30), 650 * MIB);
        assert_eq!(reserved_memory_of_aks(4 * GIB, 70), GIB);
        let offered = ReservationRule::Aks.allocatable(&list(4, 16 * 1024, 30));
        assert_eq!(offered.memory, Some(Bytes::new((16 * 1024 - 650 - 100) * MIB)));
    }

    #[test]
    fn a_small_node_offers_nothing_rather_than_less() {
        let offered = ReservationRule::Eks.allocatable(&list(1, 128, 110));
        assert_eq!(offered.memory, Some(Bytes::ZERO));
        assert_eq!(ReservationRule::None.allocatable(&list(1, 128, 110)), list(1, 128, 110));
    }
}
