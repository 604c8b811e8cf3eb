//! What all simulations on one state of the cluster have in common: worked out once, however many follow
//! (`NewScheduler`, `NewTopology`).

use super::amounts::Amounts;
use super::daemon_set::DaemonPods;
use super::host_ports::HostPort;
use super::options::Options;
use super::pod::{ClassId, PodForm};
use super::requirement::Requirement;
use super::requirements::Requirements;
use super::state::{ClusterState, PodKey, Pool};
use super::state_node::StateNode;
use super::taints::tolerates_all;
use super::template::Template;
use super::topology::counted::{Counted, Universe};
use super::topology::rules::{IdentityId, RuleId, Rules};
use super::topology::template::GroupTemplate;
use crate::api::karpenter::{KarpenterOperator, NodeClaimConditionType};
use crate::api::{Name, Node, Taint, TaintEffect, well_known};
use crate::units::{SimDuration, SimTime};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A node that pods can be placed on.
pub struct Place<'s> {
    /// Its name in the state.
    pub key: &'s Name,
    /// The node.
    pub node: &'s StateNode,
    /// Taints.
    pub taints: Vec<Taint>,
    /// Labels, and the host name.
    pub requirements: Requirements,
    /// What is left for pods.
    pub remaining: Amounts,
    /// Host ports that are taken.
    pub ports: Vec<HostPort>,
    /// Claims that are on it, by driver.
    pub claims: BTreeSet<(Name, Name)>,
    /// Whether pods came within `consolidateAfter`.
    pub is_recently_used: bool,
    /// Whether it is initialized.
    pub is_initialized: bool,
}

/// A Node with its labels as requirements.
struct KnownNode<'s> {
    node: &'s Node,
    requirements: Requirements,
}

/// The places that would do, by class and form.
type Feasible = FxHashMap<(ClassId, usize), Rc<[u32]>>;

/// What is worked out once.
pub struct Base<'s> {
    /// The cluster.
    pub state: &'s ClusterState,
    /// The settings.
    pub options: &'s Options,
    /// The time.
    pub now: SimTime,
    /// What new nodes are made from, in the order in which pools are tried.
    pub templates: Vec<Template<'s>>,
    /// Whether pods may tolerate `PreferNoSchedule` at last.
    pub has_prefer_no_schedule: bool,
    /// What is left of each pool's limits.
    pub limits: BTreeMap<&'s Name, Amounts>,
    /// Nodes that stay, in the order in which they are tried.
    pub places: Vec<Place<'s>>,
    /// Where a node is among them.
    place_numbers: FxHashMap<&'s str, u32>,
    /// The names of nodes that go.
    pub deleting: BTreeSet<&'s str>,
    nodes: Vec<KnownNode<'s>>,
    node_numbers: FxHashMap<&'s str, u32>,
    universe: Universe,
    rules: Rules,
    /// Running pods by class, with the number of their Node.
    bound: Vec<Vec<(PodKey, u32)>>,
    /// Pods with anti-affinity that have not ended, by class, with the number of their Node.
    bound_with_anti_affinity: BTreeMap<ClassId, Vec<u32>>,
    inverse: BTreeMap<IdentityId, RuleId>,
    feasible: RefCell<Feasible>,
}

impl<'s> Base<'s> {
    /// For simulations that place pods of some classes. `spares` keeps pods that need not move off nodes to which others
    /// came lately. `None` without a NodePool that follows the pods.
    pub fn new(
        state: &'s ClusterState,
        options: &'s Options,
        now: SimTime,
        classes: &BTreeSet<ClassId>,
        spares: bool,
    ) -> Option<Self> {
        let mut pools: Vec<&Pool> = state.pools.values().filter(|pool| is_dynamic(pool)).collect();
        if pools.is_empty() {
            return None;
        }
        pools.sort_by_key(|pool| (std::cmp::Reverse(pool.spec.weight), std::cmp::Reverse(&pool.spec.meta.name)));
        let mut daemons = DaemonPods::new(state.daemon_sets.values());
        let templates: Vec<Template<'s>> = pools
            .iter()
            .filter(|pool| !pool.instance_types.is_empty())
            .filter_map(|pool| Template::new(pool, &mut daemons, options))
            .collect();
        let has_prefer_no_schedule = pools
            .iter()
            .flat_map(|pool| &pool.spec.template.taints)
            .any(|taint| taint.effect == TaintEffect::PreferNoSchedule);
        let mut base = Self {
            state,
            options,
            now,
            templates,
            has_prefer_no_schedule,
            limits: pools.iter().map(|pool| (&pool.spec.meta.name, Amounts::from_list(&pool.spec.limits))).collect(),
            places: Vec::new(),
            place_numbers: FxHashMap::default(),
            deleting: BTreeSet::new(),
            nodes: Vec::new(),
            node_numbers: FxHashMap::default(),
            universe: universe(&pools),
            rules: Rules::default(),
            bound: vec![Vec::new(); state.classes.iter().count()],
            bound_with_anti_affinity: BTreeMap::new(),
            inverse: BTreeMap::new(),
            feasible: RefCell::default(),
        };
        base.add_places(&pools, &daemons, spares);
        base.add_pods();
        base.add_rules(classes);
        Some(base)
    }

