//! The nodes by which requests from outside the cluster come to a Service: all of them at its node port, or those that a load
//! balancer holds for healthy.
//!
//! A load balancer sends to every node that it was given (service controller, Kubernetes 1.36: `stableNodeSetPredicates`) and
//! whose health check passes: kube-proxy's own with `externalTrafficPolicy: Cluster`, `healthCheckNodePort` with `Local`, which
//! passes while a ready endpoint is on the node. While no node passes it sends to all, as the clouds' do.

use super::routing::usable::ZoneId;
use crate::api::TrafficPolicy;
use crate::cluster::NodeId;
use crate::engine::{RandomStream, scatter};
use crate::units::{SimDuration, SimTime};
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};

/// How a load balancer checks nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// From one check to the next; above zero.
    pub interval: SimDuration,
    /// Checks in a row that a node must pass to get requests.
    pub healthy_after: u32,
    /// Checks in a row that it must fail to get none.
    pub unhealthy_after: u32,
}

/// How requests come from outside the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// By the node port of any node, dead ones too: nobody checks.
    NodePort,
    /// By a load balancer.
    LoadBalancer(HealthCheck),
}

/// What there is to know of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorNode {
    /// Its zone.
    pub zone: Option<ZoneId>,
    /// Whether its machine runs.
    pub is_up: bool,
}

#[derive(Clone, Debug)]
struct Member {
    node: DoorNode,
    /// Whether checks pass.
    passes: bool,
    /// Whether it gets requests.
    is_used: bool,
    /// When the checks that have another result are enough.
    turns_at: Option<SimTime>,
}

/// The nodes of one Service.
#[derive(Clone, Debug)]
pub struct Outside {
    door: Door,
    policy: TrafficPolicy,
    /// Seed of the instants in which nodes are checked.
    phases: u64,
    members: BTreeMap<NodeId, Member>,
    /// Nodes with a ready endpoint.
    with_endpoint: BTreeSet<NodeId>,
    /// Those that get requests, as of the last request.
    used: Vec<NodeId>,
    /// Whether that is no longer so.
    is_stale: bool,
}

impl Outside {
    /// A door without nodes.
    pub fn new(door: Door, policy: TrafficPolicy, phases: u64) -> Self {
        let (members, with_endpoint) = (BTreeMap::new(), BTreeSet::new());
        Self { door, policy, phases, members, with_endpoint, used: Vec::new(), is_stale: false }
    }

    /// By what requests come.
    pub const fn door(&self) -> Door {
        self.door
    }

    /// `externalTrafficPolicy`.
    pub const fn policy(&self) -> TrafficPolicy {
        self.policy
    }

    /// The Service changes. Gives the nodes whose checks have a new result, and when that counts.
    pub fn set_policy(&mut self, policy: TrafficPolicy, now: SimTime) -> Vec<(NodeId, SimTime)> {
        if self.policy == policy {
            return Vec::new();
        }
        self.policy = policy;
        self.check_all(now)
    }

    /// A node comes, changes or goes. Gives when a new result of its checks counts.
    pub fn set_node(&mut self, id: NodeId, node: Option<DoorNode>, now: SimTime) -> Option<SimTime> {
        self.is_stale = true;
        let Some(node) = node else {
            self.members.remove(&id);
            return None;
        };
        let new = Member { node, passes: false, is_used: false, turns_at: None };
        self.members.entry(id).or_insert(new).node = node;
        self.check(id, now)
    }

    /// Which nodes have a ready endpoint. Gives those whose checks have a new result, and when that counts.
    pub fn set_endpoints(&mut self, with_endpoint: BTreeSet<NodeId>, now: SimTime) -> Vec<(NodeId, SimTime)> {
        if self.with_endpoint == with_endpoint {
            return Vec::new();
        }
        self.with_endpoint = with_endpoint;
        self.check_all(now)
    }

    fn check_all(&mut self, now: SimTime) -> Vec<(NodeId, SimTime)> {
        let ids: Vec<NodeId> = self.members.keys().copied().collect();
        ids.into_iter().filter_map(|id| Some((id, self.check(id, now)?))).collect()
    }

    /// Compares a node with what its checks said. What passes within the first interval of a run did so before it.
    fn check(&mut self, id: NodeId, now: SimTime) -> Option<SimTime> {
        let member = self.members.get_mut(&id)?;
        let check = match self.door {
            Door::NodePort => {
                (member.passes, member.is_used) = (member.node.is_up, true);
                self.is_stale = true;
                return None;
            }
            Door::LoadBalancer(check) => check,
        };
        let has_endpoint = self.policy == TrafficPolicy::Cluster || self.with_endpoint.contains(&id);
        let passes = member.node.is_up && has_endpoint;
        if passes == member.passes {
            return None;
        }
        member.passes = passes;
        if passes && now < SimTime::ZERO + check.interval {
            (member.is_used, member.turns_at) = (true, None);
            self.is_stale = true;
            return None;
        }
        if passes == member.is_used {
            member.turns_at = None;
            return None;
        }
        let phase = SimTime::ZERO + check.interval.mul_f64(scatter(self.phases, id.index() as u64));
        let more = if passes { check.healthy_after } else { check.unhealthy_after }.saturating_sub(1);
        let at = now.next_tick(phase, check.interval) + check.interval * i64::from(more);
        member.turns_at = Some(at);
        Some(at)
    }

