//! The index: the framework's decisions, at a cost that follows what changed rather than the number of nodes.
//!
//! Pods that every decision treats alike share a [class](class). Classes with the same requests, tolerations and node
//! affinity share a [layer], which knows what each node is worth to them. Classes with the same constraints on other pods
//! share a [demand], which counts pods by node and by topology domain. A search rescores only the nodes that changed since
//! the last one, and reads the rest from summaries of blocks of nodes. Scores that are normalized over all feasible nodes
//! (by the highest taint count, the fullest zone) are normalized over groups of nodes that score alike.
//! `docs/model/index-internals.md` explains it with a picture and a glossary.
//!
//! Each plugin's descriptor says whether the index has its rule. The framework decides where the index cannot: about pods
//! that concern a plugin whose rule the index does not have (volumes), pods with a node set (DaemonSets), profiles whose
//! filters run in another order, nominated pods next to constraints on topology, and classes with too many groups.

mod class;
mod constraints;
mod demand;
mod key;
mod layer;
mod node_table;
mod node_values;
mod search;
mod shape;
mod summary;
mod tally;
#[cfg(test)]
mod tests;

use crate::cluster::NodeId;
use crate::scheduler::config::Profile;
use crate::scheduler::framework::{
    Context, Decision, Diagnosis, Failure, Failures, Placement, SearchState, TieBreak, feasible_nodes_to_find,
};
use crate::scheduler::plugins::{Descriptor, Indexability, Plugin, TABLE};
use crate::scheduler::view::{OriginAddress, PodInfo, Snapshot, View};
use class::Class;
use demand::Demand;
use key::{ClassKey, DemandKey, LayerKey};
use layer::{Env, Layer};
use node_table::NodeTable;
use rustc_hash::{FxHashMap, FxHashSet};
use search::{Buffers, Found, Search};
use std::sync::Arc;

/// Addresses of pod parts that are remembered before the memory of them starts anew.
const MAX_ADDRESSES: usize = 1 << 16;
/// Leaves of all classes together, which bounds memory: a leaf takes 6 bytes, which the classes of a layer share, and 5 more for
/// each tally, which the classes of a demand share.
const MAX_LEAVES: usize = 16_000_000;
/// Classes that are kept however large the cluster is.
const MIN_CLASSES: usize = 8;

/// The index of one scheduler.
#[derive(Clone, Debug, Default)]
pub struct Index {
    table: NodeTable,
    classes: Vec<Class>,
    by_key: FxHashMap<ClassKey, usize>,
    /// In slots that are used again, as are layers.
    demands: Vec<Option<Demand>>,
    by_demand_key: FxHashMap<DemandKey, usize>,
    layers: Vec<Option<Layer>>,
    by_layer_key: FxHashMap<LayerKey, usize>,
    /// By origin and profile. The pod keeps the addresses from being used again. `None`: not indexed.
    by_address: FxHashMap<(OriginAddress, usize), (Option<usize>, Arc<PodInfo>)>,
    /// By profile: the plugins whose rules the index does not have.
    unindexed: FxHashMap<usize, Option<Vec<IsIdle>>>,
    /// A pod with affinity was seen: labels tell classes apart.
    labels_are_seen: bool,
    searches: u64,
    classes_made: u64,
    buffers: Buffers,
    /// Of the last decision.
    failure_on_nominated: Option<Failure>,
}

impl Index {
    /// An index of a view, which from now on logs its changes. The view must have no pods yet.
    #[must_use]
    pub fn new(view: &mut View) -> Self {
        view.enable_log();
        Self::default()
    }

    /// Forgets which pods belong to which class: selectors of Services or owners have changed.
    pub fn selectors_changed(&mut self) {
        self.by_address.clear();
    }

    /// Forgets all classes: labels of namespaces have changed.
    pub fn forget_classes(&mut self) {
        self.classes.clear();
        self.by_key.clear();
        self.by_address.clear();
        self.demands.clear();
        self.by_demand_key.clear();
        self.layers.clear();
        self.by_layer_key.clear();
    }

