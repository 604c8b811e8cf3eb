//! A row of a catalogue as an instance type: capacity, what the cloud keeps of it, labels.

use super::entry::Cloud;
use super::reservation::{ReservationRule, pods_by_interfaces};
use crate::api::{InstanceType, Labels, Name, Offering, ResourceFormats, ResourceList, well_known};
use crate::units::{Bytes, MilliCpu};

const MIB: i64 = 1 << 20;
const GIB: i64 = 1 << 30;

/// What a row says of a machine.
#[derive(Clone, Debug)]
pub(super) struct Machine<'a> {
    /// The cloud, whose rules say what a node offers; none is a cloud of which nothing is known.
    pub cloud: Option<Cloud>,
    pub region: &'a str,
    pub name: &'a str,
    pub architecture: &'a str,
    pub cpu: MilliCpu,
    /// Memory as the cloud sells it.
    pub memory: Bytes,
    /// Name of the extended resource of its accelerators, and how many there are.
    pub accelerators: Option<(&'a str, i64)>,
    /// Network interfaces and addresses of each, of EC2.
    pub interfaces: Option<(i64, i64)>,
}

/// The part of an EC2 instance's memory that its operating system does not see, in thousandths:
/// `vm-memory-overhead-percent` of Karpenter for AWS.
const AWS_HIDDEN_MEMORY: i64 = 75;

/// Pods of a node where the network sets no limit: kubelet's and GKE's default, and that of AKS' portal.
const DEFAULT_PODS: i64 = 110;