    /// The checks of a node may have been enough.
    pub fn turn(&mut self, id: NodeId, now: SimTime) {
        let Some(member) = self.members.get_mut(&id).filter(|member| member.turns_at == Some(now)) else { return };
        (member.is_used, member.turns_at) = (member.passes, None);
        self.is_stale = true;
    }

    /// The nodes that get requests.
    fn used(&mut self) -> &[NodeId] {
        if !std::mem::take(&mut self.is_stale) {
            return &self.used;
        }
        self.used.clear();
        self.used.extend(self.members.iter().filter(|(_, member)| member.is_used).map(|(id, _)| *id));
        if self.used.is_empty() {
            self.used.extend(self.members.keys());
        }
        &self.used
    }

    /// The node to which a request comes: always the same of those that get any for a client that keeps its endpoint.
    pub fn choose(&mut self, client: Option<u32>, random: &mut RandomStream) -> Option<(NodeId, DoorNode)> {
        let used = self.used();
        let count = used.len();
        let place = match client {
            _ if count == 0 => return None,
            Some(client) => client as usize % count,
            None => random.random_range(0..count),
        };
        let id = *used.get(place)?;
        Some((id, self.members.get(&id)?.node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: DoorNode = DoorNode { zone: None, is_up: true };
    const DOWN: DoorNode = DoorNode { zone: None, is_up: false };

    fn node(index: usize) -> NodeId {
        NodeId::from_index(index)
    }

    fn at(seconds: i64) -> SimTime {
        SimTime::from_secs(seconds)
    }

    fn balancer(policy: TrafficPolicy) -> Outside {
        let check = HealthCheck { interval: SimDuration::from_secs(8), healthy_after: 1, unhealthy_after: 3 };
        let mut outside = Outside::new(Door::LoadBalancer(check), policy, 1);
        for index in 0..3 {
            assert_eq!(outside.set_node(node(index), Some(UP), SimTime::ZERO), None);
        }
        outside
    }

    fn turn_all(outside: &mut Outside, due: &[(NodeId, SimTime)]) {
        for (id, at) in due {
            outside.turn(*id, *at);
        }
    }

    #[test]
    fn a_dead_node_gets_requests_until_its_checks_have_failed() {
        let mut outside = balancer(TrafficPolicy::Cluster);
        assert_eq!(outside.used(), [node(0), node(1), node(2)], "they were there before the run");
        let due = outside.set_node(node(1), Some(DOWN), at(100)).unwrap();
        assert!(due >= at(116) && due < at(124), "the third check that fails: {due:?}");
        assert_eq!(outside.used().len(), 3);
        outside.turn(node(1), at(117) - SimDuration::from_nanos(1));
        assert_eq!(outside.used().len(), 3, "not before");
        outside.turn(node(1), due);
        assert_eq!(outside.used(), [node(0), node(2)]);
        let due = outside.set_node(node(1), Some(UP), at(200)).unwrap();
        assert!(due >= at(200) && due < at(208), "one check that passes: {due:?}");
        outside.turn(node(1), due);
        assert_eq!(outside.used().len(), 3);
        assert_eq!(outside.set_node(node(0), None, at(300)), None);
        assert_eq!(outside.used(), [node(1), node(2)], "a node that is gone is taken out at once");
    }

    #[test]
    fn a_short_outage_is_not_noticed() {
        let mut outside = balancer(TrafficPolicy::Cluster);
        let due = outside.set_node(node(1), Some(DOWN), at(100)).unwrap();
        assert_eq!(outside.set_node(node(1), Some(UP), at(101)), None);
        outside.turn(node(1), due);
        assert_eq!(outside.used().len(), 3);
    }

    #[test]
    fn local_endpoints_decide_with_the_policy_local() {
        let mut outside = balancer(TrafficPolicy::Local);
        assert_eq!(outside.used().len(), 3, "no node passes: all are tried");
        assert_eq!(outside.set_endpoints([node(0)].into(), at(1)), [], "within the first interval");
        assert_eq!(outside.used(), [node(0)]);
        let due = outside.set_endpoints([node(2)].into(), at(50));
        assert_eq!(due.len(), 2);
        turn_all(&mut outside, &due);
        assert_eq!(outside.used(), [node(2)]);
        let due = outside.set_policy(TrafficPolicy::Cluster, at(90));
        turn_all(&mut outside, &due);
        assert_eq!(outside.used().len(), 3);
    }

    #[test]
    fn nobody_checks_node_ports() {
        let mut outside = Outside::new(Door::NodePort, TrafficPolicy::Local, 1);
        assert_eq!(outside.set_node(node(0), Some(DOWN), at(9)), None);
        assert_eq!(outside.set_node(node(1), Some(UP), at(9)), None);
        assert_eq!(outside.used(), [node(0), node(1)]);
        let mut random = crate::engine::RandomStreams::new(1).stream("routes");
        assert_eq!(outside.choose(Some(3), &mut random), Some((node(1), UP)), "a client stays with its node");
        let dead = (0..1000).filter(|_| outside.choose(None, &mut random) == Some((node(0), DOWN))).count();
        assert!((430..570).contains(&dead), "half of the requests go to the dead one: {dead}");
    }
}
