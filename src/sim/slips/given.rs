//! What slips are looked for in.

use crate::api::{Name, Node, Object, PodTemplate};
use crate::input::Diagnostic;
use crate::input::scenario::{ActionVerb, NodePool, Scenario};
use crate::input::trace::TraceNode;
use crate::scheduler::SchedulerConfig;
use crate::sim::applied_object::full_name;
use crate::sim::prepared_arrivals::PreparedArrivals;
use crate::sim::settings::node_group;

/// Everything that has been read.
pub struct Given<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The objects that exist at the start, and those that actions apply.
    pub objects: &'a [&'a Object],
    /// By arrival stream: its pods.
    pub arrivals: &'a [PreparedArrivals],
    /// Configuration of the scheduler.
    pub scheduler: &'a SchedulerConfig,
}

/// Pods that are going to be created: a bare pod, or those of a workload or of an arrival stream.
pub struct NewPods<'a> {
    /// Where they come from.
    pub origin: Origin<'a>,
    /// Namespace.
    pub namespace: Name,
    /// Name of the pod, workload or stream.
    pub name: Name,
    /// What they are made from.
    pub template: &'a PodTemplate,
}

/// Where pods come from.
#[derive(Clone, Copy)]
pub enum Origin<'a> {
    /// An object.
    Object(&'a Object),
    /// The arrival stream of this index.
    Arrivals(usize),
}

impl Given<'_> {
    /// A warning of an object.
    pub fn warning_of(&self, object: &Object, message: String) -> Diagnostic {
        Diagnostic::warning(self.scenario.file.display().to_string(), message).of_object(full_name(object))
    }

    /// A warning of new pods.
    pub fn warning_of_pods(&self, pods: &NewPods<'_>, message: String) -> Diagnostic {
        match pods.origin {
            Origin::Object(object) => self.warning_of(object, message),
            Origin::Arrivals(index) => self.scenario.warning_at(&format!("spec.arrivals[{index}].template"), message),
        }
    }

    /// The pods that are going to be created. What belongs to a controller is left to it, and what has a node is there.
    pub fn new_pods(&self) -> Vec<NewPods<'_>> {
        let of_objects = self.objects.iter().filter_map(|object| {
            let template = object.pod_template()?;
            let meta = object.meta();
            let is_bound = matches!(object, Object::Pod(pod) if pod.node_name.is_some());
            let is_owned = meta.owner.is_some() && !object.kind().has_rollouts();
            (!is_bound && !is_owned).then(|| NewPods {
                origin: Origin::Object(object),
                namespace: meta.namespace.clone(),
                name: meta.name.clone(),
                template,
            })
        });
        let of_arrivals = self.arrivals.iter().zip(&self.scenario.arrivals).enumerate();
        let of_arrivals = of_arrivals.filter_map(|(index, (stream, described))| match stream {
            PreparedArrivals::Template(template) => Some(NewPods {
                origin: Origin::Arrivals(index),
                namespace: described.namespace.as_str().into(),
                name: described.name.as_str().into(),
                template,
            }),
            PreparedArrivals::Trace { .. } => None,
        });
        of_objects.chain(of_arrivals).collect()
    }

    /// How many nodes a pool has at most, by its count and by the actions.
    pub fn size_of(&self, pool: &NodePool) -> u64 {
        let added = self.scenario.actions.iter().map(|action| match &action.verb {
            ActionVerb::AddNodes(add) if add.pool == pool.name => u64::from(add.count),
            _ => 0,
        });
        added.fold(u64::from(pool.count), u64::saturating_add)
    }

    /// Nodes of every kind: of a pool one for each zone, since the others differ from those in their names alone.
    pub fn kinds_of_nodes(&self) -> Vec<Node> {
        let mut nodes = Vec::new();
        for pool in &self.scenario.spec.node_pools {
            let mut made = node_group(pool, &self.scenario.catalogue);
            let kinds = self.size_of(pool).min(u64::try_from(made.zones.len().max(1)).unwrap_or(u64::MAX));
            nodes.extend((0..kinds).map(|_| made.next_node()));
        }
        for stream in self.arrivals {
            if let PreparedArrivals::Trace { nodes: of_trace, .. } = stream {
                nodes.extend(of_trace.iter().map(TraceNode::node));
            }
        }
        let of_manifests = self.objects.iter().filter_map(|object| match object {
            Object::Node(node) => Some(node.clone()),
            _ => None,
        });
        nodes.extend(of_manifests);
        nodes
    }
}
