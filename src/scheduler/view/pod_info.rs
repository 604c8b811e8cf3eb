//! A pod as the scheduler sees it, and what is computed once for all pods of a template.

use super::resources::{PlacedRequests, PodRequests};
use crate::api::{
    Affinity, HostPortProtocol, KubernetesVersion, Labels, Name, OwnerReference, Pod, PodSpec, PodTemplate,
    TopologySpreadConstraint, Volume, VolumeSource, normalized_image_name,
};
use crate::cluster::PodId;
use crate::units::SimTime;
use std::ops::Deref;
use std::sync::Arc;

/// A port of the node that a pod occupies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort {
    /// Address; `0.0.0.0` is every address.
    pub ip: Name,
    /// Protocol.
    pub protocol: HostPortProtocol,
    /// Port.
    pub port: u16,
}

impl HostPort {
    /// The address that stands for every address.
    pub const ANY_IP: &'static str = "0.0.0.0";

    /// Whether two ports cannot be on one node (`HostPortInfo.CheckConflict`, kube-scheduler 1.36).
    #[must_use]
    pub fn conflicts_with(&self, used: &Self) -> bool {
        self.port == used.port
            && self.protocol == used.protocol
            && (self.ip == used.ip || *self.ip == *Self::ANY_IP || *used.ip == *Self::ANY_IP)
    }
}

/// A feature that a node must declare (`status.declaredFeatures`) before the pod can run there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeclaredFeature {
    /// A restart rule with the action `RestartAllContainers`.
    RestartAllContainersOnContainerExits,
    /// A pod with its own user namespace on the host's network.
    UserNamespacesHostNetworkSupport,
}

impl DeclaredFeature {
    /// The name in `status.declaredFeatures`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RestartAllContainersOnContainerExits => "RestartAllContainersOnContainerExits",
            Self::UserNamespacesHostNetworkSupport => "UserNamespacesHostNetworkSupport",
        }
    }
}

/// What the plugins want to know of a pod template; computed once and shared by its pods.
#[derive(Clone, Debug, Default)]
pub struct PodTraits {
    /// Requests.
    pub requests: PodRequests,
    /// Host ports of app containers and sidecars.
    pub host_ports: Vec<HostPort>,
    /// Images of init and app containers with their tag, once per container.
    pub container_images: Vec<Name>,
    /// Images of image volumes with their tag.
    pub volume_images: Vec<Name>,
    /// Features that the node must declare.
    pub required_features: Vec<DeclaredFeature>,
}

impl PodTraits {
    /// Computes what the plugins want to know.
    #[must_use]
    pub fn of(spec: &PodSpec) -> Self {
        let sidecars = spec.init_containers.iter().filter(|container| container.is_sidecar);
        let ports = spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports);
        let host_ports = ports
            .filter(|port| port.host_port > 0)
            .map(|port| HostPort {
                ip: if port.host_ip.is_empty() { Name::from(HostPort::ANY_IP) } else { port.host_ip.clone() },
                protocol: port.protocol,
                port: port.host_port,
            })
            .collect();
        let containers = || spec.init_containers.iter().chain(&spec.containers);
        let mut required_features = Vec::new();
        if containers().any(|container| container.restarts_all_containers) {
            required_features.push(DeclaredFeature::RestartAllContainersOnContainerExits);
        }
        if spec.host_network && spec.host_users == Some(false) {
            required_features.push(DeclaredFeature::UserNamespacesHostNetworkSupport);
        }
        Self {
            requests: PodRequests::of_spec(spec),
            host_ports,
            container_images: containers().map(|container| normalized_image_name(&container.image)).collect(),
            volume_images: spec.image_volumes.iter().map(|image| normalized_image_name(image)).collect(),
            required_features,
        }
    }
}

/// Where a pod comes from: what it shares with the other pods that were made from the same template for the same owner.
#[derive(Clone, Debug)]
pub struct PodOrigin {
    /// Namespace.
    pub namespace: Name,
    /// Its labels: those of the template and what was added later.
    pub labels: Labels,
    /// The template.
    pub template: Arc<PodTemplate>,
    /// What the template's pods share.
    pub traits: Arc<PodTraits>,
    /// The controlling owner.
    pub owner: Option<OwnerReference>,
}

impl PodOrigin {
    /// The origin of a pod of a manifest or dump. `traits` are those of its template ([`PodTraits::of`]).
    #[must_use]
    pub fn of(pod: &Pod, traits: Arc<PodTraits>) -> Self {
        Self {
            namespace: pod.meta.namespace.clone(),
            labels: pod.template.labels.clone(),
            template: Arc::clone(&pod.template),
            traits,
            owner: pod.meta.owner.clone(),
        }
    }
}

/// A pod as the scheduler sees it. Immutable: a change of the pod is a new value.
#[derive(Clone, Debug)]
pub struct PodInfo {
    /// Its id in the cluster.
    pub id: PodId,
    /// What it shares with others, whose fields are read as if the pod had them itself.
    pub origin: Arc<PodOrigin>,
    /// Name.
    pub name: Name,
    /// `metadata.uid`: what the claims of its ephemeral volumes name as their owner; may be missing where it has none.
    pub uid: Option<Name>,
    /// What the pod takes on its node, where in-place resize makes that differ from its template.
    pub resized: Option<Box<PlacedRequests>>,
    /// `spec.nodeName`.
    pub node_name: Option<Name>,
    /// `status.nominatedNodeName`.
    pub nominated_node_name: Option<Name>,
    /// `status.startTime`.
    pub start_time: Option<SimTime>,
    /// Deletion was requested.
    pub terminating: bool,
    /// Condition DisruptionTarget is True with reason PreemptionByScheduler.
    pub preempted_by_scheduler: bool,
}