    /// Whether the next decision will tell pods apart by their labels, unlike those before it.
    pub fn is_about_to_see_labels(&self, snapshot: &Snapshot) -> bool {
        snapshot.log().is_some_and(|log| log.has_affinity() != self.labels_are_seen)
    }

    /// The number of a pod's class, if the pod was decided on: no other class ever has it. Pods of one class are alike to
    /// decisions and queueing hints, until [selectors change](Self::selectors_changed) or labels
    /// [are seen](Self::is_about_to_see_labels).
    pub fn class_number(&self, pod: &PodInfo, profile: usize) -> Option<u64> {
        let (class, _) = self.by_address.get(&(pod.origin_address(), profile))?;
        Some(self.classes[(*class)?].number)
    }

    /// Catches up with the nodes, pods and nominations of the view, which must be [refreshed](View::refresh).
    pub fn sync(&mut self, view: &mut View) {
        self.table.sync(view.snapshot(), view.nominator().changed_nodes());
        view.clear_log();
    }

    /// Decides where a pod is to be placed, as [`schedule`](super::schedule) does; `None` leaves it to that. The index
    /// must be in [sync](Self::sync). `profile` is the number of the context's profile.
    pub fn schedule(
        &mut self,
        context: &Context<'_>,
        pod: &Arc<PodInfo>,
        profile: usize,
        search: &mut SearchState,
        tie_break: TieBreak,
    ) -> Option<Decision> {
        if context.snapshot.search_order().is_empty() {
            return Some(Decision::NoNodes);
        }
        self.decide(context, pod, profile, search, tie_break)
    }

    fn decide(
        &mut self,
        context: &Context<'_>,
        pod: &Arc<PodInfo>,
        profile: usize,
        search: &mut SearchState,
        tie_break: TieBreak,
    ) -> Option<Decision> {
        let log = context.snapshot.log()?;
        if log.has_affinity() != self.labels_are_seen {
            self.labels_are_seen = log.has_affinity();
            self.forget_classes();
        }
        let class = self.class_of(context, pod, profile)?;
        self.searches += 1;
        self.failure_on_nominated = None;
        let Self { table, classes, demands, layers, by_layer_key, buffers, failure_on_nominated, .. } = self;
        let class = &mut classes[class];
        class.last_used = self.searches;
        let demand = demands[class.demand].as_mut()?;
        demand.learn_kinds(log.kinds(), &mut |name| table.key(name, context.snapshot));
        if !demand.constraints.tallies.is_empty() {
            table.count_kinds(context.snapshot);
        }
        let layer = match class.layer {
            Some((layer, keys)) if keys == demand.keys_generation => layer,
            _ => {
                let layer = layer_of(class, demand, context, profile, layers, by_layer_key)?;
                class.layer = Some((layer, demand.keys_generation));
                layer
            }
        };
        let layer = layers[layer].as_mut()?;
        let env =
            Env { snapshot: context.snapshot, nominator: context.nominator, profile: context.profile, table: &*table };
        layer.catch_up(&env).ok()?;
        demand.catch_up(&env).ok()?;
        class.catch_up(layer, demand);
        let nodes = table.ids.len();
        if demand.constraints.is_blind_to_nominated(context.nominator, pod) {
            return None;
        }
        let nominated = pod.nominated_node_name.as_ref().and_then(|name| context.snapshot.node_by_name(name));
        let nominated = nominated.and_then(|id| table.position(id));
        // The nomination of the pod itself does not count against it, unlike for the others of its layer.
        let adapted = match nominated {
            Some(position) => layer.adapt(position, &env, pod.id).ok()?,
            None => None,
        };
        let mut search_of = Search { class, layer, demand, env: &env };
        let found = (|| {
            if let Some(position) = nominated {
                *failure_on_nominated = search_of.failure_at(position).ok()?;
                if failure_on_nominated.is_none() {
                    let node = table.ids[position];
                    return Some(Decision::Placed(Placement { node, feasible: 1, total: None, best: 1 }));
                }
            }
            if adapted.is_none()
                && let Some(known) = search_of.class.known_failure(&env, search_of.layer, demand).ok()?
            {
                return Some(Decision::Unschedulable(Arc::clone(known)));
            }
            let wanted = feasible_nodes_to_find(nodes, context.profile.percentage_of_nodes_to_score);
            let start = search.next_start_node_index % nodes;
            match search_of.run(start, wanted, tie_break, buffers).ok()? {
                Found::Node { placement, visited } => {
                    search.next_start_node_index = (start + visited) % nodes;
                    Some(Decision::Placed(placement))
                }
                Found::Nothing(reasons) => {
                    let version = context.profile.version;
                    if reasons.iter().any(|(failure, _)| failure.words_differ_by_node(version)) {
                        return None;
                    }
                    let plugins = reasons.iter().map(|(failure, _)| failure.plugin()).collect();
                    let failures =
                        Failures::Counted { any_node: *table.ids.first()?, counts: reasons, resolvable: None };
                    let diagnosis = Arc::new(Diagnosis { nodes, pre_filter: None, failures, plugins });
                    if adapted.is_none() {
                        search_of.class.note_failure(&diagnosis, &env, search_of.layer, demand);
                    }
                    Some(Decision::Unschedulable(diagnosis))
                }
            }
        })();
        if let Some(saved) = adapted {
            search_of.layer.restore(saved);
        }
        found
    }

