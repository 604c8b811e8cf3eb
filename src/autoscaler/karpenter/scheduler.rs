//! Karpenter's simulation of where pods would go: on nodes that are there, on nodes that are about to be made, or on one
//! more (`pkg/controllers/provisioning/scheduling/scheduler.go`).

use super::amounts::Amounts;
use super::base::Base;
use super::failure::Failure;
use super::go_sort::sort_slice;
use super::host_ports::{HostPort, conflict};
use super::instance_type::{min_values, order_by_price};
use super::new_node::{Arrival, NewNode};
use super::options::MinValuesPolicy;
use super::pod::ClassId;
use super::requirements::Requirements;
use super::reservations::{Reservations, ReservedMode};
use super::state::{PodKey, StatePod};
use super::taints::tolerates_all;
use super::template::lowers;
use super::topology::Topology;
use crate::api::Name;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// At most so many instance types are named in a NodeClaim.
pub const MAX_INSTANCE_TYPES: usize = 600;

/// Where the pods would go.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    /// Nodes to be made.
    pub new_nodes: Vec<NewNode>,
    /// Pods on nodes that are there, in the order in which nodes are tried; by the number of the place.
    pub existing: BTreeMap<u32, Vec<PodKey>>,
    /// Pods that found no place.
    pub errors: BTreeMap<PodKey, Failure>,
}

/// What changed of a place.
struct Touched {
    remaining: Amounts,
    requirements: Option<Requirements>,
    ports: Vec<HostPort>,
    claims: BTreeSet<(Name, Name)>,
    pods: Vec<PodKey>,
}

/// How a pod suits a place.
enum Fit {
    /// The pod says no more of it than is known.
    AsItIs,
    /// This is what it would be then.
    Narrowed(Requirements),
}

/// The pods that are still to be placed (`queue.go`).
struct Queue {
    pods: VecDeque<PodKey>,
    /// How long the queue was when a pod came back to it.
    last_length: FxHashMap<PodKey, usize>,
}

impl Queue {
    fn pop(&mut self) -> Option<PodKey> {
        let first = self.pods.front()?;
        // All were tried since, and none was placed.
        if self.last_length.get(first) == Some(&self.pods.len()) {
            return None;
        }
        self.pods.pop_front()
    }

    fn push(&mut self, pod: PodKey) {
        self.pods.push_back(pod);
        self.last_length.insert(pod, self.pods.len());
    }
}

/// One simulation.
pub struct Scheduler<'b, 's> {
    base: &'b Base<'s>,
    mode: ReservedMode,
    topology: Topology<'b, 's>,
    reservations: Reservations,
    /// Places that are left out.
    gone: BTreeSet<u32>,
    touched: FxHashMap<u32, Touched>,
    /// Places of which a pod said more than their labels do.
    widened: BTreeSet<u32>,
    limits: BTreeMap<&'s Name, Amounts>,
    new_nodes: Vec<NewNode>,
    hosts: u64,
}

impl<'b, 's> Scheduler<'b, 's> {
    /// A simulation without some places.
    pub fn new(base: &'b Base<'s>, gone: BTreeSet<u32>, mode: ReservedMode) -> Self {
        let types = base.templates.iter().flat_map(|template| template.types);
        let mut limits = base.limits.clone();
        for place in &gone {
            let node = base.places[*place as usize].node;
            if let Some(limits) = node.pool().and_then(|pool| limits.get_mut(pool)) {
                limits.give_to_named(&node.capacity());
            }
        }
        let topology = Topology::new(base, Vec::new(), gone.iter().copied().collect());
        Self {
            base,
            mode,
            topology,
            reservations: Reservations::new(types),
            gone,
            touched: FxHashMap::default(),
            widened: BTreeSet::new(),
            limits,
            new_nodes: Vec::new(),
            hosts: 0,
        }
    }