impl Deref for PodInfo {
    type Target = PodOrigin;

    fn deref(&self) -> &PodOrigin {
        &self.origin
    }
}

/// Where a pod comes from, by address: what decisions and queueing hints read of a pod without claims, so that pods of one
/// address are treated alike. The address means something as long as one of the pods is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OriginAddress(usize);

impl PodInfo {
    /// What tells which pods are treated alike.
    #[must_use]
    pub fn origin_address(&self) -> OriginAddress {
        OriginAddress(Arc::as_ptr(&self.origin).addr())
    }

    /// The pod of a manifest or dump. `traits` are those of its template ([`PodTraits::of`]).
    #[must_use]
    pub fn new(id: PodId, pod: &Pod, traits: Arc<PodTraits>, version: KubernetesVersion) -> Self {
        Self::with_origin(id, pod, Arc::new(PodOrigin::of(pod, traits)), version)
    }

    /// The pod of a manifest or dump, whose origin is known.
    #[must_use]
    pub fn with_origin(id: PodId, pod: &Pod, origin: Arc<PodOrigin>, version: KubernetesVersion) -> Self {
        let status = &pod.status;
        let reports_resources = status.pod_requests.is_some()
            || !status.container_resources.is_empty()
            || !status.init_container_resources.is_empty();
        Self {
            id,
            origin,
            name: pod.meta.name.clone(),
            uid: Some(pod.meta.uid.clone()),
            resized: reports_resources.then(|| Box::new(PlacedRequests::of(&pod.template.spec, Some(status), version))),
            node_name: pod.node_name.clone(),
            nominated_node_name: status.nominated_node_name.clone(),
            start_time: status.start_time,
            terminating: pod.meta.deletion_time.is_some(),
            preempted_by_scheduler: status.disruption_target.as_deref() == Some("PreemptionByScheduler"),
        }
    }

    /// The spec.
    #[must_use]
    pub fn spec(&self) -> &PodSpec {
        &self.template.spec
    }

    /// Requests by its spec.
    #[must_use]
    pub fn requests(&self) -> &PodRequests {
        &self.traits.requests
    }

    /// What it takes on a node.
    #[must_use]
    pub fn placed(&self) -> &PlacedRequests {
        self.resized.as_deref().unwrap_or(&self.traits.requests.placed)
    }

    /// `spec.priority`.
    #[must_use]
    pub fn priority(&self) -> i32 {
        self.template.spec.priority
    }

    /// `spec.affinity`.
    #[must_use]
    pub fn affinity(&self) -> Option<&Affinity> {
        self.template.spec.affinity.as_deref()
    }

    /// `spec.topologySpreadConstraints`.
    #[must_use]
    pub fn spread_constraints(&self) -> &[TopologySpreadConstraint] {
        &self.template.spec.topology_spread_constraints
    }

    /// The claim behind one of its volumes; the claim of an ephemeral volume is named after pod and volume.
    #[must_use]
    pub fn claim_name(&self, volume: &Volume) -> Option<Name> {
        match &volume.source {
            VolumeSource::PersistentVolumeClaim(claim) => Some(claim.clone()),
            VolumeSource::Ephemeral => Some(Name::from(format!("{}-{}", self.name, volume.name))),
            VolumeSource::ClaimTemplate => Some(Name::from(format!("{}-{}", volume.name, self.name))),
            _ => None,
        }
    }

    /// The claims that its spec names, those of ephemeral volumes excepted.
    pub fn claim_names(&self) -> impl Iterator<Item = Name> {
        let named = self.spec().volumes.iter().filter(|volume| volume.source != VolumeSource::Ephemeral);
        named.filter_map(|volume| self.claim_name(volume))
    }

    /// Whether it has any affinity or anti-affinity to pods.
    #[must_use]
    pub fn has_pod_affinity(&self) -> bool {
        self.affinity().is_some_and(|affinity| {
            !(affinity.pod_required.is_empty()
                && affinity.pod_preferred.is_empty()
                && affinity.pod_anti_required.is_empty()
                && affinity.pod_anti_preferred.is_empty())
        })
    }

    /// Whether it has terms that count in the score of other pods: all but required anti-affinity.
    #[must_use]
    pub fn has_scored_affinity(&self) -> bool {
        self.affinity().is_some_and(|affinity| {
            !(affinity.pod_required.is_empty()
                && affinity.pod_preferred.is_empty()
                && affinity.pod_anti_preferred.is_empty())
        })
    }

    /// Whether it has required anti-affinity to pods.
    #[must_use]
    pub fn has_required_anti_affinity(&self) -> bool {
        self.affinity().is_some_and(|affinity| !affinity.pod_anti_required.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_ports_conflict_by_protocol_port_and_address() {
        let port = |ip: &str, protocol, port| HostPort { ip: ip.into(), protocol, port };
        use HostPortProtocol::{Tcp, Udp};
        let cases = [
            (port("0.0.0.0", Tcp, 80), port("10.0.0.1", Tcp, 80), true, "every address"),
            (port("10.0.0.1", Tcp, 80), port("10.0.0.2", Tcp, 80), false, "other address"),
            (port("10.0.0.1", Tcp, 80), port("10.0.0.1", Tcp, 80), true, "same"),
            (port("0.0.0.0", Tcp, 80), port("0.0.0.0", Udp, 80), false, "other protocol"),
            (port("0.0.0.0", Tcp, 80), port("0.0.0.0", Tcp, 81), false, "other port"),
        ];
        for (one, another, expected, why) in cases {
            assert_eq!(one.conflicts_with(&another), expected, "{why}");
            assert_eq!(another.conflicts_with(&one), expected, "{why}");
        }
    }
}
