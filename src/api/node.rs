//! Nodes.

use super::{ApiObject, Kind, Labels, Name, ObjectMeta, ResourceList, Taint};

/// Label and taint keys that Kubernetes itself uses.
pub mod well_known {
    /// Node label: the node's host name.
    pub const HOSTNAME: &str = "kubernetes.io/hostname";
    /// Node label: zone.
    pub const ZONE: &str = "topology.kubernetes.io/zone";
    /// Node label: region.
    pub const REGION: &str = "topology.kubernetes.io/region";
    /// Node label: zone, before 1.17.
    pub const ZONE_BETA: &str = "failure-domain.beta.kubernetes.io/zone";
    /// Node label: region, before 1.17.
    pub const REGION_BETA: &str = "failure-domain.beta.kubernetes.io/region";
    /// Node label: instance type.
    pub const INSTANCE_TYPE: &str = "node.kubernetes.io/instance-type";
    /// Node label: instance type, before 1.17.
    pub const INSTANCE_TYPE_BETA: &str = "beta.kubernetes.io/instance-type";
    /// Node label: operating system.
    pub const OS: &str = "kubernetes.io/os";
    /// Node label: operating system, before 1.14.
    pub const OS_BETA: &str = "beta.kubernetes.io/os";
    /// Node label: processor architecture.
    pub const ARCH: &str = "kubernetes.io/arch";
    /// Node label: processor architecture, before 1.14.
    pub const ARCH_BETA: &str = "beta.kubernetes.io/arch";
    /// Taint: condition Ready is False.
    pub const TAINT_NOT_READY: &str = "node.kubernetes.io/not-ready";
    /// Taint: condition Ready is Unknown.
    pub const TAINT_UNREACHABLE: &str = "node.kubernetes.io/unreachable";
    /// Taint: an operator says that the node is shut down and will not come back.
    pub const TAINT_OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";
    /// Taint: cordoned.
    pub const TAINT_UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";
    /// Taint: under memory pressure.
    pub const TAINT_MEMORY_PRESSURE: &str = "node.kubernetes.io/memory-pressure";
    /// Taint: under disk pressure.
    pub const TAINT_DISK_PRESSURE: &str = "node.kubernetes.io/disk-pressure";
    /// Taint: out of process ids.
    pub const TAINT_PID_PRESSURE: &str = "node.kubernetes.io/pid-pressure";
    /// Taint: network not configured.
    pub const TAINT_NETWORK_UNAVAILABLE: &str = "node.kubernetes.io/network-unavailable";
    /// Pod label: hash of the template, added by the Deployment controller.
    pub const POD_TEMPLATE_HASH: &str = "pod-template-hash";
    /// Pod label: revision of the template, added by the StatefulSet and DaemonSet controllers.
    pub const CONTROLLER_REVISION_HASH: &str = "controller-revision-hash";
    /// Pod label: generation of a DaemonSet's template, added by the DaemonSet controller.
    pub const POD_TEMPLATE_GENERATION: &str = "pod-template-generation";
    /// Pod label: the pod's name, added by the StatefulSet controller.
    pub const STATEFUL_SET_POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
    /// Pod label: the pod's ordinal, added by the StatefulSet controller.
    pub const POD_INDEX: &str = "apps.kubernetes.io/pod-index";
    /// Pod annotation: lower is deleted first.
    pub const POD_DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
}

/// An image in `status.images`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerImage {
    /// All names of the image.
    pub names: Vec<Name>,
    /// Size in bytes.
    pub size_bytes: i64,
}

/// A node: labels, taints, what it offers. Runtime state (conditions, pods) is the cluster's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Name, labels, annotations.
    pub meta: ObjectMeta,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`: cordoned.
    pub unschedulable: bool,
    /// `status.capacity`.
    pub capacity: ResourceList,
    /// `status.allocatable`; equal to the capacity where a manifest does not give it.
    pub allocatable: ResourceList,
    /// `status.images`.
    pub images: Vec<ContainerImage>,
    /// `status.declaredFeatures`.
    pub declared_features: Vec<Name>,
}

impl Node {
    /// The zone label's value, falling back to the beta label.
    #[must_use]
    pub fn zone(&self) -> Option<&Name> {
        labelled(&self.meta.labels, well_known::ZONE, well_known::ZONE_BETA)
    }

    /// The region label's value, falling back to the beta label.
    #[must_use]
    pub fn region(&self) -> Option<&Name> {
        labelled(&self.meta.labels, well_known::REGION, well_known::REGION_BETA)
    }
}

impl ApiObject for Node {
    fn kind(&self) -> Kind {
        Kind::Node
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }
}

/// The value under `key`, else under `beta_key`.
fn labelled<'a>(labels: &'a Labels, key: &str, beta_key: &str) -> Option<&'a Name> {
    labels.get(key).or_else(|| labels.get(beta_key))
}

/// Labels of nodes with their deprecated twins, which kubelets and cloud controller managers go on setting
/// (`pkg/kubelet/kubelet_node_status.go`, `cloud-provider/controllers/node`, Kubernetes 1.36).
const DEPRECATED_TWINS: [(&str, &str); 5] = [
    (well_known::OS, well_known::OS_BETA),
    (well_known::ARCH, well_known::ARCH_BETA),
    (well_known::INSTANCE_TYPE, well_known::INSTANCE_TYPE_BETA),
    (well_known::REGION, well_known::REGION_BETA),
    (well_known::ZONE, well_known::ZONE_BETA),
];

/// The labels with what of each pair of a label and its deprecated twin is missing, if the other is there.
#[must_use]
pub fn with_deprecated_twins(labels: &Labels) -> Labels {
    let both_ways = DEPRECATED_TWINS.iter().flat_map(|(label, twin)| [(label, twin), (twin, label)]);
    both_ways.fold(labels.clone(), |known, (present, missing)| match labels.get(present) {
        Some(value) if !labels.contains_key(missing) => known.with(missing, value),
        _ => known,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_their_deprecated_twins() {
        let of = |labels: &[(&str, &str)]| labels.iter().copied().collect::<Labels>();
        let cases = [
            (
                of(&[("kubernetes.io/os", "linux")]),
                of(&[("beta.kubernetes.io/os", "linux"), ("kubernetes.io/os", "linux")]),
            ),
            (
                of(&[("failure-domain.beta.kubernetes.io/zone", "a"), ("tier", "web")]),
                of(&[
                    ("failure-domain.beta.kubernetes.io/zone", "a"),
                    ("tier", "web"),
                    ("topology.kubernetes.io/zone", "a"),
                ]),
            ),
            (
                of(&[("kubernetes.io/arch", "arm64"), ("beta.kubernetes.io/arch", "amd64")]),
                of(&[("kubernetes.io/arch", "arm64"), ("beta.kubernetes.io/arch", "amd64")]),
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(with_deprecated_twins(&given), expected);
        }
    }
}