    /// Why the node that the pod of the last [decision](Self::schedule) is nominated to is not feasible.
    #[must_use]
    pub const fn failure_on_nominated(&self) -> Option<Failure> {
        self.failure_on_nominated
    }

    /// The nodes that the absence of other pods could make feasible, in the order in which they are visited, for the pod of
    /// the last [decision](Self::schedule), which found no node; `None` if only the framework can tell.
    pub fn resolvable(
        &mut self,
        context: &Context<'_>,
        pod: &Arc<PodInfo>,
        profile: usize,
        search: SearchState,
    ) -> Option<Vec<NodeId>> {
        let class = self.class_of(context, pod, profile)?;
        let Self { table, classes, demands, layers, buffers, .. } = self;
        let class = &mut classes[class];
        let layer = layers[class.layer?.0].as_mut()?;
        let demand = demands[class.demand].as_ref()?;
        let env =
            Env { snapshot: context.snapshot, nominator: context.nominator, profile: context.profile, table: &*table };
        let nominated = pod.nominated_node_name.as_ref().and_then(|name| context.snapshot.node_by_name(name));
        let adapted = match nominated.and_then(|id| table.position(id)) {
            Some(position) => layer.adapt(position, &env, pod.id).ok()?,
            None => None,
        };
        let start = search.next_start_node_index % table.ids.len().max(1);
        let resolvable = Search { class, layer: &mut *layer, demand, env: &env }.resolvable(start, buffers);
        if let Some(saved) = adapted {
            layer.restore(saved);
        }
        resolvable.ok()
    }

    /// The class of a pod, built if need be.
    fn class_of(&mut self, context: &Context<'_>, pod: &Arc<PodInfo>, profile: usize) -> Option<usize> {
        let address = (pod.origin_address(), profile);
        if let Some((class, _)) = self.by_address.get(&address) {
            return *class;
        }
        let unindexed = self.unindexed.entry(profile).or_insert_with(|| unindexed_plugins(context.profile));
        let can_answer = unindexed.as_ref().is_some_and(|plugins| plugins.iter().all(|is_idle| is_idle(pod)));
        let key =
            can_answer.then(|| ClassKey::new(pod, profile, context.profile, context.listers, self.labels_are_seen));
        let class = key.and_then(|key| self.class_of_key(key, pod, context));
        if self.by_address.len() >= MAX_ADDRESSES {
            self.by_address.clear();
        }
        self.by_address.insert(address, (class, Arc::clone(pod)));
        class
    }

