//! What cannot be had: which launches fail, and which steps never come.

use crate::api::Name;
use crate::cluster::{Cluster, Instance, InstanceId, LaunchChoice, LaunchFailure};
use crate::engine::{RandomStream, RandomStreams};
use crate::input::scenario::{Problem, Shortage};
use crate::units::{MilliCpu, SimTime};
use rand::RngExt;

/// What came of a launch. `without_capacity` has the places of the choices that could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LaunchOutcome {
    /// There is a machine.
    Launched { chosen: u16, without_capacity: Vec<u16> },
    /// There is none.
    Failed { failure: LaunchFailure, without_capacity: Vec<u16> },
}

/// A shortage with what has happened so far.
#[derive(Clone, Debug)]
struct State {
    shortage: Shortage,
    stream: RandomStream,
    /// Machines that run and that it concerns, and their cores: of quotas.
    running: (u32, MilliCpu),
    /// When the next launch may be: of launch rates.
    next_launch: SimTime,
}

impl State {
    fn concerns(&self, choice: &LaunchChoice, pool: &str) -> bool {
        self.shortage.concerns(pool, &choice.instance_type, &choice.zone, choice.capacity_type)
    }

    /// Draws whether it hits a machine that it concerns.
    fn hits(&mut self, choice: &LaunchChoice, pool: &str, now: SimTime) -> bool {
        self.shortage.is_on(now) && self.concerns(choice, pool) && self.draw()
    }

    fn draw(&mut self) -> bool {
        self.shortage.probability >= 1.0 || self.stream.random::<f64>() < self.shortage.probability
    }

    /// Whether one more machine is beyond the quota.
    fn is_used_up(&self, choice: &LaunchChoice, pool: &str, now: SimTime) -> bool {
        let Problem::Quota { nodes, cpu } = self.shortage.problem else { return false };
        let (running, cores) = self.running;
        self.shortage.is_on(now)
            && self.concerns(choice, pool)
            && (nodes.is_some_and(|most| running >= most) || cpu.is_some_and(|most| cores + cores_of(choice) > most))
    }
}

/// The shortages of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Shortages {
    states: Vec<State>,
}

impl Shortages {
    /// Shortages that have hit nothing yet.
    pub(super) fn new(shortages: &[Shortage], streams: RandomStreams) -> Self {
        let state = |shortage: &Shortage| State {
            stream: streams.stream(&format!("cloud/shortages/{}", shortage.name)),
            shortage: shortage.clone(),
            running: (0, MilliCpu::new(0)),
            next_launch: SimTime::ZERO,
        };
        Self { states: shortages.iter().map(state).collect() }
    }

    /// When an instance that could be launched at `at` is: launch rates have it wait for its turn.
    pub(super) fn turn(&mut self, instance: &Instance, pool: &str, at: SimTime, now: SimTime) -> SimTime {
        let choice = instance.choice();
        let mut turn = at;
        for state in &mut self.states {
            if let Problem::LaunchRate(interval) = state.shortage.problem
                && state.shortage.is_on(now)
                && state.concerns(choice, pool)
            {
                turn = turn.max(state.next_launch);
                state.next_launch = turn + interval;
            }
        }
        turn
    }

    /// What comes of a launch: the first of the choices that can be had.
    pub(super) fn launch(&mut self, instance: &Instance, pool: &str, now: SimTime) -> LaunchOutcome {
        let mut without_capacity = Vec::new();
        let mut quota = None;
        for (place, choice) in (0_u16..).zip(&instance.request.choices) {
            let is_used_up = self.states.iter().find(|state| state.is_used_up(choice, pool, now));
            if let Some(state) = is_used_up {
                quota.get_or_insert_with(|| state.shortage.name.clone());
                continue;
            }
            if self.hits(Problem::StockOut, choice, pool, now) {
                without_capacity.push(place);
                continue;
            }
            if self.hits(Problem::LaunchError, choice, pool, now) {
                let failure = LaunchFailure::Other(Name::from("CREATE_FAILED"));
                return LaunchOutcome::Failed { failure, without_capacity };
            }
            return LaunchOutcome::Launched { chosen: place, without_capacity };
        }
        let failure = match quota {
            Some(name) if without_capacity.is_empty() => LaunchFailure::Quota(name),
            _ => LaunchFailure::StockOut,
        };
        LaunchOutcome::Failed { failure, without_capacity }
    }

    fn hits(&mut self, problem: Problem, choice: &LaunchChoice, pool: &str, now: SimTime) -> bool {
        let mut states = self.states.iter_mut().filter(|state| state.shortage.problem == problem);
        states.any(|state| state.hits(choice, pool, now))
    }