impl Machine<'_> {
    /// The machine as an instance type with these offerings.
    pub fn instance_type(&self, offerings: Vec<Offering>) -> InstanceType {
        let capacity = self.capacity();
        let rule = match self.cloud {
            Some(Cloud::Aws) => ReservationRule::Eks,
            Some(Cloud::Gcp) => ReservationRule::Gke,
            Some(Cloud::Azure) => ReservationRule::Aks,
            None => ReservationRule::None,
        };
        InstanceType {
            name: self.name.into(),
            architecture: self.architecture.into(),
            operating_systems: vec!["linux".into()],
            allocatable: rule.allocatable(&capacity),
            capacity,
            labels: self.labels(),
            offerings,
        }
    }

    fn capacity(&self) -> ResourceList {
        let memory = self.memory.get();
        // Whole MiB, rounded against the node, as Karpenter does.
        let hidden = memory / 1000 * AWS_HIDDEN_MEMORY + memory % 1000 * AWS_HIDDEN_MEMORY / 1000;
        let memory = match self.cloud {
            Some(Cloud::Aws) => memory - (hidden + MIB - 1) / MIB * MIB,
            _ => memory,
        };
        let disk = match self.cloud {
            // The root volume of Karpenter's EC2NodeClass, the boot disk of GKE, the OS disk of AKS.
            Some(Cloud::Aws) => Some(20 * GIB),
            Some(Cloud::Gcp) => Some(100 * GIB),
            Some(Cloud::Azure) => Some(128 * GIB),
            None => None,
        };
        let pods =
            self.interfaces.map_or(DEFAULT_PODS, |(interfaces, addresses)| pods_by_interfaces(interfaces, addresses));
        ResourceList {
            cpu: Some(self.cpu),
            memory: Some(Bytes::new(memory)),
            ephemeral_storage: disk.map(Bytes::new),
            pods: Some(pods),
            scalar: self.accelerators.iter().map(|(name, count)| (Name::from(*name), *count)).collect(),
            formats: ResourceFormats::default(),
        }
    }

    /// The labels by which Karpenter's providers tell their types apart, as far as a row says them, and the region.
    fn labels(&self) -> Labels {
        let mut labels: Vec<(String, String)> = Vec::new();
        let mut add = |key: &str, value: String| {
            if !value.is_empty() {
                labels.push((key.to_owned(), value));
            }
        };
        add(well_known::REGION, self.region.to_owned());
        let cores = (self.cpu.get() / 1000).to_string();
        let mebibytes = (self.memory.get() / MIB).to_string();
        match self.cloud {
            Some(Cloud::Aws) => {
                let (family, size) = self.name.split_once('.').unwrap_or((self.name, ""));
                let category: String = family.chars().take_while(char::is_ascii_alphabetic).collect();
                let generation: String = family.chars().skip(category.len()).take_while(char::is_ascii_digit).collect();
                add("karpenter.k8s.aws/instance-category", category);
                add("karpenter.k8s.aws/instance-family", family.to_owned());
                add("karpenter.k8s.aws/instance-generation", generation);
                add("karpenter.k8s.aws/instance-size", size.to_owned());
                add("karpenter.k8s.aws/instance-cpu", cores);
                add("karpenter.k8s.aws/instance-memory", mebibytes);
                if let Some((_, count)) = self.accelerators {
                    add("karpenter.k8s.aws/instance-gpu-count", count.to_string());
                }
            }
            Some(Cloud::Gcp) => {
                let mut parts = self.name.split('-');
                let family = parts.next().unwrap_or_default();
                let generation: String = family.chars().filter(char::is_ascii_digit).collect();
                add("karpenter.k8s.gcp/instance-family", family.to_owned());
                add("karpenter.k8s.gcp/instance-generation", generation);
                add("karpenter.k8s.gcp/instance-shape", parts.next().unwrap_or_default().to_owned());
                add("karpenter.k8s.gcp/instance-size", parts.next().unwrap_or_default().to_owned());
                add("karpenter.k8s.gcp/instance-cpu", cores);
                add("karpenter.k8s.gcp/instance-memory", mebibytes);
                if let Some((_, count)) = self.accelerators {
                    add("karpenter.k8s.gcp/instance-gpu-count", count.to_string());
                }
            }
            Some(Cloud::Azure) => {
                let size = self.name.strip_prefix("Standard_").unwrap_or(self.name);
                let family: String = size.chars().take_while(char::is_ascii_alphabetic).collect();
                let version = size.rsplit_once("_v").map_or("1", |(_, version)| version);
                add("karpenter.azure.com/sku-name", self.name.to_owned());
                add("karpenter.azure.com/sku-family", family);
                add("karpenter.azure.com/sku-version", version.to_owned());
                add("karpenter.azure.com/sku-cpu", cores);
                add("karpenter.azure.com/sku-memory", mebibytes);
                if let Some((_, count)) = self.accelerators {
                    add("karpenter.azure.com/sku-gpu-count", count.to_string());
                }
            }
            None => {}
        }
        labels.into_iter().map(|(key, value)| (Name::from(key), Name::from(value))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_instance_types() {
        let machine = Machine {
            cloud: Some(Cloud::Aws),
            region: "us-east-1",
            name: "g5.2xlarge",
            architecture: "amd64",
            cpu: MilliCpu::new(8000),
            memory: Bytes::new(32 * GIB),
            accelerators: Some(("nvidia.com/gpu", 1)),
            interfaces: Some((4, 15)),
        };
        let made = machine.instance_type(Vec::new());
        assert_eq!(made.capacity.pods, Some(58));
        assert_eq!(made.capacity.memory, Some(Bytes::new((32 * 1024 - 2458) * MIB)), "7.5 % of 32 GiB are 2457.6 MiB");
        assert_eq!(made.allocatable.memory, Some(Bytes::new((32 * 1024 - 2458 - 893 - 100) * MIB)));
        assert_eq!(made.allocatable.cpu, Some(MilliCpu::new(7910)));
        assert_eq!(made.allocatable.scalar("nvidia.com/gpu"), Some(1));
        let labels = [
            ("karpenter.k8s.aws/instance-category", "g"),
            ("karpenter.k8s.aws/instance-generation", "5"),
            ("karpenter.k8s.aws/instance-size", "2xlarge"),
            ("karpenter.k8s.aws/instance-memory", "32768"),
            ("topology.kubernetes.io/region", "us-east-1"),
        ];
        for (key, value) in labels {
            assert_eq!(made.labels.get(key).map(|found| &**found), Some(value), "{key}");
        }
        let azure = Machine { cloud: Some(Cloud::Azure), name: "Standard_D4s_v5", interfaces: None, ..machine };
        let made = azure.instance_type(Vec::new());
        assert_eq!(made.labels.get("karpenter.azure.com/sku-family").map(|found| &**found), Some("D"));
        assert_eq!(made.labels.get("karpenter.azure.com/sku-version").map(|found| &**found), Some("5"));
        assert_eq!(made.capacity.memory, Some(Bytes::new(32 * GIB)), "as sold");
    }
}