    fn add_places(&mut self, pools: &[&'s Pool], daemons: &DaemonPods, spares: bool) {
        let pools: BTreeMap<&Name, &Pool> = pools.iter().map(|pool| (&pool.spec.meta.name, *pool)).collect();
        for (key, node) in self.state.nodes() {
            if let Some(known) = &node.node {
                let number = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
                self.node_numbers.insert(known.object.meta.name.as_str(), number);
                let requirements = Requirements::from_labels(&known.object.meta.labels);
                self.nodes.push(KnownNode { node: &known.object, requirements });
            }
            if node.is_deleting() {
                self.deleting.insert(node.name());
                continue;
            }
            let pool = node.pool().and_then(|pool| pools.get(pool).copied());
            if let Some(limits) = pool.and_then(|pool| self.limits.get_mut(&pool.spec.meta.name)) {
                limits.take_of_named(&node.capacity());
            }
            let is_recently_used = spares && pool.is_some_and(|pool| is_recently_used(pool, node, self.now));
            self.places.push(place(self.state, key, node, daemons, is_recently_used));
        }
        self.places.sort_by(|left, right| {
            (!left.is_initialized, left.node.name()).cmp(&(!right.is_initialized, right.node.name()))
        });
        for (number, place) in (0_u32..).zip(&self.places) {
            self.place_numbers.insert(place.key.as_str(), number);
        }
    }

    fn add_pods(&mut self) {
        for (key, pod) in self.state.bound() {
            let node = pod.node.as_ref().and_then(|node| self.node_numbers.get(node.as_str()));
            let Some(node) = node.copied() else { continue };
            if pod.is_active() {
                self.bound[pod.class.0 as usize].push((key, node));
            }
            if !pod.phase.is_terminal() && !self.state.class_of(pod).anti_affinity.is_empty() {
                self.bound_with_anti_affinity.entry(pod.class).or_default().push(node);
            }
        }
    }

    fn add_rules(&mut self, classes: &BTreeSet<ClassId>) {
        let table = &self.state.classes;
        let number = table.iter().count();
        let mut rules = Rules::for_classes(number);
        let mut intern = |template: &GroupTemplate| {
            let namespaces = template.resolve_namespaces(&self.state.namespaces);
            rules.intern(template, namespaces, table.iter().map(|(_, class)| class))
        };
        let mut of_form = Vec::new();
        let mut inverse_of_class = Vec::new();
        for class in classes.iter().chain(self.bound_with_anti_affinity.keys()) {
            let known = table.get(*class);
            inverse_of_class.push((*class, known.anti_affinity.iter().map(&mut intern).collect::<Vec<_>>()));
        }
        for class in classes {
            let forms = table.get(*class).forms.iter();
            let forms: Vec<Vec<RuleId>> = forms.map(|form| form.groups.iter().map(&mut intern).collect()).collect();
            of_form.push((*class, forms));
        }
        for (class, inverse) in inverse_of_class {
            rules.inverse_of_class[class.0 as usize] = inverse;
        }
        for (class, forms) in of_form {
            rules.of_form[class.0 as usize] = forms;
        }
        for class in self.bound_with_anti_affinity.keys() {
            for rule in &rules.inverse_of_class[class.0 as usize] {
                self.inverse.entry(rules.identity(*rule)).or_insert(*rule);
            }
        }
        self.rules = rules;
    }

    /// All topology rules.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The rules of a form of a class.
    pub fn rules_of(&self, class: ClassId, form: usize) -> &[RuleId] {
        self.rules.of_form[class.0 as usize].get(form).map_or(&[], Vec::as_slice)
    }

    /// The anti-affinity of a class.
    pub fn inverse_rules_of(&self, class: ClassId) -> &[RuleId] {
        &self.rules.inverse_of_class[class.0 as usize]
    }

    /// The anti-affinity of running pods that is about a class.
    pub fn inverse_rules_about(&self, class: ClassId) -> Rc<[RuleId]> {
        self.rules.about(class, self.inverse.values().copied())
    }

    /// The anti-affinity of running pods that is taken for this.
    pub fn inverse_rule(&self, identity: IdentityId) -> Option<RuleId> {
        self.inverse.get(&identity).copied()
    }

    /// Whether a rule selects pods of a class.
    pub fn selects(&self, rule: RuleId, class: ClassId) -> bool {
        self.rules.selects(rule, class)
    }

    /// Whether a bound pod was counted.
    pub fn counts_pod(&self, rule: RuleId, class: ClassId, pod: PodKey) -> bool {
        self.rules.counts(rule, class, self.state.classes.get(class))
            && self.state.pod(pod).is_some_and(super::state::StatePod::is_active)
    }

    /// The domains of a rule (`countDomains`).
    pub fn counted(&self, rule: RuleId) -> Rc<Counted> {
        self.rules.counted(rule, |template| {
            let mut counted = Counted::new(template, &self.universe);
            let key = &template.key;
            for known in &self.nodes {
                let name = known.node.meta.labels.get(key);
                let name = name.or_else(|| (key == well_known::HOSTNAME).then_some(&known.node.meta.name));
                let counts = || template.counts_node(&known.node.taints, &known.requirements);
                let domain = name.filter(|_| counts()).map(|name| counted.number(name));
                counted.of_node.push(domain);
            }
            for place in &self.places {
                let known = place.node.node.as_ref().and_then(|node| {
                    let number = self.node_numbers.get(node.object.meta.name.as_str())?;
                    Some(&self.nodes[*number as usize])
                });
                let counts = known.is_some_and(|known| template.counts_node(&known.node.taints, &known.requirements));
                let domain = place.node.labels().get(key).filter(|_| counts).map(|name| counted.number(name));
                counted.add_place(domain);
            }
            for (class, of) in self.state.classes.iter() {
                if self.rules.counts(rule, class, of) {
                    for (_, node) in &self.bound[class.0 as usize] {
                        if let Some(domain) = counted.of_node[*node as usize] {
                            counted.add_pod(domain);
                        }
                    }
                }
            }
            counted
        })
    }

    /// The domains of the running pods that have a rule of anti-affinity.
    pub fn counted_inverse(&self, rule: RuleId) -> Rc<Counted> {
        self.rules.counted_inverse(rule, |template| {
            let mut counted = Counted::new(template, &self.universe);
            for known in &self.nodes {
                let domain = known.node.meta.labels.get(&template.key).map(|name| counted.number(name));
                counted.of_node.push(domain);
            }
            let identity = self.rules.identity(rule);
            for (class, nodes) in &self.bound_with_anti_affinity {
                let own = self.inverse_rules_of(*class).iter().filter(|own| self.rules.identity(**own) == identity);
                for node in own.flat_map(|_| nodes) {
                    if let Some(domain) = counted.of_node[*node as usize] {
                        counted.add_pod(domain);
                    }
                }
            }
            counted
        })
    }

    /// The number of a Node.
    pub fn node_number(&self, node: &str) -> Option<u32> {
        self.node_numbers.get(node).copied()
    }

    /// Where a node is among those that pods can be placed on.
    pub fn place_number(&self, key: &str) -> Option<u32> {
        self.place_numbers.get(key).copied()
    }

    /// A form of a class.
    pub fn form(&self, class: ClassId, form: usize) -> &PodForm {
        &self.state.classes.get(class).forms[form]
    }

    /// How many forms of a class are tried.
    pub fn forms(&self, class: ClassId) -> usize {
        let class = self.state.classes.get(class);
        class.forms.len() - usize::from(class.last_form_tolerates && !self.has_prefer_no_schedule)
    }

    /// The places that would do for a form of a class if nothing else were placed, topology apart.
    pub fn feasible(&self, class: ClassId, form: usize) -> Rc<[u32]> {
        let mut feasible = self.feasible.borrow_mut();
        let find = || {
            let known = self.state.classes.get(class);
            let form = &known.forms[form];
            let suits = |place: &Place<'_>| {
                known.requests.fits(&place.remaining)
                    && tolerates_all(&form.tolerations, &place.taints)
                    && !super::host_ports::conflict(&known.host_ports, place.ports.iter())
                    && place.requirements.compatible(&form.requirements, None).is_ok()
            };
            (0_u32..).zip(&self.places).filter(|(_, place)| suits(place)).map(|(number, _)| number).collect()
        };
        feasible.entry((class, form)).or_insert_with(find).clone()
    }
}

