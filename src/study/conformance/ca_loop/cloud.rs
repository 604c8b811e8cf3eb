//! The scripted cluster as the autoscaler sees it: cloud, API server and evictions.

use super::cluster::{Machine, ScriptedCluster};
use super::objects::{app_selector, daemon_name, daemon_pod, error_of};
use crate::api::{self, Name, PodPhase};
use crate::autoscaler::cluster_autoscaler::environment::{
    Budget, Environment, Event, Evicted, GroupId, Instance, Mark, NodeGroup, ObservedNode, PodFacts,
};
use crate::autoscaler::cluster_autoscaler::taints;
use crate::cluster::{NodeId, PodId};
use crate::scheduler::{KubernetesVersion, PodInfo, PodOrigins};
use crate::units::SimDuration;
use std::sync::Arc;

impl Environment for ScriptedCluster<'_> {
    fn groups(&self) -> Vec<NodeGroup> {
        let described = self.groups.iter().zip(&self.sequence.groups);
        described
            .map(|(state, group)| {
                let mut options = self.defaults.group;
                if let Some(threshold) = group.scale_down_utilization_threshold {
                    options.scale_down_utilization_threshold = threshold;
                }
                if let Some(seconds) = group.scale_down_unneeded_seconds {
                    options.scale_down_unneeded_time = SimDuration::from_secs(seconds);
                }
                if let Some(ignore) = group.ignore_daemon_sets_utilization {
                    options.ignore_daemonsets_utilization = ignore;
                }
                NodeGroup {
                    name: group.name.as_str().into(),
                    min: state.min,
                    max: state.max,
                    target: state.target,
                    options,
                }
            })
            .collect()
    }

    fn nodes(&self) -> Vec<ObservedNode> {
        let nodes = self.machines.iter().enumerate();
        nodes
            .filter_map(|(index, machine)| {
                let node = machine.node.as_ref()?;
                Some(ObservedNode {
                    id: NodeId::from_index(index),
                    object: Arc::clone(&node.object),
                    ready: node.ready,
                    ready_changed: node.ready_changed,
                    created: node.created,
                    group: Some(GroupId::from_index(machine.group)),
                    has_instance: machine.deleted.is_none(),
                })
            })
            .collect()
    }

    fn id_bounds(&self) -> (usize, usize) {
        (self.machines.len(), self.pods.len())
    }

    fn instances(&self, group: GroupId) -> Vec<Instance> {
        let here = |machine: &&Machine| machine.group == group.index() && machine.deleted.is_none();
        let instances = self.machines.iter().filter(here).map(|machine| Instance {
            name: machine.name.clone(),
            error: error_of(&machine.mode),
            deleting: false,
        });
        instances.collect()
    }

    fn template(&self, group: GroupId) -> Option<Arc<api::Node>> {
        self.groups.get(group.index()).map(|group| Arc::clone(&group.template))
    }

    fn daemon_pods(&self, node: &api::Node) -> Vec<Arc<PodInfo>> {
        let mut origins = PodOrigins::default();
        let pods = self.sequence.daemon_sets.iter().map(|set| daemon_pod(set, daemon_name(set, &node.meta.name)));
        pods.map(|pod| origins.pod_info(PodId::from_index(0), &pod, KubernetesVersion::V1_36)).collect()
    }

    fn unschedulable(&self) -> Vec<Arc<PodInfo>> {
        self.pending().map(|pod| Arc::clone(&pod.info)).collect()
    }

    fn chunks(&self) -> Vec<Arc<PodInfo>> {
        Vec::new()
    }

    fn pod(&self, pod: PodId) -> Option<PodFacts> {
        let pod = self.pods.get(pod.index()).filter(|pod| pod.exists)?;
        let phase = if pod.node.is_some() { PodPhase::Running } else { PodPhase::Pending };
        Some(PodFacts { created: pod.created, deleted: pod.deletion.map(|(asked, _)| asked), phase })
    }

    fn controller_replicas(&self, pod: PodId) -> Option<i32> {
        let workload = self.pods.get(pod.index())?.workload;
        Some(workload.map_or(1, |index| i32::try_from(self.workloads[index].wanted).unwrap_or(i32::MAX)))
    }

    fn budgets(&self) -> Vec<Budget> {
        let budgets = self.sequence.pdbs.iter().zip(&self.allowed);
        budgets
            .map(|(budget, allowed)| {
                let workload = self.sequence.workloads.iter().find(|workload| workload.name == budget.workload);
                Budget {
                    namespace: workload.map(|workload| workload.namespace.as_str().into()).unwrap_or_default(),
                    name: budget.name.as_str().into(),
                    selector: Some(app_selector(&budget.workload)),
                    disruptions_allowed: *allowed,
                }
            })
            .collect()
    }

    fn node_price_per_hour(&self, group: GroupId) -> Option<f64> {
        self.sequence.groups.get(group.index()).map(|group| group.price_per_hour)
    }

    fn pod_prices_per_hour(&self) -> (f64, f64) {
        (self.sequence.pricing.per_cpu_hour, self.sequence.pricing.per_gib_hour)
    }

    fn priorities(&self) -> Option<&str> {
        self.sequence.priorities_yaml.as_deref()
    }

    fn draw(&mut self, _: usize) -> usize {
        0
    }

    fn increase_size(&mut self, group: GroupId, delta: i64, _: &str) -> Result<(), String> {
        let name: Name = self.sequence.groups[group.index()].name.as_str().into();
        let state = &mut self.groups[group.index()];
        if state.target + delta > state.max || state.mode == "reject" {
            self.log.rejected.push((name, delta));
            return Err("refused".to_owned());
        }
        state.target += delta;
        let mode = state.mode.clone();
        self.log.increases.push((name, delta));
        for _ in (0..delta).filter(|_| mode != "absent") {
            self.add_machine(group.index(), &mode, self.now);
        }
        Ok(())
    }

    fn decrease_target_size(&mut self, group: GroupId, delta: i64) -> Result<(), String> {
        let instances = i64::try_from(self.instances(group).len()).unwrap_or(i64::MAX);
        let state = &mut self.groups[group.index()];
        if state.target - delta < instances {
            return Err("there are instances".to_owned());
        }
        state.target -= delta;
        Ok(())
    }

    fn delete_instances(&mut self, group: GroupId, names: &[Name], _: &str) -> Result<(), String> {
        for name in names {
            let Some(index) = self.machines.iter().position(|machine| machine.name == *name) else { continue };
            self.machines[index].deleted = Some(self.now);
            self.groups[group.index()].target -= 1;
            self.log.deleted.push((self.now, name.clone()));
            if self.sequence.groups[group.index()].delete_seconds == 0 && self.machines[index].node.is_some() {
                self.remove_node(NodeId::from_index(index));
            }
        }
        Ok(())
    }

    fn mark(&mut self, node: NodeId, mark: Mark, set: bool) {
        let now = self.now;
        let Some(state) = self.machines.get_mut(node.index()).and_then(|machine| machine.node.as_mut()) else { return };
        let object = Arc::make_mut(&mut state.object);
        let taint = match mark {
            Mark::ToBeDeleted { cordon } => {
                object.unschedulable = set && cordon;
                taints::to_be_deleted(now)
            }
            Mark::DeletionCandidate => taints::deletion_candidate(now),
        };
        object.taints.retain(|known| known.key != taint.key);
        if set {
            object.taints.push(taint);
        }
        self.node_changed(node);
    }

    fn evict(&mut self, pod: PodId, _: bool) -> Evicted {
        let Some(state) = self.pods.get(pod.index()).filter(|pod| pod.exists) else { return Evicted::Accepted };
        if state.deletion.is_some() {
            return Evicted::Accepted;
        }
        let (name, node) = (state.info.name.clone(), state.node.map(|node| self.node_name(node)).unwrap_or_default());
        let Some(workload) = state.workload else {
            self.log.evicted.push((self.now, name, node));
            self.remove_pod(pod);
            return Evicted::Accepted;
        };
        let spec = &self.sequence.workloads[workload];
        let budgets: Vec<usize> = self
            .sequence
            .pdbs
            .iter()
            .enumerate()
            .filter(|(_, budget)| budget.workload == spec.name)
            .map(|(index, _)| index)
            .collect();
        if self.workloads[workload].refuses || budgets.iter().any(|index| self.allowed[*index] < 1) {
            self.log.refused.push((self.now, name));
            return Evicted::Refused("Cannot evict pod as it would violate the pod's disruption budget.".to_owned());
        }
        for index in budgets {
            self.allowed[index] -= 1;
        }
        self.log.evicted.push((self.now, name, node));
        if spec.termination_seconds == 0 {
            self.remove_pod(pod);
        } else {
            let end = self.now + SimDuration::from_secs(spec.termination_seconds);
            let state = &mut self.pods[pod.index()];
            state.deletion = Some((self.now, end));
            state.info = Arc::new(PodInfo { terminating: true, ..PodInfo::clone(&state.info) });
            if let Some(node) = state.node {
                self.scheduler.put_pod(Arc::clone(&state.info), node);
            }
            self.changed_pods.push(pod);
        }
        Evicted::Accepted
    }

    fn exists(&self, pod: PodId) -> bool {
        self.pods.get(pod.index()).is_some_and(|pod| pod.exists)
    }

    fn emit(&mut self, _: Event) {}
}