    fn pod(&self, key: PodKey) -> Option<&'s StatePod> {
        self.base.state.pod(key)
    }

    /// Places pods (`Solve`).
    pub fn place(mut self, pods: &[PodKey]) -> Placement {
        let base = self.base;
        let known: Vec<(PodKey, &'s StatePod)> = pods.iter().filter_map(|key| Some((*key, self.pod(*key)?))).collect();
        let moving = known.iter().filter_map(|(key, pod)| {
            let node = base.node_number(pod.node.as_ref()?)?;
            Some((*key, pod.class, node))
        });
        self.topology = Topology::new(base, moving.collect(), self.gone.iter().copied().collect());
        for (key, pod) in &known {
            self.topology.expect(pod.class);
            self.topology.update(*key, pod.class, 0);
        }
        let mut queue = Queue { pods: sorted(base, &known), last_length: FxHashMap::default() };
        let mut errors = BTreeMap::new();
        while let Some(key) = queue.pop() {
            let Some(pod) = self.pod(key) else { continue };
            match self.try_place(key, pod) {
                Ok(()) => {
                    errors.remove(&key);
                }
                Err(failure) => {
                    errors.insert(key, failure);
                    self.topology.update(key, pod.class, 0);
                    queue.push(key);
                }
            }
        }
        for node in &mut self.new_nodes {
            node.finish(base);
        }
        let existing = self.touched.into_iter().map(|(place, touched)| (place, touched.pods)).collect();
        let mut placement = Placement { new_nodes: self.new_nodes, existing, errors };
        truncate(base, &mut placement);
        placement
    }

    /// Tries each form of the pod.
    fn try_place(&mut self, key: PodKey, pod: &'s StatePod) -> Result<(), Failure> {
        let forms = self.base.forms(pod.class);
        let mut form = 0;
        loop {
            let failure = match self.add(key, pod, form) {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            form += 1;
            if failure.is_reserved() || form >= forms {
                return Err(failure);
            }
            self.topology.update(key, pod.class, form);
        }
    }

    fn add(&mut self, key: PodKey, pod: &'s StatePod, form: usize) -> Result<(), Failure> {
        let volumes = pod.volumes.as_deref();
        let arrival = Arrival { key, class: pod.class, form: self.base.form(pod.class, form), volumes };
        if let Some((place, fit)) = self.find_place(&arrival, pod, form) {
            self.add_to_place(&arrival, place, fit);
            return Ok(());
        }
        sort_slice(&mut self.new_nodes, |left, right| left.pods.len() < right.pods.len());
        for index in 0..self.new_nodes.len() {
            let node = &self.new_nodes[index];
            let with_pod = node.with_pod(&arrival, self.base, &self.topology, &self.reservations, self.mode, false);
            if let Ok(with_pod) = with_pod {
                let node = &mut self.new_nodes[index];
                node.add(&arrival, with_pod, self.base, &mut self.topology, &mut self.reservations);
                return Ok(());
            }
        }
        self.add_to_new_node(&arrival)
    }

    /// The first place that would do, with what it would be then.
    fn find_place(&self, arrival: &Arrival<'_>, pod: &StatePod, form: usize) -> Option<(u32, Fit)> {
        let base = self.base;
        let feasible = base.feasible(pod.class, form);
        let is_free = self.topology.is_free(arrival.key, arrival.class);
        let waits = pod.phase == crate::api::PodPhase::Pending;
        let must_move = || waits || pod.node.as_ref().is_some_and(|node| base.deleting.contains(node.as_str()));
        let may_disturb = must_move();
        let allowed =
            |place: &u32| !self.gone.contains(place) && (may_disturb || !base.places[*place as usize].is_recently_used);
        let widened = self.widened.iter().filter(|place| feasible.binary_search(place).is_err());
        let mut places: Vec<u32> = Vec::new();
        let in_order: &[u32] = if self.widened.is_empty() {
            &feasible
        } else {
            places.extend(feasible.iter().chain(widened));
            places.sort_unstable();
            &places
        };
        in_order
            .iter()
            .filter(|place| allowed(place))
            .find_map(|place| self.fits_place(arrival, *place, is_free).map(|fit| (*place, fit)))
    }

    /// Whether and how a place would do.
    fn fits_place(&self, arrival: &Arrival<'_>, number: u32, is_free: bool) -> Option<Fit> {
        let base = self.base;
        let place = &base.places[number as usize];
        let class = base.state.classes.get(arrival.class);
        let touched = self.touched.get(&number);
        let remaining = touched.map_or(&place.remaining, |touched| &touched.remaining);
        if !class.requests.fits(remaining) {
            return None;
        }
        let taken = || place.ports.iter().chain(touched.into_iter().flat_map(|touched| &touched.ports));
        if !class.host_ports.is_empty() && conflict(&class.host_ports, taken()) {
            return None;
        }
        let limits = &place.node.volume_limits;
        if let Some(volumes) = arrival.volumes.filter(|_| !limits.is_empty()) {
            let mut claims = place.claims.clone();
            claims.extend(touched.into_iter().flat_map(|touched| touched.claims.iter().cloned()));
            claims.extend(volumes.claims.iter().cloned());
            let of = |driver: &Name| claims.iter().filter(|(of, _)| of == driver).count();
            if limits.iter().any(|(driver, limit)| of(driver) > *limit) {
                return None;
            }
        }
        let requirements = touched.and_then(|touched| touched.requirements.as_ref()).unwrap_or(&place.requirements);
        let form = arrival.form;
        if self.widened.contains(&number) {
            let tolerated = tolerates_all(&form.tolerations, &place.taints);
            if !tolerated || requirements.compatible(&form.requirements, None).is_err() {
                return None;
            }
        }
        let says_more = form.requirements.iter().any(|(key, _)| requirements.get(key).is_none());
        if is_free && arrival.volumes.is_none() && !says_more && !self.widened.contains(&number) {
            return Some(Fit::AsItIs);
        }
        let mut with_pod = requirements.clone();
        with_pod.add_all(&form.requirements);
        let try_volumes = |volumes: Option<&Requirements>| {
            let mut with_volumes = with_pod.clone();
            if let Some(volumes) = volumes {
                with_volumes.compatible(volumes, None).ok()?;
                with_volumes.add_all(volumes);
            }
            if !is_free {
                let left =
                    self.topology.add_requirements(arrival.key, arrival.class, &form.strict, &with_volumes).ok()?;
                with_volumes.compatible(&left, None).ok()?;
                with_volumes.add_all(&left);
            }
            Some(with_volumes)
        };
        arrival.alternatives().into_iter().find_map(try_volumes).map(Fit::Narrowed)
    }

    fn add_to_place(&mut self, arrival: &Arrival<'_>, number: u32, fit: Fit) {
        let base = self.base;
        let place = &base.places[number as usize];
        let class = base.state.classes.get(arrival.class);
        let touched = self.touched.entry(number).or_insert_with(|| Touched {
            remaining: place.remaining.clone(),
            requirements: None,
            ports: Vec::new(),
            claims: BTreeSet::new(),
            pods: Vec::new(),
        });
        touched.pods.push(arrival.key);
        touched.remaining.take(&class.requests);
        touched.ports.extend(class.host_ports.iter().cloned());
        touched.claims.extend(arrival.volumes.into_iter().flat_map(|volumes| volumes.claims.iter().cloned()));
        if let Fit::Narrowed(requirements) = fit {
            if requirements.iter().any(|(key, _)| place.requirements.get(key).is_none()) {
                self.widened.insert(number);
            }
            touched.requirements = Some(requirements);
        }
        let requirements = touched.requirements.as_ref().unwrap_or(&place.requirements);
        self.topology.record(arrival.key, arrival.class, &place.taints, requirements);
    }

    fn add_to_new_node(&mut self, arrival: &Arrival<'_>) -> Result<(), Failure> {
        let base = self.base;
        if base.templates.is_empty() {
            return Err(Failure::NoTemplates);
        }
        let mut failures = Vec::new();
        for (index, template) in base.templates.iter().enumerate() {
            let limits = self.limits.get(template.pool);
            if limits.is_some_and(|limits| limits.nodes() == Some(0)) {
                failures.push(Failure::NodeLimit(template.pool.clone()));
                continue;
            }
            let within =
                |index: &u32| limits.is_none_or(|limits| template.types[*index as usize].capacity.within(limits));
            let types: Vec<u32> = template.allowed.iter().copied().filter(within).collect();
            if types.is_empty() {
                failures.push(Failure::Limits(template.pool.clone()));
                continue;
            }
            self.hosts += 1;
            let host = Name::from(format!("hostname-placeholder-{:04}", self.hosts));
            let mut node = NewNode::new(index, template, types, host);
            let lowers = lowers(base.options);
            match node.with_pod(arrival, base, &self.topology, &self.reservations, self.mode, lowers) {
                Ok(with_pod) => {
                    node.min_values_relaxed = with_pod.min_values_relaxed;
                    node.add(arrival, with_pod, base, &mut self.topology, &mut self.reservations);
                    let mut largest = Amounts::default();
                    for index in &node.options {
                        largest.max(&template.types[*index as usize].capacity);
                    }
                    if let Some(limits) = self.limits.get_mut(template.pool) {
                        limits.take_of_named(&largest);
                    }
                    self.new_nodes.push(node);
                    return Ok(());
                }
                Err(failure) => {
                    let is_reserved = failure.is_reserved();
                    failures.push(failure);
                    // A pool of a lower weight is no substitute for capacity that is paid for already.
                    if is_reserved {
                        break;
                    }
                }
            }
        }
        Err(Failure::Several(failures))
    }
}

/// Large pods first, then old ones.
fn sorted(base: &Base<'_>, pods: &[(PodKey, &StatePod)]) -> VecDeque<PodKey> {
    let size = |class: ClassId| base.state.classes.get(class).requests.size();
    let mut pods = pods.to_vec();
    pods.sort_by(|(_, left), (_, right)| {
        size(right.class)
            .cmp(&size(left.class))
            .then_with(|| left.created.truncated_to_second().cmp(&right.created.truncated_to_second()))
            .then_with(|| left.uid.cmp(&right.uid))
    });
    pods.into_iter().map(|(key, _)| key).collect()
}

/// Puts the cheapest instance types first, and drops what a NodeClaim cannot name (`TruncateInstanceTypes`).
fn truncate(base: &Base<'_>, placement: &mut Placement) {
    let options = base.options;
    let mut dropped = Vec::new();
    placement.new_nodes.retain_mut(|node| {
        let types = base.templates[node.template].types;
        order_by_price(&mut node.options, types, &node.requirements, &options.well_known);
        let kept = &node.options[..node.options.len().min(MAX_INSTANCE_TYPES)];
        let found = min_values(kept.iter().map(|index| &types[*index as usize]), &node.requirements);
        if !found.missing.is_empty() && options.min_values_policy == MinValuesPolicy::Strict {
            dropped.extend(node.pods.iter().copied());
            return false;
        }
        node.options.truncate(MAX_INSTANCE_TYPES);
        true
    });
    for pod in dropped {
        placement.errors.insert(pod, Failure::InstanceTypes(super::template::NoInstanceType::default()));
    }
}
