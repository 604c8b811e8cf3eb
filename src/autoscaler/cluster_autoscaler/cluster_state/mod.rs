//! What the autoscaler believes of the node groups: how many nodes are ready or still to come, which scale-ups are under
//! way, and which failed (`ClusterStateRegistry`).

mod backoff;
mod instance_cache;
mod readiness;
mod requests;

pub use backoff::BackoffInfo;
pub use readiness::Readiness;
pub use requests::ScaleUpRequest;

use super::environment::{Environment, Event, EventSubject, GroupId, Instance, InstanceError, NodeGroup, ObservedNode};
use super::options::Options;
use crate::api::Name;
use crate::units::SimTime;
use backoff::Backoff;
use instance_cache::InstanceCache;
use std::collections::BTreeMap;

/// How many nodes a group should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct AcceptableRange {
    /// Fewer than these are too few.
    min_nodes: i64,
    /// What the cloud is asked for.
    target: i64,
}

/// A group that has had another number of nodes than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct IncorrectSize {
    current: i64,
    expected: i64,
    since: SimTime,
}

/// The belief.
#[derive(Debug, Default)]
pub struct ClusterState {
    backoff: Backoff,
    cache: InstanceCache,
    instances: Vec<Vec<Instance>>,
    previous_instances: Vec<Vec<Instance>>,
    /// Instances without a node, with the loop that saw them first.
    unregistered: BTreeMap<Name, (GroupId, SimTime)>,
    readiness: Vec<Option<Readiness>>,
    unready: usize,
    nodes: usize,
    ranges: Vec<AcceptableRange>,
    requests: BTreeMap<GroupId, ScaleUpRequest>,
    incorrect: BTreeMap<GroupId, IncorrectSize>,
    /// What the cloud said to attempts to take a scale-up back, in this loop.
    reverted: Vec<(GroupId, i64, bool)>,
}

impl ClusterState {
    /// A belief that starts now.
    pub fn new(now: SimTime) -> Self {
        Self { cache: InstanceCache::new(now), ..Self::default() }
    }

    /// Looks at the cluster at the start of a loop. `has_template` says for which groups there is a template: the others
    /// are never backed off.
    pub fn update(
        &mut self,
        environment: &mut dyn Environment,
        groups: &[NodeGroup],
        nodes: &[ObservedNode],
        has_template: &dyn Fn(GroupId) -> bool,
        options: &Options,
        now: SimTime,
    ) {
        self.ranges.resize(groups.len(), AcceptableRange::default());
        self.readiness.resize(groups.len(), None);
        self.reverted.clear();
        let scaling_up: Vec<bool> =
            (0..groups.len()).map(|index| self.is_scaling_up(GroupId::from_index(index))).collect();
        let instances = self.cache.instances(environment, &scaling_up, now);
        self.previous_instances = std::mem::replace(&mut self.instances, instances);
        self.update_unregistered(nodes, now);
        self.update_readiness(groups, nodes, options, now);
        self.update_ranges(groups);
        self.update_requests(environment, groups, has_template, options, now);
        self.handle_creation_errors(environment, groups, has_template, options, now);
        self.update_ranges(groups);
        self.update_incorrect_sizes(groups.len(), now);
    }

    fn update_unregistered(&mut self, nodes: &[ObservedNode], now: SimTime) {
        let registered: rustc_hash::FxHashSet<&str> = nodes.iter().map(|node| &*node.object.meta.name).collect();
        let mut unregistered = BTreeMap::new();
        for (index, instances) in self.instances.iter().enumerate() {
            for instance in instances {
                let expected = instance.error.is_none() && !instance.deleting;
                if expected && !registered.contains(&*instance.name) {
                    let since = self.unregistered.get(&instance.name).map_or(now, |(_, since)| *since);
                    unregistered.insert(instance.name.clone(), (GroupId::from_index(index), since));
                }
            }
        }
        self.unregistered = unregistered;
    }

    fn update_readiness(&mut self, groups: &[NodeGroup], nodes: &[ObservedNode], options: &Options, now: SimTime) {
        self.readiness = vec![None; groups.len()];
        self.unready = 0;
        self.nodes = nodes.len();
        for node in nodes {
            let group = node.group.and_then(|group| groups.get(group.index()));
            let startup =
                group.map_or(options.group.max_node_startup_time, |group| group.options.max_node_startup_time);
            let class = readiness::classify(node, startup, now);
            self.unready += usize::from(class == readiness::Class::Unready);
            if let Some(Some(slot)) = node.group.map(|group| self.readiness.get_mut(group.index())) {
                slot.get_or_insert_default().count(class, node.id);
            }
        }
        for (name, (group, since)) in &self.unregistered {
            let Some(slot) = self.readiness.get_mut(group.index()) else { continue };
            let provision =
                groups.get(group.index()).map_or(options.group, |group| group.options).max_node_provision_time;
            let readiness = slot.get_or_insert_default();
            if *since + provision < now {
                readiness.long_unregistered.push(name.clone());
            } else {
                readiness.unregistered += 1;
            }
        }
    }