/// Whether new nodes are made from a pool.
fn is_dynamic(pool: &Pool) -> bool {
    !pool.spec.is_static() && !pool.spec.is_not_ready && !pool.deleting
}

/// Whether pods came to a node, or left it, within `consolidateAfter` (`IsUnderConsolidateAfter`).
pub fn is_recently_used(pool: &Pool, node: &StateNode, now: SimTime) -> bool {
    let after = pool.spec.disruption.consolidate_after.filter(|after| *after != SimDuration::ZERO);
    let (Some(after), Some(claim)) = (after, &node.claim) else { return false };
    let status = &claim.status;
    let initialized = status.condition(NodeClaimConditionType::Initialized);
    let initialized = initialized.filter(|_| status.is_true(NodeClaimConditionType::Initialized));
    initialized.is_some_and(|initialized| now - status.last_pod_event.unwrap_or(initialized.last_transition) < after)
}

fn place<'s>(
    state: &ClusterState,
    key: &'s Name,
    node: &'s StateNode,
    daemons: &DaemonPods,
    is_recently_used: bool,
) -> Place<'s> {
    let taints = node.taints();
    let object = node.node.as_ref().map(|node| &node.object.meta.name);
    let usage = object.and_then(|name| state.usage(name));
    let mut to_come = daemons.requests_on(&taints, node.labels());
    let mut remaining = node.allocatable();
    if let Some(usage) = usage {
        to_come.take(&usage.daemon_requests);
        remaining.take_of_named(&usage.requests);
    }
    to_come.clamp_to_zero();
    remaining.take_of_named(&to_come);
    let host = node.host_name();
    let mut requirements = Requirements::from_labels(node.labels());
    let is_host = Requirement::new(KarpenterOperator::In, &[host], None);
    requirements.add(well_known::HOSTNAME.into(), &is_host);
    let pods = || object.into_iter().flat_map(|name| state.pods_on(name)).filter(|(_, pod)| !pod.phase.is_terminal());
    Place {
        key,
        node,
        taints,
        requirements,
        remaining,
        ports: pods().flat_map(|(_, pod)| state.class_of(pod).host_ports.clone()).collect(),
        claims: pods().flat_map(|(_, pod)| pod.volumes.iter()).flat_map(|volumes| volumes.claims.clone()).collect(),
        is_recently_used,
        is_initialized: node.is_initialized(),
    }
}

