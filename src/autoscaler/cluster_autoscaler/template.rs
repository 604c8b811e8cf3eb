//! The node that a node group would add: made of one of its nodes, or as the cloud provider describes it
//! (`MixedTemplateNodeInfoProvider`).

use super::environment::{Environment, GroupId, NodeGroup, ObservedNode};
use super::options::Options;
use super::pods;
use super::snapshot::Snapshot;
use super::taints;
use crate::api::{self, Labels, Name, well_known};
use crate::cluster::NodeId;
use crate::scheduler::PodInfo;
use crate::units::{SimDuration, SimTime};
use std::sync::Arc;

/// A node must have been ready for longer than this to be an example of its group (`stabilizationDelay`).
const STABILIZATION_DELAY: SimDuration = SimDuration::from_minutes(1);
/// Label of templates.
const TEMPLATE_NODE: &str = "cluster-autoscaler.kubernetes.io/template-node";
/// Priority class whose pods of DaemonSets are expected on each new node at once.
const SYSTEM_NODE_CRITICAL: &str = "system-node-critical";

/// The node that a group would add.
#[derive(Clone, Debug)]
pub struct Template {
    /// The node.
    pub node: Arc<api::Node>,
    /// Pods that it would have from the start.
    pub pods: Vec<Arc<PodInfo>>,
    /// Grows whenever the group's template is made anew, by which its copies get other names.
    pub number: u64,
}

impl Template {
    /// Adds a copy of the node to a snapshot.
    pub fn add_to(&self, snapshot: &mut Snapshot, suffix: &str) -> NodeId {
        let name = Name::from(format!("{}-{suffix}", self.node.meta.name));
        let mut node = (*self.node).clone();
        node.meta.labels = node.meta.labels.with(well_known::HOSTNAME, &name);
        node.meta.name = name;
        snapshot.add_simulated_node(Arc::new(node), &self.pods)
    }
}

/// The templates of all groups.
#[derive(Debug, Default)]
pub struct Templates {
    /// Made of a node of the group, by group: they stay when the group has no such node any more.
    cached: Vec<Option<Arc<Template>>>,
    current: Vec<Option<Arc<Template>>>,
    number: u64,
}

impl Templates {
    /// The template of a group.
    pub fn get(&self, group: GroupId) -> Option<&Arc<Template>> {
        self.current.get(group.index())?.as_ref()
    }

    /// Makes the templates of a loop.
    pub fn recompute(
        &mut self,
        environment: &dyn Environment,
        snapshot: &Snapshot,
        groups: &[NodeGroup],
        nodes: &[ObservedNode],
        options: &Options,
        now: SimTime,
    ) {
        self.cached.resize(groups.len(), None);
        self.current = vec![None; groups.len()];
        let is_good = |node: &ObservedNode| {
            node.ready
                && node.ready_changed + STABILIZATION_DELAY < now
                && !node.object.unschedulable
                && !taints::is_to_be_deleted(&node.object)
        };
        for node in nodes.iter().filter(|node| is_good(node)) {
            if let Some(template) = self.of_example(environment, snapshot, groups, node, options)
                && let Some(slot) = node.group.and_then(|group| self.cached.get_mut(group.index()))
            {
                *slot = Some(template);
            }
        }
        for (index, group) in groups.iter().enumerate() {
            if self.current[index].is_none() {
                self.current[index] =
                    self.cached[index].clone().or_else(|| self.of_provider(environment, index, group, options));
            }
        }
        for node in nodes.iter().filter(|node| !is_good(node)) {
            self.of_example(environment, snapshot, groups, node, options);
        }
    }

    /// Makes the template of a node's group of this node, unless the group has one.
    fn of_example(
        &mut self,
        environment: &dyn Environment,
        snapshot: &Snapshot,
        groups: &[NodeGroup],
        node: &ObservedNode,
        options: &Options,
    ) -> Option<Arc<Template>> {
        let group = node.group?;
        let name = &groups.get(group.index())?.name;
        if self.current.get(group.index())?.is_some() {
            return None;
        }
        let on_node = snapshot.pods_on(node.id).into_iter().filter(|pod| !pod.terminating);
        let (object, labels) = (sanitized(&node.object, name, options), &node.object.meta.labels);
        let mut pods: Vec<Arc<PodInfo>> = on_node.filter(|pod| pods::is_daemon(pod) || pods::is_mirror(pod)).collect();
        let running =
            |daemon: &PodInfo| pods.iter().any(|pod| pod.namespace == daemon.namespace && pod.owner == daemon.owner);
        let expected =
            |pod: &PodInfo| options.force_daemon_sets || &*pod.spec().priority_class_name == SYSTEM_NODE_CRITICAL;
        let missing: Vec<Arc<PodInfo>> =
            environment.daemon_pods(&object).into_iter().filter(|pod| expected(pod) && !running(pod)).collect();
        pods.extend(missing);
        let template = self.template(object, labels, pods);
        self.current[group.index()] = Some(Arc::clone(&template));
        Some(template)
    }

    fn of_provider(
        &mut self,
        environment: &dyn Environment,
        index: usize,
        group: &NodeGroup,
        options: &Options,
    ) -> Option<Arc<Template>> {
        let described = environment.template(GroupId::from_index(index))?;
        let object = sanitized(&described, &group.name, options);
        let pods = environment.daemon_pods(&object);
        let labels = with_deprecated_labels(&object.meta.labels);
        Some(self.template(object, &labels, pods))
    }

    fn template(&mut self, mut node: api::Node, labels: &Labels, pods: Vec<Arc<PodInfo>>) -> Arc<Template> {
        self.number += 1;
        node.meta.labels = labels.with(TEMPLATE_NODE, "true").with(well_known::HOSTNAME, &node.meta.name);
        Arc::new(Template { node: Arc::new(node), pods, number: self.number })
    }
}

/// A node as an example: without the taints of a passing state.
fn sanitized(node: &api::Node, group: &str, options: &Options) -> api::Node {
    let mut node = node.clone();
    node.meta.name = Name::from(format!("template-node-for-{group}"));
    node.taints = taints::sanitized(&node.taints, options);
    if options.scale_from_unschedulable {
        node.unschedulable = false;
    }
    node
}

/// The labels with the deprecated forms of instance type, region and zone (`UpdateDeprecatedLabels`).
fn with_deprecated_labels(labels: &Labels) -> Labels {
    let twins = [
        (well_known::INSTANCE_TYPE, well_known::INSTANCE_TYPE_BETA),
        (well_known::REGION, well_known::REGION_BETA),
        (well_known::ZONE, well_known::ZONE_BETA),
    ];
    twins.iter().fold(labels.clone(), |known, (stable, beta)| match labels.get(stable) {
        Some(value) => known.with(beta, value),
        None => known,
    })
}
