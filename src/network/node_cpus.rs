//! The CPU of the nodes on which requests are served: who wants how much of it at the moment, and what each gets.
//!
//! As long as the pods of a node want no more than it has, a change of what one of them wants costs an addition. Only on a
//! node that is short are the shares worked out anew ([`share`]).

use super::cpu_shares::{Contender, cpu_weight, share};
use crate::api::QosClass;
use crate::cluster::NodeId;
use crate::units::{MilliCpu, SimTime};

/// The number of nobody.
pub const NOBODY: u32 = u32::MAX;
/// Demand that is within rounding of what there is is met.
const ROUNDING: f64 = 1e-9;

/// What a pod is to its node.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// Its class of service.
    pub class: QosClass,
    /// Its CPU requests.
    pub requests: MilliCpu,
    /// The traffic entry and the endpoint that it serves as; `None` of a pod whose usage is a given.
    pub endpoint: Option<(usize, u32)>,
}

/// What a pod wants from now on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewDemand {
    /// Its number among the members of nodes.
    pub member: u32,
    /// Cores.
    pub wants: f64,
    /// Since when.
    pub since: SimTime,
}

/// What an endpoint gets from now on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewShare {
    /// Index of its service.
    pub service: usize,
    /// Its number there.
    pub endpoint: u32,
    /// Cores; infinite if it gets what it wants.
    pub gets: f64,
    /// Since when.
    pub since: SimTime,
}

#[derive(Clone, Debug)]
struct Member {
    node: usize,
    endpoint: Option<(usize, u32)>,
    contender: Contender,
    gets: f64,
}

#[derive(Clone, Debug)]
struct NodeCpu {
    cores: f64,
    /// Weight of the group of its Burstable pods.
    burstable: f64,
    /// Its pods, in the order in which they came.
    members: Vec<u32>,
    wanted: f64,
    is_short: bool,
}

/// The CPU of all nodes with pods that serve.
#[derive(Clone, Debug, Default)]
pub struct NodeCpus {
    /// By index of the node.
    nodes: Vec<Option<NodeCpu>>,
    members: Vec<Member>,
    /// Members whose number may be used again.
    unused: Vec<u32>,
    new_shares: Vec<NewShare>,
    /// Kept so that nothing is allocated when shares are worked out.
    contenders: Vec<Contender>,
    gets: Vec<f64>,
}

impl NodeCpus {
    /// A pod begins to run on a node; `cores` are those of the node, unless they are known. Gives its number.
    pub fn join(&mut self, node: NodeId, cores: Option<f64>, claim: Claim) -> u32 {
        let index = node.index();
        if self.nodes.len() <= index {
            self.nodes.resize(index + 1, None);
        }
        let contender = Contender { class: claim.class, weight: cpu_weight(claim.requests), wants: 0.0 };
        let member = Member { node: index, endpoint: claim.endpoint, contender, gets: f64::INFINITY };
        let number = if let Some(number) = self.unused.pop() {
            self.members[number as usize] = member;
            number
        } else {
            self.members.push(member);
            u32::try_from(self.members.len() - 1).unwrap_or(NOBODY)
        };
        let node = self.nodes[index].get_or_insert_with(NodeCpu::idle);
        node.cores = cores.unwrap_or(node.cores);
        node.members.push(number);
        number
    }

    /// A pod runs no more.
    pub fn leave(&mut self, member: u32, now: SimTime) {
        self.want(member, 0.0, now);
        let Some(Member { node: index, .. }) = self.members.get(member as usize).cloned() else { return };
        if let Some(node) = &mut self.nodes[index] {
            node.members.retain(|number| *number != member);
        }
        if self.nodes[index].as_ref().is_some_and(|node| node.members.is_empty()) {
            self.nodes[index] = None;
        }
        self.unused.push(member);
    }

    /// Nodes on which pods serve.
    pub fn nodes_with_endpoints(&self) -> impl Iterator<Item = NodeId> + '_ {
        let serves =
            |node: &NodeCpu| node.members.iter().any(|number| self.members[*number as usize].endpoint.is_some());
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(move |(_, node)| node.as_ref().is_some_and(serves)).map(|(index, _)| NodeId::from_index(index))
    }

    /// Whether a node is one of those that are watched.
    pub fn has(&self, node: NodeId) -> bool {
        self.nodes.get(node.index()).is_some_and(Option::is_some)
    }

    /// The Burstable pods of a node request so much together.
    pub fn set_burstable(&mut self, node: NodeId, requests: MilliCpu, now: SimTime) {
        let Some(Some(state)) = self.nodes.get_mut(node.index()) else { return };
        let weight = cpu_weight(requests);
        if state.burstable.total_cmp(&weight).is_ne() {
            state.burstable = weight;
            if state.is_short {
                self.share_out(node.index(), now);
            }
        }
    }

    /// A pod wants so many cores from `now` on.
    pub fn want(&mut self, member: u32, wants: f64, now: SimTime) {
        let Some(member) = self.members.get_mut(member as usize) else { return };
        let index = member.node;
        let more = wants - member.contender.wants;
        member.contender.wants = wants;
        let Some(node) = &mut self.nodes[index] else { return };
        node.wanted += more;
        if node.is_short || node.wanted > node.cores + ROUNDING {
            self.share_out(index, now);
        }
    }

    /// Pods want other amounts. Says whether any pod gets another one.
    pub fn note(&mut self, demands: &mut Vec<NewDemand>) -> bool {
        for NewDemand { member, wants, since } in demands.drain(..) {
            self.want(member, wants, since);
        }
        !self.new_shares.is_empty()
    }

    /// Works out what each pod of a node gets.
    fn share_out(&mut self, index: usize, now: SimTime) {
        let Self { nodes, members, new_shares, contenders, gets, .. } = self;
        let Some(node) = &mut nodes[index] else { return };
        contenders.clear();
        contenders.extend(node.members.iter().map(|number| members[*number as usize].contender));
        // Summed anew: what was added and taken away leaves rounding behind.
        node.wanted = contenders.iter().map(|one| one.wants).sum();
        node.is_short = node.wanted > node.cores + ROUNDING;
        if node.is_short {
            share(node.cores, node.burstable, contenders, gets);
        }
        for (place, number) in node.members.iter().enumerate() {
            let member = &mut members[*number as usize];
            let Some((service, endpoint)) = member.endpoint else { continue };
            let gets = if node.is_short && member.contender.wants > 0.0 { gets[place] } else { f64::INFINITY };
            if member.gets.total_cmp(&gets).is_ne() {
                member.gets = gets;
                new_shares.push(NewShare { service, endpoint, gets, since: now });
            }
        }
    }

    /// The shares that changed since the last call, in the order in which they did.
    pub fn take_new_shares(&mut self) -> std::vec::Drain<'_, NewShare> {
        self.new_shares.drain(..)
    }
}

impl NodeCpu {
    const fn idle() -> Self {
        let members = Vec::new();
        Self { cores: f64::INFINITY, burstable: 1.0, members, wanted: 0.0, is_short: false }
    }
}