    /// Computes the ranges anew, for example after a scale-up.
    pub fn update_ranges(&mut self, groups: &[NodeGroup]) {
        self.ranges = groups
            .iter()
            .enumerate()
            .map(|(index, group)| {
                let id = GroupId::from_index(index);
                let long = self.readiness_of(id).map_or(0, |readiness| count(readiness.long_unregistered.len()));
                let increase = self.requests.get(&id).map_or(0, |request| request.increase);
                AcceptableRange { min_nodes: group.target - long - increase, target: group.target }
            })
            .collect();
    }

    fn update_incorrect_sizes(&mut self, groups: usize, now: SimTime) {
        let mut incorrect = BTreeMap::new();
        for index in 0..groups {
            let id = GroupId::from_index(index);
            let (Some(readiness), Some(range)) = (self.readiness_of(id), self.ranges.get(index)) else { continue };
            let registered = count(readiness.registered);
            let unregistered = count(readiness.unregistered + readiness.long_unregistered.len());
            if registered > range.target || registered < range.target - unregistered {
                let found = IncorrectSize { current: registered, expected: range.target, since: now };
                let known = self.incorrect.get(&id).copied();
                let same = |known: &IncorrectSize| (known.current, known.expected) == (found.current, found.expected);
                incorrect.insert(id, known.filter(same).unwrap_or(found));
            }
        }
        self.incorrect = incorrect;
    }

    /// Instances that the cloud failed to make, and that were not known to have failed, shrink the scale-up and back the
    /// group off.
    fn handle_creation_errors(
        &mut self,
        environment: &mut dyn Environment,
        groups: &[NodeGroup],
        has_template: &dyn Fn(GroupId) -> bool,
        options: &Options,
        now: SimTime,
    ) {
        for (index, group) in groups.iter().enumerate() {
            let id = GroupId::from_index(index);
            let known = |name: &Name| {
                let previous = self.previous_instances.get(index).map(Vec::as_slice).unwrap_or_default();
                previous.iter().any(|instance| instance.name == *name && instance.error.is_some())
            };
            let mut by_code: Vec<(InstanceError, i64)> = Vec::new();
            for instance in self.instances.get(index).into_iter().flatten() {
                let Some(error) = instance.error.as_ref().filter(|_| !known(&instance.name)) else { continue };
                let same = |(other, _): &&mut (InstanceError, i64)| {
                    (&other.code, other.out_of_resources) == (&error.code, error.out_of_resources)
                };
                match by_code.iter_mut().find(same) {
                    Some((_, number)) => *number += 1,
                    None => by_code.push((error.clone(), 1)),
                }
            }
            for (error, number) in by_code {
                if !self.is_scaling_up(id) {
                    continue;
                }
                let class = if error.out_of_resources { "OutOfResources" } else { "Other" };
                environment.emit(Event {
                    subject: EventSubject::Status,
                    is_warning: true,
                    reason: "ScaleUpFailed",
                    message: format!(
                        "Failed adding {number} nodes to group {} due to {class}.{}; source errors: {}",
                        group.name, error.code, error.message
                    ),
                });
                self.register_scale_up(id, -number, group, now);
                if has_template(id) {
                    self.backoff.fail(id, error.code, now, options);
                }
            }
        }
    }

    /// Notes that the cloud refused a scale-up.
    pub fn register_failed_scale_up(&mut self, group: GroupId, code: &str, now: SimTime, options: &Options) {
        self.backoff.fail(group, code.into(), now, options);
    }

    /// The names of instances that the cloud failed to make, by group.
    pub fn instances_with_errors(&self) -> Vec<(GroupId, Vec<Name>)> {
        let failed = |instances: &[Instance]| -> Vec<Name> {
            instances.iter().filter(|instance| instance.error.is_some()).map(|instance| instance.name.clone()).collect()
        };
        let groups = self.instances.iter().enumerate().map(|(index, all)| (GroupId::from_index(index), failed(all)));
        groups.filter(|(_, names)| !names.is_empty()).collect()
    }