    fn class_of_key(&mut self, key: ClassKey, pod: &Arc<PodInfo>, context: &Context<'_>) -> Option<usize> {
        if let Some(class) = self.by_key.get(&key) {
            return Some(*class);
        }
        let demand = self.demand_of(DemandKey::of_class(&key), pod, context);
        self.classes_made += 1;
        let class = Class::new(pod, demand, self.classes_made);
        let most = (MAX_LEAVES / self.table.ids.len().max(1)).max(MIN_CLASSES);
        let slot = if self.classes.len() < most {
            self.classes.push(class);
            self.classes.len() - 1
        } else {
            // The class that was not asked for the longest time makes room.
            let (slot, _) = self.classes.iter().enumerate().min_by_key(|(_, class)| class.last_used)?;
            self.by_key.retain(|_, known| *known != slot);
            self.by_address.clear();
            self.classes[slot] = class;
            self.drop_unused();
            slot
        };
        self.by_key.insert(key, slot);
        Some(slot)
    }
}

impl Index {
    /// The slot of what pods like this one ask of others, which is made if need be.
    fn demand_of(&mut self, key: DemandKey, pod: &Arc<PodInfo>, context: &Context<'_>) -> usize {
        if let Some(demand) = self.by_demand_key.get(&key) {
            return *demand;
        }
        let demand = Demand::new(pod, context.profile, context.listers);
        let slot = free_slot(&mut self.demands);
        self.demands[slot] = Some(demand);
        self.by_demand_key.insert(key, slot);
        slot
    }

    /// Drops layers and demands that no class has.
    fn drop_unused(&mut self) {
        let layers: FxHashSet<usize> = self.classes.iter().filter_map(|class| Some(class.layer?.0)).collect();
        let demands: FxHashSet<usize> = self.classes.iter().map(|class| class.demand).collect();
        retain_slots(&mut self.layers, &mut self.by_layer_key, &layers);
        retain_slots(&mut self.demands, &mut self.by_demand_key, &demands);
    }
}

/// A slot that is free.
fn free_slot<T>(slots: &mut Vec<Option<T>>) -> usize {
    if let Some(slot) = slots.iter().position(Option::is_none) {
        return slot;
    }
    slots.push(None);
    slots.len() - 1
}

/// Frees the slots that are not used.
fn retain_slots<K, T>(slots: &mut [Option<T>], by_key: &mut FxHashMap<K, usize>, used: &FxHashSet<usize>) {
    by_key.retain(|_, slot| used.contains(slot));
    for (slot, value) in slots.iter_mut().enumerate() {
        if !used.contains(&slot) {
            *value = None;
        }
    }
}

/// The slot of a class's layer, which is built if need be; `None` where such pods cannot be indexed.
fn layer_of(
    class: &Class,
    demand: &Demand,
    context: &Context<'_>,
    profile: usize,
    layers: &mut Vec<Option<Layer>>,
    by_key: &mut FxHashMap<LayerKey, usize>,
) -> Option<usize> {
    let topology_keys = demand.constraints.keys();
    let key = LayerKey::new(&class.pod, profile, topology_keys.clone());
    if let Some(layer) = by_key.get(&key) {
        return Some(*layer);
    }
    let layer = Layer::new(&class.pod, context.profile, topology_keys)?;
    let slot = free_slot(layers);
    layers[slot] = Some(layer);
    by_key.insert(key, slot);
    Some(slot)
}

/// Whether a plugin has nothing to say about a pod.
type IsIdle = fn(&PodInfo) -> bool;

/// What the index can answer for under a profile: pods about whom none of these plugins, whose rules it does not have, has
/// anything to say. `None`: nothing, since the filters do not run in the order of the default profile, which it assumes.
fn unindexed_plugins(profile: &Profile) -> Option<Vec<IsIdle>> {
    let in_default_order = profile.filter.is_sorted() && profile.filter.contains(&Plugin::NodeResourcesFit);
    let unindexed = TABLE.iter().filter(|descriptor| profile.runs_for_nodes(descriptor.plugin));
    let is_idle = |descriptor: &Descriptor| match descriptor.indexability {
        Indexability::Indexed => None,
        Indexability::WhenIdle(is_idle) => Some(is_idle),
    };
    in_default_order.then(|| unindexed.filter_map(is_idle).collect())
}