/// The values that labels can have on nodes of the pools (`buildDomainGroups`).
fn universe(pools: &[&Pool]) -> Universe {
    let mut universe = Universe::new();
    let mut insert = |key: &Name, value: &Name, taints: &[Taint]| {
        let sets = universe.entry(key.clone()).or_default().entry(value.clone()).or_default();
        if taints.is_empty() {
            *sets = vec![Vec::new()];
        } else if sets.first().is_none_or(|first| !first.is_empty()) && !sets.iter().any(|set| set == taints) {
            sets.push(taints.to_vec());
        }
    };
    for pool in pools.iter().filter(|pool| !pool.instance_types.is_empty()) {
        let template = &pool.spec.template;
        let mut of_pool = Requirements::from_karpenter(&template.requirements);
        of_pool.add_all(&Requirements::from_labels(&template.labels));
        for instance_type in pool.instance_types.iter() {
            let mut requirements = of_pool.clone();
            requirements.add_all(&instance_type.requirements);
            for (key, requirement) in requirements.iter() {
                requirement.values().iter().for_each(|value| insert(key, value, &template.taints));
            }
        }
        let values = of_pool.iter().filter(|(_, requirement)| requirement.operator() == KarpenterOperator::In);
        for (key, requirement) in values {
            requirement.values().iter().for_each(|value| insert(key, value, &template.taints));
        }
    }
    universe
}