    /// The names of instances that have had no node for longer than their group allows, by group.
    pub fn long_unregistered(&self) -> Vec<(GroupId, Vec<Name>)> {
        let of = |slot: &Option<Readiness>| slot.as_ref().map(|readiness| readiness.long_unregistered.clone());
        let groups = self.readiness.iter().enumerate();
        let named = groups.map(|(index, slot)| (GroupId::from_index(index), of(slot).unwrap_or_default()));
        named.filter(|(_, names)| !names.is_empty()).collect()
    }

    /// Groups that have had too few nodes for longer than the provision time, and by how many.
    pub fn sizes_to_fix(&self, groups: &[NodeGroup], now: SimTime) -> Vec<(GroupId, i64)> {
        let due = |id: &GroupId, size: &IncorrectSize| {
            let provision = groups.get(id.index()).map(|group| group.options.max_node_provision_time);
            provision.is_some_and(|provision| size.since + provision < now) && size.current < size.expected
        };
        let found = self.incorrect.iter().filter(|(id, size)| due(id, size));
        found.map(|(id, size)| (*id, size.expected - size.current)).collect()
    }

    /// Throws the list of a group's instances away.
    pub fn invalidate_instances(&mut self, group: GroupId) {
        self.cache.invalidate(group);
    }

    /// Whether so many nodes are unready that the autoscaler does nothing.
    pub fn is_healthy(&self, options: &Options) -> bool {
        let unready = self.unready;
        unready <= options.ok_total_unready_count
            || as_f64(unready) <= options.max_total_unready_percentage / 100.0 * as_f64(self.nodes)
    }

    /// Whether a group has about as many ready nodes as it should.
    pub fn is_group_healthy(&self, group: GroupId, options: &Options) -> bool {
        let Some(range) = self.ranges.get(group.index()) else { return false };
        let Some(readiness) = self.readiness_of(group) else {
            return range.target == 0 || (range.min_nodes == 0 && range.target > 0);
        };
        let missing = usize::try_from(range.min_nodes - count(readiness.ready)).unwrap_or(0);
        let known = readiness.ready + readiness.unready + readiness.not_started.len();
        missing <= options.ok_total_unready_count
            || as_f64(missing) <= options.max_total_unready_percentage / 100.0 * as_f64(known)
    }

    /// The back-off that a group is in.
    pub fn backoff_of(&self, group: GroupId, now: SimTime) -> Option<&BackoffInfo> {
        self.backoff.of(group, now)
    }

    /// The readiness of a group, of which something is known.
    pub fn readiness_of(&self, group: GroupId) -> Option<&Readiness> {
        self.readiness.get(group.index())?.as_ref()
    }

    /// Scale-ups that were taken back in this loop: the group, how many nodes, and whether the cloud agreed.
    pub fn reverted(&self) -> &[(GroupId, i64, bool)] {
        &self.reverted
    }

    fn upcoming_of(&self, group: GroupId) -> i64 {
        let Some(range) = self.ranges.get(group.index()) else { return 0 };
        let here =
            |readiness: &Readiness| count(readiness.ready + readiness.unready + readiness.long_unregistered.len());
        range.target - self.readiness_of(group).map_or(0, here)
    }

    /// How many nodes each group is about to get.
    pub fn upcoming(&self, now: SimTime) -> Vec<(GroupId, usize)> {
        let counts = |group: GroupId| {
            let number = usize::try_from(self.upcoming_of(group)).ok().filter(|number| *number > 0)?;
            let is_expected = self.requests.contains_key(&group) && self.backoff.of(group, now).is_none();
            is_expected.then_some((group, number))
        };
        (0..self.ranges.len()).map(GroupId::from_index).filter_map(counts).collect()
    }

    /// The next moment at which something of this belief changes by itself.
    pub fn next_deadline(&self, groups: &[NodeGroup], now: SimTime) -> Option<SimTime> {
        let requests = self.requests.values().map(|request| request.expected);
        let unregistered = self
            .unregistered
            .values()
            .filter_map(|(group, since)| Some(*since + groups.get(group.index())?.options.max_node_provision_time));
        let sizes = self
            .incorrect
            .iter()
            .filter_map(|(group, size)| Some(size.since + groups.get(group.index())?.options.max_node_provision_time));
        let ends = requests.chain(unregistered).chain(sizes).filter(|end| *end >= now);
        ends.chain(self.backoff.next_end(now)).min()
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn as_f64(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::MAX, f64::from)
}