    /// Whether a machine never registers its node.
    pub(super) fn never_registers(&mut self, instance: &Instance, pool: &str, now: SimTime) -> bool {
        self.hits(Problem::NeverRegisters, instance.choice(), pool, now)
    }

    /// Whether a node never becomes ready.
    pub(super) fn never_ready(&mut self, instance: &Instance, pool: &str, now: SimTime) -> bool {
        self.hits(Problem::NeverReady, instance.choice(), pool, now)
    }

    /// A machine begins to run (`change` 1) or is gone (-1).
    pub(super) fn count(&mut self, instance: &Instance, pool: &str, change: i32) {
        let choice = instance.choice();
        for state in &mut self.states {
            if matches!(state.shortage.problem, Problem::Quota { .. }) && state.concerns(choice, pool) {
                let (nodes, cores) = state.running;
                let of_one = cores_of(choice).get() * i64::from(change);
                state.running = (nodes.saturating_add_signed(change), MilliCpu::new(cores.get() + of_one));
            }
        }
    }

    /// The machines that a shortage takes back when it begins.
    pub(super) fn reclaimed(&mut self, index: usize, cluster: &Cluster, now: SimTime) -> Vec<InstanceId> {
        let Some(state) = self.states.get_mut(index) else { return Vec::new() };
        if state.shortage.problem != Problem::Reclaim || state.shortage.from != now {
            return Vec::new();
        }
        let running = cluster.instances().filter(|(_, instance)| instance.is_wanted() && instance.has_machine());
        let hit = running.filter(|(_, instance)| {
            let pool = super::pool_of(instance, cluster);
            state.concerns(instance.choice(), pool) && state.draw()
        });
        hit.map(|(id, _)| id).collect()
    }

    /// Tells every group whether its size can be raised now.
    pub(super) fn refuse(shortages: &[Shortage], cluster: &mut Cluster, now: SimTime) {
        let groups: Vec<_> = cluster.node_groups().map(|(id, _)| id).collect();
        for id in groups {
            let group = cluster.node_group(id);
            let zone = |shortage: &Shortage, zone: &str| {
                shortage.concerns(&group.name, &group.instance_type, zone, group.capacity_type)
            };
            let concerns = |shortage: &&Shortage| {
                shortage.problem == Problem::Refused
                    && shortage.is_on(now)
                    && (group.zones.iter().all(|name| zone(shortage, name))
                        && (!group.zones.is_empty() || zone(shortage, "")))
            };
            let refusal = shortages.iter().find(concerns).map(|shortage| shortage.name.clone());
            cluster.set_node_group_refusal(id, refusal);
        }
    }
}

/// The cores of a machine.
fn cores_of(choice: &LaunchChoice) -> MilliCpu {
    choice.node.capacity.cpu.or(choice.node.allocatable.cpu).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CapacityType;
    use crate::cluster::{InstanceOrigin, NodeGroup};
    use crate::units::SimDuration;

    #[test]
    fn sizes_are_refused_while_it_lasts() {
        let refused = |zones: &[&str], capacity_types: &[CapacityType]| Shortage {
            name: "no".into(),
            problem: Problem::Refused,
            pools: vec!["web".into()],
            instance_types: Vec::new(),
            zones: zones.iter().map(|zone| Name::from(*zone)).collect(),
            capacity_types: capacity_types.to_vec(),
            from: SimTime::from_secs(10),
            until: Some(SimTime::from_secs(20)),
            probability: 1.0,
        };
        let cases = [
            (refused(&[], &[]), 9, false, "not yet"),
            (refused(&[], &[]), 10, true, "from its beginning"),
            (refused(&[], &[]), 20, false, "no more"),
            (refused(&["a", "b"], &[]), 15, true, "every zone of the group"),
            (refused(&["a"], &[]), 15, false, "the group has another zone"),
            (refused(&[], &[CapacityType::Spot]), 15, false, "the group is on demand"),
        ];
        for (shortage, second, expected, why) in cases {
            let mut cluster = Cluster::default();
            let mut group = NodeGroup::new("web".into());
            group.zones = vec!["a".into(), "b".into()];
            let group = cluster.add_node_group(group);
            let now = SimTime::from_secs(second);
            Shortages::refuse(&[shortage], &mut cluster, now);
            let by = InstanceOrigin::ClusterAutoscaler;
            let increased = cluster.increase_node_group(group, 1, by, &Name::default(), now + SimDuration::ZERO);
            assert_eq!(increased.is_err(), expected, "{why}");
        }
    }
}
