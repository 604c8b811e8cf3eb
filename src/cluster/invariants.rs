//! What must hold of the state at any time; checked after every event in tests.

use super::{Cluster, Owner};

impl Cluster {
    /// Every invariant that is violated, in words; empty if all is well. Costs a walk over all state.
    pub fn violated_invariants(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (id, node) in self.nodes() {
            for pod in &node.pods {
                if self.pod(*pod).node != Some(id) || !self.pod(*pod).exists() {
                    violations.push(format!(
                        "node {} lists pod {}, which is not there",
                        node.object.meta.name,
                        self.pod(*pod).name
                    ));
                }
            }
            let (mut cpu, mut memory, mut pods) = (0, 0, 0_i64);
            for pod in node.pods.iter().filter(|pod| self.pod(**pod).occupies_node()) {
                let requests = &self.template_of(*pod).requests;
                cpu += requests.cpu.get();
                memory += requests.memory.get();
                pods += 1;
            }
            let allocatable = &node.object.allocatable;
            let over = |requested: i64, offered: Option<i64>| requested > 0 && requested > offered.unwrap_or(0);
            if over(cpu, allocatable.cpu.map(crate::units::MilliCpu::get))
                || over(memory, allocatable.memory.map(crate::units::Bytes::get))
                || over(pods, allocatable.pods)
            {
                violations.push(format!("node {} holds more than it offers", node.object.meta.name));
            }
        }
        let objects = (self.nodes().map(|(_, node)| (&node.object.meta.name, node.resource_version)))
            .chain(self.pods().map(|(_, pod)| (&pod.name, pod.resource_version)))
            .chain(
                self.deployments().map(|(_, deployment)| (&deployment.object.meta.name, deployment.resource_version)),
            )
            .chain(self.replica_sets().map(|(_, set)| (&set.name, set.resource_version)))
            .chain(self.stateful_sets().map(|(_, set)| (&set.object.meta.name, set.resource_version)))
            .chain(self.daemon_sets().map(|(_, set)| (&set.object.meta.name, set.resource_version)))
            .chain(self.services().map(|(_, service)| (&service.object.meta.name, service.resource_version)))
            .chain(self.hpas().map(|(_, hpa)| (&hpa.object.meta.name, hpa.resource_version)));
        for (name, version) in objects.filter(|(_, version)| !self.versions.has_given(*version)) {
            violations.push(format!("{name} has resourceVersion {version}, which was not given"));
        }
        for (id, pod) in self.pods() {
            if let Some(node) = pod.node
                && pod.exists() != self.node(node).pods.contains(&id)
            {
                violations.push(format!("pod {} and its node disagree", pod.name));
            }
            if pod.bound.is_some_and(|bound| bound < pod.created) || pod.running < pod.bound && pod.running.is_some() {
                violations.push(format!("pod {} has times out of order", pod.name));
            }
        }
        for (id, replica_set) in self.replica_sets() {
            let active = |pod: &&super::PodId| self.pod(**pod).is_active();
            let counted = replica_set.pods.iter().filter(active).count();
            if usize::try_from(replica_set.active) != Ok(counted) {
                violations.push(format!(
                    "ReplicaSet {} counts {} active pods of {counted}",
                    replica_set.name, replica_set.active
                ));
            }
            let ready = replica_set.pods.iter().filter(active).filter(|pod| self.pod(**pod).ready).count();
            if usize::try_from(replica_set.ready) != Ok(ready) {
                violations.push(format!(
                    "ReplicaSet {} counts {} ready pods of {ready}",
                    replica_set.name, replica_set.ready
                ));
            }
            if replica_set.pods.iter().any(|pod| self.pod(*pod).owner != Owner::ReplicaSet(id)) {
                violations.push(format!("ReplicaSet {} lists a pod of another owner", replica_set.name));
            }
        }
        violations
    }
}
